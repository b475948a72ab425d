#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# breach build makes a list from the text of Pwned Passwords, whole or not at
# all; breach check looks a password up.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Breach qw(breach_text);
use PWR::Ctl;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {WAIT_SEC => 20, POLL_SEC => 0.02};

my $ctl = PWR::Ctl->new;
my $dir = $ctl->dir . '/lists';
mkdir $dir or die "$dir: $!";
my $list = "$dir/leaked";

sub runs_ok { return $ctl->runs_ok(@_) }

sub files { return join ' ', map { s{.*/}{}r } glob "$dir/*" }

sub is_listed {
    my ($password, $listed, $name) = @_;
    my ($status, $words) = $listed ? (1, qr/^has leaked/) : (0, qr/^is not in/);
    return runs_ok($name, {status => $status, out => $words}, "$password\n", qw(breach check --list), $list);
}

sub test_build {
    my $text = breach_text('password' => 10, 'letmein' => 3, 'hunter2' => 1, 'padding of the API' => 0);
    runs_ok('from standard input', {status => 0, out => qr/^\Q$list\E: 3 passwords; left out: 1 that/}, $text,
        qw(breach build), $list);
    is_listed('password', 1, 'a password');
    is_listed('hunter2', 1, 'one seen once');
    is_listed('Password', 0, 'with another letter it is another one');
    is_listed('padding of the API', 0, 'one that was never seen');
    is((stat $list)[2] & 0777, 0644, 'everybody may read it');
    $ctl->write(TEXT => $text =~ s/\n/\r\n/gr);
    runs_ok('from a file, over a list', {status => 0, out => qr/^\Q$list\E: 2 passwords; left out: 2 that occur less than 3/},
        '', qw(breach build --min-count 3), $list, $ctl->dir . '/TEXT');
    is_listed('letmein', 1, 'seen three times');
    is_listed('hunter2', 0, 'seen less than three times');
    runs_ok('without an end of line', {status => 0, out => qr/: 2 passwords.* 1 given twice/},
        breach_text(password => 1) . lc breach_text(password => 3) . substr(breach_text(letmein => 1), 0, -1),
        qw(breach build), $list);
    is_listed($_, 1, "its $_") for qw(password letmein);
    is(files(), 'leaked', 'no other file is left');
}

sub test_refused {
    my $text = breach_text(map { ("password $_" => $_) } 1 .. 9);
    my @lines = split /^/, $text;
    my $not = 'line 10: it is not SHA1:COUNT';
    my @table = (
        ['nothing', '', 'has no such password'],
        ['what is rare', $text, 'has no such password', qw(--min-count 10)],
        ['disorder', join('', @lines[0 .. 4, 6, 5]), 'line 7: it is less than the one before: sort'],
        ['an empty line', "$text\n", $not],
        ['NTLM', "${text}8846F7EAEE8FB117AD06BDD830B7586C:52579\n", $not],
        ['hashes alone', $text . substr($lines[0], 0, 40) . "\n", $not],
        ['half a line at the end', $text . substr($lines[0], 0, 39), $not],
        ['a binary file', "$text\0\0\0\0", $not],
        ['a line without end', $text . 'F' x 3_000_000, 'line 10: it does not end'],
        ['a list that was built', do { open my $in, '<:raw', $list or die; local $/; <$in> }, 'not SHA1:COUNT'],
    );
    my $before = (stat $list)[1];
    for my $row (@table) {
        my ($name, $input, $words, @options) = @$row;
        runs_ok("$name is refused", {status => 65, err => qr/\Q$words\E/}, $input, qw(breach build), @options, $list);
    }
    my $out = "$dir/none/leaked";
    runs_ok('no folder', {status => 73, err => qr/\Q$out\E was not written/}, $text, qw(breach build), $out);
    runs_ok('a folder', {status => 73, err => qr/\Q$dir\E was not written/}, $text, qw(breach build), $dir);
    runs_ok('no input', {status => 66, err => qr/cannot be read/}, '', qw(breach build), $list, "$dir/none");
    runs_ok('a folder as input', {status => 74, err => qr/was not read to its end/}, '', qw(breach build), $list, $dir);
    runs_ok("--min-count $_", {status => 64, err => qr/takes a number from 1/}, $text, qw(breach build --min-count), $_,
        $list) for '0', '-1', '', '3x', 'many';
    is((stat $list)[1], $before, 'the list that was there is untouched');
    is(files(), 'leaked', 'and no other file is left');
    SKIP: {
        skip '/dev/full is not there', 1 if !-c '/dev/full';
        my ($status, $screen) = $ctl->run_at_terminal([], qw(breach build), $list);
        is($status, 64, 'a terminal is no list');
        like($screen, qr/which list/, 'which is said');
    }
}

