#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Where audit lines go: a file, a program, the error log; over restarts, and
# when they cannot be written.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Audit;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {WAIT_SEC => 10, POLL_SEC => 0.02, MODE => 0777, FLOOD => 400, QUICK_SEC => 1, ROUNDS => 5, EACH => 30};

# A program that keeps what it reads, and says when it starts.
my $keeper = <<'PERL';
#!/usr/bin/perl
use strict;
$| = 1;
open my $out, '>>', $ARGV[0] or die;
open my $pids, '>>', "$ARGV[0].pids" or die;
syswrite $pids, "$$\n";
syswrite $out, $_ while <STDIN>;
PERL

my $walk = PWR::Walk->new('sqlite', conf => 'PwResetAudit logs/audit.log');
my $httpd = $walk->httpd;
my $root = $httpd->root;
chmod 0755, $httpd->write('keeper', $keeper);

# An event: a string that is mistyped, by an agent that we choose.
my $n = 0;
sub event {
    my $client = $walk->client;
    return $client->post('/account/reset', [token => 'x'], headers => [['User-Agent', 'Event/' . ++$n]]);
}

sub numbers { return map { my $e = PWR::Audit::parsed($_); $e && ($e->{agent} // '') =~ m{^Event/(\d+)} ? $1 : () } @_ }

sub in_file { return numbers(PWR::Audit->new("$root/logs/$_[0]")->raw) }

# httpd doubles backslashes; these lines have none.
sub in_log { return numbers(map { /PWR0470: (\{.*\})$/ ? $1 : () } $httpd->log_since($_[0])) }

sub wait_for {
    my $check = shift;
    my $until = time + WAIT_SEC;
    sleep POLL_SEC until $check->() || time > $until;
    return $check->();
}

sub files {
    my $before = $n;
    event() for 1 .. 2;
    is_deeply([in_file('audit.log')], [$before + 1, $before + 2], 'lines of a file');
    my $mode = (stat "$root/logs/audit.log")[2] & MODE;
    is($mode & 0137, 0, sprintf 'which others cannot read (%o)', $mode);
    is_deeply([in_log(0)], [], 'and not in the error log');
    rename "$root/logs/audit.log", "$root/logs/audit.log.1" or die "rename: $!\n";
    event();
    is_deeply([in_file('audit.log.1')], [$before + 1 .. $n], 'a file that was renamed is written on');
    $httpd->graceful;
    event();
    is_deeply([in_file('audit.log')], [$n], 'until a graceful restart makes a new one');
    is_deeply([in_file('audit.log.1')], [$before + 1 .. $n - 1], 'and leaves the old one alone');
    return;
}

sub inherited {
    my $port = '<VirtualHost 127.0.0.1:${PORT2}>';
    my $vhost = join "\n", 'PwReset On', 'PwResetRealm second', 'PwResetPublicURL http://127.0.0.1:${PORT2}',
        'PwResetMailFrom noreply@example.org';
    my $second = "Listen 127.0.0.1:\${PORT2}\n$port\n$vhost\n</VirtualHost>";
    $httpd->reconf(conf => '', global => "PwResetAudit logs/all.log\n$second")->restart;
    event();
    PWR::Client->new(url => 'http://127.0.0.1:' . $httpd->port(2))->post('/account/reset', [token => 'x']);
    my @realms = map { $_->{realm} } PWR::Audit->new("$root/logs/all.log")->events;
    is(scalar @realms, 2, 'vhosts write to the file that they inherit');
    is($realms[1], 'second', 'by their realms');
    $httpd->reconf(global => '');
    return;
}

sub programs {
    $walk->reconf(qq{PwResetAudit "|$root/keeper $root/logs/kept.log"});
    my $before = $n;
    event() for 1 .. 3;
    ok(wait_for(sub { in_file('kept.log') == 3 }), 'lines of a program');
    my $pids = sub { open my $in, '<', "$root/logs/kept.log.pids" or return; return map { /(\d+)/ } <$in> };
    my ($pid) = reverse $pids->();
    kill KILL => $pid;
    ok(wait_for(sub { my ($last) = reverse $pids->(); $last != $pid }), 'one that dies is started again');
    event() for 1 .. 3;
    my $mark = $httpd->log_mark;
    for (1 .. ROUNDS) {
        my @posts = map { ['/account/reset', [token => 'x'], ['User-Agent', 'Event/' . ++$n]] } 1 .. EACH;
        $walk->at_once(@posts);
        $httpd->graceful;
    }
    event();
    my $all = sub { my %seen = map { $_ => 1 } in_file('kept.log'), in_log($mark); return scalar keys %seen };
    ok(wait_for(sub { $all->() == $n - $before }), 'over graceful restarts no line is lost')
        or diag $all->() . ' of ' . ($n - $before);
    return;
}

# A program that does not read: its pipe is full after 64 KB.
sub stuck {
    $walk->reconf('PwResetAudit "|/bin/sleep 1000"');
    my ($mark, $before, $longest) = ($httpd->log_mark, $n, 0);
    my $client = $walk->client;
    for (1 .. FLOOD) {
        my $began = time;
        $client->post('/account/reset', [token => 'x'], headers => [['User-Agent', 'Event/' . ++$n . ' ' . 'x' x 180]]);
        my $took = time - $began;
        $longest = $took if $took > $longest;
    }
    cmp_ok($longest, '<', QUICK_SEC, 'nobody waits for a program that does not read');
    is(scalar(grep { /PWR0472/ } $httpd->log_since($mark)), 1, 'the admin is told, once');
    my @left = in_log($mark);
    cmp_ok(scalar @left, '>', 50, 'lines are in the error log');
    is_deeply(\@left, [$n - $#left .. $n], 'all from the first that was not taken on');
    return;
}

sub full {
    $walk->reconf('PwResetAudit /dev/full');
    my $mark = $httpd->log_mark;
    my @status = map { event()->status } 1 .. 5;
    is_deeply(\@status, [(422) x 5], 'a disk that is full: requests go on');
    is_deeply([in_log($mark)], [$n - 4 .. $n], 'with their lines in the error log');
    is(scalar(grep { /No space left.*PWR0472/ } $httpd->log_since($mark)), 1, 'the admin is told, once');
    return;
}

# A program that begins to read when its pipe has long been full.
sub again {
    $httpd->write('gate', "#!/bin/sh\nwhile [ ! -e '$root/open' ]; do sleep 0.05; done\nexec cat >'$root/logs/late.log'\n");
    chmod 0755, "$root/gate";
    $walk->reconf(qq{PwResetAudit "|$root/gate"});
    my $mark = $httpd->log_mark;
    my $client = $walk->client;
    my $told = sub { my $id = shift; return scalar grep { /$id/ } $httpd->log_since($mark) };
    my $until = time + WAIT_SEC;
    $client->post('/account/reset', [token => 'x'], headers => [['User-Agent', 'x' x 180]])
        until $told->('PWR0472') || time > $until;
    ok($told->('PWR0472'), 'a pipe is full');
    open my $file, '>', "$root/open" or die "$root/open: $!\n";
    close $file;
    ok(wait_for(sub { -s "$root/logs/late.log" }), 'and is read at last');
    ok(wait_for(sub { event(); return $told->('PWR0473') }), 'which is told, too');
    is($told->('PWR0472'), 1, 'each once');
    is($told->('PWR0473'), 1, 'both');
    ok(wait_for(sub { my @got = in_file('late.log'); return @got && $got[-1] == $n }), 'lines are there again');
    is_deeply([grep { !$_ } PWR::Audit->new("$root/logs/late.log")->events], [], 'and none is torn');
    return;
}

sub unopened {
    my %wrong = (file => "$root/no/audit.log", folder => "$root/logs", program => "|$root/no/program");
    for my $name (sort keys %wrong) {
        my $mark = $httpd->log_mark;
        $walk->reconf(qq{PwResetAudit "$wrong{$name}"});
        is(event()->status, 422, "a $name that cannot be opened: httpd serves");
        is_deeply([in_log($mark)], [$n], 'with its lines in the error log');
        ok((grep { /PWR0471: .*\Q$wrong{$name}\E/ } $httpd->log_since($mark)), 'the admin is told');
        my ($status, $said) = $httpd->configtest;
        is($status, 0, "$name: httpd -t does not refuse it");
        next if $name eq 'folder';
        like($said, qr/PWR0474: .*\Q$root\E\/no/, "$name: but warns");
    }
    for my $right ('logs/audit.log', "|$root/keeper x", '|/bin/cat', '|$exec cat >/dev/null', '||/bin/cat') {
        $httpd->reconf(conf => qq{PwResetAudit "$right"});
        unlike(join("\n", $httpd->configtest), qr/PWR/, "control: nothing to warn of '$right'");
    }
    for my $bad ('|', '| ', '||', '|$', '""', "a\x01b") {
        $httpd->reconf(conf => $bad =~ /^"/ ? "PwResetAudit $bad" : qq{PwResetAudit "$bad"});
        is(($httpd->configtest)[0], 1, "httpd -t refuses '" . ($bad =~ s/[^ -~]/?/gr) . q{'});
    }
    return;
}

# By default, and with the log at another level.
sub error_log {
    $walk->reconf('');
    my $mark = $httpd->log_mark;
    event();
    $walk->client->post('/account/reset', [token => 'x'], headers => [['User-Agent', 'q"b\\']]);
    is_deeply([in_log($mark)], [$n], 'the error log, by default');
    my ($line) = grep { /PWR0470.*q/ } $httpd->log_since($mark);
    like($line, qr/\[pwreset:info\]/, 'at level info');
    my ($json) = $line =~ /PWR0470: (.*)$/;
    is(PWR::Audit::parsed($json =~ s/\\\\/\\/gr)->{agent}, 'q"b\\', 'where httpd doubles backslashes');
    $walk->reconf('LogLevel pwreset:notice');
    $mark = $httpd->log_mark;
    event();
    is_deeply([in_log($mark)], [], 'and not above it');
    return;
}

# httpd's own words about programs of logs: one that ended, or that a restart ended.
$httpd->allow_log(qw(AH00104 AH00106 AH00167 AH00291 AH00488));
subtest files => \&files;
subtest programs => \&programs;
subtest stuck => sub { $httpd->expect_log('PWR0472'); stuck() };
subtest full => \&full;
subtest again => \&again;
subtest unopened => sub { $httpd->expect_log('PWR0471'); unopened() };
subtest 'error log' => \&error_log;
$walk->settle;
$httpd->done;

$walk = PWR::Walk->new('sqlite', ports => 1);
($httpd, $root) = ($walk->httpd, $walk->httpd->root);
subtest inherited => \&inherited;
$httpd->done;
done_testing();
