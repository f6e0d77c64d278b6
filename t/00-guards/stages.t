# A run of the tests that ends in its middle must not look like one that went well.
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use DSGuard;
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = tempdir(CLEANUP => 1);
my $source = abs_path(source_dir());

sub program_write {
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die $!;
    print {$out} "#!/bin/sh\n$text\n";
    close $out or die $!;
    chmod 0755, "$dir/$name";
    return "$dir/$name";
}

# A stage of one program; `meanwhile` is called with the pid when the program has begun. (status, what was said)
sub stages_run {
    my ($program, $meanwhile) = @_;
    my $pid = open my $in, '-|' // die "fork: $!";
    if (!$pid) {
        delete @ENV{qw(HARNESS_SUBCLASS PERL5LIB DS_COUNTS)};
        setpgrp;
        open STDERR, '>&', \*STDOUT;
        exec $^X, "$source/t/stages", "--srcdir=$source", "--builddir=$dir", '--only=10-unit', "--unit=$program" or die $!;
    }
    my $end = time + 60;
    sleep 0.05 until -e "$dir/begun" || time > $end;
    $meanwhile->($pid) if $meanwhile;
    local $/;
    my $said = <$in>;
    close $in;
    my $status = $?;
    unlink "$dir/begun";
    return ($status, $said);
}

my ($status, $said) = stages_run(program_write('good', "touch $dir/begun; echo 'ok 1'; echo 1..1"));
is $status, 0, 'a run of tests that pass is good';
like $said, qr/^1 passed, 0 failed$/m, 'and says so at its end';
unlike $said, qr/in the middle/, 'and nothing else';
($status, $said) = stages_run(program_write('waits', "echo 'ok 1'; touch $dir/begun; exec sleep 60"), sub { kill TERM => -$_[0] });
isnt $status, 0, 'one that is ended by a signal is not';
like $said, qr/SIGTERM came.*ended in the middle, at 10-unit/s, 'and says so at its end';
unlike $said, qr/^\d+ passed, \d+ failed$/m, 'without the line of a whole run';
done_testing;
