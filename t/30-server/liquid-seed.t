# The samples of Liquid's description, by curl and by Python's requests. Partners copy them from there.
use strict;
use warnings FATAL => 'all';
use DSBraze;
use DSLiquid;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;

my $config = liquid_config();
$config =~ s/(<DataSync part-export>)/$1\n    DataSyncSQLQuery On/ or die 'there is no part-export';
my $node = DSNode->start(config => $config);
my $liquid = DSLiquid->new($node, objects => ['part']);
my $dir = "$node->{dir}/samples";
mkdir $dir or die "$dir: $!";

sub file_write {
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die "$name: $!";
    print {$out} $text;
    return close $out || die "$name: $!";
}

file_write('data.csv', "sku,name,count,active\nR1,o'bolt,3,true\nR2,nut,,false\n");
file_write('data.json', '[{"sku": "R4", "name": "first", "count": 1}, {"headers": {"type": "part"}, "data": {"sku": "R5", "name": "ünï"}}]');
file_write('lines.csv', "washer,x,R3,true\nother,x,R1,\n");
file_write('template.json', '["name", null, "sku", "active"]');
# More jobs than a page of Braze has.
$node->import_run('part-import', "sku\nX$_\n") for 1 .. 9;
$node->import_run('part-delete', join '', "sku\n", map { "X$_\n" } 1 .. 9);

# Python.
my $braze = DSBraze->new($node);
my @command = ('python3', "$ENV{DS_SRCDIR}/t/30-server/liquid_requests.py", $node->url(''), @$liquid{qw(id secret)}, $braze->{key},
               integration_of($node, 'part-import'), $dir);
open my $in, '-|', @command or die "python3: $!";
my $text = do { local $/; <$in> } // '';
ok close $in, 'the samples come to their end';
my $seen = decode_json($text || '{}');
is_deeply [@$seen{qw(valid community)}], [200, 'Office'], 'a token for a user, and what it stands for';
is_deeply [map { @{$seen->{$_} || {}}{qw(status recordsProcessed jobName itemType contentType notificationEmail)} } 'import', 'import by a template'],
    [('Completed', '2', 'Attendee Import Job', 'part', 'plain/text', 'someone@example.com') x 2], 'imports, also with a template as a file';
is_deeply [@{$seen->{'import of JSON'} || {}}{qw(status recordsProcessed contentType)}], ['Completed', '2', 'application/json'], 'the import of JSON';
is_deeply [map { $node->value("SELECT name FROM part WHERE sku = 'R$_'") } 1 .. 4], ['other', 'nut', 'washer', 'first'], 'their records are there';
is_deeply $seen->{export}, ['Completed', '0', ''], 'filters as Python prints a dict' or diag explain $seen;
is_deeply $seen->{'export of all'}, ['Completed', '5', "sku,name,count,price,active,made,seen\r\nR1,other,3,,,,\r\nR2,nut,,,false,,\r\nR3,washer,,,true,,\r\nR4,first,1,,,,\r\nR5,\x{fc}n\x{ef},,,,,\r\n"],
    'filters 0, and a header';
is_deeply [map { "$_->{sku} " . ($_->{count} // '-') } @{$seen->{'export as JSON'}}], ['R1 3', 'R2 -', 'R3 -', 'R4 1', 'R5 -'], 'JSON';
is_deeply $seen->{'export by a template'}, ['Completed', '5', "R1 has 3\r\nR2 has \r\nR3 has \r\nR4 has 1\r\nR5 has \r\n"], 'a template';
is_deeply $seen->{'export by a query'}, ['Completed', '1', "WASHER\r\n"], 'a query, which goes before filters';
is $seen->{cancel}, 'Completed', 'a job that has ended is not cancelled';
is_deeply $seen->{history}, [2, 12, ['success']], 'and all jobs stand in the history of Braze, page by page';

# curl.
sub curl {
    my ($path, @options) = @_;
    open my $answer, '-|', 'curl', '-s', '-m', 60, '-H', 'Authorization: Bearer ' . $liquid->token, @options, $node->url("/ls/api/batch/$path")
        or die "curl: $!";
    local $/;
    return decode_json(<$answer> // '{}');
}
my $job = curl('import', '-F', "file=\@$dir/data.csv;type=plain/text;headers=\"Expires: 0\"", map { ('-F', $_) } 'jobName=Attendee Import Job', 'itemType=part',
               'contentType=plain/text', 'merge=False', 'notificationEmail=someone@example.com', 'headerRow=True');
is $job->{status}, 'Accepted', 'curl: an import is accepted';
is $liquid->ended($job->{jobId})->{recordsProcessed}, '2', 'curl: and comes to its end';
is curl('status', '-d', "jobId=$job->{jobId}")->{status}, 'Completed', 'curl: as its status tells';
$job = curl('export', '--data-urlencode', q(filters={'sku': 'R1'}), map { ('-d', $_) } qw(jobName=x itemType=part contentType=text/plain rowHeader=true template=));
is $liquid->ended($job->{jobId})->{recordsProcessed}, '1', 'curl: an export with filters';
is curl('cancel', '-d', "jobId=$job->{jobId}")->{status}, 'Completed', 'curl: cancelled too late';
$node->stop;
finish($node);
done_testing;
