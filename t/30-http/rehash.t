#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PwResetRehash: an old or cheap hash is made anew at a login, and nobody
# notices.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha512_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use PWR::Audit;
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

my $dots = 'abcdefghijklmnopqrstuu';
my $wrong = 'another Heron 22 grey';

# By login: what is stored, and what it becomes; undef: it stays.
my %row = (
    md5 => [crypt(OLD, '$1$abcdefgh$'), qr/^\$2y\$12\$/],
    cheap => [crypt(OLD, "\$2b\$04\$$dots"), qr/^\$2y\$12\$/],
    dovecot => ['{SHA512}' . sha512_hex(OLD), qr/^\{BLF-CRYPT\}\$2y\$12\$/],
    mechanism => ['{DIGEST-MD5}' . md5_hex('mechanism::' . OLD), qr/^\{BLF-CRYPT\}\$2y\$12\$/],
    sha512 => ['{SHA512-CRYPT}' . crypt(OLD, '$6$abcdefgh$'), qr/^\{SHA512-CRYPT\}\$6\$rounds=100000\$/],
    strong => [crypt(OLD, "\$2a\$10\$$dots"), undef],
    des => [crypt(OLD, 'ab'), undef],           # what is behind eight bytes may be a slip
);

my $sites = PWR::Sites->new({
    on => "PwResetRehash On\nPwResetAudit logs/audit.log",
    off => 'PwResetRehash Off',
    quick => "PwResetRehash On\nPwResetPasswordScheme sha512-crypt:5000",
    argon => "PwResetRehash On\nPwResetPasswordScheme argon2id\nPwResetDefaultScheme PLAIN-MD5",
});
my $walk = $sites->walk;

sub login {
    my ($site, $login, $password) = @_;
    return $sites->client($site)->post('/account/login', [login => $login, password => $password])->status;
}

my $audit = PWR::Audit->new($walk->httpd->root . '/logs/audit.log');
sub events { return grep { $_->{event} eq 'password.rehashed' } $audit->events }

# A string that was asked for before goes on working, and the session made at
# this login does; with a wrong password nothing happens.
sub anew {
    my ($login) = @_;
    my ($stored, $wanted) = @{$row{$login}};
    $walk->add($login, password => $stored);
    is(login('on', $login, $wrong), 422, "$login: a wrong password");
    is($walk->stored($login), $stored, "$login: changes nothing");
    $sites->signed_in('off', $login);
    is($walk->stored($login), $stored, "$login: nor does a login where PwResetRehash is Off");
    $sites->client('on')->post('/account/forgot', [email => "$login\@example.org"]);
    my $string = $walk->mail_to("$login\@example.org")->token;
    my $before = () = events();
    my $browser = $sites->signed_in('on', $login);
    is(events() - $before, $wanted ? 1 : 0, "$login: the audit knows");
    if ($wanted) {
        like($walk->stored($login), $wanted, "$login: is hashed anew");
    }
    else {
        is($walk->stored($login), $stored, "$login: stays");
    }
    is($walk->who($browser), $login, "$login: is signed in");
    my $now = $walk->stored($login);
    is($walk->who($sites->signed_in('on', $login)), $login, "$login: and can sign in again");
    is($walk->stored($login), $now, "$login: which changes no more");
    is($walk->who($browser), $login, "$login: the first session lives");
    is($sites->client('on')->get("/account/reset?token=$string")->status, 200, "$login: so does the string");
    return;
}

anew($_) for sort keys %row;
is($walk->value('SELECT COUNT(*) FROM pwreset_user WHERE changed_at <> 1'), 0, 'no password was changed');

# Two who sign in to one account at once: the second has verified the old hash
# when the first one makes another of it, and is signed in all the same; but not
# with a password that was changed meanwhile.  The hash is a dear one, so that
# the second comes while the first is at it.
sub at_once {
    my ($login, $meanwhile) = @_;
    my @form = (login => $login, password => OLD);
    my ($first, $second) = map { $sites->client('quick') } 1, 2;
    $walk->add($login, password => crypt(OLD, "\$2b\$13\$$dots"));
    my $began = time;
    $sites->client('off')->post('/account/login', [@form]);
    my $half = (time - $began) / 2;
    my $pid = open(my $said, '-|') // die "fork: $!\n";
    if (!$pid) {
        sleep $half;
        my $status = $second->post('/account/login', [@form])->status;
        syswrite STDOUT, join ' ', $status, %{$second->cookies};
        POSIX::_exit(0);
    }
    my @status = $first->post('/account/login', [@form])->status;
    $meanwhile->() if $meanwhile;
    my ($status, %cookie) = split ' ', <$said>;
    close $said or die "the second login: $?\n";
    $second->cookie($_, $cookie{$_}) for keys %cookie;
    return ([@status, $status], $first, $second);
}

subtest 'at once' => sub {
    for my $round (1 .. 3) {
        my ($status, @browsers) = at_once("pair$round");
        is_deeply($status, [303, 303], "round $round: both are let in");
        like($walk->stored("pair$round"), qr/^\$6\$/, "round $round: it was hashed anew");
        is_deeply([map { $walk->who($_) } @browsers], [("pair$round") x 2], "round $round: both are signed in");
    }
    my ($status, @browsers) = at_once('changed', sub {
        $walk->sql('UPDATE pwreset_user SET password = ? WHERE login = ?', crypt($wrong, '$6$abcdefgh$'), 'changed');
    });
    is_deeply($status, [303, 422], 'whoever has the password of before a change is not');
    is($walk->who($browsers[1]), 401, 'nor signed in');
};

# Hex alone, of which PwResetDefaultScheme says what it is (schemes.t).
$walk->add('bare', password => md5_hex(OLD));
$sites->signed_in('argon', 'bare');
like($walk->stored('bare'), qr/^\$argon2id\$/, 'PwResetDefaultScheme is read, too');
$sites->signed_in('argon', 'strong');
like($walk->stored('strong'), qr/^\$argon2id\$/, 'another scheme is the one of the table');
is(login('argon', 'strong', $wrong), 422, 'a wrong password stays wrong');

# WordPress takes blanks off what is typed, and its row does not know of them.
$walk->add('blank', password => '$P$BxyBH5Y9aHrQPTHyOo0n8k765RslWP/');
is(login('argon', 'blank', 'secret one '), 303, 'a blank at the end does no harm in a row of WordPress');
like($walk->stored('blank'), qr/^\$argon2id\$/, 'which is hashed anew');
is(login('argon', 'blank', 'secret one'), 303, 'without it');

$walk->settle;
is_deeply([$audit->faults], [], 'the audit is as docs/audit.md says');
$sites->httpd->done;
done_testing();
