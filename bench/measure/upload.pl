# Row 7: an upload beside a bare writer of blobs. Its memory is measured by memory.pl.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchPostgres;
use File::Temp qw(tempdir);
use JSON::PP;

my $file = data_file(row_count());

sub blob_measure {
    my ($cluster, $transactions) = @_;
    my $dir = tempdir('datasync-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $place = $cluster ? "pgsql '" . $cluster->params . "'" : "sqlite3 '$dir/t.db'";
    $cluster->psql('DROP TABLE IF EXISTS blob;') if $cluster;
    my $text = qx('$DSBench::option{builddir}/bench/blob_writer' $place '$file' $transactions);
    die "blob_writer failed\n" if $? != 0;
    return decode_json($text);
}

# Small ones before it open connections. Then the runners stand still, so that nobody else works.
sub upload_measure {
    my ($path) = @_;
    my $node = DSBenchNode->fresh;
    $node->post(data_file(10), path => $path) for 1 .. 8;
    $node->idle_wait;
    $node->workers_halt;
    my @pids = $node->httpd_pids;
    my $cpu = processes_cpu(@pids);
    my $figures = {seconds => $node->post($file, path => $path), cpu => processes_cpu(@pids) - $cpu};
    $node->workers_continue;
    $node->stop;
    return $figures;
}

DSBenchPostgres::each_database(sub {
    my ($database, $suffix, $cluster) = @_;
    my $found = in_turn(run_count(),
        'blob writer' => sub { blob_measure($cluster, 'each') },
        'blob writer, one transaction' => sub { blob_measure($cluster, 'once') },
        'upload' => sub { upload_measure(undef) },
        'discard' => sub { upload_measure('/bench/discard') });
    my ($blobs, $upload, $discard, $once) = @$found{'blob writer', 'upload', 'discard', 'blob writer, one transaction'};
    my $ours = ['upload', $upload->{seconds}, 's', $upload->{cpu}];
    results_write({name => "upload$suffix", row => 7, title => sprintf('upload of %.0f MB, %s', (-s $file) / 1e6, $database)},
        claim('blob writer / upload', ['blob writer', $blobs->{seconds}, 's', $blobs->{cpu}], $ours,
              $cluster ? '>= 0.75' : '>= 0.9'),
        claim('blob writer with one transaction / upload', ['one transaction', $once->{seconds}, 's', $once->{cpu}], $ours),
        claim('read and discard / upload', ['discard', $discard->{seconds}, 's', $discard->{cpu}], $ours));
});
1;
