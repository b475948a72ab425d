#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Five hundred recoveries in flight, while processes are killed at random
# moments and leases end when they end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Deaths;
use Test::More;

deaths(people => 500, clients => 20, every_sec => 0.7);
done_testing();
