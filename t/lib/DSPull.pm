# Pulls under test: source specs, syncs that use them, and the server that they ask.
package DSPull;
use strict;
use warnings FATAL => 'all';
use DSNode;
use DSRest;
use Exporter 'import';
use JSON::PP;

our @EXPORT = qw(spec_of pull_sync pull_config pull_run ids_of);

# A source spec with this paging; members => others of sourceSpec.attributes, in the place of the usual ones.
sub spec_of {
    my ($paging, %members) = @_;
    return {sourceSpec => {attributes => {
        urlParams => {host => 'https://api.example.com', path => '/items/${set}', method => 'GET'},
        contentPath => {path => '$.data.items'}, paginationParams => $paging, %members,
    }, spec => {type => 'object', properties => {set => {type => 'string'}}}}};
}

# An object of its own and a sync that fills it; spec => {...} or the path of a file, set => the parameter of the
# path, lines => more lines.
sub pull_sync {
    my ($node, $server, $name, %how) = @_;
    my $path = $how{spec};
    if (ref $path) {
        $path = "$node->{dir}/$name.json";
        open my $out, '>', $path or die "$path: $!";
        print {$out} JSON::PP->new->canonical->encode($how{spec});
        close $out;
    }
    my $object = $name =~ tr/-/_/r;
    my $host = $server->url;
    my $set = defined $how{set} ? "SourceParam set $how{set}\n" : '';
    my $fields = $how{fields} // "Field id integer\nField name text\nKey id\n";
    return "<DataSyncObject $object>\n$fields</DataSyncObject>\n"
        . "<DataSync $name>\nKind pull\nObject $object\nAuth none\nSourceSpec $path\nSourceHost $host\n$set"
        . ($how{lines} // '') . "</DataSync>\n";
}

# All that a node needs for pulls from the servers of this machine.
sub pull_config {
    my ($runners, @syncs) = @_;
    return DSNode->worker_config("runners=$runners lease=60")
        . "DataSyncEgressAllow http 127.0.0.1\nDataSyncAPI prisma\n" . join '', @syncs;
}

# Run a sync to its end.
sub pull_run {
    my ($node, $name) = @_;
    return $node->launch_ended($node->ctl('run', $name)->{id});
}

sub ids_of {
    my ($node, $name) = @_;
    my $object = $name =~ tr/-/_/r;
    return join ' ', map { $_->{id} } $node->rows("SELECT id FROM $object ORDER BY id");
}

1;
