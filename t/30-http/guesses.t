#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Guesses at an account: they get slower, whoever makes them, and the owner gets
# in, in a browser the account knows at once, in another within a minute.  What
# is not an account is slowed in the same way.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use PWR::Client;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {BURST => 10, SHARE => 3, MINUTE_MS => 60_000, WAIT_MS => 5000, FLOOD_SEC => 15, AT_ONCE_SEC => 4,
    DUE_SEC => 1, HASH_SEC => 0.03, DEVICE_SEC => 400 * 86_400};

my $wrong = 'The login or the password is wrong.';
my $many = 'There have been too many attempts with this login. Please try again in a minute.';
my $many_ru = 'С этим логином было слишком много попыток входа. Попробуйте ещё раз через минуту.';
my $conf = <<'CONF';
PwResetPasswordScheme yescrypt:5
PwResetLimit login-account 10/10min
<Location "/portal">
    Header always set X-Cookie "expr=%{HTTP:Cookie}"
</Location>
CONF
my $attacker = '198.51.100.1';
my $elsewhere = '203.0.113.7';

# A browser at this address.
sub at {
    my ($walk, $address) = @_;
    return $walk->httpd->client(headers => [['X-Forwarded-For', $address]]);
}

sub enter {
    my ($client, $login, $password) = @_;
    return $client->post('/account/login', [login => $login, password => $password // OLD]);
}

# What an answer says: in, wrong, or later.
sub said {
    my $r = shift;
    return 'in' if $r->status == 303;
    return 'later' if $r->status == 422 && $r->alert eq "Please check what you entered $wrong $many";
    return 'wrong' if $r->status == 422 && $r->alert eq "Please check what you entered $wrong";
    return 'status ' . $r->status;
}

sub guess { my ($walk, $address, $login) = @_; return said(enter(at($walk, $address), $login, NEW)) }

# Use up what this address is allowed.
sub use_up {
    my ($walk, $login, $address) = @_;
    for (1 .. BURST + SHARE + 1) {
        return if guess($walk, $address // $attacker, $login) eq 'later';
    }
    die "nobody slows guesses at $login\n";
}

sub forget { my $walk = shift; $walk->sql("DELETE FROM pwreset_$_") for qw(guess device); return }

sub pass_time {
    my ($walk, $ms) = @_;
    $walk->sql("UPDATE pwreset_$_ SET next_ms = next_ms - ?", $ms) for qw(guess device);
    return;
}

# --- slowing down ------------------------------------------------------------------

sub slower {
    my $walk = shift;
    forget($walk);
    for my $name (['ivan01', 'IVAN01', ' ivan01', "ivan01\N{U+A0}"], ['nobody', 'NOBODY', ' nobody', "nobody\N{U+A0}"]) {
        is(join(' ', map { guess($walk, $attacker, $name->[$_ % 4]) } 1 .. BURST), join(' ', ('wrong') x BURST),
            "@{[BURST]} guesses at $name->[0], however it is written");
        is(guess($walk, $attacker, $_), 'later', "then '$_' is to come later") for @$name;
    }
    my %page = map { enter(at($walk, $attacker), $_, NEW)->raw =~ s/^(Date|Expires): [^\r]*/$1/gmr =~ s/\Q$_\E/LOGIN/gr
            => 1 } qw(ivan01 nobody);
    is(scalar keys %page, 1, 'the same bytes for both');
    is(said(enter(at($walk, $attacker), 'ivan01')), 'later', 'the right password is not looked at');
    like($walk->client->post('/account/login?lang=ru', [login => 'ivan01', password => NEW],
        headers => [['X-Forwarded-For', $attacker]])->alert, qr/\Q$many_ru\E$/, 'in Russian');
    is(guess($walk, $attacker, 'olga01'), 'wrong', 'another account is not slowed');
    is(guess($walk, $attacker, 'ivan01@example.org'), 'wrong', 'nor does it show at his address what his login is');
    return;
}

# The forms of a domain are one name.
sub addresses {
    my $walk = shift;
    forget($walk);
    use_up($walk, 'ivan@почта.рф');
    is(guess($walk, $attacker, $_), 'later', "$_ is the same") for 'ivan@xn--80a1acny.xn--p1ai', 'IVAN@почта.рф ';
    is(guess($walk, $attacker, 'ivan@почтб.рф'), 'wrong', 'but not another domain');
    return;
}

# A slot that is due soon is waited for, by right and wrong alike.
sub waiting {
    my $walk = shift;
    for my $row (['ivan01', OLD, 'in', 'wrong'], ['ivan01', NEW, 'wrong', 'later'], ['nobody', OLD, 'wrong', 'later']) {
        my ($login, $password, $want, $next) = @$row;
        forget($walk);
        use_up($walk, $login);
        my $due = time + DUE_SEC;
        $walk->sql('UPDATE pwreset_guess SET next_ms = ?', int(1000 * $due) + (BURST - 1) * MINUTE_MS);
        is(said(enter(at($walk, $attacker), $login, $password)), $want, "$login, a minute later: $want");
        cmp_ok(time - $due, '>', -0.1, 'but not before the slot is due');
        is(guess($walk, $attacker, $login), $next, 'and there is no second slot, but for what was no guess');
    }
    return;
}

# Nobody is to be slowed by being right often.
sub right {
    my $walk = shift;
    forget($walk);
    is(join(' ', map { said(enter(at($walk, $attacker), 'ivan01')) } 1 .. 3 * BURST), join(' ', ('in') x (3 * BURST)),
        'thirty browsers, thirty times the right password');
    is(join(' ', map { guess($walk, $attacker, 'ivan01') } 1 .. BURST + 1), join(' ', ('wrong') x BURST, 'later'),
        'which helps no guess');
    return;
}

# --- the owner -----------------------------------------------------------------------

# Posts wrong passwords from these addresses until it is told to stop; returns
# how to: the number of guesses that were looked at, and of those that were not.
sub flood {
    my ($walk, $login, @addresses) = @_;
    pipe my $read, my $write or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        my ($stop, %n) = (0);
        local $SIG{TERM} = sub { $stop = 1 };
        my $until = time + FLOOD_SEC;
        while (!$stop && time < $until) {
            push @addresses, shift @addresses;
            $n{said(enter(at($walk, $addresses[0]), $login, NEW))}++;
        }
        syswrite $write, join("\t", %n) . "\n";
        POSIX::_exit(0);
    }
    close $write;
    return sub {
        kill TERM => $pid;
        my $line = <$read> // '';
        waitpid $pid, 0;
        chomp $line;
        return split /\t/, $line;
    };
}

sub wait_for {
    my $holds = shift;
    my $until = time + FLOOD_SEC;
    sleep 0.05 while !$holds->() && time < $until;
    return;
}

sub owner {
    my $walk = shift;
    forget($walk);
    my $known = at($walk, $elsewhere);
    is(said(enter($known, 'ivan01')), 'in', 'his browser is known');
    my @addresses = map { "198.51.100.$_" } 1 .. 7;
    my @floods = map { flood($walk, 'ivan01', @addresses) } 1 .. 3;
    my $begun = () = $walk->httpd->access_log;
    wait_for(sub { (() = $walk->httpd->access_log) > $begun + 200 });
    is(said(enter(at($walk, $attacker), 'ivan01')), 'later', 'the control: an address of the flood is to come later');
    my $begin = time;
    is(said(enter($known, 'ivan01')), 'in', 'in a browser that is known, in a flood: in');
    cmp_ok(time - $begin, '<', AT_ONCE_SEC, 'at once');
    is(said(enter(at($walk, $elsewhere), 'ivan01')), 'in', 'in one that is not known: in');
    cmp_ok(time - $begin, '<', 2 * AT_ONCE_SEC, 'at once, too');
    my $typo = at($walk, '203.0.113.8');
    is(said(enter($typo, 'ivan01', NEW)), 'wrong', 'who mistypes is told so');
    is(said(enter($typo, 'ivan01')), 'in', 'and gets in then');
    my %n = (wrong => 0, later => 0);
    for my $stop (@floods) {
        my %one = $stop->();
        $n{$_} += $one{$_} // 0 for keys %n;
    }
    cmp_ok($n{wrong}, '<=', BURST + SHARE * @addresses + 1, "of $n{wrong} guesses the password was looked at");
    cmp_ok($n{later}, '>', 150, "of $n{later} it was not");
    return;
}

# After two hundred guesses the very address that they came from is good again
# within a minute.
sub after {
    my $walk = shift;
    forget($walk);
    guess($walk, $attacker, 'ivan01') for 1 .. 200;
    is(said(enter(at($walk, $attacker), 'ivan01')), 'later', 'two hundred guesses: later');
    pass_time($walk, MINUTE_MS - WAIT_MS);
    is(said(enter(at($walk, $attacker), 'ivan01')), 'in', 'within a minute: in');
    return;
}

# --- browsers that are known ------------------------------------------------------------

sub device_name { my ($walk, $client) = @_; return $walk->cookie_name($client) . '-device' }

sub device {
    my $walk = shift;
    forget($walk);
    my $client = at($walk, $elsewhere);
    my $r = enter($client, 'ivan01');
    my $name = device_name($walk, $client);
    my ($set) = grep { /^\Q$name\E=/ } $r->headers('Set-Cookie');
    like($set, qr/^$name=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=@{[DEVICE_SEC]}$/, 'its cookie');
    my $secret = $client->cookie($name);
    my ($row, @more) = $walk->rows('SELECT * FROM pwreset_device');
    my $realm = $walk->httpd->url =~ s{http://}{}r . '/account';
    is($row->{digest}, sha256_hex("$realm\0device\0$secret"), 'a digest of it is kept') or diag explain $row;
    is(scalar @more, 0, 'once');
    is($client->get('/portal/')->header('X-Cookie'), '', 'scripts do not see it');

    my $other = at($walk, $attacker);
    $other->cookie($name, $secret);
    is($walk->who($other), 401, 'it is no session');
    is(said(enter($other, 'ivan01', NEW)), 'wrong', 'and no password');

    use_up($walk, $_) for qw(ivan01 olga01 nobody);
    is(said(enter($other, $_)), 'later', "$_ does not know it") for qw(olga01 nobody);
    is(said(enter($other, 'ivan01')), 'in', 'ivan01 does');
    $other->cookie($name, $_), is(said(enter($other, 'ivan01')), 'later', "nobody knows '" . substr($_, 0, 9) . q('))
        for 'a' x 64, uc $secret, '', '%00', 'x' x 7000;
    return;
}

# A cookie has the account looked up, which must not show when the answer comes.
sub in_time {
    my $walk = shift;
    forget($walk);
    my $client = at($walk, $attacker);
    enter($client, 'olga01');
    $walk->add('dear01', password => crypt OLD, '$2y$10$abcdefghijklmnopqrstuu');
    guess($walk, $attacker, 'dear01') for 1 .. 2;
    use_up($walk, $_) for qw(ivan01 nobody);
    for my $name (qw(ivan01 nobody)) {
        my ($begin, %took) = time;
        is(said(enter($client, $name)), 'later', "$name, with a cookie: later");
        $took{with} = time - $begin;
        $begin = time;
        is(said(enter(at($walk, $attacker), $name)), 'later', "$name, without one: later");
        $took{without} = time - $begin;
        cmp_ok($took{with}, '>', HASH_SEC, 'with it no sooner than after the dearest hash') or diag explain \%took;
    }
    $walk->sql(q(DELETE FROM pwreset_user WHERE login = 'dear01'));
    return;
}

# The thief of a cookie has its allowance, and no more.
sub thief {
    my $walk = shift;
    forget($walk);
    my $owner = at($walk, $elsewhere);
    enter($owner, 'ivan01');
    use_up($walk, 'ivan01');
    my $thief = at($walk, $attacker);
    $thief->cookie(device_name($walk, $owner), $owner->cookie(device_name($walk, $owner)));
    is(join(' ', map { said(enter($thief, 'ivan01', NEW)) } 1 .. BURST + 1), join(' ', ('wrong') x BURST, 'later'),
        'as many guesses as anybody');
    return;
}

# One browser, two accounts; and a cookie that somebody has planted.
sub accounts {
    my $walk = shift;
    forget($walk);
    my $client = at($walk, $elsewhere);
    enter($client, 'ivan01');
    my $name = device_name($walk, $client);
    my $planted = $client->cookie($name);
    enter($client, 'olga01');
    isnt($client->cookie($name), $planted, 'another account, another cookie');
    use_up($walk, $_) for qw(ivan01 olga01);
    use_up($walk, $_, $elsewhere) for qw(ivan01 olga01);
    my $thief = at($walk, $attacker);
    $thief->cookie($name, $planted);
    is(said(enter($thief, $_)), 'later', "the old cookie is nothing to $_") for qw(ivan01 olga01);
    is(said(enter($client, $_)), 'in', "$_ knows the browser") for qw(ivan01 olga01 ivan01);
    return;
}

# Whoever changes the password is known, and nobody else.
sub changes {
    my $walk = shift;
    forget($walk);
    my ($reset, $thief, $changed) = map { at($walk, $_) } $elsewhere, $attacker, $elsewhere;
    enter($thief, 'ivan01');
    my %string = $walk->strings('ivan01');
    my $r = $reset->post('/account/reset', [token => $string{ivan01}, password => NEW, confirm => NEW]);
    is($r->status, 303, 'a reset');
    my $posted = sub { said(enter($_[0], 'ivan01', NEW)) };
    $walk->sql('DELETE FROM pwreset_guess');
    for (1 .. BURST + SHARE + 1) {
        enter(at($walk, $_), 'ivan01', OLD) for $attacker, $elsewhere;
    }
    is($posted->($thief), 'later', 'no other browser is known');
    is($posted->($reset), 'in', 'but the one it was made on: mail leads past any crowd');
    $r = $reset->post('/account/change', [current => NEW, password => OLD, confirm => OLD]);
    is($r->status, 303, 'a change');
    is(said(enter($reset, 'ivan01')), 'in', 'its browser is known');
    $walk->settle;
    $walk->mail_to('ivan01@example.org') for 1 .. 2;
    return;
}

# --- what it costs ------------------------------------------------------------------------

# The statements of what is done, without what workers do.
# The version of the schema is looked at once a minute on each connection.
sub statements {
    my ($walk, $do) = @_;
    $walk->sql('TRUNCATE mysql.general_log');
    $do->();
    my @told = map { $_->{argument} } $walk->rows(q(SELECT argument FROM mysql.general_log WHERE user_host LIKE 'app%'
        AND command_type IN ('Execute', 'Query')));
    return grep { !/pwreset_job|schema-least|^SELECT UNIX_TIMESTAMP\(\) AS clock$|^SET / } @told;
}

# The log writes values into the statements, a missing one without quotes.
sub ours { return join "\n", map { s/'[^']*'|\bNULL\b/?/gr =~ s/\b\d+\b/N/gr } grep { /pwreset_(?:guess|device)/ } @_ }

sub costs {
    my $walk = shift;
    $walk->sql(q(SET GLOBAL log_output = 'TABLE'));
    $walk->sql('SET GLOBAL general_log = ON');
    forget($walk);
    for my $state ('first', 'second') {
        my ($known, $unknown) = map { my $name = $_; ours(statements($walk, sub { guess($walk, $attacker, $name) })) }
            qw(ivan01 nobody);
        is($known, $unknown, "the $state guess: the same statements for an account and for none");
        is(scalar(() = $known =~ /^/gm), 2, 'two of them');
    }
    my $client = at($walk, $elsewhere);
    enter($client, 'olga01');
    my ($session, $device) = ($walk->cookie_name($client), device_name($walk, $client));
    my ($known, $unknown) = map {
        my ($name, $browser) = ($_, at($walk, $attacker));
        $browser->cookie($device, $client->cookie($device));
        ours(statements($walk, sub { enter($browser, $name, NEW) }))
    } qw(ivan01 nobody);
    is($known, $unknown, q(nor does somebody else's cookie make a difference));
    like($known, qr/^UPDATE pwreset_device .*\nSELECT .*\nUPDATE pwreset_guess [^\n]*\z/, 'one more');
    for my $name (qw(ivan01 nobody)) {
        use_up($walk, $name);
        my @told = statements($walk, sub { guess($walk, $attacker, $name) });
        is(scalar @told, 1, "$name is refused by one statement");
        like($told[0], qr/^SELECT .* pwreset_guess/, 'that reads');
    }
    delete $client->cookies->{$session};
    my @in_known = statements($walk, sub { enter($client, 'olga01') });
    my @in_other = statements($walk, sub { enter(at($walk, $elsewhere), 'olga01') });
    $walk->reconf("$conf\nPwResetLimit None");
    my @none = statements($walk, sub { enter(at($walk, $elsewhere), 'olga01') });
    is(@in_known - @none, 1, 'a browser that is known signs in with one statement more than without the limit');
    is(@in_other - @none, 5, 'one that is not, with five') or diag join "\n", @in_other, '', @none;
    is(ours(@none), '', 'without the limit there is none of all this');
    $walk->sql('SET GLOBAL general_log = OFF');
    $walk->reconf($conf);
    return;
}

# Where the tables cannot be asked nobody gets in.
sub closed {
    my $walk = shift;
    forget($walk);
    my $known = at($walk, $elsewhere);
    enter($known, 'ivan01');
    $walk->httpd->expect_log('PWR0204');
    $walk->sql('DROP TABLE pwreset_guess');
    is(said(enter(at($walk, $elsewhere), 'ivan01')), 'status 503', 'no queues: nobody gets in');
    is(said(enter(at($walk, $elsewhere), 'nobody')), 'status 503', 'nor does nobody');
    is(said(enter($known, 'ivan01')), 'in', 'who needs none does');
    $walk->sql('DROP TABLE pwreset_device');
    is(said(enter($known, 'ivan01')), 'status 503', 'no browsers, either: nobody');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->add($_) for qw(ivan01 olga01);
    subtest slower => sub { slower($walk) };
    subtest addresses => sub { addresses($walk) };
    subtest waiting => sub { waiting($walk) };
    subtest right => sub { right($walk) };
    subtest owner => sub { owner($walk) };
    subtest after => sub { after($walk) };
    subtest device => sub { device($walk) };
    subtest thief => sub { thief($walk) };
    subtest accounts => sub { accounts($walk) };
    subtest changes => sub { changes($walk) };
    subtest costs => sub { costs($walk) } if $walk->kind eq 'mysql';
    subtest 'in time' => sub { in_time($walk) };
    subtest closed => sub { closed($walk) };
}, conf => $conf, modules => ['remoteip'], global => "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1");
done_testing();
