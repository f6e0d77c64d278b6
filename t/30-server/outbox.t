# Mail at the end of a job, and the link in it. What fails here, somebody waits for news of his job for ever, gets them
# twice as often, or a stranger reads his file.
use strict;
use warnings FATAL => 'all';
use utf8;
use DSLiquid;
use DSReceiver;
use DSTest;
use DSWorker;
use Apache::Test '-withtestmore';
use Digest::SHA qw(hmac_sha256_hex);
use Time::HiRes qw(time);

my $smtp = DSReceiver->start(DSNode::run_dir() . '/t/30-server/outbox_smtp.py');
my $node = DSNode->prepare;
my $lease = 120;    # half of it a sender waits for the mail server: longer than any machine stands still
my $config = DSNode->worker_config("runners=2 lease=$lease") . DSNode::usual_config() . join('', map { "DataSyncAPI $_\n" } qw(prisma liquid))
    . "DataSyncMail smtp://127.0.0.1:$smtp->{port} from=sync\@example.com tls=off\n"
    . "DataSyncLinks http://127.0.0.1:$node->{port} life=2d\n";
$node->config_write($config)->start;
my $liquid = DSLiquid->new($node, objects => [qw(part car_c)]);
my $address = 'someone@example.com';

# How many messages of mail there are in a state.
sub outbox_count {
    my ($state) = @_;
    return $node->value("SELECT count(*) AS n FROM ds_outbox WHERE state = '$state'");
}

sub sender_pid {
    return (DSClient::processes_below($node->pid, qr/^datasync-sender/))[0];
}

# An import that has ended; its job.
sub import_ended {
    my (%fields) = @_;
    return $liquid->import_run("vin,color\nM1,red\n,blue\n", notificationEmail => $address, %fields);
}

# The mail, as another program reads it.
my $job = import_ended(jobName => 'My first job');
my $mail = $smtp->received_wait(1);
is $mail->{from}, 'sync@example.com', 'mail comes from who was configured';
is_deeply $mail->{to}, [$address], 'to who has asked for it';
is_deeply [@{$mail->{headers}}{qw(from to subject auto-submitted)}],
    ['sync@example.com', $address, 'Job "My first job": Completed', 'auto-generated'], 'its head says so';
like $mail->{headers}{date}, qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/, 'with a date';
like $mail->{headers}{'message-id'}, qr/^<$job->{jobId}\.\d+\@example\.com>$/, 'and the id of the job';
is_deeply $mail->{defects}, [], 'a reader of mail finds nothing wrong';
ok $mail->{plain} && $mail->{longest} < 78, 'in lines that every server takes';
like $mail->{body}, qr/^The import job "My first job" of car_c: Completed\n\n\Q$job->{reason}\E\n/, 'it says what was done';
like $mail->{body}, qr/^Rows read: 2\nRows done: 1\nRows failed: 1\n/m, 'and counts';
unlike $mail->{body}, qr/http/, 'an import has no link';
my $name = "Größe\x{1F600} \"und\" .Länge " . 'ä' x 90;
utf8::encode(my $bytes = $name);
import_ended(jobName => $bytes);
$mail = $smtp->received_wait(2);
is $mail->{headers}{subject}, "Job \"$name\": Completed", 'a name in another language, and a long one, is read again';
like $mail->{body}, qr/\Q"$name"\E/, 'also in the text';
ok $mail->{plain} && $mail->{longest} < 78 && !@{$mail->{defects}}, 'and is plain on its way';

