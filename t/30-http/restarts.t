#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Restarts and stops under load, and another build of the module
# (t/90-long/restarts.t with more of each).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint qw(slurp);
use PWR::Restarts;
use Test::More;

# What tells sources apart, made another by one digit.
sub another_build {
    my $walk = shift;
    my $bytes = slurp(this_build());
    my ($id) = slurp(($ENV{PWR_BUILD} || "$FindBin::Bin/../../build") . '/mod_pwreset/httpd/source_id.c') =~ /= "(.*)"/;
    my $other = $id =~ s/^(\d)/($1 + 1) % 10/er;
    is($bytes =~ s/\Q$id\E\0/$other\0/g, 1, 'the id is in the module');
    return $walk->httpd->write('other.so', $bytes);
}

my $walk = restarting_walk();
restarts($walk, people => 12, clients => 3, times => 5);
stops($walk, 6);
upgrades($walk, another_build($walk));
$walk->httpd->done;
done_testing();
