#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A database whose jobs can be read and not be taken (read-only, full, a grant
# that lacks) delays no mail of another database's sites.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Jobs;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {SITES => 10, PROMPT_SEC => 5};

my $other = PWR::Walk->new('sqlite', start => 0);
my $params = $other->db->params;
my $sites = join '', map { <<"CONF" } 1 .. SITES;
<VirtualHost 127.0.0.1:\${PORT2}>
    ServerName s$_.test
    DBDParams "$params"
    PwReset On
    PwResetRealm broken$_
    PwResetPublicURL http://s$_.test:\${PORT2}
    PwResetMailFrom noreply\@example.org
    PwResetSendmail "\${SENDMAIL}" "\${MAILDIR}"
</VirtualHost>
CONF
my $walk = PWR::Walk->new('sqlite', start => 0, ports => 1, global => "Listen 127.0.0.1:\${PORT2}\n$sites");
$other->sql(q(INSERT INTO pwreset_job (id, kind, realm, identifier, identify_by, created, due)
    VALUES (?, 'recover', ?, 'x@example.org', 1, 1, 1)), sprintf('%032x', $_), "broken$_") for 1 .. SITES;
$other->sql(q(CREATE TRIGGER kept BEFORE UPDATE ON pwreset_job BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END));
$walk->add("p$_") for 1 .. 12;
# (as PWR::Httpd does with its own)
my $account = PWR::Httpd::account();
chown $account->{uid}, $account->{gid}, $other->db->dir, glob "$params*" if $> == 0;
$walk->httpd->expect_log(qw(PWR0203))->allow_log(qw(PWR0213 PWR0212))->start;
for my $n (1 .. 3) {
    my $begin = time;
    is(ask($walk, "p$n\@example.org")->status, 200, "p$n asks");
    my $mail = $walk->mail_to("p$n\@example.org", 90);
    cmp_ok(time - $begin, '<', PROMPT_SEC, sprintf 'mail %d came after %.1f s', $n, time - $begin);
}
# several at once
my $begin = time;
ask($walk, "p$_\@example.org") for 4 .. 12;
$walk->mail_to("p$_\@example.org", 120) for 4 .. 12;
cmp_ok(time - $begin, '<', PROMPT_SEC, sprintf 'nine more after %.1f s', time - $begin);
$walk->settle;
$walk->httpd->done;
done_testing();
