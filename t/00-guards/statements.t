# A statement outside of sql/ runs on one database only; one that nobody uses rots.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use Test::More;

my $sql_words = qr/\b(?:SELECT\s.*\bFROM|INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|
    (?:CREATE|ALTER|DROP)\s+(?:UNIQUE\s+)?(?:TABLE|INDEX|VIEW|TRIGGER)|PRAGMA\s+\w+|ON\s+CONFLICT|ORDER\s+BY|BEGIN\s+IMMEDIATE)\b/xi;

sub sql_faults {
    my ($file, $text) = @_;
    return if $file =~ m{^src/(?:db/|worker/dsw_sandbox)};    # the sandbox has no database but an empty one of its own
    return map { "$file:" . line_of($text, $_->[0]) . ": SQL in a string: $_->[1]" }
        grep { $_->[1] =~ $sql_words } strings($text);
}

guard('SQL stands in src/db alone', files => [files(qr/\.[ch]$/, 'mod_datasync.c', 'src')], faults => \&sql_faults,
      bad => [['src/core/x.c', 'a = "SELECT a FROM b";'], ['src/web/x.c', 'a = "pragma journal_mode";'],
              ['src/worker/x.c', 'q("UPDATE t SET a = 1");']],
      good => [['src/core/x.c', 'a = "select a file"; /* "DELETE FROM x" */'], ['src/db/x.c', 'a = "SELECT a FROM b";'],
               ['src/worker/dsw_sandbox.c', 'a = "PRAGMA temp_store";']]);

# {name => {dialect => 1}} of .sql texts by file name; the folder above the file is the dialect.
sub statements {
    my (%texts) = @_;
    my %statements;
    for my $file (keys %texts) {
        my $dialect = $file =~ m{/sql/(\w+)/} ? $1 : 'any';
        $statements{$_}{$dialect} = 1 for $texts{$file} =~ /^-- :(\w+)/gm;
    }
    return \%statements;
}

# A name is there for all databases, or for each of those that have a folder. One that begins with the
# name of a dialect is for that one alone.
sub dialect_faults {
    my ($statements) = @_;
    my %dialects = map { map { $_ => 1 } keys %$_ } values %$statements;
    delete $dialects{any};
    my @faults;
    for my $name (sort keys %$statements) {
        my $has = $statements->{$name};
        my ($only) = grep { index($name, uc($_) . '_') == 0 } keys %dialects;
        if ($only) {
            push @faults, "$name stands elsewhere than for $only" if join(' ', keys %$has) ne $only;
            next;
        }
        push @faults, map { "$name has no text for $_" } grep { !$has->{any} && !$has->{$_} } sort keys %dialects;
    }
    return @faults;
}

sub unused {
    my ($statements, $code) = @_;
    my %used = map { $_ => 1 } $code =~ /\bSTMT_(\w+)/g;
    return grep { !$used{$_} } sort keys %$statements;
}

my $sample = statements('src/db/sql/a.sql', "-- :A\nx\n", 'src/db/sql/sqlite/b.sql', "-- :A\ny\n-- :B\ny\n",
                        'src/db/sql/pgsql/b.sql', "-- :C\nz\n-- :PGSQL_D\nz\n-- :SQLITE_E\nz\n");
is_deeply [dialect_faults($sample)],
    ['B has no text for pgsql', 'C has no text for sqlite', 'SQLITE_E stands elsewhere than for sqlite'],
    'the guard sees a statement that one database lacks';
is_deeply [unused($sample, 'f(STMT_A); STMT_C; STMT_PGSQL_D; STMT_SQLITE_E')], ['B'], 'the guard sees a statement that nobody uses';

my @sql = files(qr/\.sql$/, 'src/db/sql');
my $statements = statements(map { $_ => text($_) } @sql);
is scalar(grep { $_->{sqlite} && $_->{pgsql} } values %$statements) > 0, 1, 'two databases are compared';
cmp_ok scalar keys %$statements, '>', 20, 'there are statements to check';
my @faults = dialect_faults($statements);
ok !@faults, 'every statement has a text for every database' or diag join "\n", @faults;
my $code = join "\n", map { code(text($_)) } files(qr/\.[ch]$/, 'src');
my @unused = unused($statements, $code);
ok !@unused, 'every statement is used' or diag join "\n", @unused;
done_testing;
