# SPDX-License-Identifier: Apache-2.0
# What must hold of mails that went through a real mail program into a real
# mailbox of a PWR::Postfix.  The site has SITE as its name, and takes logins on
# its forgot page (CONF).
#
#   recovers($walk, $postfix->mailbox('ivan'), 'ivan');     # the whole walk, in Russian
#   my $mail = arrives($walk, $box, 'olga');    # asked for, and as it must be
#   addressed($walk, $postfix);                 # nasty addresses, of any.example
#   processes_of($folder);                      # whose program lies there
package PWR::RealMail;
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use PWR::Jobs;
use PWR::Walk;
use Test::More;

our @EXPORT = qw(recovers arrives addressed processes_of CONF SITE FROM);

use constant {SITE => 'ООО «Пример», "Ltd"', FROM => 'noreply@example.org', MAIL_SEC => 20};
use constant CONF => join "\n", 'PwResetIdentify forgot both', 'PwResetMailTimeout 20',
    'PwResetSiteName "' . SITE =~ s/"/\\"/gr . '"', '';

# A mail of ours, whoever carried it.
sub is_ours {
    my ($mail, $to) = @_;
    ok($mail, "$to: a mail in the mailbox") or return 0;
    is($mail->from, FROM, "$to: the envelope's sender is ours");
    is($mail->to, $to, "$to: and so is its recipient");
    like($mail->header('From'), qr/^"?ООО «Пример», .*<@{[FROM]}>$/, "$to: From");
    is_deeply([$mail->raw =~ /^(To: .*?)\r?$/mg], ["To: $to"], "$to: one To");
    is_deeply([map { $mail->header($_) } 'Auto-Submitted', 'MIME-Version'], ['auto-generated', '1.0'], "$to: as it left us");
    ok($_, "$to: a part that can be read") for $mail->text, $mail->html;
    return 1;
}

# Ask for a string and take it out of the mailbox.
sub arrives {
    my ($walk, $box, $login) = @_;
    ask($walk, $login);
    my $mail = $box->next(MAIL_SEC);
    is_ours($mail, "$login\@example.org") or return;
    my $string = $mail->token;
    like($mail->html, qr/\Q$string\E/, "$login: both parts have the string");
    return $mail;
}

sub recovers {
    my ($walk, $box, $login) = @_;
    $walk->add($login, language => 'ru');
    my $mail = arrives($walk, $box, $login) // return;
    is($mail->header('Subject'), SITE . ': восстановление пароля', "$login: the subject, decoded");
    like($mail->text, qr/Контрольная строка/, "$login: and the words");
    my ($job) = $walk->value('SELECT job FROM pwreset_token WHERE login = ?', $login);
    is($mail->header('Message-ID'), "<$job\@example.org>", "$login: the id by which we know it");
    my $client = $walk->client;
    is($client->get($mail->link =~ s{^\w+://[^/]*}{}r)->status, 200, "$login: the link opens the page");
    my $form = [token => $mail->token, password => NEW, confirm => NEW];
    is($client->post('/account/reset', $form)->status, 303, "$login: which takes the password");
    ok($walk->works($login, NEW), "$login: that is the new one");
    my $notice = $box->next(MAIL_SEC);
    is_ours($notice, "$login\@example.org") or return;
    is($notice->header('Subject'), SITE . ': пароль изменён', "$login: a mail that it changed");
    $walk->settle;
    return;
}

# Which of them no mail program may ever see, and which it must take as they are.
my @refused = ('-oQ/tmp/x@any.example', '-f@any.example', '-bp', '-X/tmp/x@any.example', '"a b"@any.example',
    'a b@any.example', ' -t@any.example', '|id@any.example', '/tmp/x@any.example', 'a@any.example,b@any.example',
    "a\@any.example\nBcc: b\@any.example");
my @taken = ('x-f@any.example', '#$&*?^`{|}~@any.example', q(o'neil@any.example), 'a.b-c_d=e/f@any.example',
    'plus+tag@any.example', '1@any.example');

sub addressed {
    my ($walk, $postfix) = @_;
    my $n = 0;
    for my $email (@refused, @taken) {
        my $login = sprintf 'nasty%02d', $n++;
        $walk->add($login, email => $email);
        is(ask($walk, $login)->status, 200, "$login: asked for");
    }
    $walk->settle;
    my $box = $postfix->mailbox('any');
    my %mail = map { my $mail = $box->next(MAIL_SEC); $mail ? ($mail->to => $mail) : () } @taken;
    is_ours($mail{$_}, $_) for @taken;
    is_deeply([map { $_->to } $box->unseen], [], 'what could be an option or a list gets nothing');
    my @told = grep { /PWR0413/ } $walk->httpd->error_log;
    is(scalar @told, scalar @refused, 'and the admin is told of each');
    return;
}

# Processes whose program lies below this folder.
sub processes_of {
    my $folder = shift;
    return map { (readlink // '') =~ m{^\Q$folder\E/} && m{^/proc/(\d+)/} ? $1 : () } glob '/proc/[0-9]*/exe';
}

1;
