# A client that goes away in the middle: nothing of its file may stay, and nobody else may notice.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use Socket qw(SOL_SOCKET SO_LINGER);

my $server = server();
my $part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\nvin,make\n";
my $launches = sub { $server->value("SELECT count(*) AS n FROM ds_launch WHERE sync_id = 'open-import'") };
my $unbound = sub { $server->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL') };
my $before = $launches->();

# Send the beginning of an upload that promises `promised` bytes, then go away: close, or reset.
sub abort_upload {
    my ($sent, $promised, $reset) = @_;
    my $socket = $server->socket_open;
    print {$socket} "POST /api/data-sync/import/open-import HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        . "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: $promised\r\n\r\n", $part, 'x,' x ($sent / 2);
    $socket->flush;
    $reset->($socket) if $reset;
    return close $socket;
}

my $with_reset = sub { setsockopt $_[0], SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) };
abort_upload(100, 10_000);
abort_upload(100, 10_000, $with_reset);
abort_upload(0, 0 + length $part);
pass 'short uploads were broken off';

# One that has written chunks already.
abort_upload(5_000_000, 50_000_000, sub {
    wait_for('chunks in the database', sub { $unbound->() > 0 });
    pass 'chunks of a long upload were in the database while it arrived';
    is $launches->(), $before, 'but nothing of it was visible';
    is $server->get('/api/data-sync/idle-import')->code, 200, 'and others were served';
    is $server->import_run('stock-import', "shop,item,count\nabort,1,1\n")->{rows_ok}, 1, 'and could write';
});
wait_for('the leftovers to be swept', sub { $unbound->() == 0 });
pass 'what was left behind is swept';
is $server->value('SELECT count(*) AS n FROM ds_chunk c WHERE NOT EXISTS (SELECT 1 FROM ds_file f WHERE f.id = c.file_id)'), 0,
    'to the last chunk';
is $launches->(), $before, 'no broken upload became a launch';
is $server->import_run('open-import', "vin\nABORT1\n")->{rows_ok}, 1, 'the next upload works';
finish($server);
done_testing;
