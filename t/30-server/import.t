# Rows as they arrive in the table. What fails here is data that a partner sent and the administrator has not.
use strict;
use warnings FATAL => 'all';
use utf8;
use DSTest;
use Apache::Test '-withtestmore';
use Encode qw(encode_utf8);

my $server = server();

# Import into sample; the launch.
sub sample {
    my ($text) = @_;
    return $server->import_run('sample-import', $text);
}

# The only row of sample with this id.
sub row {
    my ($id) = @_;
    my ($row) = $server->rows("SELECT * FROM sample WHERE id = '$id'");
    return $row || {};
}

sub failures {
    my ($launch) = @_;
    return $server->launch_file($launch->{id}, 'failures');
}

sub counts {
    my ($launch) = @_;
    return join ' ', map { $launch->{"rows_$_"} } qw(read ok failed skipped);
}

# Every type

my $launch = sample("id,note,amount,price,active,born,seen,mail,phone,link\n"
    . "T1,free text,-42,12.50,yes,2022-01-14,2022-01-14T20:00:00Z,ann\@example.org,+598 99 123 456,https://example.org/a?b=c\n");
is counts($launch), '1 1 0 0', 'a row with a value of each type is taken';
my $row = row('T1');
is $row->{note}, 'free text', 'text';
is $row->{amount}, -42, 'integer';
is 0 + $row->{price}, 12.5, 'decimal';
is $row->{active}, 1, 'boolean';
is $row->{born}, '2022-01-14', 'date';
like $row->{seen}, qr/^2022-01-14[T ]20:00:00/, 'datetime';
is $row->{mail}, 'ann@example.org', 'email';
is $row->{phone}, '+59899123456', 'phone, kept as digits';
is $row->{link}, 'https://example.org/a?b=c', 'url';
is $row->{_launch_id}, $launch->{id}, 'the row says which launch wrote it';
ok $row->{_updated_at}, 'and when';

