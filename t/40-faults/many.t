# A million launches of the past and ten thousand that wait: questions, uploads, runners and the keeper are as quick as with
# none. A server with few launches is asked in turn with one that has many, so that a machine that is slow for a while is slow
# for both.
use strict;
use warnings FATAL => 'all';
use DSFault;
use Apache::Test '-withtestmore';
use Time::HiRes qw(time);

my ($old, $waiting, $asked) = (rounds(1_000_000, 50_000), rounds(10_000, 1000), rounds(300, 100));
my $milliseconds = 50;    # of an answer beyond what a small database takes, at the median

# What is kept for ever is not removed meanwhile.
sub node_start {
    my $node = DSNode->start(config => DSNode->worker_config . DSNode::unlimited_config() . "DataSyncKeep files=0 launches=0 count=0\n");
    $node->import_run('part-import', "sku,name\nA,x\n")->{rows_ok} == 1 or die 'nothing was imported';
    $node->workers_halt;
    return $node;
}

my ($small, $node) = map { node_start() } 1 .. 2;
my $database = $node->{database};

sub percentile {
    my ($percent, @numbers) = @_;
    return (sort { $a <=> $b } @numbers)[$percent / 100 * $#numbers];
}

# Milliseconds.
sub time_of {
    my ($ask, $at) = @_;
    my $start = time;
    my $code = $ask->($at)->code;
    my $took = time - $start;
    $code == 200 or die "answered $code\n";
    return 1000 * $took;
}

my %question = (
    'the status of a sync' => sub { $_[0]->get('/api/data-sync/part-import') },
    'the status of a sync without launches' => sub { $_[0]->get('/api/data-sync/idle-import') },
    'latest launches' => sub { $_[0]->get('/api/data-sync/part-import/latest-launches') },
    'a file of an old launch' => sub { $_[0]->get('/api/data-sync/part-import/1/download') },
    'an upload' => sub { $_[0]->upload('stock-import', "shop,item\na,b\n") },
);

sub question_check {
    my ($what) = @_;
    my @pairs = map { [map { time_of($question{$what}, $_) } $small, $node] } 1 .. $asked;
    my $more = percentile(50, map { $_->[1] - $_->[0] } @pairs);
    for my $at (0, 1) {
        my @times = map { $_->[$at] } @pairs;
        note sprintf '%s, %s launches: p50 %.1f ms, p99 %.1f ms', $what, $at ? 'many' : 'few', map { percentile($_, @times) } 50, 99;
    }
    return cmp_ok $more, '<', $milliseconds, sprintf '%s is as quick as with few launches (%.1f ms more)', $what, $more;
}

my $sync = 'part-empty';    # an export without rows

sub ended {
    my ($at) = @_;
    return $at->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = '$sync' AND state = 'finished'");
}

# Let launches run, and wait for the first.
sub launches_begin {
    my ($at) = @_;
    my $before = ended($at);
    $at->workers_continue;
    $question{'an upload'}->($at)->code == 200 or die 'refused';    # wakes the runners
    return wait_for('a launch', sub { ended($at) > $before });
}

# How many launches run at both servers at the same time: until the one with few has run `count`, or for a while where the
# disk is slow. That one begins last, or it might have none left when the other begins.
sub launches_beside {
    my ($count) = @_;
    launches_begin($_) for $node, $small;
    my @before = map { ended($_) } $small, $node;
    my ($end, @now) = (time + 20);
    wait_for("$count launches", sub { @now = map { ended($_) } $small, $node; $now[0] >= $before[0] + $count || time > $end });
    $_->workers_halt for $small, $node;
    return map { $now[$_] - $before[$_] } 0, 1;
}

# Rows of ds_launch, straight into the table: its columns in SQL of a number x from 1 to count.
sub launches_insert {
    my ($at, $count, %column) = @_;
    %column = (object => "'part'", lane => $column{sync_id}, scheduled_at => '1000000 * x', %column);
    my @names = sort keys %column;
    return $at->write('INSERT INTO ds_launch (' . join(', ', @names) . ") WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
        . " WHERE x < $count) SELECT " . join(', ', @column{@names}) . ' FROM n');
}

my %empty_export = (state => "'queued'", sync_id => "'$sync'", kind => "'export'", uuid => "'waiting' || x");
my $start = time;
launches_insert($node, $old, state => "'finished'", uuid => "'old' || x", kind => "'import'", finished_at => '1000000 * x',
    files_removed_at => '1000000 * x', rows_read => 1000, rows_ok => 1000, message => "'1,000 rows imported'",
    sync_id => "CASE x % 4 WHEN 0 THEN 'open-import' WHEN 1 THEN 'stock-import' ELSE 'part-import' END");
launches_insert($node, $waiting, %empty_export);
note sprintf '%d launches in %.0f s', $old + $waiting, time - $start;

question_check($_) for sort keys %question;
launches_insert($small, 300, %empty_export);
my ($of_few, $of_many) = launches_beside(100);
cmp_ok $of_few, '>', 0, 'launches are run where few wait';
cmp_ok $of_many, '>', $of_few / 3, "and launches are run as quickly ($of_many while $of_few run with few)";

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

my $statements = statements();
my @asked = grep { $statements->{$_} =~ /\A\s*(?:SELECT|UPDATE|DELETE).*\bds_(?:launch|file|chunk)\b/s } sort keys %$statements;
cmp_ok scalar @asked, '>', 30, scalar(@asked) . ' statements know launches and files';
my @whole = grep { reads_all($statements->{$_}) } @asked;
ok !@whole, 'and none of them reads all of them' or diag join ' ', @whole;
ok reads_all('SELECT l.id FROM ds_launch l WHERE l.message = %s'), 'which would be seen';
for my $at ($small, $node) {
    $at->workers_continue;
    $at->stop;
    DSTest::finish($at, qr/DS0541/, qr/DS0544/);    # halted while they wait, they may wait for too long
}
done_testing;
