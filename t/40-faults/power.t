# The power fails at any moment, under uploads and imports. What was answered before is there afterwards, each row once,
# and work goes on at its checkpoint. The same with all syncs switched off must lose uploads: so the test can tell.
use strict;
use warnings FATAL => 'all';
use DSDisk;
use DSFault;
use DSLoad;
use Apache::Test '-withtestmore';
use File::Temp qw(tempdir);
use JSON::PP;
use Time::HiRes qw(sleep);

my $dir = tempdir('power-XXXXXX', DIR => DSNode::run_dir(), CLEANUP => 1);
my ($no_sync) = glob '/usr/lib/*/libeatmydata.so' or die 'libeatmydata is not installed';
my ($disk, @cuts);

# Before the directory goes that it is mounted in.
END {
    my $status = $?;
    undef $disk;
    $? = $status;
}

sub disk_make {
    my ($node) = @_;
    $disk = DSDisk->make($dir, "$node->{dir}/state") or diag 'NOT TESTED: a power cut can be tried by root and with loop devices only';
    return;
}

# There is something to lose.
sub accepted_wait {
    my ($fault, $count) = @_;
    wait_for('uploads that are accepted', sub { $count <= grep { ($_->{code} // '') eq 200 } DSLoad::answers($fault->{dir}) });
    return;
}

# Cut the power now. An upload counts as accepted only where that was known before; how others ended is unknown.
sub cut {
    my ($fault) = @_;
    my %accepted = map { $_->{name} => 1 } grep { ($_->{code} // '') eq 200 } DSLoad::answers($fault->{dir});
    my $image = sprintf '%s/cut-%d.img', $dir, scalar @cuts;
    $disk->cut($image);
    my @answers = map { $accepted{$_->{name}} ? $_ : {%$_, code => 'none', codes => {none => 1}} } DSLoad::answers($fault->{dir});
    return {image => $image, answers => \@answers};
}

# A server that does not run yet, on what the cut has left.
sub node_after {
    my ($fault, $cut) = @_;
    my $config = DSClient::text_of($fault->node->{config});
    $config =~ s/.*^DataSyncDatabase.*?\n/\@database\@/ms or die 'a configuration without a database';
    my $node = DSNode->prepare(config => $config);
    $disk->copy_mount($cut->{image}, "$node->{dir}/state");
    open my $journal, '>', "$node->{dir}/load-000" or die $!;
    print {$journal} encode_json($_), "\n" for @{$cut->{answers}};
    close $journal or die $!;
    return $node;
}

# Accepted uploads that are not there; all of them where the database cannot be read.
sub uploads_lost {
    my ($node, $cut) = @_;
    my @names = eval {
        map { substr $_->{name}, 0, $DSLoad::name_length } $node->rows("SELECT f.name FROM ds_file f JOIN ds_launch l ON l.id = f.launch_id"
            . " WHERE f.role = 'input'");
    };
    my %there = map { $_ => 1 } @names;
    return grep { $_->{code} eq 200 && $_->{kind} =~ /^(?:import|delete)$/ && !$there{$_->{name}} } @{$cut->{answers}};
}

sub cut_check {
    my ($fault, $cut, $name) = @_;
    my $node = node_after($fault, $cut);
    is scalar(uploads_lost($node, $cut)), 0, "$name: no upload is lost";
    is $node->value('PRAGMA integrity_check'), 'ok', "$name: the database is whole";
    is $node->value("SELECT count(*) AS n FROM ds_launch l WHERE state IN ('queued', 'running', 'cancelling') AND kind = 'import'"
        . " AND rows_ok <> (SELECT count(*) FROM part WHERE _launch_id = l.id)"), 0, "$name: counters and rows are of one moment";
    system('chown', '-R', 'nobody:nogroup', "$node->{dir}/state") if $> == 0;    # those looks were root's
    $node->start;
    my $after = bless {%$fault, node => $node, nodes => [$node], dir => $node->{dir}, faults => [], accepted => 0}, ref $fault;
    $after->integrity_check($name);
    $node->stop;
    DSTest::finish($node);
    $disk->unmount("$node->{dir}/state");
    unlink $cut->{image};
    return;
}

sub cuts_check {
    my ($fault) = @_;
    for my $round (1 .. rounds(6, 1)) {
        accepted_wait($fault, 10 * $round);
        sleep rand 2;
        push @cuts, cut($fault);
    }
    $fault->load_end;
    $fault->node->stop;    # no runner outlives the power
    cut_check($fault, $cuts[$_], 'cut ' . ($_ + 1)) for 0 .. $#cuts;
    return;
}

sub syncless_check {
    my ($fault) = @_;
    {
        local %ENV = (%ENV, LD_PRELOAD => $no_sync);
        $fault->node->start;
    }
    my $before = grep { ($_->{code} // '') eq 200 } DSLoad::answers($fault->{dir});
    $fault->load_begin(count => 3, exports => 0.02);
    accepted_wait($fault, $before + 10);
    my $cut = cut($fault);
    $fault->load_end;
    my $lost = uploads_lost(node_after($fault, $cut), $cut);
    cmp_ok $lost, '>', 0, "without syncs the same cut loses uploads ($lost): the test can tell";
    return;
}

my $fault = DSFault->start(prepare => \&disk_make);
$fault->load_begin(count => 3, exports => 0.02);
SKIP: {
    skip 'a power cut cannot be tried here', 1 unless $disk;
    cuts_check($fault);
    syncless_check($fault);
}
$fault->integrity_check('without a cut');
# The disk stands still while it is copied: who waits for it may seem to hang.
$fault->finish(qr/DS0532/, qr/DS0511.*signal 9/, qr/DS0541/);
done_testing;
