# A disk that can lose its power: an ext4 file system in a file, and copies of what that file holds at one moment. The file
# itself lies on another such file system, which is frozen while the copy is made: so the copy has what the inner file
# system had given to its disk until then, in its order, and nothing of what it still kept in memory.
package DSDisk;
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use DSClient;

my $inner_size = '400M';
my $outer_size = '1G';

sub run {
    my (@command) = @_;
    return system(@command) == 0 || die "failed: @command\n";
}

# Mounted at `at`, for the run-time user of the servers; its files in `dir`. undef where that cannot be done here.
sub make {
    my ($class, $dir, $at) = @_;
    return undef if $> != 0 || !-e '/dev/loop-control';
    my $self = bless {outer => "$dir/outer", mounted => []}, $class;
    mkdir $self->{outer} or die "$self->{outer}: $!";
    image_make("$dir/outer.img", $outer_size);
    $self->mount("$dir/outer.img", $self->{outer}) or return undef;
    $self->{image} = "$self->{outer}/inner.img";
    image_make($self->{image}, $inner_size);
    $self->mount($self->{image}, $at) or return undef;
    chown scalar getpwnam('nobody'), scalar getgrnam('nogroup'), $at or die "chown: $!";
    run('sync', '-f', $at);
    return $self;
}

sub image_make {
    my ($image, $size) = @_;
    run('truncate', '-s', $size, $image);
    return run('mkfs.ext4', '-q', '-F', $image);
}

sub mount {
    my ($self, $image, $at) = @_;
    system('mount', '-o', 'loop', $image, $at) == 0 or return 0;
    unshift @{$self->{mounted}}, $at;
    return 1;
}

sub unmount {
    my ($self, $at) = @_;
    run('umount', $at);
    @{$self->{mounted}} = grep { $_ ne $at } @{$self->{mounted}};
    return;
}

# What a power cut at this moment would leave, into the file `copy`.
sub cut {
    my ($self, $copy) = @_;
    run('fsfreeze', '--freeze', $self->{outer});
    my $done = eval { run('cp', '--sparse=always', $self->{image}, $copy) };
    run('fsfreeze', '--unfreeze', $self->{outer});
    return $done || die $@;
}

# Mount a copy as a machine does when the power is back.
sub copy_mount {
    my ($self, $copy, $at) = @_;
    my $code = system('e2fsck', '-p', '-f', $copy) >> 8;
    die "e2fsck says $code\n" if $code > 1;
    return $self->mount($copy, $at) || die "$copy cannot be mounted\n";
}

sub DESTROY {
    my ($self) = @_;
    local $?;
    system 'umount', '--lazy', $_ for @{$self->{mounted}};
    return;
}

1;
