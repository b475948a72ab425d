#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Figures: a thousand sites of one httpd, with names, senders and looks of their
# own, over one store: they start at once, and share connections, statements and
# the worker.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Many;
use Test::More;

many_sites(1000);
done_testing();
