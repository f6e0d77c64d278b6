# Hundreds of commands in any order, faults among them, against a small model: what the other tests did not think of.
# DS_SEED repeats a run, DS_STEPS makes it longer.
use strict;
use warnings FATAL => 'all';
use DSModel;
use DSTest;
use Apache::Test '-withtestmore';
use Time::HiRes qw(time);

my $seed = $ENV{DS_SEED} // time * 1000 % 1_000_000_000;
my $steps = $ENV{DS_STEPS} // ($ENV{DS_TEST_POSTGRES} ? 200 : 500);    # each asks often, and there it connects each time
srand $seed;
diag "DS_SEED=$seed repeats this run";

# A lease that no test lives to see: that a runner has died is known before.
my $config = DSNode->worker_config('runners=2 lease=900') . DSNode::usual_config() . "DataSyncAPI prisma\n";
my $node = DSNode->start(config => $config);
$node->rows_slow("slow_$_", "BEFORE $_ ON part", 8000) for qw(INSERT UPDATE DELETE);
my $model = DSModel->new;
my %sync = ('part-import' => ['import', 'part'], 'part-delete' => ['delete', 'part'], 'queue-import' => ['import', 'part'],
            'kept-import' => ['import', 'kept'], 'kept-delete' => ['delete', 'kept'], 'part-export' => ['export', 'part']);
my @loads = grep { $sync{$_}[0] ne 'export' } sort keys %sync;
my (%disabled, %keys, @faults, %done);
my $newest = 0;
my $ends = qr/^(?:finished|failed|cancelled)$/;

sub fault {
    push @faults, "step $done{steps}: @_";
    return 0;
}

sub launch_row {
    my ($id) = @_;
    my ($row) = $node->rows("SELECT * FROM ds_launch WHERE id = $id");
    return $row // {};
}

# The answer to what should have made a launch of a sync: remember the launch, or see that there is none.
sub launch_note {
    my ($sync, $code, %launch) = @_;
    my $id = $node->value('SELECT max(id) AS id FROM ds_launch') // 0;
    my $made = $id > $newest;
    $newest = $id;
    return fault("$sync answered $code, and " . ($made ? 'made' : 'did not make') . ' a launch') if $made != ($code == 200);
    return fault("$sync is disabled and answered $code") if $disabled{$sync} && $code == 200;
    return 0 if !$made && ($disabled{$sync} || $sync eq 'queue-import');
    return fault("$sync answered $code") unless $made;
    $done{launches}++;
    return $model->launch_add($id, sync => $sync, kind => $sync{$sync}[0], object => $sync{$sync}[1], %launch);
}

sub file_pick {
    my ($sync, $distinct) = @_;
    my ($kind, $object) = @{$sync{$sync}};
    return DSModel::file_broken($object) if rand() < 0.05;
    my $size = rand() < 0.15 ? 3000 + int rand 9000 : int rand 300;
    $size = 500 if $distinct && $size > 500;
    return DSModel::file_make($kind, $object, $size, DSModel::pick(0, 0, 0.1, 0.5, 1), $distinct);
}

sub upload_of {
    my ($sync, $file, $dry) = @_;
    my $response = DSClient::answer_wait(sub { $node->upload($sync, $file->{text}, $dry ? (query => 'dry-run=true') : ()) });
    return launch_note($sync, $response->code, file => $file, dry => $dry);
}

sub upload {
    my ($dry) = @_;
    my $sync = DSModel::pick(@loads);
    return upload_of($sync, file_pick($sync, $dry), $dry);
}

