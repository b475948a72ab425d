#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# clang-tidy with the checks of .clang-tidy has nothing to say; what it says
# wrongly is refuted where it stands (NOLINT and the reason).
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

plan skip_all => 'clang-tidy is not installed' if !has_program('clang-tidy');

my $flags = `make -s -C '@{[build()]}' analysis-flags`;
chomp $flags;
my ($top, $build) = (top(), build());
$flags =~ s{(-I)(?!/)(\S+)}{$1 . (abs_path("$build/$2") || $2)}ge;

# One process for each file, two at a time.
sub tidy {
    my $tree = shift;
    my $folder = on_disk($tree);
    my $files = join ' ', grep { /\.c$/ } sort keys %$tree;
    my $each = "clang-tidy --quiet {} -- -Imod_pwreset $flags";
    my $said = `cd '$folder' && printf '%s\\n' $files | xargs -P2 -I{} $each 2>/dev/null`;
    return map { s{^\Q$folder\E/}{}r } grep { /: (?:warning|error): / } split /\n/, $said;
}

my %rules = %{tree(qr{(?:^|/)\.clang-tidy$})};
clean(\&tidy, {%rules, %{tree(qr{^mod_pwreset/.*\.[ch]$})}}, 'clang-tidy');
my %plants = (
    'a NULL that is followed' => ["int f(const int *a);\nint f(const int *a)\n{\n    return a ? 0 : *a;\n}\n",
        'NullDereference'],
    'a comparison with itself' => ["int f(int a);\nint f(int a)\n{\n    return a == a;\n}\n", 'misc-redundant-expression'],
    'a function for one thread' => [qq{#include <stdlib.h>\nchar *f(void);\nchar *f(void)\n{\n    return getenv("A");\n}\n},
        'concurrency-mt-unsafe'],
);
planted(\&tidy, {%rules, 'mod_pwreset/core/a.c' => $plants{$_}[0]}, qr/a\.c:\d+.*$plants{$_}[1]/, $_) for sort keys %plants;
done_testing();
