# Queries that clients write. What fails here, a partner reads what is not his, stops the worker for others, or gets rows
# that are not those he asked for.
use strict;
use warnings FATAL => 'all';
use DSLiquid;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;

# What nobody may ever see: as another's record, as a field and a row that a sync hides, as the name of a client, in a file.
my $secret = 'PLANTED' . join '', map { int rand 10 } 1 .. 12;

# An object with its two syncs. more: of the export.
sub object_config {
    my ($name, $fields, $more) = @_;
    return "<DataSyncObject $name>\n$fields\n</DataSyncObject>\n<DataSync $name-import>\n Object $name\n Auth none\n</DataSync>\n"
        . "<DataSync $name-export>\n Kind export\n Object $name\n Auth none\n$more\n</DataSync>\n";
}

my $config = liquid_config(join '',
    object_config('item', "Field sku string 20\nField name string 2000\nField count integer\nField price decimal\nField active boolean\n"
                      . "Field made date\nField seen datetime\nKey sku", "Order sku\nDataSyncSQLQuery On time=10min"),
    object_config('depot', "Field place string 10\nField number integer\nField item string 20\nKey place number",
                  'DataSyncSQLQuery On time=1s'),
    object_config('narrow', "Field id string 20\nKey id", 'DataSyncSQLQuery On time=10min rows=100 bytes=20K memory=8M'),
    object_config('veiled', "Field id string 20\nField open string 50\nField word string 50\nKey id\nDelete mark",
                  "Fields id open\nFilter open != \"$secret\"\nDataSyncSQLQuery On"),
    object_config('closed', "Field id string 20\nField word string 50\nKey id", 'DataSyncSQLQuery Off'),
    object_config('vault', "Field id string 20\nField word string 50\nKey id", 'DataSyncSQLQuery On'),
    "<DataSync veiled-delete>\n Kind delete\n Object veiled\n Auth none\n</DataSync>\n");
my $node = DSNode->start(config => $config);
my $liquid = DSLiquid->new($node, objects => [qw(item depot narrow veiled closed)], role => 'read-only');
DSClient::quietly(sub { $node->ctl('client', 'create', $secret, 'vault') });
my $file = "$node->{dir}/state/secret.txt";
open my $out, '>', $file or die "$file: $!";
print {$out} "$secret\n";
close $out or die $!;
chmod 0644, $file;

$node->import_run('item-import', "sku,name,count,price,active,made,seen\nA,\"a \"\"nut\"\"\",3,1.5,true,2024-02-29,2024-02-29T12:00:00Z\n"
    . "B,bolt,10,,false,,\nC,,3,2,,,\nD,it's,7,0.00001,yes,,\n");
$node->import_run('depot-import', "place,number,item\nnorth,1,A\nnorth,2,B\nsouth,1,A\nsouth,2,nothing\n");
$node->import_run('veiled-import', "id,open,word\n1,seen,$secret\n2,$secret,x\n3,gone,x\n4,more,x\n");
$node->import_run('veiled-delete', "id\n3\n");
$node->import_run("$_-import", "id,word\n1,$secret\n") for qw(closed vault);
is_deeply [map { $node->value("SELECT count(*) FROM $_") } "vault WHERE word = '$secret'", "closed WHERE word = '$secret'",
           "veiled WHERE word = '$secret'", "ds_client WHERE name = '$secret'"], [1, 1, 1, 1], 'there is something to be found';

sub query_send {
    my ($query, %fields) = @_;
    return DSLiquid::json($liquid->export_send(itemType => 'item', sqlQuery => $query, %fields))->{jobId};
}

# The bytes of the file that a query makes, or why there is none.
sub query_run {
    my ($query, %fields) = @_;
    my $job = $liquid->ended(query_send($query, %fields));
    return $job->{status} eq 'Completed' ? $liquid->result($job->{jobId})->content : "$job->{status}: $job->{reason}";
}

# Lines of CSV as one line.
sub lines { return join '|', split /\r\n/, query_run(@_) }

