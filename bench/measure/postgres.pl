# Row 5: the same on PostgreSQL, beside COPY and an upsert, and beside the Node peer.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchPeer;
use DSBenchPostgres;
use Time::HiRes qw(time);

my $file = data_file(row_count());
my $cluster = DSBenchPostgres->start;
$ENV{DS_TEST_POSTGRES} = $cluster->params;

sub copy_measure {
    $cluster->table_create;
    return $cluster->load_measure($file);
}

# The first time and the same file again: no row may be written.
sub twice_measure {
    my $node = DSBenchNode->fresh;
    my $cpu = $cluster->cpu;
    my $first = $node->import_measure($file);
    $first->{worker_cpu} += $cluster->cpu - $cpu;
    my $second = $node->import_measure($file);
    my $written = $node->value('SELECT count(*) AS n FROM customer WHERE _launch_id <> 1');
    die "$written rows were written again\n" if $written;
    $node->stop;
    return {%$first, again => $second->{worker}};
}

# Two objects, on as many runners: seconds from the first claim to the last end.
sub pair_measure {
    my ($runners) = @_;
    my $node = DSBenchNode->fresh(runners => $runners, objects => ['customer', 'client']);
    $node->workers_halt;
    $node->post($file, sync => $_, token => $node->token($_)) for qw(customers clients);
    $node->workers_continue;
    $node->idle_wait;
    my @launches = $node->launches('id > 0');
    $node->stop;
    my ($start) = sort { $a <=> $b } map { $_->{started} } @launches;
    my ($end) = sort { $b <=> $a } map { $_->{finished} } @launches;
    return {seconds => $end - $start};
}

my $found = in_turn(run_count(),
    'COPY and upsert' => \&copy_measure,
    'ours' => \&twice_measure,
    'Node peer' => sub { DSBenchPeer->import_fresh($file) },
    'two runners' => sub { pair_measure(2) },
    'one runner' => sub { pair_measure(1) });
my ($copy, $ours, $peer, $two, $one) = @$found{'COPY and upsert', 'ours', 'Node peer', 'two runners', 'one runner'};
results_write({name => 'postgres', row => 5, title => 'PostgreSQL'},
    claim('worker / COPY and upsert', ['worker', $ours->{worker}, 's', $ours->{worker_cpu}],
          ['COPY and upsert', $copy->{seconds}, 's', $copy->{cpu}], '<= 1.1'),
    claim('Node peer / POST to finished', ['Node peer', $peer->{total}, 's'], ['POST to finished', $ours->{total}, 's'], '>= 2.2'),
    claim('two objects: two runners / one', ['two runners', $two->{seconds}, 's'], ['one runner', $one->{seconds}, 's'], '<= 0.75'),
    claim('the same file again / the first time (row 6)', ['second', $ours->{again}, 's'], ['first', $ours->{worker}, 's'], '<= 0.65'));
