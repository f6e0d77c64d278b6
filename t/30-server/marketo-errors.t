# Every code that our paths can give, and the HTTP status around it: clients decide by them whether to log in
# again, to wait, or to give up.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request;
use HTTP::Request::Common qw(GET POST);
use JSON::PP;

my $server = server();
my $client = DSMarketo->new($server, objects => ['car_c', 'idle', 'lead']);
my $reader = DSMarketo->new($server, role => 'read-only');
my $import = '/bulk/v1/customobjects/car_c/import';
my $batch = $client->import_run(three_cars())->{batchId};
my $leads = $client->import_run("email\na\@b.example\n", object => 'lead')->{batchId};
my $boundary = 'xxxxBoundary';
my $part = "--$boundary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nvin\nE1\n\r\n";

sub ask_as {
    my ($who, $method, $path, $type, $body, %header) = @_;
    my $request = HTTP::Request->new($method => $who->{server}->url($path), [Authorization => 'Bearer ' . $who->token, %header]);
    $request->header('Content-Type' => $type) if defined $type;
    $request->content($body) if defined $body;
    return $who->{server}{agent}->request($request);
}

sub ask { return ask_as($client, @_) }

sub upload { my @how = @_; return sub { $client->upload(@how) } }
sub form { my ($path, $body) = @_; return sub { ask(POST => $path, "multipart/form-data; boundary=$boundary", $body) } }

my $old = $client->import_run("vin\nOLD\n")->{batchId};
$server->write("UPDATE ds_launch SET scheduled_at = scheduled_at - 8 * 86400000000 WHERE id = $old");
# A server with narrow limits, whose worker stands still. Its client has one connection, where no call begins before the
# one before it has given its place back.
my $tight = DSNode->start(config => DSNode->worker_config . DSNode::usual_config()
    . "MaxKeepAliveRequests 0\nKeepAliveTimeout 600\nDataSyncAPI marketo\nDataSyncMarketo queued=1 at-once=1 window=1h\n");
my $describe = '/rest/v1/customobjects/car_c/describe.json';

sub data { my ($who, $path, $data) = @_; return ask_as($who, POST => $path, 'application/json', ref $data ? encode_json($data) : $data) }

my %order = (fields => ['vin'], filter => {updatedAt => {startAt => '2022-01-01T00:00:00Z', endAt => '2022-01-20T00:00:00Z'}});
my $jobs = '/bulk/v1/customobjects/car_c/export';
sub job { my ($who) = @_; return "$jobs/" . DSMarketo::json(data($who, "$jobs/create.json", \%order))->{result}[0]{exportId} }

# What is answered while a table is away.
sub without {
    my ($table, $run) = @_;
    $server->write("ALTER TABLE $table RENAME TO ${table}_away");
    my $response = $run->();
    $server->write("ALTER TABLE ${table}_away RENAME TO $table");
    return $response;
}

