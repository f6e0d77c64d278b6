# Layers hold only while includes point one way: else a change in one place breaks four others.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use Test::More;

# Whose headers each folder may include, beside those of libraries.
my %may_include = (
    'src/format' => [qw(format)],
    'src/db' => [qw(db core)],
    'src/core' => [qw(core db format)],
    'src/source' => [qw(source core format)],
    'src/worker' => [qw(worker source core db format)],
    'src/tools' => [qw(tools source core db format)],
    'src/web' => [qw(web api source core db format)],
    'src/api' => [qw(api web source core db format)],
    '.' => [qw(web api core)],
);
# Tokens stand in the database, as the one thing of sources: who gets them must ask there first.
my %may_include_alone = map { ("src/source/ds_src_login.$_" => ['db']) } qw(c h);
# What the database layer needs of core is its vocabulary only.
my %db_may_include = map { $_ => 1 } qw(ds_clock.h ds_log.h ds_problem.h);

# The prefix of a file tells its layer, so that a name in a log line tells where it runs.
my @prefixes = (['dsm_api', 'api'], ['dsm_', 'web'], ['dsw', 'worker'], ['ds_fmt_', 'format'], ['ds_db', 'db'], ['ds_src_', 'source'],
                ['datasyncctl', 'tools'], ['ctl', 'tools'], ['ds_', 'core']);

sub layer {
    my ($name) = @_;
    my ($found) = grep { index($name, $_->[0]) == 0 } @prefixes;
    return $found && $found->[1];
}

sub folder {
    my ($file) = @_;
    return $file =~ m{^(src/\w+)/} ? $1 : '.';
}

# Includes of a text: [line, name] each.
sub includes {
    my ($text) = @_;
    my @found;
    while ($text =~ /^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm) {
        push @found, [line_of($text, $-[1]), $1];
    }
    return @found;
}

sub layer_faults {
    my ($file, $text) = @_;
    my $folder = folder($file);
    my %allowed = map { $_ => 1 } @{$may_include_alone{$file} || []}, @{$may_include{$folder} || return "$file: folder without a rule"};
    my @faults;
    for (includes($text)) {
        my ($line, $name) = @$_;
        my $layer = layer($name) // next;
        push @faults, "$file:$line: $folder must not include $name" unless $allowed{$layer};
        push @faults, "$file:$line: src/db may know only the vocabulary of core, not $name"
            if $folder eq 'src/db' && $layer eq 'core' && !$db_may_include{$name};
    }
    return @faults;
}

my $httpd_header = qr/^(?:httpd|http_\w+|ap_\w+|util_\w+|mod_\w+|scoreboard|mpm_common|unixd)\.h$/;

sub httpd_faults {
    my ($file, $text) = @_;
    return if folder($file) =~ m{^(?:\.|src/web|src/api)$};
    return map { "$file:$_->[0]: $_->[1] is httpd's" } grep { $_->[1] =~ $httpd_header } includes($text);
}

# Where queries of strangers run, in a process that has no other database than SQLite's, empty and in memory.
my $sandbox = qr{^src/worker/dsw_sandbox\w*\.[ch]$};

sub dbd_faults {
    my ($file, $text) = @_;
    return if folder($file) eq 'src/db';
    my $code = code($text);
    $code =~ s/\bsqlite3_//g if $file =~ $sandbox;
    my @faults;
    while ($text =~ /\b(apr_dbd\.h)\b/g) {
        push @faults, "$file:" . line_of($text, $-[1]) . ": apr_dbd.h is for src/db";
    }
    while ($code =~ /\b(apr_dbd_\w+|sqlite3_\w+|PQ[a-z]\w+)/g) {
        push @faults, "$file:" . line_of($code, $-[1]) . ": $1 is for src/db";
    }
    return @faults;
}

