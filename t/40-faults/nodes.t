# Two servers with their workers over one database, a thousand small launches, and processes of both that freeze at any
# moment: each launch is applied once.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep time);

my $launches = rounds(1000, 60);
my $fault = DSFault->start(nodes => 2);
my $node = $fault->node;
my %frozen;

# A runner, a keeper, or all of a worker.
sub freeze_one {
    my $kind = pick(qw(runner runner runner keeper worker));
    my $at = pick(@{$fault->{nodes}});
    my @pids = $fault->pids_of($kind, $at);
    @pids = pick(@pids) unless $kind eq 'worker';
    return $fault->freeze_far(rand $DSFault::lease + 3, @pids) && $frozen{$kind}++;
}

$fault->load_begin(count => 4, pause => rounds(0.15, 0.1), big => 0, slow => 0, exports => 0.02);
while ($node->value('SELECT count(*) AS n FROM ds_launch') < $launches) {
    sleep rand 0.5;
    $fault->thaw;
    freeze_one() if keys %{$fault->{frozen}} < 4;
    $fault->order_check('while processes freeze');
}
$fault->load_end;
# Whoever is still frozen sleeps past its lease: the others do its work.
sleep $DSFault::lease if rounds(1, 0);
$fault->thaw(all => 1);
note join ', ', map { "$_: $frozen{$_}" } sort keys %frozen;
$fault->integrity_check("$launches launches on two nodes");
my $owners = $node->value('SELECT sum(attempt - 1) AS n FROM ds_launch');
note "$owners launches were begun more than once";
if (rounds(1, 0)) {
    cmp_ok scalar(() = $_->log_text =~ /DS0543/g), '>', 0, 'both workers have run launches' for @{$fault->{nodes}};
}
$fault->finish(qr/DS0530/, qr/DS0532/, qr/DS0540/, qr/DS0541/, qr/DS0511.*signal 9/);
done_testing;
