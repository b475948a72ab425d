#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The whole walk, and who is let in where, on every MPM, with TLS and without,
# by HTTP/1.1 and HTTP/2.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::TLS;
use PWR::Walk;
use Test::More;

my @combination = (
    [sqlite => 'event'],
    [mysql => 'worker'],
    [mysql => 'worker', tls => 1],
    [mysql => 'prefork'],
    [mysql => 'event', tls => 1],
    [sqlite => 'event', tls => 1, h2 => 1],
    [sqlite => 'event', h2 => 1],
    [sqlite => 'worker', h2 => 1],
    [sqlite => 'worker', tls => 1, h2 => 1],
    [sqlite => 'prefork', tls => 1],
);

# By path: the requirement, and what a stranger's navigation, his script, ivan
# and olga get.
my %place = (
    '/r/user' => ['Require user ivan', 303, 401, 200, 401],
    '/r/users' => ['Require user olga ivan', 303, 401, 200, 200],
    '/r/valid' => ['Require valid-user', 303, 401, 200, 200],
    '/r/any-user' => ["<RequireAny>\nRequire ip 192.0.2.1\nRequire user ivan\n</RequireAny>", 303, 401, 200, 401],
    '/r/any-ip' => ["<RequireAny>\nRequire ip 127.0.0.1\nRequire user ivan\n</RequireAny>", 200, 200, 200, 200],
    '/r/all' => ["<RequireAll>\nRequire ip 127.0.0.1\nRequire user ivan\n</RequireAll>", 303, 401, 200, 401],
    '/r/all-ip' => ["<RequireAll>\nRequire ip 192.0.2.1\nRequire valid-user\n</RequireAll>", 403, 403, 403, 403],
    '/r/not' => ["<RequireAll>\nRequire valid-user\nRequire not user olga\n</RequireAll>", 303, 401, 200, 401],
    '/r/forbid' => ["AuthzSendForbiddenOnFailure On\nRequire user ivan", 303, 401, 200, 403],
    '/r/denied' => ['Require all denied', 403, 403, 403, 403],
    '/r/granted' => ['Require all granted', 200, 200, 200, 200],
);

my $conf = join "\n", qq(AliasMatch "^/r/" "\${ROOT}/htdocs/portal/index.html"),
    "<Location />\nAuthType PwReset\nRequire valid-user\n</Location>",
    map({ "<Location $_>\nAuthType PwReset\n$place{$_}[0]\n</Location>" } sort keys %place);

# Pages of ours that the walk does not need: their guards lack more than a user.
my %shut = ('/account/change' => "AuthType PwReset\nRequire ip 192.0.2.1", '/account/assets/icon.svg' =>
    'Require all denied', '/.well-known/change-password' => "AuthType PwReset\nRequire all denied");
$conf .= join '', map { "\n<Location $_>\n$shut{$_}\n</Location>" } sort keys %shut;

my $navigation = [[Accept => 'text/html,*/*;q=0.8']];
my $script = [['Sec-Fetch-Mode', 'cors'], [Accept => '*/*']];

# A browser that speaks HTTP/2 where the combination does.
package Speaker {
    our @ISA = ('PWR::Client');

    sub request {
        my ($self, $method, $path, %option) = @_;
        return $self->{is_h2} ? $self->h2($method, $path, %option) : $self->SUPER::request($method, $path, %option);
    }
}

sub browser {
    my ($walk, $is_h2) = @_;
    my $client = bless $walk->client, 'Speaker';
    $client->{is_h2} = $is_h2;
    return $client;
}

sub sign_in {
    my ($client, $login, $password) = @_;
    my $page = $client->get('/account/login');
    my $r = $client->submit($page, {login => $login, password => $password});
    is($r->status, 303, "$login signs in");
    return $r;
}

sub cookie_rules {
    my ($r, $is_tls) = @_;
    my ($cookie) = grep { !/Max-Age=0/ } $r->headers('Set-Cookie');
    my $name = $is_tls ? '__Host-pwr-' : 'pwr-';
    like($cookie, qr/^$name[0-9a-f]{6}=[\w-]{20,};/, 'the cookie');
    my (undef, @attributes) = split /;\s*/, $cookie;
    is_deeply([sort @attributes], ['HttpOnly', 'Path=/', 'SameSite=Lax', $is_tls ? 'Secure' : ()], 'its attributes');
    return;
}

