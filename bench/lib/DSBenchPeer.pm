# The service that a Node developer would write (bench/node/peer_*.mjs), with a PostgreSQL of its own.
package DSBenchPeer;
use strict;
use warnings FATAL => 'all';
use DSBench;
use DSBenchPostgres;
use DSClient;
use File::Temp qw(tempdir);
use JSON::PP;
use Time::HiRes qw(sleep time);

# A figure that a script of bench/node prints as its last line.
sub node_measure {
    my ($script, @arguments) = @_;
    my $text = qx(cd '$DSBench::option{builddir}/bench/npm' && NODE_ENV=production node $script @arguments 2>/dev/null);
    die "$script failed\n" if $? != 0;
    return decode_json((grep { /^\{.*\}$/ } split /\n/, $text)[-1]);
}

sub start {
    my ($class) = @_;
    my $self = bless {cluster => DSBenchPostgres->start, port => DSClient::port_find(), token => 'peer' . 'x' x 43,
                      dir => tempdir('datasync-peer-XXXXXX', TMPDIR => 1, CLEANUP => 1), pids => []}, $class;
    $self->script_start('peer_server.mjs', $self->{port}, $self->{dir});
    $self->script_start('peer_worker.mjs');
    return $self;
}

sub script_start {
    my ($self, $script, @arguments) = @_;
    my $log = "$self->{dir}/$script.log";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        %ENV = (%ENV, $self->{cluster}->environment, PEER_TOKEN => $self->{token}, NODE_ENV => 'production');
        chdir "$DSBench::option{builddir}/bench/npm" or die "chdir: $!\n";
        open STDOUT, '>', $log or die "$log: $!\n";
        open STDERR, '>&', \*STDOUT;
        exec 'node', $script, @arguments or die "node: $!\n";
    }
    push @{$self->{pids}}, $pid;
    DSClient::wait_for($script, sub { text_of($log) =~ /^ready/m });
}

sub post {
    my ($self, $file) = @_;
    my $code = qx(curl -s -o /dev/null -w '%{http_code}' -H '@{[$self->header]}' -F 'file=\@$file' '@{[$self->url('/import')]}');
    die "POST to the peer: $code\n" unless $code eq '200';
}

sub url { return "http://127.0.0.1:$_[0]{port}$_[1]" }
sub header { return "Authorization: Bearer $_[0]{token}" }
sub httpd_pids { return $_[0]{pids}[0] }

# The seconds at which the newest import ended.
sub finished_wait {
    my ($self, $pause) = @_;
    my $newest = 'SELECT extract(epoch FROM finished_at) FROM launch ORDER BY id DESC LIMIT 1';
    my $finished;
    until ($finished = $self->{cluster}->value($newest)) {
        sleep($pause // 0.2);
    }
    return $finished;
}

# A file from the POST to the end of its import. Figures as DSBenchNode::import_measure has them.
sub import_measure {
    my ($self, $file) = @_;
    my @pids = @{$self->{pids}};
    my $cpu = processes_cpu(@pids) + $self->{cluster}->cpu;
    peaks_reset(@pids);
    my $start = time;
    $self->post($file);
    my $upload = time - $start;
    my $finished = $self->finished_wait;
    return {total => $finished - $start, upload => $upload, worker_peak => processes_peak($pids[1]),
            total_cpu => processes_cpu(@pids) + $self->{cluster}->cpu - $cpu};
}

# The same on a peer that is new.
sub import_fresh {
    my ($class, $file) = @_;
    my $self = $class->start;
    my $figures = $self->import_measure($file);
    $self->stop;
    return $figures;
}

sub stop {
    my ($self) = @_;
    for my $pid (splice @{$self->{pids}}) {
        kill TERM => $pid;
        waitpid $pid, 0;
    }
    delete $self->{cluster};
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@);
    $self->stop;
}

1;
