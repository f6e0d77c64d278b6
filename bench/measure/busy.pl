# Row 10: the status while a large import runs, beside a fixed answer under the same load.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use Time::HiRes qw(time);

my $node = DSBenchNode->fresh;
my $seconds = 1;
my @file = map { data_file(1_000_000, seed => $_) } 1, 2;    # fewer would be over too soon

# Load while an import of other values for the same keys runs. Only what was measured before its end counts.
sub busy_measure {
    my ($path, $run) = @_;
    $node->post($file[$run % 2], sync => 'open');
    DSClient::wait_for('a running launch', sub { $node->value("SELECT count(*) FROM ds_launch WHERE state = 'running'") });
    my $figures = $node->load_measure($path, connections => 4, seconds => $seconds);
    my $end = time;
    $node->idle_wait;
    my ($launch) = $node->launches;
    die "the import was over before the load\n" if $launch->{finished} < $end;
    return $figures;
}

my $found = in_turn(run_count(),
    'fixed JSON' => sub { busy_measure('/bench/json', @_) },
    'status' => sub { busy_measure('/api/data-sync/open', $_[0] + 1) });
my ($fixed, $status) = @$found{'fixed JSON', 'status'};
results_write({name => 'busy', row => 10, title => 'status while an import runs, 4 connections, SQLite'},
    claim('status / fixed JSON', ['status', $status->{rate}, 'req/s', 1 / $status->{cpu_us}],
          ['fixed JSON', $fixed->{rate}, 'req/s', 1 / $fixed->{cpu_us}], '>= 0.85'),
    claim('p99 / 5 ms', ['p99', $status->{p99}, 'ms'], ['goal', 5, 'ms'], '<= 1'),
    claim('answers that are not 200, in a run / 1', ['not 200', $status->{bad}, ''], ['', 1, ''], '<= 0'));
