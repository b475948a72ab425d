#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a stranger with a clock finds out: nothing.  Requests for an account and
# for none, in random order, and Welch's t of their times.  Controls: a module
# with a leak of 1 ms beside ours (leak.c) is found by the same number of them.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::HttpdConf;
use PWR::Load qw(welch percentile);
use PWR::Walk;
use Test::More;

use constant {PAIRS => $ENV{PWR_TIMING_N} // 10_000, T_MAX => 4.5, WARM => 50};

$ENV{PWR_TIMING} //= '.';

sub login { my ($name, @more) = @_; return ['POST /account/login', @more, login => $name, password => NEW] }
sub forgot { my ($name, @more) = @_; return ['POST /account/forgot', @more, email => "$name\@example.org"] }

my $folder = tempdir(CLEANUP => 1);
chmod 0755, $folder;
my $include = PWR::HttpdConf::apxs('INCLUDEDIR');
my $flags = "-std=gnu11 -shared -fPIC -I'$include' \$(apr-1-config --includes --cppflags)";
is(system("gcc $flags -o '$folder/leak.so' '$FindBin::Bin/leak.c'"), 0, 'the leak is built') or BAIL_OUT('no leak');

# What the worker does shows, if anything, in the answers: each request for a
# mail is for another account, as equal ones of a minute would be one.
my $walk = PWR::Walk->new($ENV{PWR_TIMING_DB} // 'sqlite', children => 1, threads => 8,
    global => "LoadModule leak_module \"$folder/leak.so\"",
    conf => "PwResetPasswordScheme sha512-crypt:12000\nPwResetLimit None\nPwResetSendmail /bin/true");
# Five schemes and three costs of one of them; the dearest is the site's own, and
# one that fills no memory: pages of it take each machine another time.
my @stored = map { crypt OLD, $_ } '$1$abcdefgh', '$2y$04$abcdefghijklmnopqrstuu', '$7$6U..../....abcdefgh',
    '$y$j75$abcdefgh', '$6$rounds=3000$abcdefgh', '$6$rounds=6000$abcdefgh', '$6$rounds=12000$abcdefgh';
$walk->db->dbh->begin_work;
$walk->add((sprintf 'mixd%05d', $_), password => $stored[$_ % @stored]) for 0 .. 2 * PAIRS - 1;
for my $name (qw(ivan olga)) {
    $walk->add(sprintf '%s%05d', $name, $_) for 0 .. 2 * PAIRS - 1;
}
$walk->db->dbh->commit;
my $load = PWR::Load->new($walk->httpd);

my @leak = ({'X-Leak' => 1});
my @get = (forgot('nobdXXXXX'), 'GET /account/forgot');

# [name, status, whether there is something to find, two sorts of requests]
my @pairs = (
    ['a wrong password: nobody, all schemes in turn', '422', 0, [login('nobdXXXXX')], [login('mixdXXXXX')]],
    ['control: a wrong password, 1 ms more', '422', 1, [login('nobdXXXXX')], [login('nobdXXXXX', @leak)]],
    ['forgot: nobody, an account', '200', 0, [forgot('nobdXXXXX')], [forgot('ivanXXXXX')]],
    ['control: forgot, 1 ms more', '200', 1, [forgot('nobdXXXXX')], [forgot('nobdXXXXX', @leak)]],
    ['the GET after forgot: nobody, an account', '200', 0, [@get], [forgot('olgaXXXXX'), 'GET /account/forgot']],
    ['control: the GET after forgot, 1 ms more', '200', 1, [@get], [$get[0], ['GET /account/forgot', @leak]]],
);

# PWR_TIMING=forgot: only those, and fewer with PWR_TIMING_N.
for my $pair (grep { $_->[0] =~ /$ENV{PWR_TIMING}/ } @pairs) {
    my ($name, $status, $is_leak, @scripts) = @$pair;
    my @paths = map { $load->script(@$_) } @scripts;
    $load->times(WARM, @paths);
    my @times = $load->times(PAIRS, @paths);
    my $t = welch(@times);
    is($load->statuses, $status, "$name: $status");
    cmp_ok(abs $t, $is_leak ? '>' : '<', T_MAX, sprintf '%s: t = %.2f', $name, $t);
    note(sprintf 'figure: %s: %d requests, medians %d and %d us, t = %.2f', $name, 2 * PAIRS,
        map({ percentile(0.5, @$_) } @times), $t);
    $walk->settle;
}
my $strings = $walk->value('SELECT COUNT(DISTINCT login) FROM pwreset_token');
note("figure: $strings accounts were sent a string meanwhile");
cmp_ok($strings, '>', PAIRS / 2, 'control: the worker had something to do') if 'forgot' =~ /$ENV{PWR_TIMING}/;
$walk->httpd->done;
done_testing();
