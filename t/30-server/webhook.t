# Webhooks. What fails here, another system never hears of a launch, or believes what a stranger tells it.
use strict;
use warnings FATAL => 'all';
use DSReceiver;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;
use MIME::Base64;
use Time::HiRes qw(time);

my $secret = 'whsec_' . encode_base64(join('', map { chr int rand 256 } 1 .. 32), '');
my $other_secret = 'whsec_' . encode_base64('x' x 32, '');
my $script = DSNode::run_dir() . '/t/30-server/webhook_receiver.cjs';
my @node_js = ('node', $script);
my $hook = DSReceiver->start(@node_js, $secret);
my $second = DSReceiver->start(@node_js, $other_secret);
my $node = DSNode->prepare;
my $new_secret = 'whsec_' . encode_base64('y' x 32, '');
my %kept = (one => $secret, two => $other_secret, three => $new_secret);
for my $name (sort keys %kept) {
    open my $out, '>', "$node->{dir}/$name" or die $!;
    print {$out} "$kept{$name}\n";
    close $out or die $!;
    chmod 0600, "$node->{dir}/$name" or die $!;
}

sub webhook_line {
    my ($receiver, $name, $old) = @_;
    return "DataSyncWebhook http://127.0.0.1:$receiver->{port}/hooks/private-$name secret=file:$node->{dir}/$name http=allowed"
        . ($old ? " old-secret=file:$node->{dir}/$old" : '') . "\n";
}

my $base = DSNode->worker_config('runners=2 lease=10') . DSNode::usual_config() . "DataSyncAPI prisma\nDataSyncAPI liquid\n";
$node->config_write($base . webhook_line($hook, 'one'))->start;

# The bodies that a receiver has taken of a launch, the first try of each: "type ..." in their order.
sub told {
    my ($receiver, $id) = @_;
    my %seen;
    my @of_launch = grep { $_->{data}{id} == $id } map { +{%{decode_json($_->{body})}, id => $_->{headers}{'webhook-id'}} }
        grep { $_->{status} < 300 } $receiver->received;
    return map { $_->{type} } grep { !$seen{$_->{id}}++ } @of_launch;
}

sub told_wait {
    my ($receiver, $id, $count) = @_;
    return join ' ', sort @{wait_for("$count messages about launch $id", sub { my @types = told($receiver, $id); @types >= $count && \@types })};
}

sub waiting {
    return $node->value("SELECT count(*) AS n FROM ds_outbox WHERE state = 'waiting'");
}

