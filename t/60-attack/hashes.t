#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Who has an account here, by the hashes that are made for a name: none for those
# who do not exist (Django CVE-2024-39329, Keycloak #26625), or two where others
# have one.  A library before libcrypt counts them; t/60-attack/enumeration.t
# counts statements, t/30-http/delay.t looks at the clock.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;

plan skip_all => 'a sanitizer stands before libcrypt already' if $ENV{PWR_ASAN};

use constant {RATE => 5, SALTED_MIN => 6};

my $counter = <<'C';
#include <crypt.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

char *crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
    char *(*real)(const char *, const char *, struct crypt_data *);
    char line[16];
    int file = open(getenv("PWR_HASHES"), O_WRONLY | O_APPEND);
    int len = snprintf(line, sizeof(line), "%.7s\n", setting);

    if (file < 0 || write(file, line, (size_t)len) != len) {
        abort();
    }
    close(file);
    *(void **)&real = dlsym(dlopen("libcrypt.so.1", RTLD_NOW), "crypt_r");
    return real(phrase, setting, data);
}
C

my $folder = tempdir(CLEANUP => 1);
chmod 0755, $folder;

sub put {
    my ($name, $text, $mode) = @_;
    open my $out, '>', "$folder/$name" or die "$name: $!\n";
    print {$out} $text;
    close $out or die "$name: $!\n";
    chmod $mode, "$folder/$name";
    return "$folder/$name";
}

my $source = put('count.c', $counter, 0644);
is(system('gcc', '-shared', '-fPIC', '-O1', '-o', "$folder/count.so", $source), 0, 'what counts is built');
my $calls = put('calls', '', 0666);

# The settings of the hashes that were made while `$do` ran.
sub made {
    my $do = shift;
    my $begin = -s $calls;
    $do->();
    open my $in, '<', $calls or die "$calls: $!\n";
    seek $in, $begin, 0;
    chomp(my @lines = <$in>);
    return @lines;
}

# Accounts that are told apart by what is stored; the first is the dearest.
my %stored = (
    dearest => crypt(OLD, '$2y$10$abcdefghijklmnopqrstuu'), bcrypt5 => crypt(OLD, '$2y$05$abcdefghijklmnopqrstuu'),
    md5 => crypt(OLD, '$1$abcdefgh'), sha512 => crypt(OLD, '$6$rounds=5000$abcdefgh'),
    scrypt => crypt(OLD, '$7$6U..../....abcdefgh'), yescrypt => crypt(OLD, '$y$j75$abcdefgh'),
    locked => '!' . crypt(OLD, '$6$abcdefgh'), empty => '', none => undef, plain => OLD, alien => '{UNKNOWN}x',
);

sub enter { my ($client, $login, $password) = @_; return $client->post('/account/login',
    [login => $login, password => $password // NEW])->status }

# A wrong password is one hash, whoever it is for.
sub wrong {
    my $walk = shift;
    enter($walk->client, 'dearest');
    my ($n, $dearest) = (0, substr $stored{dearest}, 0, 7);
    for my $login (sort(keys %stored), 'nobody', 'nobody@example.org', 'noaddress', 'shared@example.org') {
        my @made = made(sub { is(enter($walk->client, $login), 422, "$login: 422") });
        is(scalar @made, 1, "$login: one hash") or diag("@made");
        my $is_own = ($stored{$login} // '') =~ /^\$/;
        is($made[0], $is_own ? substr($stored{$login}, 0, 7) : $dearest, "$login: " . ($is_own ? 'its own' : 'the dearest'));
        $n += $is_own;
    }
    cmp_ok($n, '>=', SALTED_MIN, 'control: accounts with a hash');
    is_deeply([made(sub { is(enter($walk->client, 'md5', OLD), 303, 'control: who is right gets in') })], ['$1$abcd'],
        'by one hash, too');
    return;
}

# Nothing else makes any.
sub none {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    my %asked = (
        forgot => sub { $client->post('/account/forgot', [email => "$_\@example.org"]) for qw(md5 noaddress nobody) },
        'an unknown string' => sub { $client->post('/account/reset', [token => '0' x 28, password => NEW, confirm => NEW]) },
        'a string looked at' => sub { $client->get("/account/reset?token=$string") },
        'a refused password' => sub { $client->post('/account/reset', [token => $string, password => 'x', confirm => 'x']) },
        'no password' => sub { $client->post('/account/login', [login => $_, password => '']) for qw(md5 nobody) },
        'a change by nobody' => sub { $client->post('/account/change', [current => OLD, password => NEW, confirm => NEW]) },
        'the portal' => sub { $walk->who($client) },
    );
    for my $name (sort keys %asked) {
        is_deeply([made(sub { $asked{$name}->(); $walk->settle })], [], "$name: none");
    }
    my @made = made(sub { $client->post('/account/reset', [token => $string, password => NEW, confirm => NEW]) });
    cmp_ok(scalar @made, '>=', 1, 'control: a new password is one');
    return;
}

# Nor do guesses beyond the rate.
sub beyond {
    my $walk = shift;
    $walk->reconf('PwResetLimit login-account ' . RATE . '/10min');
    enter($walk->client, 'dearest');
    for my $login (qw(md5 nobody locked)) {
        my @made = made(sub { enter($walk->client, $login) for 1 .. 4 * RATE });
        is(scalar @made, RATE, "$login: as many as the rate") or diag("@made");
    }
    return;
}

my $walk = PWR::Walk->new('sqlite', conf => 'PwResetPasswordScheme bcrypt:10',
    env => {LD_PRELOAD => "$folder/count.so", PWR_HASHES => $calls});
$walk->add($_, password => $stored{$_}) for sort keys %stored;
$walk->add('noaddress', email => undef, password => undef);
$walk->add($_, email => 'shared@example.org') for qw(twin1 twin2);
my %string = $walk->strings('sha512');
subtest wrong => sub { wrong($walk) };
subtest none => sub { none($walk, $string{sha512}) };
subtest beyond => sub { beyond($walk) };
$walk->settle;
$walk->httpd->done;
done_testing();
