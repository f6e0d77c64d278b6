# ?dry-run=true: a partner tries a file out. What fails here changes rows that nobody wanted to change, or says
# something else than the real run will.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $server = server();
my $table = "SELECT sku, name, count, _launch_id, _updated_at FROM part WHERE sku LIKE 'DR%' ORDER BY sku";

sub dry {
    my ($sync, $text, @how) = @_;
    return $server->import_run($sync, $text, query => 'dry-run=true', @how);
}

$server->import_run('part-import', "sku,name,count\nDR1,one,1\nDR2,two,2\nDR3,three,3\n");
my @before = $server->rows($table);

my $text = "sku,name,count\nDR1,ONE,1\nDR2,two,twice\nDR9,nine,9\n,none,1\n";
my $dry = dry('part-import', $text);
is $dry->{state}, 'finished', 'a dry run comes to its end';
is_deeply [$server->rows($table)], \@before, 'an import that is a dry run changes no row';
like $dry->{message}, qr/dry run.*2 rows would be imported, 2 failed/i, 'the launch says what it was';
my $failures = $server->launch_file($dry->{id}, 'failures');
my $status = $server->json_get('/api/data-sync/part-import');
like $status->{'latest-launch'}{'status-message'}, qr/dry run/i, 'so does the status';
is $server->get("/api/data-sync/part-import/$dry->{id}/failures")->content, $failures, 'its failures file can be fetched';

my $real = $server->import_run('part-import', $text);
is DSClient::counts($real), DSClient::counts($dry), 'the real run counts what the dry run counted';
is $server->launch_file($real->{id}, 'failures'), $failures, 'with the same failures file';
is join(' ', map { $_->{name} } $server->rows($table)), 'ONE two three nine', 'and changes the rows';
unlike $real->{message}, qr/dry/i, 'it is not called a dry run';

@before = $server->rows($table);
my $delete = dry('part-delete', "sku\nDR1\nDR2\nDR0\n");
is_deeply [$server->rows($table)], \@before, 'a delete that is a dry run removes no row';
is DSClient::counts($delete), '3 2 0 1', 'but counts what it would remove';
like $server->launch_file($delete->{id}, 'warnings'), qr/^DR0,/m, 'and names the unknown keys';
is DSClient::counts(dry('part-delete', "sku\nDR1\nDR1\n")), '2 1 0 1', 'a key that stands twice is counted as the real run would';
is DSClient::counts(dry('part-delete', "sku\nDR3\n", path => '/api/data-sync/delete/part-delete')), '1 1 0 0', 'the alias knows it too';
$server->import_run('kept-import', "id\nDR1\n");
dry('kept-delete', "id\nDR1\n");
is $server->value("SELECT count(*) AS n FROM kept WHERE id = 'DR1' AND _deleted_at IS NULL"), 1, 'nor is a row marked';
is_deeply [$server->rows($table)], \@before, 'still no row has changed';

# Several batches
my $rows = 110_000;
my $long = "sku,count\n" . join '', map { "DX$_," . ($_ % 100 ? $_ : 'x') . "\n" } 1 .. $rows;
$dry = dry('part-import', $long);
is DSClient::counts($dry), join(' ', $rows, $rows - $rows / 100, $rows / 100, 0), 'a dry run of many batches counts all of them';
is $server->value("SELECT count(*) AS n FROM part WHERE sku LIKE 'DX%'"), 0, 'and leaves nothing';
is scalar(my @lines = split /\n/, $server->launch_file($dry->{id}, 'failures')), $rows / 100 + 1, 'but its failures';

# How it is asked for
my $asked = "sku,name\nDR1,asked\n";
for my $query ('dry-run=false', '', 'other=true', 'x-dry-run=true') {
    $server->import_run('part-import', "sku,name\nDR1,before\n");
    $server->import_run('part-import', $asked, query => $query);
    is $server->value("SELECT name FROM part WHERE sku = 'DR1'"), 'asked', "\"?$query\" is a real run";
}
for my $query ('a=b&dry-run=true', 'dry-run=true&a=b') {
    dry('part-import', "sku,name\nDR1,dry\n", query => $query);
    is $server->value("SELECT name FROM part WHERE sku = 'DR1'"), 'asked', "\"?$query\" is none";
}
# What cannot be understood must not become a real run.
for my $query ('dry-run', 'dry-run=', 'dry-run=maybe', 'dry-run=1', 'dry-run=TRUE', 'dry-run=yes') {
    my $response = $server->upload('part-import', "sku,name\nDR1,meant\n", query => $query);
    $server->launch_ended($server->launch_newest('part-import')->{id});
    is $server->value("SELECT name FROM part WHERE sku = 'DR1'"), 'asked', "\"?$query\" is never a real run" or diag $response->code;
}

finish($server);
done_testing;
