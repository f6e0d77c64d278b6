# Row 3: from the POST to the end of the launch, with a token, beside SQLite's own import and the Node peer.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchPeer;
use DSBenchSqlite;

my $file = data_file(row_count());

sub import_by_peer {
    my $peer = DSBenchPeer->start;
    my $figures = $peer->import_measure($file);
    $peer->stop;
    return $figures;
}

my $found = in_turn(run_count(),
    'sqlite3 .import' => sub { DSBenchSqlite::import_measure($file) },
    'POST to finished' => sub { DSBenchNode->import_fresh($file) },
    'Node peer' => \&import_by_peer);
my ($tool, $ours, $peer) = @$found{'sqlite3 .import', 'POST to finished', 'Node peer'};
my $post = ['POST to finished', $ours->{total}, 's', $ours->{total_cpu}];
results_write({name => 'post', row => 3, title => 'POST to finished over HTTP with a token, SQLite'},
    claim('ours / sqlite3 .import', $post, ['sqlite3 .import', $tool->{seconds}, 's', $tool->{cpu}], '<= 1.0'),
    claim('Node peer / ours', ['Node peer', $peer->{total}, 's', $peer->{total_cpu}], $post, '>= 7'),
    claim('memory of the worker: Node peer / ours', ['Node worker', $peer->{worker_peak} / 1048576, 'MiB'],
          ['runner', $ours->{worker_peak} / 1048576, 'MiB']));
