# Uploads without a length, in whatever pieces a client or a proxy makes of them.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $server = server();
my $csv = "vin,make\n" . join '', map { "CH$_,Make\n" } 1 .. 2000;
my $body = "--bound\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n$csv\r\n--bound--\r\n";

sub chunks {
    my ($size, $text) = @_;
    return (map { sprintf("%x\r\n", length) . "$_\r\n" } unpack "(a$size)*", $text), "0\r\n\r\n";
}

# The status line and the body of the answer to an upload that arrives in these pieces.
sub upload_pieces {
    my ($header, @pieces) = @_;
    my $socket = $server->socket_open;
    $socket->autoflush(1);
    print {$socket} "POST /api/data-sync/import/open-import HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        . "Content-Type: multipart/form-data; boundary=bound\r\n$header\r\n\r\n";
    local $SIG{PIPE} = 'IGNORE';
    print {$socket} $_ or last for @pieces;
    local $/;
    my $answer = <$socket> // '';
    return $answer;
}

for my $size (1, 7, 1000, 100_000) {
    my $answer = upload_pieces('Transfer-Encoding: chunked', chunks($size, $size == 1 ? substr($body, 0, 400) . substr($body, -40) : $body));
    like $answer, qr/^HTTP\/1\.1 200 .*File queued\z/s, "chunks of $size bytes are taken";
    my $launch = $server->launch_ended($server->launch_newest('open-import')->{id});
    my $sent = $size == 1 ? length(substr($body, 0, 400) . substr($body, -40)) - length($body) + length $csv : length $csv;
    is length $server->launch_file($launch->{id}, 'input'), $sent, 'and arrive whole';
}
like upload_pieces('Content-Length: ' . length $body, unpack '(a1)*', substr $body, 0, length $body), qr/^HTTP\/1\.1 200 /,
    'a body that arrives byte by byte is taken';
my $count = $server->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'open-import'");
my @broken = chunks(1000, $body);
unlike upload_pieces('Transfer-Encoding: chunked', @broken[0 .. 3], "zz\r\n"), qr/ 200 /, 'a broken chunk is refused';
is $server->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'open-import'"), $count, 'and leaves no launch';
finish($server, qr/AH01588|AH02/);
done_testing;
