#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The tests of the server tests' own tools, without the module: above all,
# that what should make a test fail does.
use strict;
use warnings;
use File::Temp qw(tempdir tempfile);
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 ();
use PWR::Client;
use PWR::Database;
use PWR::Httpd;
use PWR::HttpdLog;
use PWR::TLS;
use Test::More;

sub append {
    my ($httpd, $line) = @_;
    open my $out, '>>', $httpd->log->file or die "log: $!\n";
    print {$out} "$line\n";
    close $out or die "log: $!\n";
    return;
}

sub log_rules {
    my $when = '[Sun Nov 22 23:08:00.000000 2026]';
    my @table = (
        ["$when [mpm_event:notice] [pid 1:tid 1] AH00489: resuming normal operations", 1],
        ["$when [pwreset:info] [pid 1] PWR0301: sent", 1],
        ["$when [pwreset:debug] [pid 1] PWR0300: AH00001: nothing to send", 1],
        ["$when [pwreset:warn] [pid 1] PWR0304: not sent", 0],
        ["$when [core:error] [pid 1] AH00037: Symbolic link not allowed", 0],
        ["$when [core:crit] [pid 1] x", 0],
        ["$when [core:alert] [pid 1] x", 0],
        ["$when [:emerg] [pid 1] x", 0],
        ["$when [core:error] [pid 1] (13)Permission denied: AH09999: declared", 1],
        ["$when [pwreset:error] [pid 1] PWR9999: declared", 1],
        ["$when [pwreset:error] [pid 1] PWR0001: quotes PWR9999: forged", 0],
        ["$when [core:notice] [pid 1] AH00052: child pid 2 exit signal Segmentation fault (11)", 0],
        ["$when [core:notice] [pid 1] AH09999: child pid 2 exit signal Killed (9)", 1],
        ["$when [core:notice] [pid 1] AH09999: child pid 2 exit signal Segmentation fault (11)", 0],
        ["==1==ERROR: AddressSanitizer: heap-use-after-free", 0],
        ["x.c:1:2: runtime error: signed integer overflow", 0],
        ["free(): double free detected", 0],
        ["AH09999: httpd: before the log was open", 1],
    );
    for my $row (@table) {
        my ($line, $fine) = @$row;
        my $log = PWR::HttpdLog->new('/nonexistent')->allow('AH09999', 'PWR9999');
        is($log->_is_fine($line) ? 1 : 0, $fine, "log: $line");
    }
    my ($fh, $file) = tempfile(UNLINK => 1);
    print {$fh} "$when [mpm_event:error] [pid 1] AH03092: pollset\n";
    close $fh;
    for my $row ([[0], 0], [[1], 1], [[0, 1], 0], []) {
        my ($stop, $n) = @$row;
        my $log = PWR::HttpdLog->new($file);
        $log->stopping(@$stop) if $stop;
        is(scalar(() = $log->problems), $n // 1, 'log: noise of a stop, ' . ($stop ? "@$stop" : 'none'));
    }
    my $log = PWR::HttpdLog->new('/nonexistent');
    ok(!eval { $log->expect('PWR12'); 1 }, 'log: no id');
    is_deeply([$log->problems], [], 'log: no file, no problem');
    return;
}

# Which traces of a child are httpd's own crash, and which are not.
sub crash_rules {
    my $mpm = "#2  0x1 in ?? () from /usr/lib/apache2/modules/mod_mpm_event.so\n";
    my $close = "#1  0x1 in apr_os_sock_get () from /lib/libapr-1.so.0\n$mpm";
    my $main = "#9  0x1 in main ()\n";
    my @table = (
        ['after its handler', "#0  kill ()\n#1  <signal handler called>\n$close$main", 1],
        ['without one', "$close$main", 1],
        ['with a warning of gdb', "warning: core file too small.\n$close$main", 1],
        ['not in the main thread', $close, 0],
        ['by way of ours', "#0  0x1 in apr_os_sock_get ()\n#1  0x1 in late () at mod_pwreset/httpd/delay.c:1\n$mpm$main", 0],
        ['of ours', "#0  late () at mod_pwreset/httpd/delay.c:1\n$mpm$main", 0],
        ['elsewhere before it', "#0  strlen ()\n$close$main", 0],
    );
    for my $row (@table) {
        my ($name, $frames, $n) = @$row;
        my @pids = PWR::Httpd::_crash_of_httpd("x\n\nThread 1 (Thread 0x7f (LWP 42)):\n$frames");
        is_deeply(\@pids, $n ? [42] : [], "crash: $name");
    }
    return;
}

sub wire_rules {
    my $chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    my @table = (
        ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 'GET', 1, 200, 'ab', ''],
        ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 'GET', 0, 200, 'ab', 'the answer was cut off'],
        ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 'HEAD', 1, 200, '', ''],
        ["HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", 'GET', 1, 304, '', ''],
        ["HTTP/1.0 200 OK\r\n\r\nab", 'GET', 0, 200, 'ab', ''],
        ["$chunked" . "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 'GET', 1, 200, 'abcde', ''],
        ["$chunked" . "3\r\nabc\r\n0\r\nX: trailer\r\n\r\n", 'GET', 1, 200, 'abc', ''],
        ["$chunked" . "3\r\nabc\r\n", 'GET', 0, 200, 'abc', 'the answer was cut off'],
        ["$chunked" . "9\r\nabc", 'GET', 0, 200, 'abc', 'the answer was cut off'],
        ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 'POST', 1, 204, '', ''],
        ["HTTP/1.1 100 Continue\r\n\r\n", 'POST', 0, 100, '', ''],
        ["HTTP/1.1 200 OK\r\nContent-", 'GET', 0, 0, '', 'this is no answer: '],
    );
    for my $row (@table) {
        my ($bytes, $method, $whole, $status, $body, $error) = @$row;
        my $name = 'wire: ' . $bytes =~ s/\r\n/|/gr;
        my $r = PWR::Response->parse($bytes, $method);
        is(PWR::Response::is_whole($bytes, $method) ? 1 : 0, $whole, "$name whole");
        is_deeply([$r->status, $r->body, $r->error =~ s/(no answer: ).*/$1/sr], [$status, $body, $error], $name);
    }
    my $r = PWR::Response->parse("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2 \r\nX:\r\n\r\n");
    is_deeply([$r->headers('Set-Cookie')], ['a=1', 'b=2'], 'wire: repeated headers');
    is($r->header('x'), '', 'wire: an empty header');
    is($r->header('y'), undef, 'wire: none');
    return;
}

