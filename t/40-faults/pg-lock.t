# Somebody else's transaction keeps the table of launches locked for longer than a lease: what only reads is answered, uploads
# are told to come back, and no runner is taken for one that hangs.
use strict;
use warnings FATAL => 'all';
use DSFault;
use DSProbe;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep);

my $fault = DSFault->start;
my $node = $fault->node;
my @workers = $node->workers_wait;
my $name = 'a locked table';
for my $round (1 .. rounds(3, 1)) {
    $fault->load_begin(big => 0.2);
    sleep rand 2;
    $fault->launch_wait(5);
    my $lock = $node->{database}->lock;
    clients_watch($name, $node, $DSFault::lease + rounds(5, 3), upload => qr/^503$/, status => qr/^200$/, page => qr/^200$/);
    close $lock;
    $fault->integrity_check($name);
}
is_deeply [$node->worker_pids], \@workers, 'no runner that waited was taken for one that hangs';
$fault->finish(qr/DS0541/);
done_testing;
