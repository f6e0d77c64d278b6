# Servers that mean harm: whatever they answer, a pull comes to an end, with a state and a message that say why, and
# fills neither the memory nor the disk; it tells nobody a secret, and leads nobody into the inside of a network.
# DS_FAULTS=long has those too that are asked again and again, which takes minutes.
use strict;
use warnings FATAL => 'all';
use Compress::Zlib ();
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep time);

my $is_long = ($ENV{DS_FAULTS} // '') eq 'long';
my $upload_max = 8;    # MB, of a page too
my $other;              # another origin

sub items { return {data => {items => [map { {id => $_, name => "item $_"} } @_]}} }
sub redirect { my (@where) = @_; return sub { [302, {Location => join '', map { ref ? $_->() : $_ } @where}, ''] } }

# What follows the head of an answer, for as long as the client reads.
sub stream {
    my ($self, $headers, $next) = @_;
    syswrite $self->{client}, "HTTP/1.1 200 OK\r\n$headers\r\n" or return;
    while (defined(my $text = $next->())) {
        DSClient::send_all($self->{client}, $text) or return;
    }
    return;
}

my $bomb = Compress::Zlib::memGzip('{"data":{"items":[' . ' ' x (3 * $upload_max * 1_000_000));
my %answers = (
    'flood' => sub { my $id = 0; stream($_[1], '', sub { $id++ ? join '', map { qq(,{"id":$_}) } $id * 1000 .. $id * 1000 + 999 : '{"data":{"items":[{"id":0}' }) },
    'bomb' => sub { [200, {'Content-Encoding' => 'gzip'}, $bomb] },
    'announced' => sub { stream($_[1], "Content-Length: 999999999999\r\n", do { my $more = 1; sub { $more-- ? '{' : undef } }) },
    'headers' => sub { [200, {map { ("X-$_" => 'y' x 1000) } 1 .. 100}, '{}'] },
    'severed' => sub { stream($_[1], "Content-Length: 1000\r\n", do { my $more = 1; sub { $more-- ? '{"data":{"items":[{"id":7}' : undef } }) },
    'no-gzip' => sub { [200, {'Content-Encoding' => 'gzip'}, '{"data":{"items":[{"id":7}]}}'] },
    'drip' => sub { stream($_[1], "Content-Length: 1000000\r\n", sub { sleep 1; '[' }) },
    'beside' => sub { [200, {}, '{"note":"' . 'x' x 5_000_000 . '","data":{"items":[{"id":1}]}}'] },
    'deep-beside' => sub { [200, {}, '{"note":' . '[' x 10_000 . ']' x 10_000 . ',"data":{"items":[{"id":1}]}}'] },
    'behind' => sub { [200, {}, '{"data":{"items":[{"id":1}]}} and more'] },
    'inject-header' => sub { DSRest::json({%{items(1)}, next => "a\r\nX-Evil: 1"}) },
    'inject-query' => sub { DSRest::json({%{items(1)}, next => "a HTTP/1.1\r\nHost: evil"}) },
    'long-token' => sub { DSRest::json({%{items(1)}, next => 'x' x 9000}) },
    'loop' => redirect('/items/loop'),
    'leave' => redirect(sub { $other->url('/items/leave') }),
    'leave-body' => sub { [307, {Location => $other->url('/items/leave-body')}, ''] },
    'file' => redirect('file:///etc/passwd'),
    'mapped' => redirect('http://[::ffff:169.254.169.254]/latest/meta-data/'),
    'nat64' => redirect('http://[64:ff9b::a9fe:a9fe]/latest/meta-data/'),
    'loopback' => redirect('http://[::1]:22/'),
    'private' => redirect('http://10.0.0.1/'),
);
my %token = (type => 'CONTINUATION_TOKEN', continuationTokenPath => 'next');
my %paging = (
    'inject-header' => {%token, parameterType => 'HEADERPARAM', parameterName => 'X-Next'},
    'inject-query' => {%token, parameterType => 'QUERYPARAM', parameterName => 'next'},
    'long-token' => {%token, parameterType => 'QUERYPARAM', parameterName => 'next'},
);
my $no_token = qr/^error: page 1: The pointer or token to the next page is longer than 8192 bytes, or it is not a text of one line/;
my $closed = qr/which may not be called: where it is meant, write DataSyncEgressAllow/;
my %ends = (
    'flood' => [failed => qr/^error: GET \S+: The answer is larger than 8388608 bytes/],
    'bomb' => [failed => qr/^error: GET \S+: The answer is larger than 8388608 bytes/],
    'announced' => [failed => qr/^error: GET \S+: Maximum file size exceeded/],
    'headers' => [failed => qr/^error: GET \S+: The answer has too many headers/],
    'beside' => [failed => qr/^error: page 1: the answer cannot be read at byte \d+, behind 0 records/],
    'deep-beside' => [failed => qr/^error: page 1: the answer cannot be read at byte \d+, behind 0 records/],
    'behind' => [failed => qr/^error: page 1: the answer cannot be read at byte \d+, behind 1 records/],
    'inject-header' => [failed => $no_token],
    'inject-query' => [failed => $no_token],
    'long-token' => [failed => $no_token],
    'loop' => [failed => qr/^error: GET \S+: There are more than 3 redirects/],
    'leave' => [finished => qr/^1 row pulled$/],
    'leave-body' => [rejected => qr{^config_error: POST \S+: A redirect would take the body of a POST to http://127\.0\.0\.1:\d+}],
    'file' => [rejected => qr/^config_error: GET \S+: It is not a URL of http or https/],
    'mapped' => [rejected => qr/^config_error: GET \S+: \S+ has the address ::ffff:169\.254\.169\.254, $closed/],
    'nat64' => [rejected => qr/^config_error: GET \S+: \S+ has the address 64:ff9b::a9fe:a9fe, $closed/],
    'loopback' => [rejected => qr/^config_error: GET \S+: \S+ has the address ::1, $closed/],
    'private' => [rejected => qr/^config_error: GET \S+: \S+ has the address 10\.0\.0\.1, $closed/],
);
my %slow_ends = (    # after five attempts, with pauses between them
    'severed' => [failed => qr/^error: GET \S+: .*bytes remaining.* \(attempt 5\)/],
    'no-gzip' => [failed => qr/^error: GET \S+: .* \(attempt 5\)/],
    'drip' => [failed => qr/^error: GET \S+: Operation too slow.* \(attempt 5\)/],
);
%ends = (%ends, %slow_ends) if $is_long;

my $answer = sub {
    my ($request) = @_;
    my ($name) = $request->uri->path =~ m{^/items/([\w-]+)};
    return $answers{$name}->(@_);
};
$other = DSRest->start(sub { DSRest::json(items(1)) });
# A host in trouble is left alone for a while by all pulls: those that are, are hosts of their own.
my $server = DSRest->start($answer);
my %server_of = map { $_ => DSRest->start($answer) } $is_long ? sort keys %slow_ends : ();
my $node = DSNode->prepare(config => '');
my $secret = $node->secret_write(key => 'the-key-of-the-api');

sub spec_for {
    my ($name) = @_;
    my $spec = spec_of($paging{$name} || {type => 'NONE'}, headerParams => {'X-Tenant' => 'tenant-of-ours', 'Accept-Language' => 'en'});
    @{$spec->{sourceSpec}{attributes}}{qw(bodyParams)} = ({filter => 'body-of-ours'}) if $name eq 'leave-body';
    $spec->{sourceSpec}{attributes}{urlParams}{method} = 'POST' if $name eq 'leave-body';
    return $spec;
}
$node->config_write("DataSyncMaxUpload ${upload_max}M\n" . pull_config(4, map {
    pull_sync($node, $server_of{$_} || $server, "pull-$_", spec => spec_for($_), set => $_, lines => "SourceAuth header name=X-Api-Key secret=file:$secret\n")
} sort keys %ends))->start;

my $begun = time;
my %launches = map { ($_ => $node->ctl('run', "pull-$_")->{id}) } sort { !$server_of{$a} <=> !$server_of{$b} || $a cmp $b } keys %ends;
if ($is_long) {
    local $DSClient::patience = 300;
    $node->launch_ended($launches{drip});
}
for my $name (sort keys %ends) {
    my ($state, $message) = @{$ends{$name}};
    my $launch = $node->launch_ended($launches{$name});
    is $launch->{state}, $state, "$name: the launch has $state" or diag $launch->{message};
    like $launch->{message}, $message, 'and a message that says why';
    next if $name =~ /^(?:leave|inject-.*|long-token)$/;    # their first page is as good as others
    is DSClient::counts($launch), '0 0 0 0', 'it has taken nothing';
}
cmp_ok time - $begun, '<', 300, 'all that has an end';
my ($page) = $server->asked;
is "$page->{headers}{'x-api-key'} $page->{headers}{'x-tenant'}", 'the-key-of-the-api tenant-of-ours', 'the server that is meant hears what is meant for it';
my @elsewhere = $other->asked;
is scalar(@elsewhere), 1, 'another one hears of the redirect that may be followed';
is join(' ', sort keys %{$elsewhere[0]{headers}}), 'accept accept-encoding accept-language host user-agent', 'without the key, and without other headers of ours';
is scalar(grep { $_->{headers}{'x-evil'} || ($_->{headers}{host} // '') =~ /evil/ } $server->asked), 0, 'no token becomes a header';
is $server->asked_count(qr{^/items/loop\b}), 4, 'a redirect that leads back is followed as often as allowed';
unlike $node->log_text . join('', map { $_->{message} } $node->rows('SELECT message FROM ds_launch')), qr/the-key-of|body-of-ours/, 'no log and no message shows a secret';
SKIP: {
    skip 'the sanitizers take memory of their own', 1 if $ENV{DS_SANITIZERS};
    my ($peak) = sort { $b <=> $a } map { DSClient::text_of("/proc/$_/status") =~ /VmHWM:\s+(\d+)/ ? $1 : () } $node->worker_pids;
    cmp_ok $peak, '<', 64 * 1024, "no answer fills the memory ($peak KiB)";
}
$node->stop;
finish($node);
done_testing;
