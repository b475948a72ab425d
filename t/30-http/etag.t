#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages that are the same for everybody have an ETag, and who has such a
# page is answered 304; all other answers have none.  No two bodies share one.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(strftime);
use PWR::Walk;
use Test::More;

my @common = map { "/account/$_" } qw(forgot login reset notme);

my $conf = <<'CONF';
Protocols h2c http/1.1
SetEnvIf X-Deflate 1 force-gzip
SetEnvIf X-Plain 1 no-gzip
SetOutputFilter DEFLATE
CONF

# As a client that takes no other encoding than this asks.
sub plain { return [['X-Plain', 1], @_] }

sub tag { return scalar $_[0]->headers('ETag') }

sub not_modified {
    my ($r, $etag, $name) = @_;
    is_deeply([$r->status, $r->body, $r->header('ETag')], [304, '', $etag], "$name: not modified") or diag $r->raw;
    my %vary = map { lc $_ => 1 } split /\s*,\s*/, $r->header('Vary') // '';
    is_deeply([$r->headers('Cache-Control'), \%vary, $r->headers('Set-Cookie')],
        ['no-store', {accept => 1, 'accept-language' => 1, cookie => 1}], "$name: and not to be kept either");
    return;
}

sub conditions {
    my ($client, $path, $has_http2) = @_;
    my $r = $client->get($path, headers => plain());
    my $etag = $r->header('ETag');
    like($etag, qr/^"[0-9a-f]{32}"$/, "$path: a strong ETag");
    is($r->header('Cache-Control'), 'no-store', "$path: what is typed into it is not to be kept");
    my $ask = sub { my ($method, @headers) = @_; return $client->request($method, $path, headers => plain(@headers)) };
    is($ask->('GET')->header('ETag'), $etag, "$path: the same again");
    is($ask->('HEAD')->header('ETag'), $etag, "HEAD $path: the same");
    for my $method (qw(GET HEAD)) {
        for my $given ($etag, "W/$etag", "\"x\", $etag", '*') {
            not_modified($ask->($method, ['If-None-Match', $given]), $etag, "$method $path, $given");
        }
        for my $given ('"x"', $etag =~ tr/"//dr, '"' . 'f' x 32 . '"', '', $etag =~ s/"$/-gzip"/r) {
            my $other = $ask->($method, ['If-None-Match', $given]);
            is_deeply([$other->status, $other->header('ETag')], [200, $etag], "$method $path: '$given' is another");
        }
        # No moment is that of a page, the present one least of all.
        for my $when (time - 3600, time, time + 3600) {
            my $date = strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime $when);
            is($ask->($method, ['If-Modified-Since', $date])->status, 200, "$method $path: since $date");
            is($ask->($method, ['If-None-Match', '"x"'], ['If-Modified-Since', $date])->status, 200,
                "$method $path: another, since $date");
            not_modified($ask->($method, ['If-None-Match', $etag], ['If-Modified-Since', $date]), $etag,
                "$method $path: the same, since $date");
        }
        is($ask->($method, ['If-Match', '"x"'])->status, 200, "$method $path: what is no condition for it");
        is($ask->($method, ['If-Unmodified-Since', 'Mon, 23 Nov 2015 00:00:00 GMT'])->status, 200, "$method $path: nor this");
    }
    my $post = $client->post($path, [], headers => plain(['If-None-Match', $etag]));
    is_deeply([$post->status, $post->header('ETag')], [422, undef], "POST $path: not by a condition");
    SKIP: {
        skip('prefork has no HTTP/2', 1) if !$has_http2;
        my $h2 = $client->h2(GET => $path, headers => plain(['If-None-Match', $etag]));
        is_deeply([$h2->status, $h2->body, $h2->header('ETag')], [304, '', $etag], "$path in HTTP/2");
    }
    return;
}

# mod_deflate renames what it compresses: who has that gets it again, and is
# never told that he has what he has not.
sub compressed {
    my ($client, $path) = @_;
    my @gzip = ['Accept-Encoding', 'gzip'];
    my $plain = $client->get($path, headers => plain());
    my $etag = $plain->header('ETag');
    my $r = $client->get($path, headers => [@gzip, ['X-Deflate', 1]]);
    is_deeply([$r->header('Content-Encoding'), $r->header('ETag')], ['gzip', $etag =~ s/"$/-gzip"/r],
        "$path: compressed, under another name");
    for my $headers ([@gzip, ['X-Deflate', 1]], plain()) {
        my $again = $client->get($path, headers => [@$headers, ['If-None-Match', $r->header('ETag')]]);
        ok($again->status == 200 || ($again->status == 304 && $again->header('ETag') eq $r->header('ETag')),
            "$path: the compressed one again: " . $again->status);
    }
    my $again = $client->get($path, headers => plain(['If-None-Match', $r->header('ETag')]));
    is_deeply([$again->status, $again->body eq $plain->body], [200, 1], "$path: the plain one for who has the other");
    return;
}

