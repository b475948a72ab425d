#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The thread that sends the mails, in its children's life: they are killed,
# restarted and stopped under it, and no mail is lost, halved or left behind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use POSIX ();
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {PROMPT_SEC => 3, TAKEOVER_SEC => 6, STOP_SEC => 9, POLL_SEC => 0.02, WAIT_SEC => 20, RESTARTS => 20,
    LEAK_KB => 4, RESTART_SEC => 0.5, SETTLE_SEC => 0.2, LOOK_SEC => 4, CALLS => 20, PAIRS => 10, PAIR_SEC => 2.5,
    EMPTY_SWEEPS_SEC => 7};

sub ask {
    my ($walk, $login) = @_;
    my $r = $walk->client->post('/account/forgot', [email => "$login\@example.org"]);
    diag($r->error) if !$r->status;
    return $r->status;
}

# Wait until it is true; returns what it was last.
sub wait_for {
    my ($check, $seconds) = @_;
    my $until = time + ($seconds // WAIT_SEC);
    while (1) {
        my $value = $check->();
        return $value if $value || time > $until;
        sleep POLL_SEC;
    }
}

sub jobs_n { return $_[0]->value('SELECT COUNT(*) FROM pwreset_job') }

# A mail is whole when its last boundary is there.
sub is_whole {
    my ($mail, $name) = @_;
    my ($boundary) = $mail->raw =~ /boundary="([^"]+)"/;
    return like($mail->raw, qr/\n--\Q$boundary\E--\s*\z/, "$name: it is whole");
}

# Processes of this httpd and of what they started, by a pattern of their command lines.
sub processes {
    my ($walk, $pattern) = @_;
    my $root = $walk->httpd->root;
    my @found;
    for my $file (glob '/proc/[0-9]*/cmdline') {
        open my $in, '<', $file or next;
        my $command = <$in> // '';
        push @found, $file =~ m{/(\d+)/} if $command =~ /\Q$root\E/ && $command =~ $pattern;
    }
    return @found;
}

# Our mail program names the folder in its arguments.
sub programs { return processes($_[0], qr/sendmail/) }

sub zombies {
    my $walk = shift;
    my %is_child = map { $_ => 1 } $walk->httpd->children;
    return grep { $_->{state} eq 'Z' && $is_child{$_->{parent}} } PWR::Httpd::_processes();
}

# --- mails come ----------------------------------------------------------------------

sub prompt {
    my $walk = shift;
    $walk->add("p$_") for 1 .. 4;
    ask($walk, 'p1');
    ok($walk->mail_to('p1@example.org'), 'a first mail');
    for my $n (2 .. 4) {
        my $start = time;
        is(ask($walk, "p$n"), 200, 'asked for');
        my $mail = $walk->mail_to("p$n\@example.org", WAIT_SEC);
        cmp_ok(time - $start, '<', PROMPT_SEC, "mail $n comes promptly");
        is_whole($mail, "mail $n");
    }
    ok(wait_for(sub { !jobs_n($walk) }), 'no job is left');
    is(scalar(() = zombies($walk)), 0, 'nor a zombie');
    return;
}

# Whichever child holds the lease: each is killed once.
sub killed {
    my $walk = shift;
    my $n = 0;
    for my $child ($walk->httpd->children) {
        $n++;
        $walk->add("k$n");
        kill KILL => $child;
        ok(wait_for(sub { !grep { $_ == $child } $walk->httpd->children }), 'a child is killed');
        my $start = time;
        is(ask($walk, "k$n"), 200, 'a request is taken');
        my $mail = $walk->mail_to("k$n\@example.org");
        cmp_ok(time - $start, '<', TAKEOVER_SEC, 'and its mail comes');
        is_whole($mail, 'after a kill') if $mail;
        ok(wait_for(sub { !jobs_n($walk) }), 'its job is done');
    }
    return;
}

# --- stop and restart ----------------------------------------------------------------

