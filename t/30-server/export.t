# Exports: what fails here is a file that a partner cannot read, or one that does not hold what the table holds.
use strict;
use warnings FATAL => 'all';
use utf8;
use DSRead;
use DSTest;
use Apache::Test '-withtestmore';
use Digest::SHA qw(sha256_hex);
use Encode qw(encode_utf8);
use HTTP::Date qw(str2time);
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP;

my $server = server();
my $path = '/api/data-sync/export/part-export';

sub fetch {
    my (@headers) = @_;
    return $server->get($path, headers => \@headers);
}

my $before = fetch();
is $before->code, 404, 'before the first export there is no file';
like $before->content, qr/\w/, 'and a sentence says so';

# What is written, and read back by others

my @columns = qw(sku name count price active made seen);
my @parts = (
    ['E1', 'plain', 1, '1.5', 'true', '2022-01-14', '2022-01-14T20:00:00Z'],
    ['E2', 'a, comma; and "quotes"', -7, '-0.25', 'false', '1999-12-31', '1999-12-31T23:59:59Z'],
    ['E3', "two\r\nlines\nand\rthree", 10, '10', 'true', '', ''],
    ['E4', '', '', '', '', '', ''],
    ['E5', '¡año! 日本語 😀', '9223372036854775807', '0.000001', 'false', '2024-02-29', ''],
    ['E6', " spaces \ttab ", 12, '', 'true', '', ''],
    ['E7', '=1+1', 12, '', 'true', '', ''],
    ['E8', 'semi;colon', 11, '', 'true', '', ''],
    ['"E,9"', "\"", 13, '', 'false', '', ''],
);
sub cell {
    my ($text) = @_;
    $text =~ s/"/""/g;
    return "\"$text\"";
}
$server->write('DELETE FROM part');
my $launch = $server->import_run('part-import',
    encode_utf8(join '', map { join(',', map { cell($_) } @$_) . "\n" } \@columns, @parts));
is $launch->{rows_ok}, @parts, 'the records that are exported below were imported';
my @sorted = sort { $a->[0] cmp $b->[0] } @parts;

my $answer = $server->export_start('part-export');
is $answer->code, 200, 'a POST starts an export' or diag $answer->as_string;
$launch = $server->launch_ended($server->launch_newest('part-export')->{id});
is $launch->{state}, 'finished', 'which comes to its end';
is DSClient::counts($launch), '9 9 0 0', 'with each row counted';
like $launch->{message}, qr/^9 rows exported/, 'and a message';
my $response = fetch();
my $text = $response->content;
is_deeply [csv_read($text)], [\@columns, @sorted], 'an independent reader of CSV finds each value as it was imported';
like $text, qr/\Asku,name,count,price,active,made,seen\r\n/, 'the header names the columns';

$server->export_run('part-ndjson');
$response = $server->get('/api/data-sync/export/part-ndjson');
like $response->header('Content-Type'), qr{^application/x-ndjson}, 'NDJSON says what it is';
my @objects = ndjson_read($response->content);
is scalar @objects, @parts, 'NDJSON has a line for each record';
my @values = map { my $object = $_; [map { $object->{$_} } @columns] } @objects;
$_->[4] = $_->[4] ? 'true' : 'false' for grep { defined $_->[4] } @values;
my @wanted = map { [map { length $_ ? $_ : undef } @$_] } @sorted;
$_->[3] = 0 + $_->[3] for grep { defined $_->[3] } @values, @wanted;
is_deeply \@values, \@wanted, 'an independent reader of JSON finds the same values, and null where there is none';
my ($first) = $response->content =~ /("sku":"E1".*)/;
like $first, qr/"count":1,"price":1\.5,"active":true,/, 'numbers and truth values are no strings';
like $response->content, qr/"count":9223372036854775807[,}]/, 'a large integer keeps its digits';

