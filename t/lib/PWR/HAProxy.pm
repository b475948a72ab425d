# SPDX-License-Identifier: Apache-2.0
# HAProxy with conf/pwreset-haproxy.cfg, on loopback.
#
#   plan skip_all => PWR::HAProxy::missing() if PWR::HAProxy::missing();
#   my $haproxy = PWR::HAProxy->new(tls => $tls);       # a PWR::TLS
#   $haproxy->url; $haproxy->database_port(2);          # of the second web server
#   $haproxy->start(web => [$port, ...], database => [$port, ...]);
#   $haproxy->await('web/web1', 'UP');
#   $haproxy->take_out('web/web1', 'drain'); $haproxy->put_back('web/web1');
package PWR::HAProxy;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::UNIX;
use PWR::Neighbour;
use PWR::Package;
use PWR::Port;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(sleep time);

use constant {WAIT_SEC => 30, POLL_SEC => 0.02};

my $conf = abs_path(dirname(__FILE__) . '/../../..') . '/conf/pwreset-haproxy.cfg';

# It is installed, or unpacked.
sub _program {
    my ($found) = grep { -x } map { "$_/haproxy" } split(/:/, $ENV{PATH}), '/usr/sbin';
    return $found if $found;
    my $package = PWR::Package->new('haproxy');
    return $package->problem ? undef : $package->folder . '/usr/sbin/haproxy';
}

# What keeps us from having it, if anything.
sub missing {
    my $program = _program() // return 'haproxy cannot be had';
    my $said = qx('$program' -v 2>&1);
    return $? ? "haproxy does not run: $said" : undef;
}

sub new {
    my ($class, %option) = @_;
    return bless {%option, dir => PWR::Neighbour::folder(), ports => [map { PWR::Port->new } 0 .. 2]}, $class;
}

sub _port { return $_[0]{ports}[$_[1]]->number }
sub url { return 'https://127.0.0.1:' . $_[0]->_port(0) }
sub database_port { return $_[0]->_port($_[1]) }

sub _slurp {
    my $path = shift;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

# The shipped file, with our addresses in place of its own.
sub _text {
    my ($self, %to) = @_;
    my $n = 0;
    my %ours = ('192.0.2.1:443' => $self->_port(0), '127.0.0.1:3307' => $self->_port(1),
        '127.0.0.1:3308' => $self->_port(2), map({ ('10.0.0.' . ++$n . ':80' => $_) } @{$to{web}}));
    $n = 0;
    $ours{'10.0.1.' . ++$n . ':3306'} = $_ for @{$to{database}};
    my $pem = PWR::Neighbour::write($self->{dir}, 'site.pem', _slurp($self->{tls}->certificate) . _slurp($self->{tls}->key));
    my $text = _slurp($conf);
    $text =~ s{/etc/haproxy/\S+\.pem}{$pem} or die "$conf: no certificate\n";
    for my $address (keys %ours) {
        $text =~ s/\b\Q$address\E\b/127.0.0.1:$ours{$address}/g or die "$conf: no $address\n";
    }
    die "$conf: an address that is not ours: $1\n" if $text =~ /^\s*(?:server|bind)\b[^\n]*\b((?:10|192)\.[\d.:]+)/m;
    return $text;
}

sub start {
    my ($self, %to) = @_;
    my $dir = $self->{dir};
    my $global = PWR::Neighbour::write($dir, 'global.cfg', "global\n    stats socket $dir/admin.sock level admin\n");
    my $site = PWR::Neighbour::write($dir, 'pwreset.cfg', $self->_text(%to));
    $self->{program} = PWR::Neighbour->new(folder => $dir, is_up => sub { eval { $self->order('show info') } },
        command => [_program(), '-db', '-f', $global, '-f', $site]);
    return $self;
}

sub log { return $_[0]{program}->log }

# What it says to a line on its admin socket.
sub order {
    my ($self, $line) = @_;
    my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => "$self->{dir}/admin.sock") or die "admin.sock: $!\n";
    syswrite $socket, "$line\n";
    local $/;
    return scalar <$socket>;
}

# Of the statistics of a server (backend/server): status, scur, ...
sub stat {
    my ($self, $server, $name) = @_;
    my ($names, @rows) = map { [split /,/, $_, -1] } split /\n/, $self->order('show stat');
    my ($column) = grep { $names->[$_] eq $name } 0 .. $#$names;
    my ($row) = grep { "$_->[0]/$_->[1]" eq $server } @rows or die "haproxy knows no $server\n";
    return $row->[$column];
}

# Wait until a server is in this state: UP, DOWN, ...
sub await {
    my ($self, $server, $state) = @_;
    my $until = time + WAIT_SEC;
    sleep POLL_SEC while $self->stat($server, 'status') !~ /^$state\b/ && time < $until;
    return $self->stat($server, 'status') =~ /^$state\b/;
}

# Let a server finish what it does and get no more: `drain`; at once: `maint`.
sub take_out {
    my ($self, $server, $how) = @_;
    my $until = time + WAIT_SEC;
    $self->order("set server $server state $how");
    sleep POLL_SEC while $self->stat($server, 'scur') && time < $until;
    return !$self->stat($server, 'scur');
}

sub put_back {
    my ($self, $server) = @_;
    $self->order("set server $server state ready");
    return $self->await($server, 'UP');
}

sub stop { delete $_[0]{program}; return }

1;
