# A document that names a file which is not there sends its reader astray.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use Test::More;

my $top = source_dir();
my %base = map { m{([^/]+)$} ? ($1 => 1) : () }
    files(qr/./, qw(mod_datasync.c src t docs conf bootstrap README CHANGES LICENSE configure.ac Makefile.am .ci)),
    'ds_db_statements.h', 'ds_db_statements.c';

# A path from the top of the tree, or the bare name of a source file.
my $path = qr{(?<![\w/.-])((?:src|docs|conf|t|bench)/[\w./*-]*\w)};
my $bare = qr{(?<![\w/.*-])((?:dsm?|dsw)_\w+\.(?:c|h|sql)|mod_datasync\.c)\b};

sub exists_in_tree {
    my ($name) = @_;
    my @matches = glob "$top/$name $top/$name.in";    # what the build makes of .in counts
    return scalar grep { -e } @matches;
}

sub document_faults {
    my ($file, $text) = @_;
    my @faults;
    while ($text =~ /$path/g) {
        my ($name, $at) = ($1, $-[1]);
        push @faults, "$file:" . line_of($text, $at) . ": there is no $name" unless exists_in_tree($name);
    }
    while ($text =~ /$bare/g) {
        push @faults, "$file:" . line_of($text, $-[1]) . ": there is no $1" unless $base{$1};
    }
    return @faults;
}

guard('documents and comments name only files that exist',
      files => [files(qr/\.(?:md|[ch]|sql|conf|in)$|^README$/, qw(docs README src conf mod_datasync.c))],
      faults => \&document_faults,
      bad => [['x.md', 'see docs/nowhere.md'], ['x.md', 'in `ds_nowhere.c`'], ['x.md', 'src/nowhere/']],
      good => [['x.md', 'mod_datasync.c and src/core']]);
done_testing;
