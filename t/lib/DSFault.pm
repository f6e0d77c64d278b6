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
use Time::HiRes qw(sleep time);

our @EXPORT = qw(pick rounds wait_for);
our $lease = 5;    # seconds; the shortest that there is

*wait_for = \&DSClient::wait_for;

my $turn = 1;         # of the keeper, in seconds
my $allowance = 8;    # seconds that a machine which is busy with other things may take

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

# A server with a short lease. options => those of DataSyncWorker, config => more lines, prepare => called with the node
# before it starts.
sub start {
    my ($class, %how) = @_;
    diag "DS_SEED=$seed repeats this run";
    my $options = $how{options} // "runners=2 lease=$lease";
    my $config = DSNode->worker_config($options) . DSNode::usual_config() . "DataSyncAPI prisma\n" . ($how{config} // '');
    my $node = DSNode->prepare(config => $config);
    $how{prepare}->($node) if $how{prepare};
    return $class->new($node->start);
}

# For a server that runs already and that knows the syncs of t/conf/syncs.conf.
sub new {
    my ($class, $node) = @_;
    my $self = bless {node => $node, dir => $node->{dir}, servers => [$node], faults => [], begun => time}, $class;
    $self->writes_count;
    return $self;
}

sub node {
    my ($self) = @_;
    return $self->{node};
}

# Each write of a row leaves a line, with some work in it so that launches last long enough to be hit.
sub writes_count {
    my ($self) = @_;
    my $database = $self->node->{database};
    my $work = 'SELECT length(hex(zeroblob(3000)))';
    my $triggers = join ' ', map {
        my $row = $_ eq 'DELETE' ? 'old' : 'new';
        "CREATE TRIGGER written_$_ AFTER $_ ON part BEGIN INSERT INTO written VALUES ($row.sku, '$_'); $work; END;"
    } qw(INSERT UPDATE DELETE);
    $database->write('CREATE TABLE written (sku TEXT, what TEXT); ' . $database->by_database($triggers,
        "CREATE FUNCTION written_add() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO written VALUES"
        . " ((coalesce(new, old)).sku, tg_op); PERFORM length(repeat(''00'', 3000)); RETURN NULL; END';"
        . ' CREATE TRIGGER written_add AFTER INSERT OR UPDATE OR DELETE ON part FOR EACH ROW EXECUTE FUNCTION written_add()'));
    return;
}

# Load

# Clients in the background until load_end; `how` is that of DSLoad::begin.
sub load_begin {
    my ($self, %how) = @_;
    $self->{load} = DSLoad->begin($self->{servers}, dir => $self->{dir}, %how);
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

# Kills

# The processes of a kind that live now: keeper, runner, supervisor, child, parent.
sub pids_of {
    my ($self, $kind) = @_;
    my $node = $self->node;
    return $node->{child} // () if $kind eq 'parent';
    return () unless $node->{child};
    return $node->httpd_pids if $kind eq 'child';
    my %name = (keeper => qr/^datasync-keeper$/, runner => qr/^datasync-run/, supervisor => qr/^datasync-worke/);
    return DSClient::processes_below($node->{child}, $name{$kind});
}

# Send a signal to one process of a kind, if there is any: its pid.
sub signal_one {
    my ($self, $signal, $kind) = @_;
    my $pid = pick($self->pids_of($kind)) or return 0;
    return kill($signal, $pid) ? $pid : 0;
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
    $self->fault("$what: it was refused and is there") if $code =~ /^[45]/ && !$upload->{codes}{none};
    my $want = join ' ', 'finished', $upload->{rows} + $upload->{bad}, @$upload{qw(rows bad)}, 0, $upload->{sha256};
    my $got = join ' ', @$launch{qw(state rows_read rows_ok rows_failed rows_skipped sha256)};
    $self->fault("$what, launch $launch->{id}: $got, not $want; ", $launch->{message} // '') if $got ne $want;
    return 1;
}

# Each row of what was accepted is there once and was written once; what was deleted is gone and was removed once.
sub rows_check {
    my ($self, $uploads, $launches) = @_;
    my (%rows, %writes, %deleted_by);
    my $name = "substr(sku, 1, $DSLoad::name_length)";
    $rows{"$_->{upload} $_->{launch}"} = $_->{n}
        for $self->node->rows("SELECT $name AS upload, _launch_id AS launch, count(*) AS n FROM part GROUP BY 1, 2");
    $writes{"$_->{upload} $_->{what}"} = "$_->{n} $_->{keys}"
        for $self->node->rows("SELECT $name AS upload, what, count(*) AS n, count(DISTINCT sku) AS keys FROM written GROUP BY 1, 2");
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

# A file that is served is complete, and holds all rows of an upload or none.
sub exports_check {
    my ($self, $uploads) = @_;
    my %rows_of = map { ($_->{name} => $_->{rows}) } grep { $_->{kind} eq 'import' && $_->{rows} < 1000 } @$uploads;
    my @ended = $self->node->rows("SELECT id, state, rows_ok, message FROM ds_launch WHERE sync_id = 'part-export' ORDER BY id");
    my $asked = grep { $_->{kind} eq 'export' && $_->{code} eq 200 } @$uploads;
    $self->fault(scalar @ended, " exports, and $asked were accepted") if @ended < $asked;
    $self->fault("export $_->{id} is $_->{state}: ", $_->{message} // '') for grep { $_->{state} ne 'finished' } @ended;
    return unless @ended;
    my (undef, @lines) = split /\r\n/, $self->node->export_text('part-export');
    $self->fault("export $ended[-1]{id}: ", scalar @lines, " lines, not $ended[-1]{rows_ok}") if @lines != $ended[-1]{rows_ok};
    my %have;
    $have{substr $_, 0, $DSLoad::name_length}++ for @lines;
    $self->fault("export $ended[-1]{id} holds $have{$_} of $rows_of{$_} rows of upload $_")
        for grep { $rows_of{$_} && $have{$_} != $rows_of{$_} } sort keys %have;
    return;
}

# Everything that is promised, after the load has ended and the server runs again: two checks. The clock stood still or
# went on: clock => 0 leaves out what compares times of day.
sub integrity_check {
    my ($self, $name, %how) = @_;
    $self->load_end;
    my @uploads = DSLoad::answers($self->{dir});
    my $accepted = grep { ($_->{code} // '') eq 200 } @uploads;
    cmp_ok $accepted, '>', $self->{accepted} // 0, "$name: there was something to lose ($accepted accepted)";
    $self->{accepted} = $accepted;
    $self->order_check($name);
    if ($self->settle) {
        my $launches = $self->launches_by_upload;
        $self->upload_check($_, @{$launches->{$_->{name}} || []}) for grep { $_->{kind} ne 'export' } @uploads;
        $self->rows_check(\@uploads, $launches);
        $self->order_of_lanes_check if $how{clock} // 1;
        $self->exports_check(\@uploads);
    }
    my @faults = splice @{$self->{faults}};
    return ok(!@faults, "$name: every accepted row is there exactly once, and nothing is stuck")
        || diag join "\n", "DS_SEED=$seed", splice @faults, 0, 20;
}

# The end of a file: what uploads left behind is swept, nothing but `expected` stands in the log, the database is in order.
sub finish {
    my ($self, @expected) = @_;
    my $node = $self->node;
    $node->write('UPDATE ds_file SET touched_at = 0 WHERE launch_id IS NULL');
    wait_for('the leftovers to be swept', sub {
        return $node->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL') == 0;
    });
    $node->stop;
    my $codes = $self->codes;
    note sprintf '%.0f s; answers: %s', time - $self->{begun}, join ', ', map { "$_ x $codes->{$_}" } sort keys %$codes;
    return DSTest::finish($node, @expected);
}

1;
