# A runner that is killed between any two pages: the pull must go on at its page, or records are missing, or are counted
# twice.
use strict;
use warnings FATAL => 'all';
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';

my ($pages, $page) = (4, 3);
my $syncs = $pages + 1;    # one for each place: before the first page, between two, and before the one behind the last

# The pull number N is halted when it asks for its page N the first time, with all before it committed.
my $server = DSRest->start(sub {
    my ($request, $self) = @_;
    my ($number) = $request->uri->path =~ m{^/items/(\d+)$} or return [404, {}, '{}'];
    my $at = DSRest::query($request)->{at} // 0;
    if ($at == $number && $self->count("$number-$at") == 1) {
        $self->set("halted-$number", 1);
        DSClient::wait_for("the end of runner $number", sub { $self->get("killed-$number") });
        return;
    }
    return DSRest::json({data => {items => [map { {id => $_, name => "item $_"} } $at < $pages ? ($at * $page + 1 .. $at * $page + $page) : ()]},
                         next => $at < $pages ? $at + 1 : undef});
});
my %token = (type => 'CONTINUATION_TOKEN', continuationTokenPath => 'next', parameterType => 'QUERYPARAM', parameterName => 'at');
my $node = DSNode->prepare(config => '');
$node->config_write(pull_config($syncs, map { pull_sync($node, $server, "kill-$_", spec => spec_of({%token}), set => $_) } 0 .. $syncs - 1))->start;

my @ids = map { $node->ctl('run', "kill-$_")->{id} } 0 .. $syncs - 1;
for my $number (0 .. $syncs - 1) {
    wait_for("pull $number to halt", sub { $server->get("halted-$number") });
    my $pid = wait_for("the runner of pull $number", sub { $node->runner_of($ids[$number]) });
    is $node->value("SELECT rows_read FROM ds_launch WHERE id = $ids[$number]"), $number * $page, "before page $number: those before it are committed";
    is kill(KILL => $pid), 1, 'the runner is killed';
    $server->set("killed-$number", 1);
}
my $all = $pages * $page;
for my $number (0 .. $syncs - 1) {
    my $launch = $node->launch_ended($ids[$number]);
    is "$launch->{state} " . DSClient::counts($launch), "finished $all $all 0 0", "killed before page $number: each record is counted once" or diag $launch->{message};
    is ids_of($node, "kill-$number"), join(' ', 1 .. $all), 'and is there';
    my @asked = map { /\bat=(\d+)/ ? $1 : 0 } grep { m{^/items/$number\b} } map { $_->{path} } $server->asked;
    is "@asked", join(' ', 0 .. $number, $number .. $pages), 'only the page at hand was asked for again';
}
$node->stop;
finish($node, qr/DS0511.*signal 9/);
done_testing;
