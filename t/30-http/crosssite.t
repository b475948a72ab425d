#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Posts from other sites are refused on every page, whatever they hold, and
# change nothing; those from our own pages are taken.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;

my $public = 'https://www.example.org';

# Headers in terms of OWN (scheme, host and port of the request) and HOST.
my @foreign = (
    [['Sec-Fetch-Site', 'cross-site']],
    [['Sec-Fetch-Site', 'same-site']],
    [['Sec-Fetch-Site', 'cross-site'], [Origin => 'OWN']],
    [['Sec-Fetch-Site', 'same-site'], [Origin => $public]],
    [['Sec-Fetch-Site', '']],
    [['Sec-Fetch-Site', 'something-new']],
    [['Sec-Fetch-Site', 'SAME-ORIGIN']],
    [['Sec-Fetch-Site', 'same-origin'], ['Sec-Fetch-Site', 'cross-site']],
    [['Sec-Fetch-Site', 'same-origin, cross-site']],
    [[Origin => 'https://evil.example']],
    [[Origin => 'null']],
    [[Origin => '']],
    [[Origin => '*']],
    [[Origin => 'OWN/']],
    [[Origin => 'OWN.evil.example']],
    [[Origin => 'OWN1']],
    [[Origin => 'https://HOST']],
    [[Origin => 'http://user@HOST']],
    [[Origin => "$public:443"]],
    [[Origin => "$public.evil.example"]],
    [[Origin => 'http://www.example.org']],
    [[Origin => 'https://evil.www.example.org']],
    [[Origin => 'OWN'], [Origin => 'https://evil.example']],
    [[Origin => 'OWN https://evil.example']],
    [[Origin => 'https://evil.example'], ['X-Forwarded-Host', 'evil.example'], ['X-Forwarded-Proto', 'https']],
    [[Origin => 'https://evil.example'], [Referer => 'OWN/account/reset']],
    [[Host => 'evil.example'], [Origin => 'https://evil.example']],
);
my @own = (
    [],
    [['Sec-Fetch-Site', 'same-origin']],
    [['Sec-Fetch-Site', 'none']],
    [['Sec-Fetch-Site', 'same-origin'], [Origin => 'https://evil.example']],
    [[Origin => 'OWN']],
    [[Origin => $public]],
    [[Origin => 'HTTPS://WWW.EXAMPLE.ORG']],
    [[Referer => 'https://evil.example/']],
    [[Host => 'pwreset.test'], [Origin => 'http://pwreset.test']],
    [[Host => 'pwreset.test:80'], [Origin => 'http://pwreset.test']],
);

sub headers {
    my ($client, $row) = @_;
    my $own = $client->origin;
    my $host = $own =~ s{.*//}{}r;
    return [map { [$_->[0], $_->[1] =~ s/OWN/$own/r =~ s/HOST/$host/r] } @$row];
}

sub name_of {
    my $row = shift;
    return join(', ', map { "$_->[0]: '$_->[1]'" } @$row) || 'no header';
}

# What each page is sent: all of it good.
sub posts {
    my $string = shift;
    return (
        '/account/forgot' => [email => 'ivan@example.org'],
        '/account/login' => [login => 'ivan', password => OLD, return => '/portal/'],
        '/account/reset' => [token => $string, password => NEW, confirm => NEW],
        '/account/change' => [current => OLD, password => NEW, confirm => NEW],
        '/account/logout' => [],
    );
}

sub refused {
    my ($walk, $browser, $string) = @_;
    my %post = posts($string);
    my $before = $walk->state;
    for my $row (@foreign) {
        for my $path (sort keys %post) {
            my $r = $browser->post($path, $post{$path}, headers => headers($browser, $row));
            my $name = "$path, " . name_of($row);
            is_deeply([$r->status, scalar $r->headers('Set-Cookie')], [403, 0], "$name: refused");
            like($r->alert // '', qr/we take forms only from our own pages\. Nothing has been changed\./, "$name: why");
        }
    }
    $walk->unchanged($before, 'posts from elsewhere');
    my $r = $browser->post('/account/reset?lang=ru', $post{'/account/reset'}, headers => [[Origin => 'null']]);
    is($r->alert, 'Для вашей безопасности мы принимаем формы только с наших страниц. Ничего не изменено.'
        . ' Откройте страницу заново и заполните форму на ней.', 'in Russian');
    # It is known before anything is read: what no form sends is refused so, too.
    for my $body ('x' x 100_000, '%ZZ') {
        is($browser->request(POST => '/account/reset', body => $body, headers => [[Origin => 'null'],
            ['Content-Type', 'text/plain']])->status, 403, 'a malformed one');
    }
    is($walk->who($browser), 'ivan', 'the session goes on');
    return;
}

sub taken {
    my ($walk, $client) = @_;
    for my $row (@own) {
        my $headers = headers($client, $row);
        is($client->post('/account/forgot', [email => 'x@example.org'], headers => $headers)->status, 200,
            'taken: ' . name_of($row));
        is($client->other->post('/account/login', [login => 'ivan', password => OLD], headers => $headers)->status, 303,
            'taken: login with ' . name_of($row));
    }
    return;
}

# GET needs no such header: a link in a mail comes from anywhere.
sub links {
    my ($walk, $browser, $string) = @_;
    for my $row (@foreign) {
        for my $path ('/account/login', '/account/forgot', "/account/reset?token=$string", '/account/change',
            '/account/logout') {
            is($browser->get($path, headers => headers($browser, $row))->status, 200, "GET $path, " . name_of($row));
        }
    }
    is($walk->who($browser), 'ivan', 'the session goes on');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->add('ivan');
    my %string = $walk->strings('ivan');
    my $browser = $walk->client;
    $browser->post('/account/login', [login => 'ivan', password => OLD]);
    subtest refused => sub { refused($walk, $browser, $string{ivan}) };
    subtest taken => sub { taken($walk, $walk->client) };
    subtest links => sub { links($walk, $browser, $string{ivan}) };
    # The controls: without those headers the same requests do what they say.
    my %post = posts($string{ivan});
    is($browser->post('/account/reset', $post{'/account/reset'})->status, 303, 'control: the password is changed');
    ok($walk->works('ivan', NEW), 'control: it is');
}, conf => "PwResetPublicURL $public");
done_testing();
