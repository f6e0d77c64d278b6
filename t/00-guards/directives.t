# A directive that the reference does not know cannot be found; one that httpd does not know stops it.
use strict;
use warnings FATAL => 'all';
use DSGuard;
use Test::More;

# Names of directives in the code: <Section> with its words as "Section Word".
sub names_in_code {
    my ($text) = @_;
    my @names = $text =~ /\bAP_INIT_\w+\(\s*"<?(\w+)"/g;
    return map { $_ => 1 } @names;
}

# The words of one section: those of the only dsm_word_t table of its file.
sub words_in_code {
    my ($text) = @_;
    my ($table) = $text =~ /\bdsm_word_t\s+\w+\[\]\s*=\s*\{(.*?)\n\};/s or return;
    return $table =~ /^\s*\{"(\w+)"/gm;
}

# What the reference documents: directives, and words inside sections. A line may be commented out
# by one # directly before its word.
sub names_in_reference {
    my ($text) = @_;
    my (%found, $section);
    for (split /\n/, $text) {
        if (m{^\s*#?<(DataSync\w*)\s}) {
            $section = $1;
            $found{$section} = 1;
        }
        elsif (m{^\s*#?</}) {
            undef $section;
        }
        elsif ($section && /^\s*#?([A-Z]\w+)\s/) {
            $found{"$section $1"} = 1;
        }
        elsif (/^\s*#?(DataSync\w+)\s/) {
            $found{$1} = 1;
        }
    }
    return %found;
}

sub differences {
    my ($code, $reference) = @_;
    return ((map { "$_ is not in the reference" } grep { !$reference->{$_} } sort keys %$code),
            (map { "$_ is in the reference alone" } grep { !$code->{$_} } sort keys %$reference));
}

# Members of the configuration whose unset value is not made, or that no merge looks at. Those of the
# main server alone are taken over whole.
sub member_faults {
    my ($header, $source) = @_;
    my ($main, $host) = $header =~ m{/\* Main server only(.*?)/\* Server and virtual host\. \*/(.*?)\}\s*dsm_config_t;}s
        or return 'the members of dsm_config_t were not found';
    my ($create) = $source =~ /^void \*dsm_config_create\((.*?)^\}/ms;
    my ($merge) = $source =~ /^void \*dsm_config_merge\((.*?)^\}/ms;
    my $members = "$main$host";
    my @faults;
    while ($members =~ m{^    [a-z][^;]*?\b(\w+);(.*)$}gm) {
        my ($member, $comment) = ($1, $2);
        my ($unset) = $comment =~ m{^\s*/\* (NULL|DSM_UNSET)\b};
        push @faults, "$member: its comment does not begin with its unset value" unless $unset;
        push @faults, "$member: dsm_config_create does not unset it"
            if ($unset // '') eq 'DSM_UNSET' && ($create // '') !~ /->$member = DSM_UNSET/;
    }
    push @faults, 'what is of the main server alone is not taken over by a virtual host'
        unless ($merge // '') =~ /apr_pmemdup\(pool, base\b/;
    push @faults, map { "$_: dsm_config_merge does not merge it" }
        grep { ($merge // '') !~ /->$_\b/ } $host =~ /^    [a-z][^;]*?\b(\w+);/gm;
    return @faults;
}

my %sample = (names_in_code('AP_INIT_TAKE1("DataSyncA", x) AP_INIT_RAW_ARGS("<DataSyncB", x)'),
              map { ("DataSyncB $_" => 1) } words_in_code("static const dsm_word_t w[] = {\n    {\"Field\", 1},\n    {NULL},\n};\n"));
is_deeply [sort keys %sample], ['DataSyncA', 'DataSyncB', 'DataSyncB Field'], 'the guard reads directives and words of sections';
is_deeply [differences(\%sample, {names_in_reference("#DataSyncA x\n<DataSyncB y>\n    Key z\n</DataSyncB>\nDataSyncC q\n")})],
    ['DataSyncB Field is not in the reference', 'DataSyncB Key is in the reference alone', 'DataSyncC is in the reference alone'],
    'the guard sees what only one of both knows';
my $header = "/* Main server only */\n    int a; /* DSM_UNSET; x */\n"
    . "/* Server and virtual host. */\n    int b; /* NULL; x */\n    int c;\n} dsm_config_t;";
is scalar(member_faults($header, "void *dsm_config_create(x\n{\n}\nvoid *dsm_config_merge(x\n{\n}\n")), 5,
    'the guard sees a member without its unset value, comment or merge rule';

my %code = names_in_code(text('src/web/dsm_config.c'));
for (['DataSyncObject', 'src/web/dsm_config_object.c'], ['DataSync', 'src/web/dsm_config_sync.c'],
     ['DataSyncClient', 'src/web/dsm_config_client.c']) {
    my ($section, $file) = @$_;
    my @words = words_in_code(text($file));
    cmp_ok scalar @words, '>', 2, "<$section> has words to check";
    $code{"$section $_"} = 1 for @words;
}
cmp_ok scalar keys %code, '>', 10, 'there are directives to check';
my %reference = names_in_reference(eval { text('conf/datasync-reference.conf') } // '');
my @differences = differences(\%code, \%reference);
ok !@differences, 'conf/datasync-reference.conf has exactly the directives that exist' or diag join "\n", @differences;
my @faults = member_faults(text('src/web/dsm_config.h'), text('src/web/dsm_config.c'));
ok !@faults, 'every member of the configuration has its unset value and its merge rule' or diag join "\n", @faults;
done_testing;
