# A client of the protocol Marketo: an id, a secret, and the calls that go with them.
package DSMarketo;
use strict;
use warnings FATAL => 'all';
use DSClient;
use Exporter 'import';
use HTTP::Request::Common qw(GET POST);
use JSON::PP;

our @EXPORT = qw(three_cars);

# The file of the document, byte for byte.
sub three_cars {
    return "color,make,model,vin\nred,bmw,2002,WBA4R7C55HK895912\nyellow,bmw,320i,WBA4R7C30HK896061\nblue,bmw,325i,WBS3U9C52HP970604\n";
}

# A new client of the server for these objects. FIELDS: role, objects.
sub new {
    my ($class, $server, %fields) = @_;
    my @objects = @{$fields{objects} || ['car_c']};
    my @role = $fields{role} ? ('--role', $fields{role}) : ();
    my $made = DSClient::quietly(sub { $server->ctl('client', 'create', 'a partner', @objects, @role) });
    return bless {server => $server, id => $made->{id}, secret => $made->{secret}}, $class;
}

sub identity {
    my ($self, %other) = @_;
    my %query = (grant_type => 'client_credentials', client_id => $self->{id}, client_secret => $self->{secret}, %other);
    my $query = join '&', map { "$_=$query{$_}" } grep { defined $query{$_} } sort keys %query;
    return $self->{server}{agent}->request(GET($self->{server}->url("/identity/oauth/token?$query")));
}

sub token {
    my ($self) = @_;
    return $self->{token} //= decode_json($self->identity->content)->{access_token} // die 'no token';
}

sub get {
    my ($self, $path, @headers) = @_;
    return $self->{server}{agent}->request(GET($self->{server}->url($path), Authorization => 'Bearer ' . $self->token, @headers));
}

# The answer as JSON; dies when it is none.
sub json {
    my ($response) = @_;
    die $response->as_string unless $response->code == 200 && $response->header('Content-Type') =~ m{^application/json};
    return decode_json($response->content);
}

# "success" or the code of the first error.
sub outcome {
    my ($response) = @_;
    return 'HTTP ' . $response->code if $response->code != 200;
    my $answer = json($response);
    return $answer->{success} ? 'success' : $answer->{errors}[0]{code};
}

# Upload text as a multipart body. parts => [[name, text], ...] beside the file, before it or (after => ...) behind.
sub upload {
    my ($self, $path, $text, %how) = @_;
    my $file = [file => [undef, $how{filename} // 'import.csv', 'Content-Type' => $how{type} // 'text/csv', Content => $text]];
    my @content = (map { @$_ } @{$how{before} || []}, (defined $text ? $file : ()), @{$how{after} || []});
    my @bearer = $how{anonymous} ? () : (Authorization => 'Bearer ' . $self->token);
    return $self->{server}{agent}->request(
        POST($self->{server}->url($path), @bearer, Content_Type => 'form-data', Content => \@content));
}

# The status of a batch when it has come to its end, as JSON.
sub ended {
    my ($self, $id, $path) = @_;
    $self->{server}->launch_ended($id);
    return json($self->get($path // "/bulk/v1/customobjects/car_c/import/$id/status.json"));
}

# Import and wait for the end: the status.
sub import_run {
    my ($self, $text, %how) = @_;
    my $object = $how{object} // 'car_c';
    my $answer = json($self->upload("/bulk/v1/customobjects/$object/import.json" . ($how{query} // ''), $text, %how));
    my $id = $answer->{result}[0]{batchId} // die encode_json($answer);
    return $self->ended($id, "/bulk/v1/customobjects/$object/import/$id/status.json")->{result}[0];
}

1;
