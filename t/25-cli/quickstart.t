#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# ./quickstart as people and other people's tests use it: what it says, the file
# that tells where everything is, the site on each database, and its end.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use POSIX ();
use PWR::Client;
use PWR::Port;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {WAIT_SEC => 60, POLL_SEC => 0.05};
use constant NEW => 'velvet Anchor 97 quill';

plan skip_all => 'the sanitizers are about what other tests start' if $ENV{PWR_ASAN};
my $top = abs_path("$FindBin::Bin/../..");
my $dir = tempdir('quickstart-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
my $port = PWR::Port->new;
my $owner = $$;
END { system "$top/quickstart", '--dir', $dir, '--stop' if ($owner // 0) == $$ }

# (exit status, what it said)
sub quickstart {
    my $command = join ' ', map { "'$_'" } "$top/quickstart", '--dir', $dir, @_;
    my $said = `$command 2>&1 </dev/null`;
    return ($? >> 8, $said);
}

sub start { return quickstart('--detach', '--port', $port->number, @_) }

# What runs for this folder.
sub processes {
    my @found;
    for my $file (glob '/proc/[0-9]*/cmdline') {
        open my $in, '<', $file or next;
        push @found, $file if (<$in> // '') =~ m{\Q$dir\E/};
    }
    return @found;
}

sub environment {
    open my $in, '<', "$dir/quickstart.env" or return {};
    return {map { /^(\w+)=(.*)$/ ? ($1 => $2) : ($_ => 'no line of NAME=value') } <$in>};
}

sub wait_for {
    my $check = shift;
    my $until = time + WAIT_SEC;
    while (1) {
        my @found = $check->();
        return @found if @found || time > $until;
        sleep POLL_SEC;
    }
}

my %refused = (
    '--port 0' => qr/--port takes a number from 1 to 65535 \(not 0\)/, '--port 99999' => qr/--port takes/,
    '--port x' => qr/--port takes a number \(not 'x'\)/, '--port' => qr/--port needs a value/,
    '--db oracle' => qr/--db takes one of: sqlite mysql \(not 'oracle'\)/, '--mpm itk' => qr/--mpm takes one of: event/,
    '--with /nonexistent' => qr{--with: /nonexistent cannot be read}, '--nothing' => qr/what is '--nothing'\?/,
);

sub options {
    for my $arguments (sort keys %refused) {
        my ($status, $said) = quickstart(split / /, $arguments);
        is($status, 1, "$arguments: refused");
        like($said, qr/^quickstart: $refused{$arguments}/, "$arguments: in words");
    }
    my ($status, $said) = quickstart('--help');
    is($status, 0, '--help');
    like($said, qr/^  --$_\b/m, "--help knows --$_") for qw(port db dir detach stop with mpm);
    is_deeply([glob "$dir/*"], [], 'and nothing was made');
    return;
}

# Each database with another MPM; event is the default.
my %mpm = (sqlite => 'worker', mysql => 'prefork');

# What the running server has loaded.
sub mpm_of {
    my $env = shift;
    chomp(my $pid = `cat '$env->{PIDFILE}'`);
    open my $in, '<', "/proc/$pid/maps" or return '';
    my %loaded = map { m{/mod_mpm_(\w+)\.so} ? ($1 => 1) : () } <$in>;
    return join ' ', sort keys %loaded;
}

my %database = (
    sqlite => qr{^sqlite:\Q$dir\E/sqlite/pwreset\.db$},
    mysql => qr{^mysql:\Q$dir\E/mysql/mysql\.sock:pwreset$},
);

sub told {
    my ($kind, $said) = @_;
    my ($env, $url) = (environment(), 'http://127.0.0.1:' . $port->number);
    my @more = $kind eq 'mysql' ? qw(DB_PASSWORD DB_USER MARIADB_HOME) : ();
    is_deeply([sort keys %$env], [sort qw(URL BASE MAILDIR DB LOGIN EMAIL PASSWORD ACCESS_LOG ERROR_LOG HTTPD_CONF
        PIDFILE), @more], "$kind: the names of quickstart.env");
    is_deeply([@$env{qw(URL BASE)}], [$url, '/account'], "$kind: where it is");
    like($env->{DB}, $database{$kind}, "$kind: its database");
    ok(-e $env->{$_}, "$kind: $_ is there") for qw(MAILDIR ACCESS_LOG ERROR_LOG HTTPD_CONF PIDFILE);
    is((stat "$dir/quickstart.env")[2] & 0077, 0, "$kind: nobody else reads the passwords");
    like($said, qr/\Q$_\E/, "$kind: $_ is said") for map({ "$url$_" } qw(/ /portal/ /account/forgot /mailbox/)),
        @$env{qw(LOGIN EMAIL PASSWORD)}, "$dir/quickstart.env", '--stop', 'PwResetLimit None';
    return $env;
}

# From the forgotten password to the portal.
sub walk {
    my ($kind, $env) = @_;
    my $client = PWR::Client->new(url => $env->{URL});
    is($client->get('/')->status, 200, "$kind: a public page");
    my $r = $client->follow($client->get('/portal/', headers => [[Accept => 'text/html']]));
    like($r->path, qr{^/account/login\?}, "$kind: the portal leads to the login page");
    $r = $client->submit($r, {login => $env->{EMAIL}, password => $env->{PASSWORD}});
    like($client->follow($r)->text, qr{<strong id="login">$env->{LOGIN}</strong>}, "$kind: the demo account gets in");
    my %seen = map { $_ => 1 } glob "$env->{MAILDIR}/*.eml";
    is($client->post('/account/forgot', [email => $env->{EMAIL}])->status, 200, "$kind: a string is asked for");
    my ($mail) = wait_for(sub { grep { !$seen{$_} && -e s/\.eml$/.html/r } glob "$env->{MAILDIR}/*.eml" });
    my ($page) = ($mail // '') =~ m{([^/]+)\.eml$} or return fail("$kind: a mail");
    is($client->get("/mailbox/$page.html")->status, 200, "$kind: the mail can be read as a page");
    like($client->get('/mailbox/')->text, qr/\Q$page.html\E/, "$kind: which the mailbox lists");
    my ($token) = $client->get("/mailbox/$page.eml")->body =~ /\b((?:[0-9A-Z]{4}-){6}[0-9A-Z]{4})\b/;
    $r = $client->post('/account/reset', [token => $token, password => NEW, confirm => NEW]);
    is($r->status, 303, "$kind: the password is changed");
    is($client->post('/account/login', [login => $env->{LOGIN}, password => NEW])->header('Location'), '/portal/',
        "$kind: and is right");
    open my $in, '<', $env->{ERROR_LOG} or die "$env->{ERROR_LOG}: $!\n";
    is_deeply([grep { /:(?:warn|error|crit|alert|emerg)\]/ } <$in>], [], "$kind: no complaint in the log");
    return;
}

sub site {
    my $kind = shift;
    my ($status, $said) = start('--db', $kind, '--mpm', $mpm{$kind});
    is($status, 0, "$kind: it serves") or return diag($said);
    my $env = told($kind, $said);
    is(mpm_of($env), $mpm{$kind}, "$kind: --mpm");
    walk($kind, $env);
    ($status, $said) = start('--db', $kind);
    is($status, 1, "$kind: once is enough");
    like($said, qr/it runs already .*--stop/, "$kind: that is said");
    is((quickstart('--stop'))[0], 0, "$kind: --stop");
    is_deeply([processes()], [], "$kind: nothing of it runs");
    ok(!-e "$dir/quickstart.env", "$kind: nor is there a file that says so");
    is((quickstart('--stop'))[0], 0, "$kind: once more does no harm");
    return;
}

# What was there is there again; what goes wrong leaves nothing behind.
sub again {
    my $with = "$dir/with.conf";
    my $write = sub { open my $out, '>', $with or die "$with: $!\n"; print {$out} @_; close $out };
    $write->("PwResetSiteName \"Another site\"\n");
    my ($status, $said) = start('--with', $with);
    is($status, 0, 'again: it serves') or return diag($said);
    my $client = PWR::Client->new(url => environment()->{URL});
    is(mpm_of(environment()), 'event', 'again: on the default MPM');
    is($client->post('/account/login', [login => 'demo', password => NEW])->status, 303, 'again: the users are there');
    like($client->get('/account/login')->title, qr/Another site/, 'again: --with has the last word');
    quickstart('--stop');
    $write->("PwResetTokenLifetime soon\n");
    ($status, $said) = start('--with', $with);
    isnt($status, 0, 'a wrong directive: refused');
    like($said, qr/'soon' is not a duration.*refused the configuration/s, 'a wrong directive: said');
    is_deeply([processes()], [], 'a wrong directive: nothing runs');
    my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port->number, ReuseAddr => 1)
        or die "listen: $!\n";
    ($status, $said) = start();
    is($status, 1, 'a port of others: refused');
    like($said, qr/port \d+ of 127\.0\.0\.1 is taken; choose another: --port N/, 'a port of others: said');
    return;
}

# Who reads what it says goes away: `./quickstart --detach | head -1`.
sub unread {
    my $command = join ' ', map { "'$_'" } "$top/quickstart", '--dir', $dir, '--detach', '--db', 'mysql', '--port',
        $port->number;
    system "{ $command; echo \$? >'$dir/status'; } 2>/dev/null </dev/null | true";
    is(`cat '$dir/status'`, "0\n", 'unread: it ends well');
    is(PWR::Client->new(url => 'http://127.0.0.1:' . $port->number)->get('/')->status, 200, 'unread: and serves');
    is((quickstart('--stop'))[0], 0, 'unread: until it is stopped');
    is_deeply([processes()], [], 'unread: nothing is left');
    return;
}

# Without --detach: until Ctrl-C, which a shell sends to the whole group.
sub foreground {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        setpgrp;
        $SIG{INT} = 'DEFAULT';
        open STDOUT, '>', "$dir/said";
        open STDERR, '>&', \*STDOUT;
        { exec "$top/quickstart", '--dir', $dir, '--port', $port->number; }
        POSIX::_exit(127);
    }
    ok(wait_for(sub { -s "$dir/said" && `cat '$dir/said'` =~ /Ctrl-C stops it/ ? 1 : () }), 'it says how to stop it');
    is(PWR::Client->new(url => environment()->{URL})->get('/')->status, 200, 'it serves');
    kill INT => -$pid;
    waitpid $pid, 0;
    is($?, 0, 'Ctrl-C ends it well');
    is_deeply([processes()], [], 'and nothing is left');
    return;
}

subtest 'options' => \&options;
subtest $_ => sub { site($_) } for qw(sqlite mysql);
subtest 'again' => \&again;
subtest 'unread' => \&unread;
subtest 'foreground' => \&foreground;
done_testing();
