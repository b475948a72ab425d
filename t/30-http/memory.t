#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The short form of t/90-long/memory.t: it finds what a request leaves behind if
# that is more than a kilobyte.  What a thread gave back last the allocator keeps
# or not, some megabytes of it, so the most of two looks is what was taken
# before, and the least of two what is later.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(max min);
use PWR::Memory;
use Test::More;

use constant {WARM => 6000, STEP => 4000, LEFT_BYTES_MAX => 400, BYTES_OF_MB => 1_048_576};

plan skip_all => 'the kernel has no smaps_rollup' if !PWR::Memory->can_tell;
my $memory = PWR::Memory->new;
my @mb = map { $memory->after($_) } WARM, (STEP) x 3;
my $left = BYTES_OF_MB * (min(@mb[2, 3]) - max(@mb[0, 1])) / (2 * STEP);
cmp_ok($left, '<=', LEFT_BYTES_MAX, sprintf 'a request leaves %.0f bytes', $left);
$memory->done;
done_testing();
