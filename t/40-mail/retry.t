#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What becomes of a mail when the mail program is missing, refuses, hangs, dies
# or is done twice.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(strftime);
use PWR::Jobs;
use PWR::Walk;
use Test::More;

use constant {TIMEOUT_SEC => 3, RETRY_SEC => 600, LATE_SEC => 400};

my $conf = join "\n", BY_RECIPIENT, 'PwResetMailTimeout ' . TIMEOUT_SEC, 'PwResetMailRetry ' . RETRY_SEC;

# How it ends, what is said of it, and: 1 sent, 0 tried again, -1 given up.
my %endings = (
    exit0 => ['exit 0', undef, 1],
    exit1 => ['exit 1', qr/exit 1\b/, -1],
    exit64 => ['exit 64', qr/exit 64 \(EX_USAGE\)/, -1],
    exit65 => ['exit 65', qr/exit 65 \(EX_DATAERR\)/, -1],
    exit66 => ['exit 66', qr/exit 66 \(EX_NOINPUT\)/, -1],
    exit67 => ['exit 67 no such user', qr/exit 67 \(EX_NOUSER\).*no such user/, -1],
    exit68 => ['exit 68', qr/exit 68 \(EX_NOHOST\)/, 0],
    exit69 => ['exit 69', qr/exit 69 \(EX_UNAVAILABLE\)/, 0],
    exit70 => ['exit 70', qr/exit 70 \(EX_SOFTWARE\)/, -1],
    exit71 => ['exit 71', qr/exit 71 \(EX_OSERR\)/, 0],
    exit72 => ['exit 72', qr/exit 72 \(EX_OSFILE\)/, -1],
    exit73 => ['exit 73', qr/exit 73 \(EX_CANTCREAT\)/, 0],
    exit74 => ['exit 74', qr/exit 74 \(EX_IOERR\)/, 0],
    exit75 => ['exit 75 try later', qr/exit 75 \(EX_TEMPFAIL\).*try later/, 0],
    exit76 => ['exit 76', qr/exit 76 \(EX_PROTOCOL\)/, 0],
    exit77 => ['exit 77', qr/exit 77 \(EX_NOPERM\)/, -1],
    exit78 => ['exit 78', qr/exit 78 \(EX_CONFIG\)/, -1],
    exit111 => ['exit 111', qr/exit 111 \(temporary/, 0],
    exit126 => ['exit 126', qr/exit 126 \(the shell/, 0],
    exit127 => ['exit 127', qr/exit 127 \(the shell/, 0],
    exit255 => ['exit 255', qr/exit 255\b/, -1],
    unread => ['unread', undef, 1],
    unread75 => ['unread 75', qr/exit 75/, 0],
    die => ['die', qr/signal 9 \(SIGKILL\)/, 0],
    flood => ['flood', undef, 1],
    grandchild => ['grandchild', undef, 1],
    hang => ['hang', qr/not ended after 3 s/, 0],
    deaf => ['deaf', qr/not ended after 3 s/, 0],
    brood => ['brood', qr/not ended after 3 s/, 0],
);

# Those of the modes above that leave a message behind.
my %accepts = map { $_ => 1 } qw(flood grandchild);

# --- the ways in which it ends ----------------------------------------------------

sub row_is {
    my ($job, $name, $said, $class, $now) = @_;
    return is($job, undef, "$name: sent, and its row is gone") if $class > 0;
    like($job->{error} // 'no row', $said, "$name: the row says why");
    is_deeply([@$job{qw(owner lease_until)}], [undef, 0], "$name: nobody holds it");
    if ($class < 0) {
        is_deeply([$job->{due}, $job->{tries}], [NEVER, 1], "$name: given up at once");
        cmp_ok(abs($now - $job->{gave_up}), '<', 30, "$name: the row says when");
    }
    else {
        is($job->{gave_up}, 0, "$name: not given up");
        cmp_ok($job->{due}, '<', NEVER, "$name: it is tried again");
    }
    return;
}

sub log_is {
    my ($walk, $name, $said, $class, $job) = @_;
    my ($first) = grep { /PWR030[1345]: job $job->{id} / } $walk->httpd->error_log;
    my ($level, $id) = $class < 0 ? (error => 'PWR0305') : (warn => 'PWR0304');
    like($first // 'no line', qr/\[pwreset:(?:$level|info)\].*$id: .*recovery for \w\*\*\*\@example\.org, try 1: .*$said/s,
        "$name: the admin is told");
    like($first // '', qr/PwResetSendmail/, "$name: with the remedy") if $class < 0;
    return;
}

sub endings {
    my $walk = shift;
    my @names = sort keys %endings;
    my $mark = $walk->httpd->log_mark;
    my %box = mailboxes($walk->httpd, @names);
    my %page;
    for my $name (@names) {
        $walk->add($name);
        $box{$name}->mode($endings{$name}[0]);
        my $r = ask($walk, "$name\@example.org");
        $page{$r->status . $r->text =~ s/\b\Q$name\E\b/NAME/gr} = 1;
    }
    my @answers = map { $_->status . $_->text =~ s/\bnobody\b/NAME/gr } ask($walk, 'nobody@example.org');
    is_deeply([keys %page], \@answers, 'every visitor sees the page that strangers see');
    my $jobs = settled($walk) // return fail('all were tried');
    my $now = clock($walk);
    for my $name (@names) {
        my ($mode, $said, $class) = @{$endings{$name}};
        my $job = job($jobs, "$name\@example.org");
        row_is($job, $name, $said, $class, $now);
        log_is($walk, $name, $said, $class, $job) if $class < 1 && $job;
        is(scalar($box{$name}->unseen), $accepts{$name} ? 1 : 0, "$name: messages");
    }
    my %loud;
    $loud{$_}++ for map { /\[pwreset:(?:warn|error)\].*(PWR030[45]):/ ? $1 : () } $walk->httpd->log_since($mark);
    is_deeply(\%loud, {PWR0304 => 1, PWR0305 => 1}, 'of all that ended alike one line is loud');
    spreads($walk);
    ends_processes(%box);
    $walk->sql('DELETE FROM pwreset_job WHERE gave_up = 0');
    stays_given_up($walk, \%box);
    return;
}

# Programs that fail together are not all tried again at the same moment.
sub spreads {
    my $walk = shift;
    my %delay = map { /PWR0304: .*, try 1: not sent yet, next try in (\d+) s/ ? ($1 => 1) : () } $walk->httpd->error_log;
    cmp_ok(scalar keys %delay, '>', 1, 'the delays are spread: ' . join ', ', sort keys %delay);
    return;
}

sub ends_processes {
    my %box = @_;
    for my $name (qw(hang deaf brood die flood)) {
        ok(!(grep { is_running($_) } $box{$name}->pids), "$name: no process is left");
    }
    ok(!is_running($box{brood}->grandchild), 'brood: nor of its children');
    my $left = $box{grandchild}->grandchild;
    ok(is_running($left), 'grandchild: what a program left behind when it ended is its own affair');
    kill KILL => $left;
    return;
}

sub stays_given_up {
    my ($walk, $box) = @_;
    my @jobs = jobs($walk);
    ok(@jobs > 5, 'rows that were given up stay');
    hurry($walk);
    ask($walk, 'exit0@example.org');
    is($box->{exit0}->wait_runs(1), 1, 'not asked again within the minute');
    ok(until_true(sub { jobs($walk) == @jobs }), 'its row is gone');
    is_deeply([jobs($walk)], \@jobs, 'and the others are left alone');
    $walk->sql('DELETE FROM pwreset_job');
    return;
}

# --- no program -------------------------------------------------------------------

sub try_again {
    my ($walk, $address) = @_;
    my $tries = (job($walk, $address) // return)->{tries};
    hurry($walk);
    return until_true(sub {
        my $job = job($walk, $address) // return 1;
        return $job->{tries} > $tries && !$job->{lease_until} ? $job : undef;
    });
}

sub missing {
    my $walk = shift;
    my $httpd = $walk->httpd;
    my %box = mailboxes($httpd, 'missing');
    my $program = $httpd->root . '/by-recipient';
    $walk->add('missing');
    my $mark = $httpd->log_mark;
    rename $program, "$program.away" or die "$program: $!\n";
    my $r = ask($walk, 'missing@example.org');
    is_deeply([$r->status, scalar $r->alert], [200, undef], 'missing: the visitor sees the usual page');
    like($r->notice, qr/missing\@example\.org/, 'missing: with the usual notice');
    my $line = $httpd->wait_log(qr/PWR0306/, $mark);
    like($line, qr/pwreset:error.*by-recipient: No such file or directory; install it or .*set PwResetSendmail/,
        'missing: the admin is told, with the remedy');
    ok(settled($walk), 'missing: tried');
    like(job($walk, 'missing@example.org')->{error}, qr/No such file/, 'missing: the row says so');
    my @stages = (['#!/none/at/all', 0755, qr/No such file/], ['#!/bin/sh', 0644, qr/Permission denied; let httpd's user/],
        ["\x{1}no program", 0755, qr/Exec format error; it is no program/]);
    for (@stages) {
        my ($text, $mode, $said) = @$_;
        $httpd->write('by-recipient', "$text\n");
        chmod $mode, $program;
        like(try_again($walk, 'missing@example.org')->{error}, $said, "missing: $said");
    }
    unlink $program;
    rename "$program.away", $program or die "$program: $!\n";
    try_again($walk, 'missing@example.org');
    my $mail = $box{missing}->next;
    ok($mail, 'missing: the mail goes out once it is back') or return;
    is($walk->client->get($mail->link =~ s{^\w+://[^/]*}{}r)->status, 200, 'missing: and its link works');
    ok(until_true(sub { !job($walk, 'missing@example.org') }), 'missing: the row is gone');
    is(scalar(grep { /pwreset:(?:warn|error)/ } $httpd->log_since($mark)), 1, 'missing: that is said once');
    return;
}

# --- again and again --------------------------------------------------------------

# Delays are spread by a quarter to either side; a second may pass meanwhile.
sub is_about {
    my ($delay, $base, $what) = @_;
    ok($delay >= int(0.75 * $base) - 1 && $delay <= 1.25 * $base + 1, "$what: in about $base s") or diag("in $delay s");
    return;
}

sub backs_off {
    my $walk = shift;
    my %box = mailboxes($walk->httpd, 'patient');
    $walk->add('patient');
    $box{patient}->mode('exit 75');
    ask($walk, 'patient@example.org');
    ok(settled($walk), 'patient: tried');
    while (my $job = job($walk, 'patient@example.org')) {
        my $base = 5 * 2 ** ($job->{tries} - 1);
        is_about($job->{due} - clock($walk), $base > 300 ? 300 : $base, "try $job->{tries}");
        last if $job->{tries} > 7;
        try_again($walk, 'patient@example.org') or last;
    }
    my $tries = job($walk, 'patient@example.org')->{tries};
    is($box{patient}->runs, $tries, 'the row counts the tries');
    is($walk->value(q(SELECT COUNT(*) FROM pwreset_token WHERE purpose = 'recover' AND login = 'patient'
        AND spent_at = 0)), $tries,
        'each has a string of its own');
    is($walk->value('SELECT COUNT(DISTINCT job) FROM pwreset_token WHERE login = ?', 'patient'), 1, 'of one job');
    $box{patient}->mode(undef);
    $walk->age('patient', LATE_SEC);
    $walk->sql('UPDATE pwreset_job SET created = created - ?', LATE_SEC);
    try_again($walk, 'patient@example.org');
    my $mail = $box{patient}->next // return fail('patient: a mail in the end');
    my ($until) = $mail->text =~ /until (\d\d:\d\d)/;
    my $expires = $walk->value(q(SELECT MAX(expires) FROM pwreset_token WHERE purpose = 'recover' AND login = 'patient'));
    is($until, strftime('%H:%M', gmtime $expires), 'patient: it prints the time of its own string');
    is($walk->client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW])->status, 303,
        'patient: a mail in the end, and its string works');
    notices_back_off($walk, $box{patient});
    return;
}

sub notices_back_off {
    my ($walk, $box) = @_;
    ok($box->next, 'patient: a notice');
    $box->mode('exit 75');
    my $client = $walk->signed_in('patient', NEW);
    $client->post('/account/change', [current => NEW, password => OLD, confirm => OLD]);
    ok(settled($walk), 'notice: tried');
    for my $base (60, 120) {
        my $job = job($walk, 'patient@example.org') // return fail('notice: a row');
        is_deeply([@$job{qw(kind login)}], ['notice', 'patient'], 'notice: a row');
        is_about($job->{due} - clock($walk), $base, "notice, try $job->{tries}");
        try_again($walk, 'patient@example.org');
    }
    $box->mode(undef);
    try_again($walk, 'patient@example.org');
    ok($box->next, 'notice: it comes in the end');
    return;
}

# The time is over when the row is old enough, whatever the back-off says.
sub gives_up {
    my $walk = shift;
    my %box = mailboxes($walk->httpd, 'hopeless');
    my $address = 'hopeless@example.org';
    $walk->add('hopeless');
    $box{hopeless}->mode('exit 75 not today');
    ask($walk, $address);
    ok(settled($walk), 'hopeless: tried');
    my $mark = $walk->httpd->log_mark;
    $walk->sql('UPDATE pwreset_job SET created = created - ?, tries = 9', RETRY_SEC - 20);
    my $job = try_again($walk, $address);
    cmp_ok($job->{due} - clock($walk), '<=', 20, 'hopeless: the last try comes no later than the end');
    is($job->{gave_up}, 0, 'hopeless: not over yet');
    $walk->sql('UPDATE pwreset_job SET created = created - 20');
    $job = try_again($walk, $address);
    is($job->{due}, NEVER, 'hopeless: given up');
    like($job->{error}, qr/not today/, 'hopeless: the row says why');
    like($walk->httpd->wait_log(qr/PWR0303/, $mark), qr/pwreset:error.*its time is over: .*not today.*PwResetSendmail/,
        'hopeless: the admin is told');
    my $runs = $box{hopeless}->runs;
    hurry($walk);
    ok(settled($walk), 'hopeless: later');
    is($box{hopeless}->runs, $runs, 'hopeless: not tried again');
    $walk->sql('DELETE FROM pwreset_job');
    return;
}

# Without PwResetMailRetry: as long as the string would live, a notice three days.
sub default_times {
    my $walk = shift;
    $walk->reconf($conf =~ s/^PwResetMailRetry .*//mr . "\nPwResetTokenLifetime 30min");
    my %box = mailboxes($walk->httpd, 'default');
    my $address = 'default@example.org';
    $walk->add('default');
    $box{default}->mode('exit 75');
    my %make = (
        1800 => sub { ask($walk, $address) },
        259_200 => sub {
            $walk->signed_in('default')->post('/account/change', [current => OLD, password => NEW, confirm => NEW]);
        },
    );
    for my $seconds (sort { $a <=> $b } keys %make) {
        $make{$seconds}->();
        ok(settled($walk), "default, $seconds s: tried");
        $walk->sql('UPDATE pwreset_job SET created = created - ?, tries = 9', $seconds - 20);
        is(try_again($walk, $address)->{gave_up}, 0, "default, $seconds s: not over yet");
        $walk->sql('UPDATE pwreset_job SET created = created - 20');
        is(try_again($walk, $address)->{due}, NEVER, "default, $seconds s: given up");
        $walk->sql('DELETE FROM pwreset_job');
    }
    return;
}

# A user query that fails is spaced and ended like a mail that fails.
sub broken_query {
    my $walk = shift;
    my %box = mailboxes($walk->httpd, 'query');
    $walk->add('query');
    $walk->httpd->expect_log('PWR0204');
    $walk->sql('ALTER TABLE pwreset_user RENAME TO pwreset_user_away');
    ask($walk, 'query@example.org');
    ok(settled($walk), 'query: tried');
    my $job = job($walk, 'query@example.org');
    like($job->{error}, qr/database/, 'query: the row says that it was the database');
    is_about($job->{due} - clock($walk), 5, 'query: it is tried again');
    $walk->sql('ALTER TABLE pwreset_user_away RENAME TO pwreset_user');
    try_again($walk, 'query@example.org');
    ok($box{query}->next, 'query: and the mail comes');
    return;
}

sub slurp { open my $in, '<', $_[0] or die "$_[0]: $!\n"; local $/; return scalar <$in> }

# Let these processes make no more threads, or again as many as before.  As
# their own user, for whom alone it needs no capability.
sub limit_threads {
    my ($is_limited, @pids) = @_;
    for my $pid (@pids) {
        my ($hard) = slurp("/proc/$pid/limits") =~ /^Max processes\s+\S+\s+(\S+)/m;
        my $status = slurp("/proc/$pid/status");
        my ($uid, $gid) = map { $status =~ /^${_}id:\s+(\d+)/m } qw(U G);
        my @as = $uid == $> ? () : ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups');
        system(@as, 'prlimit', "--pid=$pid", '--nproc=' . ($is_limited ? 1 : $hard) . ':') == 0
            or die "prlimit (Debian: apt install util-linux): $?\n";
    }
    return;
}

# No thread can be made for a mail: its job is put back and not held for
# nothing, the ones behind it are left alone, and all go out later.
sub no_threads {
    my $walk = shift;
    my @names = map { "thread$_" } 1 .. 4;
    my %box = mailboxes($walk->httpd, @names);
    $walk->add($_) for @names;
    my $mark = $walk->httpd->log_mark;
    limit_threads(1, $walk->httpd->children);
    ask($walk, "$_\@example.org") for @names;
    like($walk->httpd->wait_log(qr/PWR0062/, $mark), qr/pwreset:error.*tried again in 5 s: raise the/,
        'threads: the admin is told');
    my ($job) = @{until_true(sub { my @tried = grep { $_->{error} } jobs($walk); @tried ? \@tried : undef })};
    like($job->{error}, qr/no thread/, 'threads: the row says why');
    is_about($job->{due} - clock($walk), 5, 'threads: it is tried again');
    is(scalar(grep { $_->{lease_until} } jobs($walk)), 0, 'threads: no job is held');
    limit_threads(0, $walk->httpd->children);
    ok($box{$_}->next, "threads: when they can be made again, $_ gets the mail") for @names;
    return;
}

# --- twice ------------------------------------------------------------------------

# The child is killed after the mail program has taken the mail and before the
# row is deleted: the mail comes twice, and either copy works until one is used.
sub killed {
    my $walk = shift;
    my @names = qw(first second used notme);
    my $httpd = $walk->httpd;
    my %box = mailboxes($httpd, @names);
    for my $name (@names) {
        $walk->add($name);
        $box{$name}->mode('linger 50');
        ask($walk, "$name\@example.org");
    }
    my %copy = map { $_ => [$box{$_}->next] } @names;
    is(scalar(grep { $_->[0] } values %copy), @names, 'killed: the mails are out') or return;
    my @programs = map { $box{$_}->pids } @names;
    my %child = map { parent_of($_) => 1 } @programs;
    is_deeply([map { my $pid = $_; scalar grep { $_ == $pid } $httpd->children } keys %child], [1],
        'killed: by one child');
    kill KILL => keys %child;
    ok(until_true(sub { !grep { is_running($_) } keys %child }), 'killed: it is gone');
    is(scalar(grep { $_->{lease_until} > clock($walk) && $_->{tries} == 1 } jobs($walk)), @names, 'killed: its leases stand');
    $box{$_}->mode(undef) for @names;
    wake($walk);
    until_true(sub { !$walk->value('SELECT COUNT(*) FROM pwreset_job WHERE identifier = ?', 'nobody@example.org') });
    is(scalar(map { $box{$_}->unseen } @names), 0, 'killed: and are respected');
    is_done($walk, $copy{used}[0], $copy{notme}[0]);
    $walk->sql('UPDATE pwreset_job SET lease_until = 1');
    wake($walk);
    push @{$copy{$_}}, $box{$_}->next for qw(first second);
    for my $name (qw(used notme)) {
        ok(until_true(sub { !job($walk, "$name\@example.org") }), "killed: $name: the job is over");
        is(scalar(grep { $_->token } $box{$name}->unseen), 0, "killed: $name: no other string comes");
    }
    kill KILL => @programs;
    for my $name (qw(first second)) {
        is_twice($walk, $name, $copy{$name}, $name eq 'first' ? (0, 1) : (1, 0));
    }
    return;
}

# What the mail was for is done before its job is tried again.
sub is_done {
    my ($walk, $used, $notme) = @_;
    my $client = $walk->client;
    is($client->post('/account/reset', [token => $used->token, password => NEW, confirm => NEW])->status, 303,
        'killed: one string is used');
    is($client->post('/account/notme', [token => ($notme->notme)[0]])->status, 303, 'killed: one is cancelled');
    return;
}

sub is_twice {
    my ($walk, $name, $copies, $use, $other) = @_;
    return fail("$name: a second mail") if !$copies->[1];
    my ($used, $dead) = map { $_->token } @$copies[$use, $other];
    is($copies->[1]->header('Message-ID'), $copies->[0]->header('Message-ID'), "$name: the same message");
    isnt($used, $dead, "$name: another string");
    ok(until_true(sub { !job($walk, "$name\@example.org") }), "$name: the row is gone");
    my $client = $walk->client;
    is_deeply([map { $client->get("/account/reset?token=$_")->status } $used, $dead], [200, 200], "$name: both work");
    is($client->post('/account/reset', [token => $used, password => NEW, confirm => NEW])->status, 303,
        "$name: copy $use is used");
    is_deeply([map { $client->get("/account/reset?token=$_")->status } $used, $dead], [410, 410], "$name: both are dead");
    is($client->post('/account/reset', [token => $dead, password => OLD, confirm => OLD])->status, 410,
        "$name: copy $other changes nothing");
    ok($walk->works($name, NEW), "$name: the password of copy $use");
    return;
}

each_database(sub {
    my $walk = shift;
    if ($walk->kind eq 'sqlite') {
        $walk->httpd->expect_log(qw(PWR0062 PWR0303 PWR0304 PWR0305 PWR0306));
        endings($walk);
        missing($walk);
        backs_off($walk);
        gives_up($walk);
        broken_query($walk);
        no_threads($walk);
    }
    killed($walk);
    default_times($walk) if $walk->kind eq 'sqlite';
}, conf => $conf, global => 'PwResetMailSlots 40');
done_testing();
