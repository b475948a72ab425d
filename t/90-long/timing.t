#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a stranger with a clock finds out: nothing.  Requests for an account and
# for none, in random order, and Welch's t of their times; a leak of 1 ms, planted
# in what was measured, is found by the same test.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Load qw(welch percentile);
use PWR::Walk;
use Test::More;

use constant {PAIRS => $ENV{PWR_TIMING_N} // 10_000, T_MAX => 4.5, LEAK_USEC => 1000, WARM => 50};

$ENV{PWR_TIMING} //= '.';

sub login { return ['POST /account/login', login => $_[0], password => NEW] }
sub forgot { return ['POST /account/forgot', email => "$_[0]\@example.org"] }

# What the worker does shows, if anything, in the answers: each request for a
# mail is for another account, as equal ones of a minute would be one.
my $walk = PWR::Walk->new($ENV{PWR_TIMING_DB} // 'sqlite', children => 1, threads => 8,
    conf => "PwResetPasswordScheme yescrypt:5\nPwResetLimit None\nPwResetSendmail /bin/true");
my %stored = (
    md5crypt => '$1$abcdefgh', sha512 => '$6$rounds=5000$abcdefgh', bcrypt5 => '$2y$05$abcdefghijklmnopqrstuu',
    scrypt => '$7$6U..../....abcdefgh', yescrypt => '$y$j75$abcdefgh', dearest => '$y$j9T$abcdefgh',
);
$walk->add($_, password => crypt OLD, $stored{$_}) for keys %stored;
$walk->db->dbh->begin_work;
for my $name (qw(ivan olga)) {
    $walk->add(sprintf '%s%05d', $name, $_) for 0 .. 2 * PAIRS - 1;
}
$walk->db->dbh->commit;
my $load = PWR::Load->new($walk->httpd);

my @pairs = (
    ['a wrong password: nobody, md5-crypt', '422', [login('nobody00')], [login('md5crypt')]],
    ['a wrong password: nobody, the dearest', '422', [login('nobody00')], [login('dearest')]],
    ['a wrong password: bcrypt, sha512-crypt', '422', [login('bcrypt5')], [login('sha512')]],
    ['forgot: nobody, an account', '200', [forgot('nobdXXXXX')], [forgot('ivanXXXXX')]],
    ['the GET after forgot: nobody, an account', '200', [forgot('nobdXXXXX'), 'GET /account/forgot'],
        [forgot('olgaXXXXX'), 'GET /account/forgot']],
);

# PWR_TIMING=forgot: only those, and fewer with PWR_TIMING_N.
for my $pair (grep { $_->[0] =~ /$ENV{PWR_TIMING}/ } @pairs) {
    my ($name, $status, @scripts) = @$pair;
    my @paths = map { $load->script(@$_) } @scripts;
    $load->times(WARM, @paths);
    my @times = $load->times(PAIRS, @paths);
    my $t = welch(@times);
    is($load->statuses, $status, "$name: $status");
    cmp_ok(abs $t, '<', T_MAX, sprintf '%s: t = %.2f', $name, $t);
    my $found = welch($times[0], [map { $_ + LEAK_USEC } @{$times[1]}]);
    cmp_ok(abs $found, '>', T_MAX, sprintf '%s: 1 ms would be found, t = %.1f', $name, $found);
    note(sprintf 'figure: %s: %d requests, medians %d and %d us, t = %.2f; with 1 ms planted %.1f', $name, 2 * PAIRS,
        map({ percentile(0.5, @$_) } @times), $t, $found);
    $walk->settle;
}
my $strings = $walk->value('SELECT COUNT(DISTINCT login) FROM pwreset_token');
note("figure: $strings accounts were sent a string meanwhile");
cmp_ok($strings, '>', PAIRS / 2, 'control: the worker had something to do') if 'forgot' =~ /$ENV{PWR_TIMING}/;
$walk->httpd->done;
done_testing();
