# Packed uploads: a small body that becomes a large file must not fill the disk or the memory.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(POST);
use IO::Compress::Gzip qw(gzip);

my $server = server();

# Upload with the body packed; `repack` may spoil it.
sub upload_packed {
    my ($sync, $text, $repack, %how) = @_;
    my $file = [undef, 'data.csv', 'Content-Type' => 'text/csv', Content => $text];
    my $request = POST($server->url("/api/data-sync/import/$sync"), Content_Type => 'form-data', Content => [file => $file]);
    my ($body, $packed) = ($request->content, '');
    gzip(\$body => \$packed, -Level => 9) or die 'gzip';
    $packed = $repack->($packed) if $repack;
    $request->content($packed);
    $request->header('Content-Length' => length $packed, 'Content-Encoding' => $how{encoding} // 'gzip');
    return ($server->request($request), length $packed, length $body);
}

sub launches {
    return $server->value('SELECT count(*) AS n FROM ds_launch');
}

sub unbound {
    return $server->value('SELECT count(*) AS n FROM ds_file WHERE launch_id IS NULL');
}

my $text = "sku,name\n" . join '', map { "GZ$_,part number $_\n" } 1 .. 5000;
my ($response, $packed, $body) = upload_packed('part-import', $text);
is $response->code, 200, 'a packed upload is taken' or diag $response->content;
cmp_ok $packed, '<', $body / 4, 'of a quarter of the size';
my $launch = $server->launch_ended($server->launch_newest('part-import')->{id});
is DSClient::counts($launch), '5000 5000 0 0', 'each row is imported';
is $server->get("/api/data-sync/part-import/$launch->{id}/download")->content, $text, 'the file is kept unpacked';
is $server->import_run('part-import', "sku\nGZ1\n")->{rows_ok}, 1, 'one that is not packed works as before';
(undef) = upload_packed('part-import', $text, undef, encoding => 'x-gzip');
is $server->launch_ended($server->launch_newest('part-import')->{id})->{rows_ok}, 5000, 'x-gzip is the same';
my $big = "sku,name\n" . join '', map { sprintf "GY%06d,%s\n", $_, join '', map { chr 97 + rand 26 } 1 .. 90 } 1 .. 40_000;
($response, $packed, $body) = upload_packed('part-import', $big);
is $response->code, 200, 'a packed file of several chunks is taken' or diag $response->content;
$launch = $server->launch_ended($server->launch_newest('part-import')->{id});
is $launch->{rows_ok}, 40_000, 'all of it';
is $server->launch_file($launch->{id}, 'input'), $big, 'byte for byte';
$server->import_run('part-delete', "sku\n" . join '', map { sprintf "GY%06d\n", $_ } 1 .. 40_000);

# What is refused
my $before = launches();
my $limit = 4096;
($response, $packed) = upload_packed('small-import', "vin,make\n" . 'L' x ($limit - 9));
is $response->code, 200, 'the limit counts unpacked bytes: a file of exactly the limit is taken';
($response, $packed) = upload_packed('small-import', "vin,make\n" . 'L' x ($limit - 8));
cmp_ok $packed, '<', $limit / 10, 'one that is over it only unpacked';
is $response->code, 413, 'is refused';
like $response->content, qr/$limit/, 'with the limit';
is launches(), $before + 1, 'and leaves no launch';

my $bomb = "sku,name\nBOMB," . "\0" x 200_000_000;
my $peak = sub { (sort { $b <=> $a } map { DSClient::text_of("/proc/$_/status") =~ /^VmHWM:\s+(\d+)/m ? $1 : 0 } $server->httpd_pids)[0] };
my $memory = $peak->();
$before = launches();
($response, $packed, $body) = upload_packed('bomb-import', $bomb);
undef $bomb;
cmp_ok $packed, '<', 500_000, 'a bomb is small';
is $response->code, 413, 'and refused as too large';
like $response->content, qr/grows too much/, 'with the reason';
is launches(), $before, 'without a launch';
my $slow_bomb = "sku,name\n" . join '', map { sprintf "BOMB%d,%s\n", $_, chr(97 + $_ % 26) x 90 } 1 .. 250_000;
($response, $packed, $body) = upload_packed('bomb-import', $slow_bomb);
cmp_ok $packed, '<', $body / 10, 'one that grows less';
is $response->code, 413, 'is refused at the limit of the sync';
is launches(), $before, 'without a launch as well';
wait_for('the bomb to be swept', sub { !unbound() });
is $server->value("SELECT count(*) AS n FROM ds_chunk WHERE file_id NOT IN (SELECT id FROM ds_file)"), 0, 'nothing of it stays';
SKIP: {
    skip 'the sanitizers take memory of their own', 1 if $ENV{DS_SANITIZERS};
    cmp_ok $peak->() - $memory, '<', 32 * 1024, 'and no child of httpd has grown by 32 MiB';
}
is $server->get('/api/data-sync/idle-import')->code, 200, 'the server goes on';

my %broken = (
    'cut off' => sub { substr $_[0], 0, length($_[0]) / 2 },
    'damaged' => sub { my $bytes = $_[0]; substr($bytes, length($bytes) / 2, 4) = "\xff\xff\xff\xff"; $bytes },
    'not packed at all' => sub { "sku\nGX1\n" },
    'with a wrong check sum' => sub { my $bytes = $_[0]; substr($bytes, -8, 4) = "\1\2\3\4"; $bytes },
);
for my $name (sort keys %broken) {
    $before = launches();
    ($response) = upload_packed('part-import', $text, $broken{$name});
    cmp_ok $response->code, '>=', 400, "a body that is $name is refused" or diag $response->as_string;
    is launches(), $before, "$name: and makes no launch";
}
($response) = upload_packed('part-import', $text, undef, encoding => 'br');
cmp_ok $response->code, '>=', 400, 'an encoding that nobody here can read is refused';
is launches(), $before, 'and makes no launch';
wait_for('the rest to be swept', sub { !unbound() });

# What mod_deflate says of such bodies.
finish($server, qr/\[deflate:error\]/);
done_testing;