sub pure_faults {
    my ($file, $text) = @_;
    return if folder($file) ne 'src/format';
    my @faults = map { "$file:$_->[0]: src/format reads and writes nothing: $_->[1]" }
        grep { $_->[1] =~ /^(?:apr_(?:file|network|dbd|thread|poll|proc)\w*|jansson|unistd|fcntl|sys\/.*|openssl.*)(?:\.h)?$/ }
        includes($text);
    return @faults;
}

# The clocks of machines differ: what nodes tell each other is counted by ds_db_now. These look at their own for what
# stays on the machine or is only shown: limits on calls, lines of a log, ids of requests, how long a job has run so
# far; and SQLite has no other.
my %may_ask_machine = map { $_ => 1 } qw(src/web/dsm_limit.c src/api/dsm_api_braze.c src/api/dsm_api_liquid_job.c src/api/dsm_api_marketo.c
    src/worker/dsw_log.c src/db/ds_db_sqlite.c);

sub clock_faults {
    my ($file, $text) = @_;
    return $may_ask_machine{$file} || code($text) !~ /\bapr_time_now\b/ ? () : "$file: write ds_db_now, or ds_clock_steady";
}

my @c = files(qr/\.[ch]$/, 'mod_datasync.c', 'src');

guard('includes point one way', files => \@c, faults => \&layer_faults,
      bad => [['src/core/x.c', qq(#include "dsm_auth.h"\n)],
              ['src/format/x.c', qq(#include "ds_db.h"\n)],
              ['src/db/x.c', qq(#include "ds_launch.h"\n)],
              ['src/worker/x.c', qq(#include "dsm_auth.h"\n)],
              ['src/core/x.c', qq(#include "ds_src_spec.h"\n)],
              ['src/source/x.c', qq(#include "ds_db.h"\n)],
              ['src/elsewhere/x.c', '']],
      good => [['src/api/x.c', qq(#include "ds_launch.h"\n#include <string.h>\n)]]);
guard('the prefix of a file is that of its folder', files => [grep { m{^src/} } @c],
      faults => sub {
          my ($file) = @_;
          my ($folder, $name) = $file =~ m{^src/(\w+)/([^/]+)$} or return "$file: stands in no layer";
          return (layer($name) // '') eq $folder ? () : "$file: the prefix is not that of src/$folder";
      },
      bad => [['src/core/dsm_x.c', ''], ['src/web/ds_x.c', ''], ['src/format/csv.c', '']],
      good => [['src/api/dsm_api_x.c', '']]);
guard('only mod_datasync.c, src/web and src/api know httpd', files => \@c, faults => \&httpd_faults,
      bad => [['src/core/x.c', "#include <httpd.h>\n"], ['src/worker/x.c', "#include <http_log.h>\n"]],
      good => [['src/web/x.c', "#include <httpd.h>\n"]]);
guard('only src/db calls apr_dbd', files => \@c, faults => \&dbd_faults,
      bad => [['src/core/x.c', "#include <apr_dbd.h>\n"], ['src/web/x.c', "apr_dbd_query(a, b);"], ['src/core/y.c', "PQexec(a, b);"],
              ['src/worker/dsw_export.c', "sqlite3_open(a);"], ['src/worker/dsw_sandbox.c', "apr_dbd_query(a);"]],
      good => [['src/worker/dsw_sandbox.c', "sqlite3_open(a);"], ['src/core/x.c', "/* apr_dbd_query */"], ['src/db/x.c', "apr_dbd_query(a);"]]);
guard('the clock of the machine decides nothing', files => \@c, faults => \&clock_faults,
      bad => [['src/core/x.c', "a = apr_time_now();"]], good => [['src/web/dsm_limit.c', "a = apr_time_now();"], ['src/core/x.c', "/* apr_time_now */"]]);
guard('src/format is pure', files => [grep { m{^src/format/} } @c], faults => \&pure_faults,
      bad => [['src/format/x.c', "#include <apr_file_io.h>\n"], ['src/format/x.c', "#include <jansson.h>\n"]]);
done_testing;
