# One look for all code: a diff then shows what changed and nothing else.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use File::Temp qw(tempfile);
use Test::More;

sub formatted {
    my ($path) = @_;
    my $pid = open my $in, '-|', 'clang-format-14', '--style=file:' . source_dir() . '/.clang-format', $path
        or die "clang-format-14: $!";
    local $/;
    my $text = <$in>;
    close $in or die "clang-format-14 failed on $path\n";
    return $text;
}

sub style_faults {
    my ($file, $text) = @_;
    my ($out, $path) = tempfile(SUFFIX => '.c', UNLINK => 1);
    print {$out} $text;
    close $out or die $!;
    return formatted($path) eq $text ? () : "$file: run clang-format-14 -i $file";
}

my @c = files(qr/\.[ch]$/, 'mod_datasync.c', 'src', 't', 'bench');
guard('C files look as clang-format-14 makes them', files => \@c, faults => \&style_faults,
      bad => [['x.c', "int f(void) { return  1; }\n"]],
      good => [['x.c', "int f(void)\n{\n    return 1;\n}\n"]]);

guard('no line ends in spaces, and files end with a line end',
      files => [@c, files(qr/\.(?:p[lm]|mjs|t|am|ac|sql|awk|in|md|conf)$/, 'src', 't', 'bench', 'docs', 'conf', 'configure.ac', 'Makefile.am')],
      faults => sub {
          my ($file, $text) = @_;
          return "$file: no line end at the end" if length $text && $text !~ /\n\z/;
          return $text =~ /^(.*[ \t])$/m ? "$file:" . line_of($text, $-[1]) . ": spaces at the end" : ();
      },
      bad => [['x.c', "a \n"], ['x.c', 'a']], good => [['x.c', "a\n\nb\n"]]);
done_testing;
