#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Host header poisoning: whoever asks in somebody's name with a host of his own
# gets no link to it into the mail (mailcow CVE-2025-25198, WordPress
# CVE-2017-8295, Dotclear CVE-2016-7903, couch-auth CVE-2025-70948), into a page
# or a redirect.  At another name of the site, and in plain http, our pages lead
# to the public URL.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Sites;
use PWR::TLS;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {HOPS => 3, LOG_SEC => 5, POLL_SEC => 0.02};

my $evil = 'evil.example';

# What a client may say of who we are.
my %said = (
    'Host' => [[Host => $evil]],
    'Host with a port' => [[Host => "$evil:443"]],
    'Host with our address in front' => [[Host => "127.0.0.1.$evil"]],
    'X-Forwarded-Host' => [['X-Forwarded-Host', $evil]],
    'X-Forwarded-Host, two' => [['X-Forwarded-Host', "$evil, 127.0.0.1"]],
    'Forwarded' => [[Forwarded => "for=1.2.3.4;host=$evil;proto=https"]],
    'X-Forwarded-Server and more' => [['X-Forwarded-Server', $evil], ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Port', '31337'], ['X-Forwarded-Prefix', "//$evil"], ['X-Forwarded-For', $evil]],
    'X-Original-URL' => [['X-Original-URL', "//$evil/"], ['X-Rewrite-URL', "//$evil/"]],
    'X-Host and more' => [['X-Host', $evil], ['X-HTTP-Host-Override', $evil], ['X-Original-Host', $evil]],
    'Referer and Via' => [[Referer => "https://$evil/"], [Via => "1.1 $evil"], ['X-Real-IP', $evil]],
);
my @paths = ('/account/login', '/account/forgot', '/account/reset', '/account/reset?token=0000', '/account/logout',
    '/account/change', '/account/sessions', '/account/notme', '/account/notme?token=0000', '/.well-known/change-password',
    '/account/login?return=%2Fportal%2F');

# A request whose first lines are given; with a form it is a POST.
sub raw {
    my ($client, $head, $form) = @_;
    my $body = $form ? PWR::Client::form_encode(@$form) : '';
    return $client->raw("$head\r\nConnection: close\r\n" . ($form ? 'Content-Length: ' . length($body)
        . "\r\nContent-Type: application/x-www-form-urlencoded\r\n" : '') . "\r\n$body");
}

# Lines that name two hosts, and whether httpd takes them.
sub lines_of {
    my ($own, $method, $path) = @_;
    return (
        ["$method http://$evil$path HTTP/1.1\r\nHost: $own", 1],
        ["$method http://$own$path HTTP/1.1\r\nHost: $evil", 1],
        ["$method http://$evil$path HTTP/1.1\r\nHost: $evil", 1],
        ["$method https://user:x\@$evil$path HTTP/1.1\r\nHost: $own", 0],
        ["$method $path HTTP/1.0\r\nHost: $evil", 1],
        ["$method $path HTTP/1.1\r\nHost: $own\r\nHost: $evil", 0],
        ["$method $path HTTP/1.1\r\nHost: $evil\r\nhost: $own", 0],
        ["$method $path HTTP/1.1\r\nHost: $own\r\n Host: $evil", 0],
        ["$method $path HTTP/1.1\r\nHost: $own/\@$evil", 0],
        ["$method $path HTTP/1.1\r\nHost: $own,$evil", 0],
    );
}

sub is_unpoisoned {
    my ($walk, $mail, $name) = @_;
    ok($mail, "$name: a mail came") or return;
    unlike($mail->raw . join(' ', @{$mail->argv}), qr/evil|31337/i, "$name: nothing of it is in the mail");
    is(index($mail->link, $walk->httpd->url . '/account/reset?token='), 0, "$name: the link is ours");
    my @links = $mail->html =~ m{https?://[^/"]*}g;
    is_deeply([grep { $_ ne $walk->httpd->url } @links], [], "$name: all links are");
    return;
}

# Every way asks for an account of its own; then the mails come.
sub mails {
    my $walk = shift;
    my $client = $walk->client;
    my $own = $client->origin =~ s{.*//}{}r;
    my (%asked, $n);
    my $ask = sub {
        my ($name, $is_taken, $post) = @_;
        my $login = 'user' . ++$n;
        $walk->add($login);
        my $r = $post->([email => "$login\@example.org"]);
        is($r->status, $is_taken ? 200 : 400, "$name: " . ($is_taken ? 'taken' : 'refused'));
        unlike($r->raw, qr/evil/i, "$name: nothing of it is in the answer");
        $asked{$login} = $name if $is_taken;
    };
    for my $name (sort keys %said) {
        $ask->($name, 1, sub { $client->post('/account/forgot', $_[0], headers => $said{$name}) });
    }
    for my $row (lines_of($own, 'POST', '/account/forgot')) {
        $ask->($row->[0] =~ s/\r\n/ | /gr, $row->[1], sub { raw($client, $row->[0], $_[0]) });
    }
    is_unpoisoned($walk, $walk->mail_to("$_\@example.org"), $asked{$_}) for sort keys %asked;
    return;
}

sub pages {
    my $walk = shift;
    my $client = $walk->client;
    my $own = $client->origin =~ s{.*//}{}r;
    for my $name (sort keys %said) {
        unlike($client->get($_, headers => $said{$name})->raw, qr/evil|31337/i, "$name: GET $_") for @paths;
        my $r = $client->other->post('/account/login', [login => 'ivan', password => OLD], headers => $said{$name});
        unlike($r->raw, qr/evil|31337|Domain=/i, "$name: nor in the cookie or redirect of a login");
        like($r->header('Location') // '', qr{^/$}, "$name: which leads to a path");
    }
    for my $row (map { lines_of($own, 'GET', $_) } @paths) {
        unlike(raw($client, $row->[0])->raw, qr/evil/i, $row->[0] =~ s/\r\n/ | /gr);
    }
    # The control: a page that believes them shows what they say.
    is($client->get('/echo', headers => $said{Host})->header('X-Host'), $evil, 'control: the header comes through');
    is(raw($client, "GET http://$evil/echo HTTP/1.1\r\nHost: $own")->header('X-Host'), $evil,
        'control: so does the line');
    return;
}

# --- other names of a site ----------------------------------------------------------

# Where the page of this request at www.test leads; undef: it is served.
sub leads_to {
    my ($sites, $host, $path, %option) = @_;
    my $r = $sites->client('www')->request($option{method} // 'GET', $path,
        headers => [[Host => $host], @{$option{headers} // []}]);
    return $r->status == 303 ? $r->header('Location') : undef;
}

my @proxy = (['X-Forwarded-For', '1.2.3.4'], ['X-Forwarded-Host', 'www.test'], ['X-Forwarded-Proto', 'https'],
    [Forwarded => 'for=1.2.3.4'], [Via => '1.1 proxy'], ['X-Real-IP', '1.2.3.4']);

sub aliases {
    my $sites = PWR::Sites->new({www => "ServerAlias other.test *.wild.test localhost 127.0.0.1 10.1.2.3"});
    my $httpd = $sites->httpd;
    my $port = $httpd->port;
    my $home = "http://www.test:$port";
    $sites->walk->add('ivan');
    my %leads = (
        '/account/login' => '/account/login?here=1',
        '/account/login?lang=ru&return=%2Fportal%2F%3Fa%3Db' =>
            '/account/login?lang=ru&return=%2Fportal%2F%3Fa%3Db&here=1',
        '/account/forgot?lang=ru&x=%0d%0aX:y&y=z' => '/account/forgot?lang=ru&here=1',
        '/account/reset?token=ABCD-EFGH' => '/account/reset?token=ABCD-EFGH&here=1',
        '/account/reset?done=1' => '/account/reset?done=1&here=1',
        '/account/change' => '/account/change?here=1',
        '/.well-known/change-password' => '/.well-known/change-password?here=1',
        '//account/./l%6Fgin' => '/account/login?here=1',
    );
    for my $path (sort keys %leads) {
        for my $host ("other.test:$port", 'OTHER.Test.', 'a.b.wild.test') {
            is(leads_to($sites, $host, $path), "$home$leads{$path}", "$host$path");
        }
        is(leads_to($sites, 'other.test', $path, method => 'HEAD'), "$home$leads{$path}", "HEAD $path");
    }
    # Served where they are: our own name, names that are not the site's, tunnels.
    for my $host ("www.test:$port", 'WWW.test', 'www.test:8443', $evil, 'localhost', '127.0.0.1', '10.1.2.3:80', '[::1]') {
        is(leads_to($sites, $host, '/account/login'), undef, "$host is served");
    }
    is(leads_to($sites, 'other.test', '/account/login', headers => [$_]), undef, "$_->[0]: the proxy leads") for @proxy;
    is(leads_to($sites, 'other.test', '/account/assets/pwreset.css'), undef, 'a file is served');
    is(leads_to($sites, 'other.test', '/account/login?lang=en&lang=ru'), undef, 'what is malformed is refused');
    # A form is not dropped on the way; nothing in its answer depends on the name.
    my $client = $sites->client('www');
    my $r = $client->post('/account/login', [login => 'ivan', password => OLD], headers => [[Host => 'other.test']]);
    is_deeply([$r->status, $r->header('Location')], [303, '/'], 'a POST at another name is answered there');
    unlike($r->raw, qr/Domain=|other/, '... as anywhere');
    loops($sites, $home);
    $httpd->done;
    return;
}

# A proxy that tells us nothing and turns every host into one of ours: once is
# enough.
sub loops {
    my ($sites, $home) = @_;
    my ($path, $n, $r) = ('/account/reset?token=ABCD', 0);
    do {
        $r = $sites->client('www')->get($path, headers => [[Host => 'other.test']]);
        $path = ($r->header('Location') // '') =~ s/^\Q$home\E//r;
    } while $r->status == 303 && ++$n < HOPS;
    is_deeply([$r->status, $n], [422, 1], 'behind such a proxy the page comes after one step');
    is($r->form->{fields}{token}, 'ABCD', 'with what the address said');
    return;
}

# --- plain http -----------------------------------------------------------------------

my $plain = <<'CONF';
Listen 127.0.0.1:${PORT2}
<VirtualHost 127.0.0.1:${PORT2}>
    ServerName pwreset.test
    ServerAlias old.test
    DocumentRoot "${ROOT}/htdocs"
    PwReset On
    PwResetPublicURL https://PUBLIC:${PORT}
    PwResetMailFrom noreply@example.org
    PwResetSendmail "${SENDMAIL}" "${MAILDIR}"
    LogFormat "%r %{Location}o" where
    CustomLog "${ROOT}/logs/where.log" where
</VirtualHost>
CONF

sub plain_http {
    my $tls = PWR::TLS->new;
    my $walk = PWR::Walk->new('sqlite', tls => $tls, ports => 1, global => $plain =~ s/PUBLIC/pwreset.test/r,
        conf => "ServerName pwreset.test\nPwResetPublicURL https://pwreset.test:\${PORT}");
    my $httpd = $walk->httpd;
    my ($tls_port, $plain_port) = ($httpd->port, $httpd->port(2));
    my $secure = PWR::Client->new(url => "https://pwreset.test:$tls_port", connect => '127.0.0.1', ca => $tls->ca);
    my $open = PWR::Client->new(url => "http://pwreset.test:$plain_port", connect => '127.0.0.1');
    my $home = "https://pwreset.test:$tls_port/account";
    is($open->get('/account/login?lang=ru')->header('Location'), "$home/login?lang=ru&here=1", 'plain http leads to https');
    is($open->get('/account/login', headers => [[Host => 'old.test']])->header('Location'), "$home/login?here=1",
        'so does another name there');
    is($secure->get('/account/login')->status, 200, 'https is served');
    is($secure->get('/account/login?here=1')->status, 200, 'also to whom it was led');
    is($open->get('/account/login', headers => [$_])->status, 200, "$_->[0]: the proxy leads") for @proxy;
    my $string = 'ABCD1234' x 3;
    is($open->get("/account/reset?token=$string")->header('Location'), "$home/reset?token=$string&here=1",
        'a link leads there with its string');
    # httpd writes the line when the answer has left.
    my $until = time + LOG_SEC;
    my @log;
    do {
        sleep POLL_SEC;
        @log = map { PWR::HttpdLog->new($httpd->root . "/logs/$_")->lines } qw(where.log access.log error.log);
    } until grep({ m{\Q$home\E/reset\?} } @log) || time > $until;
    is(scalar(grep { m{\Q$home\E/reset\?\[redacted\]$} } @log), 1, 'control: the redirect is there');
    is(scalar(grep { /$string/ } @log), 0, 'and no log has the string');
    # Nobody here serves another https name: a proxy does, and it must not loop.
    $httpd->reconf(global => $plain =~ s/PUBLIC/www.example.org/r)->restart;
    my $proxied = [[Host => 'www.example.org']];
    is($open->get('/account/login', headers => $proxied)->status, 200, 'behind a proxy that ends TLS it is served');
    $httpd->done;
    return;
}

subtest poisoned => sub {
    my $walk = PWR::Walk->new('sqlite',
        conf => qq(<Location "/echo">\nHeader always set X-Host "expr=%{HTTP_HOST}"\n</Location>));
    $walk->add('ivan');
    mails($walk);
    pages($walk);
    $walk->settle;
    $walk->httpd->done;
};
subtest aliases => \&aliases;
subtest 'plain http' => \&plain_http;
done_testing();
