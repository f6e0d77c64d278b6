# The bulk extract of custom objects and leads. What is wrong here reaches a partner's other systems.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSRead;
use DSTest;
use Apache::Test '-withtestmore';
use Digest::SHA qw(sha256_hex);
use HTTP::Request;
use HTTP::Request::Common qw(POST);
use JSON::PP;
use POSIX qw(strftime);

my $server = server();
my $client = DSMarketo->new($server, objects => ['car_c', 'lead', 'idle']);
my $cars = '/bulk/v1/customobjects/car_c/export';
my $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
my $span = {startAt => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time - 86400), endAt => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time + 86400)};

sub post {
    my ($path, $data, %how) = @_;
    my $request = HTTP::Request->new(POST => $server->url($path),
        [Authorization => 'Bearer ' . ($how{client} || $client)->token, 'Content-Type' => $how{type} // 'application/json'],
        ref $data ? encode_json($data) : $data // '');
    return $server->{agent}->request($request);
}

sub create {
    my ($path, %order) = @_;
    return DSMarketo::json(post("$path/create.json", {filter => {updatedAt => $span}, %order}))->{result}[0];
}

# Create, enqueue, wait: the status.
sub extract {
    my ($path, %order) = @_;
    my $job = create($path, %order);
    DSMarketo::json(post("$path/$job->{exportId}/enqueue.json"));
    return wait_for('the end of an extract', sub {
        my $now = DSMarketo::json($client->get("$path/$job->{exportId}/status.json"))->{result}[0];
        return $now->{status} =~ /^(?:Completed|Failed|Cancelled)$/ ? $now : 0;
    });
}

sub file { my ($path, $job) = @_; return $client->get("$path/$job->{exportId}/file.json")->content }

$server->write('DELETE FROM car_c');
$client->import_run("vin,color,make\nX1,red,\"B, W\"\nX2,,\nHIDDEN,x,y\n");
my $created = create($cars, fields => ['vin', 'color', 'make', 'updatedAt', 'createdAt', 'marketoGUID'], columnHeaderNames => {vin => 'Number', make => 'Maker'});
is_deeply [map { $created->{$_} } qw(status format)], ['Created', 'CSV'], 'a job is created';
like $created->{exportId}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'with a UUID';
like $created->{createdAt}, $time, 'and the time';
my $at = "$cars/$created->{exportId}";
is $client->get("$at/file.json")->code, 404, 'a job that was not queued has no file';
unlike $client->get("$at/file.json")->header('Content-Type'), qr/json/, 'which is told in plain text';
my $queued = DSMarketo::json($client->{server}{agent}->request(
    POST($server->url("$at/enqueue.json"), [_method => 'POST'], Authorization => 'Bearer ' . $client->token)))->{result}[0];
like $queued->{status}, qr/^(?:Queued|Processing|Completed)$/, 'it is queued';
like $queued->{queuedAt}, $time, 'with the time';
my $done = wait_for('the end', sub {
    my $now = DSMarketo::json($client->get("$at/status.json"))->{result}[0];
    return $now->{status} eq 'Completed' ? $now : 0;
});
like join(' ', @$done{qw(createdAt queuedAt startedAt finishedAt)}), qr/^(?:\S+Z ?){4}$/, 'all times are told';
my $file = $client->get("$at/file.json");
is $file->header('Content-Type'), 'text/csv', 'the file is CSV';
is $done->{numberOfRecords}, 2, 'the number of records is true';
is $done->{fileSize}, length $file->content, 'the size of the file is true';
is $done->{fileChecksum}, 'sha256:' . sha256_hex($file->content), 'its checksum is true';
my ($header, @rows) = csv_read($file->content);
is_deeply $header, ['Number', 'color', 'Maker', 'updatedAt', 'createdAt', 'marketoGUID'], 'columns have the wanted names, in their order';
@rows = sort { $a->[0] cmp $b->[0] } @rows;
is_deeply [map { [@$_[0 .. 2]] } @rows], [['X1', 'red', 'B, W'], ['X2', 'null', 'null']], 'records are there, empty values as null; what the sync hides is not';
like join(' ', map { @$_[3, 4] } @rows), qr/^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ?){4}$/, 'times of each record';
like $rows[0][5], qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'and an id';
isnt $rows[0][5], $rows[1][5], 'of its own';
my $piece = $client->get("$at/file.json", Range => 'bytes=0-5');
is join(' ', $piece->code, $piece->content, $piece->header('Content-Range')), "206 Number bytes 0-5/$done->{fileSize}", 'the file comes in pieces';

for (['TSV', "\t"], ['ssv', ';']) {
    my ($format, $delimiter) = @$_;
    my $job = extract($cars, fields => ['vin', 'color'], format => $format);
    is $job->{format}, uc $format, "$format is remembered";
    is_deeply [sort map { $_->[0] } csv_read(file($cars, $job), $delimiter)], ['X1', 'X2', 'vin'], "$format is written";
}

# Time.
$server->write("UPDATE car_c SET _updated_at = '2022-01-10T00:00:00Z', _created_at = '2022-01-05T00:00:00Z' WHERE vin = 'X1'");
my $vins = sub {
    my (%filter) = @_;
    return join ' ', sort grep { $_ ne 'vin' } map { $_->[0] } csv_read(file($cars, extract($cars, fields => ['vin'], filter => \%filter)));
};
is $vins->(updatedAt => {startAt => '2022-01-01T00:00:00Z', endAt => '2022-01-20T00:00:00Z'}), 'X1', 'updatedAt chooses';
is $vins->(updatedAt => {startAt => '2022-01-10T00:00:00Z', endAt => '2022-01-10T00:00:00Z'}), 'X1', 'both ends are part of it';
is $vins->(updatedAt => {startAt => '2022-01-10T02:00:00+02:00', endAt => '2022-01-10T02:00:00+02:00'}), 'X1', 'in any zone';
is $vins->(createdAt => {startAt => '2022-01-06T00:00:00Z', endAt => '2022-01-20T00:00:00Z'}), '', 'createdAt is another time';
is $vins->(createdAt => {startAt => '2022-01-01T00:00:00Z', endAt => '2022-01-06T00:00:00Z'}), 'X1', 'which chooses too';
is $vins->(updatedAt => $span), 'X2', 'what was changed now is chosen now';
is $vins->(updatedAt => {startAt => $span->{startAt}}), 'X2', 'also by a filter without an end';
is $vins->(createdAt => {startAt => '2022-01-01T00:00:00Z', endAt => '2022-02-01T00:00:00Z'}), 'X1', 'a filter may span 31 days';

# Leads.
$client->import_run("email,firstName\nl\@x.example,L\n", object => 'lead');
my $leads = extract('/bulk/v1/leads/export', fields => ['email', 'firstName', 'score']);
like file('/bulk/v1/leads/export', $leads), qr/^email,firstName,score\r?\n(?:.*\n)*l\@x\.example,L,null\r?\n/, 'leads are extracted by their own address';

# What is refused.
my %good = (fields => ['vin'], filter => {updatedAt => $span});
for (['1002', 'no fields', {%good, fields => []}], ['1006', 'an unknown field', {%good, fields => ['vin', 'wheels']}],
     ['1002', 'no filter', {fields => ['vin']}], ['1035', 'a filter by lists', {%good, filter => {staticListId => 1}}],
     ['1001', 'an unknown format', {%good, format => 'XML'}], ['704', 'a time that is none', {%good, filter => {updatedAt => {startAt => 'now'}}}],
     ['1003', 'more than 31 days', {%good, filter => {updatedAt => {startAt => '2022-01-01T00:00:00Z', endAt => '2022-03-01T00:00:00Z'}}}],
     ['1003', 'an end before the beginning', {%good, filter => {updatedAt => {startAt => '2022-01-02T00:00:00Z', endAt => '2022-01-01T00:00:00Z'}}}],
     ['609', 'no JSON', '{'], ['609', 'JSON that is no object', '[]'], ['1001', 'a column without a name', {%good, columnHeaderNames => {vin => "a\nb"}}]) {
    my ($code, $name, $body) = @$_;
    is DSMarketo::outcome(post("$cars/create.json", $body)), $code, "refused: $name";
}
is DSMarketo::outcome(post("$cars/create.json", '{}', type => 'text/plain')), '612', 'refused: another type';
is DSMarketo::outcome(post('/bulk/v1/customobjects/idle/export/create.json', \%good)), '703', 'refused: an object without an export';
is DSMarketo::outcome(post('/bulk/v1/customobjects/nothing/export/create.json', \%good)), '1013', 'refused: an unknown object';
is DSMarketo::outcome(post("$at/enqueue.json")), '1029', 'refused: to queue a job a second time';
is DSMarketo::outcome(post("$at/cancel.json")), '1029', 'refused: to cancel one that has completed';
is DSMarketo::outcome($client->get("$cars/00000000-0000-0000-0000-000000000000/status.json")), '1013', 'refused: an unknown job';
is DSMarketo::outcome($client->get("/bulk/v1/leads/export/$done->{exportId}/status.json")), '1013', 'refused: a job of another object';
my $stranger = DSMarketo->new($server, objects => ['*']);
is DSMarketo::outcome($stranger->get("$at/status.json")), '1013', 'a job is seen by the client that made it alone';
is $stranger->get("$at/file.json")->code, 404, 'and so is its file';
is DSMarketo::outcome(post("$at/cancel.json", undef, client => $stranger)), '1013', 'nobody else cancels it';

# Cancel, and the limits of the queue.
my $unwanted = create($cars, fields => ['vin']);
is DSMarketo::json(post("$cars/$unwanted->{exportId}/cancel.json"))->{result}[0]{status}, 'Cancelled', 'a job can be cancelled before it is queued';
is DSMarketo::outcome(post("$cars/$unwanted->{exportId}/enqueue.json")), '1029', 'and then not be queued';
$server->workers_halt;
my @jobs = map { create($_ % 2 ? $cars : '/bulk/v1/leads/export', fields => [$_ % 2 ? 'vin' : 'email']) } 1 .. 11;
my @outcomes = map { DSMarketo::outcome(post(($_ % 2 ? $cars : '/bulk/v1/leads/export') . "/$jobs[$_ - 1]{exportId}/enqueue.json")) } 1 .. 11;
is join(' ', @outcomes), join(' ', ('success') x 10, '1029'), 'ten jobs of all objects may wait';
is DSMarketo::json(post("$cars/$jobs[0]{exportId}/cancel.json"))->{result}[0]{status}, 'Cancelled', 'one that waits can be cancelled';
is DSMarketo::outcome(post("$cars/$jobs[10]{exportId}/enqueue.json")), 'success', 'which makes room';
$server->workers_continue;
wait_for('the end of all', sub { !$server->value("SELECT count(*) AS n FROM ds_launch WHERE kind = 'export' AND finished_at IS NULL") });

# The list.
my $list = sub { return DSMarketo::json($client->get("$cars.json" . ($_[0] // ''))) };
my @all = @{$list->()->{result}};
cmp_ok scalar @all, '>=', 16, 'all jobs of the object are listed';
is_deeply [grep { $_->{exportId} eq $done->{exportId} } @all], [$done], 'each as its status shows it';
is_deeply [sort { $a cmp $b } map { $_->{exportId} } @{$list->('?status=Cancelled')->{result}}],
    [sort { $a cmp $b } $unwanted->{exportId}, $jobs[0]{exportId}], 'or those of one state';
is scalar @{$list->('?status=canceled&status=completed')->{result}}, scalar @all, 'or of several, in either spelling';
is scalar @{$list->('?status=Canceled,COMPLETED')->{result}}, scalar @all, 'with commas too';
is scalar @{$list->('?status=Failed')->{result}}, 0, 'or none';
is DSMarketo::outcome($client->get("$cars.json?status=Done")), '1001', 'a state that is none is refused';
is DSMarketo::outcome($client->get("$cars.json?batchSize=301")), '1001', 'and so is a page that is too large';
my (@paged, $token);
do {
    my $page = $list->('?batchSize=5' . (defined $token ? "&nextPageToken=$token" : ''));
    push @paged, @{$page->{result}};
    $token = $page->{nextPageToken};
} while (defined $token);
is_deeply [map { $_->{exportId} } @paged], [map { $_->{exportId} } @all], 'page by page it is the same list';

# The sync's own exports are not touched by jobs.
my $server_token = $server->token('car-export');
is $server->get('/api/data-sync/export/car-export', token => $server_token)->code, 404, 'a job is no export of the sync';
is $server->json_get('/api/data-sync/car-export', token => $server_token)->{'latest-launch'}{status}, 'finished', 'but a launch of it';
$server->write("UPDATE ds_launch SET finished_at = finished_at - 8 * 86400000000 WHERE uuid = '$done->{exportId}'");
is $client->get("$at/file.json")->code, 404, 'after seven days the file is gone';
is DSMarketo::json($client->get("$at/status.json"))->{result}[0]{status}, 'Completed', 'and the status is still there';
# A token in the form.
my $waiting = create($cars, fields => ['vin']);
for (['600', 'no token'], ['601', 'a bad token', access_token => 'x'], ['success', 'the token', access_token => $client->token]) {
    my ($outcome, $name, @form) = @$_;
    is DSMarketo::outcome($server->{agent}->request(POST($server->url("$cars/$waiting->{exportId}/cancel.json"), [@form, _method => 'POST']))), $outcome,
        "to cancel a job with $name in the form";
}
$server->ctl('sync', 'disable', 'car-export');
is DSMarketo::outcome(post("$cars/" . create($cars, fields => ['vin'])->{exportId} . '/enqueue.json')), '703', 'refused: to queue a job of a disabled sync';
$server->ctl('sync', 'enable', 'car-export');
finish($server);
done_testing;
