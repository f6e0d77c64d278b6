# A client of the protocol Braze: a key, and the lists that it may read.
package DSBraze;
use strict;
use warnings FATAL => 'all';
use DSClient;
use DSNode;
use Exporter 'import';
use HTTP::Request::Common qw(GET POST);
use JSON::PP;

our @EXPORT = qw(braze_config integration_of all_scopes);

# The integration of the document.
my $zeros = '00000000-0000-0000-0000-000000000000';

sub all_scopes { return 'cdi.integration_list,cdi.integration_job_status,cdi.integration_sync' }

# A server with all protocols and records that tell when they were changed. more: further lines.
sub braze_config {
    my ($more, $worker) = @_;
    return DSNode->worker_config($worker) . DSNode::usual_config() . <<"EOT" . ($more // '');
DataSyncAPI prisma
DataSyncAPI marketo
DataSyncAPI braze
<DataSyncObject event>
    Field id      string 20
    Field payload string 20
    Field changed datetime
    Key   id
    UpdatedAt changed
</DataSyncObject>
<DataSync event-import>
    Name   "Events"
    Object event
    Auth   none
    IntegrationId $zeros
</DataSync>
<DataSync event-export>
    Kind   export
    Object event
    Auth   none
    Schedule "0 3 1 1 *"
</DataSync>
EOT
}

# The id by which the protocol knows a sync.
sub integration_of {
    my ($server, $sync) = @_;
    my ($id) = map { $_->{integration_id} } grep { $_->{id} eq $sync } @{$server->ctl('sync', 'list')};
    return $id || die "no sync $sync\n";
}

# A new key of the server. sync: of one sync alone; scopes: not all of them.
sub new {
    my ($class, $server, %fields) = @_;
    my $key = $server->token($fields{sync} // '*', '--scopes', $fields{scopes} // all_scopes());
    return bless {server => $server, key => $key}, $class;
}

sub ask {
    my ($self, $request) = @_;
    return $self->{server}->request($request, bearer => $self->{key});
}

sub get {
    my ($self, $path) = @_;
    return $self->ask(GET($self->{server}->url($path), 'Content-Type' => 'application/json'));
}

sub post {
    my ($self, $path) = @_;
    return $self->ask(POST($self->{server}->url($path)));
}

# The path of a sync's history.
sub history_path {
    my ($self, $sync) = @_;
    return '/cdi/integrations/' . integration_of($self->{server}, $sync) . '/job_sync_status';
}

sub sync_path {
    my ($self, $sync) = @_;
    return '/cdi/integrations/' . integration_of($self->{server}, $sync) . '/sync';
}

# The entries of a page; dies when there is none.
sub results {
    my ($response) = @_;
    my $answer = $response->code == 200 ? decode_json($response->content) : {};
    die $response->as_string unless ($answer->{message} // '') eq 'success';
    return @{$answer->{results}};
}

# {prev => path, next => path} of the Link header.
sub links {
    my ($response) = @_;
    my $header = $response->header('Link') // '';
    my %links = map { /^<([^<>]+)>; rel="(prev|next)"\z/ ? ($2 => $1) : die "Link: $header" } split /,/, $header;
    return \%links;
}

# All entries of a list, page by page; between: called after each page.
sub all {
    my ($self, $path, $between) = @_;
    my @all;
    while (defined $path) {
        my $response = $self->get($path);
        push @all, results($response);
        $path = links($response)->{next};
        $between->() if $between;
    }
    return @all;
}

# The newest job of a sync.
sub newest {
    my ($self, $sync) = @_;
    my ($job) = results($self->get($self->history_path($sync)));
    return $job;
}

1;