# Rows, as they are written otherwise too.
my $all = 'SELECT sku, name, count, price, active, made, seen FROM item ORDER BY sku';
for my $type ('text/plain', 'application/json') {
    is query_run($all, contentType => $type, rowHeader => 'true'),
        $liquid->export_run(itemType => 'item', contentType => $type, rowHeader => 'true'), "all rows are those of an export: $type";
}
is lines('SELECT * FROM item ORDER BY sku DESC LIMIT 1', rowHeader => 'true'), 'sku,name,count,price,active,made,seen|D,it\'s,7,0.00001,true,,',
    'with the names of its columns';
is query_run("SELECT 1 AS a, 1.5 AS b, 'x' AS c, NULL AS d, 1e300 AS e, 9e999 AS f, 3.0 AS g, active AS h, active + 0 AS i FROM item WHERE sku = 'A'",
             contentType => 'application/json'),
    "[\n{\"a\":1,\"b\":1.5,\"c\":\"x\",\"d\":null,\"e\":" . sprintf('%.0f', 1e300) . ",\"f\":null,\"g\":3,\"h\":true,\"i\":1}\n]\n", 'each value has its type in JSON';
is lines("SELECT count, count(*) AS n, group_concat(sku, '') AS who FROM item GROUP BY count ORDER BY 1"), '3,2,AC|7,1,D|10,1,B', 'rows are counted';
is lines('SELECT place, name FROM depot JOIN item ON item.sku = depot.item ORDER BY place, number'), 'north,"a ""nut"""|north,bolt|south,"a ""nut"""',
    'two objects are joined by a key';
is lines('SELECT place, number FROM depot LEFT JOIN ITEM ON sku = item WHERE sku IS NULL'), 'south,2', 'also where the other has none; case does not count';
for (["place = 'north' AND number = 2", '2'], ['number = 1', '1,1'], ["place = 'NORTH'", ''], ["place = 'NORTH' COLLATE NOCASE AND number < 2", '1'],
     ["place IN ('south', 'east', 'north') AND number = 2", '2,2'], ["number = '2'", '2,2'], ['number = 2.0', '2,2'], ['number = 2.5', ''],
     ['place = NULL', ''], ['place IS NULL', ''], ["place = ''", ''], ['place = 5', ''], ["number = 'many'", ''], ["place = char(255, 0, 66)", ''],
     ["place = CAST(x'ff' AS TEXT)", ''], ["place = 'north' OR number = 2", '1,2,2'], ["place = 'north' AND place = 'south'", '']) {
    my ($where, $numbers) = @$_;
    is lines("SELECT number FROM depot WHERE $where ORDER BY place, number") =~ tr/|/,/r, $numbers, "rows where $where";
}
is lines('SELECT a.sku FROM item a WHERE price > (SELECT avg(price) FROM item b) ORDER BY 1'), 'A|C', 'numbers are compared as numbers';
is lines("SELECT sku FROM item WHERE seen >= '2024-01-01' AND strftime('%m', made) = '02' AND active"), 'A', 'times as texts';
is lines('SELECT rank() OVER (ORDER BY count) AS r FROM item ORDER BY r'), '1|1|3|4', 'windows';
is lines("SELECT 'x' AS a;  -- nothing more\n /* nothing */ ; "), 'x', 'comments and semicolons may follow';
is lines('SELECT sku, name FROM item WHERE sku < \'C\' ORDER BY 1', template => '$sku=$name'), 'A=a "nut"|B=bolt', 'a template gets its columns';
is lines('SELECT sku AS a, count AS b FROM item ORDER BY b, a', template => '#foreach($i in $items)$i.a$i.b#if($foreach.hasNext),#end#end'), 'A3,C3,D7,B10',
    'one that walks all rows too';
