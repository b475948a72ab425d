#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Processes are killed at random moments, and nobody's recovery is lost
# (t/90-long/deaths.t with many more).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Deaths;
use Test::More;

deaths(people => 30, clients => 10, every_sec => 0.3, hurry => 1);
done_testing();
