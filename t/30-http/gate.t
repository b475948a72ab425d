#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The gate before the hashes: two sites of one server share it, neither a crowd
# at one of them nor a restart takes it from the other, nor does a child that is
# killed in the middle of a hash.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Lint qw(slurp);
use POSIX ();
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

# Half of the queue is eight, and all have their seat before one has the place.
use constant {QUEUE => 16, OURS => 8, FEW => 5, CROWD => 30, SLOT_MS => 4900, WAIT_SEC => 30, PATIENCE_SEC => 5,
    BUSY_TICKS => 10, POLL_SEC => 0.02};

my $slow = crypt OLD, '$2y$11$abcdefghijklmnopqrstuu';
my $slower = crypt OLD, '$2y$12$abcdefghijklmnopqrstuu';
my $slowest = crypt OLD, '$2y$14$abcdefghijklmnopqrstuu';

# Connections on which a login at this site was sent, its answer unread.
sub ask {
    my ($sites, $name, $n, $login, $password, $more) = @_;
    my $body = PWR::Client::form_encode(login => $login, password => $password // OLD);
    my $port = $sites->httpd->port;
    return map {
        my $socket = $sites->client($name)->open_socket;
        syswrite $socket, "POST /account/login HTTP/1.1\r\nHost: $name.test:$port\r\nConnection: close\r\n"
            . ($more // '')
            . "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
        $socket;
    } 1 .. $n;
}

sub answered { return scalar(() = IO::Select->new(@_)->can_read(0)) }

# status => how many, once all are answered.
sub statuses {
    my %n;
    my $until = time + WAIT_SEC;
    for my $socket (@_) {
        my $text = '';
        my $left = $until - time;
        sysread $socket, $text, 65_536 if IO::Select->new($socket)->can_read($left > 0 ? $left : 0);
        $n{$text =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0}++;
        ok($text =~ /^Retry-After: \d+\r$/m, '503 says when to come again') if $text =~ m{^HTTP/1\.1 503};
    }
    return \%n;
}

# So many of a crowd were answered with this; or fewer, when the patience of those
# with a seat has ended, as on a machine with too much to do.
sub enough {
    my ($n, $status, $least, $begin, $name) = @_;
    my ($got, $took) = ($n->{$status} // 0, time - $begin);
    ok($got >= $least || ($got > 0 && $took > PATIENCE_SEC), "$name: $got in $took s");
    return;
}

sub login { return $_[0]->client($_[1])->post('/account/login', [login => 'ivan', password => OLD])->status }

# One place: at the other site one need not wait for the crowd.
sub turns {
    my $sites = shift;
    my $begin = time;
    my @crowd = ask($sites, 'a', OURS, 'ivan');
    sleep 0.05 until answered(@crowd);
    is(login($sites, 'b'), 303, 'the other site is served');
    my $before = answered(@crowd);
    cmp_ok($before, '<', OURS / 2 + 1, "after $before of the crowd");
    enough(statuses(@crowd), 303, OURS, $begin, 'and the crowd is served, too');
    @crowd = ask($sites, 'a', OURS - 1, 'ivan');
    sleep 0.05 until answered(@crowd);
    is(login($sites, 'a'), 303, 'at the same site');
    cmp_ok(answered(@crowd), '>', OURS / 2 + 1, 'one comes after them');
    statuses(@crowd);
    return;
}

# A crowd gets half of the seats, and the next at the other site finds one.
sub seats {
    my $sites = shift;
    my $begin = time;
    my @crowd = ask($sites, 'a', CROWD, 'ivan');
    sleep 0.05 until answered(@crowd) > CROWD / 3;
    is(login($sites, 'b'), 303, 'the other site has a seat');
    my $n = statuses(@crowd);
    enough($n, 303, OURS, $begin, 'of the crowd some get in');
    cmp_ok($n->{503} // 0, '>', 0, 'and some are told to come again');
    is(keys %$n, 2, 'no more than that');
    return;
}

# Answers that wait have seats, too: a thousand of them could not pile up.
sub resting {
    my $sites = shift;
    $sites->client('a')->post('/account/login', [login => 'olga', password => NEW]);
    my $begin = time;
    my $n = statuses(ask($sites, 'a', CROWD, 'quick', NEW));
    cmp_ok($n->{503} // 0, '>', 0, 'not all that wait for their answer have a seat');
    enough($n, 422, QUEUE / 4, $begin, 'those that have are answered');
    return;
}

# So have refusals that wait because the account was asked for: a cookie of a
# known browser, true or not, is no way past the gate.
sub refused {
    my $sites = shift;
    my $cookie = $sites->walk->cookie_name($sites->signed_in('c', 'ivan')) . '-device=00';
    my $last = '';
    for (1 .. FEW) {
        $last = $sites->client('c')->post('/account/login', [login => 'nobody', password => NEW])->body;
    }
    like($last, qr/too many attempts/, 'a name that is guessed at');
    my $begin = time;
    my $n = statuses(ask($sites, 'c', CROWD, 'nobody', NEW, "Cookie: $cookie\r\n"));
    cmp_ok($n->{503} // 0, '>', 0, 'not all with the cookie of a browser have a seat');
    enough($n, 422, QUEUE / 4, $begin, 'those that have are answered');
    return;
}

# Strangers whose answers wait for a slot use up their half of the seats; what
# is left has room for the owner's own browser.
sub known {
    my $sites = shift;
    my $owner = $sites->signed_in('d', 'ivan');
    my @names = map { "many$_" } 1 .. QUEUE / 2;
    $sites->client('d')->post('/account/login', [login => $_, password => NEW]) for @names;
    $sites->walk->sql(
        "UPDATE pwreset_guess SET next_ms = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) + " . SLOT_MS);
    my @crowd = map { ask($sites, 'd', 1, $_, NEW) } @names;
    my $n = 0;
    my $stranger = sub { $sites->client('d')->post('/account/login', [login => 'new' . $n++, password => NEW])->status };
    sleep 2.5;
    is(answered(@crowd), 0, 'all seats of strangers are taken');
    sleep POLL_SEC while $stranger->() != 503 && !answered(@crowd);
    my $rows = sub { $sites->walk->value('SELECT COUNT(*) FROM pwreset_guess') };
    my $before = $rows->();
    is($stranger->(), 503, 'another stranger finds none');
    is($rows->(), $before, 'and costs the database nothing');
    is($owner->post('/account/login', [login => 'ivan', password => OLD])->status, 303, 'the owner is let in');
    is_deeply(statuses(@crowd), {422 => QUEUE / 2}, 'and they are answered');
    return;
}

# Ask until so many were answered: who is told to come again does.
sub all_wrong {
    my ($sites, $n, $login) = @_;
    my ($done, $until) = (0, time + WAIT_SEC);
    while ($done < $n && time < $until) {
        $done += statuses(ask($sites, 'a', $n - $done, $login, NEW))->{422} // 0;
    }
    return $done;
}

# In turns: how long each of them took must not show whose hash it was.
sub alike {
    my $sites = shift;
    my %took;
    login($sites, 'a');
    for my $login (qw(quick nobody quick nobody)) {
        my $begin = time;
        is(all_wrong($sites, FEW, $login), FEW, "$login: all are answered");
        $took{$login} += time - $begin;
    }
    cmp_ok($took{quick}, '>', 0.5 * $took{nobody},
        "a crowd at a cheap account takes $took{quick} s, at nobody's $took{nobody} s");
    return;
}

# The children of before a graceful restart hold the gate still.
sub restart {
    my $sites = shift;
    my @old = ask($sites, 'a', FEW, 'olga');
    sleep 0.1;
    $sites->httpd->graceful;
    my $left = FEW - answered(@old);
    is(login($sites, 'a'), 303, 'a newcomer is served');
    SKIP: {
        skip 'those of before were served already', 1 if !$left;
        is(answered(@old), FEW, "after the $left of before, not beside them");
    }
    is_deeply(statuses(@old), {303 => FEW}, 'who are served, too');
    is(login($sites, 'a'), 303, 'and the next, as ever');
    return;
}

# --- the child that hashes ---------------------------------------------------------

# Processor time of a process so far, in ticks.
sub ticks {
    my $pid = shift;
    open my $in, '<', "/proc/$pid/stat" or return 0;
    my @fields = split ' ', <$in> =~ s/.*\) //r;
    return $fields[11] + $fields[12];
}

# Stop a process; the signal is there at once, its threads end one by one, and
# until then they take connections.
sub halt {
    my $pid = shift;
    kill STOP => $pid;
    my $until = time + WAIT_SEC;
    sleep POLL_SEC while time < $until && grep { slurp($_) !~ /\) T / } glob "/proc/$pid/task/*/stat";
    return;
}

# A login whose hash is being made: (its connection, the child that makes it).
sub in_a_hash {
    my ($sites) = @_;
    my %before = map { ($_ => ticks($_)) } $sites->httpd->children;
    my ($socket) = ask($sites, 'a', 1, 'slow');
    my ($until, $child) = time + WAIT_SEC;
    until ($child || time > $until) {
        sleep POLL_SEC;
        ($child) = grep { ticks($_) - $before{$_} >= BUSY_TICKS } keys %before;
    }
    ok($child && !answered($socket), 'a child is in a hash');
    return ($socket, $child);
}

# A server with one place, and as few children as can be.
sub one_place {
    my $children = shift;
    my $sites = PWR::Sites->new({a => ''}, global => "PwResetHashGate 1 @{[QUEUE]}\n", threads => 8,
        children => $children);
    $sites->walk->add('ivan');
    $sites->walk->add('slow', password => $slowest);
    is(login($sites, 'a'), 303, 'the place is there');
    return $sites;
}

# How long each thread may keep a processor that others want, in ns.
sub slices {
    my $pid = shift;
    return map { slurp($_) =~ /^se\.slice\s*:\s*(\d+)/m ? $1 : () } glob "/proc/$pid/task/*/sched";
}

# Linux 6.12 takes the wish for another one.
sub takes_slices {
    my ($major, $minor) = (POSIX::uname())[2] =~ /^(\d+)\.(\d+)/;
    return $major > 6 || ($major == 6 && $minor >= 12);
}

# The one that hashes goes last, where the kernel knows how; then it is as the
# others again.
sub gives_way {
    my $sites = one_place(1);
    my ($usual) = slices(($sites->httpd->children)[0]);
    my ($socket, $child) = in_a_hash($sites);
    SKIP: {
        skip('the kernel knows of no slices', 3) if !$usual || !takes_slices();
        is(scalar(grep { $_ > $usual } slices($child)), 1, 'the thread that hashes gives way to all others');
        is_deeply(statuses($socket), {303 => 1}, 'it comes to an end');
        is(scalar(grep { $_ > $usual } slices($child)), 0, 'and is one of them');
    }
    $sites->httpd->done;
    return;
}

# Killed in the middle of a hash, it leaves the one place to the next.
sub killed {
    my $sites = one_place(1);
    my $httpd = $sites->httpd->allow_log('AH00052');
    my ($socket, $child) = in_a_hash($sites);
    kill KILL => $child;
    is_deeply(statuses($socket), {0 => 1}, 'whose child is killed has no answer');
    my $begin = time;
    is(login($sites, 'a'), 303, 'the next one has its place');
    cmp_ok(time - $begin, '<', PATIENCE_SEC, 'before the patience of those who wait ends');
    $httpd->done;
    return;
}

# Stopped in the middle of a hash, it keeps the place; nobody waits for ever.
sub stopped {
    my $sites = one_place(2);
    my ($socket, $child) = in_a_hash($sites);
    halt($child);
    my $begin = time;
    my $n = statuses(ask($sites, 'a', 2, 'ivan'));
    my $took = time - $begin;
    kill CONT => $child;
    is_deeply($n, {503 => 2}, 'while the place is held, those who wait are told to come again');
    cmp_ok($took, '>', PATIENCE_SEC - 1, "after $took s");
    cmp_ok($took, '<', 2 * PATIENCE_SEC, 'and not much more');
    is_deeply(statuses($socket), {303 => 1}, 'who holds it gets in in the end');
    is(login($sites, 'a'), 303, 'and the next');
    $sites->httpd->done;
    return;
}

my $sites = PWR::Sites->new({a => '', b => '',
        c => 'PwResetLimit login-account 1/1h', d => 'PwResetLimit login-account 1/6s'},
    global => 'PwResetHashGate 1 ' . QUEUE, threads => 16);
$sites->httpd->allow_log('AH00052', 'AH00161', 'AH00484', 'AH00286', 'AH00287', 'AH03490', 'AH10159')->expect_log('PWR0071');
$sites->walk->add('ivan', password => $slow);
$sites->walk->add('olga', password => $slower);
$sites->walk->add('quick', password => crypt OLD, '$1$abcdefgh');
subtest turns => sub { turns($sites) };
subtest seats => sub { seats($sites) };
subtest resting => sub { resting($sites) };
subtest refused => sub { refused($sites) };
subtest known => sub { known($sites) };
subtest alike => sub { alike($sites) };
subtest restart => sub { restart($sites) };
# Who still waits when httpd stops is let go; else it had to kill its children,
# and said so in the log.
my @left = map { ask($sites, $_, QUEUE, 'olga') } qw(a b);
sleep 0.05 until answered(@left);
$sites->httpd->done;
subtest 'gives way' => \&gives_way;
subtest killed => \&killed;
subtest stopped => \&stopped;
done_testing();
