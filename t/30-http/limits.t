#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Limits of clients: exactly the burst gets through, whoever else asks, and with
# the limits off the same flood passes.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

# A well-formed control string that nobody has.
use constant {STRING => '0123-4567-89AB-CDEF-GHJK-MNPQ-RST5', AGAIN => 10};

# Addresses of the test's choosing: the test is a proxy that httpd was told of.
my $remoteip = <<'CONF';
RemoteIPHeader X-Test-Client
RemoteIPInternalProxy 127.0.0.0/8
CONF

# How often each status came.
sub statuses {
    my %n;
    $n{$_->status}++ for @_;
    return \%n;
}

sub forgot { return ['/account/forgot', [email => "nobody$_[0]\@example.org"]] }
sub login { return ['/account/login', [login => 'ivan', password => "wrong $_[0]"]] }
sub reset_by { return ['/account/reset', [token => STRING]] }

# As somebody at this address; the answers' statuses in order.
sub from {
    my ($walk, $address, $n, $post) = @_;
    my $client = $walk->client;
    return map { $client->post(@{$post->($_)}, headers => [['X-Test-Client', $address]])->status } 1 .. $n;
}

# --- many at once -----------------------------------------------------------------

sub at_once {
    my ($mpm, %option) = @_;
    my $walk = PWR::Walk->new('sqlite', mpm => $mpm, children => 4, limits => 1, global => 'PwResetHashGate 2 400',
        %option);
    $walk->httpd->allow_log('AH00161', 'AH00484', 'AH10159');
    $walk->add('ivan');
    return $walk;
}

# Statuses of these posts at once; who is told to come again (503), as on a machine
# with too much to do, does: it has cost him nothing.
sub at_last {
    my ($walk, @posts) = @_;
    my $n = statuses($walk->at_once(@posts));
    for (1 .. AGAIN) {
        my $again = delete $n->{503} or last;
        my $more = statuses($walk->at_once(@posts[1 .. $again]));
        $n->{$_} += $more->{$_} for keys %$more;
    }
    return $n;
}

# Over so long a period that a slow machine is given no more.
sub crowd {
    my $walk = at_once(@_, conf => join "\n", map { "PwResetLimit $_/7d" } 'forgot-client 10', 'reset-client 30',
        'login-client 60');
    my %want = (forgot => [\&forgot, 200, 10], reset => [\&reset_by, 410, 30], login => [\&login, 422, 60]);
    for my $page (sort keys %want) {
        my ($post, $status, $burst) = @{$want{$page}};
        is_deeply(at_last($walk, map { $post->($_) } 1 .. 200), {$status => $burst, 429 => 200 - $burst},
            "$page: of 200 at once the burst");
        is_deeply(statuses($walk->at_once(map { $post->($_) } 1 .. 20)), {429 => 20}, "$page: and no more");
    }
    is($walk->client->get('/account/login')->status, 200, 'looking costs nothing');
    $walk->settle;
    $walk->httpd->done;
    return;
}

