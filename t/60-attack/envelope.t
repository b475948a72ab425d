#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An address that is more than one: options for the mail program (PHPMailer
# CVE-2016-10033, SwiftMailer CVE-2016-10074, Roundcube CVE-2016-9920), headers
# and recipients by a line feed (PHPMailer CVE-2015-8476), a second @ (Python
# CVE-2019-16056), commands and routes of old mailers.  Each is in the table of users,
# where a customer wrote it; what the mail program is told is the witness.
# t/10-unit/addr.c has the same for the function alone.
use strict;
use warnings;
use utf8;
use Email::MIME;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;

use constant {REFUSED_MIN => 60, TAKEN_MIN => 15};

my $long = 'a' x 64;
my $label = 'b' x 63;

my @refused = (
    # line feeds, controls, other line ends
    "a\@example.org\r\nBcc: evil\@evil.example", "a\@example.org\nevil\@evil.example", "a\@exam\r\nple.org",
    "a\r\n\@example.org", "a\@example.org\n.\nRCPT TO:<evil\@evil.example>", "a\@example.org\rX: y", "a\x0B\@example.org",
    "a\@example.org\x0C.x", "a\x01\@example.org", "a\x7F\@example.org", "a\x1B[2J\@example.org", "a\x{85}\@example.org",
    "a\x{2028}\@example.org", "a\x{2029}Bcc: x\@example.org",
    # options
    '-f@example.org', '-oQ/tmp@example.org', '-X/tmp/x@example.org', '--@example.org', '-be${run{id}}@example.org',
    '-OQueueDirectory=/tmp', '-t', '--', '-', "-f x\@example.org", "\" -X/tmp/x \"\@example.org",
    # several, and routes
    'a@example.org,evil@evil.example', 'a@example.org;evil@evil.example', 'a@example.org evil@evil.example',
    'a@b@example.org', '@relay.example:a@example.org', '@relay.example,@other.example:a@example.org',
    'a%evil.example@example.org', 'relay!a@example.org', 'undisclosed:a@example.org;', 'a@example.org>,<evil@evil.example',
    'Ivan <a@example.org>', '<a@example.org>', 'a@example.org (evil@evil.example)', '(x)a@example.org', 'a(x)@example.org',
    'a@(x)example.org', 'mailto:a@example.org', 'a@example.org?bcc=evil@evil.example',
    # quoted
    '"a"@example.org', '"a b"@example.org', '"a@evil.example"@example.org', '"a\\"b"@example.org', '""@example.org',
    "\"a\r\n\"\@example.org", 'a\\@example.org', 'a"b@example.org', 'a[b]@example.org',
    # commands and files
    '|/bin/sh', '|cat@example.org', '/etc/passwd', '/dev/null@example.org', ':include:/etc/passwd', '`id`@exam`ple.org',
    '$(id)@example.org', 'a@example.org|id', 'a@example.org;id', 'a@example.org&id', 'a@$HOME.example.org', 'root', 'root@',
    # hosts
    'a@[127.0.0.1]', 'a@[IPv6:::1]', 'a@127.0.0.1', 'a@2130706433', 'a@0x7f000001', 'a@example.org:25', 'a@example..org',
    'a@.example.org', 'a@example.org.', 'a@-example.org', 'a@example-.org', 'a@exam_ple.org', 'a@exa%6Dple.org', 'a@org',
    "a\@ex\x{AD}ample.org", "a\@example\x{3002}org", "a\@\x{FF45}xample.org",
    # not text, too long, almost nothing
    "\xFF\@example.org", "a\@ex\xE9mple.org", "a\x{FF20}example.org", "$long" . "a\@example.org", "a\@b$label.org",
    "a\@$label.$label.$label.$label.org", '@', '@example.org', 'a@', '.a@example.org', 'a.@example.org', 'a..b@example.org',
    'x' x 5000 . '@example.org', ' ', '',
);
my %is_raw = map { $_ => 1 } grep { /[\xE9\xFF]/ && !/[^\x00-\xFF]/ } @refused;     # bytes that are no text

