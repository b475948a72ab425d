#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What `httpd -t` says of configurations that cannot work, in words an admin
# understands.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Httpd;
use Test::More;

my $site = "PwReset On\nPwResetMailFrom a\@example.org";
my $sqlite = "DBDriver sqlite3\nDBDParams \"\${ROOT}/no.db\"";
my $mysql = "DBDriver mysql\nDBDParams";
my $httpd = PWR::Httpd->new;

# [what, global, in the vhost, what is said (none: it is fine)]
my @table = (
    ['a loopback site', $sqlite, $site],
    ['no database', '', $site, qr/DBDriver is missing/],
    ['a driver without parameters', 'DBDriver sqlite3', $site, qr/DBDParams is missing/],
    ['mysql without parameters', 'DBDriver mysql', $site, qr/DBDParams is missing/],
    ['no reconnect=0', "$mysql group=x", $site, qr/DBDParams needs reconnect=0: .*restart/],
    ['reconnect=1', "$mysql \"group=x reconnect=1\"", $site, qr/DBDParams needs reconnect=0/],
    ['no group', "$mysql reconnect=0", $site, qr/DBDParams needs group=NAME.*pwreset-my\.cnf/],
    ['no public URL', "$sqlite\nListen 0.0.0.0:1\n<VirtualHost *:1>\n$site\n</VirtualHost>", '',
        qr/PwResetPublicURL is missing.*httpd\.conf:\d+\)/],
    ['IPv6 loopback', "$sqlite\nListen [::1]:1\n<VirtualHost [::1]:1>\n$site\n</VirtualHost>", ''],
    ['an address that looks like loopback', "$sqlite\nListen [::101]:1\n<VirtualHost [::101]:1>\n$site\n</VirtualHost>",
        '', qr/PwResetPublicURL is missing/],
    ['an address that ends like loopback', "$sqlite\nListen [2001:db8::1]:1\n"
        . "<VirtualHost [2001:db8::1]:1>\n$site\n</VirtualHost>", '', qr/PwResetPublicURL is missing/],
    ['no sender', $sqlite, 'PwReset On', qr/PwResetMailFrom is missing/],
    ['a short lifetime', $sqlite, "$site\nPwResetTokenLifetime 4min", qr/PwResetTokenLifetime must be from 300/],
    ['a long lifetime', $sqlite, "$site\nPwResetTokenLifetime 8d", qr/PwResetTokenLifetime must be from 300/],
    ['no lifetime', $sqlite, "$site\nPwResetTokenLifetime soon", qr/'soon' is not a duration/],
    ['idle for longer than it lives', $sqlite, "$site\nPwResetSessionLifetime 30min", qr/PwResetSessionIdle must not/],
    ['a query without its parameter', $sqlite, "$site\nPwResetIdQuery \"SELECT 1\"", qr/PwResetIdQuery must use :id/],
    ['SELECT after a change', $sqlite, "$site\nPwResetAfterChange \"SELECT 1\"", qr/PwResetAfterChange must be/],
    ['no such zone', $sqlite, "$site\nPwResetTimeZone Mars/Base", qr/there is no zone Mars\/Base/],
    ['no such language', $sqlite, "$site\nPwResetLanguages en tlh", qr/PwResetLanguages: there is no translation/],
    ['no such words', $sqlite, "$site\nPwResetPasswordWords no.txt", qr/PwResetPasswordWords: .*no\.txt/],
    ['for the whole server', $sqlite, "$site\nPwResetMailSlots 2", qr/PwResetMailSlots/],
);

sub said_of {
    my ($global, $conf) = @_;
    $httpd->reconf(global => $global, conf => $conf);
    return $httpd->configtest;
}

for my $row (@table) {
    my ($what, $global, $conf, $want) = @$row;
    my ($status, $said) = said_of($global, $conf);
    if (!$want) {
        is($status, 0, $what) or diag($said);
        next;
    }
    isnt($status, 0, "$what is refused");
    like($said, $want, "$what is told");
}

sub without_dbd {
    $httpd->reconf(global => '', conf => $site);
    my $file = $httpd->conf_file;
    open my $in, '<', $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    $httpd->write('httpd.conf', $text =~ s/^LoadModule dbd_module.*\n//mr);
    my ($status, $said) = $httpd->configtest;
    isnt($status, 0, 'without mod_dbd');
    like($said, qr/mod_dbd is not loaded: add LoadModule dbd_module/, 'with the remedy');
}
without_dbd();

done_testing();
