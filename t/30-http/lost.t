#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A reset on MariaDB whose connection is lost between any two statements or at
# COMMIT, that meets a deadlock, a lock, or another node's change: what the
# visitor is told is what was done, once and whole.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use PWR::Proxy;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {MESSAGES_MIN => 15, MESSAGES_MAX => 80, BOUND_SEC => 3, LOCK_SEC => 1.3, WAIT_SEC => 10, POLL_SEC => 0.02,
    LOOK_SEC => 0.15};

my ($walk, $proxy, $n) = (undef, undef, 0);

# A new user with a string: what a reset with it is told, and what is there.
sub user {
    my $login = 'u' . ++$n;
    $walk->add($login);
    my %string = $walk->strings($login);
    return ($login, $string{$login});
}

sub post {
    my ($string, $password) = @_;
    return $walk->client->post('/account/reset', [token => $string, password => $password, confirm => $password]);
}

# As somebody does who is told to come again.
sub post_again {
    my ($r, $until) = (undef, time + WAIT_SEC);
    sleep POLL_SEC while ($r = post(@_))->status == 503 && time < $until;
    return $r;
}

sub spent {
    return $walk->value(q(SELECT COUNT(*) FROM pwreset_token WHERE login = ? AND why = 'used'), $_[0]);
}

# All of a change was done, once.
sub done_once {
    my ($name, $login) = @_;
    ok($walk->works($login, NEW), "$name: the password is the new one");
    is(spent($login), 1, "$name: its string is spent");
    my $mail = $walk->mail_to("$login\@example.org");
    ok($mail, "$name: the owner is told");
    return;
}

sub nothing_done {
    my ($name, $login) = @_;
    ok($walk->works($login, OLD), "$name: the password is the old one");
    is(spent($login), 0, "$name: the string is not spent");
    return;
}

# --- lost connections ------------------------------------------------------------

# After each message that a reset sends; the visitor sees nothing of it.
sub between_statements {
    my ($at, $is_cut, %status) = (0, 1);
    while ($is_cut && $at < MESSAGES_MAX) {
        my ($login, $string) = user();
        $proxy->mode('cut-' . ++$at);
        my $r = post($string, NEW);
        $is_cut = $proxy->mode('pass');
        $status{$r->status}++;
        my $name = "lost at message $at";
        $r->status == 303 ? done_once($name, $login) : nothing_done($name, $login);
    }
    is_deeply(\%status, {303 => $at}, 'no visitor has noticed') or diag explain \%status;
    ok(!$is_cut, "that was all of a reset: @{[$at - 1]} messages");
    cmp_ok($at, '>', MESSAGES_MIN, 'and it is not done with few');
    return;
}

sub at_commit {
    for my $when (qw(drop-before drop-after)) {
        my ($login, $string) = user();
        $proxy->mode($when);
        my $r = post($string, NEW);
        is_deeply([$r->status, $r->header('Location') =~ /done/ ? 1 : 0], [303, 1], "$when COMMIT: success is told");
        done_once("$when COMMIT", $login);
    }
    return;
}

# COMMIT was done, and nobody can be asked whether it was.
sub at_commit_unknown {
    my ($login, $string) = user();
    $proxy->mode('drop-after-and-refuse');
    my $r = post($string, NEW);
    is_deeply([$r->status, $r->header('Retry-After') ? 1 : 0], [503, 1], 'nobody can be asked: come again');
    $proxy->mode('pass');
    is(post_again($string, NEW)->status, 303, 'whoever comes again with that password is told that it is his');
    is(post_again($string, 'another Pelican 55 moor')->status, 410, 'and with another one that the string is spent');
    done_once('unknown', $login);
    return;
}

# --- others ----------------------------------------------------------------------

sub certification {
    my ($login, $string) = user();
    $proxy->mode('deny-2');
    is(post($string, NEW)->status, 303, 'overtaken twice by another node: the visitor sees nothing');
    is($proxy->mode('pass'), 2, 'it was');
    done_once('overtaken', $login);
    return;
}

