# PostgreSQL over TLS: a server that cannot prove its name must not see a password or a row.
use strict;
use warnings FATAL => 'all';
use DSTest;
use DSPostgres;
use Apache::Test '-withtestmore';
use File::Temp qw(tempdir);

my $dir = tempdir('datasync-tls-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir or die $!;

sub openssl {
    my (@arguments) = @_;
    return system('sh', '-c', 'exec openssl "$@" 2>"$0"', "$dir/openssl.log", @arguments) == 0
        || die 'openssl failed: ' . DSClient::text_of("$dir/openssl.log");
}

# An authority of our own, and a certificate by it.
sub authority_make {
    my ($name) = @_;
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 2, '-subj', "/CN=$name", '-keyout', "$dir/$name.key",
        '-out', "$dir/$name.crt");
    return "$dir/$name.crt";
}

sub certificate_make {
    my ($authority, $name, $subject) = @_;
    open my $out, '>', "$dir/$name.ext" or die $!;
    print {$out} "subjectAltName=$subject\n";
    close $out or die $!;
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', "/CN=$name", '-keyout', "$dir/$name.key", '-out', "$dir/$name.csr");
    openssl('x509', '-req', '-in', "$dir/$name.csr", '-CA', "$dir/$authority.crt", '-CAkey', "$dir/$authority.key",
        '-CAcreateserial', '-days', 2, '-extfile', "$dir/$name.ext", '-out', "$dir/$name.crt");
    chmod 0600, "$dir/$name.key" or die $!;
    if ($> == 0) {
        chown scalar getpwnam('nobody'), scalar getgrnam('nogroup'), "$dir/$name.key" or die "chown: $!";
    }
    return (ssl_cert_file => "$dir/$name.crt", ssl_key_file => "$dir/$name.key");
}

my ($ours, $strange) = map { authority_make($_) } qw(ours strange);
my $good = DSPostgres->start(ssl => 'on', certificate_make('ours', 'good', 'IP:127.0.0.1'));
my $other = DSPostgres->start(ssl => 'on', certificate_make('ours', 'other', 'DNS:elsewhere.example'));
my $password = 'hunter2';

# A server of ours at a cluster, with these parameters beside those that tell where it is.
sub node_make {
    my ($cluster, $parameters) = @_;
    local $ENV{DS_TEST_POSTGRES} = $cluster->params;
    my $node = DSNode->prepare;
    $node->{database}{params} .= " password=$password $parameters";
    my $place = "$node->{dir}/place";
    open my $out, '>', $place or die $!;
    print {$out} "$node->{database}{params}\n";
    close $out or die $!;
    chmod 0600, $place or die $!;
    return $node->config_write(DSNode->worker_config =~ s/\@database\@/DataSyncDatabase pgsql file:$place\n/r
        . DSNode::usual_config() . "DataSyncAPI prisma\n");
}

my $node = node_make($good, "sslmode=verify-full sslrootcert=$ours")->start;
is $node->import_run('open-import', "vin\nT1\n")->{state}, 'finished', 'an import runs over TLS';
is $node->get('/api/data-sync/open-import')->code, 200, 'and its status is shown';
my $plain = "SELECT count(*) AS n FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) WHERE a.datname = current_database()"
    . " AND a.application_name = 'mod_datasync' AND ";
cmp_ok $node->value("${plain}s.ssl"), '>=', 3, 'the connections of web and worker are encrypted';
is $node->value("${plain}NOT s.ssl"), 0, 'all of them';
$node->stop;
finish($node);

for (['an authority that is not ours', $good, "sslmode=verify-full sslrootcert=$strange", qr/certificate verify failed/],
     ['a certificate for another name', $other, "sslmode=verify-full sslrootcert=$ours", qr/does not match host name|certificate/]) {
    my ($name, $cluster, $parameters, $words) = @$_;
    note $name;
    my $begun = -s $cluster->{log};
    my $refused = node_make($cluster, $parameters)->start(unready => 1);
    $refused->log_wait(qr/DS0520/);
    is $refused->get('/api/data-sync/open-import')->code, 503, "$name: requests get 503";
    like $refused->log_text, qr/DS0520.*$words/, "$name: the log says why";
    unlike $refused->log_text, qr/\Q$password\E/, "$name: without the password";
    unlike DSClient::text_of($cluster->{log}, $begun), qr/connection authenticated|statement:/, "$name: nobody logs in";
    $refused->stop;
    is_deeply [$refused->log_faults(qr/DS0520/, qr/DS0040/, qr/DS0512.*datasync-setup/)], [], "$name: and nothing else";
}
done_testing;
