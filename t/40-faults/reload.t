# A graceful restart each second, under uploads, questions and running launches: no client and no launch may notice.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep time);

my $restarts = rounds(60, 5);
my $fault = DSFault->start;
my $node = $fault->node;

# What a restart must not leave behind: descriptors of the parent, workers.
sub resources {
    my @descriptors = glob "/proc/$node->{child}/fd/*";
    my @supervisors = $fault->pids_of('supervisor');
    return {descriptors => scalar @descriptors, supervisors => scalar @supervisors};
}

$fault->load_begin(count => 4, pause => 0.1, big => 0.1, slow => 0.1, questions => 0.3);
my $next = time + 1;
my $before;
for my $restart (1 .. $restarts) {
    sleep $next - time if $next > time;
    $next += 1;
    $fault->launch_wait(0.5);
    $node->graceful;
    $before //= resources();
    $fault->order_check("restart $restart");
}
$fault->load_end;
my $codes = $fault->codes;
is join(' ', sort keys %$codes), '200', "$restarts graceful restarts, and not one of $codes->{200} requests failed";
wait_for('the old workers to leave', sub { resources()->{supervisors} == 1 });
wait_for('the end of what is left open', sub { resources()->{descriptors} <= $before->{descriptors} });
pass 'nothing is left open in the parent of httpd';
$fault->integrity_check("after $restarts restarts");
is $node->value('SELECT sum(crashes) AS n FROM ds_launch'), 0, 'no restart was taken for a crash';
cmp_ok $node->value('SELECT count(*) AS n FROM ds_launch WHERE attempt > 1'), '>', 0, 'though launches were interrupted' if rounds(1, 0);
$fault->finish;
done_testing;
