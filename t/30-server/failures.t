# The failures file is there to be corrected and sent again as it is. What fails here is a row that was corrected and
# still is not imported.
use strict;
use warnings FATAL => 'all';
use DSRead;
use DSTest;
use Apache::Test '-withtestmore';

my $server = server();

sub failures {
    my ($sync, $launch) = @_;
    return $server->get("/api/data-sync/$sync/$launch->{id}/failures")->content;
}

# [name, header, good row, bad row, what is wrong in it, what is right]
my @forms = (
    ['commas', "sku,name,count\n", "FA1,good,1\n", "FA2,bad,x7\n", 'x7', '7'],
    ['semicolons and CRLF', "sku;name;count\r\n", "FB1;good;1\r\n", "FB2;a,b;x7\r\n", 'x7', '7'],
    ['tabs', "sku\tname\tcount\n", "FC1\tgood\t1\n", "FC2\tbad, or not\tx7\n", 'x7', '7'],
    ['a byte order mark', "\xef\xbb\xbfsku,name,count\n", "FD1,good,1\n", "FD2,bad,x7\n", 'x7', '7'],
    ['quotes and line ends in cells', qq("sku","name","count"\n), qq("FE1","good","1"\n), qq("FE2","one ""two""\nthree, four","x7"\n), 'x7', '7'],
    ['letters of other scripts', "sku,name,count\n", "FF1,good,1\n", "FF2,\xe6\x97\xa5\xe6\x9c\xac,x7\n", 'x7', '7'],
    ['CR', "sku,name,count\r", "FG1,good,1\r", "FG2,bad,x7\r", 'x7', '7'],
    ['no line end at the end', "sku,name,count\n", "FH1,good,1\n", "FH2,bad,x7", 'x7', '7'],
    ['columns that are no fields', "sku,extra,count\n", "FI1,good,1\n", "FI2,bad,x7\n", 'x7', '7'],
    ['too many cells', "sku,name,count\n", "FJ1,good,1\n", "FJ2,bad,or,7\n", 'bad,or', 'bad or'],
);
for (@forms) {
    my ($name, $header, $good, $bad, $wrong, $right) = @$_;
    my $launch = $server->import_run('part-import', $header . $good . $bad);
    is DSClient::counts($launch), '2 1 1 0', "$name: one row is bad";
    my $text = failures('part-import', $launch);
    my $rest = $bad =~ s/[\r\n]+\z//r;
    ok index($text, $rest) > 0, "$name: it stands in the failures file as it was sent" or diag $text;
    is index($text, $good =~ s/[\r\n]+\z//r), -1, "$name: the good one does not";
    $text =~ s/\Q$wrong\E/$right/;
    $launch = $server->import_run('part-import', $text);
    is DSClient::counts($launch), '1 1 0 0', "$name: corrected and sent again it is imported" or diag $text;
    unlike $launch->{message}, qr/Import Failure Reason|ignored: column [45]/, "$name: nobody is told of the reason's column";
    my ($sku) = $bad =~ /(F\w2)/;
    is $server->value("SELECT count FROM part WHERE sku = '$sku'"), 7, "$name: with the value that was corrected";
}

# Not corrected, again and again
my $text = "sku,count\nFK1,one\nFK2,2\nFK3,three\n";
my $launch = $server->import_run('part-import', $text);
my $first = failures('part-import', $launch);
$launch = $server->import_run('part-import', $first);
is DSClient::counts($launch), '2 0 2 0', 'what was not corrected fails again';
my ($header, @rows) = csv_read(failures('part-import', $launch));
is scalar @rows, 2, 'with the same rows';
is_deeply [map { scalar @$_ } @rows], [(scalar @$header) x 2], 'and as many cells as the header';
like $rows[0][-1], qr/count/, 'the last cell is the reason';
my $again = failures('part-import', $launch) =~ s/one/1/r =~ s/three/3/r;
is DSClient::counts($server->import_run('part-import', $again)), '2 2 0 0', 'corrected in the end it is imported';

# Many
my $n = 30_000;
$launch = $server->import_run('part-import', "sku,count\n" . join '', map { "FL$_," . ($_ % 2 ? $_ : "x$_") . "\n" } 1 .. $n);
is $launch->{rows_failed}, $n / 2, 'many rows may fail';
$text = failures('part-import', $launch);
like $launch->{message}, qr/^15,000 rows imported, 15,000 failed: see the failures file/, 'the message says so in plain words';
$text =~ s/,x/,/g;
is DSClient::counts($server->import_run('part-import', $text)), join(' ', $n / 2, $n / 2, 0, 0), 'and be sent again, all of them';
is $server->value("SELECT count(*) AS n FROM part WHERE sku LIKE 'FL%' AND 'FL' || count = sku"), $n, 'in the end every row is there';

# Warnings
$server->import_run('part-import', "sku,name\nFM1,one\n");
$launch = $server->import_run('part-delete', "sku\nFM1\nFM2\n");
my $warnings = $server->get("/api/data-sync/part-delete/$launch->{id}/warnings")->content;
$server->import_run('part-import', "sku,name\nFM2,two\n");
is DSClient::counts($server->import_run('part-delete', $warnings)), '1 1 0 0', 'a warnings file can be sent again when the records have come';
is DSClient::counts($server->import_run('part-delete', "sku\n" . join '', map { "FL$_\n" } 1 .. $n)), "$n $n 0 0", 'all of it can be deleted';

finish($server);
done_testing;
