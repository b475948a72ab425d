#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A string for somebody's account goes to a stranger: a second address in the
# request (GitLab CVE-2023-7028, WordPress plugin CVE-2026-8206), a name that the
# database takes for another one (Django CVE-2019-19844 and GitHub 2016: Unicode
# case and look-alikes), a number that equals every text (Devise CVE-2013-0233),
# an empty column (CVE-2019-16109).  The tables compare as loosely as MariaDB can.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;

use constant FORM => 'application/x-www-form-urlencoded';

my ($victim, $evil) = ('victim@example.org', 'evil@evil.example');
my $cheap = 'PwResetPasswordScheme bcrypt:10';
my $collation = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';

sub loosen {
    my $walk = shift;
    $walk->sql("ALTER TABLE pwreset_user MODIFY login VARCHAR(191) $collation NOT NULL, MODIFY email VARCHAR(320) $collation");
    return;
}

# All mails that came, by their recipients, once the jobs are done.
sub recipients {
    my $walk = shift;
    $walk->settle;
    my @to;
    while (my $mail = $walk->httpd->mailbox->next(0)) {
        push @to, $mail->to;
    }
    return sort @to;
}

# --- two addresses ---------------------------------------------------------------

my ($v, $e) = map { s/\@/%40/r } $victim, $evil;
my @bodies = (
    [FORM, "email=$v&email=$e"], [FORM, "email=$e&email=$v"], [FORM, "email=$v&email="], [FORM, "email=$v&%65mail=$e"],
    [FORM, "email=$v%00$e"], [FORM, "email=$v,$e"], [FORM, "email=$v;$e"], [FORM, "email=$v%20$e"],
    [FORM, "email=$v%0a$e"], [FORM, "email=$v%0d%0aCc:$e"], [FORM, "email=$v%0d%0a%0d%0a$e"], [FORM, "email=<$v>,<$e>"],
    [FORM, "email=$e%3C$v%3E"], [FORM, "email=%22$e%22%20%3C$v%3E"], [FORM, "email=$v%7c$e"], [FORM, "email=$v%26email=$e"],
    [FORM, "email=$v%0bto:$e"], [FORM, "email=$v%e2%80%a8$e"], [FORM, "email=$v&email%5b%5d=$e&email=$e"],
    ['application/json', qq({"email":["$victim","$evil"]})], ['application/json', qq({"email":"$victim","email":"$evil"})],
    ['application/json', qq({"email":{"0":"$victim","1":"$evil"}})], ['application/json', qq(["$victim","$evil"])],
    ['application/json', '{"email":null}'], ['application/json', '{"email":0}'], ['application/json', '{"email":true}'],
    ['text/plain', "email=$v"], ['multipart/form-data; boundary=x', "--x\r\nContent-Disposition: form-data; name=\"email\""
        . "\r\n\r\n$victim\r\n--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n$evil\r\n--x--\r\n"],
);
# These are one address; what else they hold is nobody's.
my @single = ("email=$v&email%5b%5d=$e", "email=$v&Email=$e", "email=$v&email2=$e&to=$e&recovery_email=$e&user=$e",
    "email[]=$e&email=$v", "email=$v&_method=PUT&cc=$e");

