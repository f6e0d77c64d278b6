# `apachectl -t` must find each mistake and say what to write: else the administrator finds it at night.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $node = DSNode->prepare;
my $database = "DataSyncDatabase sqlite3 state/datasync.db\n";
my $worker = 'DataSyncWorker On program=' . DSNode::run_dir() . "/bin/datasync-worker\n";
my $object = "<DataSyncObject car>\nField vin string\nKey vin\n</DataSyncObject>\n";
my $sync = "<DataSync cars>\nObject car\n</DataSync>\n";
my $all = "$database$worker$object${sync}DataSyncAPI prisma\n";

sub object { return "<DataSyncObject car>\n" . join('', map { "$_\n" } @_) . "</DataSyncObject>\n" }
sub client { return "$all<DataSyncClient portal>\n" . join('', map { "$_\n" } @_) . "</DataSyncClient>\n" }
sub sync { return "$object<DataSync cars>\nObject car\n" . join('', map { "$_\n" } @_) . "</DataSync>\n" }

my $open = "$node->{dir}/readable";
my $empty = "$node->{dir}/empty";
for ([$open, 0644, "dbname=x password=y\n"], [$empty, 0600, '']) {
    my ($path, $mode, $text) = @$_;
    open my $out, '>', $path or die $!;
    print {$out} $text;
    close $out or die $!;
    chmod $mode, $path;
}

