#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The demo site's mail program: what it is given lies in the folder byte by
# byte, with a page beside it that runs nothing; what cannot be kept is told so
# that it is sent again.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

use constant EX_TEMPFAIL => 75;

my $program = "$FindBin::Bin/../../build-aux/mail-to-folder";
my $dir = tempdir(CLEANUP => 1);

# (exit status, the files that are new by their suffix)
sub sent {
    my ($folder, $message) = @_;
    my %was = map { $_ => 1 } glob "$dir/{,.}*";
    open my $pipe, '|-', "exec '$program' '$folder' -f a\@example.org -- b\@example.org 2>'$dir.err'" or die "$program: $!\n";
    binmode $pipe;
    print {$pipe} $message;
    close $pipe;
    my %new = map { /\.(\w+)$/ ? ($1 => $_) : ($_ => $_) } grep { !$was{$_} } glob "$dir/{,.}*";
    return ($? >> 8, \%new);
}

sub slurp { open my $in, '<:raw', $_[0] or return ''; local $/; return <$in> }

my $head = "From: a\@example.org\nTo: b\@example.org\nSubject: =?utf-8?q?<script>alert(1)</script>_=D1=8F?=\n";
my %message = (
    'a mail' => "$head\nHello\nhttps://www.example.org/account/reset?token=A&lang=en\n",
    'CR LF, no last line feed' => ($head =~ s/\n/\r\n/gr) . "\r\nHello\r\n.\r\nx",
    'any bytes' => "$head\n" . join('', map { chr } 0 .. 255),
    'nothing' => '',
    'no header' => "\nx\n",
    'a broken multipart' => "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Transfer-Encoding: base64\n\n\xFF",
);
for my $name (sort keys %message) {
    my ($status, $new) = sent($dir, $message{$name});
    is($status, 0, "$name: taken");
    is_deeply([sort keys %$new], [qw(eml html)], "$name: a message and a page");
    ok(slurp($new->{eml}) eq $message{$name}, "$name: byte by byte");
    unlike(slurp($new->{html}), qr/<script/i, "$name: the page runs nothing");
}
my ($status, $new) = sent("$dir/none", $message{'a mail'});
is_deeply([$status, $new], [EX_TEMPFAIL, {}], 'no folder: to be sent again, and nothing is left');
like(slurp("$dir.err"), qr{^cannot write in \Q$dir\E/none: No such file}, 'no folder: and why');
unlink "$dir.err";
done_testing();
