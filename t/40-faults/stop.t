# A server that is stopped in the middle of everything, in each way in which administrators stop it, and started again.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep time);

my $rounds = rounds(20, 3);
my $fault = DSFault->start;
my $node = $fault->node;
my $longest = 0;
# httpd gives a worker three seconds; GracefulShutdownTimeout of the servers under test is five.
my $most = 3 + 5 + $DSFault::allowance;

sub stop_by_command {
    my ($word) = @_;
    wait_for('the file that names its process', sub { DSClient::text_of($node->{pid_file}) eq "$node->{child}\n" });
    system(DSNode::httpd(), '-f', $node->{config}, '-k', $word) == 0 or die "httpd -k $word failed\n";
    return $node->stop('CONT');    # nothing more than to wait
}

my @ways = (['TERM', sub { $node->stop }], ['-k stop', sub { stop_by_command('stop') }],
            ['-k graceful-stop', sub { stop_by_command('graceful-stop') }]);
$fault->load_begin(big => 0.2);
for my $round (1 .. $rounds) {
    sleep 0.3 + rand 1.2;
    $fault->launch_wait(1);
    my ($way, $stop) = @{$ways[$round % @ways]};
    my $start = time;
    $stop->();
    $longest = time - $start if time - $start > $longest;
    $fault->order_check("round $round, stopped by $way");
    $node->start;
}
cmp_ok $longest, '<', $most, sprintf 'it is stopped within some seconds (%.1f s)', $longest;
$fault->integrity_check("after $rounds stops");
is $node->value('SELECT sum(crashes) AS n FROM ds_launch'), 0, 'no stop was taken for a crash';
cmp_ok $node->value('SELECT count(*) AS n FROM ds_launch WHERE attempt > 1'), '>', 0, 'though launches were interrupted'
    if rounds(1, 0);
$fault->finish;
done_testing;
