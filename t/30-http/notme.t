#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# "This was not me": the link in the recovery mail, which to open does nothing
# and to use ends all strings of the account and nothing else.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Sites;
use PWR::Walk;
use Test::More;

use constant {WEEK_SEC => 7 * 86_400, HOUR_SEC => 3600, MARGIN_SEC => 30, GRACE_SEC => 600, MERGE_SEC => 61};

my $page = '/account/notme';
my $done = 'No link or string from the emails sent until now works any more. Your password and your sessions stay as'
    . ' they were.';
my %dead = (
    unknown => ['The link was not found. Open the whole link from the email. Nothing has been changed.',
        'Ссылка не найдена. Откройте её из письма целиком. Ничего не изменено.'],
    expired => ['The link has expired, and so have the control strings of its email. Nothing has been changed.',
        'Срок действия ссылки истёк, как и контрольных строк из того же письма. Ничего не изменено.'],
    cancelled => ['The link has been cancelled, and so have the control strings of its email. Nothing has been'
        . ' changed.', 'Ссылка отменена, как и контрольные строки из того же письма. Ничего не изменено.'],
);

# Ask for a string: (the string, the link's secret).
sub asked {
    my ($walk, $login) = @_;
    $walk->sql('UPDATE pwreset_token SET created = created - ?', MERGE_SEC);
    $walk->client->post('/account/forgot', [email => "$login\@example.org"]);
    my $mail = $walk->mail_to("$login\@example.org") or die "no mail came to $login\n";
    return ($mail->token, $mail->notme);
}

sub is_dead {
    my ($walk, $secret, $why, $name) = @_;
    my ($client, $before) = ($walk->client, $walk->state);
    for my $language (0, 1) {
        my $q = 'lang=' . ('en', 'ru')[$language];
        for my $r ($client->get("$page?$q&token=$secret"), $client->post("$page?$q", [token => $secret])) {
            is($r->status, 410, "$name ($q): 410");
            is($r->alert, $dead{$why}[$language], "$name ($q): says why");
            ok((grep { $_ eq "/account/forgot?$q" } $r->links('a')), "$name ($q): a way on");
        }
    }
    is($client->request(HEAD => "$page?token=$secret")->status, 410, "$name by HEAD");
    $walk->unchanged($before, $name);
    return;
}

sub is_string {
    my ($walk, $string, $status, $name) = @_;
    is($walk->client->get("/account/reset?token=$string")->status, $status, $name);
    return;
}

