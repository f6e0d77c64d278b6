# The directory that servers run from: of their own, so that their run-time user can enter it whatever the
# permissions of the build tree are.
package DSRunDir;
use strict;
use warnings FATAL => 'all';
use DSDatabase;
use File::Path qw(make_path);

sub file_copy {
    my ($from, $to) = @_;
    return system('cp', '-R', '--', $from, $to) == 0 || die "cannot copy $from\n";
}

# What servers inherit from, out of t/conf/base.conf.tmpl.
sub base_conf_make {
    my ($dir, %value) = @_;
    open my $in, '<', "$dir/t/conf/base.conf.tmpl" or die "base.conf.tmpl: $!";
    open my $out, '>', "$dir/base.conf" or die "base.conf: $!";
    while (<$in>) {
        s/@(\w+)@/$value{$1} \/\/ die "base.conf.tmpl: unknown \@$1\@\n"/ge;
        print {$out} $_;
    }
    close $out or die "base.conf: $!";
}

# Where the database of the whole run is.
sub database_conf_make {
    my ($dir, $mpm) = @_;
    my $database = DSDatabase->new(name => "server_$mpm", file => "$dir/state/datasync.db")->create;
    open my $out, '>', "$dir/database.conf" or die "database.conf: $!";
    print {$out} $database->directive;
    close $out or die "database.conf: $!";
}

# The tests, the module and the programs of a build in `dir`, and a place for databases. from: srcdir,
# builddir, moddir (of httpd's modules), mpm.
sub make {
    my ($dir, %from) = @_;
    make_path("$dir/bin", "$dir/state");
    file_copy("$from{srcdir}/t", "$dir/t");
    system('chmod', '-R', 'u+w', $dir) == 0 or die "cannot chmod $dir\n";
    file_copy("$from{builddir}/$_", "$dir/bin/") for qw(.libs/mod_datasync.so datasync-worker datasyncctl);
    if ($> == 0) {
        chown scalar getpwnam('nobody'), scalar getgrnam('nogroup'), "$dir/state" or die "chown: $!";
    }
    database_conf_make($dir, $from{mpm});
    base_conf_make($dir, HTTPD_MODDIR => $from{moddir}, rundir => $dir, mpm => $from{mpm});
}

1;
