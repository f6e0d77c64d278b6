# A database that stays locked in the middle of an import: the launch must go on when the lock is gone, not when a
# lease has ended.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSCars;
use Apache::Test '-withtestmore';

my $rows = 60_000;

# A lease that no test lives to see.
my $node = DSNode->start(config => DSNode->worker_config('runners=1 lease=900') . DSNode::usual_config() . "DataSyncAPI prisma\n");
my $id = running_wait($node, $rows, 240_000);
my $lock = $node->{database}->lock;
$node->log_wait(qr/DS0541/);
$node->log_wait(qr/DS0544/);
my ($row) = $node->rows("SELECT state, owner, rows_read FROM ds_launch WHERE id = $id");
is $row->{state}, 'running', 'a runner that cannot write cannot even hand its launch back';
cmp_ok $row->{rows_read}, '<', $rows, "in the middle, after $row->{rows_read} rows";
undef $lock;
cars_check($node, $id, $rows);
my $launch = $node->launch($id);
is $launch->{crashes}, 0, 'the runner did not die of it';
like $node->log_text, qr/DS0545/, 'it took the launch up again by itself';
$node->stop;
finish($node, qr/DS0541/);
done_testing;
