# Row 6: the same file again, unchanged: no row may be written.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;

my $file = data_file(row_count());

# Both imports into one new table.
sub twice_measure {
    my $node = DSBenchNode->fresh;
    my ($first, $second) = map { $node->import_measure($file) } 1, 2;
    my $written = $node->value('SELECT count(*) FROM customer WHERE _launch_id <> 1');
    die "$written rows were written again\n" if $written;
    $node->stop;
    return {first => $first->{worker}, second => $second->{worker}, first_cpu => $first->{worker_cpu},
            second_cpu => $second->{worker_cpu}};
}

my $found = in_turn(run_count(), 'twice' => \&twice_measure)->{twice};
results_write({name => 'again', row => 6, title => 'the same file again, unchanged, SQLite'},
    claim('second / first', ['second', @$found{second}, 's', $found->{second_cpu}],
          ['first', $found->{first}, 's', $found->{first_cpu}], '<= 0.85'));
