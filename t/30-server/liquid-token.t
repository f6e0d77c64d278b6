# Access tokens of the protocol Liquid. Each refusal that fails here lets a stranger read or write a partner's data.
use strict;
use warnings FATAL => 'all';
use DSLiquid;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(GET POST);
use JSON::PP;

my $users = DSNode::run_dir() . '/t/conf/users';
my $nobody = '11111111-aaaa-bbbb-cccc-222222222222';
my $node = DSNode->prepare;
my $secret = "$node->{dir}/secret";
open my $out, '>', $secret or die $!;
print {$out} "the secret of the office\n";
close $out or die $!;
chmod 0600, $secret or die $!;
my $config = liquid_config(<<"EOT");
<DataSyncClient office>
    Name    "The office"
    Secret  file:$secret
    Role    read-only
    Objects car_c
</DataSyncClient>
DataSyncLiquid token=10min logins=1000 provider=file client=office
<Location "/ls/api/oauth2/token">
    AuthUserFile "$users"
</Location>
EOT
$node->config_write($config)->start;
my $client = DSLiquid->new($node);
my ($text, $code) = $node->ctl_run('check');
is $code, 0, 'a new database has what tokens need';

# client_credentials
my $response = $client->login(scope => 'community=Demo deviceId=7');
is $response->code, 200, 'a client gets a token';
my $made = decode_json($response->content);
is_deeply [sort keys %$made], [qw(access_token expires_in scope token_type)], 'with what OAuth names';
is_deeply [@$made{qw(token_type expires_in scope)}], ['bearer', 600, 'community=Demo deviceId=7'], 'for the time of the configuration';
is $response->header('Cache-Control'), 'no-store', 'nobody keeps it on the way';
my $token = $made->{access_token};
is $client->ask('validate', $token)->code, 200, 'it is valid';
is_deeply decode_json($client->ask('tokenInfo', $token)->content),
    {userId => $client->{id}, authenticatedUserId => $client->{id}, community => 'Demo', clientId => $client->{id}}, 'and tells whose it is';
is $node->request(POST($node->url('/ls/api/oauth2/validate')), bearer => $token)->code, 200, 'by POST too';
isnt decode_json($client->login->content)->{access_token}, $token, 'another log-in gives another token';
is $client->ask('validate', $token)->code, 200, 'and leaves the first one alone';
my $basic = $node->request(POST($node->url('/ls/api/oauth2/token'), [grant_type => 'client_credentials']),
                           basic => [$client->{id}, $client->{secret}]);
is $basic->code, 200, 'the secret may come as Basic, as RFC 6749 wants';
my $multipart = $node->{agent}->request(POST($node->url('/ls/api/oauth2/token'), Content_Type => 'form-data',
    Content => [grant_type => 'client_credentials', client_id => $client->{id}, client_secret => $client->{secret}]));
is $multipart->code, 200, 'the form may come as multipart';
is $node->value("SELECT count(*) AS n FROM ds_grant WHERE token_sha256 = '$token'"), 0, 'the token itself is not kept';

# password
my @office = (client_id => 'office', client_secret => 'the secret of the office');
my @dealer = (grant_type => 'password', username => 'dealer', password => 'sesame');
sub info { return decode_json($client->ask('tokenInfo', decode_json($_[0]->content)->{access_token})->content) }
$response = $client->login(@office, @dealer, scope => 'community=North');
is $response->code, 200, 'a user of the server logs in' or diag $response->content;
is_deeply info($response), {userId => 'dealer', authenticatedUserId => 'dealer', community => 'North', clientId => 'office'},
    'and has the rights of the client that asked';
$response = $client->login(client_id => undef, client_secret => undef, @dealer);
is info($response)->{clientId}, 'office', 'without a client, the rights of the one in the configuration';
my $user = DSLiquid->new($node);
$response = $client->login(client_id => undef, client_secret => undef, grant_type => 'password', username => $user->{id}, password => $user->{secret});
is info($response)->{clientId}, $user->{id}, 'a client of datasyncctl is a user too, with its own rights';

