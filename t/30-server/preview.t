# What an administrator sees of a source before it runs: a preview that shows other values than a pull would load, or
# that shows the credential, is worse than none.
use strict;
use warnings FATAL => 'all';
use DSRest;
use DSTest;
use JSON::PP;
use Digest::SHA qw(hmac_sha256_hex);
use Time::HiRes qw(sleep);
use Apache::Test '-withtestmore';

# The API of Mailchimp's lists, as far as the source spec asks it.
my $answer = {list_id => '10c097ca71', total_items => 2, _links => [{rel => 'self'}], members => [
    {id => 'm1', email_address => "one\x{9b}\@example.com", status => 'subscribed', stats => {avg_open_rate => 0.25}, _links => [1]},
    {id => 'm2', email_address => 'two@example.com', status => 'cleaned', stats => {avg_open_rate => 1}, _links => []}]};
# Each refresh token is good once: a second use would be theft.
sub token_serve {
    my ($request, $self) = @_;
    my $number = $self->count('token');
    my %form = map { split /=/, $_, 2 } split /&/, $request->content;
    my $wanted = $number == 1 ? 'first-refresh-token' : 'refresh-token-' . ($number - 1);
    return [400, {}, '{}'] if $form{grant_type} eq 'refresh_token' && $form{refresh_token} ne $wanted;
    sleep 0.5 if $number > 2;    # others come meanwhile
    return DSRest::json({access_token => "access-token-$number", token_type => 'Bearer', expires_in => 3600,
                         $form{grant_type} eq 'refresh_token' ? (refresh_token => "refresh-token-$number") : ()});
}

my $rest = DSRest->start(sub {
    my ($request, $self) = @_;
    return token_serve($request, $self) if $request->uri->path eq '/token';
    my %good = map { $_ => 1 } 'Basic bWU6aHVudGVyMmh1bnRlcjI=', 'Bearer access-token-' . ($self->get('valid') || 1);
    my $said = $request->header('Authorization') // '';
    return [400, {}, "what is $said?"] if $self->get('echo');
    return [401, {}, '{"title":"API Key Invalid"}'] if !$good{$said};
    return [404, {}, '{}'] if $request->uri->path ne '/3.0/lists/10c097ca71/members';
    return DSRest::json({members => []}) if DSRest::query($request)->{offset};
    return [200, {}, encode_json($answer)];
});

my $node = DSNode->prepare(config => '');

my $secret = $node->secret_write('secret', 'hunter2hunter2');
my $refresh = $node->secret_write('refresh', 'first-refresh-token');
my $token_url = $rest->url('/token');
my $spec = "$ENV{DS_SRCDIR}/t/data/source/mailchimp-members.json";

sub pull {
    my ($id, @lines) = @_;
    return "<DataSync $id>\nKind pull\nObject member\n" . join('', map { "$_\n" } "SourceSpec $spec", 'SourceParam domain us10',
        'SourceParam listId 10c097ca71', 'SourceHost ' . $rest->url, @lines) . "</DataSync>\n";
}
$node->config_write($node->worker_config . "DataSyncEgressAllow http 127.0.0.1\n"
    . "<DataSyncObject member>\nField id string\nField mail text\nField status string\nField rate decimal\nField list_id string\nKey id\n</DataSyncObject>\n"
    . pull('members', "SourceAuth basic user=me secret=file:$secret", 'Map mail $.member.email_address', 'Map rate $.member.stats.avg_open_rate')
    . pull('tokens', "SourceAuth oauth2-refresh client=me secret=file:$secret refresh=file:$refresh token-url=$token_url")
    . pull('client', "SourceAuth oauth2-client client=me secret=file:$secret token-url=$token_url scope=read")
    . pull('strangers', 'SourceAuth none', 'Map rate $.member.nothing') . "<DataSync other>\nObject member\n</DataSync>\nDataSyncAPI prisma\n");
$node->start;

# What people read: both outputs, and the exit code.
sub plainly {
    my (@words) = @_;
    my $pid = open my $in, '-|' // die;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec "$node->{bin}/datasyncctl", '--database', $node->{database}->place, @words or die $!;
    }
    local $/;
    my $said = <$in>;
    close $in;
    return ($said, $? >> 8);
}

# A list of rows as {"WHAT NAME" => VALUE}.
sub seen {
    my ($json) = @_;
    my $rows = eval { decode_json($json) } // [];
    return {map { ("$_->{what} $_->{name}" => $_->{value}) } @$rows};
}

