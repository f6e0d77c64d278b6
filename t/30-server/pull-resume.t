# Pulls that are interrupted, and pulls that log in: after a crash each record must be there once, and a token must be
# asked for once, whoever needs it, or the server takes it for theft.
use strict;
use warnings FATAL => 'all';
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep);

my ($pages, $size, $moved) = (40, 25, 30_000);
my $server = DSRest->start(sub {
    my ($request, $self) = @_;
    my $path = $request->uri->path;
    if ($path eq '/token') {
        my $number = $self->count('token');
        my %form = map { split /=/, $_, 2 } split /&/, $request->content;
        return [400, {}, '{"error":"invalid_grant"}']
            if $form{grant_type} eq 'refresh_token' && $form{refresh_token} ne ($number == 1 ? 'first-refresh-token' : 'refresh-token-' . ($number - 1));
        $self->set('asking', 1);
        sleep 0.5;    # whoever comes now must wait
        DSClient::wait_for('leave to answer', sub { !$self->get('held') });
        return DSRest::json({access_token => "access-token-$number", token_type => 'Bearer', expires_in => $self->get('life') || 3600, refresh_token => "refresh-token-$number"});
    }
    if ($path =~ m{^/items/secret}) {
        return [400, {}, 'x' x 380 . ' ' . $request->header('Authorization')] if $self->get('echo');
        return DSRest::json({data => {items => [{id => 1, name => 'a'}]}}) if $self->get('life');
        my $good = 'Bearer access-token-' . ($self->get('valid') || 1);
        return [401, {}, '{}'] if ($request->header('Authorization') // '') ne $good;
        return DSRest::json({data => {items => [{id => 1, name => 'a'}]}});
    }
    if ($path eq '/items/moved') {
        my $base = $self->get('moved') ? 1_000_000 : 0;    # of the second page two records have the same name
        return [200, {'Content-Type' => 'application/json'},
            '{"data":{"items":[' . join(',', map { sprintf '{"id":%d,"name":"n%d"}', $base + $_, $base + ($base && $_ == 7 ? 8 : $_) } 1 .. $moved) . ']}}'];
    }
    if ($path eq '/items/hang') {
        $self->set('hanging', 1);
        DSClient::wait_for('leave to answer', sub { $self->get('released') });
        return DSRest::json({data => {items => []}});
    }
    my $at = DSRest::query($request)->{offset};
    DSClient::wait_for('leave to give a page', sub { $at <= $self->get('last') });
    return DSRest::json({data => {items => [map { {id => $_, name => "item $_"} } $at < $pages * $size ? ($at + 1 .. $at + $size) : ()]}});
});
my %offset = (type => 'OFFSET', limitName => 'limit', limitValue => $size, offSetName => 'offset');
my $node = DSNode->prepare(config => '');
my %secrets = (client => 'the-secret-of-the-client', refresh => 'first-refresh-token');
$node->secret_write($_ => $secrets{$_}) for keys %secrets;
my $auth = "SourceAuth oauth2-refresh client=me secret=file:$node->{dir}/client refresh=file:$node->{dir}/refresh token-url=" . $server->url('/token') . "\n";
$node->config_write(pull_config(3,
    pull_sync($node, $server, 'many', spec => spec_of({%offset}), set => 'many'),
    pull_sync($node, $server, 'moved', spec => spec_of({type => 'NONE'}), set => 'moved'),
    pull_sync($node, $server, 'hang', spec => spec_of({type => 'NONE'}), set => 'hang'),
    map { pull_sync($node, $server, "secret-$_", spec => spec_of({type => 'NONE'}), set => "secret-$_", lines => $auth) } 1 .. 3))->start;

# Killed between pages, and in the middle of them. The server gives a few pages behind the place where a runner is to be
# killed, not all: whoever is killed has come further than the one before, and not to the end.
$server->set(last => 0);
my $id = $node->ctl('run', 'many')->{id};
my $killed = 0;
for my $rows (map { $_ * $pages * $size / 4 } 1 .. 3) {
    $server->set(last => $rows + 4 * $size);
    wait_for("$rows rows", sub { $node->value("SELECT rows_read FROM ds_launch WHERE id = $id") >= $rows });
    my $pid = wait_for('a runner that has it', sub { $node->runner_of($id) });
    $killed += kill KILL => $pid;
}
$server->set(last => $pages * $size);
my $launch = $node->launch_ended($id);
my $all = $pages * $size;
is $killed, 3, 'runners were killed in the middle';
is "$launch->{state} " . DSClient::counts($launch), "finished $all $all 0 0", 'the pull has come to its end, each record counted once';
is ids_of($node, 'many'), join(' ', 1 .. $all), 'each record is there';
cmp_ok $server->asked_count(qr{^/items/many\b}), '<=', $pages + 1 + 3, 'only the page at hand was asked for again';

# Killed in a page that is another one afterwards, of which the database refuses a record. Its rows are slow until then.
$node->write('CREATE UNIQUE INDEX moved_names ON moved (name)');
$node->{database}->writes_count('moved', 'id', $node->{database}->by_database(450_000, 150_000));
$id = $node->ctl('run', 'moved')->{id};
wait_for('rows of a page', sub { $node->value("SELECT rows_read FROM ds_launch WHERE id = $id") });
my $runner = wait_for('a runner that has it', sub { $node->runner_of($id) });
$server->set(moved => 1);
is kill(KILL => $runner), 1, 'a runner is killed in the middle of a page';
$node->{database}->writes_hurry('moved');
$launch = $node->launch_ended($id);
$node->log_wait(qr/DS0616: sync moved: page 1 has changed/);
is $launch->{state}, 'finished', 'a page that has changed is taken once more';
is $node->value('SELECT count(*) AS n FROM moved WHERE id > 1000000'), $moved - 1, 'from its beginning, also when the database refuses one of its records';
is $launch->{rows_failed}, 1, 'which is told';

# Cancelled while the server does not answer
$id = $node->ctl('run', 'hang')->{id};
wait_for('a server that hangs', sub { $server->get('hanging') });
$node->ctl('launch', 'cancel', $id);
$launch = $node->launch_ended($id);
is $launch->{state}, 'cancelled', 'a pull that waits for a server can be cancelled';
$server->set(released => 1);

# Tokens
my @ids = map { $node->ctl('run', "secret-$_")->{id} } 1 .. 3;
is join(' ', map { $node->launch_ended($_)->{state} } @ids), 'finished finished finished', 'three pulls log in at the same time'
    or diag map { $node->launch($_)->{message} . "\n" } @ids;
is $server->asked_count(qr{^/token}), 1, 'and one of them asks for a token';
my ($asked) = grep { $_->{path} eq '/token' } $server->asked;
like $asked->{body}, qr/^grant_type=refresh_token&refresh_token=first-refresh-token$/, 'with the refresh token';
like $asked->{headers}{authorization}, qr/^Basic /, 'and the credentials of the client';
my ($kept) = $node->rows('SELECT access_token, refresh_token FROM ds_pull_login');
ok $kept->{access_token} && $kept->{refresh_token}, 'what was given is kept';
unlike join(' ', values %$kept), qr/token/, 'sealed';
$server->set(valid => 2);
is pull_run($node, 'secret-1')->{state}, 'finished', 'a token that is refused is renewed, with the refresh token that was changed';
is $server->asked_count(qr{^/token}), 2, 'once';

# A database that is away just when a token comes
$server->set(valid => 3);
$server->set(asking => 0);
$server->set(held => 1);
$id = $node->ctl('run', 'secret-1')->{id};
wait_for('a request for a token', sub { $server->get('asking') });
my $lock = $node->{database}->lock('ds_pull_login');
$server->set(held => 0);
sleep 4;    # longer than anybody waits for a lock
undef $lock;
is $node->launch_ended($id)->{state}, 'finished', 'a token that came while the database was locked is kept';
is $server->asked_count(qr{^/token}), 3, 'and not asked for again: the server would take that for theft';
$server->set(valid => 9);
$launch = pull_run($node, 'secret-2');
is $launch->{state}, 'rejected', 'a new one that is refused too is not asked for again and again';
like $launch->{message}, qr/^config_error: GET \S+ was answered with 401/, 'somebody has to look';
is $server->asked_count(qr{^/token}), 4, 'after one more';
$server->set(life => 1);
$node->write('UPDATE ds_pull_login SET access_until = 0');
is pull_run($node, 'secret-3')->{state}, 'finished', 'a token that lives for a second is used once';
is $server->asked_count(qr{^/token}), 5, 'and not asked for again and again';
$server->set(echo => 1);
$launch = pull_run($node, 'secret-1');
like $launch->{message}, qr/was answered with 400: x+ Bearer \*\*\*/, 'a server that repeats a token, cut off in its middle, is shown without it';
unlike $node->log_text . DSClient::text_of("$node->{dir}/stdout"), qr/(?:access|refresh)-token|the-secret-of/, 'no secret is in the log';
$node->stop;
finish($node, qr/DS0511.*signal 9/);
done_testing;
