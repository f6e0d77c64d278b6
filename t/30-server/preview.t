# What an administrator sees of a source before it runs: a preview that shows other values than a pull would load, or
# that shows the credential, is worse than none.
use strict;
use warnings FATAL => 'all';
use DSRest;
use DSTest;
use JSON::PP;
use Apache::Test '-withtestmore';

# The API of Mailchimp's lists, as far as the source spec asks it.
my $answer = {list_id => '10c097ca71', total_items => 2, _links => [{rel => 'self'}], members => [
    {id => 'm1', email_address => "one\x{9b}\@example.com", status => 'subscribed', stats => {avg_open_rate => 0.25}, _links => [1]},
    {id => 'm2', email_address => 'two@example.com', status => 'cleaned', stats => {avg_open_rate => 1}, _links => []}]};
my $rest = DSRest->start(sub {
    my ($request) = @_;
    return [401, {}, '{"title":"API Key Invalid"}'] if ($request->header('Authorization') // '') ne 'Basic bWU6aHVudGVyMmh1bnRlcjI=';
    return [404, {}, '{}'] if $request->uri->path ne '/3.0/lists/10c097ca71/members';
    return [200, {}, encode_json($answer)];
});

my $node = DSNode->prepare(config => '');
my $secret = "$node->{dir}/state/secret";
open my $out, '>', $secret or die $!;
print {$out} "hunter2hunter2\n";
close $out or die $!;
chmod 0640, $secret or die $!;
chown scalar getpwnam('nobody'), -1, $secret or die $! if $> == 0;
my $spec = "$ENV{DS_SRCDIR}/t/data/source/mailchimp-members.json";

sub pull {
    my ($id, @lines) = @_;
    return "<DataSync $id>\nKind pull\nObject member\n" . join('', map { "$_\n" } "SourceSpec $spec", 'SourceParam domain us10',
        'SourceParam listId 10c097ca71', 'SourceHost ' . $rest->url, @lines) . "</DataSync>\n";
}
$node->config_write($node->worker_config . "DataSyncEgressAllow http 127.0.0.1\n"
    . "<DataSyncObject member>\nField id string\nField mail text\nField status string\nField rate decimal\nField list_id string\nKey id\n</DataSyncObject>\n"
    . pull('members', "SourceAuth basic user=me secret=file:$secret", 'Map mail $.member.email_address', 'Map rate $.member.stats.avg_open_rate')
    . pull('strangers', 'SourceAuth none', 'Map rate $.member.nothing') . "<DataSync other>\nObject member\n</DataSync>\nDataSyncAPI prisma\n");
$node->start;

# What people read: both outputs, and the exit code.
sub plainly {
    my (@words) = @_;
    my $pid = open my $in, '-|' // die;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec "$node->{bin}/datasyncctl", '--database', $node->{database}->place, @words or die $!;
    }
    local $/;
    my $said = <$in>;
    close $in;
    return ($said, $? >> 8);
}

# A list of rows as {"WHAT NAME" => VALUE}.
sub seen {
    my ($json) = @_;
    my $rows = eval { decode_json($json) } // [];
    return {map { ("$_->{what} $_->{name}" => $_->{value}) } @$rows};
}

my ($text, $code) = $node->ctl_run('source', 'preview', 'members', '--limit', 1);
is $code, 0, 'a source is asked' or diag $text;
is_deeply seen($text), {'column member.id' => 'm1', 'column member.email_address' => "one\x{9b}\@example.com", 'column member.status' => 'subscribed',
                   'column member.stats.avg_open_rate' => '0.25', 'field id' => 'm1', 'field mail' => "one\x{9b}\@example.com",
                   'field status' => 'subscribed', 'field rate' => '0.25', 'field list_id' => undef},
    'the columns of its first record, and the fields that they fill; what the spec skips is in neither';
my ($asked) = $rest->asked;
like $asked->{path}, qr{^/3\.0/lists/10c097ca71/members\?before_last_changed=\d{4}-\d\d-\d\dT\S+&count=100&offset=0$}, 'the request is that of the first page of a first run';
($text, $code) = plainly('source', 'preview', 'members');
is scalar(() = $text =~ /^ *[12] /mg), 18, 'a table has a line for each column and field of each record';
unlike $text, qr/\x{9b}|\xc2\x9b/, 'and nothing in it that drives a terminal';

($text, $code) = plainly('source', 'preview', 'strangers');
is $code, 1, 'a source that refuses is an error';
like $text, qr/the server answered 401: .*API Key Invalid/, 'which shows what it said';
($text, $code) = plainly('source', 'preview', 'other');
like $text, qr/other is of kind import: only a pull has a source/, 'a sync of another kind has none';

# From a file: an answer that somebody else has fetched.
my $file = "$node->{dir}/answer.json";
open $out, '>', $file or die $!;
print {$out} encode_json({%$answer, members => [{id => 7, status => undef}]});
close $out or die $!;
my $before = $rest->asked_count(qr/./);
($text, $code) = $node->ctl_run('source', 'preview', 'strangers', $file);
is_deeply seen($text), {'column member.id' => '7', 'column member.status' => undef, 'field id' => '7', 'field mail' => undef, 'field status' => undef,
                        'field rate' => undef, 'field list_id' => undef}, 'an answer in a file is taken as it is';
is $rest->asked_count(qr/./), $before, 'and nobody is asked';
open $out, '>', $file or die $!;
print {$out} '{"members": {"id": 1}}';
close $out or die $!;
($text, $code) = plainly('source', 'preview', 'strangers', $file);
like $text, qr/the answer has no array at \$\.members/, 'an answer without the array of the spec is named';
unlike join('', map { DSClient::text_of($_) } $node->{log}), qr/hunter2/, 'no secret stands in the log';
$node->stop;
done_testing;
