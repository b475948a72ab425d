#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# MariaDB is restarted under 64 connections of load: "try again" while it is
# away, all well within two seconds of its return, and static pages never notice.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Load;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep);

use constant {CONNECTIONS => 64, LOAD_MS => 2500, AWAY_SEC => 1, BACK_SEC => 2};

my $unknown = '0' x 28;
# As many connections as threads: nobody waits for one.
my $walk = PWR::Walk->new('mysql', children => 4, threads => 16, global => "DBDKeep 16\nDBDMax 16");
$walk->httpd->expect_log('PWR0021')->allow_log(qw(AH00629 AH00639 AH02655 PWR0201 AH00161 AH00286 AH00484 AH10159));
my $load = PWR::Load->new($walk->httpd);
my ($ours, $static) = map { $load->script(["GET $_", {Connection => 'close'}]) } "/account/reset?token=$unknown", '/';

# Statuses of our page and of another while something happens.
sub flood {
    my $event = shift;
    my ($on_ours, $on_static) = ($load->flood(CONNECTIONS, LOAD_MS, $ours), $load->flood(4, LOAD_MS, $static));
    $event->();
    return ($on_ours->(), $on_static->());
}

sub only {
    my ($count, $statuses, $name) = @_;
    is_deeply([grep { !/^(?:$statuses)$/ } keys %$count], [], $name) or diag explain $count;
    return;
}

for my $event (qw(stop kill)) {
    my ($count, $others) = flood(sub { });
    only($count, '410', "before a $event: all is well");
    ($count, $others) = flood(sub { sleep AWAY_SEC / 2; $walk->db->$event });
    note(join " ", %$count, "/", %$others);
    only($count, '410|503', "$event: told to come again, and nothing else");
    cmp_ok($count->{503} // 0, '>', 0, "$event: it was noticed");
    only($others, '200', "$event: static pages are served");
    my $r = $walk->client->get("/account/reset?token=$unknown");
    like($r->status . ' ' . ($r->header('Retry-After') // 'never'), qr/^503 [1-9]\d*$/, "$event: and told when");
    $walk->db->start;
    my $on_static = $load->flood(4, 1000 * BACK_SEC + LOAD_MS, $static);
    only($load->flood(CONNECTIONS, 1000 * BACK_SEC, $ours)->(), '410|503', "$event: meanwhile the load goes on");
    ($count) = flood(sub { });
    only($count, '410', "$event: from @{[BACK_SEC]} s after its return on none fails");
    cmp_ok($count->{410} // 0, '>', CONNECTIONS, "$event: on all connections");
    only($on_static->(), '200', "$event: nor did static pages fail meanwhile");
}
$walk->settle;
$walk->httpd->done;
done_testing();
