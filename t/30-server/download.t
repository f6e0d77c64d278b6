# The uploaded file, byte for byte: what a partner needs to see why an import failed, and to send it again.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
plan tests => 18;

my $server = server();

sub download {
    my ($sync, $id, @how) = @_;
    return $server->get("/api/data-sync/$sync/$id/download", @how);
}

my $all_bytes = join '', map { chr } 0 .. 255;
my %files = (
    'a plain file' => "vin,make\nDL1,Fiat\n",
    'a byte order mark and CRLF' => "\xef\xbb\xbfvin,make\r\nDL2,Fiat\r\n",
    'no line end at the end' => "vin,make\nDL3,Fiat",
    'an empty file' => '',
    'every byte there is' => "vin,make\n$all_bytes\n" x 40,
    'a line that looks like a boundary' => "vin,make\n--xYzZY\r\n--\r\n------\r\n\r\n",
    'a file longer than two chunks' => "vin,make\n" . join('', map { "DLL$_,Fiat\n" } 1 .. 200_000),
);
for my $name (sort keys %files) {
    my $launch = $server->import_run('open-import', $files{$name});
    my $response = download('open-import', $launch->{id});
    ok $response->code == 200 && $response->content eq $files{$name}, "$name comes back as it was sent"
        or diag $response->status_line, ', ', length $response->content, ' bytes of ', length $files{$name};
}
my $launch = $server->import_run('open-import', "vin,make\nDL4,Fiat\n", filename => "my \"cars\".csv");
my $response = download('open-import', $launch->{id});
is $response->header('Content-Length'), length "vin,make\nDL4,Fiat\n", 'the length is told';
like $response->header('Content-Type'), qr{^text/csv}, 'the type is CSV';
like $response->header('Content-Disposition'), qr/^attachment; filename=/, 'a browser saves it';
is $response->header('X-Content-Type-Options'), 'nosniff', 'and does not take it for a page';

my $evil = $server->import_run('open-import', "vin\nDL5\n", filename => "../../etc/pass\x01wd\r\nSet-Cookie: a=b");
$response = download('open-import', $evil->{id});
is $response->header('Set-Cookie'), undef, 'a file name cannot become a header';
unlike $response->header('Content-Disposition') // '', qr{/|\.\.}, 'nor a path';

is download('open-import', 999_999_999)->code, 404, 'an unknown launch is not found';
is download('open-import', $_)->code, 404, "a launch \"$_\" is not found" for '0x1', '99999999999999999999';
finish($server);
