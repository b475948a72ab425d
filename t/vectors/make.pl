#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Stored passwords made by the programs that write them, for t/10-unit/vectors.c:
#
#   perl t/vectors/make.pl > t/vectors/stored.tsv
#
# Debian's packages are downloaded into FOLDER (default build/vectors) and
# unpacked there, nothing is installed.  Each run makes other salts.  Takes a
# few minutes; needs what ./runtests has installed, and a network.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use lib dirname(__FILE__) . '/../lib';
use PWR::Database;

my $folder = shift // dirname(__FILE__) . '/../../build/vectors';
my @packages = qw(dovecot-core php8.2-cli php8.2-common wordpress python3-django python3-asgiref python3-sqlparse python3-tz
    python3-bcrypt python3-argon2 python3-passlib python3-cffi-backend whois apache2-utils);

# Short and plain, Cyrillic, with what shells and templates take for theirs, and
# the longest of bcrypt.
my @passwords = ('secret one', "\xD0\xBF\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8C", q(a"b'c$d%e\\f{g}), 'x' x 71 . 'y');

sub run {
    my ($stdin, @command) = @_;
    pipe my $from, my $to or die "pipe: $!\n";
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        close $to;
        open STDIN, '<&', $from or die "stdin: $!\n";
        exec @command or die "$command[0]: $!\n";
    }
    close $from;
    print {$to} $stdin;
    close $to;
    my $said = do { local $/; <$out> } // '';
    close $out or die "@command: exit status $?\n";
    return $said =~ s/\n+\z//r;
}

sub row {
    my ($program, $password, $stored, $default) = @_;
    my $shown = $password =~ s/([^A-Za-z0-9 ])/sprintf '%%%02X', ord $1/ger;
    print join("\t", $program, $default // '-', $shown, $stored), "\n";
    return;
}

sub unpack_all {
    make_path($folder);
    $folder = abs_path($folder);
    my @depending = grep { $_ ne 'wordpress' } @packages;
    my @needed = map { /^Inst (lib\S+)/ ? $1 : () } qx(apt-get -q -s install --no-install-recommends @depending);
    -e "$folder/complete" or system("cd '$folder' && apt-get -q download @packages @needed >&2") == 0 or die "no packages\n";
    system('dpkg', '-x', $_, "$folder/root") for -e "$folder/complete" ? () : glob "'$folder'/*.deb";
    open my $mark, '>', "$folder/complete" or die "$folder: $!\n";
    my $root = "$folder/root/usr";
    $ENV{LD_LIBRARY_PATH} = join ':', glob("'$root'/lib/*-linux-gnu"), "$root/lib/dovecot";
    $ENV{PYTHONPATH} = "$root/lib/python3/dist-packages";
    return $root;
}

my $root = unpack_all();

# --- crypt(3), by its own front ends ---------------------------------------------

for my $method (qw(yescrypt gost-yescrypt scrypt bcrypt bcrypt-a sha512crypt sha256crypt sunmd5 md5crypt bsdicrypt
    descrypt nt)) {
    for my $password (@passwords[0 .. 2]) {
        my @rounds = $method =~ /^bcrypt/ ? qw(-R 5) : ();
        row("mkpasswd $method", $password, run("$password\n", "$root/bin/mkpasswd", '-m', $method, @rounds, '-s'));
    }
}
for my $option (qw(-1 -5 -6 -apr1)) {
    row("openssl passwd $option", $_, run("$_\n", qw(openssl passwd), $option, '-stdin')) for @passwords[0 .. 2];
}
for my $options (['-B', '-C', 5], ['-m'], ['-s'], ['-d']) {
    for my $password (@passwords[0 .. 2]) {
        my $said = run($password, "$root/bin/htpasswd", '-n', '-i', @$options, 'u');
        row("htpasswd @$options", $password, $said =~ s/^u://r);
    }
}

# --- Dovecot ----------------------------------------------------------------------

my @dovecot = qw(PLAIN CLEARTEXT CRYPT BLF-CRYPT SHA512-CRYPT SHA256-CRYPT MD5-CRYPT MD5 DES-CRYPT ARGON2I
    ARGON2ID SHA SHA1 SHA256 SHA512 SSHA SSHA256 SSHA512 SMD5 PLAIN-MD5 LDAP-MD5 PLAIN-MD4 PBKDF2 CRAM-MD5 HMAC-MD5
    SCRAM-SHA-1 SCRAM-SHA-256 SHA512.HEX SHA256.B64 SSHA.HEX SSHA512.BASE64 SHA512-CRYPT.B64 BLF-CRYPT.HEX PLAIN.B64
    PLAIN-MD5.B64);
for my $scheme (@dovecot) {
    for my $password (@passwords[0 .. 2]) {
        row("doveadm pw $scheme", $password,
            run('', "$root/bin/doveadm", '-O', 'pw', '-s', $scheme, '-p', $password));
    }
}
# Of the user that t/10-unit/vectors.c names.
for my $password (@passwords[0 .. 2]) {
    row('doveadm pw DIGEST-MD5', $password, run('', "$root/bin/doveadm", '-O', 'pw', '-s', 'DIGEST-MD5', '-u',
        'ivan@example.org', '-p', $password));
}
# What it writes of this scheme it does not read without the length.
row('doveadm pw -s PLAIN-TRUNC', $_, '{PLAIN-TRUNC}' . length($_) . "-$_") for @passwords[0 .. 2];
# Rows whose scheme Dovecot's default_pass_scheme tells.
for my $scheme (qw(PLAIN-MD5 SHA SHA256 SHA512 SSHA512 PLAIN)) {
    my $stored = run('', "$root/bin/doveadm", '-O', 'pw', '-s', $scheme, '-p', $passwords[0]);
    row("doveadm pw $scheme", $passwords[0], $stored =~ s/^\{[^}]*\}//r, $scheme);
}

# --- PHP, WordPress, and those that Debian has no package of --------------------------

my $php = <<'PHP';
$pw = stream_get_contents(STDIN);
$salt8 = 'aB3,x$9Z';
$salt = 'Wk3bC5rqCkUQ0vQVrDyRcDpzMcvvIhzx';
$b64 = static fn($raw) => base64_encode($raw);
$rows = [
    'php password_hash bcrypt' => password_hash($pw, PASSWORD_BCRYPT, ['cost' => 5]),
    'php password_hash argon2id' => password_hash($pw, PASSWORD_ARGON2ID, ['memory_cost' => 1024, 'time_cost' => 2]),
    'php password_hash argon2i' => password_hash($pw, PASSWORD_ARGON2I, ['memory_cost' => 1024, 'time_cost' => 2]),
    'php as WordPress 6.8' => '$wp' . password_hash($b64(hash_hmac('sha384', trim($pw), 'wp-sha384', true)),
        PASSWORD_BCRYPT, ['cost' => 5]),
    'php as Nextcloud 3' => '3|' . password_hash($pw, PASSWORD_ARGON2ID, ['memory_cost' => 1024, 'time_cost' => 2]),
    'php as Nextcloud 2' => '2|' . password_hash($pw, PASSWORD_ARGON2I, ['memory_cost' => 1024, 'time_cost' => 2]),
    'php as Nextcloud 1' => '1|' . password_hash($pw, PASSWORD_BCRYPT, ['cost' => 5]),
    'php as Joomla 1.5' => md5($pw . $salt) . ":$salt",
    'php as Bitrix' => $salt8 . md5($salt8 . $pw),
    'php as Courier' => '{MD5}' . $b64(md5($pw, true)),
    'php as ProFTPD md5' => '{md5}' . $b64(md5($pw, true)),
    'php as ProFTPD sha1' => '{sha1}' . $b64(sha1($pw, true)),
    'php as ProFTPD sha256' => '{sha256}' . $b64(hash('sha256', $pw, true)),
    'php as Postfixadmin authlib' => '{md5raw}' . md5($pw),
    'php as mailcow SSHA256' => '{SSHA256}' . $b64(hash('sha256', $pw . '0123456789abcdef', true) . '0123456789abcdef'),
    'php as mailcow SSHA512' => '{SSHA512}' . $b64(hash('sha512', $pw . '0123456789abcdef', true) . '0123456789abcdef'),
    'php as mailcow PBKDF2-SHA512' => '{PBKDF2-SHA512}1000$' . $b64('saltsaltsaltsalt') . '$'
        . $b64(hash_pbkdf2('sha512', $pw, 'saltsaltsaltsalt', 1000, 64, true)),
];
require $argv[1] . '/share/wordpress/wp-includes/class-phpass.php';
$rows['WordPress 6.1 PasswordHash'] = (new PasswordHash(8, true))->HashPassword(trim($pw));
$rows['phpass as phpBB 3.0'] = '$H$' . substr((new PasswordHash(6, true))->HashPassword($pw), 3);
$rows['phpass as Joomla 2.5'] = (new PasswordHash(10, true))->HashPassword($pw);
$rows['php as Drupal 7'] = drupal($pw);
$rows['php as Drupal U$'] = 'U' . drupal(md5($pw));
$rows['phpass as Drupal U$P$'] = 'U' . (new PasswordHash(8, true))->HashPassword(md5($pw));

# Of Drupal 7's includes/password.inc: its loop, SHA-512, cut to 55.
function drupal($pw) {
    $setting = '$S$C' . 'Xy1.Ab/Z';
    $count = 1 << 14;
    $hash = hash('sha512', substr($setting, 4) . $pw, true);
    while ($count-- > 0) {
        $hash = hash('sha512', $hash . $pw, true);
    }
    return substr($setting . (new PasswordHash(8, true))->encode64($hash, 64), 0, 55);
}
foreach ($rows as $name => $stored) {
    echo "$name\t$stored\n";
}
PHP
for my $password (@passwords, ' blanks at both ends ') {
    my @said = split /\n/, run($password, "$root/bin/php8.2", '-n', '-r', $php, '--', "$root");
    row($_->[0], $password, $_->[1]) for map { [split /\t/] } @said;
}

# --- Python: Django, passlib, libsodium -----------------------------------------------

my $python = <<'PYTHON';
import ctypes, sys
from django.conf import settings
h = 'django.contrib.auth.hashers.'
settings.configure(PASSWORD_HASHERS=[h + n for n in ('PBKDF2PasswordHasher', 'PBKDF2SHA1PasswordHasher',
    'Argon2PasswordHasher', 'BCryptSHA256PasswordHasher', 'BCryptPasswordHasher')])
from django.contrib.auth.hashers import get_hasher
from passlib import hash as p
pw = sys.stdin.buffer.read().decode()
for name in ('pbkdf2_sha256', 'pbkdf2_sha1'):
    hasher = get_hasher(name)
    print('Django', name, hasher.encode(pw, hasher.salt(), 1000), sep='\t')
hasher = get_hasher('argon2')
hasher.memory_cost, hasher.time_cost, hasher.parallelism = 1024, 2, 2
print('Django', 'argon2', hasher.encode(pw, hasher.salt()), sep='\t')
for name in ('bcrypt_sha256', 'bcrypt'):
    hasher = get_hasher(name)
    hasher.rounds = 5
    print('Django', name, hasher.encode(pw, hasher.salt()), sep='\t')
for name in ('ldap_pbkdf2_sha256', 'ldap_pbkdf2_sha512', 'pbkdf2_sha1', 'pbkdf2_sha256', 'pbkdf2_sha512'):
    print('passlib', name, getattr(p, name).using(rounds=1000).hash(pw), sep='\t')
for name in ('ldap_salted_sha1', 'ldap_salted_md5', 'ldap_sha1', 'ldap_md5', 'ldap_hex_sha1', 'mysql41'):
    print('passlib', name, getattr(p, name).hash(pw), sep='\t')
print('passlib', 'phpass', p.phpass.using(rounds=11).hash(pw), sep='\t')
sodium = ctypes.CDLL('libsodium.so.23')
out = ctypes.create_string_buffer(128)
raw = pw.encode()
u = ctypes.c_ulonglong
for name, call, cost in (('argon2id', sodium.crypto_pwhash_str_alg, (u(2), ctypes.c_size_t(1 << 20), 2)),
        ('argon2i', sodium.crypto_pwhash_str_alg, (u(3), ctypes.c_size_t(1 << 20), 1)),
        ('scrypt', sodium.crypto_pwhash_scryptsalsa208sha256_str, (u(32768), ctypes.c_size_t(1 << 24)))):
    assert call(out, raw, u(len(raw)), *cost) == 0
    print('libsodium', name, out.value.decode(), sep='\t')
PYTHON
for my $password (@passwords[0 .. 2]) {
    for (split /\n/, run($password, '/usr/bin/python3', '-c', $python)) {
        my ($program, $name, $stored) = split /\t/;
        row("$program $name", $password, $stored);
    }
}

# --- MariaDB ----------------------------------------------------------------------------

my $db = PWR::Database->new('mysql');
my $dbh = $db->dbh;
for my $password (@passwords[0 .. 2]) {
    utf8::decode(my $text = $password);
    row('MariaDB PASSWORD()', $password, $dbh->selectrow_array('SELECT PASSWORD(?)', undef, $text));
    row('MariaDB MD5()', $password, $dbh->selectrow_array('SELECT MD5(?)', undef, $text), 'PLAIN-MD5');
}
