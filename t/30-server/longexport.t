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

# Work for each row, as in a table that is far larger. How many rows last so many seconds?
# From PostgreSQL rows come by pages.
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
my $rows = int $sample * 2 * $lease / $least;

# The lines of an export of so many rows, and those of a file, in one order.
sub lines {
    my ($count) = @_;
    return join '', map { "$_\n" } sort map { "$_," . (2 * $bytes + 2 * ($_ % 2)) } 1 .. $count;
}

sub lines_of {
    my ($text) = @_;
    my ($header, @lines) = split /\r\n/, $text;
    return join '', map { "$_\n" } sort @lines;
}

# The rows, and a view in the place of their table where `slow` is that work.
$node->write('ALTER TABLE gauge RENAME TO gauge_row;'
    . " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows) INSERT INTO gauge_row (id) SELECT CAST(i AS TEXT) FROM n;"
    . ' CREATE VIEW gauge AS SELECT ' . $database->by_database('_rowid_ AS _rowid_', 'ctid') . ', id, '
    . work('CAST(id AS integer)') . ' AS slow FROM gauge_row');
note "$rows rows";

sub launch_row {
    my ($id) = @_;
    my ($row) = $node->rows('SELECT state, attempt, crashes, owner, lease_until, rows_read, (finished_at - started_at) / 1e6 AS lasted'
        . " FROM ds_launch WHERE id = $id");
    return $row;
}

# Start an export, and wait until it has looked at its launch some times. The launch's id.
sub begin {
    my ($sync) = @_;
    my $response = $node->export_start($sync);
    die $response->as_string unless $response->code == 200;
    my $id = $node->launch_newest($sync)->{id};
    my %leases;
    wait_for("the middle of $sync", sub {
        my $row = launch_row($id);
        $leases{$row->{lease_until}} = 1 if $row->{lease_until};
        die "$sync has ended\n" if $row->{state} eq 'finished';
        return keys %leases >= 3;
    });
    return $id;
}

sub runner_of {
    my ($id) = @_;
    my $owner = launch_row($id)->{owner} // '';
    my ($pid) = grep { $owner =~ /(?<!\d)$_(?!\d)/ } $node->worker_pids;
    return $pid || die "nobody owns launch $id: $owner\n";
}

note 'to the end';
my $launch = $node->export_run('gauge-sorted');
my $row = launch_row($launch->{id});
is "$row->{state} $row->{attempt} $row->{crashes}", 'finished 1 0', 'an export is not taken from its runner';
cmp_ok $row->{lasted}, '>', $lease, 'although the lease is shorter than its first statement';
is $launch->{rows_ok}, $rows, 'it has all its rows';

for my $sync (qw(gauge-sorted gauge-searched)) {
    note "$sync: cancel";
    my $id = begin($sync);
    is launch_row($id)->{rows_read}, 0, 'an export that has no row yet';
    my $asked = time;
    $node->ctl('launch', 'cancel', $id);
    is $node->launch_ended($id)->{state}, 'cancelled', 'can be cancelled';
    cmp_ok time - $asked, '<', 2, 'at once';
    is $node->launch_file($id, 'output'), undef, 'it has no file';

    note "$sync: stop";
    $id = begin($sync);
    my $pid = runner_of($id);
    $asked = time;
    kill TERM => $pid;
    wait_for('the launch to be let go', sub {
        my $row = launch_row($id);
        return $row->{attempt} > 1 || $row->{state} ne 'running';
    });
    cmp_ok time - $asked, '<', 2, 'a runner that is to stop hands its launch back';
    is launch_row($id)->{crashes}, 0, 'which is no crash';
    $node->ctl('launch', 'cancel', $id);
    is $node->launch_ended($id)->{state}, 'cancelled', 'whoever has it now';
}

note 'a runner that dies';
$rows = int $rows / 2;
# Rows that are slow to read come one by one.
$node->write('DELETE FROM gauge_row WHERE CAST(id AS integer) > 10');
my $small = $node->export_run('gauge-rows');
my $old = $node->export_text('gauge-rows');
is lines_of($old), lines(10), 'a file that is there';
$node->write("WITH RECURSIVE n(i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n WHERE i < $rows) INSERT INTO gauge_row (id) SELECT CAST(i AS TEXT) FROM n");
my $id = begin('gauge-rows');
wait_for('its first rows', sub { launch_row($id)->{rows_read} });
$row = launch_row($id);
ok $row->{rows_read} < $rows, "is not yet replaced, after $row->{rows_read} rows of the next one";
kill KILL => runner_of($id);
wait_for('the next runner', sub { launch_row($id)->{attempt} == 2 });
is $node->export_text('gauge-rows'), $old, 'nor when the runner has died';
$launch = $node->launch_ended($id);
is "$launch->{state} $launch->{crashes} $launch->{rows_ok}", "finished 1 $rows", 'the launch is run again';
is lines_of($node->export_text('gauge-rows')), lines($rows), 'and its file is whole';
is $node->value("SELECT count(*) AS n FROM ds_file WHERE launch_id = $id"), 1, 'it is the only one of its launch';
$node->write('DROP VIEW gauge; ALTER TABLE gauge_row RENAME TO gauge');
$node->stop;
finish($node, qr/DS0511.*signal 9/);
done_testing;
