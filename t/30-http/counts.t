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
use lib "$FindBin::Bin/../lib";
use Lint;
use POSIX ();
use PWR::Load;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep);

use constant {N => 100, WARM => 40, SETTLE_SEC => 0.3};

plan skip_all => 'the sanitizers allocate, too' if $ENV{PWR_ASAN};
plan skip_all => 'the numbers are those of the event MPM' if ($ENV{PWR_MPM} // 'event') ne 'event';

my $folder = tempdir(CLEANUP => 1);
chmod 0755, $folder;
is(system("gcc -O2 -shared -fPIC -o '$folder/counts.so' '$FindBin::Bin/counts.c'"), 0, 'the counter is built')
    or BAIL_OUT('no counter');
open my $counts, '+>:raw', "$folder/counts" or die "counts: $!\n";
syswrite $counts, "\0" x 8;
chmod 0666, "$folder/counts";

# One child, that has one connection to the database and every statement on it.
my $walk = PWR::Walk->new('mysql', children => 1, threads => 8,
    env => {LD_PRELOAD => "$folder/counts.so", COUNTS_FILE => "$folder/counts"},
    global => "ServerLimit 1\nMaxRequestWorkers 8\nLogLevel pwreset:notice\nDBDKeep 1\nDBDMax 1",
    conf => join "\n", 'PwResetSessionCache 60', 'PwResetPasswordScheme bcrypt:10',
        # After the one mail that is needed the worker lets all others wait.
        'PwResetLimit forgot-site 1/1h',
        map { "PwResetLimit $_ 1000/1s 100000" } qw(forgot-client reset-client login-client login-account));
$walk->add('ivan');
my $httpd = $walk->httpd;
my $load = PWR::Load->new($httpd);
my $browser = $walk->signed_in('ivan');
my %string = $walk->strings('ivan');
my $cookies = {Cookie => join '; ', map { "$_=" . $browser->cookie($_) } sort keys %{$browser->cookies}};

# Asked so often, over one open connection, what did it take of each?
sub status {
    my %n = map { @$_ } @{$walk->db->dbh->selectall_arrayref(q(SHOW GLOBAL STATUS WHERE Variable_name IN
        ('Com_stmt_execute', 'Com_stmt_prepare', 'Questions', 'Com_admin_commands')))};
    sysseek $counts, 0, 0;
    sysread $counts, my $bytes, 8;
    return {statements => $n{Com_stmt_execute}, allocations => unpack('Q', $bytes),
        trips => $n{Questions} + $n{Com_stmt_prepare} + $n{Com_admin_commands}};
}

sub system_calls {
    my $script = shift;
    my ($pid) = $httpd->children;
    my $tracer = fork // die "fork: $!\n";
    if (!$tracer) {
        open STDERR, '>', "$folder/strace.said";
        { exec 'strace', '-f', '-c', '-o', "$folder/strace", '-p', $pid; }
        POSIX::_exit(127);
    }
    sleep SETTLE_SEC;
    $load->visit(N / 2, $script, $script);
    kill INT => $tracer;
    waitpid $tracer, 0;
    my ($total) = slurp("$folder/strace") =~ /^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s.*total$/m;
    return $total;
}

sub costs {
    my $script = shift;
    $load->visit(WARM / 2, $script, $script);
    sleep SETTLE_SEC;
    my $before = status();
    $load->visit(N / 2, $script, $script);
    my $after = status();
    my %cost = map { $_ => int(($after->{$_} - $before->{$_}) / N) } keys %$after;
    my $calls = has_program('strace') ? system_calls($script) : undef;
    $cost{calls} = int($calls / N) if defined $calls;
    return \%cost;
}

# Of each request: what the database is asked, in how many round trips (one of
# them mod_dbd's, before it lends a connection), and at most so many calls of
# malloc and of the system.  Half of that, and the number here is to be lowered.
my $protected = ['GET /portal/', $cookies];
my @paths = (
    ['a static page', 'GET /', 0, 0, 0, 14],
    ['the forgot page', 'GET /account/forgot', 0, 0, 7, 18],
    ['the login page', 'GET /account/login', 0, 0, 7, 18],
    ['a link from a mail', "GET /account/reset?token=$string{ivan}", 2, 3, 37, 26],
    ['a protected page, session in the cache', $protected, 0, 0, 4, 16],
    ['asking for a mail', ['POST /account/forgot', email => 'nobody@example.org'], 1, 2, 27, 38],
    ['signing in', ['POST /account/login', login => 'ivan', password => OLD], 8, 13, 90, 90],
);
my @uncached_paths = (
    ['a protected page, session not in the cache', $protected, 2, 3, 24, 24],
);

sub check {
    my ($name, $request, @most) = @_;
    my $cost = costs($load->script($request));
    is($cost->{statements}, $most[0], "$name: statements");
    is($cost->{trips}, $most[1], "$name: round trips");
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
$httpd->reconf(conf => "PwResetSessionCache 0\nPwResetLimit None")->restart;
check(@$_) for @uncached_paths;
$httpd->done;
done_testing();
