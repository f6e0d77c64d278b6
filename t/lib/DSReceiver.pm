# A program that takes what a server under test sends: a mail server, or a webhook. It is given a port and a directory,
# writes a line of JSON for each thing that it takes, and ends with its standard input. See t/30-server/outbox_smtp.py.
package DSReceiver;
use strict;
use warnings FATAL => 'all';
use DSClient;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP;

my @running;

# words => the command.
sub start {
    my ($class, @words) = @_;
    my $self = ref $class ? $class : bless {words => \@words, dir => tempdir(CLEANUP => 1), port => DSClient::port_find()}, $class;
    $self->{pid} = open $self->{stdin}, '|-', @{$self->{words}}, $self->{port}, $self->{dir} or die "@{$self->{words}}: $!\n";
    push @running, $self;
    DSClient::wait_for("the receiver $self->{words}[-1]", sub {
        return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port});
    });
    return $self;
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return $self;
    kill KILL => $pid;
    close delete $self->{stdin};
    return $self;
}

sub file_write {
    my ($self, $name, $text) = @_;
    open my $out, '>', "$self->{dir}/$name.new" or die $!;
    print {$out} $text;
    close $out or die $!;
    return rename "$self->{dir}/$name.new", "$self->{dir}/$name" || die $!;
}

# The next things are answered so, one line each.
sub answer {
    my ($self, @lines) = @_;
    return $self->file_write('answers', join '', map { "$_\n" } @lines);
}

# From now on what comes is taken, and its sender waits for the answer; until release.
sub hold {
    my ($self) = @_;
    return $self->file_write('hold', '');
}

sub release {
    my ($self) = @_;
    return unlink "$self->{dir}/hold";
}

# All that it has taken so far.
sub received {
    my ($self) = @_;
    return map { decode_json($_) } grep { /\}\z/ } split /\n/, DSClient::text_of("$self->{dir}/received");
}

# The thing with this number, from 1, when it has come.
sub received_wait {
    my ($self, $number) = @_;
    return DSClient::wait_for("message $number at the receiver", sub { ($self->received)[$number - 1] });
}

# Others that were forked in between hold its standard input too.
END {
    my $status = $?;
    $_->stop for @running;
    $? = $status;
}

1;
