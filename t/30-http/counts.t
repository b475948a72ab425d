#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What each hot path costs, counted and not timed, so that it cannot grow
# unnoticed: what MariaDB was asked, by its own count; what malloc was asked
# (counts.c); and the system calls, by strace.  Whoever raises a number here says
# why in the commit.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/../../bench/lib";
use Bench::State;
use Lint;
use POSIX ();
use PWR::Load;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep);

use constant {N => 100, WARM => 40, SETTLE_SEC => 0.3, SPENT => 40, MAILS => 50, PEOPLE => 240, NEVER => 1 << 40};

plan skip_all => 'the sanitizers allocate, too' if $ENV{PWR_ASAN};
plan skip_all => 'the numbers are those of the event MPM' if ($ENV{PWR_MPM} // 'event') ne 'event';

my $folder = tempdir(CLEANUP => 1);
chmod 0755, $folder;
is(system("gcc -O2 -shared -fPIC -o '$folder/counts.so' '$FindBin::Bin/counts.c'"), 0, 'the counter is built')
    or BAIL_OUT('no counter');
open my $counts, '+>:raw', "$folder/counts" or die "counts: $!\n";
syswrite $counts, "\0" x 8;
chmod 0666, "$folder/counts";

# One child, whose visitor is always given the same connection to the database, with
# every statement on it; half of the pool is what may stay at hand.
my $global = "ServerLimit 1\nMaxRequestWorkers 8\nLogLevel pwreset:notice\nDBDKeep 2\nDBDMax 2";
my $walk = PWR::Walk->new('mysql', children => 1, threads => 8,
    env => {LD_PRELOAD => "$folder/counts.so", COUNTS_FILE => "$folder/counts"},
    global => $global,
    conf => join "\n", "PwResetRealm @{[REALM]}", 'PwResetSessionCache 60', 'PwResetPasswordScheme bcrypt:10',
        # After the one mail that is needed the worker lets all others wait.
        'PwResetLimit forgot-site 1/1h',
        map { "PwResetLimit $_ 1000/1s 100000" } qw(forgot-client reset-client login-client login-account));
$walk->add('ivan', id => 'f' x 32);     # not one of Bench::State's
my $httpd = $walk->httpd;
my $load = PWR::Load->new($httpd);
my $browser = $walk->signed_in('ivan');
my %string = $walk->strings('ivan');
my $cookies = {Cookie => join '; ', map { "$_=" . $browser->cookie($_) } sort keys %{$browser->cookies}};

# Asked so often, over one open connection, what did it take of each?  Without what
# we ask ourselves.
sub status {
    my %n;
    for my $row (['GLOBAL', 1], ['SESSION', -1]) {
        my ($whose, $factor) = @$row;
        $n{$_->[0]} += $factor * $_->[1] for @{$walk->db->dbh->selectall_arrayref(qq(SHOW $whose STATUS
            WHERE Variable_name IN ('Com_stmt_execute', 'Com_stmt_prepare', 'Questions', 'Com_admin_commands')))};
    }
    sysseek $counts, 0, 0;
    sysread $counts, my $bytes, 8;
    return {statements => $n{Com_stmt_execute}, allocations => unpack('Q', $bytes),
        trips => $n{Questions} + $n{Com_stmt_prepare}, pings => $n{Com_admin_commands}};
}

sub system_calls {
    my ($visit, $n) = @_;
    my ($pid) = $httpd->children;
    my $tracer = fork // die "fork: $!\n";
    if (!$tracer) {
        open STDERR, '>', "$folder/strace.said";
        { exec 'strace', '-f', '-c', '-o', "$folder/strace", '-p', $pid; }
        POSIX::_exit(127);
    }
    sleep SETTLE_SEC;
    $visit->($n);
    kill INT => $tracer;
    waitpid $tracer, 0;
    my ($total) = slurp("$folder/strace") =~ /^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s.*total$/m;
    return $total;
}

# What `$n` requests take, of each; `$visit->($n)` sends so many.
sub costs {
    my ($visit, $n) = @_;
    $visit->(WARM);
    sleep SETTLE_SEC;
    my $before = status();
    $visit->($n);
    my $after = status();
    my %more = map { $_ => $after->{$_} - $before->{$_} } keys %$after;
    my $calls = has_program('strace') ? system_calls($visit, $n) : undef;
    return {(map { $_ => int($more{$_} / $n) } keys %more), exact_pings => $more{pings} / $n,
        calls => defined $calls ? int($calls / $n) : undef};
}

# Of each request: what the database is asked, in how many round trips, and at
# most so many calls of malloc and of the system.  Half of that, and the number
# here is to be lowered.  Before mod_dbd lends a connection it makes one more, a
# ping; see check().
my $protected = ['GET /portal/', $cookies];
my @paths = (
    ['a static page', 'GET /', 0, 0, 0, 14],
    ['the forgot page', 'GET /account/forgot', 0, 0, 7, 18],
    ['the login page', 'GET /account/login', 0, 0, 7, 18],
    ['a link from a mail', "GET /account/reset?token=$string{ivan}", 2, 2, 37, 24],
    ['a protected page, session in the cache', $protected, 0, 0, 4, 16],
    ['asking for a mail', ['POST /account/forgot', email => 'nobody@example.org'], 1, 1, 24, 28],
    ['signing in', ['POST /account/login', login => 'ivan', password => OLD], 8, 8, 90, 80],
);
my @uncached_paths = (
    ['a protected page, session not in the cache', $protected, 2, 2, 24, 24],
);

sub visits {
    my $script = $load->script(shift);
    return sub { $load->visit($_[0] / 2, $script, $script) };
}

# Of quick requests one in some dozens is pinged for; half is a slow machine's
# share, and all of them were it before.  A hash takes as long as a connection may
# stay at hand: there we do not count.
sub check {
    my ($name, $request, @most) = @_;
    my $is_slow = ref $request eq 'CODE' || $name eq 'signing in';
    my $cost = ref $request eq 'CODE' ? costs($request, SPENT) : costs(visits($request), N);
    is($cost->{statements}, $most[0], "$name: statements");
    is($cost->{trips}, $most[1], "$name: round trips");
    cmp_ok($cost->{exact_pings}, '<', 0.5, "$name: and few pings, $cost->{exact_pings}") if !$is_slow;
    for my $what (qw(allocations calls)) {
        my ($n, $most) = ($cost->{$what}, $most[$what eq 'calls' ? 3 : 2]);
        SKIP: {
            skip 'strace is missing, or may not look at httpd', 2 if !defined $n;
            cmp_ok($n, '<=', $most, "$name: $n $what");
            cmp_ok($n, '>=', int $most / 2, "$name: and not far fewer");
        }
    }
    return;
}

check(@$_) for @paths;
$walk->sql('DELETE FROM pwreset_job');
$httpd->reconf(conf => "PwResetRealm @{[REALM]}\nPwResetSessionCache 0\nPwResetLimit None")->restart;
check(@$_) for @uncached_paths;

# --- strings that are spent -----------------------------------------------------------

# Of many people, each once; the worker, whose notices would be counted with it, is
# kept busy.
my $spent = 0;

sub spend {
    my $n = shift;
    my @scripts = map {
        $load->script(map { ['POST /account/reset', token => string(++$spent), password => NEW, confirm => NEW] } 1 .. $n / 2)
    } 1 .. 2;
    return $load->in_turn(@scripts);
}

Bench::State::fill($walk->db->dbh, sub { }, users => PEOPLE, strings => PEOPLE, sessions => 0);
$walk->settle;
my $runs = $httpd->mailbox->runs;
$httpd->reconf(global => "$global\nPwResetMailSlots 1",
    conf => join "\n", "PwResetRealm @{[REALM]}", 'PwResetPasswordScheme bcrypt:10', 'PwResetLimit None')->restart;
$httpd->mailbox->mode('hang');
$walk->client->post('/account/forgot', [email => login(PEOPLE) . '@example.org']);
is($httpd->mailbox->wait_runs($runs + 1), $runs + 1, 'the worker is busy');
check('spending a string', \&spend, 15, 17, 230, 110);
is($walk->value('SELECT COUNT(*) FROM pwreset_token WHERE spent_at > 0'), $spent, 'all of them were spent');

# --- jobs that become mails -----------------------------------------------------------

# Strings were minted an hour ago for those people, so each gets another one.
sub put_jobs {
    my ($first, $n) = @_;
    my $put = $walk->db->dbh->prepare('INSERT INTO pwreset_job (id, kind, realm, identifier, identify_by, language, address,'
        . ' agent, created, due) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)');
    $put->execute(id((1 << 60) + $_), 'recover', REALM, login($_) . '@example.org', 'en', "10.0.$_.1", 'Mozilla/5.0',
        int time, NEVER) for $first .. $first + $n - 1;
    return;
}

sub send_mails {
    my ($first, $n) = @_;
    my $all = $httpd->mailbox->runs + $n;
    put_jobs($first, $n);
    my $before = status();
    $walk->sql('UPDATE pwreset_job SET due = 1');
    $walk->client->post('/account/forgot', [email => 'nobody@example.org']);
    $walk->settle;
    my $after = status();
    is($httpd->mailbox->runs, $all, "$n mails were sent");
    return {map { $_ => int(($after->{$_} - $before->{$_}) / $n) } keys %$after};
}

$httpd->stop;
$httpd->mailbox->mode(undef);
$walk->sql('DELETE FROM pwreset_job');
$httpd->reconf(global => $global, conf => "PwResetRealm @{[REALM]}\nPwResetLimit None")->start;
send_mails($spent + 1, WARM);
my $mail = send_mails($spent + 1 + WARM, MAILS);
is($mail->{statements}, 8, 'a mail: statements');
is($mail->{trips}, 10, 'a mail: round trips');
$httpd->allow_log('PWR0304')->done;
done_testing();
