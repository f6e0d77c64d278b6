# Access tokens of the protocol Marketo. Each refusal that fails here lets a stranger write a partner's data; each
# token that is not the same again makes clients log in for ever.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(GET POST);
use JSON::PP;
use Time::HiRes qw(time);

my $server = server();
my $client = DSMarketo->new($server);
my $describe = '/rest/v1/customobjects/car_c/describe.json';
my $import = '/bulk/v1/customobjects/car_c/import.json';

my $first = $client->identity;
is $first->code, 200, 'a client gets a token';
my $token = decode_json($first->content);
is_deeply [sort keys %$token], [qw(access_token expires_in scope token_type)], 'with the members of the document';
like $token->{access_token}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:int$/, 'its form is that of the service';
is $token->{token_type}, 'bearer', 'its type';
cmp_ok $token->{expires_in}, '<=', 3600, 'it lives for an hour';
cmp_ok $token->{expires_in}, '>', 3500, 'from now on';
is $first->header('Cache-Control'), 'no-store', 'nobody keeps it on the way';
my $again = decode_json($client->identity(partner_id => 'x')->content);
is $again->{access_token}, $token->{access_token}, 'asked again it is the same token';
$server->write("UPDATE ds_access SET expires_at = expires_at - 600000000 WHERE client_id = '$client->{id}'");
$again = decode_json($client->identity->content);
is $again->{access_token}, $token->{access_token}, 'and later too';
cmp_ok $again->{expires_in}, '<=', 3000, 'with the seconds that are left';
my $posted = $server->{agent}->request(POST($server->url('/identity/oauth/token'),
    [grant_type => 'client_credentials', client_id => $client->{id}, client_secret => $client->{secret}]));
is decode_json($posted->content)->{access_token}, $token->{access_token}, 'by POST too, with the secret in the body';

for (['a wrong secret', client_secret => 'wrong'], ['an unknown client', client_id => 'nobody'], ['no secret', client_secret => undef],
     ['no id', client_id => undef], ['an empty secret', client_secret => '']) {
    my ($name, @change) = @$_;
    my $refused = $client->identity(@change);
    is $refused->code, 401, "$name is refused";
    my $answer = decode_json($refused->content);
    is $answer->{error_description}, 'Bad client credentials', "$name: in the words of the service";
    like $answer->{error}, qr/^(?:invalid_client|unauthorized)$/, "$name: and its code";
}
is $client->identity(grant_type => 'password')->code, 400, 'another grant is refused';

# The three places of a token.
sub outcome { return DSMarketo::outcome($server->{agent}->request(@_)) }
my $bearer = $token->{access_token};
is outcome(GET($server->url($describe), Authorization => "Bearer $bearer")), 'success', 'the token opens as Bearer';
is outcome(GET($server->url("$describe?access_token=$bearer"))), 'success', 'the token opens as a parameter';
my $form = sub {
    my (@parts) = @_;
    return POST($server->url("$import?format=csv"), Content_Type => 'form-data', Content => \@parts);
};
my $file = [undef, 'a.csv', 'Content-Type' => 'text/csv', Content => three_cars()];
is outcome($form->(access_token => $bearer, file => $file)), 'success', 'the token opens as a part before the file';
is outcome($form->(file => $file, access_token => $bearer)), 'success', 'the token opens as a part behind the file';
is outcome(POST($server->url("$describe?_method=GET"), [access_token => $bearer])), 'success', 'the token opens in the form of a question';
is outcome(POST($server->url("$describe?_method=GET"), [access_token => 'x'])), '601', 'a bad one there does not';
is outcome(POST($server->url("$describe?_method=GET"), [other => 'x'])), '600', 'nor does a form without one';

# What opens nothing.
my $launches = sub { $server->value("SELECT count(*) AS n FROM ds_launch WHERE object = 'car_c'") };
my $before = $launches->();
(my $changed = $bearer) =~ tr/0-9a-f/1-9a-f0/;
my %bad = (none => [undef, '600'], empty => ['', '600'], another => [$changed, '601'], 'a word' => ['x', '601'],
           'the secret itself' => [$client->{secret}, '601'], long => ['x' x 5000, '601'], 'with a quote' => ["' OR 1=1 --", '601']);