# Each wrong configuration and what must be said about it, to the letter.
my @wrong = (
    ['DataSyncDatabase oracle x', 'DataSyncDatabase oracle: there is no such driver: write sqlite3 or pgsql'],
    ['DataSyncDatabase pgsql', 'DataSyncDatabase pgsql: write the connection string too, for example "dbname=datasync"'],
    ['DataSyncDatabase', 'DataSyncDatabase takes 1-2 arguments, the driver (sqlite3 or pgsql) and its file or connection string, which may be file:/path, env:NAME or exec:/program'],
    ['DataSyncDatabase pgsql "dbname=x password=hunter2"', 'DataSyncDatabase pgsql: a password here would be shown by mod_info: write the connection string into a file and file:/path/of/the/file here, or env:NAME, or exec:/program'],
    ['DataSyncDatabase pgsql postgresql://me:hunter2@db/x', 'DataSyncDatabase pgsql: a password here would be shown by mod_info: write the connection string into a file and file:/path/of/the/file here, or env:NAME, or exec:/program'],
    ["DataSyncDatabase pgsql file:$open", "DataSyncDatabase pgsql: everybody on this machine can read $open: chmod o-rwx it"],
    ["DataSyncDatabase pgsql file:$empty", "DataSyncDatabase pgsql: $empty is empty: write the value into its first line"],
    ['DataSyncDatabase pgsql file:relative', 'DataSyncDatabase pgsql: write the whole path of the file, for example file:/etc/datasync/database'],
    ['DataSyncDatabase pgsql file:/nowhere/at/all', 'DataSyncDatabase pgsql: cannot read /nowhere/at/all: No such file or directory'],
    ['DataSyncDatabase pgsql env:DS_NO_SUCH_NAME', 'DataSyncDatabase pgsql: the environment has no variable DS_NO_SUCH_NAME'],
    ["DataSyncDatabase sqlite3 a\nDataSyncDatabase sqlite3 b", qr/DataSyncDatabase: it was already given in line \d+ of .*: write it once/],
    ["<VirtualHost *>\n$database</VirtualHost>", 'DataSyncDatabase cannot occur within <VirtualHost> section'],
    ["<Location />\n$database</Location>", 'DataSyncDatabase not allowed in <Location> context'],
    ['DataSyncWorker Maybe', 'DataSyncWorker: write On or Off first, then options such as runners=2'],
    ['DataSyncWorker', 'DataSyncWorker: write On or Off first, then options such as runners=2'],
    ['DataSyncWorker On 2', 'DataSyncWorker 2: an option is NAME=VALUE, for example runners=2'],
    ['DataSyncWorker On runners=0', 'DataSyncWorker runners=0: write a whole number from 1 to 64'],
    ['DataSyncWorker On runners=many', 'DataSyncWorker runners=many: write a whole number from 1 to 64'],
    ['DataSyncWorker On cache=1T', 'DataSyncWorker cache=1T: write a whole number from 1 to 16384'],
    ['DataSyncWorker On lease=1', 'DataSyncWorker lease=1: write a whole number from 5 to 3600'],
    ['DataSyncWorker On threads=2', 'DataSyncWorker threads=2: there is no such option: write runners=, program=, cache= or lease='],
    ['DataSyncWorker On program=worker', 'DataSyncWorker program=worker: write the whole path of the program'],
    ["$database$object${sync}DataSyncAPI prisma\nDataSyncWorker On program=/nowhere/worker", qr/DataSyncWorker: there is no program \/nowhere\/worker that everybody may run: install it, or write program=\/path\/of\/datasync-worker/],
    ['DataSyncMaxUpload 1X', qr/DataSyncMaxUpload 1X: write a number of bytes from 1 to 4096G, for example 512K or 20M/],
    ['DataSyncMaxUpload 0', qr/DataSyncMaxUpload 0: write a number of bytes from 1 to/],
    ['DataSyncMaxUpload -5', qr/DataSyncMaxUpload -5: write a number of bytes from 1 to/],
    ['DataSyncMaxUpload 99999999999999999999', qr/DataSyncMaxUpload 9+: write a number of bytes from 1 to/],
    ['DataSyncAPI soap', qr/DataSyncAPI soap: there is no such protocol in this version: write prisma/],
    ["DataSyncAPI prisma\nDataSyncAPI prisma", qr/DataSyncAPI prisma: it was already given in line \d+ of .*: write it once/],
    ['DataSyncAPI prisma sync', 'DataSyncAPI prisma sync: a prefix starts with / and does not end with it, for example /sync'],
    ['DataSyncAPI prisma /sync/', 'DataSyncAPI prisma /sync/: a prefix starts with / and does not end with it, for example /sync'],
    ['DataSyncAPI prisma /a/../b', 'DataSyncAPI prisma /a/../b: a prefix is a plain path, for example /sync'],
    ["<DataSyncObject>\n</DataSyncObject>", '<DataSyncObject> takes one argument, the name of the object: <DataSyncObject NAME>'],
    ["<DataSyncObject a b>\n</DataSyncObject>", '<DataSyncObject> takes one argument, the name of the object: <DataSyncObject NAME>'],
    ["<DataSyncObject car\n</DataSyncObject>", q(<DataSyncObject must end with '>')],
    ["<DataSyncObject 1car>\n</DataSyncObject>", qr/<DataSyncObject 1car>: .*letter/],
    ["<DataSyncObject ds_car>\n</DataSyncObject>", qr/<DataSyncObject ds_car>: .*ds_/],
    ["<DataSyncObject car\"x>\n</DataSyncObject>", qr/<DataSyncObject car.*letter/],
    [object(), '<DataSyncObject car>: object "car" has no field: write at least one line "Field NAME TYPE"'],
    [object('Field vin string'), '<DataSyncObject car>: object "car" has no key: write "Key FIELD" with the field that tells records apart'],
    [object('Field vin'), '<DataSyncObject car>: Field vin: write Field NAME TYPE, or Field NAME string CHARACTERS'],
    [object('Field vin varchar'), '<DataSyncObject car>: Field vin varchar: field "vin": there is no type "varchar": write string, text, integer, decimal, boolean, date, datetime, email, phone or url'],
    [object('Field vin string 0'), qr/<DataSyncObject car>: Field vin string 0: field "vin": "0" is not a length: write a number of characters from 1 to \d+/],
    [object('Field vin integer 5'), '<DataSyncObject car>: Field vin integer 5: field "vin": only a string has a length, integer has none'],
    [object('Field vin string', 'Field VIN text', 'Key vin'), '<DataSyncObject car>: Field VIN text: field "VIN" stands twice'],
    [object('Field "v i n" string'), qr/<DataSyncObject car>: Field .*: the field name "v i n" /],
    [object('Field vin string', 'Key win'), '<DataSyncObject car>: the key "win" is not a field: write a Field line for it first'],
    [object('Field vin string', 'Key vin vin'), '<DataSyncObject car>: the key "vin" stands twice'],
    [object('Field vin string', 'Key vin', 'Key vin'), qr/<DataSyncObject car>: Key vin: it was already given in line \d+: write it once/],
    [object('Column vin string'), '<DataSyncObject car>: Column vin string: this section has no such word: use DisplayName, Description, Label, Field, Key, UpdatedAt or Delete'],
    [object('DisplayName ""', 'Field vin string', 'Key vin'), '<DataSyncObject car>: DisplayName "": the name is empty'],
    ["$object$object", '<DataSyncObject car>: object "car" is defined twice'],
    [$object . "<DataSyncObject CAR>\nField vin string\nKey vin\n</DataSyncObject>", '<DataSyncObject CAR>: object "CAR" is defined twice'],
    ['<DataSyncObject ' . 'x' x 63 . ">\n</DataSyncObject>", qr/<DataSyncObject x{63}>: may have at most 62 characters/],
    [object('Field ' . 'x' x 63 . ' string', 'Key vin'), qr/the field name "x{63}" may have at most 62 characters/],
    ["<DataSync cars>\n</DataSync>", '<DataSync cars>: it has no object: write Object NAME, the name of a <DataSyncObject> section'],
    ["<DataSync c/d>\n</DataSync>", '<DataSync c/d>: may hold letters, digits, - _ and . only'],
    ["<DataSync import>\n</DataSync>", '<DataSync import>: is a word of our paths: choose another one'],
    ['<DataSync ' . 'x' x 65 . ">\n</DataSync>", qr/: may have at most 64 characters/],
    [sync('Kind fetch'), '<DataSync cars>: Kind fetch: there is no such kind: write import'],
    [sync('Auth maybe'), '<DataSync cars>: Auth maybe: write token, none or httpd'],
    [sync('Delimiter :'), '<DataSync cars>: Delimiter :: write comma, semicolon, tab or auto'],
    [sync('MaxRows 0'), '<DataSync cars>: MaxRows 0: write a whole number from 1 to 1000000000000'],
    [sync('MaxFields 99999'), '<DataSync cars>: MaxFields 99999: write a whole number from 1 to 10000'],
    [sync('MaxUpload lots'), qr/<DataSync cars>: MaxUpload lots: write a number of bytes from 1 to/],
    [sync('MaxRowLength 1'), qr/<DataSync cars>: MaxRowLength 1: write a number of bytes from 64 to 64M/],
    [sync('Name ""'), '<DataSync cars>: Name "": the name is empty'],
    [sync('Object car'), qr/<DataSync cars>: Object car: it was already given in line \d+: write it once/],
    [sync() . $sync, '<DataSync cars>: sync "cars" is defined twice'],
    ["$database$worker${sync}DataSyncAPI prisma", qr/sync "cars": there is no object "car": write a <DataSyncObject car> section/],
    [client(), '<DataSyncClient portal>: it has no secret: write Secret file:/path of a file with the secret'],
    [client('Secret hunter2hunter2hunter2'), '<DataSyncClient portal>: Secret: a secret here would be shown by mod_info: write it into a file and file:/path/of/the/file here, or env:NAME, or exec:/path/of/a/program'],
    [client("Secret file:$open"), qr/<DataSyncClient portal>: Secret: everybody on this machine can read \Q$open\E/],
    [client("Secret exec:/bin/echo hunter2"), '<DataSyncClient portal>: Secret: write Secret file:/path, Secret env:NAME or Secret exec:/path'],
    [client('Secret "exec:/bin/echo hunter2"'), '<DataSyncClient portal>: Secret: the secret is too short: it needs at least 16 characters'],
    [client('Secret "exec:/bin/echo hunter2hunter2hunter2"'), '<DataSyncClient portal>: it may use nothing: write Objects NAME, the name of a <DataSyncObject> section'],
    [client('Role admin'), '<DataSyncClient portal>: Role admin: write read-only or read-write'],
    ["<DataSyncClient a/b>\n</DataSyncClient>", '<DataSyncClient a/b>: may hold letters, digits, - _ and . only'],
    [client('Secret "exec:/bin/echo hunter2hunter2hunter2"', 'Objects trucks'), '<DataSyncClient portal>: there is no object "trucks": write a <DataSyncObject trucks> section'],
    ['DataSyncMarketo', 'DataSyncMarketo: write at least one option, for example calls=100'],
    ['DataSyncMarketo calls=many', 'DataSyncMarketo calls=many: write a whole number from 0 to 1000000'],
    ['DataSyncMarketo at-once=65', 'DataSyncMarketo at-once=65: write a whole number from 0 to 64'],
    ['DataSyncMarketo token=0', 'DataSyncMarketo token=0: a token that never ends is no access token'],
    ['DataSyncMarketo window=0', 'DataSyncMarketo window=0: a window has an end'],
    ['DataSyncMarketo speed=1', qr/DataSyncMarketo speed=1: there is no such option: write upload=, running=/],
    ["DataSyncMarketo calls=1\nDataSyncMarketo calls=2", qr/DataSyncMarketo: it was already given in line \d+ of .*: write it once/],
    [object('Field vin string', 'Key vin', 'UpdatedAt vin'), '<DataSyncObject car>: "vin" is not a field of type datetime: write "Field vin datetime"'],
    [object('Field vin string', 'Key vin', 'UpdatedAt seen'), '<DataSyncObject car>: "seen" is not a field of type datetime: write "Field seen datetime"'],
    [sync('IntegrationId 7'), '<DataSync cars>: IntegrationId 7: this is no UUID: write 32 hex digits as 8-4-4-4-12, as uuidgen prints it'],
    [sync('IntegrationId 2c4a6e80-13f5-4b7d-9a1c-5e7092b4d6f8') . "<DataSync more>\nObject car\nIntegrationId 2C4A6E80-13F5-4B7D-9A1C-5E7092B4D6F8\n</DataSync>",
        '<DataSync more>: sync "more" has the same integration id as sync "cars"'],
    ['DataSyncBraze', 'DataSyncBraze: write at least one option, for example status=100'],
    ['DataSyncBraze list=0', 'DataSyncBraze list=0: write a whole number from 1 to 1000000'],
    ['DataSyncBraze window=0', 'DataSyncBraze window=0: a window has an end'],
    ['DataSyncBraze calls=1', 'DataSyncBraze calls=1: there is no such option: write list=, status=, sync= or window='],
    ["DataSyncBraze list=1\nDataSyncBraze list=2", qr/DataSyncBraze: it was already given in line \d+ of .*: write it once/],
    ['DataSyncMail', 'DataSyncMail: write the server first, for example smtp://mail.example.com, then from=ADDRESS'],
    ['DataSyncMail mail.example.com from=a@example.com', 'DataSyncMail mail.example.com: write the server as smtp://host, smtp://host:port or smtps://host'],
    ['DataSyncMail smtp://me:hunter2@mail.example.com from=a@example.com', 'write the server as smtp://host, smtp://host:port or smtps://host'],
    ['DataSyncMail smtp://mail.example.com', 'DataSyncMail smtp://mail.example.com: it has no sender: write from=ADDRESS'],
    ['DataSyncMail smtp://mail.example.com from=root', 'DataSyncMail from=root: write an address, name@example.com'],
    ['DataSyncMail smtp://mail.example.com "from=a@example.com> SIZE=1"', 'write an address, name@example.com'],
    ['DataSyncMail smtp://mail.example.com from=a@example.com tls=on', 'DataSyncMail tls=on: write required, try or off'],
    ['DataSyncMail smtp://mail.example.com from=a@example.com user=me', 'DataSyncMail smtp://mail.example.com: user= and password= belong together'],
    ['DataSyncMail smtp://mail.example.com from=a@example.com user=me password=hunter2', 'DataSyncMail password: it would be shown by mod_info here: write it into a file and file:/path/of/the/file here, or env:NAME, or exec:/program'],
    ['DataSyncMail smtp://mail.example.com from=a@example.com tls=try user=me "password=exec:/bin/echo hunter2"', 'DataSyncMail smtp://mail.example.com: a password needs a connection that nobody reads: write tls=required'],
    ["DataSyncMail smtp://a from=a\@example.com\nDataSyncMail smtp://b from=b\@example.com", qr/DataSyncMail: it was already given in line \d+ of .*: write it once/],
    ['DataSyncMail smtp://mail.example.com from=a@example.com rate=0', 'DataSyncMail rate=0: write how many mails a minute, from 1 to 10000'],
    ['DataSyncWebhook', 'DataSyncWebhook: write the address first, https://host/path, then secret=file:/path'],
    ['DataSyncWebhook hooks.example.com', 'DataSyncWebhook nowhere: write the whole address, https://host/path, without a user and a fragment'],
    ['DataSyncWebhook https://me:hunter2@hooks.example.com/', 'DataSyncWebhook nowhere: write the whole address'],
    ['DataSyncWebhook https://hooks.example.com/hunter2', qr/DataSyncWebhook hooks\.example\.com: it has no secret: write secret=file:\/path/],
    ['DataSyncWebhook https://hooks.example.com/x secret=whsec_hunter2', 'DataSyncWebhook secret: it would be shown by mod_info here'],
    ['DataSyncWebhook https://hooks.example.com/x "secret=exec:/bin/echo whsec_hunter2"', 'DataSyncWebhook hooks.example.com: the secret is whsec_ and 24 to 64 bytes as base64'],
    ['DataSyncWebhook https://hooks.example.com/x "secret=exec:/bin/echo whsec_QUJD"', 'DataSyncWebhook hooks.example.com: the secret is whsec_ and 24 to 64 bytes as base64'],
    ['DataSyncWebhook http://hooks.example.com/x "secret=exec:/bin/echo x"', 'DataSyncWebhook hooks.example.com: everybody on the way can read http: write https, or http=allowed behind it'],
    ['DataSyncWebhook https://hooks.example.com/x http=maybe', 'DataSyncWebhook http=maybe: write allowed or refused'],
    ['DataSyncWebhook https://hooks.example.com/x retry=1', 'DataSyncWebhook retry=1: there is no such option: write secret=, old-secret= or http='],
    ['DataSyncWebhook https://hooks.example.com/x "secret=exec:/bin/echo whsec_'  . 'QUJD' x 8 . '" old-secret=whsec_hunter2', 'DataSyncWebhook old-secret: it would be shown by mod_info here'],
    ['DataSyncWebhook https://hooks.example.com/x "secret=exec:/bin/echo whsec_'  . 'QUJD' x 8 . '" "old-secret=exec:/bin/echo whsec_QUJD"', 'DataSyncWebhook hooks.example.com: the secret is whsec_ and 24 to 64 bytes as base64'],
    [join("\n", ('DataSyncWebhook https://hooks.example.com/x "secret=exec:/bin/echo whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD"') x 2), 'DataSyncWebhook hooks.example.com: it was already given: write it once'],
    ['DataSyncLinks sync.example.com', qr/DataSyncLinks sync\.example\.com: write where clients reach this server, https:\/\/host/],
    ['DataSyncLinks https://sync.example.com/', qr/DataSyncLinks https:\/\/sync\.example\.com\/: write where clients reach this server/],
    ['DataSyncLinks https://sync.example.com life=0', 'DataSyncLinks life=0: a link is good for some time: write life=7d'],
    ['DataSyncLinks https://sync.example.com life=soon', qr/DataSyncLinks life=soon: write a number with s, min, h or d/],
    ["<VirtualHost *>\n$object</VirtualHost>", qr/<DataSyncObject> cannot occur within <VirtualHost> section/],
);

