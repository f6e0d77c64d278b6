# Memory or descriptors that grow end every server one day, always at night. A mixed load for SOAK_MINUTES (20) on
# two web nodes and a worker of its own, over one database: one node is restarted gracefully every two minutes, the
# other one and the worker never, so that the same processes live all the time.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSMemory;
use DSWorker;
use HTTP::Request::Common qw(HEAD);
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep time);
use Apache::Test '-withtestmore';

my $seconds = 60 * ($ENV{SOAK_MINUTES} || 20);
my $restart_every = $seconds < 480 ? $seconds / 4 : 120;
my $keys = 20_000;    # so many different records: tables must not grow for ever

# Does the judge see growth, and no growth where there is none?
for (['that grows', 1, sub { 20_000 + 40 * $_[0] }, sub { 30 }], ['that is flat', 0, sub { 20_000 + 500 * ($_[0] % 7) }, sub { 30 + $_[0] % 9 }],
     ['with more and more descriptors', 1, sub { 20_000 }, sub { 30 + $_[0] / 10 }], ['that fills up first', 0, sub { $_[0] < 40 ? 9000 : 20_000 }, sub { 5 }]) {
    my ($name, $grows, $memory, $open) = @$_;
    my $judge = DSMemory->new;
    $judge->{samples} = 200;
    $judge->{series}{x} = [map { {at => $_, rss => $memory->($_), peak => 1, descriptors => $open->($_)} } 1 .. 200];
    is scalar($judge->growth) ? 1 : 0, $grows, "a process $name is seen as such";
}
is_deeply [DSMemory->new->growth], ['nothing could be compared'], 'a run without samples is no success';

# In a short run caches and connections are still filling up: it only tries the test itself out.
if ($seconds < 600) {
    diag 'less than 10 minutes: growth is only seen when it is large';
    ($DSMemory::memory_factor, $DSMemory::memory_more) = (1.5, 8192);
}

# Two nodes, one worker beside them

my $limits = "StartServers 2\nServerLimit 2\nThreadsPerChild 16\nMaxRequestWorkers 32\nMinSpareThreads 1\nMaxSpareThreads 32\nMaxConnectionsPerChild 0\n";
my $syncs = DSNode::usual_config() . "<DataSync part-minutely>\nKind export\nObject part\nAuth none\nSchedule \"* * * * *\"\n</DataSync>\n"
    . "DataSyncKeep count=20\nDataSyncAPI prisma\n$limits";
my $restarted = DSNode->start(config => DSNode->worker_config('runners=2 cache=8') . $syncs);
my $steady = DSNode->prepare;
$steady->{database} = $restarted->{database};
$steady->config_write("\@database\@DataSyncWorker Off program=" . DSWorker::program() . "\n$syncs")->start;
my ($driver, $params) = @{$restarted->{database}}{qw(driver params)};
my $worker = DSWorker->prepare(members => {db_driver => $driver, db_params => $params, cache_mb => 8, log_level => 'warn'})->start;
my @nodes = ($restarted, $steady);
my $token = $restarted->token('car-import');
$_->{agent}->conn_cache(undef) for @nodes;

# Clients: each in a process of its own, which begins one turn every `pause` seconds.

sub part_rows {
    my ($count) = @_;
    my $first = int rand $keys;
    return join '', "sku,name,count,price,active\n", map {
        sprintf "S%05d,Part %d,%s,%d.50,%s\n", ($first + $_) % $keys, $_, rand() < 0.01 ? 'many' : int rand 1000, $_ % 100, rand() < 0.5 ? 'true' : 'false'
    } 1 .. $count;
}

sub half_upload {
    my ($node) = @_;
    my $socket = $node->socket_open;
    print {$socket} "POST /api/data-sync/import/part-import HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        . "Content-Length: 3000000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nsku\n", 'x' x 1_200_000;
    close $socket;
    return;
}

my $path = '/api/data-sync';
my @json = (Accept => 'application/json', 'Content-Type' => 'application/json');
my %clients = (
    'small imports' => [0.3, sub { $_[0]->upload('part-import', part_rows(300)) }],
    'large imports' => [6, sub { $_[0]->upload('part-import', part_rows(15_000)) }],
    'imports with a token' => [1, sub { $_[0]->upload('car-import', "vin,make\n" . join('', map { 'V' . int(rand $keys) . ",m\n" } 1 .. 50), token => $token) }],
    'dry runs' => [3, sub { $_[0]->upload('part-import', part_rows(1000), query => 'dry-run=true') }],
    'deletes' => [1, sub { $_[0]->upload('part-delete', "sku\n" . join '', map { sprintf "S%05d\n", rand $keys } 1 .. 200) }],
    'exports' => [3, sub { $_[0]->export_start(rand() < 0.5 ? 'part-export' : 'part-ndjson') }],
    'downloads' => [0.5, sub { $_[0]->get("$path/export/part-export") }],
    'downloads of ranges' => [1, sub { $_[0]->get("$path/export/part-ndjson", headers => [Range => 'bytes=1000-90000']) }],
    'heads' => [1, sub { $_[0]->request(HEAD($_[0]->url("$path/export/part-export"))) }],
    'status' => [0.05, sub { $_[0]->get("$path/part-import", headers => \@json) }],
    'status in EDN' => [0.2, sub { $_[0]->get("$path/part-delete") }],
    'wrong tokens' => [0.5, sub { $_[0]->get("$path/car-import", token => 'dst_no_such') }],
    'paths that are not there' => [0.5, sub { $_[0]->get("$path/no-such-sync") }],
    'half uploads' => [2, sub { half_upload($_[0]) }],
);