# This machine is no place for a webhook, unless the administrator says so.
my $launch = $node->import_run('open-import', "vin\nW1\n");
$node->log_wait(qr/DS0570: the webhook at 127\.0\.0\.1 does not take a message, it is tried again: .*DataSyncEgressAllow/);
is scalar($hook->received), 0, 'an address of this machine is not called';
$node->config_write("${base}DataSyncEgressAllow 127.0.0.1\n" . webhook_line($hook, 'one'));
$node->graceful;
is told_wait($hook, $launch->{id}, 3), 'launch.finished launch.queued launch.running', 'where it is allowed each change of a launch is told';
my ($call) = grep { decode_json($_->{body})->{type} eq 'launch.finished' } $hook->received;
is $call->{verdict}, 'good', 'the reference library finds the signature good';
is "$call->{method} $call->{url}", 'POST /hooks/private-one', 'it comes to the address that was configured';
is $call->{headers}{'content-type'}, 'application/json', 'as JSON';
my $body = decode_json($call->{body});
like $body->{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'with the time when it happened';
is_deeply [@{$body->{data}}{qw(id uuid sync object kind state message rows_read rows_ok dry_run)}],
    [@$launch{qw(id uuid)}, 'open-import', 'car_c', 'import', 'finished', $launch->{message}, 1, 1, JSON::PP::false], 'and what has happened';
like $body->{data}{finished_at}, qr/Z$/, 'times are texts';

# Other changes.
$node->workers_halt;
$node->upload('open-import', "vin\nW2\n");
my $id = $node->launch_newest('open-import')->{id};
$node->ctl('launch', 'cancel', $id);
$node->workers_continue;
is told_wait($hook, $id, 2), 'launch.cancelled launch.queued', 'what an administrator does is told too';

# A receiver in trouble.
$hook->answer(503, 302, '200 100000');
my $count = $hook->received;
$id = $node->import_run('open-import', "vin\nW3\n")->{id};
is told_wait($hook, $id, 3), 'launch.finished launch.queued launch.running', 'a receiver in trouble hears of all when it is over';
my %ids = map { $_->{headers}{'webhook-id'} => 1 } ($hook->received)[$count .. $hook->received - 1];
is scalar(keys %ids), 3, 'each message keeps its id';
ok !(grep { $_->{url} ne '/hooks/private-one' } $hook->received), 'redirects are not followed';
ok !(grep { $_->{verdict} ne 'good' } $hook->received), 'all were signed';
wait_for('the end of all messages', sub { !waiting() });
my %taken;
$taken{$_->{headers}{'webhook-id'}}++ for grep { $_->{status} < 300 } ($hook->received)[$count .. $hook->received - 1];
is join(' ', values %taken), '1 1 1', 'who has taken a message does not get it again, however long the answer is';

# What nobody can read stands in nobody's way.
my $brakes = () = $node->log_text =~ /DS0570/g;
$node->write("INSERT INTO ds_outbox (outlet, launch_id, data, created_at, next_at) SELECT outlet, launch_id, '{}', created_at, 5 FROM ds_outbox WHERE id = 1");
$node->log_wait(qr/DS0571: message \d+ about launch \d+ for the webhook at 127\.0\.0\.1 was given up: what it tells cannot be read/);
$id = $node->import_run('open-import', "vin\nW7\n")->{id};
is told_wait($hook, $id, 3), 'launch.finished launch.queued launch.running', 'behind a message that cannot be read others are sent';
is scalar(() = $node->log_text =~ /DS0570/g), $brakes, 'which is no fault of who is to take them';

# One that is slow, beside another one.
$node->config_write("${base}DataSyncEgressAllow 127.0.0.1\n" . webhook_line($hook, 'one') . webhook_line($second, 'three', 'two'));
$node->graceful;
$hook->hold;
$id = wait_for('a launch that both are told of', sub {    # the definitions reach the database a moment later
    my $run = $node->import_run('open-import', "vin\nW4\n");
    $node->value("SELECT count(*) AS n FROM ds_outbox WHERE launch_id = $run->{id}") == 6 && $run->{id};
});
is told_wait($second, $id, 3), 'launch.finished launch.queued launch.running', 'one that is slow does not keep others from their messages';
is scalar(grep { $_->{verdict} eq 'good' } $second->received), scalar($second->received), 'each is signed with its own secret, and with the one that it had before';
like +($second->received)[0]{headers}{'webhook-signature'}, qr{^v1,\S{44} v1,\S{44}\z}, 'which is the second one';
is $node->import_run('open-import', "vin\nW5\n")->{state}, 'finished', 'nor launches from running';
$hook->release;
is told_wait($hook, $id, 3), 'launch.finished launch.queued launch.running', 'and it hears of all, too';
wait_for('the end of all messages', sub { !waiting() });

# One that wants a pause.
my $until = 2;
$count = $hook->received;
$hook->answer("503 0 $until");
$id = $node->import_run('open-import', "vin\nW8\n")->{id};
is told_wait($hook, $id, 3), 'launch.finished launch.queued launch.running', 'one that wants a pause hears of all';
my @times = map { $_->{at} } ($hook->received)[$count, $count + 1];
cmp_ok $times[1] - $times[0], '>=', $until, 'and gets the pause';

# One that wants no more.
$second->answer(410);
$count = $second->received;
$id = $node->import_run('open-import', "vin\nW6\n")->{id};
$node->log_wait(qr/DS0571.*was given up: it answered with status 410/);
is told_wait($hook, $id, 3), 'launch.finished launch.queued launch.running', 'the others go on';
is $second->received - $count, 1, 'a receiver that is gone is left alone';

# One that wants a pause for ever.
$hook->answer('429 0 999999999');
$id = $node->import_run('open-import', "vin\nW9\n")->{id};
my $asked = wait_for('a message with a fault', sub {
    $node->value("SELECT max(next_at - created_at) AS n FROM ds_outbox WHERE launch_id = $id AND fault LIKE '%429'");
});
cmp_ok abs($asked / 1e6 - 3600), '<', 300, 'is asked again in an hour';

# Secrets.
my ($code, $dump) = $node->config_check(DSClient::text_of($node->{config}) =~ s/.*?(?=DataSyncDatabase)//sr, '-DDUMP_CONFIG');
my @seen = ($node->log_text, $dump, map { (DSClient::text_of("/proc/$_/cmdline"), DSClient::text_of("/proc/$_/environ")) } $node->worker_pids);
my @in_database = map { values %$_ } $node->rows('SELECT data, fault, outlet FROM ds_outbox'), $node->rows('SELECT body FROM ds_definition');
for ($secret, $other_secret, $new_secret) {
    my $word = $_;
    is scalar(grep { defined && index($_, $word) >= 0 } @seen, @in_database), 0, 'no log, command line, dump or table shows a secret';
}
is scalar(grep { defined && /private-/ } $node->log_text, @in_database), 0, 'log and database show the hosts of webhooks alone';
$node->stop;
finish($node, qr/DS0511: datasync-sender .* signal 9/);    # asked to leave in the middle of a call
done_testing;
