#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl why: "I got no mail" is answered by one command.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256_hex);
use PWR::Desk;
use Test::More;

my $desk;
my $ivan = 'ivan@example.org';
my $columns = 'SELECT id, login, email, password, recovery_email, changed_at FROM pwreset_user WHERE';
my @queries = map { ("PwReset$_->[0]Query" => [["$columns $_->[1] = :$_->[1]"]]) } [User => 'email'], [Login => 'login'],
    [Id => 'id'];

sub runs_ok { return $desk->runs_ok(@_) }

# Its answer about ivan, or somebody else: what each line begins with.
sub why {
    my ($name, $status, $marks, $whom, @lines) = @_;
    my ($out) = runs_ok("$name: status", {status => $status, out => qr/\A\S+, realm \S+\n/}, '', 'why', '--', $whom // $ivan);
    my @marks = $out =~ /^((?:OK|NOTE|WAIT|FAIL)  +[a-z]+)/mg;
    s/  +/ / for @marks;
    is_deeply(\@marks, $marks, "$name: what is told") or diag($out);
    like($out, $_, "$name: $_") for @lines;
    my @missing = $out =~ /^((?:NOTE|WAIT|FAIL) .*)\n(?!      -> \w)/mg;
    is_deeply(\@missing, [], "$name: and what to do");
    return $out;
}

sub test_nobody {
    $desk->clear;
    why('nobody', 67, ['FAIL account'], $_, qr/none is called \S+ here.*\n +-> .*PwResetUserQuery/)
        for 'nobody@example.org', "o'brien\@example.org", "\xd0\xb8\@\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0.\xd1\x80\xd1\x84";
    why('refused', 65, ['FAIL request'], $_, qr/takes mail addresses, and refuses this\n +-> .*PwResetIdentify forgot both/)
        for 'ivan', '', "a\nb\@example.org", '-f@example.org', "iv\xe4n\@example.org";
    $desk->site(PwResetIdentify => [[qw(forgot login)]]);
    why('no login name', 65, ['FAIL request'], '', qr/takes login names, and refuses/);
    $desk->site;
    runs_ok('no argument', {status => 64, err => qr/wrong number/}, '', 'why');
}

sub test_account {
    $desk->clear;
    $desk->user('ivan');
    my @calm = ('OK account', 'OK address', 'OK limit');
    why('nothing happened', 0, [@calm, 'NOTE request'], undef, qr/login ivan, id \w{32}$/m, qr/goes to ivan\@example\.org$/m,
        qr{0 of 3 control strings, and 0 mails of forgot-account 3/3600s}, qr/none of the last seven days/);
    why('in other letters', 0, [@calm, 'NOTE request'], ' IVAN@Example.ORG ');
    $desk->site(PwResetIdentify => [[qw(forgot both)]]);
    why('by login', 0, [@calm, 'NOTE request'], 'ivan');
    for my $row (['!$2y$10$x', qr/locked: its hash begins with ! or \*/], ['*', qr/locked/], ['', qr/none is stored/],
        [undef, qr/none is stored/], ['plain words', qr/no hash that can be verified/]) {
        $desk->do('UPDATE pwreset_user SET password = ?', $row->[0]);
        my $out = why('a locked account', 0, ['OK account', 'NOTE password', 'OK address', 'OK limit', 'NOTE request'],
            undef, $row->[1]);
        unlike($out, qr/plain words|2y/, 'what is stored is not shown');
    }
    $desk->site;
}

sub test_address {
    $desk->clear;
    $desk->user('ivan', email => '-x');
    $desk->site(PwResetIdentify => [[qw(forgot both)]]);
    why('no address', 65, ['OK account', 'FAIL address', 'NOTE request'], 'ivan', qr/-x is none that mail can go to/);
    $desk->user($ivan, email => $ivan);
    why('the login is the mailbox', 0, ['OK account', 'NOTE address', 'OK limit', 'NOTE request'], undef,
        qr/also the login name\n +-> where this login opens that mailbox/);
    $desk->do('ALTER TABLE pwreset_user ADD COLUMN recovery_email VARCHAR(320)') if !$desk->{recovery}++;
    $desk->site(@queries);
    $desk->do('UPDATE pwreset_user SET recovery_email = ? WHERE login = ?', 'Ivan@EXAMPLE.org', $ivan);
    my $locked = qr/the very mailbox that is locked\n +-> give it another recovery_email/;
    why('the locked mailbox', 65, ['OK account', 'FAIL address', 'NOTE request'], undef, $locked);
    $desk->do('UPDATE pwreset_user SET recovery_email = NULL');
    why('no other mailbox', 65, ['OK account', 'FAIL address', 'NOTE request'], undef, $locked);
    $desk->do('UPDATE pwreset_user SET recovery_email = ?', 'olga@example.net');
    why('another mailbox', 0, ['OK account', 'OK address', 'OK limit', 'NOTE request'], undef,
        qr/goes to olga\@example\.net$/m);
    $desk->site;
}

# Strings as pwresetctl makes them, under the row's own stamp.
sub mint {
    my ($n) = @_;
    $desk->ctl->run('', qw(link ivan)) for 1 .. $n;
    return;
}

sub test_limits {
    $desk->clear;
    my $id = $desk->user('ivan');
    mint(2);
    why('two strings', 0, ['OK account', 'OK address', 'OK limit', 'OK last'], undef, qr/2 of 3 control strings, and 2 mails/,
        qr/works until \d{4}-\d\d-\d\d .*, in \d+ min\n/);
    mint(1);
    $desk->do('UPDATE pwreset_token SET created = created - 3700');
    why('three strings', 75, ['OK account', 'OK address', 'WAIT limit', 'OK last'], undef,
        qr/3 requests have control strings that work, and no mail is sent until .*, in (?:59|60) min\n +-> .*revoke LOGIN/);
    $desk->do('UPDATE pwreset_token SET expires = expires - 3000 WHERE job = (SELECT job FROM (SELECT MIN(job) AS job FROM'
            . ' pwreset_token) AS t)');
    why('one ends sooner', 75, ['OK account', 'OK address', 'WAIT limit', 'OK last'], undef, qr/until .*, in (?:9|10) min\n/);
    $desk->do('UPDATE pwreset_user SET password = ?', 'changed');
    why('of another password', 0, ['OK account', 'NOTE password', 'OK address', 'OK limit', 'OK last'], undef,
        qr/0 of 3 control strings, and 0 mails/);
    $desk->do('DELETE FROM pwreset_token');
    $desk->token(user_id => $id, created => -$_, spent_at => 1, why => 'used') for 3000, 2000, 1000, 5000;
    why('over the rate', 75, ['OK account', 'NOTE password', 'OK address', 'WAIT limit', 'OK last'], undef,
        qr{forgot-account is 3/3600s .* there were 3, and no mail is sent until .*, in (?:9|10) min\n +-> .*link LOGIN});
    $desk->do('UPDATE pwreset_token SET job = ?', 'b' x 32);
    why('four strings of one job', 0, ['OK account', 'NOTE password', 'OK address', 'OK limit', 'OK last'], undef,
        qr/, and 1 mails of forgot-account/);
    $desk->do('UPDATE pwreset_token SET job = SUBSTR(digest, 33)');
    $desk->site(PwResetLimit => [['None']]);
    why('without limits', 0, ['OK account', 'NOTE password', 'OK address', 'OK limit', 'OK last']);
    $desk->site(PwResetLimit => [['forgot-account', '2/40min']]);
    why('another rate', 75, ['OK account', 'NOTE password', 'OK address', 'WAIT limit', 'OK last'], undef,
        qr/until .*, in (?:6|7) min\n/);
    $desk->site(PwResetLimit => [['forgot-account', '2/1h']]);
    why('more than the rate allows', 75, ['OK account', 'NOTE password', 'OK address', 'WAIT limit', 'OK last'], undef,
        qr/there were 3, and no mail is sent until .*, in (?:25|26) min\n/);
    $desk->site;
}

# What went to the mailbox for other accounts counts, too.
sub test_mailbox {
    $desk->clear;
    $desk->user('ivan');
    # As the store names it: a digest of texts, each behind its length.
    my $mailbox = sha256_hex(map { pack('Q>', length) . $_ } 'mailbox', REALM, $ivan);
    $desk->token(user_id => $mailbox, purpose => 'mailbox', created => -$_) for 3000, 2000, 1000;
    why('a mailbox of several accounts', 75, ['OK account', 'OK address', 'WAIT limit', 'NOTE request'], undef,
        qr/there were 3, and no mail is sent until .*, in (?:9|10) min\n/);
    return;
}

sub test_last {
    my @lines = ('OK account', 'OK address', 'OK limit', 'OK last');
    $desk->clear;
    my $id = $desk->user('ivan');
    for my $row ([used => qr/made .*, 10 min ago; it was used 5 min ago$/m], [notme => qr/was cancelled by "this was not me"/],
        [revoked => qr/was revoked by an operator/], [changed => qr/ended as the password was changed/]) {
        $desk->do('DELETE FROM pwreset_token');
        $desk->token(user_id => $id, created => -600, spent_at => time - 300, why => $row->[0], job => 'a' x 32);
        why("the last string: $row->[0]", 0, \@lines, undef, $row->[1], qr/look for a{32}\@example\.org in/);
    }
    $desk->do('DELETE FROM pwreset_token');
    $desk->token(user_id => $id, created => -7200);
    why('the last string is over', 0, \@lines, undef, qr/; it is over$/m);
}

# A domain beyond ASCII, in the table and in the queue, in either form.
sub test_forms {
    my ($letters, $ascii) = ("ivan\@\x{43f}\x{43e}\x{447}\x{442}\x{430}.\x{440}\x{444}", 'ivan@xn--80a1acny.xn--p1ai');
    for my $stored ($letters, $ascii) {
        for my $typed ($letters, $ascii) {
            $desk->clear;
            $desk->user('ivan', email => $stored);
            $desk->job(identifier => $typed, due => 1);
            my ($asked) = map { my $bytes = $_; utf8::encode($bytes); $bytes } $letters;
            why('a domain in either form', 75, ['OK account', 'OK address', 'OK limit', 'WAIT job'], $_) for $ascii, $asked;
        }
    }
    return;
}

sub test_jobs {
    my @calm = ('OK account', 'OK address', 'OK limit');
    my $program = '/usr/sbin/sendmail: exit 75 (EX_TEMPFAIL): 451 greylisted';
    my @table = (
        ['waits', 75, 'WAIT', {due => 1}, qr/tried 0 times: waits, due .*\n +-> httpd looks for jobs/],
        ['a worker has it', 75, 'WAIT', {owner => 'node7', lease_until => 80, tries => 1},
            qr/tried 1 times: node7 is at it, until .* at most\n +-> .*PwResetMailTimeout/],
        ['failed', 75, 'WAIT', {due => 200, tries => 4, error => $program},
            qr/tried 4 times: next in 3 min: \Q$program\E\n +-> it asks for another try/],
        ['given up', 69, 'FAIL', {due => NEVER, gave_up => -7300, tries => 9, error => '/m: exit 77 (EX_NOPERM): no'},
            qr/given up 2 h ago: .*EX_NOPERM\): no\n +-> it may not send .*; then pwresetctl queue retry \w{32}/],
        ['nobody took it', 69, 'FAIL', {created => -900, due => -900},
            qr/due 15 min ago, and nobody has taken it\n +-> does httpd/],
        ['its lease ran out', 69, 'FAIL', {due => -900, owner => 'dead', lease_until => -600, tries => 1},
            qr/nobody has taken it/],
    );
    for my $row (@table) {
        my ($name, $status, $mark, $job, @lines) = @$row;
        $desk->clear;
        $desk->user('ivan');
        $desk->job(%$job);
        why($name, $status, [@calm, "$mark job"], undef, @lines, qr/, a control string, asked for .* ago, tried/);
    }
    $desk->clear;
    my $id = $desk->user('ivan');
    $desk->job(kind => 'notice', identifier => undef, user_id => $id, recipient => $ivan, due => 1);
    $desk->job(identifier => 'ivan', identify_by => 2, due => 1);
    $desk->job(identifier => 'olga@example.org', due => 1);
    $desk->job(realm => 'elsewhere', due => 1);
    why('all that is about him, and nothing else', 75, [@calm, ('WAIT job') x 2], undef, qr/a notice of a change/);
    my $job = $desk->job(due => 1);
    $desk->token(user_id => $id, job => $job);
    why('a string whose mail has not left', 75, [@calm, ('WAIT job') x 3]);
    test_forms();
    $desk->clear;
    $desk->job(due => 1);
    why('a job for nobody', 67, ['FAIL account', 'WAIT job']);
}