my $stop = "$restarted->{dir}/soak-stop";
sub client_run {
    my ($pause, $turn, $codes) = @_;
    until (-e $stop) {
        my $next = time + $pause;
        my $response = $turn->($nodes[rand @nodes]);
        $codes->{$response ? $response->code : 'sent'}++;
        sleep 0.02 while time < $next && !-e $stop;
    }
    return;
}

sub client_begin {
    my ($name) = @_;
    my $pid = open my $in, '-|' // die "fork: $!";
    return [$name, $in] if $pid;
    srand;
    my %codes;
    eval { client_run(@{$clients{$name}}, \%codes); 1 } or $codes{"died: $@"}++;
    print encode_json(\%codes);
    close STDOUT;
    POSIX::_exit(0);
}

# As many requests at once as the node takes: each thread, and each connection to the database with its cache and its
# statements, has then what it will ever keep, and what grows later is no cache that fills up.
my $slots = 48;

sub all_at_once {
    my ($request) = @_;
    my @pids;
    for (1 .. $slots) {
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            srand;
            my $response = eval { DSClient::answer_wait($request) };
            POSIX::_exit($response && $response->code < 500 ? 0 : 1);
        }
        push @pids, $pid;
    }
    my $good = 0;
    for (@pids) {
        waitpid $_, 0;
        $good++ if $? == 0;
    }
    return $good;
}

sub queue_empty_wait {
    return wait_for('an empty queue', sub { !$restarted->value("SELECT count(*) AS n FROM ds_launch WHERE state IN ('queued', 'running', 'cancelling')") });
}

my @kinds = grep { !/large|half/ } sort keys %clients;

# How many requests were answered as they should.
sub fill_up {
    my ($node) = @_;
    my $large = "sku\n" . 'x' x 1_300_000 . "\n";    # more than a chunk; a row that is too long
    my $good = 0;
    for my $request (map({ sub { $node->upload('part-import', $large, seconds => 4) } } 1 .. 2), map { my $turn = $clients{$_}[1]; sub { $turn->($node) } } @kinds) {
        $good += all_at_once($request);
        queue_empty_wait();    # it takes a hundred
    }
    return $good;
}

$restarted->import_run('part-import', part_rows(5000));
$restarted->export_run($_) for qw(part-export part-ndjson);
is fill_up($_), $slots * (2 + @kinds), 'a node takes many requests at once' for @nodes;
my @clients = map { client_begin($_) } sort keys %clients;

my $memory = DSMemory->new(
    restarted => sub { ($restarted->pid, $restarted->httpd_pids, $restarted->worker_pids) },
    steady => sub { ($steady->pid, $steady->httpd_pids) },
    alone => sub { $worker->pids });
my $begin = time;
my $end = $begin + $seconds;
my ($restarts, $next_restart) = (0, $begin + $restart_every);
while (time < $end) {
    $memory->sample;
    if (time >= $next_restart) {
        $restarted->graceful;
        $restarts++;
        $next_restart += $restart_every;
    }
    sleep 1;
}
open my $flag, '>', $stop or die $!;
close $flag;

my %codes;
for (@clients) {
    my ($name, $in) = @$_;
    local $/;
    $codes{$name} = decode_json(<$in> // '{"died":1}');
    close $in;
}
diag sprintf '%d samples in %d s, %d graceful restarts, %s', $memory->{samples}, time - $begin, $restarts, $driver;
diag $_ for $memory->table;
for my $name (sort keys %codes) {
    diag sprintf '%-26s %s', $name, join ', ', map { "$codes{$name}{$_} x $_" } sort keys %{$codes{$name}};
}
cmp_ok $restarts, '>=', 3, 'one node was restarted again and again';
# A machine whose disk stands still for seconds may say "come back" (503), now and then.
my %expected = map { $_ => 1 } 200, 206, 403, 404, 'sent', 503;
my ($later, $answers) = (0, 0);
for my $answered (values %codes) {
    $later += $answered->{503} // 0;
    $answers += $_ for values %$answered;
}
cmp_ok $later, '<=', $answers / 1000, "$later of $answers requests were asked to come back later";
is_deeply [map { my $name = $_; map { "$name: $_" } grep { !$expected{$_} } sort keys %{$codes{$name}} } sort keys %codes], [],
    'no request failed meanwhile';
is_deeply [grep { !%{$codes{$_}} } sort keys %codes], [], 'every kind of client had its turns';
queue_empty_wait();
my %ended = map { $_->{state} => $_->{n} } $restarted->rows('SELECT state, count(*) AS n FROM ds_launch GROUP BY state');
is join(' ', sort keys %ended), 'finished', 'all launches that are still there have finished';
my @growth = $memory->growth;
ok !@growth, 'no process takes more and more memory or descriptors' or diag join "\n", @growth;
is $worker->stop, 0, 'the worker leaves as usual';
unlike $worker->log_text, qr/:(?:emerg|alert|crit|error)\]/, 'and has nothing to complain of';
$steady->stop;
finish($restarted, qr/AH00484/);    # all its places were taken on purpose
done_testing;
