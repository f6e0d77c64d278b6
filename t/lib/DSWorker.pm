# A worker that runs alone, as systemd would start it: `datasync-worker --config FILE`, with no httpd above it.
package DSWorker;
use strict;
use warnings FATAL => 'all';
use DSClient;
use DSNode;
use File::Temp qw(tempdir);
use JSON::PP;
use POSIX qw(WNOHANG);

my @running;

# members => those of its configuration file beside the usual ones; environment => more variables; wrapper =>
# the words before its command.
sub prepare {
    my ($class, %how) = @_;
    my $dir = tempdir('worker-XXXXXX', DIR => DSNode::run_dir());
    chmod 0755, $dir;
    my $self = bless {dir => $dir, log => "$dir/log", config => "$dir/worker.json", environment => $how{environment} || {},
                      wrapper => $how{wrapper} || []}, $class;
    my %user = $> == 0 ? (user => 'nobody', group => 'nogroup') : ();
    $self->config_write(JSON::PP->new->pretty->encode({log_level => 'info', %user, %{$how{members} || {}}}));
    return $self;
}

sub config_write {
    my ($self, $text) = @_;
    return $self->file_write('worker.json', 0600, $text) && $self;
}

# The path of a new file beside the configuration.
sub file_write {
    my ($self, $name, $mode, $text) = @_;
    my $path = "$self->{dir}/$name";
    unlink $path;
    open my $out, '>', $path or die "$path: $!";
    print {$out} $text;
    close $out or die "$path: $!";
    chmod $mode, $path or die "$path: $!";
    return $path;
}

sub program {
    return DSNode::run_dir() . '/bin/datasync-worker';
}

# What the program says to these arguments: (exit code, text).
sub run {
    my ($self, @arguments) = @_;
    my $pid = open my $in, '-|' // die "fork: $!";
    if (!$pid) {
        $self->exec_prepare;
        open STDERR, '>&', \*STDOUT;
        exec program(), @arguments or die program() . ": $!";
    }
    local $/;
    my $text = <$in> // '';
    close $in;
    return ($? >> 8, $text);
}

sub exec_prepare {
    my ($self) = @_;
    open STDIN, '<', '/dev/null' or die $!;
    %ENV = (%ENV, %{$self->{environment}});
    return;
}

sub start {
    my ($self) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        $self->exec_prepare;
        open STDOUT, '>>', $self->{log} or die $!;
        open STDERR, '>&', \*STDOUT;
        exec @{$self->{wrapper}}, program(), '--config', $self->{config} or die program() . ": $!";
    }
    $self->{child} = $pid;
    push @running, $self;
    return $self;
}

# The supervisor first, then keeper and runners.
sub pids {
    my ($self) = @_;
    return ($self->{child}, DSClient::processes_below($self->{child}, qr/^datasync-/));
}

sub pids_wait {
    my ($self, $count) = @_;
    return @{DSClient::wait_for("$count processes of the worker", sub { my @now = $self->pids; @now == $count && \@now })};
}

# End it by a signal (TERM); its exit status.
sub stop {
    my ($self, $signal) = @_;
    my $pid = delete $self->{child} or return;
    kill $signal || 'TERM', $pid;
    waitpid $pid, 0;
    return $?;
}

sub log_text {
    my ($self) = @_;
    return DSClient::text_of($self->{log});
}

sub log_wait {
    my ($self, $match) = @_;
    return DSClient::wait_for("the worker's log to show $match", sub { $self->log_text =~ $match });
}

END {
    my $status = $?;
    $_->stop for @running;
    $? = $status;
}

1;
