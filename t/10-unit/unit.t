#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Runs every C unit test program and repeats its results here.
use strict;
use warnings;
use FindBin;
use TAP::Parser;
use Test::More;

$ENV{PWR_TOP} = "$FindBin::Bin/../..";       # where t/vectors is
my $build = $ENV{PWR_BUILD} || "$FindBin::Bin/../../build";
my @programs = map { m{([^/]+)\.c$} } sort glob "$FindBin::Bin/*.c";

for my $name (@programs) {
    my $program = "$build/t/10-unit/$name";
    if (!-x $program) {
        fail("$name was built ($program)");
        next;
    }
    my $parser = TAP::Parser->new({exec => [$program], merge => 0});
    while (my $result = $parser->next) {
        ok($result->is_ok, "$name: " . $result->description =~ s/^- //r) if $result->is_test;
        diag($result->as_string) if $result->is_comment;
    }
    ok(!$parser->has_problems && $parser->exit == 0, "$name ended well");
}
done_testing();
