#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A database account with exactly the rights that `pwresetctl schema --grants`
# prints does all there is to do; with one of them less the admin is told which.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Ctl;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant TIDY_SEC => 30;

my ($faketime) = $ENV{PWR_ASAN} ? () : glob '/usr/lib/*/faketime/libfaketimeMT.so.1';

# Columns and a join, as they are in other people's tables.
my $columns = 'SELECT m.uid AS id, m.nick AS login, m.mail AS email, m.pw AS password, l.tag AS language, m.changed_at'
    . ' FROM members m LEFT JOIN lang l ON l.id = m.lang_id';
my %own = (
    PwResetUserQuery => "$columns WHERE m.mail = :email", PwResetLoginQuery => "$columns WHERE m.nick = :login",
    PwResetIdQuery => "$columns WHERE m.uid = :id",
    PwResetPasswordUpdate => 'UPDATE members SET pw = :hash, changed_at = :now WHERE uid = :id',
    PwResetGroupQuery => 'SELECT o.uid AS id, t.name AS `group` FROM teams t JOIN team_of o ON o.team_id = t.id'
        . ' WHERE o.uid = :id',
);
my @after = ('DELETE FROM logins WHERE uid = :id', 'INSERT INTO history (uid, at) VALUES (:id, :now)',
    'UPDATE stat SET n = n + 1 WHERE id IN (SELECT stat_id FROM members WHERE uid = :id)');
my @tables = (
    'CREATE TABLE members (uid INT PRIMARY KEY, nick VARCHAR(50), mail VARCHAR(100), pw VARCHAR(255), lang_id INT,'
        . ' changed_at BIGINT, stat_id INT, private TEXT)',
    'CREATE TABLE lang (id INT PRIMARY KEY, tag VARCHAR(5), private TEXT)',
    'CREATE TABLE logins (uid INT, private TEXT)', 'CREATE TABLE history (uid INT, at BIGINT, private TEXT)',
    'CREATE TABLE stat (id INT PRIMARY KEY, n INT, private TEXT)',
    'CREATE TABLE teams (id INT PRIMARY KEY, name VARCHAR(50), private TEXT)',
    'CREATE TABLE team_of (uid INT, team_id INT, private TEXT)',
    q(INSERT INTO teams VALUES (1, 'editors', 'x')), 'INSERT INTO team_of VALUES (7, 1, 0)',
    q(INSERT INTO members VALUES (7, 'anna', 'anna@example.org', NULL, 1, 0, 3, 'x')), q(INSERT INTO lang VALUES (1, 'ru', '')),
    q(INSERT INTO logins VALUES (7, 'x'), (8, 'x')), q(INSERT INTO stat VALUES (3, 0, ''), (4, 0, '')),
);

# For the vhost of PWR::Httpd, which has another account.
sub conf_of {
    my ($walk, @more) = @_;
    my $params = $walk->db->params(user => 'exact', pass => 'exact');
    return join "\n", 'DBDriver mysql', qq(DBDParams "$params"), @more;
}

# What pwresetctl prints for this httpd, as statements.
sub grants {
    my ($walk, @arguments) = @_;
    local %ENV = $walk->httpd->ctl_env;
    my ($text, $err) = PWR::Ctl->new->runs_ok('schema --grants', {status => 0, out => qr/^-- What mod_pwreset does/}, '',
        '-c', $walk->httpd->conf_file, qw(schema --grants --to exact@%), @arguments);
    unlike($text, qr/by hand/, 'all statements can be read');
    return grep { /\S/ } split /;\n/, $text =~ s/^--.*\n//gmr;
}

sub ctl {
    my ($walk, $name, $want, $input, @arguments) = @_;
    local %ENV = $walk->httpd->ctl_env;
    return PWR::Ctl->new->runs_ok($name, $want, $input, '-c', $walk->httpd->conf_file, @arguments);
}

