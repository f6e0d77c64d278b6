# Retention: what fails here is a disk that fills up, or a file that is gone while somebody needs it.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $count = 6;
my $node = DSNode->start(config => DSNode->worker_config . DSNode::usual_config()
    . "DataSyncAPI prisma\nDataSyncKeep files=2d launches=10d count=$count\n");

sub launches {
    my ($sync) = @_;
    return map { $_->{id} } $node->rows("SELECT id FROM ds_launch WHERE sync_id = '$sync' ORDER BY id");
}

sub files {
    my (@ids) = @_;
    return $node->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IN (' . join(', ', @ids) . ')');
}

sub age_set {
    my ($days, @ids) = @_;
    $node->write("UPDATE ds_launch SET finished_at = finished_at - $days * CAST(86400000000 AS bigint) WHERE id IN (" . join(', ', @ids) . ')');
    return;
}

# The keeper clears up when it starts; a graceful restart starts one. It has done so when a launch that should go is
# gone, and that one is the last to go.
sub retention_wait {
    my ($done) = @_;
    $node->graceful;
    wait_for('the keeper to clear up', $done);
    return;
}

sub bytes {
    return $node->value('SELECT coalesce(sum(length(data)), 0) AS n FROM ds_chunk');
}

note 'by age';
my $text = "vin,make\n" . join '', map { "R$_," . 'x' x 100 . "\n" } 1 .. 30_000;
my ($fresh, $old, $ancient) = map { $node->import_run('open-import', $text)->{id} } 1 .. 3;
my $bad = $node->import_run('open-import', "vin,color\nRB," . 'x' x 300 . "\n")->{id};
my $before = bytes();
age_set(3, $old, $bad);
age_set(11, $ancient);
retention_wait(sub { !grep { $_ == $ancient } launches('open-import') });
is join(' ', launches('open-import')), "$fresh $old $bad", 'a launch that is old enough is gone, younger ones are not';
is files($old, $bad), 0, 'files of a middle age are gone, the launch is still known';
is $node->launch($bad)->{rows_failed}, 1, 'with its counters';
is files($fresh), 1, 'young files are there';
is $node->get("/api/data-sync/open-import/$fresh/download")->content, $text, 'whole';
wait_for('the keeper to sweep what was left', sub { bytes() < $before - 2 * length $text });
pass 'the chunks are gone with them';
is $node->get("/api/data-sync/open-import/$_/download")->code, 404, 'what is gone is not found' for $old, $ancient;
is $node->get("/api/data-sync/open-import/$bad/failures")->code, 404, 'neither are failures';
is scalar @{$node->json_get('/api/data-sync/open-import/latest-launches')}, 3, 'the list of launches shows those that are left';
ok $node->ctl_refused('launch', 'retry', $bad), 'a launch whose file is gone cannot be retried';
is $node->value('SELECT count(*) AS n FROM car_c'), 30_000, 'the records that were imported stay';

note 'the newest export';
$node->import_run('part-import', "sku\nR1\n");
my ($first, $second) = map { $node->export_run('part-export')->{id} } 1 .. 2;
my $empty = $node->export_run('part-empty')->{id};
$node->workers_halt;
$node->export_start('part-export')->code == 200 or die;
my $cancelled = $node->launch_newest('part-export')->{id};
$node->ctl('launch', 'cancel', $cancelled);
$node->workers_continue;
age_set(100, $first, $second, $empty, $cancelled);
retention_wait(sub { join(' ', launches('part-export')) eq $second });
is join(' ', launches('part-export')), $second, 'of the exports the newest that succeeded stays, however old';
like $node->export_text('part-export'), qr/^R1,/m, 'its file is still there';
is join(' ', launches('part-empty')), $empty, 'for each sync';

note 'what is still needed';
my $failed = $node->import_run('small-import', "vin\n" . join '', map { "V$_\n" } 1 .. 11)->{id};
my $other = $node->import_run('small-import', "vin\nV1\n")->{id};
$node->workers_halt;
$node->upload('open-import', "vin\nSLOW\n")->code == 200 or die;
my $slow = $node->launch_newest('open-import')->{id};
# As one that waits for a server: no runner has it, and nobody overtakes it.
$node->write("UPDATE ds_launch SET state = 'running', owner = 'paused', lease_until = scheduled_at + 3000000000 WHERE id = $slow");
$node->workers_continue;
my $retry = $node->ctl('launch', 'retry', $failed)->{id};
age_set(100, $failed, $other);
retention_wait(sub { !grep { $_ == $other } launches('small-import') });
is $node->value("SELECT state FROM ds_launch WHERE id = $retry"), 'queued', 'while a retry waits';
is files($failed), 1, 'the file of the launch that it repeats stays, however old it is';
$node->ctl('launch', 'cancel', $slow);
is $node->launch_ended($retry)->{rows_read}, 10, 'and it reads its file';

note 'by number';
my @keyed = ('kept-import', "id\nN0\n", headers => ['Idempotency-Key' => 'before-retention']);
my @ids = $node->import_run(@keyed)->{id};
push @ids, map { $node->import_run('kept-import', "id\nN$_\n")->{id} } 1 .. 2 * $count - 1;
retention_wait(sub { $count >= launches('kept-import') });
is join(' ', launches('kept-import')), join(' ', @ids[-$count .. -1]), "of each sync the newest $count launches stay";
is files(@ids[0 .. $count - 1]), 0, 'without files of the others';
is files(@ids[-$count .. -1]), $count, 'and with those of the newest';
my $answer = $node->upload(@keyed);
is $answer->code . $answer->content, '200File queued', 'the upload of a removed launch, sent again, is answered as the first time';
is $node->launch_newest('kept-import')->{id}, $ids[-1], 'and makes no second launch';
is $node->upload('kept-import', "id\nN9\n", @keyed[2, 3])->code, 409, 'nor does its key become free';
@ids = map { $node->export_run('kept-export')->{id} } 1 .. $count + 2;
retention_wait(sub { $count >= launches('kept-export') });
is join(' ', launches('kept-export')), join(' ', @ids[-$count .. -1]), 'exports too';
like $node->export_text('kept-export'), qr/^N1,/m, 'and the newest can be fetched';
is $node->value("SELECT count(*) AS n FROM ds_chunk WHERE file_id NOT IN (SELECT id FROM ds_file)"), 0, 'no chunk is left over';

note 'keeping everything';
$node->config_write(DSNode->worker_config . DSNode::usual_config() . "DataSyncAPI prisma\nDataSyncKeep files=0 launches=0 count=0\n");
$node->graceful;
$node->ready_wait;
@ids = launches('kept-import');
age_set(10_000, @ids);
my $n = $node->import_run('kept-import', "id\nN\n")->{id};
$node->graceful;
$node->import_run('kept-import', "id\nN\n");
is join(' ', (launches('kept-import'))[0 .. $#ids]), join(' ', @ids), 'with 0 nothing ever goes';
$node->stop;
finish($node);
done_testing;
