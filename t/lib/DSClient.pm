# One server under test as a client, an administrator and the database's owner see it. DSNode starts such
# a server; DSTest takes the one that Apache::Test started.
package DSClient;
use strict;
use warnings FATAL => 'all';
use HTTP::Request::Common qw(GET POST);
use IO::Socket::INET;
use JSON::PP;
use LWP::UserAgent;
use Time::HiRes qw(clock_gettime sleep time CLOCK_MONOTONIC);

our $patience = $ENV{DS_TEST_PATIENCE} || 120;    # seconds until a wait gives up

# FIELDS: port, database (a DSDatabase), bin (where datasyncctl is), log (the error log).
sub new {
    my ($class, %fields) = @_;
    my $agent = LWP::UserAgent->new(timeout => $patience, max_redirect => 0, keep_alive => 1);
    return bless {agent => $agent, log_start => 0, %fields}, $class;
}

# A free port that no outgoing connection takes: those would have it when a server is started again. Tests that run beside
# these (DS_LANE) take every other one, so that nobody takes a port that is found and not yet in use; nor does this test.
my %port_is_found;

sub port_find {
    my ($end) = text_of('/proc/sys/net/ipv4/ip_local_port_range') =~ /^(\d+)/;
    $end = 32_768 if !$end || $end < 20_000;
    open my $random, '<:raw', '/dev/urandom' or die "random: $!\n";    # rand is the same for all who have a seed
    for (1 .. 100) {
        read $random, my $bytes, 4;
        my $port = 10_000 + 2 * (unpack('L', $bytes) % int(($end - 10_000) / 2)) + ($ENV{DS_LANE} // 0);
        return $port if !$port_is_found{$port}++ && IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port);
    }
    die "no free port below $end\n";
}

# Calls `try` until it gives something true, and returns that. Dies when it takes too long.
sub wait_for {
    my ($what, $try) = @_;
    my $end = clock_gettime(CLOCK_MONOTONIC) + $patience;
    while (1) {
        my $result = $try->();
        return $result if $result;
        die "waited $patience s in vain for: $what\n" if clock_gettime(CLOCK_MONOTONIC) > $end;
        sleep 0.05;
    }
}

# The whole text, whatever a halt in the middle makes of one write. False when the other end has gone.
sub send_all {
    my ($socket, $text) = @_;
    my $sent = 0;
    while ($sent < length $text) {
        $sent += syswrite($socket, $text, length($text) - $sent, $sent) // return 0;
    }
    return 1;
}

# What `ask` is answered, asked again while the server says that it is to be asked later. It may give no response.
sub answer_wait {
    my ($ask) = @_;
    my $response;
    wait_for('an answer', sub { $response = $ask->(); !$response || $response->code != 503 || !$response->header('Retry-After') });
    return $response;
}

sub text_of {
    my ($path, $offset) = @_;
    open my $in, '<', $path or return '';
    seek $in, $offset || 0, 0;
    local $/;
    my $text = <$in> // '';
    close $in;
    return $text;
}

# As a client

sub url {
    my ($self, $path) = @_;
    return "http://127.0.0.1:$self->{port}$path";
}

sub socket_open {
    my ($self) = @_;
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 10)
        || die "cannot connect: $@\n";
}

# Send a request with credentials: token => ... as Basic, bearer => ..., or basic => [user, password].
sub request {
    my ($self, $request, %how) = @_;
    $request->authorization_basic('api', $how{token}) if defined $how{token};
    $request->authorization_basic(@{$how{basic}}) if $how{basic};
    $request->header(Authorization => "Bearer $how{bearer}") if defined $how{bearer};
    return $self->{agent}->request($request);
}

# headers => [name, value, ...] beside the credentials of request().
sub get {
    my ($self, $path, %how) = @_;
    return $self->request(GET($self->url($path), @{$how{headers} || []}), %how);
}

