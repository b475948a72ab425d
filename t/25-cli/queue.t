#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl queue and purge: what an operator sees of the job table, and what
# he may do to it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use PWR::Desk;
use Test::More;

use constant MANY => 230;

my $desk;

sub runs_ok { return $desk->runs_ok(@_) }

sub jobs { return $desk->value('SELECT COUNT(*) FROM pwreset_job') }

sub objects {
    my ($name, @options) = @_;
    my ($out) = runs_ok("$name: --json", {status => 0, out => qr/\A(?:\{.*\}\n)*\z/}, '', qw(queue list --json), @options);
    return map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
}

sub test_nothing {
    $desk->clear;
    runs_ok('an empty list', {status => 0, out => qr{\AID .*ERROR\nno jobs of www\.example\.org/account\n\z}}, '',
        qw(queue list));
    is(scalar objects('an empty list'), 0, 'is no line of JSON');
    for my $command (qw(show retry drop)) {
        runs_ok("queue $command of what is not there", {status => 65, err => qr/there is no job 0{32}: it is done/}, '',
            'queue', $command, '0' x 32);
        runs_ok("queue $command '$_'", {status => 64, err => qr/is no id of a job: give the 32 hex digits/}, '',
            'queue', $command, $_)
            for '', 'x', 'F' x 32, '0' x 31, '0' x 33, ' ' . '0' x 31, "' OR 1=1 --                     ";
        runs_ok("queue $command", {status => 64, err => qr/wrong number of arguments/}, '', 'queue', $command);
    }
    runs_ok('queue', {status => 64, err => qr/no command 'queue'/}, '', 'queue');
}

# Waiting, held, tried, given up, and one of another realm.
sub plant {
    $desk->clear;
    return (
        waits => $desk->job(identifier => 'waits@example.org', due => 300),
        held => $desk->job(identifier => 'held@example.org', owner => 'w1', lease_until => 90, tries => 1),
        tried => $desk->job(identifier => 'tried@example.org', due => 60, tries => 3,
            error => '/m: exit 75 (EX_TEMPFAIL): busy'),
        over => $desk->job(identifier => 'over@example.org', due => NEVER, gave_up => -7200, tries => 9,
            error => '/m: exit 67 (EX_NOUSER): nobody'),
        notice => $desk->job(kind => 'notice', identifier => undef, user_id => '7', login => 'olga', due => 5,
            recipient => 'olga@example.org'),
        other => $desk->job(realm => 'elsewhere', identifier => 'other@example.org'),
    );
}

sub test_list {
    my %id = plant();
    my ($out) = runs_ok('queue list', {status => 0, out => qr/\AID /}, '', qw(queue list));
    is_deeply([$out =~ /(\w+)\@example/g], [qw(held olga tried waits over)], 'by due, what was given up last');
    like($out, qr/^$id{held} .*held\@example\.org +1 +(?:now|\d+ s ago) +[5-9]\d s +-$/m, 'who holds it how long');
    like($out, qr/^$id{tried} .* 3 +in \d+ s +- +\S+: exit 75 \(EX_TEMPFAIL\): busy$/m, 'what the last try said');
    like($out, qr/^$id{over} .* 9 +given up +- .*nobody$/m, 'what was given up');
    like($out, qr/^$id{notice} .*notice +olga\@/m, 'a notice');
    my %object = map { ($_->{for} => $_) } objects('all states');
    is(scalar keys %object, 5, 'as many objects');
    is($object{'over@example.org'}{due}, undef, 'never is no number');
    ok(abs($object{'waits@example.org'}{due} - time - 300) < 20, 'times are epoch seconds');
    is($object{'held@example.org'}{owner}, 'w1', 'the owner');
    ($out) = runs_ok('--all', {status => 0, out => qr/elsewhere/}, '', qw(queue list --all));
    is(() = $out =~ /\@example/g, 6, 'of every realm');
}

