#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Without a session: a form gets a page and not a redirect that drops it, and a
# browser without cookies gets a sentence and not a loop.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Sites;
use PWR::Walk;
use Test::More;

use constant {REDIRECTS_MAX => 5, BODY_BYTES => 300_000};

my $html = [Accept => 'text/html,application/xhtml+xml,*/*;q=0.8'];
my @browser = (['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Site', 'same-origin'], $html);
my $not_taken = 'What you sent was not taken: you are not signed in, or your session has ended. Sign in, then send it'
    . ' again.';
my $no_cookies = 'Your browser does not send cookies, and without them nobody stays signed in. Allow cookies for this'
    . ' site and try again.';

# --- forms ---------------------------------------------------------------------

# Who sends a form by what method, and does he get a page?
my @senders = (
    ['a browser of today', POST => [@browser], 1],
    ['an older one', POST => [$html], 1],
    ['one that accepts anything', POST => [[Accept => '*/*']], 1],
    ['one that says nothing', POST => [], 1],
    ['a script of today', POST => [['Sec-Fetch-Mode', 'cors'], $html], 0],
    ['one of the same origin', POST => [['Sec-Fetch-Mode', 'same-origin'], $html], 0],
    ['an older script', POST => [['X-Requested-With', 'XMLHttpRequest'], $html], 0],
    ['a script that wants JSON', POST => [[Accept => 'application/json']], 0],
    ['PUT', PUT => [$html], 0],
    ['DELETE', DELETE => [@browser], 0],
);

