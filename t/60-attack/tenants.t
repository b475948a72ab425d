#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Sites that do not trust each other, on one httpd, one store and one table of
# users (PHP's sessions of all vhosts in one /tmp; PWM #556, where a string of one
# account was one of another): what one has is nothing to another.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Sites;
use PWR::Walk;
use Test::More;

use constant {MERGE_SEC => 61, LIVE => 3};

my $allow = qq(<Directory "\${ROOT}/htdocs">\nAllowOverride All\n</Directory>);

sub cookie_of { my ($client) = @_; return map { "$_=" . $client->cookie($_) } grep { !/-login$/ } keys %{$client->cookies} }

# --- sessions --------------------------------------------------------------------

# Requests on one connection, to several sites; the statuses and X-User of each.
sub on_one_connection {
    my ($client, @requests) = @_;
    my $socket = $client->open_socket;
    syswrite $socket, join '', map { "$_\r\n\r\n" } @requests;
    my $text = do { local $/; <$socket> } // '';
    return map { /^(\d+)/ ? ($1 == 200 ? (/^X-User: (\S+)\r/m)[0] // 200 : $1) : () } split m{^HTTP/1\.1 (?=\d{3} )}m, $text;
}

sub sessions {
    my $sites = shift;
    my ($a, $b) = map { $sites->signed_in($_, 'ivan') } qw(a b);
    my ($of_a) = cookie_of($a);
    my ($of_b) = cookie_of($b);
    my ($port, $value) = ($sites->httpd->port, $of_a =~ s/.*=//r);
    my $stolen = $of_b =~ s/=.*/=$value/r;
    my $get = sub { "GET $_[2]/portal/ HTTP/1.1\r\nHost: $_[0].test:$port\r\nCookie: $_[1]" };
    my $last = "GET /portal/ HTTP/1.1\r\nHost: a.test:$port\r\nCookie: $of_a\r\nConnection: close";
    is_deeply([on_one_connection($a, $get->('a', $of_a, ''), $get->('b', $of_a, ''), $get->('b', $of_b, ''),
        $get->('b', $stolen, ''), $get->('b', "$of_a; $stolen", ''), $get->('a', $of_b, ''), $last)],
        ['ivan', 401, 'ivan', 401, 401, 401, 'ivan'], 'on one connection each site knows its own');
    is_deeply([on_one_connection($a, $get->('b', $of_b, "http://a.test:$port"), $get->('a', $of_b, "http://b.test:$port"),
        $get->('a', $of_a, "http://b.test:$port"), $last)], [401, 'ivan', 401, 'ivan'], 'the line names the site, not Host');
    # Nor can one end, or see, what the other has.
    my $client = $sites->client('b', headers => [[Cookie => "$of_a; $stolen"]]);
    $client->post('/account/logout', []);
    unlike($client->get($_)->text, qr/ivan/, "$_ of b knows nobody") for '/account/logout', '/account/login';
    my $r = $client->post('/account/change', [current => OLD, password => NEW, confirm => NEW]);
    is($r->status, 401, 'nor changes a password');
    my $olga = $sites->signed_in('a', 'olga');
    my %digest = map { ("$_->{realm} $_->{login}" => $_->{digest}) } $sites->walk->rows('SELECT * FROM pwreset_session');
    for my $digest (values %digest) {
        $olga->post('/account/sessions', [end => $digest]) if $digest ne $digest{(grep { /^a\..* olga$/ } keys %digest)[0]};
    }
    cmp_ok(scalar keys %digest, '>=', 3, 'control: there are sessions to end');
    is($sites->walk->who($a), 'ivan', 'the session at a goes on');
    is($sites->walk->who($b), 'ivan', 'as that at b');
    return;
}

# --- strings, and how many there are -------------------------------------------------

sub strings {
    my $sites = shift;
    my $walk = $sites->walk;
    my ($a, $b) = map { $sites->client($_) } qw(a b);
    my @of_a;
    for (1 .. LIVE) {
        $a->post('/account/forgot', [email => 'olga@example.org']);
        push @of_a, $walk->mail_to('olga@example.org');
        $walk->age('olga', MERGE_SEC);
    }
    my $mark = $sites->httpd->log_mark;
    $a->post('/account/forgot', [email => 'olga@example.org']);
    ok($sites->httpd->wait_log(qr/PWR0412/, $mark), 'at a she has her three');
    $b->post('/account/forgot', [email => 'olga@example.org']);
    my $mail = $walk->mail_to('olga@example.org');
    like($mail ? $mail->link : '', qr{^http://b\.test:}, 'at b she gets one all the same, which leads there');
    my $string = $of_a[0]->token;
    is($_->get("/account/reset?token=$string")->status, $_ == $a ? 200 : 410, 'a string of a') for $a, $b;
    my ($notme) = $of_a[1]->notme;
    is($_->get("/account/notme?token=$notme")->status, $_ == $a ? 200 : 410, '"not me" of a') for $a, $b;
    is($b->post('/account/notme', [token => $notme])->status, 410, '... cancels nothing at b');
    is($a->get("/account/reset?token=$string")->status, 200, '... nor at a');
    my @new = (password => NEW, confirm => NEW);
    is($b->post('/account/reset', [token => $string, @new])->status, 410, 'changes nothing at b');
    is($b->post('/account/reset', [token => $string, @new], headers => [[Host => 'a.test.'], ['X-Forwarded-Host', 'a.test']])
        ->status, 303, 'control: at a it does, by whatever spelling of the name');
    is($walk->value(q(SELECT COUNT(*) FROM pwreset_token WHERE login = 'olga' AND realm LIKE 'a.%' AND spent_at > 0)), LIVE,
        'and ends those of a');
    is($b->get('/account/reset?token=' . $mail->token)->status, 410, 'that of b has lost its account\'s old password');
    return;
}

# Jobs of one site are of no meaning to another's words and sender.
sub mails {
    my $sites = shift;
    my $walk = $sites->walk;
    $sites->client($_)->post('/account/forgot', [email => 'lena@example.org']) for qw(a brand);
    my %mail = map { my $mail = $walk->mail_to('lena@example.org'); ($mail->from => $mail) } 1 .. 2;
    is_deeply([sort keys %mail], ['brand@example.org', 'noreply@example.org'], 'each with its own sender');
    like($mail{'brand@example.org'}->header('Subject'), qr/^Brand:/, 'and name');
    unlike($mail{'brand@example.org'}->raw, qr/a\.test|Test site/, 'and nothing of the other');
    unlike($mail{'noreply@example.org'}->raw, qr/brand/i, 'either way');
    return;
}

# --- what a customer writes ------------------------------------------------------------

my %htaccess = (
    guard => ["AuthType PwReset\nAuthName x\nRequire valid-user", 500],
    'any user' => ["AuthType PwReset\nRequire user ivan", 500],
    'satisfied' => ["AuthType PwReset\n<RequireAny>\nRequire all granted\nRequire valid-user\n</RequireAny>", 200],
    handler => ['SetHandler pwreset', 404],
    status => ['SetHandler pwreset-status', 404],
    rewrite => ["RewriteEngine On\nRewriteRule . /account/login [L]", 404],
);

sub customers {
    my $sites = shift;
    my $httpd = $sites->httpd;
    my ($cookie) = cookie_of($sites->signed_in('a', 'ivan'));
    for my $name (sort keys %htaccess) {
        my ($text, $status) = @{$htaccess{$name}};
        my $folder = "htdocs/" . $name =~ tr/ /_/r;
        mkdir $httpd->root . "/$folder", 0755;
        $httpd->write("$folder/index.html", 'inside');
        $httpd->write("$folder/.htaccess", $text);
        my $r = $sites->client('off', headers => [[Cookie => $cookie]])->get('/' . ($name =~ tr/ /_/r) . '/');
        # A handler that nobody has is the default one: the customer's own file.
        my $right = $status == 404 ? qr/^(?:200|404|500)$/ : qr/^$status$/;
        like($r->status, $right, "$name in a vhost without PwReset: " . $r->status);
        unlike($r->body, qr/password|PwResetMail/i, "$name: not our page");
        is($r->body, 'inside', "$name: but his") if $r->status == 200;
    }
    for my $path ('/account/login', '/account/forgot', '/account/reset', '/.well-known/change-password',
        '/account/assets/pwreset.css') {
        is($sites->client('off')->get($path)->status, 404, "$path is nothing there");
    }
    my ($r) = $sites->client('off', headers => [[Cookie => $cookie]])->get('/portal/');
    is($r->header('X-User'), undef, 'the session of a is nobody there');
    is($sites->client('on', headers => [[Cookie => $cookie]])->get('/guard/')->status, 401,
        'nor at a site that has PwReset of its own');
    is($sites->signed_in('on', 'ivan')->get('/guard/')->body, 'inside', 'control: its own user gets in');
    return;
}

my $sites = PWR::Sites->new({a => '', b => '', on => $allow, off => "PwReset Off\n$allow",
    brand => "PwResetSiteName Brand\nPwResetMailFrom brand\@example.org"}, modules => ['rewrite'],
    conf => 'PwResetPasswordScheme bcrypt:10');
my $walk = $sites->walk;
$walk->add($_) for qw(ivan olga lena);
subtest sessions => sub { sessions($sites) };
subtest strings => sub { strings($sites) };
subtest mails => sub { mails($sites) };
subtest customers => sub { customers($sites) };
$walk->settle;
$sites->httpd->expect_log('PWR0041')->allow_log(qw(AH00124 AH01796))->done;
done_testing();
