# SPDX-License-Identifier: Apache-2.0
# A picture of a result: each round a dot, the medians and the bar as lines.
#
#   my $svg = Bench::Plot::svg($result);        # of Bench::Report
package Bench::Plot;
use strict;
use warnings;
use Bench::Report;
use List::Util qw(max);
use POSIX qw(floor);

use constant {WIDTH => 640, HEIGHT => 260, LEFT => 80, RIGHT => 30, TOP => 56, BOTTOM => 44, LINES => 4};

my %color = (own => '#0b6e4f', limit => '#8a8a8a', bar => '#b3261e');

sub _escaped { return $_[0] =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr }

sub _text {
    my ($x, $y, $text, $more) = @_;
    return sprintf '<text x="%.1f" y="%.1f" %s>%s</text>', $x, $y, $more // '', _escaped($text);
}

# The least of 1, 2, 5, 10, 20... with which so many lines reach so far.
sub _step {
    my ($top, $lines) = @_;
    my $unit = 10**floor(log($top / $lines) / log 10);
    my ($step) = grep { $_ * $unit * $lines >= $top } 1, 2, 5, 10;
    return $step * $unit;
}

# What is a bar in the unit of the figure: a ratio is of the limit's median.
sub _bar_value {
    my ($bar, $figure) = @_;
    return $bar->{number} if $bar->{of} eq 'value';
    return $figure->{limit} ? $bar->{number} * $figure->{limit}[1] : undef;
}

sub _panel {
    my ($result, $figure) = @_;
    my ($name, $n) = ($figure->{name}, scalar @{$result->{rounds}});
    my %values = map { my $side = $_; $side => [map { $_->{$side} ? $_->{$side}{$name} : undef } @{$result->{rounds}}] }
        qw(own limit);
    my @bars = grep { defined } map { _bar_value($_, $figure) } @{$figure->{bars}};
    my $step = _step(max(1e-9, @bars, map { grep { defined } @$_ } values %values), LINES);
    my $top = LINES * $step;
    my $x = sub { LEFT + (WIDTH - LEFT - RIGHT) * ($_[0] + 0.5) / $n };
    my $y = sub { HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * $_[0] / $top };
    my $line = sub {
        my ($at, $style) = @_;
        return sprintf '<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" %s/>', LEFT, WIDTH - RIGHT, ($y->($at)) x 2, $style;
    };
    my @parts = map {
        $line->($_, 'stroke="#ddd"'), _text(LEFT - 8, $y->($_) + 4, Bench::Report::number($_), 'text-anchor="end"')
    } map { $_ * $step } 0 .. LINES;
    push @parts, map { $line->($_, qq(stroke="$color{bar}" stroke-dasharray="6 4")) } @bars;
    for my $side (qw(limit own)) {
        my $spread = $figure->{$side eq 'own' ? 'value' : 'limit'} or next;
        push @parts, $line->($spread->[1], qq(stroke="$color{$side}")), map {
            defined $values{$side}[$_] ? sprintf '<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>', $x->($_),
                $y->($values{$side}[$_]), $color{$side} : ()
        } 0 .. $n - 1;
    }
    return join "\n", @parts, _text(LEFT, HEIGHT - 14, "$name" . ($figure->{unit} ? ", $figure->{unit}" : '')
        . ", round 1 to $n");
}

sub svg {
    my $result = shift;
    my @figures = @{$result->{figures}};
    my $height = HEIGHT * @figures;
    my $i = 0;
    my @panels = map { sprintf qq(<g transform="translate(0 %d)">\n%s\n</g>), HEIGHT * $i++, _panel($result, $_) } @figures;
    return join "\n", qq(<svg xmlns="http://www.w3.org/2000/svg" width="@{[WIDTH]}" height="$height")
        . ' font-family="sans-serif" font-size="12">', qq(<rect width="100%" height="100%" fill="#fff"/>),
        _text(LEFT, 20, $result->{what}, qq(fill="$color{own}" font-weight="bold")),
        _text(LEFT, 38, "limit: $result->{beside}; dashed: the bar", qq(fill="$color{limit}")), @panels, "</svg>\n";
}

1;
