# Row 4: rows whose keys come in random order beside the same keys in order.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;

my %file = (sorted => data_file(row_count()), random => data_file(row_count(), order => 'shuffled'));
my $found = in_turn(run_count(), map { my $order = $_; $order => sub { DSBenchNode->import_fresh($file{$order}) } } sort keys %file);
my ($sorted, $random) = map { ["$_ keys", $found->{$_}{worker}, 's', $found->{$_}{worker_cpu}] } qw(sorted random);
results_write({name => 'order', row => 4, title => 'keys in random order, SQLite'},
    claim('random / sorted', $random, $sorted, '<= 2.5'));
