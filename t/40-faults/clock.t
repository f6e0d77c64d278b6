# The clock of the machine is set by three hours, forward and back, under load: launches neither wait for hours nor run
# twice, and schedules go on.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use File::Temp qw(tempdir);
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

my $hour = 3600;
my $soon = $DSFault::lease + 1 + $DSFault::allowance;    # seconds: a lease and a turn of the keeper

# For servers it is ten past twelve, so that no hour and no day ends unless the clock is set.
my $beginning = 12 * $hour + 600 - int(time) % (24 * $hour);

# Every program that is started from here sees the clock that stands in the file; this test itself does not.
my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;
my ($faketime) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1' or die 'libfaketime is not installed';
my $offset;

sub clock_set {
    my ($seconds) = @_;
    $offset = $beginning + $seconds;
    open my $file, '>', "$dir/clock.new" or die $!;
    printf {$file} '%+d', $offset;
    close $file or die $!;
    rename "$dir/clock.new", "$dir/clock" or die $!;
    return;
}

sub clock_now {
    return time + $offset;
}

clock_set(0);
%ENV = (%ENV, LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => "$dir/clock", FAKETIME_NO_CACHE => 1,
        FAKETIME_DONT_FAKE_MONOTONIC => 1, NO_FAKE_STAT => 1);

# One sync that is due every hour, and one once a day, in an hour from now.
my $in_an_hour = strftime '%M %H * * *', gmtime clock_now() + $hour;
my $fault = DSFault->start(config => <<"EOT");
<DataSync hourly-export>
    Kind     export
    Object   part
    Auth     none
    Schedule "0 * * * *"
</DataSync>
<DataSync daily-export>
    Kind     export
    Object   part
    Auth     none
    Schedule "$in_an_hour"
</DataSync>
EOT
my $node = $fault->node;

sub due_in {
    my ($sync) = @_;
    return ($node->value("SELECT next_at FROM ds_sync WHERE sync_id = '$sync'") // 0) / 1e6 - clock_now();
}

sub launches_of {
    my ($sync) = @_;
    return $node->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = '$sync'");
}

# A launch may also have been handed back by its runner, where the disk kept it waiting.
sub is_nobody_robbed {
    return unlike $node->log_text, qr/DS0530|DS0532|DS0540/, 'no launch was taken from a runner that was well';
}

# Real seconds until `is_so`.
sub seconds_until {
    my ($what, $is_so) = @_;
    my $begun = time;
    wait_for($what, $is_so);
    return time - $begun;
}

wait_for('the first due times', sub { due_in('hourly-export') > 0 && due_in('daily-export') > 0 });

# Forward: each sync is due once, however many of its times have been missed.
$fault->load_begin;
sleep 1 + rand 2;
clock_set(3 * $hour);
wait_for('the missed launches', sub { launches_of('hourly-export') && launches_of('daily-export') });
wait_for('a due time ahead', sub { due_in('hourly-export') > 0 });
$fault->integrity_check('three hours forward', clock => 0) if rounds(1, 0);
is launches_of('hourly-export') . launches_of('daily-export'), 11, 'of all the times that were missed one is made up for';
cmp_ok due_in('hourly-export'), '<=', $hour, 'the next one is due within the hour';
is_nobody_robbed();

# Back: what is due every hour goes on, what was due this day already is not repeated.
$fault->load_begin unless $fault->{load};
clock_set(0);
my $took = seconds_until('a due time within the hour', sub { due_in('hourly-export') <= $hour });
cmp_ok $took, '<=', $soon, 'three hours back: a sync of every hour is not silent for three';
clock_set(1.5 * $hour);
wait_for('the next launch of every hour', sub { launches_of('hourly-export') == 2 });
wait_for('a due time ahead', sub { due_in('hourly-export') > 0 });
clock_set(0);
$fault->integrity_check('three hours back', clock => 0);
is launches_of('daily-export'), 1, 'what was due this day is not repeated';
is_nobody_robbed();

# A runner that hangs has a lease that now seems to last for three hours.
sub runner_halt {
    return wait_for('a runner in the middle of a launch that can be halted', sub {
        my ($owner) = map { $_->{owner} } $node->rows("SELECT owner FROM ds_launch WHERE state = 'running'") or return 0;
        my ($pid) = grep { $owner =~ m{/$_/} } $fault->pids_of('runner') or return 0;
        DSClient::halt($pid);
        my $still = $node->value("SELECT id FROM ds_launch WHERE state = 'running' AND owner = '$owner'");
        return [$pid, $still] if $still && !$node->{database}->is_busy;
        kill CONT => $pid;
        return 0;
    });
}

sub hang_check {
    my ($name, $then) = @_;
    $fault->load_begin(big => 0.3, pause => 0.5);
    my ($pid, $id) = runner_halt()->@*;
    clock_set(-3 * $hour);
    $then->();
    my $gone = seconds_until("another runner for launch $id", sub {
        return $node->value("SELECT count(*) AS n FROM ds_launch WHERE id = $id AND attempt > 1 AND finished_at IS NOT NULL");
    });
    cmp_ok $gone, '<=', $soon, sprintf '%s: a launch whose runner hangs goes on elsewhere (%.1f s)', $name, $gone;
    kill CONT => $pid;
    $fault->integrity_check($name, clock => 0);
    clock_set(0);
    return;
}

hang_check('the clock set back and a runner that hangs', sub { });
if (rounds(1, 0)) {
    hang_check('the same with a new keeper', sub { $fault->signal_one(KILL => 'keeper') });
}

# The supervisor starts again what dies, whatever the clock says.
clock_set(-3 * $hour);
my $killed = $fault->signal_one(KILL => 'runner');
$took = seconds_until('two runners', sub { my @now = $fault->pids_of('runner'); @now == 2 && !grep { $_ == $killed } @now });
cmp_ok $took, '<=', $soon, sprintf 'a runner that died is there again (%.1f s)', $took;

# At any moment.
for my $round (1 .. rounds(12, 0)) {
    $fault->load_begin unless $fault->{load};
    sleep rand 2;
    clock_set(pick(-3, 0, 3) * $hour);
    $fault->order_check("round $round");
    $fault->integrity_check("after $round jumps", clock => 0) if $round % 6 == 0;
}
clock_set(0);
is_deeply [grep { !/^(?:200|503)$/ } keys %{$fault->codes}], [], 'no client got any answer but yes and come back';
$fault->finish(qr/DS0532/, qr/DS0511.*signal 9/);
done_testing;
