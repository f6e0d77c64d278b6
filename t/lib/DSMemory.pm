# What the processes of servers take over time: resident memory, its peak, open descriptors. And whether it grows.
package DSMemory;
use strict;
use warnings FATAL => 'all';
use DSClient;

# What is no growth: the median of the last quarter of the time against that of the second. A leak of 2 KiB a second
# shows in twenty minutes; what allocators and caches still fill up by then does not.
our $memory_factor = 1.05;
our $memory_more = 1024;    # KiB beside that
our $descriptors_more = 8;

# sources: name => sub that gives the pids of one server, its first process first.
sub new {
    my ($class, %sources) = @_;
    return bless {sources => \%sources, series => {}, samples => 0}, $class;
}

sub process_read {
    my ($pid) = @_;
    my $status = DSClient::text_of("/proc/$pid/status");
    my ($name) = $status =~ /^Name:\s+(\S+)/m or return;
    my ($rss) = $status =~ /^VmRSS:\s+(\d+)/m or return;
    my ($peak) = $status =~ /^VmHWM:\s+(\d+)/m or return;
    my @descriptors = glob "/proc/$pid/fd/*";
    return {name => $name, rss => $rss, peak => $peak, descriptors => scalar @descriptors};
}

# One sample of all processes. Those of one name at one server are one series, of the largest at each moment: so a
# series goes on when a restart puts new processes in the place of old ones.
sub sample {
    my ($self) = @_;
    $self->{samples}++;
    for my $source (sort keys %{$self->{sources}}) {
        my ($first, @others) = $self->{sources}{$source}->();
        my %most;
        for my $pid (grep { defined } $first, @others) {
            my $process = process_read($pid) or next;
            my $key = "$source: $process->{name}" . ($pid == $first ? ' (first)' : '');
            for (qw(rss peak descriptors)) {
                $most{$key}{$_} = $process->{$_} if $process->{$_} > ($most{$key}{$_} // -1);
            }
        }
        push @{$self->{series}{$_}}, {at => $self->{samples}, %{$most{$_}}} for keys %most;
    }
    return;
}

sub median {
    my (@values) = sort { $a <=> $b } @_;
    return $values[@values / 2];
}

# The median of each quarter of the time; undef where there were fewer than three samples.
sub quarters {
    my ($self, $key, $what) = @_;
    my @quarters = ([], [], [], []);
    push @{$quarters[4 * ($_->{at} - 1) / $self->{samples}]}, $_->{$what} for @{$self->{series}{$key}};
    return map { @$_ >= 3 ? median(@$_) : undef } @quarters;
}

# Sentences about what has grown from the second quarter to the last; also when there is nothing to compare.
sub growth {
    my ($self) = @_;
    my @found;
    my $compared = 0;
    for my $key (sort keys %{$self->{series}}) {
        my (undef, $memory, undef, $memory_end) = $self->quarters($key, 'rss');
        my (undef, $open, undef, $open_end) = $self->quarters($key, 'descriptors');
        next unless defined $memory && defined $memory_end;
        $compared++;
        push @found, "$key: $memory KiB became $memory_end KiB" if $memory_end > $memory * $memory_factor + $memory_more;
        push @found, "$key: $open descriptors became $open_end" if $open_end > $open + $descriptors_more;
    }
    push @found, 'nothing could be compared' unless $compared;
    return @found;
}

# For people: a line for each series.
sub table {
    my ($self) = @_;
    my $row = '%-36s %8s %8s %8s %8s %9s %6s %6s';
    my @lines = (sprintf $row, 'KiB; medians of the quarters', qw(1st 2nd 3rd 4th peak fds-2 fds-4));
    for my $key (sort keys %{$self->{series}}) {
        my @memory = map { $_ // '-' } $self->quarters($key, 'rss');
        my @open = map { $_ // '-' } $self->quarters($key, 'descriptors');
        my ($peak) = sort { $b <=> $a } map { $_->{peak} } @{$self->{series}{$key}};
        push @lines, sprintf $row, $key, @memory, $peak, @open[1, 3];
    }
    return @lines;
}

1;
