# A primary that is lost and its replica that takes its place: what was accepted is there, and everything goes on with
# the other server.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSCars;
use DSPostgres;
use DSStalls;
use Apache::Test '-withtestmore';

my $rows = 60_000;
my $stalls = DSStalls->start;

my $first = DSPostgres->start;
my $second = DSPostgres->replica($first);
$first->sql("ALTER SYSTEM SET synchronous_standby_names = '*'", 'SELECT pg_reload_conf()');
wait_for('a standby that every commit waits for', sub { $first->sql('SELECT sync_state FROM pg_stat_replication') =~ /sync/ });

$ENV{DS_TEST_POSTGRES} = $first->params;
my $node = DSNode->prepare;
my $database = $node->{database};
# The standby is named first: it takes connections, but is not what is asked for.
$database->{params} = "host=127.0.0.1,127.0.0.1 port=$second->{port},$first->{port} user=datasync"
    . " dbname=$database->{name} target_session_attrs=read-write";
$node->config_write(DSNode->worker_config('runners=2 lease=900') . DSNode::unlimited_config());
$node->start;

sub server_port {
    return $node->value('SELECT inet_server_port() AS port');
}

is server_port(), $first->{port}, 'of several servers the one that can be written is taken, wherever it stands';
my @pids = $node->workers_wait;
my $id = running_wait($node, $rows, 240_000);
my @accepted = map { "H$_" } 1 .. 20;
my (%codes, @refused);
for my $key (@accepted) {
    my ($begun, $asked) = DSStalls::now();
    $codes{DSClient::answer_wait(sub { $asked++; $node->upload('part-import', "sku,name\n$key,before\n") })->code}++;
    push @refused, $key if $asked > 1 && !$stalls->lost($begun - 2, DSStalls::now());
}
is_deeply \%codes, {200 => 20}, 'uploads are accepted';
cmp_ok scalar @refused, '<', 3, 'at once, beside an import' or diag "@refused";
my $read = $node->launch($id)->{rows_read};
cmp_ok $read, '<', $rows, "which goes on meanwhile, after $read rows";

note 'the primary is lost';
$first->stop('QUIT');
my $lost = DSStalls::now();
is $node->get('/api/data-sync/open-import')->code, 503, 'without a primary requests get 503';
cmp_ok $stalls->seconds($lost, DSStalls::now()), '<', 4.5, 'soon';
$second->sql('SELECT pg_promote()');
wait_for('the other server to be used', sub { $node->get('/api/data-sync/open-import')->code == 200 });
note sprintf 'requests are answered again %.1f s after the loss', DSStalls::now() - $lost;
is server_port(), $second->{port}, 'the replica has taken its place';
is_deeply [$node->worker_pids], \@pids, 'no process of the worker was restarted';
is DSClient::answer_wait(sub { $node->upload('part-import', "sku,name\nH0,after\n") })->code, 200, 'uploads are accepted again';
cars_check($node, $id, $rows);
is $node->launch($id)->{crashes}, 0, 'no runner died of it';
wait_for('the end of all launches', sub { !$node->value("SELECT count(*) AS n FROM ds_launch WHERE finished_at IS NULL") });
my %there = map { $_->{sku} => 1 } $node->rows("SELECT sku FROM part WHERE sku LIKE 'H%'");
is_deeply [grep { !$there{$_} } @accepted, 'H0'], [], 'everything that was accepted is there';
is $node->value("SELECT count(*) AS n FROM (SELECT lane FROM ds_launch GROUP BY lane, uuid HAVING count(*) > 1) d"), 0,
    'and nothing is there twice';

$node->stop;
finish($node, qr/DS0030/, qr/DS0040/, qr/DS0520/, qr/DS0531/, qr/DS0541/, qr/DS0544/);
done_testing;
