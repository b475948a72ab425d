#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# AuthType PwReset: who is turned away how, and what scripts, backends and logs
# get to know of who was let in.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Backend;
use PWR::Sites;
use PWR::Walk;
use Test::More;

my $html = [Accept => 'text/html,application/xhtml+xml,*/*;q=0.8'];

# Who is a person at a browser: method, headers, status.
my @asked = (
    ['a browser of today', GET => [['Sec-Fetch-Mode', 'navigate'], $html], 303],
    ['one that accepts anything', GET => [['Sec-Fetch-Mode', 'navigate'], [Accept => '*/*']], 303],
    ['an older one', GET => [$html], 303],
    ['one that only looks', HEAD => [$html], 303],
    ['a script of today', GET => [['Sec-Fetch-Mode', 'cors'], $html], 401],
    ['a picture', GET => [['Sec-Fetch-Mode', 'no-cors'], $html], 401],
    ['an empty mode', GET => [['Sec-Fetch-Mode', ''], $html], 401],
    ['an older script', GET => [$html, ['X-Requested-With', 'XMLHttpRequest']], 401],
    ['a script that wants JSON', GET => [[Accept => 'application/json']], 401],
    ['a program', GET => [], 401],
    ['a program that accepts anything', GET => [[Accept => '*/*']], 401],
    ['a form', POST => [['Sec-Fetch-Mode', 'navigate'], $html], 401],
    ['DELETE', DELETE => [['Sec-Fetch-Mode', 'navigate'], $html], 401],
    ['OPTIONS', OPTIONS => [$html], 401],
    ['BREW', BREW => [$html], 401],
);

sub turned_away {
    my $sites = PWR::Sites->new({
        plain => '',
        quote => q(PwResetRealm 'a "quoted" realm'),
        off => 'PwResetLogin Off',
        elsewhere => "PwResetLogin Off\nPwResetLoginURL https://sso.example.org/in?x=y",
    });
    for my $row (@asked) {
        my ($who, $method, $headers, $status) = @$row;
        my $r = $sites->client('plain')->request($method, '/portal/?a=b', headers => $headers);
        is($r->status, $status, "$who: $status");
        is($r->header('WWW-Authenticate'), $status == 401 ? 'PwReset realm="plain.test:' . $sites->httpd->port
            . '/account"' : undef, "$who: the challenge");
        is($r->header('Location'), $status == 303 ? '/account/login?return=%2Fportal%2F%3Fa%3Db' : undef,
            "$who: the way");
        is($r->header('Set-Cookie'), undef, "$who: no cookie");
        like($r->header('Cache-Control'), qr/no-store/, "$who: not to be kept");
    }
    is($sites->client('quote')->get('/portal/')->header('WWW-Authenticate'),
        'PwReset realm="a \"quoted\" realm"', 'a realm with quotes');
    is($sites->client('off')->get('/portal/', headers => [$html])->status, 401, 'without a login page');
    my $r = $sites->client('elsewhere')->get('/portal/', headers => [$html]);
    is($r->header('Location'), 'https://sso.example.org/in?x=y', 'with one elsewhere');
    $sites->httpd->done;
    return;
}

# What was asked for, and what the login page is told; undef: nothing.
my $long = '/portal/?' . 'x' x 1991;
my @target = (
    ['/portal', '/portal'],
    ['/portal/?', '/portal/?'],
    ['/portal/a%2520b?c=%26&d=e', '/portal/a%2520b?c=%26&d=e'],
    ['/portal/?q=https://elsewhere.example/', '/portal/?q=https://elsewhere.example/'],
    ["/portal/?q=%d0%9f", '/portal/?q=%d0%9f'],
    [$long, $long],
    ["${long}x", undef],
    ['//portal/', undef],
    ['/portal/../portal/', undef],
    ['/portal/?q="<>', undef],
    ["/portal/?q=\xd0\x9f", undef],
);

