# A runner that is frozen past its lease: its launch must go on, whatever lock the runner holds. One of another machine,
# which wakes up later, must change nothing.
use strict;
use warnings FATAL => 'all';
use DSFault;
use DSCars;
use Apache::Test '-withtestmore';
use Digest::SHA qw(sha256_hex);
use Time::HiRes qw(sleep time);

my $rows = 60_000;
my $in_time = $DSFault::lease + 1 + $DSFault::allowance;
my @expected = (qr/DS0530/, qr/DS0532/, qr/DS0540/, qr/DS0541/, qr/DS0511.*signal 9/);

# Wait until another runner has taken the launch of a frozen one: the seconds that it took.
sub takeover_wait {
    my ($fault, $id, $owner) = @_;
    my $start = time;
    wait_for('another runner to take the launch', sub {
        my ($row) = $fault->node->rows("SELECT owner, finished_at FROM ds_launch WHERE id = $id");
        return $row->{finished_at} || ($row->{owner} && $row->{owner} ne $owner);
    });
    return time - $start;
}

sub owner_of {
    my ($node, $id) = @_;
    return $node->value("SELECT owner FROM ds_launch WHERE id = $id") // die "launch $id has no runner\n";
}

# Is a launch under way? One that has ended before the test came to it is no test.
sub is_running {
    my ($node, $id) = @_;
    my ($launch) = $node->rows("SELECT state, owner FROM ds_launch WHERE id = $id");
    $launch->{state} =~ /^(?:queued|running)$/ or die "launch $id is $launch->{state} already\n";
    return $launch->{state} eq 'running' && $launch->{owner};
}

# Freeze the runner that has a launch: its process, and its name as the owner.
sub runner_freeze {
    my ($fault, $id) = @_;
    my $node = $fault->node;
    return wait_for('a runner of the launch that is frozen', sub {
        is_running($node, $id) or return 0;
        my $pid = $node->runner_of($id) or return 0;
        $fault->freeze(3600, $pid) or return 0;
        my $owner = is_running($node, $id);
        return [$pid, $owner] if $pid == ($node->runner_of($id) // 0);
        $fault->thaw(all => 1);
        return 0;
    });
}

# On this machine: at any moment, also inside a transaction.
sub hang_case {
    my $fault = DSFault->start;
    my $node = $fault->node;
    my $id = running_wait($node, $rows);
    my ($pid, $owner) = @{runner_freeze($fault, $id)};
    my $took = takeover_wait($fault, $id, $owner);
    cmp_ok $took, '<', $in_time, sprintf 'the launch of a runner that hangs goes on in time (%.1f s)', $took;
    wait_for('the end of the frozen process', sub { !-e "/proc/$pid/exe" });
    pass 'and the runner makes room for another one';
    cars_check($node, $id, $rows);
    $node->stop;
    return DSTest::finish($node, @expected);
}

# All that the launches of a server have left in its database.
sub state_of {
    my ($node) = @_;
    return sha256_hex(join "\n", map { my $row = $_; join ' ', map { $row->{$_} // '-' } sort keys %$row }
        $node->rows('SELECT * FROM ds_launch ORDER BY id'),
        $node->rows('SELECT count(*) AS n, max(_updated_at) AS newest, sum(_launch_id) AS launches FROM car_c'),
        $node->rows('SELECT id, launch_id, role, size, sha256 FROM ds_file ORDER BY id'),
        $node->rows('SELECT file_id, start, length(data) AS n FROM ds_chunk ORDER BY file_id, start'));
}

# Two servers: the worker of the second one, on a machine of its own, gets a launch and falls asleep.
sub asleep_begin {
    my ($launch) = @_;
    my $fault = DSFault->start(nodes => 2, options => "runners=1 lease=$DSFault::lease");
    my ($here, $there) = @{$fault->{nodes}};
    wait_for('a runner that is frozen', sub { $fault->freeze_far(3600, $fault->pids_of('runner', $here)) });
    my $id = $launch->($here);
    wait_for('the other machine in the middle of the launch', sub {
        return $fault->while_quiet(sub { is_running($here, $id) && $fault->freeze(3600, $fault->pids_of('worker', $there)) });
    });
    my $owner = owner_of($here, $id);
    $fault->thaw(all => 1, but => [$fault->pids_of('worker', $there)]);
    my $took = takeover_wait($fault, $id, $owner);
    cmp_ok $took, '<', $in_time, sprintf 'the launch of a machine that sleeps goes on in time (%.1f s)', $took;
    return ($fault, $id);
}

# It wakes up, and its runner says that the launch is not its own any more, or that it has lost its connection meanwhile.
sub wake {
    my ($fault, $id) = @_;
    $fault->thaw(all => 1);
    $fault->{nodes}[1]->log_wait(qr/DS054[01]: launch $id /);
    return;
}

sub asleep_end {
    my ($fault) = @_;
    $_->stop for @{$fault->{nodes}};
    DSTest::finish($_, @expected) for @{$fault->{nodes}};
    return;
}

sub import_case {
    my ($ended) = @_;
    my ($fault, $id) = asleep_begin(sub { running_wait($_[0], $rows) });
    my $node = $fault->node;
    if ($ended) {
        $node->{database}->writes_hurry('car_c');
        $node->launch_ended($id);
    }
    my $before = state_of($node);
    wake($fault, $id);
    is state_of($node), $before, 'what it does when it wakes up changes nothing' if $ended;
    cars_check($node, $id, $rows);
    return asleep_end($fault);
}

# No half file, and not two.
sub export_case {
    my ($fault, $id) = asleep_begin(sub {
        my ($node) = @_;
        $node->write('INSERT INTO part (sku, name, _launch_id, _updated_at) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1'
            . " FROM c WHERE x < 600000) SELECT 'P' || x, 'part ' || x, 0, CURRENT_TIMESTAMP FROM c");
        $node->export_start('part-export')->code == 200 or die 'the export is refused';
        return $node->launch_newest('part-export')->{id};
    });
    my $node = $fault->node;
    is $node->launch_ended($id)->{rows_ok}, 600_000, 'an export has all rows';
    my $before = state_of($node) . sha256_hex($node->export_text('part-export'));
    wake($fault, $id);
    is state_of($node) . sha256_hex($node->export_text('part-export')), $before, 'and its file is not touched any more';
    return asleep_end($fault);
}

# Runners and the keeper are frozen for any time, at any moment, one beside the other.
sub any_case {
    my ($seconds) = @_;
    my $fault = DSFault->start(options => "runners=4 lease=$DSFault::lease");
    $fault->load_begin(big => 0.1);
    my $end = time + $seconds;
    my $frozen = 0;
    while (time < $end) {
        sleep rand 1;
        $fault->thaw;
        $fault->launch_wait(0.5);
        my $kind = pick(qw(runner runner runner keeper));
        my $pid = pick($fault->pids_of($kind));
        my $most = $kind eq 'keeper' ? 1 : 2 * $DSFault::lease;
        $frozen += $fault->freeze(rand $most, $pid) if $pid && keys %{$fault->{frozen}} < 3;
        $fault->order_check("freeze $frozen");
    }
    $fault->thaw(all => 1);
    $fault->integrity_check("after $frozen freezes");
    return $fault->finish(@expected);
}

import_case(1);
if (rounds(1, 0)) {
    import_case(0);
    hang_case();
    export_case();
    any_case(40);
}
done_testing;