# A mail program that takes its time is waited for; another job waits behind it.
sub graceful {
    my $walk = shift;
    my $box = $walk->httpd->mailbox;
    $walk->add($_) for qw(g1 g2);
    my $runs = $box->runs;
    $box->mode('1 times slow 0.5');
    ask($walk, $_) for qw(g1 g2);
    is($box->wait_runs($runs + 1), $runs + 1, 'the mail program runs');
    my $start = time;
    $walk->httpd->graceful;
    for my $login (qw(g1 g2)) {
        my $mail = $walk->mail_to("$login\@example.org");
        ok($mail, "the mail to $login comes all the same") or next;
        is_whole($mail, $login);
    }
    note sprintf 'graceful restart: both mails after %.1f s', time - $start;
    ok(wait_for(sub { !jobs_n($walk) }), 'no job is left');
    my ($more) = $box->unseen;
    is($more, undef, 'nor was one sent twice');
    is($box->runs, $runs + 2, 'nor begun twice');
    is(scalar(() = programs($walk)), 0, 'nor does a program run');
    return;
}

sub threads_n { my @tasks = glob "/proc/$_[0]/task/*"; return scalar @tasks }
sub files_n { my @files = glob "/proc/$_[0]/fd/*"; return scalar @files }

sub maps_n {
    open my $in, '<', "/proc/$_[0]/maps" or return 0;
    return scalar(grep { m{/dev/zero|/SYSV|anon_inode|/dev/shm} } <$in>);
}

# In kB of address space.
sub size_of {
    open my $in, '<', "/proc/$_[0]/status" or return 0;
    return (map { /^VmSize:\s*(\d+)/ ? $1 : () } <$in>)[0];
}

sub many_restarts {
    my $walk = shift;
    my $httpd = $walk->httpd;
    my $figures = sub {
        my @children = wait_for(sub { my @now = $httpd->children; @now >= 2 ? \@now : undef })->@*;
        my ($most) = sort { $b <=> $a } map { threads_n($_) } @children;
        return {threads => $most, files => files_n($httpd->pid), maps => maps_n($httpd->pid),
            size => size_of($httpd->pid)};
    };
    $httpd->graceful for 1 .. 2;
    # Not while a child still makes its threads.
    my $before = wait_for(sub {
        my $first = $figures->();
        sleep SETTLE_SEC;
        my $then = $figures->();
        return $first->{threads} > 1 && $first->{threads} == $then->{threads} ? $then : undef;
    });
    my @old = $httpd->children;
    $httpd->graceful for 1 .. RESTARTS;
    my $after;
    ok(wait_for(sub { $after = $figures->(); $after->{threads} <= $before->{threads} }),
        "no more threads after @{[RESTARTS]} restarts") or diag explain [$before, $after];
    cmp_ok($after->{$_}, '<=', $before->{$_}, "no more $_") for qw(files maps);
    cmp_ok($after->{size}, '<', $before->{size} + RESTARTS * LEAK_KB, 'no more memory') if !$ENV{PWR_ASAN};
    my %is_old = map { $_ => 1 } @old;
    ok(wait_for(sub { !grep { $is_old{$_} } $httpd->children }), 'no child is left of before');
    $walk->add('after');
    ask($walk, 'after');
    ok($walk->mail_to('after@example.org'), 'and mails are sent');
    return;
}

# However soon one restart follows another, there is time for a mail.
sub restless {
    my $walk = shift;
    $walk->add('restless');
    ask($walk, 'restless');
    my ($mail, $n) = (undef, 0);
    while (!$mail && $n < RESTARTS) {
        $walk->httpd->graceful;
        $n++;
        $mail = $walk->mail_to('restless@example.org', RESTART_SEC);
    }
    ok($mail, "a mail comes among $n restarts");
    return;
}

