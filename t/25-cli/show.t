#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl mail show and page show: what a site would say, in its own words.
use strict;
use warnings;
use utf8;
use open ':std', ':encoding(UTF-8)';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode);
use File::Path qw(make_path);
use PWR::Ctl;
use PWR::Mailbox;
use Test::More;

my $ctl = PWR::Ctl->new;
my $folder = $ctl->dir . '/templates';

# No database is asked: there is none.
sub site { return $ctl->vhosts($ctl->vhost(driver => undef, params => undef, directives => {@_})) }

# What is printed, of a run that says nothing else.
sub shown {
    my @arguments = @_;
    my ($status, $out, $err) = $ctl->run('', @arguments);
    is("$status $err", '0 ', "@arguments");
    return decode('UTF-8', $out);
}

my %states = (
    login => [qw(form error)], logout => [qw(form done)], forgot => [qw(form sent error)],
    reset => [qw(form error ask done expired spent cancelled unknown)], change => [qw(form error done)],
    sessions => [qw(list done)], notme => [qw(offer ask done expired cancelled unknown)],
);

sub pages {
    site();
    for my $page (sort keys %states) {
        my %seen;
        for my $state (@{$states{$page}}) {
            my $html = shown(qw(page show), $page, '--state', $state);
            like($html, qr{^<!DOCTYPE html>\n.*<h1>[^<]+</h1>.*</html>\n\z}s, "$page, $state: a page");
            unlike($html, qr/\{\{/, "$page, $state: filled in");
            push @{$seen{$html}}, $state;
            like(shown(qw(page show --lang ru), $page, '--state', $state), qr/<html lang="ru">.*\p{Cyrillic}{3}/s,
                "$page, $state: in Russian");
        }
        is_deeply([grep { @$_ > 1 } values %seen], [], "$page: no two states are alike");
        my ($first) = grep { $seen{$_}[0] eq $states{$page}[0] } keys %seen;
        is(shown(qw(page show), $page), $first, "$page: as it is at first");
    }
    my $html = shown(qw(page show reset));
    like($html, qr/Example Library/, 'the name is the site\'s');
    like($html, qr/name="token" value="[0-9A-Z]{4}(?:-[0-9A-Z]{4}){6}"/, 'a string');
    like($html, qr/data-min="12"/, 'and its rules');
    site(PwResetPasswordLength => [['15', '64']], PwResetIdentify => [['both']], PwResetBase => [['/konto']]);
    like(shown(qw(page show change)), qr{action="/konto/change".*data-min="15"}s, 'as they are said');
    like(shown(qw(page show forgot)), qr/Login or E-Mail/, 'and what may be typed');
    return;
}

sub mails {
    site();
    my $mail = shown(qw(mail show recover));
    like($mail, qr/^From: Example Library <no-reply\@example\.org>\nTo: ivan\@example\.org\nSubject: Example Library: /,
        'sender and subject');
    like($mail, qr{^https://www\.example\.org/account/reset\?token=[0-9A-Z]{28}&lang=en$}m, 'the link');
    like($mail, qr/^ {4}[0-9A-Z]{4}(?:-[0-9A-Z]{4}){6}$/m, 'the string');
    my $ru = shown(qw(mail show recover --lang ru));
    like($ru, qr/^Subject: Example Library: \p{Cyrillic}+/m, 'the subject in Russian');
    like($ru, qr/^Контрольная строка/m, 'and its words');
    like(shown(qw(mail show changed)), qr/^Subject: Example Library: .*\bivan\b/ms, 'the notice');
    my $html = shown(qw(mail show recover --html));
    like($html, qr/^<!DOCTYPE html>.*<a href="https:/s, 'the HTML part');
    my $raw = $ctl->dir . '/raw.eml';
    open my $out, '>:raw', $raw or die "$raw: $!";
    print {$out} ($ctl->run('', qw(mail show recover --lang ru --raw)))[1];
    close $out or die "$raw: $!";
    my $read = PWR::Mailbox::Mail->new($raw);
    is($read->header('To'), 'ivan@example.org', 'the whole is a mail');
    like($read->header('Message-ID'), qr/^<[0-9a-f]{32}\@example\.org>$/, 'with an id');
    return;
}

# Some files of the site's own, the rest built in.
sub overrides {
    make_path("$folder/pages/parts", "$folder/mails", "$folder/po");
    my %file = ('pages/parts/top.html' => "</head>\n<body>\n<p>OUR TOP</p>\n<main>\n",
        'mails/recover.txt' => "OUR MAIL {{#accounts}}{{link}}{{/accounts}}\n", 'po/ru.po' => <<'PO');
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\n"

msgid "Forgot your password?"
msgstr "НАШИ СЛОВА"
PO
    for my $name (keys %file) {
        open my $out, '>:encoding(UTF-8)', "$folder/$name" or die "$name: $!";
        print {$out} $file{$name};
        close $out or die "$name: $!";
    }
    site(PwResetTemplates => [[$folder, scalar getpwuid $>]]);
    my ($page, $ru, $mail) = map { shown(@$_) } [qw(page show forgot)], [qw(page show forgot --lang ru)],
        [qw(mail show recover)];
    like($page, qr{OUR TOP.*<h1>Forgot your password\?</h1>.*</footer>}s, 'one part is ours, the rest is built in');
    like($ru, qr{OUR TOP.*<h1>НАШИ СЛОВА</h1>}s, 'so are words');
    like($ru, qr/Send the control string/, 'and what a catalog lacks is English');
    like($mail, qr/^Subject: Example Library: .*\n\nOUR MAIL https:\S+\n\z/m, 'one part of a mail');
    like(shown(qw(mail show recover --html)), qr/^<!DOCTYPE html>.*https:/s, 'its other is built in');
    open my $out, '>', "$folder/pages/parts/top.html" or die "top: $!";
    print {$out} '{{#main}}';
    close $out;
    my ($status, $html, $err) = $ctl->run('', qw(page show forgot));
    is($status, 0, 'a broken one');
    like($err, qr/top\.html.*section.*built-in one is used/, 'is told');
    like($html, qr{<header class="brand">}, 'and left aside');
    return;
}

sub refused {
    site(PwResetLanguages => [['en']]);
    my @table = (
        [qr/no page 'x'.*login logout forgot reset change sessions notme$/, qw(page show x)],
        [qr/no page '\\x1b\[31m'/, qw(page show), "\e[31m"],
        [qr/no mail 'x'.*recover changed$/, qw(mail show x)],
        [qr/reset has no state 'x'.*form error ask done expired spent cancelled unknown$/, qw(page show reset --state x)],
        [qr/does not speak 'ru'.*PwResetLanguages: en$/, qw(page show reset --lang ru)],
        [qr/does not speak ''/, qw(mail show recover --lang), ''],
        [qr/wrong number/, qw(page show)], [qr/wrong number/, qw(mail show recover changed)],
    );
    for my $row (@table) {
        my ($err, @arguments) = @$row;
        $ctl->runs_ok("@arguments", {status => 64, err => $err}, '', @arguments);
    }
    return;
}

-x PWR::Ctl->program or BAIL_OUT(PWR::Ctl->program . ' was not built');
subtest pages => \&pages;
subtest mails => \&mails;
subtest overrides => \&overrides;
subtest refused => \&refused;
done_testing();
