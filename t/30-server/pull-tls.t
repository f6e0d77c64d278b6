# Pulls and webhooks over TLS: a server that cannot prove who it is must not be told the key of the API, nor what is
# going on here, nor fill a field.
use strict;
use warnings FATAL => 'all';
use DSCertificate;
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';

my $ours = authority_make('ours');
authority_make('strange');
my $here = 'IP:127.0.0.1';
my %certificates = (
    good => [certificate_make('ours', 'good', $here)],
    itself => [self_signed_make('itself', $here)],
    stranger => [certificate_make('strange', 'stranger', $here)],
    other => [certificate_make('ours', 'other', 'DNS:api.example.com')],
    late => [certificate_make('ours', 'late', $here, days => -1)],
);
my %refused = (
    itself => qr/self.signed certificate/,
    stranger => qr/unable to get local issuer certificate/,
    other => qr/no alternative certificate subject name matches target host name '127\.0\.0\.1'/,
    late => qr/certificate has expired/,
);
my $items = sub {
    my ($request) = @_;
    return [302, {Location => 'http://127.0.0.1:9/items/good'}, ''] if $request->uri->path eq '/items/plain';
    return DSRest::json({data => {items => [{id => 1, name => 'a'}]}});
};
my %servers = map { $_ => DSRest->start($items, certificate => $certificates{$_}) } sort keys %certificates;
my $node = DSNode->prepare(config => '');
my $secret = $node->secret_write(key => 'whsec_dGhlIGtleSBvZiB0aGUgQVBJIGFuZCBvZiBob29rcw==');
my $webhooks = join '', map { 'DataSyncWebhook ' . $servers{$_}->url("/hooks/$_") . " secret=file:$secret\n" } 'good', 'stranger';
my @lines = (spec => spec_of({type => 'NONE'}), lines => "SourceAuth bearer secret=file:$secret\n");
$node->config_write(DSNode->worker_config('runners=2') . "DataSyncEgressAllow 127.0.0.1 ca=$ours\nDataSyncAPI prisma\n$webhooks"
    . join '', pull_sync($node, $servers{good}, 'plain', @lines, set => 'plain'), map { pull_sync($node, $servers{$_}, $_, @lines, set => $_) } sort keys %servers)->start;

my %ids = map { ($_ => $node->ctl('run', $_)->{id}) } sort(keys %servers), 'plain';
is $node->launch_ended($ids{good})->{state}, 'finished', 'a server whose authority is configured is asked' or diag $node->launch($ids{good})->{message};
is ids_of($node, 'good'), 1, 'and its records are here';
my ($asked) = grep { $_->{method} eq 'GET' } $servers{good}->asked;
like $asked->{headers}{authorization}, qr/^Bearer whsec_/, 'it is told the key';
for my $name (sort keys %refused) {
    my $launch = $node->launch_ended($ids{$name});
    is $launch->{state}, 'rejected', "$name: the launch is rejected";
    like $launch->{message}, qr{^config_error: GET https://127\.0\.0\.1:\d+/items/$name: .*$refused{$name}.*\. 0 rows}, 'and says why';
    is scalar($servers{$name}->asked), 0, 'nothing was sent';
    is $node->value("SELECT count(*) AS n FROM $name"), 0, 'and nothing taken';
}
my $launch = $node->launch_ended($ids{plain});
is $launch->{state}, 'rejected', 'a redirect to http is not followed';
like $launch->{message}, qr{^config_error: GET \S+/items/plain: http://127\.0\.0\.1:9/items/good is not https, and http is not allowed}, 'and says so';
wait_for('a message to the webhook that is trusted', sub { $servers{good}->asked_count(qr{^/hooks/good}) });
$node->log_wait(qr/DS0570: the webhook at 127\.0\.0\.1 does not take a message, it is tried again: .*unable to get local issuer certificate/);
is scalar($servers{stranger}->asked), 0, 'a webhook of a stranger is told nothing';
my ($text, $code) = $node->ctl_run('source', 'preview', 'good');
is $code, 0, 'a preview trusts the same authorities' or diag $text;
$node->stop;
finish($node);
done_testing;
