# A file that cannot be read to its end: whoever fetches it must see that it is not whole, or works with half of it.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $server = server();
my $text = "vin,make\n" . join '', map { sprintf "B%07d,%s\n", $_, join '', map { chr 97 + rand 26 } 1 .. 40 } 1 .. 80_000;
my $launch = $server->import_run('open-import', $text);
my $path = "/api/data-sync/open-import/$launch->{id}/download";
my $file = $server->value("SELECT id FROM ds_file WHERE launch_id = $launch->{id} AND role = 'input'");
my $middle = 2 * 1024 * 1024;
my $away = 1_000_000_000_000;    # where no reader looks

sub chunk_move {
    my ($start, $by) = @_;
    $server->write("UPDATE ds_chunk SET start = start + $by WHERE file_id = $file AND start % $away = $start");
    return;
}

# What a client of HTTP/1.1 gets that would keep its connection: (head, body as it is on the wire).
sub get_raw {
    my ($query, @headers) = @_;
    my $socket = $server->socket_open;
    print {$socket} join "\r\n", "GET $path$query HTTP/1.1", 'Host: 127.0.0.1', @headers, '', '';
    $socket->flush;
    local $SIG{ALRM} = sub { die "the connection stays open\n" };
    alarm $DSClient::patience;
    my $all = '';
    1 while sysread $socket, $all, 65_536, length $all;
    alarm 0;
    return $all =~ /\A(.*?\r\n)\r\n(.*)\z/s;
}

sub curl {
    my ($query, @options) = @_;
    open my $in, '-|', 'curl', '-s', '-m', $DSClient::patience, '--http2-prior-knowledge', @options, $server->url("$path$query")
        or die "curl: $!";
    local $/;
    my $body = <$in> // '';
    close $in;
    return ($? >> 8, $body);
}

is $server->get($path)->content, $text, 'a whole file is sent whole';
my ($code, $body) = curl('');
ok $code == 0 && $body eq $text, 'over HTTP/2 too';

chunk_move($middle, $away);
my ($head, $got) = get_raw('');
like $head, qr{^HTTP/1.1 200 }, 'one that lacks a part in its middle is begun';
like $head, qr/^Content-Length: @{[length $text]}\r$/m, 'with its length';
is length $got, $middle, 'and breaks off where the part is missing';
ok $got eq substr($text, 0, $middle), 'after the right bytes';
for (['?safe=1', 'with ?safe=1'], ['', 'packed', 'Accept-Encoding: gzip'], ['?safe=1', 'packed with ?safe=1', 'Accept-Encoding: gzip']) {
    my ($query, $name, @headers) = @$_;
    ($head, $got) = get_raw($query, @headers);
    like $head, qr/^Transfer-Encoding: chunked\r$/m, "$name its length is not known before";
    cmp_ok length $got, '>', 100_000, "$name it is begun";
    unlike substr($got, -100), qr/\r\n0\r\n/, "$name it has no end";
}
for (['', 'a file'], ['?safe=1', 'one with ?safe=1'], ['', 'a packed one', '-H', 'Accept-Encoding: gzip']) {
    my ($query, $name, @options) = @$_;
    my @codes = map { (curl($query, @options))[0] } 1 .. 6;
    is scalar(grep { $_ == 0 } @codes), 0, "over HTTP/2 $name is reset" or diag "@codes";
    is scalar(grep { $_ == 28 } @codes), 0, "over HTTP/2 $name does not hang" or diag "@codes";
}
my @reasons;
wait_for('each of them in the log', sub { @reasons = $server->log_text =~ /DS0090.*/g; @reasons >= 22 });
pass 'each is in the log';
is scalar(grep { !/\bfile $file cannot be read at $middle\b/ } @reasons), 0, 'with the file and the place';
is $server->get('/api/data-sync/idle-import')->code, 200, 'the server goes on';

chunk_move($middle, -$away);
is $server->get($path)->content, $text, 'the file is whole again when its part is there';
chunk_move(0, $away);
for ('', '?safe=1') {
    cmp_ok $server->get("$path$_")->code, '>=', 500, "where the first part is missing \"$_\", the answer is a failure";
    ($code, my $http) = curl($_, '-o', '/dev/null', '-w', '%{http_code}');
    ok $code != 0 || $http >= 500, 'over HTTP/2 too, or a reset' or diag "$code $http";
}
chunk_move(0, -$away);
finish($server, qr/DS0090/, qr/AH10298/);    # the second is mod_deflate's word for it
done_testing;
