#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A user table that undoes nothing (MyISAM): no password is changed until the
# admin insists, and then it is written when all else is.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;

my @new = (password => NEW, confirm => NEW);

sub reset_with {
    my ($walk, $string, @other) = @_;
    return $walk->client->post('/account/reset', [token => $string, @other ? @other : @new])->status;
}

my $walk = PWR::Walk->new('mysql');
$walk->httpd->expect_log(qw(PWR0229 PWR0204));
$walk->sql('ALTER TABLE pwreset_user ENGINE=MyISAM');
$walk->add($_) for qw(ivan olga);

my %string = $walk->strings('ivan');
my $mark = $walk->httpd->log_mark;
is(reset_with($walk, $string{ivan}), 503, 'refused');
ok($walk->httpd->wait_log(qr/PWR0229.*MyISAM.*ALTER TABLE .*PwResetInsist no-transactions/, $mark), 'in words');
ok($walk->works('ivan', OLD), 'nothing was written');

$walk->reconf('PwResetInsist something-else');
is(reset_with($walk, $string{ivan}), 503, 'another word does not count');

$walk->reconf('PwResetInsist no-transactions');
$walk->sql('RENAME TABLE pwreset_job TO gone');
is(reset_with($walk, $string{ivan}), 503, 'where a row of ours cannot be written');
ok($walk->works('ivan', OLD), 'the password was not written before it');
$walk->sql('RENAME TABLE gone TO pwreset_job');
is(reset_with($walk, $string{ivan}), 303, 'insisted: it is changed');
ok($walk->works('ivan', NEW), 'and works');
is(reset_with($walk, $string{ivan}, password => OLD, confirm => OLD), 410, 'its string is spent');
my $browser = $walk->signed_in('olga');
is($browser->post('/account/change', [current => OLD, @new])->status, 303, 'a change, likewise');
is($walk->who($browser), 'olga', 'and its session lives');

# The first try to write the new session is one side of a deadlock, when the
# password is there already.
$walk->sql($_) for 'CREATE TABLE tries (n INT) ENGINE=MyISAM', 'INSERT INTO tries VALUES (0)',
    'CREATE TRIGGER once BEFORE INSERT ON pwreset_session FOR EACH ROW BEGIN UPDATE tries SET n = n + 1;'
    . q( IF (SELECT n FROM tries) = 1 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF; END);
my @back = (current => NEW, password => OLD, confirm => OLD);
is($browser->post('/account/change', \@back)->status, 303, 'a step that is repeated');
is($walk->value('SELECT n FROM tries'), 2, 'was');
ok($walk->works('olga', OLD), 'finds its own password and goes on');
is($walk->who($browser), 'olga', 'to the new session');
$walk->settle;
is(scalar(grep { !$_->token } $walk->mails_left), 3, 'all are told');
$walk->httpd->done;
done_testing();