sub ways_back {
    my $sites = PWR::Sites->new({plain => ''});
    $sites->walk->add('ivan');
    for my $row (@target) {
        my ($target, $back) = @$row;
        my $shown = length $target > 60 ? length($target) . ' bytes'
            : $target =~ s/([^ -~])/sprintf '<%02x>', ord $1/ger;
        my $client = $sites->client('plain');
        my $r = $client->get($target, headers => [$html]);
        is($r->status, 303, "$shown: led to the login");
        my $page = $client->follow($r);
        is($page->status, 200, "$shown: which works");
        is($page->form->{fields}{return}, $back, "$shown: and knows the way back");
        $r = $client->submit($page, {login => 'ivan', password => OLD});
        is($r->header('Location'), $back // '/', "$shown: goes there");
    }
    my $r = $sites->client('plain')->get('http://plain.test:' . $sites->httpd->port . '/portal/', headers => [$html]);
    is($r->status, 303, 'a whole URL');
    $sites->httpd->done;
    return;
}

my $cgi = <<'CONF';
ScriptAlias "/cgi" "${ROOT}/env.cgi"
LogFormat "%u" user
CustomLog "${ROOT}/logs/users.log" user
<Directory "${ROOT}">
    Require all granted
</Directory>
<Location "/cgi/in">
    AuthType PwReset
    Require valid-user
</Location>
CONF

# What a CGI script is told, by name.
sub environment {
    my ($client, $path, $cookie) = @_;
    my $r = $client->get($path, $cookie ? (headers => [[Cookie => $cookie]]) : ());
    my %env = map { /^(\w+)=(.*)/ ? ($1 => $2) : () } split /\n/, $r->body;
    return \%env;
}

sub scripts {
    my $sites = PWR::Sites->new({cgi => "$cgi\nPwResetUserHeader X-Portal-User",
        shown => "$cgi\nPwResetHideCookie Off"}, modules => ['cgi'], start => 0);
    my $httpd = $sites->httpd;
    $sites->walk->add('ivan');
    chmod 0755, $httpd->write('env.cgi', "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n");
    $httpd->start;
    my $ivan = $sites->signed_in('cgi', 'ivan');
    my ($name) = keys %{$ivan->cookies};
    my $ours = "$name=" . $ivan->cookie($name);
    for my $row (['/cgi/in', 'ivan'], ['/cgi/out', undef]) {
        my ($path, $user) = @$row;
        my $env = environment($ivan, $path, "a=1; $ours; $name-login=x; ${name}2=y; b=2");
        is_deeply([@$env{qw(REMOTE_USER AUTH_TYPE HTTP_X_PORTAL_USER)}], [$user, $user && 'PwReset', $user],
            "$path: knows the user by his login only");
        is($env->{HTTP_COOKIE}, "a=1;${\' '}${name}2=y; b=2", "$path: the cookies of others only");
        ok(!(grep { /\Q@{[$ivan->cookie($name)]}\E/ } %$env), "$path: our cookie nowhere");
        is(environment($ivan, $path, $ours)->{HTTP_COOKIE}, undef, "$path: not even an empty header");
    }
    my $shown = $sites->signed_in('shown', 'ivan');
    my ($other) = map { "$_=" . $shown->cookie($_) } keys %{$shown->cookies};
    is(environment($shown, '/cgi/out')->{HTTP_COOKIE}, $other, 'PwResetHideCookie Off shows it');
    my @users = PWR::HttpdLog->new($httpd->root . '/logs/users.log')->lines;
    is(scalar(grep { $_ eq 'ivan' } @users), 2, '%u in the log');
    $httpd->done;
    return;
}

my $backend = PWR::Backend->new;
my $proxy = <<"CONF";
PwResetUserHeader X-User
ProxyPass "/app" "@{[$backend->url]}/app"
<Location "/app/in">
    AuthType PwReset
    Require valid-user
</Location>
CONF

# Headers that a visitor sends to be taken for somebody, and what the backend
# must hear then of a stranger and of ivan.
my @spoof = (
    ['the header', [['X-User', 'admin']]],
    ['twice', [['X-User', 'admin'], ['X-User', 'root']]],
    ['in other case', [['x-uSER', 'admin']]],
    ['with an underscore', [['X_User', 'admin']]],
    ['both, and more', [['X_USER', 'admin'], ['X-User', 'admin'], ['X_user', 'admin']]],
    ['as a hop', [[Connection => 'X-User']]],
    ['as a hop among others', [[Connection => 'close, x-user ,keep-alive']]],
    ['as a hop, with it', [[Connection => 'close'], [Connection => 'X-User'], ['X-User', 'admin']]],
);

sub backends {
    my $sites = PWR::Sites->new({app => $proxy, shown => "$proxy\nPwResetHideCookie Off"},
        modules => [qw(proxy proxy_http)]);
    $sites->walk->add($_) for 'ivan', "\x{438}\x{432}\x{430}\x{43d}";
    my ($ivan, $nobody) = ($sites->signed_in('app', 'ivan'), $sites->client('app'));
    for my $row (['nothing', []], @spoof) {
        my ($how, $headers) = @$row;
        for my $path (qw(/app/in /app/out)) {
            for my $who ($path eq '/app/in' ? $ivan : ($ivan, $nobody)) {
                my $r = $who->get($path, headers => $headers);
                is($r->status, 200, "$how: $path is answered");
                is(PWR::Backend::header($r, 'X-User'), $path eq '/app/in' ? 'ivan' : undef, "$how: $path hears");
                unlike($r->body, qr/admin|root/, "$how: $path hears nothing else");
            }
        }
    }
    my ($name, $id) = %{$ivan->cookies};
    my $cookie = [[Cookie => "a=1; $name=$id; $name-login=x; b=2"]];
    for my $path (qw(/app/in /app/out)) {
        my $r = $ivan->get($path, headers => $cookie);
        is(PWR::Backend::header($r, 'Cookie'), 'a=1; b=2', "$path: the cookies of others");
        unlike($r->body, qr/\Q$id\E/, "$path: not ours");
    }
    my $shown = $sites->signed_in('shown', 'ivan');
    like(PWR::Backend::header($shown->get('/app/out'), 'Cookie'), qr/pwr-/, 'PwResetHideCookie Off shows it');
    my $other = $sites->signed_in('app', "\x{438}\x{432}\x{430}\x{43d}");
    is(PWR::Backend::header($other->get('/app/in'), 'X-User'), "\xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd",
        'a login beyond ASCII is UTF-8');
    $sites->httpd->done;
    return;
}

subtest 'turned away' => \&turned_away;
subtest 'ways back' => \&ways_back;
subtest 'scripts' => \&scripts;
subtest 'backends' => \&backends;
done_testing();