for (@wrong) {
    my ($config, $said) = @$_;
    my ($code, $text) = $node->config_check("$config\n");
    $text =~ s/\n/ /g;
    my $match = ref $said ? $said : qr/\Q$said\E/;
    my ($name) = $config =~ /^(.*?)\s*\z/s;
    $name =~ s/\n/ | /g;
    ok $code != 0 && $text =~ $match && $text !~ /hunter2/, "refused with the remedy: $name" or diag "exit $code: $text";
}

# What is right passes, and without a word.
for (['the whole', $all],
     ['mail with links', "${all}DataSyncMail smtp://mail.example.com from=a\@example.com\nDataSyncLinks https://sync.example.com/sync life=1d\n"],
     ['no worker here', "${database}DataSyncWorker Off program=" . DSNode::run_dir() . "/bin/datasync-worker\n$object${sync}DataSyncAPI prisma\n"],
     ['a prefix', "$database$worker$object${sync}DataSyncAPI prisma /sync\n"],
     ['every word of a sync', $database . $worker . sync('Name x', 'Kind import', 'Auth httpd', 'Delimiter tab', 'MaxUpload 5M', 'MaxRows 5',
                                     'MaxRowLength 1M', 'MaxFieldLength 64K', 'MaxFields 10') . "DataSyncMaxUpload 1G\nDataSyncAPI prisma\n"],
     ['a protocol in a virtual host', "$database$worker$object$sync<VirtualHost *>\nDataSyncAPI prisma\n</VirtualHost>\n"],
     ['the module without any line of ours', '']) {
    my ($name, $config) = @$_;
    my ($code, $text) = $node->config_check($config);
    ok $code == 0 && $text !~ /DS\d{4}/, "accepted: $name" or diag $text;
}
my ($code, $text) = $node->config_check("$database$worker${object}$sync");
ok $code == 0 && $text =~ /DS0005.*write DataSyncAPI prisma/, 'a sync that nobody can reach is warned of' or diag $text;

