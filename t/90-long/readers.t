#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# As t/45-readers, with more kinds of rows, and Django's own check_password over
# what is written for its rows.
use strict;
use warnings;
use Digest::SHA qw(sha1 sha512);
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use PWR::Database;
use PWR::Dovecot;
use PWR::Package;
use PWR::ProFTPD;
use PWR::Reader;
use PWR::Walk;
use Test::More;

my $dots = 'abcdefghijklmnopqrstuu';
my ($bcrypt, $sha512_crypt, $md5_crypt) = map { crypt OLD, $_ } "\$2y\$10\$$dots", '$6$abcdefgh$', '$1$abcdefgh$';
my $blf = qr/^\{BLF-CRYPT\}\$2y\$12\$/;

sub with_server {
    my ($db, $server, $name, $rows) = @_;
    plan skip_all => $server->problem if $server->problem;
    my $walk = PWR::Walk->new('mysql', db => $db);
    $server->start;
    follows($name, $walk, $rows, sub { $server->lets_in(@_) });
    $walk->settle;
    $server->stop;
    $walk->httpd->done;
    return;
}

subtest Dovecot => sub {
    my $db = PWR::Database->new('mysql');
    with_server($db, PWR::Dovecot->new($db, scheme => 'CRYPT',
        query => q(SELECT login AS user, password FROM pwreset_user WHERE login = '%n')), 'Dovecot', {
        blf => ["{BLF-CRYPT}$bcrypt", qr/^\{BLF-CRYPT\}\$2y\$10\$/],
        crypt => ["{CRYPT}$sha512_crypt", qr/^\{CRYPT\}\$6\$rounds=100000\$/],
        crypt_md5 => ["{crypt}$md5_crypt", qr/^\{crypt\}\$2y\$12\$/],
        sha512 => ["{SHA512-CRYPT}$sha512_crypt", qr/^\{SHA512-CRYPT\}\$6\$rounds=100000\$/],
        sha256 => ['{SHA256-CRYPT}' . crypt(OLD, '$5$abcdefgh$'), $blf],
        md5 => ["{MD5}$md5_crypt", $blf],
        plain => ['{PLAIN}' . OLD, $blf],
        encoded => ['{PLAIN.B64}' . encode_base64(OLD, ''), $blf],
        ssha => ['{SSHA}' . encode_base64(sha1(OLD . 'salt') . 'salt', ''), $blf],
        sha512_hex => ['{SHA512.HEX}' . unpack('H*', sha512(OLD)), $blf],
        bare => [$sha512_crypt, qr/^\$6\$rounds=100000\$/],
    });
};

subtest ProFTPD => sub {
    my $db = PWR::Database->new('mysql');
    with_server($db, PWR::ProFTPD->new($db, 'SQLAuthTypes Crypt OpenSSL',
        'SQLUserInfo pwreset_user login password NULL NULL NULL NULL'), 'ProFTPD', {
        bcrypt => [$bcrypt, qr/^\$2y\$10\$/],
        md5 => [$md5_crypt, qr/^\$2y\$12\$/],
        des => [crypt(OLD, 'ab'), qr/^\$2y\$12\$/],
        yescrypt => [crypt(OLD, '$y$j9T$abcdefghijklmnop$'), qr/^\$y\$j9T\$/],
        openssl => ['{sha1}' . encode_base64(sha1(OLD), ''), qr/^\$2y\$12\$/],
    });
};

my $python = <<'PYTHON';
import sys
from django.conf import settings
h = 'django.contrib.auth.hashers.'
settings.configure(PASSWORD_HASHERS=[h + n for n in ('PBKDF2PasswordHasher', 'PBKDF2SHA1PasswordHasher',
    'Argon2PasswordHasher', 'BCryptSHA256PasswordHasher', 'BCryptPasswordHasher')])
from django.contrib.auth.hashers import check_password, make_password
what, password, stored = sys.stdin.read().split('\n')
if what == 'make':
    print(make_password(password, hasher=stored))
else:
    print('yes' if check_password(password, stored) else 'no')
PYTHON

subtest Django => sub {
    my $package = PWR::Package->new(map { "python3-$_" }
        qw(django asgiref sqlparse tz bcrypt argon2 cffi-backend));
    plan skip_all => $package->problem if $package->problem;
    plan skip_all => 'the system has no /usr/bin/python3' if !-x '/usr/bin/python3';
    local $ENV{PYTHONPATH} = $package->folder . '/usr/lib/python3/dist-packages';
    my $ask = sub {
        my $input = join "\n", @_;
        my $said = said_by($input, '/usr/bin/python3', '-c', $python);
        return $said =~ s/\n\z//r;
    };
    my $walk = PWR::Walk->new('sqlite');
    follows('Django', $walk, {
        pbkdf2 => [$ask->('make', OLD, 'pbkdf2_sha256'), qr/^pbkdf2_sha256\$600000\$/],
        sha1 => [$ask->('make', OLD, 'pbkdf2_sha1'), qr/^pbkdf2_sha256\$600000\$/],
        argon2 => [$ask->('make', OLD, 'argon2'), qr/^argon2\$argon2id\$/],
        bcrypt256 => [$ask->('make', OLD, 'bcrypt_sha256'), qr/^bcrypt_sha256\$\$2b\$12\$/],
        bcrypt => [$ask->('make', OLD, 'bcrypt'), qr/^bcrypt\$\$2b\$12\$/],
    }, sub { my ($login, $password) = @_; return $ask->('check', $password, $walk->stored($login)) eq 'yes' });
    $walk->settle;
    $walk->httpd->done;
};
done_testing();