# The flood passes where the limits are off: they are what stopped it.
sub control {
    my $walk = at_once('event', conf => 'PwResetLimit None');
    is_deeply(statuses($walk->at_once(map { forgot($_) } 1 .. 100)), {200 => 100}, 'no limit: all pass');
    my $n = at_last($walk, map { login($_) } 1 .. 100);
    is($n->{429}, undef, 'on the login page, too');
    cmp_ok($n->{422} // 0, '>', 60, 'where more are looked at than the limit lets through');
    $walk->settle;
    $walk->httpd->done;
    return;
}

# A child that is killed in the middle leaves what was counted.
sub killed {
    my $walk = at_once('prefork');
    my $httpd = $walk->httpd->allow_log('AH00052');
    my @children = $httpd->children;
    my $client = $walk->client;
    is($client->post(@{forgot($_)})->status, 200, 'let through') for 1 .. 10;
    kill KILL => @children[0, 1];
    my $until = time + 10;
    select undef, undef, undef, 0.02 while time < $until && grep { kill 0 => $_ } @children[0, 1];
    is_deeply(statuses($walk->at_once(map { forgot($_) } 1 .. 40)), {429 => 40}, 'what was counted is still there');
    $httpd->graceful;
    is($client->post(@{forgot(0)})->status, 429, 'after a graceful restart, too');
    $walk->settle;
    $httpd->done;
    return;
}

# --- what the visitor reads -------------------------------------------------------------

sub page {
    my $walk = shift;
    my $client = $walk->client;
    my @from = (headers => [['X-Test-Client', '192.0.2.80']]);
    $client->get('/account/reset?token=' . STRING, @from) for 1 .. 30;
    for my $lang (qw(en ru)) {
        my $r = $client->get('/account/reset?lang=' . $lang . '&token=' . STRING, @from);
        is($r->status, 429, "$lang: a GET with a string counts, too");
        my $wait = $r->header('Retry-After');
        cmp_ok($wait, '>', 60, "$lang: it takes a while");
        cmp_ok($wait, '<=', 120, "$lang: two minutes for one of thirty an hour");
        my $until = $lang eq 'en' ? qr/try again after \d\d:\d\d/ : qr/попробуйте снова после \d\d:\d\d/;
        like($r->alert, $until, "$lang: until when, by the clock");
        unlike($r->body, qr/89AB/, "$lang: the string is not shown");
        is($r->header('Cache-Control'), 'no-store', "$lang: nobody keeps that");
        is($r->header('Content-Language'), $lang, "$lang: its language");
    }
    is($client->get('/account/reset', @from)->status, 200, 'the page without a string is there');
    is($client->get('/account/reset?token=AAAA', @from)->status, 429, 'a mistyped string is not looked at');
    return;
}

# --- whose allowance ----------------------------------------------------------------------

sub addresses {
    my $walk = shift;
    my @ten = ((200) x 10, 429);
    is_deeply([from($walk, '192.0.2.1', 11, \&forgot)], \@ten, 'an address has ten');
    is_deeply([from($walk, '192.0.2.2', 11, \&forgot)], \@ten, 'its neighbour has ten of his own');
    is_deeply([from($walk, '::ffff:192.0.2.1', 1, \&forgot)], [429], 'written as IPv6 it is the same');
    is_deeply([from($walk, '2001:db8:1:1::1', 11, \&forgot)], \@ten, 'an IPv6 address has ten');
    is_deeply([from($walk, '2001:db8:1:1:ffff::2', 1, \&forgot)], [429], 'another of its /64 has none');
    is_deeply([from($walk, "2001:db8:1:$_\::1", 11, \&forgot)], \@ten, "/64 number $_ has ten") for 2 .. 4;
    is_deeply([from($walk, '2001:db8:1:5::1', 1, \&forgot)], [429], 'the /48 has forty');
    is_deeply([from($walk, '2001:db8:1:1::1', 5, \&forgot)], [(429) x 5], 'who is refused');
    is_deeply([from($walk, '2001:db8:2:1::1', 11, \&forgot)], \@ten, 'another /48 has its own');
    return;
}

# Thousands of others, and the page's other classes, change nothing for one.
sub strangers {
    my $walk = shift;
    my $client = $walk->client;
    my $victim = '198.51.100.7';
    is_deeply([from($walk, $victim, 5, \&reset_by)], [(410) x 5], 'five of thirty');
    for my $n (0 .. 1499) {
        $client->post('/account/reset', [token => STRING],
            headers => [['X-Test-Client', sprintf '10.%d.%d.1', $n / 256, $n % 256]]);
    }
    is_deeply([from($walk, $victim, 26, \&reset_by)], [(410) x 25, 429], 'after a crowd of others: the rest, no more');
    is_deeply([from($walk, $victim, 2, \&forgot)], [200, 200], 'another page counts by itself');
    return;
}

# Posts of these clients on one connection, without waiting; how often each
# status came.
sub pipelined {
    my ($walk, $path, $body, @clients) = @_;
    my $socket = $walk->client->open_socket;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        for my $client (@clients) {
            my $end = $client eq $clients[-1] ? "Connection: close\r\n" : '';
            syswrite $socket, "POST $path HTTP/1.1\r\nHost: x\r\nX-Test-Client: $client\r\n${end}Content-Type: "
                . "application/x-www-form-urlencoded\r\nContent-Length: @{[length $body]}\r\n\r\n$body";
        }
        POSIX::_exit(0);
    }
    my $bytes = do { local $/; <$socket> };
    waitpid $pid, 0;
    my %n;
    $n{$_}++ for $bytes =~ m{HTTP/1\.1 (\d{3}) }g;
    return \%n;
}

