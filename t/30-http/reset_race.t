#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The same control string posted at the same moment: one password is written,
# one notice is sent, and a double click is told that it worked.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use PWR::Walk;
use Test::More;

use constant {ROUNDS => 20, MANY => 8, CLICK_TRIES => 3};

my @pairs = map { "pair$_" } 1 .. ROUNDS;
my @rivals = map { "rival$_" } 1 .. ROUNDS;

sub form {
    my ($string, $password) = @_;
    return ['/account/reset', [token => $string, password => $password, confirm => $password]];
}

sub count_notices {
    my $walk = shift;
    $walk->settle;
    my %count;
    $count{$_->to}++ for grep { $_->header('Subject') =~ /has been changed/ } $walk->httpd->mailbox->unseen;
    return \%count;
}

sub double_clicks {
    my ($walk, $string) = @_;
    for my $login (@pairs) {
        my @answers = $walk->at_once((form($string->{$login}, NEW)) x 2);
        is_deeply([map { $_->status } @answers], [303, 303], "$login: both clicks are told that it worked");
        is_deeply([map { $_->header('Location') } @answers], [('/account/reset?done=1') x 2], "$login: where to go");
        ok($walk->works($login, NEW), "$login: the password is the new one");
    }
    return;
}

# Two people with one string: the page tells each the truth.
sub rivals {
    my ($walk, $string) = @_;
    for my $login (@rivals) {
        my @passwords = map { NEW . " $_" } 1 .. 2;
        my @answers = $walk->at_once(map { form($string->{$login}, $_) } @passwords);
        is(join(' ', sort map { $_->status } @answers), '303 410', "$login: one wins");
        my ($winner) = grep { $answers[$_]->status == 303 } 0, 1;
        ok(defined $winner && $walk->works($login, $passwords[$winner]), "$login: and it is the winner's password");
        my ($loser) = grep { $_->status == 410 } @answers;
        like($loser ? $loser->alert : '', qr/already been changed with this link/, "$login: the other is told so");
    }
    return;
}

# More than a finger can do: three comparisons, and no more.
sub many {
    my ($walk, $string) = @_;
    my @answers = $walk->at_once((form($string, NEW)) x MANY);
    my $good = grep { $_->status == 303 } @answers;
    my $gone = grep { $_->status == 410 } @answers;
    is($good + $gone, MANY, 'each gets an answer') or diag(map { $_->status . ' ' . $_->error . "\n" } @answers);
    cmp_ok($good, '>=', 1, 'one wins');
    cmp_ok($good, '<=', 1 + CLICK_TRIES, 'three more may have been its double clicks');
    ok($walk->works('many', NEW), 'the password is the new one');
    return;
}

# A string and a change at once: whoever is second finds it cancelled or stale.
sub change_and_reset {
    my ($walk, $string) = @_;
    my $browser = $walk->signed_in('both');
    my ($other, $new) = (NEW . ' other', NEW);
    my $reset = fork // die "fork: $!\n";
    if (!$reset) {
        $browser->other->post('/account/reset', form($string, $other)->[1]);
        POSIX::_exit(0);
    }
    my $r = $browser->post('/account/change', [current => OLD, password => $new, confirm => $new]);
    waitpid $reset, 0;
    my @stored = grep { $walk->works('both', $_) } $new, $other;
    is(scalar @stored, 1, 'one of them wrote the password');
    is($r->status == 303 ? 1 : 0, $stored[0] eq $new ? 1 : 0, 'and whoever was told so did') or diag($r->status);
    return;
}

each_database(sub {
    my $walk = shift;
    my @logins = (@pairs, @rivals, 'many', 'both');
    $walk->add($_) for @logins;
    my %string = $walk->strings(@logins);
    subtest 'double clicks' => sub { double_clicks($walk, \%string) };
    subtest rivals => sub { rivals($walk, \%string) };
    subtest many => sub { many($walk, $string{many}) };
    subtest 'change and reset' => sub { change_and_reset($walk, $string{both}) };
    my $notices = count_notices($walk);
    is_deeply($notices, {map { ("$_\@example.org" => 1) } @logins}, 'each change was told of once');
}, threads => 16);
done_testing();
