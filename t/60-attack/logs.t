#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Who may read a log reads no control string, cookie or password: others had
# their reset links in a debug log of mails (Easy WP SMTP 2020), in the process
# list (HestiaCP) and in their own debug log (LTB Self Service Password).
# The same requests are made to a vhost without PwReset, whose logs must hold
# what ours must not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {LONG => 9000, LINGER_SEC => 4, WAIT_SEC => 10, POLL_SEC => 0.02, TYPED => 'Tyn3d-by-Mistake.99', LINES_MIN => 100,
    AGENT => 'Agent/of.1 the.asker'};

my $common = <<'CONF';
LogLevel debug
LogFormat "%r|%q|%U|%{Referer}i|%{Cookie}i|%{Location}o|%{Set-Cookie}o|%f|%u|%>s" all
CustomLog "${ROOT}/logs/NAME-all.log" all
CustomLog "${ROOT}/logs/NAME-access.log" combined
ErrorLog "${ROOT}/logs/NAME-error.log"
RequestReadTimeout header=1 body=1
<Location "/status">
    SetHandler server-status
</Location>
<Location "/info">
    SetHandler server-info
</Location>
CONF
my $conf = "PwResetAudit logs/on-audit.log\nPwResetIdentify both\nPwResetPasswordScheme bcrypt:10\n" . $common =~ s/NAME/on/gr;
my $off = "Listen 127.0.0.1:\${PORT2}\n<VirtualHost 127.0.0.1:\${PORT2}>\nDocumentRoot \"\${ROOT}/htdocs\"\n"
    . ($common =~ s/NAME/off/gr) . "<IfModule http2_module>\nProtocols h2 h2c http/1.1\n</IfModule>\n</VirtualHost>\n"
    . "ExtendedStatus On\n";

# Every spelling of a string that people or programs make of it.
sub spellings {
    my $string = shift;
    my $bare = $string =~ tr/-//dr;
    return ($string, lc $string, $bare, lc $bare, map({ s/(.)/sprintf '%%%02x', ord $1/ger } $string, $bare),
        $string =~ s/-/%2D/gr, $string =~ s/-/+/gr, $bare =~ s/^(.)/sprintf '%%%02X', ord $1/er, "%20$string%20");
}

# Does the text hold this secret, in any spelling?
sub holds {
    my ($text, $secret) = @_;
    my $plain = $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
    my $bare = $secret =~ tr/-//dr;
    return grep { index(uc, uc $secret) >= 0 || index(uc, uc $bare) >= 0 } $text, $plain, $plain =~ s/[-+ ]//gr;
}

sub slurp {
    my $file = shift;
    open my $in, '<:raw', $file or return '';
    local $/;
    return <$in> // '';
}

# The lines with this secret in the logs of a vhost, by log.
sub lines_with {
    my ($httpd, $name, $secret) = @_;
    return map {
        my $log = $_;
        map { "$log: " . substr $_, 0, 300 } grep { holds($_, $secret) } split /\n/, slurp("@{[$httpd->root]}/logs/$log.log")
    } map { "$name-$_" } qw(all access error audit);
}

# --- requests ------------------------------------------------------------------------

# Raw requests that say this to a server, each with the status we expect of ours:
# answered, not there, and refused before any handler.
sub requests {
    my ($host, $said) = @_;
    my $end = "\r\nHost: $host\r\nConnection: close\r\n\r\n";
    my $long = 'x' x LONG;
    return (
        "GET /account/reset?token=$said HTTP/1.1$end", "HEAD /account/reset?lang=ru&token=$said HTTP/1.1$end",
        "GET /account/nothing?token=$said HTTP/1.1$end", "GET /account/reset/?token=$said HTTP/1.1$end",
        "GET /account/reset?token=$said HTTP/1.1\r\nHost: $host\r\nbroken header$end",
        "GET /account/reset?token=$said HTTP/1.1\r\nX: $long$end", "GET /account/reset?token=$said&x=$long HTTP/1.1$end",
        "GET /account/reset?token=$said HTTP/1.1\r\nConnection: close\r\n\r\n", "GET /account/reset?token=$said HTTP/7.1$end",
        "GET /account/reset?token=$said HTTP/1.1\r\nTransfer-Encoding: x$end", "GET /account/reset?token=$said\r\n",
        "GET /account/login HTTP/1.1\r\nReferer: http://$host/account/reset?token=$said$end",
        "GET /portal/ HTTP/1.1\r\nAccept: text/html\r\nReferer: https://$host/account/reset?token=$said$end",
        "POST /account/reset?token=$said HTTP/1.1\r\nContent-Length: 0$end",
    );
}

