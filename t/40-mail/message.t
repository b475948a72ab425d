#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The two mails, in both languages, as a mail program gets them: form, headers,
# what they say, to whom they go, and what a hostile row makes of them.
use strict;
use warnings;
use utf8;
use Email::MIME;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(strftime);
use PWR::Jobs;
use PWR::Walk;
use Test::More;
use Time::Local qw(timegm);

use constant {SITE => 'ООО «Пример», "Ltd"', MSK_SEC => 3 * 3600, LINE_BYTES => 998};

# Named as we name it, and what must never be seen.
my $agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 Marker77<b>';

my %words = (
    en => {
        recover => SITE . ': password recovery', changed => SITE . ': your password has been changed',
        login => 'Login: ', link => 'Link:', string => 'Control string, should the link not open:',
        until => 'Link and string work once, until %s.', time => 'Time: ', address => 'Address: 127.0.0.1',
        program => 'Program: Firefox, Linux', not_you => 'Was it not you?', nothing => 'Then you need do nothing',
        at_once => 'Choose a new password', help => 'Help: help@example.org',
        several => 'Several accounts belong to this address',
    },
    ru => {
        recover => SITE . ': восстановление пароля', changed => SITE . ': пароль изменён',
        login => 'Логин: ', link => 'Ссылка:', string => 'Контрольная строка, если ссылка не открывается:',
        until => 'Ссылка и строка действуют один раз, до %s.', time => 'Время: ', address => 'Адрес: 127.0.0.1',
        program => 'Программа: Firefox, Linux', not_you => 'Это были не вы?', nothing => 'Тогда ничего делать не нужно',
        at_once => "Сразу\nзадайте новый пароль", help => 'Помощь: help@example.org',
        several => 'У этого адреса несколько учётных записей',
    },
);

# login, stored language, what the browser asks for, what comes.
my @languages = (
    ['ivan', 'ru', 'en', 'ru'],
    ['john', 'en', 'ru', 'en'],
    ['olga', undef, 'ru', 'ru'],
    ['mary', undef, 'en', 'en'],
    ['hans', 'de', 'ru', 'ru'],
    ['gleb', 'ru_RU.UTF-8', 'en', 'ru'],
    ['anna', 'RU', 'en', 'ru'],
    ['kurt', '', 'ru', 'ru'],
);

my $columns = 'SELECT id, login, email, password, language, name, recovery_email, changed_at FROM {prefix}user';
my $conf = join "\n", 'PwResetSendmail "${SENDMAIL}" "${MAILDIR}" -i', 'PwResetTimeZone Europe/Moscow',
    'PwResetMailFrom post@example.org',
    'PwResetSiteName "' . SITE =~ s/"/\\"/gr . '"', 'PwResetIdentify forgot both',
    map { "PwReset$_->[0]Query \"$columns WHERE $_->[1] = :$_->[1]\"" } ['User', 'email'], ['Login', 'login'], ['Id', 'id'];

# --- what every mail has ----------------------------------------------------------

sub lines { return split /\n/, shift }

# "2026-11-22 14:05 (MSK, UTC+3)" for a moment, or one of its neighbours.
sub moscow {
    my ($epoch, $form) = @_;
    return strftime("$form (MSK, UTC+3)", gmtime $epoch + MSK_SEC);
}

sub has_headers {
    my ($mail, $language, $subject) = @_;
    my $email = Email::MIME->new($mail->raw);
    is_deeply([sort $email->header_names], [sort qw(From To Subject Date Message-ID MIME-Version Auto-Submitted
        X-Auto-Response-Suppress Content-Language Content-Type)], 'headers, each once');
    is(scalar(my @all = $email->header_raw_pairs), 20, 'none of them twice');
    is($mail->header('Subject'), $subject, 'Subject');
    is($mail->header('From') =~ s/^"|" (?=<)//r =~ s/" (?=<)/ /r =~ s/\\(.)/$1/gr, SITE . ' <post@example.org>',
        'From has the site\'s name and PwResetMailFrom');
    is($mail->header('To'), $mail->to, 'To is the recipient');
    is($mail->header('Content-Language'), $language, 'Content-Language');
    is($mail->header('MIME-Version'), '1.0', 'MIME-Version');
    is($mail->header('Auto-Submitted'), 'auto-generated', 'Auto-Submitted');
    is($mail->header('X-Auto-Response-Suppress'), 'All', 'X-Auto-Response-Suppress');
    like($mail->header('Message-ID'), qr/^<[0-9a-f]{32}\@example\.org>$/, 'Message-ID');
    has_date($mail->header('Date'));
    return;
}

