# SPDX-License-Identifier: Apache-2.0
# prove's harness, with the skipped tests counted and printed at the end, and
# lines "figure: NAME = VALUE" of the tests' notes kept in the file that
# PWR_FIGURES names, and behind them how each file ended.  What measures runs alone, before the others share the
# machine.  Use: PERL5LIB=t/lib prove --harness Skips
package Skips;
use strict;
use warnings;
use parent 'TAP::Harness';

my @measuring = map { "t/90-long/$_.t" } qw(flood timing);

sub _initialize {
    my ($self, $options) = @_;
    return $self->SUPER::_initialize({rules => {seq => [@measuring, {par => '**'}]}, %$options});
}

# Hear of every skip in `$parser`, in subtests too, as (file, reason).
sub _listen {
    my ($parser, $file, $skip) = @_;
    $parser->callback(test => sub { $skip->($file, $_[0]->explanation) if $_[0]->has_skip });
    $parser->callback(plan => sub { $skip->($file, $_[0]->explanation) if $_[0]->has_skip });
    $parser->callback(unknown => sub {
        $skip->($file, $1) if $_[0]->raw =~ /^\s+ok\b.*?# skip\S*\s*(.*)/i;
    });
    $parser->callback(comment => sub { _keep_figure($1) if $_[0]->comment =~ /^(figure: .*)/ });
    return;
}

sub _keep_figure {
    my $file = $ENV{PWR_FIGURES} or return;
    open my $out, '>>', $file or die "$file: $!\n";
    print {$out} "$_[0]\n";
    close $out or die "$file: $!\n";
    return;
}

sub _keep_endings {
    my $aggregate = shift;
    for my $file ($aggregate->descriptions) {
        my ($parser) = $aggregate->parsers($file);
        _keep_figure(sprintf 'figure: %s: %s in %d s', $file, $parser->has_problems ? 'FAILED' : 'passed',
            $parser->end_time - $parser->start_time);
    }
    return;
}

sub runtests {
    my ($self, @files) = @_;
    my %times;
    my $skip = sub { $times{"$_[0]: " . ($_[1] || 'no reason given')}++ };
    $self->callback(made_parser => sub { _listen($_[0], $_[1][1], $skip) });
    my $aggregate = $self->SUPER::runtests(@files);
    _keep_endings($aggregate);
    my $n = 0;
    $n += $_ for values %times;
    print "Skipped: $n\n";
    print "  $times{$_} x $_\n" for sort keys %times;
    return $aggregate;
}

1;
