#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What stands behind AuthType PwReset is one visitor's: every answer says so to
# whoever may keep it, and httpd's own cache never gives it to another.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Backend;
use PWR::Sites;
use PWR::Walk;
use Test::More;

my $backend = PWR::Backend->new;
my $url = $backend->url;

my $private = <<"CONF";
ProxyPass "/portal/app" "$url/app"
ProxyPass "/open" "$url/open"
RedirectMatch "^/portal/moved" "/elsewhere"
Redirect 500 "/portal/broken"
<Location "/portal/set">
    Header set Cache-Control "public, max-age=600"
</Location>
<Location "/portal/always">
    Header always set Cache-Control "public, max-age=600"
    Header always append Vary "Accept"
</Location>
<Location "/portal/expires">
    ExpiresActive On
    ExpiresDefault "access plus 1 month"
</Location>
<Location "/portal/ip">
    <RequireAny>
        Require ip 127.0.0.1
        Require valid-user
    </RequireAny>
</Location>
<Location "/portal/olga">
    Require user olga
    ErrorDocument 401 /sorry.html
</Location>
<Location "/portal/olga-forbidden">
    AuthzSendForbiddenOnFailure On
    Require user olga
    ErrorDocument 403 "sorry"
</Location>
CONF

my $public = 'h=Cache-Control:%20public,%20max-age=600';

# What ivan asks for and gets, and what the answer must forbid.
my @answer = (
    ['/portal/', 200],
    ['/portal', 301],
    ['/portal/index.html', 200],
    ['/portal/index.html', 206, headers => [[Range => 'bytes=0-3']]],
    ['/portal/index.html', 416, headers => [[Range => 'bytes=900-']]],
    ['/portal/index.html', 304, headers => [['If-None-Match', '*']]],
    ['/portal/index.html', 412, headers => [['If-Unmodified-Since', 'Thu, 01 Jan 1998 00:00:00 GMT']]],
    ['/portal/index.html', 200, method => 'HEAD'],
    ['/portal/index.html', 200, method => 'OPTIONS'],
    ['/portal/nothing', 404],
    ['/portal/moved', 302],
    ['/portal/broken', 500],
    ['/portal/set', 200], ['/portal/set/', 404],
    ['/portal/always', 200], ['/portal/always/', 404],
    ['/portal/expires', 200],
    ['/portal/ip', 200],
    ['/portal/olga', 401],
    ['/portal/olga-forbidden', 403],
    ["/portal/app?$public", 200],
    ["/portal/app?$public&h=Expires:%20Fri,%2031%20Dec%202100%2023:59:59%20GMT", 200],
    ["/portal/app?$public&h=Cache-Control:%20s-maxage=600", 200],
    ["/portal/app?$public&etag=1", 304, headers => [['If-None-Match', '"1"']]],
    ["/portal/app?$public&status=404", 404],
    ["/portal/app?$public&status=410", 410],
    ["/portal/app?$public&status=503", 503],
    ["/portal/app?$public&status=301&h=Location:%20/x", 301],
    ['/portal/app?h=Vary:%20*', 200],
    ['/portal/app', 200, method => 'POST', form => [a => 1]],
);

sub is_private {
    my ($r, $name) = @_;
    my @control = map { split /\s*,\s*/ } $r->headers('Cache-Control');
    ok((grep { $_ eq 'private' } @control) && !(grep { /^(?:public|s-maxage|max-age)/ } @control), "$name: private")
        or diag $r->raw;
    ok((grep { lc eq 'cookie' } map { split /\s*,\s*/ } $r->headers('Vary')), "$name: differs by cookie");
    return;
}

sub answers {
    my $sites = PWR::Sites->new({site => $private}, modules => [qw(proxy proxy_http expires)], start => 0);
    my $httpd = $sites->httpd;
    $sites->walk->add('ivan');
    $httpd->write("htdocs/portal/$_", 'a page of the portal') for qw(set always expires ip);
    $httpd->write('htdocs/sorry.html', 'sorry');
    $httpd->start;
    my ($ivan, $nobody) = ($sites->signed_in('site', 'ivan'), $sites->client('site'));
    for my $row (@answer) {
        my ($path, $status, %option) = @$row;
        my $method = delete $option{method} // ($option{form} ? 'POST' : 'GET');
        my $r = $ivan->request($method, $path, %option);
        is($r->status, $status, "$method $path: $status");
        is_private($r, "$method $path: $status");
    }
    is_private($nobody->get('/portal/ip'), 'who is let in by address');
    is_private($nobody->get('/portal/'), 'who is refused');
    is_private($nobody->get('/portal/', headers => [[Accept => 'text/html']]), 'who is led away');
    is($ivan->get('/portal/olga')->body, 'sorry', 'the page for who may not');
    my $r = $ivan->get("/portal/app?h=Cache-Control:%20no-store");
    like($r->header('Cache-Control'), qr/no-store/, 'what was not to be stored still is not');
    # The control: elsewhere nothing is touched.
    $r = $ivan->get("/open?$public");
    is_deeply([$r->headers('Cache-Control'), $r->headers('Vary')], ['public, max-age=600'], 'other pages');
    is($ivan->get('/index.html')->header('Cache-Control'), undef, 'and files');
    $httpd->expect_log('AH01631')->done;
    return;
}

