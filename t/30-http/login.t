#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Signing in and out: one sentence for all that is wrong, sessions that end when
# they should, and no way to another site.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant {LIFETIME_SEC => 12 * 3600, IDLE_SEC => 3600, MARGIN_SEC => 30};

my $wrong = 'The login or the password is wrong.';
my $wrong_ru = 'Неверный логин или пароль.';

sub enter {
    my ($client, $login, $password, @more) = @_;
    return $client->post('/account/login', [login => $login, password => $password // OLD, @more]);
}

# --- what is wrong ------------------------------------------------------------

sub wrong {
    my ($walk, $client) = @_;
    $walk->add('nohash', password => undef);
    $walk->add('empty1', password => '');
    $walk->add('locked', password => '!' . crypt(OLD, '$6$abc'));
    $walk->add('staral', password => '*');
    $walk->add('plain1', password => OLD);
    $walk->add($_, email => 'shared@example.org') for qw(share1 share2);
    my $before = $walk->state;
    my %page;
    for my $row (['ivan01', NEW], ['ivan01', OLD . ' '], ['ivan01', lc OLD], ['ivan01', 'x' x 4096], ['nobody', OLD],
        ['nohash', OLD], ['nohash', 'x'], ['empty1', OLD], ['empty1', 'x'], ['locked', OLD], ['staral', '*'],
        ['plain1', OLD], ['ivan0%', OLD], ['ivan0_', OLD], ["ivan0\t", OLD], ['', OLD, ' shared@example.org'],
        ['', OLD, 'nobody@example.org'],
        ['', OLD, q(' OR '1'='1)], ['', OLD, 'Иван01'], ['', OLD, 'ívan01'], ['', OLD, 'ivan01@exämple.org']) {
        my ($login, $password, $other) = @$row;
        my $typed = $other // $login;
        my $r = enter($client, $typed, $password);
        is($r->status, 422, "'$typed' with '" . substr($password, 0, 30) . q(' is refused));
        is($r->alert, "Please check what you entered $wrong", 'with one sentence');
        is_deeply($r->form->{fields}, {login => $typed, password => ''}, 'the login stays, the password does not');
        is($r->header('Set-Cookie'), undef, 'no cookie');
        my $bytes = $r->raw =~ s/^(Date|Expires): [^\r]*/$1/gmr =~ s/\Q$typed\E/LOGIN/gr;
        push @{$page{$bytes}}, $typed if length $login == 6;
    }
    is(scalar keys %page, 1, 'the same bytes for all of them') or diag explain [values %page];
    is($client->post('/account/login?lang=ru', [login => 'x', password => 'y'])->alert,
        "Проверьте введённые данные $wrong_ru", 'in Russian');
    for my $row (['', OLD, 'login'], ['ivan01', '', 'password'], ['', '', 'login password'], [' ', OLD, 'login']) {
        my $r = enter($client, @$row[0, 1]);
        is_deeply([$r->status, join ' ', $r->text =~ /id="(\w+)-errors"/g], [422, $row->[2]], "empty: $row->[2]");
    }
    $walk->unchanged($before, 'all that is wrong');
    return;
}

# An account that nobody can sign in to takes as long as one that is not there.
sub equal_work {
    my $walk = shift;
    $walk->reconf('PwResetPasswordScheme bcrypt:10');
    $walk->add('bcrypt', password => crypt OLD, '$2y$10$abcdefghijklmnopqrstuu');
    my %quickest;
    for my $login (('bcrypt', 'nobody', 'nohash', 'empty1', 'locked', 'plain1') x 3) {
        my $begin = time;
        enter($walk->client, $login, NEW);
        my $sec = time - $begin;
        $quickest{$login} = $sec if $sec < ($quickest{$login} // 60);
    }
    cmp_ok($quickest{$_}, '>', $quickest{bcrypt} / 3, "the answer for $_ takes its time") for sort keys %quickest;
    return;
}

# --- what is right ------------------------------------------------------------

sub right {
    my $walk = shift;
    my @names = ('ivan01', 'IVAN01', ' ivan01 ', "ivan01\N{U+A0}", 'ivan01@example.org', 'Ivan01@EXAMPLE.org', 'ИВАН');
    for my $typed (@names) {
        my $client = $walk->client;
        my $r = enter($client, $typed);
        is_deeply([$r->status, $r->header('Location'), $r->body], [303, '/', ''], "'$typed' gets in");
        my $seen = $walk->who($client);
        utf8::decode($seen);
        is($seen, $typed eq 'ИВАН' ? 'ИВАН' : 'ivan01', "'$typed' is himself");
    }
    is(enter($walk->client, 'Иван')->status, 422, 'only ASCII letters are the same in either case');
    return;
}

sub cookies {
    my $walk = shift;
    my $client = $walk->client;
    my $r = enter($client, 'ivan01');
    my $name = 'pwr-' . substr sha256_hex($walk->httpd->url =~ s{http://}{}r . '/account'), 0, 6;
    my @set = sort $r->headers('Set-Cookie');
    is(scalar @set, 2, 'two cookies');
    is($set[0], "$name-login=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", 'the login from the last page ends');
    like($set[1], qr/^$name=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Lax$/, 'the session');
    my $secret = $client->cookie($name);
    is(scalar(grep { /\Q$secret\E/ } @{$walk->state}), 0, 'the database does not hold its id');
    ok((grep { $_->{address} eq '127.0.0.1' } $walk->rows('SELECT * FROM pwreset_session')), 'but from where it is');
    isnt(enter($walk->client, 'ivan01')->header('Set-Cookie'), $r->header('Set-Cookie'), 'the next has another');

    my $stranger = $walk->client;
    $stranger->cookie($name, 'a' x 64);
    is($walk->who($stranger), 401, 'an id that we did not give is nobody');
    enter($stranger, 'ivan01');
    isnt($stranger->cookie($name), 'a' x 64, 'and is not taken over');

    my $replay = $client->other;
    $replay->cookie($name, $secret);
    is($walk->who($replay), 'ivan01', 'the id is the session');
    enter($client, 'ivan01');
    is($walk->who($client), 'ivan01', 'signing in again gives a new one');
    is($walk->who($replay), 401, 'and ends the old one at once');
    for my $bad ("$secret ", uc $secret, substr($secret, 1), "${secret}0", '', '%00', '%ZZ', 'x' x 7000) {
        $replay->cookie($name, $bad);
        is($walk->who($replay), 401, 'no session: ' . substr $bad, 0, 20);
    }
    my $live = $client->cookie($name);
    my $twice = $client->other->get('/portal/', headers => [[Cookie => "$name=$live; $name=" . 'b' x 64]]);
    is($twice->status, 401, 'two ids that differ are nobody');
    return;
}

# Local paths only; anything else is as if it were not there.
sub returns {
    my ($walk, $landing) = @_;
    for my $good ('/portal/', '/portal/a?b=c&d=%2F', '/x', '/', '/?a', '/account/change?lang=ru', '/a/b.c~d') {
        my $r = enter($walk->client, 'ivan01', OLD, return => $good);
        is_deeply([$r->status, $r->header('Location')], [303, $good], "return=$good is followed");
    }
    for my $bad ('//evil.example', '//evil.example/', 'https://evil.example/', 'http:evil.example', '\\\\evil.example',
        '/\\evil.example', '/%2Fevil.example', '/%5Cevil.example', '/%09/evil.example', "/\tevil", ' /portal/',
        "/x\r\nSet-Cookie: a=b", '/x%0d%0aSet-Cookie:a=b', 'javascript:alert(1)', 'evil.example', '', 'portal/',
        '/portal/ x', '/..//evil.example', '/portal/../..//evil.example', '/%2e%2e//evil.example', '/@evil.example',
        "/\x{41F}", '/' . 'x' x 2000) {
        my $r = enter($walk->client, 'ivan01', OLD, return => $bad);
        next if $r->status == 413 && length $bad > 2000;
        is_deeply([$r->status, $r->header('Location'), scalar $r->headers('Set-Cookie')], [303, $landing, 2],
            "return='$bad' is ignored") or next;
        my $query = PWR::Client::form_encode(return => $bad);
        is($walk->client->get("/account/login?$query")->form->{fields}{return}, undef, 'and is not in the form');
    }
    return;
}

# From a protected page through the login page and back.
sub there_and_back {
    my $walk = shift;
    my $client = $walk->client;
    my @browser = (headers => [['Sec-Fetch-Mode', 'navigate'], [Accept => 'text/html']]);
    my $r = $client->get('/portal/?a=b&c=%26', @browser);
    is_deeply([$r->status, $r->header('Location')],
        [303, '/account/login?return=%2Fportal%2F%3Fa%3Db%26c%3D%2526'], 'the way to the login page');
    my $page = $client->follow($r);
    is($client->submit($page, {login => 'ivan01', password => NEW})->form->{fields}{return}, '/portal/?a=b&c=%26',
        'kept when the password was wrong');
    my $in = $client->submit($page, {login => 'ivan01', password => OLD});
    is($in->header('Location'), '/portal/?a=b&c=%26', 'and back');
    is($client->follow($in)->header('X-User'), 'ivan01', 'signed in');
    like($client->get('/account/login')->text, qr/You are signed in as ivan01\./, 'the login page says so');
    return;
}

# --- the end ------------------------------------------------------------------

sub logout {
    my $walk = shift;
    my $client = $walk->signed_in('ivan01');
    my ($other, $name) = ($walk->signed_in('ivan01'), $walk->cookie_name($client));
    my $replay = $client->other;
    $replay->cookie($name, $client->cookie($name));
    is($walk->who($_), 'ivan01', 'signed in') for $client, $replay, $other;
    my $page = $client->get('/account/logout');
    like($page->text, qr/You are signed in as ivan01\./, 'a page with a button');
    is($walk->who($client), 'ivan01', 'looking at it ends nothing');
    my $r = $client->submit($page, {});
    is_deeply([$r->status, $r->header('Location')], [303, '/account/logout'], 'signed out');
    is($r->header('Set-Cookie'), "$name=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", 'the cookie goes');
    is($client->follow($r)->notice, 'Your session has been ended.', 'and it is said');
    is($walk->who($replay), 401, 'the server has ended the session, at once');
    is($walk->who($other), 'ivan01', 'another browser of the same user stays');
    my $before = $walk->state;
    is($walk->client->post('/account/logout', [])->status, 303, 'nobody signs out');
    $walk->unchanged($before, 'signing out without a session');
    return;
}

sub time_passes {
    my $walk = shift;
    my %end = (
        'at the end of its life' => ['expires = expires - ' . (LIFETIME_SEC + 1), 401],
        'just before it' => ['expires = expires - ' . (LIFETIME_SEC - MARGIN_SEC), 'ivan01'],
        'unused for an hour' => ['seen = seen - ' . (IDLE_SEC + 1), 401],
        'unused for nearly an hour' => ['seen = seen - ' . (IDLE_SEC - MARGIN_SEC), 'ivan01'],
        'under another realm' => [q(realm = 'other'), 401],
        'under another stamp' => [q(stamp = ''), 401],
    );
    for my $name (sort keys %end) {
        $walk->sql('DELETE FROM pwreset_session');
        my $client = $walk->signed_in('ivan01');
        $walk->sql("UPDATE pwreset_session SET $end{$name}[0]");
        is($walk->who($client), $end{$name}[1], "a session $name");
    }
    my $client = $walk->signed_in('ivan01');
    my $hash = $walk->stored('ivan01');
    $walk->sql(q(UPDATE pwreset_user SET password = 'x' WHERE login = 'ivan01'));
    is($walk->who($client), 401, 'another program changed the password: the session ends');
    $walk->sql(q(UPDATE pwreset_user SET password = ? WHERE login = 'ivan01'), $hash);
    my $gone = $walk->signed_in('gone01');
    $walk->sql(q(DELETE FROM pwreset_user WHERE login = 'gone01'));
    is($walk->who($gone), 401, 'the account is gone: so is the session');
    return;
}

# --- what the directives say ---------------------------------------------------

sub identify {
    my $walk = shift;
    my %takes = (email => [422, 303, 'E-Mail'], login => [303, 422, 'Login'], both => [303, 303, 'Login or E-Mail']);
    for my $kinds (sort keys %takes) {
        $walk->reconf("PwResetIdentify login $kinds\nPwResetLanding /portal/");
        my ($by_login, $by_email, $label) = @{$takes{$kinds}};
        is(enter($walk->client, 'ivan01')->status, $by_login, "$kinds: a login");
        is(enter($walk->client, 'ivan01@example.org')->status, $by_email, "$kinds: an address");
        like($walk->client->get('/account/login')->text, qr{<label for="login">\Q$label\E</}, "$kinds: the label");
    }
    returns($walk, '/portal/');
    return;
}

# Behind a proxy that speaks https: the public URL decides.
sub https {
    my $walk = shift;
    $walk->reconf('PwResetPublicURL https://www.example.org');
    my $name = '__Host-pwr-' . substr sha256_hex('www.example.org/account'), 0, 6;
    my $r = enter($walk->client, 'ivan01');
    for my $cookie ($r->headers('Set-Cookie')) {
        my $form = qr{^$name(?:-login)?=[^;]*; Path=/; HttpOnly; SameSite=Lax; Secure(?:; Max-Age=0)?$};
        like($cookie, $form, "https: $cookie");
    }
    my $client = $walk->client;
    enter($client, 'ivan01');
    is($walk->who($client), 'ivan01', 'https: signed in');
    $client->cookie($name =~ s/__Host-//r, delete $client->cookies->{$name});
    is($walk->who($client), 401, 'https: a cookie without __Host- is nothing');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->add($_) for qw(ivan01 gone01);
    $walk->add('ИВАН');
    subtest wrong => sub { wrong($walk, $walk->client) };
    subtest right => sub { right($walk) };
    subtest cookies => sub { cookies($walk) };
    subtest returns => sub { returns($walk, '/') };
    subtest 'there and back' => sub { there_and_back($walk) };
    subtest logout => sub { logout($walk) };
    subtest 'time passes' => sub { time_passes($walk) };
    subtest identify => sub { identify($walk) };
    subtest https => sub { https($walk) };
    subtest 'equal work' => sub { equal_work($walk) };
}, conf => 'PwResetPasswordScheme yescrypt:5');
done_testing();
