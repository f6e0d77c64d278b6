# SQLite's own tools, as a person would use them.
package DSBenchSqlite;
use strict;
use warnings FATAL => 'all';
use DSBench;
use File::Temp qw(tempdir);

my $table = <<'EOT';
CREATE TABLE customer (customer TEXT NOT NULL UNIQUE, name TEXT, email TEXT, phone TEXT, city TEXT,
    active BOOLEAN, since DATE, balance NUMERIC, points INTEGER, note TEXT);
EOT

sub script_run {
    my ($database, $script) = @_;
    open my $out, '|-', "sqlite3 -bail '$database' >/dev/null" or die "sqlite3: $!\n";
    print {$out} $script;
    close $out or die "sqlite3 failed\n";
}

# `.import` of a file into a new table with a unique key. WAL, because it is the faster one here.
sub import_measure {
    my ($file) = @_;
    my $dir = tempdir('datasync-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $figures = command_time(sub {
        script_run("$dir/t.db", "PRAGMA journal_mode = WAL;\n$table.import --csv --skip 1 '$file' customer\n");
    });
    return $figures;
}

# A table as CSV into a file.
sub export_measure {
    my ($database) = @_;
    my $dir = tempdir('datasync-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    return command_time('sh', '-c', 'sqlite3 -csv -header -readonly "$1" "SELECT customer, name, email, phone, city,'
        . ' active, since, balance, points, note FROM customer" > "$2"', 'sh', $database, "$dir/out.csv");
}

1;
