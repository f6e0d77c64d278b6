# What a client of Braze sees of the jobs of all other protocols. A difference to the document breaks its readers.
use strict;
use warnings FATAL => 'all';
use DSBraze;
use DSMarketo;
use DSTest;
use Apache::Test '-withtestmore';
use JSON::PP;

my $node = DSNode->start(config => braze_config("DataSyncMarketo calls=0\nDataSyncBraze list=100000 status=100000 sync=100000\n"));
my $braze = DSBraze->new($node);
my $history = $braze->history_path('event-import');
my $when = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/;

# The integrations.
my @integrations = $braze->all('/cdi/integrations');
my %by_name = map { $_->{integration_name} => $_ } @integrations;
is scalar(@integrations), scalar(@{$node->ctl('sync', 'list')}), 'every sync is an integration, on as many pages as it takes';
is scalar(keys %by_name), scalar(@integrations), 'none stands on two pages';
my %ids = map { $_->{integration_id} => 1 } @integrations;
is scalar(keys %ids), scalar(@integrations), 'each has an id of its own';
ok !(grep { !/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z/ } keys %ids), 'which is a UUID';
is $by_name{Events}{integration_id}, '00000000-0000-0000-0000-000000000000', 'one of the configuration is taken as it is';
is $by_name{'Cars from the dealers'}{integration_id}, '21e8aaee-2737-5c38-9ee3-fa10efb17a72',
    'one that is derived is the same on every server, for ever';