# Stored, and as the mail program is told it.
my %taken = (
    'plain@example.org' => 'plain@example.org',
    'Case.Kept@Example.ORG' => 'Case.Kept@example.org',
    "  blanks\@example.org \t" => 'blanks@example.org',
    "line.end\@example.org\r\n" => 'line.end@example.org',
    'plus+tag@example.org' => 'plus+tag@example.org',
    q(o'neil@example.org) => q(o'neil@example.org),
    'a.b-c_d=e/f@example.org' => 'a.b-c_d=e/f@example.org',
    '#$&*?^`{|}~@example.org' => '#$&*?^`{|}~@example.org',
    'x-f@example.org' => 'x-f@example.org',
    'дима@example.org' => 'дима@example.org',
    'idn@почта.рф' => 'idn@xn--80a1acny.xn--p1ai',
    'ascii@xn--80a1acny.xn--p1ai' => 'ascii@xn--80a1acny.xn--p1ai',
    "$long\@example.org" => "$long\@example.org",
    "a\@$label.example.org" => "a\@$label.example.org",
    'host@localhost' => 'host@localhost',
    '1@3com.example' => '1@3com.example',
);

my @headers = sort qw(From To Subject Date Message-ID MIME-Version Auto-Submitted X-Auto-Response-Suppress
    Content-Language Content-Type);

sub is_told {
    my ($mail, $address) = @_;
    my $bytes = $address;
    utf8::encode($bytes);
    ok($mail, "$address: a mail") or return;
    is_deeply($mail->argv, ['-f', 'noreply@example.org', '--', $bytes], "$address: one recipient, behind --");
    my $email = Email::MIME->new($mail->raw);
    is_deeply([sort $email->header_names], \@headers, "$address: the headers that we write, and no more");
    is_deeply([$mail->raw =~ /^To: (.*)$/mg], [$bytes], "$address: one To");
    return;
}

# Ask by the login for every row; the mails by their recipients.
sub mails {
    my ($walk, %stored) = @_;
    for my $login (sort keys %stored) {
        my $email = $stored{$login};
        utf8::encode($email) if !$is_raw{$email};
        $walk->add($login);
        $walk->sql("UPDATE pwreset_user SET email = CAST(x'@{[unpack 'H*', $email]}' AS TEXT) WHERE login = ?", $login);
        is($walk->client->post('/account/forgot', [email => $login])->status, 200, "$login: asked for");
    }
    $walk->settle;
    my %mail;
    while (my $mail = $walk->httpd->mailbox->next(0)) {
        fail($mail->to . ': a second mail') if $mail{$mail->to};
        $mail{$mail->to} = $mail;
    }
    return %mail;
}

my $walk = PWR::Walk->new('sqlite', conf => 'PwResetIdentify forgot login', global => 'PwResetMailSlots 8');
my $n = 0;
my $mark = $walk->httpd->log_mark;
my %none = mails($walk, map { (sprintf('bad%03d', $n++) => $_) } @refused);
cmp_ok(scalar @refused, '>=', REFUSED_MIN, @refused . ' addresses that are none');
is_deeply([sort keys %none], [], 'get nothing');
is($walk->httpd->mailbox->runs, 0, 'the mail program is not even started');
my @told = grep { /PWR0413/ } $walk->httpd->log_since($mark);
is(scalar @told, scalar @refused, 'and the admin is told of each');
is(scalar(grep { /evil|[^\x20-\x7E]/ } @told), 0, 'in words of ours');
cmp_ok(scalar keys %taken, '>=', TAKEN_MIN, 'control: addresses');
my %mail = mails($walk, map { (sprintf('good%03d', $n++) => $_) } sort keys %taken);
for my $stored (sort keys %taken) {
    my $bytes = $taken{$stored};
    utf8::encode($bytes);
    is_told($mail{$bytes}, $taken{$stored});
}
$walk->httpd->done;
done_testing();
