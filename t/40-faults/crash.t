# A file that crashes whoever runs it: three attempts, then it has failed. Nobody else waits for longer, and nothing of the
# others is lost.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use List::Util qw(sum0);

my $library = "$ENV{DS_BUILDDIR}/t/40-faults/.libs/crashing.so";
-e $library or die "$library is not built";
my $fault = do {
    local $ENV{LD_PRELOAD} = $library;
    DSFault->start;
};
my $node = $fault->node;
$node->{database}->write('CREATE TABLE begun (launch_id INTEGER, checkpoint INTEGER, crashes INTEGER);'
    . ' CREATE TRIGGER begun AFTER UPDATE OF attempt ON ds_launch'
    . ' BEGIN INSERT INTO begun VALUES (NEW.id, NEW.checkpoint_offset, NEW.crashes); END');

sub poison {
    my ($rows) = @_;
    return join '', "sku,name\n", (map { "good$_,x\n" } 1 .. $rows), "bad,POISON\n", (map { "later$_,x\n" } 1 .. 10);
}

sub crashes_seen {
    return scalar(() = $node->log_text =~ /DS0511: datasync-run\d \(pid \d+\) was killed by signal 11/g);
}

# How often a launch was begun that failed, but for those times when its runner gave it back because the disk was slow.
sub attempts {
    my %attempts = map { ($_->{id} => $_->{attempt}) } $node->rows("SELECT id, attempt FROM ds_launch WHERE state = 'failed'");
    $attempts{$_}-- for grep { $attempts{$_} } $node->log_text =~ /DS0541: launch (\d+) /g;
    return sum0 values %attempts;
}

# The supervisor may tell of a runner's end a moment after its launch has failed.
sub crashes_wait {
    wait_for('the end of the runners to be told', sub { crashes_seen() >= attempts() });
    return crashes_seen();
}

# Upload, and the launch when it has ended. Meanwhile another object is served.
sub poison_run {
    my ($name, $rows) = @_;
    my $before = crashes_wait();
    $node->upload('part-import', poison($rows))->code == 200 or die 'refused';
    my $id = $node->launch_newest('part-import')->{id};
    my $behind = $node->upload('part-import', "sku,name\nbehind$rows,x\n")->code == 200 && $node->launch_newest('part-import')->{id};
    is $node->import_run('stock-import', "shop,item,count\nS$rows,1,1\n")->{rows_ok}, 1, "$name: meanwhile another object is served";
    my $launch = $node->launch_ended($id);
    is $launch->{state}, 'failed', "$name: it fails in the end";
    like $launch->{message}, qr/^The runner died 3 times in a row on this launch/, "$name: and says why";
    is $node->launch_ended($behind)->{state}, 'finished', "$name: what waited behind it is run";
    return ($launch, crashes_wait() - $before);
}

# Among others.
$fault->load_begin;
$node->upload('part-import', poison(5))->code == 200 or die 'refused' for 1 .. rounds(4, 1);
wait_for('the end of the poison', sub {
    return $node->value("SELECT count(*) AS n FROM ds_launch WHERE state = 'failed'") == rounds(4, 1);
});
$fault->integrity_check('others at the same time');

my ($launch, $crashes) = poison_run('at its beginning', 5);
is $crashes, 3, 'three runners have died of it, not more';
is $launch->{rows_read}, 0, 'none of its rows counts';
is $node->value("SELECT count(*) AS n FROM part WHERE _launch_id = $launch->{id}"), 0, 'and none is there';

# What was stored before the row that crashes stays, and says so. How many runners it takes to come as far depends on the
# machine; of those that come no further, the first one has stored what is before.
($launch, $crashes) = poison_run('in its middle', 60_000);
cmp_ok $launch->{rows_ok}, '>', 0, 'the batches before it count';
is $node->value("SELECT count(*) AS n FROM part WHERE _launch_id = $launch->{id}"), $launch->{rows_ok}, 'and their rows are there, no others';
# One that was given back because the disk was slow is begun once more as it was.
my @again = map { $_->{checkpoint} } $node->rows('SELECT DISTINCT checkpoint, crashes FROM begun'
    . " WHERE launch_id = $launch->{id} AND crashes > 0 ORDER BY checkpoint");
is $crashes, 1 + @again, 'each attempt has cost one runner, not more';
is scalar(grep { $_ == $again[-1] } @again), 2, 'three runners have died at that place, not more';
is $node->value("SELECT count(*) - count(DISTINCT key) AS n FROM written_part WHERE key LIKE 'good%'"), 0, 'no row was written twice';

$fault->finish(qr/DS0511.*signal 11/, qr/DS0541/);
done_testing;
