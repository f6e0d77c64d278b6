# A PostgreSQL cluster for the measurements, and its own loader.
package DSBenchPostgres;
use strict;
use warnings FATAL => 'all';
use parent 'DSPostgres';
use DSBench;
use DSClient;
use File::Temp qw(tempdir);
use POSIX qw(sysconf _SC_CLK_TCK);
use Time::HiRes qw(sleep);

my $columns = 'customer text %s, name text, email text, phone text, city text, active boolean, since date,'
    . ' balance numeric, points bigint, note text';

# Memory and log as a server of this kind has them; everything else as it comes.
sub start {
    my ($class, %extra) = @_;
    return $class->SUPER::start(shared_buffers => '1GB', max_wal_size => '8GB', max_connections => 200, %extra);
}

# Run a measurement on SQLite, then on a PostgreSQL of its own. It gets the name of the database, that name
# for a result of its own, and the cluster.
sub each_database {
    my ($measure) = @_;
    $measure->('SQLite', '');
    my $cluster = DSBenchPostgres->start;
    local $ENV{DS_TEST_POSTGRES} = $cluster->params;
    $measure->('PostgreSQL', '_postgres', $cluster);
    return;
}

# How programs find it.
sub environment {
    my ($self) = @_;
    return (PGHOST => '127.0.0.1', PGPORT => $self->{port}, PGUSER => 'datasync', PGDATABASE => 'postgres');
}

sub psql {
    my ($self, $script) = @_;
    local %ENV = (%ENV, $self->environment);
    open my $out, '|-', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', '-' or die "psql: $!\n";
    print {$out} $script;
    close $out or die "psql failed\n";
}

# The only value of the only row of a select.
sub value {
    my ($self, $select) = @_;
    local %ENV = (%ENV, $self->environment);
    open my $in, '-|', 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', $select or die "psql: $!\n";
    my $line = <$in> // '';
    close $in or die "psql failed: $select\n";
    chomp $line;
    return $line;
}

# What its processes have taken, those that ended among them.
sub cpu {
    my ($self) = @_;
    sleep 0.2;    # until backends that end have ended
    my @fields = split ' ', text_of("/proc/$self->{pid}/stat") =~ s/^.*\) //sr;
    return processes_cpu($self->{pid}, DSClient::processes_below($self->{pid}, qr/postgres/))
        + ($fields[13] + $fields[14]) / sysconf(_SC_CLK_TCK);
}

sub table_create {
    my ($self) = @_;
    $self->psql('DROP TABLE IF EXISTS customer; CREATE TABLE customer (' . sprintf($columns, 'NOT NULL UNIQUE') . ');');
}

# The table of a server as CSV into a file.
sub export_measure {
    my ($self, $database) = @_;
    my $dir = tempdir('datasync-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    local %ENV = (%ENV, $self->environment, PGDATABASE => $database);
    my $cpu = $self->cpu;
    my $figures = command_time('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-c', '\\copy (SELECT customer, name, email, phone,'
        . " city, active, since, balance, points, note FROM customer) TO '$dir/out.csv' WITH (FORMAT csv, HEADER)");
    $figures->{cpu} += $self->cpu - $cpu;
    return $figures;
}

# \copy to a temporary table, then INSERT ... ON CONFLICT into one with a unique key.
sub load_measure {
    my ($self, $file) = @_;
    my $cpu = $self->cpu;
    my $figures = command_time(sub {
        $self->psql('CREATE TEMP TABLE incoming (' . sprintf($columns, '') . ");\n"
            . "\\copy incoming FROM '$file' WITH (FORMAT csv, HEADER)\n"
            . 'INSERT INTO customer SELECT * FROM incoming ON CONFLICT (customer) DO UPDATE SET '
            . join(', ', map { "$_ = excluded.$_" } qw(name email phone city active since balance points note)) . ";\n");
    });
    $figures->{cpu} += $self->cpu - $cpu;
    return $figures;
}

1;