is lines("SELECT sku FROM item WHERE sku = 'B'", filters => '{broken'), 'B', 'a query goes before filters';
is lines('SELECT * FROM veiled ORDER BY id'), '1,seen|4,more', 'of an object it sees what its export writes: fields, filters, no deleted rows';
is lines("SELECT open FROM veiled WHERE id = '4' OR open = 'seen' ORDER BY id"), 'seen|more', 'also by its key';
is lines("SELECT 'a' || char(0) || 'b' AS a"), 'Failed: The query failed: a value of the column a is not UTF-8', 'a text is not cut off at a NUL';
is lines('SELECT sku FROM item WHERE 0'), '', 'no row is an empty file';
is query_run('SELECT sku FROM item WHERE 0', contentType => 'application/json'), "[\n]\n", 'or an empty array';
my $counted = $liquid->ended(query_send('SELECT 1 AS a UNION ALL SELECT 2'));
is_deeply [@$counted{qw(status recordsProcessed)}], ['Completed', '2'], 'the rows of the result are counted';

# Many rows: several messages, and readings that end early.
my $long = 'x' x 300;
$node->import_run('item-import', join '', "sku,name,count\n", map { "M$_,$long$_,$_\n" } 1 .. 1000);
is lines("SELECT count(*), sum(length(name)), sum(count) FROM item WHERE sku LIKE 'M%'"), '1000,302893,500500', 'a thousand rows are read whole';
is lines("SELECT count(*) FROM (SELECT sku FROM item LIMIT 7)"), '7', 'or not to their end';
is lines("SELECT count(*) FROM item a JOIN item b ON b.sku = 'M' || a.count WHERE a.sku LIKE 'M%'"), '1000', 'or once for each row of another';
is length(query_run("SELECT name FROM item WHERE sku LIKE 'M%'")), 304_893, 'and written whole';

# --- queries that want more than they may ---
my @hostile;
sub hostile { my ($status, $reason, @queries) = @_; push @hostile, map { [$_, $status, $reason] } @queries; return }

my $no_table = qr/^sqlQuery: no such table: /;
hostile('Rejected', $no_table, map { "SELECT * FROM $_" } qw(vault VAULT "vault" [vault] `vault` closed ds_client ds_token ds_launch ds_file_chunk
    ds_definition main.vault temp.vault pg_catalog.pg_authid pg_shadow information_schema.tables sqlite_master sqlite_schema main.sqlite_schema
    sqlite_temp_master sqlite_temp_schema sqlite_sequence sqlite_stat1 sqlite_dbpage dbstat sqlite_stmt fts3tokenize
    "file:/etc/passwd" "item;vault"), "'$file'", 'json_each(\'[1]\')', 'json_tree(\'[1]\')', 'generate_series(1, 9)', "bytecode('SELECT 1')",
    "tables_used('SELECT 1')", "fts5vocab('a', 'b')", 'csv(\'a\')', 'nowhere');
hostile('Rejected', $no_table, 'SELECT count(*) FROM sqlite_schema', 'SELECT (SELECT word FROM vault LIMIT 1)', 'SELECT * FROM (SELECT * FROM vault) AS item', 'SELECT sku FROM item UNION SELECT word FROM vault',
    'SELECT 1 WHERE EXISTS (SELECT 1 FROM vault)', 'SELECT count(*) FROM vault', 'SELECT sku FROM item WHERE sku IN (SELECT word FROM closed)',
    'SELECT * FROM item JOIN vault', 'SELECT sku IN vault FROM item', 'SELECT * FROM vault AS item', 'WITH item AS (SELECT * FROM vault) SELECT * FROM item',
    'WITH item AS (SELECT * FROM sqlite_master) SELECT count(*) FROM item', 'WITH item AS (SELECT word FROM vault), depot AS (SELECT * FROM item) SELECT 1 FROM depot',
    'SELECT * FROM item WHERE sku = (WITH item(a) AS (SELECT word FROM closed) SELECT a FROM item)', 'SELECT max((SELECT count(*) FROM ds_token)) OVER () FROM item');
hostile('Rejected', qr/^sqlQuery: (?:no such table: pragma_|only SELECT is allowed)/, map { "SELECT * FROM $_" } 'pragma_database_list', 'pragma_function_list',
    "pragma_table_info('vault')", 'pragma_module_list', "pragma_journal_mode('delete')");
