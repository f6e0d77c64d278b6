# Between a server under test and PostgreSQL: it passes everything on, reads along, and springs a trap at a statement that
# the test names: the connection is cut, or the database's server gets a signal, at that very moment.
package DSProxy;
use strict;
use warnings FATAL => 'all';
use DSClient;
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep);

my %nameless = (80877103 => 1, 80877104 => 1);    # requests for TLS and the like come before the first words
my $patience = 60;                                # seconds for an answer to a commit

# port => that of the server.
sub start {
    my ($class, %fields) = @_;
    my $self = bless {dir => tempdir(CLEANUP => 1), owner => $$, %fields}, $class;
    $self->{listener} = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 200) or die "DSProxy: $@\n";
    $self->{own_port} = $self->{listener}->sockport;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{PIPE} = 'IGNORE';
        print STDERR "DSProxy: $@" unless eval { $self->serve; 1 };
        POSIX::_exit(0);
    }
    close delete $self->{listener};
    $self->{pid} = $pid;
    return $self;
}

# Let a server that does not run yet reach its database through us; the test itself goes past us.
sub stand_before {
    my ($self, $node) = @_;
    my $text = DSClient::text_of($node->{config});
    $text =~ s/^(DataSyncDatabase .*\bport=)$self->{port}\b/$1$self->{own_port}/m or die "no port $self->{port}\n";
    open my $out, '>', $node->{config} or die "$node->{config}: $!\n";
    print {$out} $text;
    close $out or die "$node->{config}: $!\n";
    return;
}

# Set the trap, in the place of the one before. at => where: a pattern of a statement; with => ... of one before it in its
# transaction. Then cut => 'before': it is not sent; 'after': its answer is lost; 'at once': nobody waits for its end;
# away => 1: and there is no way to the database until back(). Or signal => ..., pid => ...: the process gets that, and the
# statement is sent. It is sprung once; with share => a part of the times, and stays.
sub trap {
    my ($self, %trap) = @_;
    open my $out, '>', "$self->{dir}/trap.new" or die $!;
    print {$out} encode_json(\%trap);
    close $out or die $!;
    rename "$self->{dir}/trap.new", "$self->{dir}/trap" or die $!;
    return;
}

sub trap_remove {
    my ($self) = @_;
    unlink "$self->{dir}/trap";
    return;
}

# How often it was sprung so far.
sub sprung {
    my ($self) = @_;
    return -s "$self->{dir}/sprung" // 0;
}

sub sprung_wait {
    my ($self, $count) = @_;
    return DSClient::wait_for('the moment', sub { $self->sprung >= $count });
}

sub back {
    my ($self) = @_;
    unlink "$self->{dir}/away";
    return;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$ || !$self->{pid};
    local $?;
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

# In its own process

sub serve {
    my ($self) = @_;
    $self->{select} = IO::Select->new($self->{listener});
    while (getppid() == $self->{owner}) {
        for my $socket ($self->{select}->can_read(1)) {
            $socket == $self->{listener} ? $self->client_take : $self->bytes_pass($socket);
        }
    }
    return;
}

sub is_away {
    my ($self) = @_;
    return -e "$self->{dir}/away";
}

sub client_take {
    my ($self) = @_;
    my $client = $self->{listener}->accept or return;
    my $server = $self->is_away ? undef : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port});
    return close $client unless $server;
    my $connection = {client => $client, server => $server, bytes => '', talks => 0, before => ''};
    for ($client, $server) {
        setsockopt $_, IPPROTO_TCP, TCP_NODELAY, 1 or die "DSProxy: $!\n";
        $self->{of}{$_} = $connection;
    }
    return $self->{select}->add($client, $server);
}

sub cut {
    my ($self, $connection) = @_;
    for my $socket (@$connection{qw(client server)}) {
        $self->{select}->remove($socket);
        delete $self->{of}{$socket};
        close $socket;
    }
    return 0;
}

sub bytes_pass {
    my ($self, $socket) = @_;
    my $connection = $self->{of}{$socket} or return;    # cut in this turn
    my $bytes;
    return $self->cut($connection) unless sysread $socket, $bytes, 65_536;
    if ($socket == $connection->{server}) {
        return DSClient::send_all($connection->{client}, $bytes) || $self->cut($connection);
    }
    $connection->{bytes} .= $bytes;
    while (defined(my $message = message_take($connection))) {
        $self->message_pass($connection, $message) or return;
    }
    return;
}

# The next whole message of the client, if it is there: a letter, unless it is one of the first, its length, its text.
sub message_take {
    my ($connection) = @_;
    my $letter = $connection->{talks} ? 1 : 0;
    return undef if length $connection->{bytes} < $letter + 8 - 4 * $letter;
    my $size = $letter + unpack 'N', substr $connection->{bytes}, $letter, 4;
    return undef if length $connection->{bytes} < $size;
    $connection->{talks} ||= !$nameless{unpack 'N', substr $connection->{bytes}, 4, 4};
    return substr $connection->{bytes}, 0, $size, '';
}

# What a message asks for: that of a simple query, or of one that is prepared.
sub statement_of {
    my ($message) = @_;
    return $1 if $message =~ /\AQ.{4}([^\0]*)/s;
    return $1 if $message =~ /\AP.{4}[^\0]*\0([^\0]*)/s;
    return '';
}

# False when there is no connection any more.
sub message_pass {
    my ($self, $connection, $message) = @_;
    my $statement = statement_of($message);
    if (length $statement) {
        $connection->{before} = '' if $statement =~ /\ABEGIN/;
        my $trap = $self->trap_for($connection, $statement);
        $connection->{before} .= "$statement\n";
        return $self->spring($connection, $message, $trap) if $trap;
    }
    return DSClient::send_all($connection->{server}, $message) || $self->cut($connection);
}

sub trap_for {
    my ($self, $connection, $statement) = @_;
    my $text = DSClient::text_of("$self->{dir}/trap");
    my $trap = length $text ? decode_json($text) : return undef;
    return undef if $statement !~ /$trap->{at}/ || $trap->{with} && $connection->{before} !~ /$trap->{with}/;
    return undef if $trap->{share} && rand() >= $trap->{share};
    unlink "$self->{dir}/trap" unless $trap->{share};
    return $trap;
}

sub note {
    my ($self, $name) = @_;
    open my $out, '>>', "$self->{dir}/$name" or die $!;
    print {$out} '.';
    return close $out;
}

sub spring {
    my ($self, $connection, $message, $trap) = @_;
    $self->note('away') if $trap->{away};
    if ($trap->{signal}) {
        kill $trap->{signal}, $trap->{pid};
        $self->note('sprung');
        return DSClient::send_all($connection->{server}, $message) || $self->cut($connection);
    }
    my $cut = ref $trap->{cut} ? $trap->{cut}[rand @{$trap->{cut}}] : $trap->{cut};
    DSClient::send_all($connection->{server}, $message) if $cut ne 'before';
    IO::Select->new($connection->{server})->can_read($patience) if $cut eq 'after';
    $self->note('sprung');
    return $self->cut($connection);
}

1;
