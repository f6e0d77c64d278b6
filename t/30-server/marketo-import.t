# The bulk import of custom objects, as the document shows it. A difference here breaks a client that was written
# for Marketo.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;

my $server = server();
my $client = DSMarketo->new($server, objects => ['car_c', 'sample']);
my $import = '/bulk/v1/customobjects/car_c/import.json';

# Byte for byte, but for ids and times.
sub same_but_ids {
    my ($response) = @_;
    my $text = $response->content;
    $text =~ s/"requestId":"[0-9a-f]{1,4}#[0-9a-f]{11}"/"requestId":"R"/;
    $text =~ s/"batchId":\d+/"batchId":N/;
    $text =~ s/"importTime":"\d+ second\(s\)"/"importTime":"T"/;
    $text =~ s/"(\w+At)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/"$1":"W"/g;
    return $text;
}

my $accepted = $client->upload("$import?format=csv", three_cars(), filename => 'custom_object_import.csv');
is $accepted->code, 200, 'a file is accepted';
like $accepted->header('Content-Type'), qr{^application/json}, 'as JSON';
is same_but_ids($accepted), '{"requestId":"R","result":[{"batchId":N,"status":"Queued","objectApiName":"car_c"}],"success":true}',
    'the answer is the one of the document';
my $id = DSMarketo::json($accepted)->{result}[0]{batchId};
my $done = "/bulk/v1/customobjects/car_c/import/$id/";
$server->launch_ended($id);
is same_but_ids($client->get("${done}status.json")),
    '{"requestId":"R","result":[{"batchId":N,"operation":"import","status":"Complete","objectApiName":"car_c","numOfObjectsProcessed":3,'
    . '"numOfRowsFailed":0,"numOfRowsWithWarning":0,"importTime":"T","message":"Import succeeded, 3 records imported (3 members)"}],"success":true}',
    'the status of three good records is the one of the document';
is $server->value("SELECT make || model AS car FROM car_c WHERE vin = 'WBA4R7C55HK895912'"), 'bmw2002', 'the records are there';
for my $file (qw(failures warnings)) {
    is $client->get("$done$file.json")->code, 404, "a batch without $file has no such file";
}

(my $spaced = three_cars()) =~ s/,vin/, vin/;
my $bad = DSMarketo::json($client->upload("$import?format=csv", $spaced))->{result}[0]{batchId};
$server->launch_ended($bad);
is same_but_ids($client->get("/bulk/v1/customobjects/car_c/import/$bad/status.json")),
    '{"requestId":"R","result":[{"batchId":N,"operation":"import","status":"Complete","objectApiName":"car_c","numOfObjectsProcessed":0,'
    . '"numOfRowsFailed":3,"numOfRowsWithWarning":0,"importTime":"T","message":"Import completed with errors, 0 records imported (0 members), 3 failed"}],'
    . '"success":true}', 'the status of a file without its key is the one of the document';
my $failures = $client->get("/bulk/v1/customobjects/car_c/import/$bad/failures.json");
is $failures->content, "color,make,model, vin,Import Failure Reason\nred,bmw,2002,WBA4R7C55HK895912,missing.dedupe.fields\n"
    . "yellow,bmw,320i,WBA4R7C30HK896061,missing.dedupe.fields\nblue,bmw,325i,WBS3U9C52HP970604,missing.dedupe.fields\n",
    'its failures are those of the document, byte for byte';
is $failures->header('Content-Type'), 'text/csv', 'as CSV, which clients go by';
my $piece = $client->get("/bulk/v1/customobjects/car_c/import/$bad/failures.json", Range => 'bytes=0-4');
is $piece->code . ' ' . $piece->content, '206 color', 'and in pieces';

is same_but_ids($client->get('/rest/v1/customobjects/car_c/describe.json')),
    '{"requestId":"R","result":[{"name":"car_c","displayName":"Car","description":"It\'s a car.","createdAt":"W","updatedAt":"W",'
    . '"idField":"marketoGUID","dedupeFields":["vin"],"searchableFields":[["vin"],["marketoGUID"]],"fields":['
    . '{"name":"createdAt","displayName":"Created At","dataType":"datetime","updateable":false},'
    . '{"name":"marketoGUID","displayName":"Marketo GUID","dataType":"string","length":36,"updateable":false},'
    . '{"name":"updatedAt","displayName":"Updated At","dataType":"datetime","updateable":false},'
    . '{"name":"color","displayName":"Color","dataType":"string","length":255,"updateable":true},'
    . '{"name":"make","displayName":"Make","dataType":"string","length":255,"updateable":true},'
    . '{"name":"model","displayName":"Model","dataType":"string","length":255,"updateable":true},'
    . '{"name":"vin","displayName":"VIN","dataType":"string","length":255,"updateable":true}]}],"success":true}',
    'the description of the object is the one of the document';
my $list = DSMarketo::json($client->get('/rest/v1/customobjects.json'));
is join(' ', sort map { $_->{name} } @{$list->{result}}), 'car_c sample', 'the objects of the client are listed, no others';
$list = DSMarketo::json($client->get('/rest/v1/customobjects.json?names=car_c,nothing'));
is join(' ', map { $_->{name} } @{$list->{result}}), 'car_c', 'or those that are named';
ok !exists $list->{result}[0]{fields}, 'without their fields';

