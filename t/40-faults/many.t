# A million launches of the past and ten thousand that wait: questions, uploads, runners and the keeper are as quick as with
# none.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use Time::HiRes qw(time);

my ($old, $waiting, $asked) = (rounds(1_000_000, 50_000), rounds(10_000, 1000), rounds(300, 100));
my $milliseconds = 50;    # of an answer, at p99, beyond what an empty database takes

# What is kept for ever is not removed meanwhile.
my $fault = DSFault->start(config => "DataSyncKeep files=0 launches=0 count=0\n");
my $node = $fault->node;
my $database = $node->{database};

sub percentile {
    my ($percent, @seconds) = @_;
    return (sort { $a <=> $b } @seconds)[$percent / 100 * $#seconds];
}

# [p50, p99] in milliseconds.
sub times_of {
    my ($ask) = @_;
    my @seconds;
    for (1 .. $asked) {
        my $start = time;
        my $code = $ask->()->code;
        push @seconds, time - $start;
        $code == 200 or die "answered $code\n";
    }
    return [map { 1000 * percentile($_, @seconds) } 50, 99];
}

my %question = (
    'the status of a sync' => sub { $node->get('/api/data-sync/part-import') },
    'the status of a sync without launches' => sub { $node->get('/api/data-sync/idle-import') },
    'latest launches' => sub { $node->get('/api/data-sync/part-import/latest-launches') },
    'a file of an old launch' => sub { $node->get('/api/data-sync/part-import/1/download') },
    'an upload' => sub { $node->upload('stock-import', "shop,item\na,b\n") },
);

sub measure {
    return {map { $_ => times_of($question{$_}) } keys %question};
}

# How many launches of an export without rows run in a second.
sub rate {
    my ($count) = @_;
    my $done = "SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'part-empty' AND state = 'finished'";
    my ($before, $start) = ($node->value($done), time);
    $node->workers_continue;
    wait_for("$count launches", sub { $node->value($done) >= $before + $count });
    my $ended = $node->value($done) - $before;
    my $seconds = time - $start;
    $node->workers_halt;
    return $ended / $seconds;
}

# Rows of ds_launch, straight into the table: its columns in SQL of a number x from 1 to count.
sub launches_insert {
    my ($count, %column) = @_;
    %column = (object => "'part'", lane => $column{sync_id}, scheduled_at => '1000000 * x', %column);
    my @names = sort keys %column;
    my $numbers = $database->by_database("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < $count)",
        "WITH n AS (SELECT generate_series(1, $count) AS x)");
    return $node->write('INSERT INTO ds_launch (' . join(', ', @names) . ") $numbers SELECT " . join(', ', @column{@names}) . ' FROM n');
}

is $node->import_run('part-import', "sku,name\nA,x\n")->{rows_ok}, 1, 'a server with one launch';
$node->workers_halt;
my $few = measure();
my %empty_export = (state => "'queued'", sync_id => "'part-empty'", kind => "'export'");
launches_insert(200, %empty_export, uuid => "'few' || x");
my $few_rate = rate(100);

my $start = time;
launches_insert($old, state => "'finished'", uuid => "'old' || x", kind => "'import'", finished_at => '1000000 * x',
    files_removed_at => '1000000 * x', rows_read => 1000, rows_ok => 1000, message => "'1,000 rows imported'",
    sync_id => "CASE x % 4 WHEN 0 THEN 'open-import' WHEN 1 THEN 'stock-import' ELSE 'part-import' END");
launches_insert($waiting, %empty_export, uuid => "'waiting' || x");
note sprintf '%d launches in %.0f s', $old + $waiting, time - $start;
$node->write('ANALYZE') if $database->by_database(0, 1);    # autovacuum would, in a minute

# A machine that stands still for a moment is no slow database: that would be slow each time.
sub times_below {
    my ($ask, $limit) = @_;
    my $times;
    for (1 .. 3) {
        $times = times_of($ask);
        last if $times->[1] < $limit;
    }
    return $times;
}

my $many = {map { $_ => times_below($question{$_}, $few->{$_}[1] + $milliseconds) } keys %question};
for my $what (sort keys %question) {
    note sprintf '%s: p50 %.1f ms, p99 %.1f ms; with few launches %.1f and %.1f', $what, @{$many->{$what}}, @{$few->{$what}};
    cmp_ok $many->{$what}[1], '<', $few->{$what}[1] + $milliseconds, "$what is as quick as with few launches";
}
my ($many_rate) = sort { $b <=> $a } map { rate(100) } 1 .. 3;
note sprintf '%.0f launches a second; with few %.0f', $many_rate, $few_rate;
cmp_ok $many_rate, '>', $few_rate / 3, 'and launches are run as quickly';

# What the keeper does each turn, what runners do for each launch: no statement looks at all launches.
sub statements {
    my %text;
    for my $file (glob "$ENV{DS_SRCDIR}/src/db/sql/*.sql") {
        next if $file =~ /check\.sql$/;    # reads everything: for tools and tests
        my $name;
        for (split /\n/, DSClient::text_of($file)) {
            $name = $1 if /^-- :(\w+)/;
            $text{$name} .= "$_\n" if !/^--/ && /\S/;
        }
    }
    return \%text;
}

sub plan_of {
    my ($statement) = @_;
    $statement =~ s/%(?:s|lld|d)/?/g;
    open my $in, '-|', 'sqlite3', '-readonly', $database->{params}, "EXPLAIN QUERY PLAN $statement" or die $!;
    local $/;
    my $plan = <$in> // '';
    close $in or die "no plan for $statement\n";
    return $plan;
}

# The first ones of a list are no harm.
sub reads_all {
    my ($statement) = @_;
    my %table = map { $_ => 1 } grep { defined } $statement =~ /\b(ds_(?:launch|file|chunk))\b(?: ([a-z])\b)?/g;
    return 0 if $statement !~ /\bWHERE\b/ && $statement =~ /\bLIMIT\b/;
    return scalar grep { $table{$_} } plan_of($statement) =~ /SCAN (\w+)\s*$/mg;
}

if ($database->by_database(1, 0)) {
    my $statements = statements();
    my @asked = grep { $statements->{$_} =~ /\A\s*(?:SELECT|UPDATE|DELETE).*\bds_(?:launch|file|chunk)\b/s } sort keys %$statements;
    cmp_ok scalar @asked, '>', 30, scalar(@asked) . ' statements know launches and files';
    my @whole = grep { reads_all($statements->{$_}) } @asked;
    ok !@whole, 'and none of them reads all of them' or diag join ' ', @whole;
    ok reads_all('SELECT l.id FROM ds_launch l WHERE l.message = %s'), 'which would be seen';
}
$node->workers_continue;
$node->stop;
DSTest::finish($node, qr/DS0541/, qr/DS0544/);    # halted while they wait, they may wait for too long
done_testing;
