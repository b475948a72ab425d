#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A control string in every state, what is said about it in both languages, and
# all that belongs to a change of the password.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;

use constant {LIFETIME_SEC => 3600, GRACE_SEC => 600, CLICK_SEC => 60, CLICK_TRIES => 3, MARGIN_SEC => 30};

my %says = (
    expired => ['The control string has expired. Your password has not been changed. Request a new string.',
        'Срок действия контрольной строки истёк. Пароль не изменён. Запросите новую строку.'],
    spent => ['The password has already been changed with this link. If that was not you, request a new control'
        . ' string.',
        'По этой ссылке пароль уже изменили. Если это были не вы, запросите новую контрольную строку.'],
    cancelled => ['This control string has been cancelled and no longer works. Request a new string.',
        'Контрольная строка отменена и больше не действует. Запросите новую строку.'],
    unknown => ['The control string was not found. Copy the whole string from the email or request a new one.',
        'Контрольная строка не найдена. Скопируйте её из письма целиком или запросите новую.'],
    mistyped => ['The control string is mistyped. Copy it from the email again, the whole of it.',
        'В контрольной строке опечатка. Скопируйте её из письма ещё раз, целиком.'],
    empty => ['Enter the control string from the email.', 'Введите контрольную строку из письма.'],
);

sub new_password { return (password => $_[0] // NEW, confirm => $_[0] // NEW) }

# By link, by HEAD, by the string alone and with a good password: this status
# and sentence, and nothing changes.
sub is_refused {
    my ($walk, $string, $status, $why, $name) = @_;
    my $client = $walk->client;
    my $before = $walk->state;
    for my $language (0, 1) {
        my $q = 'lang=' . ('en', 'ru')[$language];
        my %answer = (
            'by its link' => $client->get("/account/reset?$q&token=$string"),
            'posted alone' => $client->post("/account/reset?$q", [token => $string]),
            'with a password' => $client->post("/account/reset?$q", [token => $string, new_password()]),
            'with a bad password' => $client->post("/account/reset?$q", [token => $string, new_password('x')]),
        );
        for my $way (sort keys %answer) {
            my $r = $answer{$way};
            is($r->status, $status, "$name $way ($q): $status");
            like($r->alert, qr/\Q$says{$why}[$language]\E/, "$name $way ($q): says why");
            my @links = grep { m{^/account/} } $r->links('a', 'form');
            is_deeply([grep { !/lang=/ } @links], [], "$name $way: the language");
            ok((grep { m{^/account/forgot\?$q$} } $r->links('a')), "$name $way: offers a new one");
        }
    }
    is($client->request(HEAD => "/account/reset?token=$string")->status, $status, "$name by HEAD");
    $walk->unchanged($before, $name);
    return;
}

sub is_live {
    my ($walk, $string, $name) = @_;
    is($walk->client->get("/account/reset?token=$string")->status, 200, "$name: the string is live");
    return;
}

sub nothing_typed {
    my $walk = shift;
    for my $language (0, 1) {
        my $q = 'lang=' . ('en', 'ru')[$language];
        my $r = $walk->client->get("/account/reset?$q");
        is_deeply([$r->status, scalar $r->alert, join ' ', sort keys %{$r->form->{fields}}], [200, undef, 'token'],
            'without a string only its field is shown');
        for my $form ([], [token => ''], [token => " - \x{2014} "], [new_password()]) {
            $r = $walk->client->post("/account/reset?$q", $form);
            is_deeply([$r->status, scalar $r->alert =~ /\Q$says{empty}[$language]\E/], [422, 1], "no string: @$form");
        }
    }
    return;
}

sub mistyped {
    my ($walk, $string) = @_;
    my $other = $string =~ s/(\w)$/$1 eq '7' ? '8' : '7'/er;
    my @wrong = ($other, substr($string, 1), "${string}0", 'ABCD', 'x' x 1999, 'контрольная');
    # Luhn's sum finds all neighbours that changed places but the first and the
    # last symbol of the alphabet.
    push @wrong, $string =~ s/^(\w)(\w)/$2$1/r if $string !~ /^(?:(\w)\1|0Z|Z0)/;
    is_refused($walk, $_, 422, 'mistyped', "mistyped '$_'") for $other, 'ABCD';
    for my $typed (@wrong) {
        my $r = $walk->client->post('/account/reset', [token => $typed]);
        is_deeply([$r->status, $r->form->{fields}{token}], [422, $typed], "'$typed' is mistyped, and stays");
    }
    return;
}

# As people copy it.
sub typed {
    my ($walk, $string) = @_;
    my $bare = $string =~ s/-//gr;
    my $cyrillic = $string =~ tr/ABEKMHOPCTX0/АВЕКМНОРСТХО/r;
    for my $typed ($string, $bare, lc $string, " $string ", $string =~ s/-/ /gr, $string =~ s/-/\x{2013}/gr, $cyrillic,
        $string =~ tr/01/OI/r, $string =~ tr/1/l/r, "Control string: $string.", "> $string",
        join("\x{200B}", split //, $bare),
        "Контрольная строка: $string (действует до 12:00)") {
        my $r = $walk->client->post('/account/reset', [token => $typed]);
        is_deeply([$r->status, $r->form && $r->form->{fields}{token}], [200, $string], "'$typed' is understood");
    }
    return;
}

sub live {
    my ($walk, $string) = @_;
    my ($before, $client) = ($walk->state, $walk->client);
    for my $r ($client->get("/account/reset?token=$string"), $client->post('/account/reset', [token => $string])) {
        my $form = $r->form;
        is_deeply([$r->status, scalar $r->alert], [200, undef], 'live: the form');
        is_deeply($form->{fields}, {login => 'live', token => $string, password => '', confirm => ''}, 'live: fields');
        ok(exists $form->{tags}{login}{readonly}, 'live: the login is only shown');
        like($r->text, qr/works until \d\d:\d\d/, 'live: until when');
        is_deeply([map { $form->{tags}{$_}{autocomplete} } qw(login token password confirm)],
            [qw(username off new-password new-password)], 'live: autocomplete');
    }
    is($walk->client->request(HEAD => "/account/reset?token=$string")->status, 200, 'live: HEAD');
    my $both = $walk->client->get("/account/reset?token=$string&token=$string");
    is($both->status, 400, 'live: twice in one link');
    $walk->unchanged($before, 'live: looking');
    return;
}

# A link that somebody on its way has escaped once too often.
sub escaped {
    my ($walk, $string) = @_;
    my $bare = $string =~ s/-//gr;
    for my $rest ("%3Ftoken=$bare&lang=ru", "%3ftoken%3D$bare%26lang%3Dru") {
        my $r = $walk->client->get("/account/reset$rest");
        is_deeply([$r->status, $r->form && $r->form->{fields}{token}, $r->header('Content-Language')], [200, $string, 'ru'],
            "$rest is understood");
    }
    is($walk->client->get("/account/$_%3Ftoken=$bare")->status, 404, "$_: nothing of ours") for 'resets', '', 'reset/x';
    return;
}

sub unknown {
    my ($walk, $string) = @_;
    $walk->sql(q(DELETE FROM pwreset_token WHERE login = 'unknown'));
    is_refused($walk, $string, 410, 'unknown', 'an unknown string');
    return;
}

sub expired {
    my ($walk, $late, $too_late) = @_;
    $walk->age('late', LIFETIME_SEC - MARGIN_SEC);
    is_live($walk, $late, 'just before its end');
    $walk->age('late', 2 * MARGIN_SEC);
    my $client = $walk->client;
    my $before = $walk->state;
    for my $r ($client->get("/account/reset?token=$late"), $client->request(HEAD => "/account/reset?token=$late"),
        $client->post('/account/reset', [token => $late])) {
        is($r->status, 410, 'just after its end: nothing is shown');
    }
    my $r = $client->post('/account/reset', [token => $late, new_password('short')]);
    is_deeply([$r->status, $r->form->{fields}{token}], [422, $late], 'but a refused password may be corrected');
    $walk->unchanged($before, 'after its end');
    $walk->age('late', GRACE_SEC - 3 * MARGIN_SEC);
    is($client->post('/account/reset', [token => $late, new_password()])->status, 303, 'in ten minutes it is taken');
    ok($walk->works('late', NEW), 'and changes the password');
    $walk->age('toolate', LIFETIME_SEC + GRACE_SEC);
    is_refused($walk, $too_late, 410, 'expired', 'a string that expired ten minutes ago');
    return;
}

sub spent {
    my ($walk, $string) = @_;
    my $form = [token => $string, new_password()];
    is($walk->client->post('/account/reset', $form)->status, 303, 'used');
    my @late = ([new_password(OLD)], [new_password('x' x 20)], [new_password('')], []);
    is($walk->client->post('/account/reset', [token => $string, @$_])->status, 410, "used again with '@$_'") for @late;
    $walk->sql(q(UPDATE pwreset_token SET clicks = 0 WHERE login = 'spent'));
    for my $try (1 .. CLICK_TRIES + 1) {
        my $status = $try <= CLICK_TRIES ? 303 : 410;
        is($walk->client->post('/account/reset', $form)->status, $status, "the same password once more, $try");
    }
    $walk->sql(q(UPDATE pwreset_token SET clicks = 0, spent_at = spent_at - ? WHERE login = 'spent'), CLICK_SEC + 1);
    is_refused($walk, $string, 410, 'spent', 'a spent string');
    is($walk->value(q(SELECT clicks FROM pwreset_token WHERE login = 'spent')), 0, 'a minute later none is compared');
    return;
}

# What happens to an account ends its strings.
sub cancelled {
    my ($walk, $string) = @_;
    my %event = (
        c_hash => q(UPDATE pwreset_user SET password = 'x' WHERE login = ?),
        c_time => q(UPDATE pwreset_user SET changed_at = 5 WHERE login = ?),
        c_mail => q(UPDATE pwreset_user SET email = 'new@example.org' WHERE login = ?),
        c_gone => q(DELETE FROM pwreset_user WHERE login = ?),
    );
    for my $login (sort keys %event) {
        is_live($walk, $string->{$login}, $login);
        $walk->sql($event{$login}, $login);
        is_refused($walk, $string->{$login}, 410, 'cancelled', "$login: a string");
    }
    return;
}

sub siblings {
    my ($walk, $first) = @_;
    $walk->age('sibling', CLICK_SEC + 1);
    my %second = $walk->strings('sibling');
    is_live($walk, $_, 'one of two') for $first, $second{sibling};
    is($walk->client->post('/account/reset', [token => $first, new_password()])->status, 303, 'the first is used');
    is_refused($walk, $second{sibling}, 410, 'cancelled', 'the second');
    return;
}

sub success {
    my ($walk, $string) = @_;
    my @browsers = map { $walk->signed_in('ivan') } 1 .. 2;
    my $olga = $walk->signed_in('olga');
    is($walk->who($_), 'ivan', 'signed in before') for @browsers, @browsers;
    my ($browser, $name) = ($browsers[0], $walk->cookie_name($browsers[0]));
    my $before = $walk->value(q(SELECT password FROM pwreset_user WHERE login = 'olga'));
    # Who says to be olga changes ivan's password: the string alone decides.
    my $r = $browser->post('/account/reset?lang=ru', [token => $string, login => 'olga', new_password()]);
    is_deeply([$r->status, $r->header('Location'), $r->body], [303, '/account/reset?lang=ru&done=1', ''], 'changed');
    my @cookies = sort $r->headers('Set-Cookie');
    is_deeply(\@cookies, ["$name-login=ivan; Path=/; HttpOnly; SameSite=Lax; Max-Age=600",
        "$name=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"], 'the login for ten minutes, no session');
    ok($walk->works('ivan', NEW), 'the new password is stored');
    ok(!$walk->works('ivan', OLD), 'the old one no more');
    is($walk->stored('olga'), $before, 'and nobody else has it');
    is($walk->value(q(SELECT name FROM pwreset_user WHERE login = 'ivan')), 'after', 'PwResetAfterChange was run');
    is($walk->who($_), 401, 'all sessions have ended, at once') for @browsers;
    is($walk->who($olga), 'olga', "but not another's");
    my $done = $browser->follow($r);
    is_deeply([$done->status, scalar $done->alert], [200, undef], 'the success page');
    like($done->notice, qr/Новый пароль уже действует. Все открытые сеансы завершены. Логин: ivan/, 'says so');
    is($browser->get('/account/login')->form->{fields}{login}, 'ivan', 'the login page has the login');
    is($walk->client->get('/account/reset?done=1')->status, 200, 'and without its cookie the page does as well');
    is($walk->client->post('/account/login', [login => 'ivan', password => OLD])->status, 422, 'the old one is wrong');
    is($walk->who($walk->signed_in('ivan', NEW)), 'ivan', 'the new one is right');
    return;
}

sub notice {
    my $walk = shift;
    my $mail = $walk->mail_to('ivan@example.org');
    ok($mail, 'a mail tells of the change') or return;
    is($mail->header('Subject'), 'Test site: пароль изменён', 'in the language of the page');
    like($mail->text, qr/127\.0\.0\.1/, 'from where');
    is($mail->link, undef, 'it holds no string');
    unlike($mail->raw, qr/\Q@{[NEW]}\E/, 'and no password');
    return;
}

my @logins = (qw(typed live late toolate spent sibling unknown ivan), map { "c_$_" } qw(hash time mail gone));
each_database(sub {
    my $walk = shift;
    $walk->add($_) for @logins, 'olga';
    my %string = $walk->strings(@logins);
    subtest 'nothing typed' => sub { nothing_typed($walk) };
    subtest mistyped => sub { mistyped($walk, $string{typed}) };
    subtest typed => sub { typed($walk, $string{typed}) };
    subtest live => sub { live($walk, $string{live}) };
    subtest escaped => sub { escaped($walk, $string{live}) };
    subtest unknown => sub { unknown($walk, $string{unknown}) };
    subtest expired => sub { expired($walk, @string{qw(late toolate)}) };
    subtest spent => sub { spent($walk, $string{spent}) };
    subtest cancelled => sub { cancelled($walk, \%string) };
    subtest siblings => sub { siblings($walk, $string{sibling}) };
    subtest success => sub { success($walk, $string{ivan}) };
    subtest notice => sub { notice($walk) };
}, conf => q(PwResetAfterChange "UPDATE pwreset_user SET name = 'after' WHERE id = :id"));
done_testing();
