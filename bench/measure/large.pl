# Row 14: ten times the rows, once: it takes minutes. Their memory is measured by memory.pl.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;

my %file = (one => data_file(row_count()), ten => data_file(10 * row_count()));
my $found = in_turn(1, map { my $size = $_; $size => sub { DSBenchNode->import_fresh($file{$size}) } } qw(one ten));
my ($one, $ten) = @$found{qw(one ten)};
results_write({name => 'large', row => 14, runs => 1, title => sprintf('%d rows, %.0f MB, SQLite', 10 * row_count(), (-s $file{ten}) / 1e6)},
    claim('POST to finished / ten times that of a tenth', ['ten', $ten->{total}, 's', $ten->{total_cpu}],
          ['10 x one', 10 * $one->{total}, 's', 10 * $one->{total_cpu}], '<= 1.2'));
