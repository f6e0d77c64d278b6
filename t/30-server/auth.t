# Who gets in. Each refusal that fails here lets a stranger read or write a partner's data.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(GET POST);

my $server = server();
my $csv = "vin,color\nAUTH1,red\n";
my $token = $server->token('car-import', '--name', 'auth.t');
my $launch = $server->import_run('car-import', $csv, token => $token);
is $launch->{state}, 'finished', 'a partner with a token can import';

# Every endpoint of a sync: (name, code for a good credential, request).
sub endpoints {
    my ($sync, $id) = @_;
    return (
        ['status', 200, sub { GET($server->url("/api/data-sync/$sync")) }],
        ['latest launches', 200, sub { GET($server->url("/api/data-sync/$sync/latest-launches")) }],
        ['download', 200, sub { GET($server->url("/api/data-sync/$sync/$id/download")) }],
        ['export', 404, sub { GET($server->url("/api/data-sync/export/$sync")) }],
        ['import', 200, sub {
            POST($server->url("/api/data-sync/import/$sync"), Content_Type => 'form-data',
                 Content => [file => [undef, 'a.csv', Content => $csv]])
        }],
    );
}

# Calls every endpoint with these credentials: the codes as one text.
sub codes {
    my ($sync, $id, @how) = @_;
    return join ' ', map { $server->request($_->[2]->(), @how)->code } endpoints($sync, $id);
}

