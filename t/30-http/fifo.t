#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A named pipe for the audit, which somebody has open and does not read: no
# request waits for him.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Fcntl;
use POSIX ();
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant {LINES => 400, SOON_SEC => 1, TIMEOUT_SEC => 5};

my $walk = PWR::Walk->new('sqlite', start => 0, conf => 'PwResetAudit logs/pipe');
my $fifo = $walk->httpd->root . '/logs/pipe';
POSIX::mkfifo($fifo, 0666) or die "mkfifo: $!\n";
sysopen my $reader, $fifo, O_RDWR or die "$fifo: $!\n";
$walk->httpd->start;
my $longest = 0;
for (1 .. LINES) {
    my $began = time;
    my $client = $walk->httpd->client(timeout => TIMEOUT_SEC);
    eval { $client->post('/account/reset', [token => 'x'], headers => [['User-Agent', 'x' x 180]]) };
    my $took = time - $began;
    $longest = $took if $took > $longest;
    last if $took > SOON_SEC;
}
cmp_ok($longest, '<', SOON_SEC, sprintf 'nobody waits longer than %.2f s', $longest);
$walk->httpd->allow_log('PWR0472', 'PWR0473');
$walk->httpd->done;
done_testing();