# What users and strangers wrote reaches the operator's terminal.
sub test_hostile {
    $desk->clear;
    my $hostile = "i\x{1b}]0;owned\x{7}\x{202e}\n\nFAIL  account";
    $desk->user($hostile, email => $ivan);
    $desk->job(due => 60, error => $hostile);
    my $out = why('hostile texts', 75, ['OK account', 'OK address', 'OK limit', 'WAIT job']);
    unlike($out, qr/[\x00-\x09\x0b-\x1f]|\xe2\x80\xae/, 'do nothing to the terminal');
}

sub test_several {
    $desk->clear;
    $desk->user('ivan');
    $desk->user('ivan2', email => $ivan);
    my @calm = ('OK account', 'OK address', 'OK limit');
    why('two accounts of one address', 0, [@calm, @calm, 'NOTE request']);
    my @sites = ($desk->vhost, $desk->vhost(port => 80), map {
        $desk->vhost(server => "$_->[0].example", realm => $_->[0],
            PwResetUserQuery => [["$columns email = :email AND login = '$_->[1]'"]])
    } [b => 'ivan2'], [c => 'nobody']);
    $desk->job(realm => 'b', due => NEVER, gave_up => -5);
    $desk->ctl->vhosts(@sites);
    my ($out) = runs_ok('several sites: the trouble counts', {status => 69, out => qr/^b\.example:443, realm b\n/m}, '', 'why',
        $ivan);
    is(() = $out =~ /^\S+, realm \S+$/mg, 3, 'each realm once');
    like($out, qr/^c\.example:443, realm c\nFAIL  account: none/m, 'one does not know him');
    runs_ok('-s of one without trouble', {status => 0, out => qr/^OK/m}, '', qw(-s www.example.org:443 why), $ivan);
    runs_ok('-s of one that knows nobody', {status => 67, out => qr/none is called/}, '', qw(-s c.example why), $ivan);
    $desk->do('DELETE FROM pwreset_job');
    runs_ok('known at one of them', {status => 0, out => qr/none is called/}, '', 'why', $ivan);
    $desk->ctl->vhosts($desk->vhost(driver => undef, params => undef, server => 'a.example', realm => 'a'), @sites);
    runs_ok('a broken one does not hide the others', {status => 78, out => qr/^OK  +account/m,
        err => qr/a\.example.* no database/}, '', 'why', $ivan);
    $desk->site;
}

sub test_away {
    $desk->do('ALTER TABLE pwreset_token RENAME TO pwreset_gone');
    runs_ok('no table', {status => 78, out => qr/realm/, err => qr/schema --apply/}, '', 'why', $ivan);
    $desk->do('ALTER TABLE pwreset_gone RENAME TO pwreset_token');
    $desk->site(params => $desk->db->kind eq 'mysql' ? 'host=127.0.0.1 port=1 group=pwreset reconnect=0' : '/nowhere/x.db');
    runs_ok('no database', {status => 75, out => qr/realm/, err => qr/no connection/}, '', 'why', $ivan);
    $desk->site(PwResetPasswordWords => [['/nowhere/words']]);
    runs_ok('a broken site', {status => 78, out => qr/realm/, err => qr/PwResetPasswordWords/}, '', 'why', $ivan);
    $desk->site;
}

on_databases(sub {
    $desk = shift;
    test_nobody();
    test_account();
    test_address();
    test_limits();
    test_mailbox();
    test_last();
    test_jobs();
    test_hostile();
    test_several();
    test_away();
});
