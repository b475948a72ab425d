#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Mails through the real sendmail of Postfix into a real mailbox, and what is
# said when it refuses, is away, or cannot write its queue.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Httpd;
use PWR::Jobs;
use PWR::Operator;
use PWR::Postfix;
use PWR::RealMail;
use PWR::Walk;
use Test::More;

use constant MAIL_SEC => 20;

my $conf;

# Found by its name in a subject or a body.
sub id_told {
    my ($walk, $login) = @_;
    my $out = says($walk, "why $login: it was handed over", 0, qr/^OK    last string: made .*; it works until/m, 'why', $login);
    return $out =~ /look for (\S+) in/ ? $1 : undef;
}

# The program takes what it cannot deliver, and sends it back to the sender.
sub bounces {
    my ($walk, $postfix) = @_;
    $walk->add('ghost');
    ask($walk, 'ghost');
    my $bounce = $postfix->mailbox('noreply')->next(MAIL_SEC);
    ok($bounce, 'no such mailbox: it comes back to PwResetMailFrom') or return;
    like($bounce->raw, qr/ghost\@example\.org.*unknown|unknown.*ghost\@example\.org/is, 'no such mailbox: which says why');
    my $id = id_told($walk, 'ghost');
    like($bounce->raw, qr/\Q$id\E/, 'no such mailbox: with the id that "why" names');
    my @lines = grep { /message-id=<\Q$id\E>/ } $postfix->log;
    is(scalar @lines, 1, 'no such mailbox: as does the log of Postfix');
    return;
}

# Its queue takes mails while nothing of it runs.
sub away {
    my ($walk, $postfix) = @_;
    $walk->add('olga');
    $postfix->stop;
    ask($walk, 'olga');
    $walk->settle;
    my $id = id_told($walk, 'olga');
    is(scalar $postfix->mailbox('olga')->unseen, 0, 'Postfix is stopped: nothing arrives');
    $postfix->start;
    my $mail = $postfix->mailbox('olga')->next(MAIL_SEC);
    ok($mail, 'Postfix is stopped: when it is started again it does') or return;
    is($mail->header('Message-ID'), "<$id>", 'Postfix is stopped: under the id that "why" names');
    is($walk->client->get($mail->link =~ s{^\w+://[^/]*}{}r)->status, 200, 'Postfix is stopped: and its link works');
    return;
}

# While it is broken: what is said; and then the mail comes.
sub broken {
    my ($walk, $postfix, $login, $name, $said, $status, $remedy) = @_;
    my $address = "$login\@example.org";
    my $mark = $walk->httpd->log_mark;
    $walk->add($login);
    ask($walk, $login);
    my $line = $walk->httpd->wait_log(qr/PWR030[45]/, $mark) // return fail("$name: the admin is told");
    like($line, $said, "$name: the admin is told");
    settled($walk);
    $walk->sql('UPDATE pwreset_job SET due = due + 3600 WHERE gave_up = 0');
    my $id = $walk->value('SELECT id FROM pwreset_job WHERE identifier = ?', $login);
    is_deeply([processes_of($postfix->folder . '/usr/sbin')], [], "$name: no process is left");
    says($walk, "$name: why", $status, qr/^(?:WAIT|FAIL)  job $id, .*$said.*\n +-> $remedy/m, 'why', $login);
    says($walk, "$name: queue show", 0, qr/^error .*$said.*\nremedy +$remedy/m, qw(queue show), $id);
    says($walk, "$name: mail test", $status, qr/^said .*$said.*\nverdict .*\nremedy +$remedy/m, qw(mail test --as),
        PWR::Httpd->account->{name}, $address);
    return $id;
}

sub mended {
    my ($walk, $postfix, $login, $name, $id) = @_;
    says($walk, "$name: queue retry", 0, qr/^due now/, qw(queue retry), $id);
    wake($walk);
    my $mail = $postfix->mailbox($login)->next(MAIL_SEC);
    ok($mail, "$name: the mail comes once it is mended") or return;
    is($mail->header('Message-ID'), "<$id\@example.org>", "$name: as the message that it was");
    $walk->settle;
    return;
}

sub failures {
    my ($walk, $postfix) = @_;
    my $maildrop = $postfix->queue . '/maildrop';
    $walk->reconf($conf . "\nPwResetMailTimeout 2");
    chmod 0700, $maildrop;
    my $id = broken($walk, $postfix, 'shut', 'queue not writable',
        qr/not ended after 2 s: .*mail_queue_enter: create file maildrop\S+ Permission denied/, 75, qr/it hangs/);
    chmod 01730, $maildrop;
    mended($walk, $postfix, 'shut', 'queue not writable', $id);
    $walk->reconf($conf);

    chmod 0600, $postfix->conf_file;
    $id = broken($walk, $postfix, 'secret', 'configuration not readable',
        qr/exit 75 \(EX_TEMPFAIL\): .*main\.cf: Permission denied/, 75, qr/it asks for another try/);
    chmod 0644, $postfix->conf_file;
    mended($walk, $postfix, 'secret', 'configuration not readable', $id);

    $postfix->configure('authorized_submit_users = root');
    $id = broken($walk, $postfix, 'banned', 'user not allowed', qr/exit 75 \(EX_TEMPFAIL\): .*is not allowed to submit mail/,
        75, qr/it asks for another try/);
    $postfix->configure;
    mended($walk, $postfix, 'banned', 'user not allowed', $id);
    $walk->httpd->expect_log('PWR0304');
    return;
}

# The control: it does take options there, but for the "--" that we write.
sub takes_options {
    my $postfix = shift;
    my @command = ($postfix->sendmail, '-i', '-f', FROM);
    like(qx(@command -bp 2>&1), qr/queue/i, 'without -- an address could be an option');
    is(qx(@command -- -bp </dev/null 2>&1), '', 'with -- it is none');
    ok($postfix->mailbox('noreply')->next(MAIL_SEC), 'but a recipient that nobody is');
    return;
}

sub test_mail {
    my ($walk, $postfix) = @_;
    for my $as ('root', PWR::Httpd->account->{name}) {
        my $out = says($walk, "mail test as $as", 0, qr/^said .*: exit 0 \(EX_OK\)\nverdict +OK: it took the message/m,
            qw(mail test --as), $as, 'ivan@example.org');
        my ($id) = $out =~ /^id +(\S+)$/m;
        my $mail = $postfix->mailbox('ivan')->next(MAIL_SEC);
        ok($mail, "mail test as $as: it arrives") or next;
        is_deeply([$mail->header('Message-ID'), $mail->from], ["<$id>", FROM], "mail test as $as: as told");
    }
    return;
}

my $postfix = PWR::Postfix->new(qw(ivan olga noreply shut secret banned));
plan skip_all => $postfix->problem if $postfix->problem;
$postfix->start;
$conf = CONF . 'PwResetSendmail ' . $postfix->sendmail . ' -i';
my $walk = PWR::Walk->new('sqlite', conf => $conf);
recovers($walk, $postfix->mailbox('ivan'), 'ivan');
addressed($walk, $postfix);
takes_options($postfix);
bounces($walk, $postfix);
test_mail($walk, $postfix);
away($walk, $postfix);
failures($walk, $postfix);
$walk->settle;
$walk->httpd->done;
done_testing();
