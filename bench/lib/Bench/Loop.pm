# SPDX-License-Identifier: Apache-2.0
# What this machine can do at all, by bench/loop.c; beside a Bench::Load.
#
#   my $loop = Bench::Loop->new($site, 'hash', 'bcrypt');
#   my $run = $loop->run(seconds => 5);     # {rate, cpu, others}
package Bench::Loop;
use strict;
use warnings;
use Bench::Machine;
use Bench::State;
use POSIX ();

use constant {MSEC => 1000, MAIL_SLOTS => 4};

my $processors = 0 + (qx(nproc) || 1);

sub processors { return $processors }

# [threads, words]
my %loops = (
    hash => sub { [$processors, stored($_[1]), PASSWORD] },
    # As many as PwResetMailSlots has by default.
    spawn => sub { [MAIL_SLOTS, $_[0]->httpd->root . '/sink', $_[0]->httpd->root . '/none'] },
);

sub knows { return $loops{$_[0]} }

sub new {
    my ($class, $site, $name, @words) = @_;
    return bless {name => $name, words => $loops{$name}->($site, @words)}, $class;
}

sub run {
    my ($self, %option) = @_;
    my ($threads, @words) = @{$self->{words}};
    my @command = ("$ENV{PWR_BUILD}/bench/loop", $self->{name}, $threads, $option{seconds} * MSEC, @words);
    my $machine = Bench::Machine::look();
    my $pid = open my $said, '-|';
    defined $pid or die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        { exec {$command[0]} @command; }
        POSIX::_exit(127);
    }
    my ($rate, $usec) = split ' ', <$said> // '';
    close $said or die "loop: exit status $?\n";
    return {rate => $rate, cpu => {loop => $usec}, others => Bench::Machine::others($machine, 0)};
}

1;