# The end comes soon, whatever the mail program does, and takes it along.
sub stopped {
    my ($mpm, $mode) = @_;
    my $walk = PWR::Walk->new('sqlite', mpm => $mpm, global => 'PwResetMailSlots 2');
    my $box = $walk->httpd->mailbox;
    my @logins = qw(s1 s2 s3);
    $walk->add($_) for @logins;
    $box->mode($mode);
    ask($walk, $_) for @logins;
    is($box->wait_runs(2), 2, "$mpm, $mode: two programs run");
    my $start = time;
    ok($walk->httpd->stop, "$mpm, $mode: httpd stops");
    cmp_ok(time - $start, '<', STOP_SEC, "$mpm, $mode: in time");
    is(scalar(() = programs($walk)), 0, "$mpm, $mode: no program is left behind");
    is($walk->value('SELECT COUNT(*) FROM pwreset_job WHERE lease_until = 0'), 3, "$mpm, $mode: the jobs are put back");
    is(scalar(() = $box->unseen), 0, "$mpm, $mode: no half mail");
    $box->mode(undef);
    $walk->sql('UPDATE pwreset_job SET due = 1');
    $walk->httpd->start;
    for my $login (@logins) {
        my $mail = $walk->mail_to("$login\@example.org");
        is_whole($mail, "$mpm, $mode: the mail to $login") if ok($mail, "$mpm, $mode: $login gets his mail later");
    }
    $walk->httpd->expect_log('PWR0304')->done;
    return;
}

# Nothing is read for whom nobody is free: a backlog is long just when mail programs
# hang.  Of seconds in which each would have read what is due.
sub all_busy {
    my $walk = PWR::Walk->new('mysql', global => 'PwResetMailSlots 1');
    my @logins = qw(b1 b2);
    $walk->add($_) for @logins;
    $walk->httpd->mailbox->mode('hang');
    ask($walk, $_) for @logins;
    is($walk->httpd->mailbox->wait_runs(1), 1, 'one mail is on its way, and the only slot busy');
    sleep SETTLE_SEC;
    my $executed = sub { ($walk->db->dbh->selectrow_array(q(SHOW GLOBAL STATUS LIKE 'Com_stmt_execute')))[1] };
    my $before = $executed->();
    sleep LOOK_SEC;
    my $more = $executed->() - $before;
    cmp_ok($more, '<', LOOK_SEC, "meanwhile the worker asks for no more jobs: $more statements in @{[LOOK_SEC]} s");
    is(jobs_n($walk), 2, 'though one waits');
    ok($walk->httpd->stop, 'httpd stops');
    $walk->httpd->expect_log('PWR0304')->done;
    return;
}

