# Schedules: what fails here is an export that did not run in the night, or one that ran twice.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use POSIX qw(strftime);

# Times of the day that are some hours away, so that no test run meets them.
my $hour = (gmtime(time + 6 * 3600))[2];
my $later = (gmtime(time + 9 * 3600))[2];
my $indian = (gmtime(time + 9 * 3600 + 5.5 * 3600))[2];
my $syncs = sub {
    my (%schedule) = @_;
    return join '', map {
        my $line = $schedule{$_} ? "Schedule $schedule{$_}\n" : '';
        "<DataSync $_>\nKind export\nObject stock\nAuth none\n$line</DataSync>\n"
    } sort keys %schedule;
};
my %schedule = (daily => "\"17 $hour * * *\"", zoned => "\"30 $indian * * mon-fri\" Asia/Kolkata", off => "\"17 $hour * * *\"",
                changed => "\"17 $hour * * *\"", never => '');
sub config {
    return DSNode->worker_config . DSNode::usual_config() . $syncs->(%schedule) . "DataSyncAPI prisma\n";
}

my $node = DSNode->start(config => config());

# As the protocol shows it, or nothing.
sub next_shown {
    my ($sync) = @_;
    return $node->json_get("/api/data-sync/$sync")->{'next-launch'} // '';
}

sub next_at {
    my ($sync) = @_;
    return $node->value("SELECT next_at FROM ds_sync WHERE sync_id = '$sync'") // 0;
}

sub launches {
    my ($sync) = @_;
    return $node->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = '$sync'");
}

my $dues = 0;    # no two are the same, whatever time passes between them

sub due_set {
    my ($seconds_ago, @syncs) = @_;
    my $due = (time - $seconds_ago) * 1_000_000 - ++$dues;
    $node->write("UPDATE ds_sync SET next_at = $due WHERE sync_id IN (" . join(', ', map { "'$_'" } @syncs) . ')');
    return $due;
}

# Wait until the due times of these syncs are in the future again.
sub moved_wait {
    my (@syncs) = @_;
    return wait_for("due times of @syncs", sub { !grep { next_at($_) <= time * 1_000_000 } @syncs });
}

sub next_daily {
    my ($at) = @_;
    my $time = int(time / 86_400) * 86_400 + $at * 3600 + 17 * 60;
    return strftime('%Y-%m-%dT%H:%M:%S', gmtime($time > time ? $time : $time + 86_400));
}

wait_for('the first due times', sub { next_at('daily') && next_at('zoned') });
is next_shown('daily'), next_daily($hour), 'the next launch is shown, in UTC';
my $python = 'from datetime import *; from zoneinfo import *; z = ZoneInfo("Asia/Kolkata"); n = datetime.now(z);'
    . ' t = [d for i in range(8) for d in [datetime.combine(n.date() + timedelta(i), time(' . $indian . ', 30), z)] if d > n and d.weekday() < 5][0];'
    . ' print(t.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"), end="")';
is next_shown('zoned'), `python3 -c '$python'`, 'a schedule follows the clock of its zone';
is next_shown('never'), '', 'a sync without a schedule shows none';
is launches('daily') + launches('zoned'), 0, 'nothing runs before its time';

my $due = due_set(1, 'daily');
moved_wait('daily');
is launches('daily'), 1, 'when its time comes it is launched once';
my $launch = $node->launch_ended($node->launch_newest('daily')->{id});
is $launch->{state}, 'finished', 'and runs';
is $node->value("SELECT scheduled_at FROM ds_launch WHERE id = $launch->{id}"), $due, 'its scheduled time is the time it was due';
is next_shown('daily'), next_daily($hour), 'then it is due the next time';
is $node->get('/api/data-sync/export/daily')->code, 200, 'the file is there';

$node->stop;
due_set(3 * 86_400, 'daily', 'zoned', 'off');
$node->ctl('sync', 'disable', 'off');
$node->start;
moved_wait(qw(daily zoned off));
is launches('daily'), 2, 'times that were missed while the server was down run once';
is launches('zoned'), 1, 'each sync';
is launches('off'), 0, 'a sync that is disabled does not run';
is next_shown('daily'), next_daily($hour), 'and goes on with the next time';
$node->ctl('sync', 'enable', 'off');
due_set(1, 'daily');
moved_wait('daily');
is launches('off'), 0, 'enabled again it does not catch up';
due_set(1, 'off');
moved_wait('off');
is launches('off'), 1, 'but runs at its next time';

