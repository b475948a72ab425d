#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The server tests, and the walk of t/50-browser, on the MPMs that the first tier
# does not take.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint qw(has_program);
use TAP::Harness;
use TAP::Parser;
use Test::More;

use constant AT_ONCE => 2;

my $tests = "$FindBin::Bin/..";
my $browser = "$tests/50-browser";

# Run these test files; one test for each, and its skips as skips.
sub run_files {
    my ($mpm, @files) = @_;
    local $ENV{PWR_MPM} = $mpm;
    my (%failed, %skipped);
    my $harness = TAP::Harness->new({verbosity => -3, jobs => AT_ONCE, merge => 1, lib => ["$tests/lib"]});
    $harness->callback(made_parser => sub {
        my ($parser, $job) = @_;
        my $file = $job->[0];
        $parser->callback(test => sub {
            push @{$failed{$file}}, $_[0]->as_string if !$_[0]->is_ok;
            push @{$skipped{$file}}, $_[0]->explanation if $_[0]->has_skip;
        });
        $parser->callback(plan => sub { push @{$skipped{$file}}, $_[0]->explanation if $_[0]->has_skip });
    });
    my $all = $harness->runtests(@files);
    return map { {file => s{^\Q$tests\E/}{}r, is_good => !($all->parsers($_))[0]->has_problems, failed => $failed{$_} // [],
        skipped => $skipped{$_} // []} } @files;
}

sub servers {
    my $mpm = shift;
    for my $run (run_files($mpm, map { sort glob "$tests/$_/*.t" } qw(30-http 40-mail 60-attack))) {
        ok($run->{is_good}, "$mpm: $run->{file}") or diag(map { "$_\n" } @{$run->{failed}});
        SKIP: {
            skip("$mpm: $run->{file}: $_", 1) for @{$run->{skipped}};
        }
    }
    return;
}

sub walk {
    my $mpm = shift;
    local $ENV{PWR_MPM} = $mpm;
    my $parser = TAP::Parser->new({exec => ['node', "$browser/walk.js"]});
    while (my $result = $parser->next) {
        ok($result->is_ok, "$mpm: " . $result->description =~ s/^- //r) if $result->is_test;
        note("figure: $mpm: $1") if $result->is_comment && $result->comment =~ /^figure: (.*)/;
        diag($result->as_string) if $result->is_comment && $result->comment !~ /^figure|^the mail came/;
    }
    ok(!$parser->has_problems && $parser->exit == 0, "$mpm: the walk ended well");
    return;
}

# The control: a file whose test fails on this MPM alone, one that dies, one that
# has nothing to say.
sub control {
    my $folder = tempdir(CLEANUP => 1);
    my %text = (good => 'ok(1);', fails => 'is($ENV{PWR_MPM}, "event");', dies => 'ok(1); die;', mute => 'exit 0;');
    for my $name (keys %text) {
        open my $out, '>', "$folder/$name.t" or die "$folder: $!\n";
        print {$out} "use Test::More; $text{$name} done_testing();\n";
        close $out or die "$folder: $!\n";
    }
    my %is_good = map { $_->{file} =~ m{(\w+)\.t$} ? ($1 => $_->{is_good}) : () } run_files('prefork', glob "$folder/*.t");
    is_deeply([grep { $is_good{$_} } sort keys %is_good], ['good'], 'control: what fails is told from what does not');
    return;
}

control();
for my $mpm (qw(worker prefork)) {
    servers($mpm);
    SKIP: {
        skip('node, or what npm ci brings, is missing', 1) if !has_program('node') || !-d "$browser/node_modules";
        walk($mpm);
    }
}
done_testing();
