#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Accounts that open a mailbox: the mail goes to the recovery address and never
# to the mailbox that is locked; where there is none the admin is told and the
# visitor is not.  Several accounts at one address get one mail.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Ctl;
use PWR::Walk;
use Test::More;

my $columns = 'SELECT id, login, email, password, recovery_email, changed_at FROM {prefix}user';
my $conf = join "\n", qq(PwResetUserQuery "$columns WHERE email = :email OR recovery_email = :email"),
    qq(PwResetLoginQuery "$columns WHERE login = :login"), qq(PwResetIdQuery "$columns WHERE id = :id"),
    qq(PwResetListQuery "$columns WHERE id > :after ORDER BY id LIMIT :max");

sub ctl {
    my ($walk, $name, $want, @arguments) = @_;
    local %ENV = $walk->httpd->ctl_env;
    return PWR::Ctl->new->runs_ok($name, $want, '', '-c', $walk->httpd->conf_file, @arguments);
}

# A mailbox, and where its owner can be reached.
sub mailbox {
    my ($walk, $name, $recovery) = @_;
    return $walk->add("$name\@mail.test", email => "$name\@mail.test", recovery_email => $recovery);
}

# What the page says, without what differs from one answer to the next.
sub page {
    my ($walk, $typed) = @_;
    my $r = $walk->client->post('/account/forgot', [email => $typed]);
    is($r->status, 200, "$typed: the usual status");
    return $r->text =~ s/\Q$typed\E/TYPED/gr;
}

