# An httpd of its own, for tests that need another configuration, a `-t`, or a kill.
package DSNode;
use strict;
use warnings FATAL => 'all';
use parent 'DSClient';
use DSDatabase;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(WNOHANG setpgid);

my @running;

sub run_dir {
    return $ENV{DS_RUNDIR} || die "DS_RUNDIR is not set: run this by make check\n";
}

# The objects and syncs that most tests need.
sub usual_config {
    return DSClient::text_of(run_dir() . '/t/conf/syncs.conf');
}

# The same, for tests that start launches faster than a runner ends them: no queue is ever full.
sub unlimited_config {
    my $syncs = usual_config();
    $syncs =~ s/^(<DataSync (?:stock-import|part-(?:import|delete|export))>\n)/$1    QueueLimit 0\n/mg;
    return $syncs . "DataSyncAPI prisma\nDataSyncQueueLimit 0\n";
}

# The lines that a server needs before any of ours.
sub server_config {
    my ($dir, $port) = @_;
    my $modules = DSClient::text_of(run_dir() . '/base.conf');
    my $user = $> == 0 ? "User nobody\nGroup nogroup\n" : '';
    return <<"EOT";
$modules
ServerName 127.0.0.1
ServerRoot "$dir"
DocumentRoot "$dir/htdocs"
Listen 127.0.0.1:$port
PidFile "$dir/httpd.pid"
DefaultRuntimeDir "$dir"
ErrorLog "$dir/error_log"
LogLevel info
TypesConfig /dev/null
GracefulShutdownTimeout 5
$user
EOT
}

# Make its directory and configuration without starting it. config => our lines; `state` in them is
# the directory that the run-time user may write to. database => that of another server, else it has its own.
sub prepare {
    my ($class, %how) = @_;
    my $dir = tempdir('node-XXXXXX', DIR => run_dir());
    chmod 0755, $dir;
    make_path("$dir/state", "$dir/htdocs");
    if ($> == 0) {
        chown scalar getpwnam('nobody'), scalar getgrnam('nogroup'), "$dir/state" or die "chown: $!";
    }
    my $port = DSClient::port_find();
    my $self = $class->new(dir => $dir, port => $port, log => "$dir/error_log", pid_file => "$dir/httpd.pid",
                           database => $how{database} // $class->database_make($dir), bin => run_dir() . '/bin');
    $self->config_write($how{config} // $class->worker_config . usual_config() . "DataSyncAPI prisma\n");
    return $self;
}

my $databases = 0;

sub database_make {
    my ($class, $dir) = @_;
    return DSDatabase->new(name => "node_${$}_" . ++$databases, file => "$dir/state/datasync.db")->create;
}

# Where the worker program is; appended to by tests that set it otherwise.
sub worker_config {
    my ($class, $options) = @_;
    my $bin = run_dir() . '/bin';
    $options //= 'runners=2';
    return "\@database\@"    # each node has its own
        . "DataSyncWorker On $options program=$bin/datasync-worker\n";
}

# A file with a secret, which the run-time user may read and nobody else. Returns its path.
sub secret_write {
    my ($self, $name, $secret) = @_;
    my $path = "$self->{dir}/$name";
    open my $out, '>', $path or die "$path: $!";
    print {$out} "$secret\n";
    close $out or die "$path: $!";
    chmod 0640, $path or die "$path: $!";
    if ($> == 0) {
        chown 0, scalar getgrnam('nogroup'), $path or die "$path: $!";
    }
    return $path;
}

sub config_write {
    my ($self, $config) = @_;
    $self->{config} = "$self->{dir}/httpd.conf";
    my $directive = $self->{database}->directive;
    $config =~ s/\@database\@/$directive/;
    open my $out, '>', $self->{config} or die "$self->{config}: $!";
    print {$out} server_config($self->{dir}, $self->{port}), $config;
    close $out or die "$self->{config}: $!";
    return $self;
}

sub httpd {
    return $ENV{DS_HTTPD} || '/usr/sbin/apache2';
}

# What `httpd -t` says about our lines: (exit code, text). {wrapper}: the words before the command.
sub config_check {
    my ($self, $config, @options) = @_;
    $self->config_write($config);
    my $pid = open my $in, '-|' // die;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @{$self->{wrapper} || []}, httpd(), '-t', '-f', $self->{config}, @options or die "httpd: $!";
    }
    local $/;
    my $text = <$in> // '';
    close $in;
    return ($? >> 8, $text);
}

# What makes a process believe that it is on a machine of its own: it cannot see those of others.
sub machine_command {
    return ('unshare', $> == 0 ? () : qw(--user --map-current-user), qw(--pid --fork --mount-proc --kill-child --));
}

# Its pid as the tests see it, which is not always the one that it knows itself.
sub pid {
    my ($self) = @_;
    my $child = $self->{child} // return $self->SUPER::pid;
    my $parent = $self->{machine} ? (DSClient::processes_below($child, qr/^(?:apache2|httpd)/))[0] : $child;
    return $parent // die "there is no httpd of $self->{dir}\n";
}

# Start it, and wait until it answers and its worker has made the database. machine => 1: as on a machine of its own.
sub start {
    my ($class, %how) = @_;
    my $self = ref $class ? $class : $class->prepare(%how);
    $self->{machine} //= $how{machine};
    # A process that was killed closes its sockets a moment after it seems to be gone.
    DSClient::wait_for("the port of $self->{dir}", sub {
        return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $self->{port}, ReuseAddr => 1);
    });
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        setpgid(0, 0);    # prefork ends by a signal to its whole process group
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/stdout";
        open STDERR, '>&', \*STDOUT;
        exec $self->{machine} ? machine_command() : (), httpd(), '-DFOREGROUND', '-f', $self->{config} or die "httpd: $!";
    }
    $self->{child} = $pid;
    push @running, $self;
    DSClient::wait_for("httpd of $self->{dir}", sub {
        die "httpd did not start:\n" . DSClient::text_of("$self->{dir}/stdout") . $self->log_text
            if waitpid($pid, WNOHANG) == $pid;
        return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port});
    });
    $self->ready_wait unless $how{unready};
    return $self;
}

# End it by a signal (TERM) and wait for the end of httpd and of its worker.
sub stop {
    my ($self, $signal) = @_;
    my $pid = $self->{child} or return;
    my @workers = DSClient::processes_below($pid, qr/^datasync-/);
    $self->supervisor_continue;
    kill $signal || 'TERM', $self->pid;
    delete $self->{child};
    waitpid $pid, 0;
    DSClient::wait_for('the end of the worker', sub {
        return !grep { -e "/proc/$_" && DSClient::text_of("/proc/$_/stat") !~ /\) Z/ } @workers;
    });
    return $self;
}

# Halt httpd's parent, which would start a child for each that is killed; its children as they are from then on.
sub parent_halt {
    my ($self) = @_;
    DSClient::halt($self->pid);
    return $self->httpd_pids;
}

# Kill httpd and all below it, as the end of a machine would. How many processes that were.
sub crash {
    my ($self) = @_;
    my @all = ($self->parent_halt, $self->worker_pids, $self->pid);
    my $count = kill KILL => @all;
    waitpid delete $self->{child}, 0;
    DSClient::wait_for('the end of all of them', sub { !grep { -e "/proc/$_/exe" } @all });
    return $count == @all;
}

END {
    my $status = $?;
    for my $node (@running) {
        eval { $node->stop; 1 } or kill KILL => DSClient::processes_below($$, qr/^(?:apache2|httpd|datasync-)/);
    }
    $? = $status;
}

1;