like $braze->get('/cdi/integrations')->content, qr/\A\{"results":\[(?:\{"integration_id":"[^"]*","app_group_id":"","integration_name":"(?:[^"\\]|\\.)*",
    "integration_type":"\w+","integration_status":"\w+","contact_emails":"","last_updated_at":"[^"]*","warehouse_type":"\w+","last_job_start_time":"[^"]*",
    "last_job_status":"\w*","next_scheduled_run":"[^"]*"\},?){10}\],"message":"success"\}\z/x, 'every field is there as a text, ten to a page';
like $by_name{'event-export'}{next_scheduled_run}, qr/\A\d{4}-01-01T03:00:00Z\z/, 'a schedule shows when it is due';
$node->ctl('sync', 'disable', 'idle-import');
my ($idle) = grep { $_->{integration_name} eq 'Never used' } $braze->all('/cdi/integrations');
is $idle->{integration_status}, 'inactive', 'a sync that is disabled is inactive';

# Jobs, first none.
my $empty = $braze->get($history);
is $empty->content, '{"results":[],"message":"success"}', 'an integration that never ran has an empty history';
is $empty->header('Link'), undef, 'on one page';
is $empty->header('Content-Type'), 'application/json', 'as JSON';

sub events {
    my (@rows) = @_;
    return join '', "id,payload,changed\n", map { "$_\n" } @rows;
}

my $first = $node->import_run('event-import', events('1,a,2024-05-01T12:34:56Z', '2,b,2024-05-01T12:34:56.5+02:00', '3,c,'));
my $page = $braze->get($history);
like $page->content, qr/\A\{"results":\[\{"job_status":"success","sync_start_time":"$when","sync_finish_time":"$when",
    "last_timestamp_synced":"2024-05-01T12:34:56Z","rows_synced":3,"rows_failed_with_errors":0\}\],"message":"success"\}\z/x,
    'a job that Prisma has started is shown with every field and its type, and the highest time of its records';
is((DSBraze::results($page))[0]{sync_start_time}, $node->launch($first->{id})->{started_at}, 'with its times');

$node->import_run('event-import', events('4,d,2024-05-01T12:34:56.25Z', '5,' . 'x' x 21 . ',2025-01-01T00:00:00Z'));
my $job = $braze->newest('event-import');
is_deeply [@$job{qw(job_status rows_synced rows_failed_with_errors last_timestamp_synced)}],
    ['partial', 1, 1, '2024-05-01T12:34:56.250000Z'], 'some bad rows: partial, and their times do not count';
$node->import_run('event-import', events('6,' . 'x' x 21 . ',2026-01-01T00:00:00Z'));
$job = $braze->newest('event-import');
is_deeply [@$job{qw(job_status rows_synced rows_failed_with_errors last_timestamp_synced)}],
    ['error', 0, 1, '2024-05-01T12:34:56.250000Z'], 'nothing but bad rows: error, and the time of the run before';
$node->import_run('event-import', '');
is $braze->newest('event-import')->{job_status}, 'error', 'a file that cannot be read: error';
$node->import_run('event-import', events());
$job = $braze->newest('event-import');
is_deeply [@$job{qw(job_status rows_synced)}], ['success', 0], 'no rows at all: success';
$node->import_run('event-import', events('1,a,2024-04-01T00:00:00Z'));
is $braze->newest('event-import')->{last_timestamp_synced}, '2024-04-01T00:00:00Z', 'older records have older times';
my $jobs = () = DSBraze::results($braze->get($history));
$node->import_run('event-import', events('7,a,2027-01-01T00:00:00Z'), query => 'dry-run=true');
is scalar(DSBraze::results($braze->get($history))), $jobs, 'a rehearsal is no job';

# Its setup is wrong: found when it is to run. Before it waits, and is not shown.
$node->workers_halt;
$node->upload('event-import', events('8,a,'));
my $wrong = $node->launch_newest('event-import')->{id};
is scalar(DSBraze::results($braze->get($history))), $jobs, 'a job that waits is not shown yet';
$node->write("UPDATE ds_launch SET options = '{' WHERE id = $wrong");
$node->workers_continue;
is $node->launch_ended($wrong)->{state}, 'rejected', 'a launch that cannot be run is rejected';
is $braze->newest('event-import')->{job_status}, 'config_error', 'and shown as an error of its setup';
is $node->json_get('/api/data-sync/event-import')->{'latest-launch'}{status}, 'cancelled', 'to Prisma it is cancelled';
$node->write("UPDATE ds_launch SET options = NULL WHERE id = $wrong");
my $again = $node->ctl('launch', 'retry', $wrong);
is $node->launch_ended($again->{id})->{state}, 'finished', 'and can be repeated when that was mended';

# In the middle.
$node->rows_slow('event_slow', 'BEFORE INSERT ON event', 240_000);
my $many = events(map { sprintf 'M%05d,a,2024-06-01T00:00:%02dZ', $_, (58 + $_) % 60 } 1 .. 60_000);    # the first is the latest
$node->upload('event-import', $many);
my $long = $node->launch_newest('event-import')->{id};
$job = wait_for('a job in the middle', sub {
    my $now = $braze->newest('event-import');
    return $now->{job_status} eq 'running' && $now->{rows_synced} > 0 && $now;
});
is $job->{sync_finish_time}, '', 'a job that runs has no end, as a text';
is $job->{last_timestamp_synced}, '2024-06-01T00:00:59Z', 'and the highest time so far';
$node->ctl('launch', 'cancel', $long);
my $cancelled = $node->launch_ended($long);
is $braze->newest('event-import')->{job_status}, $cancelled->{state} eq 'cancelled' ? 'partial' : 'success', 'cancelled with rows in: partial';
$node->write($node->{database}->by_database('DROP TRIGGER event_slow', 'DROP TRIGGER event_slow ON event'));

# A batch of Marketo, and exports that are started here.
my $batch = DSMarketo->new($node, objects => ['sample'])->import_run("id,seen\nMK1,2024-01-01T00:00:00Z\n", object => 'sample');
is $batch->{status}, 'Complete', 'a batch of Marketo';
$job = $braze->newest('sample-import');
is_deeply [@$job{qw(job_status rows_synced last_timestamp_synced)}], ['success', 1, ''], 'is a job, whose object names no time';
my $export = $braze->sync_path('event-export');
my $started = $braze->post($export);
is $started->code . $started->content, '202{"message":"success"}', 'an export is started';
is $node->launch_ended($node->launch_newest('event-export')->{id})->{state}, 'finished', 'and runs';
$job = $braze->newest('event-export');
my $rows = $node->value('SELECT count(*) AS n FROM event');
is_deeply [@$job{qw(job_status rows_synced last_timestamp_synced)}], ['success', $rows, '2024-06-01T00:00:59Z'],
    'its rows were delivered, up to the highest time among them';
like $node->export_text('event-export'), qr/\Aid,payload,changed\r\n/, 'the file is had by Prisma';
$node->workers_halt;
is $braze->post($export)->code, 202, 'one more';
my $busy = $braze->post($export);
is $busy->code . $busy->content, '429{"message":"Another job is in progress"}', 'but no second one while it waits or runs';
like $busy->header('Retry-After'), qr/^\d+$/, 'with the time to wait';
$node->workers_continue;
$node->launch_ended($node->launch_newest('event-export')->{id});
wait_for('room for one more', sub { $braze->post($export)->code == 202 });
$node->launch_ended($node->launch_newest('event-export')->{id});
is $node->export_start('event-export')->code, 200, 'Prisma may queue another one all the same';
my $prisma = $node->launch_newest('event-export')->{id};
is $node->export_start('event-export')->code, 200, 'and another one';
$node->launch_ended($_) for $prisma, $node->launch_newest('event-export')->{id};
my ($listed) = grep { $_->{integration_name} eq 'Events' } $braze->all('/cdi/integrations');
is_deeply [@$listed{qw(last_job_status last_updated_at)}],
    [$braze->newest('event-import')->{job_status}, $braze->newest('event-import')->{last_timestamp_synced}],
    'the list of integrations shows the newest job of each';
$node->stop;
finish($node);
done_testing;