# While it runs.
$server->rows_slow('marketo_slow', 'BEFORE INSERT ON car_c', $server->{database}->by_database(150_000, 50_000), "new.vin LIKE 'SLOW%'");
my $slow = DSMarketo::json($client->upload("$import?format=csv", "vin,color\n,red\n" . join '', map { "SLOW$_,red\n" } 1 .. 200_000))->{result}[0]{batchId};
my $running = wait_for('a batch that runs', sub {
    my $now = DSMarketo::json($client->get("/bulk/v1/customobjects/car_c/import/$slow/status.json"))->{result}[0];
    return $now->{status} ne 'Queued' && $now;
});
is $running->{status}, 'Importing', 'a batch that runs says so';
is join(' ', map { $running->{$_} // 'none' } qw(batchId operation objectApiName importTime message)), "$slow import car_c none none", 'and what it is';
is $client->get("/bulk/v1/customobjects/car_c/import/$slow/failures.json")->code, 404, 'its failures can be had when they are complete';
wait_for('a batch that has stored its failures', sub { $server->value("SELECT rows_failed FROM ds_launch WHERE id = $slow") });
wait_for('an order to cancel it', sub { !$server->ctl_refused('launch', 'cancel', $slow) });    # unless the database is busy
$server->launch_ended($slow);
is $client->get("/bulk/v1/customobjects/car_c/import/$slow/failures.json")->code, 200, 'also of one that was cancelled';
$server->write($server->{database}->by_database('DROP TRIGGER marketo_slow', 'DROP TRIGGER marketo_slow ON car_c'));

# Formats.
my %file = (csv => ',', tsv => "\t", ssv => ';');
for my $format (sort keys %file) {
    (my $text = three_cars()) =~ s/,/$file{$format}/g;
    for my $spelt ($format, uc $format) {
        is $client->import_run($text, query => "?format=$spelt")->{numOfObjectsProcessed}, 3, "format=$spelt in the address is read";
    }
    is $client->import_run($text, before => [[format => $format]])->{numOfObjectsProcessed}, 3, "format=$format as a part before the file too";
    is $client->import_run($text, after => [[format => $format]])->{numOfObjectsProcessed}, 3, "format=$format behind the file too";
}
is $client->import_run("a;b,vin\n1;2,F1\n")->{message},
    'Import succeeded, 1 records imported (1 members); ignored: column 1 "a;b"', 'without a format it is csv, whatever the header looks like';
for my $type ('text/csv', 'application/octet-stream', 'application/vnd.ms-excel', undef) {
    is $client->import_run(three_cars(), type => $type)->{status}, 'Complete', 'the type of the part does not matter: ' . ($type // 'none');
}

is $client->import_run("\xef\xbb\xbfvin,color\nBOM1,red\n")->{numOfObjectsProcessed}, 1, 'a byte order mark is no part of a name';

# Rows.
my $rows = $client->import_run("vin,color,wheels\nR1,red,4\nR2,@{['x' x 256]},4\n,red,4\nR3,blue,4\nR1,green,4\n");
is_deeply [@$rows{qw(numOfObjectsProcessed numOfRowsFailed numOfRowsWithWarning)}], [3, 2, 1], 'each row is counted once, as what it is';
is $rows->{message}, 'Import completed with errors, 3 records imported (3 members), 2 failed, 1 warning.; ignored: column 3 "wheels"',
    'a column that is no field is named once';
is $server->value("SELECT color FROM car_c WHERE vin = 'R1'"), 'green', 'of two rows with one key the last one wins';
my $batch = "/bulk/v1/customobjects/car_c/import/$rows->{batchId}";
is $client->get("$batch/warnings.json")->content, "vin,color,wheels,Import Warning Reason\nR1,green,4,Duplicate object found in input\n",
    'and has a warning';
is $client->get("$batch/failures.json")->content,
    "vin,color,wheels,Import Failure Reason\nR2,@{['x' x 256]},4,Value too long in field Color\n,red,4,missing.dedupe.fields\n",
    'each failure has its reason';
my @typed = ([amount => '1.5', 'Invalid data type in field amount'], [price => 'much', 'Invalid data type in field price'],
             [active => 'perhaps', 'Invalid data type in field active'], [born => '2022-02-30', 'Invalid data type in field born'],
             [seen => 'yesterday', 'Invalid data type in field seen'], [mail => 'nobody', 'Invalid email address'],
             [phone => 'call', 'Invalid data type in field phone'], [link => 'ftp:x', 'Invalid data type in field link'],
             [note => "\xff", 'Invalid data']);
for (@typed) {
    my ($field, $value, $reason) = @$_;
    my $status = $client->import_run("id,$field\nV1,$value\n", object => 'sample');
    is $client->get("/bulk/v1/customobjects/sample/import/$status->{batchId}/failures.json")->content,
        "id,$field,Import Failure Reason\nV1,$value,$reason\n", "a wrong $field is named as clients know it";
}
my $own = $client->import_run("vin,createdAt,marketoGUID\nW1,2020-01-01,\nW2,,\n");
is_deeply [@$own{qw(numOfObjectsProcessed numOfRowsWithWarning)}], [2, 1], 'a column that nobody may fill is passed over';
is $client->get("/bulk/v1/customobjects/car_c/import/$own->{batchId}/warnings.json")->content,
    "vin,createdAt,marketoGUID,Import Warning Reason\nW1,2020-01-01,,Field createdAt is read only\n", 'with a warning where it is filled';
my $empty = $client->import_run('');
is $empty->{status}, 'Failed', 'a file that cannot be read is a failed batch';
like $empty->{message}, qr/empty/, 'and says why';
finish($server);
done_testing;
