# Processes that are killed with -9 at any moment, one after the other, under load: nothing that was accepted may be lost,
# and nothing may happen twice.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep);

my $rounds = rounds(200, 10);
my $fault = DSFault->start;
my $node = $fault->node;
my %killed;

# A launch that costs three runners fails, as it should: this is not the test for that.
sub runner_may_be_killed {
    return !$node->value("SELECT count(*) AS n FROM ds_launch WHERE crashes > 1 AND finished_at IS NULL");
}

# The worker must leave by itself; the children of httpd go as a service manager would end them.
sub parent_kill {
    my @workers = $node->worker_pids;
    my @children = $node->httpd_pids;
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
    return 0 if $kind eq 'runner' && !runner_may_be_killed();
    return $fault->signal_one(KILL => $kind);
}

$fault->load_begin;
for my $round (1 .. $rounds) {
    sleep rand 1.5;
    my $kind = pick(qw(runner runner keeper supervisor child child parent));
    $killed{$kind}++ if round_run($kind);
    $fault->order_check("round $round, $kind");
    if ($round % 25 == 0 && $round < $rounds) {
        $fault->integrity_check("after $round rounds");
        $fault->load_begin;
    }
}
$fault->integrity_check("after $rounds rounds");
note join ', ', map { "$_: $killed{$_}" } sort keys %killed;
$fault->finish(qr/DS0511.*signal 9/, qr/DS0072/, qr/AH00052.*signal Killed/);
done_testing;