# What is refused, and how.
for (['a wrong secret', '401 invalid_client', client_secret => 'wrong'],
     ['no secret', '401 invalid_client', client_secret => undef],
     ['an unknown client', '401 invalid_client', client_id => $nobody],
     ['no client at all', '401 invalid_client', client_id => undef],
     ['a client\'s wrong secret with a right password', '401 invalid_client', @office, @dealer, client_secret => 'wrong'],
     ['a wrong password', '400 invalid_grant', @office, @dealer, password => 'wrong'],
     ['an empty password', '400 invalid_grant', @office, @dealer, password => ''],
     ['an unknown user', '400 invalid_grant', @office, @dealer, username => 'nobody'],
     ['no password', '400 invalid_request', @office, @dealer, password => undef],
     ['no user', '400 invalid_request', @office, @dealer, username => undef],
     ['a name that is not UTF-8', '400 invalid_request', @office, @dealer, username => "\xff"],
     ['a name without end', '400 invalid_request', @office, @dealer, username => 'x' x 300],
     ['another grant', '400 unsupported_grant_type', grant_type => 'authorization_code'],
     ['no grant', '400 unsupported_grant_type', grant_type => undef]) {
    my ($name, $wanted, @change) = @$_;
    is DSLiquid::outcome($client->login(@change)), $wanted, "$name is refused";
}
my $refused = $node->request(GET($node->url('/ls/api/oauth2/validate')));
is DSLiquid::outcome($refused), '401 invalid_token', 'no token is refused';
is $refused->header('WWW-Authenticate'), 'Bearer error="invalid_token"', 'in the words of RFC 6750';
is DSLiquid::outcome($client->ask($_, 'x' x 43)), '401 invalid_token', "$_ with another token is refused" for qw(validate tokenInfo);
is DSLiquid::outcome($node->request(POST($node->url("/ls/api/batch/$_"), []))), '401 invalid_token', "$_ without a token is refused"
    for qw(import status cancel);
my $marketo = decode_json($node->{agent}->request(GET($node->url("/identity/oauth/token?grant_type=client_credentials&"
    . "client_id=$client->{id}&client_secret=$client->{secret}")))->content)->{access_token};
is $client->ask('validate', $marketo)->code, 401, 'a token of another protocol opens nothing';
is DSLiquid::outcome($node->get('/ls/api/batch/status')), '405 method_not_allowed', 'a method that is none';
is DSLiquid::outcome($node->get('/ls/api/elsewhere')), '404 not_found', 'an address that is none';

# Tokens end.
$node->write('UPDATE ds_grant SET expires_at = expires_at - 601000000');
is $client->ask('validate', $token)->code, 401, 'a token is no longer good when its time is over';
$token = decode_json($client->login->content)->{access_token};
is $node->value('SELECT count(*) AS n FROM ds_grant'), 1, 'those that are over are gone with the next log-in';
$node->ctl('client', 'revoke', $client->{id});
is $client->ask('validate', $token)->code, 401, 'a client that is revoked has no token from the next request on';
is DSLiquid::outcome($client->login), '401 invalid_client', 'and gets none';

# Names cannot be tried out for ever.
my $office = decode_json($client->login(@office)->content)->{access_token};
is $client->ask('validate', $office)->code, 200, 'a client of the configuration logs in';
open $out, '>', $secret or die $!;
print {$out} "another secret of the office\n";
close $out or die $!;
$node->stop;
$node->config_write($config =~ s/logins=1000/logins=3/r);
$node->start;
is $client->ask('validate', $office)->code, 401, 'with another secret its token is dead';
is DSLiquid::outcome($client->login(@office)), '401 invalid_client', 'and so is the secret' for 1 .. 3;
$refused = $client->login(@office, client_secret => 'another secret of the office');
is DSLiquid::outcome($refused), '429 too_many_requests', 'the fourth try in a minute is not even looked at';
like $refused->header('Retry-After'), qr/^\d+$/, 'with the time to wait';
$node->stop;
finish($node, 'DS0222');
unlike $node->log_text, qr/\Q$token\E|the secret of the office|\bsesame\b/, 'no secret stands in the log';
done_testing;
