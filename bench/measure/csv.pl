# Row 1: the CSV reader beside libcsv and npm's csv-parse.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchPeer;

my $file = data_file(row_count());
my $size = -s $file;

# Both readers in C in turn, in one process that checks that they counted the same.
sub readers_measure {
    my $text = qx('$DSBench::option{builddir}/bench/csv_reader' '$file' 3);
    die "csv_reader: $text\n" if $? != 0;
    my %seconds = $text =~ /^(ds_fmt_csv|libcsv) +([\d.]+) s/mg;
    return {seconds => $seconds{ds_fmt_csv}, libcsv => $seconds{libcsv}};
}

my $found = in_turn(run_count(), 'ds_fmt_csv and libcsv' => \&readers_measure,
                    'csv-parse' => sub { DSBenchPeer::node_measure('csv_parse.mjs', $file) });
my $ours = ['ds_fmt_csv', $found->{'ds_fmt_csv and libcsv'}{seconds}, 's'];
results_write({name => 'csv', row => 1, title => sprintf('CSV reader alone, %.0f MB', $size / 1e6)},
    claim('libcsv / ours', ['libcsv', $found->{'ds_fmt_csv and libcsv'}{libcsv}, 's'], $ours, '>= 2.5'),
    claim('csv-parse / ours', ['csv-parse', $found->{'csv-parse'}{seconds}, 's'], $ours, '>= 25'));
