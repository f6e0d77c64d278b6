# Files of failures and warnings by HTTP, and files that a spreadsheet may open: a formula in a cell would run there.
use strict;
use warnings FATAL => 'all';
use DSRead;
use DSTest;
use Apache::Test '-withtestmore';

my $server = server();

sub fetch {
    my ($sync, $launch, $what) = @_;
    return $server->get("/api/data-sync/$sync/$launch->{id}/$what");
}

my $bad = $server->import_run('part-import', "sku,name,count\nSF1,a,1\nSF2,b,two\nSF3,c,3\n");
my $response = fetch('part-import', $bad, 'failures');
is $response->code, 200, 'the failures file of a launch can be fetched';
is $response->content, $server->launch_file($bad->{id}, 'failures'), 'byte for byte';
like $response->content, qr/\Asku,name,count,[^\n]+\nSF2,b,two,[^\n]*count[^\n]*\n\z/, 'with the bad row and its reason';
like $response->header('Content-Type'), qr{^text/csv}, 'it is CSV';
like $response->header('Content-Disposition'), qr/^attachment; filename="[^"]*failures[^"]*\.csv"/, 'with a name that tells it from the upload';
is $response->header('Content-Length'), length $response->content, 'the length is told';
is fetch('part-import', $bad, 'warnings')->code, 404, 'a launch without warnings has no such file';
my $good = $server->import_run('part-import', "sku\nSF4\n");
is fetch('part-import', $good, 'failures')->code, 404, 'a launch without failures has none either';

my $skipped = $server->import_run('part-delete', "sku\nSF1\nSFX\n");
$response = fetch('part-delete', $skipped, 'warnings');
is $response->code, 200, 'the warnings file can be fetched';
like $response->content, qr/^SFX,/m, 'with the keys that were not found';
is fetch('part-delete', $skipped, 'failures')->code, 404, 'they are no failures';
is fetch('part-delete', $bad, 'failures')->code, 404, 'the files of another sync\'s launch are not shown';
is $server->get("/api/data-sync/part-import/999999999/failures")->code, 404, 'nor those of no launch';
my $token = $server->token('car-import');
my $closed = $server->import_run('car-import', "vin,color\nSF1," . 'x' x 300 . "\n", token => $token);
is fetch('car-import', $closed, $_)->code, 403, "without a token nobody gets $_" for qw(failures warnings);
is $server->get("/api/data-sync/car-import/$closed->{id}/failures", token => $token)->code, 200, 'the partner does';

# ?safe=1

my @cells = ('=1+1', '+1+2', '-1-2', '+a', '@SUM(A1)', '+1', '-1.5', '-', "\tx", 'plain', '1=2', '', "'quoted", '=a,"b"', "=two\nlines");
my $text = "sku,name\n" . join '', map { my $cell = $cells[$_]; $cell =~ s/"/""/g; "SG$_,\"$cell\"\n" } 0 .. $#cells;
my $launch = $server->import_run('part-import', $text);
is $launch->{rows_ok}, @cells, 'cells with formulas are imported';
my $download = "/api/data-sync/part-import/$launch->{id}/download";
is $server->get($download)->content, $text, 'without safe=1 a download is the bytes of the upload';
my $safe = $server->get("$download?safe=1");
is $safe->code, 200, 'with it there is an answer too';
# A number with a sign is no formula.
my @dangerous = map { /^[=+\-@\t\r]/ && !/^[+-]\d+(?:\.\d+)?\z/ ? "'$_" : $_ } @cells;
is_deeply [csv_read($safe->content)], [['sku', 'name'], map { ["SG$_", $dangerous[$_]] } 0 .. $#cells],
    'with it exactly the cells that a spreadsheet would run begin with an apostrophe';
is $safe->header('Content-Length') // length $safe->content, length $safe->content, 'its length is its own';
isnt $safe->header('ETag') // 'none', $server->get($download)->header('ETag'), 'and so is its tag';
my @unless = (headers => ['If-None-Match' => $server->get($download)->header('ETag')]);
is $server->get($download, @unless)->code, 304, 'the file can be asked for by its tag';
is $server->get("$download?safe=1", @unless)->code, 200, 'that tag does not stand for the safe file';
is $server->get("$download?safe=0")->content, $text, 'safe=0 is off';

$server->export_run('part-export');
my @export = csv_read($server->get('/api/data-sync/export/part-export?safe=1')->content);
my %names = map { $_->[0] => $_->[1] } @export;
is $names{SG0}, "'=1+1", 'an export can be fetched safely too';
is $names{SG5}, '+1', 'harmless cells stay as they are';
is_deeply [map { scalar @$_ } @export], [(7) x @export], 'no cell is lost';
%names = map { $_->[0] => $_->[1] } csv_read($server->export_text('part-export'));
is $names{SG0}, '=1+1', 'by default an export holds the values as they are';

my $evil = $server->import_run('part-import', "sku,name,count\n=SH1,x,=two\n");
like $server->get("/api/data-sync/part-import/$evil->{id}/failures?safe=1")->content, qr/^'=SH1,x,'=two,/m, 'the failures file as well';
my $chunks = $server->import_run('part-import', "sku,name\n" . join '', map { sprintf "SI%06d,=%s\n", $_, 'x' x 40 } 1 .. 30_000);
my @rows = csv_read($server->get("/api/data-sync/part-import/$chunks->{id}/download?safe=1")->content);
ok @rows == 30_001 && !grep({ $_->[1] ne "'=" . 'x' x 40 } @rows[1 .. 30_000]), 'cells at the borders of chunks are safe too';
$server->import_run('part-delete', "sku\n" . join '', map { "$_->[0]\n" } @rows[1 .. $#rows]);

my $semicolons = $server->import_run('part-import', "sku;name\nSJ1;=1\nSJ2;a,=2\n");
is_deeply [csv_read($server->get("/api/data-sync/part-import/$semicolons->{id}/download?safe=1")->content, ';')],
    [['sku', 'name'], ['SJ1', "'=1"], ['SJ2', 'a,=2']], 'a file with semicolons has its cells between them';
$server->export_run('part-ndjson');
like $server->get('/api/data-sync/export/part-ndjson?safe=1')->content, qr/"=1\+1"/, 'NDJSON is for no spreadsheet: nothing is added';

finish($server);
done_testing;
