# Readers of exported files that share nothing with what wrote them: CSV by python's csv module, JSON by
# JSON::PP.
package DSRead;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Temp;
use JSON::PP;

our @EXPORT = qw(csv_read ndjson_read);

my $reader = 'import csv, json, sys; f = open(sys.argv[1], encoding="utf-8", newline="");'
    . ' json.dump(list(csv.reader(f, delimiter=sys.argv[2], strict=True)), sys.stdout)';

# The records of CSV bytes, each an array of cells.
sub csv_read {
    my ($text, $delimiter) = @_;
    my $file = File::Temp->new;
    binmode $file;
    print {$file} $text;
    close $file or die "$file: $!";
    open my $in, '-|', 'python3', '-c', $reader, "$file", $delimiter // ',' or die "python3: $!";
    local $/;
    my $json = <$in> // '';
    close $in or die "python3 cannot read the CSV\n";
    return @{decode_json($json)};
}

# The values of its lines.
sub ndjson_read {
    my ($text) = @_;
    $text =~ /(?:\A|\n)\z/ or die "the last line does not end\n";
    return map { decode_json($_) } split /\n/, $text;
}

1;
