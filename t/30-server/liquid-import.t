# Batch imports of the protocol Liquid, as its clients send them. What fails here, a partner's script gets as a wrong
# answer, or as records that lack what they had.
use strict;
use warnings FATAL => 'all';
use DSBraze;
use DSLiquid;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(POST);
use JSON::PP;

my $node = DSNode->start(config => liquid_config());
my $liquid = DSLiquid->new($node, objects => [qw(car_c part lead idle)]);
my $cars = "color,make,model,vin\nred,bmw,2002,LQ1\nyellow,bmw,320i,LQ2\nblue,bmw,325i,LQ3\n";
my $uuid = qr/\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;

sub car {
    my ($vin) = @_;
    my ($row) = $node->rows("SELECT color, make, model FROM car_c WHERE vin = '$vin'");
    return $row ? join '|', map { $_ // '-' } @$row{qw(color make model)} : 'none';
}

# The answer at the acceptance, and at the end.
$node->workers_halt;
my $response = $liquid->import_send($cars, notificationEmail => 'someone@example.com', merge => 'False');
is $response->header('Content-Type'), 'application/json', 'the answer is JSON';
my $job = DSLiquid::json($response);
is join(' ', sort keys %$job), 'contentType itemType jobId jobName notificationEmail reason recordsProcessed runTime status submitTime',
    'with every field of the document';
is_deeply [@$job{qw(jobName contentType itemType notificationEmail)}], ['Import Job', 'plain/text', 'car_c', 'someone@example.com'],
    'what was sent is told again as it was sent';
like $job->{jobId}, $uuid, 'the job has a UUID';
like $job->{submitTime}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000\z/, 'its time has the form of the document';
is_deeply [@$job{qw(status recordsProcessed runTime reason)}],
    ['Accepted', '0', '0', 'The file has been stored and the job is ready for processing'], 'it is accepted, in the words of the document';
like $response->content, qr/"recordsProcessed":"0","runTime":"0"/, 'numbers are texts';
is_deeply $liquid->status($job->{jobId}), $job, 'asked for, it is the same';
$node->workers_continue;
my $ended = $liquid->ended($job->{jobId});
is_deeply [@$ended{qw(status recordsProcessed reason)}], ['Completed', '3', '3 rows imported'], 'it comes to its end';
like $ended->{runTime}, qr/\A\d+\z/, 'with the milliseconds that it took';
is car('LQ2'), 'yellow|bmw|320i', 'and its records are there';
is $node->get("/api/data-sync/car-import/" . $node->launch_newest('car-import')->{id} . '/download',
              token => $node->token('car-import'))->content, $cars, 'Prisma has the file as it was sent';

# Every spelling.
my $n = 100;
for (['headerRow true', headerRow => 'true'], ['rowHeader', headerRow => undef, rowHeader => '1'], ['yes', headerRow => 'Yes'],
     ['text/plain', contentType => 'text/plain'], ['text/csv', contentType => 'text/csv'], ['a charset', contentType => 'text/plain; charset=utf-8'],
     ['another case of the item type', itemType => 'CAR_C'], ['no name', jobName => undef], ['an empty template', template => ''],
     ['template 0', template => '0'], ['an empty address', notificationEmail => ''], ['address None', notificationEmail => 'None'],
     ['an empty merge', merge => ''], ['merge True', merge => 'True'], ['merge False', merge => 'False']) {
    my ($name, @fields) = @$_;
    my $vin = 'LQ' . ++$n;
    is $liquid->import_run("vin,color\n$vin,c$n\n", @fields)->{status}, 'Completed', "import: $name";
    is car($vin), "c$n|-|-", "import: $name: its record is there";
}
my $file = [undef, 'a.csv', 'Content-Type' => 'text/plain', Content => "vin,color\nLQ90,late\n"];
my $late = DSLiquid::json($liquid->post('import', [file => $file, template => '["vin", "color"]', headerRow => 'true', itemType => 'car_c',
    contentType => 'text/plain'], how => 'form-data'));
is $liquid->ended($late->{jobId})->{status}, 'Completed', 'the file may come first, and the template as a field';
is car('LQ90'), 'late|-|-', 'and counts all the same';

# Whole records, or only what came.
$liquid->import_run("vin,color\nLQ1,green\n", merge => 'True');
is car('LQ1'), 'green|bmw|2002', 'merge: what did not come stays';
$liquid->import_run("vin,color,make\nLQ1,,audi\n", merge => 'True');
is car('LQ1'), '-|audi|2002', 'merge: what came empty is empty';
$liquid->import_run("vin,make\nLQ1,fiat\n");
is car('LQ1'), '-|fiat|-', 'else it is the whole record';
$liquid->import_run("vin,make,color\nLQ2,fiat,white\n", merge => 'False');
is car('LQ2'), 'white|fiat|-', 'also when that is said';

# Columns without names, and by a template.
$liquid->import_run("black,seat,ibiza,LQ10\n", headerRow => undef);
is car('LQ10'), 'black|seat|ibiza', 'no header: the columns are those of the item type';
is $liquid->import_run("black,seat\n", headerRow => 'False')->{reason}, '0 rows imported, 1 failed: see the failures file',
    'no header, and too few columns: the row fails';
$liquid->import_run("LQ11,x,opel\nLQ12,y,\"audi\"\n", headerRow => 'false', template => '["vin", null, "make"]');
is car('LQ11') . ' ' . car('LQ12'), '-|opel|- -|audi|-', 'a template gives the order of the columns';
$liquid->import_run("a,b,c\nLQ13,x,opel\n", template => '["vin", null, "make"]');
is car('LQ13'), '-|opel|-', 'also over a header';
$liquid->import_run("Chassis,Maker,Paint\nLQ14,saab,grey\n", template => '{"vin": "Chassis", "color": "Paint"}');
is car('LQ14'), 'grey|-|-', 'or the names of the columns';
my $failed = $liquid->import_run("LQ15,red\n,red\n", headerRow => 'false', template => '["vin","color"]');
is $failed->{recordsProcessed}, '2', 'bad rows are processed too';
my $id = $node->launch_newest('car-import')->{id};
is $node->get("/api/data-sync/car-import/$id/failures", token => $node->token('car-import'))->content,
    "vin,color,Import Failure Reason\n,red,missing.dedupe.fields\n", 'and stand in a file that names its columns';

# What is rejected: with a status, and a reason that names the parameter.
for (['no item type', qr/^itemType: it is missing/, itemType => undef], ['an unknown one', qr/^itemType: there is no such/, itemType => 'nothing'],
     ['one of somebody else', qr/^itemType: there is no such/, itemType => 'stock'],
     ['one that is not imported', qr/^itemType: items of this type cannot be imported/, itemType => 'idle'],
     ['no content type', qr/^contentType: it is missing/, contentType => undef], ['another one', qr/^contentType: /, contentType => 'image/png'],
     ['no address', qr/^notificationEmail: /, notificationEmail => 'someone'],
     ['a line more in the address', qr/^notificationEmail: /, notificationEmail => "a\@example.com\nBcc: b\@example.com"],
     ['a switch that is none', qr/^merge: /, merge => 'perhaps'], ['a header that is none', qr/^headerRow: /, headerRow => '2'],
     ['a long name', qr/^jobName: /, jobName => 'x' x 256], ['a name that is no text', qr/^jobName: /, jobName => "\xff"],
     ['a template that is none', qr/^template: write it as JSON/, template => '#foreach($i in $items)$i.vin#end'],
     ['a template without the key', qr/^template: it leaves out a field of the key/, template => '["color"]'],
     ['a template with a strange field', qr/^template: it names a field/, template => '["vin","wheels"]'],
     ['a template with a number', qr/^template: a list holds/, template => '["vin",3]'],
     ['names without a header', qr/^template: names of columns need/, template => '{"vin":"V"}', headerRow => undef]) {
    my ($name, $reason, @fields) = @$_;
    my $before = $node->value('SELECT count(*) AS n FROM car_c');
    my $rejected = DSLiquid::json($liquid->import_send("vin\nLQ99\n", @fields));
    is $rejected->{status}, 'Rejected', "$name: rejected";
    like $rejected->{reason}, $reason, "$name: and the reason says why";
    like $rejected->{jobId}, $uuid, "$name: under a UUID";
}
is car('LQ99'), 'none', 'nothing of what was rejected is there';
my $rejected = DSLiquid::json($liquid->import_send("vin\nLQ99\n", merge => 'perhaps', jobName => 'Wrong'));
is_deeply $liquid->status($rejected->{jobId}), $rejected, 'a job that was rejected can be asked for';
$rejected = DSLiquid::json($liquid->import_send(undef));
is "$rejected->{status}: $rejected->{reason}", 'Rejected: There is no file: send it as the part named file of multipart/form-data', 'no file';
is $liquid->import_run('')->{status}, 'Failed', 'a file without its header fails';
is $liquid->import_run("make\nbmw\n")->{status}, 'Completed', 'one without the key comes to its end, all its rows are bad';

# Jobs of others, and none.
my $reader = DSLiquid->new($node, role => 'read-only');
is DSLiquid::outcome($reader->import_send($cars)), '403 access_denied', 'who may only read imports nothing';
is $reader->status($job->{jobId})->{status}, 'Completed', 'but may ask';
my $stranger = DSLiquid->new($node, objects => ['part']);
is DSLiquid::outcome($stranger->post($_, [jobId => $job->{jobId}])), '404 not_found', "$_: another one's job does not exist" for qw(status cancel);
is DSLiquid::outcome($liquid->post('status', [jobId => $_])), '404 not_found', "job $_ does not exist"
    for '00000000-0000-4000-8000-000000000000', 'x', '1';
is DSLiquid::outcome($liquid->post('status', [])), '400 invalid_request', 'no job at all';
is $liquid->post('status', [jobId => $job->{jobId}], how => 'form-data')->code, 200, 'the form may come as multipart';
is DSLiquid::outcome($liquid->post('import', [itemType => 'car_c'])), '400 invalid_request', 'an import is no simple form';
my $disabled = $node->ctl('sync', 'disable', 'lead-import');
is DSLiquid::outcome($liquid->import_send("email\na\@example.com\n", itemType => 'lead')), '423 disabled', 'a sync that is disabled';

# Two ways to be cancelled.
$node->workers_halt;
my $waiting = DSLiquid::json($liquid->import_send($cars));
is DSLiquid::outcome($reader->post('cancel', [jobId => $waiting->{jobId}])), '403 access_denied', 'who may only read ends nothing of others';
is DSLiquid::outcome($liquid->post('cancel', [jobId => $waiting->{jobId}])), '200 Canceled', 'a job that waits is cancelled at once';
is $liquid->status($waiting->{jobId})->{status}, 'Canceled', 'and stays so';
$node->workers_continue;
$node->rows_slow('part_slow', 'BEFORE INSERT ON part', 300_000);
my $long = DSLiquid::json($liquid->import_send("sku\n" . join('', map { "LONG$_\n" } 1 .. 60_000), itemType => 'part'));
my %seen;
wait_for('records of a job that runs', sub {
    my $now = $liquid->status($long->{jobId});
    $seen{$now->{recordsProcessed}} = 1 if $now->{status} eq 'Processing' && $now->{recordsProcessed} > 0;
    return keys %seen > 1 || $now->{status} !~ /^(?:Accepted|Processing)$/;
});
cmp_ok scalar keys %seen, '>', 1, 'recordsProcessed grows while the job runs';
$node->runner_halt($node->value("SELECT id FROM ds_launch WHERE uuid = '$long->{jobId}'"));
my $braze = DSBraze->new($node);
is $braze->newest('part-import')->{job_status}, 'running', 'Braze sees the job that Liquid has begun';
is DSLiquid::outcome($liquid->post('cancel', [jobId => $long->{jobId}])), '200 Canceling', 'a job that runs is to be cancelled';
is DSLiquid::outcome($liquid->post('cancel', [jobId => $long->{jobId}])), '200 Canceling', 'asked twice is no error';
$node->workers_continue;
my $cancelled = $liquid->ended($long->{jobId});
is $cancelled->{status}, 'Canceled', 'and is';
like $cancelled->{reason}, qr/client \Q$liquid->{id}\E/, 'the reason says by whom';
is DSLiquid::outcome($liquid->post('cancel', [jobId => $long->{jobId}])), '200 Canceled', 'a job that has ended stays as it is';
is $braze->newest('part-import')->{job_status}, 'partial', 'to Braze it is partial';
$node->write($node->{database}->by_database('DROP TRIGGER part_slow', 'DROP TRIGGER part_slow ON part'));
my $prisma = $node->token('car-import');
is $node->upload('car-import', $cars, token => $prisma)->code, 200, 'a launch of Prisma';
my $foreign = $node->launch_ended($node->launch_newest('car-import')->{id});
my $shown = $liquid->status($foreign->{uuid});
is_deeply [@$shown{qw(status jobName itemType notificationEmail)}], ['Completed', 'car-import', 'car_c', ''], 'is a job as well';
$node->stop;
finish($node);
done_testing;
