# Rows 8 and 9: the status of a sync beside a fixed answer of the same server.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchPeer;
use DSBenchPostgres;

my $peer = DSBenchPeer->start;
my $file = data_file(10);
$peer->import_measure($file);

DSBenchPostgres::each_database(sub {
    my ($database, $suffix, $cluster) = @_;
    my $node = DSBenchNode->fresh;
    $node->import_measure($file, sync => $_) for qw(open customers);
    my $token = $node->basic_header;
    $node->load_measure('/api/data-sync/open') for 1 .. 2;    # until each thread has its connection
    my $found = in_turn(run_count(),
        'fixed JSON' => sub { $node->load_measure('/bench/json') },
        'no credential' => sub { $node->load_measure('/api/data-sync/open') },
        'token' => sub { $node->load_measure('/api/data-sync/customers', header => $token) },
        'Node peer' => sub { DSBenchNode::load_measure($peer, '/status', header => $peer->header) });
    $node->stop;
    die "an answer was not 200\n" if grep { $_->{bad} } values %$found;
    my ($fixed, $open, $checked, $node_peer) = map { [$_, $found->{$_}{rate}, 'req/s', 1 / $found->{$_}{cpu_us}] }
        'fixed JSON', 'no credential', 'token', 'Node peer';
    results_write({name => "status$suffix", row => 8, title => "status, $database",
                   notes => ["Status, $database: " . join ', ', map { sprintf '%s p50 %.2f ms p99 %.2f ms, %.0f us of CPU a request',
                             $_, @{$found->{$_}}{qw(p50 p99 cpu_us)} } sort keys %$found]},
        claim('no credential / fixed JSON', $open, $fixed, $cluster ? '>= 0.5' : '>= 0.85'),
        claim('with a token / fixed JSON (row 9)', $checked, $fixed, $cluster ? undef : '>= 0.7'),
        claim('with a token / Node peer', $checked, $node_peer));
});
1;
