#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A database that answers and is not as it should be: httpd starts and serves
# all else, our pages say "try again" at once, and the log has one line with the
# cause and what to do, however many requests come.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {REQUESTS => 200, QUICK_SEC => 3, BACK_SEC => 2, NEW_SEC => 10, POLL_SEC => 0.02};

my $unknown = '0' x 28;
my $names = 0;
my %ask = (
    forgot => sub { $_[0]->post('/account/forgot', [email => 'ivan@example.org']) },
    login => sub { $_[0]->other->post('/account/login', [login => 'nobody' . ++$names, password => OLD]) },
    reset => sub { $_[0]->get("/account/reset?token=$unknown") },
);
my %fine = (forgot => 200, login => 422, reset => 410);

# The lines of the error log that are loud, by id.
sub loud {
    my ($walk, $mark) = @_;
    my %lines;
    for my $line ($walk->httpd->log_since($mark)) {
        push @{$lines{$2}}, $line if $line =~ /\[pwreset:(error|warn)\].*?\b(PWR\d{4})\b/;
    }
    return \%lines;
}

sub refused {
    my ($name, $page, $client, $n) = @_;
    my (%status, $slowest);
    for (1 .. $n) {
        my $begin = time;
        my $r = $ask{$page}->($client);
        $status{$r->status . ' ' . ($r->header('Retry-After') ? 'later' : '')}++;
        $slowest = time - $begin if !defined $slowest || time - $begin > $slowest;
    }
    is_deeply(\%status, {'503 later' => $n}, "$name: $n times /$page, 503 with Retry-After");
    cmp_ok($slowest, '<', QUICK_SEC, "$name: none of them slow");
    return;
}

sub recovers {
    my ($name, $page, $client) = @_;
    my $until = time + BACK_SEC;
    my $r;
    sleep POLL_SEC while ($r = $ask{$page}->($client))->status == 503 && time < $until;
    is($r->status, $fine{$page}, "$name: mended, it serves again");
    return;
}

