#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The database is away, hangs, is locked, or is not what it should be: what
# visitors get, what stands in the log, and that it passes.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {BACK_SEC => 2, QUICK_SEC => 2, AFTER => 40, HANGING => 40, POOL => 4, LOCK_SEC => 8,
    BREAKER_SEC => 1};

my %says = (
    en => ['Error: Please try again in a minute – Test site',
        'We cannot answer just now. Wait a moment and try again.'],
    ru => ['Ошибка: Попробуйте через минуту – Test site',
        'Сейчас мы не можем ответить. Подождите немного и попробуйте ещё раз.'],
);
my $unknown = '0' x 28;

# What needs the database, as somebody who is signed in.
sub needing {
    my ($browser, $q) = @_;
    return (
        'POST /forgot' => sub { $browser->post("/account/forgot$q", [email => 'ivan@example.org']) },
        'POST /login' => sub { $browser->other->post("/account/login$q", [login => 'ivan', password => OLD]) },
        'GET /reset' => sub { $browser->get("/account/reset$q&token=$unknown") },
        'POST /reset' => sub {
            $browser->post("/account/reset$q", [token => $unknown, password => NEW, confirm => NEW]) },
        'GET /change' => sub { $browser->get("/account/change$q") },
        'POST /change' => sub {
            $browser->post("/account/change$q", [current => OLD, password => NEW, confirm => NEW]) },
        'GET /sessions' => sub { $browser->get("/account/sessions$q") },
        'POST /sessions' => sub { $browser->post("/account/sessions$q", [end => 'others']) },
        'GET /notme' => sub { $browser->get("/account/notme$q&token=" . '0' x 28) },
        'POST /notme' => sub { $browser->post("/account/notme$q", [token => '0' x 28]) },
        'GET /login' => sub { $browser->get("/account/login$q") },
        'POST /logout' => sub { $browser->post("/account/logout$q", []) },
    );
}

# And what does not: path, status, form.
my @fine = (['/', 200], ['/account/forgot', 200], ['/account/login', 200], ['/account/logout', 200],
    ['/account/reset', 200], ['/account/reset?token=ABCD', 422], ['/account/assets/pwreset.css', 200],
    ['/.well-known/change-password', 303], ['/account/change', 303], ['/portal/', 401],
    ['/account/forgot', 422, [email => 'x']], ['/account/login', 422, []], ['/account/reset', 422, [token => 'ABCD']],
    ['/account/change', 401, []], ['/account/sessions', 303], ['/account/sessions', 401, [end => 'others']],
    ['/account/notme', 200], ['/account/notme?done=1', 200], ['/account/notme', 422, [token => 'ABCD']]);

