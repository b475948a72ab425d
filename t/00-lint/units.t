#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every file of core/ has a unit test of its name, or of its noun where it is a
# part of one (conf_set.c: conf.c).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

sub untested {
    my $tree = shift;
    return map {
        my ($name) = m{^mod_pwreset/core/(\w+)\.c$};
        my @tests = grep { defined } $name, $name && $name =~ /^([^_]+)_/;
        !$name || grep({ $tree->{"t/10-unit/$_.c"} } @tests) ? () : "$_:1: has no test t/10-unit/$name.c";
    } sort keys %$tree;
}

my $tree = tree(qr{^(?:mod_pwreset/core|t/10-unit)/\w+\.c$});
clean(\&untested, $tree, 'all of core/ has unit tests');
planted(\&untested, {%$tree, 'mod_pwreset/core/new.c' => ''}, qr{core/new\.c.*no test}, 'a file without');
planted(\&untested, {%$tree, 't/10-unit/url.c' => ''}, qr{core/url\.c.*no test}, 'an empty test');
done_testing();