# The parent's eventfds, which its children have under the same numbers: one of
# them is what the worker is called by.
sub eventfds {
    my $pid = shift;
    return map { m{(\d+)$} } grep { (readlink // '') eq 'anon_inode:[eventfd]' } glob "/proc/$pid/fd/*";
}

# How often they were written to by the only child while `$do` was done; undef
# where strace may not look.
sub calls_during {
    my ($httpd, $do) = @_;
    my ($said, $log) = map { $httpd->root . "/logs/strace.$_" } qw(said log);
    my ($child) = $httpd->children;
    my $tracer = fork // die "fork: $!\n";
    if (!$tracer) {
        open STDERR, '>', $said;
        { exec 'strace', '-f', '-e', 'trace=write', '-o', $log, '-p', $child; }
        POSIX::_exit(127);
    }
    my $is_there = wait_for(sub { -e $said && slurp($said) =~ /attached|[Pp]ermi|unlikely|attach:/ && slurp($said) });
    $do->();
    kill INT => $tracer;
    waitpid $tracer, 0;
    return undef if $is_there !~ /attached/;
    my $ours = join '|', eventfds($httpd->pid);
    return scalar(() = slurp($log) =~ /\bwrite\((?:$ours), "\\[1x]/g);
}

# Posts that come while every slot is busy call the worker once: each call would
# have it look around for nothing.
sub called_once {
    my $walk = PWR::Walk->new('mysql', mpm => 'event', children => 1,
        global => "ServerLimit 1\nMaxRequestWorkers 8\nPwResetMailSlots 1");
    my $httpd = $walk->httpd;
    $walk->add($_) for qw(c1 c2);
    ok(eventfds($httpd->pid) > 0, 'there is what the worker is called by');
    my $heard = calls_during($httpd, sub {
        $httpd->mailbox->mode('hang');
        ask($walk, 'c1');
        is($httpd->mailbox->wait_runs(1), 1, 'the only slot is busy');
    });
    SKIP: {
        skip 'strace may not look at httpd', 2 if !defined $heard;
        cmp_ok($heard, '>=', 1, "a first post calls it: $heard times");
        my $n = calls_during($httpd, sub { ask($walk, 'c2') for 1 .. CALLS });
        cmp_ok($n, '<=', 1, "@{[CALLS]} more that find it busy call it once: $n");
    }
    ok($httpd->stop, 'httpd stops');
    $httpd->expect_log('PWR0304')->done;
    return;
}

# Whoever comes while it reads, or had nothing to do for long, is heard.  A mail is due
# at once or in a second, at random.
sub pairs {
    my $walk = PWR::Walk->new('mysql');
    my $slowest = 0;
    for my $n (1 .. PAIRS) {
        my @two = ("a$n", "b$n");
        $walk->add($_) for @two;
        # By then it looks around ever less often.
        sleep EMPTY_SWEEPS_SEC if $n == PAIRS;
        ask($walk, $two[0]);
        # In the midst of what is done for the first: from at once to after it.
        sleep $n * POLL_SEC / 2;
        my $start = time;
        ask($walk, $two[1]);
        ok($walk->mail_to("$_\@example.org"), "pair $n: a mail to $_") for @two;
        my $took = time - $start;
        note sprintf "pair $n: both after %.2f s", $took;
        $slowest = $took if $took > $slowest;
    }
    cmp_ok($slowest, '<', PAIR_SEC, sprintf 'each promptly: within %.2f s', $slowest);
    $walk->settle;
    $walk->httpd->done;
    return;
}

# One realm on two databases: each job is done in its own.
sub two_stores {
    my $other = PWR::Walk->new('sqlite', start => 0);
    $other->add('olga');
    my $walk = PWR::Walk->new('sqlite', conf => 'PwResetRealm twins', ports => 1, global => <<"CONF");
Listen 127.0.0.1:\${PORT2}
<VirtualHost 127.0.0.1:\${PORT2}>
    DBDParams "@{[$other->db->params]}"
    PwReset On
    PwResetRealm twins
    PwResetPublicURL http://other.test:\${PORT}
    PwResetMailFrom noreply\@example.org
    PwResetSendmail "\${SENDMAIL}" "\${MAILDIR}"
</VirtualHost>
CONF
    $walk->add('ivan');
    my $client = PWR::Client->new(url => 'http://127.0.0.1:' . $walk->httpd->port(2));
    is($client->post('/account/forgot', [email => 'olga@example.org'])->status, 200, 'olga asks at the other');
    my $mail = $walk->mail_to('olga@example.org');
    like($mail && $mail->link, qr{^http://other\.test:}, 'and gets a mail from there');
    is(ask($walk, 'ivan'), 200, 'ivan asks');
    $mail = $walk->mail_to('ivan@example.org');
    like($mail && $mail->link, qr{^http://127\.0\.0\.1:}, 'and gets one from here');
    ok(wait_for(sub { !jobs_n($walk) && !jobs_n($other) }), 'no job is left');
    $walk->httpd->done;
    return;
}

for my $row ([event => 'mysql'], [worker => 'sqlite'], [prefork => 'sqlite']) {
    my ($mpm, $kind) = @$row;
    subtest "$mpm, $kind" => sub {
        my $walk = PWR::Walk->new($kind, mpm => $mpm, children => 2, global => 'PwResetMailSlots 1');
        subtest 'mails come' => sub { prompt($walk) };
        subtest 'children are killed' => sub { killed($walk) };
        subtest 'a graceful restart' => sub { graceful($walk) };
        subtest 'many of them' => sub { many_restarts($walk) } if $mpm ne 'worker';
        subtest 'one after another' => sub { restless($walk) };
        $walk->httpd->done;
    };
}
subtest 'stop' => sub {
    stopped(@$_) for [event => 'hang'], [worker => 'deaf'], [prefork => 'deaf'];
};
subtest 'all busy' => \&all_busy;
subtest 'one call' => sub {
    plan skip_all => 'strace is missing' if !has_program('strace');
    called_once();
};
subtest 'one right after another' => \&pairs;
subtest 'two stores' => \&two_stores;
done_testing();