sub upload_with_key {
    my ($sync, $key) = (DSModel::pick(@loads), 'key-' . int rand 10);
    my $known = $keys{$sync}{$key};
    my $file = $known && rand() < 0.5 ? $known : file_pick($sync);
    my $code = DSClient::answer_wait(sub { $node->upload($sync, $file->{text}, headers => ['Idempotency-Key' => $key]) })->code;
    if ($known) {
        my $want = $known->{text} eq $file->{text} ? 200 : 409;
        fault("$sync with a known key answered $code, not $want") if $code != $want;
        return ($node->value('SELECT max(id) AS id FROM ds_launch') // 0) == $newest || fault("$sync made a launch for a known key");
    }
    my $id = launch_note($sync, $code, file => $file);
    $keys{$sync}{$key} = $file if $id;
    return $id;
}

sub export {
    my $response = DSClient::answer_wait(sub { $node->export_start('part-export') });
    return launch_note('part-export', $response->code);
}

# Something has to run for a while, so that it can be hit.
sub busy {
    my $count = $node->value("SELECT count(*) AS n FROM ds_launch WHERE kind <> 'export' AND state IN ('queued', 'running')");
    return $count || $disabled{'part-import'} || upload_of('part-import', DSModel::file_make('import', 'part', 6000 + int rand 6000, 0.1));
}

# A launch of the last ones, rather one of these states, if there is any.
sub launch_pick {
    my (@states) = @_;
    my @ids = $model->launch_ids;
    my $list = join ', ', map { "'$_'" } @states;
    my @better = map { $_->{id} } $node->rows("SELECT id FROM ds_launch WHERE state IN ($list) ORDER BY id DESC LIMIT 5");
    return $model->{launch}{DSModel::pick(@better)} if @better && rand() < 0.7;
    my $from = @ids > 12 ? @ids - 12 : 0;
    return @ids ? $model->{launch}{$ids[$from + rand(@ids - $from)]} : undef;
}

sub cancel {
    busy() or return;
    my $launch = launch_pick(qw(queued running)) or return;
    my $ended = launch_row($launch->{id})->{state} =~ $ends;
    $launch->{cancel_asked} = 1 unless $ended;
    my $refused = $node->ctl_refused('launch', 'cancel', $launch->{id});
    return $refused || !$ended || fault("launch $launch->{id} had ended and was cancelled");
}

# On a fast machine a cancel comes too late nearly always: here no runner takes the launch.
sub cancel_waiting {
    return 1 if $disabled{'part-import'};
    $node->workers_halt;
    my $id = upload_of('part-import', file_pick('part-import'));
    my $refused = $id && $node->ctl_refused('launch', 'cancel', $id);
    $model->{launch}{$id}{cancel_asked} = 1 if $id;
    $node->workers_continue;
    return !$refused || fault("launch $id waited and could not be cancelled");
}

sub retry {
    my $launch = launch_pick(qw(cancelled failed)) or return;
    my $before = launch_row($launch->{id})->{state};
    my $refused = $node->ctl_refused('launch', 'retry', $launch->{id});
    my $after = launch_row($launch->{id})->{state};
    return fault("launch $launch->{id} is $after and was retried") if !$refused && $after !~ /^(?:failed|cancelled)$/;
    my $made = ($node->value('SELECT max(id) AS id FROM ds_launch') // 0) > $newest;
    return fault('a retry that was ' . ($refused ? 'refused' : 'taken') . ': launches do not fit') if $made == $refused;
    return fault("launch $launch->{id} was $before and could not be retried")
        if !$made && $before =~ /^(?:failed|cancelled)$/ && !$disabled{$launch->{sync}} && $launch->{sync} ne 'queue-import';
    return 1 unless $made;
    $newest = $node->value('SELECT max(id) AS id FROM ds_launch');
    $done{retried}++;
    return $model->launch_add($newest, map { $_ => $launch->{$_} } qw(sync kind object file dry));
}

sub switch {
    my $sync = DSModel::pick(sort keys %sync);
    $disabled{$sync} = !$disabled{$sync} && rand() < 0.5;
    $node->ctl('sync', $disabled{$sync} ? 'disable' : 'enable', $sync);
    return 1;
}

# Every launch that has not ended may be what a killed process was working on.
sub kills_count {
    $model->{launch}{$_}{kills}++ for $model->launches_open;
    return $done{kills}++;
}

sub runner_kill {
    busy() or return;
    my $id = $node->value('SELECT id FROM ds_launch WHERE owner IS NOT NULL');
    my (undef, @pids) = $node->worker_pids;
    my $pid = ($id && $node->runner_of($id)) // DSModel::pick(@pids) or return;
    kills_count();
    return kill KILL => $pid;
}

sub worker_kill {
    kills_count();
    return kill KILL => $node->worker_pids;
}

sub open_count {
    return $node->value("SELECT count(*) AS n FROM ds_launch WHERE state IN ('queued', 'running', 'cancelling')");
}

# Nothing waits or runs: every launch and every row must be what the model says.
sub quiet {
    my ($exports) = @_;
    wait_for('the end of all launches', sub { !open_count() });
    my @rows = $node->rows('SELECT * FROM ds_launch ORDER BY id');
    my %open = map { $_ => 1 } $model->launches_open;
    for my $row (grep { $open{$_->{id}} } @rows) {
        my $failures = $row->{rows_failed} ? $node->launch_file($row->{id}, 'failures') : '';
        fault($_) for $model->launch_settle($row, $failures);
        $done{$row->{state}}++;
    }
    my @known = $model->launch_ids;
    fault(@rows . ' launches, not ' . @known) if @rows != @known;
    fault($_) for map { $model->table_faults($_, $node->rows("SELECT * FROM $_")) } qw(part kept);
    return $done{quiet}++;
}

sub export_check {
    $disabled{'part-export'} = 0;
    $node->ctl('sync', 'enable', 'part-export');
    my $id = export() or return;
    $node->launch_ended($id);
    my ($header, @lines) = split /\r\n/, $node->export_text('part-export');
    s/,[^,]*,[^,]*,[^,]*,[^,]*\z// for @lines;
    return fault('an export does not hold the rows of the model') if join("\n", @lines) ne join("\n", $model->export_lines(qw(part sku name count)));
    return quiet();
}

my @commands = ((\&upload) x 40, (sub { upload(1) }) x 8, (\&upload_with_key) x 8, (\&export) x 8, (\&cancel) x 10, (\&cancel_waiting) x 4, (\&retry) x 10,
                (\&switch) x 6, (\&runner_kill) x 5, \&worker_kill, sub { $node->graceful });
my $start = time;
# What chance may leave out.
cancel_waiting();
upload_of('part-import', DSModel::file_broken('part'));
wait_for('their end', sub { !open_count() });
retry();
for my $step (1 .. $steps) {
    $done{steps} = $step;
    DSModel::pick(@commands)->();
    # A queue of any length would only be a long wait at the end.
    wait_for('a shorter queue', sub { open_count() < 12 });
    my ($text, $code) = $node->ctl_run('check');
    fault("check: $text") if $code != 0;
    if ($step % 50 == 0) {
        quiet();
        export_check();
    }
    last if @faults;
}
quiet();
export_check() unless @faults;
note sprintf '%.0f s; %s', time - $start, join ', ', map { "$_ $done{$_}" } sort keys %done;
is $done{steps}, $steps, "$steps commands, the database in order after each";
ok !@faults, 'every launch ended as the model says, with its counters, and every row of the tables is that of the model'
    or diag join "\n", "DS_SEED=$seed", splice @faults, 0, 20;
cmp_ok $done{$_} // 0, '>', 0, "there were launches that were $_" for qw(finished failed cancelled retried);
cmp_ok $done{kills} // 0, '>', 0, 'and processes that were killed';
$node->stop;
finish($node, qr/DS0511.*signal 9/, qr/DS0072/);
done_testing;
