# The database of one server under test, seen by its owner: a file of SQLite, or a database on the server
# whose parameters DS_TEST_POSTGRES holds.
package DSDatabase;
use strict;
use warnings FATAL => 'all';
use DSClient;
use Fcntl qw(F_RDLCK F_WRLCK SEEK_SET);
use IO::Handle;
use IPC::Open2;
use JSON::PP;

# name: of a database of its own on PostgreSQL; file: where SQLite's file is.
sub new {
    my ($class, %fields) = @_;
    my $server = $ENV{DS_TEST_POSTGRES};
    return bless {driver => 'sqlite3', params => $fields{file}}, $class unless $server;
    return bless {driver => 'pgsql', server => $server, params => "$server dbname=$fields{name}",
                  name => $fields{name}}, $class;
}

# Make it, where the worker does not.
sub create {
    my ($self) = @_;
    system('psql', '-Xq', '-d', $self->{server}, '-c', "CREATE DATABASE $self->{name}") == 0
        || die "psql failed: cannot create $self->{name}\n" if $self->{server};
    return $self;
}

# For datasyncctl.
sub place {
    my ($self) = @_;
    return "$self->{driver}:$self->{params}";
}

# For httpd.
sub directive {
    my ($self) = @_;
    return "DataSyncDatabase $self->{driver} \"$self->{params}\"\n";
}

# What differs in SQL of the tests themselves.
sub by_database {
    my ($self, $sqlite, $pgsql) = @_;
    return $self->{server} ? $pgsql : $sqlite;
}

# Could the worker have made it?
sub is_there {
    my ($self) = @_;
    return $self->{server} || -s $self->{params};
}

sub rows_command {
    my ($self, $select) = @_;
    return ('sqlite3', '-readonly', '-json', '-cmd', '.timeout 10000', $self->{params}, $select)
        unless $self->{server};
    return ('psql', '-XqtA', '-v', 'ON_ERROR_STOP=1', '-d', $self->{params}, '-c',
        "SELECT coalesce(json_agg(r), '[]') FROM ($select) r");
}

my %session;    # of psql, by process and parameters: tests ask all the time, and each new connection costs more than most answers

sub session_begin {
    my ($self) = @_;
    my $pid = open2(my $out, my $in, 'sh', '-c', 'exec psql -XqtA -d "$1" 2>/dev/null', 'sh', $self->{params});
    return {pid => $pid, in => $in, out => $out};
}

sub session_end {
    my ($key) = @_;
    my $session = delete $session{$key} or return;
    local $?;
    kill KILL => $session->{pid};
    waitpid $session->{pid}, 0;
    return;
}

END {
    session_end($_) for grep { /^$$ / } keys %session;
}

# What psql says to a statement; undef when it failed or the connection is gone.
sub session_ask {
    my ($self, $statement) = @_;
    my $key = "$$ $self->{params}";
    my $session = $session{$key} //= $self->session_begin;
    local $SIG{PIPE} = 'IGNORE';
    print {$session->{in}} "$statement;\n\\echo session :ERROR\n";
    $session->{in}->flush;
    my ($text, $line, $failed) = ('');
    while (defined($line = readline $session->{out})) {
        ($failed) = $line =~ /^session (true|false)$/ and last;
        $text .= $line;
    }
    return $text if defined $failed && $failed eq 'false';
    session_end($key);
    return undef;
}

# The rows of a select, each a hash.
sub rows {
    my ($self, $select) = @_;
    my @command = $self->rows_command($select);
    my $text = $self->{server} ? $self->session_ask($command[-1]) : undef;
    if (!defined $text) {
        open my $in, '-|', @command or die "$self->{driver}: $!";
        local $/;
        $text = <$in> // '';
        close $in or die "$self->{driver} failed: $select\n";
    }
    return length $text ? @{JSON::PP->new->utf8->decode($text)} : ();
}

# The right to write to SQLite, as all writers of the product take it (ds_db_writelock.h), until the result goes:
# whoever only tries again now and then would never have its turn beside an import.
sub write_lock {
    my ($self) = @_;
    my $f_ofd_setlkw = 38;
    open my $lock, '+>>', "$self->{params}-lock" or die "$self->{params}-lock: $!";
    for ([F_RDLCK, 1], [F_WRLCK, 0]) {
        my ($type, $byte) = @$_;
        fcntl $lock, $f_ofd_setlkw, pack 's s x![q] q q i x![q]', $type, SEEK_SET, $byte, 1, 0 or die "lock: $!";
    }
    return $lock;
}

