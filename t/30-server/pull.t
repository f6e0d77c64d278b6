# Pulls: what fails here is a record that is missing in the morning, or one that is there twice, because a page was
# left out or asked for again.
use strict;
use warnings FATAL => 'all';
use DSBraze;
use DSLiquid;
use DSMarketo;
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';

my $page = 2;    # records of one page

# A server with as many pages as the last part of the path says, in the style of the part before it.
sub items_serve {
    my ($request, $server) = @_;
    my ($style, $pages) = $request->uri->path =~ m{^/items/([a-z]+)-(\d+)} or return [404, {}, '{"error":"no such list"}'];
    my $query = DSRest::query($request);
    my $at = {offset => sub { ($query->{offset} // 0) / $page }, page => sub { ($query->{page} // 1) - 1 },
              header => sub { $request->header('X-Next') // 0 },
              counted => sub { $query->{page} // 0 }}->{$style} // sub { $query->{after} // 0 };
    $at = $at->();
    my @items = map { {id => $_, name => "item $_"} } $at < $pages ? ($at * $page + 1 .. $at * $page + $page) : ();
    my $next = $at + 1 < $pages ? $at + 1 : undef;
    my $base = $request->uri->path;
    my %answer = (data => {items => \@items, total => $pages * $page}, more => $next ? JSON::PP::true : JSON::PP::false);
    $answer{next} = defined $next ? "$base?after=$next" : undef if $style eq 'pointer';
    $answer{cursor} = $next if $style =~ /^(?:token|header)$/;
    my %headers = $style eq 'counted' ? ('X-PageCount' => $pages) : ();
    $headers{Link} = "<" . $server->url("$base?after=$next") . ">; rel=\"next\"" if $style eq 'link' && defined $next;
    return DSRest::json(\%answer, %headers);
}

my %paging = (
    offset => {type => 'OFFSET', limitName => 'limit', limitValue => $page, offSetName => 'offset',
               endConditionName => '$.more', endConditionValue => 'Const:false'},
    pointer => {type => 'POINTER', limitName => 'limit', limitValue => $page, pointerPath => 'next'},
    token => {type => 'CONTINUATION_TOKEN', continuationTokenPath => '$.cursor', parameterType => 'QUERYPARAM',
              parameterName => 'after'},
    header => {type => 'CONTINUATION_TOKEN', continuationTokenPath => '$.cursor', parameterType => 'HEADERPARAM',
               parameterName => 'X-Next'},
    page => {type => 'PAGE', limitName => 'size', limitValue => $page, initialPageIndex => 1, pageParamName => 'page'},
    counted => {type => 'PAGE', limitName => 'size', limitValue => $page, endPageIndex => 'headers.x-pagecount',
                pageParamName => 'page'},
    link => {type => 'NONE'},
);
# Styles whose last page is known only by the empty one behind it.
my %one_more = (page => 1);

my $server = DSRest->start(\&items_serve);
my $node = DSNode->prepare(config => '');
my @cases = map { my $style = $_; map { [$style, $_] } 1, 2, 10 } sort keys %paging;
push @cases, map { [$_ => 1000] } $ENV{DS_TEST_POSTGRES} ? 'offset' : sort keys %paging;    # the styles know no database
$node->config_write(pull_config(4, join('', map { "DataSyncAPI $_\n" } qw(braze liquid marketo)), map {
    pull_sync($node, $server, "$_->[0]-$_->[1]", spec => spec_of($paging{$_->[0]}), set => "$_->[0]-$_->[1]")
} @cases))->start;
$node->ctl('run', "$_->[0]-$_->[1]") for sort { $b->[1] <=> $a->[1] } @cases;
my ($done, $left) = (-1, 1);
while ($left) {    # as long as there is a page more, however slow the machine
    my $before = $done;
    wait_for('another page', sub {
        my ($now) = $node->rows('SELECT sum(rows_read) + count(finished_at) AS done, count(*) - count(finished_at) AS rest FROM ds_launch');
        ($done, $left) = @$now{qw(done rest)};
        return $done > $before;
    });
}
my %seen = map { $_->{sync_id} => $_ } $node->rows('SELECT sync_id, state, rows_read, rows_ok, rows_failed, rows_skipped, message FROM ds_launch');
my %table = map { $_->{name} => $_ } $node->rows(join ' UNION ALL ', map {
    my $name = "$_->[0]_$_->[1]";
    "SELECT '$name' AS name, count(*) AS count, min(id) AS least, max(id) AS most FROM $name"
} @cases);
my %asked;
$asked{s/[?\t].*//r}++ for $server->asked_lines;
for my $case (@cases) {
    my ($style, $pages) = @$case;
    my $name = "$style-$pages";
    my $all = $pages * $page;
    my $launch = $seen{$name};
    is "$launch->{state} " . DSClient::counts($launch), "finished $all $all 0 0", "$style: all records of $pages pages, each counted once"
        or diag $launch->{message};
    is join(' ', @{$table{"${style}_$pages"}}{qw(count least most)}), "$all 1 $all", 'and in the table';
    is $asked{"/items/$name"}, $pages + ($one_more{$style} // 0), 'each page was asked for once';
}
my ($first) = grep { $_->{path} =~ m{^/items/offset-2\b} } $server->asked;
is $first->{path}, '/items/offset-2?limit=2&offset=0', 'a page is asked for as the spec says';
my (undef, $second) = grep { $_->{path} =~ m{^/items/header-2\b} } $server->asked;
is $second->{headers}{'x-next'}, 1, 'a token goes into its header';
my $braze = DSBraze->new($node);
is $braze->post($braze->sync_path('offset-1'))->code, 202, 'Braze starts a pull';
my $run = $node->launch_ended($node->launch_newest('offset-1')->{id});
is $run->{message}, '2 rows pulled', 'which runs as any other';
is $braze->newest('offset-1')->{job_status}, 'success', 'and Braze sees its end';
my $status = $node->json_get('/api/data-sync/offset-1')->{'latest-launch'};
is_deeply [@$status{qw(id status status-message)}], [$run->{id}, 'finished', '2 rows pulled'], 'Prisma too';
my $job = DSLiquid->new($node, objects => ['offset_1'])->status($run->{uuid});
is_deeply [@$job{qw(status jobName)}], ['Completed', 'offset-1'], 'and Liquid';
my $marketo = DSMarketo->new($node, objects => ['offset_1']);
my $batch = DSMarketo::json($marketo->get("/bulk/v1/customobjects/offset_1/import/$run->{id}/status.json"))->{result}[0];
is_deeply [@$batch{qw(batchId status numOfObjectsProcessed numOfRowsFailed)}], [$run->{id}, 'Complete', 2, 0],
    'and Marketo, to whom it is an import';
$node->stop;
finish($node);
done_testing;
