#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What core/mime.c writes, read by a mail parser that is not ours.
use strict;
use warnings;
use utf8;
use Email::MIME;
use FindBin;
use Test::More;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);

my $build = $ENV{PWR_BUILD} || "$FindBin::Bin/../../build";
my $link = 'https://www.example.ru/account/reset?token='
    . 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345&lang=ru&from=mail#form';

sub printed {
    my ($mode) = @_;
    open my $pipe, '-|:raw', "$build/t/10-unit/mime", $mode or die "mime $mode: $!\n";
    my $bytes = do { local $/; <$pipe> };
    close $pipe or die "mime $mode: exit $?\n";
    return $bytes;
}

sub headers_are {
    my ($mail, %want) = @_;
    is_deeply([$mail->header_str($_)], [$want{$_}], "header $_") for sort keys %want;
}

my $bytes = printed('--print');
unlike($bytes, qr/[^\n\x20-\x7E]/, 'printable ASCII and line feeds');
unlike($bytes, qr/[ \t]$/m, 'no blank ends a line');
unlike($bytes, qr/^(?:From |\.)/m, 'nothing that tempts a mail program');
my @long = grep { length > 76 } split /\n/, $bytes;
is_deeply(\@long, [$link =~ s/=/=3D/gr], 'only the link is longer than a line');
unlike($_, qr/[^ ]{76}/, 'an encoded word is no longer than 75') for grep { /=\?/ } split /\n/, $bytes;

my $mail = Email::MIME->new($bytes);
headers_are($mail,
    'From' => '"ООО \"Рога и копыта\"" <noreply@example.ru>',
    'To' => 'Ivan.Petrov@xn--80a1acny.xn--p1ai',
    'Subject' => 'Восстановление пароля на сайте www.example.ru 🔑 и не только',
    'Date' => 'Wed, 31 Dec 2025 23:59:59 +0000',
    'Message-ID' => '<0123456789abcdef0123456789abcdef.2@example.ru>',
    'MIME-Version' => '1.0',
    'Auto-Submitted' => 'auto-generated',
    'X-Auto-Response-Suppress' => 'All',
    'Content-Language' => 'ru',
);
is($mail->content_type =~ s/;.*//sr, 'multipart/alternative', 'its type');
my @parts = $mail->subparts;
is_deeply([map { $_->content_type } @parts], ['text/plain; charset=utf-8', 'text/html; charset=utf-8'],
    'text first, then HTML');
is($parts[0]->body_str =~ s/\r\n/\n/gr,
    "Здравствуйте, Иван!\n\n$link\n\nFrom here on\n.\n-- \nexample.ru = €\n", 'the text');
is($parts[1]->body_str =~ s/\r\n/\n/gr, qq{<p>Здравствуйте, <a href="$link">Иван</a>!</p>\n}, 'the HTML');

my $plain = Email::MIME->new(printed('--print-plain'));
headers_are($plain,
    'From' => '"Example, \"Ltd\"" <noreply@example.org>',
    'Subject' => 'Your password was changed',
);
is(scalar $plain->subparts, 0, 'a mail without HTML has no parts');
is($plain->content_type, 'text/plain; charset=utf-8', 'it is plain text');
is($plain->body_str =~ s/\r\n/\n/gr, "It was.\n", 'which reads');
done_testing();
