# RESULTS.md, from the results of all measurements that were run.
package DSBenchReport;
use strict;
use warnings FATAL => 'all';
use DSBench;
use JSON::PP;
use POSIX qw(strftime);

my @columns = ('#', 'Work', 'Ratio', 'Goal', 'Met', 'Over', 'Under', 'Ratio of CPU time');

sub number_text {
    my ($value) = @_;
    return sprintf $value >= 1000 ? '%.0f' : $value >= 10 ? '%.1f' : '%.3f', $value;
}

sub figure_text {
    my ($what, $value, $unit) = @{$_[0]};
    return "$what: " . number_text($value) . " $unit";
}

sub claim_line {
    my ($result, $claim) = @_;
    my @cells = ($result->{row}, "$result->{title}: $claim->{work}", sprintf('**%.2f**', $claim->{ratio}),
        $claim->{goal} // '', !$claim->{goal} ? '' : $claim->{met} ? 'yes' : '**no**',
        figure_text($claim->{over}), figure_text($claim->{under}),
        $claim->{cpu_ratio} ? sprintf('%.2f', $claim->{cpu_ratio}) : '');
    return '| ' . join(' | ', @cells) . " |\n";
}

sub first_line {
    my ($command) = @_;
    my ($line) = split /\n/, qx($command 2>&1);
    return $line // '';
}

sub machine_text {
    my ($cpu) = text_of('/proc/cpuinfo') =~ /^model name\s*:\s*(.+)/m;
    my ($memory) = text_of('/proc/meminfo') =~ /^MemTotal:\s+(\d+)/m;
    my $count = () = text_of('/proc/cpuinfo') =~ /^processor/mg;
    my ($system) = text_of('/etc/os-release') =~ /^PRETTY_NAME="(.+)"/m;
    return sprintf "%d x %s, %.0f GiB, %s, Linux %s", $count, $cpu // 'unknown', $memory / 1048576, $system // '',
        first_line('uname -r');
}

sub versions_text {
    my ($httpd) = first_line("$DSBench::option{httpd} -v") =~ m{Apache/(\S+)};
    my ($sqlite) = first_line('sqlite3 --version') =~ /^(\S+)/;
    my ($postgres) = first_line('psql --version') =~ /([\d.]+)/;
    return join ', ', "httpd $httpd", 'APR ' . first_line('apr-1-config --version'),
        'APR-util ' . first_line('apu-1-config --version'), "SQLite $sqlite", "PostgreSQL $postgres",
        'Node ' . first_line('node --version');
}

sub result_head {
    my ($result) = @_;
    return sprintf "| %s | %s | %d | %s | %s | %d |\n", $result->{name}, $result->{rows}, $result->{runs},
        strftime('%Y-%m-%d %H:%M UTC', gmtime $result->{at}), $result->{load}, $result->{took};
}

sub write {
    my $dir = "$DSBench::option{builddir}/bench";
    my @results = sort { $a->{row} <=> $b->{row} || $a->{name} cmp $b->{name} }
        map { decode_json(text_of($_)) } glob "$dir/results/*.json";
    open my $out, '>:utf8', "$dir/RESULTS.md" or die "$dir/RESULTS.md: $!\n";
    print {$out} "# What was measured\n\nMade by `make bench`. Machine: ", machine_text(), ".\nVersions: ",
        versions_text(), ".\n\nEach figure is the median of runs in turn (A B C A B C). A ratio is the first figure",
        " through the second.\n\n| ", join(' | ', @columns), " |\n", '|---' x @columns, "|\n";
    print {$out} map { my $result = $_; map { claim_line($result, $_) } @{$result->{claims}} } @results;
    print {$out} "\n| Measurement | Rows | Runs | When | Load of the machine at its end | Seconds |\n",
        "|---|---|---|---|---|---|\n", map { result_head($_) } @results;
    print {$out} map { map { "\n$_\n" } @{$_->{notes} // []} } @results;
    close $out or die "$dir/RESULTS.md: $!\n";
    print STDERR "written: $dir/RESULTS.md\n";
}

1;
