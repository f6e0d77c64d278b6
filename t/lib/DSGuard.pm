# What the guards share: finding files, reading C without its comments and strings, and the rule
# that a guard proves on a bad sample that it can fail, and fails when it finds nothing to check.
package DSGuard;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Find;
use Test::More;

our @EXPORT = qw(source_dir files text code strings line_of guard);

# Made by the build inside src when it is not out of tree.
my %generated = map { $_ => 1 } qw(src/db/ds_db_statements.c src/db/ds_db_statements.h);

sub source_dir {
    return $ENV{DS_SRCDIR} || '.';
}

# Names, relative to the source directory, of the files under `places` (folders or files) that match.
sub files {
    my ($match, @places) = @_;
    my $top = source_dir();
    my @found;
    my $keep = sub {
        my $name = substr $File::Find::name, length("$top/");
        push @found, $name if -f $File::Find::name && $name =~ $match && !$generated{$name};
    };
    for my $place (@places) {
        find({wanted => $keep, no_chdir => 1}, "$top/$place") if -e "$top/$place";
    }
    return sort @found;
}

sub text {
    my ($name) = @_;
    open my $in, '<', source_dir() . "/$name" or die "$name: $!";
    local $/;
    my $text = <$in> // '';
    close $in;
    return $text;
}

my $c_comment = qr{/\*.*?\*/|//[^\n]*}s;
my $c_string = qr{"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'}s;

sub blank {
    my ($piece) = @_;
    $piece =~ s/[^\n]/ /g;
    return $piece;
}

# C source with comments and the insides of strings blanked; lines keep their numbers.
sub code {
    my ($text) = @_;
    $text =~ s{($c_comment)|($c_string)}{defined $1 ? blank($1) : '"' . blank(substr $2, 1, -1) . '"'}ge;
    return $text;
}

# The string literals of C source: [offset, inside] each. Those of #include lines are left out.
sub strings {
    my ($text) = @_;
    my @strings;
    $text =~ s{^(\s*#\s*include[^\n]*)}{blank($1)}gme;
    while ($text =~ m{$c_comment|($c_string)}g) {
        next unless defined $1;
        push @strings, [$-[1], substr $1, 1, -1];
    }
    return @strings;
}

sub line_of {
    my ($text, $offset) = @_;
    return 1 + (substr($text, 0, $offset) =~ tr/\n//);
}

# guard(NAME, files => [...], faults => sub { my ($file, $text) = @_; ... }, bad => [[FILE, TEXT], ...],
#       good => [[FILE, TEXT], ...]): three tests. faults gives a list of sentences.
sub guard {
    my ($name, %how) = @_;
    my @files = @{$how{files}};
    my @missed = grep { !$how{faults}->(@$_) } @{$how{bad}};
    ok @{$how{bad}} && !@missed, "$name: the guard sees a bad sample"
        or diag "not seen: $_->[1]" for @missed;
    my @wrong = map { $how{faults}->(@$_) } @{$how{good} || []};
    ok @files && !@wrong, "$name: the guard has files to check and passes good samples"
        or diag explain \@wrong;
    my @faults = map { $how{faults}->($_, text($_)) } @files;
    ok !@faults, $name or diag join "\n", @faults;
}

1;
