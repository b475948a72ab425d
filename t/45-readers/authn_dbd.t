#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# After a recovery on our pages the user gets in by Basic authentication of
# mod_authn_dbd in the same httpd, over the same connections.
use strict;
use warnings;
use Digest::SHA qw(sha1_base64);
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use PWR::Reader;
use PWR::Walk;
use Test::More;

my $dots = 'abcdefghijklmnopqrstuu';
chomp(my $apr1 = `printf '%s' '@{[OLD]}' | openssl passwd -apr1 -salt abcdefgh -stdin`);

my %row = (
    apr1 => [$apr1, qr/^\$2y\$12\$/],
    sha => ['{SHA}' . sha1_base64(OLD) . '=', qr/^\$2y\$12\$/],
    bcrypt => [crypt(OLD, "\$2y\$10\$$dots"), qr/^\$2y\$10\$/],
    sha512 => [crypt(OLD, '$6$abcdefgh$'), qr/^\$6\$rounds=100000\$/],
);

my $conf = <<'CONF';
<Location "/basic">
    AuthType Basic
    AuthName "Basic"
    AuthBasicProvider dbd
    AuthDBDUserPWQuery "SELECT password FROM pwreset_user WHERE login = %s"
    Require valid-user
</Location>
CONF

my $walk = PWR::Walk->new('mysql', conf => $conf, modules => [qw(auth_basic authn_dbd)]);
my ($client, $httpd) = ($walk->client, $walk->httpd);
mkdir $httpd->root . '/htdocs/basic';
$httpd->write('htdocs/basic/index.html', "basic\n");
$httpd->expect_log('AH01617');          # a wrong password
follows('mod_authn_dbd', $walk, \%row, sub {
    my ($login, $password) = @_;
    my $r = $client->get('/basic/', headers => [[Authorization => 'Basic ' . encode_base64("$login:$password", '')]]);
    die 'mod_authn_dbd: ' . $r->status . "\n" if $r->status != 200 && $r->status != 401;
    return $r->status == 200;
});
$walk->settle;
$httpd->done;
done_testing();
