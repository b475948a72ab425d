# SPDX-License-Identifier: Apache-2.0
# Many users, control strings and sessions, made in bulk and found again by
# their numbers, from 1 on.
#
#   Bench::State::fill($dbh, $say, users => 1e7, strings => 1e6, sessions => 1e6);
#   Bench::State::forget($dbh);                 # strings that were minted since
#   login(7); id(7);
#   string(7); token_digest(7);                 # of a user: see owner()
#   secret(7); session_digest(7);
#   owner(7, $strings, $users);                 # the number of its user
#   scheme(7);                                  # of user 7: bcrypt, yescrypt
#   stored('bcrypt');                           # PASSWORD under it
package Bench::State;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);

our @EXPORT = qw(REALM PASSWORD login id string token_digest secret session_digest owner scheme stored);

use constant {REALM => 'bench', PASSWORD => 'ocelot Wharf 41 bright', LIFE_SEC => 7 * 86_400, AGE_SEC => 3600,
    ROWS => 500, COMMIT => 200, ZEROS => 21, VARYING => 6};

my @schemes = ('yescrypt', 'bcrypt');
my %setting = (yescrypt => '$y$j9T$abcdefghijklmnop', bcrypt => '$2y$10$abcdefghijklmnopqrstuu');
my @alphabet = split //, '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
my (%stored, %stamp);

sub login { return sprintf 'u%08d', $_[0] }
sub id { return sprintf '%032x', $_[0] }
sub secret { return sprintf '%064x', $_[0] }
sub scheme { return $schemes[$_[0] % @schemes] }
sub stored { return $stored{$_[0]} //= crypt PASSWORD, $setting{$_[0]} }

# Strings and sessions are spread over all users.
sub owner {
    my ($n, $all, $users) = @_;
    return 1 + int(($n - 1) * $users / $all);
}

# Zeros, the number, and the check symbol (core/token.c: Luhn mod 32, in which
# zeros add nothing, and every second symbol is doubled).
sub string {
    my $n = shift;
    my ($text, $sum) = ('', 0);
    for my $i (1 .. VARYING) {
        my $value = $n % 32;
        $n = int $n / 32;
        $text = $alphabet[$value] . $text;
        $value = int($value * 2 / 32) + $value * 2 % 32 if $i % 2;
        $sum += $value;
    }
    return '0' x ZEROS . $text . $alphabet[-$sum % 32];
}

sub token_digest { return sha256_hex(join "\0", REALM, 'recover', string($_[0])) }
sub session_digest { return sha256_hex(join "\0", REALM, 'session', secret($_[0])) }

# As core/crypto.c: each preceded by its length, that of none being the greatest.
sub _fingerprint {
    return sha256_hex(join '', map { defined ? pack('Q>', length) . $_ : pack 'Q>', ~0 } @_);
}

sub _stamp { return $stamp{$_[0]} //= _fingerprint(stored($_[0]), 1) }

sub _mail_stamp {
    my $user = shift;
    return _fingerprint(_stamp(scheme($user)), _fingerprint(login($user) . '@example.org', undef));
}

# `$row` makes the values of row 1 to `$n`, none of which needs quoting.
sub _insert {
    my ($dbh, $into, $n, $row) = @_;
    my ($statements, @values) = 0;
    $dbh->begin_work;
    for my $i (1 .. $n) {
        push @values, "('" . join("','", $row->($i)) . "')";
        next if @values < ROWS && $i < $n;
        $dbh->do("INSERT INTO $into VALUES " . join ',', @values);
        @values = ();
        next if ++$statements % COMMIT;
        $dbh->commit;
        $dbh->begin_work;
    }
    $dbh->commit;
    return;
}

# [number, digest] of each, in the order of the key: as one would load them.
sub _sorted {
    my ($n, $digest) = @_;
    return [sort { $a->[1] cmp $b->[1] } map { [$_, $digest->($_)] } 1 .. $n];
}

# Whoever was sent a string a minute ago is sent no other.
sub forget {
    my $dbh = shift;
    return $dbh->do('DELETE FROM pwreset_token WHERE job NOT LIKE ?', undef, '0' x 20 . '%');
}

sub fill {
    my ($dbh, $say, %n) = @_;
    my $now = time;
    my $until = $now + LIFE_SEC;
    $say->("$n{users} users");
    _insert($dbh, 'pwreset_user (id, login, email, password, changed_at)', $n{users}, sub {
        my $login = login($_[0]);
        return (id($_[0]), $login, "$login\@example.org", stored(scheme($_[0])), 1);
    });
    $say->("$n{strings} control strings");
    my $sorted = _sorted($n{strings}, \&token_digest);
    _insert($dbh, 'pwreset_token (realm, digest, purpose, user_id, login, language, job, stamp, created, expires)',
        $n{strings}, sub {
            my ($number, $digest) = @{$sorted->[$_[0] - 1]};
            my $user = owner($number, $n{strings}, $n{users});
            return (REALM, $digest, 'recover', id($user), login($user), 'en', id($number), _mail_stamp($user),
                $now - AGE_SEC, $until);
        });
    $say->("$n{sessions} sessions");
    $sorted = _sorted($n{sessions}, \&session_digest);
    _insert($dbh, 'pwreset_session (realm, digest, user_id, login, created, seen, expires, stamp, address, agent)',
        $n{sessions}, sub {
            my ($number, $digest) = @{$sorted->[$_[0] - 1]};
            my $user = owner($number, $n{sessions}, $n{users});
            return (REALM, $digest, id($user), login($user), $now, $now, $until, _stamp(scheme($user)), '192.0.2.1',
                'Mozilla/5.0');
        });
    return;
}

1;