for my $name (sort keys %bad) {
    my ($text, $code) = @{$bad{$name}};
    my @header = defined $text ? (Authorization => "Bearer $text") : ();
    is outcome(GET($server->url($describe), @header)), $code, "a bad token opens no description: $name";
    is outcome($form->(file => $file, defined $text ? (access_token => $text) : ())), $code, "nor does it as a part: $name";
}
is $launches->(), $before, 'no refused upload has left a launch';
wait_for('refused files to be removed', sub {
    return !$server->value("SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL");
});
pass 'no refused upload has left a file';
my $sync_token = $server->token('car-import');
is outcome(GET($server->url($describe), Authorization => "Bearer $sync_token")), '601', 'the token of a sync opens nothing here';
is $server->get('/api/data-sync/car-import', bearer => $bearer)->code, 403, 'and this one opens no sync';

# The end of a token, and of a client.
$server->write("UPDATE ds_access SET expires_at = 1 WHERE client_id = '$client->{id}'");
is outcome(GET($server->url($describe), Authorization => "Bearer $bearer")), '602', 'a token that has expired says so';
my $next = decode_json($client->identity->content)->{access_token};
isnt $next, $bearer, 'the next token is another one';
is outcome(GET($server->url($describe), Authorization => "Bearer $next")), 'success', 'which opens';
is outcome(GET($server->url($describe), Authorization => "Bearer $bearer")), '602', 'the one before is still known as expired';
$server->write('UPDATE ds_access SET expires_at = ' . int((time + 0.9) * 1e6) . " WHERE client_id = '$client->{id}'");
my $soon = decode_json($client->identity->content);
isnt $soon->{access_token}, $next, 'nobody is given a token that has less than a second to live';
cmp_ok $soon->{expires_in}, '>', 3500, 'but a new one';
$next = $soon->{access_token};
is outcome(GET($server->url($describe), Authorization => "Bearer $next")), 'success', 'which opens';
DSClient::quietly(sub { $server->ctl('client', 'revoke', $client->{id}) });
is outcome(GET($server->url($describe), Authorization => "Bearer $next")), '601', 'the token of a revoked client is dead at once';
is $client->identity->code, 401, 'and it gets no other';
my ($shown) = grep { $_->{id} eq $client->{id} } @{$server->ctl('client', 'list')};
is $shown->{state}, 'revoked', 'the administrator sees it';
is $server->ctl_refused('client', 'revoke', $client->{id}), 1, 'and cannot revoke it twice';
is $server->ctl_refused('client', 'create', 'x', 'no_such_object'), 1, 'nor make a client for an object that is not there';

# Objects and roles.
my $reader = DSMarketo->new($server, role => 'read-only');
is DSMarketo::outcome($reader->get($describe)), 'success', 'a reader reads descriptions';
is DSMarketo::outcome($reader->upload($import, three_cars())), '603', 'but imports nothing';
is DSMarketo::outcome($reader->upload($import, three_cars(), anonymous => 1, after => [[access_token => $reader->token]])), '603',
    'not with the token behind the file either';
is DSMarketo::outcome($reader->get('/rest/v1/customobjects/sample/describe.json')), '1013', 'an object of others looks like none';
my $all = DSMarketo->new($server, objects => ['*']);
is DSMarketo::outcome($all->get('/rest/v1/customobjects/sample/describe.json')), 'success', 'a client of all objects sees it';

# A client of the configuration.
my $secret = 'a secret of the configuration';
my $path = DSNode::run_dir() . '/client.secret';
open my $out, '>', $path or die $!;
print {$out} "$secret\n";
close $out or die $!;
chmod 0600, $path;
my $node = DSNode->start(config => DSNode->worker_config . DSNode::usual_config()
    . "DataSyncAPI marketo\n<DataSyncClient portal>\nName \"The portal\"\nSecret file:$path\nObjects car_c\n</DataSyncClient>\n");
my $portal = bless {server => $node, id => 'portal', secret => $secret}, 'DSMarketo';
my $answer = decode_json($portal->identity->content);
is $answer->{scope}, 'The portal', 'a client of the configuration gets a token';
is DSMarketo::outcome($portal->get($describe)), 'success', 'which opens';
is DSMarketo::outcome($portal->get('/rest/v1/customobjects/sample/describe.json')), '1013', 'its objects alone';
open $out, '>', $path or die $!;
print {$out} "another secret of the configuration\n";
close $out or die $!;
$node->graceful;
is DSMarketo::outcome($portal->get($describe)), '601', 'with another secret the token of the old one is dead';
is $portal->identity->code, 401, 'and the old secret gets none';
$portal->{secret} = 'another secret of the configuration';
delete $portal->{token};
is DSMarketo::outcome($portal->get($describe)), 'success', 'the new one does';
unlike $node->log_text . $server->log_text, qr/\Q$secret\E|\Q$client->{secret}\E|\Q$bearer\E/, 'no secret and no token stands in the error log';
finish($server);
done_testing;
