#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Passwords as other programs wrote them open the door, and new ones are
# written in the scheme that PwResetPasswordScheme says.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(hmac_sha384_base64 sha1_base64 sha512);
use FindBin;
use MIME::Base64 qw(encode_base64);
use lib "$FindBin::Bin/../lib";
use PWR::Sites;
use PWR::Walk;
use Test::More;

my $program = ($ENV{PWR_BUILD} || "$FindBin::Bin/../../build") . '/pwresetctl';

# What a command makes of OLD.
sub made { my $command = shift; chomp(my $hash = `printf '%s' '@{[OLD]}' | $command`); return $hash }

my $dots = 'abcdefghijklmnopqrstuu';

# By login: what is stored, and what `keep` makes of it.
my %row = (
    des => [crypt(OLD, 'ab'), qr/^\$2y\$12\$/],
    md5 => [crypt(OLD, '$1$abcdefgh$'), qr/^\$2y\$12\$/],
    apr1 => [made('openssl passwd -apr1 -salt abcdefgh -stdin'), qr/^\$2y\$12\$/],
    sha => ['{SHA}' . sha1_base64(OLD) . '=', qr/^\$2y\$12\$/],
    sha256 => [crypt(OLD, '$5$abcdefgh$'), qr/^\$2y\$12\$/],
    bcrypt_weak => [crypt(OLD, "\$2y\$05\$$dots"), qr/^\$2y\$12\$/],
    bcrypt_a => [crypt(OLD, "\$2a\$10\$$dots"), qr/^\$2a\$10\$/],
    bcrypt_b => [crypt(OLD, "\$2b\$11\$$dots"), qr/^\$2b\$11\$/],
    sha512 => [crypt(OLD, '$6$abcdefgh$'), qr/^\$6\$rounds=100000\$/],
    yescrypt => [crypt(OLD, '$y$j9T$abcdefghijklmnop$'), qr/^\$y\$j9T\$/],
    ssha512 => ['{SSHA512}' . encode_base64(sha512(OLD . 'salt') . 'salt', ''), qr/^\{BLF-CRYPT\}\$2y\$12\$/],
    blf => ['{blf-crypt}' . crypt(OLD, "\$2y\$10\$$dots"), qr/^\{blf-crypt\}\$2y\$10\$/],
    wordpress => ['$wp' . crypt(hmac_sha384_base64(OLD, 'wp-sha384'), "\$2y\$10\$$dots"), qr/^\$wp\$2y\$10\$/],
    argon2id => [made("'$program' hash make argon2id"), qr/^\$argon2id\$v=19\$/],
);

# And what any other value makes of every row.
my %scheme = (
    'bcrypt:10' => qr/^\$2y\$10\$/, 'yescrypt:6' => qr/^\$y\$jAT\$/,
    'sha512-crypt' => qr/^\$6\$rounds=100000\$/, '{BLF-CRYPT}:10' => qr/^\{BLF-CRYPT\}\$2y\$10\$/,
    'argon2id' => qr/^\$argon2id\$v=19\$/,
);

# A new password by the page /change and one by a string from the mail.
sub written {
    my ($sites, $site, $login, $wanted) = @_;
    my ($walk, $browser) = ($sites->walk, $sites->signed_in($site, $login));
    is($walk->who($browser), $login, "$site, $login: the old one opens the door");
    my @ways = (
        sub { ['/account/change', [current => OLD, password => NEW, confirm => NEW]] },
        sub { ['/account/reset', [token => string_of($sites, $site, $login), password => OLD, confirm => OLD]] },
    );
    for my $way (@ways) {
        my ($path, $form) = @{$way->()};
        is($browser->post($path, $form)->status, 303, "$site, $login: $path");
        like($walk->stored($login), $wanted, "$site, $login: $path writes it so");
        my $r = $sites->client($site)->post('/account/login', [login => $login, password => $form->[-1]]);
        is($r->status, 303, "$site, $login: and it opens the door");
    }
    return;
}

# Out of the mail; the notice went to the same address.
sub string_of {
    my ($sites, $site, $login) = @_;
    $sites->client($site)->post('/account/forgot', [email => "$login\@example.org"]);
    my $mail;
    do { $mail = $sites->walk->mail_to("$login\@example.org") or die "no mail to $login\n" } until $mail->token;
    return $mail->token;
}

my %site = map { (lc s/\W//gr => $_) } 'keep', keys %scheme;
my $sites = PWR::Sites->new({
    hex => 'PwResetDefaultScheme {plain-md5}',
    map { ($_ => "PwResetPasswordScheme $site{$_}") } keys %site,
});
for my $login (sort keys %row) {
    $sites->walk->add($login, password => $row{$login}[0]);
    written($sites, 'keep', $login, $row{$login}[1]);
}
for my $site (grep { $_ ne 'keep' } sort keys %site) {
    for my $login (qw(md5 bcrypt_a argon2id)) {
        $sites->walk->add("$login-$site", password => $row{$login}[0]);
        written($sites, $site, "$login-$site", $scheme{$site{$site}});
    }
}

# Hex alone is nobody's, but where the admin says what it is.
$sites->walk->add('bare', password => md5_hex(OLD));
for my $try (['keep', OLD, 422], ['hex', md5_hex(OLD), 422], ['hex', NEW, 422], ['hex', OLD, 303]) {
    my ($site, $password, $wanted) = @$try;
    my $r = $sites->client($site)->post('/account/login', [login => 'bare', password => $password]);
    is($r->status, $wanted, "bare hex, $site, $password");
}
is($sites->walk->stored('bare'), md5_hex(OLD), 'bare hex stays so');
$sites->httpd->done;
done_testing();
