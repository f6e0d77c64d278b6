# PostgreSQL that goes away: who asks is answered at once that it is away, the rest of the server notices nothing, and
# when it is back everything goes on by itself.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSCars;
use DSPostgres;
use DSStalls;
use Apache::Test '-withtestmore';
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep time);

my $soon = 2;          # seconds, which is promised
my $allowance = 2.5;   # for a machine that is busy with other things
my $patience = 30;     # for what has to wait for other processes, too
my $rows = 60_000;

my $cluster = DSPostgres->start(max_connections => 40, superuser_reserved_connections => 0);
$ENV{DS_TEST_POSTGRES} = $cluster->params;
my $node = DSNode->prepare;
$node->config_write("MaxRequestWorkers 20\nThreadsPerChild 10\nMinSpareThreads 1\n" . DSNode->worker_config('runners=2 lease=900')
    . DSNode::usual_config() . "DataSyncAPI prisma\n");
open my $page, '>', "$node->{dir}/htdocs/page.html" or die $!;
print {$page} "a page of another site\n";
close $page;
$node->start;

my $stalls = DSStalls->start;

# Requests at the same moment, each as [code, has Retry-After, its beginning, its end].
sub together {
    my ($count, $request) = @_;
    my @readers;
    for (1 .. $count) {
        my $pid = open my $in, '-|' // die "fork: $!";
        if (!$pid) {
            $node->{agent}->conn_cache(undef);    # or all would talk through one connection
            my $begun = DSStalls::now();
            my $response = $request->();
            print encode_json([$response->code, defined $response->header('Retry-After') ? 1 : 0, $begun, DSStalls::now()]), "\n";
            POSIX::_exit(0);
        }
        push @readers, $in;
    }
    return map { my $line = readline $_; close $_; decode_json($line) } @readers;
}

sub slowest {
    my ($seconds) = sort { $b <=> $a } map { $stalls->seconds(@$_[2, 3]) } @_;
    return $seconds;
}

my %request = (
    'a status' => sub { $node->get('/api/data-sync/open-import') },
    'an upload' => sub { $node->upload('open-import', "vin\nAWAY\n") },
    'an export' => sub { $node->export_start('part-export') },
    'a token' => sub { $node->get('/api/data-sync/car-import', token => 'dst_' . 'a' x 12 . '_' . 'b' x 43) },
);

# While the database is away.
sub away_check {
    my ($name) = @_;
    my @page;
    for my $what (sort keys %request) {
        my @answers = together(4, $request{$what});
        is_deeply [grep { $_->[0] != 503 || !$_->[1] } @answers], [], "$name: $what is answered 503 with Retry-After";
        cmp_ok slowest(@answers), '<', $soon + $allowance, sprintf '%s: within %.2f s', $name, slowest(@answers);
    }
    my @many = together(40, sub {
        return rand() < 0.5 ? $request{'a status'}->() : $node->get('/page.html');
    });
    is_deeply [grep { $_->[0] !~ /^(?:200|503)$/ } @many], [], "$name: more requests than threads are all answered";
    cmp_ok slowest(@many), '<', 2 * $soon + $allowance, sprintf '%s: the slowest of them after %.2f s', $name, slowest(@many);
    @page = together(10, sub { $node->get('/page.html') });
    is_deeply [grep { $_->[0] != 200 } @page], [], "$name: other pages are served";
    cmp_ok slowest(@page), '<', 1 + $allowance, sprintf '%s: as quickly as ever (%.2f s)', $name, slowest(@page);
    return;
}

sub back_check {
    my ($name, $pids) = @_;
    my $begun = time;
    wait_for('the database to be used again', sub { $request{'a status'}->()->code == 200 });
    cmp_ok time - $begun, '<', $patience, "$name: when it is back requests are answered again";
    is $node->import_run('part-import', "sku\nBACK\n")->{state}, 'finished', "$name: and imports run";
    is_deeply [$node->worker_pids], $pids, "$name: no process of the worker was restarted";
    return;
}

# Words that stand in the log more often than once, for each process.
sub log_repeats {
    my ($from) = @_;
    my %count;
    $count{$_}++ for substr($node->log_text, $from) =~ /^.*?\bpid (\d+).*?\bDS0040\b/gm;
    my $keeper = () = substr($node->log_text, $from) =~ /DS0531/g;
    return grep({ $_ > 1 } values %count), $keeper > 1 ? "the keeper: $keeper" : ();
}

sub outage {
    my ($name, $break, $mend) = @_;
    note $name;
    $node->write('DELETE FROM car_c');
    $request{'a status'}->()->code == 200 or die;
    my @pids = $node->workers_wait;
    my $id = running_wait($node, $rows);
    my $from = length $node->log_text;
    $break->();
    away_check($name);
    is_deeply [log_repeats($from)], [], "$name: the log says it once for each process";
    $mend->();
    back_check($name, \@pids);
    cars_check($node, $id, $rows);
    is $node->launch($id)->{crashes}, 0, "$name: and nobody died of it";
    $node->{database}->writes_ignore('car_c');
    return;
}

outage('stopped', sub { $cluster->stop }, sub { $cluster->run });
outage('stopped at once', sub { $cluster->stop('QUIT') }, sub { $cluster->run });
outage('frozen', sub { $cluster->freeze }, sub { $cluster->thaw });

note 'full';
$node->import_run('open-import', "vin\nBEFORE\n");
my @sessions = $cluster->fill->@*;
my %old = map { $_ => 1 } $node->worker_pids, $node->httpd_pids;
$node->graceful;    # its new processes have no connection yet, those of the old ones are let go
my $ours = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'mod_datasync'";
wait_for('the end of the old processes', sub { !grep { $old{$_} } $node->worker_pids, $node->httpd_pids });
wait_for('a new worker that is connected, and nobody else', sub { $node->worker_pids == 4 && $node->value($ours) == 3 });
push @sessions, $cluster->fill->@*;
my @answers = together(8, $request{'a status'});
cmp_ok slowest(@answers), '<', $soon + $allowance, sprintf 'full: a new process of httpd answers within %.2f s', slowest(@answers);
is_deeply [grep { $_->[0] != 503 || !$_->[1] } @answers], [], 'full: 503 with Retry-After';
is $node->get('/page.html')->code, 200, 'full: other pages are served';
close $_ for splice @sessions;
wait_for('the database to be used again', sub { $request{'a status'}->()->code == 200 });
is $node->import_run('open-import', "vin\nAFTER\n")->{state}, 'finished', 'when there is room again imports run';

note 'an administrator who gives more time';
local $ENV{DS_TEST_POSTGRES} = $cluster->params . ' connect_timeout=20';
my $patient = DSNode->start;
is $patient->get('/api/data-sync/open-import')->code, 200, 'the database is used';
$cluster->freeze;
my $pid = fork // die "fork: $!";
if (!$pid) {
    sleep 3;
    $cluster->thaw;
    POSIX::_exit(0);
}
is $patient->get('/api/data-sync/open-import')->code, 200, 'a server that answers within that time is waited for';
waitpid $pid, 0;
finish($patient);

$node->stop;
finish($node, qr/DS0030/, qr/DS0040/, qr/DS0041/, qr/DS0520/, qr/DS0531/, qr/DS0541/, qr/DS0544/, qr/DS0072/);
done_testing;
