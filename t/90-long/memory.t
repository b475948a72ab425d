#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Figures: a million requests for all that we serve leave memory flat: what all
# processes of httpd take together after them is within three per cent of what it
# was after the first hundred thousand.  No process ends in between.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Memory;
use Test::More;

use constant {STEP => $ENV{PWR_MEMORY_STEP} // 100_000, STEPS => $ENV{PWR_MEMORY_STEPS} // 10, MOST => 1.03};

plan skip_all => 'the kernel has no smaps_rollup' if !PWR::Memory->can_tell;
my $memory = PWR::Memory->new(dbd_max => $ENV{PWR_MEMORY_DBD_MAX});
my @mb = map { $memory->after(STEP) } 1 .. STEPS;
cmp_ok($mb[-1], '<=', MOST * $mb[0], sprintf 'memory is flat: %.1f %%', 100 * $mb[-1] / $mb[0]);
$memory->done;
done_testing();
