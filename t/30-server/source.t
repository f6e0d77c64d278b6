# A wrong source spec or a wrong line about one must be named before the server runs: else the administrator
# finds a sync that pulls nothing.
use strict;
use warnings FATAL => 'all';
use DSTest;
use JSON::PP;
use Apache::Test '-withtestmore';

my $node = DSNode->prepare;
my $dir = $node->{dir};
my $data = "$ENV{DS_SRCDIR}/t/data/source";

sub file_write {
    my ($name, $text, $mode) = @_;
    open my $out, '>', "$dir/$name" or die $!;
    print {$out} $text;
    close $out or die $!;
    chmod $mode // 0644, "$dir/$name";
    return "$dir/$name";
}

sub file_text {
    open my $in, '<', $_[0] or die "$_[0]: $!";
    local $/;
    return scalar <$in>;
}

my $mailchimp = file_write('mailchimp.json', file_text("$data/mailchimp-members.json"));
my $zendesk = file_write('zendesk.json', file_text("$data/zendesk-users.json"));
my $broken = file_write('broken.json', file_text("$data/mailchimp-members.json") =~ s/"100"/"many"/r =~ s/"OFFSET"/"SCROLL"/r);
my $limit = file_write('limit.json', file_text("$data/mailchimp-members.json") =~ s/"100"/"many"/r =~ s/members"\s*,/members\/{START_TIME}", "verb": 1,/r);
my $secret = file_write('secret', "hunter2hunter2\n", 0600);
my $open = file_write('open', "hunter2hunter2\n");

my $head = "DataSyncDatabase sqlite3 state/datasync.db\nDataSyncWorker On program=" . DSNode::run_dir()
    . "/bin/datasync-worker\n<DataSyncObject member>\nField id string\nField email email\nKey id\n</DataSyncObject>\n";
my @params = ('SourceParam domain us10', 'SourceParam listId 10c097ca71');

sub pull {
    my (@lines) = @_;
    return "$head<DataSync members>\nKind pull\nObject member\n" . join('', map { "$_\n" } @lines) . "</DataSync>\n";
}
sub good { return pull("SourceSpec $mailchimp", @params, @_) }

