# A test that is not in the distribution is a test that users of a release never run.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use Test::More;

# The words of all Makefile fragments.
sub registered {
    my (@texts) = @_;
    my %words;
    for my $text (@texts) {
        $text =~ s/^\s*#.*$//gm;
        $words{$_} = 1 for $text =~ m{[\w./+-]+}g;
    }
    return \%words;
}

sub missing {
    my ($words, @files) = @_;
    return grep { !$words->{$_} } @files;
}

ok missing(registered("A = t/a.t\n# t/b.t\n"), 't/a.t', 't/b.t'), 'the guard sees a file that is not registered';
my @fragments = files(qr/\.am$/, 'Makefile.am', 't', 'bench');
my $words = registered(map { text($_) } @fragments);
for (['t', qr/(?:\.(?:t|pm|c|h|in|tmpl|json|mjs|py|PL)|\/stages|\/corpus\/.*)$/], ['src', qr/\.(?:c|h|sql|awk)$/],
     ['docs', qr/./], ['conf', qr/./], ['bench', qr/\.(?:c|h|pm|pl|mjs)$|\/run$/]) {
    my ($folder, $match) = @$_;
    my @files = files($match, $folder);
    ok scalar @files, "there are files in $folder to look at";
    my @missing = missing($words, @files);
    ok !@missing, "every file of $folder is in the distribution" or diag join "\n", @missing;
}
done_testing;
