# Client libraries that were written for Marketo, as they come: they must not notice the difference.
use strict;
use warnings FATAL => 'all';
use DSMarketo;
use DSRead;
use DSTest;
use Apache::Test '-withtestmore';
use Digest::SHA qw(sha256_hex);
use JSON::PP;

my $server = server();
for my $library ('node-marketo-rest', '@grouparoo/node-marketo-rest') {
    $server->write('DELETE FROM lead');
    my $client = DSMarketo->new($server, objects => ['lead', 'car_c', 'part']);
    open my $in, '-|', 'node', '--no-deprecation', 't/30-server/marketo_clients.mjs', $library, $server->url(''), $client->{id}, $client->{secret}
        or die "node: $!";
    local $/;
    my $printed = <$in> // '';
    close $in;
    my ($json) = $printed =~ /^(\{.*\})$/m;
    my $said = eval { decode_json($json) };
    ok $said, "$library: it comes to its end" or diag($printed), next;
    is $said->{checked}, 18, "$library: answers were checked against their schemas";
    is_deeply $said->{faults}, [], "$library: each answer is as documented";
    is $said->{leads}{message}, 'Import completed with errors, 1 records imported (1 members), 1 failed', "$library: leads were imported";
    is $said->{cars}{numOfObjectsProcessed}, 1, "$library: a custom object was imported";
    is_deeply $said->{written}, [qw(created skipped deleted skipped)], "$library: records were written and removed at once";
    is_deeply $said->{found}, ['NPM1'], "$library: and found";
    is $said->{completed}{status}, 'Completed', "$library: the extract was created, queued and polled";
    is_deeply [csv_read($said->{file})], [['email', 'First Name', 'score'], ['ann@npm.example', 'Ann', '5']], "$library: its file was read";
    is $said->{completed}{fileChecksum}, 'sha256:' . sha256_hex($said->{file}), "$library: and has the checksum that was told";
    is $said->{cancelled}, 'Cancelled', "$library: a job was cancelled";
    is $said->{refused}[0]{code}, '1006', "$library: an error reached the caller with its code";
    is $said->{recovered}, 'Completed', "$library: a token that is not known any more was replaced";
    is $said->{badCredentials}, 'invalid_client', "$library: bad credentials were told";
}
finish($server);
done_testing;
