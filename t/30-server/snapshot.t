# An export while imports change every row: a file with rows of two moments is wrong data that nobody notices.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use List::Util qw(shuffle);

my $rows = 100_000;
my $config = DSNode->worker_config . <<'EOT';
<DataSyncObject gauge>
    Field id     string 10
    Field filler string 100
    Field turn   integer
    Key   id
</DataSyncObject>
<DataSync gauge-import>
    Object gauge
    Auth   none
</DataSync>
<DataSync gauge-export>
    Kind   export
    Object gauge
    Auth   none
</DataSync>
<DataSync gauge-sorted>
    Kind   export
    Object gauge
    Auth   none
    Fields turn id
    Order  filler
    Order  id desc
</DataSync>
DataSyncAPI prisma
EOT
my $node = DSNode->start(config => $config);

# The rows come in an order that has nothing to do with their keys. An import writes them in that order, so at any
# moment the first of them have its turn, and all others the turn before: nothing else is one moment.
srand 11;
my @ids = shuffle(1 .. $rows);
my $turn = 0;
my $line = sub { sprintf "%d,%s,%d\n", $_[0], 'f' x 40 . $_[0] % 97, $turn };

sub import_begin {
    my (@order) = @_;
    $turn++;
    my $response = $node->upload('gauge-import', join '', "id,filler,turn\n", map { $line->($_) } @order);
    die $response->as_string unless $response->code == 200;
    return $node->launch_newest('gauge-import')->{id};
}

# Why the turns (by id) are not those of one moment; empty when they are.
sub moment_fault {
    my ($turn_of) = @_;
    return scalar(keys %$turn_of) . " rows" if keys %$turn_of != $rows;
    my $new = $turn_of->{$ids[0]};
    my ($old, $n) = ($new, 0);
    for my $id (@ids) {
        my $have = $turn_of->{$id};
        $old = $have if $old == $new;
        return "row $n of the import has turn $have between $old and $new" if $have != $old || $new - $old > 1;
        $n++;
    }
    return '';
}

is moment_fault({map { $_ => 7 } @ids}), '', 'the check takes rows of one turn';
is moment_fault({(map { $_ => 6 } @ids), (map { $_ => 7 } @ids[0 .. 999])}), '', 'and the middle of an import';
isnt moment_fault({(map { $_ => 6 } @ids), $ids[500] => 7}), '', 'but no row that is too new';
isnt moment_fault({(map { $_ => 7 } @ids), $ids[500] => 6}), '', 'and none that is too old';

# The rows are stored in yet another order.
$node->launch_ended(import_begin(shuffle(@ids)));
# Work for each row, so that an import lasts longer than an export.
$node->rows_slow('slow', 'AFTER UPDATE ON gauge', 40_000);
my %pattern = ('gauge-export' => qr/^(?<id>\d+),f+\d+,(?<turn>\d+)\r$/m, 'gauge-sorted' => qr/^(?<turn>\d+),(?<id>\d+)\r$/m);
my ($exports, $amid) = (0, 0);
my @imports = (import_begin(@ids));
while ($exports < 4 || ($amid < 3 && $exports < 20)) {
    my $sync = (sort keys %pattern)[$exports++ % 2];
    push @imports, import_begin(@ids)
        while 2 > $node->value("SELECT count(*) AS n FROM ds_launch WHERE state IN ('queued', 'running') AND kind = 'import'");
    my $launch = $node->export_run($sync);
    my $text = $node->export_text($sync);
    my %turn_of;
    $turn_of{$+{id}} = $+{turn} while $text =~ /$pattern{$sync}/g;
    my $fault = moment_fault(\%turn_of);
    is $fault, '', "$sync: every row is from one moment";
    $amid++ if $node->value("SELECT count(*) AS n FROM ds_launch e JOIN ds_launch i ON i.kind = 'import' AND i.started_at < e.started_at"
        . " AND (i.finished_at IS NULL OR i.finished_at > e.finished_at) WHERE e.id = $launch->{id}");
}
cmp_ok $amid, '>=', 3, "$amid of $exports exports ran from begin to end while an import was running";
$node->ctl_refused('launch', 'cancel', $imports[-1]) if @imports > 1;
my @ended = do {
    local $DSClient::patience = 3 * $DSClient::patience;    # what lasts here lasts long on a slow machine
    map { $node->launch_ended($_) } @imports;
};
is scalar(grep { $_->{state} eq 'failed' || $_->{crashes} || ($_->{state} eq 'finished' && $_->{rows_ok} != $rows) } @ended), 0,
    'and no import was disturbed';
cmp_ok scalar(grep { $_->{state} eq 'finished' } @ended), '>=', 1, 'while they went on';
$node->stop;
finish($node);
done_testing;