sub page_rules {
    my $html = <<'HTML';
<title>Forgot &amp; found</title><p role="status">It <b>worked</b></p><div class=x role=alert>Bad &#39;x&#39;</div>
<form action="?lang=ru" method=POST><input type=hidden name=a value="1&amp;2"><input name='b'>
<input type="checkbox" name="c" checked><input type="checkbox" name="d" value="no"><input name="e" disabled value=1>
<textarea name="f">x &lt; y</textarea><select name="g"><option value="1"><option value="2" selected></select>
<button name="end" value="all">End</button><input type="submit" name="h" value="Send"></form>
<form action="/other"></form>
HTML
    my $r = PWR::Response->parse("HTTP/1.1 200 OK\r\n\r\n$html");
    is_deeply([$r->title, $r->notice, $r->alert], ['Forgot & found', 'It worked', q(Bad 'x')], 'page: words');
    my ($form, @others) = $r->forms;
    is_deeply($form->{inputs}, [[a => '1&2'], [b => ''], [c => 'on'], [f => 'x < y'], [g => '2'], [end => 'all']],
        'page: fields');
    is_deeply([@$form{qw(action method)}, scalar @others], ['?lang=ru', 'post', 1], 'page: forms');
    my $client = PWR::Client->new(url => 'http://127.0.0.1:8080');
    my @links = (
        ['/a?b#c', '/a?b'], ['x', '/account/x'], ['?y', '/account/forgot?y'], ['', '/account/forgot?z'],
        ['#c', '/account/forgot'], ['http://127.0.0.1:8080/q?r#s', '/q?r'], ['http://127.0.0.1:8080', '/'],
        ['http://127.0.0.1:80801/', undef], ['https://127.0.0.1:8080/', undef], ['//evil.example/', undef],
        ['javascript:x', undef],
    );
    is($client->resolve($_->[0], '/account/forgot?z'), $_->[1], "page: link '$_->[0]'") for @links;
    is(PWR::Client::form_encode(a => "\x{41F} &=+", "b\xFF" => ''), 'a=%D0%9F%20%26%3D%2B&b%FF=', 'page: encoding');
    return;
}

