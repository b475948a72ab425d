# SPDX-License-Identifier: Apache-2.0
# What came of a case: medians, spreads, ratios, and whether its bars are met.
#
#   my $result = Bench::Report::judge($case, @rounds);
#   print Bench::Report::table($result, ...);       # Markdown
package Bench::Report;
use strict;
use utf8;
use warnings;
use List::Util qw(max min sum);

# [least, median, greatest]; nothing of nothing.
sub spread {
    my @sorted = sort { $a <=> $b } grep { defined } @_ or return undef;
    my $middle = ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
    return [$sorted[0], $middle, $sorted[-1]];
}

my %is = ('>=' => sub { $_[0] >= $_[1] }, '<=' => sub { $_[0] <= $_[1] }, '<' => sub { $_[0] < $_[1] });

# "ratio >= 0.95", or "value <= 2".
sub _bar {
    my ($text, $figure) = @_;
    my ($of, $sign, $number) = split ' ', $text;
    my $got = $of eq 'ratio' ? $figure->{ratio} : $figure->{value};
    return {bar => $text, number => 0 + $number, of => $of, is_met => $got && $is{$sign}->($got->[1], $number) ? \1 : \0};
}

# A ratio is that of the two sides of a round: what slowed both is not in it.
sub _figure {
    my ($row, @rounds) = @_;
    my ($name, $unit, @bars) = @$row;
    my @own = map { $_->{own}{$name} } @rounds;
    my @limit = map { $_->{limit} ? $_->{limit}{$name} : undef } @rounds;
    my %figure = (name => $name, unit => $unit, value => spread(@own), limit => spread(@limit),
        ratio => spread(map { $limit[$_] ? $own[$_] / $limit[$_] : undef } 0 .. $#rounds));
    $figure{bars} = [map { _bar($_, \%figure) } @bars];
    return \%figure;
}

# The median of each process's time.
sub _cpu {
    my ($side, @rounds) = @_;
    my %all;
    for my $cpu (map { $_->{$side}{cpu} // {} } @rounds) {
        push @{$all{$_}}, $cpu->{$_} for keys %$cpu;
    }
    return {map { $_ => spread(@{$all{$_}})->[1] } keys %all};
}

# What did not count, of all rounds together.
sub _others {
    my ($side, @rounds) = @_;
    my %n;
    for my $run (map { $_->{$side} // () } @rounds) {
        $n{$_} += $run->{other_statuses}{$_} for keys %{$run->{other_statuses} // {}};
        $n{'socket errors'} += $run->{socket_errors} if $run->{socket_errors};
    }
    return \%n;
}

sub judge {
    my ($case, @rounds) = @_;
    return {
        (map { $_ => $case->{$_} } qw(name what beside)), rounds => \@rounds,
        others => spread(map { map { $_->{others} } grep { defined } @$_{qw(own limit)} } @rounds),
        figures => [map { _figure($_, @rounds) } @{$case->{figures}}],
        map { my $side = $_; ("cpu_$side" => _cpu($side, @rounds), "others_$side" => _others($side, @rounds)) } qw(own limit),
    };
}

# --- the table ------------------------------------------------------------------

# Three digits, and what stands before them.
sub number {
    my $n = shift;
    return '0' if !$n;
    my $digits = max(0, 2 - int(log(abs $n) / log 10));
    my $text = sprintf '%.*f', min(3, $digits), $n;
    1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
    return $text;
}

sub _spread_text {
    my $spread = shift or return '–';
    my ($least, $middle, $greatest) = map { number($_) } @$spread;
    return $least eq $greatest ? $middle : "$middle ($least–$greatest)";
}

sub _cpu_text {
    my $cpu = shift;
    my @parts = map { $cpu->{$_} ? number($cpu->{$_}) . ($_ eq 'loop' ? '' : " $_") : () } qw(httpd database loop);
    return @parts ? join ' + ', @parts : '–';
}

sub _others_text {
    my $result = shift;
    my @texts = map {
        my ($side, $n) = ($_, $result->{"others_$_"});
        map { ($side eq 'own' ? '' : 'limit: ') . number($n->{$_}) . " $_" } sort keys %$n
    } qw(own limit);
    return @texts ? join ', ', @texts : '–';
}

my @head = ('case', 'measured', 'limit', 'ratio', 'bar', 'met', 'processor, us each', 'of the limit', 'not counted');

sub _rows {
    my $result = shift;
    return map {
        my $figure = $_;
        my @bars = @{$figure->{bars}};
        [$result->{name} . ($figure->{name} eq 'rate' ? '' : ", $figure->{name}"),
            _spread_text($figure->{value}) . ($figure->{unit} ? " $figure->{unit}" : ''), _spread_text($figure->{limit}),
            _spread_text($figure->{ratio}), join(', ', map { $_->{bar} =~ s/^value //r } @bars),
            join(', ', map { ${$_->{is_met}} ? 'yes' : 'NO' } @bars), _cpu_text($result->{cpu_own}),
            _cpu_text($result->{cpu_limit}), _others_text($result)]
    } @{$result->{figures}};
}

sub table {
    my @rows = ([@head], map { _rows($_) } @_);
    my @width = map { my $i = $_; max(map { length $_->[$i] } @rows) } 0 .. $#head;
    my @lines = map { my $row = $_; join ' | ', map { sprintf '%-*s', $width[$_], $row->[$_] } 0 .. $#head } @rows;
    splice @lines, 1, 0, join ' | ', map { '-' x $_ } @width;
    return join '', map { "| $_ |\n" } @lines;
}

1;
