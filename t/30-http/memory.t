#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The short form of t/90-long/memory.t: it finds what a request leaves behind if
# that is more than some hundred bytes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Memory;
use Test::More;

use constant {WARM => 6000, STEP => 8000, LEFT_BYTES_MAX => 400, BYTES_OF_MB => 1_048_576};

plan skip_all => 'the kernel has no smaps_rollup' if !PWR::Memory->can_tell;
my $memory = PWR::Memory->new;
my @mb = map { $memory->after($_) } WARM, STEP;
my $left = BYTES_OF_MB * ($mb[1] - $mb[0]) / STEP;
cmp_ok($left, '<=', LEFT_BYTES_MAX, sprintf 'a request leaves %.0f bytes', $left);
$memory->done;
done_testing();
