#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A database that takes what it is sent and never answers, or not on all its
# connections: within three seconds visitors are told to come again, its sockets
# are shut, the admin is told once, nothing is half done, and it passes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use PWR::Proxy;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {ANSWER_SEC => 3, BACK_SEC => 2, SOON_SEC => 1, START_SEC => 5, POOL => 4, CROWD => 40,
    LATE_SEC => 1.4, ROUNDS => 8, MOMENT_SEC => 0.08, AT_ONCE_SEC => 0.5};

my $unknown = '0' x 28;

# So many requests that need the database.
sub send_all {
    my ($walk, $n) = @_;
    my $client = $walk->client;
    return map {
        my $socket = $client->open_socket;
        syswrite $socket, "GET /account/reset?token=$unknown HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        $socket
    } 1 .. $n;
}

# Their answers: [status, seconds] of each.
sub answers {
    my ($begin, @sockets) = @_;
    my %waiting = map { $_ => $_ } @sockets;
    my @answers;
    while (%waiting && time < $begin + 3 * ANSWER_SEC) {
        for my $socket (IO::Select->new(values %waiting)->can_read(0.1)) {
            delete $waiting{$socket};
            my $answer = PWR::Response->parse(do { local $/; <$socket> } // '');
            push @answers, [$answer->status, time - $begin];
        }
    }
    return (@answers, map { ['none', 'inf'] } keys %waiting);
}

sub all_told {
    my ($name, @answers) = @_;
    is_deeply([grep { $_->[0] ne '503' } @answers], [], "$name: all are told to come again") or diag explain \@answers;
    is_deeply([grep { $_->[1] > ANSWER_SEC } @answers], [], "$name: within three seconds") or diag explain \@answers;
    return;
}

sub quick_static {
    my ($walk, $name) = @_;
    my $begin = time;
    is($walk->client->get('/')->status, 200, "$name: static pages are served");
    is($walk->client->get('/account/forgot')->status, 200, "$name: and our pages that need no database");
    cmp_ok(time - $begin, '<', SOON_SEC, "$name: soon");
    return;
}

sub is_back {
    my ($walk, $browser, $name) = @_;
    sleep BACK_SEC;                 # each child finds out by itself
    my %status;
    $status{$walk->client->get("/account/reset?token=$unknown")->status}++ for 1 .. CROWD;
    is_deeply(\%status, {410 => CROWD}, "$name: two seconds after, all is well");
    is($walk->who($browser), 'ivan', "$name: the session goes on");
    return;
}

# Whichever child it was; what the others say of the same is for who debugs.
sub told_once {
    my ($walk, $mark, $name) = @_;
    is(scalar(grep { /:error\].*PWR0024/ } $walk->httpd->log_since($mark)), 1, "$name: the admin is told once");
    return;
}

# All connections of the pool are open.
sub fill_pool {
    my $walk = shift;
    $walk->at_once((['/account/reset', [token => $unknown]]) x POOL) for 1 .. 2;
    return;
}

# While nobody asked: the next ones are given a connection that hangs.
sub idle {
    my ($walk, $browser) = @_;
    my $mark = $walk->httpd->log_mark;
    fill_pool($walk);
    $walk->db->pause;
    all_told('stopped', answers(time, send_all($walk, CROWD)));
    quick_static($walk, 'stopped');
    all_told('still stopped', answers(time, send_all($walk, CROWD)));
    told_once($walk, $mark, 'stopped');
    $walk->db->resume;
    is_back($walk, $browser, 'stopped');
    ok($walk->httpd->wait_log(qr/PWR0022/, $mark), 'and told of its return');
    return;
}

# An option file without limits for statements.
sub patient {
    my $walk = shift;
    my $file = $walk->db->dir . '/home/my.cnf';
    open my $out, '>>', $file or die "$file: $!\n";
    print {$out} "\n[patient]\nconnect-timeout = 2\n";
    close $out or die "$file: $!\n";
    my $params = $walk->db->params(group => 'patient');
    $walk->httpd->reconf(global => qq(DBDParams "$params"))->restart;
    return;
}