# The mail has the link in both parts, and it is no control string.
sub in_the_mail {
    my $walk = shift;
    $walk->add('mail');
    $walk->add("twin$_", email => 'twins@example.org') for 1, 2;
    my $client = $walk->client;
    $client->post('/account/forgot?lang=ru', [email => 'mail@example.org']);
    my $mail = $walk->mail_to('mail@example.org');
    my ($secret, @more) = $mail->notme;
    is(scalar @more, 0, 'one link');
    my $link = $walk->httpd->url . "$page?token=$secret&lang=ru";
    like($mail->text, qr/^Чтобы ссылки и строки сразу перестали действовать:\n\Q$link\E$/m, 'in the text, in one line');
    my $href = $link =~ s/&/&amp;/gr =~ s/=/&#61;/gr;
    like($mail->html, qr/<a href="\Q$href\E"/, 'and in the HTML');
    isnt($secret, $mail->token =~ s/-//gr, 'it is not the string');
    is($mail->link, $walk->httpd->url . '/account/reset?token=' . ($mail->token =~ s/-//gr) . '&lang=ru',
        'the first link is that of the string');
    $client->post('/account/forgot', [email => 'twins@example.org']);
    my $both = $walk->mail_to('twins@example.org');
    my %of = $both->text =~ m{^Login: (twin\d)\nhttp\S*?token=(\w{28})}gm;
    is_deeply([sort keys %of], [qw(twin1 twin2)], 'two accounts on one address have a link each');
    is($client->get("$page?token=$of{$_}")->text =~ /for the account (\w+)/ ? $1 : undef, $_, "that of $_") for sort keys %of;
    return;
}

# Scanners open links, some of them twice, and some ask for the head only.
sub looking {
    my $walk = shift;
    $walk->add('look');
    my ($string, $secret) = asked($walk, 'look');
    my ($client, $before) = ($walk->client, $walk->state);
    for my $method (qw(GET GET HEAD HEAD GET)) {
        my $r = $client->request($method => "$page?token=$secret&lang=en",
            headers => [['User-Agent', 'Scanner/1'], ['Purpose', 'prefetch'], ['Sec-Fetch-Mode', undef]]);
        is($r->status, 200, "$method");
        is($r->header('Set-Cookie'), undef, "$method: no cookie");
        is($r->header('Cache-Control'), 'no-store', "$method: kept by nobody");
    }
    $walk->unchanged($before, 'looking at it five times');
    is_string($walk, $string, 200, 'the string is live');
    my $r = $client->get("$page?token=$secret&lang=ru");
    is_deeply([$r->form->{method}, $r->form->{fields}, scalar $r->alert, scalar $r->notice],
        ['post', {token => $secret}, undef, undef], 'a page with a button');
    like($r->text, qr/записи look\..*Пароль и сеансы останутся прежними/s, 'who, and what will happen');
    ok((grep { $_ eq "$page?token=$secret&lang=en" } $r->links('a')), 'the switch of languages keeps the secret');
    is_deeply([grep { /\Q$secret\E/ && !/^\Q$page\E\?/ } $r->links(qw(a link script img))], [], 'no other link has it');
    is($client->get("$page?token=" . lc($secret =~ s/(.{4})/$1-/gr))->status, 200, 'as people copy it');
    my $packed = $client->get("$page?token=$secret", headers => [['Accept-Encoding', 'gzip, br']]);
    is($packed->header('Content-Encoding'), undef, 'a page that holds a secret is not compressed');
    is($client->get('/account/login', headers => [['Accept-Encoding', 'gzip']])->header('Content-Encoding'), 'gzip',
        'control: others are');
    $walk->unchanged($before, 'all this looking');
    return;
}

# Without the link there is a field for it, which takes the whole line.
sub pasting {
    my $walk = shift;
    $walk->add('paste');
    my ($string, $secret) = asked($walk, 'paste');
    my $r = $walk->client->get($page);
    is_deeply([$r->status, $r->form->{fields}], [200, {token => ''}], 'a field for the link');
    $r = $walk->client->submit($r, {token => " > http://x$page?token=$secret&lang=en "});
    is_deeply([$r->status, $r->header('Location')], [303, "$page?done=1"], 'cancelled');
    is_string($walk, $string, 410, 'the string has ended');
    return;
}

sub using {
    my $walk = shift;
    $walk->add($_) for qw(ivan olga);
    my ($first, $secret) = asked($walk, 'ivan');
    my ($second) = asked($walk, 'ivan');
    my ($hers) = asked($walk, 'olga');
    my $browser = $walk->signed_in('ivan');
    my ($stored, $mark) = ($walk->stored('ivan'), $walk->httpd->log_mark);
    my $client = $walk->client;
    my $r = $client->submit($client->get("$page?token=$secret"), {});
    is_deeply([$r->status, $r->header('Location'), $r->body], [303, "$page?done=1", ''], 'cancelled');
    is($r->header('Set-Cookie'), undef, 'no cookie: nobody is signed in, or out');
    my $after = $client->follow($r);
    is_deeply([$after->status, $after->notice], [200, $done], 'and it is said');
    ok((grep { $_ eq '/account/forgot' } $after->links('a')), 'with what to do next');
    for my $string ($first, $second) {
        my $reset = $client->get("/account/reset?token=$string");
        is($reset->status, 410, 'a string of this account');
        like($reset->alert, qr/has been cancelled and no longer works/, 'says that it was cancelled');
        is($client->post('/account/reset', [token => $string, password => NEW, confirm => NEW])->status, 410,
            'and changes nothing');
    }
    is_string($walk, $hers, 200, "another's is live");
    is($walk->stored('ivan'), $stored, 'the password is the same');
    is($walk->who($browser), 'ivan', 'the session goes on');
    is($walk->mail_to('ivan@example.org', 0), undef, 'no mail is sent');
    my $id = $walk->value(q(SELECT id FROM pwreset_user WHERE login = 'ivan'));
    my @told = grep { /PWR0450/ } $walk->httpd->log_since($mark);
    is(scalar @told, 1, 'one line in the log');
    like($told[0], qr/:info\].* user id $id of realm 127\.0\.0\.1:\d+\/account from 127\.0\.0\.1: 2 control strings/,
        'which says whose, where and from whom');
    unlike(join("\n", $walk->httpd->error_log, $walk->httpd->access_log), qr/$secret/i, 'and not with what');

    my $before = $walk->state;
    is($client->post($page, [token => $secret])->status, 303, 'used again');
    $walk->unchanged($before, 'used again');
    my ($late) = asked($walk, 'ivan');
    is_string($walk, $late, 200, 'recovery is not switched off');
    is($client->post($page, [token => $secret])->status, 303, 'the old link, used on what was asked for later');
    is_string($walk, $late, 410, 'ends that, too');
    my ($good, $newer) = asked($walk, 'ivan');
    is($client->post('/account/reset', [token => $good, password => NEW, confirm => NEW])->status, 303,
        'and the owner gets a string that works');
    is($client->get("$page?token=$_")->status, 200, 'a link outlives the change of the password') for $secret, $newer;
    return;
}

sub purposes {
    my $walk = shift;
    $walk->add('both');
    my ($string, $secret) = asked($walk, 'both');
    is_dead($walk, $string =~ s/-//gr, 'unknown', 'a control string');
    my ($client, $before) = ($walk->client, $walk->state);
    is_string($walk, $secret, 410, "the link's secret as a control string");
    is($client->post('/account/reset', [token => $secret, password => NEW, confirm => NEW])->status, 410, 'nor posted');
    $walk->unchanged($before, "the link's secret as a control string");
    return;
}

sub lifetime {
    my $walk = shift;
    $walk->add($_) for qw(week late);
    my ($string, $secret) = asked($walk, 'week');
    $walk->age('week', HOUR_SEC + GRACE_SEC + 1);
    is_string($walk, $string, 410, 'the string has expired');
    is($walk->client->get("$page?token=$secret")->status, 200, 'the link has not');
    $walk->age('week', WEEK_SEC - HOUR_SEC - GRACE_SEC - MARGIN_SEC);
    is($walk->client->post($page, [token => $secret])->status, 303, 'it works for a week');
    $walk->age('week', 2 * MARGIN_SEC);
    is($walk->client->get("$page?token=$secret")->alert, $dead{expired}[0], 'then it is shown no more');
    is($walk->client->post($page, [token => $secret])->status, 303, 'though a page that is open works');
    $walk->age('week', GRACE_SEC);
    is_dead($walk, $secret, 'expired', 'an old link');
    return;
}

sub events {
    my $walk = shift;
    my %event = (
        e_mail => [q(UPDATE pwreset_user SET email = 'new@example.org' WHERE login = ?), 'cancelled'],
        e_gone => ['DELETE FROM pwreset_user WHERE login = ?', 'cancelled'],
        e_none => ['DELETE FROM pwreset_token WHERE login = ?', 'unknown'],
    );
    for my $login (sort keys %event) {
        $walk->add($login);
        my ($string, $secret) = asked($walk, $login);
        $walk->sql($event{$login}[0], $login);
        is_dead($walk, $secret, $event{$login}[1], $login);
    }
    return;
}

sub hostile {
    my $walk = shift;
    $walk->add('hostile');
    my ($string, $secret) = asked($walk, 'hostile');
    my ($client, $before) = ($walk->client, $walk->state);
    my $other = $secret =~ s/(.)$/$1 eq '7' ? '8' : '7'/er;
    for my $bad ('x', $other, substr($secret, 1), "${secret}0", q(' OR '1'='1), "\x{41F}", 'A' x 1999) {
        my $query = PWR::Client::form_encode(token => $bad);
        for my $r ($client->get("$page?$query"), $client->post($page, [token => $bad])) {
            is_deeply([$r->status, $r->form->{fields}], [422, {token => $bad}], "'$bad' is mistyped, and stays");
            like($r->alert, qr/The link is incomplete or mistyped/, 'in words');
        }
    }
    is($client->get("$page?token=" . '0' x 28)->status, 410, 'well-formed and not ours');
    for my $form ([], [token => ''], [token => ' - ']) {
        like($client->post("$page?lang=ru", $form)->alert, qr/Скопируйте в это поле ссылку/, "no link: '@$form'");
    }
    is($client->get("$page?token=$secret&token=$secret")->status, 400, 'twice in the link');
    is($client->post($page, [token => $secret, token => $secret])->status, 400, 'twice in the form');
    is($client->post("$page?token=$secret", [])->status, 422, 'a POST by its address alone');
    is($client->post($page, [token => 'x' x 3000])->status, 413, 'huge');
    is($client->get("$page?token=%00$secret")->status, 400, 'with a NUL');
    my @foreign = ([Origin => 'https://evil.example'], [Origin => 'null'], ['Sec-Fetch-Site', 'cross-site'],
        ['Sec-Fetch-Site', 'same-site']);
    is($client->post($page, [token => $secret], headers => [$_])->status, 403, "from elsewhere: @$_") for @foreign;
    is($client->request($_, "$page?token=$secret")->status, 405, "$_ is no way") for qw(PUT DELETE PATCH);
    $walk->unchanged($before, 'all of it');
    is_string($walk, $string, 200, 'the string is live');
    return;
}

sub sites {
    my $sites = PWR::Sites->new({a => '', b => '', off => 'PwResetLogin Off'});
    my $walk = $sites->walk;
    $walk->add('ivan');
    my %string;
    for my $site (qw(a b off)) {
        $sites->client($site)->post('/account/forgot', [email => 'ivan@example.org']);
        my $mail = $walk->mail_to('ivan@example.org');
        $string{$site} = [$mail->token, $mail->notme];
    }
    is($sites->client('b')->post($page, [token => $string{a}[1]])->status, 410, 'a link of a is nothing at b');
    is($sites->client('a')->get("/account/reset?token=$string{a}[0]")->status, 200, 'and ends nothing at a');
    is($sites->client('a')->post($page, [token => $string{a}[1]])->status, 303, 'there it works');
    is($sites->client('a')->get("/account/reset?token=$string{a}[0]")->status, 410, 'and ends what is of a');
    is($sites->client('b')->get("/account/reset?token=$string{b}[0]")->status, 200, 'alone');

    my $off = $sites->client('off');
    my $r = $off->submit($off->get("$page?token=$string{off}[1]"), {});
    is($r->status, 303, 'with PwResetLogin Off it works as well');
    my $after = $off->follow($r);
    is($after->notice, $done, 'and says so');
    is_deeply([grep { m{/account/(?:login|sessions|change)} } $after->links('a')], [], 'with no way to what is not there');
    is($off->get("/account/reset?token=$string{off}[0]")->status, 410, 'the string has ended');
    $sites->httpd->done;
    return;
}

# Both at once, often: the string is used or cancelled, and never both.
sub races {
    my $walk = shift;
    for my $round (1 .. 5) {
        $walk->add("race$round");
        my ($string, $secret) = asked($walk, "race$round");
        my @form = (token => $string, password => NEW, confirm => NEW);
        my @r = $walk->at_once(['/account/reset', \@form], (([$page, [token => $secret]]) x 3));
        is_deeply([map { $_->status } @r[1 .. 3]], [303, 303, 303], "round $round: disowned");
        my $used = $r[0]->status == 303 ? 1 : 0;
        is($r[0]->status, $used ? 303 : 410, "round $round: used, or told");
        is($walk->works("race$round", NEW) ? 1 : 0, $used, "round $round: and so it is");
    }
    return;
}

my $conf = <<'CONF';
LogLevel pwreset:info
SetOutputFilter DEFLATE
CONF

each_database(sub {
    my $walk = shift;
    subtest 'in the mail' => sub { in_the_mail($walk) };
    subtest looking => sub { looking($walk) };
    subtest pasting => sub { pasting($walk) };
    subtest using => sub { using($walk) };
    subtest purposes => sub { purposes($walk) };
    subtest lifetime => sub { lifetime($walk) };
    subtest events => sub { events($walk) };
    subtest hostile => sub { hostile($walk) };
    subtest races => sub { races($walk) };
}, conf => $conf, modules => [qw(deflate filter)]);
subtest sites => \&sites;
done_testing();
