# Certificates for servers under test, by authorities of our own.
package DSCertificate;
use strict;
use warnings FATAL => 'all';
use DSClient;
use Exporter 'import';
use File::Temp qw(tempdir);

our @EXPORT = qw(authority_make certificate_make self_signed_make);

my @ec = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes);
my $dir;

# Made when it is wanted; everybody may look into it, each key is its owner's.
sub directory {
    if (!$dir) {
        $dir = tempdir('datasync-tls-XXXXXX', TMPDIR => 1, CLEANUP => 1);
        chmod 0755, $dir or die $!;
    }
    return $dir;
}

sub openssl {
    my (@arguments) = @_;
    my $log = directory() . '/openssl.log';
    return system('sh', '-c', 'exec openssl "$@" 2>"$0"', $log, @arguments) == 0 || die "openssl @arguments: " . DSClient::text_of($log);
}

# The file of its certificate.
sub authority_make {
    my ($name) = @_;
    my $path = directory() . "/$name";
    openssl('req', '-x509', @ec, '-days', 2, '-subj', "/CN=$name", '-keyout', "$path.key", '-out', "$path.crt");
    return "$path.crt";
}

# The files of a certificate and its key. subject: as DNS:NAME or IP:ADDRESS; days => how long it is good: -1 is over.
sub certificate_make {
    my ($authority, $name, $subject, %how) = @_;
    my $path = directory() . "/$name";
    open my $out, '>', "$path.ext" or die $!;
    print {$out} "subjectAltName=$subject\n";
    close $out or die $!;
    openssl('req', @ec, '-subj', "/CN=$name", '-keyout', "$path.key", '-out', "$path.csr");
    openssl('x509', '-req', '-in', "$path.csr", '-CA', directory() . "/$authority.crt",
        '-CAkey', directory() . "/$authority.key", '-CAcreateserial', '-days', $how{days} // 2, '-extfile', "$path.ext", '-out', "$path.crt");
    return key_keep($path);
}

sub self_signed_make {
    my ($name, $subject) = @_;
    my $path = directory() . "/$name";
    openssl('req', '-x509', @ec, '-days', 2, '-subj', "/CN=$name", '-addext', "subjectAltName=$subject", '-keyout', "$path.key",
        '-out', "$path.crt");
    return key_keep($path);
}

# Servers refuse keys that others can read.
sub key_keep {
    my ($path) = @_;
    chmod 0600, "$path.key" or die $!;
    if ($> == 0) {
        chown scalar getpwnam('nobody'), scalar getgrnam('nogroup'), "$path.key" or die "chown: $!";
    }
    return ("$path.crt", "$path.key");
}

1;
