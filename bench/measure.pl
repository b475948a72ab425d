#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Usage: measure.pl KIND OUT QUICK KEEP [CASE...], by bench/run, which says what
# it is for; `measure.pl --list` lists the cases.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../t/lib";
use Bench::Case;
use Bench::How;
use Bench::Plot;
use Bench::Report;
use JSON::PP;
use List::Util qw(max);
use POSIX qw(strftime);
use Test::More;

use constant {ROUNDS => 5, SECONDS => 5, QUICK_ROUNDS => 2, QUICK_SECONDS => 1, PEOPLE => 20_000, PEOPLE_PER_SEC => 960};

my $top = abs_path("$FindBin::Bin/..");

sub list {
    printf "%-16s %s\n%-16s   beside: %s\n", $_->{name}, $_->{what}, '', $_->{beside} for Bench::Case::all();
    return;
}

sub first_line {
    my @lines = split /\n/, `$_[0] 2>&1`;
    return $lines[0] // '';
}

# Where and when it was measured.
sub circumstances {
    my ($kind, $is_quick) = @_;
    my ($model) = `grep -m 1 'model name' /proc/cpuinfo` =~ /:\s*(.*)/;
    my $commit = first_line("git -C '$top' rev-parse --short HEAD");
    $commit .= ' and changes' if system("git -C '$top' diff --quiet HEAD 2>/dev/null") != 0;
    return {
        database => $kind eq 'mysql' ? first_line('mariadbd --version') =~ s/^\S*mariadbd\s+//r : 'SQLite',
        httpd => first_line(PWR::HttpdConf::program() . ' -v') =~ s/^Server version: //r,
        commit => $commit, date => strftime('%Y-%m-%d %H:%M UTC', gmtime), processors => Bench::Loop::processors(),
        processor => $model // 'unknown', load_before => (split ' ', first_line('cat /proc/loadavg'))[0],
        is_quick => $is_quick ? JSON::PP::true : JSON::PP::false,
    };
}

# What others did meanwhile.
sub others {
    my @all = map { $_->{others} // () } @_ or return '';
    return sprintf ', others took %.0f %% of the processors at the median, %.0f %% in the worst round',
        Bench::Report::spread(map { $_->[1] } @all)->[1], max(map { $_->[2] } @all);
}

sub words_of {
    my ($of, $others, $rounds, $seconds) = @_;
    return join '', "$of->{date}, commit $of->{commit}, $of->{httpd}, $of->{database}, $of->{processors} x $of->{processor}",
        ", load before $of->{load_before}$others; $rounds rounds of $seconds s",
        $of->{is_quick} ? ' (--quick: short, to see that it works; no figure of it means much)' : '', "\n";
}

# A line that stays on a terminal, and is not written elsewhere.
sub say_now {
    my $text = shift;
    return if !-t STDERR;
    printf STDERR "\r\e[K%.100s", $text;
    return;
}

sub put {
    my ($path, $text) = @_;
    open my $out, '>:encoding(UTF-8)', $path or die "$path: $!\n";
    print {$out} $text;
    close $out or die "$path: $!\n";
    return;
}

# The part of docs/performance.md that a run writes.
sub keep {
    my ($kind, $text) = @_;
    my $path = "$top/docs/performance.md";
    open my $in, '<:encoding(UTF-8)', $path or die "$path: $!\n";
    my $document = do { local $/; <$in> };
    $document =~ s/(<!-- run $kind -->\n).*?(?=<!-- end -->)/$1$text/s or die "$path: no place for $kind\n";
    put($path, $document);
    return;
}

# What the same commit has measured before, by name: a run that broke off is gone
# on with.
sub earlier {
    my ($out, $of) = @_;
    open my $in, '<:raw', "$out/result.json" or return;
    my $old = eval { local $/; JSON::PP->new->decode(<$in>) } or return;
    return if grep { $old->{circumstances}{$_} ne $of->{$_} } qw(commit database is_quick);
    $of->{date} = $old->{circumstances}{date};
    return map { $_->{name} => $_ } @{$old->{cases}};
}

sub ordered {
    my %known = @_;
    return map { $known{$_->{name}} // () } Bench::Case::all();
}

sub run {
    my ($kind, $out, $is_quick, $is_kept, @names) = @_;
    my ($rounds, $seconds) = $is_quick ? (QUICK_ROUNDS, QUICK_SECONDS) : (ROUNDS, SECONDS);
    my %result = (circumstances => circumstances($kind, $is_quick), rounds => $rounds, seconds => $seconds);
    my $processors = $result{circumstances}{processors};
    my %known = earlier($out, $result{circumstances});
    $result{cases} = [ordered(%known)];
    my @cases = @names ? Bench::Case::named(@names) : grep { !$known{$_->{name}} } Bench::Case::all();
    my ($n, $what) = (0, '');
    my $how = Bench::How->new(kind => $kind, rounds => $rounds, seconds => $seconds, is_quick => $is_quick, top => $top,
        processors => $processors, tell => sub { say_now("$n of @{[scalar @cases]}, $what: $_[0]") },
        people => max(PEOPLE, PEOPLE_PER_SEC * $processors * $seconds * ($rounds + 1)));
    for my $case (@cases) {
        ($n, $what) = ($n + 1, $case->{name});
        print STDERR "$n of @{[scalar @cases]}: $what\n" if !-t STDERR;
        my $judged = Bench::Report::judge($case, $how->measure($case));
        $known{$what} = $judged;
        $result{cases} = [ordered(%known)];
        put("$out/$case->{name}.svg", Bench::Plot::svg($judged));
        put("$out/result.json", JSON::PP->new->pretty->canonical->encode(\%result));
    }
    say_now('');
    $how->done;
    my $text = words_of($result{circumstances}, others(@{$result{cases}}), $rounds, $seconds)
        . "\n" . Bench::Report::table(@{$result{cases}});
    put("$out/table.md", $text);
    keep($kind, "\n$text\n") if $is_kept;
    print $text;
    return;
}

binmode STDOUT, ':encoding(UTF-8)';
if (($ARGV[0] // '') eq '--list') {
    list();
    exit 0;
}
my ($kind, $out, $is_quick, $is_kept, @names) = @ARGV;
# The helpers are those of the tests; what they find fails the run.
open my $quiet, '>', '/dev/null' or die "/dev/null: $!\n";
Test::More->builder->output($quiet);
run($kind, $out, $is_quick, $is_kept, @names);
done_testing() if Test::More->builder->current_test;