sub two {
    my $walk = shift;
    my $client = $walk->client;
    my $before = $walk->state;
    for my $row (@bodies) {
        my ($type, $body) = @$row;
        my @headers = (['Content-Type', $type], $type =~ /json/ ? [Accept => $type] : ());
        my $r = $client->request(POST => '/account/forgot', body => $body, headers => \@headers);
        like($r->status, qr/^4(?:00|13|15|22)$/, "$body: refused") or diag $r->status;
    }
    is($client->post("/account/forgot?email=$v", [])->status, 422, 'an address in the query is none');
    $walk->unchanged($before, 'two addresses');
    is_deeply([recipients($walk)], [], 'nobody gets a mail');
    $walk->add("victim$_") for 0 .. $#single;
    for my $n (0 .. $#single) {
        my $body = $single[$n] =~ s/=victim/=victim$n/r;
        my $r = $client->request(POST => "/account/forgot?email=$e", body => $body, headers => [['Content-Type', FORM]]);
        is($r->status, 200, "$body: taken");
    }
    is_deeply([recipients($walk)], [map { "victim$_\@example.org" } 0 .. $#single], 'the owners alone get a mail');
    return;
}

# --- names that look or sort alike -----------------------------------------------------

# Typed, for accounts victim, mike, strasse, kim, file and admin at example.org.
my @alike = (
    "v\x{131}ctim\@example.org", "v\x{130}ctim\@example.org", "v\x{ED}ctim\@example.org", "vi\x{301}ctim\@example.org",
    "m\x{131}ke\@example.org", "mi\x{212A}e\@example.org", "\x{212A}im\@example.org", "stra\x{DF}e\@example.org",
    "stra\x{1E9E}e\@example.org", "\x{FB01}le\@example.org", "\x{FF4D}ike\@example.org", "m\x{456}ke\@example.org",
    "\x{43C}ike\@example.org", "mik\x{435}\@example.org", "mike\@ex\x{E4}mple.org", "mike\@\x{FF45}xample.org",
    "mike\@example\x{3002}org", "mike\@exampl\x{435}.org", "mike\@example.org\x{200B}x", "mi\x{200B}ke\@example.org",
    "mi\x{AD}ke\@example.org", "mi\x{34F}ke\@example.org", "\x{202E}mike\@example.org", "mike\x{301}\@example.org",
    "mike\x{FE0F}\@example.org", "mike.\@example.org", "mike\@example.org.", "m.ike\@example.org", "mike+x\@example.org",
    "mike\@EXAMPLE.ORG\x{A0}x", "\x{24DC}ike\@example.org", "\x{1D426}ike\@example.org", "mike\x{FF20}example.org",
    "mike\@example\x{2024}org", "mike\@example.\x{B0}rg", "adm\x{131}n\@example.org", "\x{C0}dmin\@example.org",
    "admin%40example.org", "%\@example.org", "_ike\@example.org", "mi%\@example.org", q(' OR 1=1 -- @example.org),
    q(mike@example.org' OR '1'='1), 'mike@example.org\\', '0', '0@0', 'null@null', 'NULL', '1 OR 1=1',
);
# The same address in other words.
my @same = ('MIKE@EXAMPLE.ORG', "  kim\@example.org \t", "\x{A0}File\@Example.org\r\n");

sub alike {
    my $walk = shift;
    my $client = $walk->client;
    $walk->add($_) for qw(mike strasse kim file admin);
    my $n = 0;
    utf8::upgrade($_) for @alike, @same;       # sent as UTF-8
    for my $typed (@alike) {
        $n += $walk->value('SELECT COUNT(*) FROM pwreset_user WHERE email = ?', $typed) > 0;
        like($client->post('/account/forgot', [email => $typed])->status, qr/^(?:200|422)$/, "$typed: asked for");
        my $login = $typed =~ s/\@.*//r;
        next if grep { $_ eq $login } qw(mike admin);
        is($client->other->post('/account/login', [login => $login, password => OLD])->status, 422, "$login: no login");
    }
    is_deeply([recipients($walk)], [], 'look-alikes get nothing');
    cmp_ok($n, '>=', 8, "control: for the database $n of them are somebody");
    $client->post('/account/forgot', [email => $_]) for @same;
    is_deeply([recipients($walk)], [map { "$_\@example.org" } qw(file kim mike)], 'control: in other words they are');
    return;
}

# Both are in the table, and the database cannot tell them apart.
sub both_there {
    my $walk = shift;
    my %address = (pair1 => "h\x{E9}l\x{E8}ne\@example.org", pair2 => 'helene@example.org',
        pair3 => "gro\x{DF}\@example.org", pair4 => 'gross@example.org');
    utf8::upgrade($_) for values %address;
    $walk->add($_, email => $address{$_}) for sort keys %address;
    for my $login (sort keys %address) {
        $walk->client->post('/account/forgot', [email => $address{$login}]);
        is($walk->value('SELECT COUNT(*) FROM pwreset_user WHERE email = ?', $address{$login}), 2, 'control: two');
        my $mail = $walk->mail_to(encode($address{$login}));
        is_deeply([($mail ? $mail->text : '') =~ /^Login: (.*)/mg], [$login], "$address{$login}: his own string only");
    }
    return;
}

sub encode { my $text = shift; utf8::encode($text); return $text }

sub idn {
    my $walk = shift;
    my @domains = ('почта.рф', 'ПОЧТА.РФ', 'xn--80a1acny.xn--p1ai', 'XN--80A1ACNY.xn--p1ai');
    for my $n (0 .. $#domains) {
        $walk->add("letters$n", email => "letters$n\@$domains[0]");
        $walk->add("ascii$n", email => "ascii$n\@$domains[2]");
        $walk->client->post('/account/forgot', [email => "$_$n\@$domains[$n]"]) for qw(letters ascii);
    }
    is_deeply([recipients($walk)], [sort map { ("letters$_\@$domains[2]", "ascii$_\@$domains[2]") } 0 .. $#domains],
        'a domain in letters and as xn-- is one, whichever is stored or typed');
    return;
}

# --- columns that equal everything ------------------------------------------------------

my $select = 'SELECT id, CAST(nr AS CHAR) AS login, email, password FROM people WHERE';
my $numbers = <<"CONF";
$cheap
PwResetIdentify both
PwResetLoginQuery "$select nr = :login"
PwResetUserQuery "$select nr = :email OR email = :email"
PwResetIdQuery "$select id = :id"
PwResetPasswordUpdate "UPDATE people SET password = :hash WHERE id = :id"
CONF

sub casts {
    my $walk = shift;
    $walk->sql("CREATE TABLE people (id INT, nr INT, email VARCHAR(99) $collation, password VARCHAR(255))");
    my $hash = crypt OLD, '$y$j75$abcdefgh';
    my @rows = ([0, 0, 'zero@example.org'], [1, 1, 'one@example.org'], [2, 0, ''], [3, 0, undef], [4, 7, ' ']);
    $walk->sql('INSERT INTO people VALUES (?, ?, ?, ?)', @$_, $hash) for @rows;
    $walk->reconf($numbers);
    my $client = $walk->client;
    my @typed = (qw(a zero 0x0 0.0 00 -0 +0 0a 1a 01 1.0 1e0 0x1 +1 x@example.org 0@example.org 1@example.org 7x), '1 ;',
        q('), "1\x{661}", "\x{661}");
    for my $typed (@typed) {
        is($client->other->post('/account/login', [login => $typed, password => OLD])->status, 422, "'$typed' is no login");
        like($client->post('/account/forgot', [email => $typed])->status, qr/^(?:200|422)$/, "'$typed' asked for");
    }
    is($client->post('/account/forgot', [email => $_])->status, 422, "'$_' is refused") for '', ' ', "\n", "\t";
    is_deeply([recipients($walk)], [], 'numbers, nothing and NULL are nobody');
    is($walk->value('SELECT COUNT(*) FROM people WHERE nr = ?', 'zero'), 3, 'control: the database finds three');
    is($client->other->post('/account/login', [login => '1', password => OLD])->status, 303, 'control: a number is one');
    $client->post('/account/forgot', [email => 'zero@example.org']);
    is_deeply([recipients($walk)], ['zero@example.org'], 'control: the id 0 may have an account');
    return;
}

# A query that gives everybody gives nobody but him.
sub everybody {
    my $walk = shift;
    $walk->reconf($numbers =~ s/WHERE nr = :login/WHERE 1 = 1 OR nr = :login/r
        =~ s/WHERE nr = :email OR/WHERE 1 = 1 OR/r);
    $walk->client->post('/account/forgot', [email => 'one@example.org']);
    is_deeply([recipients($walk)], ['one@example.org'], 'a query without a condition');
    is($walk->client->post('/account/login', [login => 'stranger', password => OLD])->status, 422, '... lets nobody in');
    return;
}

my $walk = PWR::Walk->new('mysql', conf => $cheap);
loosen($walk);
$walk->add('victim');
$walk->add('evil', email => $evil);
subtest 'two addresses' => sub { two($walk) };
subtest alike => sub { alike($walk) };
subtest 'both are there' => sub { both_there($walk) };
subtest idn => sub { idn($walk) };
subtest casts => sub { casts($walk) };
subtest everybody => sub { everybody($walk) };
$walk->httpd->done;
done_testing();