hostile('Rejected', qr/^sqlQuery: no such column: /, 'SELECT word FROM veiled', 'SELECT _launch_id FROM item', 'SELECT _deleted_at FROM veiled',
    'SELECT "sku was not quoted" FROM item', 'SELECT veiled.word FROM veiled');
hostile('Rejected', qr/^sqlQuery: only SELECT is allowed/, "ATTACH '$file' AS s", "ATTACH 'file:$file?mode=ro' AS s", 'DETACH main', 'PRAGMA database_list', 'PRAGMA temp_store = FILE',
    'PRAGMA writable_schema = ON', 'VACUUM', "VACUUM INTO '$node->{dir}/state/stolen.db'", 'CREATE TABLE t (a)', 'CREATE TEMP TABLE t AS SELECT 1', 'CREATE VIEW v AS SELECT 1',
    'CREATE VIRTUAL TABLE t USING vault', 'CREATE VIRTUAL TABLE t USING fts5(a)', 'BEGIN', 'SAVEPOINT a', 'ANALYZE', 'EXPLAIN SELECT 1', 'EXPLAIN QUERY PLAN SELECT * FROM item');
hostile('Rejected', qr/^sqlQuery: /, 'INSERT INTO item (sku) VALUES (\'Z\')', 'UPDATE item SET count = 0', 'DELETE FROM item', 'DROP TABLE item', 'REPLACE INTO item (sku) VALUES (1)',
    'ALTER TABLE item ADD COLUMN a', 'ROLLBACK', 'COMMIT', 'REINDEX', 'RELEASE a', 'COPY item TO \'/tmp/x\'', 'DELETE FROM item RETURNING sku', 'CREATE TRIGGER t AFTER INSERT ON item BEGIN SELECT 1; END');
hostile('Rejected', qr/^sqlQuery: (?:no such function: |not authorized to use function: )/, map { "SELECT $_" } "load_extension('$file')", "readfile('$file')", "writefile('$node->{dir}/state/x', 'x')", "edit('x')",
    'sqlite_version()', 'sqlite_source_id()', 'sqlite_compileoption_get(0)', 'randomblob(1000000000)', 'zeroblob(1000000000)', "printf('%1000000000d', 1)", "format('%*d', 1000000000, 1)",
    "fts3_tokenizer('simple')", 'random()', "json('{}')", "pg_read_file('$file')", 'last_insert_rowid()', 'changes()', 'current_user()', "pg_sleep(100)");
hostile('Rejected', qr/^sqlQuery: write one statement/, 'SELECT 1 AS a; SELECT 2', 'SELECT sku FROM item; DROP TABLE item', 'SELECT 1 AS a; SELECT word FROM vault', 'SELECT 1 AS a; nonsense',
    "SELECT 1 AS a;\n--\nATTACH '$file' AS s");
hostile('Rejected', qr/^sqlQuery: there is no statement/, ' ', ';', '-- SELECT 1', '/* SELECT 1 */', "\t\r\n", '/* SELECT 1');
hostile('Rejected', qr/^sqlQuery: a parameter has no value/, map { "SELECT $_ AS a" } qw(? ?1 :a @a $a));
hostile('Rejected', qr/^sqlQuery: a recursive WITH/, 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n',
    'WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n');
hostile('Rejected', qr/^sqlQuery: two columns are called/, 'SELECT 1 AS a, 2 AS a', 'SELECT * FROM item a JOIN item b USING (name) JOIN item c');
hostile('Rejected', qr/^sqlQuery: not a text in UTF-8 of at most 64 KiB/, 'SELECT 1' . ' ' x 70_000, "SELECT '\xff\xfe'");
hostile('Rejected', qr/^sqlQuery: [^\r\n]+\z/, 'SELEC 1', "SELECT 'a", 'SELECT ' . '(' x 300 . '1' . ')' x 300, 'SELECT ' . join(', ', map { "1 AS a$_" } 1 .. 2500),
    join(' UNION ALL ', ('SELECT 1 AS a') x 60), "SELECT \"a\nb\r\n[forged]\"", 'SELECT ' . 'NOT ' x 200 . '1', "SELECT 1 AS a FROM item('x')", 'SELECT sku FROM item WHERE sku MATCH 1');