# Upload text as the file of a sync. filename => ..., path => the endpoint's path, if not the usual one,
# query => what follows the path's question mark, headers => as in get(), seconds => how long it takes to send.
sub upload {
    my ($self, $sync, $text, %how) = @_;
    my $file = [undef, $how{filename} // 'data.csv', 'Content-Type' => 'text/csv', Content => $text];
    my $path = ($how{path} // "/api/data-sync/import/$sync") . (defined $how{query} ? "?$how{query}" : '');
    my $request = POST($self->url($path), @{$how{headers} || []}, Content_Type => 'form-data', Content => [file => $file]);
    slow_down($request, $how{seconds}) if $how{seconds};
    return $self->request($request, %how);
}

# Let its body be sent in pieces, with a pause before each.
sub slow_down {
    my ($request, $seconds) = @_;
    my $count = 1 + int $seconds / 0.05;
    my @pieces = unpack '(a' . (1 + int length($request->content) / $count) . ')*', $request->content;
    return $request->content(sub {
        sleep 0.05;
        return shift @pieces // '';
    });
}

# Ask for a new export.
sub export_start {
    my ($self, $sync, %how) = @_;
    return $self->request(POST($self->url("/api/data-sync/export/$sync"), @{$how{headers} || []}), %how);
}

sub json_get {
    my ($self, $path, %how) = @_;
    my $response = $self->get($path, %how, headers => [Accept => 'application/json',
                                                       'Content-Type' => 'application/json']);
    die "$path: " . $response->status_line . "\n" . $response->content unless $response->code == 200;
    return decode_json($response->content);
}

# As an administrator

# Output and exit code of datasyncctl.
sub ctl_run {
    my ($self, @words) = @_;
    open my $in, '-|', "$self->{bin}/datasyncctl", '--database', $self->{database}->place, '--json', @words
        or die "datasyncctl: $!";
    local $/;
    my $text = <$in> // '';
    close $in;
    return ($text, $? >> 8);
}

# What datasyncctl answered; dies when it failed.
sub ctl {
    my ($self, @words) = @_;
    my ($text, $code) = $self->ctl_run(@words);
    die "datasyncctl @words: exit $code\n" if $code != 0;
    return decode_json($text);
}

# Call `run` while what is said to people on standard error goes nowhere.
sub quietly {
    my ($run) = @_;
    open my $stderr, '>&', \*STDERR or die $!;
    open STDERR, '>', '/dev/null' or die $!;
    my $result = eval { $run->() };
    open STDERR, '>&', $stderr or die $!;
    return $result // die $@;
}

# A new token of a sync, as text.
sub token {
    my ($self, $sync, @options) = @_;
    return quietly(sub { $self->ctl('token', 'create', $sync, @options)->{token} });
}

# Is the command refused? For what may be or should be.
sub ctl_refused {
    my ($self, @words) = @_;
    return quietly(sub { ($self->ctl_run(@words))[1] != 0 ? 1 : 0 });
}

sub launch {
    my ($self, $id) = @_;
    return $self->ctl('launch', 'show', $id);
}

sub launch_newest {
    my ($self, $sync) = @_;
    return $self->ctl('launch', 'list', $sync, '--limit', 1)->[0];
}

# The launch when it has come to its end.
sub launch_ended {
    my ($self, $id) = @_;
    return wait_for("the end of launch $id", sub {
        my $state = $self->value("SELECT state FROM ds_launch WHERE id = $id");
        return $state =~ /^(?:finished|failed|cancelled|rejected)$/ ? $self->launch($id) : 0;
    });
}

# Upload, and wait for the end of the launch. Dies when the upload is refused.
sub import_run {
    my ($self, $sync, $text, %how) = @_;
    my $response = answer_wait(sub { $self->upload($sync, $text, %how) });
    die "upload to $sync: " . $response->as_string unless $response->code == 200;
    return $self->launch_ended($self->launch_newest($sync)->{id});
}

# Export, and wait for the end of the launch.
sub export_run {
    my ($self, $sync, %how) = @_;
    my $response = answer_wait(sub { $self->export_start($sync, %how) });
    die "export of $sync: " . $response->as_string unless $response->code == 200;
    return $self->launch_ended($self->launch_newest($sync)->{id});
}

# The bytes of the newest file of an export.
sub export_text {
    my ($self, $sync) = @_;
    my $response = $self->get("/api/data-sync/export/$sync");
    die "file of $sync: " . $response->as_string unless $response->code == 200;
    return $response->content;
}

# "read ok failed skipped" of a launch.
sub counts {
    my ($launch) = @_;
    return join ' ', map { $launch->{"rows_$_"} } qw(read ok failed skipped);
}

# The bytes of a launch's file; undef when it has none of this role.
sub launch_file {
    my ($self, $id, $role) = @_;
    return undef unless grep { $_->{role} eq $role } @{$self->launch($id)->{files}};
    my ($text, $code) = $self->ctl_run('launch', 'file', $id, $role);
    return $code == 0 ? $text : undef;
}

# As the owner of the database: see DSDatabase.

sub rows {
    my ($self, $select) = @_;
    return $self->{database}->rows($select);
}

sub write {
    my ($self, $statement) = @_;
    return $self->{database}->write($statement);
}

sub rows_slow {
    my ($self, @trigger) = @_;
    return $self->{database}->rows_slow(@trigger);
}

# The only value of the only row of a select; undef when there is no row.
sub value {
    my ($self, $select) = @_;
    my ($row) = $self->rows($select);
    return $row && (values %$row)[0];
}

# The worker has made the database and knows the definitions.
sub ready_wait {
    my ($self) = @_;
    return wait_for('a database that the worker has made', sub {
        my $place = $self->{database}->place;
        return $self->{database}->is_there
            && system("'$self->{bin}/datasyncctl' --database '$place' sync list >/dev/null 2>&1") == 0;
    });
}

# Its processes and its log

sub pid {
    my ($self) = @_;
    my ($pid) = text_of($self->{pid_file}) =~ /^(\d+)/;
    return $pid || die "no pid in $self->{pid_file}\n";
}

# Every process by its parent, from /proc: {pid => [parent, name, state]}.
sub processes {
    my %found;
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $name, $state, $parent) = text_of($stat) =~ /^(\d+) \((.*)\) (\S) (\d+)/s or next;
        $found{$pid} = [$parent, $name, $state];
    }
    return \%found;
}

