# Clients that speak HTTP/2 must find the same service.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;

my $server = server();
my $token = $server->token('car-import');
my $file = "$server->{bin}/../state/http2.csv";
my $csv = "vin,make\n" . join '', map { "H2-$_,Make\n" } 1 .. 150_000;
open my $out, '>', $file or die "$file: $!";
print {$out} $csv;
close $out or die "$file: $!";

# What curl gets over HTTP/2 without TLS: (version and code, body).
sub curl {
    my ($path, @options) = @_;
    open my $in, '-|', 'curl', '-s', '--http2-prior-knowledge', '-w', "\n%{http_version} %{http_code}", @options, $server->url($path)
        or die "curl: $!";
    local $/;
    my ($body, $line) = <$in> =~ /\A(.*)\n(.*)\z/s;
    close $in;
    return ($line, $body);
}

my @auth = ('-u', "api:$token");
my ($line, $body) = curl('/api/data-sync/import/car-import', @auth, '-F', "file=\@$file");
is $line, '2 200', 'an upload over HTTP/2 is taken';
is $body, 'File queued', 'with the usual answer';
my $launch = $server->launch_ended($server->launch_newest('car-import')->{id});
is $launch->{rows_ok}, 150_000, 'every row of it arrives';
($line, $body) = curl('/api/data-sync/car-import', @auth);
is $line, '2 200', 'the status over HTTP/2';
is decode_json($body)->{'latest-launch'}{id}, $launch->{id}, 'is that of the upload';
($line, $body) = curl("/api/data-sync/car-import/$launch->{id}/download", @auth);
ok $body eq $csv, 'the download over HTTP/2 is the upload';
($line) = curl('/api/data-sync/car-import', '-u', 'api:wrong');
is $line, '2 403', 'a bad token is refused over HTTP/2 too';
unlink $file;
finish($server);
done_testing;