# From "I do not know my password" to the portal and out again.
sub walk {
    my ($walk, $client, $is_tls) = @_;
    my $r = $client->get('/portal/', headers => $navigation);
    is_deeply([$r->status, $r->header('Location')], [303, '/account/login?return=%2Fportal%2F'], 'a stranger');
    my $login = $client->follow($r);
    like($login->body, qr{href="/account/forgot"}, 'is led to the login page');
    $r = $client->submit($client->get('/account/forgot'), {email => 'ivan@example.org'});
    ok($r->status == 200 && $r->notice, 'asks for a string');
    my $mail = $walk->mail_to('ivan@example.org');
    my $link = $mail && $client->resolve($mail->link, '/');
    ok($link, 'gets a link to here') or return;
    $r = $client->submit($client->get($link), {password => NEW, confirm => NEW});
    is($r->status, 303, 'changes the password');
    $r = $client->follow($r);
    ok($r->status == 200 && $r->notice, 'and is told so');
    ok($walk->mail_to('ivan@example.org'), 'by mail, too');
    $r = $client->submit($login, {login => 'ivan', password => NEW});
    is_deeply([$r->status, $r->header('Location')], [303, '/portal/'], 'signs in and is led back');
    cookie_rules($r, $is_tls);
    $r = $client->follow($r);
    is_deeply([$r->status, $r->header('X-User')], [200, 'ivan'], 'is in');
    my ($name) = grep { /pwr-[0-9a-f]{6}$/ } keys %{$client->cookies};
    my $id = $client->cookie($name);
    is($client->submit($client->get('/account/logout'), {})->status, 303, 'signs out');
    is($client->get('/portal/', headers => $navigation)->status, 303, 'is out');
    $client->cookie($name, $id);
    is($client->get('/portal/', headers => $navigation)->status, 303, 'even with the old cookie');
    return;
}

sub places {
    my ($stranger, $ivan, $olga) = @_;
    for my $path (sort keys %place) {
        my ($require, @want) = @{$place{$path}};
        $require =~ s/\n/ /g;
        is($stranger->get($path, headers => $navigation)->status, $want[0], "$require: a stranger");
        my $r = $stranger->get($path, headers => $script);
        is($r->status, $want[1], "$require: his script");
        like($r->header('WWW-Authenticate'), qr/^PwReset realm="/, "$require: which is told how") if $r->status == 401;
        is($ivan->get($path, headers => $navigation)->status, $want[2], "$require: ivan");
        is($olga->get($path, headers => $navigation)->status, $want[3], "$require: olga");
    }
    return;
}

sub combination {
    my ($kind, $mpm, %option) = @_;
    my $tls = $option{tls} ? PWR::TLS->new : undef;
    my $walk = PWR::Walk->new($kind, mpm => $mpm, conf => $conf, $tls ? (tls => $tls) : (),
        modules => [$option{h2} ? 'http2' : ()]);
    $walk->add($_) for qw(ivan olga);
    my ($stranger, $ivan, $olga) = map { browser($walk, $option{h2}) } 1 .. 3;
    is($stranger->get('/account/login')->version, $option{h2} ? '2' : '1.1', 'the version of HTTP');
    walk($walk, $ivan, $option{tls});
    sign_in($ivan, 'ivan', NEW);
    sign_in($olga, 'olga', OLD);
    places($stranger, $ivan, $olga);
    for my $path (sort keys %shut) {
        is($_->get($path, headers => $navigation)->status, 403, "$path of ours is shut") for $stranger, $ivan;
    }
    $walk->httpd->expect_log(qw(AH01630 AH01631))->done;
    return;
}

# The status of the answer to who offers to go on in HTTP/2, and the rest.
sub upgraded {
    my ($client, $path, @headers) = @_;
    my $socket = $client->open_socket;
    syswrite $socket, join "\r\n", "GET $path HTTP/1.1", 'Host: x', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA', @headers, '', '';
    my $bytes = '';
    until ($bytes =~ m{^HTTP/1\.1 101 } || PWR::Response::is_whole($bytes, 'GET')) {
        sysread $socket, $bytes, 65_536, length $bytes or last;
    }
    return $bytes =~ /^HTTP\/1\.1 (\d+).*?\r\n(.*)/s;
}

# A request that we have taken something out of is not made anew in HTTP/2.
sub upgrades {
    my $walk = PWR::Walk->new('sqlite', mpm => 'event', modules => ['http2']);
    $walk->add('ivan');
    my %string = $walk->strings('ivan');
    my $ivan = $walk->signed_in('ivan');
    my $name = $walk->cookie_name($ivan);
    is((upgraded($ivan, '/'))[0], 101, 'control: others are');
    my ($status, $text) = upgraded($ivan, '/portal/', "Cookie: $name=" . $ivan->cookie($name));
    is($status, 200, 'whoever is signed in stays so');
    like($text, qr/^X-User: ivan\r$/m, 'under his name');
    ($status, $text) = upgraded($ivan, "/account/reset?token=$string{ivan}");
    like("$status $text", qr/^200 .*type="password"/s, 'a link from a mail has its string');
    $walk->httpd->done;
    return;
}

for my $row (@combination) {
    my ($kind, $mpm, %option) = @$row;
    subtest join(', ', $kind, $mpm, sort keys %option) => sub { combination($kind, $mpm, %option) };
}
subtest 'an upgrade' => \&upgrades;
done_testing();
