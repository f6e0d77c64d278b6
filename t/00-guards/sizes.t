# Code that grows too long is code that nobody reads any more; a name that is there twice cannot be told
# apart in a log.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use File::Temp qw(tempfile);
use Test::More;

my ($function_most, $median_below, $share_short, $short, $file_most) = (80, 18, 0.95, 50, 700);

# [lines, name, file] of each function of the C files given by their paths.
sub functions {
    my (@paths) = @_;
    open my $in, '-|', 'ctags', '-x', '--language-force=C', '--c-kinds=f', '--fields=+e',
        '--_xformat=%{end} %n %N %F', @paths or die "ctags: $!";
    my @functions;
    while (<$in>) {
        my ($end, $begin, $name, $file) = /^(\d+) (\d+) (\S+) (.+)$/ or next;
        push @functions, [$end - $begin + 1, $name, $file];
    }
    close $in or die "ctags failed\n";
    return @functions;
}

sub functions_of_text {
    my ($text) = @_;
    my ($out, $path) = tempfile(SUFFIX => '.c', UNLINK => 1);
    print {$out} $text;
    close $out or die $!;
    return functions($path);
}

my @c = files(qr/\.c$/, 'mod_datasync.c', 'src');
my $long = "int f(void)\n{\n" . "    x();\n" x $function_most . "}\n";
is scalar(grep { $_->[0] > $function_most } functions_of_text($long)), 1,
    'the guard sees a function that is too long';
my @functions = functions(map { source_dir() . "/$_" } @c);
cmp_ok scalar @functions, '>', 50, 'there are functions to measure';
my @too_long = grep { $_->[0] > $function_most } @functions;
ok !@too_long, "no function has more than $function_most lines"
    or diag join "\n", map { "$_->[0] lines: $_->[1] in $_->[2]" } @too_long;
my @lengths = sort { $a <=> $b } map { $_->[0] } @functions;
my $median = @lengths ? $lengths[@lengths / 2] : 999;
cmp_ok $median, '<', $median_below, 'half of the functions fit a glance';
my $within = grep { $_ <= $short } @lengths;
cmp_ok $within, '>=', $share_short * @lengths, "95 of 100 functions have at most $short lines";
note sprintf '%d functions, median %d lines, %d of at most %d', scalar @lengths, $median, $within, $short;

guard("no file has more than $file_most lines",
      files => [files(qr/\.(?:[ch]|pm|t|py|mjs|sql|awk|md|am)$|^(?:bootstrap|t\/stages|conf\/demo\/\w+)$/, 'mod_datasync.c', 'src', 't/lib', 't/00-guards',
                      't/10-unit', 't/20-db', 't/30-server', 't/fuzz', 't/stages', 'bootstrap', 'conf', 'docs', 'Makefile.am')],
      faults => sub {
          my ($file, $text) = @_;
          my $lines = $text =~ tr/\n//;
          return $lines > $file_most ? "$file: $lines lines" : ();
      },
      bad => [['x.c', "\n" x ($file_most + 1)]], good => [['x.c', "\n" x $file_most]]);

sub names_twice {
    my (%seen, @twice);
    for (@_) {
        my ($base) = m{([^/]+)$};
        push @twice, "$_ and $seen{$base}" if $seen{$base};
        $seen{$base} = $_;
    }
    return @twice;
}
ok names_twice('src/a/x.c', 'src/b/x.c'), 'the guard sees a file name that is there twice';
my @twice = names_twice(files(qr/\.[ch]$/, 'mod_datasync.c', 'src', 't'));
ok !@twice, 'each C file has a name of its own, so that a log line names one file'
    or diag join "\n", @twice;
done_testing;
