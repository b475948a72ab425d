#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Whose mail is next: neither a site with a thousand jobs, nor one whose mail
# program hangs, nor somebody who asked a thousand times delays another's one
# mail, and a site's rate spreads its mails and refuses none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Jobs qw(hurry is_running until_true);
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {FLOOD => 300, RATE => 5, HUNG => 6, PROMPT_SEC => 10};

# Jobs as /forgot makes them, older than any.
sub queue {
    my ($walk, $n, %row) = @_;
    my $dbh = $walk->db->dbh;
    $dbh->begin_work;
    my $realm = delete $row{site};
    for my $i (1 .. $n) {
        my %job = (id => sprintf('%016x%016x', rand 2**32, $i), kind => 'recover', identifier => "nobody$i\@example.org",
            identify_by => 1, language => 'en', agent => '', created => 1, due => 1, lease_until => 0, tries => 0,
            realm => "$realm.test:" . $walk->httpd->port . '/account', %row);
        my @columns = sort keys %job;
        $walk->sql("INSERT INTO pwreset_job (@{[join ', ', @columns]}) VALUES (@{[join ', ', ('?') x @columns]})",
            @job{@columns});
    }
    $dbh->commit;
    return;
}

# How many of a site's jobs are left.
sub left {
    my ($walk, $site) = @_;
    return $walk->value('SELECT COUNT(*) FROM pwreset_job WHERE realm LIKE ?', "$site.test%");
}

# Jobs are queued as somebody's, so that all are let go at once.
sub let_go { return $_[0]->sql('UPDATE pwreset_job SET lease_until = 0') }

# Its mail program may take its time: the others' slots do not wait for it.
sub begun {
    my $walk = shift;
    return until_true(sub {
        !$walk->value(q(SELECT COUNT(*) FROM pwreset_job WHERE identifier = 'olga@example.org' AND lease_until = 0));
    });
}

# A crowd of one site and one job of the other: the crowd is still there when
# that is done.
sub sites {
    my $sites = shift;
    my $walk = $sites->walk;
    queue($walk, FLOOD, site => 'a', address => '192.0.2.1', lease_until => 9999999999);
    queue($walk, 1, site => 'b', address => '192.0.2.2', due => 2, identifier => 'olga@example.org',
        lease_until => 9999999999);
    let_go($walk);
    $sites->client('b')->post('/account/forgot', [email => 'nobody@example.org']);
    ok(begun($walk), 'the one job of the other site is begun');
    my $still = left($walk, 'a');
    cmp_ok($still, '>', FLOOD / 3, "while $still of the crowd wait");
    ok($walk->mail_to('olga@example.org'), 'a mail');
    $walk->settle;
    return;
}

# The same within a site, by where those who ask are: an IPv6 /64 is one.
sub clients {
    my $sites = shift;
    my $walk = $sites->walk;
    queue($walk, FLOOD / 2, site => 'a', address => "2001:db8::$_", lease_until => 9999999999) for 1, 2;
    queue($walk, 1, site => 'a', address => '2001:db8:0:1::1', due => 2, identifier => 'olga@example.org',
        lease_until => 9999999999);
    let_go($walk);
    $sites->client('b')->post('/account/forgot', [email => 'nobody@example.org']);
    ok(begun($walk), 'the job of another client is begun');
    my $still = left($walk, 'a');
    cmp_ok($still, '>', FLOOD / 3, "while $still of the flooder's wait");
    ok($walk->mail_to('olga@example.org'), 'a mail');
    $walk->settle;
    return;
}

# No more than the rate lets through; and all in the end.
sub rate {
    my $sites = shift;
    my $walk = $sites->walk;
    queue($walk, 4 * RATE, site => 'slow', address => '192.0.2.1', lease_until => 9999999999);
    queue($walk, 4 * RATE, site => 'b', address => '192.0.2.1', lease_until => 9999999999);
    let_go($walk);
    my $begin = time;
    is($sites->client('slow')->post('/account/forgot', [email => 'olga@example.org'])->status, 200, 'nobody is refused');
    ok(until_true(sub { left($walk, 'b') == 0 }), 'the others are done');
    my $sec = time - $begin;
    my $done = 4 * RATE + 1 - left($walk, 'slow');
    cmp_ok($done, '<=', RATE + RATE * $sec + 1, "$done in $sec s");
    $walk->settle;
    $sec = time - $begin;
    cmp_ok($sec, '>', 3 * RATE / RATE - 0.5, "all are done in $sec s, at the rate");
    ok($walk->mail_to('olga@example.org'), 'and the one that was asked for');
    return;
}

# A site whose mail program hangs, with more mails than there are slots: it has
# them for as long as the deadline lets it, but for the one that others need.
sub hanging {
    my $sites = shift;
    my $walk = $sites->walk;
    my $box = $walk->httpd->mailbox_of('hung');
    my @logins = map { "hung$_" } 1 .. HUNG;
    $walk->add($_) for @logins, qw(free1 free2);
    $box->mode('hang');
    $sites->client('hung')->post('/account/forgot', [email => "$_\@example.org"]) for @logins;
    is($box->wait_runs(1), 1, 'its mail programs hang');
    my $begin = time;
    for my $login (qw(free1 free2)) {
        $sites->client('b')->post('/account/forgot', [email => "$login\@example.org"]);
        ok($walk->mail_to("$login\@example.org", PROMPT_SEC), "a mail of another site to $login");
    }
    note sprintf 'figure: mail.beside_hanging = %.1f s for two mails', time - $begin;
    my @hung = grep { is_running($_) } $box->pids;
    is(scalar @hung, 1, 'one of its programs hangs on');
    is(left($walk, 'hung'), HUNG, 'none of its mails went out');
    $box->mode(undef);
    kill KILL => @hung;
    ok(until_true(sub { hurry($walk); left($walk, 'hung') == 0 }), 'when it is mended they do');
    my @mails = $box->unseen;
    is(scalar @mails, HUNG, 'all of them');
    $walk->settle;
    return;
}

for my $kind (qw(sqlite mysql)) {
    subtest $kind => sub {
        my $sites = PWR::Sites->new({a => '', b => '', slow => 'PwResetLimit forgot-site ' . RATE . '/1s ' . RATE,
            hung => 'PwResetSendmail "${SENDMAIL}" "${MAILDIR}/hung"'},
            database => $kind, global => "PwResetMailSlots 2\nPwResetLimit None");
        $sites->walk->add($_) for qw(ivan olga);
        subtest sites => sub { sites($sites) };
        subtest clients => sub { clients($sites) };
        subtest rate => sub { rate($sites) };
        subtest hanging => sub { hanging($sites) };
        $sites->httpd->expect_log('PWR0304');
        $sites->httpd->done;
    };
}
done_testing();
