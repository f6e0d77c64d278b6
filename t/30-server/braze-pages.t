# Pages of the histories, their cursors and their Link header. One that is wrong ends a client's loop too early, or never.
use strict;
use warnings FATAL => 'all';
use DSBraze;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;
use LWP::UserAgent;
use MIME::Base64 qw(encode_base64);
use POSIX qw(WNOHANG _exit);

my $node = DSNode->start(config => braze_config("DataSyncBraze list=100000 status=100000 sync=100000\nStartServers 2\n"));
my $braze = DSBraze->new($node);
my $history = $braze->history_path('event-import');
my $serial = 0;

# One more job, which can be told by its rows.
sub job_add {
    my $text = join '', "id\n", map { "E$_\n" } 1 .. ++$serial;
    return $node->import_run('event-import', $text);
}

sub numbers { return join ' ', map { $_->{rows_synced} } @_ }
sub cursor { return encode_base64("skip:$_[0]", '') }

job_add() for 1 .. 10;
my $response = $braze->get($history);
is numbers(DSBraze::results($response)), '10 9 8 7 6 5 4 3 2 1', 'ten jobs are one page, the newest first';
is $response->header('Link'), undef, 'which has no other';
job_add() for 1 .. 15;

$response = $braze->get($history);
is $response->header('Link'), "<$history?cursor=c2tpcDoxMA==>; rel=\"next\"", 'the first page of 25 has the form of the document';
$response = $braze->get(DSBraze::links($response)->{next});
is numbers(DSBraze::results($response)), '15 14 13 12 11 10 9 8 7 6', 'the next page goes on where it ended';
is $response->header('Link'), "<$history?cursor=c2tpcDow>; rel=\"prev\",<$history?cursor=c2tpcDoyMA==>; rel=\"next\"",
    'a page in the middle has both, as the document writes them';
is numbers(DSBraze::results($braze->get(DSBraze::links($response)->{prev}))), '25 24 23 22 21 20 19 18 17 16',
    'the way back leads to the first page';
$response = $braze->get(DSBraze::links($response)->{next});
is numbers(DSBraze::results($response)), '5 4 3 2 1', 'the last page has the rest';
is $response->header('Link'), "<$history?cursor=c2tpcDoxMA==>; rel=\"prev\"", 'and no next';

