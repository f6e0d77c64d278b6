# A worker without httpd: when it does not find its work, or says wrongly what is wrong with its file,
# nothing that the web nodes accept ever takes effect.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSCars;
use DSStalls;
use DSWorker;
use JSON::PP;
use Apache::Test '-withtestmore';

my $stalls = DSStalls->start;
my $off = 'DataSyncWorker Off program=' . DSWorker::program() . "\n";

# The file of an administrator

my $worker = DSWorker->prepare(environment => {DS_PLACE => '/from/environment'});
my $usual = qq("db_driver": "sqlite3", "db_params": "/x/y");
my $open = $worker->file_write('open', 0644, "dbname=x password=hunter2\n");
my $kept = $worker->file_write('kept', 0600, "/from/file\nsecond line\n");
my $prints = $worker->file_write('prints', 0755, "#!/bin/sh\necho \"/from/\$1\"\n");
my $fails = $worker->file_write('fails', 0755, "#!/bin/sh\necho hunter2\nexit 1\n");

# Each wrong file and what must be said about it, to the letter.
for (['', 'worker.json: line 1, column 0: the end is missing: close each quote, bracket and brace'],
     ['[]', 'worker.json: write { first and } last, members between'],
     [qq({\n  "db_driver": "sqlite3",\n  "db_params" "password=hunter2"\n}), qr/worker\.json: line 3, column \d+: this is not JSON: look for a comma, a colon or a quote/],
     [qq({"db_params": "password=hunter2" "runners": 2}), qr/worker\.json: line 1, column \d+: this is not JSON/],
     [qq({$usual, "runners": 1, "runners": 2}), qr/line 1, column \d+: a member stands twice: write it once/],
     [qq({$usual} hunter2), qr/line 1, column \d+: something follows the last brace: remove it/],
     [qq({"db_params": "/x"}), 'db_driver is missing: write "sqlite3" or "pgsql"'],
     [qq({"db_driver": "sqlite3"}), 'db_params is missing: write the path of the SQLite file, or the connection string of PostgreSQL'],
     [qq({\n    "db_driver": "oracle",\n    "db_params": "/x"\n}), 'line 2, column 5: db_driver: write "sqlite3" or "pgsql"'],
     [qq({\n$usual,\n  "ünï \\" {": 1, "runners": 0}), 'there is no such member: see datasync-worker(8) for those there are'],
     [qq({\n$usual,\n  "user": "{ \\" \\\\", "runners": 0}), qr/line 3, column 22: runners: write a whole number from 1 to 64/],
     [qq({$usual, "runners": 65}), qr/: runners: write a whole number from 0 to 64, without quotes/],
     [qq({$usual, "runners": "2"}), qr/: runners: write a whole number/],
     [qq({$usual, "lease_seconds": 4}), qr/: lease_seconds: write a whole number from 5 to 3600/],
     [qq({$usual, "cache_mb": 99999}), qr/: cache_mb: write a whole number from 1 to 16384/],
     [qq({$usual, "log_level": 6}), qr/: log_level: write "crit", "error", "warn", "notice", "info", "debug" or "trace1"/],
     [qq({$usual, "user": ""}), qr/: user: write a text in double quotes, which is not empty/],
     [qq({$usual, "wake_fd": 5}), qr/: wake_fd: this is for httpd alone: remove it/],
     [qq({$usual, "definitions": {"objects": [], "syncs": []}}), qr/: definitions: objects and syncs are defined in httpd\.conf: remove it/],
     [qq({$usual, "mail": 1}), qr/: mail: write \{ and \}, and "server": "smtp:\/\/host" in it/],
     [qq({$usual, "mail": {"server": "mail.example.com", "from": "a\@example.com"}}), qr/: mail: write the server as smtp:/],
     [qq({$usual, "mail": {"server": "smtp://m.example.com", "from": "hunter2"}}), qr/: mail: from: write an address/],
     [qq({$usual, "mail": {"server": "smtp://m.example.com", "from": "a\@example.com", "password": "hunter2"}}), qr/: mail: user= and password= belong together/],
     [qq({$usual, "webhooks": {}}), qr/: webhooks: write a list/],
     [qq({$usual, "webhooks": [{"url": "https://h.example.com/x", "secret": "hunter2"}]}), qr/: webhooks: the secret is whsec_ and 24 to 64 bytes as base64/],
     [qq({$usual, "webhooks": [{"url": "http://h.example.com/x", "secret": "hunter2"}]}), qr/: webhooks: everybody on the way can read http/],
     [qq({$usual, "password": "hunter2"}), qr/: password: there is no such member/],
     [qq({"db_driver": "sqlite3", "db_params": "relative"}), qr/: db_params: write the whole path of the SQLite file, beginning with \//],
     [qq({"db_driver": "pgsql", "db_params": "file:relative"}), qr/: db_params: write the whole path of the file, for example file:\/etc/],
     [qq({"db_driver": "pgsql", "db_params": "file:$open"}), qr/: db_params: everybody on this machine can read \Q$open\E: chmod o-rwx it/],
     [qq({"db_driver": "pgsql", "db_params": "env:DS_NO_SUCH_NAME"}), qr/: db_params: the environment has no variable DS_NO_SUCH_NAME/],
     [qq({"db_driver": "pgsql", "db_params": "exec:/no/such/program"}), qr/: db_params: cannot run the program after exec: .*No such file/],
     [qq({"db_driver": "pgsql", "db_params": "exec:$fails"}), qr/: db_params: \Q$fails\E failed, or ran for too long/],
     [qq({$usual, "user": "no-such-user"}), $> == 0 ? 'there is no user "no-such-user"' : 'in order'],
     [qq({$usual, "user": "root"}), $> == 0 ? 'the worker does not run as root' : 'in order'],
     ['{' . ' ' x 70_000 . "$usual}", 'it is longer than 65536 bytes']) {
    my ($text, $said) = @$_;
    $worker->config_write($text);
    my ($code, $answer) = $worker->run('--check', $worker->{config});
    my $match = ref $said ? $said : qr/\Q$said\E/;
    my $name = substr $text, 0, 80;
    $name =~ s/\n/ | /g;
    ok +($code == 1 || $said eq 'in order') && $answer =~ $match && $answer !~ /hunter2/, "refused with the remedy: $name"
        or diag "exit $code: $answer";
}
$worker->config_write(qq({"db_driver": "pgsql", "db_params": "host=x password=hunter2"}));
chmod 0644, $worker->{config} or die $!;
my ($code, $text) = $worker->run('--check', $worker->{config});
ok $code == 1 && $text =~ /db_params: everybody on this machine can read this password: chmod o-rwx the file/ && $text !~ /hunter2/,
    'a password in a file that everybody can read is refused' or diag $text;
($code, $text) = $worker->run('--config', "$worker->{dir}/nowhere");
ok $code == 1 && $text =~ m{DS0500.*nowhere: cannot read it: No such file}, 'a file that is not there is named' or diag $text;
for (["file:$kept", 'file'], ['env:DS_PLACE', 'environment'], ["exec:$prints program", 'program']) {
    my ($params, $source) = @$_;
    $worker->config_write(qq({"db_driver": "sqlite3", "db_params": "$params", "user": "nobody"}));
    ($code, $text) = $worker->run('--check', $worker->{config});
    is "$code $text", "0 $worker->{config}: in order\n", "a secret from $source is found";
}
my $example = decode_json(DSClient::text_of("$ENV{DS_SRCDIR}/conf/datasync-worker.json"));
@$example{qw(db_driver db_params user)} = ('sqlite3', '/x', 'nobody');
$worker->config_write(encode_json($example));
is +($worker->run('--check', $worker->{config}))[0], 0, 'the example is in order';
($code, $text) = $worker->run('--no-such-option');
is $code, 2, 'a wrong option is refused';

# Told to stop while there is no database yet, it has nothing to complain of but that.
$worker = DSWorker->prepare(members => {db_driver => 'sqlite3', db_params => '/nowhere/at/all.db'})->start;
$worker->log_wait(qr/DS0520/);
is $worker->stop, 0, 'asked to stop while it waits for the database it leaves with 0';
unlike $worker->log_text, qr/DS0512/, 'and without a false alarm' or diag $worker->log_text;

# A web node that leaves all launches to a worker elsewhere

my $node = DSNode->prepare;
my $base = "\@database\@$off" . DSNode::usual_config() . "DataSyncAPI prisma\n";
$node->config_write($base)->start;
$node->log_wait(qr/DS0101/);
is scalar($node->worker_pids), 0, 'with DataSyncWorker Off no worker stays';
is $node->upload('open-import', "vin\nA1\n")->code, 200, 'an upload is accepted while no worker runs';
my $waiting = $node->launch_newest('open-import');
is $waiting->{state}, 'queued', 'and waits';

my ($driver, $params) = @{$node->{database}}{qw(driver params)};
my $secret = $worker->file_write('place', 0600, "$params\n");
my %where = (db_driver => $driver, db_params => "file:$secret");
$worker = DSWorker->prepare(members => {%where})->start;
is $node->launch_ended($waiting->{id})->{state}, 'finished', 'a worker that is started later runs it';
my @pids = $worker->pids_wait(4);
my ($uid) = DSClient::text_of("/proc/$pids[0]/status") =~ /^Uid:\s+(\d+)/m;
isnt $uid, 0, 'it does not run as root';
is_deeply [grep { /\Q$params\E/ } map { (DSClient::text_of("/proc/$_/cmdline"), DSClient::text_of("/proc/$_/environ")) } @pids], [],
    'neither its command lines nor its environment show where the database is';
unlike $worker->log_text, qr/\Q$params\E/, 'nor does its log';

my @delays = sort { $a <=> $b } map {
    my $begun = DSStalls::now();
    my $launch = $node->import_run('open-import', "vin\nB$_\n");
    my $lost = $stalls->lost($begun, DSStalls::now());
    my ($times) = $node->rows("SELECT started_at - scheduled_at AS waited FROM ds_launch WHERE id = $launch->{id}");
    $times->{waited} / 1_000_000 - $lost;
} 1 .. 5;
cmp_ok $delays[0], '<=', 1.2, 'it looks for work each second, without being woken';
note "started after @delays s";

my $new = "<DataSyncObject late>\nField id string 20\nKey id\n</DataSyncObject>\n<DataSync late-import>\nObject late\nAuth none\n</DataSync>\n";
$node->config_write("$base$new");
$node->graceful;
wait_for('the definitions of the reloaded node', sub { $node->value('SELECT body FROM ds_definition') =~ /late-import/ });
is $node->import_run('late-import', "id\nL1\n")->{rows_ok}, 1, 'an object that a reload of the web node brings is known';
is_deeply [$worker->pids], \@pids, 'without a new worker';

# A launch that comes before its definition, as from a web node that has just been reloaded.
my $definition = $node->value('SELECT body FROM ds_definition');
$node->write("UPDATE ds_definition SET body = replace(body, 'late-import', 'lost-import'), hash = 'other'");
is $node->upload('late-import', "id\nL2\n")->code, 200, 'a launch comes before its definition';
my $early = $node->value("SELECT max(id) AS id FROM ds_launch WHERE sync_id = 'late-import'");
wait_for('the runner to hand it back', sub { $worker->log_text =~ /DS0542.*launch $early / });
$node->write("UPDATE ds_definition SET body = replace(body, 'lost-import', 'late-import'), hash = 'again'");
is $node->launch_ended($early)->{state}, 'finished', 'and is run when that is there';
is $node->value('SELECT body FROM ds_definition'), $definition, 'the definitions are as before';

kill KILL => $pids[2];
wait_for('a new runner', sub { my @now = $worker->pids; @now == 4 && !grep { $_ == $pids[2] } @now });
is $node->import_run('open-import', "vin\nC1\n")->{state}, 'finished', 'a killed runner comes back';

kill HUP => $pids[0];
my $rows = 60_000;
my $id = running_wait($node, $rows, 240_000);
my $asked = DSStalls::now();
my $status = $worker->stop;
my $seconds = $stalls->seconds($asked, DSStalls::now());
is $status, 0, 'asked to stop in the middle of an import it leaves with 0';
cmp_ok $seconds, '<', $ENV{DS_SANITIZERS} ? 10 : 2.9, sprintf 'after %.2f s, before the patience of systemd or httpd ends', $seconds;
my $launch = $node->launch($id);
is "$launch->{state} $launch->{crashes}", 'queued 0', 'and hands the import back';
is_deeply [grep { -e "/proc/$_/exe" } @pids], [], 'no process stays';
my @workers = map { DSWorker->prepare(members => {%where})->start } 1 .. 2;
$_->pids_wait(4) for @workers;    # until then nobody can ask them to stop
cars_check($node, $id, $rows);

# Two web nodes, two workers, one database

my $second = DSNode->prepare;
$second->{database} = $node->{database};
$second->config_write("$base$new")->start;
my @nodes = ($node, $second);
my @syncs = qw(open-import sample-import stock-import);
my %header = ('open-import' => 'vin', 'sample-import' => 'id', 'stock-import' => 'shop,item');
my $last = $node->value('SELECT max(id) AS id FROM ds_launch');
for my $n (1 .. 60) {
    my ($at, $sync) = ($nodes[$n % 2], $syncs[$n % 3]);
    my $key = $sync eq 'stock-import' ? "S$n,I" : "K$n";
    DSClient::answer_wait(sub { $at->upload($sync, "$header{$sync}\n$key\n") })->code == 200 or die "upload $n was refused";
}
wait_for('the end of all launches', sub { !$node->value('SELECT count(*) AS n FROM ds_launch WHERE finished_at IS NULL') });
my @launches = map { $_->{id} } $node->rows("SELECT id FROM ds_launch WHERE id > $last AND state = 'finished'");
is scalar @launches, 60, 'all launches of two web nodes are run';
my %ended;
wait_for('the workers to say so', sub {
    %ended = ();
    $ended{$_}++ for map { $_->log_text =~ /DS0543\S* launch (\d+) /g } @workers;
    return !grep { !$ended{$_} } @launches;
});
is_deeply [grep { $ended{$_} != 1 } @launches], [], 'each of them by one worker, once';
for my $sync (@syncs) {
    my @seen = map { $_->get("/api/data-sync/$sync", headers => [Accept => 'application/json', 'Content-Type' => 'application/json'])->content } @nodes;
    is $seen[0], $seen[1], "both nodes say the same of $sync";
}
for my $n (0, 1) {
    $workers[$n]->stop;
    is $nodes[$n]->import_run('open-import', "vin\nD$n\n")->{state}, 'finished', 'with one worker stopped the other one goes on';
    $workers[$n]->start;
    $workers[$n]->pids_wait(4);
}

# The unit for systemd

SKIP: {
    my $analyze = (grep { -x } map { "$_/systemd-analyze" } split /:/, $ENV{PATH})[0] or skip 'systemd is not installed', 2;
    my $unit = DSClient::text_of("$ENV{DS_BUILDDIR}/conf/datasync-worker.service");
    my $bin = DSNode::run_dir() . '/bin';
    $unit =~ s{^ExecStart=\S+/datasync-worker}{ExecStart=$bin/datasync-worker}m or die "no ExecStart in the unit\n";
    my $path = $workers[0]->file_write('datasync-worker.service', 0644, $unit);
    my $said = `$analyze verify --man=no $path 2>&1`;
    ok $? == 0 && $said !~ /datasync-worker\.service/, 'systemd finds nothing wrong in the unit' or diag $said;
    $said = `$analyze security --no-pager --offline=yes --threshold=20 $path 2>&1`;
    is $?, 0, 'and nothing that leaves it open' or diag $said;
}

$second->stop;
is $_->stop, 0, "a worker leaves with 0" for @workers;
unlike join('', map { $_->log_text } @workers), qr/:(?:emerg|alert|crit|error)\]/, 'nothing unexpected stands in the logs of the workers';
finish($node);
done_testing;
