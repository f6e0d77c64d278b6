# Servers in trouble, and servers that mean harm: a pull must come back by itself from the one, and must not be carried
# off by the other, nor tell it secrets, nor go on for ever.
use strict;
use warnings FATAL => 'all';
use Compress::Zlib ();
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';
use Time::HiRes qw(time);

sub items {
    my (@ids) = @_;
    return {data => {items => [map { {id => $_, name => "item $_"} } @ids]}};
}

my $late = sub {    # fails as often as it says, then gives its record
    my ($name, $times, @answer) = @_;
    return sub { my (undef, $server) = @_; $server->count($name) <= $times ? [@answer] : DSRest::json(items(1)) };
};
my $bomb = Compress::Zlib::memGzip('{"data":{"items":[' . ' ' x 40_000_000);
my $bearer = sub { $_[0]->header('Authorization') // '' };
my %answers = (
    # trouble that passes
    'unavailable' => $late->('unavailable', 2, 503, {}, 'not now'),
    'limited' => $late->('limited', 1, 429, {'Retry-After' => 1}, ''),
    'broken-off' => sub {
        my (undef, $server) = @_;
        return DSRest::json(items(1)) if $server->count('broken-off') > 1;
        syswrite $server->{client}, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"data\":{\"items\":[{\"id\":7}";
        return;
    },
    'login' => sub { $bearer->(@_) eq 'Bearer good-token' ? DSRest::json(items(1)) : [401, {}, ''] },
    'none' => sub { [204, {}, ''] },
    'absent' => sub { DSRest::json({data => {}}) },
    'odd' => sub { DSRest::json({data => {items => [{id => 1, name => 'a'}, {id => 'x'}, 7, {name => 'no key'}, {id => 2, name => {a => 1}}]}}) },
    # trouble that stays
    'down' => sub { [500, {}, "no database, <b>sorry</b>"] },
    'gone' => sub { [404, {}, 'nothing here'] },
    'patience' => sub { [503, {'Retry-After' => 86_400}, ''] },
    # harm
    'garbage' => sub { [200, {'Content-Type' => 'application/json'}, "\x7fELF rubbish"] },
    'hollow' => sub { [200, {}, ''] },
    'html' => sub { [200, {}, '<html>log in</html>'] },
    'cut' => sub { [200, {}, '{"data":{"items":[{"id":1},{"id":2}'] },
    'wrong' => sub { DSRest::json({data => {items => 'many'}}) },
    'root' => sub { [200, {}, '[1,2]'] },
    'unreadable' => sub { [200, {}, '{"data":{"items":[{"id":1,"name":"a\ud83d"},{"id":2,"name":"b"},{"id":18446744073709551616},{"id":4,"name":"\u0000"},{"id":5,"name":tru}]}}'] },
    'numbers' => sub { [200, {}, '{"data":{"items":[{"id":1.0,"name":12345678901234567890.10,"price":1.50},{"id":2,"name":[1.10,2E3],"price":15e-1},'
        . '{"id":3,"price":0.30000000000000004},{"id":18446744073709551616},{"id":1.5}]}}'] },
    'nested' => sub { DSRest::json({reports => [{rows => [{id => 8}]}, {range => 'May', rows => [{id => 1}, {id => 2}]}]}) },
    'deep' => sub { [200, {}, '{"data":{"items":[' . '[' x 10_000 . ']' x 10_000 . ']}}'] },
    'bomb' => sub { [200, {'Content-Encoding' => 'gzip'}, $bomb] },
    'metadata' => sub { [302, {Location => 'http://169.254.169.254/latest/meta-data/'}, ''] },
    'large' => sub { [200, {}, '{"data":{"items":[{"id":1,"name":"' . 'x' x 200_000 . '"}]}}'] },
    'endless' => sub { my $at = DSRest::query($_[0])->{offset}; DSRest::json(items($at + 1)) },
    'same' => sub { DSRest::json(items(1)) },
    'circle' => sub { my $at = DSRest::query($_[0])->{at} // 0; DSRest::json({%{items($_[1]->count('circle'))}, next => 'n' . (substr($at, -1) + 1) % 3}) },
    'away' => sub { DSRest::json({%{items(1)}, next => 'https://evil.example.org/items'}) },
);
my %none = (type => 'NONE');
my %offset = (type => 'OFFSET', limitName => 'limit', limitValue => 1, offSetName => 'offset');
my %paging = (endless => {type => 'PAGE', limitName => 'limit', limitValue => 1, pageParamName => 'offset', maximumRequest => 20},
              same => {%offset}, circle => {type => 'CONTINUATION_TOKEN', continuationTokenPath => 'next', parameterType => 'QUERYPARAM', parameterName => 'at'},
              away => {type => 'POINTER', limitName => 'limit', limitValue => 1, pointerPath => 'next'});
my %ends = (
    'unavailable' => [finished => '1 1 0 0', qr/^1 row pulled$/],
    'limited' => [finished => '1 1 0 0', qr/^1 row pulled$/],
    'broken-off' => [finished => '1 1 0 0', qr/^1 row pulled$/],
    'login' => [finished => '1 1 0 0', qr/^1 row pulled$/],
    'none' => [finished => '0 0 0 0', qr/^0 rows pulled$/],
    'absent' => [finished => '0 0 0 0', qr/^0 rows pulled$/],
    'odd' => [finished => '5 2 3 0', qr/^2 rows pulled, 3 failed: see the failures file$/],
    'unreadable' => [finished => '5 1 4 0', qr/^1 row pulled, 4 failed: see the failures file$/],
    'nested' => [finished => '2 2 0 0', qr/^2 rows pulled/],
    'numbers' => [finished => '5 2 3 0', qr/^2 rows pulled, 3 failed/],
    'down' => [failed => '0 0 0 0', qr{^error: GET http://127\.0\.0\.1:\d+/items/down was answered with 500: no database, <b>sorry</b> \(attempt 5\)\. 0 rows}],
    'gone' => [rejected => '0 0 0 0', qr/^config_error: GET \S+ was answered with 404: nothing here\. 0 rows/],
    'patience' => [failed => '0 0 0 0', qr/^error: GET \S+ was answered with 503/],
    'garbage' => [failed => '0 0 0 0', qr/^error: page 1: the answer cannot be read at byte 0/],
    'hollow' => [failed => '0 0 0 0', qr/^error: page 1: the answer is empty: it is not JSON\. 0 rows/],
    'html' => [failed => '0 0 0 0', qr/^error: page 1: the answer cannot be read at byte 0/],
    'cut' => [failed => '0 0 0 0', qr/^error: page 1: the answer cannot be read at byte \d+, behind 2 records/],
    'wrong' => [failed => '0 0 0 0', qr/^error: page 1: there is no array at contentPath/],
    'root' => [failed => '0 0 0 0', qr/^error: page 1: the answer is not an object/],
    'deep' => [failed => '0 0 0 0', qr/^error: page 1: the answer cannot be read at byte \d+/],
    'bomb' => [failed => '0 0 0 0', qr/^error: page 1: the answer cannot be read/],
    'metadata' => [rejected => '0 0 0 0', qr/^config_error: GET \S+: 169\.254\.169\.254 has the address 169\.254\.169\.254, which may not be called/],
    'large' => [failed => '0 0 0 0', qr/^error: page 1: the answer cannot be read at byte \d+, behind 0 records/],
    'endless' => [failed => '20 20 0 0', qr/^error: page 20: There are more pages than maximumRequest allows: 20\. 20 rows/],
    'same' => [failed => '2 2 0 0', qr/^error: page 2: The page has the same records as one before/],
    'circle' => [failed => undef, qr/^error: page \d+: The pointer or token to the next page is one that was there before/],
    'away' => [failed => '1 1 0 0', qr{^error: page 1: The next page is said to be at https://evil\.example\.org:443}],
);

# Busy when the first token is wanted, which is revoked by then, and busy again when the one in its place is.
sub token_answer {
    my ($times) = @_;
    return [429, {}, ''] if $times % 2;
    return DSRest::json({access_token => $times == 2 ? 'revoked-token' : 'good-token'});
}

my $answer = sub {
    my ($request, $self) = @_;
    return token_answer($self->count('token')) if $request->uri->path eq '/token';
    my ($name) = $request->uri->path =~ m{^/items/([\w-]+)};
    return ($answers{$name} || $answers{gone})->(@_);
};
# A host that wants a pause has it from all pulls: those that want one are hosts of their own.
my $server = DSRest->start($answer);
my %server_of = map { $_ => DSRest->start($answer) } qw(unavailable limited down patience);
my $node = DSNode->prepare(config => '');
my $login = 'SourceAuth oauth2-client client=me secret=file:' . $node->secret_write(client => 'the-secret-of-the-client') . ' token-url=' . $server->url('/token') . "\n";
$node->config_write(pull_config(4, map {
    pull_sync($node, $server_of{$_} || $server, "pull-$_", spec => spec_of($paging{$_} || {%none}, $_ eq 'nested' ? (contentPath => '$.reports[1].rows') : ()), set => $_,
              $_ eq 'numbers' ? (fields => "Field id integer\nField name text\nField price decimal\nKey id\n") : (),
              lines => ($_ eq 'login' ? $login : '') . ($_ eq 'nested' ? "Map name \$.range\n" : '') . "MaxRowLength 100K\n" . ($_ eq 'odd' ? "Map id \$.items.id\nMap name \$.items.name\n" : ''))
} sort keys %ends))->start;
my $begun = time;
my %launches = map { ($_ => $node->ctl('run', "pull-$_")->{id}) } sort keys %ends;
for my $name (sort keys %ends) {
    my ($state, $counts, $message) = @{$ends{$name}};
    my $launch = $node->launch_ended($launches{$name});
    is $launch->{state}, $state, "$name: the launch has $state" or diag $launch->{message};
    is DSClient::counts($launch), $counts, 'with these rows' if defined $counts;
    like $launch->{message}, $message, 'and a message that says why';
}
cmp_ok time - $begun, '<', 300, 'all that has an end';
is $node->launch_file($launches{odd}, 'failures') =~ tr/\n//, 4, 'records that do not fit are in the failures file, below its header';
like $node->launch_file($launches{unreadable}, 'failures'), qr/^,,"?row 4, record 4 of its page, cannot be read: /m, 'what nobody can read is told, and does not stop what can be read';
is ids_of($node, 'pull-unreadable'), 2, 'which is there';
is join(' ', map { "$_->{id} $_->{name}" } $node->rows('SELECT id, name FROM pull_nested ORDER BY id')), '1 May 2 May', 'an array inside another one is read, with what stands beside it';
is_deeply [map { [@$_{qw(name price)}] } $node->rows("SELECT name, price || '' AS price FROM pull_numbers ORDER BY id")],
    [['12345678901234567890.10', 1.5], ['[1.10,2E3]', 1.5]], 'no number is rounded: in a text it stays as it was written';
is join(' ', sort $node->launch_file($launches{numbers}, 'failures') =~ /(more than 15 significant digits|not an integer of 64 bits|not an integer)/g),
    'more than 15 significant digits not an integer not an integer of 64 bits', 'what a field cannot keep is told';
is $server_of{down}->asked_count(qr{/items/down\b}), 5, 'a server in trouble is asked as often as it is bearable';
is $server->asked_count(qr{/items/gone\b}), 1, 'one that says no is asked once';
like $node->log_text, qr{DS0615: sync pull-unavailable: GET \S+ was answered with 503: not now; once more in \d+ ms}, 'each attempt is in the log';
my @peaks = map { DSClient::text_of("/proc/$_/status") =~ /VmHWM:\s+(\d+)/ ? $1 : () } $node->worker_pids;
my ($peak) = sort { $b <=> $a } @peaks;
cmp_ok $peak, '<', 200_000, "no answer fills the memory ($peak KiB)";
$node->stop;
finish($node);
done_testing;
