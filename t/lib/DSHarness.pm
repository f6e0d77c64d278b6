# A TAP harness that leaves the counts of its run in the file that DS_COUNTS names, and what failed in DS_FAILURES,
# for t/stages. prove and Apache::Test take it from HARNESS_SUBCLASS. DS_LABEL is shown with the name of each file.
# DS_COMPLAINTS: the file where stderr goes as well.
package DSHarness;
use strict;
use warnings FATAL => 'all';
use parent 'TAP::Harness';

# How long each file takes is told with it.
sub new {
    my ($class, $how) = @_;
    return $class->SUPER::new({%{$how // {}}, timer => 1});
}

# A file that died, planned more than it ran, or skipped everything counts as a failure at least once.
sub parser_failures {
    my ($parser) = @_;
    my $failed = $parser->failed;
    my $broken = $parser->has_problems || $parser->skip_all || !$parser->tests_run;
    return $failed || ($broken ? 1 : 0);
}

my ($complaints_read, %failed_tests) = (0);

# What came on stderr since the last call, in one line.
sub complaints_take {
    open my $in, '<', $ENV{DS_COMPLAINTS} // '/dev/null' or return '';
    seek $in, $complaints_read, 0;
    my $text = join ' ', <$in>;
    $complaints_read = tell $in;
    close $in;
    return $text =~ s/[\s#]+/ /gr;
}

# A line for each test that failed, or one for a program that broke; the last has what was complained of.
sub failures_write {
    my ($job, $parser) = @_;
    my $complaints = complaints_take();
    return unless parser_failures($parser);
    my @failed = @{delete $failed_tests{$parser} // []};
    push @failed, sprintf 'ended with %s after %d tests', $parser->exit, $parser->tests_run if !@failed || $parser->exit > @failed;
    open my $out, '>>', $ENV{DS_FAILURES} or die "$ENV{DS_FAILURES}: $!";
    print {$out} map { sprintf "%s: %.100s\n", $job->[1] =~ s{^.*/t/}{t/}r, $_ } @failed;
    printf {$out} "    %s\n", length $complaints > 300 ? substr $complaints, -300 : $complaints;
    close $out or die "$ENV{DS_FAILURES}: $!";
}

sub failures_watch {
    my ($parser) = @_;
    $parser->callback(test => sub {
        my ($test) = @_;
        push @{$failed_tests{$parser}}, $test->number . ' ' . $test->description if !$test->is_ok;
    });
}

sub aggregate_tests {
    my ($self, $aggregate, @tests) = @_;
    complaints_take();
    $self->callback(made_parser => \&failures_watch);
    $self->callback(after_test => \&failures_write);
    @tests = map { ref ? $_ : [$_, "$_ ($ENV{DS_LABEL})"] } @tests if $ENV{DS_LABEL};
    my @result = $self->SUPER::aggregate_tests($aggregate, @tests);
    my ($passed, $failed) = ($aggregate->passed - $aggregate->skipped, 0);
    for my $parser ($aggregate->parsers) {
        $failed += parser_failures($parser);
    }
    open my $out, '>>', $ENV{DS_COUNTS} or die "$ENV{DS_COUNTS}: $!";
    print {$out} "$passed $failed\n";
    close $out or die "$ENV{DS_COUNTS}: $!";
    return @result;
}

1;
