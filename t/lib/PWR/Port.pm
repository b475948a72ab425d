# SPDX-License-Identifier: Apache-2.0
# A free port on 127.0.0.1 that no other test takes while the object lives.
#
#   my $port = PWR::Port->new;  $port->number;
#
# Below the range from which the kernel gives ports to clients: one of those
# could take the port between our looking and httpd's binding.
package PWR::Port;
use strict;
use warnings;
use Fcntl qw(:flock);
use File::Spec;
use IO::Socket::IP;
use Socket qw(SOMAXCONN);

use constant {FIRST => 20_000, COUNT => 10_000, TRIES => 200};

sub new {
    my $class = shift;
    for (1 .. TRIES) {
        my $number = FIRST + int rand COUNT;
        my $file = File::Spec->tmpdir . "/pwr-port-$number.lock";
        open my $lock, '>>', $file or next;
        flock $lock, LOCK_EX | LOCK_NB or next;
        my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $number,
            Listen => SOMAXCONN, ReuseAddr => 1) or next;
        close $socket;
        return bless {number => $number, file => $file, lock => $lock, owner => $$}, $class;
    }
    die "no free port: $!\n";
}

sub number { return $_[0]{number} }

sub DESTROY {
    my $self = shift;
    unlink $self->{file} if $self->{owner} == $$;
    return;
}

1;
