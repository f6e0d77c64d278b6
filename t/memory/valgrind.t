# A worker that reads what it should not, or loses memory, ends one day in the middle of somebody's import.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSCars;
use DSPull;
use DSRest;
use DSWorker;
use Apache::Test '-withtestmore';
use MIME::Base64;

my $apr = $ENV{DS_APR} || die "DS_APR is not set: run this by make check-valgrind\n";
my $logs = DSNode::run_dir() . '/valgrind';
mkdir $logs or die "$logs: $!";
chmod 0777, $logs or die $!;
my @valgrind = ('valgrind', '--quiet', '--leak-check=full', '--show-leak-kinds=definite', '--errors-for-leak-kinds=definite',
                '--track-origins=yes', '--num-callers=30', '--vgdb=no',
                '--verbose', "--log-file=$logs/%p");
my $probe = "$ENV{DS_BUILDDIR}/t/memory/probe";
my %environment = (LD_LIBRARY_PATH => "$apr/lib");

# Run under memcheck; the exit code and the output.
sub checked {
    my (@command) = @_;
    my $pid = open my $in, '-|' // die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        %ENV = (%ENV, %environment);
        exec @valgrind, @command or die "valgrind: $!";
    }
    local $/;
    my $text = <$in> // '';
    close $in;
    return ($? >> 8, $text);
}

# The summaries of all processes, and the reports of those that have any. Forgets them.
sub reports_take {
    my ($summaries, @reports) = (0);
    for my $path (glob "$logs/*") {
        my $text = DSClient::text_of($path);
        my @counts = $text =~ /ERROR SUMMARY: (\d+) errors/g;
        $summaries += @counts;
        push @reports, $text if grep { $_ > 0 } @counts;
        unlink $path;
    }
    return ($summaries, @reports);
}

for my $fault (qw(pool leak)) {
    checked($probe, $fault);
    my ($summaries, @reports) = reports_take();
    is scalar(@reports), 1, "memcheck sees a fault that is made on purpose: $fault";
}
checked($probe, 'none');
my ($summaries, @reports) = reports_take();
is "$summaries " . @reports, '1 0', 'and none where there is none';

# Another server, which is asked by pulls, and told of launches.