# Keep everybody from writing launches, or another table, until the result goes.
sub lock {
    my ($self, $table) = @_;
    $table //= 'ds_launch';
    return $self->write_lock unless $self->{server};
    open my $lock, '|-', 'psql', '-Xq', '-d', $self->{params} or die "psql: $!";
    print {$lock} "BEGIN; LOCK TABLE $table IN EXCLUSIVE MODE;\n";
    $lock->flush;
    my $held = "SELECT count(*) AS n FROM pg_locks WHERE relation = '$table'::regclass AND mode = 'ExclusiveLock' AND granted";
    DSClient::wait_for('the lock', sub { ($self->rows($held))[0]{n} });
    return $lock;
}

# Change it behind everybody's back, to make a state that only time would make.
sub write {
    my ($self, $statement) = @_;
    local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
    my $lock = $self->{server} ? undef : $self->write_lock;
    my @command = $self->{server} ? ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $self->{params}, '-c')
        : ('sqlite3', '-cmd', '.timeout 10000', $self->{params});
    return system(@command, $statement) == 0 || die "$self->{driver} failed: $statement\n";
}

# What takes PL/pgSQL time for each row. Were the length a constant it would work once only.
sub pgsql_work {
    my ($bytes) = @_;
    return "PERFORM octet_length(repeat(''0000'', ($bytes + length(tg_op)) / 2));";
}

# Work for each row, so that launches last long enough to be hit: a trigger like 'BEFORE INSERT ON part'; more
# bytes are more work; condition may be missing.
sub rows_slow {
    my ($self, $name, $trigger, $bytes, $condition) = @_;
    my $work = pgsql_work($bytes);
    my ($when, $each) = $condition ? ("WHEN $condition", "FOR EACH ROW WHEN ($condition)") : ('', 'FOR EACH ROW');
    return $self->write($self->by_database(
        "CREATE TRIGGER $name $trigger $when BEGIN SELECT length(hex(zeroblob($bytes))); END",
        "CREATE FUNCTION $name() RETURNS trigger LANGUAGE plpgsql AS"
        . " 'BEGIN $work RETURN coalesce(new, old); END';"
        . " CREATE TRIGGER $name $trigger $each EXECUTE FUNCTION $name()"));
}

# Each write of a row of a table leaves a line in written_TABLE, its key and what was done: a proof of exactly once that
# counters alone cannot give. More bytes are more work for each row, until writes_hurry.
sub writes_count {
    my ($self, $table, $key, $bytes) = @_;
    my ($name, $pace) = ("written_$table", "pace_$table");
    my $work = pgsql_work("(SELECT bytes FROM $pace)");
    my $triggers = join ' ', map {
        my $row = $_ eq 'DELETE' ? 'old' : 'new';
        "CREATE TRIGGER ${name}_$_ AFTER $_ ON $table BEGIN INSERT INTO $name VALUES ($row.$key, '$_');"
            . " SELECT length(hex(zeroblob((SELECT bytes FROM $pace)))); END;"
    } qw(INSERT UPDATE DELETE);
    return $self->write("CREATE TABLE $name (key TEXT, what TEXT); CREATE TABLE $pace (bytes INTEGER);"
        . " INSERT INTO $pace VALUES ($bytes); " . $self->by_database($triggers,
        "CREATE FUNCTION $name() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO $name VALUES"
        . " ((coalesce(new, old)).$key, tg_op); $work RETURN NULL; END';"
        . " CREATE TRIGGER $name AFTER INSERT OR UPDATE OR DELETE ON $table FOR EACH ROW EXECUTE FUNCTION $name()"));
}

# From now on the writes are counted without that work.
sub writes_hurry {
    my ($self, $table) = @_;
    return $self->write("UPDATE pace_$table SET bytes = 0");
}

# Take back what writes_count made.
sub writes_ignore {
    my ($self, $table) = @_;
    my $name = "written_$table";
    return $self->write($self->by_database(join(' ', map { "DROP TRIGGER ${name}_$_;" } qw(INSERT UPDATE DELETE)),
        "DROP FUNCTION $name CASCADE;") . " DROP TABLE $name; DROP TABLE pace_$table");
}

# Is somebody in the middle of a transaction? Who is halted there halts others.
sub is_busy {
    my ($self) = @_;
    return ($self->rows('SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()'
        . " AND pid <> pg_backend_pid() AND state <> 'idle'"))[0]{n} if $self->{server};
    my $inodes = join '|', map { (stat "$self->{params}-$_")[1] // () } qw(lock shm);
    open my $in, '<', '/proc/locks' or die "/proc/locks: $!";
    return scalar grep { / WRITE +\S+ \w+:\w+:(?:$inodes) / } <$in>;
}

# Has somebody on PostgreSQL written launches in a transaction that has not ended?
sub is_locked {
    my ($self) = @_;
    return 0 unless $self->{server};
    return ($self->rows("SELECT count(*) AS n FROM pg_locks WHERE relation = 'ds_launch'::regclass AND mode LIKE '%Exclusive%'"))[0]{n};
}

1;
