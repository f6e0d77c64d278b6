# Imports of JSON by the protocol Liquid. What fails here, a partner's items get lost, get values that they did not have, or
# are written twice.
use strict;
use warnings FATAL => 'all';
use DSLiquid;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;

my $narrow = <<'END';
<DataSyncObject narrow>
    Field id   string 20
    Field note text
    Key   id
</DataSyncObject>
<DataSync narrow-import>
    Object         narrow
    MaxRows        3
    MaxRowLength   64
    MaxFieldLength 20
    MaxFields      3
</DataSync>
END
my $node = DSNode->start(config => liquid_config($narrow) =~ s/runners=2/runners=2 lease=900/r);
my $liquid = DSLiquid->new($node, objects => [qw(car_c part sample narrow)]);
my $text = JSON::PP->new->canonical->utf8;

# Import, and the status at its end. data is a text, or what is made one array of JSON.
sub items {
    my ($data, %fields) = @_;
    return $liquid->import_run(ref $data ? $text->encode($data) : $data, contentType => 'application/json', headerRow => undef, %fields);
}

sub car {
    my ($vin) = @_;
    my ($row) = $node->rows("SELECT color, make, model FROM car_c WHERE vin = '$vin'");
    return $row ? join '|', map { $_ // '-' } @$row{qw(color make model)} : 'none';
}

# The lines of the failures or warnings file of the newest launch of a sync.
sub beside {
    my ($sync, $role) = @_;
    return map { decode_json($_) } split /\n/, $node->launch_file($node->launch_newest($sync)->{id}, $role // 'failures') // '';
}

# Shapes of a file.
my $item = '{"headers":{"category":"Item","type":"car_c","action":"Create"},"data":{"vin":"J1","color":"red"}}';
my %shape = ('an array of items' => "[$item, " . $item =~ s/J1/J2/r . ']', 'an array of maps' => '[{"vin":"J1","color":"red"},{"vin":"J2","color":"red"}]',
    'lines' => qq({"vin":"J1","color":"red"}\r\n{"vin":"J2","color":"red"}\n), 'items in lines' => "$item\n" . $item =~ s/J1/J2/r,
    'values without anything between' => '{"vin":"J1","color":"red"}{"color":"red","vin":"J2"}',
    'a byte order mark' => qq(\xEF\xBB\xBF[{"vin":"J1","color":"red"},{"vin":"J2","color":"red"}]\n),
    'much space' => qq([\n  {\n    "vin": "J1",\n    "color": "red"\n  },\n  {\n    "VIN": "J2",\n    "Color": "red"\n  }\n]\n));
for my $name (sort keys %shape) {
    $node->write("DELETE FROM car_c WHERE vin LIKE 'J%'");
    my $job = items($shape{$name});
    is "$job->{status} $job->{recordsProcessed} $job->{reason}", 'Completed 2 2 rows imported', $name;
    is car('J1') . ' ' . car('J2'), 'red|-|- red|-|-', "$name: and they are there";
}
is items('{"vin":"J3","make":"fiat"}')->{recordsProcessed}, '1', 'a single map is one item';
is car('J3'), '-|fiat|-', 'and is there';
is items('[]')->{reason}, '0 rows imported', 'no items';
is items("{\"vin\":\"J4\"}", contentType => $_)->{status}, 'Completed', "the type $_"
    for 'application/json; charset=utf-8', 'Application/JSON', 'text/json', 'application/x-ndjson';
is items('[{"vin":"J5","color":"blue","wheels":4,"Import Failure Reason":"x"}]')->{reason}, '1 row imported; ignored: member "wheels"',
    'what is no field is ignored, and told';

# Values.
my $sample = sub {
    my ($row) = $node->rows("SELECT * FROM sample WHERE id = '$_[0]'");
    return join '|', map { $_ // '-' } @$row{qw(note amount price active born mail phone)};
};
is items('[{"id":"S0","price":0.00001},{"id":"S00","note":1.5E-7,"price":-2.5e-10}]', itemType => 'sample')->{reason}, '2 rows imported',
    'small numbers are values';
is $node->value("SELECT note FROM sample WHERE id = 'S00'"), '0.00000015', 'without an exponent';
is items('[{"id":"N1","note":1.10,"amount":15.0},{"id":"N2","price":0.30000000000000004},{"id":"N3","amount":18446744073709551616},'
    . '{"id":"N4","note":12345678901234567890.50,"amount":9007199254740993}]', itemType => 'sample')->{reason}, '2 rows imported, 2 failed: see the failures file',
    'no number is rounded';
is_deeply [map { $_->{reason} } beside('sample-import')], ['price: more than 15 significant digits', 'amount: not an integer of 64 bits'],
    'one that the field cannot keep is told';
is $sample->('N1'), '1.10|15|-|-|-|-|-', 'in a text it stays as it was written';
is $sample->('N4'), '12345678901234567890.50|9007199254740993|-|-|-|-|-', 'however long it is';
items([{id => 'S1', note => "a \"quote\",\n\x{e9}\x{1F697}", amount => 12, price => 2.5, active => JSON::PP::true, born => '2024-02-29',
        mail => 'a@example.com', phone => '+41 44 123'}, {id => 17, note => 3, amount => '-7', price => '1.50', active => 'no'},
       {id => 'S3', note => JSON::PP::false, amount => undef, price => -3, active => 0, mail => ''}], itemType => 'sample');
is $sample->('S1'), "a \"quote\",\n\x{e9}\x{1F697}|12|2.5|1|2024-02-29|a\@example.com|+4144123", 'values of each type';
is $sample->('17'), "3|-7|1.5|0|-|-|-", 'texts for numbers, and numbers for texts';
is $sample->('S3'), "false|-|-3|0|-|-|-", 'null and nothing are no value';

# Whole records, or only what came.
items([{vin => 'M1', color => 'red', make => 'bmw', model => 'x'}, {vin => 'M2', color => 'red', make => 'bmw', model => 'x'}]);
items([{vin => 'M1', color => 'green'}, {vin => 'M2', make => undef}, {vin => 'M3', model => 'new'}, {vin => 'M1', model => 'y'}], merge => 'True');
is join(' ', map { car($_) } qw(M1 M2 M3)), 'green|bmw|y red|-|x -|-|new', 'merge: what an item does not have stays, null takes it away';
items([{vin => 'M1', color => 'white'}, {vin => 'M2', model => 'z'}]);
is join(' ', map { car($_) } qw(M1 M2)), 'white|-|- -|-|z', 'else an item is the whole record';
items([{headers => {action => 'Merge'}, data => {vin => 'M1', make => 'fiat'}}, {headers => {action => 'update'}, data => {vin => 'M2', color => 'red'}},
       {headers => {action => 'Create'}, data => {vin => 'M3', make => 'vw'}}, {headers => undef, data => {vin => 'M1', model => 'q'}}], merge => 'False');
is join(' ', map { car($_) } qw(M1 M2 M3)), '-|-|q red|-|z -|vw|-', 'an item may say for itself';
my @fields = qw(color make model);
my $sets = join "\n", map { my $n = $_; $text->encode({vin => 'SET' . $n % 20, map { $n & 1 << $_ ? ($fields[$_] => $n) : () } 0 .. 2}) } 1 .. 400;
is items($sets, merge => 'true')->{reason}, '400 rows imported', 'items with ever other members';
is car('SET7'), '387|387|367', 'the last value of each stays';

# Removed.
items([map { {sku => "D$_", name => 'x'} } 1 .. 4], itemType => 'part');
my $gone = items([{headers => {action => 'Delete'}, data => {sku => 'D1', name => 'whatever'}}, {headers => {action => 'Delete'}, data => {sku => 'D9'}},
    {sku => 'D5', name => 'new'}, {headers => {action => 'delete', type => 'PART'}, data => {sku => 'D5'}}, {headers => {action => 'Delete'}, data => {sku => 'D2'}},
    {sku => 'D2', name => 'again'}], itemType => 'part');
is $gone->{reason}, '5 rows imported, 1 not found: see the warnings file', 'items that are to be removed';
is join(' ', map { $_->{sku} . ':' . $_->{name} } $node->rows("SELECT sku, name FROM part WHERE sku LIKE 'D%' ORDER BY sku")), 'D2:again D3:x D4:x',
    'are gone, in the order of the file';
is_deeply [beside('part-import', 'warnings')], [{row => 2, line => 1, reason => 'no record has this key', headers => {action => 'Delete'}, data => {sku => 'D9'}}],
    'what was not there stands in the warnings file';
items([{headers => {action => 'Delete'}, data => {vin => 'M1'}}]);
is_deeply [map { $_->{reason} } beside('car-import')], ['headers: items of this type are not deleted here'], 'nothing is removed where there is no sync for that';
is car('M1'), '-|-|q', 'it is still there';

# A template gives the names.
items([{Chassis => 'T1', Paint => 'grey', vin => 'no'}, {chassis => 'T2', Paint => 'x'}], template => '{"vin": "Chassis", "color": "Paint"}');
is car('T1'), 'grey|-|-', 'a template names the members';
is_deeply [map { $_->{reason} } beside('car-import')], ['missing.dedupe.fields'], 'as they are written there';

# Bad ones.
my @bad = (['{"color":"red"}', 'missing.dedupe.fields'], ['{"vin":null}', 'missing.dedupe.fields'], ['{"vin":"B1","color":["red"]}', 'color: a list or a map is no value'],
    ['{"vin":"B1","make":{"a":1}}', 'make: a list or a map is no value'], ['{"vin":"B1","Vin":"B2"}', 'vin: it is there twice'],
    ['{"vin":"B1","color":"' . 'x' x 256 . '"}', 'color: longer than the field'], ['"B1"', 'an item is a map of fields'], ['17', 'an item is a map of fields'],
    ['["vin","B1"]', 'an item is a map of fields'], ['{"vin" "B1"}', qr/^not JSON: /], ["{\"vin\":\"\xff\"}", qr/^not JSON: /], ['{"vin":"B\u0000"}', qr/^not JSON: /],
    ['{"vin":tru}', qr/^not JSON: /], ['{"headers":{"type":"part"},"data":{"vin":"B1"}}', 'headers: the type is not that of the job'],
    ['{"headers":{"action":"Drop"},"data":{"vin":"B1"}}', 'headers: the action is not Create, Merge, Update or Delete'],
    ['{"headers":7,"data":{"vin":"B1"}}', 'headers: not a map'], ['{"data":{}}', 'missing.dedupe.fields']);
my $failed = items("[\n" . join(",\n", '{"vin":"G1"}', (map { $_->[0] } @bad), '{"vin":"G2"}') . "\n]");
is "$failed->{status} $failed->{recordsProcessed} $failed->{reason}", 'Completed 19 2 rows imported, 17 failed: see the failures file', 'bad items do not stop a job';
is car('G1') . car('G2') . car('B1'), '-|-|--|-|-none', 'the good ones are there, the bad ones are not';
my @lines = beside('car-import');
is scalar @lines, @bad, 'each bad one stands in the failures file';
for (0 .. $#bad) {
    my $wanted = $bad[$_][1];
    is $lines[$_]{row} . ' ' . $lines[$_]{line}, ($_ + 2) . ' ' . ($_ + 3), "with its number and its line: $bad[$_][0]";
    ref $wanted ? like $lines[$_]{reason}, $wanted, 'and the reason' : is $lines[$_]{reason}, $wanted, 'and the reason';
}
is_deeply $lines[2]{data}, {vin => 'B1', color => ['red']}, 'with its data';
is_deeply $lines[14]{headers}, {action => 'Drop'}, 'and its headers';
is $lines[9]{text}, '{"vin" "B1"}', 'what is no JSON as a text';
my $id = $node->launch_newest('car-import')->{id};
my $file = $node->get("/api/data-sync/car-import/$id/failures", token => $node->token('car-import'));
is $file->header('Content-Type'), 'application/x-ndjson', 'the file has its type';
is items($file->content =~ s/\["red"\]/"red"/r)->{reason}, '1 row imported, 16 failed: see the failures file; ignored: member "row", member "line", member "reason", member "text"',
    'corrected, it can be sent again';
is car('B1'), 'red|-|-', 'and what was corrected is there';

# Files that cannot be read to their end.
for (['a comma', '[{"vin":"E1"} {"vin":"E2"}]', qr/^Row 2 \(line 1\) cannot be read: a comma or \] is missing, in line 1, at byte 15 of the file\. 1 row imported/],
     ['the end', qq([\n{"vin":"E1"},\n{"vin":"E2"), qr/^Row 2 \(line 2\) cannot be read: the text ends too early, in line 3, at byte 28 of the file\. 1 row/],
     ['a bracket', '{"vin":"E1"}{"a":[1}', qr/^Row 2 .*this bracket does not close/], ['any JSON', 'vin,color', qr/^Row 2 .*a value is missing/],
     ['all but spaces', " \n", qr/^The file is empty/], ['everything', '', qr/^The file is empty/]) {
    my ($name, $data, $reason) = @$_;
    $node->write("DELETE FROM car_c WHERE vin = 'E1'");
    my $job = items($data);
    is $job->{status}, 'Failed', "a file that lacks $name fails";
    like $job->{reason}, $reason, 'and the reason says where';
    is car('E1'), $data =~ /E1/ ? '-|-|-' : 'none', 'what stands before is imported';
}

# Limits.
for (['items', '[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"}]', 'Failed', qr/^Row 4 .*limit of rows, 3\. 3 rows imported/],
     ['bytes of an item', '[{"id":"1"},{"id":"2","note":"' . 'x' x 60 . '"}]', 'Failed', qr/^Row 2 .*limit of bytes, 64\. 1 row/],
     ['bytes of a value', '{"id":"1","note":"' . 'x' x 21 . '"}', 'Completed', qr/^0 rows imported, 1 failed/],
     ['members', '{"id":"1","a":1,"b":1,"c":1}', 'Completed', qr/^0 rows imported, 1 failed/],
     ['brackets', '[' x 102 . ']' x 102, 'Failed', qr/^Row 1 .*too many brackets/]) {
    my ($name, $data, $status, $reason) = @$_;
    my $job = items($data, itemType => 'narrow', $name eq 'brackets' ? (itemType => 'car_c') : ());
    is $job->{status}, $status, "too many $name";
    like $job->{reason}, $reason, "too many $name: the reason";
}

# Rejected.
for (['a list as a template', qr/^template: items of JSON have names/, template => '["vin"]'], ['a template without the key', qr/^template: it leaves out/, template => '{"color":"c"}'],
     ['a template that is none', qr/^template: write it as JSON/, template => '{'], ['another type', qr/^contentType: write application\/json/, contentType => 'application/xml']) {
    my ($name, $reason, @other) = @$_;
    my $job = items('[]', @other);
    is $job->{status}, 'Rejected', "$name: rejected";
    like $job->{reason}, $reason, "$name: and why";
}

# Items of more kinds than a connection can prepare statements for.
my %value = (note => 'n', amount => 1, price => 2, active => JSON::PP::true, born => '2024-02-29', mail => 'a@example.com', phone => '123');
my @names = sort keys %value;
my $kinds = 2000;
my @kinds = map { my $n = $_; $text->encode({id => "KIND$n", map { $n & 1 << $_ ? ($names[$_] => $value{$names[$_]}) : () } 0 .. $#names}) } 1 .. $kinds;
# Another connection is taken between two batches, and one that has a MiB of failures is over, however fast it was.
splice @kinds, $kinds / 2, 0, ($text->encode({id => 'BAD', note => 'x' x 5000, amount => 'many'})) x 300;
my $mixed = items(join("\n", @kinds), itemType => 'sample', merge => 'true');
is $mixed->{reason}, '2,000 rows imported, 300 failed: see the failures file', 'items of many kinds';
is $sample->('KIND127'), 'n|1|2|1|2024-02-29|a@example.com|123', 'with all their values';
is $node->value("SELECT count(*) AS n FROM sample WHERE id LIKE 'KIND%'"), $kinds, 'all of them';
like $node->log_text, qr/DS0542/, 'though the launch went on with another connection';

# A runner is killed in the middle: each item takes effect once.
my $count = 8_000;
$node->{database}->writes_count('car_c', 'vin', 1_000_000);
my $many = "[\n" . join(",\n", map { sprintf '{"vin":"K%06d","color":%s}', $_, $_ % 1000 ? '"red"' : '["bad"]' } 1 .. $count) . "\n]\n";
my $job = DSLiquid::json($liquid->import_send($many, contentType => 'application/json', headerRow => undef));
my ($launch) = $node->rows("SELECT id FROM ds_launch WHERE uuid = '$job->{jobId}'");
wait_for('the middle of the import', sub { $node->value("SELECT rows_read FROM ds_launch WHERE id = $launch->{id}") > 0 });
ok kill(KILL => wait_for('its runner', sub { $node->runner_of($launch->{id}) })), 'the runner is killed';
cmp_ok $node->value("SELECT rows_read FROM ds_launch WHERE id = $launch->{id}"), '<', $count, 'in the middle';
$node->{database}->writes_hurry('car_c');
my $bad = $count / 1000;
$job = $liquid->ended($job->{jobId});
is "$job->{status} $job->{recordsProcessed}", "Completed $count", 'another one reads the file to its end';
is $node->value("SELECT count(*) AS n FROM car_c WHERE vin LIKE 'K0%'"), $count - $bad, 'each good item is there';
is $node->value("SELECT count(*) - count(DISTINCT key) AS n FROM written_car_c WHERE key LIKE 'K0%'"), 0, 'none was written twice';
is_deeply [map { $_->{row} } beside('car-import')], [map { $_ * 1000 } 1 .. $bad], 'each bad one stands in the failures file once';
$node->stop;
finish($node, qr/DS0511.*signal 9/);
done_testing;
