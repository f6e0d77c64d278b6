# The uploaded file, byte for byte: what a partner needs to see why an import failed, and to send it again.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

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

my $evil = $server->import_run('open-import', "vin\nDL5\n", filename => '../../etc/passwd');
unlike download('open-import', $evil->{id})->header('Content-Disposition') // '', qr{/|\.\.}, 'a file name cannot become a path';
my $refused = $server->upload('open-import', "vin\nDL6\n", filename => "a\r\nSet-Cookie: a=b");
ok $refused->code == 500 && !$refused->header('Set-Cookie'), 'nor a header';

is download('open-import', 999_999_999)->code, 404, 'an unknown launch is not found';
is download('open-import', $_)->code, 404, "a launch \"$_\" is not found" for '0x1', '99999999999999999999';
finish($server);
done_testing;
