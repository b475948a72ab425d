#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What operators order stands in the audit, and who did; never a secret.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP qw(decode_json);
use POSIX ();
use PWR::Desk;
use Socket qw(SOCK_DGRAM);
use Test::More;

use constant {PASSWORD => 'velvet Anchor 97 quill', SYSLOG => '/dev/log', WAIT_SEC => 10, BYTES => 8192};

my $file = tempdir(CLEANUP => 1) . '/audit.json';

sub spew {
    open my $out, '>', $file or die "$file: $!\n";
    close $out;
    return;
}

sub slurp {
    open my $in, '<', $file or return '';
    return do { local $/; <$in> } // '';
}

# What the order adds to the file, as fields.
sub writes {
    my ($desk, $want, @order) = @_;
    spew();
    my ($out) = $desk->runs_ok("@order", {status => 0, out => qr/./, err => qr//}, PASSWORD . "\n", @order);
    my @lines = split /\n/, slurp();
    is(@lines, 1, "@order: one line");
    my $got = decode_json($lines[0] // '{}');
    like(delete $got->{time}, qr/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'when');
    delete $got->{level};
    is_deeply($got, {realm => REALM, by => scalar getpwuid($>), %$want}, 'who did what to whom') or diag explain $got;
    return ($out, $lines[0]);
}

# With no file of httpd's it goes to syslog, whose place is the host's.
sub to_syslog {
    my ($desk, $name) = @_;
    SKIP: {
        my $log = -e SYSLOG || $> != 0 ? undef : IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => SYSLOG);
        skip('syslog is at work here, or /dev is not ours', 1) if !$log;
        $desk->runs_ok($name, {status => 0, out => qr/revoked/}, '', qw(revoke ivan));
        my $line = '';
        recv $log, $line, BYTES, 0 while $line !~ /operator\.revoked/ && IO::Select->new($log)->can_read(WAIT_SEC);
        unlink SYSLOG;
        like($line, qr/^<85>.* pwresetctl: \{.*"event":"operator\.revoked",.*"login":"ivan"\}$/, "$name: goes to syslog");
    }
    return;
}

sub writes_nothing {
    my ($desk, $name, $status, @order) = @_;
    spew();
    $desk->runs_ok($name, {status => $status, err => qr/./}, PASSWORD . "\n", @order);
    is(slurp(), '', "$name: no line");
    return;
}

on_databases(sub {
    my $desk = shift;
    delete local $ENV{SUDO_USER};
    $desk->site(PwResetAudit => [[$file]]);
    my (undef, $line) = writes($desk, {event => 'operator.added', login => 'ivan'}, qw(user add ivan ivan@example.org));
    unlike($line, qr/velvet|\$/, 'without the password, or its hash');
    my $id = $desk->value(q(SELECT id FROM pwreset_user WHERE login = 'ivan'));
    my %ivan = (user => $id, login => 'ivan');
    writes($desk, {event => 'operator.passwd', %ivan}, qw(user passwd ivan));
    my ($link, $said) = writes($desk, {event => 'operator.link', %ivan}, qw(link ivan));
    my ($secret) = $link =~ /token=(\w{28})/ or die "no link: $link\n";
    unlike($said, qr/\Q$secret\E/, 'without the string');
    writes($desk, {event => 'operator.revoked', %ivan}, qw(revoke ivan));
    my $job = $desk->job;
    writes($desk, {event => 'operator.dropped', job => $job}, qw(queue drop), $job);
    my $foreign = $desk->job(realm => 'elsewhere');
    writes($desk, {event => 'operator.dropped', job => $foreign, realm => 'elsewhere'}, qw(queue drop), $foreign);
    if ($> == 0) {
        local $ENV{SUDO_USER} = 'anna';
        writes($desk, {event => 'operator.revoked', by => 'root for anna', %ivan}, qw(revoke ivan));
    }
    writes_nothing($desk, 'nobody of this name', 67, qw(revoke nobody));
    writes_nothing($desk, 'no such job', 65, qw(queue drop), 'f' x 32);
    writes_nothing($desk, 'there already', 65, qw(user add ivan ivan@example.org));
    unlink $file;
    to_syslog($desk, 'a file that httpd has not made');
    ok(!-e $file, 'is not made here');
    $desk->site(PwResetAudit => [["|/usr/bin/tee $file"]]);
    to_syslog($desk, 'a program');
    ok(!-e $file, 'is not run');
    POSIX::mkfifo($file, 0600) or die "$file: $!\n";
    $desk->site(PwResetAudit => [[$file]]);
    local $SIG{ALRM} = sub { die "it waits for somebody who reads\n" };
    alarm WAIT_SEC;
    $desk->runs_ok('a named pipe that nobody reads', {status => 0, out => qr/revoked/}, '', qw(revoke ivan));
    alarm 0;
    unlink $file;
});
