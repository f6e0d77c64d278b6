# Row 2: the worker alone, from stored chunks to committed rows, beside SQLite's own import.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchSqlite;

my $file = data_file(row_count());
my $found = in_turn(run_count(),
    'sqlite3 .import' => sub { DSBenchSqlite::import_measure($file) },
    'worker' => sub { DSBenchNode->import_fresh($file) });

my ($tool, $worker) = @$found{'sqlite3 .import', 'worker'};
results_write({name => 'worker', row => 2, title => 'worker alone, stored chunks to committed rows, SQLite'},
    claim('worker / sqlite3 .import', ['worker', $worker->{worker}, 's', $worker->{worker_cpu}],
          ['sqlite3 .import', $tool->{seconds}, 's', $tool->{cpu}], '<= 0.75'));
