# Lists of tests side by side, each in a process of its own. What they say is shown line by line, each with its lane's
# name before it.
package DSLanes;
use strict;
use warnings FATAL => 'all';
use IO::Handle;
use IO::Select;
use POSIX qw(WNOHANG);

my %name_of;    # by pid, of those that run

sub lane_start {
    my ($name, $run) = @_;
    pipe my $read, my $write or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        %name_of = ();
        close $read;
        open STDOUT, '>&', $write or die "stdout: $!\n";
        open STDERR, '>&', $write or die "stderr: $!\n";
        close $write;
        STDOUT->autoflush;
        $run->();
        exit 0;
    }
    $name_of{$pid} = $name;
    return {name => $name, out => $read, pid => $pid, said => ''};
}

# What has come is shown up to its last whole line; all => 1: to its end. False at its end.
sub lane_show {
    my ($lane, %how) = @_;
    my $more = sysread $lane->{out}, $lane->{said}, 65_536, length $lane->{said};
    $lane->{said} .= "\n" if $how{all} && !$more && $lane->{said} =~ /[^\n]\z/;
    print "$lane->{name}: $1\n" while $lane->{said} =~ s/\A([^\n]*)\n//;
    return $more;
}

# Nobody waits for the end of what a lane says: a process that is left behind would hold it.
sub lane_finish {
    my ($lane) = @_;
    waitpid($lane->{pid}, WNOHANG) == $lane->{pid} or return 0;
    $lane->{status} = $?;
    delete $name_of{$lane->{pid}};
    my ($select, $end) = (IO::Select->new($lane->{out}), time + 5);
    1 while time < $end && $select->can_read(0.5) && lane_show($lane, all => 1);
    return 1;
}

# Lists of name => sub. The names of those that did not come to their end by themselves.
sub run {
    my (@list) = @_;
    my @lanes;
    STDOUT->autoflush;
    while (my ($name, $run) = splice @list, 0, 2) {
        push @lanes, lane_start($name, $run);
    }
    my %lane_of = map { $_->{out} => $_ } @lanes;
    my $select = IO::Select->new(map { $_->{out} } @lanes);
    while (my @left = grep { !defined $_->{status} } @lanes) {
        for my $out ($select->can_read(0.2)) {
            lane_show($lane_of{$out}) or $select->remove($out);
        }
        lane_finish($_) && $select->remove($_->{out}) for @left;
        select undef, undef, undef, 0.2 unless $select->count;
    }
    return map { $_->{name} } grep { $_->{status} != 0 } @lanes;
}

# Ask those that run to come to their end.
sub stop {
    return kill TERM => keys %name_of;
}

1;