# The living processes below pid whose name matches, whatever the depth, parents first.
sub processes_below {
    my ($pid, $name) = @_;
    my $all = processes();
    my (@found, @look) = ();
    @look = ($pid);
    while (defined(my $at = shift @look)) {
        my @children = sort { $a <=> $b } grep { $all->{$_}[0] == $at && $all->{$_}[2] ne 'Z' } keys %$all;
        push @look, @children;
        push @found, grep { $all->{$_}[1] =~ $name } @children;
    }
    return @found;
}

# Halt processes: none of them does anything more when this returns.
sub halt {
    my (@pids) = @_;
    kill STOP => @pids;
    return wait_for('halted processes', sub { !grep { text_of("/proc/$_/stat") =~ /\) [^TZ]/ } @pids });
}

# The worker's processes: its supervisor first, then runners and keeper. worker: a DSWorker that works for this server.
sub worker_pids {
    my ($self) = @_;
    return $self->{worker} ? $self->{worker}->pids : processes_below($self->pid, qr/^datasync-/);
}

# The same when all of a worker with two runners are there: it sets the database up before it starts them.
sub workers_wait {
    my ($self) = @_;
    return @{wait_for('a supervisor, two runners and a keeper', sub { my @now = $self->worker_pids; @now == 4 && \@now })};
}