# Who gets mail of what.
$node->import_run('part-import', "sku,name\nA,nut\nB,bolt\n");
$job = $liquid->ended(DSLiquid::json($liquid->export_send(template => '#foreach($a in [1..900])#foreach($b in [1..900])x#end#end'))->{jobId});
$mail = $smtp->received_wait(3);
is $mail->{headers}{subject}, 'Job "Export Job": Failed', 'a job that failed is told';
like $mail->{body}, qr/\Q$job->{reason}\E/, 'with the reason' if length $job->{reason} < 60;
unlike $mail->{body}, qr/http/, 'without a link';
$node->workers_halt;
my $cancelled = DSLiquid::json($liquid->export_send)->{jobId};
$liquid->post('cancel', [jobId => $cancelled]);
$node->workers_continue;
$node->import_run('open-import', "vin\nM2\n");
$liquid->import_run("vin\nM3\n");
for (["a line end", "a\@example.com\r\nBcc: b\@example.com"], ['several', 'a@example.com,b@example.com'], ['brackets', '<a@example.com>'],
     ['a space', 'a@example.com b@example.com'], ['a parameter', 'a@example.com> SIZE=1'], ['no host', 'root'], ['a quoted part', '"a b"@example.com']) {
    my ($what, $hostile) = @$_;
    my $rejected = DSLiquid::json($liquid->export_send(notificationEmail => $hostile));
    is $rejected->{status}, 'Rejected', "an address with $what is rejected";
    like $rejected->{reason}, qr/^notificationEmail: /, "$what: the reason says so";
}
$node->write("INSERT INTO ds_outbox (outlet, launch_id, recipient, data, created_at, next_at) SELECT 'mail', 1, 'a\@example.com> SIZE=1', "
    . "data, created_at, created_at FROM ds_outbox WHERE id = 1");
$node->log_wait(qr/DS0571.*not an address/);
is_deeply [outbox_count('sent'), outbox_count('waiting')], [3, 0], 'nobody else gets mail: not who cancels, not who gave no good address';