# What strangers type reaches the operator's terminal.
sub test_hostile {
    $desk->clear;
    my $hostile = "\x{1b}]0;owned\x{7}\x{202e}\x{438}\n";
    $desk->job(identifier => $hostile, agent => $hostile, error => $hostile);
    my ($out) = runs_ok('a hostile text', {status => 0, out => qr/owned/}, '', qw(queue list));
    unlike($out, qr/[\x00-\x09\x0b-\x1f]|\xe2\x80\xae/, 'no control characters, no turned text');
    is($out =~ tr/\n//, 2, 'and one line');
    my ($object) = objects('a hostile text');
    is($object->{for}, $hostile, 'JSON has it as it is');
}

sub test_many {
    $desk->clear;
    $desk->do('BEGIN');
    $desk->job(realm => $_ % 2 ? REALM : 'elsewhere', due => $_ % 3 ? 5 : NEVER, gave_up => $_ % 3 ? 0 : -5) for 1 .. MANY;
    $desk->do('COMMIT');
    my %seen;
    $seen{$_->{id}}++ for objects('many');
    is(scalar keys %seen, MANY / 2, 'all of the realm, over several pages');
    is_deeply([grep { $_ != 1 } values %seen], [], 'each once');
}

sub test_sites {
    plant();
    $desk->ctl->vhosts($desk->vhost, $desk->vhost(port => 80), $desk->vhost(server => 'b.example', realm => 'elsewhere'),
        $desk->vhost(server => 'c.example', params => '/nowhere/at/all', driver => 'sqlite3', realm => 'c'));
    my ($out, $err) = runs_ok('several sites, one of them broken', {status => 75, out => qr/other\@/, err => qr/c\.example/},
        '', qw(queue list));
    is(() = $out =~ /\@example/g, 6, 'one realm in http and https is one');
    is(() = $out =~ /^ID /mg, 1, 'with one head');
    ($out) = runs_ok('-s', {status => 0, out => qr/other\@/}, '', qw(-s b.example queue list));
    is(() = $out =~ /\@example/g, 1, 'one of them');
    runs_ok('--all wants one', {status => 64, err => qr/choose one with -s/}, '', qw(queue list --all));
    runs_ok('an unknown one', {status => 64, err => qr/no virtual host of that name/}, '', qw(-s d.example queue list));
    $desk->site;
}

sub test_show {
    my %id = plant();
    my ($out) = runs_ok('queue show', {status => 0, out => qr/^for +over\@example\.org$/m}, '', qw(queue show), $id{over});
    like($out, $_, "queue show: $_") for qr/^tries +9$/m, qr/^given up +2 h ago$/m, qr/^error +\S+: exit 67 .*nobody$/m,
        qr/^remedy +it knows no such mailbox/m;
    runs_ok('one that is held', {status => 0, out => qr/^held by +w1\nfor yet +\d+ s$/m}, '', qw(queue show), $id{held});
    runs_ok('one of another realm', {status => 0, out => qr/^realm +elsewhere$/m}, '', qw(queue show), $id{other});
}

sub test_orders {
    my %id = plant();
    for my $order (qw(retry drop)) {
        runs_ok("$order of what a worker has", {status => 75, err => qr/a worker is at this job/}, '', 'queue', $order,
            $id{held});
    }
    is($desk->value('SELECT owner FROM pwreset_job WHERE id = ?', $id{held}), 'w1', 'he keeps it');
    for my $name (qw(over tried waits)) {
        runs_ok("retry: $name", {status => 0, out => qr/^due now; httpd looks for jobs at least once a minute$/}, '',
            qw(queue retry), $id{$name});
        ok($desk->value('SELECT due FROM pwreset_job WHERE id = ?', $id{$name}) <= time, 'is due');
    }
    is($desk->value('SELECT gave_up FROM pwreset_job WHERE id = ?', $id{over}), 0, 'and no longer given up');
    runs_ok('retry twice', {status => 0, out => qr/due now/}, '', qw(queue retry), $id{over});
    runs_ok('drop', {status => 0, out => qr/^dropped; /}, '', qw(queue drop), $id{over});
    runs_ok('drop again', {status => 65, err => qr/there is no job/}, '', qw(queue drop), $id{over});
    is(jobs(), 5, 'one is gone');
}

sub test_purge {
    $desk->clear;
    runs_ok('nothing to purge', {status => 0, out => qr/^www\.example\.org:443: deleted 0 rows in 0 batches$/}, '', 'purge');
    $desk->do('BEGIN');
    $desk->job(due => NEVER, gave_up => -8 * 86400) for 1 .. 150;
    $desk->job(due => NEVER, gave_up => -6 * 86400);
    $desk->job;
    $desk->token(user_id => 'u', created => -9 * 86400) for 1 .. 120;
    $desk->token(user_id => 'u', created => -86400);
    $desk->do('COMMIT');
    runs_ok('purge', {status => 0, out => qr/: deleted 270 rows in 2 batches$/}, '', 'purge');
    is(jobs(), 2, 'what is younger stays');
    is($desk->value('SELECT COUNT(*) FROM pwreset_token'), 1, 'strings, too');
}

sub test_away {
    $desk->site(PwResetTablePrefix => [['none_']]);
    runs_ok("@$_: no tables", {status => 78, $_->[0] eq 'queue' ? () : (out => qr/deleted 0/),
        $_->[1] && $_->[1] eq 'list' ? (out => qr/^ID .*\n\z/) : (), err => qr/schema --apply/}, '', @$_)
        for [qw(queue list)], [qw(queue show), '0' x 32], [qw(queue retry), '0' x 32], [qw(queue drop), '0' x 32], ['purge'];
    $desk->site;
}

on_databases(sub {
    $desk = shift;
    test_nothing();
    test_list();
    test_hostile();
    test_many();
    test_sites();
    test_show();
    test_orders();
    test_purge();
    test_away();
});
