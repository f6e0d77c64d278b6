# What a client sees of its launches. A wrong answer here makes a partner send the same data again, or never.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';
use HTTP::Request::Common qw(GET);
use JSON::PP;

my $server = server();
my @json = (headers => [Accept => 'application/json', 'Content-Type' => 'application/json']);
my $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;

is_deeply $server->json_get('/api/data-sync/idle-import'), {name => 'Never used', status => 'enabled'},
    'a sync that never ran has no launch';
is_deeply $server->json_get('/api/data-sync/idle-import/latest-launches'), [], 'nor a list of launches';

my $first = $server->import_run('open-import', "vin,make\nSTATUS1,Fiat\n");
my $second = $server->import_run('open-import', "vin,make\nSTATUS2,Fiat\n,nokey\n");
my $status = $server->json_get('/api/data-sync/open-import');
is $status->{name}, "Open \"to all\" \x{2013} \x{fc}n\x{ef}", 'the name comes back as configured, whatever its letters';
is $status->{status}, 'enabled', 'status';
my $latest = $status->{'latest-launch'};
is $latest->{id}, $second->{id}, 'the latest launch is the newest one';
is $latest->{status}, 'finished', 'its status';
like $latest->{'scheduled-time'}, $time, 'its scheduled-time is UTC without a zone';
like $latest->{'started-at'}, $time, 'and so is its started-at';
like $latest->{'status-message'}, qr/^1 row imported, 1 failed: see the failures file/, 'the message says that a row failed';
is_deeply [grep { !/^(?:id|status|scheduled-time|started-at|status-message)$/ } keys %$latest], [],
    'no keys that clients of this protocol do not know';
is_deeply [grep { !/^(?:name|status|latest-launch|next-launch)$/ } keys %$status], [], 'nor at the top';
my $launches = $server->json_get('/api/data-sync/open-import/latest-launches');
is_deeply [map { $_->{id} } @$launches[0, 1]], [$second->{id}, $first->{id}], 'launches are listed newest first';
is_deeply $launches->[0], $latest, 'the list shows a launch as the status does';
is $launches->[1]{'status-message'}, '1 row imported', 'the message of one without errors says how many rows it has taken';
my $raw = $server->get('/api/data-sync/open-import', @json);
like $raw->content, qr/"id":\s*\d+\s*[,}]/, 'ids are numbers in JSON, as clients read them';
is $raw->header('Content-Type'), 'application/json', 'the type of JSON';
like $raw->header('Cache-Control') // '', qr/no-store|no-cache/, 'a proxy must not keep a status';

my $total = () = $server->rows("SELECT id FROM ds_launch WHERE sync_id = 'stock-import'");
$server->import_run('stock-import', "shop,item,count\na,$_,1\n") for 1 .. 22;
is scalar @{$server->json_get('/api/data-sync/stock-import/latest-launches')}, 20,
    'the list holds the 20 newest launches, however many there were';

$server->ctl('sync', 'disable', 'stock-import');
is $server->json_get('/api/data-sync/stock-import')->{status}, 'disabled', 'a disabled sync says so';
my $refused = $server->upload('stock-import', "shop,item,count\nz,z,1\n");
is $refused->code, 500, 'a disabled sync takes no upload';
like $refused->content, qr/disabled/, 'and says why';
is $server->value("SELECT count(*) AS n FROM stock WHERE shop = 'z'"), 0, 'nothing of it arrives';
$server->ctl('sync', 'enable', 'stock-import');
is $server->json_get('/api/data-sync/stock-import')->{status}, 'enabled', 'an enabled one takes them again';

# EDN, read back by an independent reader.
sub edn_read {
    my ($text) = @_;
    my $script = 'const {parseEDNString} = require("edn-data"); let s = ""; process.stdin.setEncoding("utf8");'
        . 'process.stdin.on("data", d => s += d).on("end", () => process.stdout.write(JSON.stringify('
        . 'parseEDNString(s, {mapAs: "object", keywordAs: "string"}))));';
    my $file = "$server->{bin}/../state/answer.edn";
    open my $out, '>:raw', $file or die "$file: $!";
    print {$out} $text;
    close $out or die "$file: $!";
    open my $in, '-|', 'sh', '-c', 'exec node -e "$1" < "$2"', 'sh', $script, $file or die "node: $!";
    local $/;
    my $json = <$in>;
    close $in or die "edn-data cannot read: $text\n";
    unlink $file;
    return JSON::PP->new->utf8->allow_nonref->decode($json);
}

my @edn = (headers => [Accept => 'application/edn', 'Content-Type' => 'application/edn']);
for my $path ('/api/data-sync/open-import', '/api/data-sync/open-import/latest-launches', '/api/data-sync/idle-import',
              '/api/data-sync/idle-import/latest-launches') {
    my $edn = $server->get($path, @edn);
    is $edn->header('Content-Type'), 'application/edn', "$path answers in EDN when it is asked to";
    is_deeply edn_read($edn->content), $server->json_get($path), "$path says the same in EDN as in JSON";
}

# Accept decides when it names one of the two, else Content-Type, else JSON.
for (['application/edn', undef, 'edn'], ['application/json', 'application/edn', 'json'], [undef, 'application/edn', 'edn'],
     ['*/*', 'application/edn', 'edn'], [undef, undef, 'json'], ['text/html', undef, 'json'],
     ['application/json;q=0.2, application/edn', undef, 'edn'], ['application/edn;q=0', undef, 'json']) {
    my ($accept, $type, $want) = @$_;
    my $request = GET($server->url('/api/data-sync/idle-import'));
    $request->header(Accept => $accept) if defined $accept;
    $request->header('Content-Type' => $type) if defined $type;
    my $got = $server->request($request)->header('Content-Type');
    is $got, "application/$want", sprintf 'Accept %s and Content-Type %s give %s', $accept // 'missing', $type // 'missing', $want;
}
is $server->request(HTTP::Request->new(HEAD => $server->url('/api/data-sync/idle-import')))->code, 200, 'HEAD works';
finish($server);
done_testing;
