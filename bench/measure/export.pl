# Row 12: an export, from its launch to the stored file, and its download. Their memory is measured by memory.pl.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchSqlite;
use Time::HiRes qw(time);

my $file = data_file(row_count());
my $node = DSBenchNode->fresh;
$node->import_measure($file);
my $static = "$node->{dir}/htdocs/static.csv";

sub export_measure {
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
    my ($path) = @_;
    my @pids = $node->httpd_pids;
    my $cpu = processes_cpu(@pids);
    my ($first, $seconds, $size) = split ' ', qx(curl -sf -o /dev/null -w '%{time_starttransfer} %{time_total} %{size_download}' '@{[$node->url($path)]}');
    die "download of $path failed\n" if $? != 0;
    return {seconds => $seconds, first => $first, size => $size, cpu => processes_cpu(@pids) - $cpu};
}

my $making = in_turn(run_count(),
    'sqlite3 -csv' => sub { DSBenchSqlite::export_measure($node->sqlite_file) },
    'export' => \&export_measure);
system("curl -sf -o '$static' '@{[$node->url('/api/data-sync/export/outgoing')]}'") == 0 or die "download failed\n";
my $sending = in_turn(run_count(),
    'static file' => sub { download_measure('/static.csv') },
    'download' => sub { download_measure('/api/data-sync/export/outgoing') });
my ($tool, $export) = @$making{'sqlite3 -csv', 'export'};
my ($plain, $download) = @$sending{'static file', 'download'};
results_write({name => 'export', row => 12, title => 'export, SQLite'},
    claim('launch to stored file / sqlite3 -csv', ['export', $export->{seconds}, 's', $export->{cpu}],
          ['sqlite3 -csv', $tool->{seconds}, 's', $tool->{cpu}], '<= 1.2'),
    claim('static file / download', ['static file', $plain->{seconds}, 's', $plain->{cpu}],
          ['download', $download->{seconds}, 's', $download->{cpu}], '>= 0.5'),
    claim('first byte of the download / 20 ms', ['first byte', 1000 * $download->{first}, 'ms'], ['goal', 20, 'ms'], '<= 1'));
