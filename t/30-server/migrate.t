# A database that an earlier version made, and one that a later version has changed: an update must lose nothing, and nodes
# that are not updated yet must either go on or say clearly that they cannot.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use Digest::SHA qw(sha256_hex);

my $maker = "$ENV{DS_BUILDDIR}/t/20-db/schema_make";

# Make the database of a node as programs of `version` did; 0: only tell which version is the newest.
sub schema_make {
    my ($node, $version) = @_;
    my $database = $node->{database};
    open my $in, '-|', $maker, $database->{driver}, $database->{params}, $version or die "$maker: $!";
    my ($found) = map { 0 + $_ } <$in>;
    close $in or die "$maker failed\n";
    return $found;
}

# The data of a version in the words of this database.
sub data_of {
    my ($node, $version) = @_;
    my $path = sprintf '%s/t/data/version_%04d.sql', DSNode::run_dir(), $version;
    my $sql = DSClient::text_of($path) || die "$path: say there what a database of this version holds\n";
    my $database = $node->{database};
    my %word = (integer => $database->by_database('INTEGER', 'bigint'), now => time . '000000',
                datetime => $database->by_database('DATETIME', 'timestamptz'));
    my $text = sub { $_[0] =~ s/\\n/\n/gr =~ s/\\r/\r/gr };
    $sql =~ s/\{bytes (.*?)\}/$database->by_database("X'", "'\\x") . unpack('H*', $text->($1)) . "'"/ge;
    $sql =~ s/\{sha256 (.*?)\}/sha256_hex($text->($1))/ge;
    $sql =~ s/\{(integer|now|datetime)\}/$word{$1}/g;
    return $sql =~ s/^--.*\n//gmr;
}

# A node whose database is of an earlier version, with the data of then. It does not run yet.
sub old_node {
    my ($version) = @_;
    my $node = DSNode->prepare;
    is schema_make($node, $version), $version, "a database of version $version";
    $node->write(data_of($node, $_)) for 1 .. $version;
    chown scalar getpwnam('nobody'), scalar getgrnam('nogroup'), glob "$node->{dir}/state/*" if $> == 0;
    return $node;
}

# Everything that was there is there, and works.
sub old_data_check {
    my ($node) = @_;
    $node->launch_ended($_) for 3, 4;
    is join(' ', map { DSClient::counts($node->launch($_)) } 1, 3, 4), '2 1 1 0 2 2 0 0 1 1 0 0',
        'launches that waited or were interrupted come to their end';
    is join(' ', map { "$_->{vin}/$_->{color}" } $node->rows('SELECT vin, color FROM car_c ORDER BY vin')),
        'OLD1/red OLD3A/red OLD3B/blue OLD4/green', 'the records are there, each once';
    is $node->launch_file(1, 'failures'), "vin,color,why\nbad,,bad\n", 'files of earlier launches are there';
    is $node->export_text('part-export'), "sku\r\nOLD\r\n", 'the last export is served';
    my $token = 'dst_0123456789_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG';
    is $node->upload('car-import', "vin\nNEW\n", token => $token)->code, 200, 'tokens are good';
    is $node->upload('car-import', "vin\nNEW\n", token => $token =~ s/G$/H/r)->code, 403, 'and no others';
    is $node->upload('stock-import', "shop,item\n1,1\n")->code, 500, 'a sync that was switched off stays so';
    my $before = $node->value('SELECT count(*) AS n FROM ds_launch');
    is $node->upload('open-import', "vin,color\nOLD1,red\nbad,\n", headers => ['Idempotency-Key' => 'old-key'])->code, 200,
        'an upload of then is repeated';
    is $node->value('SELECT count(*) AS n FROM ds_launch'), $before, 'without another launch';
    my $retried = $node->ctl('launch', 'retry', 5)->{id};
    is $node->launch_ended($retried)->{state}, 'finished', 'a launch that had failed can be repeated';
    is $node->export_run('part-export')->{state}, 'finished', 'exports work';
    return;
}

my $newest = schema_make(DSNode->prepare, 0);
for my $version (1 .. $newest - 1) {
    my $node = old_node($version)->start;
    is $node->value('SELECT version FROM ds_schema'), $newest, 'the worker brings it to the newest';
    old_data_check($node);
    is join(' ', map { $_->{id} } @{$node->ctl('client', 'list')}), $version > 1 ? 'old-client' : '', 'clients are known';
    $node->stop;
    finish($node, qr/DS0040/);
}

# Two servers are updated at the same time.
my $node = old_node(1);
my $other = DSNode->prepare;
$other->{database} = $node->{database};
$other->config_write($other->worker_config . DSNode::usual_config() . "DataSyncAPI prisma\n");
$_->start(unready => 1) for $node, $other;
$_->ready_wait for $node, $other;
is $node->value('SELECT count(*) AS n FROM ds_schema'), 1, 'two may bring it to the newest at once';
old_data_check($other);
$other->stop;
finish($other, qr/DS0040/, qr/DS052[01]/);

# A later version comes to another node. What it does is written down here: it adds something, and says who may go on.
sub later_step {
    my ($oldest, @statements) = @_;
    $node->write(join ';', @statements, 'UPDATE ds_schema SET version = version + 1, oldest = ' . $oldest);
    return;
}

later_step($newest, 'ALTER TABLE ds_launch ADD COLUMN later TEXT', 'CREATE TABLE ds_later (id INTEGER PRIMARY KEY)');
is $node->import_run('open-import', "vin\nL1\n")->{state}, 'finished', 'a node goes on with a schema that is newer but fits';
$node->graceful;
is $node->import_run('open-import', "vin\nL2\n")->{state}, 'finished', 'also after a restart';
$node->stop;
$node->start;
is $node->import_run('open-import', "vin\nL3\n")->{state}, 'finished', 'and a new start';

# One that does not fit comes while the node has its connections, and a launch waits.
$node->workers_halt;
is $node->upload('open-import', "vin\nL4\n")->code, 200, 'a launch waits';
my $id = $node->launch_newest('open-import')->{id};
later_step($newest + 1);
$node->workers_continue;
my $refused = $node->upload('open-import', "vin\nL5\n");
is $refused->code, 503, 'a schema that does not fit is refused at once';
ok $refused->header('Retry-After'), 'and the client knows that waiting helps';
$node->log_wait(qr/DS0050.*needs a newer program/);
$node->log_wait(qr/DS0520: the database has schema version \d+ and needs programs that know version/);
is $node->value("SELECT state FROM ds_launch WHERE id = $id"), 'queued', 'its worker takes no launch';
ok $node->ctl_refused('sync', 'list'), 'nor does an old datasyncctl';
is $node->value('SELECT version FROM ds_schema'), $newest + 2, 'the schema stays as it is';

# The node is updated: here its version may go on again.
$node->write("UPDATE ds_schema SET oldest = $newest");
is $node->launch_ended($id)->{state}, 'finished', 'when the node fits again it goes on by itself';
is $node->import_run('open-import', "vin\nL6\n")->{state}, 'finished', 'and takes uploads';
$node->stop;
finish($node, qr/DS0040/, qr/DS052[01]/);
done_testing;
