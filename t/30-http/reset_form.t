#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# New passwords that are refused, with all reasons at once, and requests that
# no form of ours sends: what is said, and that nothing is stored.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;

use constant {BODY_BYTES => 16_384, PASSWORD_BYTES => 4096, FORM => 'application/x-www-form-urlencoded'};
use constant HEAD => "POST /account/reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: @{[FORM]}\r\n";
use constant BCRYPT => crypt OLD, '$2y$10$abcdefghijklmnopqrstuu';

# The sentences under a field.
sub under {
    my ($r, $field) = @_;
    my ($html) = $r->text =~ m{<div[^>]* id="$field-errors">(.*?)</div>}s or return '';
    return $html =~ s/<[^>]*>|\n//gr;
}

# --- passwords ----------------------------------------------------------------

my %common = (en => qr/The password is a common one/, ru => qr/Пароль из списка частых/);
my %short = (en => qr/at least 12 characters/, ru => qr/не меньше 12/);
my %long = (en => qr/at most 128 characters/, ru => qr/не больше 128/);
my %bytes = (en => qr/takes 73 bytes, and at most 72 fit/, ru => qr/Он занимает байт: 73, а помещается не больше 72/);
my %own = (en => qr/The password \w+ .*\byour login/, ru => qr/Пароль содержит ваш логин/);
my %weak = (en => qr/The password is easy to guess/, ru => qr/Пароль легко угадать/);
my %control = (en => qr/a character that cannot be typed/, ru => qr/знак, который нельзя набрать/);
my %differ = (en => qr/The two passwords differ/, ru => qr/Пароли не совпадают/);
my %again = (en => qr/Enter the new password again/, ru => qr/Введите новый пароль ещё раз/);
my %enter = (en => qr/Enter a new password/, ru => qr/Введите новый пароль\./);

# Login, password, its repetition, what is said under each.
my @refused = (
    ['petrovich', 'abc', 'abd', [\%short], [\%differ]],
    ['petrovich', 'abc', undef, [\%short], [\%again]],
    ['petrovich', 'aaaaaaaa', 'b', [\%short, \%common], [\%differ]],
    ['petrovich', NEW, '', [], [\%again]],
    ['petrovich', NEW, lc NEW, [], [\%differ]],
    ['petrovich', NEW, NEW . ' ', [], [\%differ]],
    ['petrovich', '', NEW, [\%enter], []],
    ['petrovich', undef, NEW, [\%enter], []],
    ['petrovich', '', '', [\%enter], []],
    ['petrovich', 'Йцу9-ке8+нг7', 'x', [], [\%differ]],
    ['petrovich', 'vT9-ke8+nG7', undef, [\%short], [\%again]],
    ['petrovich', join(' ', map { "velvet$_" } 1 .. 17), undef, [\%long], [\%again]],
    ['petrovich', 'Petrovich12', 'Petrovich12', [\%short, \%own], []],
    ['petrovich', 'petrovich@example.org', 'petrovich@example.org', [\%own], []],
    ['petrovich', 'Test site test site', 'Test site test site', [\%own], []],
    ['petrovich', "velvet\tAnchor 97 quill", "velvet\tAnchor 97 quill", [\%control], []],
    ['petrovich', "velvet\nAnchor 97 quill", "velvet\nAnchor 97 quill", [\%control], []],
    ['petrovich', 'london-paris', 'london-paris', [\%weak], []],
    (map { ['petrovich', $_, $_, [\%common], []] } 'пароль123456', 'йцукенгшщзхъ', 'любимаямамочка', 'gfhjkm123456',
        'Пароль123456', 'password1234', 'qwertyuiop[]', '123456789012', 'aaaaaaaaaaaaaa'),
    ['bcrypt', NEW . 'x' x (73 - length NEW), '', [\%bytes], [\%again]],
);

