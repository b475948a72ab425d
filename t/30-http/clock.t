#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A clock that steps by an hour: what is younger than the step ends early and
# never lives longer, nobody is kept out, and new mails go out at once.  The
# database's clock decides; it goes back when all its rows are younger.  httpd's
# own moves by libfaketime, where nothing may notice.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);
use Time::Piece ();

use constant {HOUR_SEC => 3600, CACHE_SEC => 2, WAIT_SEC => 10, GUESSES => 12};

my %columns = (token => [qw(created expires spent_at)], session => [qw(created seen expires)], job => [qw(created due)],
    device => [qw(created expires)]);

# The clock of the database goes forward by so many seconds, or back.
sub step {
    my ($walk, $seconds) = @_;
    for my $table (sort keys %columns) {
        $walk->sql("UPDATE pwreset_$table SET $_ = $_ - ? WHERE $_ > ?", $seconds, HOUR_SEC) for @{$columns{$table}};
    }
    $walk->sql("UPDATE pwreset_$_ SET next_ms = next_ms - ? WHERE next_ms > 0", 1000 * $seconds) for qw(guess device);
    return;
}

sub reset_with {
    my ($walk, $string) = @_;
    return $walk->client->post('/account/reset', [token => $string, password => NEW, confirm => NEW])->status;
}

sub goes {
    my ($walk, $seconds, $name, $ivan, $olga) = @_;
    my $browser = $walk->signed_in($ivan);
    my %string = $walk->strings($ivan, $olga);
    my $used = $walk->client;
    is($used->post('/account/reset', [token => $string{$olga}, password => NEW, confirm => NEW])->status, 303,
        "$name: a string is used");
    $walk->settle;
    step($walk, $seconds);
    is($walk->client->get("/account/reset?token=$string{$ivan}")->status, 410, "$name: a live string has ended");
    is(reset_with($walk, $string{$ivan}), 410, "$name: for a post, too");
    is($walk->who($browser), 401, "$name: so has a session");
    is(reset_with($walk, $string{$olga}), 410, "$name: a double click of an hour ago is none");
    ok($walk->works($ivan, OLD), "$name: nothing was changed");
    my %other = $walk->strings($ivan);
    is($walk->client->get("/account/reset?token=$other{$ivan}")->status, 200, "$name: another string comes at once, and lives");
    my $begin = time;
    is($walk->who($walk->signed_in($ivan)), $ivan, "$name: one can sign in");
    cmp_ok(time - $begin, '<', WAIT_SEC, "$name: at once");
    return;
}

sub sign_in { return $_[0]->post('/account/login', [login => 'kira', password => OLD])->status }

# After as many wrong passwords as the limit lets through, the queue is an hour
# ahead of the clock.
sub guessed {
    my $walk = shift;
    my $known = $walk->signed_in('kira');
    $walk->at_once((['/account/login', [login => 'kira', password => 'wrong']]) x GUESSES);
    $known->post('/account/logout', []);
    $known->post('/account/login', [login => 'kira', password => 'wrong']) for 1 .. 3;
    step($walk, -HOUR_SEC);
    is(sign_in($walk->client), 303, 'a queue that is an hour ahead keeps nobody out');
    $walk->at_once((['/account/login', [login => 'kira', password => 'wrong']]) x (2 * GUESSES));
    is(sign_in($walk->client), 422, 'another one does');
    is(sign_in($known), 303, 'but not her own browser, whose queue is an hour ahead, too');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->add($_) for qw(ivan olga petr nina kira);
    goes($walk, -HOUR_SEC, 'back', qw(ivan olga));
    goes($walk, 2 * HOUR_SEC, 'forward', qw(petr nina));
    guessed($walk);
}, conf => "PwResetSessionIdle 1h\nPwResetSessionCache 0\nPwResetLimit login-account 10/5m");

my ($faketime) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
SKIP: {
    skip 'libfaketime is not there', 1 if !$faketime;
    skip 'one LD_PRELOAD is enough', 1 if $ENV{PWR_ASAN};
    subtest 'the clock of httpd' => sub {
        my $walk = PWR::Walk->new('mysql', conf => 'PwResetSessionCache ' . CACHE_SEC, start => 0);
        my $offset = $walk->httpd->root . '/offset';
        my $set = sub { open my $out, '>', $offset or die "$offset: $!\n"; print {$out} "$_[0]\n"; close $out };
        $set->('+0');
        $walk->httpd->{env} = {LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $offset, FAKETIME_NO_CACHE => 1,
            FAKETIME_DONT_FAKE_MONOTONIC => 1};
        $walk->httpd->start;
        for (['-3600', 'ivan'], ['+3600', 'olga']) {
            my ($by, $login) = @$_;
            $walk->add($login);
            $set->('+0');
            my $browser = $walk->signed_in($login);
            is($walk->who($browser), $login, "$by s: signed in, and in the cache");
            $set->($by);
            my $date = Time::Piece->strptime($walk->client->get('/')->header('Date'), '%a, %d %b %Y %T GMT')->epoch;
            cmp_ok(abs($date - time - $by), '<', 60, "its clock is $by s off");
            is($walk->who($browser), $login, 'the session goes on');
            my %string = $walk->strings($login);
            is($walk->client->get("/account/reset?token=$string{$login}")->status, 200, 'mails go out, their strings live');
            $walk->who($browser);
            $walk->sql('DELETE FROM pwreset_session');
            my $ends = time + CACHE_SEC + 1;
            sleep 0.1 while $walk->who($browser) ne '401' && time < $ends;
            is($walk->who($browser), 401, 'what another node ended is known when PwResetSessionCache is over');
        }
        $walk->settle;
        $walk->httpd->done;
    };
}
done_testing();
