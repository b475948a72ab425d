#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl check on real databases: each line when all is well, and what it
# says to do when something is not; and that it changes nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Ctl;
use PWR::Database;
use Test::More;

my $ctl = PWR::Ctl->new;
my $db;

my @lines = ('configuration', 'database', 'schema', 'tables', 'password column', 'engines', 'changes', 'password change',
    'mail program', 'hook', 'templates', 'proxy', 'recovery');

# What no statement of a running site needs.
my %needless = map { $_ => 1 } 'meta DELETE', 'user INSERT', 'user DELETE';

sub sql { $db->dbh->do($_) for @_; return }

sub site {
    return $ctl->vhosts($ctl->vhost_on($db, PwResetSendmail => [['/bin/true']], @_));
}

# Is this all that fails, and is it told so?
sub fails {
    my ($name, $status, $line, $words, @arguments) = @_;
    my ($out) = $ctl->runs_ok($name, {status => $status, out => qr/^OK   configuration: /, err => qr//}, '', 'check',
        @arguments);
    my %failed = map { $_ => 1 } $out =~ /^FAIL ([a-z ]+):/mg;
    is_deeply([sort keys %failed], [$line // ()], "$name: what fails") or diag($out);
    like($out, qr/^FAIL \Q$line\E: .*$words/m, "$name: what to do") if $line;
    return $out;
}

# Break, look, mend.
sub broken {
    my ($name, $status, $line, $words, $break, $mend, @arguments) = @_;
    sql(@$break);
    my $out = fails($name, $status, $line, $words, @arguments);
    sql(@$mend);
    return $out;
}

sub well {
    my $name = shift;
    my $out = fails($name, 0, undef, undef, @_);
    is_deeply([$out =~ /^OK   ([a-z ]+):/mg], \@lines, "$name: all lines are there") or diag($out);
    return $out;
}

sub counts {
    return join ' ', map { ($db->dbh->selectrow_array("SELECT COUNT(*) FROM pwreset_$_"))[0] }
        qw(meta job token session guess device history user);
}

# --- both ---------------------------------------------------------------------------

sub test_missing {
    for my $table (qw(job token session guess device history user)) {
        broken("no table $table", 78, 'tables', qr/pwreset_$table\b.*(?:schema --apply|correct the query)/,
            ["ALTER TABLE pwreset_$table RENAME TO gone"], ["ALTER TABLE gone RENAME TO pwreset_$table"]);
    }
    my %column = (meta => 'value', job => 'due', token => 'clicks', session => 'seen', guess => 'network',
        device => 'expires', user => 'email');
    for my $table (sort keys %column) {
        my $name = $column{$table};
        next if $table eq 'meta';       # is the schema's line
        broken("no column $table.$name", 78, 'tables', qr/\b$name\b.*(?:schema --apply|correct the column)/,
            ["ALTER TABLE pwreset_$table RENAME COLUMN $name TO gone"],
            ["ALTER TABLE pwreset_$table RENAME COLUMN gone TO $name"]);
    }
    return;
}

sub test_queries {
    site(PwResetLoginQuery => [['SELECT id FROM nowhere WHERE login = :login']]);
    fails('a query of another table', 78, 'tables', qr/nowhere.*PwResetLoginQuery/);
    site(PwResetAfterChange => [['DELETE FROM elsewhere WHERE id = :id']]);
    fails('a statement after the change', 78, 'tables', qr/elsewhere.*PwResetAfterChange/);
    site(PwResetTemplates => [['/nowhere']]);
    fails('no templates', 78, 'templates', qr/PwResetTemplates: there is no folder/);
    site();
    return;
}

sub test_change {
    well('a change that works', qw(--user ivan));
    fails('nobody of that name', 67, 'password change', qr/message above/, qw(--user nobody));
    broken('no row of meta', 78, 'changes', qr/message above/, [q(DELETE FROM pwreset_meta WHERE name LIKE 'lock-%')],
        [map { sprintf q(INSERT INTO pwreset_meta (name, value) VALUES ('lock-%x', 0)), $_ } 0 .. 15]);
    site(PwResetPasswordUpdate => [['UPDATE pwreset_user SET password = :hash WHERE id = :id AND 1 = 0']]);
    fails('one that writes nothing', 78, 'password change', qr/wrote no row .*: its WHERE/, qw(--user ivan));
    site(PwResetPasswordUpdate => [['UPDATE pwreset_user SET name = :hash WHERE id = :id']]);
    my (undef, undef, $err) = $ctl->run('', qw(check --user ivan));
    like($err, qr/PWR0223/, 'one that writes elsewhere');
    site();
    return;
}

# --- MariaDB ------------------------------------------------------------------------

sub test_rights {
    my %right = map { ("pwreset_$_" => 1) } qw(meta job token session guess device history user);
    sql(q(CREATE USER few@'%' IDENTIFIED BY 'few'),
        map { "GRANT SELECT, INSERT, UPDATE, DELETE ON $_ TO few" } sort keys %right);
    site(params => $db->params(user => 'few', pass => 'few'));
    well('the rights of docs/install.md');
    for my $table (sort map { s/^pwreset_//r } keys %right) {
        for my $right (qw(SELECT INSERT UPDATE DELETE)) {
            next if "$table $right" eq 'meta SELECT';   # as below
            my $is_needless = $needless{"$table $right"};
            broken("no $right on $table", $is_needless ? 0 : 78, $is_needless ? undef : 'tables',
                qr/$right command denied.*\bpwreset_$table\b.*: GRANT SELECT, INSERT/,
                ["REVOKE $right ON pwreset_$table FROM few"], ["GRANT $right ON pwreset_$table TO few"]);
        }
    }
    sql('REVOKE SELECT ON pwreset_meta FROM few');
    my ($out) = $ctl->runs_ok('no SELECT on meta', {status => 78, out => qr/^FAIL database: /m, err => qr/GRANT SELECT/},
        '', 'check');
    unlike($out, qr/tables/, 'ends the questions');
    sql('DROP USER few');
    site();
    return;
}

sub test_views {
    my $update = 'UPDATE shown SET password = :hash WHERE id = :id';
    sql('CREATE VIEW shown AS SELECT * FROM pwreset_user', q(CREATE USER viewer@'%' IDENTIFIED BY 'viewer'),
        'GRANT SELECT, UPDATE ON shown TO viewer',
        map { "GRANT SELECT, INSERT, UPDATE, DELETE ON pwreset_$_ TO viewer" }
            qw(meta job token session guess device history user));
    site(params => $db->params(user => 'viewer', pass => 'viewer'), PwResetPasswordUpdate => [[$update]]);
    fails('a view that hides its tables', 78, 'engines', qr/view shown hides.*GRANT SHOW VIEW/);
    sql('GRANT SHOW VIEW ON shown TO viewer');
    like(well('one that does not', qw(--user ivan)), qr/^OK   password column: holds 255 /m, 'and its column is found');
    sql('DROP VIEW shown', 'DROP USER viewer');
    site();
    return;
}

# What PwResetAfterChange writes to: a rehearsal could not undo it.
sub remembered {
    sql('CREATE TABLE remembered (id VARCHAR(40), n INT) ENGINE=MyISAM');
    sql(q(INSERT INTO remembered VALUES ('1', 1)));
    site(PwResetAfterChange => [['UPDATE remembered SET n = n + 1 WHERE id = :id']]);
    fails('a statement after the change, in MyISAM', 78, 'engines',
        qr/remembered is of engine MyISAM.*stays, also of a change that is undone/, qw(--user ivan));
    is($db->dbh->selectrow_array('SELECT n FROM remembered'), 1, 'and it is not run for a try');
    sql('DROP TABLE remembered');
    site();
    return;
}

# A table that somebody locks, and an option file without limits.
sub hangs {
    my $file = $db->dir . '/home/my.cnf';
    open my $out, '>>', $file or die "$file: $!\n";
    print {$out} "\n[patient]\nconnect-timeout = 2\n";
    close $out or die "$file: $!\n";
    site(params => $db->params(group => 'patient'));
    sql('LOCK TABLES pwreset_meta WRITE');
    my $begin = time;
    $ctl->runs_ok('a database that hangs', {status => 69, out => qr/^OK   configuration/,
        err => qr/not answered for 10 s: see/}, '', 'check');
    cmp_ok(time - $begin, '<', 15, 'ends');
    sql('UNLOCK TABLES');
    site();
    return;
}

sub test_mysql {
    broken("$_ in MyISAM", 78, 'engines', qr/pwreset_$_ is of engine MyISAM.*: ALTER TABLE pwreset_$_ ENGINE=InnoDB/,
        ["ALTER TABLE pwreset_$_ ENGINE=MyISAM"], ["ALTER TABLE pwreset_$_ ENGINE=InnoDB"]) for qw(job user);
    remembered();
    broken('read-only', 78, 'changes', qr/error 1290 .*read-only/, ['SET GLOBAL read_only = 1'],
        ['SET GLOBAL read_only = 0']);
    broken('a narrow column', 78, 'password column', qr/holds 59 characters, and a hash of keep has 60: widen it to 255/,
        ['ALTER TABLE pwreset_user MODIFY password VARCHAR(59)'],
        ['ALTER TABLE pwreset_user MODIFY password VARCHAR(255)']);
    broken('a trigger', 78, 'password change', qr/message above/,
        ['CREATE TRIGGER cut BEFORE UPDATE ON pwreset_user FOR EACH ROW SET NEW.password = LEFT(NEW.password, 9)'],
        ['DROP TRIGGER cut'], qw(--user ivan));
    return;
}

sub test_sqlite {
    broken('a trigger', 78, 'password change', qr/message above/,
        ['CREATE TRIGGER cut AFTER UPDATE ON pwreset_user BEGIN UPDATE pwreset_user SET password = 1; END'],
        ['DROP TRIGGER cut'], qw(--user ivan));
    return;
}

-x PWR::Ctl->program or BAIL_OUT(PWR::Ctl->program . ' was not built');
for my $kind (qw(sqlite mysql)) {
    subtest $kind => sub {
        $db = PWR::Database->new($kind);
        local %ENV = (%ENV, $db->env);
        site();
        $ctl->runs_ok('apply', {status => 0, out => qr/applied/}, '', qw(schema --apply));
        sql(q(INSERT INTO pwreset_user (id, login, email, password, changed_at)
            VALUES ('1', 'ivan', 'ivan@example.org', 'old', 0)));
        my $before = counts();
        well('all is well');
        test_missing();
        test_queries();
        test_change();
        $kind eq 'mysql' ? (test_mysql(), test_views(), test_rights(), hangs()) : test_sqlite();
        well('all is well again');
        is(counts(), $before, 'nothing was written');
        is($db->dbh->selectrow_array('SELECT password FROM pwreset_user'), 'old', 'nor a password changed');
        undef $db;
    };
}
done_testing();
