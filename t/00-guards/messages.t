# An administrator looks a message up by its number: it must lead to one place and to one remedy.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use Test::More;

my %range = ('src/web' => [1, 199], '.' => [1, 199], 'src/api' => [200, 299], 'src/core' => [300, 399],
             'src/db' => [400, 499], 'src/source' => [600, 699], 'src/worker' => [500, 699], 'src/tools' => [700, 799]);

# [file, line, number] of each message of C texts by file name.
sub numbers {
    my (%texts) = @_;
    my @numbers;
    for my $file (sort keys %texts) {
        next if $file eq 'src/core/ds_log.h';
        my $code = code($texts{$file});
        while ($code =~ /\bDSLOGNO\((\w*)\)/g) {
            push @numbers, [$file, line_of($code, $-[1]), $1];
        }
    }
    return @numbers;
}

sub number_faults {
    my (@numbers) = @_;
    my (%seen, @faults);
    for (@numbers) {
        my ($file, $line, $number) = @$_;
        my $where = "$file:$line: DS$number";
        my ($folder) = $file =~ m{^(src/\w+)/} ? $1 : '.';
        my $range = $range{$folder} || [0, -1];
        push @faults, "$where: four digits" unless $number =~ /^\d{4}$/;
        push @faults, "$where is used in $seen{$number} already" if $seen{$number};
        push @faults, "$where is not of the range of $folder"
            unless $number =~ /^\d+$/ && $number >= $range->[0] && $number <= $range->[1];
        $seen{$number} = "$file:$line";
    }
    return @faults;
}

# Numbers that only one of the two knows: the code or the document.
sub document_faults {
    my ($document, @numbers) = @_;
    my %in_code = map { $_->[2] => 1 } @numbers;
    my %described = map { $_ => 1 } $document =~ /^[|#*\s`]*DS(\d{4})\b/gm;
    return ((map { "DS$_ is not described" } grep { !$described{$_} } sort keys %in_code),
            (map { "DS$_ is described but nowhere written" } grep { !$in_code{$_} } sort keys %described));
}

my @bad = numbers('src/web/a.c', "DSLOGNO(0001)\nDSLOGNO(0001) DSLOGNO(0500)", 'src/db/b.c', 'DSLOGNO(41)');
is scalar(number_faults(@bad)), 4, 'the guard sees a number twice, out of its range, and too short';
is_deeply [document_faults("| DS0002 | x |\n", [qw(src/web/a.c 1 0001)])],
    ['DS0001 is not described', 'DS0002 is described but nowhere written'],
    'the guard sees a message without a description, and a description without a message';

my @numbers = numbers(map { $_ => text($_) } files(qr/\.[ch]$/, 'mod_datasync.c', 'src'));
cmp_ok scalar @numbers, '>', 10, 'there are messages to check';
my @faults = number_faults(@numbers);
ok !@faults, 'each message has a number of its own, in the range of its layer' or diag join "\n", @faults;
my $document = eval { text('docs/messages.md') } // '';
ok length $document, 'docs/messages.md is there';
my @undescribed = document_faults($document, @numbers);
ok !@undescribed, 'docs/messages.md describes exactly the messages that exist' or diag join "\n", @undescribed;
done_testing;
