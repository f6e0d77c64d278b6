# What grows with what: time and memory with the rows of a file, the status with old launches, an import with
# the rows that its table already has. Writes growth.svg beside RESULTS.md.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchPlot;

my @sizes = map { $_ * row_count() / 1_000_000 } 10_000, 100_000, 1_000_000, 10_000_000;
my @launches = map { int $_ * row_count() / 1_000_000 } 1_000_000 / row_count(), 10_000, 1_000_000;
my $delta = $sizes[1];
my (@time, @memory, @status, @added, @changed);

# Rows that are new, and rows from all over the table with other values, into a table of that many rows.
sub deltas_measure {
    my ($node, $size) = @_;
    push @added, [$size, $node->import_measure(data_file($delta, first => $size + 1))->{worker}];
    push @changed, [$size, $node->import_measure(data_file($delta, seed => 2, order => 'shuffled', step => $size / $delta))->{worker}];
}

for my $size (@sizes) {
    my $node = DSBenchNode->fresh;
    my $figures = $node->import_measure(data_file($size));
    push @time, [$size, $figures->{total}];
    push @memory, [$size, $figures->{worker_peak} / 1048576];
    deltas_measure($node, $size) if $size >= $delta;
    $node->stop;
    print STDERR "  $size rows: ", join(' ', %$figures), "\n";
}

# Old launches of the sync, as years of imports leave them.
my $node = DSBenchNode->fresh;
my $have = 0;
for my $count (@launches) {
    my $missing = $count - $have;
    $node->write("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $missing)"
        . ' INSERT INTO ds_launch (uuid, sync_id, object, lane, kind, state, scheduled_at, started_at, finished_at,'
        . " files_removed_at, rows_read, rows_ok, message) SELECT 'old-' || ($have + i), 'open', 'customer', 'customer',"
        . " 'import', 'finished', i, i, i, i, 10, 10, '10 rows imported' FROM n");
    $have = $count;
    my $load = in_turn(run_count(), "$count launches" => sub { $node->load_measure('/api/data-sync/open', connections => 1, seconds => 2) });
    push @status, [$count, $load->{"$count launches"}{p50}];
}
$node->stop;

DSBenchPlot::write("$DSBench::option{builddir}/bench/growth.svg",
    {title => 'An import by its rows', x => 'rows of the file', y => 's from POST to finished', series => {import => \@time}},
    {title => 'Memory of the runner', x => 'rows of the file', y => 'MiB at the most', series => {runner => \@memory}},
    {title => 'Status by old launches', x => 'launches of the sync', y => 'ms, median', series => {status => \@status}},
    {title => "$delta rows into a table", x => 'rows of the table', y => 's',
     series => {'new rows' => \@added, 'changed rows' => \@changed}});

sub table {
    my ($head, $unit, @points) = @_;
    return "| $head | $unit |\n|---|---|\n" . join '', map { sprintf "| %d | %.3f |\n", @$_ } @points;
}

results_write({name => 'growth', row => 15, title => 'growth',
               notes => ["## Growth\n\n![growth](growth.svg)\n", table('rows of the file', 's', @time),
                         table('rows of the file', 'MiB of the runner', @memory),
                         table('old launches', 'ms of the status, median, 1 connection', @status),
                         table("rows of the table: $delta new rows", 's', @added),
                         table("rows of the table: $delta changed rows in random order", 's', @changed)]});
