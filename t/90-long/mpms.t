#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The walk of t/50-browser on the MPMs that the first tier does not take.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint qw(has_program);
use TAP::Parser;
use Test::More;

my $browser = "$FindBin::Bin/../50-browser";
plan skip_all => 'node, or what npm ci brings, is missing' if !has_program('node') || !-d "$browser/node_modules";

for my $mpm (qw(worker prefork)) {
    local $ENV{PWR_MPM} = $mpm;
    my $parser = TAP::Parser->new({exec => ['node', "$browser/walk.js"]});
    while (my $result = $parser->next) {
        ok($result->is_ok, "$mpm: " . $result->description =~ s/^- //r) if $result->is_test;
        note("figure: $mpm: $1") if $result->is_comment && $result->comment =~ /^figure: (.*)/;
        diag($result->as_string) if $result->is_comment && $result->comment !~ /^figure|^the mail came/;
    }
    ok(!$parser->has_problems && $parser->exit == 0, "$mpm: the walk ended well");
}
done_testing();
