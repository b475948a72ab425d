#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl revoke and link: everybody out of an account, or its owner in.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256_hex);
use PWR::Desk;
use Test::More;

use constant LINK => qr{\Ahttps://www\.example\.org/account/reset\?token=([0-9A-Z]{28})&lang=(\w+)\n\z};

my $desk;

sub runs_ok { return $desk->runs_ok(@_) }

sub sign_in {
    my ($id, $realm) = @_;
    my $now = time;
    my $digest = sprintf '%064x', int rand 2**31;
    $desk->do('INSERT INTO pwreset_session (realm, digest, user_id, login, created, seen, expires, stamp)'
            . ' VALUES (?, ?, ?, ?, ?, ?, ?, ?)', $realm, $digest, $id, 'x', $now, $now, $now + 3600, '0' x 64);
    $desk->do('INSERT INTO pwreset_device (realm, digest, user_id, stamp, next_ms, created, expires)'
            . ' VALUES (?, ?, ?, ?, 0, ?, ?)', $realm, $digest, $id, '0' x 64, $now, $now + 3600);
    $desk->token(user_id => $id, realm => $realm);
    return;
}

sub left {
    return join ' ', map { $desk->value("SELECT COUNT(*) FROM pwreset_$_->[0] WHERE $_->[1]") }
        ['session', '1 = 1'], ['token', 'spent_at = 0'], ['device', '1 = 1'];
}

sub test_refusals {
    $desk->clear;
    $desk->user('anna');
    sign_in($desk->user('ivan'), REALM);
    for my $command (qw(revoke link)) {
        for my $row (['nobody', 'nobody'], ['an address', 'ivan@example.org'], ['nothing', ''], ['a blank', ' '],
            ['SQL', "' OR 1=1 --"], ['no UTF-8', "iv\xe4n"]) {
            runs_ok("$command: $row->[0]", {status => 67, err => qr/no user of this login: a login name is needed/}, '',
                $command, $row->[1]);
        }
        runs_ok($command, {status => 64, err => qr/wrong number of arguments/}, '', $command);
        runs_ok("$command for two", {status => 64, err => qr/wrong number of arguments/}, '', $command, qw(ivan anna));
    }
    is(left(), '1 1 1', 'and nothing changed');
    $desk->ctl->vhosts($desk->vhost, $desk->vhost(server => 'b.example'));
    runs_ok("$_: which site?", {status => 64, err => qr/choose one with -s/}, '', $_, 'ivan') for qw(revoke link);
    $desk->site;
}

sub test_revoke {
    $desk->clear;
    my ($ivan, $anna) = map { $desk->user($_) } qw(ivan anna);
    sign_in($_->[0], $_->[1]) for [$ivan, REALM], [$ivan, REALM], [$anna, REALM], [$ivan, 'elsewhere'];
    $desk->token(user_id => $ivan, created => -7200);
    $desk->site(PwResetSessionCache => [['9']]);
    my ($out) = runs_ok('revoke', {status => 0, out => qr/\Arevoked 2 sessions, 2 control strings, 2 known browsers\n/}, '',
        qw(revoke IVAN));
    like($out, qr/^sessions end within 9 s on running servers .*\nthe password stays/m, 'what that means');
    is(left(), '2 3 2', "nobody else's, no other realm's");
    is($desk->value(q(SELECT COUNT(*) FROM pwreset_token WHERE why = 'revoked')), 2, 'the strings know why');
    runs_ok('revoke again', {status => 0, out => qr/^revoked 0 sessions, 0 control strings, 0 known/}, '', qw(revoke ivan));
    $desk->site;
}

sub test_link {
    $desk->clear;
    my $id = $desk->user('ivan', language => 'ru');
    my ($out, $err) = runs_ok('link', {status => 0, out => LINK, err => qr/\AWARNING: until \d{4}-.* of ivan\.\n/}, '',
        qw(link ivan));
    my ($secret, $language) = $out =~ LINK;
    is($language, 'ru', 'in his language');
    unlike($err, qr/\Q$secret\E/, 'the warning does not hold it');
    like($err, $_, "it says: $_") for qr/only to the owner/, qr/works once/, qr/take it back: pwresetctl revoke LOGIN/;
    my $row = $desk->db->dbh->selectrow_hashref('SELECT * FROM pwreset_token');
    is($row->{digest}, sha256_hex(join "\0", REALM, 'recover', $secret), 'the table has its digest');
    is($row->{user_id}, $id, 'of this user');
    is($row->{expires} - $row->{created}, 3600, 'for as long as any string');
    is($desk->value('SELECT COUNT(*) FROM pwreset_job'), 0, 'and no mail goes out');
    $desk->do('UPDATE pwreset_user SET language = NULL');
    $desk->site(PwResetLanguages => [['en']], PwResetTokenLifetime => [['5min']]);
    runs_ok('with one language', {status => 0, out => qr{/reset\?token=[0-9A-Z]{28}\n\z}, err => qr/^WARNING/}, '',
        qw(link ivan));
    is($desk->value('SELECT MIN(expires - created) FROM pwreset_token'), 300, 'PwResetTokenLifetime');
    $desk->site;
    $desk->user('nomail', email => '');
    runs_ok('an account without address', {status => 0, out => LINK, err => qr/^WARNING/}, '', qw(link nomail));
}

# Three requests with live strings are as many as there may be.
sub test_three {
    $desk->clear;
    $desk->user('ivan');
    runs_ok("link $_", {status => 0, out => LINK, err => qr/^WARNING/}, '', qw(link ivan)) for 1 .. 3;
    runs_ok('a fourth', {status => 75, err => qr/three requests.*end them with pwresetctl revoke/}, '', qw(link ivan));
    is($desk->value('SELECT COUNT(*) FROM pwreset_token'), 3, 'is not made');
    runs_ok('revoke', {status => 0, out => qr/ 3 control strings/}, '', qw(revoke ivan));
    runs_ok('then there is room', {status => 0, out => LINK, err => qr/^WARNING/}, '', qw(link ivan));
}

sub test_away {
    $desk->do('ALTER TABLE pwreset_token RENAME TO pwreset_gone');
    runs_ok("$_ without the table", {status => 78, err => qr/schema --apply/}, '', $_, 'ivan') for qw(revoke link);
    $desk->do('ALTER TABLE pwreset_gone RENAME TO pwreset_token');
    $desk->site(params => $desk->db->kind eq 'mysql' ? 'host=127.0.0.1 port=1 group=pwreset reconnect=0' : '/nowhere/x.db');
    runs_ok("$_ without the database", {status => 75, err => qr/no connection/}, '', $_, 'ivan') for qw(revoke link);
    $desk->site;
}

on_databases(sub {
    $desk = shift;
    test_refusals();
    test_revoke();
    test_link();
    test_three();
    test_away();
});