$server->export_run('part-chosen');
$response = $server->get('/api/data-sync/export/part-chosen');
is_deeply [csv_read($response->content, ';')],
    [[" spaces \ttab ", 'E6', 12], ['=1+1', 'E7', 12], ['semi;colon', 'E8', 11], ["two\r\nlines\nand\rthree", 'E3', 10]],
    'chosen fields in their order, filtered, sorted, without a header, with another delimiter';

is $server->export_run('part-empty')->{state}, 'finished', 'an export that finds nothing is a success';
is $server->export_text('part-empty'), join(',', @columns) . "\r\n", 'and its file a header';

$server->import_run('kept-import', "id,note\nX1,one\nX2,two\n");
$server->import_run('kept-delete', "id\nX1\n");
$server->export_run('kept-export');
like $server->export_text('kept-export'), qr/^X2,two\r$/m, 'rows that are there are exported';
unlike $server->export_text('kept-export'), qr/^X1,/m, 'those marked as deleted are not';

$server->write('DELETE FROM part');
is $server->import_run('part-import', $text)->{rows_ok}, @parts, 'an exported file can be imported as it is';
$server->export_run('part-export');
is $server->export_text('part-export'), $text, 'and gives the same export again';

# How it is fetched

$response = fetch();
my $etag = $response->header('ETag');
is $etag, '"' . sha256_hex($text) . '"', 'the ETag is the SHA-256 of the bytes';
is $response->header('Content-Length'), length $text, 'the length is told';
like $response->header('Content-Type'), qr{^text/csv}, 'the type is CSV';
like $response->header('Content-Disposition'), qr/attachment; filename="part-export\.csv"/, 'and a name to save it by';
my $finished = $server->value("SELECT max(finished_at) / 1000000 AS t FROM ds_launch WHERE sync_id = 'part-export'");
my $modified = str2time($response->header('Last-Modified') // '') // 0;
cmp_ok abs($finished - $modified), '<=', 2, 'Last-Modified is the time of the export';

my $head = $server->request(HTTP::Request->new(HEAD => $server->url($path)));
is $head->code . length $head->content, '2000', 'HEAD sends no body';
is $head->header($_), $response->header($_), "HEAD tells the same $_" for qw(ETag Content-Length Last-Modified);

my $same = fetch('If-None-Match' => $etag);
is $same->code . length $same->content, '3040', 'a client that has the file is told so, without a body';
is fetch('If-None-Match' => "\"x\", $etag")->code, 304, 'in a list of tags too';
is fetch('If-None-Match' => '"x"')->content, $text, 'one that has another file gets this one';
is fetch('If-Modified-Since' => $response->header('Last-Modified'))->code, 304, 'a client may ask by time';
is fetch('If-Modified-Since' => 'Thu, 01 Jan 2015 00:00:00 GMT')->code, 200, 'with an older time it gets the file';
is fetch('If-Match' => '"x"')->code, 412, 'If-Match with another tag gives nothing';

my $size = length $text;
for (['0-9', 0, 10], ['5-5', 5, 1], ['20-', 20, $size - 20], ['-7', $size - 7, 7], ['0-999999', 0, $size]) {
    my ($range, $start, $length) = @$_;
    my $part = fetch(Range => "bytes=$range");
    is $part->code . $part->content, '206' . substr($text, $start, $length), "the range $range is these bytes";
    is $part->header('Content-Range'), sprintf('bytes %d-%d/%d', $start, $start + $length - 1, $size), 'and says so';
}
my $past = fetch(Range => "bytes=$size-");
is $past->code, 416, 'a range past the end is refused';
is $past->header('Content-Range'), "bytes */$size", 'and the size is told';
is fetch(Range => 'bytes=0-9', 'If-Range' => $etag)->code, 206, 'a download can go on while the file is the same';
is fetch(Range => 'bytes=0-9', 'If-Range' => '"x"')->content, $text, 'and begins again when it is not';
my $several = fetch(Range => 'bytes=0-2,-3');
like $several->header('Content-Type'), qr{^multipart/byteranges}, 'several ranges come as parts';
is join('|', map { $_->content } $several->parts), substr($text, 0, 3) . '|' . substr($text, -3), 'with the right bytes';

my $packed = fetch('Accept-Encoding' => 'gzip');
is $packed->header('Content-Encoding'), 'gzip', 'with mod_deflate a client may have it packed';
my ($zipped, $unpacked) = ($packed->content, '');
gunzip(\$zipped => \$unpacked);
is $unpacked, $text, 'and unpacks the same bytes';
my $packed_etag = $packed->header('ETag');
isnt $packed_etag, $etag, 'under another tag, since the bytes are others';
my @packed = ('Accept-Encoding' => 'gzip');
$same = fetch(@packed, 'If-None-Match' => $packed_etag);
is $same->code . length $same->content, '3040', 'a client that has the packed file is told so, without a body';
is $same->header('ETag'), $packed_etag, 'under the tag that it knows';
is fetch(@packed, 'If-None-Match' => "\"x\", W/$packed_etag")->code, 304, 'in a list, and weakly, too';
is fetch('If-None-Match' => $packed_etag)->code, 304, 'and where it takes the plain one as well';
is fetch(@packed, 'If-None-Match' => $etag)->code, 304, 'one that has the plain file need not fetch the packed one';
is fetch(@packed, 'If-None-Match' => '"x-gzip"')->code, 200, 'one that has another packed file gets this one';
is fetch('If-Match' => $packed_etag)->code, 412, 'If-Match with the tag of the packed bytes gives nothing';
is fetch(Range => 'bytes=0-9', 'If-Range' => $packed_etag)->content, $text, 'and a packed download does not go on plain';

# The latest success, and only that

my $good = $server->launch_newest('part-export')->{id};
$server->import_run('part-import', "sku,name\nLATER,later\n");
is fetch()->content, $text, 'an import does not change the file';
$server->workers_halt;
is $server->export_start('part-export')->code, 200, 'while an export waits';
is fetch()->content, $text, 'the file is the earlier one';
my $waiting = $server->launch_newest('part-export')->{id};
cmp_ok $waiting, '>', $good, 'a launch of its own';
$server->ctl('launch', 'cancel', $waiting);
$server->workers_continue;
is $server->launch_ended($waiting)->{state}, 'cancelled', 'when it is cancelled';
is fetch()->header('ETag'), $etag, 'the file stays that of the last success';
$server->export_run('part-export');
like fetch()->content, qr/^LATER,later,/m, 'the next success replaces it';
isnt fetch()->header('ETag'), $etag, 'with a tag of its own';
is fetch(@packed, 'If-None-Match' => "$etag, $packed_etag")->code, 200, 'so that whoever has the earlier file gets it';
is $server->get("/api/data-sync/part-export/$good/download")->content, $text, 'a past export can be downloaded by its launch';
like $server->get('/api/data-sync/part-export/' . $server->launch_newest('part-export')->{id} . '/download')->content,
    qr/^LATER,later,/m, 'and the latest too';
is $server->get("/api/data-sync/part-export/$waiting/download")->code, 404, 'a cancelled one has no file';
is $server->json_get('/api/data-sync/part-export')->{'latest-launch'}{status}, 'finished', 'the status shows the launch';

# Who may

my $token = $server->token('token-export');
is $server->export_start('token-export')->code, 403, 'without a token nobody starts an export';
is $server->get('/api/data-sync/export/token-export')->code, 403, 'or fetches one';
is $server->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'token-export'"), 0, 'and nothing was started';
is $server->export_run('token-export', token => $token)->{state}, 'finished', 'with its token one does';
is $server->get('/api/data-sync/export/token-export')->code, 403, 'the file is not open then either';
like $server->get('/api/data-sync/export/token-export', token => $token)->content, qr/^sku,/, 'but to the token';
my $other = $server->token('car-import');
is $server->get('/api/data-sync/export/token-export', token => $other)->code, 403, 'not to another sync\'s';
is $server->get("/api/data-sync/part-import/$good/download")->code, 404, 'a launch is found by its own sync only';

finish($server);
done_testing;
