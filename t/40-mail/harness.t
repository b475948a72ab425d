#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The tests of the mail tests' own tools: fake-sendmail in each of its modes,
# and what PWR::Mailbox reads.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::QuotedPrint qw(encode_qp);
use POSIX ();
use PWR::Mailbox;
use Test::More;
use Time::HiRes qw(time);

my $folder = tempdir(CLEANUP => 1);
my $box = PWR::Mailbox->new($folder);
my $token = 'ABCD-0123-EFGH-4567-JKMN-89PQ-RSTV';

# Start it with the message on its standard input; returns the pid and the end
# of the pipe that is its stdout and stderr.
sub begin {
    my ($message, @arguments) = @_;
    my $file = "$folder/message";
    open my $out, '>:raw', $file or die "$file: $!\n";
    print {$out} $message;
    close $out;
    pipe my $read, my $write or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    return ($pid, $read) if $pid;
    open STDIN, '<', $file;
    open STDOUT, '>&', $write;
    open STDERR, '>&', $write;
    { exec "$FindBin::Bin/../lib/fake-sendmail", @arguments; }
    POSIX::_exit(127);
}

# (exit status, or "signal N"; its first 100 bytes; how much it said)
sub finish {
    my ($pid, $read) = @_;
    my $said = do { local $/; <$read> } // '';
    waitpid $pid, 0;
    return ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8, substr($said, 0, 100), length $said);
}

sub run { return finish(begin(@_)) }

sub mail {
    my $part = sub { "Content-Type: text/$_[0]; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
        . encode_qp(encode('UTF-8', $_[1])) };
    return join "\n", 'From: noreply@example.org', 'To: ivan@example.org', 'Subject: =?UTF-8?Q?=D0=9F=D0=B0?=',
        'MIME-Version: 1.0', 'Content-Type: multipart/alternative; boundary=b', '', '--b',
        $part->('plain', "Строка: $token\nhttps://example.org/r?a=1&token=x y\n"), '--b',
        $part->('html', "<p>Строка</p>\n"), '--b--', '';
}

sub well_behaved {
    my @arguments = ($folder, '-i', '-f', 'bounces@example.org', '--', 'ivan@example.org');
    is($box->next(0), undef, 'no mail yet');
    is_deeply([run(mail(), @arguments)], [0, '', 0], 'a mail');
    my $mail = $box->next(0);
    is($mail->raw, mail(), 'byte by byte');
    is_deeply($mail->argv, [@arguments[1 .. 5]], 'arguments');
    is_deeply([$mail->from, $mail->to], ['bounces@example.org', 'ivan@example.org'], 'envelope');
    is($mail->header('Subject'), 'Па', 'header');
    is_deeply([$mail->token, $mail->link], [$token, 'https://example.org/r?a=1&token=x'], 'token and link');
    like($mail->html, qr{^<p>Строка</p>\s*$}, 'HTML part');
    is($box->next(0), undef, 'given once');
    is($box->runs, 1, 'one run');
    run("second\n", @arguments);
    run("third\n", @arguments);
    is_deeply([map { $_->raw } $box->unseen], ["second\n", "third\n"], 'in order');
    is_deeply([map { $box->next->raw } 1 .. 2], ["second\n", "third\n"], 'one by one');
    is_deeply([$mail->token, PWR::Mailbox::Mail->new($box->{folder} . '/message')->token], [$token, undef],
        'a mail without a string');
    is_deeply([(run('', "$folder/none"))[0], (run(''))[0]], [64, 64], 'no folder');
    return;
}

sub misbehaved {
    my @table = (
        ['exit 75 try later', 75, "try later\n", 0],
        ['exit 0', 0, '', 0],
        ['unread', 0, '', 0],
        ['unread 67', 67, '', 0],
        ['die', 'signal 9', '', 0],
        ['flood', 0, 'x' x 99 . "\n", 1],
        ['slow 0.01', 0, '', 1],
        ['linger 0.01', 0, '', 1],
        ['nonsense', 64, "fake-sendmail: there is no mode 'nonsense'\n", 0],
        ['', 0, '', 1],
    );
    for my $row (@table) {
        my ($mode, $status, $said, $mails) = @$row;
        my $runs = $box->runs;
        $box->mode($mode);
        my @got = run("x\n", $folder, '-f', 'a', '--', 'b');
        is_deeply([@got[0, 1]], [$status, $said], "mode '$mode'");
        is($got[2], $mode eq 'flood' ? 10_000_000 : length $said, "mode '$mode': how much it says");
        is(scalar(grep { $box->next(0) } 1 .. 2), $mails, "mode '$mode': mails");
        is($box->runs, $runs + 1, "mode '$mode': runs");
    }
    $box->mode('2 times exit 75');
    is_deeply([map { (run("x\n", $folder))[0] } 1 .. 4], [75, 75, 0, 0], 'twice');
    $box->mode('1 times exit 69');
    is_deeply([map { (run("x\n", $folder))[0] } 1 .. 2], [69, 0], 'counted anew');
    $box->mode(undef);
    is((run("x\n", $folder))[0], 0, 'and well-behaved again');
    return;
}

sub hanging {
    my $runs = $box->runs;
    my %end = (hang => 'TERM', deaf => 'KILL', brood => 'TERM');
    for my $mode (sort keys %end) {
        $box->mode($mode);
        my ($pid, $read) = begin("x\n", $folder);
        is($box->wait_runs(++$runs), $runs, "mode '$mode': it runs");
        vec(my $bits = '', fileno $read, 1) = 1;
        is(scalar select($bits, undef, undef, 0.2), 0, "mode '$mode': and goes on");
        kill TERM => $pid if $mode eq 'deaf';
        kill $end{$mode} => $pid;
        if ($mode eq 'brood') {
            isnt($box->grandchild, $pid, "mode '$mode': a child");
            kill TERM => $box->grandchild;
            is(kill(KILL => $box->grandchild), 1, "mode '$mode': that ignores SIGTERM");
        }
        is((finish($pid, $read))[0], $mode eq 'deaf' ? 'signal 9' : 'signal 15', "mode '$mode': its end");
        is(($box->pids)[-1], $pid, "mode '$mode': its process");
    }
    $box->mode('grandchild');
    my ($pid, $read) = begin("x\n", $folder);
    waitpid $pid, 0;
    is($? >> 8, 0, 'grandchild: the program ends');
    my $grandchild = $box->grandchild;
    ok($grandchild && kill(0 => $grandchild), 'grandchild: it lives');
    vec(my $bits = '', fileno $read, 1) = 1;
    is(scalar select($bits, undef, undef, 0), 0, 'grandchild: and holds the pipe');
    kill KILL => $grandchild;
    is(sysread($read, my $nothing, 1), 0, 'grandchild: until it is killed');
    $box->mode(undef);
    return;
}

sub waiting {
    $_->file for map { $box->next(0) // () } 1 .. 20;
    my $started = time;
    is($box->next(0.1), undef, 'waiting for a mail ends');
    cmp_ok(time - $started, '>=', 0.1, 'not before its time');
    $box->mode('slow 0.2');
    my ($pid, $read) = begin("late\n", $folder);
    is($box->next->raw, "late\n", 'a mail is waited for');
    finish($pid, $read);
    $box->mode('linger 30');
    ($pid, $read) = begin("early\n", $folder);
    is($box->next->raw, "early\n", 'a mail of a program that stays');
    is(waitpid($pid, POSIX::WNOHANG()), 0, 'and stays');
    kill KILL => $pid;
    finish($pid, $read);
    return;
}

well_behaved();
misbehaved();
hanging();
waiting();
done_testing();
