# Limits: without them one file of one partner takes the server from all others.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(POST);

my $server = server();
my $path = '/api/data-sync/import/small-import';

sub launches {
    return $server->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'small-import'");
}

my $head = "vin,note\n";
my $before = launches();
my $text = "vin,make\n" . 'L' x (4096 - 9);
is $server->upload('small-import', $text)->code, 200, 'a file of exactly the limit is taken';
is $server->upload('small-import', "${text}L")->code, 413, 'one byte more is refused';
my $refused = $server->upload('small-import', 'L' x 3_000_000);
is $refused->code, 413, 'a file far over the limit is refused';
like $refused->content, qr/4096|4 KiB/, 'the answer tells the limit';
is launches(), $before + 1, 'refused files leave no launch';
wait_for('refused chunks to be swept', sub {
    return !$server->value('SELECT count(*) AS n FROM ds_chunk WHERE file_id NOT IN (SELECT id FROM ds_file)');
});
pass 'refused files leave no chunk';
is $server->get('/api/data-sync/small-import')->code, 200, 'the server goes on serving';

# Limits of rows: (file, what must stand in the reason).
sub small {
    my ($text) = @_;
    my $launch = $server->import_run('small-import', $text);
    my $failures = $server->launch_file($launch->{id}, 'failures') // '';
    return ($launch, ($launch->{message} // '') . "\n" . $failures);
}

my ($launch, $said) = small("vin,make\n" . join('', map { "LR$_,x\n" } 1 .. 10));
is $launch->{rows_ok}, 10, 'as many rows as allowed are taken';
($launch, $said) = small("vin,make\n" . join('', map { "LS$_,x\n" } 1 .. 11));
is $launch->{state}, 'failed', 'one row more fails the launch';
like $said, qr/\b10\b.*rows|rows.*\b10\b/, 'and tells the limit of rows';

($launch, $said) = small("vin,make\nLF1," . 'x' x 50 . "\nLF2," . 'x' x 51 . "\nLF3,x\n");
is join(' ', @$launch{qw(rows_ok rows_failed)}), '2 1', 'a cell over its limit fails its row alone';
like $said, qr/make|column 2/, 'the reason names the column of a long cell';
like $said, qr/\b50\b|longer/, 'and the limit';

($launch, $said) = small("vin,make\nLC1,x\nLC2" . ',x' x 6 . "\nLC3,x\n");
is $launch->{rows_failed}, 1, 'a row with too many cells fails alone';
like $said, qr/LC2/, 'it stands in the failures file';
like $said, qr/more values than the limit/, 'with the reason';

($launch, $said) = small("vin,make\nLL1,x\n" . 'LL2,' . 'y,' x 100 . "\nLL3,x\n");
is $launch->{state}, 'failed', 'a row over its length ends the launch: nothing behind it can be trusted';
is $launch->{rows_ok}, 1, 'what stood before it is kept';
like $said, qr/\b200\b/, 'the message tells the limit of a row';
like $said, qr/(?:row|line) \d/, 'and where it is';

($launch, $said) = small("vin,make\nLQ1,x\nLQ2,\"" . "y\n" x 150);
is $launch->{state}, 'failed', 'an unclosed quote cannot swallow more than a row may hold';

# Bodies that are no form at all
my @bad = (
    ['text/csv', $head, 'a body that is no form'],
    ['multipart/form-data', $head, 'a form without a boundary'],
    ['multipart/form-data; boundary=b', "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b--\r\n", 'a form without the file'],
    ['multipart/form-data; boundary=b', "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx", 'a form that is cut off'],
);
my $count = launches();
for (@bad) {
    my ($type, $body, $name) = @$_;
    my $response = $server->request(POST($server->url($path), Content_Type => $type, Content => $body));
    is $response->code, 500, "$name is refused";
}
is launches(), $count, 'and leaves no launch';
finish($server);
done_testing;
