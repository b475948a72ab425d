#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A database that is far away: each statement takes a while, none of them long.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Ctl;
use PWR::Database;
use Test::More;
use Time::HiRes qw(time);

my $ctl = PWR::Ctl->new;
my $db = PWR::Database->new('mysql');
%ENV = (%ENV, $db->env);
$ctl->vhosts($ctl->vhost_on($db));
$ctl->runs_ok('schema', {status => 0, out => qr/applied/}, '', qw(schema --apply));
$db->dbh->do("INSERT INTO pwreset_token (realm, digest, purpose, user_id, login, language, job, stamp, created, expires)
    SELECT 'elsewhere', LPAD(HEX(seq), 64, '0'), 'recover', 'x', 'x', 'en', 'x', 'x', 1, seq FROM seq_1_to_100");
$db->dbh->do('CREATE TRIGGER far BEFORE DELETE ON pwreset_token FOR EACH ROW DO SLEEP(0.12)');
my $begin = time;
my ($status, $out, $err) = $ctl->run('', 'purge');
is($status, 0, sprintf 'purge: status %d after %.1f s: %s %s', $status, time - $begin, $out, $err);
is($db->dbh->selectrow_array('SELECT COUNT(*) FROM pwreset_token'), 0, 'all is gone');
done_testing();