$schedule{changed} = "\"17 $later * * *\"";
$schedule{daily} = '';
$node->config_write(config());
$node->graceful;
wait_for('the new schedule', sub { next_shown('changed') eq next_daily($later) });
pass 'a schedule that was changed counts after a graceful restart';
wait_for('the end of the old one', sub { next_shown('daily') eq '' });
pass 'one that was removed is gone';
is launches('changed'), 0, 'and neither is launched by that';

# A zone that cannot be read
{
    local $ENV{TZDIR} = "$node->{dir}/zones";
    my $zone = "$ENV{TZDIR}/Town";
    my $zone_config = sub { DSNode->worker_config . DSNode::usual_config() . $syncs->(@_) . "DataSyncAPI prisma\n" };
    my $check = DSNode->prepare(config => '');
    my ($code, $said) = $check->config_check($zone_config->(town => "\"17 $hour * * *\" Town"));
    isnt $code, 0, 'a zone that is not there is a mistake';
    like $said, qr/Schedule.*\bthere is no time zone 'Town' in \Q$ENV{TZDIR}\E: .*install the package tzdata/s,
        'which names the zone, the place and what to do';
    mkdir $ENV{TZDIR} or die $!;
    system('cp', '/usr/share/zoneinfo/Asia/Kolkata', $zone) == 0 or die 'cp';
    my $own = DSNode->start(config => $zone_config->(town => "\"17 $hour * * *\" Town", other => "\"17 $hour * * *\""));
    my $made = sub { $own->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = '$_[0]'") };
    my $make_due = sub {
        my $due = (time - 1) * 1_000_000;
        $own->write("UPDATE ds_sync SET next_at = $due WHERE sync_id IN ('town', 'other')");
        return $due;
    };
    wait_for('the first due time', sub { $own->value("SELECT count(*) AS n FROM ds_sync WHERE next_at > 0") == 2 });
    rename $zone, "$zone.away" or die $!;
    my $due = $make_due->();
    $own->log_wait(qr/DS0535: sync town has no due time: there is no time zone 'Town'/);
    wait_for('the other sync', sub { $made->('other') });
    pass 'a zone that vanishes is in the log, and the syncs of other zones go on';
    is $made->('town'), 0, 'its own sync waits';
    is $own->value("SELECT next_at FROM ds_sync WHERE sync_id = 'town'"), $due, 'and stays due';
    rename "$zone.away", $zone or die $!;
    wait_for('the launch', sub { $made->('town') });
    is $own->value("SELECT scheduled_at FROM ds_launch WHERE sync_id = 'town'"), $due, 'when the zone is back it runs, without a restart';
    wait_for('the next due time', sub { $own->value("SELECT next_at FROM ds_sync WHERE sync_id = 'town'") > time * 1_000_000 });
    is $made->('town'), 1, 'once';
    $own->launch_ended($own->launch_newest($_)->{id}) for qw(town other);
    $own->stop;
    finish($own, qr/DS0535/);
}

# Several workers on one database, as on several nodes
$schedule{daily} = "\"17 $hour * * *\"";
$node->config_write(config());
$node->graceful;
my $other = DSNode->prepare;
$other->{database} = $node->{database};
$other->config_write(config())->start;
wait_for('the schedule of before', sub { next_shown('daily') });
my $before = launches('daily');
my $turns = 12;
for my $turn (1 .. $turns) {
    due_set(60 * $turn, qw(daily zoned off));
    moved_wait(qw(daily zoned off));
}
is launches('daily'), $before + $turns, 'with two workers each due time is exactly one launch';
is launches('zoned'), 1 + $turns, 'of each sync';
is $node->value("SELECT count(*) - count(DISTINCT sync_id || scheduled_at) AS n FROM ds_launch"), 0, 'no due time has two launches';
$node->launch_ended($node->launch_newest($_)->{id}) for qw(daily zoned off);
$other->stop;
$node->stop;
finish($_) for $node, $other;
done_testing;
