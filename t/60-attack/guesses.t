#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Guessing a password, and keeping its owner out by guessing.  Keycloak let more
# guesses through when they came at once (CVE-2024-4629), and wrong passwords
# from anybody locked the account (CVE-2024-1722); others counted "admin" and
# "admin " apart, started anew at each success, or believed a header for the
# address.  t/30-http/guesses.t has how it is meant to be.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;

use constant {BURST => 10, SHARE => 3, AT_ONCE => 60, VOLLEYS => 20, ALL => 100, CROWD => 150, NAMES => 120};

my $later = qr/Please try again in a minute/;

sub forget { my $walk = shift; $walk->sql("DELETE FROM pwreset_$_") for qw(guess device); return }

sub guess_of {
    my ($login, $address, $password) = @_;
    return ['/account/login', [login => $login, password => $password // NEW], ['X-Forwarded-For' => $address]];
}

# How many of the answers were of whom: {looked, later, in, other}.
sub sort_out {
    my %n = (looked => 0, later => 0, in => 0, other => 0);
    for my $r (@_) {
        my $kind = $r->status == 303 ? 'in' : $r->status != 422 ? 'other' : $r->alert =~ $later ? 'later' : 'looked';
        $n{$kind}++;
    }
    return %n;
}

# All at once, and again while the pool or the gate was too busy for some.
sub volleys {
    my ($walk, @guess) = @_;
    my (%sum, %n);
    for (1 .. VOLLEYS) {
        %n = sort_out($walk->at_once(map { guess_of(@guess) } 1 .. AT_ONCE));
        $sum{$_} += $n{$_} for keys %n;
        last if $n{later} == AT_ONCE;
    }
    is($n{later}, AT_ONCE, "@guess[0, 1]: in the end all are to come later");
    return $sum{looked};
}

sub at_once {
    my $walk = shift;
    forget($walk);
    is(volleys($walk, 'ivan01', '198.51.100.1'), BURST, AT_ONCE . ' guesses at once: the burst is looked at');
    my %n = sort_out($walk->at_once(map { guess_of('ivan01', '198.51.100.1', OLD) } 1 .. AT_ONCE));
    is($n{in}, 0, 'the right password, as often, behind them: nobody gets in') or diag explain \%n;
    is(volleys($walk, 'ivan01', '198.51.100.2'), SHARE, 'from another address: its share');
    return;
}

sub one { my ($walk, @what) = @_; my %n = sort_out($walk->at_once(guess_of(@what))); return (grep { $n{$_} } keys %n)[0] }

sub spellings {
    my $walk = shift;
    forget($walk);
    my @as = ('ivan01', 'IVAN01', 'Ivan01', ' ivan01', "ivan01\t", "\N{U+A0}ivan01", "ivan01\r\n");
    my %n = sort_out(map { $walk->at_once(guess_of($as[$_ % @as], '198.51.100.1')) } 1 .. 3 * @as);
    is($n{looked}, BURST, 'however the name is written') or diag explain \%n;
    return;
}

# An account of one's own that one gets into between the guesses.
sub success {
    my $walk = shift;
    forget($walk);
    my %n = sort_out(map { $walk->at_once(guess_of('ivan01', '198.51.100.1'), guess_of('olga01', '198.51.100.1', OLD)) }
        1 .. 2 * BURST);
    is_deeply([@n{qw(looked in)}], [BURST, 2 * BURST], q(one's own password starts nobody else's count anew))
        or diag explain \%n;
    return;
}

# Headers that nobody who is trusted has set.
sub headers {
    my $walk = shift;
    forget($walk);
    my $n = 0;
    my %n = sort_out(map {
        my $it = guess_of('ivan01', '198.51.100.1');
        push @{$it->[2]}, map { ($_ => '203.0.113.' . ++$n) } qw(X-Real-IP Forwarded True-Client-IP X-Client-IP);
        $walk->at_once($it)
    } 1 .. 2 * BURST);
    is($n{looked}, BURST, 'other headers make nobody a newcomer') or diag explain \%n;
    return;
}

# Names that nobody has, many of them: the account's own counts are neither
# pushed out by them nor used up.
sub names {
    my $walk = shift;
    forget($walk);
    is(one($walk, 'ivan01', '198.51.100.1'), 'looked', 'a guess at ivan01') for 1 .. BURST;
    my $known = $walk->httpd->client(headers => [['X-Forwarded-For', '203.0.113.7']]);
    is($known->post('/account/login', [login => 'olga01', password => OLD])->status, 303, 'olga01 was here before');
    my %n = sort_out(map { my $n = $_; $walk->at_once(map { guess_of("name$n-$_", "198.18.$n.$_") } 1 .. 8) } 1 .. NAMES / 8);
    is($n{looked} + $n{other}, NAMES, NAMES . ' names, each from a network of its own') or diag explain \%n;
    is(one($walk, 'ivan01', '198.51.100.1', OLD), 'later', 'what was counted at ivan01 still is');
    my %own = sort_out(map { $walk->at_once(guess_of('olga01', '198.51.100.1')) } 1 .. 2 * BURST);
    is($own{looked}, BURST, 'and olga01 has all that she had') or diag explain \%own;
    is($known->post('/account/login', [login => 'olga01', password => OLD])->status, 303, 'in her own browser, too');
    return;
}

# As many addresses as one can get: bounded, all together, and the owner comes
# in where he is known.
sub crowd {
    my $walk = shift;
    forget($walk);
    my $owner = $walk->httpd->client(headers => [['X-Forwarded-For', '203.0.113.7']]);
    is($owner->post('/account/login', [login => 'ivan01', password => OLD])->status, 303, 'the owner was here before');
    my %n;
    for my $i (1 .. CROWD) {
        my %one = sort_out($walk->at_once(guess_of('ivan01', "198.18.0.$i")));
        $n{$_} += $one{$_} for keys %one;
    }
    cmp_ok($n{looked}, '<=', ALL + 2, CROWD . " networks: $n{looked} guesses are looked at");
    cmp_ok($n{looked}, '>=', ALL - 2, 'which is what may be');
    is(one($walk, 'ivan01', '203.0.113.8', OLD), 'later', 'the control: a stranger is to come later, whoever he is');
    is($owner->post('/account/login', [login => 'ivan01', password => OLD])->status, 303, 'the owner gets in');
    my %string = $walk->strings('ivan01');
    my $mailed = $walk->httpd->client(headers => [['X-Forwarded-For', '203.0.113.9']]);
    is($mailed->post('/account/reset', [token => $string{ivan01}, password => NEW, confirm => NEW])->status, 303,
        'so does whoever reads his mail:');
    is($mailed->post('/account/login', [login => 'ivan01', password => NEW])->status, 303, 'with a new password');
    return;
}

each_database(sub {
    my $walk = shift;
    # More guesses at once than threads, in the words of event and worker.
    $walk->httpd->allow_log(qw(AH00484 AH00286));
    $walk->add($_) for qw(ivan01 olga01);
    subtest 'at once' => sub { at_once($walk) };
    subtest spellings => sub { spellings($walk) };
    subtest success => sub { success($walk) };
    subtest headers => sub { headers($walk) };
    subtest names => sub { names($walk) };
    subtest crowd => sub { crowd($walk) };
}, conf => "PwResetPasswordScheme yescrypt:5\nPwResetLimit login-account 10/10min", modules => ['remoteip'],
    global => "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\nPwResetHashGate 2 400");
done_testing();
