#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every page by every method: status, headers, language, and that nothing is
# echoed unescaped.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;

# Status of GET, and of a POST that says nothing; 405 where there is no POST.
my %page = (
    '/account/login' => [200, 422],
    '/account/logout' => [200, 303],
    '/account/forgot' => [200, 422],
    '/account/reset' => [200, 422],
    '/account/change' => [303, 401],
    '/account/sessions' => [303, 401],
    '/account/notme' => [200, 422],
    '/.well-known/change-password' => [303, 405],
);

my %header = (
    'Cache-Control' => 'no-store',
    'X-Content-Type-Options' => 'nosniff',
    'X-Frame-Options' => 'DENY',
    'Cross-Origin-Opener-Policy' => 'same-origin',
    'Referrer-Policy' => 'strict-origin',
    'Content-Language' => 'en',
    'Content-Type' => 'text/html; charset=utf-8',
    'Content-Security-Policy' => q(default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; )
        . q(base-uri 'none'; frame-ancestors 'none'),
);

sub has_headers {
    my ($r, $name) = @_;
    for my $field (sort keys %header) {
        is(join('|', $r->headers($field)), $header{$field}, "$name: $field");
    }
    my %vary = map { lc $_ => 1 } map { split /\s*,\s*/ } $r->headers('Vary');
    is_deeply(\%vary, {accept => 1, 'accept-language' => 1, cookie => 1}, "$name: Vary");
    return;
}

