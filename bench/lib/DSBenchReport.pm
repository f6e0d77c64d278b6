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

# The five figures that a user cares about, as README shows them: measurement, place of its claim, words
# (%d: the rows of the file), what it stands beside.
my @figures = (
    ['post', 0, '%d rows from the POST to the end of the launch, SQLite', 'sqlite3 .import'],
    ['postgres', 1, '%d rows from the POST to the end of the launch, PostgreSQL', 'a service of fastify, csv-parse and pg-boss'],
    ['small', 0, 'A file of ten rows, from the POST to the end, half of them within', undef],
    ['status', 1, 'Answers about the status of a sync, with a token, 16 connections', 'fixed JSON of the same httpd'],
    ['memory', 1, 'Memory of the worker with %d0 rows', undef]);

sub figure_line {
    my ($result, $place, $words, $other) = @_;
    my $claim = $result->{claims}[$place];
    my $head = $words =~ /%d/ ? sprintf $words, $result->{rows} : $words;
    my ($ours, $theirs) = $claim->{work} =~ m{/ (?:ours|POST to finished)$} ? @$claim{qw(under over)} : @$claim{qw(over under)};
    my $text = sub { number_text($_[0][1]) . " $_[0][2]" };
    return "| $head | " . $text->($ours) . ' | ' . ($other ? "$other: " . $text->($theirs) : '') . " |\n";
}

sub figures_text {
    my %result = map { $_->{name} => $_ } @_;
    my @lines = map { my ($name, @how) = @$_; $result{$name} ? figure_line($result{$name}, @how) : () } @figures;
    return @lines ? join '', "| Work | mod_datasync | Beside |\n|---|---|---|\n", @lines, "\n" : '';
}

sub write {
    my $dir = "$DSBench::option{builddir}/bench";
    my @results = sort { $a->{row} <=> $b->{row} || $a->{name} cmp $b->{name} }
        map { decode_json(text_of($_)) } glob "$dir/results/*.json";
    open my $out, '>:utf8', "$dir/RESULTS.md" or die "$dir/RESULTS.md: $!\n";
    print {$out} "# What was measured\n\nMade by `make bench`. Machine: ", machine_text(), ".\nVersions: ",
        versions_text(), ".\n\nEach figure is the median of runs in turn (A B C A B C). A ratio is the first figure",
        " through the second.\n\n", figures_text(@results), '| ', join(' | ', @columns), " |\n", '|---' x @columns, "|\n";
    print {$out} map { my $result = $_; map { claim_line($result, $_) } @{$result->{claims}} } @results;
    print {$out} "\n| Measurement | Rows | Runs | When | Load of the machine at its end | Seconds |\n",
        "|---|---|---|---|---|---|\n", map { result_head($_) } @results;
    print {$out} map { map { "\n$_\n" } @{$_->{notes} // []} } @results;
    close $out or die "$dir/RESULTS.md: $!\n";
    print STDERR "written: $dir/RESULTS.md\n";
}

1;
