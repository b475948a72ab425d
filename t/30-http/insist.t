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
$walk->settle;
is(scalar(grep { !$_->token } $walk->mails_left), 2, 'both are told');
$walk->httpd->done;
done_testing();
