#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Figures: many sites of one httpd, with names and senders of their own, over one
# store: they share connections, statements and the worker.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Many;
use Test::More;

many_sites(100);
done_testing();