# Somebody else has the row of the user.
# Longer than one lock wait of a second, shorter than two.
sub locked_a_while {
    my ($login, $string) = user();
    my $waits = sub { $walk->value(q(SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
        WHERE VARIABLE_NAME = 'Innodb_row_lock_waits')) };
    my $before = $waits->();
    $walk->sql('BEGIN');
    $walk->sql('UPDATE pwreset_user SET name = ? WHERE login = ?', 'held', $login);
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        my $status = eval { post($string, NEW)->status } // 0;
        POSIX::_exit($status == 303 ? 0 : 1);
    }
    sleep LOCK_SEC;
    $walk->sql('ROLLBACK');
    waitpid $pid, 0;
    is($?, 0, 'a row that is free again soon: the visitor sees nothing');
    cmp_ok($waits->() - $before, '>=', 2, 'but the step waited, was refused, and waited again');
    done_once('locked a while', $login);
    return;
}

sub locked {
    my ($login, $string) = user();
    my $mark = $walk->httpd->log_mark;
    $walk->sql('BEGIN');
    $walk->sql('UPDATE pwreset_user SET name = ? WHERE login = ?', 'held', $login);
    my $begin = time;
    my $r = post($string, NEW);
    is_deeply([$r->status, $r->header('Retry-After') ? 1 : 0], [503, 1], 'a row that stays locked: come again');
    cmp_ok(time - $begin, '<', BOUND_SEC, 'soon');
    my @lines = grep { /pwreset:error.*PWR0200/ } $walk->httpd->log_since($mark);
    is(scalar @lines, 1, 'and the admin is told');
    $walk->sql('ROLLBACK');
    nothing_done('locked', $login);
    is(post($string, NEW)->status, 303, 'the same string works afterwards');
    done_once('locked', $login);
    return;
}

# The number of those that wait for a lock.  InnoDB shows what it showed to
# whoever asked within the last tenth of a second.
sub waiting {
    sleep LOOK_SEC;
    return $walk->value(q(SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'));
}

# In a child: what the reset was answered.
sub post_aside {
    my $string = shift;
    my $pid = open(my $answer, '-|') // die "fork: $!";
    return $answer if $pid;
    print post($string, NEW)->status;
    close STDOUT;
    POSIX::_exit(0);
}

# Ours has the string and wants the user's row, theirs has that and wants the
# string; InnoDB ends the one that has written less, which is ours.
sub deadlock {
    my ($login, $string) = user();
    my $deadlocks = q(SELECT variable_value FROM information_schema.global_status WHERE variable_name =
        'Innodb_deadlocks');
    my $before = $walk->value($deadlocks);
    $walk->sql('CREATE TABLE IF NOT EXISTS weight (n INT) ENGINE=InnoDB');
    $walk->sql('BEGIN');
    $walk->sql('INSERT INTO weight SELECT seq FROM seq_1_to_5000');
    $walk->sql('UPDATE pwreset_user SET name = ? WHERE login = ?', 'held', $login);
    my $answer = post_aside($string);
    my $until = time + WAIT_SEC;
    1 while !waiting() && time < $until;
    $walk->sql('UPDATE pwreset_token SET clicks = clicks WHERE login = ?', $login);
    $walk->sql('COMMIT');
    is(scalar(<$answer>), 303, 'a deadlock: the visitor sees nothing');
    cmp_ok($walk->value($deadlocks), '>', $before, 'there was one');
    done_once('deadlock', $login);
    return;
}

# One child: where it has the database back, all have.
$walk = PWR::Walk->new('mysql', start => 0, children => 1);
$proxy = PWR::Proxy->new($walk->db->socket);
$walk->httpd->reconf(global => 'DBDParams "' . $walk->db->params(host => '127.0.0.1', port => $proxy->port) . '"')
    ->expect_log(qw(PWR0200 PWR0021))->allow_log(qw(AH00629 AH00639 AH02655 PWR0201 PWR0302))->start;
subtest 'between statements' => \&between_statements;
subtest 'at COMMIT' => \&at_commit;
subtest 'at COMMIT, unknown' => \&at_commit_unknown;
subtest certification => \&certification;
subtest 'locked a while' => \&locked_a_while;
subtest locked => \&locked;
subtest deadlock => \&deadlock;
$walk->settle;
$walk->httpd->done;
done_testing();
