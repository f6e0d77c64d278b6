# A REST API that plays its part by a script: an HTTP/1.1 server on 127.0.0.1 whose answers the test makes, and
# which tells what it was asked. Each connection has a process of its own, so a slow answer holds nobody up.
package DSRest;
use strict;
use warnings FATAL => 'all';
use DSClient;
use File::Temp qw(tempdir);
use HTTP::Request;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep);

my @running;

# handle->(HTTP::Request, server) gives [status, {headers}, body], or writes to $server->{client} itself and
# gives nothing: then the connection is closed. certificate => [file, file of its key]: it speaks TLS.
sub start {
    my ($class, $handle, %how) = @_;
    my $self = bless {dir => tempdir(CLEANUP => 1), owner => $$, handle => $handle, certificate => $how{certificate}}, $class;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 100, ReuseAddr => 1) or die "DSRest: $@\n";
    $self->{port} = $listener->sockport;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        POSIX::setpgid(0, 0);
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{CHLD} = 'IGNORE';
        $SIG{PIPE} = 'IGNORE';
        while (1) {
            my $client = $listener->accept or next;
            my $child = fork // next;
            if (!$child) {
                close $listener;
                $self->{client} = $client;
                print STDERR "DSRest: $@" unless eval { $self->connection_serve; 1 };
                POSIX::_exit(0);
            }
            close $client;
        }
    }
    close $listener;
    POSIX::setpgid($pid, $pid);
    $self->{pid} = $pid;
    push @running, $self;
    return $self;
}

sub url {
    my ($self, $path) = @_;
    return ($self->{certificate} ? 'https' : 'http') . "://127.0.0.1:$self->{port}" . ($path // '');
}

sub request_read {
    my ($client) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        sysread $client, $head, 65_536, length $head or return undef;
    }
    my ($lines, $body) = split /\r\n\r\n/, $head, 2;
    my $request = HTTP::Request->parse("$lines\r\n\r\n");
    my $length = $request->header('Content-Length') // 0;
    while (length $body < $length) {
        sysread $client, $body, 65_536, length $body or return undef;
    }
    $request->content($body);
    return $request;
}

# False: the client does not like our certificate.
sub tls_begin {
    my ($self) = @_;
    require IO::Socket::SSL;
    my ($certificate, $key) = @{$self->{certificate}};
    return IO::Socket::SSL->start_SSL($self->{client}, SSL_server => 1, SSL_cert_file => $certificate, SSL_key_file => $key);
}

sub connection_serve {
    my ($self) = @_;
    return if $self->{certificate} && !$self->tls_begin;
    while (my $request = request_read($self->{client})) {
        $self->note($request);
        my $answer = $self->{handle}->($request, $self) or return;
        my ($status, $headers, $body) = @$answer;
        my %headers = ('Content-Length' => length $body, %$headers);
        my $text = "HTTP/1.1 $status Said\r\n" . join('', map { "$_: $headers{$_}\r\n" } sort keys %headers) . "\r\n$body";
        DSClient::send_all($self->{client}, $text) or return;
    }
    return;
}

# One line for each request, written at once: its path, which is all that counting needs, and the rest.
sub note {
    my ($self, $request) = @_;
    my %headers = map { lc $_ => scalar $request->header($_) } $request->header_field_names;
    my $rest = JSON::PP->new->canonical->encode({method => $request->method, headers => \%headers, body => $request->content});
    open my $out, '>>', "$self->{dir}/asked" or die $!;
    syswrite $out, $request->uri . "\t$rest\n";
    close $out;
    return;
}

# What was asked so far: {method, path, headers, body} each, headers in lower case.
sub asked {
    my ($self) = @_;
    return map { my ($path, $rest) = split /\t/; +{path => $path, %{decode_json($rest)}} } $self->asked_lines;
}

sub asked_lines {
    my ($self) = @_;
    return split /\n/, DSClient::text_of("$self->{dir}/asked");
}

# How often something with this path was asked.
sub asked_count {
    my ($self, $match) = @_;
    return scalar grep { s/\t.*//r =~ $match } $self->asked_lines;
}

# A number that all connections share, and that grows by one: from 1.
sub count {
    my ($self, $name) = @_;
    open my $out, '>>', "$self->{dir}/count-$name" or die $!;
    syswrite $out, '.';
    my $count = -s $out;
    close $out;
    return $count;
}

# A switch that the test sets for the server.
sub set {
    my ($self, $name, $value) = @_;
    open my $out, '>', "$self->{dir}/new-$name" or die $!;
    print {$out} $value;
    close $out;
    rename "$self->{dir}/new-$name", "$self->{dir}/switch-$name" or die $!;
    return;
}

sub get {
    my ($self, $name) = @_;
    return DSClient::text_of("$self->{dir}/switch-$name");
}

# The parameters of a request's query.
sub query {
    my ($request) = @_;
    return {$request->uri->query_form};
}

sub json {
    my ($data, %headers) = @_;
    return [200, {'Content-Type' => 'application/json', %headers}, JSON::PP->new->canonical->encode($data)];
}

sub stop {
    my ($self) = @_;
    return if $self->{owner} != $$;
    my $pid = delete $self->{pid} or return;
    kill KILL => -$pid, $pid;
    waitpid $pid, 0;
    return;
}

END {
    my $status = $?;
    $_->stop for @running;
    $? = $status;
}

1;