# All that visitors and the worker do, and what an operator's commands do beside.
sub everything {
    my ($walk, $login, $email) = @_;
    my $ask = sub {
        is($walk->client->post('/account/forgot', [email => $email])->status, 200, 'forgot');
        my $mail;
        do { $mail = $walk->mail_to($email) // return fail('no mail') } until $mail->token;
        return $mail;
    };
    my @new = (password => NEW, confirm => NEW);
    my ($first, $second) = (scalar $ask->(), undef);
    is($walk->client->get($first->link =~ s{^https?://[^/]*}{}r)->status, 200, 'the link opens');
    is($walk->client->post('/account/reset', [token => $first->token, @new])->status, 303, 'reset');
    is($walk->client->post('/account/login', [login => $login, password => 'wrong'])->status, 422, 'a wrong password');
    my ($one, $other) = map { $walk->signed_in($login, NEW) } 1, 2;
    is($walk->who($one), $login, 'the protected page');
    like($one->get('/account/sessions')->text, qr/class="sessions"/, 'sessions');
    is($one->post('/account/sessions', [end => 'others'])->status, 303, 'end the others');
    isnt($walk->who($other), $login, 'they have ended');
    is($one->post('/account/change', [current => NEW, password => OLD, confirm => OLD])->status, 303, 'change');
    $walk->sql('DELETE FROM pwreset_token');
    $second = $ask->();
    is($walk->client->post('/account/notme', [token => ($second->notme)[0]])->status, 303, 'not me');
    is($walk->client->post('/account/reset', [token => $second->token, @new])->status, 410, 'it is cancelled');
    is($one->post('/account/logout', [x => ''])->status, 303, 'logout');
    return;
}

sub operator {
    my ($walk, $login, $email) = @_;
    ctl($walk, 'check', {status => 0, out => qr/^OK   tables: .*^OK   engines: .*^OK   password change: works/ms}, '',
        'check', '--user', $login);
    ctl($walk, 'why', {status => 0, out => qr/^OK    account/m}, '', 'why', $email);
    ctl($walk, 'link', {status => 0, out => qr/token=/, err => qr/WARNING/}, '', 'link', $login);
    ctl($walk, 'revoke', {status => 0, out => qr/^revoked/}, '', 'revoke', $login);
    ctl($walk, 'queue list', {status => 0, out => qr//}, '', qw(queue list));
    $walk->sql('UPDATE pwreset_token SET created = 1, expires = 2');
    ctl($walk, 'purge', {status => 0, out => qr/deleted [1-9]/}, '', 'purge');
    is($walk->value('SELECT COUNT(*) FROM pwreset_token'), 0, 'what is over is deleted');
    return;
}

# What is over is deleted every ten minutes; libfaketime lets them pass.
sub tidied {
    my ($walk, $offset) = @_;
    my $until = time + TIDY_SEC;
    $walk->sql('UPDATE pwreset_token SET created = 1, expires = 2');
    cmp_ok($walk->value('SELECT COUNT(*) FROM pwreset_token'), '>', 0, 'control: there is something');
    _write($offset, '+11m');
    while (my $n = $walk->value('SELECT COUNT(*) FROM pwreset_token WHERE created = 1')) {
        return fail("httpd tidies: $n are left") if time > $until;
        $walk->client->post('/account/forgot', [email => 'nobody@example.org']);    # wakes the worker
        sleep 0.2;
    }
    return pass('httpd tidies');
}

sub _write {
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} "$text\n";
    close $out or die "$file: $!\n";
    return;
}

# Which rights the account has; the password update is taken away and given back.
sub is_told {
    my ($walk, $login, $email, $right) = @_;
    my $mark = $walk->httpd->log_mark;
    $walk->settle;
    $walk->sql('DELETE FROM pwreset_token');
    $walk->client->post('/account/forgot', [email => $email]);
    my $mail;
    do { $mail = $walk->mail_to($email) // return fail('no mail') } until $mail->token;
    $walk->sql("REVOKE $right FROM exact\@'%'");
    my $r = $walk->client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW]);
    is($r->status, 503, "control: without $right no password is changed");
    ok($walk->httpd->wait_log(qr/PWR0206.*schema --grants/, $mark), 'and the admin is told');
    my $denied = qr/^FAIL tables: UPDATE command denied.*for column '(?:pw|password)'/m;
    ctl($walk, 'check says which', {status => 78, out => $denied}, '', 'check');
    $walk->sql("GRANT $right TO exact\@'%'");
    $r = $walk->client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW]);
    is($r->status, 303, 'with it the string still works');
    $walk->settle;
    return;
}

sub prepared {
    my ($walk, @more) = @_;
    $walk->httpd->reconf(conf => conf_of($walk, @more));
    $walk->sql(q(CREATE USER exact@'%' IDENTIFIED BY 'exact')) if !$walk->{exact}++;
    my @grants = grants($walk);
    $walk->sql($_) for @grants;
    return @grants;
}

# --- the shipped table -------------------------------------------------------------

sub shipped {
    my $walk = PWR::Walk->new('mysql', start => 0);
    $walk->httpd->expect_log('PWR0206')->allow_log('PWR0232');
    prepared($walk);
    my $offset = $walk->httpd->root . '/offset';
    _write($offset, '+0');
    $walk->httpd->{env} = {LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $offset, FAKETIME_NO_CACHE => 1} if $faketime;
    $walk->httpd->start;
    delete $walk->httpd->{env};
    ctl($walk, 'user add', {status => 0, out => qr/added/}, OLD . "\n", qw(user add ivan ivan@example.org));
    everything($walk, 'ivan', 'ivan@example.org');
    operator($walk, 'ivan', 'ivan@example.org');
    is_told($walk, 'ivan', 'ivan@example.org', 'UPDATE (password) ON pwreset_user');
    SKIP: {
        skip 'libfaketime is not there, or one LD_PRELOAD is enough', 2 if !$faketime;
        tidied($walk, $offset);
    }
    $walk->httpd->done;
    return;
}

# --- one's own, and each right that is printed ---------------------------------------

# Columns that other programs keep to themselves stay closed.
sub own {
    my $walk = PWR::Walk->new('mysql', start => 0);
    $walk->httpd->expect_log('PWR0206')->allow_log('PWR0232');
    $walk->sql($_) for @tables;
    $walk->sql('UPDATE members SET pw = ?', crypt OLD, '$6$abcdefgh$');
    my @grants = prepared($walk, map({ qq($_ "$own{$_}") } sort keys %own), map({ qq(PwResetAfterChange "$_") } @after),
        'PwResetGroupPolicy editors length=13');
    unlike($_, qr/private/, 'nothing of what no query names') for @grants;
    $walk->httpd->start;
    everything($walk, 'anna', 'anna@example.org');
    is($walk->value('SELECT n FROM stat WHERE id = 3'), 2, 'and the statements after it were run');
    operator($walk, 'anna', 'anna@example.org');
    is_told($walk, 'anna', 'anna@example.org', 'UPDATE (pw) ON members');
    $walk->httpd->done;
    each_is_needed($walk, @grants);
    return;
}

# One right of one column less, and `check` fails: nothing is printed in vain.
sub each_is_needed {
    my ($walk, @grants) = @_;
    my $ctl = PWR::Ctl->new;
    my %queries = map { ($_ => [[$own{$_}]]) } keys %own;
    $ctl->vhosts($ctl->vhost_on($walk->db, params => $walk->db->params(user => 'exact', pass => 'exact'), %queries,
        PwResetAfterChange => [map { [$_] } @after], PwResetSendmail => [['/bin/true']]));
    local %ENV = (%ENV, $walk->db->env);
    my @needless;
    my $n = 0;
    for my $grant (@grants) {
        my ($rights, $table) = $grant =~ /^GRANT (.*?)\n   ON (\S+) TO/s or die "no grant: $grant\n";
        while ($rights =~ /(\w+)(?: \(([^)]*)\))?/g) {
            my ($right, $list) = ($1, $2);
            for my $less (map { defined $_ ? "$right ($_)" : $right } defined $list ? split(/, /, $list) : undef) {
                $walk->sql("REVOKE $less ON $table FROM exact\@'%'");
                my ($status, $out) = $ctl->run('', 'check');
                push @needless, "$less ON $table" if $status eq '0';
                $walk->sql("GRANT $less ON $table TO exact\@'%'");
                $n++;
            }
        }
    }
    cmp_ok($n, '>', 80, "$n rights were taken away one by one");
    is_deeply(\@needless, [], 'and none was needless');
    return;
}

# --- what is printed where it cannot be read ------------------------------------------

sub printed {
    my $ctl = PWR::Ctl->new;
    my $vhost = sub { $ctl->vhosts($ctl->vhost(driver => 'mysql', params => shift, directives => {@_})) };
    my $say = sub { my ($name, $out, @more) = @_;
        $ctl->runs_ok($name, {status => 0, out => $out}, '', qw(schema --grants), @more) };
    $vhost->('dbname=site,user=web,group=pwreset,reconnect=0');
    $say->('the account of DBDParams', qr/ON `site`\.`pwreset_user` TO 'web'\@'localhost';/);
    $say->('another', qr/TO 'me'\@'10\.%';/, '--to', 'me@10.%');
    $say->('a name with a quote', qr/TO 'o''me'\@'localhost';/, '--to', q(o'me));
    $vhost->('host=db.example.org;dbname=site');
    $say->('over the network', qr/TO 'httpd'\@'%';/);
    $vhost->('group=pwreset');
    $say->('no dbname', qr/^-- DBDParams has no dbname: USE.*\n(?:.*\n)*.*ON `pwreset_user` TO/m);
    $vhost->('dbname=site', PwResetTablePrefix => [['accounts.pwr_']], PwResetIdQuery =>
        [['SELECT id, a.login, email, password FROM a JOIN b ON a.x = b.x WHERE a.id = :id']]);
    $say->('a query that cannot be read', qr/^-- PwResetIdQuery: its id may be of several tables: write table\.id; .*by hand/m);
    $say->('tables of another database', qr/ON `accounts`\.`pwr_job` TO/);
    $ctl->vhosts($ctl->vhost);
    $ctl->runs_ok('SQLite', {status => 78, err => qr/no server with accounts/}, '', qw(schema --grants));
    $ctl->runs_ok('--to alone', {status => 64, err => qr/goes with --grants/}, '', qw(schema --to x));
    return;
}

subtest printed => \&printed;
subtest 'the shipped table' => \&shipped;
subtest 'a table of one\'s own' => \&own;
done_testing();
