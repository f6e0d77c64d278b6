# The limits of the protocol Marketo, across the children of a server. Without them one partner takes the
# server from all others; one that counts wrong locks a partner out.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(GET POST);
use IO::Select;
use JSON::PP;

local $SIG{PIPE} = 'IGNORE';    # who is refused is answered before all is sent

# Two children at least, so that what they count must be shared. No upload that stands still is given up.
my $usual = DSNode->worker_config('runners=3') . DSNode::usual_config() . "StartServers 2\nTimeout 600\nDataSyncAPI marketo\nDataSyncAPI prisma\n";
my $node = DSNode->start(config => "$usual\nDataSyncMarketo window=1h\n");
my $client = DSMarketo->new($node, objects => ['car_c', 'sample']);
my $describe = '/rest/v1/customobjects/car_c/describe.json';
my $import = '/bulk/v1/customobjects/car_c/import.json';
my $token = $client->token;

# A request of its own connection, so that any child may answer it.
sub ask {
    my ($path, $with) = @_;
    my $socket = $node->socket_open;
    print {$socket} "GET $path HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $with\r\nConnection: close\r\n\r\n";
    local $/;
    my $answer = <$socket>;
    return $answer =~ /"success":true/ ? 'success' : $answer =~ /"code":"(\d+)","message":"([^"]*)"/ ? "$1 $2" : $answer;
}

# 606. The usual 20 seconds are seen below, with fewer calls: not every machine has time for 100 of them.
my @outcome = map { ask($describe, $token) } 1 .. 101;
is scalar(grep { $_ eq 'success' } @outcome), 100, 'a client has 100 calls in a window';
is $outcome[100], q(606 Max rate limit '100' exceeded with in '3600' secs), 'one more is refused, in the words of the service';
my $other = DSMarketo->new($node);
is ask($describe, $other->token), 'success', 'the calls of one client do not count for another';
is $client->identity->code, 200, 'a token can be had all the time';
is ask($describe, 'bad'), '601 Access token invalid', 'a bad token is refused as such';
is $node->get('/api/data-sync/open-import')->code, 200, 'other protocols are not concerned';

# 615: uploads that stand still hold their places, and have a chunk in the database.
sub upload_begin {
    my ($with) = @_;
    my $socket = $node->socket_open;
    my $auth = $with ? "Authorization: Bearer $with\r\n" : '';
    print {$socket} "POST $import HTTP/1.1\r\nHost: x\r\n${auth}Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 2000000\r\n\r\n"
        . "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nvin\n" . 'x' x 1_200_000;
    $socket->flush;
    return $socket;
}

