# A server that wants to be left alone for a while: a pull that waits for it must not hold up the pulls from others, nor
# come back as if it had failed, nor be deaf to whoever stops it.
use strict;
use warnings FATAL => 'all';
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';

my ($pages, $size, $minutes) = (4, 2, 10);
my @limited = (429, {'Retry-After' => 60 * $minutes}, 'too many requests');
my $items = sub {
    my ($request, $self) = @_;
    my $at = DSRest::query($request)->{offset};
    my ($name) = $request->uri->path =~ m{(\w+)\z};
    return [@limited] if $name =~ /^(?:never|day)\z/ || $name eq 'spent' && $at == 4 && $self->count('spent') == 1;
    my %left = $name eq 'budget' && ($at == 2 || $at == 4) ? ('X-RateLimit-Remaining' => 0, 'X-RateLimit-Reset' => 60 * $minutes) : ();
    return DSRest::json({data => {items => [map { {id => $_, name => "item $_"} } $at < $pages * $size ? ($at + 1 .. $at + $size) : ()]}}, %left);
};
my %server_of = map { $_ => DSRest->start($items) } qw(spent budget never day free);
$server_of{neighbour} = $server_of{spent};
my %offset = (type => 'OFFSET', limitName => 'limit', limitValue => $size, offSetName => 'offset');
my $node = DSNode->prepare(config => '');
$node->config_write(pull_config(1, map {
    pull_sync($node, $server_of{$_}, $_, spec => spec_of({%offset, delayRequestMillis => $_ eq 'budget' ? 1 : 0}), set => $_)
} sort keys %server_of))->start;

sub run {
    my ($name) = @_;
    return $node->ctl('run', $name)->{id};
}

sub pause_wait {
    my ($id, $before) = @_;
    $before //= 0;
    wait_for("a pause of launch $id after attempt $before", sub { attempt_of($id) > $before && is_paused($id) });
    return $node->launch($id);
}

sub is_paused {
    my ($id) = @_;
    return $node->value("SELECT count(*) AS n FROM ds_launch WHERE id = $id AND owner = 'paused'");
}

sub attempt_of {
    my ($id) = @_;
    return $node->value("SELECT attempt FROM ds_launch WHERE id = $id");
}

# As if the launch had waited nearly a day before this page. How long it has by its own count.
sub day_pass {
    my ($name) = @_;
    my $page = $node->value("SELECT page FROM ds_pull WHERE sync_id = '$name'");
    $page =~ s/ (\d+) (\d+-)\z/ @{[1_000_000 * (86_400 - 60 * $minutes + 60)]} $2/ or die "no pause in the page $page";
    my $waited = $1 / 1_000_000;
    $node->write("UPDATE ds_pull SET page = '$page' WHERE sync_id = '$name'");
    return $waited;
}

# As if the time had passed.
sub pauses_end {
    $node->write('UPDATE ds_pull_host SET free_at = 0');
    $node->write("UPDATE ds_launch SET lease_until = 1 WHERE owner = 'paused'");
    return;
}

# One runner
my $never = run('never');
my $spent = run('spent');
my $launch = pause_wait($spent);
is "$launch->{state} $launch->{rows_ok}", 'running 4', 'a pull whose server wants a pause keeps what it has';
like $launch->{message}, qr/^Waits until \w+, \d+ \w+ \d+ [\d:]+ GMT: its server wants no request before$/, 'and says what it waits for';
my $budget = run('budget');
is pause_wait($budget)->{rows_ok}, 4, 'so does one whose requests are used up';
is pull_run($node, 'free')->{state}, 'finished', 'the runner is free for others meanwhile';
my $neighbour = run('neighbour');
pause_wait($neighbour);
is $server_of{spent}->asked_count(qr{/neighbour\b}), 0, 'the server is left alone by all';
$node->ctl('launch', 'cancel', $neighbour);
is $node->launch_ended($neighbour)->{state}, 'cancelled', 'one that waits can be cancelled';
pause_wait($never);
my $day = run('day');
pause_wait($day);
cmp_ok abs(day_pass($_) - 60 * $minutes), '<', 60, "$_: how long a launch has waited is kept" for qw(day budget);
my %attempt = map { $_ => attempt_of($_) } $never, $budget;
pauses_end();
is pause_wait($budget, $attempt{$budget})->{rows_ok}, 6, 'a server that gives a page after each pause may want as many as it likes';
my $all = $pages * $size;
my $ended = sub {
    my ($name, $id, $more) = @_;
    $launch = $node->launch_ended($id);
    is "$launch->{state} " . DSClient::counts($launch), "finished $all $all 0 0", "$name: after the pause it comes to its end" or diag $launch->{message};
    is ids_of($node, $name), join(' ', 1 .. $all), 'each record is there, once';
    is $server_of{$name}->asked_count(qr{/$name\b}), $pages + 1 + $more, 'it goes on at its page';
    is $launch->{crashes} // 0, 0, 'and nothing of it counts as a crash';
};
$ended->('spent', $spent, 1);
$launch = $node->launch_ended($day);
is $launch->{state}, 'failed', 'a launch does not wait for ever for a page';
like $launch->{message}, qr/^error: page 1: \S+ wants no request now: the pauses before this page would be more than 24 hours together\. 0 rows/, 'and says so';
pause_wait($never, $attempt{$never});
like $node->value("SELECT page FROM ds_pull WHERE sync_id = 'never'"), qr/ 2-\z/, 'the attempts at a page are counted over its pauses';
$node->write("UPDATE ds_pull SET page = substr(page, 1, length(page) - 2) || '4-' WHERE sync_id = 'never'");    # as if it were the fourth
pauses_end();
$ended->('budget', $budget, 0);
$launch = $node->launch_ended($never);
is $launch->{state}, 'failed', 'a server that goes on wanting pauses is given up';
like $launch->{message}, qr/^error: GET \S+ was answered with 429: too many requests \(attempt 5\)/, 'after as many attempts as one that is in trouble';
is $server_of{never}->asked_count(qr{/never\b}), 3, 'and no more';
$node->stop;
finish($node);
done_testing;