my @wrong = (
    [pull(), 'it has no source spec: write SourceSpec FILE'],
    [pull('SourceSpec /nowhere.json'), 'SourceSpec /nowhere.json: cannot read it: No such file or directory'],
    [pull("SourceSpec $broken", @params), '$.sourceSpec.attributes.paginationParams.type: write OFFSET, POINTER, CONTINUATION_TOKEN, PAGE or NONE'],
    [pull("SourceSpec $limit", @params), '$.sourceSpec.attributes.paginationParams.limitValue: write a whole number from 1 to 1000000'],
    [pull("SourceSpec $mailchimp"), 'SourceParam listId: is missing: write SourceParam listId VALUE'],
    [good('SourceParam color red'), 'SourceParam color: the source spec has no such parameter'],
    [good('SourceParam listId 2'), 'SourceParam listId 2: it was already given: write it once'],
    [pull("SourceSpec $zendesk"), 'the source spec names no host: write SourceHost'],
    [good('SourceHost example.com'), 'SourceHost example.com: a host begins with https:// or http://'],
    [good('SourceHost https://a/b'), 'this is no host: write https://NAME or https://NAME:PORT'],
    [good('Map colour $.member.colour'), 'Map colour: the object "member" has no such field'],
    [good('Map email $..email'), 'Map email $..email: character 3: a search at every depth (..) is not supported'],
    [good('Map id a', 'Map id b'), 'Map id: the field stands twice'],
    [good('BackfillFrom yesterday'), 'BackfillFrom yesterday: write a day after 1970-01-01, for example 2024-01-31'],
    [good('LookBack soon'), 'LookBack soon: write a number with s, min, h or d'],
    [good('MaxUpload 5M'), 'MaxUpload 5M: a pull reads no file: remove it'],
    [good('Fields id'), 'Fields id: this is for exports: remove it, or write Kind export'],
    [good('SourceAuth magic'), 'SourceAuth: write none, basic, bearer, header, oauth2-client or oauth2-refresh first'],
    [good('SourceAuth basic user=me secret=hunter2'), 'SourceAuth: secret: a secret here would be shown by mod_info'],
    [good("SourceAuth basic secret=file:$secret"), 'SourceAuth: basic needs user='],
    [good("SourceAuth bearer secret=file:$secret user=me"), 'SourceAuth: user: it does not take this option'],
    [good("SourceAuth bearer secret=file:$open"), "SourceAuth: everybody on this machine can read $open: chmod o-rwx it"],
    [good('SourceAuth bearer secret=file:/nowhere/secret'), 'SourceAuth: cannot read /nowhere/secret: No such file or directory'],
    [good("SourceAuth oauth2-refresh client=me secret=file:$secret token-url=https://a/token"), 'SourceAuth: oauth2-refresh needs refresh='],
    [good("SourceAuth oauth2-client client=me secret=file:$secret token-url=https://a/token send=post"), 'SourceAuth: send: write send=basic or send=body'],
    ["$head<DataSync x>\nObject member\nSourceHost https://a\n</DataSync>", 'SourceHost https://a: this is for pulls: remove it, or write Kind pull'],
    ['DataSyncEgressAllow', 'DataSyncEgressAllow: write http, ca=FILE, or what may be reached'],
    ['DataSyncEgressAllow ca=/nowhere.pem', 'DataSyncEgressAllow: ca=/nowhere.pem: cannot read it: No such file or directory'],
    ['DataSyncEgressAllow 10.0.0.0/8 a;b', 'DataSyncEgressAllow: "a;b" is no host: write a name, an address, or an address and its bits as in 10.0.0.0/8'],
);
for (@wrong) {
    my ($config, $said) = @$_;
    my ($code, $text) = $node->config_check("$config\n");
    $text =~ s/\n/ /g;
    my ($name) = $config =~ /((?:Source|Map|Backfill|LookBack|Max|Fields|DataSyncEgress)[^\n]*)\n?(?:<\/DataSync>)?\s*\z/;
    ok $code != 0 && index($text, $said) >= 0 && $text !~ /hunter2/, 'refused with the remedy: ' . ($name // 'a pull without a source spec')
        or diag "exit $code: $text\nwanted: $said";
}

my ($code, $text) = $node->config_check(good("SourceAuth basic user=me secret=file:$secret", 'Map email $.member.email_address',
    'BackfillFrom 2024-01-31', 'LookBack 10min', 'Schedule "@hourly"') . "DataSyncEgressAllow http 127.0.0.0/8 ::1 crm.internal\n");
ok $code == 0, 'a pull with everything is right' or diag $text;
like $text, qr/DS0191.*line \d+ of .*the braces around the members are missing/, 'with a warning about its spec, which is no JSON';
unlike $text, qr/DS0005/, 'and without one about a protocol, which a pull does not need';
($code, $text) = $node->config_check(pull("SourceSpec $zendesk", 'SourceHost https://example.zendesk.com'));
ok $code == 0, 'SourceHost takes the place of a host that the spec does not name' or diag $text;

# datasyncctl works without a server and without a database.
my $ctl = DSNode::run_dir() . '/bin/datasyncctl';
sub ctl {
    my (@arguments) = @_;
    local $ENV{DATASYNC_DATABASE} = 'sqlite3:/nowhere/at/all';
    local $/;
    open my $in, '-|', $ctl, @arguments or die $!;
    my $said = <$in>;
    close $in;
    return ($? >> 8, $said);
}
($code, $text) = ctl('source', 'check', "$data/mailchimp-members.json");
is $code, 0, 'a good spec is good';
is $text, "warning: \$: the braces around the members are missing: they are thought there\n"
    . "parameter: SourceParam listId VALUE\nparameter: SourceParam domain VALUE\n0 mistakes, 1 warning\n",
    'what it warns of, and what must be given, is told';
($code, $text) = ctl('--json', 'source', 'check', $broken);
is $code, 1, 'a wrong one is not';
is_deeply decode_json($text)->{mistakes}, ['$.sourceSpec.attributes.paginationParams.type: write OFFSET, POINTER, CONTINUATION_TOKEN, PAGE or NONE'],
    'and its mistakes can be had as JSON';
done_testing;
