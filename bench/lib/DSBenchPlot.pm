# Panels of lines with logarithmic axes, as SVG.
package DSBenchPlot;
use strict;
use warnings FATAL => 'all';

my ($width, $height, $margin) = (420, 300, 56);
my @colours = ('#1f6feb', '#d1242f', '#1a7f37');

sub log10 { return log($_[0]) / log 10 }

# The powers of ten around values, as exponents: (first, last).
sub axis {
    my @exponents = map { log10($_) } @_;
    my ($low, $high) = (sort { $a <=> $b } @exponents)[0, -1];
    my $first = $low < 0 ? -int(-$low + 0.999) : int $low;
    my $last = $high < 0 ? -int(-$high) : int($high + 0.999);
    return ($first, $last > $first ? $last : $first + 1);
}

sub label {
    my ($exponent) = @_;
    return $exponent >= 6 ? 10**($exponent - 6) . 'M' : $exponent >= 3 ? 10**($exponent - 3) . 'k' : 10**$exponent;
}

sub text_element {
    my ($x, $y, $text, $more) = @_;
    return sprintf qq{<text x="%.1f" y="%.1f" %s>%s</text>\n}, $x, $y, $more // '', $text;
}

sub series_elements {
    my ($name, $index, $points, $place) = @_;
    my $colour = $colours[$index];
    my @places = map { [$place->(@$_)] } @$points;
    my $svg = sprintf qq{<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>\n}, $colour,
        join ' ', map { sprintf '%.1f,%.1f', @$_ } @places;
    $svg .= sprintf qq{<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>\n}, @$_, $colour for @places;
    for my $i (0 .. $#$points) {
        $svg .= text_element($places[$i][0], $places[$i][1] - 7 + 20 * $index, sprintf('%.3g', $points->[$i][1]),
                             qq{text-anchor="middle" font-size="10" fill="$colour"});
    }
    return $svg . text_element($margin + 8, $margin - 8 + 14 * $index, $name, qq{font-size="11" fill="$colour"});
}

sub panel {
    my ($panel) = @_;
    my @points = map { @$_ } values %{$panel->{series}};
    my ($left, $right) = axis(map { $_->[0] } @points);
    my ($bottom, $top) = axis(map { $_->[1] } @points);
    my $place = sub {
        my ($x, $y) = @_;
        return ($margin + ($width - 2 * $margin) * (log10($x) - $left) / ($right - $left),
                $height - $margin - ($height - 2 * $margin) * (log10($y) - $bottom) / ($top - $bottom));
    };
    my $svg = text_element($width / 2, 20, $panel->{title}, 'text-anchor="middle" font-weight="bold"')
        . text_element($width / 2, $height - 14, $panel->{x}, 'text-anchor="middle"')
        . text_element(0, 0, $panel->{y}, sprintf 'text-anchor="middle" transform="translate(14,%d) rotate(-90)"', $height / 2);
    for my $exponent ($left .. $right) {
        my ($x) = $place->(10**$exponent, 10**$bottom);
        $svg .= sprintf qq{<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#ccc"/>\n}, $x, $x, $margin, $height - $margin;
        $svg .= text_element($x, $height - $margin + 16, label($exponent), 'text-anchor="middle"');
    }
    for my $exponent ($bottom .. $top) {
        my (undef, $y) = $place->(10**$left, 10**$exponent);
        $svg .= sprintf qq{<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ccc"/>\n}, $margin, $width - $margin, $y, $y;
        $svg .= text_element($margin - 6, $y + 4, label($exponent), 'text-anchor="end"');
    }
    my $index = 0;
    $svg .= series_elements($_, $index++, $panel->{series}{$_}, $place) for sort keys %{$panel->{series}};
    return $svg;
}

# Two panels in a row. Each: title, x, y, series => {name => [[x, y], ...]}.
sub write {
    my ($path, @panels) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    printf {$out} qq{<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">\n}
        . qq{<rect width="100%%" height="100%%" fill="white"/>\n}, 2 * $width, $height * int((@panels + 1) / 2);
    for my $i (0 .. $#panels) {
        printf {$out} qq{<g transform="translate(%d,%d)">\n%s</g>\n}, $width * ($i % 2), $height * int($i / 2), panel($panels[$i]);
    }
    print {$out} "</svg>\n";
    close $out or die "$path: $!\n";
}

1;
