#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# nginx before httpd: it does the TLS and passes requests on in plain http, and
# httpd hears by mod_remoteip who asks.  conf/pwreset-nginx.conf is what
# docs/beside.md tells admins to use.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Neighbour;
use PWR::Package;
use PWR::Port;
use PWR::TLS;
use PWR::Walk;
use Test::More;

use constant VISITOR => '127.0.0.9';

my ($program) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
my @libraries;
if (!$program) {
    my $package = PWR::Package->new('nginx');
    plan skip_all => $package->problem if $package->problem;
    $program = $package->folder . '/usr/sbin/nginx';
    @libraries = $package->library_folders;
}
my ($tls, $port, $folder) = (PWR::TLS->new, PWR::Port->new, PWR::Neighbour::folder());
my $url = 'https://127.0.0.1:' . $port->number;

# The shipped file, with our addresses in the place of its own.
sub site {
    my $httpd = shift;
    open my $in, '<', "$FindBin::Bin/../../conf/pwreset-nginx.conf" or die "conf/pwreset-nginx.conf: $!\n";
    my $text = do { local $/; <$in> };
    my %ours = ('443 ssl' => '127.0.0.1:' . $port->number . ' ssl', '127.0.0.1:8080' => '127.0.0.1:' . $httpd->port,
        '/etc/ssl/certs/www.example.org.pem' => $tls->certificate, '/etc/ssl/private/www.example.org.key' => $tls->key,
        '/var/log/nginx/pwreset.log' => "$folder/pwreset.log");
    for my $theirs (keys %ours) {
        $text =~ s/\Q$theirs\E/$ours{$theirs}/g or die "conf/pwreset-nginx.conf: no $theirs\n";
    }
    return $text;
}

sub start_nginx {
    my $httpd = shift;
    my $paths = join '', map { "${_}_temp_path $folder/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi);
    my $conf = PWR::Neighbour::write($folder, 'nginx.conf', "daemon off;\npid $folder/pid;\nerror_log $folder/error.log;\n"
        . "events {}\nhttp {\naccess_log $folder/access.log combined;\n$paths@{[site($httpd)]}}\n");
    my $up = PWR::Client->new(url => $url, ca => $tls->ca, timeout => 1);
    return PWR::Neighbour->new(folder => $folder, libraries => \@libraries, command => [$program, '-e', "$folder/error.log",
        '-c', $conf], is_up => sub { eval { $up->get('/')->status } });
}

# From another address of this machine (PWR::Client has one).
sub visitor {
    my (@arguments) = @_;
    my @command = ('curl', '-q', '-sS', '--cacert', $tls->ca, '--interface', VISITOR, '-o', '/dev/null', '-w', '%{http_code}',
        @arguments);
    open my $out, '-|', @command or die "curl: $!\n";
    local $/;
    return scalar <$out> // '';
}

my $walk = PWR::Walk->new('sqlite', start => 0, modules => ['remoteip'], limits => 1, conf => <<"CONF");
PwResetPublicURL $url
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
PwResetLimit forgot-client 2/1h
CONF
$walk->httpd->start;
my $nginx = start_nginx($walk->httpd);
$walk->add($_) for qw(ivan olga);
my $client = PWR::Client->new(url => $url, ca => $tls->ca);

is(visitor('-d', 'email=ivan@example.org', "$url/account/forgot"), 200, 'somebody asks from elsewhere');
my $mail = $walk->mail_to('ivan@example.org');
like($mail->link, qr{^\Q$url\E/account/reset\?}, 'the link leads to nginx');
like($mail->text, qr/^Address: @{[VISITOR]}$/m, 'and the mail says who asked, by the address that nginx has seen');
is(visitor('-H', 'X-Forwarded-For: 192.0.2.66', '-d', 'email=olga@example.org', "$url/account/forgot"), 200,
    'who says another');
like($walk->mail_to('olga@example.org')->text, qr/^Address: @{[VISITOR]}$/m, '... is not believed');
is(visitor('-d', 'email=olga@example.org', "$url/account/forgot"), 429, 'and has the limit of a client');
is($client->post('/account/forgot', [email => 'nobody@example.org'])->status, 200, 'which is not that of others');

my $page = $client->get($client->resolve($mail->link, '/'));
my $r = $client->submit($page, {password => NEW, confirm => NEW});
is($r->status, 303, 'the password is changed');
$r = $client->post('/account/login', [login => 'ivan', password => NEW, return => '/portal/']);
my ($cookie) = grep { /^__Host-pwr-[0-9a-f]{6}=/ && !/Max-Age=0/ } $r->headers('Set-Cookie');
like($cookie // '', qr/; Secure/, 'the cookie is one of https, though httpd speaks http');
is($client->follow($r)->header('X-User'), 'ivan', 'signed in');
is($client->post('/account/logout', [], headers => [[Origin => $url], ['Sec-Fetch-Site', undef]])->status, 303,
    'a form of ours is known as such');
is($client->post('/account/logout', [], headers => [[Origin => 'https://evil.example']])->status, 403, 'that of others is not');
is($client->get('/account/login', headers => [['X-Forwarded-Host', 'evil.example'], ['X-Forwarded-Proto', 'http']])
    ->status, 200, 'headers of proxies lead nobody elsewhere');
my @lines = map { PWR::HttpdLog->new("$folder/$_")->lines } qw(pwreset.log access.log error.log);
like($lines[0] // '', qr{"POST /account/forgot HTTP/\d}, 'nginx has a log of its own');
is(scalar(grep { index(uc, uc($mail->token =~ tr/-//dr)) >= 0 } @lines), 0, 'without control strings');
$walk->settle;
$walk->httpd->done;
done_testing();
