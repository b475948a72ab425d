#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# After a recovery on our pages PHP's password_verify knows the password, and so
# do WordPress' own functions: those of Debian's package, the rule of 6.8, and that
# of Nextcloud.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha384_base64);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Package;
use PWR::Reader;
use PWR::Walk;
use Test::More;

my ($php, $problem) = php();
plan skip_all => $problem if !$php;
my $wordpress = PWR::Package->alone('wordpress');
plan skip_all => $wordpress->problem if $wordpress->problem;
my $includes = $wordpress->folder . '/usr/share/wordpress/';
my $dots = 'abcdefghijklmnopqrstuu';

# Each reads a password, a line feed and the stored one.
my $read = '[$pw, $stored] = explode("\n", stream_get_contents(STDIN)); ';
my $verify = $read . 'echo password_verify($pw, $stored) ? "yes" : "no";';
my $six_eight = $read . <<'PHP';
$ours = str_starts_with($stored, '$wp');
$taken = $ours ? base64_encode(hash_hmac('sha384', trim($pw), 'wp-sha384', true)) : trim($pw);
echo password_verify($taken, $ours ? substr($stored, 3) : $stored) ? 'yes' : 'no';
PHP
# Its versions 1 to 3 are all PHP's; what has none is of ownCloud's days.
my $nextcloud = $read . <<'PHP';
$parts = explode('|', $stored, 2);
echo count($parts) === 2 && in_array((int)$parts[0], [1, 2, 3], true) && password_verify($pw, $parts[1]) ? 'yes' : 'no';
PHP
my $own = $read . <<'PHP';
define('ABSPATH', $argv[1]);
define('WPINC', 'wp-includes');
function apply_filters($name, $value) { return $value; }
function wp_set_password($password, $user_id) { throw new Exception('not here'); }
require ABSPATH . WPINC . '/pluggable.php';
echo wp_check_password(trim($pw), $stored) ? 'yes' : 'no';
PHP

my $walk = PWR::Walk->new('sqlite');

sub says {
    my ($code) = @_;
    return sub {
        my ($login, $password) = @_;
        my $said = $php->($code, "$password\n" . $walk->stored($login), $includes);
        die "PHP said: $said\n" if $said !~ /\A(yes|no)\z/;
        return $said eq 'yes';
    };
}

my $made = $php->('require $argv[1] . "wp-includes/class-phpass.php";'
    . 'echo (new PasswordHash(8, true))->HashPassword(stream_get_contents(STDIN));', OLD, $includes);
my ($argon2id, $argon2i) = map { $php->("echo password_hash(stream_get_contents(STDIN), PASSWORD_$_);", OLD) }
    qw(ARGON2ID ARGON2I);

follows('password_verify', $walk, {
    argon2id => [$argon2id, qr/^\$argon2id\$v=19\$/],
    md5 => [crypt(OLD, '$1$abcdefgh$'), qr/^\$2y\$12\$/],
}, says($verify));
follows('WordPress 6.1', $walk, {wp => [$made, qr/^\$2y\$12\$/]}, says($own));
follows('WordPress 6.8', $walk, {
    wp68 => ['$wp' . crypt(hmac_sha384_base64(OLD, 'wp-sha384'), "\$2y\$10\$$dots"), qr/^\$wp\$2y\$10\$/],
}, says($six_eight));
follows('Nextcloud', $walk, {
    cloud3 => ["3|$argon2id", qr/^3\|\$argon2id\$v=19\$/],
    cloud2 => ["2|$argon2i", qr/^1\|\$2y\$12\$/],
    cloud1 => ['1|' . crypt(OLD, "\$2y\$10\$$dots"), qr/^1\|\$2y\$10\$/],
}, says($nextcloud));
$walk->settle;
$walk->httpd->done;
done_testing();
