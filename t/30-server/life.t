# The life of a launch: stopping, repeating, switching off. What fails here is an import that an administrator cannot
# stop, or one that goes on where it should not.
use strict;
use warnings FATAL => 'all';
use DSCars;
use DSStalls;
use DSTest;
use Apache::Test '-withtestmore';

my $node = DSNode->start(config => DSNode->worker_config . DSNode::usual_config() . "DataSyncAPI prisma\nDataSyncQueueLimit 6\n");

sub state {
    my ($id) = @_;
    return $node->value("SELECT state FROM ds_launch WHERE id = $id");
}

# Upload without waiting; the launch's id.
sub begin {
    my ($sync, $text) = @_;
    my $response = DSClient::answer_wait(sub { $node->upload($sync, $text) });
    die $response->as_string unless $response->code == 200;
    return $node->launch_newest($sync)->{id};
}

sub status_of {
    my ($sync) = @_;
    return $node->json_get("/api/data-sync/$sync")->{'latest-launch'};
}

# The answer to an upload of which only the headers are sent: its status line, and whether the connection ends.
sub headers_only {
    my ($sync) = @_;
    my $socket = $node->socket_open;
    print {$socket} "POST /api/data-sync/import/$sync HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
        . "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000000\r\n\r\n";
    $socket->flush;
    local $SIG{ALRM} = sub { die "no answer before the body of $sync\n" };
    alarm $DSClient::patience;
    my $line = <$socket> // '';
    1 while <$socket>;
    alarm 0;
    return $line =~ m{^HTTP/1.1 (\d+)} ? $1 : "no answer: $line";
}

note 'cancelling what waits';
$node->workers_halt;
my @ids = map { begin('part-import', "sku,name\nL$_,waits\n") } 1 .. 3;
is status_of('part-import')->{status}, 'scheduled', 'a launch that waits is shown as scheduled';
is $node->ctl('launch', 'cancel', $ids[1])->{state}, 'cancelled', 'a launch that waits is cancelled at once';
is state($ids[1]), 'cancelled', 'without any runner';
$node->workers_continue;
$node->launch_ended($_) for @ids;
is join(' ', map { $_->{sku} } $node->rows("SELECT sku FROM part WHERE sku LIKE 'L_' ORDER BY sku")), 'L1 L3',
    'it is never run, the others are';
ok $node->ctl_refused('launch', 'cancel', $ids[0]), 'a launch that has ended cannot be cancelled';
is state($ids[0]), 'finished', 'and stays what it is';

note 'cancelling what runs';
my $rows = 60_000;
my $stalls = DSStalls->start;
my $id = running_wait($node, $rows, 240_000);
my $late = 'AFTER UPDATE OF rows_read ON ds_launch';    # batches that end after that
my $is_late = "old.state = 'cancelling' AND new.rows_read > old.rows_read";
$node->write('CREATE TABLE late (id BIGINT);' . $node->{database}->by_database(
    "CREATE TRIGGER late $late WHEN $is_late BEGIN INSERT INTO late VALUES (new.id); END",
    "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO late VALUES (new.id); RETURN NULL; END';"
    . " CREATE TRIGGER late $late FOR EACH ROW WHEN ($is_late) EXECUTE FUNCTION late()"));
my $asked = DSStalls::now();
is $node->ctl('launch', 'cancel', $id)->{state}, 'cancelling', 'a launch that runs is asked to stop';
my $launch = $node->launch_ended($id);
my $seconds = $stalls->seconds($asked, DSStalls::now());
is $launch->{state}, 'cancelled', 'and stops';
cmp_ok $seconds, '<', $ENV{DS_SANITIZERS} ? 10 : 2, sprintf 'in less than two seconds (%.2f s)', $seconds;
cmp_ok $node->value('SELECT count(*) AS n FROM late'), '<=', 1, 'at the end of its batch';
my $written = $node->value("SELECT count(*) AS n FROM car_c WHERE _launch_id = $id");
is $launch->{rows_ok}, $written, 'its counters say what was applied';
ok $written > 0 && $written < $rows, "in the middle, after $written rows";
my $number = scalar reverse join ',', unpack '(A3)*', reverse $written;
like $launch->{message}, qr/cancelled by.*\b\Q$number\E rows? imported/i, 'its message says so too';
my $shown = status_of('open-import');
is $shown->{status}, 'cancelled', 'the partner sees that it was cancelled';
is $shown->{'status-message'}, $launch->{message}, 'and why';
ok $node->ctl_refused('launch', 'cancel', $id), 'it cannot be cancelled twice';
is $node->launch($id)->{message}, $launch->{message}, 'and its message stays';

note 'once more';
$node->{database}->writes_ignore('car_c');
is $node->ctl('launch', 'retry', $id)->{id}, my $again = $node->launch_newest('open-import')->{id}, 'a cancelled launch can be retried';
isnt $again, $id, 'as a launch of its own';
$launch = $node->launch_ended($again);
is DSClient::counts($launch), join(' ', $rows, $rows - bad_count($rows), bad_count($rows), 0), 'which reads the file from its beginning';
is $node->value('SELECT count(*) AS n FROM car_c'), $rows - bad_count($rows), 'so that every row is there in the end';
is state($id), 'cancelled', 'the old launch stays what it was';
is $node->get("/api/data-sync/open-import/$again/download")->content, cars_csv($rows), 'the upload can be downloaded from the new one';
ok $node->ctl_refused('launch', 'retry', $again), 'a launch that has finished is not retried';
my $failed = $node->import_run('small-import', "vin\n" . join '', map { "V$_\n" } 1 .. 11);
is $failed->{state}, 'failed', 'a launch that fails';
my $retry = $node->launch_ended($node->ctl('launch', 'retry', $failed->{id})->{id});
is join(' ', @$retry{qw(state message)}), join(' ', @$failed{qw(state message)}),
    'fails in the same way when its cause is still there';
