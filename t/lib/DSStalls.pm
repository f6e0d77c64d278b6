# For what is promised within some seconds: how much of a span of time the machine itself stood still, as a virtual one may.
# A process of its own looks at the clock all the time; what keeps it from that keeps others from their work. That is not quite so
# on a busy machine of several processors: while this process waits for its turn others may work, so such a machine shows less.
package DSStalls;
use strict;
use warnings FATAL => 'all';
use IO::Handle;
use IO::Select;
use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $turn = 0.01;     # seconds between two looks
my $stall = 0.05;    # what is longer is one

sub start {
    my ($class) = @_;
    socketpair my $ours, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        close $ours;
        eval { serve($its) };
        POSIX::_exit(0);
    }
    close $its;
    $ours->autoflush;
    return bless {socket => $ours, pid => $pid, owner => $$}, $class;
}

# By the clock that nobody sets.
sub now {
    return clock_gettime(CLOCK_MONOTONIC);
}

# The seconds from one such moment to another, without those in which the machine stood still.
sub seconds {
    my ($self, $from, $to) = @_;
    return $to - $from - $self->lost($from, $to);
}

# And those in which it did.
sub lost {
    my ($self, $from, $to) = @_;
    my $socket = $self->{socket};
    print {$socket} "$from $to\n";
    my $lost = readline $socket // die "nobody looks at the clock\n";
    return 0 + $lost;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $?;
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

# In its own process

sub overlap {
    my ($span, $from, $to) = @_;
    my $begin = $span->[0] > $from ? $span->[0] : $from;
    my $end = $span->[1] < $to ? $span->[1] : $to;
    return $end > $begin ? $end - $begin : 0;
}

sub serve {
    my ($socket) = @_;
    my ($select, $before, @stalls) = (IO::Select->new($socket), now());
    $socket->autoflush;
    while (1) {
        my $asked = $select->can_read($turn);
        my $now = now();
        push @stalls, [$before, $now] if $now - $before > $stall;
        $before = $now;
        next unless $asked;
        my ($from, $to) = split ' ', readline $socket // return;
        my $lost = 0;
        $lost += overlap($_, $from, $to) for @stalls;
        print {$socket} "$lost\n";
    }
    return;
}

1;