# The link of an export.
$job = $liquid->ended(DSLiquid::json($liquid->export_send)->{jobId});
$mail = $smtp->received_wait(4);
my ($link) = $mail->{body} =~ m{^(http://127\.0\.0\.1:$node->{port}/ls/api/batch/$job->{jobId}/result\?\S+)$}m;
ok $link, 'mail about an export has a link' or diag $mail->{body};
my ($path) = $link =~ m{:\d+(/.*)};
my $got = $node->get($path);
is $got->code . ' ' . $got->content, '200 ' . $liquid->result($job->{jobId})->content, 'which fetches its file, without a token';
my $part = $node->get($path, headers => [Range => 'bytes=2-4']);
is $part->code . ' ' . $part->content, '206 ' . substr($got->content, 2, 3), 'or a part of it';
my $other = $liquid->ended(DSLiquid::json($liquid->export_send(notificationEmail => ''))->{jobId});
my $key = $node->value("SELECT value FROM ds_secret WHERE name = 'links'");
my $signed = sub {
    my ($uuid, $expires) = @_;
    return "/ls/api/batch/$uuid/result?expires=$expires&signature=" . hmac_sha256_hex("result of a launch\n$uuid\n$expires", $key);
};
my ($expires) = $path =~ /expires=(\d+)/;
cmp_ok abs($expires - time - 2 * 86400), '<', 300, 'it is good for as long as the configuration says';
is $path, $signed->($job->{jobId}, $expires), 'its signature is an HMAC-SHA-256';
for (['another signature', $path =~ s/.$/$& eq '0' ? '1' : '0'/er, 403], ['another launch', $path =~ s/$job->{jobId}/$other->{jobId}/r, 403],
     ['another time', $path =~ s/expires=\d/expires=9/r, 403], ['no signature', $path =~ s/&signature=.*//r, 401],
     ['an empty one', $path =~ s/(signature=).*/$1/r, 403], ['one that has expired', $signed->($job->{jobId}, int(time) - 5), 403],
     ['no such launch', $signed->('0b8f6b3e-3f8e-4d0b-9a57-6f4f3e4d2c1b', $expires), 404],
     ['no finished one', $signed->($cancelled, $expires), 404]) {
    my ($what, $wrong, $code) = @$_;
    my $answer = $node->get($wrong);
    is $answer->code, $code, "a link with $what: $code";
    like $answer->content, qr/^\{"error":"\w+","error_description":"/, "$what: as the protocol does";
}
is DSLiquid::outcome($node->get($path =~ s/result/nothing/r)), '404 not_found', 'a link opens nothing else';
is DSLiquid::outcome($node->request(HTTP::Request->new(POST => $node->url($path =~ s{[^/]+/result}{status}r)))), '401 invalid_token', 'nor another call';

# A server that refuses one mail: others pass, and the mail is given up soon.
$smtp->answer(('550 5.1.1 no such user') x 3);
import_ended(jobName => 'Refused');
$node->log_wait(qr/DS0571: message \d+ about launch \d+ for the mail server 127\.0\.0\.1 was given up: .*550/);
$smtp->answer('451 4.7.1 later');
import_ended(jobName => 'Grey');
is $smtp->received_wait(5)->{headers}{subject}, 'Job "Grey": Completed', 'a mail that a server wants later comes later';

# A server that is away.
$smtp->stop;
import_ended(jobName => 'Late');
$node->log_wait(qr/DS0570: the mail server 127\.0\.0\.1 does not take a message, it is tried again: /);
is outbox_count('waiting'), 1, 'mail waits while the server is away';
my $listed = wait_for('a message with a fault', sub { my ($newest) = @{$node->ctl('outbox', 'list', '--limit', 1)}; $newest->{fault} && $newest });
is_deeply [@$listed{qw(outlet state ended)}], ['mail', 'waiting', undef], 'datasyncctl shows it, and why';
$smtp->start;
is $smtp->received_wait(6)->{headers}{subject}, 'Job "Late": Completed', 'and goes when it is back';
$node->log_wait(qr/DS0572/);

# A sender that dies when the server has taken a mail and has not yet said so.
$smtp->hold;
my $sender = sender_pid();
import_ended(jobName => 'Twice');
my $first = $smtp->received_wait(7);
kill KILL => $sender;
$node->log_wait(qr/DS0511: datasync-sender/);
$smtp->release;
$node->write("UPDATE ds_outbox SET next_at = 0 WHERE state = 'waiting'");    # as if its lease were over
my $second = $smtp->received_wait(8);
is $second->{headers}{'message-id'}, $first->{headers}{'message-id'}, 'what a dead sender may have sent is sent again, as the same mail';
wait_for('the end of all mail', sub { !outbox_count('waiting') });
is scalar($smtp->received), 8, 'and nothing else is';
isnt sender_pid(), $sender, 'by another sender';

# A server that hangs.
$smtp->hold;
import_ended(jobName => 'Stopped');
$smtp->received_wait(9);
is $node->import_run('open-import', "vin\nM9\n")->{state}, 'finished', 'while a mail server hangs launches run';
my $begin = time;
$node->stop;
cmp_ok time - $begin, '<', $lease / 4, 'a mail server that hangs does not hold up the end of httpd';
is outbox_count('waiting'), 1, 'and the mail stays';
$smtp->release;
finish($node, qr/DS0511: datasync-sender .* signal 9/);

# A worker elsewhere sends for web nodes that have none.
my $web = DSNode->prepare;
$web->config_write($config =~ s/DataSyncWorker On.*$/'DataSyncWorker Off program=' . DSWorker::program()/emr)->start;
$web->log_wait(qr/DS0101/);
my %where = (db_driver => $web->{database}{driver}, db_params => $web->{database}{params});
my %how = (server => "smtp://127.0.0.1:$smtp->{port}", from => 'far@example.com', tls => 'off', rate => '1');
my %strict = (%how, tls => 'required', user => 'me', password => 'hunter2hunter2');
my $worker = DSWorker->prepare(members => {%where, mail => \%strict})->start;
my $partner = DSLiquid->new($web);
$partner->import_run("vin,color\nF1,red\n", notificationEmail => $address, jobName => 'Far');
$worker->log_wait(qr/DS0570: the mail server 127\.0\.0\.1 does not take a message/);
is scalar(grep { $_->{from} eq 'far@example.com' } $smtp->received), 0, 'where TLS is required nothing goes to a server that has none';
unlike $worker->log_text, qr/hunter2/, 'and the log does not show the password';
$worker->stop;
$begin = time;
$worker = DSWorker->prepare(members => {%where, mail => \%how})->start;
my ($far) = @{wait_for('mail of a worker elsewhere', sub { my @far = grep { $_->{from} eq 'far@example.com' } $smtp->received; @far && \@far })};
is $far->{headers}{subject}, 'Job "Far": Completed', 'a worker that runs alone sends mail';
$partner->import_run("vin,color\nF$_,red\n", notificationEmail => $address) for 2 .. 4;
my $tried = $web->value('SELECT count(*) AS n FROM ds_outbox WHERE tries > 0');
cmp_ok $tried, '<=', 1 + int((time - $begin) / 60), 'and not more of it than it may: one in a minute';
$worker->stop;
$web->stop;
finish($web);
done_testing;