hostile('Failed', qr/^The query failed: .*(?:UTF-8|hex)/, "SELECT x'00ff' AS a", "SELECT CAST(x'ff' AS TEXT) AS a", "SELECT 'a' || char(0) || 'b' AS a");
hostile('Completed', qr/rows? exported/, 'WITH vault AS (SELECT sku FROM item) SELECT * FROM vault LIMIT 1', 'WITH sqlite_master AS (SELECT 1 AS a) SELECT * FROM sqlite_master', 'VALUES (1)',
    'WITH vault AS (SELECT sku FROM item) SELECT count(*) FROM vault',
    "SELECT name AS a FROM item WHERE sku = 'A'' OR ''1''=''1'", "SELECT 'SELECT word FROM vault' AS a");

my @sent;    # as many as may wait, and some less
for my $n (0 .. $#hostile) {
    push @sent, query_send($hostile[@sent][0]) while @sent < @hostile && @sent < $n + 60;
    my ($query, $status, $reason) = @{$hostile[$n]};
    my $job = $liquid->ended($sent[$n]);
    my $shown = substr $query =~ s/\Q$node->{dir}\E|\s+/ /gr, 0, 70;
    my $text = $job->{status} eq 'Completed' ? $liquid->result($job->{jobId})->content : '';
    ok $job->{status} eq $status && $job->{reason} =~ $reason && "$job->{reason}$text" !~ /\Q$secret\E/ && $job->{reason} !~ /[\r\n]/
        && (index($query, '/') >= 0 || index($job->{reason}, $node->{dir}) < 0),
        "$status: $shown" or diag "$job->{status}: $job->{reason}\n$text";
}
cmp_ok scalar @hostile, '>=', 60, scalar(@hostile) . ' queries were tried';

# Without end, and larger than anything: depot has little time, narrow little room.
my $cross = join ', ', map { "item t$_" } 1 .. 6;
my $values = join ', ', map { '(VALUES ' . join(', ', map { "($_)" } 1 .. 30) . ") v$_" } 1 .. 9;
my $too_long = qr/^The query took longer than the limit of 1 seconds/;
my $too_large = qr/^The query (?:needs more than the limit of 8388608 bytes of memory|failed: string or blob too big)/;
my @bombs = (
    [depot => "SELECT count(*) FROM $cross", $too_long],
    [depot => "SELECT count(*) FROM $values", $too_long],
    [depot => "SELECT count(*) FROM item a JOIN item b ON a.name || b.name LIKE '%" . 'x%' x 400 . "y'", $too_long],
    [narrow => 'SELECT sku FROM item', qr/^The result of the query is larger than the limit of 100 rows/],
    [narrow => 'SELECT * FROM item LIMIT 90', qr/^The result of the query is larger than the limit of 20480 bytes/],
    [narrow => 'SELECT length(' . 'replace(' x 9 . "'x'" . ", 'x', 'xxxxxxxxxx')" x 9 . ') AS a', qr/^The query failed: string or blob too big/],
    [narrow => 'SELECT group_concat(a.name || b.name) AS a FROM item a, item b', $too_large],
    [narrow => 'SELECT max(a.name || b.name || c.name) OVER (ORDER BY a.name || b.name || c.name) AS a FROM item a, item b, item c', $too_large],
);
@bombs = grep { $_->[1] !~ /SELECT (?:group_concat|max)/ } @bombs if $ENV{DS_SANITIZERS};    # they take memory of their own
$_->[3] = query_send($_->[1], itemType => $_->[0]) for @bombs;
for (@bombs) {
    my ($object, $query, $reason, $id) = @$_;
    my $job = $liquid->ended($id);
    ok $job->{status} eq 'Failed' && $job->{reason} =~ $reason && $job->{runTime} < 30_000, 'ends: ' . substr $query, 0, 70
        or diag "$job->{status}: $job->{reason} after $job->{runTime} ms";
    is DSLiquid::outcome($liquid->result($job->{jobId})), '404 not_found', 'without a file';
}
like $liquid->ended(query_send('SELECT 1 AS a', itemType => 'closed'))->{reason}, qr/^sqlQuery: it is not allowed here/, 'a sync takes queries only when it says so';

