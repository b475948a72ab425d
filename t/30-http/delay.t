#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Answers that wait: a failed login leaves when the dearest hash of the site
# would have been done, no thread of the event MPM waits with it, and neither
# clients that leave nor restarts find anything to break.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use List::Util qw(min);
use PWR::TLS;
use PWR::Walk;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

use constant {TRIES => 5, CROWD => 24, FEW => 4, LEAVERS => 20, WAIT_SEC => 15, EARLY => 0.9, HELD_SEC => 4};

# Eight schemes; the dearest of them takes about 0.1 and 0.4 s.
my %cheap = (
    md5 => crypt(OLD, '$1$abcdefgh'),
    sha512 => crypt(OLD, '$6$rounds=5000$abcdefgh'),
    scrypt => crypt(OLD, '$7$6U..../....abcdefgh'),
    yescrypt => crypt(OLD, '$y$j75$abcdefgh'),
    bcrypt5 => crypt(OLD, '$2y$05$abcdefghijklmnopqrstuu'),
    dovecot => '{SSHA}' . 'A' x 32, phpass => '$P$B' . 'A' x 30, plain => '{PLAIN}' . OLD,
);
my ($dear, $dearest) = map { crypt OLD, "\$2y\$$_\$abcdefghijklmnopqrstuu" } 11, 13;

my $mpm = $ENV{PWR_MPM} // 'event';
my $is_event = $mpm eq 'event';

# Few threads, where none waits; elsewhere one for each of the crowd.
my %few = (children => 1, threads => $is_event ? FEW : CROWD);