my $away = without(ds_client => sub { $client->identity });
is $away->code, 500, 'while no client can be looked up, nobody takes the answer for a token';
is eval { decode_json($away->content)->{error} }, 'server_error', 'and is told so in the words of OAuth' or diag $away->content;
my $late = DSMarketo->new($server);
$late->token;
$server->write("UPDATE ds_access SET expires_at = 1 WHERE client_id = '$late->{id}'");
# [code, message, what for, request]
my @table = (
    ['600', 'Access token not specified', 'no token', sub { $server->get('/rest/v1/customobjects.json') }],
    ['601', 'Access token invalid', 'a bad token', sub { $server->get('/rest/v1/customobjects.json', bearer => 'x') }],
    ['602', 'Access token expired', 'a token that has expired', sub { ask_as($late, GET => $describe) }],
    ['603', 'Access denied', 'a status for a reader', sub { $reader->get("$import/$batch/status.json") }],
    ['605', q(Request method 'GET' not supported), 'an import by GET', sub { ask(GET => "$import.json") }],
    ['605', q(Request method 'DELETE' not supported), 'a deletion of a description', sub { ask(DELETE => '/rest/v1/customobjects/car_c/describe.json') }],
    ['605', q(Request method 'POST' not supported), 'a status by POST', sub { ask(POST => "$import/$batch/status.json", 'text/plain', '') }],
    ['606', q(Max rate limit '100' exceeded with in '3600' secs), 'too many calls', sub {
        my $many = DSMarketo->new($tight);
        $many->get($describe) for 1 .. 100;
        return $many->get($describe);
    }],
    ['608', 'API Temporarily Unavailable', 'a token that cannot be checked', sub { without(ds_access => sub { ask(GET => $describe) }) }],
    ['609', 'Invalid JSON', 'records that are no JSON', sub { data($client, '/rest/v1/customobjects/car_c.json', '{') }],
    ['610', 'Requested resource not found', 'an address that is none', sub { ask(GET => '/rest/v1/nothing.json') }],
    ['610', 'Requested resource not found', 'an address of bulk that is none', sub { ask(PUT => '/bulk/v1/nothing/at/all') }],
    ['611', 'System error', 'a table that is not there', sub {
        without(ds_guid => sub { ask(GET => '/rest/v1/customobjects/car_c.json?filterType=vin&filterValues=WBA4R7C55HK895912') }) }],
    ['612', 'Invalid Content Type', 'records that are a form', sub {
        ask(POST => '/rest/v1/customobjects/car_c.json', 'application/x-www-form-urlencoded', 'input=x') }],
    ['612', 'Invalid Content Type', 'a body that is no form', sub { ask(POST => "$import.json", 'text/csv', three_cars()) }],
    ['612', 'Invalid Content Type', 'a body without a type', sub { ask(POST => "$import.json", undef, three_cars()) }],
    ['612', 'Invalid Content Type', 'a body in an unknown encoding', sub {
        ask(POST => "$import.json", "multipart/form-data; boundary=$boundary", $part, 'Content-Encoding' => 'br') }],
    ['613', 'Invalid Multipart Request', 'a form without a boundary', sub { ask(POST => "$import.json", 'multipart/form-data', $part) }],
    ['613', 'Invalid Multipart Request', 'a form that is cut off', form("$import.json", $part)],
    ['613', 'Invalid Multipart Request', 'a form with two files', form("$import.json", "$part$part--$boundary--\r\n")],
    ['615', 'Concurrent access limit reached', 'too many calls at once', sub {
        my $busy = DSMarketo->new($tight);
        my $held = $tight->socket_open;
        print {$held} "POST $import.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer @{[$busy->token]}\r\n"
            . "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 2000000\r\n\r\n"
            . "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nvin\n" . 'x' x 1_200_000;
        $held->flush;
        wait_for('an upload that is under way', sub { $tight->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL') });
        return $busy->get($describe);
    }],
    ['703', 'Feature not enabled', 'an extract of an object without one', sub { data($client, '/bulk/v1/customobjects/idle/export/create.json', \%order) }],
    ['703', 'Feature not enabled', 'a deletion in an object without one', sub {
        data($client, '/rest/v1/customobjects/car_c/delete.json', {input => [{vin => 'x'}]}) }],
    ['704', 'Invalid date format', 'a time that is none', sub {
        data($client, "$jobs/create.json", {%order, filter => {createdAt => {startAt => 'yesterday'}}}) }],
    ['1001', q(Invalid value '0'. Required of type '1 to 300'), 'a page of nothing', sub { ask(GET => "$jobs.json?batchSize=0") }],
    ['1001', q(Invalid value 'Done'. Required of type 'status'), 'an unknown state', sub { ask(GET => "$jobs.json?status=Done") }],
    ['1001', q(Invalid value 'xml'. Required of type 'csv, tsv, ssv'), 'an unknown format', upload("$import.json?format=xml", three_cars())],
    ['1001', q(Invalid value ''. Required of type 'csv, tsv, ssv'), 'an empty format', upload("$import.json", three_cars(), after => [[format => '']])],
    ['1002', q(Missing value for the required parameter 'file'), 'a form without a file', upload("$import.json", undef, before => [[format => 'csv']])],
    ['1002', q(Missing value for the required parameter 'fields'), 'an extract of no fields', sub { data($client, "$jobs/create.json", {%order, fields => []}) }],
    ['1002', q(Missing value for the required parameter 'filter'), 'an extract of everything', sub { data($client, "$jobs/create.json", {fields => ['vin']}) }],
    ['1002', q(Missing value for the required parameter 'input'), 'no records', sub { data($client, '/rest/v1/customobjects/car_c.json', {}) }],
    ['1002', q(Missing value for the required parameter 'filterType'), 'a question without a filter', sub {
        ask(GET => '/rest/v1/customobjects/car_c.json?filterValues=x') }],
    ['1003', 'Invalid data: the filter must span 31 days at most', 'a filter of two months', sub {
        data($client, "$jobs/create.json", {%order, filter => {createdAt => {startAt => '2022-01-01T00:00:00Z', endAt => '2022-03-01T00:00:00Z'}}}) }],
    ['1003', 'Invalid data: more than 300 records', 'too many records', sub {
        data($client, '/rest/v1/customobjects/car_c.json', {input => [map { {vin => $_} } 1 .. 301]}) }],
    ['1006', q(Field 'wheels' not found), 'an extract of an unknown field', sub { data($client, "$jobs/create.json", {%order, fields => ['vin', 'wheels']}) }],
    ['1006', q(Field 'wheels' not found), 'a question about an unknown field', sub {
        ask(GET => '/rest/v1/customobjects/car_c.json?filterType=vin&filterValues=x&fields=wheels') }],
    ['1011', q(Field 'score' not supported), 'leads to be found by what is no key', sub {
        $client->upload('/bulk/v1/leads.json', "email\na\@b.example\n", after => [[lookupField => 'score']]) }],
    ['1013', 'Object not found', 'an unknown job', sub { ask(GET => "$jobs/00000000-0000-4000-8000-000000000000/status.json") }],
    ['1016', 'Too many imports', 'one import more than may wait', sub {
        my $many = DSMarketo->new($tight);
        $tight->workers_halt;
        $many->upload("$import.json", three_cars());
        return $many->upload("$import.json", three_cars());
    }],
    ['1029', 'Too many jobs in queue', 'one extract more than may wait', sub {
        my $many = DSMarketo->new($tight);
        my @two = map { job($many) } 1, 2;
        return (map { ask_as($many, POST => "$_/enqueue.json") } @two)[1];
    }],
    ['1029', 'Job is Cancelled', 'to queue a job that was cancelled', sub {
        my $job = job($client);
        ask(POST => "$job/cancel.json");
        return ask(POST => "$job/enqueue.json");
    }],
    ['1035', q(Unsupported filter type 'smartListId'), 'an extract of a list', sub { data($client, "$jobs/create.json", {%order, filter => {smartListId => 1}}) }],
    ['1035', q(Unsupported filter type 'color'), 'a question by what is no key', sub {
        ask(GET => '/rest/v1/customobjects/car_c.json?filterType=color&filterValues=x') }],
    ['1013', 'Object not found', 'an unknown object', upload('/bulk/v1/customobjects/nothing_c/import.json', three_cars())],
    ['1013', 'Object not found', 'an object of others', upload('/bulk/v1/customobjects/part/import.json', three_cars())],
    ['1013', 'Object not found', 'the description of an unknown object', sub { ask(GET => '/rest/v1/customobjects/nothing_c/describe.json') }],
    ['1013', 'Object not found', 'an unknown batch', sub { ask(GET => "$import/99999999/status.json") }],
    ['1013', 'Object not found', 'a batch that is no number', sub { ask(GET => "$import/1x/status.json") }],
    ['1013', 'Object not found', 'a batch of another object', sub { ask(GET => "$import/$leads/status.json") }],
    ['1013', 'Object not found', 'a batch that is none of leads', sub { ask(GET => "/bulk/v1/leads/batch/$batch.json") }],
    ['1013', 'Object not found', 'a batch older than seven days', sub { ask(GET => "$import/$old/status.json") }],
    ['1026', 'Custom object not enabled', 'an object without an import', upload('/bulk/v1/customobjects/idle/import.json', three_cars())],
);
for (@table) {
    my ($code, $message, $what, $run) = @$_;
    my $response = $run->();
    is $response->code, 200, "$what: the HTTP status says nothing of it";
    my $answer = DSMarketo::json($response);
    like $answer->{requestId}, qr/^[0-9a-f]{1,4}#[0-9a-f]{11}$/, "$what: it has an id";
    delete $answer->{requestId};
    is_deeply $answer, {success => JSON::PP::false, errors => [{code => $code, message => $message}]}, "$what: code $code"
        or diag $response->content;
}
$tight->workers_continue;
$tight->stop;

# Codes of single records are those of marketo-records.t.
my %seen = map { $_ => 1 } qw(1017 1036), map { $_->[0] } @table;
my ($errors) = DSClient::text_of("$ENV{DS_SRCDIR}/docs/marketo.md") =~ /^## Single records\n(.*?)^## Limits\n/ms;
my %documented = map { $_ => 1 } map { /\d+/g } $errors =~ /^\| ([\d, ]+) \|/mg;
my %given = map { $_ => 1 } map { DSClient::text_of($_) =~ /"(6\d\d|7\d\d|10\d\d)"/g } glob "$ENV{DS_SRCDIR}/src/api/dsm_api_marketo*.c";
is_deeply [sort keys %seen], [sort keys %given], 'each code that stands in our source was given';
is_deeply [sort keys %documented], [sort keys %given], 'and is documented';

$server->ctl('sync', 'disable', 'car-import');
is DSMarketo::outcome($client->upload("$import.json", three_cars())), '1026', 'an object whose sync is disabled takes nothing';
is DSMarketo::outcome($client->upload("$import.json", three_cars(), anonymous => 1)), '600', 'of which strangers are told nothing';
$server->ctl('sync', 'enable', 'car-import');
my @key = ('Idempotency-Key' => 'marketo-errors');
is DSMarketo::outcome(ask(POST => "$import.json", "multipart/form-data; boundary=$boundary", "$part--$boundary--\r\n", @key)), 'success',
    'an Idempotency-Key is taken';
(my $other = $part) =~ s/E1/E2/;
is DSMarketo::outcome(ask(POST => "$import.json", "multipart/form-data; boundary=$boundary", "$other--$boundary--\r\n", @key)), '1003',
    'with another file it is refused';

# What has a status of HTTP.
for my $file ("$import/$batch/failures.json", "$import/99999999/failures.json", "$import/$old/failures.json", "$import/$leads/warnings.json",
              "/bulk/v1/leads/batch/$leads/failures.json") {
    my $response = ask(GET => $file);
    is $response->code, 404, "a file that is not there is not found: $file";
    unlike $response->header('Content-Type'), qr/json/, 'and is no JSON';
}
is ask(POST => '/rest/v1/customobjects/car_c/describe.json?_method=GET', 'application/x-www-form-urlencoded', 'x=' . 'y' x 1100000)->code, 413,
    'a body of more than 1 MB that is no file is too large';

# What real clients send.
is DSMarketo::outcome(ask(GET => '/rest/../bulk/v1/customobjects/car_c/import/' . $batch . '/status.json')), 'success', 'a path with dots is understood';
is DSMarketo::outcome(ask(GET => "//bulk//v1/customobjects/car_c/import/$batch/status.json")), 'success', 'and one with doubled slashes';
is DSMarketo::outcome(ask(GET => "/rest/bulk/v1/customobjects/car_c/import/$batch/status.json")), 'success', 'and one below the endpoint of rest';
is DSMarketo::outcome(ask(GET => "$import/$batch/status.json", 'application/json', '{"a":1}')), 'success', 'a GET may have a body';
is DSMarketo::outcome(ask(POST => "$import/$batch/status.json?_method=GET", 'application/x-www-form-urlencoded', 'a=b')), 'success',
    'a POST may mean a GET';
is ask(HEAD => "$import/$batch/status.json")->code, 200, 'HEAD works';
is ask(GET => '/rest/v1/customobjects/car_c.json?filterType=vin&filterValues=' . 'x' x 9000)->code, 414, 'an address that is too long is told so by HTTP';
is DSMarketo::outcome(ask(POST => '/rest/v1/customobjects/car_c.json?_method=GET', 'application/x-www-form-urlencoded',
    'filterType=vin&filterValues=' . 'x' x 9000)), 'success', 'and may come as a POST';

# Leads.
my $status = DSMarketo::json($client->get("/bulk/v1/leads/batch/$leads.json"))->{result}[0];
is_deeply [@$status{qw(batchId status numOfLeadsProcessed numOfRowsFailed numOfRowsWithWarning message)}],
    [$leads, 'Complete', 1, 0, 0, 'Import succeeded, 1 records imported (1 members)'], 'a batch of leads has the members of leads';
for (['success', 'the key', 'Email'], ['1011', 'another field', 'firstName'], ['1011', 'no field', 'id']) {
    my ($outcome, $name, $field) = @$_;
    is DSMarketo::outcome($client->upload("/bulk/v1/leads.json?format=csv&lookupField=$field&listId=7", "email\na\@b.example\n")), $outcome,
        "leads are found by their key, or not at all: $name";
}
my $imported = DSMarketo::json($client->upload('/bulk/v1/leads.json?format=csv', "email,firstName\nc\@d.example,C\nnobody,D\n"))->{result}[0];
is $imported->{importId}, "$imported->{batchId}", 'leads are imported by their own address, with an id of both kinds';
is $client->ended($imported->{batchId}, "/bulk/v1/leads/batch/$imported->{batchId}.json")->{result}[0]{message},
    'Import completed with errors, 1 records imported (1 members), 1 failed', 'with the message of the service';
is $client->get("/bulk/v1/leads/batch/$imported->{batchId}/failures.json")->content,
    "email,firstName,Import Failure Reason\nnobody,D,Invalid email address\n", 'and its failures';
finish($server, qr/DS0200/, qr/DS0051/);
done_testing;
