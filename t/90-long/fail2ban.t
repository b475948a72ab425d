#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# fail2ban itself reads conf/fail2ban: what its filter finds in lines of a real
# httpd, and that the jail is one.  Debian's package would start a service that
# watches this host, so it is unpacked and not installed.
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Audit;
use PWR::Fail2ban;
use PWR::Package;
use PWR::Walk;
use Test::More;

use constant PYTHON => '/usr/bin/python3';

plan skip_all => 'python3 is not installed' if !-x PYTHON;
my $package = PWR::Package->new('fail2ban');
plan skip_all => $package->problem if $package->problem;
my $folder = $package->folder;

$ENV{PYTHONPATH} = "$folder/usr/lib/python3/dist-packages";
my $conf = "$folder/etc/fail2ban";
copy("$PWR::Fail2ban::folder/$_/mod-pwreset.conf", "$conf/$_/mod-pwreset.conf") or die "$_: $!\n" for qw(filter.d jail.d);
unlink "$conf/jail.d/defaults-debian.conf";

# Output and exit status of one of its programs.
sub ran {
    my ($name, @arguments) = @_;
    my $output = join '', `@{[PYTHON]} '$folder/usr/bin/$name' -c '$conf' @arguments 2>&1`;
    return ($output, $? >> 8);
}

sub found_in {
    my $file = shift;
    my ($output) = ran('fail2ban-regex', '-o', 'ip', $file, 'mod-pwreset');
    my %count;
    $count{$_}++ for split /\n/, $output;
    return %count;
}

my $walk = PWR::Walk->new('sqlite', modules => ['remoteip'], conf => PWR::Fail2ban::CONF);
$walk->add('ivan');
$walk->{string} = {$walk->strings('ivan')}->{ivan};
$walk->sql('DELETE FROM pwreset_token');
my %want = PWR::Fail2ban::attack($walk);
my $file = $walk->httpd->root . '/logs/audit.log';
is_deeply({found_in($file)}, \%want, 'the filter finds guesses, by address');
is_deeply({PWR::Fail2ban::read_by_us($file)}, \%want, 'as our own reading of it');
my ($report) = ran('fail2ban-regex', $file, 'mod-pwreset');
my ($lines, $ignored) = $report =~ /^Lines: (\d+) lines, (\d+) ignored/m;
is($lines, scalar(my @all = PWR::Audit->new($file)->raw), 'all lines are read');
cmp_ok($ignored, '>=', 32, 'those of private networks are passed over');
like($report, qr/\[\Q$lines\E\] \(\?<=/, 'and the time of each is found');

open my $in, '<', "$conf/jail.d/mod-pwreset.conf" or die "jail: $!\n";
my $jail = do { local $/; <$in> };
open my $out, '>', "$conf/jail.d/mod-pwreset.conf" or die "jail: $!\n";
print {$out} $jail =~ s/^(logpath\s*= ).*/$1$file/mr;
close $out or die "jail: $!\n";
my ($test, $status) = ran('fail2ban-client', '-t');
is($status, 0, 'fail2ban takes the jail') or diag($test);
my ($dump) = ran('fail2ban-client', '-d');
like($dump, qr/'addignoreip'.*'?\Q$_\E'?/, "and ignores $_") for qw(127.0.0.0/8 10.0.0.0/8 fc00::/7);
$walk->settle;
$walk->httpd->done;
done_testing();
