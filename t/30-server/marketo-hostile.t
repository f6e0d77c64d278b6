# What strangers, other partners and broken clients send. Each check that fails here is data that somebody sees who
# must not, a file that nobody answers for, or a request that takes the service from all others.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request;
use HTTP::Request::Common qw(POST);
use JSON::PP;

my $server = server();
my $client = DSMarketo->new($server, objects => ['car_c', 'part', 'idle']);
my $other = DSMarketo->new($server, objects => ['sample']);
my $bulk = '/bulk/v1/customobjects';
my $parts = '/rest/v1/customobjects/part';
my $batch = $client->import_run("vin,color\nH1,red\n,blue\n")->{batchId};

sub ask {
    my ($who, $method, $path, $type, $body) = @_;
    my $request = HTTP::Request->new($method => $who->{server}->url($path), [Authorization => 'Bearer ' . $who->token]);
    $request->header('Content-Type' => $type) if defined $type;
    $request->content($body) if defined $body;
    return $who->{server}{agent}->request($request);
}

sub outcome { return DSMarketo::outcome(ask(@_)) }

my $unbound = sub { $_[0]->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL') };
my $launches = sub { $server->value('SELECT count(*) AS n FROM ds_launch') };

note 'strangers';
# What strangers are told does not depend on what there is.
my $answer = sub {
    my ($object, @token) = @_;
    return DSMarketo::outcome($client->upload("$bulk/$object/import.json", "vin\nS1\n", anonymous => 1, after => [@token]));
};
my %told = (car_c => 'success', nothing_c => '1013', sample => '1013', idle => '1026');
for my $object (sort keys %told) {
    is $answer->($object), '600', "whoever has no token learns nothing of $object";
    is $answer->($object, [access_token => 'x']), '601', "nor with a bad one";
    is $answer->($object, [access_token => $client->token]), $told{$object}, 'a client does, also by a token behind the file';
}
# Nor does it matter what the server's own rules allow.
for my $host ('127.0.0.1', 'all-granted.test', 'satisfy-any.test', 'foreign-type.test') {
    for (['GET', '/rest/v1/customobjects/car_c/describe.json'], ['POST', '/rest/v1/customobjects/car_c/describe.json?_method=GET'],
         ['GET', "$bulk/car_c/import/$batch/failures.json"], ['POST', "$bulk/car_c/export/x/cancel.json"], ['POST', "$bulk/car_c/import.json"]) {
        my ($method, $path) = @$_;
        for my $type ('application/x-www-form-urlencoded', 'multipart/form-data; boundary=b', 'application/json') {
            my $request = HTTP::Request->new($method => $server->url($path), [Host => $host, 'Content-Type' => $type], "a=b\r\n--b--\r\n");
            my $response = $server->{agent}->request($request);
            ok $response->code == 401 || $response->content =~ /"code":"(?:600|612)"/, "no token, no answer: $host $method $path $type"
                or diag $response->as_string;
        }
    }
}
my $before = $launches->();
is $client->upload("$bulk/$_/import.json", 'x' x (11 * 1024 * 1024), anonymous => 1)->code, 413, "a file of $_ that is too large is not taken from a stranger"
    for qw(car_c nothing_c);
is DSMarketo::outcome($client->upload("$bulk/car_c/import.json", "vin\n", anonymous => 1, after => [[note => 'x' x 70_000]])), '613',
    'nor are large parts beside it';
wait_for('refused files to be removed', sub { !$unbound->($server) });
is $launches->(), $before, 'nothing of them is left';

# An upload of a stranger, in pieces of our choice.
sub upload_begin {
    my ($node, $size) = @_;
    my $socket = $node->socket_open;
    print {$socket} "POST $bulk/car_c/import.json HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        . "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    piece_send($socket, "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nvin,color\nPIECES," . 'x' x $size);
    wait_for('a part of the file in the database', sub { $unbound->($node) });
    return $socket;
}

sub piece_send {
    my ($socket, $text) = @_;
    print {$socket} sprintf("%x\r\n", length $text), $text, "\r\n";
    return $socket->flush;
}

# Its end, with a token: what is answered.
sub upload_end {
    my ($socket, $token) = @_;
    piece_send($socket, "\n\r\n--b\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\n$token\r\n--b--\r\n");
    print {$socket} "0\r\n\r\n";
    local $/;
    my $text = <$socket>;
    return $text =~ /"code":"(\d+)"/ ? $1 : $text =~ /"batchId":(\d+)/ ? "batch $1" : $text;
}

my $size = 3 * 1024 * 1024;
my $socket = upload_begin($server, $size);
is $launches->(), $before, 'while nobody knows whose it is, a file is no launch';
like upload_end($socket, $client->token), qr/^batch \d+$/, 'the token that follows makes it one';
is $launches->(), $before + 1, 'at once';
$socket = upload_begin($server, $size);
is upload_end($socket, 'bad'), '601', 'a bad token does not';
wait_for('the refused file to be removed', sub { !$unbound->($server) });
$socket = upload_begin($server, $size);
close $socket;
wait_for('the broken file to be removed', sub { !$unbound->($server) });
is $launches->(), $before + 1, 'a connection that breaks before the token leaves nothing';
is $server->value('SELECT count(*) AS n FROM ds_chunk WHERE file_id NOT IN (SELECT id FROM ds_file)'), 0, 'not a chunk';

note 'a server that is killed before the token';
my $node = DSNode->start(config => DSNode->worker_config . DSNode::usual_config() . "DataSyncAPI marketo\n");
my $its = DSMarketo->new($node);
$socket = upload_begin($node, $size);
$node->crash;
close $socket;
is $unbound->($node), 1, 'it leaves the file behind';
$node->write('UPDATE ds_file SET touched_at = touched_at - 7200000000 WHERE launch_id IS NULL');
$node->start;
wait_for('what was left behind to be removed', sub { !$unbound->($node) });
is $node->value('SELECT count(*) AS n FROM ds_launch'), 0, 'which nobody ever sees';
is $node->value('SELECT count(*) AS n FROM ds_chunk'), 0, 'and which takes no room for ever';
is DSMarketo::outcome($its->upload("$bulk/car_c/import.json", three_cars())), 'success', 'the service goes on';
$node->stop;

note 'another client';
for my $path ("$bulk/car_c/import/$batch/status.json", "$bulk/car_c/import/$batch/failures.json", "$bulk/sample/import/$batch/status.json",
              '/rest/v1/customobjects/car_c.json?filterType=vin&filterValues=H1', "$bulk/car_c/export.json", "$bulk/lead/import/$batch/status.json",
              "/bulk/v1/leads/batch/$batch.json") {
    is outcome($other, GET => $path), '1013', "objects of others look like none: $path";
}
is ask($other, GET => "$bulk/sample/import/$batch/failures.json")->code, 404, 'files of a batch of others are not there';
is outcome($other, POST => "$parts.json", 'application/json', '{"input":[{"sku":"O1"}]}'), '1013', 'records of others are not written';
is outcome($other, POST => "$parts/delete.json", 'application/json', '{"input":[{"sku":"O1"}]}'), '1013', 'nor removed';

note 'methods';
my $job = '00000000-0000-4000-8000-000000000000';
my %takes = ('/rest/v1/customobjects.json' => 'GET', '/rest/v1/customobjects/car_c/describe.json' => 'GET', "$parts.json" => 'GET POST',
    "$parts/delete.json" => 'POST', "$bulk/car_c/import.json" => 'POST', "$bulk/car_c/import/$batch/status.json" => 'GET',
    "$bulk/car_c/import/$batch/failures.json" => 'GET', "$bulk/car_c/export/create.json" => 'POST', "$bulk/car_c/export.json" => 'GET',
    "$bulk/car_c/export/$job/enqueue.json" => 'POST', "$bulk/car_c/export/$job/cancel.json" => 'POST', "$bulk/car_c/export/$job/file.json" => 'GET',
    '/bulk/v1/leads.json' => 'POST', '/identity/oauth/token' => 'GET POST');
for my $path (sort keys %takes) {
    my @others = grep { my $method = $_; !grep { $_ eq $method } split ' ', $takes{$path} } qw(GET POST PUT DELETE PATCH OPTIONS PROPFIND WHATEVER);
    my @outcomes = map { outcome($client, $_ => $path) } @others;
    is join(' ', @outcomes), join(' ', ('605') x @others), "$path takes $takes{$path} alone";
}
isnt ask($client, TRACE => '/rest/v1/customobjects/car_c/describe.json')->code, 500, 'TRACE does no harm';

note 'names';
my $none = qr/^(?:1013|610|HTTP 40[04])$/;
for my $name ('..', '%2e%2e', '..%2f..%2fetc%2fpasswd', 'car_c%2f..%2fpart', 'car_c%00', "car_c'--", '%22', '%ff%fe', 'x' x 3000, 'car_c%0d%0aX:%201',
              '%F0%9F%9A%97', 'ds_client', 'car_c.json', 'car_c%20', '{object}', '%25s%25n') {
    my $shown = substr $name, 0, 30;
    like outcome($client, GET => "/rest/v1/customobjects/$name/describe.json"), $none, "an object $shown is none";
    like DSMarketo::outcome($client->upload("$bulk/$name/import.json", "vin\nN1\n")), $none, "and takes no file: $shown";
}
for my $id (0, '-1', '1e3', '0x1', '99999999999', '9' x 400, '%31%00', '%ff', "$batch%20", "$batch;", '..', '*') {
    my $shown = substr $id, 0, 30;
    like outcome($client, GET => "$bulk/car_c/import/$id/status.json"), $none, "a batch $shown is none";
    like outcome($client, GET => "$bulk/car_c/import/$id/failures.json"), $none, "and has no file: $shown";
    like outcome($client, GET => "$bulk/car_c/export/$id/status.json"), $none, "a job $shown is none";
    like outcome($client, GET => "$bulk/car_c/export/$id/file.json"), $none, "and has no file: $shown";
    like outcome($client, POST => "$bulk/car_c/export/$id/cancel.json", 'application/x-www-form-urlencoded', ''), $none, "and cannot be cancelled: $shown";
}
for my $id ('%ff%fe', '%00', "' OR 1=1 --", 'x' x 5000, '*', '%25s') {
    my $response = $client->identity(client_id => $id);
    is $response->code, 401, 'a strange id gets no token: ' . substr $id, 0, 30;
    is $client->identity(client_secret => $id)->code, 401, 'nor a strange secret';
}
is $server->get("/rest/v1/customobjects.json?access_token=%ff%00")->code, 200, 'strange tokens are refused as such';
my $echo = ask($client, GET => "$bulk/car_c/export.json?status=%ff%22%5c%0a")->content;
is eval { decode_json($echo)->{errors}[0]{code} }, '1001', 'what is repeated to a client is good JSON all the same' or diag $echo;
for my $query ('batchSize=4294967297', 'batchSize=1x', 'batchSize=', 'batchSize=-1', 'batchSize=' . '9' x 30, 'nextPageToken=4294967296x', 'nextPageToken=-1') {
    is outcome($client, GET => "$bulk/car_c/export.json?$query"), '1001', "a list by $query is refused";
    is outcome($client, GET => "$parts.json?filterType=sku&filterValues=A&$query"), '1001', "a question by $query too";
}
is outcome($client, GET => "$parts.json?filterType=sku&filterValues=%ff"), '1003', 'a value that is no text is none';

note 'JSON';
my $json = sub { return ask($client, POST => $_[1] // "$parts.json", 'application/json', $_[0]) };
for (['609', 'too deep', '{"input":' . '[' x 100_000], ['609', 'deep and whole', '{"input":' . '[' x 5000 . ']' x 5000 . '}'],
     ['609', 'a name that comes twice', '{"action":"createOnly","action":"updateOnly","input":[{"sku":"J"}]}'],
     ['609', 'a name that comes twice in a record', '{"input":[{"sku":"J","sku":"K"}]}'], ['609', 'a NUL', '{"input":[{"sku":"J\u0000"}]}'],
     ['609', 'half a character', '{"input":[{"sku":"\ud800"}]}'], ['609', 'no UTF-8', qq({"input":[{"sku":"\xff"}]})], ['609', 'nothing', ''],
     ['609', 'two documents', '{"input":[{"sku":"J"}]}{}'], ['609', 'a list', '[{"sku":"J"}]'], ['1002', 'an input that is no list', '{"input":{"sku":"J"}}'],
     ['1002', 'an input that is a text', '{"input":"J"}'], ['1001', 'an action that is no text', '{"action":[],"input":[{"sku":"J"}]}'],
     ['HTTP 413', 'more than 1 MB', '{"input":[{"sku":"J","name":"' . 'x' x 1_100_000 . '"}]}']) {
    my ($code, $name, $body) = @$_;
    is DSMarketo::outcome($json->($body)), $code, "refused: $name";
    is DSMarketo::outcome($json->($body, "$parts.json?_method=GET")), $code, "as a question: $name" if $code =~ /^(?:609|HTTP)/;
    is DSMarketo::outcome($json->($body, "$bulk/car_c/export/create.json")), $code =~ /^100/ ? '1002' : $code, "as a job: $name";
}
my @record = ([{sku => 'J', name => 'x' x 900_000}, '1001', 'a text that is too long'], [{sku => 'J', 'x' x 900_000 => 1}, '1006', 'a name that is too long'],
    [{sku => 'J', name => "\x{fc}" x 400}, '1001', 'a text that is cut in a message'], [{sku => 'J', seen => '9' x 100_000}, '1001', 'a time that is too long'],
    [{sku => 'J', price => {a => 1}}, '1003', 'an object as a value'], [[[[]]], '1003', 'lists of lists'], [undef, '1003', 'null'],
    ['{"sku":"J","count":1e400}', '1001', 'a number that is too large'], ['{"sku":"J","count":99999999999999999999}', '1001', 'an integer that is too large']);
for (@record) {
    my ($record, $code, $name) = @$_;
    my $said = $json->('{"input":' . (defined $record && !ref $record ? "[$record]" : encode_json([$record])) . '}');
    is eval { decode_json($said->content)->{result}[0]{reasons}[0]{code} }, $code, "skipped: $name" or diag substr $said->content, 0, 300;
    cmp_ok length $said->content, '<', 1000, 'and little of it is repeated';
}
for my $number ('9223372036854775807', '-9223372036854775808', '1.7976931348623157e308', '5e-324', '-0', '-0.0', '1E2') {
    for my $field (qw(count price)) {
        like DSMarketo::outcome($json->(qq({"input":[{"sku":"NUM","$field":$number}]}))), qr/^success$/, "$number is a number or is skipped: $field";
        my $found = ask($client, GET => "$parts.json?filterType=sku&filterValues=NUM&fields=count,price");
        ok eval { decode_json($found->content)->{success} }, 'and can be asked for' or diag $found->content;
    }
}
is outcome($client, GET => '/rest/v1/customobjects/car_c/describe.json'), 'success', 'the service goes on';
unlike $server->log_text, qr/\Q@{[$client->token]}\E|\Q$client->{secret}\E|\Q@{[$other->token]}\E/, 'no token and no secret stands in the error log';
finish($server);
done_testing;
