#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A site's backlog of any length delays no other site's mail.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Jobs;
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {BACKLOG => 7000, PROMPT_SEC => 20};

my $sites = PWR::Sites->new({slow => 'PwResetLimit forgot-site 1/1h 1', b => ''}, database => 'sqlite',
    global => 'PwResetLimit None');
my $walk = $sites->walk;
$walk->add('olga');
my $dbh = $walk->db->dbh;
my $realm = 'slow.test:' . $walk->httpd->port . '/account';
$dbh->begin_work;
$walk->sql(q(INSERT INTO pwreset_job (id, kind, realm, identifier, identify_by, address, created, due)
    VALUES (?, 'recover', ?, ?, 1, ?, 1, 1)), sprintf('%032x', $_), $realm, "nobody$_\@example.org",
    join('.', 10, int($_ / 65536), int($_ / 256) % 256, $_ % 256)) for 1 .. BACKLOG;
$dbh->commit;
my $begin = time;
is($sites->client('b')->post('/account/forgot', [email => 'olga@example.org'])->status, 200, 'another site');
my $mail = $walk->mail_to('olga@example.org', PROMPT_SEC);
ok($mail, sprintf 'its mail comes: %.1f s', time - $begin);
note($walk->value('SELECT COUNT(*) FROM pwreset_job'), ' jobs are left');
$walk->sql('DELETE FROM pwreset_job');
$walk->httpd->done;
done_testing();
