# Batch exports of the protocol Liquid. What fails here, a partner gets as items that he did not ask for, or not at all.
use strict;
use warnings FATAL => 'all';
use DSLiquid;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(GET);
use JSON::PP;

my $node = DSNode->start(config => liquid_config());
my $liquid = DSLiquid->new($node, objects => [qw(part car_c idle)], role => 'read-only');
$node->import_run('part-import', "sku,name,count,price,active,made,seen\nA,\"a \"\"nut\"\"\",3,1.5,true,2024-02-29,2024-02-29T12:00:00Z\n"
    . "B,bolt,10,,false,,\nC,,3,2,,,\nD,it's,7,,yes,,\n");
my $header = "sku,name,count,price,active,made,seen\r\n";
my %row = (A => "A,\"a \"\"nut\"\"\",3,1.5,true,2024-02-29,2024-02-29T12:00:00Z\r\n", B => "B,bolt,10,,false,,\r\n", C => "C,,3,2,,,\r\n",
           D => "D,it's,7,,true,,\r\n");

# The answer, and the end.
$node->workers_halt;
my $job = DSLiquid::json($liquid->export_send);
is_deeply [@$job{qw(jobName contentType itemType notificationEmail status recordsProcessed)}],
    ['Export Job', 'text/plain', 'part', 'someone@example.com', 'Accepted', '0'], 'an export is accepted, by who may only read';
is DSLiquid::outcome($liquid->result($job->{jobId})), '404 not_found', 'there is no file yet';
is DSLiquid::outcome($liquid->post('cancel', [jobId => $job->{jobId}])), '200 Canceled', 'who has begun it may end it';
$node->workers_continue;
$job = $liquid->ended(DSLiquid::json($liquid->export_send)->{jobId});
is_deeply [@$job{qw(status recordsProcessed)}], ['Completed', '4'], 'another one comes to its end';
my $result = $liquid->result($job->{jobId});
is $result->content, join('', @row{qw(A B C D)}), 'its file has all items, and no line of names';
is $result->header('Content-Type'), 'text/csv', 'as CSV';
is $liquid->result($job->{jobId}, Range => 'bytes=2-4')->content, substr($result->content, 2, 3), 'a part of it can be had';
is $node->get('/api/data-sync/part-export/' . $node->launch_newest('part-export')->{id} . '/download')->content, $result->content,
    'Prisma has it too';

