#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Where we stand in httpd's phases: whatever a vhost says about paths, handlers
# and access, our pages stay ours, and nothing else becomes ours.
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

my $guard = <<'CONF';
<Location "/">
    AuthType PwReset
    Require valid-user
</Location>
CONF

# What a vhost may say that would like to have our paths.
my %taker = (
    'nothing' => '',
    'guard' => $guard,
    'guard-fallback' => "$guard\nFallbackResource /index.html",
    'proxy' => qq(ProxyPass "/" "$url/"),
    'proxy-encoded' => qq(ProxyPass "/" "$url/" mapping=encoded),
    'proxy-servlet' => qq(ProxyPass "/" "$url/" mapping=servlet),
    'proxy-match' => qq(ProxyPassMatch "^/(.*)" "$url/\$1"),
    'proxy-location' => qq(<Location "/">\nProxyPass "$url/"\n</Location>),
    'proxy-guard' => qq($guard\nProxyPass "/" "$url/"),
    'proxy-handler' => qq(<Location "/">\nSetHandler "proxy:$url/"\n</Location>),
    'rewrite-proxy' => qq(RewriteEngine On\nRewriteRule "^/(.*)" "$url/\$1" [P]),
    'rewrite-folder' => qq(<Location "/">\nRewriteEngine On\nRewriteRule "(.*)" "$url/\$1" [P]\n</Location>),
    'rewrite-front' => qq(<Location "/">\nRewriteEngine On\nRewriteRule . /index.html [L]\n</Location>),
    'rewrite-away' => qq(RewriteEngine On\nRewriteRule "^/account/(.*)" "/portal/\$1" [PT]),
    'redirect' => qq(Redirect "/" "http://elsewhere.test/"),
    'alias' => qq(Alias "/account" "\${ROOT}/htdocs/portal"),
    'alias-root' => qq(Alias "/" "\${ROOT}/htdocs/portal/"),
    'script-alias' => qq(ScriptAlias "/" "\${ROOT}/htdocs/"),
    'files' => qq(<FilesMatch ".*">\nSetHandler server-status\nForceType image/png\n</FilesMatch>),
    'handler' => qq(<Location "/">\nSetHandler server-status\n</Location>),
    'handler-none' => qq(<Location "/">\nSetHandler none\nSetHandler default-handler\n</Location>),
    'type' => qq(<Location "/">\nForceType image/png\nAddDefaultCharset koi8-r\nDefaultLanguage de\n</Location>),
    'suffix' => qq(AddHandler cgi-script .css .js\nAddType image/png .css\nAddEncoding x-gzip .css\n)
        . qq(AddCharset koi8-r .css\nAddLanguage de .css .js),
    'multiviews' => "Options +MultiViews\nCheckSpelling On",
    'fallback' => 'FallbackResource /index.html',
    'fallback-proxy' => qq(FallbackResource /app/\nProxyPass "/app" "$url/"),
    'index' => qq(DirectoryIndex login.html index.html\nDirectorySlash Off),
    'includes' => qq(<Location "/">\nOptions +Includes\nSetOutputFilter INCLUDES\n</Location>),
);

