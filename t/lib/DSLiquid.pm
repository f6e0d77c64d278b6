# A client of the protocol Liquid: an access token, and batch jobs.
package DSLiquid;
use strict;
use warnings FATAL => 'all';
use DSClient;
use DSNode;
use Exporter 'import';
use HTTP::Request::Common qw(GET POST);
use JSON::PP;

our @EXPORT = qw(liquid_config);

# A server with all protocols. more: further lines.
sub liquid_config {
    my ($more) = @_;
    return DSNode->worker_config . DSNode::usual_config() . ($more // '')
        . join '', map { "DataSyncAPI $_\n" } qw(prisma marketo braze liquid);
}

# A new client of the server for these objects. FIELDS: role, objects.
sub new {
    my ($class, $server, %fields) = @_;
    my @role = $fields{role} ? ('--role', $fields{role}) : ();
    my $made = DSClient::quietly(sub { $server->ctl('client', 'create', 'a partner', @{$fields{objects} || ['car_c']}, @role) });
    return bless {server => $server, id => $made->{id}, secret => $made->{secret}}, $class;
}

# Ask for a token; undef takes a parameter away.
sub login {
    my ($self, %other) = @_;
    my %form = (grant_type => 'client_credentials', client_id => $self->{id}, client_secret => $self->{secret}, %other);
    return $self->{server}{agent}->request(
        POST($self->{server}->url('/ls/api/oauth2/token'), [map { $_ => $form{$_} } grep { defined $form{$_} } sort keys %form]));
}

sub token {
    my ($self) = @_;
    return $self->{token} //= decode_json($self->login->content)->{access_token} // die 'no token';
}

# Ask about the token, or any other.
sub ask {
    my ($self, $name, $token) = @_;
    return $self->{server}->request(GET($self->{server}->url("/ls/api/oauth2/$name")), bearer => $token // $self->token);
}

# POST a form, urlencoded, or as multipart with how => 'form-data'.
sub post {
    my ($self, $name, $form, %how) = @_;
    my @type = $how{how} ? (Content_Type => $how{how}) : ();
    return $self->{server}->request(POST($self->{server}->url("/ls/api/batch/$name"), @type, Content => $form), bearer => $self->token);
}

# The answer as JSON; dies when it is none.
sub json {
    my ($response) = @_;
    die $response->as_string unless $response->code == 200 && $response->header('Content-Type') eq 'application/json';
    return decode_json($response->content);
}

# "404 not_found" or so of an error, "200 Accepted" or so of a job.
sub outcome {
    my ($response) = @_;
    my $answer = decode_json($response->content);
    return $response->code . ' ' . ($answer->{error} // $answer->{status} // '');
}

# Send a file as the sample scripts do: parameters, then the file, then a template. FIELDS: parameters; undef takes one away.
sub import_send {
    my ($self, $text, %fields) = @_;
    my $template = delete $fields{template};
    my %form = (jobName => 'Import Job', itemType => 'car_c', contentType => 'plain/text', headerRow => 'True', %fields);
    my @parts = map { $_ => $form{$_} } grep { defined $form{$_} } sort keys %form;
    push @parts, file => [undef, 'data.csv', 'Content-Type' => 'plain/text', Expires => 0, Content => $text] if defined $text;
    push @parts, template => [undef, 'template.json', 'Content-Type' => 'application/json', Expires => 0, Content => $template]
        if defined $template;
    return $self->post('import', \@parts, how => 'form-data');
}

# Ask for an export as the sample scripts do. FIELDS: parameters; undef takes one away.
sub export_send {
    my ($self, %fields) = @_;
    my %form = (notificationEmail => 'someone@example.com', jobName => 'Export Job', itemType => 'part', contentType => 'text/plain',
                filters => '0', template => '', %fields);
    return $self->post('export', [map { $_ => $form{$_} } grep { defined $form{$_} } sort keys %form]);
}

sub result {
    my ($self, $id, @headers) = @_;
    return $self->{server}->request(GET($self->{server}->url("/ls/api/batch/$id/result"), @headers), bearer => $self->token);
}

# Export, and the bytes of its file.
sub export_run {
    my ($self, %fields) = @_;
    my $job = $self->ended(json($self->export_send(%fields))->{jobId});
    die "$job->{status}: $job->{reason}\n" unless $job->{status} eq 'Completed';
    return $self->result($job->{jobId})->content;
}

sub status {
    my ($self, $id) = @_;
    return json($self->post('status', [jobId => $id]));
}

# The status of a job when it has come to its end.
sub ended {
    my ($self, $id) = @_;
    return DSClient::wait_for("the end of job $id", sub {
        my $status = $self->status($id);
        return $status->{status} =~ /^(?:Completed|Rejected|Canceled|Failed)\z/ && $status;
    });
}

# Import, and the status at its end.
sub import_run {
    my ($self, $text, %fields) = @_;
    return $self->ended(json($self->import_send($text, %fields))->{jobId});
}

1;
