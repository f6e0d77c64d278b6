# Clients that upload, delete and export all the time, in processes of their own, and write down what they were
# answered: what was accepted is the reference of the fault tests. Each row's key begins with the name of its upload.
package DSLoad;
use strict;
use warnings FATAL => 'all';
use DSClient;
use Digest::SHA qw(sha256_hex);
use Fcntl qw(O_APPEND O_CREAT O_WRONLY);
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep time);

our $name_length = 8;    # of an upload's name, of its loader and its number
my $loaders = 0;
my %sync_of = (import => 'part-import', delete => 'part-delete', export => 'part-export');

# SERVERS: who is asked, in turn. dir => where the notes go, count => how many clients, pause => the longest pause
# between two requests, in seconds, big => the share of large uploads, slow => that of uploads that take up to two
# seconds to arrive, exports => that of exports, questions => that of questions.
sub begin {
    my ($class, $servers, %how) = @_;
    my $self = bless {servers => $servers, pause => 0.2, big => 0.05, slow => 0.1, exports => 0.05, questions => 0, count => 2, clients => [], %how}, $class;
    for (1 .. $self->{count}) {
        my $number = ++$loaders;
        my $journal = sprintf '%s/load-%03d', $self->{dir}, $number;
        my $seed = int rand 2**31;
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            srand $seed;
            my $done = eval { $self->client_run($number, $journal); 1 };
            print STDERR "client $number: $@" unless $done;
            POSIX::_exit($done ? 0 : 1);
        }
        push @{$self->{clients}}, $pid;
    }
    return $self;
}

# Let every client end what it is at. Dies when one of them died.
sub end {
    my ($self) = @_;
    open my $flag, '>', "$self->{dir}/load-stop" or die $!;
    close $flag;
    my $failed = 0;
    for my $pid (splice @{$self->{clients}}) {
        waitpid $pid, 0;
        $failed ||= $?;
    }
    unlink "$self->{dir}/load-stop";
    die "a client of the load has died\n" if $failed;
    return $self;
}

sub DESTROY {
    my ($self) = @_;
    local $?;
    kill KILL => @{$self->{clients}} if @{$self->{clients}};
    waitpid $_, 0 for @{$self->{clients}};
    return;
}

# One client

sub stopping {
    my ($self) = @_;
    return -e "$self->{dir}/load-stop";
}

sub note {
    my ($self, $request) = @_;
    syswrite $self->{journal}, encode_json($request) . "\n" or die "journal: $!";
    return;
}

# A connection for each request, so that none of them meets one that the server is about to close.
sub client_run {
    my ($self, $number, $journal) = @_;
    $_->{agent}->conn_cache(undef) for @{$self->{servers}};
    sysopen $self->{journal}, $journal, O_WRONLY | O_APPEND | O_CREAT or die "$journal: $!";
    my ($n, @imported) = (0);
    while (!$self->stopping) {
        my $name = sprintf '%03d%05d', $number, $n++;
        my $server = $self->{servers}[rand @{$self->{servers}}];
        my $choice = rand;
        if ($choice < $self->{exports}) {
            $self->export_ask($server, $name);
        }
        elsif ($choice < $self->{exports} + $self->{questions}) {
            my $code = code_of($server->get("/api/data-sync/$sync_of{import}"));
            $self->note({name => $name, kind => 'question', code => $code, codes => {$code => 1}});
        }
        elsif ($choice > 0.85 && @imported) {
            $self->upload_send($server, delete_make($name, splice @imported, rand @imported, 1));
        }
        else {
            my $import = import_make($name, rand() < $self->{big} ? 4000 + int rand 8000 : 1 + int rand 200);
            push @imported, $import if $self->upload_send($server, $import);
        }
        sleep rand $self->{pause} if $self->{pause};
    }
    return;
}

sub import_make {
    my ($name, $rows) = @_;
    my $bad = rand() < 0.2 ? 1 + int rand 3 : 0;
    my @lines = map { sprintf '%s%06d,part %d,%d', $name, $_, $_, $_ } 1 .. $rows;
    splice @lines, rand(@lines + 1), 0, map { "bad$name$_,,not a number" } 1 .. $bad;
    return {name => $name, kind => 'import', rows => $rows, bad => $bad, text => join "\n", 'sku,name,count', @lines, ''};
}

sub delete_make {
    my ($name, $import) = @_;
    my @keys = map { sprintf '%s%06d', $import->{name}, $_ } 1 .. $import->{rows};
    return {name => $name, kind => 'delete', of => $import->{name}, rows => $import->{rows}, bad => 0,
            text => join "\n", 'sku', @keys, ''};
}

# The code of an answer; 'unsent' when there was no connection, 'none' when there was no answer.
sub code_of {
    my ($response) = @_;
    return $response->code unless ($response->header('Client-Warning') // '') eq 'Internal response';
    return $response->message =~ /^Can't connect/ ? 'unsent' : 'none';
}

# Half of the uploads have an Idempotency-Key, and are repeated until they are taken. True when it was accepted.
sub upload_send {
    my ($self, $server, $upload) = @_;
    my $text = delete $upload->{text};
    my $key = rand() < 0.5;
    my %how = (filename => "$upload->{name}.csv", $key ? (headers => ['Idempotency-Key' => $upload->{name}]) : ());
    $how{seconds} = rand 2 if rand() < $self->{slow};
    $upload->{sha256} = sha256_hex($text);
    $self->note($upload);
    my $end = time + $DSClient::patience;
    do {
        $upload->{code} = code_of($server->upload($sync_of{$upload->{kind}}, $text, %how));
        $upload->{codes}{$upload->{code}}++;
        sleep 0.1 if $upload->{code} ne 200;
    } while ($key && $upload->{code} !~ /^[24]/ && time < $end);
    $self->note($upload);
    return $upload->{code} eq 200;
}

sub export_ask {
    my ($self, $server, $name) = @_;
    my $code = code_of($server->export_start($sync_of{export}));
    $self->note({name => $name, kind => 'export', code => $code, codes => {$code => 1}});
    return;
}

# What all loads so far were answered: a list of {name, kind, rows, bad, sha256, code}; without a code when the client
# never came so far.
sub answers {
    my ($dir) = @_;
    my %request;
    for my $journal (glob "$dir/load-[0-9]*") {
        for my $line (split /\n/, DSClient::text_of($journal)) {
            my $request = decode_json($line);
            $request{$request->{name}} = $request;
        }
    }
    return map { $request{$_} } sort keys %request;
}

1;