sub requests {
    my ($httpd, $client) = @_;
    is($client->get('/')->status, 200, 'a page');
    like($client->get('/')->body, qr/a public page/, 'its body');
    is($client->get('/nothing')->status, 404, 'no page');
    my $r = $client->request(HEAD => '/');
    ok($r->status == 200 && $r->body eq '' && $r->header('Content-Length') > 0, 'HEAD');
    is($client->raw("GET / HTTP/1.1\r\n\r\n")->status, 400, 'malformed');
    is($client->raw("GET /\r\n")->status, 0, 'no answer');
    is($client->request(GET => '/echo', headers => [['X-A', 'one'], ['X-A', 'two']])->header('X-Got'),
        'one, two', 'a header twice');
    is($client->request(GET => '/echo', headers => [[Host => 'evil.example']])->header('X-Host'),
        'evil.example', 'another Host');
    is($client->forget->get('/echo')->header('X-Cookie'), '(null)', 'no cookie yet');
    is($client->cookie('pwr-1'), 'abc', 'a cookie is kept');
    is($client->get('/echo')->header('X-Cookie'), 'pwr-1=abc', 'and sent');
    is($client->other->get('/echo')->header('X-Cookie'), '(null)', 'by nobody else');
    is($client->get('/forget')->status && $client->cookie('pwr-1'), undef, 'and dropped when it ends');
    is($client->follow($client->get('/hop'))->path, '/', 'redirects are followed');
    is($client->follow($client->get('/away'))->status, 302, 'not to elsewhere');
    is(PWR::Client->new(url => $httpd->url =~ s/\d+$/1/r)->get('/')->status, 0, 'nobody listens');
    return;
}

sub life {
    my ($httpd, $client) = @_;
    my @before = $httpd->children;
    cmp_ok(scalar @before, '>=', 2, 'children');
    $httpd->write('htdocs/new.html', 'new');
    $httpd->reconf(conf => "$httpd->{conf}\nRedirect /late /");
    my ($status, $said) = $httpd->configtest;
    is_deeply([$status, $said =~ /Syntax OK/], [0, 1], 'configtest');
    $httpd->graceful;
    is_deeply([map { $client->get('/late')->status } 1 .. 20], [(302) x 20],
        'only the new configuration after a graceful restart');
    $httpd->restart;
    my %is_old = map { $_ => 1 } @before;
    ok(!(grep { $is_old{$_} } $httpd->children), 'new children after a restart');
    my $good = $httpd->{global};
    $httpd->reconf(global => 'NoSuchDirective');
    ($status, $said) = $httpd->configtest;
    ok($status != 0 && $said =~ /NoSuchDirective/, "configtest says what is wrong: $said");
    $httpd->reconf(global => $good);
    return;
}