sub enter {
    my ($walk, $login, $password) = @_;
    my $begin = time;
    my $r = $walk->client->post('/account/login', [login => $login, password => $password // NEW]);
    return (time - $begin, $r);
}

sub median { return (sort { $a <=> $b } @_)[@_ / 2] }

# A login as bytes, on a connection that stays.
sub bytes {
    my ($login, @more) = @_;
    my $body = PWR::Client::form_encode(login => $login, password => NEW);
    return join "\r\n", 'POST /account/login HTTP/1.1', 'Host: x', @more,
        'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $body, '', $body;
}

# Connections on which a login was sent, its answer unread.
sub ask {
    my ($walk, $n) = @_;
    return map { my $socket = $walk->client->open_socket; syswrite $socket, bytes('md5'); $socket } 1 .. $n;
}

# All that comes until the server closes.
sub rest {
    my $socket = shift;
    my ($all, $until) = ('', time + WAIT_SEC);
    while (time < $until && IO::Select->new($socket)->can_read($until - time)) {
        sysread $socket, $all, 65_536, length $all or return $all;
    }
    return "$all(still open)";
}

# --- the time -------------------------------------------------------------------

sub no_sooner {
    my $walk = shift;
    my %time;
    my @names = ('dear', 'nobody', 'locked', sort keys %cheap);
    enter($walk, 'dear');
    for (1 .. TRIES) {
        push @{$time{$_}}, (enter($walk, $_))[0] for @names;
        push @{$time{long}}, (enter($walk, 'dear', 'x' x 100))[0];
        push @{$time{right}}, (enter($walk, 'md5', OLD))[0];
    }
    # The shortest ones: what else the machine does makes the others longer.
    my %least = map { $_ => min(@{$time{$_}}) } keys %time;
    cmp_ok($least{$_}, '>', $least{dear} * EARLY, "wrong: $_ answers no sooner than the dearest")
        for sort grep { $_ ne 'right' } keys %time;
    cmp_ok($least{right}, '<', $least{dear} / 2, 'what is right need not wait');
    return;
}

# Where no account has failed yet, the site's own scheme is the measure.
sub first {
    my $walk = shift;
    my ($md5) = enter($walk, 'md5');
    my $nobody = min(map { (enter($walk, 'nobody'))[0] } 1 .. TRIES);
    cmp_ok($md5, '>', $nobody / 2, 'the first wrong password ever takes its time');
    return;
}

# A thousand passwords over bcrypt's limit cost nothing, and teach nothing.
sub not_taught {
    my $walk = shift;
    my $before = min(map { (enter($walk, 'nobody'))[0] } 1 .. TRIES);
    $walk->at_once(map { ['/account/login', [login => 'nobody', password => 'x' x 73]] } 1 .. 10) for 1 .. 10;
    my $after = median(map { (enter($walk, 'md5'))[0] } 1 .. TRIES);
    cmp_ok($after, '>', $before * 0.7, 'over-long passwords do not shorten it');
    return;
}

# --- the wait -------------------------------------------------------------------

sub no_thread {
    my $walk = shift;
    enter($walk, 'dearest');
    my ($one) = enter($walk, 'md5');
    my $begin = time;
    my @sockets = ask($walk, CROWD);
    sleep $one / 4;
    my $asked = time;
    my $status = $is_event ? $walk->client->get('/')->status : 'not asked';
    my $others = time - $asked;
    my @answers = map { rest($_) } @sockets;
    my $all = time - $begin;
    is(scalar(grep { m{^HTTP/1\.1 422 } } @answers), CROWD, 'all are answered');
    is(scalar(grep { /^Connection: close\r$/m } @answers), CROWD, 'and told that the connection ends') if $is_event;
    cmp_ok($one, '>', $walk->{dearest} / 2, "one takes $one s");
    SKIP: {
        skip("a request waits in its thread on $mpm", 3) if !$is_event;
        is($status, 200, 'others are served meanwhile');
        cmp_ok($others, '<', 2 * $one, 'and not after all of them');
        cmp_ok($all, '<', HELD_SEC * $one, CROWD . " at four threads take $all s, as nobody holds one");
    }
    return;
}

# What follows on the same connection is not answered, as the header says.
sub pipelined {
    my $walk = shift;
    my $socket = $walk->client->open_socket;
    syswrite $socket, bytes('md5') . bytes('nobody') . "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    my $all = rest($socket);
    my @status = $all =~ m{^HTTP/1\.1 (\d+) }gm;
    is_deeply(\@status, $is_event ? [422] : [422, 422, 200], 'pipelined');
    my $end = qr{</html>\s*};
    like($all, $is_event ? qr{$end\z} : qr{\A(?:HTTP/1\.1 422 .*?$end){2}HTTP/1\.1 200 }s, 'whole');
    $socket = $walk->client->open_socket;
    syswrite $socket, "GET / HTTP/1.1\r\nHost: x\r\n\r\n" . bytes('md5', 'Connection: close');
    is_deeply([rest($socket) =~ m{^HTTP/1\.1 (\d+) }gm], [200, 422], 'the second on its connection');
    $socket = $walk->client->open_socket;
    syswrite $socket, bytes('md5') =~ s{HTTP/1\.1}{HTTP/1.0}r;
    like(rest($socket), qr{^HTTP/1\.1 422 .*</html>\s*\z}s, 'HTTP/1.0');
    return;
}

# Clients that do not wait, politely or not.
sub gone {
    my $walk = shift;
    my $before = scalar grep { m{"POST /account/login } } @{[$walk->httpd->access_log]};
    for my $n (1 .. LEAVERS) {
        my $socket = $walk->client->open_socket;
        setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0 if $n % 2;
        syswrite $socket, bytes('md5');
        sleep 0.01 if $n % 3;
        close $socket;
    }
    my $until = time + WAIT_SEC;
    my $logged = 0;
    while ($logged < LEAVERS / 2 && time < $until) {
        $logged = grep({ m{"POST /account/login } } $walk->httpd->access_log) - $before;
        sleep 0.05;
    }
    cmp_ok($logged, '>=', LEAVERS / 2, 'whoever leaves is logged all the same');
    is((enter($walk, 'md5'))[1]->status, 422, 'and the next is served');
    return;
}

sub restarts {
    my $walk = shift;
    my @sockets = ask($walk, FEW);
    sleep 0.1;
    $walk->httpd->graceful;
    is(scalar(grep { rest($_) =~ m{^HTTP/1\.1 422 .*</html>\s*\z}s } @sockets), FEW,
        'a graceful restart: those who wait are answered');
    my ($one) = enter($walk, 'md5');
    cmp_ok($one, '>', $walk->{dearest} / 2, 'what was learnt has outlived it');
    @sockets = ask($walk, FEW);
    sleep 0.1;
    $walk->httpd->restart;
    rest($_) for @sockets;
    is((enter($walk, 'md5'))[1]->status, 422, 'a restart that waits for nobody');
    return;
}

sub status_page {
    my $walk = shift;
    my $socket = $walk->client->open_socket;
    syswrite $socket, bytes('md5');
    sleep 0.1;
    is($walk->client->get('/server-status')->status, 200, 'mod_status looks on');
    like(rest($socket), qr{^HTTP/1\.1 422 }, 'and harms nothing');
    return;
}

sub add_all {
    my $walk = shift;
    $walk->add($_, password => $cheap{$_}) for keys %cheap;
    $walk->add('locked', password => "!$dear");
    $walk->add('dear', password => $dear);
    $walk->add('dearest', password => $dearest);
    # The shortest, again.
    $walk->{dearest} = min(map { my $begin = time; $walk->works('dearest', NEW); time - $begin } 1 .. FEW);
    return;
}

# Places for all of the crowd: what is refused keeps its place.  And where a
# connection goes on after it, soon no thread waits for more.
my $settings = "PwResetHashGate 32 64\nKeepAliveTimeout 1\nExtendedStatus On\n"
    . "<Location /server-status>\nSetHandler server-status\nRequire all granted\n</Location>\n";

each_database(sub {
    my $walk = shift;
    $walk->httpd->allow_log('AH00052', 'AH00161', 'AH00286', 'AH03490');
    add_all($walk);
    subtest first => sub { first($walk) };
    subtest 'no sooner' => sub { no_sooner($walk) };
    subtest 'not taught' => sub { not_taught($walk) };
    subtest 'no thread' => sub { no_thread($walk) };
    subtest pipelined => sub { pipelined($walk) };
    subtest gone => sub { gone($walk) };
    subtest 'status page' => sub { status_page($walk) };
    subtest restarts => sub { restarts($walk) };
}, %few, modules => ['status'], global => $settings, conf => 'PwResetPasswordScheme bcrypt:10');

# sha512-crypt takes the longer the longer the password is, a digest does not and
# bcrypt has none so long: that must not tell whose account is what.
subtest 'long passwords' => sub {
    my $walk = PWR::Walk->new('sqlite', %few, conf => 'PwResetPasswordScheme sha512-crypt:100000');
    $walk->add('dear', password => crypt OLD, '$6$rounds=100000$abcdefgh');
    $walk->add('digest', password => $cheap{dovecot});
    $walk->add('bcrypt', password => $cheap{bcrypt5});
    enter($walk, 'dear');
    my %time;
    for (1 .. FEW) {
        push @{$time{$_}}, (enter($walk, $_, 'x' x 500))[0] for qw(dear digest bcrypt nobody);
    }
    my %least = map { $_ => min(@{$time{$_}}) } keys %time;
    my ($short) = enter($walk, 'dear');
    cmp_ok($least{dear}, q(>), 2 * $short, q(control: a long one takes longer));
    cmp_ok($least{$_}, '>', $least{dear} * EARLY, "$_ answers no sooner than the dearest") for qw(digest bcrypt nobody);
    cmp_ok($least{dear}, '>', $least{nobody} * EARLY, 'nor later');
    $walk->settle;
    $walk->httpd->done;
};

# Wrong passwords by HTTP/1.1 (post) or in a stream (h2).
sub over_tls {
    my ($walk, $way, $least) = @_;
    for my $login (qw(md5 nobody)) {
        my $begin = time;
        my $r = $way eq 'h2'
            ? $walk->client->h2(POST => '/account/login', form => [login => $login, password => NEW])
            : $walk->client->post('/account/login', [login => $login, password => NEW]);
        is($r->status, 422, "$way: $login");
        cmp_ok(time - $begin, '>', $least, 'takes its time');
    }
    return;
}

# Over TLS as without, and in the streams of HTTP/2, which have no connection
# of their own.
subtest tls => sub {
    my $tls = PWR::TLS->new;
    my $walk = PWR::Walk->new('sqlite', tls => $tls, modules => ['http2'], %few,
        global => $settings =~ s/<Location.*//sr, conf => 'PwResetPasswordScheme bcrypt:10');
    add_all($walk);
    my ($sec) = enter($walk, 'dear');
    over_tls($walk, 'post', $sec / 2);
    SKIP: {
        skip('prefork has no HTTP/2', 4) if !$walk->httpd->has_http2;
        over_tls($walk, 'h2', $sec / 2);
    }
    $walk->httpd->done;
};
done_testing();