# Each page, in each language, chosen or carried, in each type and state:
# [name, answer, is it everybody's].
sub answers {
    my ($walk, $string, $notme) = @_;
    my $ivan = $walk->signed_in('ivan');
    my $known = $walk->client;      # who has just chosen a new password
    $known->cookie($walk->cookie_name($ivan) . '-login', 'ivan');
    my @all;
    my $add = sub {
        my ($is_common, $client, $method, $path, %option) = @_;
        my $r = $client->request($method, $path, %option, keep_cookies => 0,
            headers => plain(@{$option{headers} // []}));
        my $in = join ' ', map { $r->header($_) // 'none' } qw(Content-Type Content-Language);
        push @all, [scalar @all . ": $method $path, $in", $r, $is_common];
    };
    for my $lang ('', 'lang=en', 'lang=ru', 'lang=fr') {
        for my $accept ('en', 'ru', 'fr') {
            my @headers = (headers => [['Accept-Language', $accept]]);
            my $q = sub { return '?' . join '&', grep { $_ ne '' } @_, $lang };
            for my $path (@common) {
                $add->(1, $walk->client, GET => $path . $q->(), @headers);
                $add->(0, $walk->client, GET => $path . $q->(),
                    headers => [['Accept-Language', $accept], ['Accept', 'application/json']]);
                $add->(0, $walk->client, POST => $path . $q->(), form => [], @headers);
                $add->(0, $walk->client, PUT => $path . $q->(), @headers);
                $add->(0, $walk->client, POST => $path . $q->(), form => [], headers => [['Accept-Language', $accept],
                    ['Origin', 'https://evil.example']]);
            }
            $add->(0, $ivan, GET => "/account/$_" . $q->(), @headers) for qw(login logout change sessions);
            $add->(0, $known, GET => $_, @headers) for '/account/login' . $q->(), '/account/reset' . $q->('done=1');
            $add->(0, $walk->client, GET => $_, @headers) for '/account/logout' . $q->(),
                map({ '/account/login' . $q->("return=$_") } '%2Fportal%2F', '%2F%2Fevil', ''),
                map({ '/account/reset' . $q->($_) } 'done=1', 'token=0000', "token=$string", 'token=' . '0' x 28),
                map({ '/account/notme' . $q->($_) } 'done=1', 'token=0000', "token=$notme", 'token=' . '0' x 28);
            $add->(0, $walk->client, POST => '/account/forgot' . $q->(), @headers, form => [email => $_])
                for 'x', 'nobody@example.org';
            $add->(0, $walk->client, POST => '/account/login' . $q->(), @headers, form => [login => 'x', password => 'y']);
            $add->(0, $walk->client, POST => '/account/reset' . $q->(), @headers, form => [token => $string]);
        }
    }
    return @all;
}

sub matrix {
    my @all = @_;
    my (%page, %etag);
    for my $row (@all) {
        my ($name, $r, $is_common) = @$row;
        is(tag($r), $is_common ? 1 : 0, "$name: " . $r->status . ', ' . ($is_common ? 'an ETag' : 'none')) or diag $r->raw;
        is($r->header('Cache-Control'), 'no-store', "$name: not to be kept");
        my $etag = $r->header('ETag') // next;
        my $page = join "\n", map({ $r->header($_) } qw(Content-Type Content-Language)), $r->body;
        $page{$etag}{$page} = $etag{$page}{$etag} = $name;
    }
    is_deeply([grep { keys %$_ > 1 } values %page], [], 'no two pages share an ETag');
    is_deeply([grep { keys %$_ > 1 } values %etag], [], 'and no page has two');
    # Four pages, two languages, each chosen by the browser or by ?lang=.
    is(scalar keys %page, @common * 2 * 2, 'control: all are there');
    return;
}

my $walk = PWR::Walk->new('sqlite', modules => [qw(deflate filter http2)],
    conf => $conf . join "\n", map { "PwResetLimit $_ 1000/1s 100000" } qw(forgot-client reset-client login-client login-account
    forgot-site));
$walk->add('ivan');
my $client = $walk->client;
$client->post('/account/forgot', [email => 'ivan@example.org']);
my $mail = $walk->mail_to('ivan@example.org');
subtest $_ => sub { conditions($client, $_, $walk->httpd->has_http2); compressed($client, $_) } for @common;
subtest matrix => sub { matrix(answers($walk, $mail->token, $mail->notme)) };
$walk->settle;
$walk->httpd->done;
done_testing();
