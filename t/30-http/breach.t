#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PwResetBreachList: read when httpd starts and never trusted, replaced by a
# graceful restart, and no process ends because somebody cut it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Breach qw(breach_list);
use PWR::Walk;
use Test::More;

my $walk = PWR::Walk->new('sqlite', start => 0);
my $httpd = $walk->httpd;
my $list = $httpd->root . '/leaked';
$httpd->reconf(conf => qq(PwResetBreachList "\${ROOT}/leaked"));

# Is this password refused for that?  Nothing is ever changed.
sub leaked {
    my ($token, $password) = @_;
    my $r = $walk->client->post('/account/reset', [token => $token, password => $password, confirm => '']);
    return $r->alert =~ /that have leaked/ ? 1 : $r->status == 422 ? 0 : $r->status;
}

sub test_start {
    my $size = 32 + 2 * 8;
    my @table = (
        ['none', sub { unlink $list }, 'No such file'],
        ['a folder', sub { unlink $list; mkdir $list }, 'not a regular file'],
        ['text', sub { rmdir $list; $httpd->write(leaked => "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:1\n") },
            'no breach list'],
        ['cut', sub { breach_list($list, OLD, NEW); truncate $list, $size - 1 }, 'not as long as its header'],
        ["everybody's", sub { breach_list($list, OLD, NEW); chmod 0666, $list }, 'others may write'],
    );
    for my $row (@table) {
        my ($name, $make, $words) = @$row;
        $make->();
        my ($status, $said) = $httpd->configtest;
        isnt($status, 0, "httpd -t refuses a list: $name");
        like($said, qr/PWR0011.*PwResetBreachList: \Q$list\E: .*\Q$words\E/, "$name: why");
    }
    chmod 0644, $list;
    is(($httpd->configtest)[0], 0, 'a good list');
}

sub test_replaced {
    my $token = shift;
    is(leaked($token, NEW), 1, 'a listed password is refused');
    is(leaked($token, 'Velvet Anchor 97 quill'), 0, 'another one is not');
    breach_list($list, 'purple Ladder 31 ozone');
    is(leaked($token, NEW), 1, 'a new list under the same name is not read at once');
    $httpd->graceful;
    is(leaked($token, NEW), 0, 'but after a graceful restart');
    is(leaked($token, 'purple Ladder 31 ozone'), 1, 'all of it');
}

sub test_cut {
    my $token = shift;
    my @before = $httpd->children;
    truncate $list, 0 or die "$list: $!";
    $httpd->expect_log('PWR0460');
    is(leaked($token, 'purple Ladder 31 ozone'), 0, 'nothing is looked up in a list that was cut');
    is(scalar(grep { /pwreset:error.*PWR0460.*\Q$list\E was cut/ } $httpd->error_log), 1, 'the admin is told');
    is_deeply([$httpd->children], \@before, 'and no process ended');
    like($walk->client->get('/account/reset?token=' . $token)->text, qr/data-rule="common"/, 'other rules stand');
}

subtest start => \&test_start;
$httpd->start;
$walk->add('ivan');
my (undef, $token) = $walk->strings('ivan');
subtest replaced => sub { test_replaced($token) };
subtest cut => sub { test_cut($token) };
$httpd->done;
done_testing();