# The line of names, and who asks for what.
is $liquid->export_run(rowHeader => 'true'), $header . join('', @row{qw(A B C D)}), 'rowHeader';
is $liquid->export_run(headerRow => 'True', contentType => 'plain/text'), $header . join('', @row{qw(A B C D)}), 'headerRow';
is $liquid->export_run(rowHeader => 'False', contentType => 'text/csv'), join('', @row{qw(A B C D)}), 'rowHeader false';
for (['JSON', '{"count": 3, "price": 2}', 'C'], ['Python', "{'name': \"it's\"}", 'D'], ['a quote', q({'name': 'a "nut"'}), 'A'],
     ['one field', '{"count": 3}', 'AC'], ['a number as text', "{'count': '3'}", 'AC'], ['True', "{'active': True}", 'AD'],
     ['true', '{"active": true}', 'AD'], ['None', "{'price': None}", 'BD'], ['no value', '{"name": ""}', 'C'],
     ['several', "{u'count': 3, u'active': True,}", 'A'], ['a date', "{'made': '02/29/2024'}", 'A'], ['nothing', '{}', 'ABCD'],
     ['0', '0', 'ABCD'], ['None alone', 'None', 'ABCD'], ['missing', undef, 'ABCD'], ['none that holds', "{'sku': 'X'}", '']) {
    my ($name, $filters, $wanted) = @$_;
    is $liquid->export_run(filters => $filters), join('', @row{split //, $wanted}), "filters: $name";
}
is $liquid->export_run(filters => "{'sku': 'A'}", sqlQuery => '', template => '0'), $row{A}, 'empty parameters are none';
my $multipart = DSLiquid::json($liquid->post('export', [itemType => 'part', contentType => 'text/plain', filters => "{'sku': 'B'}"], how => 'form-data'));
$liquid->ended($multipart->{jobId});
is $liquid->result($multipart->{jobId})->content, $row{B}, 'the form may come as multipart';

# JSON.
my $json = $liquid->export_run(contentType => 'application/json');
is $json, "[\n{\"sku\":\"A\",\"name\":\"a \\\"nut\\\"\",\"count\":3,\"price\":1.5,\"active\":true,\"made\":\"2024-02-29\",\"seen\":\"2024-02-29T12:00:00Z\"},\n"
    . '{"sku":"B","name":"bolt","count":10,"price":null,"active":false,"made":null,"seen":null}' . ",\n"
    . '{"sku":"C","name":null,"count":3,"price":2,"active":null,"made":null,"seen":null}' . ",\n"
    . '{"sku":"D","name":"it\'s","count":7,"price":null,"active":true,"made":null,"seen":null}' . "\n]\n", 'JSON is one array of items';
is_deeply [map { $_->{sku} } @{decode_json($json)}], [qw(A B C D)], 'which a parser reads';
is_deeply decode_json($liquid->export_run(contentType => 'application/json', filters => "{'sku': 'X'}")), [], 'no item: an empty array';
is $liquid->result($liquid->ended(DSLiquid::json($liquid->export_send(contentType => 'application/json'))->{jobId})->{jobId})->header('Content-Type'),
    'application/json', 'with its type';
is join(' ', map { decode_json($_)->{sku} } split /\n/, $liquid->export_run(contentType => 'application/x-ndjson')), 'A B C D', 'or an item in each line';

# Templates.
for (['fields', '$sku: $name', "A: a \"nut\"\r\nB: bolt\r\nC: \$name\r\nD: it's\r\n"],
     ['quiet, and members', "\$item.sku;\$!data.name\r\n", "A;a \"nut\"\r\nB;bolt\r\nC;\r\nD;it's\r\n"],
     ['arithmetic and comparison', '#set($n = $count * 2)#if($n > 6 && $active)${sku}:$n#else-#end', "-\r\n-\r\n-\r\nD:14\r\n"],
     ['a constant', 'x', "x\r\n" x 4]) {
    my ($name, $template, $wanted) = @$_;
    is $liquid->export_run(template => $template), $wanted, "template: $name";
}
is $liquid->export_run(template => '$sku', rowHeader => 'true', filters => "{'sku': 'A'}"), "${header}A\r\n", 'a line of names stands above it';
my $endless = DSLiquid::json($liquid->export_send(template => '#foreach($a in [1..900])#foreach($b in [1..900])x#end#end'));
my $failed = $liquid->ended($endless->{jobId});
is $failed->{status}, 'Failed', 'a template without end fails';
like $failed->{reason}, qr/^The template failed at row 1: line \d+, column \d+: /, 'and the reason says where';
is DSLiquid::outcome($liquid->result($endless->{jobId})), '404 not_found', 'without a file';

# The conditions of the sync hold beside those of the client.
$node->upload('open-import', "vin,color\nHIDDEN,red\nSEEN,red\nBLUE,blue\n");
$node->launch_ended($node->launch_newest('open-import')->{id});
is $liquid->export_run(itemType => 'car_c', filters => "{'color': 'red'}"), "red,,,SEEN\r\n", 'what a sync hides stays hidden';
is $liquid->export_run(itemType => 'car_c', filters => "{'vin': 'HIDDEN'}"), '', 'also when it is asked for';

# A template that walks all items.
my $walk = "\$!{nothing}sku;name\n#foreach(\$item in \$items)\n#set(\$last = \$item.sku)\n\$foreach.count:\$item.sku;\$!item.data.name\n#end\nlast: \$last";
my $walked = $liquid->ended(DSLiquid::json($liquid->export_send(template => $walk))->{jobId});
is "$walked->{status} $walked->{recordsProcessed}", 'Completed 4', 'a template that walks all items comes to its end';
is $liquid->result($walked->{jobId})->content =~ s/\r//gr, "sku;name\n1:A;a \"nut\"\n2:B;bolt\n3:C;\n4:D;it's\nlast: D", 'and makes the whole file';
is $liquid->export_run(template => '#foreach($i in $items)$i.sku#if($foreach.hasNext),#end#end', rowHeader => 'true', filters => "{'count': 3}"), "${header}A,C",
    'filters and the line of names hold for it too';
is $liquid->export_run(template => '[#foreach($i in $items)#end#foreach($i in $items)$i.sku#end]'), '[]', 'items are walked once';
my $cars = 3000;
$node->upload('open-import', "vin,color\n" . join '', map { sprintf "W%05d,violet\n", $_ } 1 .. $cars);
$node->launch_ended($node->launch_newest('open-import')->{id});
is $liquid->export_run(itemType => 'car_c', filters => "{'color': 'violet'}", template => '#set($n = 0)#foreach($i in $items)#foreach($j in [1..50])#set($n = $n + 1)#end#end$n'),
    $cars * 50, 'of any number: the bounds hold for each item';
my $heavy = $liquid->ended(DSLiquid::json($liquid->export_send(template => '#foreach($i in $items)#foreach($a in [1..900])#foreach($b in [1..900])x#end#end#end'))->{jobId});
is $heavy->{status}, 'Failed', 'one that takes too long over an item fails';
like $heavy->{reason}, qr/^The template failed: line 1, column \d+: /, 'and the reason says where';

# What is rejected.
for (['no item type', qr/^itemType: it is missing/, itemType => undef], ['one of somebody else', qr/^itemType: there is no such/, itemType => 'stock'],
     ['one that is not exported', qr/^itemType: items of this type cannot be exported/, itemType => 'idle'],
     ['no content type', qr/^contentType: it is missing/, contentType => undef], ['another one', qr/^contentType: /, contentType => 'text/html'],
     ['a query', qr/^sqlQuery: it is not allowed/, sqlQuery => 'SELECT * FROM part'],
     ['a query beside filters', qr/^sqlQuery: /, sqlQuery => 'SELECT 1', filters => "{'sku': 'A'}"],
     ['a template', qr/^template: line 2, column \d+: /, template => "\$sku\n#parse('a')"], ['filters that are no map', qr/^filters: write a map/, filters => "['sku']"],
     ['filters that are broken', qr/^filters: write a map/, filters => "{'sku': 'A"], ['code', qr/^filters: write a map/, filters => "__import__('os')"],
     ['a strange field', qr/^filters: .*wheels/, filters => "{'wheels': 4}"], ['a value that does not fit', qr/^filters: .*count/, filters => "{'count': 'many'}"],
     ['a value that is none', qr/^filters: a value is/, filters => "{'count': [1, 2]}"],
     ['a text that is no UTF-8', qr/^filters: /, filters => "{'name': '\xff'}"],
     ['a header that is none', qr/^rowHeader: /, rowHeader => 'top']) {
    my ($name, $reason, @fields) = @$_;
    my $rejected = DSLiquid::json($liquid->export_send(@fields));
    is $rejected->{status}, 'Rejected', "$name: rejected";
    like $rejected->{reason}, $reason, "$name: and the reason says why";
}
my $rejected = DSLiquid::json($liquid->export_send(filters => '{'));
is_deeply $liquid->status($rejected->{jobId}), $rejected, 'an export that was rejected can be asked for';
my $stranger = DSLiquid->new($node, objects => ['car_c']);
is DSLiquid::outcome($stranger->result($job->{jobId})), '404 not_found', 'another one\'s file does not exist';
is DSLiquid::outcome($liquid->result('x')), '404 not_found', 'nor does one without a job';
is DSLiquid::outcome($node->get("/ls/api/batch/$job->{jobId}/result")), '401 invalid_token', 'nor can one be had without a token';
$node->stop;
finish($node);
done_testing;