# So many clients that there is no room for another.  (An empty password counts
# and costs no hash.)
sub full {
    my $walk = PWR::Walk->new('sqlite', modules => ['remoteip'], limits => 1,
        conf => 'PwResetLimit login-client 60/7d', global => "MaxKeepAliveRequests 0\nKeepAliveTimeout 15\n$remoteip");
    $walk->add('ivan');
    my $httpd = $walk->httpd->expect_log('PWR0420');
    my $victim = '198.51.100.7';
    is_deeply([from($walk, $victim, 58, \&login)], [(422) x 58], 'a client that is counted already');
    my ($n, $came) = (0, {});
    while (!$came->{429} && $n < 40_000) {
        $came = pipelined($walk, '/account/login', 'login=a&password=', map { sprintf '10.%d.%d.%d', $_ >> 16,
            $_ >> 8 & 255, $_ & 255 } $n .. $n + 1999);
        $n += 2000;
    }
    ok($came->{429}, "one of $n others finds no room, and is refused");
    cmp_ok($n, '>', 8000, 'they were many');
    like($httpd->wait_log(qr/PWR0420/), qr/limit login-client of realm .*; new ones are refused/, 'that is told');
    is_deeply([from($walk, $victim, 3, \&login)], [422, 422, 429], 'who was counted has what he had');
    is_deeply([from($walk, '203.0.113.1', 2, \&forgot)], [200, 200], 'another page does not feel it');
    is_deeply([from($walk, '203.0.113.1', 2, \&reset_by)], [410, 410], 'nor does a third');
    $walk->settle;
    $httpd->done;
    return;
}

# The same with strings: recovery is not to be switched off by a crowd.
sub full_and_open {
    my $walk = PWR::Walk->new('sqlite', modules => ['remoteip'], limits => 1,
        conf => 'PwResetLimit reset-client 1/7d', global => "MaxKeepAliveRequests 0\nKeepAliveTimeout 15\n$remoteip");
    my $httpd = $walk->httpd->expect_log('PWR0420');
    my $victim = '198.51.100.7';
    is_deeply([from($walk, $victim, 2, \&reset_by)], [410, 429], 'a client that is counted already');
    my ($n, $passed) = (0, 0);
    while (!$passed && $n < 40_000) {
        pipelined($walk, '/account/reset', 'token=' . STRING, map { sprintf '10.%d.%d.%d', $_ >> 16, $_ >> 8 & 255,
            $_ & 255 } $n .. $n + 3999);
        $n += 4000;
        $passed = grep { "@{[from($walk, qq(203.0.113.$_), 2, \&reset_by)]}" eq '410 410' } map { $n / 400 + $_ } 1 .. 10;
    }
    cmp_ok($passed, '>', 0, "among $n others a newcomer finds no room, and is let through as often as he likes");
    like($httpd->wait_log(qr/PWR0420/) // '', qr/limit reset-client of realm .*; new ones are let through uncounted/,
        'that is told');
    is_deeply([from($walk, $victim, 2, \&reset_by)], [429, 429], 'who was counted has what he had');
    $httpd->done;
    return;
}

# --- what counts --------------------------------------------------------------------------

sub counted {
    my $walk = shift;
    my $client = $walk->client;
    my $post = sub {
        my ($address, $path, $form, @headers) = @_;
        return $client->post($path, $form, headers => [['X-Test-Client', $address], @headers])->status;
    };
    is_deeply([map { $post->('192.0.2.10', '/account/forgot', [email => 'ivan@example.org'],
        ['Sec-Fetch-Site', 'cross-site']) } 1 .. 20], [(403) x 20], 'another site makes a visitor post');
    is_deeply([map { $post->('192.0.2.10', '/account/forgot', [email => 'ivan']) } 1 .. 20], [(422) x 20],
        'what is no address');
    is_deeply([from($walk, '192.0.2.10', 11, \&forgot)], [(200) x 10, 429], 'neither counts');

    $walk->add("user$_") for 1 .. 3;
    my @ok = map { $post->('192.0.2.11', '/account/login', [login => 'user1', password => OLD]) } 1 .. 70;
    is_deeply(\@ok, [(303) x 70], 'to get in does not count');
    is_deeply([from($walk, '192.0.2.11', 61, \&login)], [(422) x 60, 429], 'not to get in does');
    is($post->('192.0.2.11', '/account/login', [login => 'user1', password => OLD]), 429,
        'and then the right password does not help');
    is($post->('192.0.2.12', '/account/login', [login => 'user1', password => OLD]), 303, 'elsewhere it does');

    # Whoever guesses has an account of his own: getting in there wins nothing back.
    my @turns = map { $post->('192.0.2.14', '/account/login', $_) }
        map { [login => 'ivan', password => "wrong $_"], [login => 'user1', password => OLD] } 1 .. 60;
    is_deeply(\@turns, [(422, 303) x 59, 422, 429], 'in turns with a right one: sixty wrong ones are sixty');

    my %string = $walk->strings('user2');
    my @tries = map { $post->('192.0.2.13', '/account/reset',
        [token => $string{user2}, password => 'x', confirm => 'x']) } 1 .. 40;
    is_deeply(\@tries, [(422) x 40], 'a string that works is no guess');
    is_deeply([map { $post->('192.0.2.13', '/account/reset', [token => 'AAAA']) } 1 .. 40], [(422) x 40],
        'nor is one that is mistyped');
    is_deeply([map { $post->('192.0.2.13', '/account/notme', [token => STRING]) } 1 .. 10], [(410) x 10],
        'one that nobody has is, on any page');
    is_deeply([from($walk, '192.0.2.13', 21, \&reset_by)], [(410) x 20, 429], 'and they are counted together');
    return;
}