my $good = join ' ', map { $_->[1] } endpoints('x', 0);
my $none = '403 403 403 403 403';
my $rows = sub { $server->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'car-import'") };

is codes('car-import', $launch->{id}, token => $token), $good, 'Basic with the token opens every endpoint';
is codes('car-import', $launch->{id}, bearer => $token), $good, 'Bearer with the token opens every endpoint';

my $before = $rows->();
my $other = $server->token('other-import');
my ($id, $secret) = $token =~ /^dst_([^_]+)_(.+)$/ or die "no token: $token";
my $last = substr($token, -1) eq 'A' ? 'B' : 'A';
my %bad = (
    'no credential' => [],
    'an empty password' => [token => ''],
    'a word that is no token' => [token => 'secret'],
    'a token with its last letter changed' => [token => substr($token, 0, -1) . $last],
    'a token with an unknown id' => [token => "dst_AAAAAAAAAA_$secret"],
    'a token cut short' => [token => substr($token, 0, -5)],
    'a token and more' => [token => "${token}A"],
    'the token of another sync' => [token => $other],
    'the token of another sync as Bearer' => [bearer => $other],
    'the token under another user name' => [basic => ['admin', $token]],
    'the token as the user name' => [basic => [$token, '']],
    'the token with letters of another case' => [bearer => lc $token eq $token ? uc $token : lc $token],
    'a Bearer of 8000 letters' => [bearer => 'x' x 7000],
);
for my $name (sort keys %bad) {
    is codes('car-import', $launch->{id}, @{$bad{$name}}), $none, "$name opens nothing";
}
for my $header ('Basic', 'Basic ', 'Basic !!!!', 'Basic ' . ('A' x 4000), 'Bearer', 'Bearer ', 'Digest username="api"',
                "Negotiate $token", $token, "Basic $token") {
    my $response = $server->get('/api/data-sync/car-import', headers => [Authorization => $header]);
    is $response->code, 403, 'a header that is no credential opens nothing: ' . substr($header, 0, 24);
}
my $refused = $server->get('/api/data-sync/car-import');
is $refused->header('WWW-Authenticate'), undef, 'clients of this protocol get no challenge';
unlike $refused->content, qr/apache|datasync/i, 'a refusal tells nothing about the server';
is $rows->(), $before, 'no refused upload has left a launch';

my $revoked = $server->token('car-import');
is $server->get('/api/data-sync/car-import', token => $revoked)->code, 200, 'a second token works beside the first';
my ($revoked_id) = $revoked =~ /^dst_([^_]+)_/;
$server->ctl('token', 'revoke', $revoked_id);
is codes('car-import', $launch->{id}, token => $revoked), $none, 'a revoked token is dead from the next request on';
is $server->get('/api/data-sync/car-import', token => $token)->code, 200, 'to revoke one token leaves the others alone';

my $expired = $server->token('car-import', '--expires', '30d');
is $server->get('/api/data-sync/car-import', token => $expired)->code, 200, 'a token lives until it expires';
my ($expired_id) = $expired =~ /^dst_([^_]+)_/;
$server->write("UPDATE ds_token SET expires_at = 1 WHERE token_id = '$expired_id'");
is codes('car-import', $launch->{id}, token => $expired), $none, 'an expired token opens nothing';

is codes('open-import', 0), '200 200 404 404 200', 'Auth none asks for no credential';
is codes('open-import', $launch->{id}, token => 'bad'), '200 200 404 404 200',
    'Auth none ignores a credential, and does not show launches of other syncs';
my $own = $server->token('other-import');
is $server->get("/api/data-sync/other-import/$launch->{id}/download", token => $own)->code, 404,
    'the launch of another sync looks like one that does not exist';
is $server->get('/api/data-sync/no-such-sync')->code, 404, 'an unknown sync is not found';
is $server->get('/api/data-sync/no-such-sync', token => $token)->code, 404, 'an unknown sync is not found with a token either';

# Auth httpd: the lines of the server decide (t/conf/httpd.conf.in).
is codes('server-import', 0), '401 401 401 401 401', 'Auth httpd: no user, no entry';
is codes('server-import', 0, token => $token), '401 401 401 401 401', 'Auth httpd: a token is no password of the server';
is codes('server-import', 0, basic => ['dealer', 'wrong']), '401 401 401 401 401', 'Auth httpd: a wrong password opens nothing';
is codes('server-import', 0, basic => ['dealer', 'sesame']), '200 200 404 404 200', 'Auth httpd: a user of the server gets in';

# Configurations of the server that open everything else must not open ours.
for my $case (['all-granted', 'Require all granted'], ['satisfy-any', 'Satisfy Any'], ['foreign-type', 'a foreign AuthType']) {
    my ($host, $name) = @$case;
    my $ask = sub { $server->{agent}->request(GET($server->url('/api/data-sync/car-import'), Host => "$host.test", @_)) };
    like $ask->()->code, qr/^40[13]$/, "$name lets nobody in without a credential";
    like $ask->(Authorization => 'Bearer dst_AAAAAAAAAA_' . 'A' x 43)->code, qr/^40[13]$/, "$name lets nobody in with a bad token";
    unlike $ask->(Authorization => 'Basic ZGVhbGVyOnNlc2FtZQ==')->content, qr/Cars from/,
        "$name: a user of the server is no partner";
    is $ask->(Authorization => "Bearer $token")->code, 200, "$name and a good token" if $host ne 'foreign-type';
}
is $server->get('/rewritten')->code, 403, 'a rewritten path carries nobody past the credential';
is $server->get('/rewritten', token => $token)->code, 200, 'a rewritten path with a good token is served';
unlike $server->get('/errors/nothing-here')->content, qr/Cars from/, 'an internal redirect carries nobody past the credential';
like $server->get('/errors/nothing-here', token => $token)->content, qr/Cars from/,
    'an internal redirect with a good token is served';
my $page = $server->get('/page.shtml');
is $page->code, 200, 'the page with a sub-request is served';
unlike $page->content, qr/Cars from the dealers/, 'a sub-request carries nobody past the credential';
like $server->get('/page.shtml', token => $token)->content, qr/Cars from/, 'a sub-request of a partner is served';
like $page->content, qr/begin.*end/s, 'the page around it is whole';

for my $path ('/api/data-sync/car-import/', '/api//data-sync/car-import', '/api/./data-sync/car-import', '/x/../api/data-sync/car-import',
              '/api/data-sync/%63ar-import', '/api/data-sync/car-import?token=' . $token, '/API/data-sync/car-import') {
    unlike $server->get($path)->content, qr/Cars from the dealers/, "no other spelling of the path opens it: $path";
}

unlike $server->log_text, qr/\Q$secret\E/, 'no token stands in the error log';
finish($server, qr/AH01617|AH01618/, qr/unable to include/);
done_testing;
