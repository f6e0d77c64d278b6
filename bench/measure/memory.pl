# Row 14: the memory of each process while a file of ten times the rows (1.2 GB where nothing else is said) is
# uploaded, imported, exported and fetched. Fails where one needs more than its goal.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;

my $cache = 64;    # MiB, the worker's default for SQLite
my $file = data_file(10 * row_count());
# One child with few threads, so that small files warm up all that a large one uses.
my $node = DSBenchNode->fresh(lines => "StartServers 1\nServerLimit 1\nThreadsPerChild 2\nMaxRequestWorkers 2\n"
    . "MinSpareThreads 1\nMaxSpareThreads 2\n");
my @peaks;

# What is done, the processes it is measured in, and the goal in MiB. httpd is measured by its growth: what it
# holds before depends on its modules.
sub peak_take {
    my ($work, $pids, $goal, $run) = @_;
    my $held = peaks_reset(@$pids);
    $run->();
    my $peak = processes_peak(@$pids) - ($work =~ /^httpd/ ? $held : 0);
    push @peaks, claim("$work / $goal MiB", ['peak', $peak / 1048576, 'MiB'], ['goal', $goal, 'MiB'], '<= 1');
    printf STDERR "  %s: %.1f MiB (%d MiB)\n", $work, $peak / 1048576, $goal;
    return;
}

sub fetch {
    my ($path) = @_;
    my $url = $node->url($path);
    my ($code, $size) = split ' ', qx(curl -s -o /dev/null -w '%{http_code} %{size_download}' '$url');
    $code == 200 or die "GET $path: $code\n";
    return $size;
}

# The first ones, of some chunks each, open connections and fill pools.
$node->post(data_file(50_000), sync => 'open') for 1 .. 8;
$node->idle_wait;
my @httpd = $node->httpd_pids;
my ($runner) = DSClient::processes_below($node->pid, qr/^datasync-run/);
my ($keeper) = DSClient::processes_below($node->pid, qr/^datasync-kee/);
my ($newest) = $node->launches;
fetch("/api/data-sync/open/$newest->{id}/download$_") for ('', '?safe=1') x 4;

$node->workers_halt;    # so that an upload is measured alone
peak_take('httpd, upload', \@httpd, 4, sub { $node->post($file, sync => 'open') });
$node->workers_continue;
peak_take('runner, import', [$runner], 32 + $cache, sub { $node->idle_wait });
my ($import) = $node->launches;
my $whole = fetch("/api/data-sync/open/$import->{id}/download");
die "$whole bytes of @{[-s $file]} were stored\n" if $whole != -s $file;
peak_take('runner, export', [$runner], 32 + $cache, sub {
    $node->export_start('outgoing')->code == 200 or die "no export\n";
    $node->idle_wait;
});
my ($export) = $node->launches;
die "$export->{rows_ok} of $import->{rows_ok} rows were exported\n" if $export->{rows_ok} != $import->{rows_ok};
peak_take('httpd, download', \@httpd, 4, sub { fetch('/api/data-sync/export/outgoing') });
peak_take('httpd, download with ?safe=1', \@httpd, 4, sub { fetch('/api/data-sync/export/outgoing?safe=1') });
push @peaks, claim('keeper / 16 MiB', ['peak', processes_peak($keeper) / 1048576, 'MiB'], ['goal', 16, 'MiB'], '<= 1');
$node->stop;

results_write({name => 'memory', row => 14, title => sprintf('%.0f MB, SQLite', (-s $file) / 1e6)}, @peaks);
my @over = grep { !$_->{met} } @peaks;
die 'too much memory: ', join(', ', map { $_->{work} } @over), "\n" if @over;
1;
