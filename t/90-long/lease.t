#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A job of several mails whose programs take their time: it keeps its lease, and
# nobody does it a second time beside it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {SLOW_SEC => 16, POLL_SEC => 0.1};

my $columns = 'SELECT id, login, email, password, language, recovery_email, changed_at FROM {prefix}user';
my $walk = PWR::Walk->new('sqlite', start => 0, conf => join "\n", "PwResetMailTimeout @{[SLOW_SEC + 4]}",
    "PwResetUserQuery \"$columns WHERE email = :email\"", "PwResetIdQuery \"$columns WHERE id = :id\"");
$walk->sql('ALTER TABLE pwreset_user ADD COLUMN recovery_email VARCHAR(320)');
$walk->add($_, email => 'shared@example.org', recovery_email => "$_\@elsewhere.org") for qw(ivan olga);
$walk->httpd->start->mailbox->mode('slow ' . SLOW_SEC);

sub lease { return $walk->value('SELECT lease_until FROM pwreset_job') // -1 }

# Wait until `$is` says so.
sub await {
    my ($is, $name) = @_;
    my $until = time + 2 * SLOW_SEC;
    sleep POLL_SEC while !$is->() && time < $until;
    return ok($is->(), $name);
}

$walk->client->post('/account/forgot', [email => 'shared@example.org']);
await(sub { lease() > 0 }, 'the job is held');
$walk->sql('UPDATE pwreset_job SET lease_until = 0');
await(sub { lease() > 0 }, 'and held on to before the second mail');
is($walk->value('SELECT tries FROM pwreset_job'), 1, 'by whom it had, though its lease had ended');
await(sub { lease() < 0 }, 'then it is done');
is_deeply([sort map { $_->to } $walk->mail_to('ivan@elsewhere.org'), $walk->mail_to('olga@elsewhere.org')],
    ['ivan@elsewhere.org', 'olga@elsewhere.org'], 'each mailbox has its mail');
is(scalar(() = glob $walk->httpd->maildir . '/*.eml'), 2, 'and no second one');
$walk->httpd->done;
done_testing();
