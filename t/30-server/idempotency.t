# Idempotency-Key: a client that did not see the answer sends again. Without it records are imported twice.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $server = server();

sub send_file {
    my ($text, $key, %how) = @_;
    my $sync = delete $how{sync} // 'part-import';
    return $server->upload($sync, $text, headers => ['Idempotency-Key' => $key], %how);
}

sub launches {
    return $server->value('SELECT count(*) AS n FROM ds_launch');
}

my $text = "sku,name\nIK1,first\n";
my $before = launches();
my $first = send_file($text, 'key-1');
is $first->code, 200, 'an upload with a key is taken';
my $again = send_file($text, 'key-1');
is $again->code . $again->content, $first->code . $first->content, 'the same upload with the same key gets the same answer';
is launches(), $before + 1, 'and makes no second launch';
my $id = $server->launch_newest('part-import')->{id};
$server->launch_ended($id);
is send_file($text, 'key-1')->code, 200, 'also when the launch has ended';
is launches(), $before + 1, 'it stays one launch';
is send_file($text, 'key-1', filename => 'other-name.csv')->code, 200, 'the name of the file does not count';
is launches(), $before + 1, 'only its bytes do';

my $conflict = send_file("sku,name\nIK1,second\n", 'key-1');
is $conflict->code, 409, 'the same key with other bytes is a conflict';
like $conflict->content, qr/\w/, 'which is explained';
is launches(), $before + 1, 'and imports nothing';
is $server->value("SELECT name FROM part WHERE sku = 'IK1'"), 'first', 'the record is that of the first upload';

is send_file($text, 'key-2')->code, 200, 'another key';
is launches(), $before + 2, 'is another launch';
is $server->upload('part-import', $text)->code, 200, 'an upload without a key';
is launches(), $before + 3, 'is always a launch';
is send_file("id,note\nIK1,x\n", 'key-1', sync => 'kept-import')->code, 200, 'a key of one sync';
is launches(), $before + 4, 'says nothing to another one';

# The first fails, or is refused
my $bad = send_file("nothing that fits\n", 'key-3');
is $bad->code, 200, 'a file that cannot be imported is taken';
my $failed = $server->launch_ended($server->launch_newest('part-import')->{id});
is $failed->{rows_ok}, 0, 'and imports nothing';
is send_file("nothing that fits\n", 'key-3')->code, 200, 'sent again';
is $server->launch_newest('part-import')->{id}, $failed->{id}, 'it is not tried again by itself';
my $token = $server->token('car-import');
is send_file("vin\nIK1\n", 'key-4', sync => 'car-import')->code, 403, 'an upload that is refused';
$before = launches();
is send_file("vin\nIK1\n", 'key-4', sync => 'car-import', token => $token)->code, 200, 'does not use its key up';
is launches(), $before + 1, 'it becomes a launch with the right token';
is send_file("vin\nIK1\n", 'key-4', sync => 'car-import')->code, 403, 'a key is no credential';

# A key for each kind of upload
my $dry = send_file("sku\nIK2\n", 'key-5', query => 'dry-run=true');
is $dry->code, 200, 'a dry run may have a key';
isnt send_file("sku\nIK2\n", 'key-5')->code, 500, 'its key with a real run is answered';
is $server->value("SELECT count(*) AS n FROM part WHERE sku = 'IK2'"), 0, 'but not by a run that nobody sees';

# Two at once
my $long = "sku,name\n" . join '', map { "IL$_,x\n" } 1 .. 20_000;
$before = launches();
my @children = map {
    my $pid = fork // die;
    if (!$pid) {
        $server->{agent}->conn_cache(undef);
        POSIX::_exit(send_file($long, 'key-6')->code == 200 ? 0 : 1);
    }
    $pid;
} 1 .. 6;
my @codes = map { waitpid $_, 0; $? >> 8 } @children;
is_deeply \@codes, [(0) x 6], 'six at once get the same answer';
is launches(), $before + 1, 'and are one launch';
$server->launch_ended($server->launch_newest('part-import')->{id});
$server->import_run('part-delete', $long);

# Whatever has become of the sync since
is send_file("sku\nIK7\n", 'key-7')->code, 200, 'a first upload';
$server->launch_ended($server->launch_newest('part-import')->{id});
$server->ctl('sync', 'disable', 'part-import');
$before = launches();
$again = send_file("sku\nIK7\n", 'key-7');
is $again->code . $again->content, '200' . $first->content, 'is answered in the same way when the sync is disabled';
is send_file("sku\nIK8\n", 'key-7')->code, 409, 'and so is a conflict';
is send_file("sku\nIK7\n", 'key-8')->code, 500, 'a new key is refused then';
is launches(), $before, 'no launch is made';
$server->ctl('sync', 'enable', 'part-import');
is send_file("sku\nIK7\n", 'key-8')->code, 200, 'and its key is still free';
$server->launch_ended($server->launch_newest('part-import')->{id});

$server->workers_halt;
is send_file("sku\nIQ$_\n", "queue-$_", sync => 'queue-import')->code, 200, "upload $_ waits in the queue" for 1, 2;
$before = launches();
is send_file("sku\nIQ$_\n", "queue-$_", sync => 'queue-import')->code, 200, "upload $_ sent again when the queue is full" for 1, 2;
is send_file("sku\nIQ3\n", 'queue-3', sync => 'queue-import')->code, 500, 'where a third one is refused';
is launches(), $before, 'no launch is made';
$server->workers_continue;
$server->launch_ended($_->{id}) for $server->rows("SELECT id FROM ds_launch WHERE sync_id = 'queue-import'");

# After a day
$server->write("UPDATE ds_upload_key SET created_at = created_at - 90000000000 WHERE upload_key = 'key-1'");
is send_file("sku,name\nIK1,third\n", 'key-1')->code, 200, 'after a day a key may be used for other bytes';
$server->launch_ended($server->launch_newest('part-import')->{id});
is $server->value("SELECT name FROM part WHERE sku = 'IK1'"), 'third', 'which are imported';
is send_file($text, 'key-1')->code, 409, 'and then stand for the key';

# Keys that are none
for (['', 'an empty key'], ['x' x 5000, 'a key of 5000 letters'], ["caf\xe9\x01", 'a key with control characters']) {
    my ($key, $name) = @$_;
    $before = launches();
    my $code = send_file($text, $key)->code;
    ok $code >= 400 && $code < 600 ? launches() == $before : $code == 200 && launches() == $before + 1,
        "$name: an answer and a launch, or neither" or diag $code;
}
is send_file($text, 'k' x 255)->code, 200, 'a key of 255 letters is taken';

finish($server);
done_testing;
