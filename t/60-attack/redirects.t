#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Open redirects: a login that sends people on to a stranger's copy of it
# (mod_auth_openidc CVE-2021-39191 and CVE-2022-23527, Keycloak CVE-2023-6927,
# Django CVE-2017-7233).  The payloads are in redirects.txt.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;

use constant {REFUSED_MIN => 200, TAKEN_MIN => 20};

my %escape = ('\\' => '\\', t => "\t", r => "\r", n => "\n");

# The payloads of one sign.
sub payloads {
    my $sign = shift;
    open my $in, '<:raw', "$FindBin::Bin/redirects.txt" or die "redirects.txt: $!\n";
    return map { /^\Q$sign\E (.*)/ ? $1 =~ s{\\(?:x([0-9a-f]{2})|(.))}{defined $1 ? chr hex $1 : $escape{$2}}ger : () } <$in>;
}

sub shown { return $_[0] =~ s/([^\x21-\x7E])/sprintf '\\x%02x', ord $1/ger }

# Nothing of it is in the page: not in its form, nor in a link.
sub is_forgotten {
    my ($r, $payload) = @_;
    my $name = shown($payload);
    is_deeply([$r->status, $r->form->{fields}{return}], [200, undef], "$name: no page carries it");
    is_deeply([grep { /return/ } $r->links('a', 'form')], [], "$name: and no link");
    return;
}

sub refused {
    my ($walk, $landing) = @_;
    my $client = $walk->client;
    my @payloads = payloads('-');
    cmp_ok(scalar @payloads, '>=', REFUSED_MIN, scalar(@payloads) . ' payloads');
    for my $payload (@payloads) {
        my $name = shown($payload);
        my $r = $client->other->post('/account/login', [login => 'ivan', password => OLD, return => $payload]);
        is_deeply([$r->status, $r->headers('Location')], [303, $landing], "$name: is not followed");
        is_forgotten($client->get('/account/login?' . PWR::Client::form_encode(return => $payload)), $payload);
    }
    return;
}

sub taken {
    my $walk = shift;
    my @payloads = payloads('+');
    cmp_ok(scalar @payloads, '>=', TAKEN_MIN, 'control: ' . scalar(@payloads) . ' paths');
    for my $payload (@payloads) {
        my $name = 'control: ' . shown($payload);
        my $client = $walk->client;
        my $page = $client->get('/account/login?' . PWR::Client::form_encode(return => $payload));
        is($page->form->{fields}{return}, $payload, "$name is in the form");
        my $r = $client->submit($page, {login => 'ivan', password => OLD});
        is_deeply([$r->status, $r->headers('Location')], [303, $payload], "$name is followed");
    }
    return;
}

# Other ways to a redirect: none takes a target from the request.
sub elsewhere {
    my $walk = shift;
    my $client = $walk->client;
    my $q = join '&', map { "$_=https://evil.example/" } qw(return next url redirect back to continue service dest);
    for my $path ('/account/logout', '/account/change', '/account/reset', '/account/forgot',
        '/.well-known/change-password') {
        my $form = [map { ($_ => 'https://evil.example/') } qw(return next url)];
        for my $r ($client->get("$path?$q"), $client->post("$path?$q", $form)) {
            unlike($r->header('Location') // '', qr/evil/, "$path: " . $r->status);
            unlike($r->body, qr/evil/, "$path: nor is it in the page");
        }
    }
    for my $target ('//evil.example/portal/', '/%2fevil.example/../portal/', '///evil.example/../portal/',
        '/portal/..%2f..%2f/evil.example', '/portal/%0d%0aLocation:%20//evil.example', '/portal/\\evil.example') {
        my $r = $client->get($target, headers => [[Accept => 'text/html']]);
        my ($page, $return) = ($r->header('Location') // '/account/login') =~ m{^([^?]*)(?:\?return=(.*))?$};
        my $back = ($return // '/') =~ s/%(..)/chr hex $1/ger;
        is($page, '/account/login', "$target: leads to our login page");
        like($back, qr{^/(?![/\\])[^\r\n\\]*$}, "$target: and back to a path at most");
    }
    return;
}

my $walk = PWR::Walk->new('sqlite');
$walk->add('ivan');
subtest refused => sub { refused($walk, '/') };
subtest taken => sub { taken($walk) };
subtest 'other ways' => sub { elsewhere($walk) };
$walk->reconf('PwResetLanding /portal/');
is($walk->client->post('/account/login', [login => 'ivan', password => OLD, return => '//evil.example'])
    ->header('Location'), '/portal/', 'the landing page instead');
$walk->httpd->done;
done_testing();
