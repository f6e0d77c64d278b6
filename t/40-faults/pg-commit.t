# The connection is lost between a COMMIT and its answer: clients are told what became of their upload, nothing is lost,
# and nothing is done twice.
use strict;
use warnings FATAL => 'all';
use DSFault;
use DSProxy;
use Apache::Test '-withtestmore';
use Time::HiRes qw(sleep time);

my $soon = 2 + $DSFault::allowance;    # seconds
my ($port) = $ENV{DS_TEST_POSTGRES} =~ /port=(\d+)/ or die 'no server';
my $proxy = DSProxy->start(port => $port);
my $fault = DSFault->start(prepare => sub { $proxy->stand_before($_[0]) });
my $node = $fault->node;
my @workers = $node->workers_wait;
my $uploads = 0;

sub launches {
    return $node->value('SELECT count(*) AS n FROM ds_launch');
}

# Ask for a launch whose commit is lost as `trap` says: (code, how many launches it made, seconds).
sub lose {
    my ($ask, %trap) = @_;
    my ($before, $sprung) = (launches(), $proxy->sprung);
    $proxy->trap(at => '^COMMIT', with => 'INSERT INTO ds_launch', %trap);
    my $start = time;
    my $code = $ask->()->code;
    my $took = time - $start;
    $proxy->sprung_wait($sprung + 1);
    return ($code, launches() - $before, $took);
}

sub log_check {
    my ($name, $words) = @_;
    my ($seen) = (reverse $node->log_text =~ /DS0350: the answer to the commit of launch \d+ was lost: (.*)/g)[0];
    return is $seen, $words, "$name: the log says that $words";
}

# The same for an answer that came at once: a machine that stood still meanwhile could ask nobody in time, and may say so.
sub lose_promptly {
    my ($ask, %trap) = @_;
    my ($code, $launches, $took);
    for (1 .. 10) {
        ($code, $launches, $took) = lose($ask, %trap);
        last if $took < 1;
    }
    return ($code, $launches);
}

my %request = (
    'an upload' => sub { $node->upload('open-import', "vin\nLOST" . ++$uploads . "\n") },
    'an export' => sub { $node->export_start('part-export') },
);
for my $what (sort keys %request) {
    for my $cut ('after', 'at once') {
        my ($code, $launches) = lose_promptly($request{$what}, cut => $cut);
        is "$code $launches", '200 1', "$what whose commit was not answered ($cut) is there, and its client is told so";
        log_check($what, 'it is there');
    }
    my ($code, $launches) = lose_promptly($request{$what}, cut => 'before');
    is "$code $launches", '503 0', "$what whose commit never came is not there, and its client is told to come again";
    log_check($what, 'it is not there');
}

# Nobody can be asked.
my $text = "vin\nAWAY\n";
my @key = (headers => ['Idempotency-Key' => 'away']);
my ($code, $launches, $took) = lose(sub { $node->upload('open-import', $text, @key) }, cut => 'after', away => 1);
is "$code $launches", '503 1', 'without a database nobody knows that the upload is there: its client is told to come again';
cmp_ok $took, '<', $soon, sprintf 'soon (%.1f s)', $took;
log_check('an upload', 'it may be there');
$proxy->back;
wait_for('the database to be used again', sub { $node->get('/api/data-sync/part-import')->code == 200 });
my $before = launches();
is $node->upload('open-import', $text, @key)->code, 200, 'with its Idempotency-Key it is accepted';
is launches(), $before, 'and it is not there twice';
$node->launch_ended($node->launch_newest('open-import')->{id});

# Any commit of anybody.
my $sprung = $proxy->sprung;
$proxy->trap(at => '^COMMIT', share => 0.1, cut => ['before', 'after', 'at once']);
$fault->load_begin(big => 0.1, count => 3);
my $cuts = rounds(150, 8);
while ($proxy->sprung - $sprung < $cuts) {
    sleep 1;
    $fault->order_check($proxy->sprung - $sprung . ' cuts');
}
$fault->load_end;
$proxy->trap_remove;
$fault->integrity_check("$cuts commits of clients and of the worker were cut");
is_deeply [$node->worker_pids], \@workers, 'no process of the worker was restarted';
is_deeply [grep { !/^(?:200|503)$/ } keys %{$fault->codes}], [], 'no client got any answer but yes and come back';
$fault->finish(qr/DS0030/, qr/DS0040/, qr/DS0041/, qr/DS0520/, qr/DS0531/, qr/DS0541/, qr/DS0544/);
done_testing;
