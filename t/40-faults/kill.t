# Processes that are killed with -9 at any moment, one after the other, under load: nothing that was accepted may be lost,
# and nothing may happen twice.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep);

my $rounds = rounds(100, 10);    # on each of the two databases
my $fault = DSFault->start;
my $node = $fault->node;
my %killed;

# A runner that has a launch, if there is one.
sub runner_kill {
    $fault->launch_wait(1);
    my @running = $node->rows("SELECT id FROM ds_launch WHERE state = 'running'");
    my @pids = grep { defined } map { $node->runner_of($_->{id}) } @running;
    @pids = $fault->pids_of('runner') if !@pids;
    return 0 if !@pids;
    my $pid = pick(@pids);
    return $fault->halt_spared($pid) && kill(KILL => $pid);
}

# The worker must leave by itself; the children of httpd go as a service manager would end them.
sub parent_kill {
    my @workers = $node->worker_pids;
    my @children = $node->parent_halt;
    my $pid = delete $node->{child};
    kill KILL => $pid;
    waitpid $pid, 0;
    wait_for('the worker to leave', sub { !grep { -e "/proc/$_/exe" } @workers });
    sleep rand 0.5;
    kill KILL => @children;
    wait_for('the end of the children', sub { !grep { -e "/proc/$_/exe" } @children });
    $node->start(unready => 1);
    return 1;
}

sub round_run {
    my ($kind) = @_;
    return parent_kill() if $kind eq 'parent';
    return runner_kill() if $kind eq 'runner';
    return $fault->signal_one(KILL => $kind);
}

$fault->load_begin(big => 0.1);
for my $round (1 .. $rounds) {
    sleep rand 0.9;
    my $kind = pick(qw(runner runner keeper supervisor child child parent));
    $killed{$kind}++ if round_run($kind);
    $fault->order_check("round $round, $kind");
    if ($round % 25 == 0 && $round < $rounds) {
        $fault->integrity_check("after $round rounds");
        $fault->load_begin(big => 0.1);
    }
}
$fault->integrity_check("after $rounds rounds");
note join ', ', map { "$_: $killed{$_}" } sort keys %killed;
cmp_ok $node->value('SELECT count(*) AS n FROM ds_launch WHERE attempt > 1'), '>', 0, 'there were launches that had to begin again' if rounds(1, 0);
$fault->finish(qr/DS0511.*signal 9/, qr/DS0072/, qr/AH00052.*signal Killed/);
done_testing;