# In the middle of statements.
sub running {
    my ($walk, $browser) = @_;
    my $mark = $walk->httpd->log_mark;
    fill_pool($walk);
    $walk->sql('LOCK TABLES pwreset_token WRITE');
    my $begin = time;
    my @waiting = send_all($walk, POOL);
    my $asked = q(SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app' AND state LIKE 'Waiting%');
    sleep 0.02 while $walk->value($asked) < POOL && time < $begin + ANSWER_SEC;
    is($walk->value($asked), POOL, 'statements are running');
    $walk->db->pause;
    all_told('running', answers($begin, @waiting));
    quick_static($walk, 'running');
    $walk->db->resume;
    $walk->sql('UNLOCK TABLES');
    is_back($walk, $browser, 'running');
    told_once($walk, $mark, 'running');
    return;
}

# A network between that drops packets.
sub dropped {
    my ($walk, $browser) = @_;
    my $proxy = PWR::Proxy->new($walk->db->socket);
    my $params = $walk->db->params(host => '127.0.0.1', port => $proxy->port);
    $walk->httpd->reconf(global => qq(DBDParams "$params"))->restart;
    is($walk->who($browser), 'ivan', 'over a network');
    fill_pool($walk);
    $proxy->mode('stall');
    all_told('dropped packets', answers(time, send_all($walk, CROWD)));
    quick_static($walk, 'dropped packets');
    $proxy->mode('pass');
    is_back($walk, $browser, 'dropped packets');
    $walk->httpd->reconf(global => '')->restart;
    return;
}

# httpd is started meanwhile: with DBDMin 0 its children ask for nothing.
sub starts {
    my ($walk, $browser) = @_;
    for my $how ('away', 'hanging') {
        $walk->settle;
        $how eq 'away' ? $walk->db->stop : $walk->db->pause;
        my $begin = time;
        $walk->httpd->restart;
        is($walk->client->get('/')->status, 200, "$how: httpd starts and serves static pages");
        cmp_ok(time - $begin, '<', START_SEC, "$how: at once");
        all_told("$how at the start", answers(time, send_all($walk, CROWD)));
        quick_static($walk, "$how at the start");
        $how eq 'away' ? $walk->db->start : $walk->db->resume;
        is_back($walk, $browser, "$how at the start");
    }
    return;
}

# One row that somebody keeps for long: who needs it is told to come again,
# nobody else notices.
sub one_row {
    my ($walk, $browser) = @_;
    my %string = $walk->strings('ivan');
    my $dbh = $walk->db->dbh;
    $dbh->begin_work;
    $dbh->selectall_arrayref(q(SELECT * FROM pwreset_user WHERE login = 'ivan' FOR UPDATE));
    my $before = $walk->state;
    my $socket = $walk->client->open_socket;
    my $body = PWR::Client::form_encode(token => $string{ivan}, password => NEW, confirm => NEW);
    my $begin = time;
    syswrite $socket, "POST /account/reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
        . length($body) . "\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n$body";
    my %status;
    while (!IO::Select->new($socket)->can_read(0.05) && time < $begin + 2 * ANSWER_SEC) {
        $status{$walk->who($browser)}++;
    }
    is(PWR::Response->parse(do { local $/; <$socket> } // '')->status, 503, 'a kept row: he is told to come again');
    cmp_ok(time - $begin, '<', ANSWER_SEC, 'a kept row: within three seconds');
    $status{$walk->who($browser)}++;
    is_deeply([keys %status], ['ivan'], 'a kept row: nobody else notices') or diag explain \%status;
    $dbh->rollback;
    $walk->unchanged($before, 'a kept row');
    is($walk->client->post('/account/reset', [token => $string{ivan}, password => NEW, confirm => NEW])->status, 303,
        'a kept row: his string works, once it is free');
    ok($walk->works('ivan', NEW), 'and the password is the new one');
    return;
}

# Statements of the application's that wait for a lock; and its connections.
my $waiting = q(SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app' AND state LIKE 'Waiting%');
my $connections = q(SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app');

# Somebody who is signed in asks for a protected page, so often.
sub send_portal {
    my ($walk, $browser, $n) = @_;
    my $cookie = join '; ', map { "$_=" . $browser->cookie($_) } sort keys %{$browser->cookies};
    return map {
        my $socket = $walk->client->open_socket;
        syswrite $socket, "GET /portal/ HTTP/1.1\r\nHost: x\r\nCookie: $cookie\r\nConnection: close\r\n\r\n";
        $socket
    } 1 .. $n;
}

sub soon {
    my ($seconds, $check) = @_;
    my $until = time + $seconds;
    my $is;
    while (!($is = $check->()) && time < $until) { }
    return $is;
}

# A statement hangs; soon before it is overdue somebody connects and is not answered,
# and then the connections that were in use stay at hand.  Returns after how long the
# statement was cut; undef where it did not come to that.
sub cut_beside_connect {
    my ($walk, $browser, $proxy) = @_;
    my ($begin, $mark, $other) = (time, $walk->httpd->log_mark, $walk->db->dbh->clone);
    $walk->sql('LOCK TABLES pwreset_token WRITE');
    my ($overdue) = send_all($walk, 1);
    soon(SOON_SEC, sub { $walk->value($waiting) == 1 });
    my $who = $walk->who($browser);
    sleep $begin + LATE_SEC - time if time < $begin + LATE_SEC;
    my $n = $walk->value($connections);
    $other->do('LOCK TABLES pwreset.pwreset_session WRITE');
    my @busy = send_portal($walk, $browser, $n - 1);
    my $is_busy = soon(MOMENT_SEC, sub { $walk->value($waiting) == $n });
    $proxy->mode('hold');
    my ($new) = send_portal($walk, $browser, 1);
    my $is_held = soon(MOMENT_SEC, sub { $proxy->mode('hold') });
    $other->do('UNLOCK TABLES');
    # What goes back to mod_dbd now waits for its pool.
    my $at_once = grep { $_->[0] eq '200' && $_->[1] < AT_ONCE_SEC } answers(time, @busy);
    $walk->httpd->wait_log(qr/PWR0024/, $mark, 2 * ANSWER_SEC);
    my $took = time - $begin;
    $walk->sql('UNLOCK TABLES');
    my @told = map { sprintf '%s after %.2f s', @$_ } answers($begin, $overdue, $new);
    $proxy->mode('pass');
    my $is_so = $who eq 'ivan' && $n > 1 && $is_busy && $is_held && $at_once > 0;
    note sprintf '%s: %d at hand, cut after %.2f s; %s', $is_so ? 'so' : 'not so', $at_once, $took, join ', ', @told;
    return $is_so ? $took : undef;
}

# The thread that cuts gives back what lies at hand: not while that would take as
# long as the connect.
sub connecting {
    my ($walk, $browser) = @_;
    my $proxy = PWR::Proxy->new($walk->db->socket);
    my $params = $walk->db->params(host => '127.0.0.1', port => $proxy->port, group => 'patient');
    my ($took, $round) = (undef, 0);
    $walk->settle;
    $walk->httpd->reconf(global => qq(DBDParams "$params"))->restart;
    # The worker, which asks ever less often, must not have had one just before.
    while (!defined $took && $round++ < ROUNDS) {
        $took = cut_beside_connect($walk, $browser, $proxy);
    }
    ok(defined $took, "connections were at hand (round $round)");
    cmp_ok($took // 'inf', '<', ANSWER_SEC, 'while another connects in vain what is overdue is cut');
    is_back($walk, $browser, 'connecting');
    $walk->httpd->reconf(global => '')->restart;
    return;
}

my $walk = PWR::Walk->new('mysql', conf => 'PwResetSessionCache 0', children => 1, threads => 48);
$walk->httpd->expect_log(qw(PWR0024 PWR0021))->allow_log(qw(AH00629 AH00639 AH02655 PWR0023 PWR0201));
$walk->add('ivan');
my $browser = $walk->signed_in('ivan');
subtest idle => sub { idle($walk, $browser) };
subtest dropped => sub { dropped($walk, $browser) };
subtest starts => sub { starts($walk, $browser) };
patient($walk);
subtest running => sub { running($walk, $browser) };
subtest 'one row' => sub { one_row($walk, $browser) };
$browser = $walk->signed_in('ivan', NEW);
subtest connecting => sub {
    plan skip_all => 'each process of prefork has a pool of its own' if $walk->httpd->mpm eq 'prefork';
    connecting($walk, $browser);
};
$walk->settle;
$walk->httpd->done;
done_testing();
