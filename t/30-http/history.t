#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PwResetPasswordHistory: no password that the account has or had is taken
# again, on either page, and what a guesser of former ones learns.
use strict;
use warnings;
use utf8;
use Digest::MD5 qw(md5_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;

my %said = (
    en => 'You have had this password here before. Choose another.',
    ru => 'Такой пароль у вас здесь уже был. Придумайте другой.',
);
my @words = ('velvet Anchor 97 quill', 'purple Ladder 31 ozone', 'ginger Falcon 58 maple', 'copper Jungle 12 vivid');

# A reset with this password, in this language; true when it was taken.
sub reset_to {
    my ($walk, $token, $password, $language) = @_;
    my $lang = $language // 'en';
    my $r = $walk->client->post("/account/reset?lang=$lang", [token => $token, password => $password,
        confirm => $password]);
    return 1 if $r->status == 303;
    is($r->status, 422, "$password is refused");
    like($r->alert, qr/\Q$said{$lang}\E/, "$password: because it was used ($lang)");
    return 0;
}

sub string_of { my (undef, $token) = $_[0]->strings($_[1]); return $token }

sub at_reset {
    my $walk = shift;
    $walk->add('ivan');
    my $token = string_of($walk, 'ivan');
    like($walk->client->get("/account/reset?token=$token")->text, qr/<li data-rule="used"/, 'the rule is listed');
    is(reset_to($walk, $token, OLD), 0, 'the current password');
    is(reset_to($walk, $token, OLD, 'ru'), 0, 'in Russian, too');
    ok(reset_to($walk, $token, $words[0]), 'another one');
    $token = string_of($walk, 'ivan');
    is(reset_to($walk, $token, $words[0]), 0, 'the current one');
    is(reset_to($walk, $token, OLD), 0, 'the one before');
    ok(reset_to($walk, $token, $words[1]), 'a new one');
    ok(reset_to($walk, string_of($walk, 'ivan'), $words[2]), 'and another');
    $token = string_of($walk, 'ivan');
    is(reset_to($walk, $token, $words[0]), 0, 'the second before');
    ok(reset_to($walk, $token, OLD), 'the third before is no longer known');
    ok($walk->works('ivan', OLD), 'and is the password');
    $walk->add('digest', password => '{DIGEST-MD5}' . md5_hex('digest::' . OLD));
    is(reset_to($walk, string_of($walk, 'digest'), OLD), 0, 'the current one of a row that takes the login name');
    is($walk->value('SELECT COUNT(*) FROM pwreset_history'), 2, 'two are known of him');
    is($walk->value('SELECT COUNT(*) FROM pwreset_history WHERE password = ?', $walk->stored('ivan')), 0,
        'the current one is not among them');
}

# Nothing is told of former ones to who has not the current one, nor where the
# form is refused for something else.
sub at_change {
    my $walk = shift;
    $walk->add('olga');
    my $client = $walk->signed_in('olga');
    my $post = sub {
        my ($current, $password, $confirm) = @_;
        return $client->post('/account/change', [current => $current, password => $password,
            confirm => $confirm // $password]);
    };
    is($post->(OLD, $words[0])->status, 303, 'a change');
    like($post->($words[0], OLD)->alert, qr/\Q$said{en}\E/, 'the former one is refused');
    unlike($post->('wrong', OLD)->alert, qr/\Q$said{en}\E/, 'which is not told without the current one');
    unlike($post->($words[0], OLD, 'x')->alert, qr/\Q$said{en}\E/, 'nor where the repetition differs');
    my @alerts = $post->($words[0], $words[0])->alert =~ /(current one|before)/g;
    is_deeply(\@alerts, ['current one'], 'the current one is told once');
}

# Each wrong guess at a former password is a change, and spends the string; each
# right one counts against the client.
sub guesser {
    my $walk = shift;
    $walk->add('vera');
    my $token = string_of($walk, 'vera');
    my $client = $walk->client;
    my @statuses = map {
        $client->post('/account/reset', [token => $token, password => OLD, confirm => OLD])->status
    } 1 .. 4;
    is_deeply(\@statuses, [422, 422, 422, 429], 'right guesses are limited');
    $walk->reconf('PwResetPasswordHistory 2');
    ok(reset_to($walk, $token, $words[1]), 'a wrong one is the new password');
    is($client->post('/account/reset', [token => $token, password => OLD, confirm => OLD])->status, 410,
        'and the string is spent');
}

# Rows that do not say what they are: PwResetDefaultScheme does.
sub unprefixed {
    my $walk = shift;
    $walk->reconf("PwResetPasswordHistory 2\nPwResetDefaultScheme PLAIN-MD5");
    $walk->add('gleb', password => md5_hex(OLD));
    my $token = string_of($walk, 'gleb');
    is(reset_to($walk, $token, OLD), 0, 'the current one');
    ok(reset_to($walk, $token, $words[0]), 'another one');
    is($walk->value(q(SELECT COUNT(*) FROM pwreset_history WHERE user_id = (SELECT id FROM pwreset_user WHERE login = ?)),
        'gleb'), 0, 'a hash that is broken in minutes is not kept');
    return;
}

sub off {
    my $walk = shift;
    $walk->reconf('');
    my $token = string_of($walk, 'ivan');
    unlike($walk->client->get("/account/reset?token=$token")->text, qr/data-rule="used"/, 'off by default');
    ok(reset_to($walk, $token, OLD), 'then the current one is taken');
    is($walk->value('SELECT COUNT(*) FROM pwreset_history WHERE user_id = (SELECT id FROM pwreset_user WHERE login = ?)',
        'ivan'), 0, 'and what was kept of the account is deleted');
}

each_database(sub {
    my $walk = shift;
    subtest 'at /reset' => sub { at_reset($walk) };
    subtest 'at /change' => sub { at_change($walk) };
    $walk->reconf("PwResetPasswordHistory 2\nPwResetLimit reset-client 3/1h");
    subtest 'a guesser' => sub { guesser($walk) };
    subtest 'without prefix' => sub { unprefixed($walk) };
    subtest 'off' => sub { off($walk) };
}, conf => 'PwResetPasswordHistory 2');
done_testing();
