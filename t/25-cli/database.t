#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl on real databases: the schema, users and their passwords.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use POSIX ();
use Test::More;
use PWR::Ctl;
use PWR::Database;

my $ctl = PWR::Ctl->new;
my $db;
my $good = 'correct horse battery';

sub runs_ok { return $ctl->runs_ok(@_) }

# The site's part of the dump, on this database.
sub site {
    return $ctl->vhosts($ctl->vhost_on($db, PwResetPasswordScheme => [['bcrypt:10']], @_));
}

sub value {
    my ($sql, @bound) = @_;
    my ($value) = $db->dbh->selectrow_array($sql, undef, @bound);
    return $value;
}

sub test_schema {
    runs_ok('a user before the schema', {status => 78, err => qr/pwresetctl schema --apply/}, "$good\n",
        qw(user add ivan ivan@example.org));
    runs_ok('an upgrade before it', {status => 78, err => qr/no schema: run pwresetctl schema --apply/}, '',
        qw(schema --upgrade));
    runs_ok('apply', {status => 0, out => qr/^schema \d+ applied$/}, '', qw(schema --apply));
    is(value('SELECT COUNT(*) FROM pwreset_user'), 0, 'the tables are there');
    $db->dbh->do(q(INSERT INTO pwreset_user (id, login, changed_at) VALUES ('1', 'kept', 0)));
    runs_ok('apply again', {status => 0, out => qr/^schema \d+ was there$/}, '', qw(schema --apply));
    is(value('SELECT COUNT(*) FROM pwreset_user'), 1, 'and nothing was lost');
    $db->dbh->do('DELETE FROM pwreset_user');
    my $version = value(q(SELECT value FROM pwreset_meta WHERE name = 'schema'));
    $db->dbh->do(q(UPDATE pwreset_meta SET value = 99 WHERE name = 'schema'));
    runs_ok('a newer schema', {status => 78, err => qr/has schema 99.*newer/}, '', qw(schema --apply));
    runs_ok('nor upgraded', {status => 78, err => qr/has schema 99.*newer/}, '', qw(schema --upgrade));
    $db->dbh->do(q(UPDATE pwreset_meta SET value = ? WHERE name = 'schema'), undef, $version);
    runs_ok('nothing to upgrade', {status => 0, out => qr/^schema \d+ was there$/}, '', qw(schema --upgrade));
    my (undef, $printed) = $ctl->run('', 'schema');
    $printed =~ s/^(?:--|PRAGMA).*//mg;
    $printed =~ s/\bpwreset_/printed_/g;
    $db->dbh->do($_) for grep { /\S/ } split /;\n/, $printed;
    is(value('SELECT COUNT(*) FROM printed_user'), 0, 'what is printed can be applied by hand');
}

