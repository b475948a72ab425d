#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the filter of conf/fail2ban finds in lines of a real httpd: guesses, and
# never the host itself or a private network.  (t/90-long/fail2ban.t asks
# fail2ban itself.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Audit;
use PWR::Fail2ban;
use PWR::Walk;
use Test::More;

my $walk = PWR::Walk->new('sqlite', modules => ['remoteip'], conf => PWR::Fail2ban::CONF);
$walk->add('ivan');
$walk->{string} = {$walk->strings('ivan')}->{ivan};
$walk->sql('DELETE FROM pwreset_token');
my %want = PWR::Fail2ban::attack($walk);
my $file = $walk->httpd->root . '/logs/audit.log';
my $audit = PWR::Audit->new($file);
is_deeply([$audit->faults], [], 'the lines are as documented');
my %from = map { $_->{address} => 1 } $audit->events;
is_deeply([grep { !$from{$_} } qw(10.1.2.3 ::1 fd12:3456::1 192.168.1.1 192.0.2.7)], [], 'control: all of them came');
is_deeply({PWR::Fail2ban::read_by_us($file)}, \%want, 'guesses are found, by address');

my %entry = PWR::Fail2ban::entries();
open my $in, '<', "$PWR::Fail2ban::folder/jail.d/mod-pwreset.conf" or die "jail: $!\n";
my $jail = do { local $/; <$in> };
for my $network (qw(127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 fc00::/7 fe80::/10)) {
    like($jail, qr/^ignoreip = [^=]*(?<=\s)\Q$network\E\s/m, "the jail ignores $network");
}
my %row = %{PWR::Audit::documented()};
my @named = map { split /\|/, s/\\//gr } map { $entry{$_}[0] } qw(events guesses);
is_deeply([grep { !$row{$_} || $row{$_}{level} ne 'warning' } @named], [], 'the filter names events that there are');
$walk->settle;
$walk->httpd->done;
done_testing();
