# Row 13: claim and finish of launches without work, beside a bare loop and two queues of Node.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchPeer;
use DSBenchPostgres;
use File::Temp qw(tempdir);
use JSON::PP;

my $count = row_count() < 1_000_000 ? 1000 : 5000;

sub loop_measure {
    my ($kind) = @_;
    my $dir = tempdir('datasync-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $text = qx('$DSBench::option{builddir}/bench/queue_loop' $kind sqlite3 '$dir/t.db' $count);
    die "queue_loop failed\n" if $? != 0;
    return {rate => $count / decode_json($text)->{seconds}};
}

sub node_queue_measure {
    my ($script) = @_;
    my $cluster = DSBenchPostgres->start;
    local %ENV = (%ENV, $cluster->environment);
    return {rate => $count / DSBenchPeer::node_measure($script, $count)->{seconds}};
}

my $found = in_turn(run_count(),
    'bare' => sub { loop_measure('bare') },
    'ours' => sub { loop_measure('ours') },
    'graphile-worker' => sub { node_queue_measure('queue_graphile.mjs') },
    'pg-boss' => sub { node_queue_measure('queue_pgboss.mjs') });
my ($bare, $ours, $graphile, $boss) = map { [$_, $found->{$_}{rate}, 'jobs/s'] } qw(bare ours graphile-worker pg-boss);
results_write({name => 'queue', row => 13, title => 'queue, claim and finish of empty launches, SQLite'},
    claim('ours / bare loop', $ours, $bare, '>= 0.8'),
    claim('ours / graphile-worker on PostgreSQL', $ours, $graphile),
    claim('ours / pg-boss on PostgreSQL', $ours, $boss));
