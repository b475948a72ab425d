#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Changing the password when signed in, the way there, and the pages of a site
# that has a login of its own (PwResetLogin Off).
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;

use constant ROUNDS => 5;

sub form {
    my ($current, $password, $confirm) = @_;
    return [current => $current // OLD, password => $password // NEW, confirm => $confirm // $password // NEW];
}

sub way_in {
    my $walk = shift;
    my $client = $walk->client;
    my $r = $client->get('/.well-known/change-password');
    is_deeply([$r->status, $r->header('Location')], [303, '/account/change'], 'well-known leads to the page');
    $r = $client->follow($r);
    is_deeply([$r->status, $r->path, $r->form->{fields}{return}], [200, '/account/login?return=%2Faccount%2Fchange',
        '/account/change'], 'that leads to the login page');
    $r = $client->submit($r, {login => 'ivan', password => OLD});
    is($r->header('Location'), '/account/change', 'and back');
    my $page = $client->follow($r);
    is_deeply($page->form->{fields}, {current => '', password => '', confirm => ''}, 'a form of three passwords');
    my %tags = %{$page->form->{tags}};
    is_deeply([map { $tags{$_}{autocomplete} } qw(current password confirm)],
        [qw(current-password new-password new-password)], 'for password managers');
    like($page->form->{html}, qr/value="ivan"[^>]* autocomplete="username"/, 'who are told whose they are');
    return;
}

sub nobody {
    my $walk = shift;
    my $before = $walk->state;
    my $client = $walk->client;
    my $r = $client->post('/account/change', form());
    is($r->status, 401, 'nobody changes nothing');
    like($r->header('WWW-Authenticate'), qr{^PwReset realm="127\.0\.0\.1:\d+/account"$}, 'and is asked who he is');
    is($r->alert, 'This page is only for those who are signed in. Your session may have ended.', 'in words');
    ok((grep { $_ eq '/account/login?return=%2Faccount%2Fchange' } $r->links('a')), 'with the way back in');
    is($client->post('/account/change?lang=ru', form())->alert, 'Эта страница доступна только после авторизации.'
        . ' Возможно, ваш сеанс завершён.', 'and in Russian');
    is($client->get('/account/change?done=1')->status, 303, 'the success page is not for everybody');
    $walk->unchanged($before, 'a change by nobody');
    return;
}

# Fields as they are given (undef: left out), what must be said.
my @refused = (
    [['x', 'abc', 'abd'], 'The current password is wrong.', 'at least 12 characters', 'The two passwords differ.'],
    [['', 'abc', ''], 'Enter your current password.', 'at least 12 characters', 'Enter the new password again.'],
    [[undef, undef, undef], 'Enter your current password.', 'Enter a new password.'],
    [['', '', ''], 'Enter your current password.', 'Enter a new password.'],
    [[OLD, undef, undef], 'Enter a new password.'],
    [[OLD, OLD, OLD], 'The new password is the current one.'],
    [[NEW, NEW, NEW], 'The current password is wrong.'],
    [[OLD, NEW, lc NEW], 'The two passwords differ.'],
    [[OLD . ' ', NEW, NEW], 'The current password is wrong.'],
    [[OLD, 'gfhjkm123456', 'gfhjkm123456'], 'The password is a common one'],
);

sub refused {
    my $walk = shift;
    my $browser = $walk->signed_in('ivan');
    my $before = $walk->state;
    for my $row (@refused) {
        my ($values, @said) = @$row;
        my @names = qw(current password confirm);
        my $form = [map { defined $values->[$_] ? ($names[$_] => $values->[$_]) : () } 0 .. 2];
        my $name = join ', ', map { $_ // 'none' } @$values;
        my $r = $browser->post('/account/change', $form);
        is($r->status, 422, "$name: refused");
        is(scalar(() = $r->text =~ /<li><a href="#/g), scalar @said, "$name: all of it at once");
        like($r->alert, qr/\Q$_\E/, "$name: $_") for @said;
        is_deeply($r->form->{fields}, {current => '', password => '', confirm => ''}, "$name: no password comes back");
        is($r->header('Set-Cookie'), undef, "$name: no cookie");
    }
    $walk->unchanged($before, 'refused changes');
    is($walk->who($browser), 'ivan', 'the session goes on');
    return;
}

sub success {
    my ($walk, $string) = @_;
    my ($browser, $other, $olga) = map { $walk->signed_in($_) } qw(ivan ivan olga);
    my $name = $walk->cookie_name($browser);
    my $old = $browser->other;
    $old->cookie($name, $browser->cookie($name));
    is($walk->who($_), 'ivan', 'signed in before') for $browser, $other, $old, $other;
    my $r = $browser->post('/account/change?lang=ru', form());
    is_deeply([$r->status, $r->header('Location')], [303, '/account/change?lang=ru&done=1'], 'changed');
    like($r->header('Set-Cookie'), qr/^$name=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Lax$/, 'under a new id');
    is(scalar $r->headers('Set-Cookie'), 1, 'and no other cookie');
    is($walk->who($browser), 'ivan', 'this session goes on');
    is($walk->who($old), 401, 'its old id is dead at once');
    is($walk->who($other), 401, 'so is another session');
    is($walk->who($olga), 'olga', "but not another's");
    is($browser->follow($r)->notice, 'Новый пароль уже действует. Этот сеанс продолжается, остальные завершены.',
        'and it is said');
    ok($walk->works('ivan', NEW), 'the new password is stored');
    is($browser->get("/account/reset?token=$string")->status, 410, 'a control string has ended');
    is($walk->client->post('/account/login', [login => 'ivan', password => OLD])->status, 422, 'the old one is wrong');
    is($walk->who($walk->signed_in('ivan', NEW)), 'ivan', 'the new one is right');
    my $mail = $walk->mail_to('ivan@example.org');
    ok($mail && $mail->header('Subject') =~ /пароль изменён/, 'a mail tells of it') or diag($mail && $mail->raw);
    return;
}

# Twice at once: one of them wins, and the other does not undo it.
sub at_once {
    my $walk = shift;
    for my $round (1 .. ROUNDS) {
        $walk->add("twice$round");
        my $browser = $walk->signed_in("twice$round");
        my $cookie = join '; ', map { "$_=" . $browser->cookie($_) } $walk->cookie_name($browser);
        my @passwords = map { NEW . " $_" } 1, 2;
        my @r = $walk->at_once(map { ['/account/change', form(OLD, $_), [Cookie => $cookie]] } @passwords);
        my @won = grep { $r[$_]->status == 303 } 0, 1;
        is(scalar @won, 1, "round $round: one is changed") or diag(map { $_->status . ' ' } @r);
        ok($walk->works("twice$round", $passwords[$won[0]]), "round $round: to the winner's password");
        like($r[1 - $won[0]]->status, qr/^(?:401|422)$/, "round $round: the other is told");
    }
    return;
}

# An account that is gone or changed while its owner looks at the form.
sub meanwhile {
    my $walk = shift;
    $walk->add($_) for qw(gone changed);
    my ($gone, $changed) = map { $walk->signed_in($_) } qw(gone changed);
    is($walk->who($gone), 'gone', 'cached');
    is($walk->who($changed), 'changed', 'cached');
    $walk->sql(q(DELETE FROM pwreset_user WHERE login = 'gone'));
    my $hash = crypt 'something else', '$y$j75$zzzzzzzz';
    $walk->sql(q(UPDATE pwreset_user SET password = ? WHERE login = 'changed'), $hash);
    is($gone->post('/account/change', form())->status, 401, 'the account is gone');
    like($changed->post('/account/change', form())->status, qr/^(?:401|422)$/, 'the password is another meanwhile');
    is($walk->stored('changed'), $hash, 'and stays that');
    return;
}

# --- PwResetLogin Off ---------------------------------------------------------

sub login_off {
    my ($walk, $login, $string, $url) = @_;
    $walk->reconf("PwResetLogin Off\n" . ($url ? "PwResetLoginURL $url" : ''));
    my $client = $walk->client;
    for my $page (qw(login logout change sessions)) {
        my $r = $client->get("/account/$page");
        is_deeply([$r->status, $r->header('Location')], $url ? [303, $url] : [404, undef], "GET $page");
        like($r->alert, qr/Please check the address/, "GET $page: in words") if !$url;
        $r = $client->post("/account/$page", [login => 'ivan', password => OLD, current => OLD]);
        is_deeply([$r->status, $r->header('Set-Cookie')], [404, undef], "POST $page");
        is($client->post("/account/$page", [], headers => [[Origin => 'https://evil.example']])->status, 403,
            "POST $page from elsewhere");
        is($client->request(PUT => "/account/$page")->status, 405, "PUT $page");
    }
    is($client->get('/.well-known/change-password')->header('Location'), '/account/forgot', 'well-known');
    my $r = $client->get('/portal/', headers => [[Accept => 'text/html']]);
    is_deeply([$r->status, $r->header('Location')], $url ? [303, $url] : [401, undef], 'a protected page');
    for my $page ($client->get('/account/forgot'), $client->post('/account/forgot', [email => 'x@example.org']),
        $client->get('/account/reset?token=' . $string =~ s/.$//r), $client->get("/account/reset?token=$string"),
        $client->get('/account/reset?done=1'), $client->get('/account/reset?token=' . '0' x 28)) {
        my @links = $page->links('a');
        my @wrong = grep { $_ eq '' || m{/account/(?:login|logout|change|sessions)} } @links;
        is_deeply(\@wrong, [], 'no way to a page that is not there');
        my $is_told = $page->text =~ /sign-in/ ? 1 : 0;
        is(scalar(grep { $_ eq ($url // '') } @links), $url ? $is_told : 0, 'but to the own one');
    }
    my $done = $client->post('/account/reset', [token => $string, password => NEW, confirm => NEW]);
    is($done->status, 303, 'recovery works');
    is($client->follow($done)->status, 200, 'to its end');
    my $text = $walk->mail_to("$login\@example.org")->text;
    my ($there) = $text =~ /Sign in with the new password:\s+(\S+)/;
    is($there, $url && ($url =~ m{^/} ? $walk->httpd->url : '') . $url, 'the mail leads there');
    return;
}

each_database(sub {
    my $walk = shift;
    my @logins = qw(ivan off1 off2 off3);
    $walk->add($_) for @logins, 'olga';
    my %string = $walk->strings(@logins);
    subtest 'the way in' => sub { way_in($walk) };
    subtest nobody => sub { nobody($walk) };
    subtest refused => sub { refused($walk) };
    subtest success => sub { success($walk, $string{ivan}) };
    subtest 'at once' => sub { at_once($walk) };
    subtest meanwhile => sub { meanwhile($walk) };
    subtest 'login off' => sub { login_off($walk, off1 => $string{off1}) };
    subtest 'login on another page' => sub { login_off($walk, off2 => $string{off2}, '/sso/in?a=b&c=d') };
    subtest 'login elsewhere' => sub { login_off($walk, off3 => $string{off3}, 'https://sso.example.org/in') };
});
done_testing();