# While the database is away, nobody loses what he has.
sub away {
    my $walk = shift;
    $walk->settle;
    $walk->httpd->allow_log('PWR0204');
    $walk->sql('ALTER TABLE pwreset_job RENAME TO pwreset_gone');
    is_deeply([from($walk, '192.0.2.20', 15, \&forgot)], [(503) x 15], 'the database fails');
    $walk->sql('ALTER TABLE pwreset_gone RENAME TO pwreset_job');
    is_deeply([from($walk, '192.0.2.20', 11, \&forgot)], [(200) x 10, 429], 'that did not count');
    return;
}

# --- the current password -----------------------------------------------------------------

sub current {
    my $walk = PWR::Walk->new('sqlite', conf => 'PwResetLimit change-account 10/7d', global => 'PwResetHashGate 2 400',
        children => 4);
    $walk->add($_) for qw(ivan olga);
    my ($ivan, $again, $olga) = map { $walk->signed_in($_) } qw(ivan ivan olga);
    my $cookie = $walk->cookie_name($ivan);
    my $try = sub {
        my ($client, $current, $new) = @_;
        return $client->post('/account/change', [current => $current, password => $new // 'x', confirm => $new // 'x']);
    };
    is($try->($ivan, OLD)->status, 422, 'the right password does not count') for 1 .. 12;
    my $post = ['/account/change', [current => 'wrong', password => 'x', confirm => 'x'],
        [Cookie => "$cookie=" . $ivan->cookie($cookie)]];
    is_deeply(statuses($walk->at_once(($post) x 40)), {422 => 10, 429 => 30}, 'of 40 at once ten are looked at');
    my $r = $try->($again, OLD, NEW);
    is($r->status, 429, 'in another session of his the right one is not looked at');
    like($r->alert, qr/entered too often\. Please try again after /, 'he is told');
    cmp_ok($r->header('Retry-After'), '>', 0, 'and when to come again');
    ok($walk->works('ivan', OLD), 'nothing was changed');
    is($try->($olga, OLD, NEW)->status, 303, 'another account is not concerned');
    my %string = $walk->strings('ivan');
    is($walk->client->post('/account/reset', [token => $string{ivan}, password => NEW, confirm => NEW])->status, 303,
        'a control string gets him a new one');
    $walk->settle;
    $walk->httpd->done;
    return;
}

# --- mails -------------------------------------------------------------------------------

# Six logins of one mailbox: each is asked for, and each string used, but three
# mails an hour come; the pages say what they always say.
sub mailbox {
    my $walk = PWR::Walk->new('sqlite', conf => "PwResetIdentify forgot both\nPwResetLimit forgot-account 3/1h");
    my $client = $walk->client;
    $walk->add("user$_", email => 'shared@example.org') for 1 .. 6;
    my %bytes;
    for my $n (1 .. 6) {
        my $r = $client->post('/account/forgot', [email => "user$n"]);
        $bytes{$r->status . $r->body =~ s/user$n/user/gr}++;
        $walk->settle;
        $walk->sql(q(UPDATE pwreset_token SET spent_at = 5, why = 'used' WHERE purpose = 'recover'));
    }
    is(keys %bytes, 1, 'six answers are one');
    my $limited = grep { /PWR0423/ } $walk->httpd->error_log;
    is($limited, 3, 'the admin is told of three');
    my @mails = grep { defined } map { $walk->mail_to('shared@example.org', 2) } 1 .. 4;
    is(@mails, 3, 'three mails came');
    $walk->httpd->done;
    return;
}

# --- realms -------------------------------------------------------------------------------

sub realms {
    my $sites = PWR::Sites->new({one => '', two => '', off => "PwResetLimit None\n",
        alias => "PwResetRealm one.test/account\n", same => "PwResetRealm one.test/account\n"}, limits => 1);
    my $ask = sub {
        my ($name, $n) = @_;
        my $client = $sites->client($name);
        return [map { $client->post(@{forgot($_)})->status } 1 .. $n];
    };
    is_deeply($ask->('one', 11), [(200) x 10, 429], 'ten at one site');
    is_deeply($ask->('two', 11), [(200) x 10, 429], 'ten at another');
    is_deeply($ask->('off', 30), [(200) x 30], 'any number where it is off');
    is_deeply($ask->('alias', 6), [(200) x 6], 'two hosts of one realm ...');
    is_deeply($ask->('same', 5), [(200) x 4, 429], '... share what it has');
    $sites->walk->settle;
    $sites->httpd->done;
    return;
}

sub check {
    my $httpd = shift;
    my $program = ($ENV{PWR_BUILD} || "$FindBin::Bin/../../build") . '/pwresetctl';
    local %ENV = $httpd->ctl_env;
    my $out = qx('$program' -c '@{[$httpd->conf_file]}' check 2>&1);
    return ($? >> 8, $out);
}

# --- a proxy that nobody told httpd of -------------------------------------------------------

sub proxied {
    my $walk = PWR::Walk->new('sqlite', limits => 1);
    my $httpd = $walk->httpd->expect_log('PWR0421');
    my $client = $walk->client;
    my $mark = $httpd->log_mark;
    for my $header (['X-Forwarded-For', '192.0.2.1'], [Forwarded => 'for=192.0.2.1']) {
        is_deeply([map { $client->post(@{forgot($_)}, headers => [$header])->status } 1 .. 15], [(200) x 15],
            "$header->[0]: all of them are one address, and not limited");
    }
    my @told = grep { /PWR0421/ } $httpd->log_since($mark);
    is(@told, 1, 'it is said once');
    like($told[0], qr/RemoteIPHeader X-Forwarded-For and RemoteIPInternalProxy 127\.0\.0\.1/, 'with the remedy');
    my $seen = sub { $walk->value("SELECT COUNT(*) FROM pwreset_meta WHERE name LIKE 'proxy-%'") };
    my $until = time + 10;
    select undef, undef, undef, 0.05 while !$seen->() && time < $until;
    is($seen->(), 1, 'and kept');
    my ($status, $out) = check($httpd);
    is($status, 78, 'pwresetctl check fails');
    like($out, qr/^FAIL proxy: 0 minutes ago .*RemoteIPInternalProxy/m, 'on the proxy');
    $walk->sql(q(UPDATE pwreset_meta SET value = value - 90000 WHERE name LIKE 'proxy-%'));
    ($status, $out) = check($httpd);
    is($status, 0, 'a day later it does not') or diag($out);
    is_deeply([map { $client->post(@{forgot($_)})->status } 1 .. 11], [(200) x 10, 429], 'without the header: a client');
    $walk->settle;
    $httpd->done;
    return;
}

# One that httpd was told of, whose visitors send such headers themselves.
sub forged {
    my $walk = shift;
    my $client = $walk->client;
    my @forged = (['X-Test-Client', '10.1.2.3'], ['X-Forwarded-For', '192.0.2.1'], [Forwarded => 'for=192.0.2.1']);
    is_deeply([map { $client->post(@{forgot($_)}, headers => \@forged)->status } 1 .. 11], [(200) x 10, 429],
        'a private address from a known proxy is a client');
    @forged = (['X-Test-Client', '192.0.2.33'], ['X-Forwarded-For', '127.0.0.1']);
    is_deeply([map { $client->post(@{forgot($_)}, headers => \@forged)->status } 1 .. 11], [(200) x 10, 429],
        'so is a public one, whatever it says');
    return;
}

for my $mpm (qw(event prefork)) {
    subtest "at once, $mpm" => sub { crowd($mpm) };
}
subtest control => \&control;
subtest killed => \&killed;
for my $kind (qw(sqlite mysql)) {
    subtest $kind => sub {
        my $walk = PWR::Walk->new($kind, limits => 1, modules => ['remoteip'], global => $remoteip);
        $walk->add('ivan');
        for my $check ([page => \&page], [addresses => \&addresses], [strangers => \&strangers],
            [counted => \&counted], [away => \&away], [forged => \&forged]) {
            subtest $check->[0] => sub { $check->[1]->($walk) };
        }
        $walk->settle;
        $walk->httpd->done;
    };
}
subtest full => \&full;
subtest 'full and open' => \&full_and_open;
subtest current => \&current;
subtest mailbox => \&mailbox;
subtest realms => \&realms;
subtest proxied => \&proxied;
done_testing();
