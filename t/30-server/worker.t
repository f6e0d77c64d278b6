# The worker: when it dies, imports must go on without anybody looking.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $node = DSNode->start(config => DSNode->worker_config('runners=2 lease=900') . DSNode::usual_config() . "DataSyncAPI prisma\n");

my @first = $node->workers_wait;
pass 'a supervisor, two runners and a keeper run';
my ($uid) = DSClient::text_of("/proc/$first[0]/status") =~ /^Uid:\s+(\d+)/m;
isnt $uid, 0, 'the worker does not run as root';
is_deeply [grep { DSClient::text_of("/proc/$_/cmdline") =~ /datasync\.db|sqlite3/ } @first], [],
    'the command line of the worker shows nothing of its settings';
is_deeply [grep { DSClient::text_of("/proc/$_/environ") =~ /datasync\.db/ } @first], [], 'nor does its environment';
# A socket of its own it may have, to a database server.
sub sockets {
    return grep { /^socket:/ } map { readlink($_) // '' } map { glob "/proc/$_/fd/*" } @_;
}
my %of_httpd = map { $_ => 1 } sockets($node->pid, $node->httpd_pids);
cmp_ok scalar keys %of_httpd, '>', 0, 'httpd holds sockets';
is_deeply [grep { $of_httpd{$_} } sockets(@first)], [], 'the worker holds no socket of httpd';

is $node->import_run('open-import', "vin\nW1\n")->{state}, 'finished', 'it works';

kill KILL => $first[1];
wait_for('a new runner', sub { $node->worker_pids >= @first && !grep { $_ == $first[1] } $node->worker_pids });
pass 'a killed runner comes back';
is $node->import_run('open-import', "vin\nW2\n")->{state}, 'finished', 'and imports go on';

kill KILL => $first[0];
wait_for('a new worker', sub {
    my @now = $node->worker_pids;
    return @now >= @first && $now[0] != $first[0];
});
pass 'a killed worker comes back';
wait_for('the end of the orphans', sub { !grep { -e "/proc/$_/exe" && DSClient::processes()->{$_}[1] =~ /^datasync/ } @first });
pass 'processes of the killed worker leave';
is $node->import_run('open-import', "vin\nW3\n")->{state}, 'finished', 'and imports go on';

my @last = $node->worker_pids;
$node->stop;
is_deeply [grep { -e "/proc/$_/exe" } @last], [], 'when httpd stops, no process stays behind';
finish($node, qr/DS0511.*signal 9/, qr/DS0072/);
done_testing;
