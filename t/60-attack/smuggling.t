#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Requests on whose end two programs disagree (httpd CVE-2015-3183, CVE-2022-22720
# and CVE-2023-25690, HAProxy CVE-2021-40346, James Kettle 2019), and bodies that
# never end: refused or answered once, and nothing is stored.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant {SLOW_SEC => 8, LIMIT_BYTES => 16_384};

my $type = 'Content-Type: application/x-www-form-urlencoded';
my $form = 'email=ivan%40example.org';
my $hidden = "POST /account/forgot HTTP/1.1\r\nHost: x\r\n$type\r\nContent-Length: @{[length $form]}\r\n\r\n$form";

sub chunk { return sprintf "%x\r\n%s\r\n", length $_[0], $_[0] }

my $chunked = chunk($form) . "0\r\n\r\n";
my $te = 'Transfer-Encoding: chunked';
my $cl = 'Content-Length: ' . length $form;

# Lines behind the request line, body, statuses that are right (0: none came).
# What httpd itself must refuse is not ours, but our pages must not be reached.
my %odd = (
    'both lengths' => ["$cl\r\n$te", $chunked, 200, 400],
    'both, the other way' => ["$te\r\n$cl", $chunked, 200, 400],
    'both, and a request behind' => ["Content-Length: 4\r\n$te", "0\r\n\r\n$hidden", 400, 422],
    'two lengths' => ["Content-Length: 3\r\n$cl", $form, 400],
    'two lengths in one line' => ["Content-Length: 3, 24", $form, 400],
    'a signed length' => ["Content-Length: +24", $form, 400],
    'a hexadecimal length' => ["Content-Length: 0x18", $form, 400],
    'a length with a blank' => ["Content-Length : 24", $form, 400],
    'a huge length' => ["Content-Length: 99999999999999999999", $form, 400],
    'a length of 2^32 and more' => ["Content-Length: 4294967320", $form, 413],
    'chunked twice' => ["$te\r\n$te", $chunked, 200, 400, 501],
    'chunked, identity' => ["Transfer-Encoding: chunked, identity", $chunked, 400, 501],
    'identity, chunked' => ["Transfer-Encoding: identity, chunked", $chunked, 200, 400, 501],
    'xchunked' => ["Transfer-Encoding: xchunked", $chunked, 400, 501],
    'chunked with a tab' => ["Transfer-Encoding:\tchunked", $chunked, 200, 400],
    'chunked with a vertical tab' => ["Transfer-Encoding: \x0Bchunked", $chunked, 400, 501],
    'a folded line' => ["Transfer-Encoding:\r\n chunked", $chunked, 200, 400],
    'a folded line of another' => ["X: y\r\n $te", $form, 411, 422, 400, 415],
    'a bare carriage return' => ["X: y\r$te", $form, 400],
    'a blank before the colon' => ["Transfer-Encoding : chunked", $chunked, 400],
    'a header without a name' => [": x\r\n$cl", $form, 400],
    'a NUL' => ["X: a\0b\r\n$cl", $form, 400],
    'no colon' => ["chunked\r\n$cl", $form, 400],
    'a chunk of no size' => [$te, "\r\n$form\r\n0\r\n\r\n", 400],
    'a negative chunk' => [$te, "-18\r\n$form\r\n0\r\n\r\n", 400],
    'a chunk of 2^64' => [$te, "10000000000000018\r\n$form\r\n0\r\n\r\n", 400, 413],
    'a chunk that goes on' => [$te, "5\r\n${form}\r\n0\r\n\r\n", 400],
    'chunks without an end' => [$te, chunk($form), 400, 0],
    'a chunk extension' => [$te, "18;a=\"\r\nX: y\"\r\n$form\r\n0\r\n\r\n", 400],
    'a trailer' => [$te, chunk($form) . "0\r\nHost: evil.example\r\nContent-Length: 5\r\n\r\n", 200],
    'no length at all' => ['X: y', $form, 411, 422, 400],
    '1 MB' => ['Content-Length: 1000006', 'email=' . 'x' x 1_000_000, 413],
    '1 MB in chunks' => [$te, chunk('email=' . 'x' x 100_000) x 10 . "0\r\n\r\n", 413],
    'a body cut off' => ['Content-Length: 400', $form, 400, 0],
    'a pause that never ends' => ["$cl\r\nExpect: 100-continue, wonders", $form, 417],
);