my ($text, $code) = $node->ctl_run('source', 'preview', 'members', '--limit', 1);
is $code, 0, 'a source is asked' or diag $text;
is_deeply seen($text), {'column member.id' => 'm1', 'column member.email_address' => "one\x{9b}\@example.com", 'column member.status' => 'subscribed',
                   'column member.stats.avg_open_rate' => '0.25', 'field id' => 'm1', 'field mail' => "one\x{9b}\@example.com",
                   'field status' => 'subscribed', 'field rate' => '0.25', 'field list_id' => undef},
    'the columns of its first record, and the fields that they fill; what the spec skips is in neither';
my ($asked) = $rest->asked;
like $asked->{path}, qr{^/3\.0/lists/10c097ca71/members\?before_last_changed=\d{4}-\d\d-\d\dT\S+&count=100&offset=0$}, 'the request is that of the first page of a first run';
($text, $code) = plainly('source', 'preview', 'members');
is scalar(() = $text =~ /^ *[12] /mg), 18, 'a table has a line for each column and field of each record';
unlike $text, qr/\x{9b}|\xc2\x9b/, 'and nothing in it that drives a terminal';

($text, $code) = plainly('source', 'preview', 'strangers');
is $code, 1, 'a source that refuses is an error';
like $text, qr/the server answered 401: .*API Key Invalid/, 'which shows what it said';
($text, $code) = plainly('source', 'preview', 'other');
like $text, qr/other is of kind import: only a pull has a source/, 'a sync of another kind has none';

# From a file: an answer that somebody else has fetched.
my $file = "$node->{dir}/answer.json";
open my $out, '>', $file or die $!;
print {$out} encode_json({%$answer, members => [{id => 7, status => undef}]});
close $out or die $!;
my $before = $rest->asked_count(qr/./);
($text, $code) = $node->ctl_run('source', 'preview', 'strangers', $file);
is_deeply seen($text), {'column member.id' => '7', 'column member.status' => undef, 'field id' => '7', 'field mail' => undef, 'field status' => undef,
                        'field rate' => undef, 'field list_id' => undef}, 'an answer in a file is taken as it is';
is $rest->asked_count(qr/./), $before, 'and nobody is asked';
open $out, '>', $file or die $!;
print {$out} '{"members": {"id": 1}}';
close $out or die $!;
($text, $code) = plainly('source', 'preview', 'strangers', $file);
like $text, qr/the answer has no array at \$\.members/, 'an answer without the array of the spec is named';

# OAuth: a preview gets tokens as a pull does, and leaves them to it.
sub token_requests {
    return $rest->asked_count(qr{^/token});
}
($text, $code) = $node->ctl_run('source', 'preview', 'tokens', '--limit', 1);
is seen($text)->{'field id'}, 'm1', 'a source with OAuth is asked';
my ($kept) = $node->rows('SELECT login, access_token, refresh_token FROM ds_pull_login');
ok $kept->{access_token} && $kept->{refresh_token}, 'what the server gave is kept';
unlike join(' ', values %$kept), qr/token|hunter2/, 'sealed';
is $kept->{login}, hmac_sha256_hex("log-in\n$token_url\nme\n\nfirst-refresh-token", 'hunter2hunter2'), 'under a name that tells nothing of the secret';
($text, $code) = $node->ctl_run('source', 'preview', 'tokens');
is "$code " . token_requests(), '0 1', 'a token that is good is used again';
$rest->set(valid => 2);
($text, $code) = $node->ctl_run('source', 'preview', 'tokens');
is "$code " . token_requests(), '0 2', 'one that is refused is renewed, with the refresh token that was changed';
$rest->set(valid => 3);
$node->write('UPDATE ds_pull_login SET access_until = 0');
my @previews = map { open my $in, '-|', "$node->{bin}/datasyncctl", '--database', $node->{database}->place, '--json', 'source', 'preview', 'tokens' or die $!; $in } 1 .. 3;
my $pull = $node->ctl('run', 'tokens')->{id};
is join(' ', map { local $/; seen(scalar readline $_)->{'field id'} } @previews), join(' ', ('m2') x 3), 'three previews at the same time';
is $node->launch_ended($pull)->{state}, 'finished', 'and a pull';
is token_requests(), 3, 'ask for one token: the server would take more for theft';
$rest->set(valid => 4);
($text, $code) = $node->ctl_run('source', 'preview', 'client');
is $code, 0, 'client credentials are enough where the server takes them';
my ($request) = grep { $_->{body} =~ /client_credentials/ } $rest->asked;
is $request->{body}, 'grant_type=client_credentials&scope=read', 'they are asked for with the scope';
$rest->set(echo => 1);
($text, $code) = plainly('source', 'preview', 'client');
like $text, qr/answered 400: what is Bearer \*\*\*\?/, 'a server that repeats a token is shown without it';
unlike join('', map { DSClient::text_of($_) } $node->{log}), qr/hunter2/, 'no secret stands in the log';
$node->stop;
done_testing;
