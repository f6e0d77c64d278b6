#!/usr/bin/perl
# Do we read the bodies that others make? Random parts written by HTTP::Request::Common (libwww-perl) and
# by curl must come back byte for byte, in random pieces.
use strict;
use warnings FATAL => 'all';
use File::Temp qw(tempdir);
use HTTP::Request::Common qw(POST);
use IO::Socket::INET;
use IPC::Open3;
use Symbol qw(gensym);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
srand 7;

# What multipart_dump makes of a body: a reference to lists of name, file name, type and data; or the
# fault as a text.
sub parts_read {
    my ($type, $body, $seed) = @_;
    my $path = "$dir/body";
    open my $file, '>:raw', $path or die "$path: $!";
    print {$file} $body;
    close $file or die "$path: $!";
    open my $in, '<:raw', $path or die "$path: $!";
    my $error = gensym;
    my $pid = open3('<&' . fileno $in, my $out, $error, 't/10-unit/multipart_dump', $type, $seed);
    my @lines = <$out>;
    my $fault = join '', <$error>;
    waitpid $pid, 0;
    return $fault || "status $?" if $? != 0;
    return [map { chomp; [map { $_ eq '-' ? undef : pack 'H*', $_ } split / /, $_, 4] } @lines];
}

# Bytes that come near a boundary again and again.
sub data_make {
    my @pieces = ("\r\n", "\r", "\n", '--', "\r\n--", "\r\n--x", '-', "\0", "\xFF", 'id,name', '"', ' ');
    return join '', map { $pieces[rand @pieces] } 1 .. rand 200;
}

# Clients agree on a backslash only where an ordinary character follows: some escape it, some do not.
sub name_make {
    my @pieces = ('a', 'file', ' ', ';', '=', '"', '\\', "'", ',', "\xC3\xA9", ':', '.csv', '/');
    my $name = join '', 'n', map { $pieces[rand @pieces] } 1 .. rand 12;
    return $name =~ s/\\+(?=["\\]|\z)//gr;
}

my ($good, $count) = (0, 300);
for my $seed (1 .. $count) {
    my (@form, @wanted);
    for (0 .. rand 5) {
        my ($name, $file, $data) = (name_make(), name_make(), data_make());
        if (rand > 0.5) {
            push @form, $name => [undef, $file, 'Content-Type' => 'text/csv', Content => $data];
            push @wanted, [$name, $file, 'text/csv', $data];
        }
        else {
            push @form, $name => $data;
            push @wanted, [$name, undef, undef, $data];
        }
    }
    my $request = POST('http://127.0.0.1/', Content_Type => 'form-data', Content => \@form);
    my $got = parts_read($request->header('Content-Type'), $request->content, $seed);
    my $same = ref $got && eq_array($got, \@wanted);
    $good += $same ? 1 : 0;
    diag explain [$got, \@wanted] unless $same;
}
is $good, $count, "$count forms of a Perl client are read byte for byte";

# One request of curl, taken by a socket: its Content-Type and its body.
sub curl_request_take {
    my (@arguments) = @_;
    my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', Timeout => 20) or die "listen: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        exec 'curl', '-q', '--noproxy', '*', '-s', '-o', '/dev/null', '-m', '20', '-H', 'Expect:', @arguments,
            'http://127.0.0.1:' . $listener->sockport . '/';
        die "curl: $!";
    }
    my $client = $listener->accept or die "curl did not come: $!";
    my ($head, $body) = ('', '');
    $head .= readline($client) // die 'the request ends in its header' until $head =~ /\r\n\r\n\z/;
    my ($length) = $head =~ /^Content-Length: (\d+)/mi or die "no length in $head";
    read($client, $body, $length) == $length or die 'the request ends in its body';
    print {$client} "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    close $client;
    waitpid $pid, 0;
    my ($type) = $head =~ /^Content-Type: (.+?)\r$/mi or die "no type in $head";
    return ($type, $body);
}

($good, $count) = (0, 40);
for my $seed (1 .. $count) {
    my ($data, $name, $file) = (data_make(), name_make(), name_make());
    open my $out, '>:raw', "$dir/data" or die "$dir/data: $!";
    print {$out} $data;
    close $out or die "$dir/data: $!";
    # inside quotes curl reads \" and \\ on its command line
    my $quoted = sub { my ($text) = @_; $text =~ s/([\\"])/\\$1/g; qq("$text") };
    my ($type, $body) = curl_request_take('-F', "file=\@$dir/data;type=text/csv;filename=" . $quoted->($file),
                                          '--form-string', "x=$name");
    my $got = parts_read($type, $body, $seed);
    my $same = ref $got && eq_array($got, [['file', $file, 'text/csv', $data], ['x', undef, undef, $name]]);
    $good += $same ? 1 : 0;
    diag explain [$file, $got, $body] unless $same;
}
is $good, $count, "$count uploads of curl are read byte for byte";
done_testing;