# Tables of the first version, which had none of these three.
sub test_upgrade {
    site(PwResetSendmail => [['/bin/true']]);
    $db->dbh->do($_) for q(INSERT INTO pwreset_user (id, login, changed_at) VALUES ('1', 'kept', 0)),
        (map { "DROP TABLE pwreset_$_" } qw(guess device history)), q(UPDATE pwreset_meta SET value = 1 WHERE name = 'schema');
    my %refused = (status => 78, err => qr/schema (?:version )?1\b.*pwresetctl schema --upgrade/);
    runs_ok('an older schema is not applied to', \%refused, '', qw(schema --apply));
    runs_ok('nor used', \%refused, "$good\n", qw(user add ivan ivan@example.org));
    my @hosts = map { PWR::Ctl->new->plays(dump => $ctl->read('DUMP')) } 1 .. 3;
    my @pids = map { my $host = $_; fork // die "fork: $!" or POSIX::_exit(($host->run('', qw(schema --upgrade)))[0]) }
        @hosts;
    is_deeply([map { waitpid $_, 0; $? } @pids], [0, 0, 0], 'three hosts upgrade it at once');
    like($_->read('OUT'), qr/^schema (?:[12] upgraded to \d+|\d+ was there)$/, 'and say so') for @hosts;
    runs_ok('an upgraded one', {status => 0, out => qr/^OK   schema: /m, err => qr//}, '', 'check');
    is(value('SELECT COUNT(*) FROM pwreset_user'), 1, 'and nothing was lost');
    $db->dbh->do('DELETE FROM pwreset_user');
    site();
}

# Lines of check, by what they begin with.
sub checked {
    my ($name, $status, $fails, $why) = @_;
    my ($out) = runs_ok("check: $name", {status => $status, out => qr/^(?:OK  |FAIL) configuration: /}, '', 'check');
    my @failed = $out =~ /^FAIL ([a-z ]+):/mg;
    is_deeply(\@failed, $fails, "check: $name: what fails") or diag($out);
    like($out, $why, "check: $name: it is told") if $why;
    return;
}

sub test_check {
    my $meta = sub { $db->dbh->do("UPDATE pwreset_meta SET value = $_[0] WHERE name = 'schema'") };
    my $version = value(q(SELECT value FROM pwreset_meta WHERE name = 'schema'));
    my $program = $ctl->dir . '/mailer';
    unlink $program;
    site(PwResetSendmail => [[$program]]);
    checked('no mail program', 69, ['mail program'], qr/mailer: No such file.*name yours with PwResetSendmail/);
    $ctl->write(mailer => '');
    chmod 0644, $program;
    checked('one that is no program', 69, ['mail program'], qr/Permission denied/);
    chmod 0755, $program;
    checked('all is well', 0, []);
    $meta->(99);
    checked('a newer schema', 78, ['schema'], qr/version 99 is of a newer mod_pwreset/);
    $meta->(1);
    checked('an older schema', 78, ['schema'], qr/version 1 is too old: .*run pwresetctl schema --upgrade/);
    $meta->($version);
    my $now = $db->kind eq 'mysql' ? 'UNIX_TIMESTAMP()' : q(CAST(strftime('%s', 'now') AS INTEGER));
    # As the store names it: a digest of two texts, each behind its length.
    my $name = 'proxy-' . substr sha256_hex(map { pack('Q>', length) . $_ } 'proxy', 'www.example.org/account'), 0, 32;
    for my $row ([90_000, 0, []], [3000, 78, ['proxy'], qr/50 minutes ago .*RemoteIPHeader X-Forwarded-For/]) {
        $db->dbh->do(q(DELETE FROM pwreset_meta WHERE name LIKE 'proxy-%'));
        $db->dbh->do("INSERT INTO pwreset_meta (name, value) VALUES ('$name', $now - $row->[0])");
        checked("a proxy $row->[0] s ago", @$row[1 .. 3]);
    }
    $db->dbh->do(q(DELETE FROM pwreset_meta WHERE name LIKE 'proxy-%'));
    site(PwResetSendmail => [[$program]], PwResetTablePrefix => [['none_']]);
    checked('no tables', 78, ['schema'], qr/there is none: run pwresetctl schema --apply/);
    site();
}

sub test_add {
    runs_ok('user add', {status => 0, out => qr/^added$/}, "$good\n",
        qw(user add Ivan.Petrov ivan@example.org --language ru --name), "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd");
    my $row = $db->dbh->selectrow_hashref(q(SELECT * FROM pwreset_user WHERE login = 'Ivan.Petrov'));
    is($row->{email}, 'ivan@example.org', 'his address');
    is($row->{language}, 'ru', 'his language');
    is($row->{name}, "\x{418}\x{432}\x{430}\x{43d}", 'his name');
    like($row->{password}, qr/^\$2y\$10\$/, "the site's scheme");
    is(crypt($good, $row->{password}), $row->{password}, 'crypt(3) verifies his password');
    runs_ok('a minimal one', {status => 0, out => qr/added/}, $good, qw(user add anna anna@example.org));
    $row = $db->dbh->selectrow_hashref(q(SELECT * FROM pwreset_user WHERE login = 'anna'));
    is_deeply([@{$row}{qw(language name)}], [undef, undef], 'what was not said is NULL');
}

sub test_add_refuses {
    my $long = 'x' x 191;
    my @table = (
        ['the login is taken', 65, 'already', $good, qw(anna other@example.org)],
        ['the login is taken, in other case', 65, 'already', $good, qw(ANNA other@example.org)],
        ['an empty login', 65, 'no login name', $good, '', 'x@example.org'],
        ['a blank login', 65, 'no login name', $good, ' ', 'x@example.org'],
        ['a login with a line feed', 65, 'no login name', $good, "a\nb", 'x@example.org'],
        ['a login that is not UTF-8', 65, 'no login name', $good, "p\xe4", 'x@example.org'],
        ['a login that is too long', 65, 'no login name', $good, $long, 'x@example.org'],
        ['no address', 65, 'is no mail address', $good, qw(boris boris)],
        ['an address with a name', 65, 'is no mail address', $good, 'boris', 'Boris <boris@example.org>'],
        ['an option for sendmail', 65, 'is no mail address', $good, 'boris', '--', '-oQ/tmp@example.org'],
        ['an empty address', 65, 'is no mail address', $good, 'boris', ''],
        ['a language the site does not have', 65, 'does not speak', $good, qw(boris boris@example.org --language fr)],
        ['an empty language', 65, 'does not speak', $good, qw(boris boris@example.org --language), ''],
        ['an empty name', 65, 'no name', $good, qw(boris boris@example.org --name), ''],
        ['a name with a tab', 65, 'no name', $good, qw(boris boris@example.org --name), "a\tb"],
        ['a short password', 65, 'at least 12 characters', 'Xk7%qz!', qw(boris boris@example.org)],
        ['a common one', 65, 'common one', 'password123456', qw(boris boris@example.org)],
        ['his own name', 65, 'contains your login', 'boris@example.org', qw(boris boris@example.org)],
        ['no password', 66, 'no password came', '', qw(boris boris@example.org)],
        ['an empty password', 65, 'is empty', "\n", qw(boris boris@example.org)],
        ['two lines', 65, 'more than one line', "$good\n$good\n", qw(boris boris@example.org)],
    );
    my $before = value('SELECT COUNT(*) FROM pwreset_user');
    for my $row (@table) {
        my ($name, $status, $words, $input, @arguments) = @$row;
        my (undef, $err) = runs_ok("refused: $name", {status => $status, err => qr/^pwresetctl: .*\Q$words\E/s}, $input,
            qw(user add), @arguments);
        unlike($err, qr/\Q$input\E/, "and $name is not repeated") if $input =~ /\S/;
    }
    is(value('SELECT COUNT(*) FROM pwreset_user'), $before, 'none of them is there');
    runs_ok('--any-password', {status => 0, out => qr/added/}, "Xk7%qz!\n",
        qw(user add --any-password boris boris@example.org));
    runs_ok('but not of more bytes than bcrypt takes', {status => 65, err => qr/has 73 bytes/}, 'x' x 73,
        qw(user add --any-password clara clara@example.org));
}

# Rows that a change must end, and some that it must not.
sub plant {
    my ($realm, $user) = @_;
    my $dbh = $db->dbh;
    my $digest = sprintf '%064x', int rand 2**31;
    $dbh->do('INSERT INTO pwreset_session (realm, digest, user_id, login, created, seen, expires, stamp)'
            . ' VALUES (?, ?, ?, ?, 0, 0, 4000000000, ?)', undef, $realm, $digest, $user, 'anna', '0' x 64);
    $dbh->do('INSERT INTO pwreset_token (realm, digest, purpose, user_id, login, job, stamp, created, expires)'
            . ' VALUES (?, ?, ?, ?, ?, ?, ?, 0, 4000000000)', undef, $realm, $digest, 'recover', $user, 'anna',
        '0' x 32, '0' x 64);
    return;
}

sub test_passwd {
    my $id = value(q(SELECT id FROM pwreset_user WHERE login = 'anna'));
    my $realm = 'www.example.org/account';
    plant($realm, $id);
    plant($realm, 'somebody');
    plant('another', $id);
    site(PwResetAfterChange => [[q(UPDATE pwreset_user SET name = 'after' WHERE id = :id)]]);
    runs_ok('user passwd', {status => 0, out => qr/^changed; .*within 5 s/}, "another horse battery\n",
        qw(user passwd anna));
    my $stored = value('SELECT password FROM pwreset_user WHERE id = ?', $id);
    is(crypt('another horse battery', $stored), $stored, 'the new password is there');
    is(value('SELECT name FROM pwreset_user WHERE id = ?', $id), 'after', 'PwResetAfterChange was run');
    my $sessions = $db->dbh->selectall_arrayref('SELECT realm, user_id FROM pwreset_session ORDER BY realm');
    is_deeply($sessions, [['another', $id], [$realm, 'somebody']], 'her sessions ended, nobody else\'s');
    my $live = $db->dbh->selectall_arrayref(
        'SELECT realm, user_id FROM pwreset_token WHERE spent_at = 0 ORDER BY realm');
    is_deeply($live, [['another', $id], [$realm, 'somebody']], 'so did her control strings');
    my $jobs = $db->dbh->selectall_arrayref('SELECT kind, realm, user_id, recipient FROM pwreset_job');
    is_deeply($jobs, [['notice', $realm, $id, 'anna@example.org']], 'she will hear of it');
    site();
    for my $row (['an unknown login', 67, 'no user of this login', $good, 'nobody'],
        ['an address', 67, 'no user of this login', $good, 'anna@example.org'],
        ['an empty login', 67, 'no user of this login', $good, ''],
        ['a short password', 65, 'at least 12', 'short', 'anna'],
        ['no password', 66, 'no password came', '', 'anna']) {
        my ($name, $status, $words, $input, $login) = @$row;
        runs_ok("passwd: $name", {status => $status, err => qr/\Q$words\E/}, $input, qw(user passwd), $login);
    }
    is(value('SELECT password FROM pwreset_user WHERE id = ?', $id), $stored, 'and nothing changed');
}

# Former passwords: an operator sets none of them by accident, and purge looks
# for accounts that are gone.
sub test_history {
    my @used = (status => 65, err => qr/You have had this password here before/);
    my $kept = sub { value('SELECT COUNT(*) FROM pwreset_history') };
    site(PwResetPasswordHistory => [['3']]);
    runs_ok('the current password', {@used}, "another horse battery\n", qw(user passwd anna));
    runs_ok('a new one', {status => 0, out => qr/^changed/}, "a third horse battery\n", qw(user passwd anna));
    runs_ok('the former one', {@used}, "another horse battery\n", qw(user passwd anna));
    runs_ok('with --any-password', {status => 0, out => qr/^changed/}, "another horse battery\n",
        qw(user passwd --any-password anna));
    is($kept->(), 2, 'two are known');
    $db->dbh->do('UPDATE pwreset_history SET checked = 1');
    runs_ok('purge looks for her', {status => 0, out => qr/deleted/}, '', 'purge');
    is($kept->(), 2, 'and she is there');
    $db->dbh->do(q(UPDATE pwreset_history SET checked = 1, user_id = 'gone'));
    runs_ok('purge looks for another', {status => 0, out => qr/deleted/}, '', 'purge');
    is($kept->(), 0, 'whose former passwords go with him');
    site();
    return;
}

# A table of the provider's own, with hashes that another program made.
sub test_own_table {
    my $select = 'SELECT uid AS id, nick AS login, mail AS email, pw AS password FROM members WHERE';
    my %queries = (PwResetUserQuery => [["$select mail = :email"]], PwResetLoginQuery => [["$select nick = :login"]],
        PwResetIdQuery => [["$select uid = :id"]],
        PwResetPasswordUpdate => [['UPDATE members SET pw = :hash WHERE uid = :id']],
        PwResetPasswordScheme => [['keep']]);
    my $hash = crypt 'old password', '$6$rounds=100000$saltsalt$';
    $db->dbh->do('CREATE TABLE members (uid INTEGER, nick VARCHAR(50), mail VARCHAR(50), pw VARCHAR(255))');
    $db->dbh->do('INSERT INTO members VALUES (?, ?, ?, ?)', undef, @$_, $hash)
        for [1, 'dora', 'dora@example.org'], [2, 'twin', 'a@example.org'], [3, 'twin', 'b@example.org'];
    site(%queries);
    runs_ok('user add', {status => 78, err => qr/table of its own/}, $good, qw(user add eva eva@example.org));
    runs_ok('user passwd', {status => 0, out => qr/changed/}, $good, qw(user passwd dora));
    my $stored = value('SELECT pw FROM members WHERE uid = 1');
    like($stored, qr/^\$6\$/, 'its scheme is kept');
    is(crypt($good, $stored), $stored, 'and the password is there');
    runs_ok('two of one login', {status => 65, err => qr/2 users have this login/}, $good, qw(user passwd twin));
    site(%queries, PwResetPasswordUpdate => [['UPDATE members SET pw = :hash WHERE uid = :id AND 1 = 0']]);
    runs_ok('an update that writes nothing', {status => 78, err => qr/wrote no row/}, $good, qw(user passwd dora));
    is(value('SELECT pw FROM members WHERE uid = 1'), $stored, 'and nothing changed');
}

sub test_trouble {
    site(PwResetUserQuery => [['SELECT id FROM pwreset_user WHERE email = :mail']]);
    runs_ok('an unknown parameter', {status => 78, err => qr{^pwresetctl: /etc/httpd/site.conf:12: PwResetUserQuery}},
        $good, qw(user passwd anna));
    site(PwResetLoginQuery => [['SELECT id, login, email, password FROM nowhere WHERE login = :login']]);
    runs_ok('an unknown table', {status => 78, err => qr/nowhere/}, $good, qw(user passwd anna));
    site(PwResetTablePrefix => [['x; DROP TABLE']]);
    runs_ok('a prefix that is none', {status => 78, err => qr/PwResetTablePrefix/}, '', qw(schema --apply));
    site(driver => 'oracle');
    runs_ok('a driver that is not there', {status => 69, err => qr/DBDriver oracle/}, '', qw(schema --apply));
    site(PwResetPasswordWords => [['/nowhere/words']]);
    runs_ok('a broken site', {status => 78, err => qr/PwResetPasswordWords/}, $good, qw(user passwd anna));
    site(params => $db->kind eq 'mysql' ? "host=127.0.0.1 port=1 group=pwreset reconnect=0" : '/nowhere/at/all.db');
    my (undef, $err) = runs_ok('no database', {status => 75, err => qr/no connection to the database of www.*DBDPar/},
        '', qw(schema --apply));
    is(() = $err =~ /^pwresetctl:/mg, 1, 'which is said once');
    my ($out) = runs_ok('check', {status => 75, out => qr/^FAIL database: .* do what the message above says/m,
        err => qr/no connection/}, '', 'check');
    unlike($out, qr/schema|proxy/, 'and what stands there is not asked for');
}

# root makes the file for httpd, whose folder it is
sub test_owner {
    return if $> != 0;
    my $dir = tempdir('pwresetctl-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chown 65534, 65534, $dir or die "chown: $!";
    site(params => "$dir/new.db");
    runs_ok('root applies the schema', {status => 0, out => qr/applied/}, '', qw(schema --apply));
    is((stat "$dir/new.db")[4], 65534, "the file belongs to the folder's owner");
    is((stat "$dir/new.db")[2] & 0777, 0600, 'and to nobody else');
    symlink "$dir/target", "$dir/link.db" or die "symlink: $!";
    chown 65534, 65534, "$dir/link.db";
    open my $target, '>', "$dir/target" or die "target: $!";
    site(params => "$dir/link.db");
    $ctl->run('', qw(schema --apply));
    is((stat "$dir/target")[4], 0, 'a file that is there keeps its owner');
}

# What docs/install.md tells an admin to type is enough: of the rights that it
# grants, those for setting up are needed there and nowhere else.
sub test_rights {
    open my $in, '<', "$FindBin::Bin/../../docs/install.md" or die "docs/install.md: $!";
    my $text = do { local $/; <$in> };
    my @typed = $text =~ /^    ((?:CREATE|GRANT) [^;]*);$/mg;
    is(scalar @typed, 3, 'install.md has a database, a user and his rights');
    my ($rights) = $typed[2] =~ /^GRANT SELECT, INSERT, UPDATE, DELETE, ([A-Z, ]+) ON /;
    $db->dbh->do(s/BY '.*'/BY 'secret'/r) for @typed;
    site(params => $db->params(user => 'httpd', pass => 'secret', dbname => 'site'));
    for my $right (split /, /, $rights) {
        $db->dbh->do("REVOKE $right ON site.* FROM httpd\@localhost");
        runs_ok("$right is needed", {status => 78, err => qr/denied/}, '', qw(schema --apply));
        $db->dbh->do("GRANT $right ON site.* TO httpd\@localhost");
    }
    runs_ok('they are enough', {status => 0, out => qr/applied/}, '', qw(schema --apply));
    $db->dbh->do("REVOKE $rights ON site.* FROM httpd\@localhost");
    runs_ok('later without: user add', {status => 0, out => qr/added/}, $good, qw(user add ivan ivan@example.org));
    runs_ok('later without: user passwd', {status => 0, out => qr/changed/}, "$good again", qw(user passwd ivan));
    return;
}

-x PWR::Ctl->program or BAIL_OUT(PWR::Ctl->program . ' was not built');
for my $kind (qw(sqlite mysql)) {
    subtest $kind => sub {
        $db = PWR::Database->new($kind);
        local %ENV = (%ENV, $db->env);
        site();
        test_schema();
        test_upgrade();
        test_check();
        test_add();
        test_add_refuses();
        test_passwd();
        test_history();
        test_own_table();
        test_trouble();
        test_owner() if $kind eq 'sqlite';
        test_rights() if $kind eq 'mysql';
        undef $db;
    };
}
done_testing();
