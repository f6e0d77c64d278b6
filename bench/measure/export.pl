# Row 12: an export, from its launch to the stored file, and its download. Their memory is measured by memory.pl.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchPostgres;
use DSBenchSqlite;
use Time::HiRes qw(time);

sub export_measure {
    my ($node) = @_;
    my @worker = $node->worker_pids;
    my $cpu = processes_cpu(@worker);
    my $start = time;
    my $answer = $node->export_start('outgoing');
    die 'export: ' . $answer->as_string unless $answer->code == 200;
    $node->idle_wait;
    my ($launch) = $node->launches;
    die "$launch->{rows_ok} rows were exported\n" if $launch->{rows_ok} != row_count();
    return {seconds => $launch->{finished} - $start, cpu => processes_cpu(@worker) - $cpu};
}

sub download_measure {
    my ($node, $path) = @_;
    my @pids = $node->httpd_pids;
    my $cpu = processes_cpu(@pids);
    my ($first, $seconds, $size) = split ' ', qx(curl -sf -o /dev/null -w '%{time_starttransfer} %{time_total} %{size_download}' '@{[$node->url($path)]}');
    die "download of $path failed\n" if $? != 0;
    return {seconds => $seconds, first => $first, size => $size, cpu => processes_cpu(@pids) - $cpu};
}

DSBenchPostgres::each_database(sub {
    my ($database, $suffix, $cluster) = @_;
    my $node = DSBenchNode->fresh;
    my $tool_name = $cluster ? 'psql \copy' : 'sqlite3 -csv';
    my $download = '/api/data-sync/export/outgoing';
    $node->import_measure(data_file(row_count()));
    my $making = in_turn(run_count(),
        $tool_name => sub {
            return $cluster ? $cluster->export_measure($node->{database}{name}) : DSBenchSqlite::export_measure($node->sqlite_file);
        },
        'export' => sub { export_measure($node) });
    system("curl -sf -o '$node->{dir}/htdocs/static.csv' '@{[$node->url($download)]}'") == 0 or die "download failed\n";
    my $sending = in_turn(run_count(),
        'static file' => sub { download_measure($node, '/static.csv') },
        'download' => sub { download_measure($node, $download) });
    $node->stop;
    my ($tool, $export) = @$making{$tool_name, 'export'};
    my ($plain, $ours) = @$sending{'static file', 'download'};
    results_write({name => "export$suffix", row => 12, title => "export, $database"},
        claim("launch to stored file / $tool_name", ['export', $export->{seconds}, 's', $export->{cpu}],
              [$tool_name, $tool->{seconds}, 's', $tool->{cpu}], '<= 1.2'),
        claim('static file / download', ['static file', $plain->{seconds}, 's', $plain->{cpu}],
              ['download', $ours->{seconds}, 's', $ours->{cpu}], '>= 0.5'),
        claim('first byte of the download / 20 ms', ['first byte', 1000 * $ours->{first}, 'ms'], ['goal', 20, 'ms'], '<= 1'));
});
1;
