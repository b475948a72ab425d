#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What is long over is deleted by itself, every ten minutes: libfaketime lets
# them pass at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {DAY_SEC => 86_400, MANY => 250, LOOK_SEC => 3, WAIT_SEC => 30};

my ($faketime) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
plan skip_all => 'libfaketime is not there' if !$faketime;
plan skip_all => 'one LD_PRELOAD is enough' if $ENV{PWR_ASAN};

# More than a batch of what is over, and one of each that is not.
sub fill {
    my $walk = shift;
    my $now = time;
    for my $n (0 .. MANY) {
        my $ends = $n ? $now - 8 * DAY_SEC - $n : $now + DAY_SEC;
        $walk->sql('INSERT INTO pwreset_token'
            . ' (realm, digest, purpose, user_id, login, language, job, stamp, created, expires)'
            . q( VALUES ('elsewhere', ?, 'recover', 'x', 'x', 'en', 'x', 'x', ?, ?)),
            sprintf('%064x', $n), $ends - 3600, $ends);
        $walk->sql('INSERT INTO pwreset_session (realm, digest, user_id, login, created, seen, expires, stamp)'
            . q( VALUES ('elsewhere', ?, 'x', 'x', ?, ?, ?, 'x')), sprintf('%064x', $n), $ends - 3600, $ends, $ends);
    }
    fill_history($walk, $now - 8 * DAY_SEC);
    return;
}

# Former passwords of accounts that are gone, of one that is there, and of one
# that no site here could look for.
sub fill_history {
    my ($walk, $checked) = @_;
    my $realm = '127.0.0.1:' . $walk->httpd->port . '/account';
    my $n = 0;
    for my $row ([$realm, $walk->add('ivan')], ['elsewhere', 'gone'], map { [$realm, "gone $_"] } 1 .. MANY) {
        $walk->sql('INSERT INTO pwreset_history (id, realm, user_id, password, ended_ms, checked)'
            . ' VALUES (?, ?, ?, ?, 1, ?)', sprintf('%032x', $n++), @$row, 'x', $checked);
    }
    return;
}

sub left {
    my $walk = shift;
    return join ' ', map { $walk->value("SELECT COUNT(*) FROM pwreset_$_") } qw(token session history);
}

for my $kind (qw(sqlite mysql)) {
    subtest $kind => sub {
        my $walk = PWR::Walk->new($kind, start => 0, children => 1);
        my $offset = $walk->httpd->root . '/offset';
        my $set = sub { open my $out, '>', $offset or die "$offset: $!\n"; print {$out} "$_[0]\n"; close $out };
        $walk->httpd->{env} = {LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $offset, FAKETIME_NO_CACHE => 1};
        $set->('+0');
        fill($walk);
        my $before = left($walk);
        $walk->httpd->start;
        sleep LOOK_SEC;
        is(left($walk), $before, 'nothing is deleted at the start');
        $set->('+11m');
        my $until = time + WAIT_SEC;
        while (left($walk) eq $before && time < $until) {
            $walk->client->post('/account/forgot', [email => 'nobody@example.org']);    # wakes the worker
            sleep 0.5;
        }
        sleep 0.1 while left($walk) ne '1 1 2' && time < $until;
        is(left($walk), '1 1 2', 'what is over for a week is gone, batch after batch, and nothing else');
        $walk->settle;
        $walk->httpd->done;
    };
}
done_testing();
