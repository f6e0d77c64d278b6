# A disk that fails now and then: reads, writes and syncs of the database's files end with an error. Nothing that was
# accepted is lost, nothing is applied twice, and the database is whole when the disk is well again.
use strict;
use warnings FATAL => 'all';
use DSFault;
use DSProbe;
use Apache::Test '-withtestmore';
use Errno qw(EIO ENOSPC);
use File::Temp qw(tempdir);
use Time::HiRes qw(sleep);

my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;
my $library = "$ENV{DS_BUILDDIR}/t/40-faults/.libs/faulty_io.so";
-e $library or die "$library is not built";

# How many of a million reads, writes and syncs fail, and how. Written in place: the processes have mapped the file.
sub disk_set {
    my (@numbers) = @_;
    open my $file, '+<', "$dir/control" or die $!;
    syswrite $file, pack 'l4', @numbers or die $!;
    close $file;
    return;
}

system('cp', '--', $library, "$dir/faulty_io.so") == 0 or die "cannot copy $library\n";
open my $control, '>', "$dir/control" or die $!;
close $control;
disk_set(0, 0, 0, 0);

sub environment_set {
    my ($node) = @_;
    %ENV = (%ENV, LD_PRELOAD => "$dir/faulty_io.so", FAULTY_IO_CONTROL => "$dir/control", FAULTY_IO_PREFIX => $node->{database}{params});
    return;
}

my $fault = DSFault->start(prepare => \&environment_set);
delete @ENV{qw(LD_PRELOAD FAULTY_IO_CONTROL FAULTY_IO_PREFIX)};    # what looks at the database sees no faults
my $node = $fault->node;

sub disk_fails {
    my ($name, $uploads, @numbers) = @_;
    my $either = qr/^(?:200|503)$/;
    $fault->load_begin(pause => 0.2);
    sleep rand 2;
    disk_set(@numbers);
    clients_watch($name, $node, rounds(4, 2) + rand 2, upload => $uploads, status => $either, page => qr/^200$/);
    wait_for('an upload that is refused', sub { $fault->codes->{503} });    # chance may spare the first ones
    disk_set(0, 0, 0, 0);
    $fault->integrity_check($name);
    is $node->value('PRAGMA integrity_check'), 'ok', "$name: the database is whole";
    return;
}

my ($sometimes, $never) = (qr/^(?:200|503)$/, qr/^503$/);
disk_fails('some syncs and writes fail', $sometimes, 0, 10_000, 100_000, EIO);
if (rounds(1, 0)) {
    disk_fails('syncs fail now and then', $sometimes, 0, 0, 200_000, EIO);
    disk_fails('no sync succeeds', $never, 0, 0, 1_000_000, EIO);
    disk_fails('writes fail now and then', $sometimes, 0, 20_000, 0, pick(EIO, ENOSPC));
    disk_fails('reads fail now and then', $sometimes, 5_000, 0, 0, EIO);
    disk_fails('everything fails now and then', $sometimes, 1_000, 5_000, 20_000, EIO);
}
is_deeply [grep { !/^(?:200|503)$/ } keys %{$fault->codes}], [], 'no client got any answer but yes and come back';
note $fault->codes->{503} . ' uploads were refused';
# A read that fails can look like a broken file (DS0520); the next one tells.
$fault->finish(qr/DS0532/, qr/DS0511.*signal 9/, qr/DS0040/, qr/DS0541/, qr/DS0520.*malformed/);
done_testing;
