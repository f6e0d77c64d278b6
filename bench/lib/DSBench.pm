# How everything here is measured: candidates run in turn (A B C A B C), each figure is a median, and what is
# told is the ratio of two of them with both values. CPU time stands beside the time of the clock: it says
# something on a machine that does other work too.
package DSBench;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Path qw(make_path);
use JSON::PP;
use POSIX qw(sysconf _SC_CLK_TCK);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(row_count run_count data_file command_time processes_cpu processes_peak peaks_reset
    in_turn median quantile claim results_write text_of);

# srcdir, builddir, httpd, moddir, and run: the directory that servers run from
our %option;

# --- how much ---

sub row_count { return $ENV{BENCH_ROWS} || 1_000_000 }
sub run_count { return $ENV{BENCH_RUNS} || 3 }

# A file of customers, made once: the same bytes on every machine. count; how: seed, first (key), order, step
# (from key to key).
sub data_file {
    my ($count, %how) = @_;
    my $dir = "$option{builddir}/bench/data";
    my @arguments = ($count, $how{seed} // 1, $how{first} // 1, $how{order} // 'sorted', $how{step} // 1);
    my $path = "$dir/" . join('-', @arguments) . '.csv';
    return $path if -e $path;
    make_path($dir);
    system("'$option{builddir}/bench/make_rows' @arguments > '$path.new'") == 0 or die "make_rows failed\n";
    rename "$path.new", $path or die "$path: $!\n";
    return $path;
}

# --- one figure ---

# Seconds of the clock and of the CPU that a command takes. A code reference runs in place of a command, and
# what it starts and waits for is counted.
sub command_time {
    my (@command) = @_;
    my (undef, undef, $user, $system) = times;
    my $start = time;
    if (ref $command[0]) {
        $command[0]->();
    }
    else {
        system(@command) == 0 or die "failed: @command\n";
    }
    my $seconds = time - $start;
    my (undef, undef, $user_after, $system_after) = times;
    return {seconds => $seconds, cpu => $user_after - $user + $system_after - $system};
}

sub text_of {
    my ($path) = @_;
    open my $in, '<', $path or return '';
    local $/;
    return scalar(<$in>) // '';
}

# CPU seconds that living processes have taken so far.
sub processes_cpu {
    my $ticks = 0;
    for my $pid (@_) {
        my @fields = split ' ', text_of("/proc/$pid/stat") =~ s/^.*\) //sr;
        $ticks += $fields[11] + $fields[12] if @fields;
    }
    return $ticks / sysconf(_SC_CLK_TCK);
}

# From here on the peak of each process is counted anew; returns what they hold now, in bytes.
sub peaks_reset {
    my $sum = 0;
    for my $pid (@_) {
        open my $out, '>', "/proc/$pid/clear_refs" or next;
        print {$out} 5;
        close $out;
        $sum += 1024 * $1 if text_of("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m;
    }
    return $sum;
}

# The most memory that processes held since then, together, in bytes.
sub processes_peak {
    my $sum = 0;
    for my $pid (@_) {
        $sum += 1024 * $1 if text_of("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m;
    }
    return $sum;
}

# --- many figures ---

sub quantile {
    my ($share, @values) = @_;
    my @sorted = sort { $a <=> $b } @values;
    my $at = int $share * @sorted;
    return $sorted[$at > $#sorted ? $#sorted : $at];
}

sub median { return quantile(0.5, @_) }

# Run candidates in turn: label => code that returns {name => value, ...}, ... Returns for each label the
# medians of its figures, and under "all" every value of the first one.
sub in_turn {
    my ($runs, @candidates) = @_;
    my (%values, %medians);
    for my $run (1 .. $runs) {
        for (my $i = 0; $i < @candidates; $i += 2) {
            my ($label, $code) = @candidates[$i, $i + 1];
            my $figures = $code->($run);
            push @{$values{$label}{$_}}, $figures->{$_} for keys %$figures;
            print STDERR "  $label: ", join(', ', map { sprintf '%s %.4g', $_, $figures->{$_} } sort keys %$figures), "\n";
        }
    }
    for my $label (keys %values) {
        $medians{$label} = {map { $_ => median(@{$values{$label}{$_}}) } keys %{$values{$label}}};
        $medians{$label}{all} = $values{$label};
    }
    return \%medians;
}

# --- what is told ---

my $started = time;

# One ratio: over / under, each [what, value, unit, CPU seconds or undef], and the goal as "<= 0.75" or undef.
sub claim {
    my ($work, $over, $under, $goal) = @_;
    my $ratio = $over->[1] / $under->[1];
    my ($met, $op, $limit);
    if ($goal) {
        ($op, $limit) = $goal =~ /^(<=|>=) ([\d.]+)$/ or die "not a goal: $goal\n";
        $met = ($op eq '<=' ? $ratio <= $limit : $ratio >= $limit) ? JSON::PP::true : JSON::PP::false;
    }
    return {work => $work, over => $over, under => $under, ratio => $ratio, goal => $goal, met => $met,
            cpu_ratio => $over->[3] && $under->[3] ? $over->[3] / $under->[3] : undef};
}

# Keep the claims of one measurement; what: name, row (of the table of goals), title, notes => [...], runs where they
# are not run_count().
sub results_write {
    my ($what, @claims) = @_;
    my $dir = "$option{builddir}/bench/results";
    make_path($dir);
    my ($load) = split ' ', text_of('/proc/loadavg');
    my $result = {rows => row_count(), runs => run_count(), %$what, claims => \@claims, at => int time, load => $load,
                  took => int(time - $started)};
    open my $out, '>', "$dir/$what->{name}.json" or die "$dir: $!\n";
    print {$out} JSON::PP->new->canonical->pretty->encode($result);
    close $out or die "$dir: $!\n";
    $started = time;
}

1;
