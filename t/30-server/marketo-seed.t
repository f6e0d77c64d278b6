# The command lines and the raw request of Marketo's own document, to the letter. A partner copies them from there.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use File::Temp qw(tempdir);
use JSON::PP;

my $server = server();
my $client = DSMarketo->new($server);
my $dir = tempdir(CLEANUP => 1);
open my $out, '>', "$dir/custom_object_import.csv" or die $!;
print {$out} three_cars();
close $out or die $!;

# curl, as it stands there but for the two things in angle brackets.
my $line = q(curl -X POST -i -F format='csv' -F file='@custom_object_import.csv' -F access_token='<Access Token>' )
    . q(<REST API Endpoint URL>/bulk/v1/customobjects/car_c/import.json);
for my $endpoint ($server->url(''), $server->url('/rest')) {
    (my $command = $line) =~ s/<Access Token>/$client->token/e;
    $command =~ s/<REST API Endpoint URL>/$endpoint/;
    my $answer = `cd $dir && $command --silent --max-time 60`;
    like $answer, qr{^HTTP/1\.1 200 }, 'the command line of the document is answered';
    my ($body) = $answer =~ /\r\n\r\n(\{.*\})\z/s;
    my $result = decode_json($body // '{}')->{result}[0];
    is_deeply [@$result{qw(status objectApiName)}], ['Queued', 'car_c'], 'as the document says';
    is $client->ended($result->{batchId})->{result}[0]{message}, 'Import succeeded, 3 records imported (3 members)', 'and comes to its end';
}

# The raw request, with the boundary of the document.
my $boundary = '----WebKitFormBoundaryXjWP6BP8Ciq6bPeo';
(my $csv = three_cars()) =~ s/\n\z//;
my $body = join "\r\n", "--$boundary", 'Content-Disposition: form-data; name="file"; filename="custom_object_import.csv"', 'Content-Type: text/csv', '',
    $csv, "--$boundary--", '';

sub raw {
    my ($headers, $sent) = @_;
    my $socket = $server->socket_open;
    print {$socket} join("\r\n", 'POST /bulk/v1/customobjects/car_c/import.json?format=csv HTTP/1.1', @$headers,
        "Content-Type: multipart/form-data; boundary=$boundary", 'Host: 123-abc-456.mktorest.com', 'Authorization: Bearer ' . $client->token,
        'Connection: close', '', ''), $sent;
    local $/;
    my $answer = <$socket>;
    my ($json) = $answer =~ /(\{"requestId".*\})/s or return {fault => $answer};
    return decode_json($json);
}

my $chunked = join '', (map { sprintf "%x\r\n%s\r\n", length, $_ } $body =~ /(.{1,100})/gs), "0\r\n\r\n";
for (['both headers of the sample, and chunks', ['Transfer-Encoding: chunked', 'Content-Length: 290'], $chunked],
     ['chunks alone', ['Transfer-Encoding: chunked'], $chunked],
     ['a length alone', ['Content-Length: ' . length $body], $body]) {
    my ($name, $headers, $sent) = @$_;
    my $answer = raw($headers, $sent);
    is $answer->{result}[0]{status}, 'Queued', "$name: accepted" or diag explain $answer;
    my $id = $answer->{result}[0]{batchId} or next;
    is $client->ended($id)->{result}[0]{numOfObjectsProcessed}, 3, "$name: three records";
    is $server->launch_file($id, 'input'), $csv, "$name: the file is kept byte for byte";
}

# One engine: what one protocol begins, the other one shows.
my $mine = $client->import_run(three_cars());
my $shown = $server->json_get('/api/data-sync/car-import', token => $server->token('car-import'))->{'latest-launch'};
is_deeply [@$shown{qw(id status)}], [$mine->{batchId}, 'finished'], 'a batch of Marketo is the latest launch of the sync for Prisma';
is $shown->{'status-message'}, '3 rows imported', 'with its message';
my $token = $server->token('car-import');
is $server->json_get('/api/data-sync/car-import/latest-launches', token => $token)->[0]{id}, $mine->{batchId}, 'and in its list';
is $server->get("/api/data-sync/car-import/$mine->{batchId}/download", token => $token)->content, three_cars(), 'and its file';
my $theirs = $server->import_run('car-import', "vin,color\nP1,red\n,blue\n", token => $token);
my $status = DSMarketo::json($client->get("/bulk/v1/customobjects/car_c/import/$theirs->{id}/status.json"))->{result}[0];
is_deeply [@$status{qw(batchId operation status objectApiName numOfObjectsProcessed numOfRowsFailed numOfRowsWithWarning message)}],
    [$theirs->{id}, 'import', 'Complete', 'car_c', 1, 1, 0, 'Import completed with errors, 1 records imported (1 members), 1 failed'],
    'a launch of Prisma is a batch for Marketo';
is $client->get("/bulk/v1/customobjects/car_c/import/$theirs->{id}/failures.json")->content,
    $server->get("/api/data-sync/car-import/$theirs->{id}/failures", token => $token)->content, 'with the same failures';
$server->workers_halt;
my $waiting = DSMarketo::json($client->upload('/bulk/v1/customobjects/car_c/import.json', three_cars()))->{result}[0]{batchId};
is $server->json_get('/api/data-sync/car-import', token => $token)->{'latest-launch'}{status}, 'scheduled', 'a Queued batch is a scheduled launch';
$server->ctl('launch', 'cancel', $waiting);
$server->workers_continue;
$status = DSMarketo::json($client->get("/bulk/v1/customobjects/car_c/import/$waiting/status.json"))->{result}[0];
is $status->{status}, 'Failed', 'a batch that was cancelled is Failed';
like $status->{message}, qr/^Cancelled by user/, 'and says so';
finish($server);
done_testing;