my %lines = (
    'HTTP/0.9' => "POST /account/forgot\r\n", 'HTTP/1' => "POST /account/forgot HTTP/1\r\n",
    'HTTP/1.1 in lower case' => "POST /account/forgot http/1.1\r\n", 'blanks' => "POST  /account/forgot  HTTP/1.1\r\n",
    'a tab' => "POST\t/account/forgot\tHTTP/1.1\r\n", 'a fragment' => "POST /account/forgot#x HTTP/1.1\r\n",
    'no path' => "POST HTTP/1.1\r\n", 'a NUL' => "POST /account/forgot\0 HTTP/1.1\r\n",
    'a bare line feed' => "POST /account/forgot HTTP/1.1\nHost: x\n",
    'a long line' => 'POST /account/forgot?' . 'x' x 9000 . " HTTP/1.1\r\n",
    'many headers' => "POST /account/forgot HTTP/1.1\r\n" . "X: y\r\n" x 200, 'a long header' =>
        "POST /account/forgot HTTP/1.1\r\nX: " . 'y' x 9000 . "\r\n",
);

# Send, shut our side, and read all there is: the statuses of all answers.
sub answers {
    my ($client, $bytes, $is_left_open) = @_;
    my $socket = $client->open_socket;
    local $SIG{PIPE} = 'IGNORE';
    my $at = 0;
    while ($at < length $bytes) {
        my $n = syswrite $socket, $bytes, 65_536, $at or last;
        $at += $n;
    }
    shutdown $socket, 1 if !$is_left_open;
    my $text = do { local $/; <$socket> } // '';
    my @status = map { /^(\d+)/ ? $1 : () } split m{^HTTP/1\.[01] (?=\d{3} )}m, $text;
    return ($text, @status);
}

sub jobs { return $_[0]->value('SELECT COUNT(*) FROM seen') }

# Each job that is written is counted, whoever takes it away.
sub count_jobs {
    my $walk = shift;
    $walk->sql('CREATE TABLE seen (id TEXT)');
    $walk->sql('CREATE TRIGGER watch AFTER INSERT ON pwreset_job FOR EACH ROW BEGIN INSERT INTO seen VALUES (NEW.id); END');
    return;
}

