# An API that is asked by POST, and wants a pause between two requests: what the body asks for decides what comes, and
# who asks too fast is shut out, however many pulls there are.
use strict;
use warnings FATAL => 'all';
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;
use Time::HiRes qw(time);

my ($pages, $gap, $syncs) = (4, 0.1, 3);

# Pages are numbered from 5; what the first one is, and how many there are, its answers tell.
my $server = DSRest->start(sub {
    my ($request) = @_;
    my $body = eval { decode_json($request->content) } // {};
    return [405, {}, '{}'] if $request->method ne 'POST';
    return [400, {}, '{"error":"no such list"}'] if ref $body->{filter} ne 'HASH' || ($body->{list} // '') !~ /^list "\d"$/;
    my $at = DSRest::query($request)->{page} // 5;
    return DSRest::json({items => [map { my $id = 2 * ($at - 5) + $_; {id => $id, name => "item $id"} } 1, 2], count => {pages => $pages}}, 'X-First-Page' => 5);
});

my %spec = (
    urlParams => {host => 'https://api.example.com', path => '/search', method => 'POST', queryParams => 'view=all,archived=no'},
    headerParams => {'X-List' => '${list}', 'X-Until' => '{END_TIME}'},
    bodyParams => {list => '${list}', filter => {changed => '{SCHEDULE_QUERY}', limits => [10, '{END_TIME}']}},
    contentPath => '$.items',
    scheduleParams => {type => 'ADVANCE', paramFormat => 'yyyy-MM-dd HH:mm:ss', incremental => 'from {START_TIME} to {END_TIME}', backfill => 'to {END_TIME}'},
);
my %paging = (type => 'PAGE', pageParamName => 'page', initialPageIndex => 'headers.x-first-page', endPageIndex => '$.count.pages', delayRequestMillis => $gap * 1000);
my $spec = spec_of({%paging}, %spec);
$spec->{sourceSpec}{spec}{properties} = {list => {type => 'string'}};
my $node = DSNode->prepare(config => '');
$node->config_write(pull_config($syncs, map { pull_sync($node, $server, "search-$_", spec => $spec, lines => "SourceParam list \"list \\\"$_\\\"\"\n") } 1 .. $syncs))->start;

my $begun = time;
my @ids = map { $node->ctl('run', "search-$_")->{id} } 1 .. $syncs;
my @launches = map { $node->launch_ended($_) } @ids;
my $took = time - $begun;
my $all = 2 * $pages;
for my $number (1 .. $syncs) {
    is "$launches[$number - 1]{state} " . DSClient::counts($launches[$number - 1]), "finished $all $all 0 0", "search-$number: all pages were posted for"
        or diag $launches[$number - 1]{message};
    is ids_of($node, "search-$number"), join(' ', 1 .. $all), 'each record once';
}
my @asked = $server->asked;
is scalar(@asked), $syncs * $pages, 'no page was asked for twice';
cmp_ok $took, '>=', ($syncs * $pages - 1) * $gap, 'all pulls together leave the pause between two requests to one host';
my ($first, $second) = grep { $_->{headers}{'x-list'} eq 'list "1"' } @asked;
is $first->{path}, '/search?view=all&archived=no', 'where the answer tells the first page, none is asked for';
is $second->{path}, '/search?view=all&archived=no&page=6', 'but those behind it are';
is $first->{headers}{'content-type'}, 'application/json', 'the body is JSON';
my $until = $first->{headers}{'x-until'};
like $until, qr/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/, 'times are filled in where they stand, in the format of the spec';
is_deeply decode_json($first->{body}), {list => 'list "1"', filter => {changed => "to $until", limits => [10, $until]}}, 'in the body too, and quoted for it';
is_deeply decode_json($second->{body}), decode_json($first->{body}), 'each page is asked for with the same body';
pull_run($node, 'search-1');
is decode_json(($server->asked)[scalar @asked]{body})->{filter}{changed} =~ s/ to .*//r, "from $until", 'the next run asks for what came since';
$node->stop;
finish($node);
done_testing;
