# Somebody else's program keeps the database file locked for ten seconds: clients are told to come back, what only reads is
# answered as usual, and everything goes on by itself when the lock is gone.
use strict;
use warnings FATAL => 'all';
use DSFault;
use DSProbe;
use Apache::Test '-withtestmore';
use IPC::Open2;
use Time::HiRes qw(sleep);

my $seconds = rounds(10, 8);    # longer than a lease

# Takes a lock, says so, and keeps it until its standard input ends. It looks often: beside an import there is a gap only
# between two batches.
my $keeper = <<'EOT';
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
end = time.time() + 60
while True:
    try:
        for statement in sys.argv[2:]:
            db.execute(statement).fetchall()
        break
    except sqlite3.OperationalError as error:
        if "locked" not in str(error) or time.time() > end:
            raise
        time.sleep(0.0005)
print("locked", flush=True)
sys.stdin.read()
EOT

# Call `run` while a program of its own holds the lock that `statements` take.
sub locked_by {
    my ($node, $run, @statements) = @_;
    my $pid = open2(my $out, my $in, 'python3', '-c', $keeper, $node->{database}{params}, @statements);
    (<$out> // '') eq "locked\n" or die "the database could not be locked\n";
    $run->();
    close $in;
    waitpid $pid, 0;
    return;
}

my $fault = DSFault->start;
my $node = $fault->node;

sub case_run {
    my ($name, @statements) = @_;
    $fault->load_begin(pause => 0.2, big => 0.2);
    sleep 1 + rand 2;
    $fault->launch_wait(2);
    locked_by($node, sub {
        clients_watch($name, $node, $seconds, upload => qr/^503$/, status => qr/^200$/, page => qr/^200$/);
    }, @statements);
    $fault->recovery_check($name);
    return;
}

case_run('an exclusive transaction', 'BEGIN EXCLUSIVE');
if (rounds(1, 0)) {
    my $name = 'a program that has the file for itself while httpd starts';
    case_run('a transaction that has written', 'BEGIN IMMEDIATE', 'UPDATE ds_sync SET enabled = enabled');
    $node->stop;
    locked_by($node, sub {
        $node->start(unready => 1);
        clients_watch($name, $node, $seconds, upload => qr/^503$/, status => qr/^503$/, page => qr/^200$/);
    }, 'PRAGMA locking_mode = EXCLUSIVE', 'BEGIN EXCLUSIVE');
    $fault->load_begin;
    $fault->recovery_check($name);
}
unlike $node->log_text, qr/DS0532/, 'no runner that waited was taken for one that hangs';
is_deeply [grep { !/^(?:200|503)$/ } keys %{$fault->codes}], [], 'no client got any answer but yes and come back';
$fault->finish(qr/DS0040/, qr/DS0541/, qr/DS0521/, qr/DS0520/);
done_testing;