# Cursors.
for (['raw', cursor(10)], ['with its padding escaped', 'c2tpcDoxMA%3D%3D'], ['without its padding', 'c2tpcDoxMA'], ['with half of it', 'c2tpcDoxMA='],
     ['escaped whole', join '', map { sprintf '%%%02x', ord } split //, cursor(10)]) {
    my ($how, $cursor) = @$_;
    is numbers(DSBraze::results($braze->get("$history?cursor=$cursor"))), '15 14 13 12 11 10 9 8 7 6', "a cursor $how is taken";
}
is numbers(DSBraze::results($braze->get("$history?x=1&cursor=" . cursor(24) . '&y=2'))), '1', 'beside other parameters too';
is numbers(DSBraze::results($braze->get("$history?cursor=" . cursor(7)))), '18 17 16 15 14 13 12 11 10 9', 'any number may be skipped';
is DSBraze::links($braze->get("$history?cursor=" . cursor(7)))->{prev}, "$history?cursor=c2tpcDow", 'a page before it begins at the first job';
for my $far (25, 1000, '9' x 18, '9' x 400) {
    is numbers(DSBraze::results($braze->get("$history?cursor=" . cursor($far)))), '', 'to skip ' . substr($far, 0, 20) . ' leaves none';
}
for my $bad ('', '=', 'x', '10', cursor(-1), cursor('+1'), cursor(' 1'), cursor('1 '), cursor(''), cursor('1.5'), cursor('0x10'), cursor('10') . '===',
             'c2tpcDoxMA%', 'c2tpcDox%zz', 'c2tpc DoxMA', '%00', 'c2tpcDoxMA%00', 'c2tpcDoxMB==', '!!!!', 'c2tpcDoxMA==x', encode_base64('SKIP:1', ''),
             encode_base64("skip:1\0002", ''), encode_base64('jump:1', ''), encode_base64('skip:1,skip:2', ''), 'A' x 4000, "%E2%82%AC") {
    my $refused = $braze->get("$history?cursor=" . ($bad =~ s/ /%20/gr));
    is $refused->code . $refused->content, '400{"message":"Invalid cursor"}', 'what is no cursor is refused: ' . substr($bad, 0, 30);
}
is $braze->get('/cdi/integrations?cursor=x')->content, '{"message":"Invalid cursor"}', 'in the list of integrations too';

# Jobs that come while somebody reads: each job that was there at the beginning is seen.
my $before = $serial;
my @seen = $braze->all($history, sub { job_add() for 1 .. 3 });
my %seen = map { $_->{rows_synced} => 1 } @seen;
is join(' ', grep { !$seen{$_} } 1 .. $before), '', 'a reader loses no job while jobs are added between its pages';
ok @seen > $before, 'it may see some twice, which a skip cannot help';
my @order = map { $_->{rows_synced} } $braze->all($history);
is join(' ', @order), join(' ', reverse 1 .. $serial), 'a reader who is alone sees each once';

# The same while an import and a reader race without waiting for each other.
my $pid = fork // die "fork: $!";
if (!$pid) {
    $node->{agent} = LWP::UserAgent->new(timeout => 60);
    my @codes = eval { map { DSClient::answer_wait(sub { $node->upload('event-import', "id\nR1\n") })->code } 1 .. 25 };
    _exit(@codes && !grep({ $_ != 200 } @codes) ? 0 : 1);
}
my $faults = 0;
do {
    my %found = map { $_->{rows_synced} => 1 } $braze->all($history);
    $faults += grep { !$found{$_} } 1 .. $serial;
} until waitpid($pid, WNOHANG) == $pid;
is $?, 0, 'jobs were added meanwhile';
is $faults, 0, 'each history that was read meanwhile was whole';

# Other programs: three readers of the Link header, and a client of Braze for its errors.
my $middle = $braze->get("$history?cursor=" . cursor(10))->header('Link');
my $key = $braze->{key};
my $clients = "$ENV{DS_SRCDIR}/t/30-server/braze_clients.cjs";
open my $in, '-|', 'node', $clients, $node->url(''), $middle, '00000000-0000-0000-0000-000000000000', $key or die "node: $!";
my $said = decode_json(do { local $/; <$in> } // '{}');
ok close($in), 'the clients ran';
my $both = {prev => "$history?cursor=c2tpcDow", next => "$history?cursor=c2tpcDoyMA=="};
is_deeply $said->{links}{$_}, $both, "$_ reads the Link header" for 'parse-link-header', 'http-link-header', 'li';
is_deeply $said->{errors}{$_->[0]}, [$_->[1], $_->[2]], "braze-api reads the error $_->[0]"
    for ['bad key', 401, 'Invalid API key'], ['bad cursor', 400, 'Invalid cursor'], ['bad integration', 400, 'Invalid integration ID'],
        ['no such address', 404, 'There is no such address'];
is_deeply $said->{good}, {message => 'success'}, 'and what is no error';

# The command lines of the document, with our host and a key.
for my $query ('', '?cursor=c2tpcDow') {
    my $command = join "\\\n", "curl --location --request GET 'https://rest.iad-03.braze.com/cdi/integrations/00000000-0000-0000-0000-000000000000/job_sync_status$query' ",
        "--header 'Content-Type: application/json' ", "--header 'Authorization: Bearer YOUR-REST-API-KEY'";
    $command =~ s{https://rest\.iad-03\.braze\.com}{$node->url('')}e;
    $command =~ s/YOUR-REST-API-KEY/$key/;
    my $answer = decode_json(`$command --silent --max-time 60` || '{}');
    is $answer->{message}, 'success', "the command line of the document is answered: '$query'";
    is scalar(@{$answer->{results} || []}), 10, 'with ten jobs';
}
$node->stop;
finish($node);
done_testing;