# Our own pages are known by a header that nobody else here sets.
sub is_ours { return ($_[0]->header('Referrer-Policy') // '') eq 'strict-origin' }

my %status = (
    '/account/login' => 200, '/account/login?lang=ru' => 200, '/account/forgot' => 200, '/account/reset' => 200,
    '/account/logout' => 200, '/account/change' => 303, '/.well-known/change-password' => 303,
    '/account//login' => 200, '/account/./login' => 200, '/account/l%6Fgin' => 200,
);

my %type = (css => 'text/css; charset=utf-8', js => 'text/javascript; charset=utf-8', svg => 'image/svg+xml');

sub pages {
    my ($client, $name) = @_;
    for my $path (sort keys %status) {
        my $r = $client->get($path);
        ok($r->status == $status{$path} && is_ours($r), "$name: $path") or diag $r->raw;
        is($r->header('Content-Language'), $path =~ /ru/ ? 'ru' : 'en', "$name: its language");
    }
    my %urls = map { s/&#61;/=/r => 1 } $client->get("/account/login")->text
        =~ m{(?:href|src)="(/account/assets/[^"]*)"}g;
    is(scalar keys %urls, 3, "$name: the assets of a page");
    for my $url (sort keys %urls) {
        my $r = $client->get($url);
        my ($suffix) = $url =~ /\.(\w+)\?/;
        is($r->status, 200, "$name: $url");
        is($r->header('Content-Type'), $type{$suffix}, "$name: its type");
        is_deeply([map { $r->header($_) } qw(Content-Encoding Content-Language)], [undef, undef], "$name: as it is");
        cmp_ok(length $r->body, '>', 100, "$name: and it is there");
    }
    my $r = $client->post('/account/forgot', [email => 'nobody@example.org']);
    ok($r->status == 200 && $r->notice, "$name: forgot takes a post");
    ok(!is_ours($client->get('/account/nothing')), "$name: what is unknown under the base is not ours");
    return;
}

sub takers {
    my $sites = PWR::Sites->new(\%taker, modules => [qw(rewrite proxy proxy_http status cgi include speling
        negotiation)]);
    $sites->walk->add('ivan');
    for my $name (sort keys %taker) {
        pages($sites->client($name), $name);
        is($sites->signed_in($name, 'ivan')->get('/account/change')->status, 200, "$name: a session");
    }
    my $r = $sites->client('includes')->post('/account/login', [login => '<!--#echo var="DATE_GMT" -->', password => 'x']);
    is($r->status, 422, 'includes: what looks like an element of theirs');
    like($r->text, qr/value="[^"]*\#[^"]*echo var/, 'includes: is shown as it was typed');
    # Of /account/nothing, where it became something else (a script of mod_cgid, or
    # of prefork's mod_cgi).
    $sites->httpd->expect_log('AH00124', $sites->httpd->{mpm} eq 'prefork' ? 'AH02811' : 'AH01264')->done;
    return;
}

# Who guards the whole site decides about our pages too, unless a user is all
# that is missing: what a stranger gets from our pages and from /.
my $auth = "AuthType PwReset\n";
my %guard = (
    'valid-user' => ["$auth Require valid-user", 200, 303],
    'user' => ["$auth Require user ivan", 200, 303],
    'ip' => ["$auth Require ip 192.0.2.1", 403, 403],
    'ip-ours' => ["$auth Require ip 127.0.0.1", 200, 200],
    'denied' => ["$auth Require all denied", 403, 403],
    'denied-plain' => ['Require all denied', 403, 403],
    'ip-plain' => ['Require ip 192.0.2.1', 403, 403],
    'ip-and-user' => ["$auth <RequireAll>\nRequire ip 192.0.2.1\nRequire valid-user\n</RequireAll>", 403, 403],
    'denied-and-user' => ["$auth <RequireAll>\nRequire valid-user\nRequire all denied\n</RequireAll>", 403, 403],
    'all-and-user' => ["$auth <RequireAll>\nRequire all granted\nRequire valid-user\n</RequireAll>", 200, 303],
    'ip-or-user' => ["$auth <RequireAny>\nRequire ip 192.0.2.1\nRequire valid-user\n</RequireAny>", 200, 303],
    'not-ip' => ["$auth <RequireAll>\nRequire not ip 127.0.0.1\nRequire valid-user\n</RequireAll>", 403, 403],
    'not-other-ip' => ["$auth <RequireAll>\nRequire not ip 192.0.2.1\nRequire valid-user\n</RequireAll>", 200, 303],
    'not-user' => ["$auth <RequireAll>\nRequire not user olga\nRequire valid-user\n</RequireAll>", 200, 303],
    'expression' => [qq($auth <RequireAll>\nRequire expr "%{HTTP:X-Pass} == 'yes'"\nRequire valid-user\n</RequireAll>),
        403, 403],
    'forbidden' => ["$auth AuthzSendForbiddenOnFailure On\nRequire ip 192.0.2.1", 403, 403],
    'deny' => ["$auth Require valid-user\nOrder allow,deny\nDeny from all", 403, 403],
    'deny-or-user' => ["$auth Require valid-user\nOrder allow,deny\nDeny from all\nSatisfy any", 200, 303],
    # Not our guard: who keeps the site to himself by Basic keeps our pages, too.
    'basic' => [qq(AuthType Basic\nAuthName x\nAuthUserFile "\${ROOT}/users"\nRequire valid-user), 401, 401],
);

sub guards {
    my %vhost = map { ($_ => "<Location />\n$guard{$_}[0]\n</Location>") } keys %guard;
    my $sites = PWR::Sites->new(\%vhost, modules => [qw(auth_basic authn_file access_compat)], start => 0);
    $sites->httpd->write(users => '');
    $sites->httpd->start;
    for my $name (sort keys %guard) {
        my ($ours, $theirs) = @{$guard{$name}}[1, 2];
        my $client = $sites->client($name);
        my @navigation = (headers => [[Accept => 'text/html']]);
        is($client->get($_, @navigation)->status, $ours, "$name: $_")
            for qw(/account/login /account/forgot /account/reset /account/assets/pwreset.css);
        is($client->get('/.well-known/change-password')->status, $ours == 200 ? 303 : $ours, "$name: well-known");
        is($client->post('/account/forgot', [email => 'nobody@example.org'])->status, $ours, "$name: a post");
        is($client->get($_, @navigation)->status, $theirs, "$name: $_ is guarded") for '/', '/index.html';
    }
    my $anybody = $sites->client('expression', headers => [['X-Pass', 'yes']]);
    is($anybody->get('/account/login')->status, 200, 'expression: who passes it sees our pages');
    $sites->httpd->expect_log(qw(AH01630 AH01797))->done;
    return;
}

# Statuses of our pages: what asks for each.
my %asks = (
    400 => sub { $_[0]->get('/account/login?lang=en&lang=ru') },
    401 => sub { $_[0]->post('/account/change', []) },
    403 => sub { $_[0]->post('/account/forgot', [email => 'x'], headers => [[Origin => 'http://evil.example']]) },
    404 => sub { $_[0]->get('/account/logout') },
    405 => sub { $_[0]->request(DELETE => '/account/forgot') },
    410 => sub { $_[0]->get('/account/reset?token=' . '0' x 28) },
    413 => sub { $_[0]->post('/account/forgot', [email => 'x' x 20_000]) },
    415 => sub { $_[0]->request(POST => '/account/forgot', body => 'x', headers => [['Content-Type', 'text/plain']]) },
    422 => sub { $_[0]->post('/account/forgot', []) },
    503 => sub { $_[0]->post('/account/forgot', [email => 'x@example.org']) },
);

# Neither a text nor a page of the vhost stands in for a page of ours.
sub error_documents {
    my $local = join "\n", map { "ErrorDocument $_ /portal/index.html" } 405, sort keys %asks;
    my $text = join "\n", map { qq(ErrorDocument $_ "theirs") } 405, sort keys %asks;
    my $sites = PWR::Sites->new({page => $local, text => $text, off => "$text\nPwResetLogin Off"});
    my %client = map { ($_ => $sites->client($_)) } qw(page text off);
    for my $status (sort keys %asks) {
        $sites->walk->sql('ALTER TABLE pwreset_job RENAME TO pwreset_away') if $status == 503;
        for my $name ($status == 404 ? 'off' : $status == 401 ? qw(page text) : qw(page text off)) {
            my $r = $asks{$status}->($client{$name});
            is($r->status, $status, "$status, $name");
            ok(is_ours($r) && $r->body =~ /<title>/ && $r->body !~ /theirs|the portal/, "$status, $name: ours");
        }
    }
    is($client{text}->get('/nothing')->body, 'theirs', 'other pages have theirs');
    # An asset has no page of its own to show, but no way past a guard either.
    is($client{page}->request(DELETE => '/account/assets/pwreset.css')->status, 405, 'an asset');
    unlike($client{page}->request(DELETE => '/account/assets/pwreset.css')->body, qr/the portal/, 'is no way in');
    $sites->httpd->expect_log('PWR0204')->done;
    return;
}

# Lines without an id go to a log of their own.
my $include = <<'CONF';
ErrorLog "${ROOT}/logs/include.log"
AddOutputFilter INCLUDES .shtml
<Directory "${ROOT}/htdocs">
    Options +Includes
</Directory>
<Location "/portal">
    ErrorDocument 404 /portal/missing.shtml
</Location>
<Location "/error">
    ErrorDocument 404 /account/forgot
</Location>
CONF

my %page = (
    'page.html' => 'index',
    'who.shtml' => '<!--#echo var="REMOTE_USER" -->;',
    'page.shtml' => '<!--#include virtual="/portal/who.shtml" --><!--#include virtual="/portal/page.html" -->',
    'missing.shtml' => 'missing: <!--#echo var="REMOTE_USER" -->',
    'ours.shtml' => '[<!--#include virtual="/account/login" -->]',
);

sub inner_requests {
    my $sites = PWR::Sites->new({site => $include, index => "$include\nDirectoryIndex page.shtml",
        rewrite => qq(<Location "/into">\nOptions FollowSymLinks\nRewriteEngine On\nRewriteRule . /account/login\n)
        . "</Location>"}, modules => [qw(include rewrite)], start => 0);
    my ($walk, $httpd) = ($sites->walk, $sites->httpd);
    $walk->add('ivan');
    $httpd->write("htdocs/portal/$_", $page{$_}) for keys %page;
    $httpd->write('htdocs/public.shtml', 'public: <!--#include virtual="/portal/page.html" -->');
    $httpd->start;
    my ($ivan, $nobody) = ($sites->signed_in('site', 'ivan'), $sites->client('site'));
    is($ivan->get('/portal/page.shtml')->body, 'ivan;index', 'included parts know the user');
    is($ivan->get('/portal/nothing')->body, 'missing: ivan', 'as does an ErrorDocument');
    is($ivan->get('/public.shtml')->body, 'public: index', 'and a protected part of a public page');
    like($nobody->get('/public.shtml')->body, qr/^public: \[an error/, 'which nobody else sees');
    is($sites->signed_in('index', 'ivan')->get('/portal/')->body, 'ivan;index', 'as does DirectoryIndex');
    my $r = $nobody->get('/portal/', headers => [[Accept => 'text/html']]);
    is($r->header('Location'), '/account/login?return=%2Fportal%2F', 'the way back is what was asked for');
    # Into our pages leads no inner way.
    like($ivan->get('/portal/ours.shtml')->body, qr/^\[\[an error.*\]\]$/s, 'our page is not included');
    is($sites->client('rewrite')->get('/into/this')->status, 404, 'nor rewritten to');
    is($ivan->get('/error/x')->status, 404, 'nor an ErrorDocument');
    $httpd->done;
    return;
}

# .htaccess belongs to the customer: it may ask who it is where the provider
# says PwReset On, and say nothing else of ours.
sub htaccess {
    my $allow = qq(<Directory "\${ROOT}/htdocs">\nAllowOverride All\n</Directory>);
    my $apart = qq(ErrorLog "\${ROOT}/logs/refused.log"\n$allow);
    my $sites = PWR::Sites->new({on => $allow, off => "PwReset Off\n$allow", apart => $apart}, start => 0);
    my $httpd = $sites->httpd;
    my $log = PWR::HttpdLog->new($httpd->root . '/logs/refused.log');
    $sites->walk->add('ivan');
    my %folder = (guard => "AuthType PwReset\nRequire valid-user", switch => 'PwReset On',
        realm => 'PwResetRealm "elsewhere"');
    for my $name (keys %folder) {
        mkdir $httpd->root . "/htdocs/$name", 0755;
        $httpd->write("htdocs/$name/index.html", 'inside');
        $httpd->write("htdocs/$name/.htaccess", $folder{$name});
    }
    $httpd->start;
    is($sites->client('on')->get('/guard/')->status, 401, 'AuthType PwReset asks who it is');
    is($sites->signed_in('on', 'ivan')->get('/guard/')->body, 'inside', 'and lets in');
    my $mark = $httpd->log_mark;
    is($sites->client('off')->get('/guard/')->status, 500, 'without PwReset On: nobody');
    like($httpd->wait_log(qr/PWR0041/, $mark), qr/add PwReset On to this vhost/, 'and the log says why');
    for my $name (qw(switch realm)) {
        $mark = $log->mark;
        is($sites->client('apart')->get("/$name/")->status, 500, "$name: no directive of ours");
        like(join("\n", $log->lines($mark)), qr/PwReset\w* not allowed here/, "$name: and the log says why");
    }
    $httpd->expect_log('PWR0041')->done;
    return;
}

subtest 'our paths' => \&takers;
subtest 'guards' => \&guards;
subtest 'ErrorDocument' => \&error_documents;
subtest 'inner requests' => \&inner_requests;
subtest '.htaccess' => \&htaccess;
done_testing();
