#!/usr/bin/perl
# Requests of the worker: what a server that means harm can make of them. A client that follows it reads the inside of
# a network, gives secrets away, or fills the memory.
use strict;
use warnings FATAL => 'all';
use Compress::Zlib ();
use DSCertificate;
use DSRest;
use Test::More;
use Time::HiRes qw(time);

# What http_dump says to these arguments: the first line and the rest.
sub send_one {
    my (@arguments) = @_;
    open my $in, '-|', 't/10-unit/http_dump', @arguments or die "http_dump: $!";
    local $/;
    my ($first, $rest) = split /\n/, <$in> // '', 2;
    close $in or return ("died: $?", '');
    return ($first, $rest);
}

my @hole = ('allow=127.0.0.1', 'plain=1');
my $bomb = Compress::Zlib::memGzip('a' x 20_000_000);
my $other;    # another origin

my %answers = (
    '/good' => sub { [200, {}, 'good'] },
    '/echo' => sub { [200, {}, join '|', $_[0]->method, $_[0]->content, map { $_[0]->header($_) // '-' } qw(X-Api-Key Authorization Accept Cookie Content-Type)] },
    '/gzip' => sub { [200, {'Content-Encoding' => 'gzip'}, Compress::Zlib::memGzip('unpacked')] },
    '/bomb' => sub { [200, {'Content-Encoding' => 'gzip'}, $bomb] },
    '/large' => sub { [200, {}, 'x' x 5000] },
    '/missing' => sub { [404, {}, "no such\tthing\n"] },
    '/headers' => sub { [200, {map { ("X-$_" => 'y' x 1000) } 1 .. 100}, ''] },
    '/many' => sub { [200, {map { ("X-$_" => 'y') } 1 .. 300}, ''] },
    '/loop' => sub { [302, {Location => '/loop'}, ''] },
    '/relative' => sub { [302, {Location => 'good'}, ''] },
    '/metadata' => sub { [302, {Location => 'http://169.254.169.254/latest/meta-data/'}, ''] },
    '/file' => sub { [302, {Location => 'file:///etc/passwd'}, ''] },
    '/gopher' => sub { [302, {Location => 'gopher://127.0.0.1:25/x'}, ''] },
    '/user' => sub { [302, {Location => 'http://user:hunter2@127.0.0.1/'}, ''] },
    '/same307' => sub { [307, {Location => '/echo'}, ''] },
    '/same303' => sub { [303, {Location => '/echo'}, ''] },
    '/other' => sub { [302, {Location => $other->url('/echo')}, ''] },
    '/back' => sub { [302, {Location => $other->url('/return')}, ''] },
    '/other307' => sub { [307, {Location => $other->url('/echo')}, ''] },
    '/cut' => sub { syswrite $_[1]{client}, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"; return },
    '/garbage' => sub { syswrite $_[1]{client}, "\0\1\2rubbish\r\n\r\n"; return },
    '/nothing' => sub { return },
    '/drip' => sub { syswrite $_[1]{client}, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
                     for (1 .. 200) { syswrite $_[1]{client}, 'x' or return; select undef, undef, undef, 0.1 } return },
    '/sleep' => sub { sleep 20; [200, {}, 'late'] },
);
my $server = DSRest->start(sub { my ($request) = @_; ($answers{$request->uri->path} || $answers{'/missing'})->(@_) });
$other = DSRest->start(sub {
    my ($request) = @_;
    return [302, {Location => $server->url('/echo')}, ''] if $request->uri->path eq '/return';
    return $answers{'/echo'}->(@_);
});
# the first one was forked before it knew the other
my $first = DSRest->start(sub { my ($request) = @_; ($answers{$request->uri->path} || $answers{'/missing'})->(@_) });
sub url { return $first->url(shift) }

my ($said, $body) = send_one(@hole, 'GET', url('/good'));
is $said, '200 4 ' . url('/good'), 'a request is answered';
is $body, "good\ngood", 'and the body arrives';
($said, $body) = send_one(@hole, 'GET', url('/missing'));
like $said, qr/^404 14 /, 'a refusal is an answer';
is $body, "no such.thing.\n", 'whose beginning can be shown, and whose body goes nowhere else';
($said, $body) = send_one(@hole, 'GET', url('/gzip'));
like $body, qr/unpacked$/, 'gzip is unpacked';
($said, $body) = send_one(@hole, '+X-Api-Key=secret', '+Authorization=Bearer s', 'POST', url('/echo'), '{"a":1}');
like $body, qr/POST\|\{"a":1\}\|secret\|Bearer s\|/, 'headers and a body go along';

# Where to
for my $address (qw(127.0.0.1 127.1 2130706433 0x7f.1 [::1] [::ffff:127.0.0.1] localhost 0 169.254.169.254 [fe80::1] [64:ff9b::7f00:1])) {
    ($said) = send_one('plain=1', 'total=5000', 'GET', "http://$address:$first->{port}/good");
    like $said, qr/^denied: .* has the address .*DataSyncEgressAllow/, "the inside of the network is not asked: $address";
}
is scalar(grep { $_->{path} eq '/good' } $first->asked), 1, 'nothing of that has arrived';
($said) = send_one('plain=1', 'allow=localhost', 'GET', "http://localhost:$first->{port}/good");
like $said, qr/^200 /, 'a host that is named may be asked';
($said) = send_one('allow=127.0.0.1', 'GET', url('/good'));
like $said, qr/^denied: .* is not https/, 'nothing is asked without TLS unless that is allowed';
for my $bad ('file:///etc/passwd', 'gopher://127.0.0.1:25/x', 'http://user:hunter2@127.0.0.1/', 'no URL', 'dict://127.0.0.1/') {
    ($said) = send_one(@hole, 'GET', $bad);
    like $said, qr/^denied: It is not a URL of http/, "no other scheme, and no password in a URL: $bad";
    unlike $said, qr/hunter/, 'which is not shown' if $bad =~ /hunter/;
}
{
    local $ENV{http_proxy} = url('/');
    ($said) = send_one('plain=1', 'allow=127.0.0.1', 'total=5000', 'GET', 'http://169.254.169.254/x');
    like $said, qr/^denied: 169/, 'a proxy of the environment is no way out';
}

# Redirects
($said, $body) = send_one(@hole, 'GET', url('/relative'));
is $said, '200 4 ' . url('/good'), 'a redirect is followed';
($said) = send_one(@hole, 'redirects=0', 'GET', url('/relative'));
like $said, qr/^302 /, 'or is an answer, where none is to be followed';
($said) = send_one(@hole, 'GET', url('/loop'));
like $said, qr/^limit: There are more than 3 redirects/, 'not for ever';
is $first->asked_count(qr{^/loop}), 4, 'but as often as allowed';
for my $path (qw(/metadata /file /gopher /user)) {
    ($said) = send_one(@hole, 'GET', url($path));
    like $said, qr/^denied: /, "a redirect opens nothing: $path";
}
my @secrets = ('+X-Api-Key=secret', '+Authorization=Bearer s', '+Cookie=c', '+Accept=application/json');
($said, $body) = send_one(@hole, @secrets, 'GET', url('/other'));
like $body, qr{GET\|\|-\|-\|application/json\|-\|}, 'to another origin no secret goes along';
($said, $body) = send_one(@hole, @secrets, 'GET', url('/back'));
like $body, qr{GET\|\|-\|-\|application/json\|-\|}, 'nor back from there';
($said, $body) = send_one(@hole, @secrets, 'POST', url('/same307'), 'b');
like $body, qr{POST\|b\|secret\|Bearer s\|}, 'to the same origin everything does';
($said, $body) = send_one(@hole, @secrets, 'POST', url('/same303'), 'b');
like $body, qr{GET\|\|secret\|}, 'and 303 makes a GET of it';
($said) = send_one(@hole, 'POST', url('/other307'), 'b');
like $said, qr/^denied: A redirect would take the body/, 'the body of a POST stays with its origin';

# How much, and for how long
my $start = time;
($said, $body) = send_one(@hole, 'body=1000000', 'GET', url('/bomb'));
like $said, qr/^limit: The answer is larger than 1000000 bytes/, 'what unpacks without end is not unpacked';
cmp_ok length $body, '<', 1_200_000, 'beyond the limit';
($said) = send_one(@hole, 'body=4999', 'GET', url('/large'));
like $said, qr/^limit: /, 'an answer that is too large';
($said) = send_one(@hole, 'room=4999', 'GET', url('/large'));
is $said, 'limit: The answer cannot be kept: No space left on device', 'a disk that is full is no trouble of the database';
($said) = send_one(@hole, 'body=5000', 'GET', url('/large'));
like $said, qr/^200 5000 /, 'and one that is just right';
($said) = send_one(@hole, 'GET', url($_)), like $said, qr/^limit: The answer has too many headers/, "headers: $_" for qw(/headers /many);
for my $path (qw(/cut /garbage /nothing)) {
    ($said) = send_one(@hole, 'GET', url($path));
    like $said, qr/^remote: \S/, "half an answer is none: $path";
}
($said) = send_one(@hole, 'total=1000', 'GET', url('/drip'));
like $said, qr/^remote: .*timed out/i, 'an answer that drips has to end in time';
($said) = send_one(@hole, 'silence=1000', 'GET', url('/drip'));
like $said, qr/^remote: .*too slow/i, 'or is given up because it drips';
($said) = send_one(@hole, 'stop=500', 'GET', url('/sleep'));
like $said, qr/^stopped: /, 'who waits can be stopped';
cmp_ok time - $start, '<', 60, 'all that has an end soon';
($said) = send_one(@hole, 'total=5000', 'GET', 'http://127.0.0.1:9/');
like $said, qr/^remote: .*connect/i, 'a server that is away is away';

# Whom it believes. The directory of the system's authorities is another way in libcurl, so the file of "theirs" must do.
my ($ours, $theirs, $strangers) = map { authority_make($_) } qw(ours theirs strangers);
my %tls = map { $_ => DSRest->start(sub { [200, {}, 'good'] }, certificate => [certificate_make($_, "server-$_", 'IP:127.0.0.1')]) } qw(ours theirs strangers);
sub tls_said { my ($whose, @files) = @_; return (send_one('allow=127.0.0.1', @files, 'GET', $tls{$whose}->url('/good')))[0] }
for my $whose (qw(ours theirs)) {
    like tls_said($whose, "ca=$ours", "system_ca=$theirs"), qr/^200 /, "an authority of one's own stands beside the system's: $whose";
}
like tls_said('strangers', "ca=$ours", "system_ca=$theirs"), qr/^denied: SSL certificate problem/, 'anybody else is nobody';
like tls_said('theirs', "ca=$ours"), qr/^denied: SSL certificate problem/, 'the system is asked for those that it has';
like tls_said('ours', "ca=$ours", 'system_ca=/nowhere'), qr/^200 /, 'a system without its file is one with the others alone';
like tls_said('ours', 'ca=/nowhere', "system_ca=$theirs"), qr/^denied: /, 'without the file of its own nobody is trusted instead';
$_->stop for values %tls;

# Headers that would be others
for my $bad ("+X-A=1\r\nHost: evil", "+X-A=1\n", '+Bad Name=1', '+=1', '+Host=evil', '+Transfer-Encoding=chunked', "+X\r\nY=1", '+Proxy-Authorization=1') {
    ($said) = send_one(@hole, $bad, 'GET', url('/echo'));
    like $said, qr/^input: The header .* cannot be sent: /, 'a header that is none is not sent';
    unlike $said, qr/[\r\n]/, 'nor shown as it is';
}
$_->stop for $server, $other, $first;
done_testing;
