# A PostgreSQL cluster of the tests' own: in a temporary directory, on 127.0.0.1 and a free port, run by
# an unprivileged user, and always stopped by its pid.
package DSPostgres;
use strict;
use warnings FATAL => 'all';
use DSClient;
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

my $user = 'datasync';

# The directory of postgres and initdb: Debian keeps them out of PATH.
sub bindir {
    my ($found) = grep { -x "$_/postgres" && -x "$_/initdb" }
        sort({ $b cmp $a } glob '/usr/lib/postgresql/*/bin'), split /:/, $ENV{PATH};
    return $found // die "DSPostgres: there is no PostgreSQL: install postgresql\n";
}

# PostgreSQL refuses to run as root.
sub privileges_drop {
    return if $> != 0;
    my ($uid, $gid) = (scalar getpwnam('nobody'), scalar getgrnam('nogroup'));
    $) = "$gid $gid";
    POSIX::setgid($gid);
    POSIX::setuid($uid);
    die "DSPostgres: still root\n" if $> == 0 || $< == 0;
    return;
}

# Run a program as the cluster's user, its output in a file. Returns its pid.
sub program_start {
    my ($log, @command) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    eval {
        privileges_drop();
        chdir '/' or die "chdir: $!\n";
        open STDIN, '<', '/dev/null' or die "stdin: $!\n";
        open STDOUT, '>>', $log or die "$log: $!\n";
        open STDERR, '>&', \*STDOUT or die "stderr: $!\n";
        exec {$command[0]} @command or die "$command[0]: $!\n";
    };
    print STDERR $@;
    POSIX::_exit(127);
}

sub log_text {
    my ($self) = @_;
    open my $in, '<', $self->{log} or return '';
    local $/;
    return scalar <$in>;
}

# Texts are compared by a language's rules unless a statement says otherwise, as on many servers.
sub cluster_init {
    my ($self) = @_;
    my $pid = program_start($self->{log}, "$self->{bin}/initdb", '-D', "$self->{dir}/data", '-U', $user,
        '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en');
    waitpid $pid, 0;
    die "DSPostgres: initdb failed:\n" . $self->log_text if $? != 0;
    return;
}

sub is_ready {
    my ($self) = @_;
    return system("$self->{bin}/pg_isready", '-q', '-h', '127.0.0.1', '-p', $self->{port}, '-d', 'postgres',
        '-U', $user) == 0;
}

# A place for a cluster. extra: settings as name => value.
sub prepare {
    my ($class, %extra) = @_;
    my $self = bless {bin => bindir(), dir => tempdir('datasync-pg-XXXXXX', TMPDIR => 1), owner => $$,
                      port => DSClient::port_find(), extra => {%extra}}, $class;
    $self->{log} = "$self->{dir}/log";
    if ($> == 0) {
        chown scalar getpwnam('nobody'), scalar getgrnam('nogroup'), $self->{dir} or die "chown: $!\n";
    }
    return $self;
}

# Make a cluster and start it.
sub start {
    my ($class, %extra) = @_;
    my $self = $class->prepare(%extra);
    $self->cluster_init;
    $self->run;
    return $self;
}

# A standby that follows a primary.
sub replica {
    my ($class, $primary, %extra) = @_;
    my $self = $class->prepare(%extra);
    my $pid = program_start($self->{log}, "$self->{bin}/pg_basebackup", '-D', "$self->{dir}/data", '-R', '-c', 'fast',
        '-d', $primary->params);
    waitpid $pid, 0;
    die "DSPostgres: pg_basebackup failed:\n" . $self->log_text if $? != 0;
    $self->run;
    return $self;
}

# Run SQL as the owner of the cluster; its output.
sub sql {
    my ($self, @statements) = @_;
    open my $in, '-|', 'psql', '-XqtA', '-v', 'ON_ERROR_STOP=1', '-d', $self->params, map { ('-c', $_) } @statements
        or die "psql: $!\n";
    local $/;
    my $text = <$in> // '';
    close $in or die "psql failed: @statements\n";
    return $text;
}

# Start the server of a cluster that is there, and wait until it answers.
sub run {
    my ($self) = @_;
    my %setting = (listen_addresses => '127.0.0.1', port => $self->{port},
                   unix_socket_directories => $self->{dir}, %{$self->{extra}});
    $self->{pid} = program_start($self->{log}, "$self->{bin}/postgres", '-D', "$self->{dir}/data",
        map { ('-c', "$_=$setting{$_}") } sort keys %setting);
    my $deadline = time + $DSClient::patience;
    until ($self->is_ready) {
        if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
            delete $self->{pid};
            die "DSPostgres: it did not start:\n" . $self->log_text;
        }
        die "DSPostgres: it does not answer:\n" . $self->log_text if time > $deadline;
        sleep 0.05;
    }
    return;
}

# What libpq takes; a database can be added.
sub params {
    my ($self) = @_;
    return "host=127.0.0.1 port=$self->{port} dbname=postgres user=$user";
}

# A fast shutdown by default; QUIT is the immediate one.
sub stop {
    my ($self, $signal) = @_;
    my $pid = delete $self->{pid} // return;
    my $deadline = time + $DSClient::patience;
    kill $signal // 'INT', $pid;
    while (waitpid($pid, WNOHANG) == 0) {
        if (time > $deadline) {
            kill 'KILL', $pid;
            waitpid $pid, 0;
        }
        sleep 0.02;
    }
    return;
}

# Its processes, the first one first.
sub pids {
    my ($self) = @_;
    return ($self->{pid}, DSClient::processes_below($self->{pid}, qr/^postgres$/));
}

# Its machine takes what is sent to it, and nobody answers, until it is thawed.
sub freeze {
    my ($self) = @_;
    kill STOP => $self->pids;
    return;
}

sub thaw {
    my ($self) = @_;
    kill CONT => $self->pids;
    return;
}

# Take connections until there is none left: they last until the result goes, or its parts are closed.
sub fill {
    my ($self) = @_;
    my $refused = sub { scalar(() = $self->log_text =~ /too many clients/g) };
    my ($before, @sessions) = $refused->();
    DSClient::wait_for('a server that is full', sub {
        open my $in, '|-', "psql -Xq -d '" . $self->params . " application_name=filler' 2>/dev/null" or die "psql: $!";
        push @sessions, $in;
        sleep 0.05;
        return $refused->() > $before;
    });
    return \@sessions;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $@);
    $self->thaw if $self->{pid};
    $self->stop;
    remove_tree($self->{dir});
    return;
}

1;
