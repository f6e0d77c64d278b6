# Clients that go away at any byte of what they send or fetch, and clients that are slow with both: nothing half is kept, nothing
# is left open, and everybody else is served as before.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use IO::Select;
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF);
use Time::HiRes qw(sleep time);

local $SIG{PIPE} = 'IGNORE';
my $fault = DSFault->start;
my $node = $fault->node;
my %done;

sub request_of {
    my ($name, $rows) = @_;
    my $body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"$name.csv\"\r\nContent-Type: text/csv\r\n\r\nvin,make\n"
        . join('', map { "$name$_,x\n" } 1 .. $rows) . "\r\n--b--\r\n";
    return "POST /api/data-sync/import/open-import HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        . "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
}

# Go away: close, or reset, so that what is under way is lost too.
sub leave {
    my ($socket) = @_;
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 or die $! if rand() < 0.5;
    return close $socket;
}

# Send all but the last so many bytes, and go.
sub upload_break {
    my ($round) = @_;
    my $request = request_of("G$round-", rand() < 0.2 ? 40_000 : 1 + int rand 500);
    my $socket = $node->socket_open;
    print {$socket} substr $request, 0, int rand length $request;
    $socket->flush;
    sleep rand 0.1 if rand() < 0.5;
    return leave($socket) && $done{uploads}++;
}

my $text = join '', "vin,make\n", map { "FILE$_," . 'x' x 100 . "\n" } 1 .. 60_000;
my $file = $node->import_run('open-import', $text)->{id};
my $before = $node->value('SELECT max(id) AS n FROM ds_launch');

# Read so many bytes of a file, and go.
sub download_break {
    my $socket = $node->socket_open;
    print {$socket} "GET /api/data-sync/open-import/$file/download HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    my ($want, $bytes) = (int rand 1.1 * length $text, '');
    while (length $bytes < $want) {
        sysread $socket, $bytes, 65_536, length $bytes or last;
    }
    return leave($socket) && $done{downloads}++;
}

# Connections of the database are kept, and there are more the more requests there were at once.
sub descriptors {
    my ($most) = sort { $b <=> $a } map { scalar grep { !/datasync\.db/ } map { readlink // '' } glob "/proc/$_/fd/*" } $node->httpd_pids;
    return $most;
}

for (1 .. 8) {    # every child has its connections by then
    $node->get('/api/data-sync/open-import')->code == 200 or die 'not served';
    download_break();
    upload_break("W$_");
}
my $open = descriptors();
$fault->load_begin(pause => 0.3, slow => 0.3);
for my $round (1 .. rounds(200, 20)) {
    rand() < 0.5 ? upload_break($round) : download_break();
    $fault->order_check("round $round") if $round % 5 == 0;
}
$fault->integrity_check("$done{uploads} uploads and $done{downloads} downloads were broken off");
is $node->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'open-import' AND id > $before"), 0, 'no broken upload is a launch';
wait_for('the end of what was broken off', sub { descriptors() <= $open + 8 });
cmp_ok descriptors(), '<=', $open + 8, "nothing is left open ($open descriptors of the largest child before)";

# Slow clients, many at once: each sends or takes a little now and then.
my $clients = rounds(30, 10);
my $select = IO::Select->new;
for my $n (1 .. $clients) {
    my $socket = $node->socket_open;
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, pack 'i', 16 * 1024;
    print {$socket} "GET /api/data-sync/open-import/$file/download HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    $select->add($socket);
}
my @slow = map { {socket => $node->socket_open, text => request_of("S$_-", 2000), sent => 0} } 1 .. $clients;
# The others come by connections of their own: one that is kept stays with its child, whose threads may all be busy.
my @own = (headers => [Connection => 'close']);
my ($longest, $asked, %codes) = (0, 0);
my $end = time + rounds(20, 4);
while (time < $end) {
    for my $client (@slow) {
        $client->{sent} += syswrite $client->{socket}, $client->{text}, 500, $client->{sent} if $client->{sent} < length($client->{text}) - 600;
    }
    sysread $_, my ($bytes), 2000 for $select->can_read(0);
    my $start = time;
    $codes{$node->get('/api/data-sync/open-import', @own)->code}++;
    $codes{$node->upload('part-import', "sku\nQUICK" . $asked++ . "\n", @own)->code}++;
    $longest = time - $start if time - $start > $longest;
    sleep 0.05;
}
is join(' ', sort keys %codes), '200', "$clients slow uploads and $clients slow downloads: others are served ($asked times)";
cmp_ok $longest, '<', $DSFault::allowance, sprintf 'and soon (%.3f s at most)', $longest;

# All of them come to their end, one after the other: a slow disk could not take all at once in the time that one may wait.
sub upload_end {
    my ($client) = @_;
    my $socket = $client->{socket};
    print {$socket} substr $client->{text}, $client->{sent};
    $socket->flush;
    return scalar <$socket> // '';
}

is scalar(grep { m{^HTTP/1.1 200 } } map { upload_end($_) } @slow), $clients, 'the slow uploads are accepted in the end';
leave($_) for $select->handles;
wait_for('the slow uploads to be imported', sub {
    return $node->value("SELECT count(*) AS n FROM car_c WHERE vin LIKE 'S%'") == 2000 * $clients;
});
$fault->finish;
done_testing;
