# PostgreSQL is stopped in its best moments, frozen, or full, under load: nothing that was accepted is lost, nothing is
# done twice, and everything goes on by itself.
use strict;
use warnings FATAL => 'all';
use DSFault;
use DSPostgres;
use DSProxy;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep time);

my @expected = map { qr/DS$_/ } qw(0030 0040 0041 0520 0531 0541 0544);
my $cluster = DSPostgres->start(max_connections => 50, superuser_reserved_connections => 0);
$ENV{DS_TEST_POSTGRES} = $cluster->params;
my $proxy = DSProxy->start(port => $cluster->{port});
my $fault = DSFault->start(prepare => sub { $proxy->stand_before($_[0]) });
my $node = $fault->node;

my %load = (count => 3, big => 0.1, pause => 0.3);
my @workers = $node->workers_wait;
my %moments = (
    'a claim' => {at => 'UPDATE ds_launch\s+SET state = .running'},
    'the commit of a claim' => {at => '^COMMIT', with => 'UPDATE ds_launch\s+SET state = .running'},
    'a batch' => {at => 'INSERT INTO "part"'},
    'the commit of a batch' => {at => '^COMMIT', with => 'INSERT INTO "part"'},
    'the end of a launch' => {at => 'UPDATE ds_launch\s+SET state = \S+ message'},
    'the commit of an upload' => {at => '^COMMIT', with => 'INSERT INTO ds_launch'},
);
my @moments = (sort(keys %moments), 'any moment');

sub moment_wait {
    my ($moment, $signal) = @_;
    return sleep rand 1 if !$moments{$moment};
    my $sprung = $proxy->sprung;
    $proxy->trap(%{$moments{$moment}}, signal => $signal, pid => $cluster->{pid});
    return $proxy->sprung_wait($sprung + 1);
}

sub everything_check {
    my ($name) = @_;
    wait_for("$name: the database to be used again", sub { $node->get('/api/data-sync/part-import')->code == 200 });
    $fault->integrity_check($name);
    is_deeply [$node->worker_pids], \@workers, "$name: no process of the worker was restarted";
    return;
}

sub restarts_run {
    my (@rounds) = @_;
    $fault->load_begin(%load);
    for my $round (@rounds) {
        my ($moment, $signal) = @$round;
        moment_wait($moment, $signal);
        $cluster->stop($signal);
        sleep rand 1.5;
        $cluster->run;
        $fault->order_check("$signal in $moment");
    }
    my $count = @rounds;
    return everything_check("$count restarts of PostgreSQL");
}

# Each moment with each signal; INT is a fast shutdown, QUIT an immediate one.
my @rounds = map { my $moment = $_; map { [$moment, $_] } qw(INT QUIT) } @moments;
@rounds = map { splice @rounds, rand @rounds, 1 } 1 .. @rounds;
if (rounds(1, 0)) {
    restarts_run(@rounds) for 1 .. 2;
}
else {
    restarts_run(@rounds[0 .. 3]);
}

# Frozen, at length for less than a lease and for more.
$fault->load_begin(%load);
for my $round (1 .. rounds(8, 1)) {
    sleep rand 2;
    $fault->launch_wait(1);
    $cluster->freeze;
    sleep rand rounds(2 * $DSFault::lease, 2);
    $cluster->thaw;
    $fault->order_check("freeze $round");
}
everything_check(rounds(8, 1) . ' freezes of PostgreSQL');

# No connection is left, and everybody needs one.
for my $round (1 .. rounds(4, 1)) {
    $fault->load_begin(%load);
    sleep 1 + rand 1;
    $node->graceful;    # the new processes of httpd have no connection yet
    my %before = map { $_ => 1 } @workers;
    wait_for('the end of the old worker', sub { !grep { $before{$_} } $node->worker_pids });
    @workers = $node->workers_wait;
    my $sessions = $cluster->fill;
    sleep 2 + rand $DSFault::lease;
    close $_ for splice @$sessions;
    everything_check("full $round");
}
is_deeply [grep { !/^(?:200|503)$/ } keys %{$fault->codes}], [], 'no client got any answer but yes and come back';
$fault->finish(@expected);
done_testing;
