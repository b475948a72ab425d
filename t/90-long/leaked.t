#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A breach list of a hundred million passwords: built in constant memory, looked
# up in microseconds, and no memory of the server's own.
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use PWR::Ctl;
use PWR::Walk;
use TAP::Parser;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {N => 100_000_000, POSTS => 2000, LEAKED => 'purple Ladder 31 ozone', BUILD_MB => 40, GROWTH_MB => 4,
    POLL_SEC => 0.1, KB_OF_MB => 1024};

my $dir = tempdir('pwr-leaked-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
my $list = "$dir/leaked";

sub writer {
    my $flags = '-O2 -Wall -Wextra -Werror';
    my $said = `gcc $flags -o '$dir/writer' '$FindBin::Bin/leaked.c' 2>&1`;
    is($?, 0, 'the writer is built') or diag($said);
    return "$dir/writer " . N . ' ' . uc sha1_hex(LEAKED);
}

# The most that a process had, in MB, as long as it is there to be asked.
sub peak_mb {
    open my $in, '<', "/proc/$_[0]/status" or return 0;
    my ($kb) = map { /^VmHWM:\s+(\d+)/ ? $1 : () } <$in>;
    return ($kb // 0) / KB_OF_MB;
}

sub build {
    my ($begin, $peak) = (time, 0);
    open my $text, '-|', writer() or die "writer: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<&', $text or die;
        open STDERR, '>', "$dir/told" or die;
        exec PWR::Ctl->program, qw(breach build), $list or POSIX::_exit(127);
    }
    close STDIN;
    my $now;
    while (!waitpid $pid, POSIX::WNOHANG()) {
        $now = peak_mb($pid);
        $peak = $now if $now > $peak;
        sleep POLL_SEC;
    }
    is($?, 0, 'a list of a hundred million');
    is(-s $list, 32 + 8 * (N + 1), 'each is in it');
    ok($peak > 0 && $peak < BUILD_MB, sprintf 'built in %.1f MB', $peak);
    note(sprintf 'figure: breach list: %d million lines built in %.0f s, %.1f MB of memory', N / 1e6, time - $begin, $peak);
    return;
}

sub looks {
    my $program = ($ENV{PWR_BUILD} || "$FindBin::Bin/../../build") . '/t/10-unit/breach_file';
    my $parser = TAP::Parser->new({exec => [$program, $list], merge => 0});
    while (my $result = $parser->next) {
        ok($result->is_ok, $result->description =~ s/^- //r) if $result->is_test;
        note('figure: breach list: ' . $result->description =~ s/^- //r) if $result->is_test && $result->raw =~ /median/;
    }
    ok(!$parser->has_problems && $parser->exit == 0, 'it ended well');
    return;
}

# What is written by httpd's processes alone.
sub private_mb {
    my $httpd = shift;
    my $kb = 0;
    for my $pid ($httpd->pid, $httpd->children) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or die "smaps_rollup of $pid: $!\n";
        $kb += /^Private_Dirty:\s+(\d+)/ ? $1 : 0 for <$in>;
    }
    return $kb / KB_OF_MB;
}

sub posts {
    my ($client, $token, $n) = @_;
    my %status;
    for my $i (1 .. $n) {
        my $r = $client->post('/account/reset', [token => $token, password => "velvet Anchor $i quill", confirm => '']);
        $status{$r->status}++;
    }
    return \%status;
}

sub server {
    my $walk = PWR::Walk->new('sqlite', children => 2, global => "MinSpareThreads 1\nMaxSpareThreads 16\n",
        conf => "PwResetBreachList $list");
    $walk->add('ivan');
    my (undef, $token) = $walk->strings('ivan');
    my $client = $walk->client;
    my $r = $client->post('/account/reset', [token => $token, password => LEAKED, confirm => LEAKED]);
    is($r->status, 422, 'what has leaked is refused');
    like($r->alert, qr/leaked from other sites/, 'for that reason');
    posts($client, $token, POSTS / 4);
    my $before = private_mb($walk->httpd);
    is_deeply(posts($client, $token, POSTS), {422 => POSTS}, 'many other passwords are judged');
    my $after = private_mb($walk->httpd);
    cmp_ok($after - $before, '<', GROWTH_MB, sprintf 'the server has %.1f MB of its own, and had %.1f', $after, $before);
    note(sprintf 'figure: breach list: %.1f MB more of its own after %d looks into %d MB', $after - $before, POSTS,
        (-s $list) / 1e6);
    $walk->httpd->done;
    return;
}

subtest build => \&build;
subtest looks => \&looks;
subtest server => \&server;
done_testing();
