#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What stands in logs and on the status page: no control string, session id or
# password in any form, and nothing of a visitor's as it came.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {WAIT_SEC => 5, LONG => 9000};

my $conf = <<'CONF';
LogLevel debug
LogFormat "%r|%q|%U|%{Referer}i|%{User-Agent}i|%{Cookie}i|%{Location}o|%f|%u|%>s" all
CustomLog "${ROOT}/logs/all.log" all
CustomLog "${ROOT}/logs/access.log" combined
<Location "/status">
    SetHandler server-status
</Location>
<Location "/denied">
    Require all denied
</Location>
RewriteEngine On
RewriteRule "^/again$" "/account/reset" [PT]
ErrorDocument 404 /index.html
CONF

# What the logs say, each by its name.
# Once a line like `$last` stands there: httpd writes it after the answer.
sub logs {
    my ($httpd, $last) = @_;
    my $until = time + WAIT_SEC;
    sleep 0.02 until grep({ /$last/ } $httpd->access_log) || time > $until;
    my %text = ('error log' => join("\n", $httpd->error_log), 'access log' => join("\n", $httpd->access_log));
    open my $in, '<:raw', $httpd->root . '/logs/all.log' or die "all.log: $!\n";
    local $/;
    $text{'all of it'} = <$in>;
    return %text;
}

# Does the text hold this secret, in any spelling?
sub holds {
    my ($text, $secret) = @_;
    my $plain = $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
    my $bare = $secret =~ s/-//gr;
    return grep { /\Q$secret\E|\Q$bare\E/i } $text, $plain, $plain =~ s/-//gr, $plain =~ tr/+/ /r;
}

# Where visitors come from whose mail goes through a gateway that writes links
# anew, or who read it in a browser.
my @gateways = ('https://gateway.example/?url=https%3A%2F%2Fx%2Faccount%2Freset%3Ftoken%3DSECRET&data=x',
    'https://mail.example/read?text=SECRET', 'https://mail.example/#https://x/account/reset?token=SECRET');

