# Windows of pulls: a change that falls between two runs is lost for ever, and who asks for everything each time is
# shut out by the server.
use strict;
use warnings FATAL => 'all';
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';
use POSIX ();

my $members = 250;

# As Mailchimp's list of members and Zendesk's export of a search behave.
my $server = DSRest->start(sub {
    my ($request, $self) = @_;
    my $query = DSRest::query($request);
    if ($request->uri->path eq '/3.0/lists/abc123/members') {
        return [401, {}, '{"title":"API Key Invalid"}'] if ($request->header('Authorization') // '') ne 'Bearer the-key-of-mailchimp';
        my $from = $query->{offset} + 1;
        my $to = $from + $query->{count} - 1;
        $to = $members if $to > $members;
        $to = $from + 1 if $query->{since_last_changed} && $from == 1;    # two have changed
        $to = $from - 1 if $query->{since_last_changed} && $from > 1;
        return DSRest::json({members => [map { {id => "m$_", email_address => "m$_\@example.com", status => 'subscribed', list_id => 'abc123',
                                                stats => {avg_open_rate => 0.25}, _links => [{rel => 'self'}]} } $from .. $to],
                             list_id => 'abc123', total_items => $members, _links => []});
    }
    my $at = $query->{'page[after]'} // 'a';
    my %next = (a => 'b', b => 'c', c => 'd');
    return DSRest::json({results => [{id => ord $at, name => "user $at", email => "$at\@example.com"}], facets => undef,
                         meta => {has_more => $at eq 'c' ? JSON::PP::false : JSON::PP::true, after_cursor => $next{$at}, before_cursor => undef},
                         links => {prev => undef, next => 'https://example.com/'}});
});

my $node = DSNode->prepare(config => '');
my $secret = $node->secret_write(key => 'the-key-of-mailchimp');
my $data = DSNode::run_dir() . '/t/data/source';
$node->config_write(pull_config(2,
    pull_sync($node, $server, 'members', spec => "$data/mailchimp-members.json",
        fields => "Field id string 50\nField email email\nField rate decimal\nField list string 20\nKey id\n",
        lines => "SourceParam listId abc123\nSourceParam domain us6\nSourceAuth bearer secret=file:$secret\nLookBack 10min\n"
            . "Map id \$.member.id\nMap email \$.member.email_address\nMap rate \$.member.stats.avg_open_rate\n"),
    pull_sync($node, $server, 'users', spec => "$data/zendesk-users.json",
        fields => "Field id integer\nField name text\nField email email\nKey id\n",
        lines => "Map id \$.user.id\nMap name \$.user.name\nMap email \$.user.email\n")))->start;

my $users = $node->ctl('run', 'users')->{id};    # which takes its time between two pages
my $launch = pull_run($node, 'members');
is "$launch->{state} " . DSClient::counts($launch), 'finished 250 250 0 0', 'all members of the list' or diag $launch->{message};
like $launch->{message}, qr/^250 rows pulled/, 'and a message';
is_deeply [map { [$_->{email}, 0 + $_->{rate}] } $node->rows("SELECT email, rate FROM members WHERE id = 'm250'")],
    [['m250@example.com', 0.25]], 'each field comes from its place';
my @asked = grep { $_->{path} =~ /members/ } $server->asked;
is scalar @asked, 4, 'three pages, and the one behind them that is empty';
like $asked[0]{path}, qr/\bcount=100&offset=0\b/, 'in the size of the spec';
unlike $asked[0]{path}, qr/since_last_changed/, 'the first time from the beginning';
my ($end) = $asked[0]{path} =~ /before_last_changed=([^&]+)/;
like $end, qr/^\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d%3A0000000Z$/, 'to now, in the format of the spec';
is scalar(grep { $_->{path} !~ /before_last_changed=\Q$end\E/ } @asked), 0, 'which is the same for all pages of a run';

my $mark = $node->value("SELECT watermark FROM ds_pull WHERE sync_id = 'members'");
$launch = pull_run($node, 'members');
is DSClient::counts($launch), '2 2 0 0', 'the second time what has changed';
is $node->value('SELECT count(*) AS n FROM members'), 250, 'which is no other record';
my $since = (grep { $_->{path} =~ /since_last_changed/ } $server->asked)[0]{path} =~ s/.*since_last_changed=([^&]+).*/$1/r;
my $wanted = POSIX::strftime('%Y-%m-%dT%H%%3A%M%%3A%S%%3A0000000Z', gmtime($mark / 1_000_000 - 600));
is $since, $wanted, 'from where the run before has ended, and a little earlier';
cmp_ok $node->value("SELECT watermark FROM ds_pull WHERE sync_id = 'members'"), '>=', $mark, 'the next one goes on from there';

$launch = $node->launch_ended($users);
is "$launch->{state} " . DSClient::counts($launch), 'finished 3 3 0 0', 'a token is no reason to go on when the end is declared';
($asked[0]) = grep { $_->{path} =~ /search/ } $server->asked;
like $asked[0]{path}, qr{^/api/v2/search/export\?}, 'the path without the expression';
like $asked[0]{path}, qr/query=type%3Auser%20updated%20%3C%20\d{4}-/, 'the first run asks for the past';
$mark = $node->value("SELECT watermark FROM ds_pull WHERE sync_id = 'users'");
pull_run($node, 'users');
my ($later) = grep { $_->{path} =~ /search/ && $_->{path} =~ /updated%20%3E/ } $server->asked;
my $start = POSIX::strftime('%Y-%m-%dT%H%%3A%M%%3A%SZ', gmtime($mark / 1_000_000));
like $later->{path}, qr/updated%20%3E%20\Q$start\E%20updated%20%3C%20/, 'the next one for what came since';

my $whole = $node->launch_ended($node->ctl('run', 'members', '--backfill')->{id});
is DSClient::counts($whole), '250 250 0 0', 'everything can be fetched once more';
ok $node->ctl_refused('run', 'users', '--dry-run'), 'a rehearsal of a pull is none';

# A run that fails moves nothing.
$mark = $node->value("SELECT watermark FROM ds_pull WHERE sync_id = 'members'");
$node->secret_write(key => 'another-key-that-is-wrong');
$launch = pull_run($node, 'members');
is $launch->{state}, 'rejected', 'a key that is refused';
like $launch->{message}, qr{^config_error: GET http://127.0.0.1:\d+/3.0/lists/abc123/members\?.* was answered with 401: .*API Key Invalid},
    'is an error of the configuration, with the request and the answer';
unlike $launch->{message} . $node->log_text, qr/another-key/, 'and without the key';
is $node->value("SELECT watermark FROM ds_pull WHERE sync_id = 'members'"), $mark, 'nothing counts as fetched';
$node->stop;
finish($node);
done_testing;
