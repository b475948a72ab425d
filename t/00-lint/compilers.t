#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A second compiler has no warning either: everything is built once more by
# clang, in a folder of its own that is kept for the next time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

plan skip_all => 'clang is not installed' if !has_program('clang');
plan skip_all => 'the sanitizers are about the build of one compiler' if $ENV{PWR_ASAN};
my ($top, $folder) = (top(), build() . '/clang');

# Everything is built; what the compiler says is returned.
sub built {
    my $configure = "'$top/configure' -q CC=clang --enable-werror";
    my $made = -e "$folder/Makefile" && -M "$folder/Makefile" < -M "$top/configure";
    my $said = $made ? '' : `mkdir -p '$folder' && cd '$folder' && $configure 2>&1`;
    return ($?, $said) if $?;
    $said = `make -s -C '$folder' check-programs 2>&1`;
    return ($?, $said);
}

my ($status, $said) = built();
ok($status == 0, 'clang -Werror builds everything') or diag($said);

# The control: a file with a warning, under the same flags.
my $planted = on_disk({'bad.h' => "int bad();\n"});
my $found = `make -s -C '$folder' headercheck HEADER='$planted/bad.h' 2>&1`;
like($found, qr/\[-Werror,/, 'control: a warning is an error');
done_testing();
