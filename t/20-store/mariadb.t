#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The contract of the store (mod_pwreset/io/store.h) on MariaDB.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Database;
use PWR::Store qw(run_contract);
use Test::More;

run_contract(PWR::Database->new('mysql'));
done_testing();
