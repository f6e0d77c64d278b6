# Servers as others write them: a spec that is written by hand for one of them must fetch all that it has, and after
# that what has changed. What fails here, an administrator cannot connect the first API that comes along.
use strict;
use warnings FATAL => 'all';
use DSPull;
use DSReceiver;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request;
use JSON::PP;
use POSIX ();

my $count = 57;
my @people = map { {id => $_, name => "person $_", updated => sprintf '2026-01-%02dT00:00:00Z', 1 + $_ % 28} } 1 .. $count;

# json-server, from npm
my $node = DSNode->prepare(config => '');
my $file = "$node->{dir}/people.json";
open my $out, '>', $file or die $!;
print {$out} encode_json({people => \@people});
close $out or die $!;
my $stock = DSReceiver->start('node', DSNode::run_dir() . '/t/30-server/rest_server.cjs', $file);
my $stock_url = "http://127.0.0.1:$stock->{port}";

# What PostgREST answers to limit and offset, to a count that is wanted, and to a filter by time; and, below /linked, a
# gateway before it that adds links, which have no host.
my $postgrest = DSRest->start(sub {
    my ($request, $self) = @_;
    my $query = DSRest::query($request);
    my @rows = @people;
    my ($from, $to) = ($query->{and} // '') =~ /^\((?:updated\.gte\.([^,]+),)?updated\.lt\.([^,]+)\)$/ or return [400, {}, '{"code":"PGRST100"}'];
    push @rows, {id => 99, name => 'late', updated => $self->get('late')} if $self->get('late');
    @rows = grep { (!$from || $_->{updated} ge $from) && $_->{updated} lt $to } @rows;
    my ($total, $offset) = (scalar @rows, $query->{offset} // 0);
    my @page = grep { defined } @rows[$offset .. $offset + $query->{limit} - 1];
    my $is_counted = ($request->header('Prefer') // '') eq 'count=exact';
    return [416, {'Content-Range' => "*/$total"}, qq({"code":"PGRST103","details":"An offset of $offset was requested, but there are only $total rows."})]
        if $is_counted && $offset > $total;
    my %headers = ('Content-Type' => 'application/json; charset=utf-8', 'Range-Unit' => 'items', 'Content-Range' => join '/',
                   @page ? $offset . '-' . ($offset + @page - 1) : '*', $is_counted ? $total : '*');
    my $next = $request->uri->clone;
    $next->query_form(%$query, offset => $offset + @page);
    $headers{Link} = '</linked?limit=' . $query->{limit} . '&offset=0>; rel="first", <' . $next->path_query . '>; rel="next"; title="more"'
        if $next->path eq '/linked' && $offset + @page < $total;
    return [$is_counted && @page < $total ? 206 : 200, \%headers, encode_json(\@page)];
});

sub spec_for {
    my ($path, $paging, %members) = @_;
    return spec_of($paging, urlParams => {host => 'https://api.example.com', path => $path, method => 'GET', queryParams => $members{query} || {}},
                   contentPath => {path => '$'}, headerParams => $members{headers} || {}, scheduleParams => $members{schedule});
}

my %stock_window = (scheduleStartParamName => 'updated_gte', scheduleEndParamName => 'updated_lte', scheduleStartParamFormat => 'yyyy-MM-ddTHH:mm:ssZ',
                    scheduleEndParamFormat => 'yyyy-MM-ddTHH:mm:ssZ');
my %window = (type => 'ADVANCE', paramFormat => 'yyyy-MM-ddTHH:mm:ssZ', incremental => '(updated.gte.{START_TIME},updated.lt.{END_TIME})',
              backfill => '(updated.lt.{END_TIME})');
my %query = (and => '{SCHEDULE_QUERY}');
my %slices = (limitName => 'limit', limitValue => 10);
my @stock = (
    ['stock-links', spec_for('/people', {type => 'NONE', limitName => '_limit', limitValue => 10}, query => {_page => 1}, schedule => \%stock_window)],
    ['stock-pages', spec_for('/people', {type => 'PAGE', limitName => '_limit', limitValue => 10, pageParamName => '_page', initialPageIndex => 1},
                             schedule => \%stock_window)],
    ['stock-slices', spec_for('/people', {type => 'OFFSET', limitName => '_limit', limitValue => 10, offSetName => '_start'}, schedule => \%stock_window)],
);
my @postgrest = (
    ['slices', spec_for('/people', {type => 'OFFSET', offSetName => 'offset', %slices}, query => \%query, schedule => \%window)],
    ['counted', spec_for('/people', {type => 'OFFSET', offSetName => 'offset', %slices, limitValue => 19}, query => \%query, schedule => \%window,
                         headers => {Prefer => 'count=exact'})],
    ['too-far', spec_for('/people', {type => 'OFFSET', offSetName => 'offset', %slices}, query => \%query, schedule => \%window,
                         headers => {Prefer => 'count=exact'})],
    ['linked', spec_for('/linked', {type => 'NONE', %slices}, query => \%query, schedule => \%window)],
);
my $schedule = 'Schedule "17 ' . (gmtime(time + 6 * 3600))[2] . " * * *\"\n";    # some hours away, so that no test run meets it
$node->config_write(pull_config(3,
    (map { my ($name, $spec) = @$_; pull_sync($node, $postgrest, $name, spec => $spec) } @postgrest),
    (map { my ($name, $spec) = @$_; pull_sync($node, $postgrest, $name, spec => $spec, lines => $schedule) =~ s/SourceHost \S+/SourceHost $stock_url/r } @stock)))
    ->start;

# All pulls at once: the launches by their names.
sub all_run {
    my %ids = map { ($_->[0] => $node->ctl('run', $_->[0])->{id}) } @stock, @postgrest;
    return map { ($_ => $node->launch_ended($ids{$_})) } keys %ids;
}

my %launches = all_run();
my $far = delete $launches{'too-far'};
@postgrest = grep { $_->[0] ne 'too-far' } @postgrest;
is $far->{state}, 'rejected', 'a server that refuses what lies behind its last record is one for another spec';
like $far->{message}, qr/^config_error: GET \S+offset=60\S* was answered with 416: \{"code":"PGRST103".*\. $count rows/, 'and its answer says so';
for my $name (sort keys %launches) {
    is "$launches{$name}{state} " . DSClient::counts($launches{$name}), "finished $count $count 0 0", "$name: all that the server has"
        or diag $launches{$name}{message};
    is ids_of($node, $name), join(' ', 1 .. $count), 'each record once';
}
is scalar(grep { $_->{path} =~ m{^/people} && !$_->{headers}{prefer} } $postgrest->asked), 7, 'a page that is not full is no reason to stop, an empty one is';
is scalar(grep { $_->{path} =~ m{^/linked} } $postgrest->asked), 6, 'a page without a link is the last one';
is scalar(grep { $_->{headers}{prefer} && $_->{path} =~ /limit=19/ } $postgrest->asked), 4, 'what is answered with 206 is a page like others';

# What has changed in the very second in which the run before has ended
sub text_of_time { return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(shift() / 1_000_000)) }
my ($most) = sort { $b <=> $a } map { $_->{watermark} } $node->rows('SELECT watermark FROM ds_pull');
my $changed = text_of_time($most);
sub stock_write {
    my ($method, $path, $data) = @_;
    my $answer = $node->{agent}->request(HTTP::Request->new($method, "$stock_url$path",
        ['Content-Type' => 'application/json', Connection => 'close'], encode_json($data)));    # it ends idle ones when it likes
    return is $answer->code, $method eq 'POST' ? 201 : 200, "json-server takes a $method";
}

stock_write(PATCH => '/people/7', {name => 'person 7 b', updated => $changed});
stock_write(POST => '/people', {name => 'late', updated => $changed});
$postgrest->set(late => $changed);
wait_for('the next second', sub { text_of_time(1_000_000 * time) gt $changed });
%launches = all_run();
for my $name (map { $_->[0] } @stock) {
    is DSClient::counts($launches{$name}), '2 2 0 0', "$name: the next run fetches what has changed";
    is_deeply [map { $_->{name} } $node->rows("SELECT name FROM @{[$name =~ tr/-/_/r]} WHERE id IN (7, 58) ORDER BY id")], ['person 7 b', 'late'],
        'and has it';
}
for my $name (map { $_->[0] } @postgrest) {
    is DSClient::counts($launches{$name}), '1 1 0 0', "$name: the next run fetches what is new";
    is ids_of($node, $name), join(' ', 1 .. $count, 99), 'and has it';
}

# By its schedule
stock_write(PATCH => '/people/8', {name => 'person 8 b', updated => text_of_time($node->value("SELECT watermark FROM ds_pull WHERE sync_id = 'stock-links'"))});
$node->write('UPDATE ds_sync SET next_at = ' . 1_000_000 * (time - 1) . " WHERE sync_id = 'stock-links'");
wait_for('a launch by schedule', sub { $node->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'stock-links'") == 3 });
my $launch = $node->launch_ended($node->launch_newest('stock-links')->{id});
is "$launch->{state} " . DSClient::counts($launch), 'finished 1 1 0 0', 'a pull that is started by its schedule fetches what has changed';
is $node->value('SELECT name FROM stock_links WHERE id = 8'), 'person 8 b', 'and has it';
$node->stop;
finish($node);
done_testing;