sub unavailable {
    my ($walk, $browser) = @_;
    for my $language (sort keys %says) {
        my %ask = needing($browser, "?lang=$language");
        for my $name (sort keys %ask) {
            my $begin = time;
            my $r = $ask{$name}->();
            is($r->status, 503, "$name ($language): 503");
            like($r->header('Retry-After') // '', qr/^[1-9]\d*$/, "$name: when to try again");
            is_deeply([$r->title, $r->alert], $says{$language}, "$name: in words");
            is($r->header('Set-Cookie'), undef, "$name: nobody is signed out");
            cmp_ok(time - $begin, '<', QUICK_SEC, "$name: soon");
        }
    }
    my $r = $browser->get('/portal/');
    is($r->status, 503, 'a protected page: 503');
    like($r->header('Retry-After') // '', qr/^[1-9]\d*$/, 'and when to try again');
    return;
}

sub fine {
    my $walk = shift;
    my $client = $walk->client;
    for my $row (@fine) {
        my ($path, $status, $form) = @$row;
        my $r = $form ? $client->post($path, $form) : $client->get($path);
        is($r->status, $status, ($form ? 'POST' : 'GET') . " $path needs no database");
    }
    return;
}

# Lines of the error log by their id.
sub ids_since {
    my ($walk, $mark) = @_;
    my %count;
    $count{$_}++ for map { /:(?:error|warn|crit)\].*?\b((?:PWR|AH)\d+)/ ? $1 : () } $walk->httpd->log_since($mark);
    return \%count;
}

# From BACK_SEC after its return on nothing fails.
sub back {
    my ($walk, $browser, $since) = @_;
    my $client = $walk->client;
    while (time - $since < BACK_SEC) {
        $client->get("/account/reset?token=$unknown");
        sleep 0.05;
    }
    my %status;
    $status{$client->get("/account/reset?token=$unknown")->status}++ for 1 .. AFTER;
    is_deeply(\%status, {410 => AFTER}, "from @{[BACK_SEC]} s after its return on all is well");
    is($walk->who($browser), 'ivan', 'the session has survived');
    return;
}

# --- MariaDB ------------------------------------------------------------------

sub stopped {
    my ($walk, $browser) = @_;
    my ($mark, $begin) = ($walk->httpd->log_mark, time);
    $walk->db->stop;
    subtest 'away' => sub { unavailable($walk, $browser) };
    subtest 'without it' => sub { fine($walk) };
    my $children = my @children = $walk->httpd->children;
    my ($count, $tries) = (ids_since($walk, $mark), 2 + (time - $begin) / BREAKER_SEC);
    cmp_ok($count->{PWR0021} // 0, '>=', 1, 'the admin is told');
    cmp_ok($count->{PWR0021}, '<=', $children, 'once by each child');
    cmp_ok($count->{AH00629} // 0, '<=', $tries * $children, 'mod_dbd does not fill the log either');
    is_deeply([grep { !/^(?:PWR0021|AH00629|AH00639|AH02655)$/ } keys %$count], [], 'and no line is about one request');
    unlike(join("\n", $walk->httpd->log_since($mark)), qr/APR does not understand/, 'nor has a number for a cause');
    $walk->db->start;
    my $since = time;
    back($walk, $browser, $since);
    ok($walk->httpd->wait_log(qr/PWR0022/, $mark), 'the admin is told of its return');
    my %string = $walk->strings('ivan');
    is($walk->client->get("/account/reset?token=$string{ivan}")->status, 200, 'and mails go out again');
    return;
}

# While nobody asked: who asks next does not notice.  What a worker asked while it
# was away may keep its child, one of many on prefork, from it for a moment more.
sub unnoticed {
    my ($walk, $browser) = @_;
    my $client = $walk->client;
    my %event = (
        'a restart' => sub { $walk->db->stop; $walk->db->start; sleep BACK_SEC },
        'connections that were killed' => sub { $walk->db->cut },
    );
    for my $name (sort keys %event) {
        $walk->at_once((['/account/reset', [token => $unknown]]) x POOL) for 1 .. 2;
        $event{$name}->();
        my %status;
        $status{$client->get("/account/reset?token=$unknown")->status}++ for 1 .. AFTER;
        is_deeply(\%status, {410 => AFTER}, "$name: no request fails");
        is($walk->who($browser), 'ivan', "$name: the session goes on");
    }
    return;
}

sub send_all {
    my $client = shift;
    return map {
        my $socket = $client->open_socket;
        syswrite $socket, "GET /account/reset?token=$unknown HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        $socket
    } 1 .. HANGING;
}

# It takes what is sent and answers nothing: as many threads wait as there are
# connections, and nobody else.
sub hangs {
    my ($walk, $browser) = @_;
    my $client = $walk->client;
    $walk->at_once((['/account/reset', [token => $unknown]]) x POOL);
    $walk->db->pause;
    my %waiting = map { $_ => $_ } send_all($client);
    my ($until, %status) = (time + QUICK_SEC + 1);
    while (%waiting && time < $until) {
        for my $socket (IO::Select->new(values %waiting)->can_read(0.1)) {
            delete $waiting{$socket};
            $status{PWR::Response->parse(do { local $/; <$socket> } // '')->status}++;
        }
    }
    my $most = POOL * (my @children = $walk->httpd->children);
    cmp_ok($status{503} // 0, '>=', HANGING - $most, 'all but as many are told to try again');
    is(scalar(grep { $_ != 503 } keys %status), 0, 'and nobody anything else') or diag explain \%status;
    my $begin = time;
    is($client->get('/')->status, 200, 'static pages are served');
    cmp_ok(time - $begin, '<', 1, 'soon');
    $walk->db->resume;
    my @late = map { PWR::Response->parse(do { local $/; <$_> } // '')->status } values %waiting;
    is_deeply([grep { !/^(?:410|503)$/ } @late], [], 'those that waited are answered then');
    back($walk, $browser, time);
    return;
}

# --- SQLite -------------------------------------------------------------------

sub locked {
    my ($walk, $browser) = @_;
    my $client = $walk->client;
    $walk->sql('BEGIN IMMEDIATE');
    my $begin = time;
    my $r = $client->post('/account/forgot', [email => 'ivan@example.org']);
    is_deeply([$r->status, $r->alert], [503, $says{en}[1]], 'another writer keeps the file: 503');
    cmp_ok(time - $begin, '<', LOCK_SEC, 'after a while');
    is($walk->who($browser), 'ivan', 'readers need not wait');
    $walk->sql('COMMIT');
    is($client->post('/account/forgot', [email => 'ivan@example.org'])->status, 200, 'and then it works');
    return;
}

# Files that cannot be used: what is in them, if anything; whose they are.
sub bad_files {
    my $walk = shift;
    my $httpd = $walk->httpd;
    my %bad = ('no/folder/db' => undef, 'logs/garbage.db' => 'this is no database' x 100, 'logs/empty.db' => '');
    $walk->settle;
    for my $file (sort keys %bad) {
        $httpd->write($file, $bad{$file}) if defined $bad{$file};
        $httpd->reconf(global => qq(DBDParams "\${ROOT}/$file"))->restart;
        my $r = $walk->client->post('/account/forgot', [email => 'ivan@example.org']);
        is_deeply([$r->status, $r->alert], [503, $says{en}[1]], "$file: 503");
        is($walk->client->get('/account/forgot')->status, 200, "$file: other pages are there");
    }
    $httpd->reconf(global => '')->restart;
    return;
}

# --- both ---------------------------------------------------------------------

sub no_schema {
    my ($kind) = @_;
    my $walk = PWR::Walk->new($kind, schema => 0);
    my $httpd = $walk->httpd->expect_log('PWR0204')->allow_log('PWR0214', 'PWR0228');
    my $mark = $httpd->log_mark;
    my $r = $walk->client->post('/account/forgot', [email => 'ivan@example.org']);
    is_deeply([$r->status, $r->header('Retry-After') ? 1 : 0, $r->alert], [503, 1, $says{en}[1]], 'no tables: 503');
    like($httpd->wait_log(qr/PWR0204/, $mark) // '', qr/pwresetctl schema --apply/, 'the admin is told what to do');
    fine($walk);
    $walk->make_schema;
    $walk->add('ivan');
    my %string = $walk->strings('ivan');
    is($walk->client->get("/account/reset?token=$string{ivan}")->status, 200, 'once they are there all works');
    $walk->settle;
    $httpd->done;
    return;
}

my $conf = 'PwResetSessionCache 0';
subtest mysql => sub {
    my $walk = PWR::Walk->new('mysql', conf => $conf, children => 1, threads => 16);
    $walk->httpd->expect_log('PWR0021')->allow_log(qw(AH00161 AH00629 AH00639 AH02655 PWR0024 PWR0201 PWR0202));
    $walk->add('ivan');
    my $browser = $walk->signed_in('ivan');
    subtest stopped => sub { stopped($walk, $browser) };
    subtest unnoticed => sub { unnoticed($walk, $browser) };
    subtest hangs => sub { hangs($walk, $browser) };
    $walk->settle;
    $walk->httpd->done;
};
subtest sqlite => sub {
    my $walk = PWR::Walk->new('sqlite', conf => $conf);
    $walk->httpd->allow_log(qw(PWR0200 PWR0204 PWR0212 PWR0213 PWR0021 AH00629 AH00639 AH02655));
    $walk->add('ivan');
    my $browser = $walk->signed_in('ivan');
    subtest locked => sub { locked($walk, $browser) };
    subtest 'bad files' => sub { bad_files($walk) };
    is($walk->who($browser), 'ivan', 'and all is well again');
    $walk->settle;
    $walk->httpd->done;
};
subtest "no schema, $_" => sub { no_schema($_) } for qw(sqlite mysql);
done_testing();
