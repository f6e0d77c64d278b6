# Clients that read slowly: ten of them must not take the server from everybody else, or its memory.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use Digest::SHA;
use IO::Select;
use Socket qw(SOL_SOCKET SO_RCVBUF);

my $clients = 10;
my $megabytes = 30;
my $memory_max = 64 * 1024;    # KiB of one child of httpd

my $node = DSNode->start;
my $line = join(',', 'SLOW%07d', 'red', 'x' x 100, 'y' x 100) . "\n";
my $text = "vin,color,make,model\n" . join '', map { sprintf $line, $_ } 1 .. $megabytes * 1024 * 1024 / (length($line) + 3);
cmp_ok length $text, '>', ($megabytes - 1) * 1024 * 1024, "a file of $megabytes MB";
my $launch = $node->import_run('open-import', $text);
is $launch->{state}, 'finished', 'is imported';
my $want = Digest::SHA::sha256_hex($text);
my $size = length $text;
undef $text;

# Sockets with little room, so that the server has to wait.
sub client_begin {
    my $socket = IO::Socket::INET->new(Proto => 'tcp') or die $!;
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, pack 'i', 16 * 1024;
    connect $socket, Socket::pack_sockaddr_in($node->{port}, Socket::inet_aton('127.0.0.1')) or die "connect: $!";
    syswrite $socket, "GET /api/data-sync/open-import/$launch->{id}/download HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    return {socket => $socket, digest => Digest::SHA->new(256), got => 0, head => ''};
}

# Take what is there; false at the end.
sub client_read {
    my ($client, $most) = @_;
    my $read = sysread $client->{socket}, my ($bytes), $most;
    die "read: $!" unless defined $read;
    if (!defined $client->{length}) {
        $client->{head} .= $bytes;
        $client->{head} =~ s/\A(.*?)\r\n\r\n//s or return $read;
        my $head = $1;
        $head =~ m{\AHTTP/1\.1 200 } or die $head;
        ($client->{length}) = $head =~ /^Content-Length: (\d+)/im or die $head;
        $bytes = delete $client->{head};
    }
    $client->{digest}->add($bytes);
    $client->{got} += length $bytes;
    return $read;
}

my @clients = map { client_begin() } 1 .. $clients;
for my $client (@clients) {
    client_read($client, 4096) while $client->{got} < 100_000;
}
is scalar(grep { $_->{length} == $size } @clients), $clients, 'ten clients have begun to read it, and stop';

# They go on only after all these answers: whoever had to wait for them would wait in vain.
my %codes;
for (1 .. 20) {
    $codes{$node->get('/api/data-sync/open-import')->code}++;
}
is_deeply \%codes, {200 => 20}, 'meanwhile each status is answered';
is $node->import_run('part-import', "sku\nSLOW\n")->{rows_ok}, 1, 'and imports are accepted and run';

my $select = IO::Select->new(map { $_->{socket} } @clients);
my %client_of = map { $_->{socket} => $_ } @clients;
while ($select->count) {
    for my $socket ($select->can_read(30)) {
        next if client_read($client_of{$socket}, 65_536);
        $select->remove($socket);
    }
}
my @peak = map { DSClient::text_of("/proc/$_/status") =~ /^VmHWM:\s+(\d+)/m ? $1 : () } $node->httpd_pids;
my ($largest) = sort { $b <=> $a } @peak;
cmp_ok scalar @peak, '>', 0, 'children of httpd are there to be measured';
SKIP: {
    skip 'the sanitizers take memory of their own', 1 if $ENV{DS_SANITIZERS};
    cmp_ok $largest, '<', $memory_max, sprintf 'no child of httpd ever had more than %d MB (%.0f MB)', $memory_max / 1024, $largest / 1024;
}
is scalar(grep { $_->{got} == $size && $_->{digest}->hexdigest eq $want } @clients), $clients, 'each client has the right bytes in the end';
$node->stop;
finish($node);
done_testing;