# The same by HTTP/2.
sub make_h2_requests {
    my ($client, $string) = @_;
    for my $said (grep { !/[+ ]/ } spellings($string)) {
        my $url = "/account/reset?token=$said";
        $client->h2(GET => $url, headers => [[Referer => $client->origin . $url]]);
    }
    my ($url, $long) = ("/account/reset?token=$string", 'x' x LONG);
    $client->h2(GET => "/account/nothing?token=$string");
    $client->h2(GET => "$url&x=$long");
    $client->h2(GET => $url, headers => [[X => $long]]);
    return;
}

sub make_requests {
    my ($client, $string) = @_;
    my $host = $client->origin =~ s{.*//}{}r;
    for my $said (spellings($string)) {
        $client->raw($_) for requests($host, $said);
        $client->post('/account/reset', [token => $said]);
        $client->post("/account/nothing?token=$said", [token => $said]);
    }
    # The line came, the rest does not: 408.
    my $slow = $client->open_socket;
    syswrite $slow, "GET /account/reset?token=$string HTTP/1.1\r\nHost: $host\r\nX: ";
    my $body = $client->open_socket;
    syswrite $body, "POST /account/reset?token=$string HTTP/1.1\r\nHost: $host\r\nContent-Length: 99\r\nContent-Type: "
        . "application/x-www-form-urlencoded\r\n\r\ntoken=$string";
    my @ends = map { my $socket = $_; local $/; <$socket> // '' } $slow, $body;
    return @ends;
}

sub strings {
    my ($walk, $string) = @_;
    my $httpd = $walk->httpd;
    make_h2_requests($walk->client, $string) if $httpd->has_http2;
    my @late = make_requests($walk->client, $string);
    like($late[0], qr/^HTTP\/1\.1 408 /, 'one was refused for being late');
    is_deeply([lines_with($httpd, 'on', $string)], [], 'no log of ours has the string');
    my $access = slurp($httpd->root . '/logs/on-access.log');
    like($access, qr/" $_ /, "there were answers of status $_") for 200, 400, 404, 408, 414, 422;
    SKIP: {
        skip 'prefork has no HTTP/2', 1 if !$httpd->has_http2;
        like($access, qr{HTTP/2\.0" $_ }, "and over HTTP/2 of status $_") for 200, 404, 414, 431;
    }
    like(slurp($httpd->root . '/logs/on-audit.log'), qr/"event":"$_"/, "control: the audit has $_")
        for qw(forgot.asked mail.sent reset.refused request.refused);
    return;
}

# The same requests without us.
sub control {
    my ($walk, $string) = @_;
    my $httpd = $walk->httpd;
    my $client = PWR::Client->new(url => 'http://127.0.0.1:' . $httpd->port(2));
    make_h2_requests($client, $string) if $httpd->has_http2;
    make_requests($client, $string);
    my @found = lines_with($httpd, 'off', $string);
    for my $pattern (qr/off-access.*" 404 /, qr/off-all: .*\|400$/, qr/off-access.*" 408 /,
        $httpd->has_http2 ? (qr{off-access.*HTTP/2\.0" 404 }, qr{off-access.*HTTP/2\.0" 431 }) : (),
        qr/off-access.*token=(?:%[2-5][0-9a-f]){28}/i, qr/off-all: .*\|http:/) {
        cmp_ok(scalar(grep { $_ =~ $pattern } @found), '>=', 1, "control: a vhost without PwReset logs it ($pattern)");
    }
    cmp_ok(scalar @found, '>=', LINES_MIN, 'control: in hundreds of lines') or diag scalar @found;
    return;
}

# --- pages that show requests ---------------------------------------------------------

sub status_pages {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    my %page = map { ($_ => $client->get($_)->text) } qw(/status /status?auto /status?notable /info /info?config
        /info?mod_pwreset.c /info?hooks);
    for my $page (sort keys %page) {
        cmp_ok(length $page{$page}, '>', 100, "$page is there");
        ok(!holds($page{$page}, $string), "$page: no string");
    }
    like($page{'/status'}, qr{/account/reset\?\[redacted\]}, 'control: the requests are on the status page');
    like($page{'/info?config'}, qr/PwResetMailFrom/, 'control: the directives are on the info page');
    my $other = PWR::Client->new(url => 'http://127.0.0.1:' . $walk->httpd->port(2));
    $other->get("/nothing?token=$string");
    ok(holds($client->get('/status')->text, $string), 'control: so are the requests to others');
    return;
}

# --- processes -------------------------------------------------------------------------

sub process {
    my $pid = shift;
    return join "\n", map { slurp("/proc/$pid/$_") =~ tr/\0/\n/r } qw(cmdline environ);
}

# The mail program while it runs, and every process of httpd.
sub processes {
    my $walk = shift;
    my $box = $walk->httpd->mailbox;
    $box->mode('linger ' . LINGER_SEC);
    $walk->client->post('/account/forgot', [email => 'lena@example.org'], headers => [['User-Agent', AGENT]]);
    my $mail = $walk->mail_to('lena@example.org');
    my %seen = map { ($_ => process($_)) } ($box->pids)[-1], $walk->httpd->pid, $walk->httpd->children;
    $box->mode(undef);
    my ($sendmail) = grep { /sendmail/ } values %seen;
    like($sendmail // '', qr/lena\@example\.org/, 'control: the mail program was seen at work');
    is(scalar(grep { holds($sendmail, $_) } $mail->token, AGENT), 0, 'it is told no string, and no word of the asker');
    is_deeply([grep { !/^(?:PATH|LANG|LC_\w+|TZ|HOME|USER|LOGNAME|SHELL)=/ } grep { /^\w+=/ } split /\n/, $sendmail], [],
        'and has a small environment');
    my $token = $mail->token;
    $walk->client->post('/account/reset', [token => $token, password => NEW, confirm => NEW]);
    my @processes = map { process($_) } $walk->httpd->pid, $walk->httpd->children;
    cmp_ok(scalar @processes, '>=', 2, 'httpd and its children');
    is(scalar(grep { holds($_, $token) || holds($_, NEW) } @processes), 0, 'tell nobody');
    return;
}

# --- what people type into the wrong field ----------------------------------------------

sub typed {
    my $walk = shift;
    my $client = $walk->client;
    my $session = $walk->signed_in('ivan');
    my $cookie = $session->cookie($walk->cookie_name($session));
    $walk->reconf("$conf\nPwResetHideCookie Off");
    is($walk->who($session), 'ivan', 'scripts may see the cookie');
    for my $typed (TYPED, TYPED . '@example.org', ' ' . TYPED . ' ') {
        $client->post('/account/login', [login => $typed, password => TYPED]);
        $client->post('/account/forgot', [email => $typed]);
        $client->post('/account/reset', [token => $typed, login => $typed, password => $typed, confirm => 'x']);
        $session->post('/account/change', [current => $typed, password => $typed, confirm => $typed]);
        my $json = [['Content-Type', 'application/json'], [Accept => 'application/json']];
        $client->request(POST => '/account/login', body => $_, headers => $json)
            for qq({"login":"$typed","password":"$typed"}), qq({"password":"$typed","password":"x"}), qq({"login":"$typed");
        $client->get('/account/login?' . PWR::Client::form_encode(login => $typed, password => $typed));
        $client->raw("POST /account/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\nConnection: close\r\n\r\n"
            . "login=$typed");
    }
    $session->get($_) for '/portal/', '/portal/nothing', '/account/change', '/account/nothing';
    $session->h2(GET => '/portal/') if $walk->httpd->has_http2;
    $walk->settle;
    my $httpd = $walk->httpd;
    like(slurp($httpd->root . '/logs/on-audit.log'), qr/"event":"$_"/, "control: the audit has $_")
        for qw(login.ok login.failed forgot.unknown change.failed);
    is_deeply([lines_with($httpd, 'on', $_)], [], 'no log has ' . ($_ eq $cookie ? 'the cookie' : "'$_'"))
        for TYPED, $cookie, OLD, NEW;
    $client->get('/nothing?login=' . TYPED, headers => [[Cookie => "other=$cookie"]]);
    # httpd writes the line after the answer.
    my $until = time + WAIT_SEC;
    for my $typed (TYPED, $cookie) {
        sleep POLL_SEC while !lines_with($httpd, 'on', $typed) && time < $until;
        cmp_ok(scalar(lines_with($httpd, 'on', $typed)), '>=', 1, 'control: it would be seen');
    }
    return;
}

# Databases quote in their errors what they were given.
sub quoted {
    my $walk = shift;
    my $query = q{SELECT id, login, email, password FROM pwreset_user WHERE login = EXTRACTVALUE('<a/>', };
    eval { $walk->value("$query ?)", q(') . TYPED) };
    like($@, qr/\Q@{[TYPED]}\E/, 'control: the error of the database has it');
    $walk->reconf(qq{$conf\nPwResetLoginQuery "$query:login)"});
    $walk->client->post('/account/login', [login => q(') . TYPED, password => TYPED]);
    $walk->client->post('/account/forgot', [email => q(') . TYPED]);
    my $log = $walk->httpd->root . '/logs/error.log';
    my $until = time + WAIT_SEC;
    my $told = sub { scalar grep { /PWR0213/ } split /\n/, slurp($log) . slurp($log =~ s/error/on-error/r) };
    sleep POLL_SEC while $told->() < 2 && time < $until;
    cmp_ok($told->(), '>=', 2, 'the admin is told of the error');
    my @logs = map { slurp($log =~ s/error/$_/r) } qw(error on-error on-all on-audit);
    is(scalar(grep { /'\Q@{[TYPED]}\E/ } @logs), 0, 'without what was typed');
    $walk->sql('DELETE FROM pwreset_job');
    return;
}

# --- what docs/security.md says we cannot keep it from ---------------------------------

# What to add to the vhost, the log that then has the string, and where it
# takes more than a link, by which method.
my %gap = (
    'core:debug' => ['LogLevel core:debug', 'on-error.log', 'CONNECT'],
    'core:trace5' => ['LogLevel core:trace5', 'on-error.log'],
    'mod_dumpio' => ["LogLevel dumpio:trace7\nDumpIOInput On", 'on-error.log'],
    'mod_log_forensic' => ['ForensicLog "${ROOT}/logs/forensic.log"', 'forensic.log'],
);

sub gaps {
    my ($walk, $string) = @_;
    my $httpd = $walk->httpd;
    open my $in, '<', "$FindBin::Bin/../../docs/security.md" or die "docs/security.md: $!\n";
    my $docs = do { local $/; <$in> };
    for my $name (sort keys %gap) {
        my ($more, $log, $method) = @{$gap{$name}};
        like($docs, qr/\Q$name\E/, "$name is in docs/security.md");
        $walk->reconf("$conf\n$more");
        my $mark = -s $httpd->root . "/logs/$log" // 0;
        $walk->client->request($method // 'GET', "/account/reset?token=$string");
        my $text = substr slurp($httpd->root . "/logs/$log"), $mark;
        ok(holds($text, $string), "$name: it does log the string, as is said there");
    }
    return;
}

my $walk = PWR::Walk->new('mysql', ports => 1, threads => 16, global => $off, modules => [qw(status info http2 reqtimeout dumpio
    log_forensic)],
    conf => $conf);
$walk->add($_) for qw(ivan olga lena);
my %string = $walk->strings('olga');
$walk->httpd->allow_log(qw(PWR0213 PWR0304));
subtest 'control strings' => sub { strings($walk, $string{olga}) };
subtest 'status pages' => sub { status_pages($walk, $string{olga}) };
subtest control => sub { control($walk, $string{olga}) };
subtest processes => sub { processes($walk) };
subtest typed => sub { typed($walk) };
subtest quoted => sub { quoted($walk) };
subtest gaps => sub { gaps($walk, $string{olga}) };
$walk->settle;
$walk->httpd->done;
done_testing();
