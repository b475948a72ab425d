#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What browsers and caches do with our pages when nobody tells them not to:
# frames (clickjacking, Twitter 2009), guessed types, a Referer with the string
# (to analytics and fonts of third parties), compression next to a secret
# (BREACH, CVE-2013-3587), stored pages and shared ETags (httpd CVE-2003-1418).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::TLS;
use PWR::Walk;
use Test::More;

use constant COOKIE_BYTES => 4096;

# What an admin's server does to everything that it sends.
my $greedy = <<'CONF';
SetOutputFilter DEFLATE;BROTLI_COMPRESS
SetEnvIf X-Force 1 force-gzip
BrotliAlterETag AddSuffix
FileETag All
Header merge Vary X-Test
CONF
my @accept = (['gzip'], ['br'], ['gzip, deflate, br'], ['*'], ['gzip;q=1.0, identity;q=0']);

# Every page in every state: [name, request, does it show a secret].
sub states {
    my ($client, $browser, $string, $notme) = @_;
    my $evil = [Origin => 'https://evil.example'];
    my $get = sub { my ($path, $who) = @_; return sub { ($who // $client)->get($path, headers => $_[0]) } };
    my $post = sub {
        my ($path, $form, @more) = @_;
        return sub { $client->post($path, $form, headers => [@{$_[0]}, @more]) };
    };
    return (
        ['login', $get->('/account/login')], ['login, signed in', $get->('/account/login', $browser)],
        ['login with a return', $get->('/account/login?return=%2Fportal%2F')], ['in Russian', $get->('/account/login?lang=ru')],
        ['login refused', $post->('/account/login', [login => 'x', password => 'y'])],
        ['logout', $get->('/account/logout')], ['logout, signed in', $get->('/account/logout', $browser)],
        ['forgot', $get->('/account/forgot')], ['forgot, sent', $post->('/account/forgot', [email => 'nobody@example.org'])],
        ['forgot, refused', $post->('/account/forgot', [email => 'x'])],
        ['reset', $get->('/account/reset')], ['done', $get->('/account/reset?done=1')],
        ['reset, dead', $get->('/account/reset?token=' . '0' x 28)],
        ['reset by its link', $get->("/account/reset?token=$string"), 1],
        ['reset by its link in Russian', $get->("/account/reset?lang=ru&token=$string"), 1],
        ['reset, posted', $post->('/account/reset', [token => $string]), 1],
        ['reset, password refused', $post->('/account/reset', [token => $string, password => 'x', confirm => 'y']), 1],
        ['reset, mistyped', $post->('/account/reset', [token => substr($string, 1)]), 1],
        ['notme', $get->('/account/notme')], ['notme, done', $get->('/account/notme?done=1')],
        ['notme by its link', $get->("/account/notme?token=$notme"), 1],
        ['notme, mistyped', $post->('/account/notme', [token => substr($notme, 1)]), 1],
        ['notme, dead', $get->('/account/notme?token=' . '0' x 28)], ['sessions', $get->('/account/sessions')],
        ['sessions, signed in', $get->('/account/sessions', $browser)],
        ['change', $get->('/account/change')], ['change, signed in', $get->('/account/change', $browser)],
        ['400', $get->('/account/login?lang=en&lang=ru')], ['401', $post->('/account/change', [])],
        ['403', $post->('/account/reset', [token => $string], $evil)], ['405', sub {
            $client->request(PUT => '/account/login', headers => $_[0]) }],
        ['413', $post->('/account/forgot', [email => 'x' x 20_000])],
        ['415', $post->('/account/forgot', [], ['Content-Type', 'text/plain'])],
        ['well-known', $get->('/.well-known/change-password')],
    );
}

my %header = (
    'X-Content-Type-Options' => 'nosniff', 'X-Frame-Options' => 'DENY', 'Cross-Origin-Opener-Policy' => 'same-origin',
    'Referrer-Policy' => 'strict-origin', 'Content-Type' => 'text/html; charset=utf-8', 'Cache-Control' => 'no-store',
);
my %policy = ('default-src' => q('none'), 'style-src' => q('self'), 'script-src' => q('self'), 'img-src' => q('self'),
    'base-uri' => q('none'), 'frame-ancestors' => q('none'));

# What everybody gets, and may be recognised by an ETag; everything else has none.
my %is_common = map { $_ => 1 } 'login', 'in Russian', 'forgot', 'reset', 'notme';

sub has_headers {
    my ($r, $name) = @_;
    is(join('|', $r->headers($_)), $header{$_}, "$name: $_, once") for sort keys %header;
    my %said = map { /^\s*(\S+)\s+(.*?)\s*$/ ? ($1, $2) : () } split /;/, $r->header('Content-Security-Policy') // '';
    is_deeply(\%said, \%policy, "$name: Content-Security-Policy");
    is_deeply([map { scalar $r->headers($_) } qw(ETag Last-Modified Age Access-Control-Allow-Origin)],
        [$is_common{$name} // 0, 0, 0, 0], "$name: nothing to keep or share it by");
    my @foreign = grep { /^(?:[a-z][a-z0-9+.-]*:)?\/\//i } $r->links(qw(link script img form iframe object embed));
    is_deeply(\@foreign, [], "$name: loads nothing from elsewhere");
    unlike($r->body, qr/\bstyle\s*=\s*["']|\son\w+\s*=|<style|<script(?![^>]*\ssrc=)/i, "$name: nothing inline");
    return;
}

sub pages {
    my @states = @_;
    for my $state (@states) {
        my ($name, $ask) = @$state;
        has_headers($ask->([]), $name);
        # A page is never "not modified", whatever a cache believes to have.
        my $r = $ask->([['If-Modified-Since', 'Mon, 23 Nov 2099 00:00:00 GMT'],
            $is_common{$name} ? () : ['If-None-Match', '*']]);
        unlike($r->status, qr/^(?:304|412)$/, "$name: not by a condition: " . $r->status);
    }
    return;
}

sub compression {
    my @states = @_;
    my $n = 0;
    for my $state (@states) {
        my ($name, $ask, $is_secret) = @$state;
        for my $accept (@accept) {
            my $r = $ask->([['Accept-Encoding', @$accept], ['X-Force', 1]]);
            my $encoding = $r->header('Content-Encoding');
            $n++ if $encoding && !$is_secret;
            next if !$is_secret;
            is($encoding, undef, "$name, @$accept: as it is");
            is(length $r->body, $r->header('Content-Length'), "$name, @$accept: and whole");
        }
    }
    cmp_ok($n, '>=', 20, 'control: the other pages are compressed');
    return;
}

# No two bodies share a name to keep them by.
sub etags {
    my $client = shift;
    my %body;
    my @pages = map { ("/account/$_?lang=en", "/account/$_?lang=ru") } qw(login forgot reset notme);
    for my $url ($client->get('/account/login')->links(qw(link script img)), @pages) {
        for my $accept (undef, 'gzip', 'br') {
            my $r = $client->get($url, $accept ? (headers => [['Accept-Encoding', $accept]]) : ());
            my $encoding = $r->header('Content-Encoding') // 'none';
            push @{$body{$r->header('ETag') // ''}{$encoding . $r->header('Content-Type')}}, $url;
        }
    }
    my @shared = grep { keys %{$body{$_}} > 1 } sort keys %body;
    is_deeply(\@shared, [], 'no ETag for two types or encodings');
    is_deeply([grep { my %urls = map { map { $_ => 1 } @$_ } values %{$body{$_}}; keys %urls > 1 } keys %body], [],
        'nor for two files');
    cmp_ok(scalar keys %body, '>=', 6 + 2 * @pages, 'control: there are some');
    return;
}

my $attributes = qr{^__Host-pwr-[0-9a-f]{6}(?:-login)?=[^;, ]*; Path=/; HttpOnly; SameSite=Lax; Secure(?:; Max-Age=\d+)?$};

sub cookies {
    my ($client, $walk) = @_;
    my $long = 'l' x 150;
    $walk->add($long, email => 'long@example.org');
    my @set = map { $_->headers('Set-Cookie') } $client->other->post('/account/login', [login => 'ivan', password => OLD]),
        $client->other->post('/account/login', [login => $long, password => OLD]), $client->post('/account/logout', []);
    $walk->client->post('/account/forgot', [email => 'long@example.org']);
    my $string = $walk->mail_to('long@example.org')->token;
    push @set, $client->post('/account/reset', [token => $string, password => NEW, confirm => NEW])->headers('Set-Cookie');
    cmp_ok(scalar @set, '>=', 6, 'cookies');
    for my $cookie (@set) {
        like($cookie, $attributes, "attributes: $cookie");
        cmp_ok(length $cookie, '<', COOKIE_BYTES, 'not too long');
    }
    return;
}

my $tls = PWR::TLS->new;
my $walk = PWR::Walk->new('sqlite', tls => $tls, modules => [qw(deflate brotli filter)], conf => $greedy);
$walk->add('ivan');
my $client = $walk->client;
$client->post('/account/forgot', [email => 'ivan@example.org']);
my $mail = $walk->mail_to('ivan@example.org');
my $browser = $walk->signed_in('ivan');
my @states = states($client, $browser, $mail->token, $mail->notme);
subtest pages => sub { pages(@states) };
subtest compression => sub { compression(@states) };
subtest etags => sub { etags($client) };
subtest cookies => sub { cookies($client, $walk) };
$walk->settle;
$walk->httpd->done;
done_testing();