sub methods {
    my ($client, $path) = @_;
    my ($on_get, $on_post) = @{$page{$path}};
    my $get = $client->get($path);
    is($get->status, $on_get, "GET $path");
    is(length $get->body, $get->header('Content-Length'), "GET $path: length");
    is($get->header('Set-Cookie'), undef, "GET $path: no cookie");
    has_headers($get, "GET $path");
    my $head = $client->request(HEAD => $path);
    is_deeply([$head->status, $head->raw =~ /\r\n\r\n(.*)/s], [$on_get, ''], "HEAD $path");
    is($head->header('Content-Length') // 0, length $get->body, "HEAD $path: the length of GET");
    has_headers($head, "HEAD $path");
    my $post = $client->post($path, []);
    is($post->status, $on_post, "POST $path");
    has_headers($post, "POST $path");
    my $demand = $on_post == 401 ? 'PwReset realm="' . ($client->origin =~ s{.*//}{}r) . '/account"' : undef;
    is($post->header('WWW-Authenticate'), $demand, "POST $path: WWW-Authenticate with a 401 and only there");
    my $allow = $on_post == 405 ? 'GET, HEAD' : 'GET, HEAD, POST';
    for my $method (qw(PUT DELETE OPTIONS TRACE PATCH PROPFIND BREW get)) {
        my $r = $client->request($method, $path);
        is_deeply([$r->status, $r->headers('Allow')], [405, $allow], "$method $path");
        like($r->alert // '', qr/does not take requests of this kind/, "$method $path: is told so");
    }
    has_headers($client->request(DELETE => $path), "DELETE $path");
    return;
}

sub assets {
    my $client = shift;
    my %type = (css => 'text/css; charset=utf-8', js => 'text/javascript; charset=utf-8', svg => 'image/svg+xml');
    my %seen = map { $_ => 1 } $client->get('/account/login')->links(qw(link script img));
    is(scalar keys %seen, 3, 'the pages use three assets');
    for my $url (sort keys %seen) {
        my ($path, $suffix) = $url =~ m{^(.*\.(\w+))\?v=[0-9a-f]+$} or fail("$url: has a version");
        my $r = $client->get($url);
        is_deeply([$r->status, $r->header('Content-Type')], [200, $type{$suffix}], $url);
        is($r->header('Cache-Control'), 'public, max-age=31536000, immutable', "$url: kept for ever");
        is($r->header('X-Content-Type-Options'), 'nosniff', "$url: nosniff");
        is($r->header('Set-Cookie'), undef, "$url: no cookie");
        cmp_ok(length $r->body, '>', 100, "$url: is not empty");
        is($client->request(HEAD => $url)->header('Content-Length'), length $r->body, "$url: HEAD");
        for my $other ($path, "$path?v=00000000", "$path?", "$url&x") {
            is($client->get($other)->header('Cache-Control'), 'public, max-age=300', "$other: for a while only");
        }
        my $etag = $r->header('ETag');
        like($etag, qr/^"[^"]+"$/, "$url: ETag");
        my $again = $client->get($url, headers => [['If-None-Match', $etag]]);
        is_deeply([$again->status, $again->body, $again->header('ETag')], [304, '', $etag], "$url: not modified");
        is($client->get($url, headers => [['If-None-Match', '"x"']])->status, 200, "$url: modified");
        for my $method (qw(POST PUT DELETE OPTIONS TRACE)) {
            my $wrong = $client->request($method, $url);
            is_deeply([$wrong->status, $wrong->headers('Allow')], [405, 'GET, HEAD'], "$method $path");
            has_headers($wrong, "$method $path");
        }
    }
    return;
}

sub not_ours {
    my $client = shift;
    for my $path ('/account', '/account/', '/account/nothing', '/account/login/', '/account/LOGIN',
        '/account/login.html', '/accountlogin', '/login', '/account/assets', '/account/assets/',
        '/account/assets/nothing.css',
        '/account/assets/../pages/login.html', '/account/assets/%2e%2e/pages/login.html',
        '/account/assets/pages/login.html', '/account/common-passwords.txt', '/account/assets/pwreset.css/x',
        '/account/assets/pwreset.css%00', '/.well-known/change-password/', '/.well-known/', '/account/log%69n/..') {
        is($client->get($path)->status, 404, "$path is not ours");
    }
    is($client->get('/account/log%69n')->status, 200, 'a page by its encoded path');
    is($client->get('//account///login')->status, 200, 'or with more slashes');
    return;
}

# --- language -----------------------------------------------------------------

sub choice {
    my $client = shift;
    my @table = (
        ['', undef, 'en'], ['', 'ru', 'ru'], ['', 'ru-RU,ru;q=0.9,en;q=0.8', 'ru'], ['', 'ru;q=0.5, en;q=0.9', 'en'],
        ['', 'fr, de', 'en'], ['', '*;q=0.1, ru', 'ru'], ['', ';;q=,,,"', 'en'], ['?lang=ru', undef, 'ru'],
        ['?lang=ru', 'en', 'ru'], ['?lang=en', 'ru', 'en'], ['?lang=RU', 'en', 'ru'], ['?lang=fr', 'ru', 'ru'],
        ['?lang=', 'ru', 'ru'], ['?lang=../../etc/passwd', 'ru', 'ru'], ['?x=1', 'ru', 'ru'],
    );
    for my $row (@table) {
        my ($query, $accept, $language) = @$row;
        my $name = "'$query' and " . ($accept // 'no Accept-Language');
        my $r = $client->get("/account/forgot$query", headers => [['Accept-Language', $accept]]);
        is_deeply([$r->status, $r->header('Content-Language'), $r->text =~ /<html lang="(\w+)"/],
            [200, $language, $language], "language: $name");
    }
    for my $row (['lang=ru&lang=en', 400], ['lang=ru&lang=ru', 400], ['lang=%ZZ', 400], ['lang=%FF', 400],
        ['lang=r%00u', 400], ['lang=' . 'x' x 36, 413]) {
        my $r = $client->get("/account/forgot?$row->[0]", headers => [['Accept-Language', 'ru']]);
        is_deeply([$r->status, $r->header('Content-Language')], [$row->[1], 'ru'], "language: '$row->[0]' is refused");
        is(scalar(() = $r->body =~ /role="alert"/g), 1, 'with one sentence');
    }
    return;
}

# A page in Russian leads only to pages in Russian, but for the switch.
sub leads_on {
    my ($r, $name) = @_;
    my @ours = grep { m{^/account/} } $r->links('a', 'form');
    cmp_ok(scalar @ours, '>=', 2, "$name: has links");
    my @others = grep { !/[?&]lang=en(?:&|$)/ } @ours;
    is_deeply([grep { !/[?&]lang=ru(?:&|$)/ } @others], [], "$name: all carry the language");
    is(scalar(grep { /[?&]lang=en(?:&|$)/ } @ours), 1, "$name: the switch leads to the other");
    is_deeply([grep { /lang=.*lang=/ } map { s/return=[^&]*//r } @ours], [], "$name: no language twice");
    return;
}

sub carried {
    my ($walk, $client) = @_;
    my $q = '?lang=ru';
    leads_on($client->get("$_$q"), "GET $_") for grep { $page{$_}[0] == 200 } sort keys %page;
    for my $path (grep { $page{$_}[1] =~ /^4/ } sort keys %page) {
        my $r = $client->post("$path$q", []);
        leads_on($r, "POST $path") if $r->status != 405;
        unlike($r->text, qr/[a-z]{4,} [a-z]{4,} [a-z]{4,}/, "POST $path: no English") if $r->status != 401;
        leads_on($client->post("$path$q", [], headers => [[Origin => 'https://evil.example']]), "foreign POST $path")
            if $r->status != 405;
        leads_on($client->request(PUT => "$path$q"), "PUT $path");
    }
    leads_on($client->get("/account/login$q&return=%2Fportal%2F"), 'login with a way back');
    leads_on($client->get("/account/reset$q&token=0000"), 'a mistyped string');
    leads_on($client->post("/account/forgot$q", [email => 'nobody@example.org']), 'the notice');
    my $return = '/account/login?lang=ru&return=%2Faccount%2Fchange%3Flang%3Dru';
    is($client->get("/account/change$q")->header('Location'), $return, 'to the login page and back, in Russian');
    is($client->get("/.well-known/change-password$q")->header('Location'), "/account/change$q", 'the lead-in');
    is($client->post("/account/logout$q", [])->header('Location'), "/account/logout$q", 'logging out');
    my $browser = $walk->signed_in('ivan');
    leads_on($browser->get("/account/$_$q"), "GET /account/$_ when signed in") for qw(change login logout sessions);
    for my $path (map { "/account/$_" } qw(login sessions)) {
        ok((grep { m{^/account/logout\?} } $browser->get("$path$q")->links('a')), "$path: the way out");
    }
    return;
}

# Every way out of a page but its own redirects leads somewhere.
sub links_work {
    my ($walk, $client) = @_;
    for my $path (sort keys %page) {
        for my $r ($client->get($path), $client->post($path, []), $client->request(PUT => $path),
            $client->post($path, [], headers => [[Origin => 'https://evil.example']])) {
            for my $target ($r->links('a', 'form')) {
                my $there = $target =~ /^(?:mailto:|#)/ ? undef : $client->get($client->resolve($target, $path));
                ok(!$there || $there->status =~ /^(?:200|303)$/, "$path, " . $r->status . ": $target leads somewhere");
            }
        }
    }
    return;
}

# --- what is echoed -----------------------------------------------------------

my @payloads = ('"><script>alert(1)</script>', q('"><img src=x onerror=alert(1)>), '{{site_name}}{{{site_name}}}',
    '</title></textarea><b onclick=x>', '&lt;b&gt;&#60;b', "javascript:alert(1)//\x{2028}<b>");

sub is_escaped {
    my ($r, $payload, $name) = @_;
    my $text = $r->text;
    my $bare = $payload =~ /[<"]/ ? qr/\Q$payload\E/ : qr/Test siteTest site|&lt;b&gt;&#60;b/;
    unlike($text, $bare, "$name: not as it came");
    my @tags = grep { !m{^<(?:/|!)} } $text =~ /<[^>]*>/g;
    is(scalar(grep { /^<(?:script|img)\b/ } @tags), 2, "$name: one script and one picture, ours");
    ok(!(grep { /\son\w+=/ } @tags), "$name: no handler");
    return;
}

sub echoes {
    my ($client, $payload) = @_;
    my @fields = (
        ['/account/forgot', [email => $payload], 'email'],
        ['/account/login', [login => $payload, password => 'x'], 'login'],
        ['/account/login', [login => $payload, return => $payload], 'login'],
        ['/account/reset', [token => $payload], 'token'],
        ['/account/reset', [token => $payload, password => $payload, confirm => $payload, login => $payload], 'token'],
    );
    for my $row (@fields) {
        my ($path, $form, $field) = @$row;
        my $r = $client->post($path, $form);
        is($r->status, 422, "$path: '$payload' is refused");
        is($r->form->{fields}{$field}, $payload, "$path: '$payload' stays in $field");
        is_escaped($r, $payload, "$path, $field, '$payload'");
    }
    my $encoded = PWR::Client::form_encode(x => $payload) =~ s/^x=//r;
    for my $query ("token=$encoded", "lang=$encoded", "x=$encoded", "$encoded=x") {
        next if $query =~ /^lang/ && length $payload > 30;
        is_escaped($client->get("/account/reset?$query"), $payload, "/account/reset?$query");
    }
    is_escaped($client->get("/account/login?return=$encoded"), $payload, "return=$encoded");
    is_escaped($client->get("/account/login?return=%2F$encoded"), $payload, "return=/$encoded");
    is_escaped($client->get("/account/$encoded/../login"), $payload, 'the path');
    return;
}

# The login name that a cookie brings is shown and is no more than text.
sub cookie_echo {
    my ($walk, $payload) = @_;
    my $client = $walk->client;
    my $name = $walk->cookie_name($walk->signed_in('ivan')) . '-login';
    my $value = PWR::Client::form_encode(x => $payload) =~ s/^x=//r;
    $client->cookie($name, $value);
    my $r = $client->get('/account/login');
    is($r->form->{fields}{login}, $payload, "cookie '$payload': in the form");
    is_escaped($r, $payload, "cookie '$payload' on the login page");
    is_escaped($client->get('/account/reset?done=1'), $payload, "cookie '$payload' on the success page");
    for my $bad ('%00', '%ZZ', '%FF%FE', 'a%0Ab', 'x' x 1100, '') {
        $client->cookie($name, $bad);
        my $page = $client->get('/account/login');
        is_deeply([$page->status, $page->form->{fields}{login}], [200, ''], "cookie '$bad': nothing");
    }
    return;
}

# Links are paths: what a client calls this host is nowhere in a page.
sub hosts {
    my $client = shift;
    my $evil = 'evil.example';
    for my $header ([Host => $evil], ['X-Forwarded-Host', $evil], ['Forwarded', "host=$evil"]) {
        for my $path (sort keys %page) {
            unlike($client->get($path, headers => [$header])->raw, qr/evil/, "$path: $header->[0] changes nothing");
        }
    }
    return;
}

each_database(sub {
    my $walk = shift;
    my $client = $walk->client;
    $walk->add('ivan');
    subtest $_ => sub { methods($client->other, $_) } for sort keys %page;
    subtest assets => sub { assets($client) };
    subtest 'not ours' => sub { not_ours($client) };
    subtest language => sub { choice($client) };
    subtest 'the language is carried' => sub { carried($walk, $client) };
    subtest links => sub { links_work($walk, $client->other) };
    subtest echo => sub { echoes($client->other, $_) for @payloads };
    subtest 'cookie echo' => sub { cookie_echo($walk, $_) for @payloads };
    subtest hosts => sub { hosts($client->other) };
});
done_testing();
