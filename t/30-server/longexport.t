# Exports that last long: one that cannot be stopped holds up a restart, one that loses its lease never ends, and one
# that dies must not leave half a file.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use Time::HiRes qw(time);

my $lease = 5;
my $node = DSNode->start(config => DSNode->worker_config("runners=2 lease=$lease") . <<'EOT');
<DataSyncObject gauge>
    Field id   string 10
    Field slow integer
    Key   id
</DataSyncObject>
<DataSync gauge-sorted>
    Kind   export
    Object gauge
    Auth   none
    Fields id
    Order  slow
    Order  id
</DataSync>
<DataSync gauge-searched>
    Kind   export
    Object gauge
    Auth   none
    Fields id
    Filter slow = 1
</DataSync>
<DataSync gauge-rows>
    Kind   export
    Object gauge
    Auth   none
</DataSync>
DataSyncAPI prisma
EOT

# Work for each row, as in a table that is far larger. How many rows last so many seconds? From PostgreSQL rows come by pages.
my $database = $node->{database};
my $bytes = $database->by_database(1_000_000, 100_000);
sub work {
    my ($row) = @_;
    return $database->by_database("length(hex(zeroblob($bytes + $row % 2)))", "length(repeat('00', $bytes + $row % 2))");
}
my $sample = 100_000_000 / $bytes;
sub sample_time {
    my $began = time;
    $node->value("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $sample) SELECT sum(" . work('i') . ') AS n FROM n');
    return time - $began;
}
my ($least) = sort { $a <=> $b } map { sample_time() } 1 .. 3;    # the machine may be busy with other things for a moment

# The rows, and a view in the place of their table where `slow` is what it takes to read one.
$node->write('ALTER TABLE gauge RENAME TO gauge_row; CREATE TABLE gate (is_open INTEGER)');
my $rows = 0;
sub rows_fill {
    my ($count) = @_;
    $node->write('WITH RECURSIVE n(i) AS (SELECT ' . ($rows + 1) . " UNION ALL SELECT i + 1 FROM n WHERE i < $count) INSERT INTO gauge_row (id) SELECT CAST(i AS TEXT) FROM n");
    note "$count rows";
    return $rows = $count;
}

sub view_make {
    my ($slow) = @_;
    return $node->write('DROP VIEW IF EXISTS gauge; CREATE VIEW gauge AS SELECT ' . $database->by_database('_rowid_ AS _rowid_', 'ctid') . ", id, $slow AS slow FROM gauge_row");
}

# What no machine comes to the end of.
my $endless = $database->by_database('(WITH RECURSIVE n(i) AS (SELECT CAST(id AS integer) UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000000) SELECT max(i) FROM n)',
    '(SELECT CAST(id AS integer) FROM pg_sleep(3600 + CAST(id AS integer) % 2))');

sub launch_row {
    my ($id) = @_;
    my ($row) = $node->rows('SELECT state, attempt, crashes, lease_until, rows_read, (finished_at - started_at) / 1e6 AS lasted'
        . " FROM ds_launch WHERE id = $id");
    return $row;
}

# Start an export, and wait until it has looked at its launch some times. The launch's id.
sub begin {
    my ($sync) = @_;
    my $response = DSClient::answer_wait(sub { $node->export_start($sync) });
    die $response->as_string unless $response->code == 200;
    my $id = $node->launch_newest($sync)->{id};
    my %leases;
    wait_for("the middle of $sync", sub {
        my $row = launch_row($id);
        $leases{$row->{lease_until}} = 1 if $row->{lease_until};
        return keys %leases >= 3;
    });
    return $id;
}

sub runner_wait {
    my ($id) = @_;
    return wait_for("a runner of launch $id", sub { $node->runner_of($id) });
}

note 'to the end';
view_make(work('CAST(id AS integer)'));
rows_fill(int $sample * 1.5 * $lease / $least);
my ($launch, $row);
while (1) {
    $launch = $node->export_run('gauge-sorted');
    $row = launch_row($launch->{id});
    last if $row->{state} ne 'finished' || $row->{lasted} > $lease;
    rows_fill(3 * $rows);    # the machine has become faster
}
is "$row->{state} $row->{attempt} $row->{crashes}", 'finished 1 0', 'an export is not taken from its runner, although the lease is shorter than its first statement';
is $launch->{rows_ok}, $rows, 'it has all its rows';

view_make($endless);
for my $sync (qw(gauge-sorted gauge-searched)) {
    note "$sync: cancel";
    my $id = begin($sync);
    is launch_row($id)->{rows_read}, 0, 'an export that has no row yet';
    my $asked = time;
    $node->ctl('launch', 'cancel', $id);
    is $node->launch_ended($id)->{state}, 'cancelled', 'can be cancelled in the middle of its statement';
    cmp_ok time - $asked, '<', 20, 'and soon';
    is $node->launch_file($id, 'output'), undef, 'it has no file';

    note "$sync: stop";
    $id = begin($sync);
    my $pid = runner_wait($id);
    $asked = time;
    kill TERM => $pid;
    wait_for('the launch to be let go', sub {
        my $row = launch_row($id);
        return $row->{attempt} > 1 || $row->{state} ne 'running';
    });
    cmp_ok time - $asked, '<', 20, 'a runner that is to stop hands its launch back';
    is launch_row($id)->{crashes}, 0, 'which is no crash';
    $node->ctl('launch', 'cancel', $id);
    is $node->launch_ended($id)->{state}, 'cancelled', 'whoever has it now';
}

note 'a runner that dies';
# Behind its first rows nobody comes who begins before the gate is open. They are more than a page has.
my $first = 2500;
sub quick { return "CAST($_[0] AS integer) % 7" }
view_make('CASE WHEN CAST(id AS integer) <= ' . "$first OR (SELECT max(is_open) FROM gate) = 1 THEN " . quick('id') . " ELSE $endless END");

# The lines of an export of so many rows, and those of a file, in one order.
sub lines {
    my ($count) = @_;
    return join '', map { "$_\n" } sort map { "$_," . $_ % 7 } 1 .. $count;
}

sub lines_of {
    my ($text) = @_;
    my ($header, @lines) = split /\r\n/, $text;
    return join '', map { "$_\n" } sort @lines;
}

$node->write('DELETE FROM gauge_row');
$rows = 0;
rows_fill(10);
$node->export_run('gauge-rows');
my $old = $node->export_text('gauge-rows');
is lines_of($old), lines(10), 'a file that is there';
rows_fill(2 * $first);
my $id = begin('gauge-rows');
wait_for('its first rows', sub { launch_row($id)->{rows_read} });
$row = launch_row($id);
ok $row->{rows_read} < $rows, "is not yet replaced, after $row->{rows_read} rows of the next one";
kill KILL => runner_wait($id);
wait_for('the next runner', sub { launch_row($id)->{attempt} == 2 });
is $node->export_text('gauge-rows'), $old, 'nor when the runner has died';
$node->write('INSERT INTO gate VALUES (1)');
my $next = $node->runner_of($id);    # it may have begun before
kill TERM => $next if $next;
$launch = $node->launch_ended($id);
is "$launch->{state} $launch->{crashes} $launch->{rows_ok}", "finished 1 $rows", 'the launch is run again';
is lines_of($node->export_text('gauge-rows')), lines($rows), 'and its file is whole';
is $node->value("SELECT count(*) AS n FROM ds_file WHERE launch_id = $id"), 1, 'it is the only one of its launch';
$node->stop;
finish($node, qr/DS0511.*signal 9/);
done_testing;
