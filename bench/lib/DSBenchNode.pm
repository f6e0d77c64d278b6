# A server with the module as an administrator would set it up, for the measurements.
package DSBenchNode;
use strict;
use warnings FATAL => 'all';
use parent 'DSNode';
use DSBench;
use DSRunDir;
use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(sleep time);

my $patience = 3600;    # seconds until a launch must have ended

my $config = <<'EOT';
LoadModule bench_module @builddir@/bench/mod_bench.so
LogLevel warn
LimitRequestBody 0
DataSyncAPI prisma
<Location "/bench/json">
    SetHandler bench-json
</Location>
<Location "/bench/discard">
    SetHandler bench-discard
</Location>
<DataSync open>
    Name   "Customers of the benchmark"
    Object customer
    Auth   none
    MaxUpload 8G
</DataSync>
<DataSync outgoing>
    Kind   export
    Object customer
    Auth   none
</DataSync>
EOT

my $object = <<'EOT';
<DataSyncObject @name@>
    Field customer string 20
    Field name     string 255
    Field email    email
    Field phone    phone
    Field city     string 100
    Field active   boolean
    Field since    date
    Field balance  decimal
    Field points   integer
    Field note     text
    Key   customer
</DataSyncObject>
<DataSync @name@s>
    Name   "Customers of the benchmark"
    Object @name@
    MaxUpload 8G
</DataSync>
EOT

# Start one with an empty database. how: runners => 1, objects => [names], lines => more configuration.
sub fresh {
    my ($class, %how) = @_;
    $ENV{DS_RUNDIR} //= run_directory();
    $ENV{DS_HTTPD} = $DSBench::option{httpd};
    my $objects = join '', map { $object =~ s/\@name\@/$_/gr } @{$how{objects} // ['customer']};
    my $lines = ($how{lines} // '') . $objects . $config =~ s/\@builddir\@/$DSBench::option{builddir}/r;
    my $self = $class->start(config => $class->worker_config('runners=' . ($how{runners} // 1)) . $lines);
    $self->{token} = $self->token('customers');
    return $self;
}

# One directory for all servers of this run.
sub run_directory {
    my $dir = tempdir('datasync-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0755, $dir or die "$dir: $!\n";
    DSRunDir::make($dir, mpm => 'event', map { $_ => $DSBench::option{$_} } qw(srcdir builddir moddir));
    return $dir;
}

# Send a file as a partner does. Returns the seconds until the answer. how: path => of the endpoint.
sub post {
    my ($self, $file, %how) = @_;
    my $url = $self->url($how{path} // '/api/data-sync/import/' . ($how{sync} // 'customers'));
    my $token = $how{token} // $self->{token};
    my $start = time;
    my $code = qx(curl -s -o /dev/null -w '%{http_code}' -u 'api:$token' -F 'file=\@$file' '$url');
    die "POST of $file: $code\n" unless $code eq '200';
    return time - $start;
}

# Wait until no launch waits or runs. Looks rarely: the times are taken from the launches.
sub idle_wait {
    my ($self) = @_;
    my $end = time + $patience;
    while ($self->value('SELECT count(*) FROM ds_launch WHERE finished_at IS NULL') > 0) {
        die "a launch does not end\n" if time > $end;
        sleep 0.2;
    }
}

# The newest launch, or those of `where`; times in seconds.
sub launches {
    my ($self, $where) = @_;
    my @rows = $self->rows('SELECT id, state, message, rows_read, rows_ok, scheduled_at / 1000000.0 AS accepted,'
        . ' started_at / 1000000.0 AS started, finished_at / 1000000.0 AS finished FROM ds_launch'
        . ($where ? " WHERE $where ORDER BY id" : ' ORDER BY id DESC LIMIT 1'));
    $_->{state} eq 'finished' or die "launch $_->{id}: $_->{state}: $_->{message}\n" for @rows;
    return @rows;
}

# A file from the POST to the end of its launch. Figures: total, upload, worker (from claim to end), the CPU
# time of the worker and of everything, and the worker's memory.
sub import_measure {
    my ($self, $file, %how) = @_;
    my (@worker, @all) = $self->worker_pids;
    @all = (@worker, $self->httpd_pids);
    my ($worker_cpu, $all_cpu) = (processes_cpu(@worker), processes_cpu(@all));
    peaks_reset(@worker);
    my $start = time;
    my $upload = $self->post($file, %how);
    $self->idle_wait;
    my ($launch) = $self->launches;
    die "only $launch->{rows_ok} of $launch->{rows_read} rows were good\n" if $launch->{rows_ok} != $launch->{rows_read};
    return {
        total => $launch->{finished} - $start, upload => $upload,
        worker => $launch->{finished} - $launch->{started}, worker_cpu => processes_cpu(@worker) - $worker_cpu,
        total_cpu => processes_cpu(@all) - $all_cpu, worker_peak => $self->runner_peak,
    };
}

# The same on a server that is new.
sub import_fresh {
    my ($class, $file, %how) = @_;
    my $self = $class->fresh;
    my $figures = $self->import_measure($file, %how);
    $self->stop;
    return $figures;
}

# The most memory of one runner since peaks_reset, in bytes.
sub runner_peak {
    my ($self) = @_;
    my ($peak) = sort { $b <=> $a } map { processes_peak($_) } DSClient::processes_below($self->pid, qr/^datasync-run/);
    return $peak;
}

# Where its database is.
sub sqlite_file { return $_[0]{database}{params} }

# Load by wrk: requests a second, quantiles of the latency in ms, answers that are not 2xx, and the CPU time of
# httpd in µs a request. how: connections, seconds, header.
sub load_measure {
    my ($self, $path, %how) = @_;
    my $header = $how{header} ? "-H '$how{header}'" : '';
    my ($connections, $seconds) = ($how{connections} // 16, $how{seconds} // 4);
    my @pids = $self->httpd_pids;
    my $cpu = processes_cpu(@pids);
    my $text = qx(wrk -t1 -c$connections -d${seconds}s --latency $header '@{[$self->url($path)]}' 2>&1);
    $cpu = processes_cpu(@pids) - $cpu;
    my ($requests) = $text =~ /(\d+) requests in/ or die "wrk: $text\n";
    my ($rate) = $text =~ m{Requests/sec:\s+([\d.]+)};
    my ($bad) = $text =~ /Non-2xx or 3xx responses: (\d+)/;
    die "$path: $text\n" if $text =~ /Socket errors/;
    return {rate => $rate, p50 => latency($text, 50), p99 => latency($text, 99), bad => $bad // 0,
            cpu_us => 1e6 * $cpu / $requests};
}

# wrk says 512.00us, 3.20ms or 1.02s.
sub latency {
    my ($text, $share) = @_;
    my ($value, $unit) = $text =~ /^\s+$share%\s+([\d.]+)(us|ms|s)\s*$/m or die "wrk: $text\n";
    return $value * {us => 0.001, ms => 1, s => 1000}->{$unit};
}

sub basic_header {
    my ($self) = @_;
    return 'Authorization: Basic ' . encode_base64("api:$self->{token}", '');
}

1;