# --- its process ---
sub query_pids { return DSClient::processes_below($node->pid, qr/^datasync-query/) }
sub process_wait { return DSClient::wait_for('the process of a query', sub { (query_pids())[0] }) }
my $endless = "SELECT count(*) AS a FROM $values";
my $job = query_send($endless);
my $pid = process_wait();
my $limits = DSClient::text_of("/proc/$pid/limits");
ok 4 == (() = $limits =~ /^Max (?:open files|file size|processes|core file size) +0 +0 /mg), 'the process can open, write and start nothing' or diag $limits;
is_deeply [sort map { readlink($_) =~ /^(\w+)/ ? $1 : '' } grep { !m{/2\z} } glob "/proc/$pid/fd/*"], ['socket'], 'it has a wire to its runner, and no database';
is $liquid->status($job)->{status}, 'Processing', 'meanwhile the job runs';
$liquid->post('cancel', [jobId => $job]);
is $liquid->ended($job)->{status}, 'Canceled', 'it can be cancelled';
DSClient::wait_for('its end', sub { !query_pids() });
$job = query_send($endless);
kill KILL => process_wait();
my $killed = $liquid->ended($job);
is "$killed->{status}: $killed->{reason}", 'Failed: The query failed: its process ended by itself', 'a process that dies is a query that failed';
$job = query_send($endless);
kill XCPU => process_wait();
$killed = $liquid->ended($job);
is "$killed->{status}: $killed->{reason}", 'Failed: The query took longer than the limit of 600 seconds', 'so is one that the kernel ends for its time';
$job = query_send($endless);
$pid = process_wait();
like DSClient::text_of("/proc/$pid/limits"), qr/^Max cpu time +601 +603 /m, 'which has time of the processor beside that of the clock';
my ($runner) = DSClient::text_of("/proc/$pid/stat") =~ /\) \S (\d+)/;
kill KILL => $runner;
DSClient::wait_for('the end of what a runner has left', sub { !grep { $_ == $pid } query_pids() });
ok 1, 'it does not outlive its runner';
isnt process_wait(), $pid, 'and the job begins anew';
$liquid->post('cancel', [jobId => $job]);
is $liquid->ended($job)->{status}, 'Canceled', 'until it is cancelled';
is lines("SELECT sku FROM item WHERE sku = 'B'"), 'B', 'after all that, queries are answered';
ok !-e "$node->{dir}/state/stolen.db" && !-e "$node->{dir}/state/x", 'and nothing was written';
ok index($node->log_text, $secret) < 0, 'nor logged';

# The directive.
my $plain = DSNode->prepare;
for (['Perhaps', qr/write On or Off/], ['On time=0', qr/time=0: write a time from 1s to 1h/], ['On time=2h', qr/time=2h: write a time from 1s to 1h/], ['On rows=0', qr/rows=0: write a whole number/],
     ['On bytes=x', qr/bytes=x: write a number of bytes/], ['On memory=1M', qr/memory=1M: write a number of bytes from 4M/], ['On cpu=1', qr/cpu=1: there is no such option/],
     ['On time', qr/time: write a number/]) {
    my ($words, $fault) = @$_;
    my ($code, $text) = $plain->config_check(liquid_config(object_config('item', "Field a string\nKey a", "DataSyncSQLQuery $words")));
    ok $code != 0 && $text =~ /DataSyncSQLQuery \Q$words\E: $fault/, "refused: DataSyncSQLQuery $words" or diag $text;
}
my ($code, $text) = $plain->config_check(liquid_config() . "<DataSync a>\n Object item\n DataSyncSQLQuery On\n</DataSync>\n");
ok $code != 0 && $text =~ /this is for exports/, 'it is for exports' or diag $text;
$node->stop;
finish($node, qr/DS0560/, qr/DS0511.*signal 9/);
done_testing;