# The log of a server that misbehaves, stopped by stop() and not by done().
sub failures {
    my $httpd = PWR::Httpd->new(module => 0, conf => "<Location /denied>\nRequire all denied\n</Location>");
    my $client = $httpd->start->client;
    is_deeply([$httpd->log->problems], [], 'a quiet log');
    my $mark = $httpd->log_mark;
    is($client->get('/denied')->status, 403, 'denied');
    like($httpd->wait_log(qr/AH01630/, $mark), qr/authz_core:error/, 'the error comes');
    is(scalar $httpd->log_since($mark), 1, 'one line since the mark');
    like(($httpd->log->problems)[0], qr/^undeclared: .*AH01630/, 'an undeclared error is a problem');
    $httpd->expect_log('AH01630');
    is_deeply([$httpd->log->problems], [], 'a declared one is not');
    $httpd->expect_log('PWR0304');
    is_deeply([$httpd->log->problems], ['expected, but it did not come: PWR0304'], 'nor one that does not come');
    kill ABRT => ($httpd->children)[0];
    ok($httpd->wait_log(qr/exit signal/, $mark), 'a child crashes');
    like(($httpd->log->problems)[0], qr/exit signal/, 'a crash is a problem');
    append($httpd, 'SUMMARY: from somewhere');
    like(($httpd->log->problems)[1], qr/SUMMARY/, 'as is what is no log line');
    is($httpd->wait_log(qr/never/, $mark, 0.1), undef, 'waiting ends');
    ok($httpd->stop, 'it stops');
    is($client->get('/')->status, 0, 'and nobody listens any more');
    $httpd->{done} = 1;
    return;
}

sub bad_starts {
    my $httpd = PWR::Httpd->new(module => 0, global => 'NoSuchDirective');
    ok(!eval { $httpd->start; 1 }, 'a bad configuration');
    like($@, qr/httpd ended:.*NoSuchDirective/s, 'is told');
    ok(!eval { PWR::Httpd->new(module => 0, modules => ['rewrit']); 1 } && $@ =~ /no module rewrit/, 'no such module');
    my $hung = PWR::Httpd->new(module => 0, stop_sec => 0.5)->start;
    kill STOP => $hung->pid;
    my %is_its = map { $_ => 1 } $hung->pid, $hung->children;
    ok(!$hung->stop, 'one that does not stop is killed');
    ok(!(grep { $is_its{$_->{pid}} && $_->{state} ne 'Z' } PWR::Httpd::_processes()), 'with its children');
    ok($hung->{killed}, 'and remembered');
    $hung->{done} = 1;
    return;
}

# A test file that never calls done() must not pass.
sub forgotten {
    my $script = 'use PWR::Httpd; use Test::More; my $h = PWR::Httpd->new(module => 0)->start; ok 1; '
        . 'print "# pid ", $h->pid, "\n"; ';
    my %end = ('a variable' => 'done_testing', 'a sub' => 'sub f { $h } done_testing', 'death' => 'die "so"',
        'SIGTERM' => 'kill TERM => $$; sleep 9', 'SIGPIPE' => 'kill PIPE => $$; sleep 9');
    for my $name (sort keys %end) {
        my $said = qx('$^X' '-I$FindBin::Bin/../lib' -e '$script$end{$name}' 2>&1);
        isnt($?, 0, "done() forgotten, $name: the file fails");
        like($said, qr/not ok 2 - done\(\) of PWR::Httpd was called/, "$name: and says why");
        my ($pid) = $said =~ /# pid (\d+)/;
        ok($pid && !kill(0 => $pid), "$name: and leaves no httpd behind");
    }
    # What such a one leaves in TMPDIR goes with ours.
    my $tmp = tempdir(CLEANUP => 1);
    chmod 0755, $tmp;
    my $killed = qx(TMPDIR='$tmp' '$^X' '-I$FindBin::Bin/../lib' -e '\$| = 1; $script kill KILL => \$\$' 2>&1);
    my ($pid) = $killed =~ /# pid (\d+)/;
    my $until = time + 10;
    select undef, undef, undef, 0.02 while $pid && kill(0 => $pid) && time < $until;
    ok($pid && !kill(0 => $pid), 'nor does a test that is killed');
    return;
}