# --- mod_cache -----------------------------------------------------------------------

my $cache = <<"CONF";
ProxyPass "/open" "$url/open"
ProxyPass "/portal/app" "$url/app"
CacheSocache shmcb:\${ROOT}/run/cache(524288)
CacheEnable socache /
CacheHeader on
RemoteIPHeader X-From
<Location "/">
    AuthType PwReset
    Require valid-user
</Location>
<Location "/open">
    AuthType None
    Require all granted
</Location>
<Location "/portal/ip">
    <RequireAny>
        Require ip 192.0.2.7
        Require valid-user
    </RequireAny>
</Location>
CONF

my $eager = <<'CONF';
CacheIgnoreCacheControl On
CacheIgnoreNoLastMod On
CacheStorePrivate On
CacheStoreNoStore On
CacheStoreExpired On
CacheIgnoreHeaders Set-Cookie
CacheMinExpire 600
CacheStaleOnError On
CONF

my %caches = (quick => $cache, normal => "$cache\nCacheQuickHandler off", eager => "$cache\n$eager",
    'eager-normal' => "$cache\nCacheQuickHandler off\n$eager");

my @kept = (
    '/', '/portal/', '/portal/index.html', '/portal/nothing', '/portal/ip',
    "/portal/app?$public", "/portal/app?$public&etag=1", "/portal/app?$public&status=404",
    "/portal/app?$public&status=301&h=Location:%20/x", "/portal/app?$public&h=Vary:%20Accept",
    '/portal/app?h=Expires:%20Fri,%2031%20Dec%202100%2023:59:59%20GMT',
    '/portal/app?h=Last-Modified:%20Thu,%2001%20Jan%201998%2000:00:00%20GMT',
);

my @modules = qw(proxy proxy_http cache cache_socache socache_shmcb remoteip);

sub caches {
    my $sites = PWR::Sites->new(\%caches, modules => [@modules], start => 0);
    my $httpd = $sites->httpd;
    $sites->walk->add($_) for qw(ivan olga);
    $httpd->write('htdocs/portal/ip', 'for the office');
    $httpd->start;
    for my $name (sort keys %caches) {
        my ($ivan, $olga) = map { $sites->signed_in($name, $_) } qw(ivan olga);
        my ($nobody, $office) = map { $sites->client($name) } 1 .. 2;
        $office->{headers} = [['X-From', '192.0.2.7']];
        # The control: what is open is kept, by this very cache.
        my ($first, $second) = map { $_->get("/open?$public") } $ivan, $nobody;
        is($second->header('X-Serial'), $first->header('X-Serial'), "$name: an open page is cached");
        for my $path (@kept) {
            $_->get($path) for $ivan, $ivan, $office;
            $ivan->get($path, headers => [['If-None-Match', '"1"']]);
            is($office->get($path)->status, 200, "$name: the office needs no user") if $path =~ /ip$/;
            my $hers = $olga->get($path);
            unlike($hers->header('X-Cache') // '', qr/^(?:HIT|REVALIDATE)/, "$name: olga gets her own $path");
            my $r = $nobody->get($path);
            is($r->status, 401, "$name: a stranger gets nothing of $path");
            is($nobody->get($path, headers => [[Accept => 'text/html']])->status, 303, "$name: nor a browser");
            # Nor does a refusal stand between the next one and his page.
            is($ivan->get($path)->status, $hers->status, "$name: who is in still is");
        }
    }
    $httpd->done;
    return;
}

# Our pages are nobody else's; of our files httpd's cache would keep one for all
# of their versions, as it never sees the query.
sub own_pages {
    my $sites = PWR::Sites->new(\%caches, modules => [@modules]);
    $sites->walk->add('ivan');
    for my $name (sort keys %caches) {
        my ($ivan, $nobody) = ($sites->signed_in($name, 'ivan'), $sites->client($name));
        for my $path (qw(/account/login /account/logout /account/change /account/forgot /account/reset?token=x)) {
            $ivan->get($path) for 1 .. 2;
            my $r = $nobody->get($path);
            unlike($r->header('X-Cache') // '', qr/^HIT/, "$name: $path is not kept");
            unlike($r->body, qr/ivan/, "$name: and does not speak of ivan");
        }
        my ($file) = $nobody->get('/account/login')->text =~ m{href="(/account/assets/pwreset\.css[^"]*)"};
        $file =~ s/&#61;/=/;
        like($nobody->get($file)->header('Cache-Control'), qr/immutable/, "$name: a version is for ever") for 1 .. 2;
        like($nobody->get("${file}x")->header('Cache-Control'), qr/max-age=300/, "$name: another is not");
    }
    $sites->httpd->done;
    return;
}

subtest 'own pages' => \&own_pages;
subtest 'answers' => \&answers;
subtest 'mod_cache' => \&caches;
done_testing();
