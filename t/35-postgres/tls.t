# PostgreSQL over TLS: a server that cannot prove its name must not see a password or a row.
use strict;
use warnings FATAL => 'all';
use DSCertificate;
use DSPostgres;
use DSTest;
use Apache::Test '-withtestmore';

my ($ours, $strange) = map { authority_make($_) } qw(ours strange);

sub cluster_start {
    my ($certificate, $key) = certificate_make('ours', @_);
    return DSPostgres->start(ssl => 'on', ssl_cert_file => $certificate, ssl_key_file => $key);
}

my $good = cluster_start('good', 'IP:127.0.0.1');
my $other = cluster_start('other', 'DNS:elsewhere.example');
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
wait_for('connections of web, keeper and runners', sub { $node->value("${plain}s.ssl") >= 4 });
pass 'the connections of web and worker are encrypted';
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
