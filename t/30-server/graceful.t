# A graceful restart happens every night on Debian: it must lose no request and no row.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSCars;
use Apache::Test '-withtestmore';

my $rows = 60_000;
my $restarts = 3;

my $node = DSNode->start;

# Another process asks all the time, and leaves a byte for each good answer; a bad one ends it.
sub requests_begin {
    my ($asked, $stop) = @_;
    my $pid = open my $in, '-|' // die;
    return $in if $pid;
    $node->{agent}->conn_cache(undef);
    open my $count, '>', $asked or die $!;
    while (!-e $stop) {
        my $code = $node->get('/api/data-sync/idle-import')->code;
        if ($code != 200) {
            print "failed: $code";
            last;
        }
        syswrite $count, '.';
    }
    close STDOUT;
    POSIX::_exit(0);
}

my $asked = "$node->{dir}/asked";
my $answered = sub { -s $asked || 0 };
my $answers = requests_begin($asked, "$node->{dir}/stop");
my $id = running_wait($node, $rows, 360_000);
my @before = $node->worker_pids;
for my $n (1 .. $restarts) {
    my $count = $answered->();
    $node->graceful;
    my $read = $node->value("SELECT rows_read FROM ds_launch WHERE id = $id");
    cmp_ok $read, '<', $rows, "restart $n in the middle, after $read rows";
    $node->ready_wait;
    wait_for('the import to go on', sub {
        my ($row) = $node->rows("SELECT state, rows_read FROM ds_launch WHERE id = $id");
        return $row->{rows_read} > $read || $row->{state} eq 'finished';
    });
    wait_for('answers meanwhile', sub { $answered->() > $count });
}
cars_check($node, $id, $rows);
my $launch = $node->launch($id);
is $launch->{crashes}, 0, 'a graceful restart is not counted as a crash';
wait_for('the end of the old worker', sub { !grep { -e "/proc/$_/exe" } @before });
pass 'the old worker has left';
open my $stop, '>', "$node->{dir}/stop" or die $!;
close $stop;
my $said = <$answers> // '';
close $answers;
is $said, '', 'not one request failed meanwhile';

# A definition that arrives by a graceful restart is there at once.
$node->config_write(DSNode->worker_config . DSNode::usual_config()
    . "<DataSyncObject late>\nField id string\nKey id\n</DataSyncObject>\n"
    . "<DataSync late-import>\nObject late\nAuth none\n</DataSync>\nDataSyncAPI prisma\n");
is $node->get('/api/data-sync/late-import')->code, 404, 'a new sync is unknown before the restart';
$node->graceful;
wait_for('the new sync', sub { $node->get('/api/data-sync/late-import')->code == 200 });
wait_for('the worker to know it', sub { grep { $_->{id} eq 'late-import' } @{$node->ctl('sync', 'list')} });
is $node->import_run('late-import', "id\nG1\n")->{rows_ok}, 1, 'a new object can be used right after it';
is $node->import_run('open-import', "vin\nG2\n")->{rows_ok}, 1, 'and the old ones still';
$node->stop;
finish($node);
done_testing;