# Ways to say a control string to a server, right and wrong: raw requests.
sub ways {
    my ($httpd, $string) = @_;
    my ($host, $end) = ($httpd->url =~ s{http://}{}r, "\r\nConnection: close\r\n\r\n");
    my $full = " HTTP/1.1\r\nHost: $host$end";
    my @targets = map { s/SECRET/$string/gr } (
        '/account/reset?token=SECRET', '/account/reset?lang=ru&token=SECRET&x=SECRET', '/account/reset?SECRET',
        '/account/reset?%74oken=SECRET', '/account/reset?token=SECRET&token=SECRET', '/account/reset?token=%ZZSECRET',
        '/account/reset/?token=SECRET', '//account//reset?token=SECRET', '/account/%72eset?token=SECRET',
        '/%61ccount/reset?token=SECRET', '/account%2Freset?token=SECRET', '/x/../account/reset?token=SECRET',
        '/account/./reset?token=SECRET', '/account/reset.html?token=SECRET', '/account/?token=SECRET',
        '/account?token=SECRET', '/account/assets/pwreset.css?token=SECRET', '/account/assets/no.css?token=SECRET',
        '/account/login?return=/account/reset%3Ftoken=SECRET', '/account/reset?token=SECRET#x',
        "http://$host/account/reset?token=SECRET", "http://other/account/reset?token=SECRET",
        "HTTP://$host/account/reset?token=SECRET", '/account/reset??token=SECRET', '/account/reset?token=SECRET%00',
        '/account/reset?token=SECRET&' . 'x' x LONG, '/account/reset?' . 'x' x LONG . '&token=SECRET',
        '/account/notme?token=SECRET', '/account/notme?token=SECRET&token=SECRET', '/account%2Fnotme?token=SECRET',
        '/account/notme/?token=SECRET', '/%2Faccount%2Freset?token=SECRET', '/account%2F?token=SECRET',
        '/account%2Fno%2Fpage?token=SECRET', '/account/reset%00?token=SECRET', '/account/reset#token=SECRET',
        '/account/reset%3Ftoken=SECRET', '/account/notme%3ftoken%3DSECRET%26lang%3Den', '/account/reset%3Ftoken=SECRET?x=y',
        "http://$host/account/reset%3Ftoken=SECRET", '/account/reset%3Ftoken=%ZZSECRET',
    );
    return ((map { my $method = $_; map { "$method $_$full" } @targets } qw(GET HEAD POST TRACE BREW)),
        (map { "GET $targets[0]$_" } ' HTTP/9.9' . $end, ' HTTP/1.1' . $end, " HTTP/1.0$end", "\r\n", " HTTX$end",
            " HTTP/1.1\r\nHost: a b$end", " HTTP/1.1\r\nHost: $host\r\nbad header$end",
            " HTTP/1.1\r\nHost: $host\r\nTransfer-Encoding: nonsense$end",
            " HTTP/1.1\r\nHost: $host\r\nContent-Length: x$end", " HTTP/1.1\r\nHost: $host\r\nExpect: wonders$end",
            " x HTTP/1.1\r\nHost: $host$end"),
        "GET /account/reset%3Ftoken=$string HTTP/1.1\r\nHost: $host\r\nbad header$end",
        (map { "GET /account/reset HTTP/1.1\r\nHost: $host\r\nReferer: @{[s/SECRET/$string/r]}$end" } @gateways),
        map { my $path = $_; map { s/SECRET/$string/gr } map { "GET $path HTTP/1.1\r\nHost: $host\r\nReferer: $_$end" }
            "http://$host/account/reset?token=SECRET", '/account/reset?token=SECRET',
            "https://$host/%61ccount/reset?SECRET", "http://$host//account/reset?token=SECRET&x=y z",
            "HTTP://$host/account/reset?token=SECRET#x", "http://$host/account/reset#token=SECRET",
            } '/', '/nothing', '/denied', '/portal/', '/account/forgot', '/again');
}

sub strings {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    my @ways = ways($walk->httpd, $string);
    my $answered = grep { $client->raw($_)->status } @ways;
    cmp_ok($answered, '>', 150, 'requests with a control string were answered');
    my @new = (password => NEW, confirm => NEW);
    for my $form ([token => $string], [token => lc $string, @new, password => 'x'], [token => "x$string"],
        [token => $string, token => $string], [token => $string, password => NEW, confirm => 'x'],
        [token => $string, @new]) {
        $client->post("/account/$_", $form) for qw(notme reset nothing);
    }
    my $url = "/account/reset?token=$string";
    SKIP: {
        skip('prefork has no HTTP/2', 1) if !$walk->httpd->has_http2;
        is($client->h2(GET => $url, headers => [[Referer => $url]])->version, '2', 'and one by HTTP/2');
    }
    $client->get('/last');
    my %text = logs($walk->httpd, qr{ /last });
    for my $name (sort keys %text) {
        my @lines = grep { holds($_, $string) } split /\n/, $text{$name};
        is_deeply(\@lines, [], "no control string in the $name");
        my @passwords = grep { holds($_, NEW) } split /\n/, $text{$name};
        is_deeply(\@passwords, [], "nor a password");
    }
    like($text{'access log'}, qr{GET /account/reset\?\[redacted\] HTTP/1\.1" 200}, 'the line is there, without it');
    return;
}

# The check finds what is not redacted: the same on a page that is not ours.
sub control {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    $client->get("/nothing?token=$string", headers => [[Referer => "http://x/y?token=$string"]]);
    my %text = logs($walk->httpd, qr{/nothing\?token=});
    cmp_ok(scalar(grep { holds($_, $string) } split /\n/, $text{$_}), '>=', 1, "control: found in the $_")
        for 'access log', 'all of it';
    return;
}

sub sessions {
    my $walk = shift;
    my $client = $walk->signed_in('ivan');
    my $secret = $client->cookie($walk->cookie_name($client));
    $client->get($_, headers => [[Referer => $walk->httpd->url . '/portal/']])
        for '/portal/', '/nothing', '/denied', '/account/login', '/account/change', '/account/logout', '/';
    $client->post('/account/change', [current => OLD, password => NEW, confirm => 'x']);
    $client->post('/account/login', [login => 'ivan', password => NEW]);
    $client->raw("GET / HTTP/1.1\r\nCookie: @{[$walk->cookie_name($client)]}=$secret\r\nConnection: close\r\n\r\n");
    $client->post('/account/logout', []);
    my %text = logs($walk->httpd, qr{"POST /account/logout });
    for my $name (sort keys %text) {
        is(scalar(grep { holds($text{$name}, $_) } $secret, OLD, NEW), 0, "no session id and no password in the $name");
    }
    like($text{'all of it'}, qr/\|ivan\|200$/m, 'control: whose it was is there');
    return;
}

# While a request is being worked on, and after it.
sub status_page {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    my $slow = $client->open_socket;
    syswrite $slow, "POST /account/reset?token=$string HTTP/1.1\r\nHost: x\r\nReferer: /account/reset?token=$string\r\n"
        . "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ntoken=";
    my ($until, $page) = (time + WAIT_SEC);
    do { $page = $client->get('/status')->text } until $page =~ m{POST /account/reset\?} || time > $until;
    like($page, qr{POST /account/reset\?\[redacted\] HTTP/1\.1}, 'a slow request is on the status page');
    ok(!holds($page, $string), 'without the control string');
    close $slow;
    # A request without a host is refused before any module sees it.
    $client->raw("GET /account/reset?token=$string HTTP/1.1\r\n\r\n") for 1 .. 20;
    my @pages = map { $client->get("/status$_")->text } '', '?auto', '?notable';
    is(scalar(grep { holds($_, $string) } @pages), 0, 'nor in what is over');
    return;
}

# --- what visitors write ---------------------------------------------------------

my @hostile = ("a\r\n[Mon Nov 23 00:00:00.000000 2026] [core:crit] forged", "\x1B[31mred\x1B[0m", "\x{202E}gnp.exe",
    "a\tb\x7F\x{85}", '%s%n%x%d', "q\"uo'te\\", "\x{41F}\x{44C}");

sub visitors {
    my $walk = shift;
    my $client = $walk->client;
    for my $text (@hostile) {
        my $bytes = $text;
        utf8::encode($bytes);
        my $header = $bytes =~ s/[\r\n]//gr;
        my $path = $bytes =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger;
        $client->post('/account/forgot', [email => $text]);
        $client->post('/account/forgot', [email => "$text\@example.org"]);
        $client->post('/account/login', [login => $text, password => $text]);
        $client->post('/account/reset', [token => $text]);
        my @headers = (['User-Agent', $header], [Referer => $header], ['Accept-Language', $header],
            [Cookie => "pwr-123456=$header; $header"], ['Sec-Fetch-Site', $header], ['Accept', "text/html $header"]);
        $client->get($_, headers => \@headers) for '/', '/nothing', '/denied', "/$path", "/account/$path", '/portal/',
            "/account/reset?token=$path&lang=$path";
        $client->get('/denied', headers => [['X-Forwarded-For', $header]]);
        $client->raw("GET /account/reset?$header HTTP/1.1\r\nHost: $header\r\nConnection: close\r\n\r\n");
        $client->raw("$header /account/reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    $walk->settle;
    my %text = logs($walk->httpd, qr{^});
    for my $name (sort keys %text) {
        is_deeply([grep { /[^\x20-\x7E]/ } split /\n/, $text{$name}], [], "printable ASCII alone in the $name");
    }
    my @lines = $walk->httpd->error_log;
    is_deeply([grep { !/^\[[A-Z][a-z]{2} [A-Z]/ } @lines], [], 'each line of the error log is one of httpd');
    is(scalar(grep { /^\[Mon Nov 23 00:00:00\.000000 2026\]/ } @lines), 0, 'none is forged');
    like($text{'access log'}, qr/forged/, 'control: it was tried');
    return;
}

# Addresses are masked: the log is no list of customers.
sub addresses {
    my $walk = shift;
    my $text = join "\n", $walk->httpd->error_log;
    unlike($text, qr/ivan\@example\.org|olga\@example\.org/, 'no whole address in the error log');
    like($text, qr/PWR0301: job [0-9a-f]{32} .* recovery for o\*\*\*\@example\.org.*: sent/, 'but enough to see whose');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->httpd->allow_log(qw(AH00135 AH01630));
    $walk->add($_) for qw(ivan olga lena);
    my %string = $walk->strings(qw(ivan olga lena));
    subtest 'control strings' => sub { strings($walk, $string{olga}) };
    subtest 'status page' => sub { status_page($walk, $string{lena}) };
    subtest sessions => sub { sessions($walk) };
    subtest visitors => sub { visitors($walk) };
    subtest addresses => sub { addresses($walk) };
    subtest control => sub { control($walk, $string{lena}) };
}, conf => $conf, modules => [qw(status http2 rewrite)], threads => 16);
done_testing();