is $node->launch_ended($node->ctl('launch', 'retry', $retry->{id})->{id})->{state}, 'failed', 'a retry can be retried';
ok $node->ctl_refused('launch', 'retry', 999_999), 'what does not exist is not retried';

note 'switching off';
$node->ctl('sync', 'disable', 'part-import');
my $count = 'SELECT count(*) AS n FROM ds_launch';
my $before = $node->value($count);
is $node->upload('part-import', "sku\nOFF1\n")->code, 500, 'a sync that is disabled refuses uploads';
is headers_only('part-import'), 500, 'before a large body is sent';
is $node->value($count), $before, 'and makes no launch';
is $node->json_get('/api/data-sync/part-import')->{status}, 'disabled', 'its status says so';
is $node->upload('part-delete', "sku\nL1\n")->code, 200, 'other syncs of the same object go on';
$node->ctl('sync', 'disable', 'part-export');
cmp_ok $node->export_start('part-export')->code, '>=', 400, 'an export that is disabled cannot be started';
$node->ctl('sync', 'enable', $_) for qw(part-import part-export);
is $node->import_run('part-import', "sku\nON1\n")->{rows_ok}, 1, 'enabled again it imports';
is $node->json_get('/api/data-sync/part-import')->{status}, 'enabled', 'and says so';
is $node->export_run('part-export')->{state}, 'finished', 'and exports';

note 'the queue';
$node->workers_halt;
$before = $node->value($count);
@ids = map { begin('queue-import', "sku\nQ$_\n") } 1 .. 2;
my $refused = $node->upload('queue-import', "sku\nQ3\n");
cmp_ok $refused->code, '>=', 500, 'a sync whose queue is full takes no more';
like $refused->content, qr/\w/, 'and says why';
is headers_only('queue-import'), 500, 'before a large body is sent';
cmp_ok $node->upload('queue-import', "sku\nQ3\n", headers => ['Idempotency-Key' => 'q-3'])->code, '>=', 500,
    'one with an Idempotency-Key is read and then refused';
is $node->value($count), $before + 2, 'without a launch';
wait_for('its file to be given up', sub { !$node->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL AND touched_at > 0') });
push @ids, map { begin('kept-import', "id\nQ$_\n") } 1 .. 4;
cmp_ok $node->upload('kept-import', "id\nQ5\n")->code, '>=', 500, 'when the queue of all is full, others wait as well';
cmp_ok $node->export_start('part-export')->code, '>=', 500, 'exports too';
is $node->value($count), $before + 6, 'without a launch';
$node->ctl('launch', 'cancel', pop @ids);
push @ids, begin('kept-import', "id\nQ6\n");
pass 'a launch that is cancelled leaves its place';
$node->workers_continue;
$node->launch_ended($_) for @ids;
is $node->import_run('queue-import', "sku\nQ3\n")->{rows_ok}, 1, 'when the queue is empty there is room again';
is $node->value("SELECT count(*) AS n FROM part WHERE sku LIKE 'Q_'"), 3, 'what was accepted was imported';

note 'order';
$node->workers_halt;
@ids = map { begin($_ % 2 ? 'part-import' : 'queue-import', "sku,name,count\nORDER,$_,$_\n") } 1 .. 4;
push @ids, begin('kept-import', "id,note\nORDER,x\n");
$node->workers_continue;
my @ended = map { $node->launch_ended($_) } @ids;
my @times = map { $node->value("SELECT finished_at FROM ds_launch WHERE id = $_") } @ids[0 .. 3];
my @starts = map { $node->value("SELECT started_at FROM ds_launch WHERE id = $_") } @ids[0 .. 3];
ok !(grep { $starts[$_ + 1] < $times[$_] } 0 .. 2), 'launches of one object run one after the other, whatever their sync';
is $node->value("SELECT name FROM part WHERE sku = 'ORDER'"), 4, 'in the order of their acceptance';
$node->rows_slow('slow', 'BEFORE INSERT ON car_c', 300_000, "new.vin LIKE 'SLOW%'");
$id = begin('open-import', "vin\n" . join '', map { "SLOW$_\n" } 1 .. 100_000);
wait_for('it to run', sub { state($id) eq 'running' });
is $node->import_run('part-import', "sku\nSIDE\n")->{state}, 'finished', 'another object\'s import is not held up';
like state($id), qr/^running$/, 'by one that is still running';
$node->ctl('launch', 'cancel', $id);
$node->launch_ended($id);

note 'what is shown';
$node->import_run('part-import', "sku,count\nSHOW1,1\nSHOW2,two\n");
$node->import_run('part-import', "sku,count\nSHOW1,1\n");
my $list = $node->json_get('/api/data-sync/part-import/latest-launches');
my @list_ids = map { $_->{id} } @$list;
is_deeply \@list_ids, [sort { $b <=> $a } @list_ids], 'the latest launches are newest first';
is $list->[1]{'status-message'}, '1 row imported, 1 failed: see the failures file', 'with a message in plain words';

$node->stop;
finish($node);
done_testing;
