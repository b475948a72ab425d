#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Many sites on one pool of mod_dbd, and a database that takes connections and
# never answers: one thread connects, all others give up at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use IO::Socket::INET;
use PWR::Database;
use PWR::Httpd;
use Test::More;
use Time::HiRes qw(time);

use constant {SITES_N => 6, CONNECT_SEC => 2, SLACK_SEC => 1.5, PATIENCE_SEC => 30, LOOK_SEC => 6, BREAKER_SEC => 1};

sub site {
    my $n = shift;
    return <<"CONF";
<VirtualHost 127.0.0.1:\${PORT}>
    ServerName s$n.example
    DocumentRoot "\${ROOT}/htdocs"
    PwReset On
    PwResetPublicURL http://s$n.example
    PwResetMailFrom noreply\@example.org
</VirtualHost>
CONF
}

sub ask {
    my ($httpd, $site) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $httpd->port) or die "connect: $!\n";
    my $form = 'email=ivan%40example.org';
    print {$socket} "POST /account/forgot HTTP/1.0\r\nHost: s$site.example\r\n"
        . "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: @{[length $form]}\r\n\r\n$form";
    return $socket;
}

# All sites at once: [seconds, status line] of each, in the order they came.
sub ask_all {
    my $httpd = shift;
    my $begin = time;
    my $waiting = IO::Select->new(map { ask($httpd, $_) } 1 .. SITES_N);
    my @answers;
    while ($waiting->count) {
        my @ready = $waiting->can_read(PATIENCE_SEC) or last;
        for my $socket (@ready) {
            push @answers, [time - $begin, scalar <$socket> // ''];
            $waiting->remove($socket);
        }
    }
    return @answers;
}

# From then on one tries for all, however many processes there are, and not again
# in the second after that: mod_dbd complains of each attempt.
sub attempts {
    my $httpd = shift;
    my ($begin, $mark) = (time, $httpd->log_mark);
    ask_all($httpd) while time < $begin + LOOK_SEC;
    my $tried = grep { /AH02655/ } $httpd->log_since($mark);
    cmp_ok($tried, '<=', 1 + (time - $begin) / BREAKER_SEC, "one tries for all: $tried attempts");
    return;
}

my $db = PWR::Database->new('mysql');
my $httpd = PWR::Httpd->new(database => $db, children => 1, threads => 16,
    global => join '', map { site($_) } 1 .. SITES_N);
# The tables are missing while it answers; then mod_dbd's own lines, and ours, of a
# connection that a worker had, too.
$httpd->allow_log(qw(PWR0204 AH00629 AH00639 PWR0024))->expect_log(qw(AH02655 PWR0021));
$httpd->start;
$db->pause;
my @answers = ask_all($httpd);
is(scalar @answers, SITES_N, 'each site answers');
is(scalar(grep { $_->[1] =~ m{^HTTP/1\.1 503 } } @answers), SITES_N, 'that it cannot just now');
cmp_ok($answers[-1][0], '<', CONNECT_SEC + SLACK_SEC, 'none waits for the attempts of others');
# The one that connects may be the worker, and is still at it.
$httpd->wait_log(qr/PWR0021/);
attempts($httpd);
$db->resume;
$httpd->done;
done_testing();
