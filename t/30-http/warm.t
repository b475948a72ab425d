#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Connections that stay at hand for a moment: the database is not asked each time
# whether they live, other modules get theirs of the same pool, and one that has
# died is noticed by nobody.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use PWR::Client;
use PWR::Load;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {N => 100, MAX => 4, SLEEP_SEC => 0.5, WARM_SEC => 0.5, SLACK_SEC => 0.3, FLOOD_MS => 3000, PATIENCE_SEC => 1,
    WAIT_SEC => 3, ROUNDS => 20};

plan skip_all => 'each process of prefork has a pool of its own' if ($ENV{PWR_MPM} // '') eq 'prefork';

# Beside ours somebody who asks the same pool, at each request and for long.
my $asks = 'SELECT CONCAT(\'{SHA}\', TO_BASE64(UNHEX(SHA1(\'right\')))) FROM'
    . " (SELECT %s AS login, SLEEP(@{[SLEEP_SEC]})) AS one";
my $other = <<"CONF";
<Location "/other">
    AuthType Basic
    AuthName other
    AuthBasicProvider dbd
    AuthDBDUserPWQuery "$asks"
    Require valid-user
</Location>
CONF

sub globals { my ($max, $more) = @_; return "ServerLimit 1\nMaxRequestWorkers 32\nDBDMax $max\nDBDKeep $max\n" . ($more // '') }

# By the server's own count: pings, and connections that were made.
sub counted {
    my ($walk, $name) = @_;
    return ($walk->db->dbh->selectrow_array('SHOW GLOBAL STATUS LIKE ?', undef, $name))[1];
}

sub pings { return counted($_[0], 'Com_admin_commands') }

# What `$do` adds to a count of the server's, but for what our own handle asks.
sub more_of {
    my ($walk, $name, $do) = @_;
    my $mine = sub { ($walk->db->dbh->selectrow_array('SHOW SESSION STATUS LIKE ?', undef, $name))[1] };
    my ($before, $mine_before) = (counted($walk, $name), $mine->());
    $do->();
    return counted($walk, $name) - $before - ($name eq 'Connections' ? 0 : $mine->() - $mine_before);
}

# So many at once ask for the other page: how long all of it took.
sub others_sec {
    my ($httpd, $n) = @_;
    my $begin = time;
    my @waiting = map {
        my $pid = open(my $said, '-|') // die "fork: $!\n";
        if (!$pid) {
            my $r = PWR::Client->new(url => $httpd->url)->get('/other/page.html',
                headers => [[Authorization => 'Basic aXZhbjpyaWdodA==']]);
            print $r->status;
            close STDOUT;
            POSIX::_exit(0);
        }
        $said;
    } 1 .. $n;
    is(join(' ', map { scalar <$_> // '' } @waiting), join(' ', (200) x $n), "$n others are let in");
    return time - $begin;
}

# Where ours and others share the pool.
sub shared {
    my ($walk, $load, $link) = @_;
    sleep WARM_SEC + SLACK_SEC;
    cmp_ok(others_sec($walk->httpd, MAX), '<', 2 * SLEEP_SEC, 'after a while all connections are there for others');
    my $flood = $load->flood(16, FLOOD_MS, $link);
    my $took = others_sec($walk->httpd, 1);
    cmp_ok($took, '<', SLEEP_SEC + PATIENCE_SEC, 'and in a flood others get theirs in their turn');
    my %n = %{$flood->()};
    is(join(' ', keys %n), '200', 'nobody is turned away');
    return;
}

# --- all connections at once -----------------------------------------------------------

# MAX requests that all have a connection in the same moment, as none is answered
# before all have asked; and their statuses.
sub wave {
    my ($walk, $path) = @_;
    my $waiting = q(SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app' AND state LIKE 'Waiting%');
    $walk->sql('LOCK TABLES pwreset_token WRITE');
    my @sockets = map {
        my $socket = $walk->client->open_socket;
        syswrite $socket, "GET $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        $socket
    } 1 .. MAX;
    my $until = time + WAIT_SEC;
    my $n;
    while (($n = $walk->value($waiting)) < MAX && time < $until) { }
    $walk->sql('UNLOCK TABLES');
    diag("only $n have a connection") if $n < MAX;
    return map { PWR::Response->parse(do { local $/; <$_> } // '')->status } @sockets;
}

sub all_well { my ($name, @statuses) = @_; return is("@statuses", join(' ', (200) x MAX), $name) }

# How often the pool is asked in a wave that follows another.  The first may come
# too late for what the last one left at hand, so the least of some counts.
sub half {
    my ($walk, $path) = @_;
    my ($least, $rounds) = (MAX + 1, 0);
    while ($least != MAX / 2 && $rounds++ < ROUNDS) {
        my @statuses = wave($walk, $path);
        my $n = more_of($walk, 'Com_admin_commands', sub { push @statuses, wave($walk, $path) });
        $least = $n if $n < $least;
        return fail("they are answered @statuses") if grep { $_ != 200 } @statuses;
    }
    return is($least, MAX / 2, "half of the pool is kept at hand, no more (round $rounds)");
}

# As many as are at hand, and those in the pool.
sub dead {
    my ($walk, $path) = @_;
    for my $round (1 .. 5) {
        all_well("round $round: all connections are in use", wave($walk, $path));
        $walk->db->cut;
        all_well("round $round: all are dead, and nobody notices", wave($walk, $path));
    }
    return;
}

sub one_dead {
    my ($walk, $load, $link) = @_;
    for my $round (1 .. 5) {
        $load->visit(1, $link, $link);
        $walk->db->cut;
        $load->visit(1, $link, $link);
        is($load->statuses, '200', "round $round: a connection that died at hand is noticed by nobody");
    }
    return;
}

# --- pools in which none is kept -------------------------------------------------------

# How many pings, and new connections, each of N requests takes.
sub costs {
    my ($walk, $load, $link) = @_;
    $load->visit(N / 2, $link, $link);
    my $connections = 0;
    my $pings = more_of($walk, 'Com_admin_commands', sub {
        $connections = more_of($walk, 'Connections', sub { $load->visit(N / 2, $link, $link) });
    });
    is($load->statuses, '200', 'the page is there');
    return ($pings / N, $connections / N);
}

my $limits = join "\n", map { "PwResetLimit $_ 1000/1s 100000" } qw(forgot-client reset-client);
my $walk = PWR::Walk->new('mysql', children => 1, threads => 32, modules => [qw(auth_basic authn_dbd)],
    global => globals(MAX), conf => "$limits\n$other");
# mod_dbd says of each that is dead when it was asked.
my $httpd = $walk->httpd->allow_log('AH00639');
$walk->add('ivan');
mkdir $httpd->root . '/htdocs/other' or die "other: $!\n";
chmod 0755, $httpd->root . '/htdocs/other';
$httpd->write('htdocs/other/page.html', 'x');
my $load = PWR::Load->new($httpd);
my %string = $walk->strings('ivan');
my $path = "/account/reset?token=$string{ivan}";
my $link = $load->script("GET $path");

my ($pings, $connections) = costs($walk, $load, $link);
cmp_ok($pings, '<', 0.5, "the database is not asked each time whether it lives: $pings pings of a request");
cmp_ok($connections, '<', 0.1, "nor are connections made: $connections");
subtest 'others' => sub { shared($walk, $load, $link) };
subtest 'half' => sub { half($walk, $path) };
subtest 'one is dead' => sub { one_dead($walk, $load, $link) };
subtest 'all are dead' => sub { dead($walk, $path) };

# The control: of a pool of one none is kept.
$httpd->reconf(global => globals(1))->restart;
($pings, $connections) = costs($walk, $load, $link);
cmp_ok($pings, '>=', 1, "DBDMax 1: each is asked for: $pings");
cmp_ok($connections, '<', 0.1, "and stays open: $connections");

# Each is then opened for one request and closed with it.
$httpd->reconf(global => globals(MAX, 'DBDPersist Off'))->restart;
($pings, $connections) = costs($walk, $load, $link);
cmp_ok($connections, '>=', 1, "DBDPersist Off: each request has its own: $connections");
cmp_ok($connections, '<', 1.5, 'and no other');
my %n = %{$load->flood(8, 1000, $link)->()};
is(join(' ', keys %n), '200', 'of many at once, too');
$httpd->done;
done_testing();
