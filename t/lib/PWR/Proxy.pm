# SPDX-License-Identifier: Apache-2.0
# A proxy before a MariaDB server that loses connections at a chosen moment:
#   drop-before   the next COMMIT never reaches the server
#   drop-after    the server does it, its answer is lost
#   drop-during   the server is still at it when the connection is lost, until
#   pass
#   drop-after-and-refuse   and from then on nobody gets through, until
#   pass
#   stall         what is sent goes nowhere, as on a network that drops packets
#   hold          who connects from now on is never answered, until
#   pass          then that connection is lost
#   deny          every COMMIT is undone, and answered as a node of a Galera
#   cluster answers what another one was quicker with, until
#   pass
#   deny-N        so the next N
#   cut-N         the N-th message to the server from now on never reaches it
package PWR::Proxy;

use strict;
use warnings;

use DBI;
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);

use constant {CHUNK => 65536, COM_QUERY => "\x03"};

# Error 1213 as the first packet of an answer, and a statement as a request.
use constant DEADLOCK => pack 'CxxCCva6a*', 17, 1, 0xFF, 1213, '#40001', 'Deadlock';
use constant ROLLBACK => pack 'Cxxxa*', 9, COM_QUERY . 'ROLLBACK';

sub new {
    my ($class, $server) = @_;
    my $listener = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 16)
        or die "proxy: $!";
    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC)
        or die "proxy: $!";
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        close $ours;
        eval { _serve($listener, $theirs, $server) };
        print STDERR "proxy: $@" if $@;
        POSIX::_exit(0);
    }
    return bless {
        pid => $pid, control => $ours, port => $listener->sockport, owner => $$,
    }, $class;
}

sub port { return $_[0]{port} }

# Returns how often the mode before did what it is for.
sub mode {
    my ($self, $mode) = @_;
    syswrite $self->{control}, "$mode\n";
    sysread $self->{control}, my $answer, 1;
    return ord $answer;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $?;
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

# --- the child ---------------------------------------------------------------

sub _serve {
    my ($listener, $control, $server) = @_;
    my $select = IO::Select->new($listener, $control);
    my $deaf = IO::Select->new($listener, $control);
    my $state = {
        mode => 'pass', server => $server, select => $select,
        peer => {}, upward => {}, done => 0,
    };

    while (1) {
        for my $fh (($state->{mode} eq 'stall' ? $deaf : $select)->can_read) {
            if ($fh == $control) {
                sysread($control, my $line, CHUNK) or return;
                chomp($state->{mode} = $line);
                $state->{freezer} = undef;
                $state->{held} = [] if $state->{mode} ne 'hold';
                syswrite $control, chr $state->{done} % 256;
                $state->{done} = 0;
            }
            elsif ($fh == $listener) {
                _accept($state, scalar $listener->accept);
            }
            elsif ($state->{peer}{$fh}) { _forward($state, $fh) }
        }
    }
}

sub _accept {
    my ($state, $client) = @_;
    return if $state->{mode} eq 'refuse';
    if ($state->{mode} eq 'hold') {
        push @{$state->{held}}, $client;
        $state->{done}++;
        return;
    }
    my $upstream = IO::Socket::UNIX->new(
        Type => SOCK_STREAM, Peer => $state->{server}) or return;

    $state->{peer}{$client} = $upstream;
    $state->{peer}{$upstream} = $client;
    $state->{upward}{$client} = 1;
    $state->{select}->add($client, $upstream);
    return;
}

sub _forward {
    my ($state, $from) = @_;
    my $to = $state->{peer}{$from};
    my $read = sysread $from, my $data, CHUNK;

    return if !$to;             # lost meanwhile
    return _drop($state, $from) if !$read || ($state->{upward}{$from} && _is_last($state, 'cut'));
    my $commits = $state->{upward}{$from}
        && substr($data, 4) eq COM_QUERY . 'COMMIT';
    if ($commits && $state->{mode} =~ /^deny/) {
        _is_last($state, 'deny');
        $state->{done}++;
        syswrite $to, ROLLBACK;
        sysread $to, my $answer, CHUNK;
        syswrite $from, DEADLOCK;
        return;
    }
    if ($commits && $state->{mode} =~ /^drop/) {
        # Under this lock COMMIT waits, and whatever else would write.
        if ($state->{mode} eq 'drop-during') {
            $state->{freezer} = _root($state->{server});
            $state->{freezer}->do('FLUSH TABLES WITH READ LOCK');
        }
        syswrite $to, $data if $state->{mode} ne 'drop-before';
        sysread $to, my $answer, CHUNK if $state->{mode} =~ /after/;
        $state->{mode} = $state->{mode} =~ /refuse/ ? 'refuse' : 'pass';
        # Who has a connection would get through.
        my @lost = $state->{mode} eq 'refuse' ? values %{$state->{peer}} : $from;
        _drop($state, $_) for @lost;
        return;
    }
    syswrite $to, $data;
    return;
}

# Of the N of a mode, is this the last?
sub _is_last {
    my ($state, $what) = @_;
    my ($n) = $state->{mode} =~ /^$what-(\d+)$/ or return 0;
    $state->{mode} = $n > 1 ? "$what-" . ($n - 1) : 'pass';
    return 0 if $n > 1;
    $state->{done}++ if $what eq 'cut';
    return 1;
}

sub _root {
    my ($server) = @_;
    return DBI->connect(
        "DBI:MariaDB:mariadb_socket=$server", 'root', '', {RaiseError => 1});
}

sub _drop {
    my ($state, $fh) = @_;
    my $peer = delete $state->{peer}{$fh} or return;

    delete $state->{peer}{$peer};
    delete @{$state->{upward}}{$fh, $peer};
    $state->{select}->remove($fh, $peer);
    close $_ for $fh, $peer;
    return;
}

1;