sub has_date {
    my $date = shift;
    my ($day, $month, $year, @clock) = $date
        =~ /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) \+0000$/
        or return fail("Date: $date");
    my ($n) = grep { qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec)[$_] eq $month } 0 .. 11;
    my $epoch = timegm(reverse(@clock), $day, $n, $year);
    is(strftime('%a', gmtime $epoch), substr($date, 0, 3), 'Date: the day of the week');
    cmp_ok(abs(time - $epoch), '<', 60, 'Date: now');
    return;
}

sub has_parts {
    my $mail = shift;
    my $email = Email::MIME->new($mail->raw);
    like($email->content_type, qr{^multipart/alternative;}, 'text or HTML');
    is_deeply([map { $_->content_type } $email->subparts], ['text/plain; charset=utf-8', 'text/html; charset=utf-8'],
        'the text first');
    is($mail->raw =~ tr/\x00-\x09\x0B-\x1F\x7F-\xFF//, 0, 'seven bits, line feeds only');
    is(scalar(grep { length > LINE_BYTES } lines($mail->raw)), 0, 'lines of SMTP');
    unlike($mail->text, qr/[<>]|&\w+;|\{\{/, 'the text part is no HTML');
    unlike($mail->text, qr/\n{4}|\A\n|\n\n\z/, 'no holes in the text');
    return;
}

# A mail must not tell anybody that it is read.
sub is_local {
    my ($httpd, $html) = @_;
    unlike($html, qr/<(?:img|link|script|iframe|object|embed|video|audio|form|base|svg|input)\b/i, 'HTML: only words');
    unlike($html, qr/\b(?:src|srcset|background|poster|action)\s*=|url\(|\@import/i, 'HTML: loads nothing');
    my $url = $httpd->url;
    is(scalar(grep { !m{^\Q$url\E/account/} } $html =~ m{(?:https?:)?//[^\s"'<]+}g), 0, 'HTML: links lead to us only');
    return;
}

sub is_mail {
    my ($walk, $mail, $language, $kind) = @_;
    has_headers($mail, $language, $words{$language}{$kind});
    has_parts($mail);
    is_local($walk->httpd, $mail->html);
    like($mail->html, qr/<html lang="$language">/, 'HTML: language');
    is_deeply($mail->argv, ['-i', '-f', 'post@example.org', '--', $mail->to], 'arguments');
    unlike($mail->text . $mail->html, qr/Marker77|Mozilla|Gecko|rv:128/, 'nothing of the browser\'s own words');
    return;
}

# Each of these is a line of the text part, or its begin, and stands in the HTML.
sub says {
    my ($mail, @phrases) = @_;
    my $html = $mail->html =~ s/<[^>]*>//gr =~ s/&#(\d+);/chr $1/ger =~ s/&quot;/"/gr;
    for my $phrase (@phrases) {
        like($mail->text, qr/^\Q$phrase\E/m, "the text says: $phrase");
        like($html, qr/\Q$phrase\E/, "the HTML says: $phrase");
    }
    return;
}

# The mail to this address; undef, which is a failed test, when none comes.
sub expect_mail {
    my ($walk, $to, $what) = @_;
    my $mail = $walk->mail_to($to);
    ok($mail, $what // "a mail to $to");
    return $mail;
}

# --- the two mails ----------------------------------------------------------------

sub is_recovery {
    my ($walk, $mail, $language, $login) = @_;
    my $say = $words{$language};
    is_mail($walk, $mail, $language, 'recover');
    my ($row) = $walk->rows(q(SELECT created, expires FROM pwreset_token WHERE purpose = 'recover' AND login = ?),
        $login);
    my $until = moscow($row->{expires}, '%H:%M');
    says($mail, "$say->{login}$login", $say->{link}, $say->{string}, sprintf($say->{until}, $until), $say->{address},
        $say->{program}, $say->{not_you}, $say->{nothing}, $say->{help});
    my ($asked) = $mail->text =~ /^$say->{time}(.*)/m;
    ok((grep { $asked eq moscow($row->{created} - $_, '%Y-%m-%d %H:%M') } 0 .. 5), "it says when: $asked");
    opens($walk, $mail, $language, $login);
    return;
}

# The link and the string lead to the form, however the string is typed.
sub opens {
    my ($walk, $mail, $language, $login) = @_;
    my ($link, $token) = ($mail->link, $mail->token);
    is($link, $walk->httpd->url . '/account/reset?token=' . $token =~ tr/-//dr . "&lang=$language", 'the link');
    is(scalar(grep { $_ eq $link } lines($mail->text)), 1, 'alone on its line');
    my $encoded = $link =~ s/=/=3D/gr;
    like($mail->raw, qr/^\Q$encoded\E$/m, 'not broken on the wire');
    is(scalar(grep { /^\s*\Q$token\E$/ } lines($mail->text)), 1, 'the string alone on its line');
    my $escaped = $link =~ s/&/&amp;/r =~ s/=/&#61;/gr;
    like($mail->html, qr/<a href="(?:\Q$link\E|\Q$escaped\E)"/, 'HTML: the link');
    like($mail->html, qr/>\Q$token\E</, 'HTML: the string');
    my $client = $walk->client;
    my @answers = ($client->get($link =~ s{^https?://[^/]*}{}r),
        map { $client->post("/account/reset?lang=$language", [token => $_]) } $token, lc $token =~ tr/-/ /r);
    for my $r (@answers) {
        is($r->status, 200, 'leads to the form');
        is($r->header('Content-Language'), $language, 'in the same language');
        is_deeply([@{$r->form->{fields}}{qw(login password)}], [$login, ''], 'with the login filled in');
    }
    return;
}

sub is_notice {
    my ($walk, $mail, $language, $login) = @_;
    my $say = $words{$language};
    my $home = $walk->httpd->url . '/account';
    is_mail($walk, $mail, $language, 'changed');
    says($mail, "$say->{login}$login", $say->{address}, $say->{program}, $say->{not_you}, $say->{help});
    like($mail->text, qr/$say->{at_once}/, 'what to do if it was not you');
    my ($changed) = $mail->text =~ /^$say->{time}(.*)/m;
    my $at = $walk->value('SELECT changed_at FROM pwreset_user WHERE login = ?', $login);
    ok((grep { $changed eq moscow($at + $_, '%Y-%m-%d %H:%M') } 0 .. 5), "it says when: $changed");
    for my $page (qw(login forgot)) {
        is(scalar(grep { $_ eq "$home/$page?lang=$language" } lines($mail->text)), 1, "the way to /$page");
        like($mail->html, qr{<a href="\Q$home\E/$page\?lang(?:=|&#61;)$language"}, "HTML: the way to /$page");
    }
    is_deeply([$mail->token, $mail->link], [undef, undef], 'no control string');
    return;
}

sub both_mails {
    my $walk = shift;
    my %mail;
    for (@languages) {
        my ($login, $stored, $wanted) = @$_;
        $walk->add($login, language => $stored);
        ask($walk, "$login\@example.org", 'Accept-Language' => $wanted, 'User-Agent' => $agent);
    }
    for (@languages) {
        my ($login, undef, undef, $language) = @$_;
        $mail{$login} = expect_mail($walk, "$login\@example.org") // return;
        subtest "recovery of $login" => sub { is_recovery($walk, $mail{$login}, $language, $login) };
    }
    for (@languages) {
        my ($login, undef, $wanted) = @$_;
        my $r = $walk->client->post('/account/reset',
            [token => $mail{$login}->token, login => $login, password => NEW, confirm => NEW],
            headers => [['Accept-Language', $wanted], ['User-Agent', $agent]]);
        is($r->status, 303, "$login changes the password");
    }
    for (@languages) {
        my ($login, undef, undef, $language) = @$_;
        my $mail = expect_mail($walk, "$login\@example.org") // return;
        subtest "notice to $login" => sub { is_notice($walk, $mail, $language, $login) };
        isnt($mail->header('Message-ID'), $mail{$login}->header('Message-ID'), 'an id of its own');
    }
    return;
}

# --- who gets it ------------------------------------------------------------------

# What is typed, what is stored, where the mail goes.
my @addresses = (
    ['CASE.One@Example.ORG', 'case.one@example.org', 'case.one@example.org'],
    ['case.two@example.org', 'Case.Two@EXAMPLE.org', 'Case.Two@example.org'],
    ["  blank\@example.org \t", 'blank@example.org', 'blank@example.org'],
    ['idn@Пример.РФ', 'idn@xn--e1afmkfd.xn--p1ai', 'idn@xn--e1afmkfd.xn--p1ai'],
    ['idn.two@XN--E1AFMKFD.xn--p1ai', 'idn.two@xn--e1afmkfd.xn--p1ai', 'idn.two@xn--e1afmkfd.xn--p1ai'],
    ['идн@пример.рф', 'идн@xn--e1afmkfd.xn--p1ai', 'идн@xn--e1afmkfd.xn--p1ai'],
    ['idn.three@пример.рф', 'idn.three@пример.рф', 'idn.three@xn--e1afmkfd.xn--p1ai'],
    ['By.Login', 'elsewhere@example.org', 'elsewhere@example.org', 'by.login'],
);

# Nobody's: what a collation or a font takes for the same.
my @strangers = ('àdmin@example.org', "\x{430}dmin\@example.org", "admin\@ex\x{E4}mple.org", 'admin@example.org.evil.org',
    'admin+x@example.org', "admi\x{FF4E}\@example.org");

sub addresses {
    my $walk = shift;
    $walk->add('admin');
    my $n = 0;
    $walk->add($_->[3] // 'address' . $n++, email => $_->[1]) for @addresses;
    ask($walk, $_) for @strangers;
    for (@addresses) {
        is(ask($walk, encode($_->[0]))->status, 200, "asked for $_->[0]");
    }
    for (@addresses) {
        my $to = encode($_->[2]);
        my $mail = expect_mail($walk, $to, "$_->[0]: a mail to $_->[2]") // next;
        like($mail->raw, qr/^To: \Q$to\E$/m, "$_->[0]: To");
    }
    ok(settled($walk), 'all were tried');
    is($walk->mail_to('admin@example.org', 0), undef, 'strangers got nothing');
    is(scalar($walk->mails_left), 0, 'nor anybody else');
    return;
}

sub encode { my $text = shift; utf8::encode($text); return $text }

# What is in the row beside the e-mail address, where the mail goes.
my @seconds = (
    ['second', 'other@example.org', 'other@example.org'],
    ['empty', '', 'empty@example.org'],
    ['blank', undef, 'blank@example.org'],
);
my @hostile_addresses = ("a\@example.org\r\nBcc: b\@example.org", 'a@example.org,b@example.org', 'a@example.org b@example.org',
    '-oQ/tmp@example.org', '-OQueueDirectory=/tmp', '|/bin/sh', '/etc/passwd', 'root', 'a@',
    '@example.org', '"a b"@example.org',
    "a\@example.org\x{7}", 'x' x 300 . '@example.org', 'a%b@example.org', 'a!b@example.org');

sub recovery_email {
    my $walk = shift;
    my ($n, $mark) = (0, $walk->httpd->log_mark);
    $walk->add("$_->[0].r", email => "$_->[0]\@example.org", recovery_email => $_->[1]) for @seconds;
    $walk->add('hostile' . $n++, recovery_email => $_) for @hostile_addresses;
    ask($walk, "$_->[0]\@example.org") for @seconds;
    ask($walk, "hostile$_\@example.org") for 0 .. $n - 1;
    for (@seconds) {
        ok($walk->mail_to($_->[2]), "$_->[0]: goes to $_->[2]");
    }
    ok(settled($walk), 'all were tried');
    is(scalar(grep { /PWR0413/ } $walk->httpd->log_since($mark)), $n, 'an address that is none is told to the admin');
    is(scalar($walk->mails_left), 0, 'and nothing is sent');
    is(scalar(jobs($walk)), 0, 'nor tried again');
    return;
}

# Two accounts have one mailbox, one goes elsewhere.
sub several {
    my $walk = shift;
    $walk->add("twin$_", email => $_ == 2 ? 'Twin@Example.org' : 'twin@example.org') for 1 .. 3;
    $walk->sql(q(UPDATE pwreset_user SET recovery_email = 'third@example.org' WHERE login = 'twin3'));
    ask($walk, 'twin@example.org');
    my $mail = $walk->mail_to('twin@example.org') // $walk->mail_to('Twin@example.org', 0)
        // return fail('no mail to the twins');
    has_headers($mail, 'en', $words{en}{recover});
    says($mail, $words{en}{several}, 'Login: twin1', 'Login: twin2');
    my @links = $mail->text =~ m{^https?://[^/]*(/account/reset\?token=\S+)$}gm;
    is(scalar @links, 2, 'each with a link of its own');
    is_deeply([sort map { $walk->client->get($_)->form->{fields}{login} } @links], ['twin1', 'twin2'], 'that works');
    my $third = expect_mail($walk, 'third@example.org') // return;
    like($third->text, qr/^Login: twin3$/m, 'the third has one of its own');
    unlike($third->text, qr/twin[12]|Several/, 'that says nothing of the others');
    isnt($third->header('Message-ID'), $mail->header('Message-ID'), 'two mails, two ids');
    ok(settled($walk), 'done');
    is(scalar($walk->mails_left), 0, 'two mails');
    return;
}

# --- hostile rows -----------------------------------------------------------------

my %hostile = (
    lines => "eve\r\nBcc: x\@evil.org\r\n\r\nLink:\r\nhttps://evil.org/\r\n.\r\n",
    html => q(<img src=//evil.org onerror=alert(1)>"'`&amp;</strong></html>),
    template => '{{site_name}}{{{url_login}}}{{#accounts}}',
    separators => "eve\x{2028}https://evil.org/\x{2029}\x{85}\x{0B}\x{0C}x",
    turned => "\x{202E}gro.live\x{202C}",
    long => "\x{44F}" x 190,
    percent => '%s%n%s=3D=?UTF-8?Q?x?=',
    mime => '--=_' . '0' x 32,
    escape => "\x{1B}]0;x\x{7}\x{1}",
);

sub is_harmless {
    my ($walk, $mail, $name) = @_;
    my @lines = split /[\r\n\x{0B}\x{0C}\x{85}\x{2028}\x{2029}]/, $mail->text;
    is(scalar(grep { /^Login: / } @lines), 1, "$name: one login");
    is(scalar(grep { /^(?:Bcc:|\.$|https:\/\/evil)/ } @lines), 0, "$name: no line of its own");
    unlike($mail->text, qr/[\x00-\x09\x0B-\x1F\x7F-\x9F\x{202A}-\x{202E}\x{2066}-\x{2069}]/, "$name: no controls");
    unlike($mail->html, qr/<img|<\/strong>[^\n]*<\/html>|[\x00-\x09\x0B-\x1F]/, "$name: HTML: escaped");
    is_local($walk->httpd, $mail->html) if $name ne 'lines' && $name ne 'separators' && $name ne 'html';
    return;
}

sub hostile_rows {
    my $walk = shift;
    $walk->add($hostile{$_}, email => "$_.row\@example.org", name => $hostile{$_}, language => $hostile{$_} =~ s/.{35}\K.*//sr)
        for sort keys %hostile;
    ask($walk, "$_.row\@example.org", 'User-Agent' => 'Firefox/1 Linux' . 'x' x 2000) for sort keys %hostile;
    my %string;
    for my $name (sort keys %hostile) {
        my $mail = expect_mail($walk, "$name.row\@example.org") // next;
        has_headers($mail, 'en', $words{en}{recover});
        has_parts($mail) if $name !~ /html|template/;
        is_harmless($walk, $mail, $name);
        $string{$name} = $mail->token;
    }
    for my $name (sort keys %string) {
        my $r = $walk->client->post('/account/reset', [token => $string{$name}, password => NEW, confirm => NEW]);
        is($r->status, 303, "$name: the string works");
        my $mail = expect_mail($walk, "$name.row\@example.org") // next;
        has_headers($mail, 'en', $words{en}{changed});
        is_harmless($walk, $mail, $name);
    }
    return;
}

# Columns that are no text: a mail without the login is better than none.
sub not_utf8 {
    my $walk = shift;
    $walk->add('binary');
    $walk->sql('ALTER TABLE pwreset_user MODIFY login VARBINARY(800)') if $walk->kind eq 'mysql';
    my $type = $walk->kind eq 'mysql' ? 'BINARY' : 'TEXT';
    $walk->sql("UPDATE pwreset_user SET login = CAST(x'FF00FE' AS $type) WHERE login = 'binary'");
    ask($walk, 'binary@example.org');
    my $mail = expect_mail($walk, 'binary@example.org') // return;
    has_headers($mail, 'en', $words{en}{recover});
    my $r = $walk->client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW]);
    is($r->status, 303, 'not UTF-8: the string works');
    ok($walk->mail_to('binary@example.org'), 'not UTF-8: the notice comes');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->sql('ALTER TABLE pwreset_user ADD COLUMN recovery_email VARCHAR(320)');
    both_mails($walk);
    addresses($walk);
    recovery_email($walk);
    several($walk);
    hostile_rows($walk);
    not_utf8($walk);
}, conf => $conf, global => 'PwResetMailSlots 8');
done_testing();
