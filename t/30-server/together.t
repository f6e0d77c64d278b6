# Requests that ask at the same moment may be answered by one question to the database. Each must get what it would get
# alone: anything else shows a partner the data sync of another one.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use File::Temp qw(tempdir);
use JSON::PP;

my $server = server();
my %token = map { $_ => $server->token($_) } qw(car-import car-export lead-import);
my $revoked = $server->token('car-import');
$server->ctl('token', 'revoke', $revoked =~ /^dst_(.{10})/);
my %newest;
for my $sync (qw(open-import part-import small-import)) {
    $newest{$sync} = $server->import_run($sync, $sync eq 'part-import' ? "sku,name\nTOG,x\n" : "vin,make\nTOG,x\n")->{id};
}

# sync, token, the code that it gets
my @kinds = (
    (map { [$_, undef, 200] } sort keys %newest),
    (map { [$_, $token{$_}, 200] } sort keys %token),
    ['car-export', $token{'car-import'}, 403], ['car-import', $token{'lead-import'}, 403], ['car-import', $revoked, 403],
    ['car-import', undef, 403], ['lead-import', 'dst_' . 'a' x 10 . '_' . 'b' x 43, 403], ['idle-import', undef, 200],
    ['car-import', "dst_\xff\xfe" . 'a' x 8 . '_' . 'b' x 43, 403]);

my $dir = tempdir(CLEANUP => 1);
my ($config, @requests) = ('');
for my $n (0 .. 599) {
    my $kind = $kinds[($n * 7 + int $n / @kinds) % @kinds];
    my ($sync, $token) = @$kind;
    push @requests, $kind;
    $config .= ($n ? "next\n" : '') . 'url = "' . $server->url("/api/data-sync/$sync") . "\"\noutput = \"$dir/$n\"\n"
        . "header = \"Accept: application/json\"\nwrite-out = \"%{filename_effective} %{http_code}\\n\"\nsilent\n"
        . ($token ? "user = \"api:$token\"\n" : '');
}
open my $out, '>', "$dir/config" or die "$dir/config: $!";
print {$out} $config;
close $out or die "$dir/config: $!";
my %code = map { m{/(\d+) (\d+)$} ? ($1 => $2) : () } qx(curl --parallel --parallel-immediate --parallel-max 40 --config '$dir/config');

my $wrong_code = grep { ($code{$_} // 0) != $requests[$_][2] } 0 .. $#requests;
is $wrong_code, 0, 'a good token opens its sync, and no other is let in beside it';
my %wrong = (name => 0, launch => 0);
for my $n (grep { $requests[$_][2] == 200 } 0 .. $#requests) {
    my ($sync) = @{$requests[$n]};
    my $status = decode_json(DSClient::text_of("$dir/$n"));
    my $name = $sync eq 'idle-import' ? qr/^Never used/ : $sync =~ /^car-import/ ? qr/^Cars/ : qr/./;
    $wrong{name}++ if $status->{name} !~ $name;
    $wrong{launch}++ if exists $newest{$sync} && $status->{'latest-launch'}{id} != $newest{$sync};
    $wrong{launch}++ if $sync eq 'idle-import' && $status->{'latest-launch'};
}
is_deeply \%wrong, {name => 0, launch => 0}, 'and each sees the status of its own sync';

finish($server);
done_testing;
