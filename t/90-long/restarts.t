#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A graceful restart each second for a minute under load, stops, and an upgrade
# and a downgrade between builds whose shared memory is laid out otherwise.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use PWR::Restarts;
use Test::More;

# The module of sources with one counter more, before the others.
sub another_build {
    my $folder = tempdir(CLEANUP => 1);
    my $tree = tree(qr{^(?:mod_pwreset|htdocs|build-aux|docs|conf|t/lib)/|^(?:configure\.ac|Makefile\.am)$});
    $tree->{'mod_pwreset/core/count.h'} =~ s/PWR_COUNT_LOGIN_OK = 0,/PWR_COUNT_PLANTED = 0,\n    PWR_COUNT_LOGIN_OK,/
        or die "count.h is another\n";
    for my $path (sort keys %$tree) {
        make_path(dirname("$folder/$path"));
        open my $out, '>:raw', "$folder/$path" or die "$folder/$path: $!\n";
        print {$out} $tree->{$path};
        close $out or die "$folder/$path: $!\n";
        chmod 0755, "$folder/$path" if -x top() . "/$path";
    }
    my $said = `cd '$folder' && autoreconf -fi 2>&1 && ./configure -q 2>&1 && make -s -j2 mod_pwreset.la 2>&1`;
    is($?, 0, 'another build is made') or diag(substr $said, -3000);
    return "$folder/.libs/mod_pwreset.so", $folder;
}

my ($other, $folder) = another_build();
my $walk = restarting_walk();
restarts($walk, people => 60, clients => 3, times => 60);
stops($walk, 40);
upgrades($walk, $other);
$walk->httpd->done;
done_testing();