# Break it, start httpd, ask, look into the log, mend it.
sub fault {
    my ($walk, $row, $n) = @_;
    my ($name, $page, $id, $remedy, $break, $mend) = @$row;
    my ($httpd, $client) = ($walk->httpd, $walk->client);
    $walk->settle;
    $walk->sql($_) for @$break;
    my $mark = $httpd->log_mark;
    $httpd->expect_log($id)->restart;
    is($client->get('/')->status, 200, "$name: httpd starts and serves pages");
    is($client->get('/account/forgot')->status, 200, "$name: and ours that need no database");
    refused($name, $page, $client, $n);
    my $loud = loud($walk, $mark);
    is_deeply([map { "$_ " . @{$loud->{$_}} } sort keys %$loud], ["$id 1"], "$name: one line") or diag explain $loud;
    like($loud->{$id}[0] // '', $remedy, "$name: which says what to do");
    $walk->sql($_) for @$mend;
    recovers($name, $page, $client);
    return;
}

sub rename_table {
    my ($table) = @_;
    return (["ALTER TABLE pwreset_$table RENAME TO gone"], ["ALTER TABLE gone RENAME TO pwreset_$table"]);
}

sub rename_column {
    my ($table, $column) = @_;
    return (["ALTER TABLE pwreset_$table RENAME COLUMN $column TO gone"],
        ["ALTER TABLE pwreset_$table RENAME COLUMN gone TO $column"]);
}

sub version {
    my $version = shift;
    return ([map { "UPDATE pwreset_meta SET value = $version WHERE name = '$_'" } qw(schema schema-least)],
        [map { "UPDATE pwreset_meta SET value = $_->[1] WHERE name = '$_->[0]'" } ['schema', 3], ['schema-least', 2]]);
}

my @both = (
    ['no table guess', 'login', 'PWR0204', qr/pwreset_guess.*pwresetctl schema --apply/, rename_table('guess')],
    ['no table token', 'reset', 'PWR0204', qr/pwreset_token.*pwresetctl schema --apply/, rename_table('token')],
    ['no table of users', 'login', 'PWR0204', qr/pwreset_user.*for the user table correct the query/, rename_table('user')],
    ['no column clicks', 'reset', 'PWR0205', qr/purpose.*pwresetctl schema --apply/, rename_column('token', 'purpose')],
    ['an older version', 'login', 'PWR0228', qr/schema version 1.*pwresetctl schema --upgrade/, version(1)],
    ['a newer version', 'forgot', 'PWR0228', qr/schema version 99.*install the newer one/, version(99)],
);
my @mysql = (
    ['read-only', 'forgot', 'PWR0217', qr/is it read-only/, ['SET GLOBAL read_only = 1'], ['SET GLOBAL read_only = 0']],
    map { my ($page, $right, $table) = @$_; ["no $right on $table", $page, 'PWR0206',
        qr/$right command denied.*\bpwreset_$table\b.*GRANT SELECT, INSERT, UPDATE, DELETE/,
        ["REVOKE $right ON pwreset_$table FROM few"], ["GRANT $right ON pwreset_$table TO few"]] }
        [forgot => 'INSERT', 'job'], [reset => 'SELECT', 'token'], [login => 'SELECT', 'guess'],
        [login => 'INSERT', 'guess'], [login => 'SELECT', 'user'], [forgot => 'SELECT', 'meta'],
);

# Somebody with the rights that docs/install.md grants, table by table.
sub give_rights {
    my $walk = shift;
    $walk->sql($_) for q(CREATE USER few@'%' IDENTIFIED BY 'few'),
        map { "GRANT SELECT, INSERT, UPDATE, DELETE ON pwreset_$_ TO few" } qw(meta job token session guess device history
            user);
    return $walk->db->params(user => 'few', pass => 'few');
}

# --- full ---------------------------------------------------------------------------

# Rows of jobs that are due in a thousand years, in ever smaller heaps until not
# one more fits.
sub fill {
    my ($walk) = @_;
    my $rows = 0;
    for my $heap (1000, 30, 1) {
        while (eval { $walk->sql('INSERT INTO pwreset_job (id, kind, realm, identifier, identify_by, created, due) VALUES '
                . join ', ', map { sprintf q(('%032x', 'recover', 'full', '%s', 1, 0, 32503680000)), $rows + $_, 'x' x 500 }
                    1 .. $heap) }) {
            $rows += $heap;
        }
    }
    return $rows;
}

# Some requests may still find room on a page.
sub full {
    my ($walk, $mend) = @_;
    my ($httpd, $client) = ($walk->httpd, $walk->client);
    my $rows = fill($walk);
    note("$rows rows fill it");
    my $mark = $httpd->log_mark;
    $httpd->expect_log('PWR0203');
    my (%status, $slowest);
    for (1 .. REQUESTS) {
        my $begin = time;
        $status{$ask{forgot}->($client)->status}++;
        $slowest = time - $begin if !defined $slowest || time - $begin > $slowest;
    }
    is_deeply([grep { !/^(?:200|503)$/ } keys %status], [], 'full: taken, or told to come again');
    cmp_ok($status{503} // 0, '>', REQUESTS / 2, 'full: the latter mostly');
    cmp_ok($slowest, '<', QUICK_SEC, 'full: none of them slow');
    my $loud = loud($walk, $mark);
    is_deeply([map { "$_ " . @{$loud->{$_}} } sort keys %$loud], ['PWR0203 1'], 'full: one line') or diag explain $loud;
    like($loud->{PWR0203}[0] // '', qr/is its disk full/, 'full: which says what to look at');
    is($client->get('/')->status, 200, 'full: other pages are served');
    $mend->();
    $walk->sql(q(DELETE FROM pwreset_job WHERE realm = 'full'));
    recovers('full', 'forgot', $client);
    return;
}

sub full_mysql {
    my $walk = PWR::Walk->new('mysql', start => 0, schema => 0);
    $walk->db->stop;
    $walk->db->start('--innodb-data-file-path=ibdata1:12M', '--innodb-file-per-table=0');
    $walk->make_schema;
    $walk->httpd->start;
    full($walk, sub { });
    $walk->settle;
    $walk->httpd->done;
    return;
}

sub full_sqlite {
    my $walk = PWR::Walk->new('sqlite', start => 0, schema => 0);
    my ($httpd, $dir) = ($walk->httpd, $walk->db->dir);
    my ($uid, $gid) = (stat $dir)[4, 5];
    system('mount', '-t', 'tmpfs', '-o', "size=1m,mode=755,uid=$uid,gid=$gid", 'tmpfs', $dir) == 0
        or plan skip_all => 'a file system of a megabyte can be mounted by root alone, and not in every container';
    eval {
        $walk->make_schema;
        chown $uid, $gid, glob $walk->db->params . '*';
        $httpd->start;
        full($walk, sub { system 'mount', '-o', 'remount,size=8m', $dir });
        $walk->settle;
        $httpd->done;
    };
    my $why = $@;
    $walk->db->dbh->disconnect;
    system 'umount', '-l', $dir;
    die $why if $why;
    return;
}

# A primary that others took the place of answers, and would be asked for ever:
# whoever connects anew is led to the new one.
sub demoted {
    my $walk = PWR::Walk->new('mysql', children => 1);
    $walk->httpd->reconf(global => qq(DBDKeep 1\nDBDMax 1\nDBDParams "@{[give_rights($walk)]}"\n)
        . '<IfModule mpm_prefork_module>' . "\nMaxRequestWorkers 1\n</IfModule>")->restart;
    my $client = $walk->client;
    my $ids = sub { join ' ', map { @$_ } @{$walk->db->dbh->selectall_arrayref(
        q(SELECT id FROM information_schema.processlist WHERE user = 'few' ORDER BY id))} };
    is($ask{forgot}->($client)->status, 200, 'demoted: all is well');
    my $before = $ids->();
    is($ask{reset}->($client)->status, 410, 'demoted: what can be read is');
    is($ids->(), $before, 'control: one connection serves');
    # A job that was claimed and cannot be let go is left for its whole lease.
    $walk->settle;
    $walk->httpd->expect_log('PWR0217', 'AH00639');
    $walk->sql('SET GLOBAL read_only = 1');
    is($ask{forgot}->($client)->status, 503, 'demoted: told to come again');
    is($ids->(), $before, 'demoted: a new connection stays');
    my $until = time + NEW_SEC + BACK_SEC;
    while ($ids->() eq $before && time < $until) {
        $ask{forgot}->($client);
        sleep POLL_SEC * 10;
    }
    isnt($ids->(), $before, 'demoted: an older one is not kept');
    $walk->sql('SET GLOBAL read_only = 0');
    recovers('demoted', 'forgot', $client);
    $walk->settle;
    $walk->httpd->done;
    return;
}

for my $kind (qw(sqlite mysql)) {
    subtest $kind => sub {
        my $walk = PWR::Walk->new($kind, conf => 'PwResetLimit login-account 1000/1min 1000');
        $walk->httpd->allow_log('PWR0214');
        $walk->add('ivan');
        if ($kind eq 'mysql') {
            $walk->httpd->reconf(global => 'DBDParams "' . give_rights($walk) . '"')->restart;
        }
        my @faults = (@both, $kind eq 'mysql' ? @mysql : ());
        fault($walk, $faults[$_], $_ == 0 ? REQUESTS : 5) for 0 .. $#faults;
        $walk->settle;
        $walk->httpd->done;
    };
}
subtest 'demoted' => \&demoted;
subtest 'full, mysql' => \&full_mysql;
subtest 'full, sqlite' => \&full_sqlite;
done_testing();
