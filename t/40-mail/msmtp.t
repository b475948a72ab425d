#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Mails through the real msmtp to a real SMTP server, Postfix, into a real
# mailbox, and what is said of each way in which that fails.
use strict;
use warnings;
use utf8;
use FindBin;
use IO::Socket::IP;
use lib "$FindBin::Bin/../lib";
use PWR::Httpd;
use PWR::Jobs;
use PWR::Operator;
use PWR::Package;
use PWR::Postfix;
use PWR::RealMail;
use PWR::Walk;
use Test::More;

use constant {MAIL_SEC => 20, LIFE_SEC => 60};

my $msmtp = PWR::Package->new('msmtp');
my $postfix = PWR::Postfix->new(qw(ivan busy noreply));
my ($problem) = grep { defined } $msmtp->problem, $postfix->problem;
plan skip_all => $problem if defined $problem;
my ($program, $rc) = map { $msmtp->folder . "/$_" } qw(msmtp rc);
my $account = PWR::Httpd->account;

sub write_file {
    my ($path, $mode, @lines) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print {$out} map { "$_\n" } @lines;
    close $out or die "$path: $!\n";
    chmod $mode, $path or die "$path: $!\n";
    return;
}

# Its configuration: a server, and more lines.
sub talks_to {
    my ($host, $port, @more) = @_;
    write_file($rc, 0644, 'account default', "host $host", "port $port", 'tls off', 'auth off', 'domain example.org', @more);
    return;
}

# The port of a server that says no more than this to whoever connects.
my @servers;
END { kill KILL => @servers }

sub server_that_says {
    my $words = shift;
    my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 5) or die "socket: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        my @clients;
        alarm LIFE_SEC;
        while (my $client = $socket->accept) {
            syswrite $client, $words;
            push @clients, $client;
        }
    }
    push @servers, $pid;
    return $socket->sockport;
}

# What is set up, to whom it is sent, and what is said: 75 tried again, 69 given up.
my $unknown = qr/exit 65 \(EX_DATAERR\): .*not accepted by the server \| .*server message: 550 5\.1\.1 /;
my @failures = (
    ['unknown user', sub { at_home() }, 'ghost', 69, $unknown, qr/it refuses the message or an address/],
    ['greylisted', sub { at_home() }, 'busy', 75, qr/exit 69 \(EX_UNAVAILABLE\): .*server message: 450 4\.7\.1 .*Come again/,
        qr/something that it needs is not there/],
    ['server away', sub { talks_to('127.0.0.1', 1) }, 'ivan', 75, qr/exit 75 \(EX_TEMPFAIL\): .*Connection refused/,
        qr/it asks for another try/],
    ['no such server', sub { talks_to('nowhere.invalid', 25) }, 'ivan', 75,
        qr/exit 68 \(EX_NOHOST\): .*cannot locate host nowhere\.invalid/, qr/it does not find a host, that of its mail server/],
    ['server busy', sub { talks_to('127.0.0.1', server_that_says("421 busy\r\n")) }, 'ivan', 75,
        qr/exit 76 \(EX_PROTOCOL\): .*server message: 421 busy/, qr/the mail server that it talks to/],
    ['wrong configuration', sub { talks_to('127.0.0.1', $postfix->port, 'nonsense on') }, 'ivan', 69,
        qr/exit 78 \(EX_CONFIG\): .*unknown command nonsense/, qr/its configuration is wrong/],
    ['a password for everybody', sub { talks_to('127.0.0.1', $postfix->port, 'password x') }, 'ivan', 69,
        qr/exit 78 \(EX_CONFIG\): .*must be owned by you/, qr/its configuration is wrong/],
    ['configuration not readable', sub { at_home(); chmod 0600, $rc }, 'ivan', 75,
        qr/exit 74 \(EX_IOERR\): .*Permission denied/, qr/it cannot read or write/],
);

sub at_home { talks_to('127.0.0.1', $postfix->port); return }

sub fails {
    my ($walk, $name, $prepare, $login, $status, $said, $remedy) = @_;
    $prepare->();
    says($walk, "$name: mail test", $status, qr/^said .*$said.*\nverdict .*\nremedy +$remedy/m, qw(mail test --as),
        $account->{name}, "$login\@example.org");
    return;
}

# The same of a job: put back or given up, told, and sent when it can be.
sub is_put_back {
    my $walk = shift;
    my $box = $postfix->mailbox('busy');
    $walk->add($_) for qw(busy ghost);
    at_home();
    ask($walk, $_) for qw(busy ghost);
    settled($walk);
    $walk->sql('UPDATE pwreset_job SET due = due + 3600 WHERE gave_up = 0');
    my %id = map { $_->{identifier} => $_->{id} } jobs($walk);
    says($walk, 'greylisted: why', 75, qr/^WAIT  job $id{busy}, .*450 4\.7\.1.*\n +-> something/m, 'why', 'busy');
    says($walk, 'unknown user: why', 69, qr/^FAIL  job $id{ghost}, .*given up .*550 5\.1\.1.*\n +-> it refuses/m,
        'why', 'ghost');
    $postfix->stop;
    $postfix->configure;
    $postfix->start;
    says($walk, 'greylisted: queue retry', 0, qr/^due now/, qw(queue retry), $id{busy});
    wake($walk);
    my $mail = $box->next(MAIL_SEC);
    ok($mail, 'greylisted: later it is taken') or return;
    is($mail->header('Message-ID'), "<$id{busy}\@example.org>", 'greylisted: as the message that it was');
    says($walk, 'unknown user: queue drop', 0, qr/^dropped/, qw(queue drop), $id{ghost});
    $walk->httpd->expect_log(qw(PWR0304 PWR0305));
    return;
}

my $path = join ':', $msmtp->library_folders;
write_file($program, 0755, '#!/bin/sh', "LD_LIBRARY_PATH='$path' exec '" . $msmtp->folder . "/usr/bin/msmtp' \"\$\@\"");
at_home();
$postfix->configure('smtpd_recipient_restrictions ='
    . ' check_recipient_access inline:{{busy@example.org = 450 4.7.1 Come again}}, permit');
$postfix->start;
my $conf = CONF . "PwResetSendmail $program -C $rc";
my $walk = PWR::Walk->new('sqlite', conf => $conf);
recovers($walk, $postfix->mailbox('ivan'), 'ivan');
addressed($walk, $postfix);
says($walk, 'mail test: accepted', 0, qr/^said .*: exit 0 \(EX_OK\)\nverdict +OK: it took the message/m, qw(mail test --as),
    $account->{name}, 'ivan@example.org');
fails($walk, @$_) for @failures;
is_put_back($walk);
$walk->reconf($conf . "\nPwResetMailTimeout 1");
fails($walk, 'server hangs', sub { talks_to('127.0.0.1', server_that_says('')) }, 'ivan', 75,
    qr/stopped, as it had not ended after 1 s/, qr/it hangs/);
$walk->httpd->done;
done_testing();
