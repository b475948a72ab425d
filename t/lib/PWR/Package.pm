# SPDX-License-Identifier: Apache-2.0
# Programs whose Debian packages would start a service: downloaded and unpacked,
# not installed.
#
#   my $folder = PWR::Package::unpacked('haproxy') // plan skip_all => ...;
#   "$folder/usr/sbin/haproxy"
package PWR::Package;
use strict;
use warnings;
use File::Temp qw(tempdir);

my %folder;

# Where it lies until this process ends; undef where it cannot be had.
sub unpacked {
    my $name = shift;
    return $folder{$name} //= do {
        my $dir = tempdir("pwr-$name-XXXXXX", TMPDIR => 1, CLEANUP => 1);
        chmod 0755, $dir;
        system("cd '$dir' && apt-get -q download '$name' >log 2>&1 && dpkg-deb -x ${name}_*.deb . >>log 2>&1") == 0
            ? $dir : undef;
    };
}

1;
