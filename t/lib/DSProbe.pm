# What clients of all kinds are answered while the database cannot be used as usual: by its protocol's words, and soon.
package DSProbe;
use strict;
use warnings FATAL => 'all';
use Apache::Test '-withtestmore';
use Exporter 'import';
use Time::HiRes qw(sleep time);

our @EXPORT = qw(clients_watch);
my $longest_wait = 25;    # seconds until an answer, on a machine that is slow, busy with other things, or stands still at times

my %ask = (
    upload => sub { $_[0]->upload('open-import', "vin\nPROBE\n") },
    status => sub { $_[0]->get('/api/data-sync/open-import') },
    page => sub { $_[0]->get('/page.html') },
);

# What is wrong with an answer; '' when nothing is.
sub answer_fault {
    my ($response) = @_;
    return '' if $response->code != 503;
    return 'no Retry-After' if !$response->header('Retry-After');
    return $response->content =~ /^The service is not available/ ? '' : 'not the words of the protocol';
}

# Ask for `seconds`, and at least once, for all that `codes` names: upload, status, page => the codes that may be answered.
# Two checks.
sub clients_watch {
    my ($name, $node, $seconds, %codes) = @_;
    my ($end, $longest, $count, %bad) = (time + $seconds, 0, 0);
    open my $page, '>', "$node->{dir}/htdocs/page.html" or die $!;
    close $page;
    do {
        for my $what (sort keys %codes) {
            my $begun = time;
            my $response = $ask{$what}->($node);
            my $fault = answer_fault($response);
            $bad{"$what: " . $response->code}++ if $response->code !~ $codes{$what};
            $bad{"$what: $fault"}++ if $fault;
            $longest = time - $begun if time - $begun > $longest;
            $count++;
        }
        sleep 0.1;
    } while time < $end;
    is_deeply \%bad, {}, "$name: what can be answered is, all else says when to come back ($count answers)";
    cmp_ok $longest, '<=', $longest_wait, sprintf '%s: nobody waits long for an answer (%.1f s)', $name, $longest;
    return;
}

1;