# One mail to this address; returns the logins in it.
sub mail_has {
    my ($walk, $to) = @_;
    my $mail = $walk->mail_to($to) // do { fail("a mail to $to"); return };
    my @links = $mail->text =~ m{^https?://[^/]*(/account/reset\?token=\S+)$}gm;
    my %once = map { ($_ => 1) } $mail->text =~ /^Login: (\S+)$/mg;
    my @logins = sort keys %once;
    is(scalar @links, scalar @logins, 'a link for each login');
    is_deeply([sort map { $walk->client->get($_)->form->{fields}{login} } @links], \@logins, 'that leads to it');
    return \@logins;
}

# --- where mails go -----------------------------------------------------------------

sub recovered {
    my $walk = shift;
    mailbox($walk, 'ivan', 'ivan@home.test');
    page($walk, 'ivan@mail.test');
    is_deeply(mail_has($walk, 'ivan@home.test'), ['ivan@mail.test'], 'it goes to the recovery address');
    $walk->settle;
    is(scalar($walk->mails_left), 0, 'and nowhere else');
    return;
}

sub locked_out {
    my $walk = shift;
    my %recovery = (none => undef, empty => '', same => 'same@mail.test', case => 'CASE@Mail.Test');
    mailbox($walk, $_, $recovery{$_}) for sort keys %recovery;
    my $usual = page($walk, 'nobody@mail.test');
    my $mark = $walk->httpd->log_mark;
    is(page($walk, "$_\@mail.test"), $usual, "$_: the usual page") for sort keys %recovery;
    $walk->settle;
    is(scalar($walk->mails_left), 0, 'no mail to a mailbox that is locked');
    is(scalar(grep { /PWR0415.*pwresetctl link/ } $walk->httpd->log_since($mark)), 4, 'the admin is told');
    ctl($walk, "why $_", {status => 65, out => qr/^FAIL  address: .*the very mailbox that is locked/m}, 'why', "$_\@mail.test")
        for sort keys %recovery;
    my ($list) = ctl($walk, 'user list --without-recovery', {status => 0, out => qr/./}, qw(user list --without-recovery));
    is_deeply([sort split /\n/, $list], ["case\@mail.test\tcase\@mail.test\tCASE\@Mail.Test\trecovery address is the mailbox",
        (map { "$_\@mail.test\t$_\@mail.test\t-\tno recovery address" } qw(empty none)),
        "same\@mail.test\tsame\@mail.test\tsame\@mail.test\trecovery address is the mailbox"], 'they are listed');
    ctl($walk, 'check', {status => 0, out => qr/^OK   recovery: 4 of 5 users have no address .*--without-recovery$/m}, 'check');
    return;
}

# Other sites' logins may be addresses, too: only a query with recovery_email
# makes mailboxes of them.
sub no_mailbox {
    my $walk = shift;
    $walk->add('web', email => 'web@example.org', recovery_email => '');
    page($walk, 'web@example.org');
    is_deeply(mail_has($walk, 'web@example.org'), ['web'], 'a login that is no address: to its e-mail');
    $walk->reconf('');
    $walk->add('shop@example.org', email => 'shop@example.org');
    page($walk, 'shop@example.org');
    is_deeply(mail_has($walk, 'shop@example.org'), ['shop@example.org'], 'no recovery_email in the query: to its e-mail');
    ctl($walk, 'user list', {status => 0, out => qr/^shop\@example\.org\tshop\@example\.org\t-$/m}, qw(user list));
    $walk->reconf($conf);
    return;
}

# More than are read at a time; and a query that does not go on.
sub many {
    my $walk = shift;
    my $n = 120;
    mailbox($walk, sprintf('many%03d', $_), "owner$_\@home.test") for 1 .. $n;
    my ($list) = ctl($walk, 'user list', {status => 0, out => qr/./}, qw(user list));
    is(scalar(() = $list =~ /^many\d+\@mail\.test\t.*\towner\d+\@home\.test$/mg), $n, 'all of them, once');
    ctl($walk, 'without', {status => 0}, qw(user list --without-recovery));
    $walk->reconf($conf =~ s/id > :after ORDER/(id > :after OR 1 = 1) ORDER/r);
    ctl($walk, 'the same again', {status => 78, out => qr/./, err => qr/PwResetListQuery gives the same rows again/},
        qw(user list));
    $walk->reconf($conf);
    $walk->sql(q(DELETE FROM pwreset_user WHERE login LIKE 'many%'));
    return;
}

# --- several accounts -----------------------------------------------------------------

sub several {
    my $walk = shift;
    mailbox($walk, "box$_", 'olga@home.test') for 1 .. 3;
    page($walk, 'olga@home.test');
    is_deeply(mail_has($walk, 'olga@home.test'), [map { "box$_\@mail.test" } 1 .. 3],
        'who has forgotten the login types the recovery address: one mail, all logins');
    $walk->settle;
    is(scalar($walk->mails_left), 0, 'one mail');
    my $r = $walk->client->post('/account/login', [login => 'olga@home.test', password => OLD]);
    is($r->status, 422, 'the recovery address of an account is not its login');
    $walk->add($_, email => 'team@example.org') for qw(anna boris);
    page($walk, 'team@example.org');
    is_deeply(mail_has($walk, 'team@example.org'), [qw(anna boris)], 'two accounts of one address: one mail, both logins');
    $walk->settle;
    is(scalar($walk->mails_left), 0, 'one mail');
    return;
}

# Somebody who names another's address as his recovery address gains nothing, and
# takes nothing from him.
sub named {
    my $walk = shift;
    mailbox($walk, "evil$_", 'victim@example.org') for 1 .. 12;
    $walk->add('victim', email => 'victim@example.org');
    page($walk, 'victim@example.org');
    my $logins = mail_has($walk, 'victim@example.org');
    ok((grep { $_ eq 'victim' } @$logins), 'he gets his own string, however many there are');
    cmp_ok(scalar @$logins, '<=', 10, 'and no more than ten of theirs');
    my $r = $walk->client->post('/account/login', [login => 'victim@example.org', password => OLD]);
    is($r->status, 303, 'and signs in by his address');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->sql('ALTER TABLE pwreset_user ADD COLUMN recovery_email VARCHAR(320)');
    subtest many => sub { many($walk) };
    subtest recovered => sub { recovered($walk) };
    subtest 'locked out' => sub { locked_out($walk) };
    subtest 'no mailbox' => sub { no_mailbox($walk) };
    subtest several => sub { several($walk) };
    subtest named => sub { named($walk) };
}, conf => $conf);
done_testing();
