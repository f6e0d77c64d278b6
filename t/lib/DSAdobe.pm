# A client of the protocol Adobe: a key, and what it reads with it.
package DSAdobe;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use HTTP::Request;
use JSON::PP;

our @EXPORT = qw(all_flow_scopes escaped);

my $base = '/data/foundation/flowservice';

sub all_flow_scopes { return 'flow.runs,flow.specs,flow.specs_manage' }

sub escaped { return $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }

# sync: of one sync alone; scopes: not all of them.
sub new {
    my ($class, $server, %how) = @_;
    my $key = $server->token($how{sync} // '*', '--scopes', $how{scopes} // all_flow_scopes());
    return bless {server => $server, key => $key}, $class;
}

# Ask for a path below the base; headers => [...], body => what is sent.
sub ask {
    my ($self, $method, $path, %how) = @_;
    my @body = defined $how{body} ? ('Content-Type' => 'application/json') : ();
    my $request = HTTP::Request->new($method, $self->{server}->url("$base$path"), [@body, @{$how{headers} || []}], $how{body});
    return $self->{server}->request($request, bearer => $how{key} // $self->{key});
}

# What a good answer says; dies when it is none.
sub json {
    my ($self, $path, %how) = @_;
    my $response = $self->ask('GET', $path, %how);
    die $response->as_string if $response->code != 200 || $response->header('Content-Type') ne 'application/json';
    return decode_json($response->content);
}

# "CODE DETAIL" of an error that has the shape of all errors.
sub error {
    my ($self, @request) = @_;
    my $response = $self->ask(@request);
    my $answer = eval { decode_json($response->content) } // {};
    my $code = $response->code;
    return 'another shape: ' . $response->as_string
        if ($answer->{status} // 0) != $code || ($answer->{type} // '') !~ m{^http://ns\.adobe\.com/aep/errors/FLOW-\d{4}-$code\z} || !$answer->{title};
    return "$code $answer->{detail}";
}

# The path of the runs of a flow, with further properties.
sub runs_path {
    my ($self, $sync, @properties) = @_;
    $self->{flows} ||= {map { $_->{id} => $_->{integration_id} } @{$self->{server}->ctl('sync', 'list')}};
    return '/runs?' . join '&', map { 'property=' . escaped($_) } "flowId==$self->{flows}{$sync}", @properties;
}

# All entries of a list, page by page as the references lead; between: called after each page.
sub all {
    my ($self, $path, $between) = @_;
    my @all;
    while (defined $path) {
        my $answer = $self->json($path);
        push @all, @{$answer->{items}};
        $path = $answer->{_links}{next}{href};
        $between->() if $between;
    }
    return @all;
}

1;
