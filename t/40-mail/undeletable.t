#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A mail is out and its job cannot be deleted: nobody gets it again and again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Jobs;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {LEASES => 4, LOOK_SEC => 5};

my $walk = PWR::Walk->new('mysql');
$walk->add('ivan');
$walk->sql($_) for q(CREATE USER few@'%' IDENTIFIED BY 'few'),
    map { "GRANT SELECT, INSERT, UPDATE, DELETE ON pwreset_$_ TO few" } qw(meta job token session guess device history user);
$walk->httpd->reconf(global => 'DBDParams "' . $walk->db->params(user => 'few', pass => 'few') . '"')
    ->expect_log(qw(PWR0206 PWR0302))->restart;
my $box = $walk->httpd->mailbox;

sub again {
    my ($name, $n) = @_;
    for (1 .. LEASES) {
        $walk->sql('UPDATE pwreset_job SET lease_until = 0, due = CASE WHEN gave_up = 0 THEN 1 ELSE due END');
        wake($walk);
        my $until = time + LOOK_SEC;
        my $before = $box->runs;
        sleep 0.05 while $box->runs == $before && time < $until;
    }
    return is($box->runs, $n, "$name: one mail, over @{[LEASES]} leases");
}

$walk->sql('REVOKE DELETE ON pwreset_job FROM few');
is(ask($walk, 'ivan@example.org')->status, 200, 'asked');
my $mail = $walk->mail_to('ivan@example.org');
ok($mail, 'a mail');
again('recovery', 1);
my ($job) = jobs($walk);
note(join ', ', map { "$_=" . ($job->{$_} // 'NULL') } sort keys %$job);
is($job->{due}, NEVER, 'its row is put aside');
like($job->{error} // '', qr/sent/, 'and says why');
my $pid = $walk->client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW]);
is($pid->status, 303, 'its string works');
ok($walk->mail_to('ivan@example.org'), 'a notice');
again('notice', 2);
$walk->sql('GRANT DELETE ON pwreset_job TO few');
$walk->sql('DELETE FROM pwreset_job');
$walk->httpd->done;
done_testing();
