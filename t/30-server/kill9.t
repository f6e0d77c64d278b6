# kill -9 in the middle of an import: no row may be lost, and none may be written twice.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSCars;
use Apache::Test '-withtestmore';

my $rows = 60_000;

# A lease that no test lives to see: that a runner on this machine has died is known before.
my $config = DSNode->worker_config('runners=2 lease=900') . DSNode::usual_config() . "DataSyncAPI prisma\n";

sub case_run {
    my ($name, $kill) = @_;
    note $name;
    my $node = DSNode->start(config => $config);
    my $id = running_wait($node, $rows, 240_000);
    my $killed = $kill->($node, $id);
    my ($row) = $node->rows("SELECT state, rows_read FROM ds_launch WHERE id = $id");
    ok $killed && $row->{rows_read} < $rows, "$name: killed in the middle, after $row->{rows_read} rows";
    $node->start(unready => 1) unless $node->{child};
    cars_check($node, $id, $rows);
    $node->stop;
    finish($node, qr/DS0511.*signal 9/, qr/DS0072/);
    return;
}

case_run('a runner', sub {
    my ($node, $id) = @_;
    return kill KILL => wait_for('its runner', sub { $node->runner_of($id) });
});
case_run('the whole worker', sub {
    my ($node) = @_;
    return kill KILL => $node->worker_pids;
});
case_run('httpd and all below it', sub {
    my ($node) = @_;
    return $node->crash;
});

# A launch whose runner dies each time must not be tried for ever. Its row does not end by itself.
my $node = DSNode->start(config => $config);
$node->write($node->{database}->by_database(
    "CREATE TRIGGER slow BEFORE INSERT ON car_c WHEN new.vin = 'POISON' BEGIN SELECT count(*) FROM"
    . ' (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 4000000000000) SELECT x FROM c); END;',
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN new; END';"
    . " CREATE TRIGGER slow BEFORE INSERT ON car_c FOR EACH ROW WHEN (new.vin = 'POISON') EXECUTE FUNCTION slow()"));
$node->upload('open-import', "vin\nPOISON\n");
my $id = $node->launch_newest('open-import')->{id};
my $launch = wait_for('the launch to be given up', sub {
    my ($row) = $node->rows("SELECT state, message FROM ds_launch WHERE id = $id");
    my $pid = $row->{state} eq 'running' && $node->runner_of($id);
    kill KILL => $pid if $pid;
    return $row->{state} =~ /^(?:failed|finished)$/ && $row;
});
is $launch->{state}, 'failed', 'a launch that kills its runner three times is given up';
like $launch->{message}, qr/died \d times/, 'and says why';
$node->stop;
finish($node, qr/DS0511.*signal 9/);
done_testing;
