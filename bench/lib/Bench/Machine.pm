# SPDX-License-Identifier: Apache-2.0
# What others do on this machine while we measure.
#
#   my $before = Bench::Machine::look();
#   ...                                         # start programs, wait for them
#   Bench::Machine::others($before, $seconds);  # per cent of all processors; servers
#                                               # of ours took so many seconds
package Bench::Machine;
use strict;
use warnings;
use List::Util qw(max sum);
use POSIX ();

use constant {TICKS => POSIX::sysconf(POSIX::_SC_CLK_TCK()), IDLE => 3, WAITING => 4, GUEST => 8};

# Seconds: of all processors, those of them that were not idle, and what we took
# ourselves, with programs that have ended.
sub look {
    open my $in, '<', '/proc/stat' or die "/proc/stat: $!\n";
    my (undef, @ticks) = split ' ', <$in>;
    @ticks = @ticks[0 .. GUEST - 1];
    return {all => sum(@ticks) / TICKS, busy => (sum(@ticks) - $ticks[IDLE] - $ticks[WAITING]) / TICKS, own => sum(times)};
}

sub others {
    my ($before, $servers) = @_;
    my $after = look();
    my %took = map { $_ => $after->{$_} - $before->{$_} } keys %$after;
    return $took{all} ? 100 * max(0, $took{busy} - $took{own} - $servers) / $took{all} : 0;
}

1;
