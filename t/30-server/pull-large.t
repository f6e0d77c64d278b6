# Large pages: an API that gives all at once must not take the memory of the machine that pulls. DS_FAULTS=long has pages
# of 200 MB.
use strict;
use warnings FATAL => 'all';
use Compress::Zlib ();
use DSPull;
use DSRest;
use DSTest;
use Apache::Test '-withtestmore';

my $is_long = ($ENV{DS_FAULTS} // '') eq 'long';
my $megabytes = $is_long ? 200 : 8;
my $tags = 20;                  # of one item, where a page is exploded
my $growth_max = ($is_long ? 96 : 6) * 1024;    # KiB; SQLite keeps some of a table that grows
my $peak_max = 128 * 1024;

# An item of about 1,000 bytes, or one of about 20,000 with its tags.
sub item_text {
    my ($style, $id) = @_;
    return sprintf '{"id":%d,"name":"item %d","note":"%s"}', $id, $id, 'x' x 950 if $style eq 'plain';
    return sprintf '{"name":"item %d","tags":[%s]}', $id, join ',', map { sprintf '{"id":%d,"note":"%s"}', $id * $tags + $_, 'y' x 970 } 1 .. $tags;
}

# How many items a page of so many MB has.
sub item_count {
    my ($style, $size) = @_;
    return $style eq 'plain' ? $size * 1000 : $size * 1000 / $tags;
}

# The page is written as it is made: chunks of about a MB, in gzip when the client takes it.
my $server = DSRest->start(sub {
    my ($request, $self) = @_;
    my ($style, $size) = $request->uri->path =~ m{^/items/(\w+)-(\d+)$} or return [404, {}, '{}'];
    my ($gzip) = Compress::Zlib::deflateInit(-Level => 1, -WindowBits => 31);
    my $send = sub {
        my ($text) = @_;
        DSClient::send_all($self->{client}, sprintf "%x\r\n%s\r\n", length $text, $text) || die "the client has gone\n" if length $text;
    };
    syswrite $self->{client}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n";
    my $text = '{"data":{"items":[';
    for my $id (0 .. item_count($style, $size) - 1) {
        $text .= ($id ? ',' : '') . item_text($style, $id);
        next if length $text < 1_000_000;
        $send->($gzip->deflate($text));
        $text = '';
    }
    $send->($gzip->deflate("$text],\"set\":\"all of them\"}}"));
    $send->($gzip->flush);
    syswrite $self->{client}, "0\r\n\r\n";
    return;
});

my %spec = (plain => spec_of({type => 'NONE'}), exploded => spec_of({type => 'NONE'}, explodeEntityPath => {path => '$.items.tags'}));
my $node = DSNode->prepare(config => '');
$node->config_write(pull_config(1, map { my $style = $_; map {
    pull_sync($node, $server, "$style-$_", spec => $spec{$style}, set => "$style-$_", fields => "Field id integer\nField name text\nField set text\nKey id\n")
} 1, $megabytes } sort keys %spec))->start;

sub peak {
    my ($peak) = sort { $b <=> $a } map { DSClient::text_of("/proc/$_/status") =~ /^Name:\s+datasync-run.*^VmHWM:\s+(\d+)/ms ? $1 : 0 } $node->worker_pids;
    return $peak;
}

# Pages of this size in all styles, one after the other: there is one runner. The launches by their styles.
sub pages_pull {
    my ($size) = @_;
    my %ids = map { $_ => $node->ctl('run', "$_-$size")->{id} } sort keys %spec;
    return map { $_ => $node->launch_ended($ids{$_}) } sort keys %ids;
}

pages_pull(1);
my $before = peak();
cmp_ok $before, '>', 1024, 'a runner is there to be measured';
my %launches = pages_pull($megabytes);
for my $style (sort keys %spec) {
    my $count = item_count($style, $megabytes) * ($style eq 'plain' ? 1 : $tags);
    my $launch = $launches{$style};
    is "$launch->{state} " . DSClient::counts($launch), "finished $count $count 0 0", "$style: a page of $megabytes MB is fetched" or diag $launch->{message};
    my ($first) = $style eq 'plain' ? 0 : 1;
    my ($all) = $node->rows("SELECT count(*) AS count, min(id) AS least, max(id) AS most, min(\"set\") AS beside FROM ${style}_$megabytes");
    is join(' ', @$all{qw(count least most beside)}), join(' ', $count, $first, $first + $count - 1, 'all of them'), 'each record is there, with what stands behind them all';
    is $node->value("SELECT name FROM ${style}_$megabytes WHERE id = " . ($first + $count - 1)), 'item ' . (item_count($style, $megabytes) - 1), 'and with what stands beside it';
}
SKIP: {
    skip 'the sanitizers take memory of their own', 2 if $ENV{DS_SANITIZERS};
    cmp_ok peak(), '<', $peak_max, sprintf 'the runner stays below %d MB (%d KiB)', $peak_max / 1024, peak();
    cmp_ok peak() - $before, '<', $growth_max, sprintf 'and takes no more for a large page than for a small one (%d KiB)', peak() - $before;
}
$node->stop;
finish($node);
done_testing;
