# Memory: a large file must take no more of httpd's memory than a small one, or a few large ones take the machine.
use strict;
use warnings FATAL => 'all';
use DSTest;
use Apache::Test '-withtestmore';

my $megabytes = 64;
my $growth_max = 8 * 1024;    # KiB; a thread that the small file has not met takes 3 MB once

# One child with few threads, so that a small file warms up what a large one uses.
my $mpm = ($ENV{DS_MPM} // 'event') eq 'prefork'
    ? "StartServers 1\nServerLimit 1\nMaxRequestWorkers 1\n"
    : "StartServers 1\nServerLimit 1\nThreadsPerChild 2\nMaxRequestWorkers 2\nMinSpareThreads 1\nMaxSpareThreads 2\n";
my $node = DSNode->start(config => $mpm . DSNode->worker_config . DSNode::usual_config() . "DataSyncAPI prisma\n");

# A file without the key: its launch ends at once, so that only the upload takes time.
sub file_make {
    my ($size) = @_;
    my $path = "$node->{dir}/$size.csv";
    open my $out, '>', $path or die "$path: $!";
    print {$out} "make\n", map { ('x' x 1023) . "\n" } 1 .. $size * 1024;
    close $out or die "$path: $!";
    return $path;
}

sub curl {
    my ($path, @options) = @_;
    open my $in, '-|', 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code} %{size_download}', @options, $node->url($path) or die "curl: $!";
    local $/;
    return split ' ', scalar <$in>;
}

# Upload a file and fetch it in each way. What the downloads had, in bytes.
sub turn {
    my ($file) = @_;
    my ($code) = curl('/api/data-sync/import/open-import', '-F', "file=\@$file");
    $code == 200 or die "upload: $code";
    my $id = $node->launch_ended($node->launch_newest('open-import')->{id})->{id};
    return map { (curl("/api/data-sync/open-import/$id/download$_"))[1] } '', '?safe=1';
}

sub peak {
    my ($peak) = sort { $b <=> $a } map { DSClient::text_of("/proc/$_/status") =~ /^VmHWM:\s+(\d+)/m ? $1 : 0 } $node->httpd_pids;
    return $peak;
}

my ($small, $large) = map { file_make($_) } 1, $megabytes;
turn($small) for 1 .. 6;
my $before = peak();
cmp_ok $before, '>', 1024, 'a child of httpd is there to be measured';
my @fetched = turn($large);
is $fetched[0], -s $large, "a file of $megabytes MB is stored and fetched";
is $fetched[1], -s $large, 'and fetched with ?safe=1';
SKIP: {
    skip 'the sanitizers take memory of their own', 1 if $ENV{DS_SANITIZERS};
    cmp_ok peak() - $before, '<', $growth_max, sprintf 'httpd has grown by less than %d MB (%d KiB)', $growth_max / 1024, peak() - $before;
}
$node->stop;
finish($node);
done_testing;