# The runner that has a launch; undef when none of this server has it. The owner's name ends in its process, as its own
# pid namespace knows it, and when that was started.
sub runner_of {
    my ($self, $id) = @_;
    my ($space, $pid) = ($self->value("SELECT owner FROM ds_launch WHERE id = $id") // '') =~ m{(pid:\[\d+\])/(\d+)/\d+\z}
        or return undef;
    return (grep {
        (readlink("/proc/$_/ns/pid") // '') eq $space && text_of("/proc/$_/status") =~ /^NSpid:.*\b$pid$/m
    } $self->worker_pids)[0];
}

# Halt the worker, so that what is accepted stays queued until workers_continue. None of its processes is caught in a
# transaction, which would halt everybody. The supervisor is the first: it starts others, and those that died again.
sub workers_halt {
    my ($self) = @_;
    return wait_for('a worker that can be halted', sub {
        my ($supervisor) = $self->worker_pids or return 0;
        halt($supervisor);
        my (undef, @pids) = $self->worker_pids;
        halt(@pids);
        return \@pids if @pids && !$self->{database}->is_busy;
        $self->workers_continue;
        return 0;
    });
}

# Halt the runner of a launch that lasts, at a moment when it keeps nobody from writing launches; until workers_continue.
sub runner_halt {
    my ($self, $id) = @_;
    my $database = $self->{database};
    return wait_for('a runner that can be halted', sub {
        my $pid = $self->runner_of($id) or return 0;
        my $lock = $database->by_database(1, 0) && $database->lock;    # we have it when the runner has it not
        halt($pid);
        undef $lock;
        return $pid if !$database->is_locked;
        kill CONT => $pid;
        return 0;
    });
}

sub workers_continue {
    my ($self) = @_;
    return kill CONT => $self->worker_pids;
}

# Who is halted ends nobody.
sub supervisor_continue {
    my ($self) = @_;
    return kill CONT => ($self->worker_pids)[0] // ();
}

sub httpd_pids {
    my ($self) = @_;
    return processes_below($self->pid, qr/^(?:apache2|httpd)/);
}

# What was logged since this client was made.
sub log_text {
    my ($self) = @_;
    return text_of($self->{log}, $self->{log_start});
}

sub log_wait {
    my ($self, $match) = @_;
    return wait_for("the log to show $match", sub { $self->log_text =~ $match });
}

# Those of these processes that still take connections.
sub listeners {
    my ($self, @pids) = @_;
    my $port = sprintf '%04X', $self->{port};
    my %is_ours = map { /:$port \S+ 0A (?:\S+ +){5}(\d+)/ ? ("socket:[$1]" => 1) : () } split /\n/, text_of('/proc/net/tcp');
    return grep { grep { $is_ours{readlink($_) // ''} } glob "/proc/$_/fd/*" } @pids;
}

# Restart gracefully, and wait until the new generation is there, and nobody of the old one takes a connection any more.
sub graceful {
    my ($self) = @_;
    my $resumed = () = $self->log_text =~ /resuming normal operations/g;
    my @old = $self->httpd_pids;
    $self->supervisor_continue;
    kill USR1 => $self->pid or die "cannot signal httpd: $!";
    wait_for('the graceful restart', sub {
        return $resumed < (() = $self->log_text =~ /resuming normal operations/g);
    });
    wait_for('the end of the old generation', sub { !$self->listeners(@old) });
    $self->{agent}->conn_cache->drop if $self->{agent}->conn_cache;    # with one of the old processes
    return 1;
}

# Lines of level error and worse whose message number is not among `expected` (regexps).
sub log_faults {
    my ($self, @expected) = @_;
    return grep {
        my $line = $_;
        !grep { $line =~ $_ } @expected
    } grep { /\[(?:\w+:)?(?:emerg|alert|crit|error)\]/ || /AddressSanitizer|runtime error:|exit signal/ }
        split /\n/, $self->log_text;
}

1;
