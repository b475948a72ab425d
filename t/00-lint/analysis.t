#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# cppcheck has nothing to say; what it says wrongly is refuted where it stands.
# clang-tidy, which takes minutes, is in t/90-long/tidy.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

plan skip_all => 'cppcheck is not installed' if !has_program('cppcheck');

# variableScope: variables stand at the beginning of a function, as in httpd.
# httpd's headers are not read, so the macro that makes a text is told.
my @options = (qw(--std=c11 --suppress=variableScope --inline-suppr --quiet -D_GNU_SOURCE -Imod_pwreset),
    '--enable=warning,performance,portability,style', '--template={file}:{line}:{id}:{message}',
    '-DAPR_STRINGIFY(n)=""', '-DPWR_VERSION=""', '-DPWR_HTTPD=""');

sub cppcheck {
    my $tree = shift;
    my $folder = on_disk($tree);
    my $said = `cd '$folder' && cppcheck @{[map { "'$_'" } @options]} . 2>&1`;
    return grep { !/^\s/ } split /\n/, $said;
}

clean(\&cppcheck, tree(qr{^mod_pwreset/.*\.[ch]$}), 'cppcheck');
my %plants = (
    'a step behind an array' => ["int f(void)\n{\n    int a[2];\n    a[2] = 1;\n    return a[0];\n}\n", qr/a\.c:4:arrayIndex/],
    'a variable without a value' => ["int f(void)\n{\n    int a;\n    return a;\n}\n", qr/a\.c:4:uninitvar/],
    'the address of a local variable' => ["int *f(void)\n{\n    int a = 1;\n    return &a;\n}\n", qr/a\.c:4:returnDangling/],
);
planted(\&cppcheck, {'a.c' => $plants{$_}[0]}, $plants{$_}[1], $_) for sort keys %plants;
done_testing();
