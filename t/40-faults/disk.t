# The disk is full, or files may not grow: under uploads, imports, exports and checkpoints. Nothing that was accepted is
# lost, and work goes on by itself when there is room again.
use strict;
use warnings FATAL => 'all';
use DSFault;
use DSProbe;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep);

my $disk_size = 512 * 1024 * 1024;
my $mounted;

# A small disk for the database. Only root can mount one.
sub disk_mount {
    my ($node) = @_;
    return if $> != 0;
    my ($uid, $gid) = (scalar getpwnam('nobody'), scalar getgrnam('nogroup'));
    my $dir = "$node->{dir}/state";
    system('mount', '-t', 'tmpfs', '-o', "size=$disk_size,uid=$uid,gid=$gid,mode=755", 'tmpfs', $dir) == 0 or return;
    $mounted = $dir;
    return;
}

END {
    my $status = $?;
    system 'umount', '--lazy', $mounted if $mounted;
    $? = $status;
}

my $fault = DSFault->start(prepare => \&disk_mount);
my $node = $fault->node;

# Fill the disk but for `left` bytes.
sub disk_fill {
    my ($left) = @_;
    open my $out, '>', "$mounted/filler" or die $!;
    binmode $out;
    my $page = "\0" x 4096;
    1 while syswrite $out, $page;
    truncate $out, (-s $out) - $left if $left;
    close $out;
    return;
}

sub disk_free {
    -s "$mounted/filler" > $disk_size / 4 or die "the disk is too small for this test\n";
    unlink "$mounted/filler" or die $!;
    return;
}

sub pids {
    return DSClient::processes_below($node->{child}, qr/^(?:apache2|httpd|datasync-)/);
}

# Files of the processes that run now may grow to this size. Their own user may always set that.
sub file_size_limit {
    my ($size) = @_;
    my @as_user = $> == 0 ? qw(setpriv --reuid=nobody --regid=nogroup --clear-groups) : ();
    system(@as_user, 'prlimit', '--pid', $_, "--fsize=$size:unlimited") == 0 || !-e "/proc/$_/exe" or die "prlimit\n" for pids();
    return;
}

# The disk is full to the last byte, for long enough to be noticed everywhere.
sub full_run {
    my ($name) = @_;
    $fault->load_begin(pause => 0.2);
    sleep 1 + rand 2;
    disk_fill(0);
    clients_watch($name, $node, rounds(8, 3), upload => qr/^(?:200|503)$/, status => qr/^200$/, page => qr/^200$/);
    disk_free();
    $fault->recovery_check($name);
    return;
}

# Some bytes are left: enough for this, not for that.
sub nearly_full_run {
    my ($round) = @_;
    my $left = 4096 * int rand 512;
    $fault->load_begin(big => pick(0, 0.2), exports => pick(0, 0.1), pause => 0.2);
    sleep rand 2;
    disk_fill($left);
    sleep 1 + rand 2;
    $fault->order_check("round $round");
    disk_free();
    $fault->recovery_check("a disk with $left bytes left");
    return;
}

# Httpd starts on a full disk.
sub start_run {
    my ($name) = @_;
    $node->stop;
    disk_fill(0);
    $node->start(unready => 1);
    clients_watch($name, $node, 4, upload => qr/^503$/, status => qr/^(?:200|503)$/, page => qr/^200$/);
    disk_free();
    $fault->load_begin;
    $fault->recovery_check($name);
    return;
}

sub limit_run {
    my ($name) = @_;
    my @before = pids();
    $fault->load_begin(pause => 0.2);
    sleep 1;
    file_size_limit(-s $node->{database}{params});
    clients_watch($name, $node, rounds(6, 2), upload => qr/^(?:200|503)$/, status => qr/^200$/, page => qr/^200$/);
    is_deeply [grep { !-e "/proc/$_/exe" } @before], [], "$name: it ends no process";
    file_size_limit('unlimited');
    $fault->recovery_check($name);
    return;
}

SKIP: {
    skip $> == 0 ? 'a tmpfs cannot be mounted here' : 'only root can mount a small disk', 5 unless $mounted;
    full_run('a full disk');
    if (rounds(1, 0)) {
        nearly_full_run($_) for 1 .. 8;
        start_run('a full disk at the start');
    }
}
limit_run('a limit of the size of files');
is_deeply [grep { !/^(?:200|503)$/ } keys %{$fault->codes}], [], 'no client got any answer but yes and come back';
$fault->finish(qr/DS0532/, qr/DS0511.*signal 9/, qr/DS0040/, qr/DS0541/, qr/DS0520/, qr/DS0521/);
done_testing;
