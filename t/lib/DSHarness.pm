# A TAP harness that leaves the counts of its run in the file that DS_COUNTS names, for t/stages.
# prove and Apache::Test take it from HARNESS_SUBCLASS. DS_LABEL is shown with the name of each file.
package DSHarness;
use strict;
use warnings FATAL => 'all';
use parent 'TAP::Harness';

# A file that died, planned more than it ran, or skipped everything counts as a failure at least once.
sub parser_failures {
    my ($parser) = @_;
    my $failed = $parser->failed;
    my $broken = $parser->has_problems || $parser->skip_all || !$parser->tests_run;
    return $failed || ($broken ? 1 : 0);
}

sub aggregate_tests {
    my ($self, $aggregate, @tests) = @_;
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