sub refused {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    my $before = $walk->state;
    for my $row (@refused) {
        my ($login, $password, $confirm, @wanted) = @$row;
        my $form = [token => $string->{$login}, defined $password ? (password => $password) : (),
            defined $confirm ? (confirm => $confirm) : ()];
        for my $language (qw(en ru)) {
            my $r = $client->post("/account/reset?lang=$language", $form);
            my $name = join ', ', map { defined ? "'$_'" : 'none' } $password, $confirm;
            is($r->status, 422, "$name ($language) is refused");
            for my $field (qw(password confirm)) {
                my ($said, $reasons) = (under($r, $field), shift @{[$field eq 'password' ? $wanted[0] : $wanted[1]]});
                like($said, $_->{$language}, "$name: $field") for @$reasons;
                is($said, '', "$name: nothing about $field") if !@$reasons;
                is(index($r->alert, $said =~ s/\..*/./r) >= 0 ? 1 : 0, 1, "$name: $field is in the summary, too");
            }
            is_deeply($r->form->{fields}, {login => $login, token => $string->{$login}, password => '', confirm => ''},
                "$name: login and string stay, the passwords do not");
            is(index($r->text, $password), -1, "$name is nowhere in the page") if length($password // '') > 8;
        }
    }
    $walk->unchanged($before, 'refused passwords');
    is($client->get("/account/reset?token=$string->{$_}")->status, 200, "the string of $_ is live")
        for qw(petrovich bcrypt);
    return;
}

# Taken as they are: nothing is cut, trimmed or normalised.
my %taken = (
    pw_min => 'vT9-ke8+nG7q', pw_max => substr(join(' ', map { "velvet$_" } 1 .. 17), 0, 128),
    pw_blanks => '  velvet Anchor 97 quill ', pw_russian => 'скрипка Кедр 417 ёж',
    pw_marks => "velvet A\x{301}nchor 97 \x{1F511}", pw_form => 'velvet+Anchor&97=%41;quill',
    bcrypt => NEW . 'x' x (72 - length NEW),
);

sub taken {
    my ($walk, $string) = @_;
    for my $login (sort keys %taken) {
        my $password = $taken{$login};
        my $r = $walk->client->post('/account/reset', [token => $string->{$login}, password => $password,
            confirm => $password]);
        is($r->status, 303, "$login: '$password' is taken") or diag(under($r, 'password'));
        ok($walk->works($login, $password), "$login: and stored as it is");
        is($walk->who($walk->signed_in($login, $password)), $login, "$login: and opens the door");
        my $trimmed = $password =~ s/^\s+|\s+$|.$//r;
        is($walk->client->post('/account/login', [login => $login, password => $trimmed])->status, 422,
            "$login: less of it does not");
    }
    return;
}

# --- requests -----------------------------------------------------------------

my @pages = (['/account/reset', 'token'], ['/account/login', 'login'], ['/account/forgot', 'email'],
    ['/account/change', 'current'], ['/account/logout', 'x']);

# Bodies of the right type: name, status, body with FIELD in it.
my @bodies = (
    ['%ZZ', 400, 'FIELD=a%ZZ'], ['an unfinished escape', 400, 'FIELD=a%4'], ['% at the end', 400, 'FIELD=a%'],
    ['NUL', 400, 'FIELD=a%00b'], ['NUL as it is', 400, "FIELD=a\0b"], ['NUL in a name', 400, 'FIELD%00=a'],
    ['latin1', 400, 'FIELD=%E9'], ['an overlong NUL', 400, 'FIELD=%C0%80'], ['a surrogate', 400, 'FIELD=%ED%A0%80'],
    ['bytes', 400, "FIELD=\xFF\xFE"], ['%ZZ in another field', 400, 'FIELD=a&other=%ZZ'],
    ['33 fields', 413, join '&', 'FIELD=a', map { "a$_=1" } 1 .. 32],
    ['a byte too many', 413, 'FIELD=' . 'a' x BODY_BYTES],
    ['1 MB', 413, 'FIELD=' . 'a' x 1_000_000], ['1 MB of separators', 413, '&' x 1_000_000],
);

sub is_told {
    my ($r, $status, $name) = @_;
    is($r->status, $status, "$name: $status") or diag($r->error);
    is(scalar(() = $r->text =~ /role="alert"/g), 1, "$name: with one sentence");
    like($r->alert // '', qr/^[A-Z].*\w\.$/, "$name: which is one");
    like($r->title // '', qr/^Error: /, "$name: and a title");
    return;
}

sub bodies {
    my ($client, $path, $field) = @_;
    my @of_known = (['repeated', 400, 'FIELD=a&FIELD=b'], ['the same twice', 400, 'FIELD=&FIELD='],
        ['over-long', 413, 'FIELD=' . 'a' x (PASSWORD_BYTES + 1)]);
    for my $row (@bodies, $field eq 'x' ? () : @of_known) {
        my ($name, $status, $body) = @$row;
        my %request = (body => $body =~ s/FIELD/$field/gr, headers => [['Content-Type', FORM]]);
        is_told($client->request(POST => $path, %request), $status, "$path: $name");
    }
    return;
}

sub types {
    my ($client, $path, $field) = @_;
    for my $type (undef, '', 'multipart/form-data; boundary=x', 'application/json', 'text/plain', FORM . 'x',
        'x' . FORM, 'text/plain, ' . FORM, 'application/x-www-form', '*/*', 'x' x 1000) {
        is_told($client->request(POST => $path, body => "$field=a", headers => [['Content-Type', $type]]), 415,
            "$path: type " . ($type // 'none'));
    }
    for my $type (FORM, FORM . ';charset=utf-8', uc(FORM), FORM . ' ; x') {
        isnt($client->request(POST => $path, body => "$field=a", headers => [['Content-Type', $type]])->status, 415,
            "control: type $type");
    }
    return;
}

# The bytes that each field takes, in a form and in a query.
my %form_max = (
    '/account/forgot' => {email => 1024},
    '/account/login' => {login => 1024, password => PASSWORD_BYTES, return => 2000, cookies => 1},
    '/account/reset' => {token => 2000, login => 1024, password => PASSWORD_BYTES, confirm => PASSWORD_BYTES},
    '/account/change' => {current => PASSWORD_BYTES, password => PASSWORD_BYTES, confirm => PASSWORD_BYTES},
    '/account/sessions' => {end => 64},
    '/account/notme' => {token => 2000},
);
my %query_max = (
    '/account/forgot' => {lang => 35},
    '/account/login' => {return => 2000},
    '/account/reset' => {token => 2000, done => 1},
    '/account/change' => {done => 1},
    '/account/sessions' => {done => 6},
    '/account/notme' => {token => 2000, done => 1},
);

sub lengths {
    my $client = shift;
    my %ask = (form => sub { $client->post($_[0], [$_[1] => $_[2]]) },
        query => sub { $client->get("$_[0]?$_[1]=$_[2]") });
    for my $row (['form', \%form_max], ['query', \%query_max]) {
        my ($where, $max) = @$row;
        for my $path (sort keys %$max) {
            for my $field (sort keys %{$max->{$path}}) {
                my $n = $max->{$path}{$field};
                isnt($ask{$where}->($path, $field, 'x' x $n)->status, 413, "$path, $where: $n bytes of $field are taken");
                is_told($ask{$where}->($path, $field, 'x' x ($n + 1)), 413, "$path, $where: one more");
            }
        }
    }
    return;
}

sub chunks {
    my (@parts) = @_;
    return join '', (map { sprintf "%x\r\n%s\r\n", length, $_ } @parts), "0\r\n\r\n";
}

# How the body comes: name, status (0: none need come), headers, bytes.
sub wire {
    my ($walk, $string) = @_;
    my $body = "token=$string&password=abc&confirm=abd";
    my $full = "$body&x=";
    $full .= 'x' x (BODY_BYTES - length $full);
    my $chunked = 'Transfer-Encoding: chunked';
    my @table = (
        ['in chunks', 422, $chunked, chunks(substr($body, 0, 9), substr $body, 9)],
        ['in chunks of a byte', 422, $chunked, chunks(split //, $body)],
        ['1 MB in chunks', 413, $chunked, chunks('token=', ('a' x 10_000) x 100)],
        ['a chunk of no size', 400, $chunked, "zz\r\n$body\r\n0\r\n\r\n"],
        ['gzip', 400, 'Transfer-Encoding: gzip', $body],
        ['no number of bytes', 400, 'Content-Length: x', $body],
        ['a negative number', 400, 'Content-Length: -1', $body],
        ['a terabyte announced', 413, 'Content-Length: 1000000000000', $body],
        ['filled to the last byte', 422, 'Content-Length: ' . BODY_BYTES, $full],
        ['two lengths', 400, "Content-Length: 3\r\nContent-Length: 4", $body],
    );
    for my $row (@table) {
        my ($name, $status, $head, $bytes) = @$row;
        my $r = $walk->client->raw(HEAD . "$head\r\n\r\n$bytes", method => 'POST');
        is($r->status, $status, "$name: $status") or diag($r->error);
    }
    my $cut = $walk->client->open_socket;
    my $form = PWR::Client::form_encode(token => $string, password => NEW, confirm => NEW);
    syswrite $cut, HEAD . "Content-Length: 500\r\n\r\n$form";
    shutdown $cut, 1;
    my $answer = PWR::Response->parse(do { local $/; <$cut> } // '', 'POST');
    is($answer->status, 400, 'cut off in the middle: not taken as it stands');
    return;
}

sub query_alone {
    my ($walk, $string) = @_;
    my @new = (password => NEW, confirm => NEW);
    my $client = $walk->client;
    my $page = '/account/reset';
    is($client->post("$page?token=$string&password=x&confirm=x", [@new])->status, 422, 'a string in the query');
    is($client->get("$page?token=$string&password=x&confirm=x")->status, 200, 'passwords in the query are nothing');
    is($client->post("$page?token=%ZZ", [token => $string, @new])->status, 400, 'a bad query with a good form');
    is($client->post($page, [Token => $string, @new])->status, 422, 'another name');
    is($client->post($page, ['token[]' => $string, @new])->status, 422, 'an array');
    return;
}

my @logins = ('petrovich', keys %taken);
each_database(sub {
    my $walk = shift;
    $walk->add($_, $_ eq 'bcrypt' ? (password => BCRYPT) : ()) for @logins;
    my %string = $walk->strings(@logins);
    subtest refused => sub { refused($walk, \%string) };
    my $before = $walk->state;
    for my $page (@pages) {
        subtest "bodies of $page->[0]" => sub { bodies($walk->client, @$page) };
        subtest "types of $page->[0]" => sub { types($walk->client, @$page) };
    }
    subtest lengths => sub { lengths($walk->client) };
    subtest wire => sub { wire($walk, $string{petrovich}) };
    subtest query => sub { query_alone($walk, $string{petrovich}) };
    $walk->unchanged($before, 'requests that no form sends');
    is($walk->client->get("/account/reset?token=$string{petrovich}")->status, 200, 'and the string is live');
    subtest taken => sub { taken($walk, \%string) };
});
done_testing();