# A pipe from us to `breach build` and what it says.
sub begin {
    pipe my $read, my $write or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $write;
        open STDIN, '<&', $read or die;
        open STDOUT, '>', '/dev/null' or die;
        open STDERR, '>', $ctl->dir . '/ERR' or die;
        exec PWR::Ctl->program, qw(breach build), $list or exit 127;
    }
    close $read;
    syswrite $write, breach_text(password => 1) or die "a pipe: $!";
    return ($pid, $write);
}

sub wait_for {
    my ($what) = @_;
    my $until = time + WAIT_SEC;
    sleep POLL_SEC while !$what->() && time < $until;
    return;
}

sub test_interrupted {
    my $before = (stat $list)[1];
    for my $signal (qw(INT TERM HUP)) {
        my ($pid, $write) = begin();
        wait_for(sub { files() ne 'leaked' });
        isnt(files(), 'leaked', "SIG$signal: it is being written");
        kill $signal => $pid;
        waitpid $pid, 0;
        is($? & 127, {INT => 2, TERM => 15, HUP => 1}->{$signal}, "SIG$signal ends it");
        is(files(), 'leaked', "SIG$signal: nothing is left of it");
        is((stat $list)[1], $before, "SIG$signal: the list is as before");
    }
    local $SIG{HUP} = 'IGNORE';
    my ($pid, $write) = begin();
    wait_for(sub { files() ne 'leaked' });
    kill HUP => $pid;
    syswrite $write, breach_text(letmein => 1);
    close $write;
    waitpid $pid, 0;
    is($?, 0, 'nohup: it goes on');
    is_listed('letmein', 1, 'to its end');
}

# Enough to be drawn twice, on any machine, would take long; once is enough.
sub test_progress {
    $ctl->write(TEXT => breach_text(password => 1, letmein => 2));
    my ($status, $screen) = $ctl->run_at_terminal([], qw(breach build), $list, $ctl->dir . '/TEXT');
    is($status, 0, 'at a terminal');
    like($screen, qr/\r\[#{30}\] 100 %, 0 s left, 2 lines/, 'a bar');
    like($screen, qr/lines +\r\n\Q$list\E: 2 passwords/, 'and the result below it');
    my (undef, undef, $err) = $ctl->run(breach_text(password => 1), qw(breach build), $list);
    is($err, '', 'no bar where nobody looks');
}

sub test_check {
    my $vhost = $ctl->vhost(directives => {PwResetBreachList => [[$list]]});
    $ctl->vhosts($vhost);
    runs_ok("the site's list", {status => 1, out => qr/^has leaked/}, "password\n", qw(breach check));
    runs_ok("not in the site's list", {status => 0, out => qr/^is not in/}, "velvet Anchor 97 quill\n", qw(breach check));
    $ctl->vhosts($ctl->vhost);
    runs_ok('a site without a list', {status => 78, err => qr/has no PwResetBreachList/}, "password\n", qw(breach check));
    runs_ok('no such list', {status => 66, err => qr/No such file/}, "password\n", qw(breach check --list), "$dir/none");
    runs_ok('a text', {status => 66, err => qr/no breach list/}, "password\n", qw(breach check --list),
        $ctl->dir . '/TEXT');
    chmod 0666, $list;
    runs_ok('a list of everybody', {status => 66, err => qr/others may write/}, "password\n", qw(breach check --list),
        $list);
    chmod 0644, $list;
    runs_ok('no password', {status => 66, err => qr/no password came/}, '', qw(breach check --list), $list);
}

subtest build => \&test_build;
subtest refused => \&test_refused;
subtest interrupted => \&test_interrupted;
subtest progress => \&test_progress;
subtest check => \&test_check;
done_testing();
