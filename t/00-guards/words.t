# Calls that have no bound, and words that mean nothing outside of one work place.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use Test::More;

# Each has a bounded or reentrant counterpart in C11 or APR.
my $banned = qr/\b(strcpy|strcat|sprintf|vsprintf|gets|system|popen|strtok|atoi|atol|atof|scanf|alloca|tmpnam|mktemp|localtime|gmtime|rand|srand)\s*\(/;

sub banned_faults {
    my ($file, $text) = @_;
    my $code = code($text);
    my @faults;
    while ($code =~ /$banned/g) {
        push @faults, "$file:" . line_of($code, $-[1]) . ": $1";
    }
    return @faults;
}

guard('no call without a bound', files => [files(qr/\.[ch]$/, 'mod_datasync.c', 'src')],
      faults => \&banned_faults,
      bad => [['x.c', 'strcpy(a, b);'], ['x.c', 'x = atoi (s);'], ['x.c', 'system("ls");']],
      good => [['x.c', 'apr_snprintf(a, 1, "strcpy(");'], ['x.c', '/* gets() */ budgets(1);']]);

# APR prints "%lu" for %llu, and wrong numbers for %z: these need APR_INT64_T_FMT and the like.
my $apr_print = qr/\b(?:apr_p?v?sn?printf|ds_log|ds_problem_make|ap_log_\w+|ap_rprintf)\s*\(/;

sub format_faults {
    my ($file, $text) = @_;
    my @faults;
    while ($text =~ /$apr_print([^;]*);/g) {
        my ($call, $at) = ($1, $-[0]);
        push @faults, "$file:" . line_of($text, $at) . ": $1" if $call =~ /"[^"\n]*(%(?:ll|z|j)[a-z])/;
    }
    return @faults;
}

guard('no format that APR does not know', files => [files(qr/\.[ch]$/, 'mod_datasync.c', 'src')],
      faults => \&format_faults,
      bad => [['x.c', 'apr_psprintf(p, "a%llu", x);'], ['x.c', qq{ds_log(L, 0, "a"\n "%zu", x);}]],
      good => [['x.c', 'sscanf(p, "%llu", x);'], ['x.c', 'apr_psprintf(p, "%d %%", x);']]);

# Built from pieces so that this file does not hold what it looks for.
my @inside = ('/wo' . 'rk/', 'iss' . 'ue #?\d', 'hel' . 'per session', '(?:regis' . 'try|pro' . 'xy)\.[a-z]+\.[a-z]+',
              'deb\.deb' . 'ian\.org', 'npm' . 'js\.(?:com|org)');
my $inside = join '|', @inside;

sub inside_faults {
    my ($file, $text) = @_;
    return $text =~ /($inside)/i ? "$file:" . line_of($text, $-[1]) . ": $1" : ();
}

guard('nothing that only one work place can read',
      files => [files(qr/\.(?:[ch]|p[lm]|t|py|mjs|am|ac|sql|awk|in|md|conf|json|PL|\d)$|^(?:[A-Z]+|bootstrap|\.ci\/run|t\/stages|conf\/demo\/\w+)$/,
                      qw(mod_datasync.c src t bench docs conf man .ci configure.ac Makefile.am bootstrap README CHANGES))],
      faults => \&inside_faults,
      bad => [['x', 'see iss' . 'ue 12'], ['x', 'in /wo' . 'rk/main'], ['x', 'https://regis' . 'try.example.org']],
      good => [['x', 'an issue of taste']]);
done_testing;