sub odd {
    my $walk = shift;
    my $client = $walk->client;
    for my $name (sort keys %odd) {
        my ($lines, $body, @right) = @{$odd{$name}};
        my $before = jobs($walk);
        my ($text, @status) = answers($client, "POST /account/forgot HTTP/1.1\r\nHost: x\r\n$type\r\nConnection: close\r\n"
            . "$lines\r\n\r\n$body");
        cmp_ok(scalar @status, '<=', 1, "$name: one answer at most") or diag("@status");
        ok((grep { $_ == ($status[0] // 0) } @right), "$name: " . ($status[0] // 'none')) or diag($text);
        is(jobs($walk) - $before, ($status[0] // 0) == 200 ? 1 : 0, "$name: what is refused stores nothing");
    }
    return;
}

sub lines {
    my $walk = shift;
    my $before = jobs($walk);
    for my $name (sort keys %lines) {
        my ($text, @status) = answers($walk->client, "$lines{$name}Host: x\r\n$type\r\n$cl\r\nConnection: close\r\n\r\n$form");
        like($status[0] // 0, qr/^(?:0|400|414|505)$/, "$name: is refused") or diag($text);
    }
    is(jobs($walk), $before, 'nothing is stored');
    return;
}

# What stands behind a request is one of its own, or nothing.
sub behind {
    my $walk = shift;
    my $client = $walk->client;
    my $before = jobs($walk);
    for my $first ("GET /account/login HTTP/1.1\r\nHost: x\r\nContent-Length: " . length($hidden) . "\r\n\r\n",
        "GET /account/forgot HTTP/1.1\r\nHost: x\r\n$te\r\n\r\n" . chunk($hidden) . "0\r\n\r\n",
        "POST /account/forgot HTTP/1.1\r\nHost: x\r\nContent-Length: " . length($hidden) . "\r\nOrigin: null\r\n$type\r\n\r\n",
        "DELETE /account/forgot HTTP/1.1\r\nHost: x\r\nContent-Length: " . length($hidden) . "\r\n\r\n",
        "HEAD /account/assets/pwreset.css HTTP/1.1\r\nHost: x\r\nContent-Length: " . length($hidden) . "\r\n\r\n",
        "PUT /portal/ HTTP/1.1\r\nHost: x\r\nContent-Length: " . length($hidden) . "\r\n\r\n") {
        my $name = substr $first, 0, 20;
        my ($text, @status) = answers($client, $first . ($first =~ /chunked/ ? '' : $hidden)
            . "GET /account/reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        cmp_ok(scalar @status, '<=', 2, "$name: a body is no request") or diag("@status");
    }
    is(jobs($walk), $before, 'and does nothing');
    my ($text, @status) = answers($client, "GET /account/login HTTP/1.1\r\nHost: x\r\n\r\n$hidden"
        . "GET /account/reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    is_deeply([@status], [200, 200, 200], 'control: three requests have three answers');
    is(jobs($walk), $before + 1, 'control: and one job');
    return;
}

# A body that comes by drops ends, and holds no place for longer.
sub slow {
    my $walk = shift;
    my $before = jobs($walk);
    my @sockets = map { $walk->client->open_socket } 1 .. 8;
    my $head = "POST /account/forgot HTTP/1.1\r\nHost: x\r\n$type\r\nContent-Length: 400\r\n\r\n";
    syswrite $_, $head . 'email=' for @sockets;
    my $start = time;
    is($walk->client->get('/account/forgot')->status, 200, 'others are served meanwhile');
    for my $socket (@sockets) {
        my $answer = PWR::Response->parse(do { local $/; <$socket> } // '', 'POST');
        like($answer->status, qr/^(?:0|400|408)$/, 'a body that does not come: ' . $answer->status);
    }
    cmp_ok(time - $start, '<', SLOW_SEC, 'all have ended');
    is(jobs($walk), $before, 'nothing is stored');
    return;
}

# The same by HTTP/1.0, and by HTTP/2 with lengths that are wrong.
sub versions {
    my $walk = shift;
    my $client = $walk->client;
    my $before = jobs($walk);
    for my $lines ("$type\r\n$cl", "Host: x\r\n$type\r\n$cl\r\nConnection: keep-alive") {
        my ($text, @status) = answers($client, "POST /account/forgot HTTP/1.0\r\n$lines\r\n\r\n$form");
        is_deeply(\@status, [200], 'HTTP/1.0 is served');
    }
    my ($text, @status) = answers($client, "POST /account/forgot HTTP/1.0\r\n$type\r\n$te\r\n\r\n$chunked");
    like($status[0], qr/^(?:200|400|411|501)$/, "HTTP/1.0 in chunks: $status[0]");
    is(jobs($walk) - $before, 2 + ($status[0] == 200), 'each once');
    SKIP: {
        skip 'prefork has no HTTP/2', 3 if !$walk->httpd->has_http2;
        $before = jobs($walk);
        is($client->h2(POST => '/account/forgot', form => [email => 'ivan@example.org'])->status, 200, 'HTTP/2 is served');
        my $r = $client->h2(POST => '/account/forgot', body => 'email=' . 'x' x (2 * LIMIT_BYTES),
            headers => [['Content-Type', 'application/x-www-form-urlencoded']]);
        is($r->status, 413, 'HTTP/2: too much');
        is(jobs($walk) - $before, 1, 'HTTP/2: once');
    }
    return;
}

my $walk = PWR::Walk->new('sqlite', modules => [qw(http2 reqtimeout)], threads => 16,
    conf => 'RequestReadTimeout header=3 body=3');
$walk->httpd->allow_log(qw(AH00135));
count_jobs($walk);
subtest odd => sub { odd($walk) };
subtest lines => sub { lines($walk) };
subtest behind => sub { behind($walk) };
subtest slow => sub { slow($walk) };
subtest versions => sub { versions($walk) };
$walk->settle;
$walk->httpd->done;
done_testing();