my $rest = DSRest->start(sub {
    my ($request, $self) = @_;
    my $path = $request->uri->path;
    return [200, {}, ''] if $path eq '/hook';
    return DSRest::json({access_token => 'token-' . $self->count('token'), token_type => 'Bearer', expires_in => 3600, refresh_token => 'next'})
        if $path eq '/token';
    return [404, {}, 'nothing is here'] if $path eq '/items/gone';
    return [200, {'Content-Type' => 'application/json'}, '{"data":{"items":[{"id":1,"name":"cut'] if $path eq '/items/cut';
    return [401, {}, '{}'] if $path eq '/items/login' && ($request->header('Authorization') // '') ne 'Bearer token-2';
    my $at = DSRest::query($request)->{offset} // 0;
    return [503, {'Retry-After' => 1}, 'later'] if $at == 20 && $self->count('late' . $path =~ tr{/}{-}r) == 1;
    my $name = $path eq '/items/wrong' ? {'an' => 'object'} : "item \"$at\" \xc3\xbc";
    return DSRest::json({data => {items => [map { {id => $_ % 10 ? $_ : 'none', name => $name} } $at < 60 ? ($at + 1 .. $at + 20) : ()]}});
});
my $hook = $rest->url('/hook');
my $hook_secret = 'whsec_' . encode_base64('v' x 32, '');

# A web node as it is, and a worker under memcheck.

my $syncs = join '', map { "<DataSync $_->[0]>\nKind $_->[1]\nObject part\nAuth none\n$_->[2]</DataSync>\n" }
    ['minute-export', 'export', "Schedule \"* * * * *\"\n"], ['narrow-import', 'import', "MaxFieldLength 64\n"];
my $node = DSNode->prepare;
$node->config_write("\@database\@DataSyncWorker Off program=" . DSWorker::program() . "\n"
    . DSNode::usual_config() . "${syncs}DataSyncAPI prisma\nDataSyncEgressAllow http 127.0.0.1\n"
    . "DataSyncWebhook $hook \"secret=exec:/bin/echo $hook_secret\" http=allowed\n" . pulls_config($node))->start;
my $worker = DSWorker->prepare(members => {db_driver => $node->{database}{driver}, db_params => $node->{database}{params}, log_level => 'debug', lease_seconds => 120,
                                           webhooks => [{url => $hook, secret => $hook_secret, http => 'allowed'}]},
                               environment => \%environment, wrapper => \@valgrind);
$worker->start;
$node->{worker} = $worker;

# End its processes one by one: under memcheck they take longer for it than their supervisor would give them.
sub worker_end {
    my ($supervisor, @others) = $worker->pids;
    DSClient::halt($supervisor);
    kill TERM => @others;
    kill CONT => @others;
    wait_for('the end of its processes', sub { !grep { -e "/proc/$_/exe" } @others });
    kill TERM => $supervisor;
    kill CONT => $supervisor;
    return $worker->stop;
}

# The secret of a client, where the worker may read it.
sub pulls_config {
    my ($at) = @_;
    my $secret = $at->secret_write(client => 'the-secret');
    my $auth = "SourceAuth oauth2-refresh client=me secret=file:$secret refresh=file:$secret token-url=" . $rest->url('/token') . "\n";
    my $spec = spec_of({type => 'OFFSET', limitName => 'limit', limitValue => 20, offSetName => 'offset'});
    return join '', map { pull_sync($at, $rest, "pull-$_", spec => $spec, set => $_, lines => $_ eq 'login' ? $auth : '') } qw(good wrong gone cut login);
}

my $good = join '', map { sprintf "P%05d,Part %d,%d,%d.25,%s,2026-01-%02d,2026-01-01T10:00:00Z\n", $_, $_, $_, $_, $_ % 2 ? 'true' : 'false', 1 + $_ % 28 } 1 .. 3000;
my $head = "sku,name,count,price,active,made,seen\n";
my %ended = (
    'an import' => $node->import_run('part-import', "$head$good"),
    'the same again' => $node->import_run('part-import', "$head$good"),
    'a dry run' => $node->import_run('part-import', "$head$good", query => 'dry-run=true'),
    'rows that are wrong' => $node->import_run('part-import', $head . join '', map { "W$_,x,many,1,perhaps,2026-02-30,noon\n\"Q$_\",\"a \"\"b\"\"\nc\",1,,,,\n" } 1 .. 300),
    'bytes that are no text' => $node->import_run('part-import', "sku,name\nB1,\xff\xfe\nB2,\xc3\n,\n\"B3\" x,y\nB4\n"),
    'a column that is not known' => $node->import_run('part-import', "sku,nothing\nU1,x\n"),
    'a quote that is not closed' => $node->import_run('part-import', "sku,name\nC1,\"x\n"),
    'an empty file' => $node->import_run('part-import', ''),
    'long cells' => $node->import_run('narrow-import', "sku,name\nL1," . 'x' x 200 . "\nL2,y\n"),
    'semicolons' => $node->import_run('semicolon-import', "shop;item;count\nS;I;1\n"),
    'every type' => $node->import_run('sample-import', "id,note,amount,price,active,born,seen,mail,phone,link\n"
        . "1,n,5,1.5,yes,2026-01-01,2026-01-01 10:00,a\@example.org,+49 30 123456,http://example.org/\n"),
    'a delete' => $node->import_run('part-delete', "sku\nP00001\nP00002\nnobody\n"),
    'marked rows' => do { $node->import_run('kept-import', "id,note\n1,a\n2,b\n"); $node->import_run('kept-delete', "id\n1\n9\n") },
    (map { ("the export $_" => $node->export_run($_)) } qw(part-export part-ndjson part-chosen part-empty kept-export)),
    map { ("the pull $_" => pull_run($node, "pull-$_")) } qw(good good wrong gone cut login));
is_deeply [grep { $ended{$_}{state} !~ /^(?:finished|failed|rejected)$/ } sort keys %ended], [], 'launches of every kind come to their end';
is $ended{'an import'}{rows_ok}, 3000, 'the good ones with all their rows';
is DSClient::counts($ended{"the pull $_"}), '60 54 6 0', "pulls too: $_" for qw(good login);
wait_for('all messages to be sent', sub { !$node->value("SELECT count(*) AS n FROM ds_outbox WHERE state = 'waiting'") });
cmp_ok $rest->asked_count(qr{^/hook$}), '>', 50, 'and a webhook is told of all';

# Stopped in the middle of one launch, cancelled in the middle of another one.
my ($rows, $bytes) = (20_000, 5000);
my $id = running_wait($node, $rows, $bytes);
$node->runner_halt($id);
is worker_end(), 0, 'the worker is stopped in the middle';
is $node->launch($id)->{state}, 'queued', 'of a launch that is handed back';
$worker->start;
cars_check($node, $id, $rows);
$node->write("UPDATE pace_car_c SET bytes = $bytes");
my $other = cars_csv($rows);
$other =~ s/,red,/,blue,/g;
$node->upload('open-import', $other)->code == 200 or die "the second upload was refused\n";
my $cancelled = $node->launch_newest('open-import')->{id};
wait_for('the middle of it', sub { $node->value("SELECT rows_read FROM ds_launch WHERE id = $cancelled") > 0 });
my $runner = $node->runner_halt($cancelled);
$node->ctl('launch', 'cancel', $cancelled);
kill CONT => $runner;
is $node->launch_ended($cancelled)->{state}, 'cancelled', 'one is cancelled in the middle';
wait_for('a launch by schedule', sub { $node->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'minute-export' AND state = 'finished'") });
is worker_end(), 0, 'the worker is stopped while it has nothing to do';

($summaries, @reports) = reports_take();
cmp_ok $summaries, '>=', 10, 'each process of both workers was checked to its end';
ok !@reports, 'memcheck found nothing in the worker' or diag join "\n", @reports;

my @database = ('--database', $node->{database}->place);
for (['object', 'list'], ['sync', 'list'], ['sync', 'disable', 'idle-import'], ['sync', 'enable', 'idle-import'],
     ['token', 'create', 'car-import', '--expires', '30d'], ['token', 'list'], ['token', 'revoke', 'nobody'],
     ['launch', 'list'], ['launch', 'show', $id], ['launch', 'file', $id, 'failures'], ['launch', 'retry', $cancelled],
     ['launch', 'cancel', $id], ['run', 'part-export'], ['check'], ['--json', 'launch', 'show', $id], ['no', 'such', 'command']) {
    checked("$node->{bin}/datasyncctl", @database, @$_);
}
checked(DSWorker::program(), '--check', $worker->{config});
checked(DSWorker::program(), '--check', $worker->file_write('wrong.json', 0600, "{\n\"db_driver\": 5}"));
($summaries, @reports) = reports_take();
is $summaries, 18, 'commands were checked to their end';
ok !@reports, 'memcheck found nothing in them' or diag join "\n", @reports;
$node->ctl('launch', 'cancel', $_) for map { $_->{id} } $node->rows("SELECT id FROM ds_launch WHERE state = 'queued'");
finish($node);
done_testing;
