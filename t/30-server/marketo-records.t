# Single records of custom objects, written, removed and asked for at once. Each record has its own answer: a wrong one
# makes a client believe in data that is not there.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request;
use HTTP::Request::Common qw(POST);
use JSON::PP;

my $server = server();
my $client = DSMarketo->new($server, objects => ['part', 'sample', 'stock', 'kept', 'car_c']);
my $reader = DSMarketo->new($server, role => 'read-only', objects => ['part']);
my $parts = '/rest/v1/customobjects/part';
my $uuid = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

sub post {
    my ($path, $data, %how) = @_;
    return $server->{agent}->request(HTTP::Request->new(POST => $server->url($path),
        [Authorization => 'Bearer ' . ($how{client} || $client)->token, 'Content-Type' => $how{type} // 'application/json'],
        ref $data ? encode_json($data) : $data));
}

sub sync {
    my ($input, %order) = @_;
    return DSMarketo::json(post("$parts.json", {%order, input => $input}))->{result};
}

# "status" or "status code" of each record.
sub said {
    my ($result) = @_;
    return join ' ', map { $_->{status} . ($_->{reasons} ? ":$_->{reasons}[0]{code}" : '') } @$result;
}

sub query {
    my ($query) = @_;
    return DSMarketo::json($client->get("$parts.json?$query"));
}

$server->write('DELETE FROM part');
my $first = sync([{sku => 'A', name => 'Axle', count => 3, price => 1.5, active => JSON::PP::true, made => '2022-01-14'}, {sku => 'B', name => "B\x{fc}rste"}]);
is said($first), 'created created', 'records that are not there are created';
is_deeply [map { $_->{seq} } @$first], [0, 1], 'answers stand in the order of the input';
like $_->{marketoGUID}, $uuid, 'each with an id' for @$first;
is $server->value("SELECT name FROM part WHERE sku = 'A'"), 'Axle', 'they are there';
is said(sync([{sku => 'A', count => 4}, {sku => 'C'}])), 'updated created', 'those that are there are updated';
my ($a) = $server->rows("SELECT name, count FROM part WHERE sku = 'A'");
is "$a->{name} $a->{count}", 'Axle 4', 'values that are not named stay';
is said(sync([{sku => 'A', name => undef}])), 'updated', 'null is a value';
is $server->value("SELECT count(*) AS n FROM part WHERE sku = 'A' AND name IS NULL"), 1, 'which empties the field';
is said(sync([{sku => 'A'}, {sku => 'D'}], action => 'createOnly')), 'skipped:1017 created', 'createOnly leaves those that are there';
is said(sync([{sku => 'A', name => 'Axle'}, {sku => 'E'}], action => 'updateOnly')), 'updated skipped:1013', 'updateOnly makes none';
is said(sync([{sku => 'F'}, {sku => 'F', name => 'x'}])), 'created skipped:1036', 'a key that comes twice counts once';
my @wrong = ([{name => 'no key'}, '1002'], [{sku => ''}, '1002'], [{sku => 'G', count => 'many'}, '1001'], [{sku => 'G', count => 1.5}, '1001'],
             [{sku => 'G', wheels => 4}, '1006'], [{sku => 'G', createdAt => '2022-01-01'}, '1011'], [{sku => 'G', marketoGUID => 'x'}, '1011'],
             [{sku => 'G' x 21}, '1001'], [{sku => 'G', name => ['x']}, '1003'], ['G', '1003']);
my $refused = sync([map { $_->[0] } @wrong]);
is said($refused), join(' ', map { "skipped:$_->[1]" } @wrong), 'each wrong record has its own reason';
is said(DSMarketo::json(post("$parts.json", '{"input":[{"sku":"G","price":0.30000000000000004}]}'))->{result}), 'skipped:1001',
    'no number is rounded';
is $refused->[2]{reasons}[0]{message}, q(Invalid value 'many'. Required of type 'integer'), 'in words';
is $server->value("SELECT count(*) AS n FROM part WHERE sku LIKE 'G%'"), 0, 'nothing of them is there';
is said(sync([{sku => 'H'}, {wrong => 1}, {sku => 'I'}])), 'created skipped:1006 created', 'a wrong record does not stop the others';

# By id.
my ($id_a, $id_b) = map { $_->{marketoGUID} } @$first;
is said(sync([{marketoGUID => $id_a, name => 'Axle II'}, {marketoGUID => '00000000-0000-0000-0000-000000000000'}, {name => 'x'}],
             dedupeBy => 'idField')), 'updated skipped:1013 skipped:1002', 'records are found by their ids too';
is $server->value("SELECT name FROM part WHERE sku = 'A'"), 'Axle II', 'and changed';
is said(sync([{marketoGUID => $id_a, sku => 'Z'}], dedupeBy => 'idField')), 'skipped:1003', 'but not their keys';

# Query.
my $found = query('filterType=sku&filterValues=B,nothing,A');
is_deeply [map { $_->{sku} } @{$found->{result}}], ['B', 'A'], 'records are found in the order of the question';
is_deeply [sort keys %{$found->{result}[0]}], [qw(createdAt marketoGUID seq sku updatedAt)], 'with the usual fields';
is $found->{result}[0]{marketoGUID}, $id_b, 'and the same ids';
is_deeply query('filterType=sku&filterValues=A&fields=name,count,price,active,made,createdAt')->{result},
    [{seq => 0, marketoGUID => $id_a, name => 'Axle II', count => 4, price => 1.5, active => JSON::PP::true, made => '2022-01-14',
      createdAt => $found->{result}[1]{createdAt}}], 'or those that are wanted, each as what it is';
like $client->get("$parts.json?filterType=sku&filterValues=A&fields=count,price")->content, qr/"count":4,"price":1\.5\b/, 'numbers are numbers';
is_deeply [map { $_->{sku} } @{query("filterType=marketoGUID&filterValues=$id_b")->{result}}], ['B'], 'by id';
is_deeply [map { $_->{sku} } @{query("filterType=idField&filterValues=$id_b,$id_a")->{result}}], ['B', 'A'], 'by its other name';
my $page = query('filterType=dedupeFields&filterValues=A,B,C&batchSize=2');
is_deeply [map { $_->{sku} } @{$page->{result}}], ['A', 'B'], 'page';
is_deeply [map { $_->{sku} } @{query("filterType=dedupeFields&filterValues=A,B,C&batchSize=2&nextPageToken=$page->{nextPageToken}")->{result}}], ['C'],
    'by page';
is DSMarketo::json(post("$parts.json?_method=GET", {filterType => 'dedupeFields', input => [{sku => 'A'}], fields => ['sku']}))->{result}[0]{sku}, 'A',
    'a question may come as a POST';
is DSMarketo::json(post("$parts.json?_method=GET", 'filterType=sku&filterValues=A&fields=sku', type => 'application/x-www-form-urlencoded'))->{result}[0]{sku},
    'A', 'or in a form';
$server->import_run('part-import', "sku,name\nIMP,by a file\n");
my $by_file = query('filterType=sku&filterValues=IMP')->{result}[0]{marketoGUID};
is_deeply [map { $_->{sku} } @{query("filterType=marketoGUID&filterValues=$by_file")->{result}}], ['IMP'], 'a record of a file has an id too';

# Keys of two fields, and rows that are only marked as deleted.
is said(DSMarketo::json(post('/rest/v1/customobjects/stock.json', {input => [{shop => 's', item => 'i', count => 1}, {shop => 's'}]}))->{result}),
    'created skipped:1002', 'a key of two fields needs both';
is DSMarketo::json(post('/rest/v1/customobjects/stock.json?_method=GET',
    {filterType => 'dedupeFields', input => [{shop => 's', item => 'i'}], fields => ['count']}))->{result}[0]{count}, 1, 'and is found by both';
is said(DSMarketo::json(post('/rest/v1/customobjects/kept.json', {input => [{id => 'K', note => 'n'}]}))->{result}), 'created', 'kept';
is said(DSMarketo::json(post('/rest/v1/customobjects/kept/delete.json', {input => [{id => 'K'}]}))->{result}), 'deleted', 'marked as deleted';
is scalar @{DSMarketo::json($client->get('/rest/v1/customobjects/kept.json?filterType=id&filterValues=K'))->{result}}, 0, 'which is gone';
is said(DSMarketo::json(post('/rest/v1/customobjects/kept.json', {input => [{id => 'K', note => 'again'}]}))->{result}), 'created', 'and can come again';

# Delete.
my $deleted = DSMarketo::json(post("$parts/delete.json", {input => [{sku => 'B'}, {sku => 'nothing'}, {}]}))->{result};
is said($deleted), 'deleted skipped:1013 skipped:1002', 'records are deleted, each with its answer';
is $deleted->[0]{marketoGUID}, $id_b, 'and its id';
is said(DSMarketo::json(post("$parts/delete.json", {deleteBy => 'idField', input => [{marketoGUID => $id_a}]}))->{result}), 'deleted', 'by id too';
is $server->value("SELECT count(*) AS n FROM part WHERE sku IN ('A', 'B')"), 0, 'they are gone';

# One call is one launch, which other views show.
my $launch = $server->launch_newest('part-import');
sync([{sku => 'L1'}, {sku => 'L2', count => 'x'}, {sku => 'L3'}]);
my $mine = $server->launch_newest('part-import');
cmp_ok $mine->{id}, '>', $launch->{id}, 'a call is a launch of the sync';
is join(' ', $mine->{state}, DSClient::counts($mine)), 'finished 3 2 1 0', 'with its counters';
is $server->value("SELECT _launch_id FROM part WHERE sku = 'L1'"), $mine->{id}, 'which its records name';
is $server->json_get('/api/data-sync/part-import')->{'latest-launch'}{id}, $mine->{id}, 'Prisma shows it';
sync([{wrong => 1}]);
is $server->launch_newest('part-import')->{id}, $mine->{id}, 'a call that changes nothing is none';

# Refused as a whole.
for (['1002', 'no input', {}], ['1002', 'an empty input', {input => []}], ['1003', 'too many', {input => [map { {sku => "M$_"} } 1 .. 301]}],
     ['1001', 'an unknown action', {action => 'upsert', input => [{sku => 'N'}]}], ['1001', 'an unknown way', {dedupeBy => 'name', input => [{sku => 'N'}]}],
     ['1001', 'to create by id', {action => 'createOnly', dedupeBy => 'idField', input => [{marketoGUID => $id_a}]}], ['609', 'no JSON', '{']) {
    my ($code, $name, $body) = @$_;
    is DSMarketo::outcome(post("$parts.json", $body)), $code, "refused: $name";
}
is said(sync([map { {sku => "M$_"} } 1 .. 300])), join(' ', ('created') x 300), '300 are not too many';
is DSMarketo::outcome(post("$parts.json", {input => [{sku => 'N'}]}, client => $reader)), '603', 'a reader writes nothing';
is DSMarketo::outcome(post("$parts/delete.json", {input => [{sku => 'L1'}]}, client => $reader)), '603', 'nor deletes';
is DSMarketo::outcome($reader->get("$parts.json?filterType=sku&filterValues=L1")), 'success', 'but reads';
is DSMarketo::outcome(post('/rest/v1/customobjects/car_c/delete.json', {input => [{vin => 'x'}]})), '703', 'an object without a delete sync loses nothing';
for (['filterValues=A', '1002'], ['filterType=name&filterValues=A', '1035'], ['filterType=sku', '1003'], ['filterType=sku&filterValues=A&fields=wheels', '1006'],
     ['filterType=sku&filterValues=A&batchSize=0', '1001']) {
    my ($query, $code) = @$_;
    is DSMarketo::outcome($client->get("$parts.json?$query")), $code, "refused: $query";
}
$server->ctl('sync', 'disable', 'part-import');
is DSMarketo::outcome(post("$parts.json", {input => [{sku => 'O'}]})), '1026', 'a disabled sync takes no records';
$server->ctl('sync', 'enable', 'part-import');
finish($server);
done_testing;