# Ten of them. One that meets a place not yet given back is refused, and not told so while its body is not whole.
sub uploads_hold {
    my ($with) = @_;
    my $arriving = sub { $node->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL AND touched_at > 0') };
    wait_for('the end of earlier uploads', sub { !$arriving->() });
    my @held = map { upload_begin($with) } 1 .. 10;
    my $next = time + 5;
    wait_for('ten uploads that hold their places', sub {
        return 1 if $arriving->() >= 10;
        if (time > $next) {
            push @held, upload_begin($with);
            $next = time + 5;
        }
        return 0;
    });
    return @held;
}

$node->stop;
$node->config_write("$usual\nDataSyncMarketo calls=0\nServerLimit 64\nMaxRequestWorkers 64\n");
$node->start;
my $third = DSMarketo->new($node);
my @held = uploads_hold($third->token);
is ask($describe, $third->token), '615 Concurrent access limit reached', 'an eleventh call at once is refused';
is ask($describe, $other->token), 'success', 'of another client it is not';
my $late = upload_begin($third->token, $node);
ok(IO::Select->new($late)->can_read($DSClient::patience), 'a refusal does not wait for the rest of an upload');
like(do { local $/; scalar <$late> }, qr/"code":"615"/, 'and says why');
close $_ for @held;
wait_for('the places to be given back', sub { ask($describe, $third->token) eq 'success' });
pass 'places are given back when clients go away';
@held = uploads_hold();
is DSMarketo::outcome($third->upload($import, "vin\nS1\n", anonymous => 1, after => [[access_token => $third->token]])), '615',
    'strangers, whose token comes behind the file, are few at once';
is DSMarketo::outcome($third->upload($import, "vin\nS2\n")), 'success', 'they take no place of those who are known';
close $_ for @held;
# A child that is killed gives nothing back by itself.
@held = uploads_hold($third->token);
like ask($describe, $third->token), qr/^615/, 'all places are taken';
my ($parent) = $node->pid;
kill KILL => grep { $_ != $parent } $node->httpd_pids;
wait_for('new children', sub { eval { ask($describe, $third->token) =~ /success/ } });
pass 'the places of a child that was killed are free again';
close $_ for @held;

# 413: the bytes of the file count, whatever was announced.
my $limit = 10 * 1024 * 1024;
my $row = 'x' x 999 . "\n";
my $big = "vin,color\n" . $row x int(($limit - 10) / 1000);
$big .= 'y' x ($limit - length $big);
is length $big, $limit, 'a file of exactly 10 MB';
my $refused = $third->upload($import, $big);
is $refused->code, 413, 'is too large';
chop $big;
is DSMarketo::outcome($third->upload($import, $big)), 'success', 'one byte less is not';
my $head = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nvin,color\n";
my $chunked = $node->socket_open;
print {$chunked} "POST $import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer @{[$third->token]}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    . "Content-Length: 290\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    . sprintf("%x\r\n", length $head) . "$head\r\n";
for (1 .. 12) {
    print {$chunked} sprintf("%x\r\n", 1_000_000), 'x' x 1_000_000, "\r\n" or last;
}
my $answer = '';
my $select = IO::Select->new($chunked);
while ($select->can_read($DSClient::patience)) {
    sysread $chunked, $answer, 4096, length $answer or last;
}
like $answer, qr{^HTTP/1\.1 413 }, 'without a length it is counted while it comes';

# 1016: ten wait or run, of all objects; two run.
wait_for('the end of all launches', sub { !$node->value("SELECT count(*) AS n FROM ds_launch WHERE finished_at IS NULL") });
$node->workers_halt;
my @batches;
for my $i (1 .. 10) {
    my $object = $i % 2 ? 'car_c' : 'sample';
    my $key = $i % 2 ? 'vin' : 'id';
    push @batches, DSMarketo::json($client->upload("/bulk/v1/customobjects/$object/import.json", "$key\nQ$i\n"))->{result}[0]{batchId};
}
is scalar(grep { defined } @batches), 10, 'ten imports may wait, of all objects together';
my $eleventh = DSMarketo::json($client->upload($import, "vin\nQ11\n"));
is_deeply $eleventh->{errors}, [{code => '1016', message => 'Too many imports'}], 'the eleventh is refused, in the words of the service';
is DSMarketo::json($client->get("/bulk/v1/customobjects/car_c/import/$batches[0]/status.json"))->{result}[0]{status}, 'Queued', 'a waiting one is Queued';
is DSMarketo::outcome($third->upload($import, "vin\nQ12\n", anonymous => 1, after => [[access_token => $third->token]])), '1016',
    'with the token behind the file too';
is $node->upload('open-import', "vin\nQ13\n")->code, 200, 'other protocols are not concerned';
$node->workers_continue;
is $client->ended($batches[9], "/bulk/v1/customobjects/sample/import/$batches[9]/status.json")->{result}[0]{status}, 'Complete', 'all of them come to their end';
is DSMarketo::outcome($client->upload($import, "vin\nQ14\n")), 'success', 'then there is room again';

# Imports of different objects that last until they are cancelled, and one of another protocol behind them, all accepted
# before any runs. When that one has ended, a runner has had time, and has looked at all others before.
sub imports_begin {
    my ($with, @objects) = @_;
    $with->token;
    $node->workers_halt;    # a slow import may keep the others from being accepted
    my @ids = map {
        my $text = join "\n", $_ eq 'car_c' ? 'vin' : 'id', (map { "SLOW$_" } 1 .. 300_000), '';
        DSMarketo::json($with->upload("/bulk/v1/customobjects/$_/import.json", $text))->{result}[0]{batchId};
    } @objects;
    $node->upload('part-import', "sku\nP1\n")->code == 200 or die;
    my $behind = $node->launch_newest('part-import')->{id};
    $node->workers_continue;
    $node->launch_ended($behind);
    return @ids;
}

# How many of them have run at the same time, at most.
my $slow = "object IN ('car_c', 'sample', 'kept')";
my $count = "INSERT INTO side_by_side SELECT count(*) FROM ds_launch WHERE state IN ('running', 'cancelling') AND $slow;";
my $trigger = 'CREATE TRIGGER side_by_side AFTER UPDATE OF state ON ds_launch FOR EACH ROW';
$node->write('CREATE TABLE side_by_side (n INTEGER); ' . $node->{database}->by_database("$trigger BEGIN $count END",
    'CREATE FUNCTION side_by_side() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN ' . "$count RETURN NULL; END\$\$; $trigger EXECUTE FUNCTION side_by_side()"));

sub running { return $node->value("SELECT count(*) AS n FROM ds_launch WHERE state = 'running' AND $slow") }
sub running_most { return $node->value('SELECT max(n) AS n FROM side_by_side') }

# Where rows are slow the database may be too busy to take it at once.
sub imports_cancel {
    for my $id (@_) {
        wait_for("an order to cancel launch $id", sub { !$node->ctl_refused('launch', 'cancel', $id) });
        $node->launch_ended($id);
    }
    return;
}

my $three = DSMarketo->new($node, objects => ['car_c', 'sample', 'kept']);
$node->rows_slow("${_}_slow", "BEFORE INSERT ON $_", $node->{database}->by_database(150_000, 50_000)) for qw(car_c sample kept);
my @ids = imports_begin($three, qw(car_c sample kept));
wait_for('two imports side by side', sub { running() == 2 });
imports_cancel($ids[0]);
wait_for('the third import', sub { $node->value("SELECT state FROM ds_launch WHERE id = $ids[2]") eq 'running' });
imports_cancel(@ids[1, 2]);
is running_most(), 2, 'two imports run side by side, and the third begins when one of them has ended, though a runner has time';
$node->stop;

# Other values by the directive.
$node->config_write("$usual\nDataSyncMarketo upload=1K calls=2 token=90s\n");
$node->start;
my $small = DSMarketo->new($node);
my $granted = decode_json($small->identity->content);
cmp_ok $granted->{expires_in}, '<=', 90, 'token= says how long a token lives';
is $small->upload($import, 'x' x 1024)->code, 413, 'upload= says how large a file may be';
is ask($describe, $small->token), 'success', 'calls= says';
is ask($describe, $small->token), q(606 Max rate limit '2' exceeded with in '20' secs), 'how many calls there are, in 20 seconds if nothing else is said';
$node->stop;
$node->config_write("$usual\nDataSyncMarketo calls=0 at-once=0 running=1 known=1s records=2 lead=sample\n");
$node->start;
my $batch = DSMarketo::json($three->upload($import, "vin\nK1\n"))->{result}[0]{batchId};
$node->launch_ended($batch);
$node->write('DELETE FROM side_by_side');
imports_cancel(imports_begin($three, qw(car_c sample)));
is running_most(), 1, 'running= says how many imports run at a time';
wait_for('a batch that is not known any more', sub {
    return DSMarketo::outcome($three->get("/bulk/v1/customobjects/car_c/import/$batch/status.json")) eq '1013';
});
pass 'known= says for how long a batch can be asked for';
my $records = sub {
    return DSMarketo::outcome($node->{agent}->request(POST($node->url('/rest/v1/customobjects/kept.json'), Authorization => 'Bearer ' . $three->token,
        Content_Type => 'application/json', Content => encode_json({input => [map { {id => "R$_"} } 1 .. $_[0]]}))));
};
is join(' ', map { $records->($_) } 2, 3), 'success 1003', 'records= says how many records a call may write';
is DSMarketo::outcome($three->upload('/bulk/v1/leads.json', "id\nLEAD1\n")), 'success', 'lead= says';
wait_for('the lead', sub { $node->value("SELECT count(*) AS n FROM sample WHERE id = 'LEAD1'") });
pass 'where leads are';
$node->stop;
done_testing;
