# The eight states of the protocol Liquid. What fails here, a partner's script waits for a state that never comes.
use strict;
use warnings FATAL => 'all';
use DSLiquid;
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;

my $node = DSNode->start(config => liquid_config());
my $liquid = DSLiquid->new($node, objects => [qw(car_c part)]);

# A job of one state, and its id.
sub job_send {
    my (@fields) = @_;
    return DSLiquid::json($liquid->import_send(@fields))->{jobId};
}

# One that is made and does not wait for a runner yet: an extract of Marketo that its client has not put into the queue.
sub extract_create {
    my $marketo = DSMarketo->new($node, objects => ['car_c']);
    my $request = HTTP::Request->new(POST => $node->url('/bulk/v1/customobjects/car_c/export/create.json'),
        [Authorization => 'Bearer ' . $marketo->token, Content_Type => 'application/json'],
        encode_json({fields => ['vin'], filter => {updatedAt => {startAt => '2022-01-01T00:00:00Z', endAt => '2022-01-20T00:00:00Z'}}}));
    return DSMarketo::json($node->{agent}->request($request))->{result}[0]{exportId};
}

# What leads to each: a job's id, or the answer that shows it. Nobody works at first; later one job takes long.
my ($waiting, $long);
my @states = (
    [Initialized => sub { extract_create() }, qr/^The job has been received$/],
    [Accepted => sub { $node->workers_halt; $waiting = job_send("vin\nST1\n") }, qr/^The file has been stored and the job is ready for processing$/],
    [Completed => sub { $node->workers_continue; $liquid->ended($waiting); $waiting }, qr/^1 row imported$/],
    [Rejected => sub { job_send("vin\nST1\n", merge => 'perhaps') }, qr/^merge: write true or false$/],
    [Failed => sub { my $job = job_send(''); $liquid->ended($job); $job }, qr/^The file is empty/],
    [Processing => sub {
        $node->rows_slow('part_slow', 'BEFORE INSERT ON part', 300_000);
        $long = job_send("sku\n" . join('', map { "ST$_\n" } 1 .. 60_000), itemType => 'part');
        $node->runner_halt($node->value("SELECT id FROM ds_launch WHERE uuid = '$long'"));
        $long;
    }, qr/^The job is being processed$/],
    [Canceling => sub { DSLiquid::json($liquid->post('cancel', [jobId => $long])) }, qr/^The job will be canceled$/],
    [Canceled => sub { $node->workers_continue; $liquid->ended($long); $long }, qr/^Cancelled by user: client \Q$liquid->{id}\E/],
);
for (@states) {
    my ($state, $make, $reason) = @$_;
    my $made = $make->();
    my $job = ref $made ? $made : $liquid->status($made);
    is $job->{status}, $state, "$state is reached";
    like $job->{reason}, $reason, "$state: the reason";
    is join(' ', sort keys %$job), 'contentType itemType jobId jobName notificationEmail reason recordsProcessed runTime status submitTime',
        "$state: every field is there";
}

# A job about nothing that there is.
for (['of an item type that is not known', itemType => 'Nobody'], ['of somebody else\'s', itemType => 'stock'], ['without an item type', itemType => undef]) {
    my ($name, @fields) = @$_;
    my $rejected = DSLiquid::json($liquid->import_send("vin\nST9\n", @fields));
    is $rejected->{status}, 'Rejected', "a job $name is rejected";
    is_deeply $liquid->status($rejected->{jobId}), $rejected, 'and can be asked for';
    is DSLiquid::outcome($liquid->post('cancel', [jobId => $rejected->{jobId}])), '200 Rejected', 'it stays so';
    is DSLiquid::outcome(DSLiquid->new($node)->post('status', [jobId => $rejected->{jobId}])), '404 not_found', 'nobody else sees it';
}
my $rejected = DSLiquid::json($liquid->export_send(itemType => 'Nobody'));
is_deeply $liquid->status($rejected->{jobId}), $rejected, 'the same for an export';

# Errors in templates: line and column.
for (['a directive that is none', "\$sku\n  #parse('x')", 'line 2, column 3: '], ['a method', '$sku.length()', 'line 1, column '],
     ['a block without end', "a\nb #if(\$sku)", 'line 2, column 3: '], ['a character of two bytes', "\x{c3}\x{a4}#if(", 'line 1, column 6: ']) {
    my ($name, $template, $place) = @$_;
    my $job = DSLiquid::json($liquid->export_send(template => $template));
    is $job->{status}, 'Rejected', "$name: rejected";
    like $job->{reason}, qr/^template: \Q$place\E/, "$name: with line and column";
    is_deeply $liquid->status($job->{jobId}), $job, "$name: also later";
}
$node->stop;
finish($node);
done_testing;