sub tls {
    my $tls = PWR::TLS->new;
    my $httpd = PWR::Httpd->new(module => 0, tls => $tls, modules => ['http2']);
    my $client = $httpd->start->client;
    is($client->get('/')->status, 200, 'https');
    my $stranger = PWR::Client->new(url => $httpd->url, ca => PWR::TLS->new->ca);
    is($stranger->get('/')->status, 0, "not with another's authority");
    my $name = PWR::Client->new(url => 'https://pwreset.test:' . $httpd->port, ca => $tls->ca,
        connect => '127.0.0.1');
    is($name->get('/')->status, 200, 'by name');
    SKIP: {
        skip('prefork has no HTTP/2', 2) if !$httpd->has_http2;
        my $r = $client->h2(GET => '/');
        is_deeply([$r->status, $r->version, $r->error], [200, '2', ''], 'HTTP/2 over TLS');
        is($name->h2(GET => '/')->status, 200, 'by name, HTTP/2');
    }
    $httpd->done;
    return;
}

# httpd's children, who are not root, reach the database of the test.
sub database {
    my $kind = shift;
    my $db = PWR::Database->new($kind);
    my $httpd = PWR::Httpd->new(module => 0, database => $db, modules => [qw(auth_basic authn_dbd)], conf => <<'CONF');
<Location /portal>
    AuthType Basic
    AuthName x
    AuthBasicProvider dbd
    AuthDBDUserPWQuery "SELECT password FROM person WHERE login = %s"
    Require valid-user
</Location>
CONF
    $db->dbh->do('PRAGMA journal_mode=WAL') if $kind eq 'sqlite';
    $db->dbh->do('CREATE TABLE person (login VARCHAR(9), password VARCHAR(99))');
    $db->dbh->do('INSERT INTO person VALUES (?, ?)', {}, 'ivan', '{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=');
    my $client = $httpd->start->client;
    my %status = ('123456' => 200, '1234567' => 401);
    for my $password (sort keys %status) {
        my $basic = 'Basic ' . MIME::Base64::encode("ivan:$password", '');
        is($client->get('/portal/', headers => [[Authorization => $basic]])->status, $status{$password},
            "password $password");
    }
    $httpd->expect_log('AH01617')->done;
    return;
}

my $conf = <<'CONF';
RedirectMatch "^/hop$" "/hop2"
Redirect /hop2 ${URL}/
Redirect /away http://www.example.org/
<Location /echo>
    Header always set X-Got "expr=%{HTTP:X-A}"
    Header always set X-Host "expr=%{HTTP_HOST}"
    Header always set X-Cookie "%{COOKIES}e"
    Header always set Set-Cookie "pwr-1=abc; Path=/; HttpOnly"
</Location>
SetEnvIf Cookie "(.+)" COOKIES=$1
<Location /forget>
    Header always set Set-Cookie "pwr-1=; Path=/; Max-Age=0"
</Location>
CONF

log_rules();
crash_rules();
wire_rules();
page_rules();
for my $mpm (qw(event worker prefork)) {
    my $httpd = PWR::Httpd->new(mpm => $mpm, module => 0, conf => $conf, modules => ['http2', 'cgi']);
    my $client = $httpd->start->client;
    subtest "requests ($mpm)" => sub { requests($httpd, $client) };
    subtest "life ($mpm)" => sub { life($httpd, $client) };
    my $r = $client->h2(POST => '/nothing', form => [a => 1]);
    is_deeply([$r->status, $r->version, $r->error], [404, '2', ''], "HTTP/2 ($mpm)") if $mpm ne 'prefork';
    cmp_ok(scalar(my @lines = $httpd->access_log), '>', 10, "access log ($mpm)");
    $httpd->done;
}
subtest 'what makes a test fail' => \&failures;
subtest 'bad starts' => \&bad_starts;
subtest 'forgotten' => \&forgotten;
subtest 'TLS' => \&tls;
subtest "database ($_)" => \&database, $_ for qw(sqlite mysql);
done_testing();