($code, $text) = $node->config_check("${all}DataSyncMail smtp://mail.example.com from=a\@example.com\n");
ok $code == 0 && $text =~ /DS0170.*write DataSyncLinks/s, 'mail that can have no link is warned of' or diag $text;

# A driver that is not installed: as if there were nothing in its file.
for (['pgsql "dbname=x"', 'pgsql', 'libaprutil1-dbd-pgsql (Debian) or apr-util-pgsql (RPM)'],
     ['sqlite3 state/datasync.db', 'sqlite3', 'libaprutil1-dbd-sqlite3 (Debian) or apr-util-sqlite (RPM)']) {
    my ($arguments, $driver, $packages) = @$_;
    my $config = "DataSyncDatabase $arguments\n$worker$object${sync}DataSyncAPI prisma\n";
    ($code, $text) = $node->config_check($config);
    is $code, 0, "$driver: the configuration is right";
    my @files = map { glob "$_/apr-util-1/apr_dbd_$driver*.so" } qw(/usr/lib /usr/lib/* /usr/lib64), split /:/, $ENV{LD_LIBRARY_PATH} // '';
    local $node->{wrapper} = ['unshare', '--mount', $> == 0 ? () : '--map-root-user', '--', 'sh', '-c',
        join(' && ', map({ "mount --bind /dev/null $_" } @files), 'exec "$@"'), 'sh'];
    ($code, $text) = $node->config_check($config);
    $text =~ s/\n/ /g;
    ok $code != 0 && $text =~ /\QDataSyncDatabase $driver: the apr_dbd driver "$driver" cannot be loaded: install $packages\E/,
        "$driver: without its driver the package is named" or diag "exit $code: $text";
}

# The prefix moves the whole protocol; a second server answers at its own place only.
$node->config_write("\@database\@$worker$object<DataSync cars>\nObject car\nAuth none\n</DataSync>\nDataSyncAPI prisma /partner\n");
$node->start;
is $node->get('/partner/api/data-sync/cars')->code, 200, 'a prefix stands before every path of the protocol';
is $node->get('/api/data-sync/cars')->code, 404, 'and the path without it is not ours';
$node->stop;
done_testing;