my %wrong = (
    amount => ['12.5', '1e3', 'twelve', '9223372036854775808'],
    price => ['1,5', 'NaN', '12345678901234567'],
    active => ['maybe', '2'],
    born => ['2022-02-30', '14.01.2022', '2022-1-1x'],
    seen => ['yesterday', '2022-01-14T25:00:00Z'],
    mail => ['ann', 'a@b', '@example.org'],
    phone => ['12', 'call me'],
    link => ['ftp://example.org', 'example.org', 'javascript:alert(1)'],
    id => ['123456789012345678901'],
);
for my $field (sort keys %wrong) {
    for my $value (@{$wrong{$field}}) {
        my $text = $field eq 'id' ? "id\n$value\n" : "id,$field\nBAD,\"$value\"\n";
        my $launch = sample($text);
        my ($header, $line) = split /\n/, failures($launch) // '';
        ok counts($launch) eq '1 0 1 0' && ($line // '') =~ /\b$field\b/,
            "$field: \"$value\" fails its row, with a reason that names the field"
            or diag counts($launch), ": ", $line // 'no failures file';
    }
}
is row('BAD')->{id}, undef, 'a row with one bad value leaves nothing';

# Bad rows among good ones

my @lines = map { sprintf 'M%03d,%s', $_, $_ % 10 == 3 ? "bad \"\"$_\"\"" : $_ } 1 .. 100;
s/^(\w+),(bad.*)$/$1,"$2"/ for @lines;
$launch = sample(join("\r\n", 'id,amount', @lines) . "\r\n");
is counts($launch), '100 90 10 0', 'bad rows do not stop the good ones';
is $launch->{state}, 'finished', 'and the launch finishes';
is $server->value("SELECT count(*) AS n FROM sample WHERE id LIKE 'M%'"), 90, 'the good rows are there';
my @failed = split /\r?\n/, failures($launch);
is scalar @failed, 11, 'the failures file has a header and each bad row';
like $failed[0], qr/^id,amount,\S/, 'its header is that of the upload and one column more';
my @wanted = grep { /bad/ } @lines;
ok !(grep { index($failed[$_ + 1], "$wanted[$_],") != 0 } 0 .. $#wanted),
    'each bad row stands there with its original bytes, the reason behind it' or diag $failed[1];
s/"bad ""(\d+)"""/$1/ for @failed;
$failed[0] =~ s/,[^,]*$//;
s/^(\w+,\d+),.*$/$1/ for @failed[1 .. $#failed];
is counts(sample(join("\n", @failed) . "\n")), '10 10 0 0', 'a corrected failures file can be sent again';

# Insert or update

sample("id,note,amount\nU1,first,1\nU2,first,1\n");
$launch = sample("id,note\nU1,second\nU3,second\n");
is counts($launch), '2 2 0 0', 'known keys update, new keys insert';
is row('U1')->{note}, 'second', 'an update changes the columns of the file';
is row('U1')->{amount}, 1, 'and no other column';
is row('U2')->{note}, 'first', 'and no other row';
my $again = sample("id,note\nU1,second\n");
is row('U1')->{_launch_id}, $launch->{id}, 'a row that does not change keeps the launch that wrote it';
is counts($again), '1 1 0 0', 'and counts as good';
sample("id,note\nD1,one\nD1,two\nD1,three\n");
is row('D1')->{note}, 'three', 'of the same key twice in one file the last one wins';
sample("id,note,amount\nU1,,\n");
is row('U1')->{amount}, undef, 'an empty cell empties its column';
$server->import_run('stock-import', "shop,item,count\na,1,10\na,2,20\nb,1,30\na,1,11\n");
is join(' ', map { $_->{count} } $server->rows("SELECT count FROM stock WHERE shop IN ('a', 'b') AND item IN ('1', '2') ORDER BY shop, item")),
    '11 20 30', 'a key of two fields tells rows apart by both';
is counts(sample("id,note\n,no key\nK1,key\n")), '2 1 1 0', 'a row without its key fails, the others do not';

# Forms of CSV

my %forms = (
    'LF' => "id,note\nF1,a\nF2,b\n",
    'CRLF' => "id,note\r\nF1,a\r\nF2,b\r\n",
    'CR' => "id,note\rF1,a\rF2,b\r",
    'no line end at the end' => "id,note\nF1,a\nF2,b",
    'a byte order mark' => "\xef\xbb\xbfid,note\nF1,a\nF2,b\n",
    'a byte order mark before quotes' => "\xef\xbb\xbf\"id\",\"note\"\nF1,a\nF2,b\n",
    'semicolons' => "id;note\nF1;a\nF2;b\n",
    'tabs' => "id\tnote\nF1\ta\nF2\tb\n",
    'quotes around everything' => qq("id","note"\n"F1","a"\n"F2","b"\n),
    'header names in other letters' => "ID,Note\nF1,a\nF2,b\n",
    'empty lines' => "id,note\n\nF1,a\n\n\nF2,b\n\n",
);
for my $name (sort keys %forms) {
    $server->write("DELETE FROM sample WHERE id LIKE 'F%'");
    my $launch = sample($forms{$name});
    is join(' ', counts($launch), map { "$_->{id}=$_->{note}" } $server->rows("SELECT id, note FROM sample WHERE id LIKE 'F_' ORDER BY id")),
        '2 2 0 0 F1=a F2=b', "a file with $name is read";
}
$launch = sample(qq(id,note\nQ1,"one\r\ntwo, ""three"""\nQ2,x"y\n));
is row('Q1')->{note}, qq(one\r\ntwo, "three"), 'line ends, commas and quotes inside quotes arrive as they are';
is row('Q2')->{note}, 'x"y', 'a quote inside a cell is a letter';
is $server->import_run('semicolon-import', "shop;item;count\nsemi;1,5;3\n")->{rows_ok}, 1, 'a given delimiter is used';
is $server->value("SELECT item FROM stock WHERE shop = 'semi'"), '1,5', 'and a comma is then a letter';

# Letters

sample(encode_utf8("id,note\nÑ1,“¡año!” 日本語 😀\n"));
is row(encode_utf8('Ñ1'))->{note}, '“¡año!” 日本語 😀', 'letters of all scripts arrive';
is counts($launch = sample("id,note\nX1,caf\xe9\nX2,ok\n")), '2 1 1 0', 'a row that is not UTF-8 fails, the others do not';
like failures($launch), qr/caf\xe9.*UTF-8/, 'its bytes stand in the failures file with the reason';
is row('X1')->{id}, undef, 'and nothing of it in the table';

# Files that cannot be read at all

for (["id,unknown\n,1\n", qr/unknown/, 'a column that is no field is named'],
     ["note\nx\n", qr/\bid\b|missing\.dedupe\.fields/, 'a missing key column is told'],
     ["id,id\nA,B\n", qr/id/, 'a column that stands twice is named'],
     ['', qr/\w/, 'an empty file is refused with a reason']) {
    my ($text, $match, $name) = @$_;
    my $launch = sample($text);
    my $said = ($launch->{message} // '') . "\n" . (failures($launch) // '');
    ok $launch->{rows_ok} == 0 && $said =~ $match, $name or diag "$launch->{state}: $said";
}
$launch = sample("id,note\nO1,fine\nO2,\"never closed\nO3,x\n");
ok $launch->{rows_ok} == 1 && (($launch->{message} // '') . (failures($launch) // '')) =~ /quote/,
    'a quote that is never closed is named, and what stood before it is kept';
is counts(sample("id,note\n")), '0 0 0 0', 'a header alone is a good file without rows';
is counts(sample("id,note\nW1,a,b\nW2\nW3,c\n")), '3 1 2 0', 'a row with too many or too few cells fails alone';

finish($server);
done_testing;
