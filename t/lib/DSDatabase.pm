# The database of one server under test, seen by its owner: a file of SQLite, or a database on the server
# whose parameters DS_TEST_POSTGRES holds.
package DSDatabase;
use strict;
use warnings FATAL => 'all';
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

# The rows of a select, each a hash.
sub rows {
    my ($self, $select) = @_;
    open my $in, '-|', $self->rows_command($select) or die "$self->{driver}: $!";
    local $/;
    my $text = <$in> // '';
    close $in or die "$self->{driver} failed: $select\n";
    return length $text ? @{JSON::PP->new->utf8->decode($text)} : ();
}

# Change it behind everybody's back, to make a state that only time would make.
sub write {
    my ($self, $statement) = @_;
    my @command = $self->{server} ? ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $self->{params}, '-c')
        : ('sqlite3', '-cmd', '.timeout 10000', $self->{params});
    return system(@command, $statement) == 0 || die "$self->{driver} failed: $statement\n";
}

1;
