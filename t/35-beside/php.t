#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An application in PHP, by PHP-FPM, with a front controller: it is protected,
# knows its user, and does not get our pages.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Neighbour;
use PWR::Package;
use PWR::Walk;
use Test::More;

my $package = PWR::Package->behind('php-fpm');
plan skip_all => $package->problem if $package->problem;
my ($program) = glob $package->folder . '/usr/sbin/php-fpm*';

my $app = <<'PHP';
<?php
header('Content-Type: text/plain');
foreach (['REQUEST_METHOD', 'REQUEST_URI', 'REMOTE_USER', 'REDIRECT_REMOTE_USER', 'AUTH_TYPE', 'HTTP_COOKIE', 'HTTP_X_USER',
    'PHP_AUTH_PW'] as $name)
    echo $name, '=', $_SERVER[$name] ?? 'none', "\n";
echo 'post=', $_POST['text'] ?? 'none', "\n";
PHP

my $folder = PWR::Neighbour::folder();
my $fpm = sub {
    my $account = PWR::Httpd::account();
    my $as = $> == 0 ? "user = $account->{name}\ngroup = $account->{group}\nlisten.owner = $account->{name}\n" : '';
    my $conf = PWR::Neighbour::write($folder, 'fpm.conf', <<"INI");
[global]
error_log = /dev/stderr
[www]
${as}listen = $folder/fpm
pm = static
pm.max_children = 2
INI
    return PWR::Neighbour->new(folder => $folder, libraries => [$package->library_folders], is_up => sub { -S "$folder/fpm" },
        command => [$program, '-n', '-F', '-O', '-y', $conf]);
}->();

my $conf = <<"CONF";
PwResetUserHeader X-User
<FilesMatch "\\.php\$">
    SetHandler "proxy:unix:$folder/fpm|fcgi://localhost"
</FilesMatch>
<Directory "\${ROOT}/htdocs">
    RewriteEngine On
    RewriteCond %{REQUEST_FILENAME} !-f
    RewriteRule ^ /index.php [L]
</Directory>
<Location "/in">
    AuthType PwReset
    Require valid-user
</Location>
CONF

# What PHP was told, by name.
sub told { return {map { /^(\w+)=(.*)/ ? ($1 => $2) : () } split /\n/, $_[0]->body} }

my $walk = PWR::Walk->new('sqlite', start => 0, conf => $conf, modules => [qw(rewrite proxy proxy_fcgi)]);
mkdir $walk->httpd->root . '/htdocs/in';
$walk->httpd->write("htdocs/$_", $app) for qw(index.php in/app.php);
unlink $walk->httpd->root . '/htdocs/index.html';
$walk->httpd->start;
$walk->add('ivan');
my $client = $walk->client;
my $got = told($client->get('/some/page?a=b', headers => [[Cookie => 'theirs=1'], ['X-User', 'ivan']]));
is_deeply([@$got{qw(REQUEST_URI HTTP_COOKIE REMOTE_USER HTTP_X_USER)}], ['/some/page?a=b', 'theirs=1', 'none', 'none'],
    'the application has its pages, and no user that a stranger names');
my $r = $client->get('/in/side', headers => [[Accept => 'text/html']]);
is_deeply([$r->status, $r->header('Location')], [303, '/account/login?return=%2Fin%2Fside'], 'a stranger is led to the login');
$r = $client->post('/account/login', [login => 'ivan', password => OLD, return => '/in/side']);
$got = told($client->follow($r));
is_deeply([@$got{qw(REQUEST_URI REDIRECT_REMOTE_USER HTTP_X_USER)}], ['/in/side', 'ivan', 'ivan'],
    'whoever signs in is known by name, behind the front controller, too');
is_deeply([@$got{qw(HTTP_COOKIE PHP_AUTH_PW)}], ['none', 'none'], 'by nothing else: neither session nor password');
$got = told($client->get('/in/app.php'));
is_deeply([@$got{qw(REMOTE_USER AUTH_TYPE HTTP_X_USER)}], ['ivan', 'PwReset', 'ivan'], 'as on a page that is a file');
$got = told($client->post('/in/side', [text => 'what I wrote']));
is_deeply([@$got{qw(REQUEST_METHOD post HTTP_X_USER)}], ['POST', 'what I wrote', 'ivan'], 'forms reach it');
for my $path (qw(login forgot reset logout change assets/pwreset.css)) {
    $r = $client->get("/account/$path");
    ok($r->status == 200 && $r->header('Content-Type') =~ m{^text/(?:html|css);}, "/account/$path is ours") or diag $r->raw;
}
is(told($client->get('/account/nothing'))->{REQUEST_URI}, '/account/nothing', 'what is no page of ours is the application\'s');
like($client->get('/.well-known/change-password')->header('Location'), qr{^/account/change}, 'the well-known address is ours');
$walk->httpd->done;
done_testing();
