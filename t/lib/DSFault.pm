# What the fault tests share: a load on a server while something is done to it, and the proof that the guarantees held.
# DS_SEED repeats a run; DS_FAULTS=short makes it a short one.
package DSFault;
use strict;
use warnings FATAL => 'all';
use DSClient;
use DSLoad;
use DSNode;
use DSTest ();
use Apache::Test '-withtestmore';
use Exporter 'import';
use List::Util qw(max);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(pick rounds wait_for);
our $lease = 5;    # seconds; the shortest that there is

*wait_for = \&DSClient::wait_for;

my $turn = 1;         # of the keeper, in seconds
our $allowance = 25;    # seconds that a machine may take which is slow, busy with other things, or stands still at times

# The seed comes from t/stages, or is made here.
my $seed = $ENV{DS_SEED} || 1 + int rand 1e9;
srand $seed;

sub rounds {
    my ($long, $short) = @_;
    return ($ENV{DS_FAULTS} // 'long') eq 'short' ? $short : $long;
}

sub pick {
    my (@list) = @_;
    return $list[rand @list];
}

# A server with a short lease. options => those of DataSyncWorker, config => more lines, nodes => how many servers there
# are on the same database, all but the first as if on machines of their own, prepare => called with the first one before
# it starts.
sub start {
    my ($class, %how) = @_;
    diag "DS_SEED=$seed repeats this run";
    my $options = $how{options} // "runners=2 lease=$lease";
    my $config = DSNode->worker_config($options) . DSNode::unlimited_config() . ($how{config} // '');
    my $first = DSNode->prepare(config => $config);
    $how{prepare}->($first) if $how{prepare};
    $first->start;
    my @others = map { DSNode->start(config => $config, database => $first->{database}, machine => 1) } 2 .. $how{nodes} // 1;
    return $class->new($first, @others);
}

# For servers that run already and that know the syncs of t/conf/syncs.conf.
sub new {
    my ($class, @nodes) = @_;
    my $self = bless {nodes => \@nodes, dir => $nodes[0]{dir}, faults => [], frozen => {}, begun => time}, $class;
    $nodes[0]{database}->writes_count('part', 'sku', 10_000);
    return $self;
}

sub node {
    my ($self) = @_;
    return $self->{nodes}[0];
}

# Load

# Clients in the background until load_end; `how` is that of DSLoad::begin.
sub load_begin {
    my ($self, %how) = @_;
    $self->{load} = DSLoad->begin($self->{nodes}, dir => $self->{dir}, %how);
    return $self;
}

sub load_end {
    my ($self) = @_;
    my $load = delete $self->{load} or return $self;
    $load->end;
    return $self;
}

# How often each code was answered: {200 => n, none => n, ...}.
sub codes {
    my ($self) = @_;
    my %count;
    for my $request (DSLoad::answers($self->{dir})) {
        $count{$_} += $request->{codes}{$_} for keys %{$request->{codes} // {}};
    }
    return \%count;
}

# Kills and freezes

my %process_name = (keeper => qr/^datasync-keeper$/, runner => qr/^datasync-run/, supervisor => qr/^datasync-worke/,
                    worker => qr/^datasync-/, child => qr/^(?:apache2|httpd)/);

# The processes of a kind that servers have now, all of them or those named: keeper, runner, supervisor, worker (all of
# these), child, parent.
sub pids_of {
    my ($self, $kind, @nodes) = @_;
    return map {
        my $parent = $_->pid;
        $kind eq 'parent' ? $parent : DSClient::processes_below($parent, $process_name{$kind});
    } grep { $_->{child} } @nodes ? @nodes : @{$self->{nodes}};
}

# Send a signal to one process of a kind, if there is any: its pid.
sub signal_one {
    my ($self, $signal, $kind) = @_;
    my $pid = pick($self->pids_of($kind)) or return 0;
    return kill($signal, $pid) ? $pid : 0;
}

# Halt processes, unless a launch has cost two runners already. A third one would be its end, as it should be, but not what
# these tests are about. Who is halted takes no launch meanwhile.
sub halt_spared {
    my ($self, @pids) = @_;
    DSClient::halt(@pids);
    # One that repairs the file just now lets nobody read.
    my $worn = eval { $self->node->value('SELECT count(*) AS n FROM ds_launch WHERE finished_at IS NULL AND crashes > 1') } // 1;
    return 1 if !$worn;
    kill CONT => @pids;
    return 0;
}

# Freeze processes for some seconds, at this very moment: how many. They go on with the first thaw after that.
sub freeze {
    my ($self, $seconds, @pids) = @_;
    $self->halt_spared(@pids) or return 0;
    @{$self->{frozen}}{@pids} = (time + $seconds) x @pids;
    return scalar @pids;
}

# Call `run` while no process of this machine writes to a file of SQLite.
sub while_quiet {
    my ($self, $run) = @_;
    my $database = $self->node->{database};
    my $lock = $database->{server} ? undef : $database->write_lock;
    return $run->();
}

# The same for what may belong to another machine: there nobody could take the lock of an SQLite file away from it.
sub freeze_far {
    my ($self, $seconds, @pids) = @_;
    @pids = grep { !$self->{frozen}{$_} } @pids or return 0;
    return $self->while_quiet(sub { $self->freeze($seconds, @pids) });
}

# A moment at which a launch runs, if there is one within some seconds.
sub launch_wait {
    my ($self, $seconds) = @_;
    my $end = time + $seconds;
    while (time < $end) {
        return 1 if $self->node->value("SELECT count(*) AS n FROM ds_launch WHERE state = 'running'");
        sleep 0.02;
    }
    return 0;
}

# Let those go on whose time has come; all => 1: all of them, but => [...]: except these.
sub thaw {
    my ($self, %how) = @_;
    my %stays = map { $_ => 1 } @{$how{but} || []};
    for my $pid (keys %{$self->{frozen}}) {
        next if $stays{$pid} || $self->{frozen}{$pid} > time && !$how{all};
        kill CONT => $pid;
        delete $self->{frozen}{$pid};
    }
    return;
}

# A test that dies leaves nothing frozen behind.
sub DESTROY {
    my ($self) = @_;
    $self->thaw(all => 1);
    return;
}

# Checks

sub fault {
    my ($self, @words) = @_;
    push @{$self->{faults}}, join '', @words;
    return;
}

# The integrity queries, which hold at any time: with load, in the middle of anything.
sub order_check {
    my ($self, $when) = @_;
    my ($text, $code) = $self->node->ctl_run('check');
    $self->fault("$when: $text") if $code != 0;
    return $code == 0;
}

my $open_states = "('scheduled', 'queued', 'running', 'cancelling')";

# Wait for the end of all launches. They get on: nothing stands still for longer than a lease and a turn.
sub settle {
    my ($self) = @_;
    my ($seen, $since) = ('', time);
    while (1) {
        my ($row) = $self->node->rows("SELECT count(*) AS n, coalesce(sum(rows_read), 0) AS done, coalesce(sum(attempt), 0) AS tries"
            . " FROM ds_launch WHERE state IN $open_states");
        return 1 if !$row->{n};
        my $now = join ' ', map { $row->{$_} } qw(n done tries);
        ($seen, $since) = ($now, time) if $now ne $seen;
        if (time - $since > $lease + $turn + $allowance) {
            $self->fault("$row->{n} launches stand still: ", join '; ', map { join ' ', map { $_ // '-' } @$_{qw(id state owner crashes)} }
                $self->node->rows("SELECT id, state, owner, crashes FROM ds_launch WHERE state IN $open_states LIMIT 3"));
            return 0;
        }
        sleep 0.1;
    }
}

# What the database holds of each upload, by the upload's name.
sub launches_by_upload {
    my ($self) = @_;
    my %found;
    push @{$found{substr $_->{name}, 0, $DSLoad::name_length}}, $_
        for $self->node->rows("SELECT l.*, f.name, f.sha256 FROM ds_launch l JOIN ds_file f ON f.launch_id = l.id AND f.role = 'input'");
    return \%found;
}

sub upload_check {
    my ($self, $upload, @launches) = @_;
    my $code = $upload->{code} // 'none';
    my $what = "$upload->{kind} $upload->{name} (answered $code)";
    return $self->fault("$what: ", scalar @launches, ' launches') if @launches > 1;
    return $code eq 200 ? $self->fault("$what: it is lost") : 1 unless @launches;
    my ($launch) = @launches;
    $self->fault("$what: it was refused and is there")
        if $code =~ /^[45]/ && !$upload->{codes}{none} && !$self->{in_doubt}{$launch->{id}};
    my $want = join ' ', 'finished', $upload->{rows} + $upload->{bad}, @$upload{qw(rows bad)}, 0, $upload->{sha256};
    my $got = join ' ', @$launch{qw(state rows_read rows_ok rows_failed rows_skipped sha256)};
    $self->fault("$what, launch $launch->{id}: $got, not $want; ", $launch->{message} // '') if $got ne $want;
    return 1;
}

# Each row of what was accepted is there once and was written once; what was deleted is gone and was removed once.
sub rows_check {
    my ($self, $uploads, $launches) = @_;
    my (%rows, %writes, %deleted_by);
    $rows{"$_->{upload} $_->{launch}"} = $_->{n}
        for $self->node->rows("SELECT substr(sku, 1, $DSLoad::name_length) AS upload, _launch_id AS launch, count(*) AS n FROM part GROUP BY 1, 2");
    $writes{"$_->{upload} $_->{what}"} = "$_->{n} $_->{keys}"
        for $self->node->rows("SELECT substr(key, 1, $DSLoad::name_length) AS upload, what, count(*) AS n, count(DISTINCT key) AS keys FROM written_part GROUP BY 1, 2");
    $deleted_by{$_->{of}} = 1 for grep { $_->{kind} eq 'delete' && $launches->{$_->{name}} } @$uploads;
    for my $import (grep { $_->{kind} eq 'import' && $launches->{$_->{name}} } @$uploads) {
        my ($upload, $launch, $n) = ($import->{name}, $launches->{$import->{name}}[0]{id}, $import->{rows});
        my $have = delete $rows{"$upload $launch"} // 0;
        my $want = $deleted_by{$upload} ? 0 : $n;
        $self->fault("upload $upload, launch $launch: $have rows are there, not $want") if $have != $want;
        my $inserts = delete $writes{"$upload INSERT"} // '';
        $self->fault("upload $upload: inserts '$inserts', not $n") if $inserts ne "$n $n";
        my $removals = delete $writes{"$upload DELETE"} // '';
        $self->fault("upload $upload: removals '$removals', not $n") if $removals ne ($deleted_by{$upload} ? "$n $n" : '');
    }
    $self->fault("rows that nobody uploaded, or of another launch: $_") for splice @{[sort keys %rows]}, 0, 5;
    $self->fault("writes that should not be: $_ ($writes{$_})") for splice @{[sort keys %writes]}, 0, 5;
    return;
}

# Launches of one object run in the order of acceptance.
sub order_of_lanes_check {
    my ($self) = @_;
    my $before;
    for my $launch ($self->node->rows("SELECT id, started_at, finished_at FROM ds_launch WHERE lane = 'part' ORDER BY id")) {
        $self->fault("launch $launch->{id} began before the end of $before->{id}") if $before && $launch->{started_at} < $before->{finished_at};
        $before = $launch;
    }
    return;
}

# What is wrong with the rows of an export, by upload, as those of one moment. Launches of one object run one after the other,
# and each goes through its rows in their order, in as many batches as the machine's speed makes of them. So all imports are
# there up to one, of which the first rows may be there; and of one upload the last rows may not be deleted yet.
sub snapshot_faults {
    my ($have, $uploads, $launches) = @_;
    my %id_of = map { ($_->{name} => $launches->{$_->{name}}[0]{id}) } grep { $launches->{$_->{name}} } @$uploads;
    my %is_deleted = map { $_->{of} => 1 } grep { $_->{kind} eq 'delete' && $id_of{$_->{name}} } @$uploads;
    my $newest = max 0, map { $id_of{$_} // 0 } keys %$have;
    my ($partial, @faults) = (0);
    for my $import (grep { $_->{kind} eq 'import' && $id_of{$_->{name}} } @$uploads) {
        my ($upload, $rows) = @$import{qw(name rows)};
        my @numbers = sort { $a <=> $b } @{$have->{$upload} // []};
        next if @numbers == $rows || !@numbers && ($is_deleted{$upload} || $id_of{$upload} > $newest);
        my $is_begun = @numbers && $id_of{$upload} == $newest && $numbers[-1] == @numbers;
        my $is_leaving = @numbers && $is_deleted{$upload} && $numbers[0] == $rows - @numbers + 1;
        push @faults, sprintf 'holds %d of %d rows of upload %s', scalar @numbers, $rows, $upload
            if !$is_begun && !$is_leaving || $partial++;
    }
    return @faults;
}

# A file that is served is complete, and of one moment.
sub exports_check {
    my ($self, $uploads, $launches) = @_;
    my @ended = $self->node->rows("SELECT id, state, rows_ok, message FROM ds_launch WHERE sync_id = 'part-export' ORDER BY id");
    my $asked = grep { $_->{kind} eq 'export' && $_->{code} eq 200 } @$uploads;
    $self->fault(scalar @ended, " exports, and $asked were accepted") if @ended < $asked;
    $self->fault("export $_->{id} is $_->{state}: ", $_->{message} // '') for grep { $_->{state} ne 'finished' } @ended;
    return unless @ended;
    my (undef, @lines) = split /\r\n/, $self->node->export_text('part-export');
    $self->fault("export $ended[-1]{id}: ", scalar @lines, " lines, not $ended[-1]{rows_ok}") if @lines != $ended[-1]{rows_ok};
    my %have;
    /\A(.{$DSLoad::name_length})(\d{6})/ && push @{$have{$1}}, $2 for @lines;
    $self->fault("export $ended[-1]{id} $_") for snapshot_faults(\%have, $uploads, $launches);
    return;
}

# How many uploads and exports of all loads were accepted. Where there is a load, it ends when one more is.
sub accepted_find {
    my ($self) = @_;
    my $count = sub { scalar grep { $_->{kind} ne 'question' && ($_->{code} // '') eq 200 } DSLoad::answers($self->{dir}) };
    wait_for('something that is accepted', sub { $count->() > ($self->{accepted} // 0) }) if $self->{load};
    $self->load_end;
    return $count->();
}

# The database can be used again: clients are told so.
sub recovery_check {
    my ($self, $name) = @_;
    my $freed = time;
    wait_for('an upload that is taken', sub { $self->node->upload('open-import', "vin\nAFTER\n")->code == 200 });
    my $took = time - $freed;
    # A runner looks every two seconds whether it can.
    cmp_ok $took, '<', 2 + $allowance, sprintf '%s: uploads are taken again (%.1f s)', $name, $took;
    return $self->integrity_check($name);
}

# Everything that is promised, after the load has ended and the server runs again: two checks. The clock stood still or
# went on: clock => 0 leaves out what compares times of day.
sub integrity_check {
    my ($self, $name, %how) = @_;
    my $accepted = $self->accepted_find;
    my @uploads = DSLoad::answers($self->{dir});
    cmp_ok $accepted, '>', $self->{accepted} // 0, "$name: there was something to lose ($accepted accepted)";
    $self->{accepted} = $accepted;
    $self->order_check($name);
    $self->{in_doubt} = {map { $_ => 1 } map { $_->log_text =~ /DS0350: .* launch (\d+) was lost: it may be there/g } @{$self->{nodes}}};
    if ($self->settle) {
        my $launches = $self->launches_by_upload;
        $self->upload_check($_, @{$launches->{$_->{name}} || []}) for grep { $_->{kind} =~ /^(?:import|delete)$/ } @uploads;
        $self->rows_check(\@uploads, $launches);
        $self->order_of_lanes_check if $how{clock} // 1;
        $self->exports_check(\@uploads, $launches);
    }
    my @faults = splice @{$self->{faults}};
    return ok(!@faults, "$name: every accepted row is there exactly once, and nothing is stuck")
        || diag join "\n", "DS_SEED=$seed", splice @faults, 0, 20;
}

# The end of a file: what uploads left behind is swept, nothing but `expected` stands in the log, the database is in order.
sub finish {
    my ($self, @expected) = @_;
    my $node = $self->node;
    $self->thaw(all => 1);
    $node->write('UPDATE ds_file SET touched_at = 0 WHERE launch_id IS NULL');
    wait_for('the leftovers to be swept', sub {
        return $node->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL') == 0;
    });
    my $codes = $self->codes;
    note sprintf '%.0f s; answers: %s', time - $self->{begun}, join ', ', map { "$_ x $codes->{$_}" } sort keys %$codes;
    for my $node (@{$self->{nodes}}) {
        $node->stop;
        DSTest::finish($node, @expected);
    }
    return;
}

1;