sub forms {
    my $sites = PWR::Sites->new({
        a => 'Header always set X-Always yes',
        elsewhere => "PwResetLogin Off\nPwResetLoginURL https://sso.example.org/in?x=y",
        off => 'PwResetLogin Off',
        theirs => 'ErrorDocument 401 "theirs"',
        usual => 'ErrorDocument 401 default',
    }, modules => ['http2']);
    my $walk = $sites->walk;
    $walk->add('ivan');
    my @form = (form => [text => 'what I wrote']);
    for my $row (@senders) {
        my ($who, $method, $headers, $is_page) = @$row;
        my $r = $sites->client('a')->request($method, '/portal/?a=b', @form, headers => $headers);
        is_deeply([$r->status, $r->header('Location')], [401, undef], "$who: 401");
        like($r->header('WWW-Authenticate'), qr/^PwReset realm="a\.test:\d+\/account"$/, "$who: the challenge");
        is(scalar $r->headers('WWW-Authenticate'), 1, "$who: once");
        is(join('|', $r->headers('Cache-Control')), 'private, no-store', "$who: not to be kept");
        is($r->header('X-Always'), 'yes', "$who: with what is said on every answer");
        is($r->header('Set-Cookie'), undef, "$who: no cookie");
        is($r->alert, $is_page ? $not_taken : undef, "$who: " . ($is_page ? 'a page' : 'no page'));
        is(scalar(grep { $_ eq '/account/login?return=%2Fportal%2F%3Fa%3Db' } $r->links('a')), $is_page,
            "$who: the way in, and back");
    }
    my $client = $sites->client('a');
    my $r = $client->post('/portal/', [], headers => [@browser, ['Accept-Language', 'ru']]);
    is($r->alert, 'Отправленное не принято: вы не авторизованы или ваш сеанс завершён. Войдите и отправьте ещё раз.',
        'in Russian');
    ok((grep { $_ eq '/account/login?return=%2Fportal%2F&lang=en' } $r->links('a')), 'the switch leads there, too');
    like($r->header('Content-Security-Policy'), qr/default-src 'none'/, 'as safe as our other pages');
    $r = $client->follow($client->submit($client->get(($r->links('a'))[0]), {login => 'ivan', password => OLD}));
    is($r->header('X-User'), 'ivan', 'who follows the link is in');
    is($client->post('/portal/', [a => 'b'], headers => [@browser])->header('X-User'), 'ivan', 'and may send forms');

    is($sites->client('theirs')->post('/portal/', [], headers => [@browser])->body, 'theirs', 'ErrorDocument is obeyed');
    is($sites->client('usual')->post('/portal/', [], headers => [@browser])->alert, $not_taken, 'where it says something');
    my %to = (off => undef, elsewhere => 'https://sso.example.org/in?x=y');
    for my $site (sort keys %to) {
        $r = $sites->client($site)->post('/portal/', [], headers => [@browser]);
        my ($way) = grep { m{^https://|/login} } $r->links('a');
        is_deeply([$r->status, $r->alert, $way], [401, $not_taken, $to{$site}], "$site: where the login is");
    }
    connections($sites->client('a'));
    SKIP: {
        skip 'prefork has no HTTP/2', 1 if !$sites->httpd->has_http2;
        my $h2 = $sites->client('a')->h2(POST => '/portal/', form => [a => 'b'], headers => [@browser]);
        is_deeply([$h2->status, $h2->alert], [401, $not_taken], 'by HTTP/2');
    }
    $sites->httpd->done;
    return;
}

# What was sent is read to its end, and the connection lives.
sub connections {
    my $client = shift;
    my $body = 'x=' . 'y' x BODY_BYTES;
    my $post = "POST /portal/ HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    my $get = "GET /index.html HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
    my $chunked = sprintf "%x\r\n%s\r\n0\r\n\r\n", length $body, $body;
    my %sent = (
        'a length' => 'Content-Length: ' . length($body) . "\r\n\r\n$body",
        chunks => "Transfer-Encoding: chunked\r\n\r\n$chunked",
    );
    for my $name (sort keys %sent) {
        my $socket = $client->open_socket;
        print {$socket} "$post$sent{$name}$get";
        $socket->flush;
        my $answers = do { local $/; <$socket> } // '';
        is_deeply([$answers =~ m{^HTTP/1\.1 (\d+)}gm], [401, 200], "with $name: two answers on one connection");
    }
    my $expects = $client->post('/portal/', [a => 'b'], headers => [[Expect => '100-continue']]);
    is($expects->status, 401, 'a body that is not sent yet is not asked for');
    return;
}

# --- cookies -------------------------------------------------------------------

# A browser that keeps none: follow redirects, as often as one does.
sub bare {
    my ($client, $r) = @_;
    for my $n (0 .. REDIRECTS_MAX) {
        return ($r, $n) if $r->status != 303;
        $r = $client->get($r->header('Location'), headers => [@browser], keep_cookies => 0);
    }
    return ($r, 'too many');
}

sub without_cookies {
    my $walk = shift;
    my $client = $walk->client;
    my ($r, $n) = bare($client, $client->get('/portal/', headers => [@browser], keep_cookies => 0));
    is_deeply([$r->status, $n, $r->form->{fields}{return}], [200, 1, '/portal/'], 'from the portal to the login page');
    like($r->header('Set-Cookie'), qr/^pwr-[0-9a-f]{6}-try=1; Path=\/; HttpOnly; SameSite=Lax$/, 'a cookie to try');
    my $before = $walk->state;
    for my $round (1, 2) {
        ($r, $n) = bare($client, $client->submit($r, {login => 'ivan', password => OLD}, keep_cookies => 0));
        is_deeply([$r->status, $n], [422, 0], "round $round: no loop");
        like($r->alert, qr/\Q$no_cookies\E/, "round $round: a sentence");
        is_deeply([@{$r->form->{fields}}{qw(login password return)}], ['ivan', '', '/portal/'],
            "round $round: the form is kept");
        like($r->header('Set-Cookie'), qr/-try=1;/, "round $round: and tried again");
    }
    $walk->unchanged($before, 'signing in without cookies: no session');
    like($client->submit($client->get('/account/login?return=/x&lang=ru', keep_cookies => 0), {login => 'x',
        password => 'y'}, keep_cookies => 0)->alert, qr/Ваш браузер не передаёт cookie/, 'in Russian');
    $r = $client->submit($r, {login => 'ivan', password => OLD});
    is($r->status, 422, 'allowed now: the first try brings the cookie');
    $r = $client->submit($r, {login => 'ivan', password => OLD});
    is_deeply([$r->status, $r->header('Location')], [303, '/portal/'], 'the second gets in');
    is($client->follow($r)->header('X-User'), 'ivan', 'and stays');
    return;
}

sub with_cookies {
    my $walk = shift;
    my $client = $walk->client;
    my $page = $client->get('/account/login?return=/portal/');
    is($client->get('/account/login?return=/portal/')->header('Set-Cookie'), undef, 'one that came is not set again');
    my $wrong = $client->submit($page, {login => 'ivan', password => NEW});
    unlike($wrong->alert, qr/cookie/i, 'no word about cookies when the password is wrong');
    my $r = $client->submit($wrong, {login => 'ivan', password => OLD});
    is_deeply([$r->status, $r->header('Location')], [303, '/portal/'], 'signed in');
    my $session = $walk->signed_in('ivan');
    is($session->get('/account/login?return=/portal/')->header('Set-Cookie'), undef, 'a session is a cookie, too');
    $r = $walk->client->post('/account/login', [login => 'ivan', password => OLD, return => '/portal/']);
    is_deeply([$r->status, $r->header('Location')], [303, '/portal/'], 'what is no form of ours needs no cookie to try');
    for my $path ('/account/login', '/account/login?return=//evil.example', '/account/login?return=') {
        $r = $walk->client->get($path);
        is_deeply([$r->header('Set-Cookie'), $r->form->{fields}{cookies}], [undef, undef], "$path: none");
    }
    is($walk->client->post('/account/login', [login => 'ivan', password => OLD, cookies => 'xx'])->status, 413,
        'too long');
    my $other = $walk->client;
    $other->cookie('pwr-000000-try', 1);
    is($other->post('/account/login', [login => 'ivan', password => OLD, cookies => 1])->status, 422,
        'a cookie of another site is none');
    return;
}

forms();
each_database(sub {
    my $walk = shift;
    $walk->add('ivan');
    subtest 'without cookies' => sub { without_cookies($walk) };
    subtest 'with cookies' => sub { with_cookies($walk) };
});
done_testing();
