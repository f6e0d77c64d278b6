# Deletes: what fails here is a record that its owner has removed and that is still there, or one that is gone
# without anybody having asked.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $server = server();

sub fill {
    my (@skus) = @_;
    return $server->import_run('part-import', join '', "sku,name\n", map { "$_,Part $_\n" } @skus);
}

sub there {
    my ($like) = @_;
    return join ' ', map { $_->{sku} } $server->rows("SELECT sku FROM part WHERE sku LIKE '$like' ORDER BY sku");
}

fill(map { "DA$_" } 1 .. 5);
my $launch = $server->import_run('part-delete', "sku\nDA1\nNONE1\nDA2\nNONE2\n");
is $launch->{state}, 'finished', 'a file of keys is taken';
is there('DA%'), 'DA3 DA4 DA5', 'the rows that it names are gone, the others are not';
is DSClient::counts($launch), '4 2 0 2', 'unknown keys are counted as skipped';
like $launch->{message}, qr/^2 rows deleted, 2 not found: see the warnings file/, 'the message says both';
like $server->launch_file($launch->{id}, 'warnings'), qr/\Asku,[^\n]+\nNONE1,[^\n]*\w[^\n]*\nNONE2,[^\n]*\w[^\n]*\n\z/,
    'the warnings file names the unknown keys, with the reason';
is $server->launch_file($launch->{id}, 'failures'), undef, 'which are no failures';

my $status = $server->json_get('/api/data-sync/part-delete');
is $status->{name}, 'Parts that are no more', 'its status can be asked for';
is $status->{'latest-launch'}{status}, 'finished', 'and its launch';
is $server->get("/api/data-sync/part-delete/$launch->{id}/download")->content, "sku\nDA1\nNONE1\nDA2\nNONE2\n",
    'and its file';

for my $word (qw(delete remove)) {
    fill("DB$word");
    $launch = $server->import_run('part-delete', "sku\nDB$word\n", path => "/api/data-sync/$word/part-delete");
    is there("DB$word"), '', "/api/data-sync/$word/ID is the same";
}

fill(map { "DC$_" } 1 .. 4);
is DSClient::counts($server->import_run('part-delete', "name,sku,count\nother,DC1,x\n")), '1 1 0 0',
    'columns beside the key need not fit';
is there('DC%'), 'DC2 DC3 DC4', 'and change nothing';
is DSClient::counts($server->import_run('part-delete', "sku\nDC2\nDC2\n")), '2 1 0 1', 'a key that stands twice is known once';
$launch = $server->import_run('part-delete', "sku,name\n,no key\nDC3,x\n123456789012345678901,long\n");
is DSClient::counts($launch), '3 1 2 0', 'a row without a good key fails alone';
like $server->launch_file($launch->{id}, 'failures'), qr/\n,no key,[^\n]*\w/, 'and stands in the failures file';
$launch = $server->import_run('part-delete', "name\nPart DC4\n");
is $launch->{rows_ok}, 0, 'a file without the key column deletes nothing';
is there('DC%'), 'DC4', 'not even by another column';

$server->import_run('stock-import', "shop,item,count\ndel,1,1\ndel,2,2\nled,1,3\n");
$launch = $server->import_run('stock-delete', "item,shop\n1,del\n2,led\n");
is DSClient::counts($launch), '2 1 0 1', 'a key of two fields has to fit in both';
is join(',', map { $_->{k} } $server->rows("SELECT shop || item AS k FROM stock WHERE shop IN ('del', 'led') ORDER BY shop, item")),
    'del2,led1', 'and no other row goes';

# Imports and deletes of one object run in the order in which they were accepted.
$server->workers_halt;
for my $n (1 .. 3) {
    $server->upload('part-import', "sku,name\nDO,$n\n")->code == 200 or die;
    $server->upload('part-delete', "sku\nDO\n")->code == 200 or die;
}
$server->upload('part-import', "sku,name\nDO,last\n")->code == 200 or die;
my @last = map { $server->launch_newest($_)->{id} } qw(part-import part-delete);
$server->workers_continue;
$server->launch_ended($_) for @last;
is $server->value("SELECT name FROM part WHERE sku = 'DO'"), 'last', 'an import after a delete brings the record back';
is join(' ', map { $_->{rows_ok} } @{$server->ctl('launch', 'list', 'part-delete', '--limit', 3)}), '1 1 1',
    'each delete saw the import before it';

# The wrong kind
my $count = 'SELECT count(*) AS n FROM ds_launch';
my $before = $server->value($count);
for (['delete', 'part-import'], ['remove', 'part-import'], ['import', 'part-export'], ['delete', 'part-export']) {
    my ($word, $sync) = @$_;
    my $response = $server->upload($sync, "sku\nDO\n", path => "/api/data-sync/$word/$sync");
    cmp_ok $response->code, '>=', 400, "a file for $sync at /$word/ is refused";
}
is $server->export_start($_)->code, 404, "$_ exports nothing" for qw(part-import part-delete);
is $server->get("/api/data-sync/export/$_")->code, 404, "$_ has no file to fetch" for qw(part-import part-delete);
is $server->value($count), $before, 'none of them became a launch';
is there('DO'), 'DO', 'and nothing was deleted';

# Credentials
my $token = $server->token('token-delete');
my $other = $server->token('car-import');
for my $word (qw(import delete)) {
    my $path = "/api/data-sync/$word/token-delete";
    fill('DT');
    is $server->upload('token-delete', "sku\nDT\n", path => $path)->code, 403, "/$word/: without a token nothing is deleted";
    is $server->upload('token-delete', "sku\nDT\n", path => $path, token => $other)->code, 403,
        "/$word/: nor with another sync's";
    is there('DT'), 'DT', "/$word/: the record is still there";
    $server->import_run('token-delete', "sku\nDT\n", path => $path, token => $token);
    is there('DT'), '', "/$word/: with its token it goes";
}

# Delete mark
sub kept {
    my ($id) = @_;
    my ($row) = $server->rows("SELECT * FROM kept WHERE id = '$id'");
    return $row || {};
}

$server->import_run('kept-import', "id,note\nK1,one\nK2,two\n");
$launch = $server->import_run('kept-delete', "id\nK1\nK9\n");
is DSClient::counts($launch), '2 1 0 1', 'a delete that marks counts like one that removes';
is kept('K1')->{note}, 'one', 'a marked row stays';
like kept('K1')->{_deleted_at} // '', qr/^20\d\d-\d\d-\d\d[T ]\d\d:\d\d/, 'with the time of its removal';
is kept('K1')->{_launch_id}, $launch->{id}, 'and the launch that removed it';
is kept('K2')->{_deleted_at}, undef, 'others are not marked';
my $time = kept('K1')->{_deleted_at};
is DSClient::counts($server->import_run('kept-delete', "id\nK1\n")), '1 0 0 1', 'a row that is removed already is an unknown key';
is kept('K1')->{_deleted_at}, $time, 'and keeps its time';
$server->import_run('kept-import', "id,note\nK1,one\n");
is kept('K1')->{_deleted_at}, undef, 'an import with the same values brings a marked row back';
is DSClient::counts($server->import_run('kept-delete', "id\nK1\n")), '1 1 0 0', 'which can be removed again';

finish($server);
done_testing;
