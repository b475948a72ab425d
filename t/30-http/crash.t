#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Children that die at the worst moment: what they shared with the others stays
# sound.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {LOGINS => 8, QUEUE => 16, KILLS => 5, ANSWER_SEC => 15};

# Cost 10: long enough to find somebody waiting, and to have many.
my $slow = crypt OLD, '$2y$10$abcdefghijklmnopqrstuu';

# Connections on which a login was sent, its answer unread.
sub ask {
    my ($walk, $n) = @_;
    my $body = 'login=ivan&password=' . OLD =~ s/ /+/gr;
    return map {
        my $socket = $walk->client->open_socket;
        syswrite $socket, "POST /account/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            . "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
        $socket;
    } 1 .. $n;
}

# Their statuses; 0 where none came in time.
sub answers {
    my @sockets = @_;
    my $until = time + ANSWER_SEC;
    return map {
        my $socket = $_;
        my $readable = '';
        vec($readable, fileno $socket, 1) = 1;
        my $left = $until - time;
        my $n = select $readable, undef, undef, $left > 0 ? $left : 0;
        my $text = '';
        sysread $socket, $text, 4096 if $n > 0;
        $text =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0;
    } @sockets;
}

# Both those that hash and those that wait for a place are killed; the queue is
# as long as needed (half of it is for one site), so that one waiter not
# forgotten is a 503.  (AH00161: as prefork has it here, each login takes a
# child.)
each_database(sub {
    my $walk = shift;
    $walk->httpd->allow_log('AH00052', 'AH00161');
    $walk->add('ivan', password => $slow);
    is(join(' ', answers(ask($walk, LOGINS))), join(' ', (303) x LOGINS), 'all wait, all are answered');
    for my $n (1 .. KILLS) {
        my @sockets = ask($walk, LOGINS);
        sleep 0.1;
        my $child = ($walk->httpd->children)[0];
        kill KILL => $child;
        answers(@sockets);
        sleep 0.02 while kill 0 => $child;      # a zombie still counts
        sleep 0.05;                             # the dead are looked for every 20 ms
    }
    is(join(' ', answers(ask($walk, LOGINS))), join(' ', (303) x LOGINS), '... after ' . KILLS . ' deaths, too');
}, global => 'PwResetHashGate 1 ' . QUEUE);

done_testing();
