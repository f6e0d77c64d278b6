# A large upload, and the proof that each of its rows took effect exactly once.
package DSCars;
use strict;
use warnings FATAL => 'all';
use DSClient;
use Exporter 'import';
use Test::More;

our @EXPORT = qw(cars_csv cars_check bad_count running_wait);

my $bad_every = 1000;    # each so many'th row has a cell that is too long

sub bad_count {
    my ($rows) = @_;
    return int $rows / $bad_every;
}

sub cars_csv {
    my ($rows) = @_;
    my $long = 'x' x 300;
    return join '', "vin,color,make,model\n",
        map { sprintf "VIN%08d,%s,Make %d,Model %d\n", $_, $_ % $bad_every ? 'red' : $long, $_ % 100, $_ } 1 .. $rows;
}

# Count the writes of cars, upload `rows` of them and wait until some of them, not all, are imported. More bytes
# are more work for each row, until cars_check: so that a fast machine too has something to do until then. The launch's id.
sub running_wait {
    my ($server, $rows, $bytes) = @_;
    $bytes //= 60_000;
    $server->{database}->writes_count('car_c', 'vin', $server->{database}->by_database($bytes, $bytes / 3));    # about the same work
    my $response = $server->upload('open-import', cars_csv($rows));
    $response->code == 200 or die $response->as_string;
    my $id = $server->launch_newest('open-import')->{id};
    DSClient::wait_for('the middle of the import', sub {
        return $server->value("SELECT rows_read FROM ds_launch WHERE id = $id") > 0;
    });
    return $id;
}

sub cars_check {
    my ($server, $id, $rows) = @_;
    $server->{database}->writes_hurry('car_c');
    my $launch = $server->launch_ended($id);
    my $bad = bad_count($rows);
    is $launch->{state}, 'finished', 'the launch comes to its end' or diag $launch->{message};
    is $launch->{rows_read}, $rows, 'each row is counted once';
    is $launch->{rows_ok}, $rows - $bad, 'each good row is counted as good';
    is $launch->{rows_failed}, $bad, 'each bad row as failed';
    is $server->value("SELECT count(*) AS n FROM car_c WHERE vin LIKE 'VIN%'"), $rows - $bad, 'each good row is in the table';
    is $server->value("SELECT count(*) - count(DISTINCT key) AS n FROM written_car_c WHERE key LIKE 'VIN%'"), 0,
        'no row was written twice';
    my @failed = split /\n/, $server->launch_file($id, 'failures') // '';
    my %distinct = map { (split /,/)[0] => 1 } @failed[1 .. $#failed];
    ok @failed == $bad + 1 && keys %distinct == $bad, 'each bad row stands in the failures file once'
        or diag scalar @failed;
    return;
}

1;
