# What every server test needs: the server that Apache::Test runs, and the two checks at its end.
package DSTest;
use strict;
use warnings FATAL => 'all';
use Apache::Test '-withtestmore';
use DSClient;
use DSDatabase;
use DSNode;
use Exporter 'import';

our @EXPORT = qw(server finish wait_for);

*wait_for = \&DSClient::wait_for;

# The database of the whole run; t/stages makes it.
sub database {
    my ($dir) = @_;
    return DSDatabase->new(name => "server_$ENV{DS_MPM}", file => "$dir/state/datasync.db");
}

# The server of the whole run. What it logs from now on belongs to the calling test.
sub server {
    my $vars = Apache::Test::vars();
    my $dir = DSNode::run_dir();
    my $server = DSClient->new(port => $vars->{port}, log => "$vars->{t_logs}/error_log",
                               pid_file => $vars->{t_pid_file}, database => database($dir), bin => "$dir/bin");
    $server->{log_start} = -s $server->{log} || 0;
    return $server->ready_wait && $server;
}

# The end of each file, two checks: nothing but `expected` in the log, and a database in order.
sub finish {
    my ($server, @expected) = @_;
    my @faults = $server->log_faults(@expected);
    ok !@faults, 'nothing unexpected stands in the error log' or diag join "\n", @faults;
    my ($text, $code) = $server->ctl_run('check');
    is $code, 0, 'the database is in order: counters fit, no orphans, nothing stuck' or diag $text;
}

1;
