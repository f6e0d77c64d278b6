# Keys, permissions, refusals and limits of the protocol Braze. What fails here lets a stranger read a history, or locks a
# partner out.
use strict;
use warnings FATAL => 'all';
use DSBraze;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request;
use JSON::PP;

my $node = DSNode->start(config => braze_config("DataSyncBraze list=100000 status=100000 sync=100000\nStartServers 2\n"));
my $braze = DSBraze->new($node);
my $path = '/cdi/integrations';
my $history = $braze->history_path('event-import');
my $nobody = "$path/12345678-1234-1234-1234-123456789abc";

# Ask with these headers: "code message", where the answer has the shape of the document and its three headers.
sub outcome {
    my ($method, $at, @headers) = @_;
    my $response = $node->{agent}->request(HTTP::Request->new($method, $node->url($at), \@headers));
    my $answer = eval { decode_json($response->content) } // {};
    my @limits = map { $response->header("X-RateLimit-$_") // 'missing' } qw(Limit Remaining Reset);
    return 'no limits: ' . $response->as_string if "@limits" !~ /^\d+ \d+ \d{10}$/;
    return 'another shape: ' . $response->as_string if $response->header('Content-Type') ne 'application/json' || !defined $answer->{message};
    return $response->code . ' ' . $answer->{message};
}

sub bearer { return (Authorization => "Bearer $_[0]") }

# Each call: (method, path, permission).
my @calls = (['GET', $path, 'cdi.integration_list'], ['GET', $history, 'cdi.integration_job_status'],
             ['POST', "$path/00000000-0000-0000-0000-000000000000/sync", 'cdi.integration_sync']);
my %good = ('cdi.integration_list' => '200 success', 'cdi.integration_job_status' => '200 success',
            'cdi.integration_sync' => '400 This integration runs when a file arrives: it cannot be started');
my $prisma = $node->token('car-import');
my ($id, $secret) = $braze->{key} =~ /^dst_([^_]+)_(.+)$/;
my $revoked = DSBraze->new($node)->{key};
$node->ctl('token', 'revoke', $revoked =~ /^dst_([^_]+)_/);
my $expired = DSBraze->new($node)->{key};
$node->write("UPDATE ds_token SET expires_at = 1 WHERE token_id = '" . ($expired =~ /^dst_([^_]+)_/)[0] . "'");
my @no_key = (['no key', ''], ['another scheme', 'Basic YXBpOng='], ['an empty key', 'Bearer '], ['a word', 'Bearer YOUR-REST-API-KEY'],
              ['a key without its scheme', $braze->{key}], ['a key cut short', 'Bearer ' . substr($braze->{key}, 0, -1)],
              ['an unknown id', "Bearer dst_AAAAAAAAAA_$secret"], ['a wrong secret', "Bearer dst_${id}_" . 'A' x 43],
              ['a revoked key', "Bearer $revoked"], ['an expired key', "Bearer $expired"]);
for my $call (@calls) {
    my ($method, $at, $scope) = @$call;
    is outcome($method, $at, bearer($braze->{key})), $good{$scope}, "a key with all permissions may: $scope";
    my $only = DSBraze->new($node, scopes => $scope);
    is outcome($method, $at, bearer($only->{key})), $good{$scope}, "one with this permission alone too: $scope";
    my $others = DSBraze->new($node, scopes => join ',', grep { $_ ne $scope } split /,/, all_scopes());
    is outcome($method, $at, bearer($others->{key})), "403 The API key has no permission $scope", "one with all but this may not: $scope";
    is outcome($method, $at, bearer($prisma)), "403 The API key has no permission $scope", "a token of Prisma has no permission here: $scope";
    is outcome($method, $at, $_->[1] ? (Authorization => $_->[1]) : ()), '401 Invalid API key', "$_->[0] opens nothing: $scope" for @no_key;
}
is $node->get('/api/data-sync/car-import', token => $braze->{key})->code, 403, 'a key for all integrations opens nothing of Prisma';
my $car = DSBraze->new($node, sync => 'car-import');
is $node->get('/api/data-sync/car-import', bearer => $car->{key})->code, 403, 'nor does one of that very sync';
is $node->get('/api/data-sync/car-import', token => $prisma)->code, 200, 'tokens of Prisma work as ever';
is join(' ', map { $_->{integration_name} } $car->all($path)), 'Cars from the dealers', 'a key of one sync sees that sync alone';
is outcome('GET', $car->history_path('car-import'), bearer($car->{key})), '200 success', 'and its history';

# What cannot be asked for.
my $export = $braze->sync_path('event-export');
my %refused = (
    "GET $path/7/job_sync_status" => '400 Invalid integration ID',
    "GET $path/event-import/job_sync_status" => '400 Invalid integration ID',
    "GET $nobody/job_sync_status" => '400 Invalid integration ID',
    "GET $path/00000000-0000-0000-0000-00000000000/job_sync_status" => '400 Invalid integration ID',
    "GET $path/00000000-0000-0000-0000-0000000000000/job_sync_status" => '400 Invalid integration ID',
    "GET $path/00000000x0000-0000-0000-000000000000/job_sync_status" => '400 Invalid integration ID',
    "POST $path/7/sync" => '400 Invalid integration ID',
    "POST $nobody/sync" => '404 Integration not found',
    "GET $path/" => '404 There is no such address',
    "GET $nobody" => '404 There is no such address',
    "GET $history/1" => '404 There is no such address',
    "GET /cdi/other" => '404 There is no such address',
    "POST $path" => '405 This address takes GET, HEAD only.',
    "DELETE $history" => '405 This address takes GET, HEAD only.',
    "GET $export" => '405 This address takes POST only.',
);
is outcome(split(/ /, $_), bearer($braze->{key})), $refused{$_}, "refused: $_" for sort keys %refused;
is outcome('GET', $history, bearer($car->{key})), '400 Invalid integration ID', 'an integration of another key looks like one that does not exist';
is outcome('POST', $export, bearer($car->{key})), '404 Integration not found', 'to start it too';
is outcome('POST', $car->sync_path('car-import'), bearer($car->{key})), $good{'cdi.integration_sync'}, 'an import starts with its file';
my $capitals = $braze->history_path('car-import') =~ s{([^/]+)(?=/job)}{uc $1}er;
is outcome('GET', $capitals, bearer($braze->{key})), '200 success', 'an id may be written in capitals';
$node->ctl('sync', 'disable', 'event-export');
is outcome('POST', $export, bearer($braze->{key})), '400 This data sync is disabled.', 'a sync that is disabled is not started';
$node->ctl('sync', 'enable', 'event-export');
my $challenged = $node->get($path);
is $challenged->header('WWW-Authenticate'), 'Bearer', 'a refusal names the scheme';

# datasyncctl, which makes the keys.
ok $node->ctl_refused('token', 'create', '*'), 'a token without scopes is for one sync';
ok $node->ctl_refused('token', 'create', 'no-such-sync', '--scopes', all_scopes()), 'a key is for a sync that exists';
ok $node->ctl_refused('token', 'create', '*', '--scopes', 'cdi.everything'), 'and for permissions that exist';
ok $node->ctl_refused('token', 'create', '*', '--scopes', ''), 'at least one';
my ($listed) = grep { $_->{id} eq $id } @{$node->ctl('token', 'list')};
is "$listed->{sync} $listed->{scopes}", '* ' . all_scopes(), 'a list of tokens shows what a key is for';
unlike $node->log_text, qr/\Q$secret\E/, 'no key stands in the error log';
$node->stop;
finish($node);

# Limits: across children and for each key, shown with each answer. In a window that ends after this test.
$node->config_write(braze_config("StartServers 2\nDataSyncBraze window=1h\n"));
$node->start;
my $reader = DSBraze->new($node);
my %limit = ($path => 50, $history => 100, $export => 20);

# A call of its own connection, so that any child may answer it: (code, headers in lower case).
sub call {
    my ($method, $at, $key) = @_;
    my $socket = $node->socket_open;
    print {$socket} "$method $at HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $key\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    local $/;
    my ($head) = split /\r\n\r\n/, <$socket> // '';
    my ($code) = $head =~ m{^HTTP/1\.1 (\d+)};
    return ($code, {map { /^([^:]+): (.*)$/ ? (lc $1 => $2) : () } split /\r\n/, $head});
}

for my $at ($path, $history, $export) {
    my $method = $at eq $export ? 'POST' : 'GET';
    my (@wrong, $code, $headers);
    for my $number (1 .. $limit{$at}) {
        ($code, $headers) = call($method, $at, $reader->{key});
        my $shown = join ' ', map { $headers->{"x-ratelimit-$_"} // '' } qw(limit remaining);
        push @wrong, "$number: $code, $shown" if $shown ne "$limit{$at} " . ($limit{$at} - $number) || ($at ne $export && $code != 200);
    }
    is join(', ', @wrong), '', "$limit{$at} calls of $at in a window, counted down";
    my $reset = $headers->{'x-ratelimit-reset'};
    my $before = time;
    ($code, $headers) = call($method, $at, $reader->{key});
    my $after = time;
    is $code, 429, 'one more is refused';
    is join(' ', map { $headers->{"x-ratelimit-$_"} } qw(limit remaining reset)), "$limit{$at} 0 $reset", 'with its limit';
    my $wait = $headers->{'retry-after'};
    ok $wait >= $reset - $after - 1 && $wait <= $reset - $before + 1, 'and the seconds until the window ends' or diag "$wait: $before, $after, $reset";
}
my ($code) = call('GET', $path, DSBraze->new($node)->{key});
is $code, 200, 'the calls of one key do not count for another';
my (undef, $stranger) = call('GET', $path, 'nobody');
is join(' ', map { $stranger->{"x-ratelimit-$_"} } qw(limit remaining)), '50 50', 'a stranger has used nothing of the limit';
is $node->get('/api/data-sync/open-import')->code, 200, 'other protocols are not concerned';
$node->stop;

$node->config_write(braze_config("DataSyncBraze list=1 window=2s\n"));
$node->start;
($code, my $headers) = call('GET', $path, $reader->{key});
is "$code $headers->{'x-ratelimit-limit'}", '200 1', 'a limit of the configuration';
wait_for('a refusal', sub { (call('GET', $path, $reader->{key}))[0] == 429 });
wait_for('the end of the window', sub { (call('GET', $path, $reader->{key}))[0] == 200 });
pass 'counts, and begins anew with each window';
$node->stop;

$node->config_write(braze_config());
$node->start;
my $now = time;
(undef, $headers) = call('GET', $path, $reader->{key});
my $until = $headers->{'x-ratelimit-reset'};
ok $until >= $now + 59 && $until <= time + 61, 'without a word of the configuration a window is a minute' or diag "$now: $until";
$node->stop;
finish($node);
done_testing;
