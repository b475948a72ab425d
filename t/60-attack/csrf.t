#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Another site posts in a visitor's name (login CSRF on Google 2008; mod_auth_form,
# which has no defence to this day): every combination of what
# browsers say of where a form came from, against an oracle that is written here
# anew; and other ways to make a GET act.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;

my $public = 'https://www.example.org';
my @sites = (undef, 'same-origin', 'none', 'same-site', 'cross-site', 'Same-Origin', '');

# The Origin, and whether it is ours where no Sec-Fetch-Site decides.
sub origins {
    my $own = shift;
    my ($host, $port) = $own =~ m{//(.*):(\d+)};
    return (
        [undef, 1], [$own, 1], [$public, 1], [uc $public, 1], ['null', 0], ['', 0], ['https://evil.example', 0],
        ["https://$host:$port", 0], ["http://$host", 0], ["http://$host:" . ($port + 1), 0], ["http://sub.$host:$port", 0],
        ["http://$host.:$port", 0], ['http://www.example.org', 0], ["$public:443", 0], ["$public:8443", 0], ["$public.", 0],
        ['https://sub.www.example.org', 0], ['https://example.org', 0], ["$public.evil.example", 0],
        ["$public\@evil.example", 0],
        ["$public, $public", 0], ["$public/", 0], ['https://www.example.org%2eevil.example', 0],
    );
}

my @referers = (undef, 'OWN/account/logout', 'https://evil.example/', '');

# A script of another site needs our leave for the type; not for what an old
# plug-in or a mistake of a browser lets through.
my @json = (['Content-Type', 'application/json'], [Accept => 'application/json']);

# What a page that is sent must do or not, seen by the session.
sub combinations {
    my ($walk, $client) = @_;
    my $own = $client->origin;
    my ($n, %wrong) = 0;
    for my $site (@sites) {
        for my $origin (origins($own)) {
            for my $referer (@referers) {
                my @headers = map { defined $_->[1] ? [$_->[0], $_->[1] =~ s/OWN/$own/r] : () }
                    ['Sec-Fetch-Site', $site], [Origin => $origin->[0]], [Referer => $referer];
                my $is_own = defined $site ? $site eq 'same-origin' || $site eq 'none' : $origin->[1];
                my $name = join ', ', map { "$_->[0]: $_->[1]" } @headers;
                my @sent = ([form => [], headers => \@headers],
                    defined $referer ? () : [body => '{}', headers => [@json, @headers]]);
                for my $r (map { $client->request(POST => '/account/forgot', @$_) } @sent) {
                    $wrong{$name} = $r->status if $r->status != ($is_own ? 422 : 403);
                    $n++;
                }
            }
        }
    }
    is_deeply(\%wrong, {}, "$n combinations: taken or refused as they should be");
    return;
}

# Nothing but a POST of ours acts.
sub methods {
    my ($walk, $client, $string) = @_;
    my $before = $walk->state;
    my $q = 'login=ivan&password=' . NEW =~ s/ /+/gr . '&confirm=' . NEW =~ s/ /+/gr . '&email=ivan%40example.org&current='
        . OLD =~ s/ /+/gr;
    my $evil = [Origin => 'https://evil.example'];
    for my $path (map { "/account/$_" } qw(login logout forgot reset change sessions notme)) {
        for my $method (qw(GET HEAD OPTIONS PUT PATCH DELETE)) {
            my $r = $client->request($method, "$path?token=$string&$q", headers => [['X-HTTP-Method-Override', 'POST'],
                ['X-HTTP-Method', 'POST'], ['X-Method-Override', 'POST'], $evil, ['Access-Control-Request-Method', 'POST']]);
            like($r->status, qr/^(?:200|303|405|410)$/, "$method $path: " . $r->status);
            is_deeply([grep { /^Access-Control/i } map { $_->[0] } @{$r->all_headers}], [], "$method $path: no CORS");
        }
        for my $type ('text/plain', 'multipart/form-data; boundary=x', 'application/json', 'application/xml', undef) {
            my $body = "token=$string&$q";
            is($client->request(POST => $path, body => $body, headers => [['Content-Type', $type]])->status, 415,
                "POST $path as " . ($type // 'nothing'));
        }
        is($client->post("$path?_method=POST", [split /[=&]/, $q], headers => [$evil, ['X-Requested-With', 'XMLHttpRequest']])
            ->status, 403, "POST $path by a script of another site");
    }
    $walk->unchanged($before, 'nothing acts');
    is($walk->who($client), 'ivan', 'the session goes on');
    return;
}

# A visitor is not signed in under a stranger's name.
sub login {
    my $walk = shift;
    for my $headers ([['Sec-Fetch-Site', 'cross-site']], [['Sec-Fetch-Site', 'same-site']], [[Origin => 'null']],
        [[Origin => 'https://evil.example']]) {
        my $client = $walk->client;
        my $r = $client->post('/account/login', [login => 'mallory', password => OLD], headers => $headers);
        is_deeply([$r->status, scalar $r->headers('Set-Cookie'), $walk->who($client)], [403, 0, 401],
            "login CSRF, @{$headers->[0]}: refused");
        my $ivan = $walk->signed_in('ivan');
        $ivan->post('/account/login', [login => 'mallory', password => OLD], headers => $headers);
        is($ivan->request(POST => '/account/login', body => qq({"login":"mallory","password":"@{[OLD]}"}),
            headers => [@json, @$headers])->status, 403, '... nor in JSON');
        is($walk->who($ivan), 'ivan', '... and who is signed in stays himself');
    }
    is($walk->who($walk->signed_in('mallory')), 'mallory', 'control: mallory can sign in himself');
    return;
}

my $walk = PWR::Walk->new('sqlite', conf => "PwResetPublicURL $public");
$walk->add($_) for qw(ivan mallory);
my %string = $walk->strings('ivan');
my $client = $walk->client;
$client->post('/account/login', [login => 'ivan', password => OLD]);
subtest combinations => sub { combinations($walk, $client) };
subtest methods => sub { methods($walk, $client, $string{ivan}) };
subtest login => sub { login($walk) };
my $r = $client->post('/account/reset', [token => $string{ivan}, password => NEW, confirm => NEW]);
is($r->status, 303, 'control: the same form, posted, acts');
$walk->settle;
$walk->httpd->done;
done_testing();
