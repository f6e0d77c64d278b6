# Row 11: a file of 10 rows, from the POST to the end of the launch.
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchNode;
use DSBenchPeer;
use File::Temp;
use IO::Handle;
use Time::HiRes qw(sleep time);

my $count = $ENV{BENCH_ROWS} && row_count() < 1_000_000 ? 50 : 200;
my $text = text_of(data_file(10));

# Every upload has new values, so that its rows are written. One after the other, with a pause between.
sub latencies_measure {
    my ($run) = @_;
    my $node = DSBenchNode->fresh;
    my @starts;
    for my $upload (1 .. $count) {
        my $body = $text =~ s/,\d+,(?=[^,]*$)/,$upload,/gmr;
        push @starts, time;
        my $answer = $node->upload('customers', $body, token => $node->{token});
        die 'upload: ' . $answer->as_string unless $answer->code == 200;
        sleep 0.05 + rand 0.05;
    }
    $node->idle_wait;
    my @launches = $node->launches('id > 0');
    my @whole = map { 1000 * ($launches[$_]{finished} - $starts[$_]) } 0 .. $#starts;
    my @wake = map { 1000 * ($_->{started} - $_->{accepted}) } @launches;
    my @work = map { 1000 * ($_->{finished} - $_->{started}) } @launches;
    $node->stop;
    return {p50 => median(@whole), p99 => quantile(0.99, @whole), wake_p50 => median(@wake), work_p50 => median(@work)};
}

# The same number of waits for the disk, with the same pauses: what no file can be faster than.
sub disk_measure {
    my $out = File::Temp->new(TMPDIR => 1);
    my @waits;
    for (1 .. $count) {
        syswrite $out, 'x' x 12_288 or die $!;
        my $start = time;
        $out->sync or die $!;
        push @waits, 1000 * (time - $start);
        sleep 0.05 + rand 0.05;
    }
    return {p50 => median(@waits), p99 => quantile(0.99, @waits)};
}

# pg-boss polls: a few uploads say enough.
sub peer_latencies_measure {
    my $peer = DSBenchPeer->start;
    my @whole;
    for (1 .. 10) {
        my $start = time;
        $peer->post(data_file(10));
        push @whole, 1000 * ($peer->finished_wait(0.02) - $start);
        sleep rand 0.5;
    }
    $peer->stop;
    return {p50 => median(@whole)};
}

my $found = in_turn(run_count(), 'ours' => \&latencies_measure, 'disk' => \&disk_measure, 'Node peer' => \&peer_latencies_measure);
my ($ours, $disk, $peer) = @$found{'ours', 'disk', 'Node peer'};
results_write({name => 'small', row => 11, title => 'a file of 10 rows, POST to finished, SQLite',
               notes => [sprintf 'A file of 10 rows: of the median %.1f ms, %.1f ms lie between acceptance and claim,'
                         . ' %.1f ms between claim and end.', @$ours{qw(p50 wake_p50 work_p50)}]},
    claim('p50 / 20 ms', ['p50', $ours->{p50}, 'ms'], ['goal', 20, 'ms'], '<= 1'),
    claim('p99 / 50 ms', ['p99', $ours->{p99}, 'ms'], ['goal', 50, 'ms'], '<= 1'),
    claim('p99 / that of one wait for the disk', ['p99', $ours->{p99}, 'ms'], ['disk', $disk->{p99}, 'ms']),
    claim('Node peer / ours', ['Node peer p50', $peer->{p50}, 'ms'], ['p50', $ours->{p50}, 'ms']));
