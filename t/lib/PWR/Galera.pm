# SPDX-License-Identifier: Apache-2.0
# A MariaDB Galera cluster of three on loopback, with conf/pwreset-galera.cnf.
#
#   plan skip_all => PWR::Galera::missing() if PWR::Galera::missing();
#   my $cluster = PWR::Galera->new;
#   my $node = $cluster->node(1);       # a PWR::Database, by 127.0.0.1 and its port
#   $node->kill; $node->start;          # start() returns when it is in step again
#   $node->status('wsrep_local_commits');
#   $node->lag;                         # from now on it applies nothing
#   $node->catch_up(0.3);               # but it will, in so many seconds
#   $node->isolate(1);                  # alive, and out of the cluster
#   $node->sync_wait(0);                # clients that connect read what it has
package PWR::Galera;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PWR::Package;
use PWR::Port;

use constant {NODES => 3, LIBRARY => '/usr/lib/galera/libgalera_smm.so'};

our $conf = abs_path(dirname(__FILE__) . '/../../..') . '/conf/pwreset-galera.cnf';

# What keeps us from having one, if anything.
sub missing {
    return 'galera-4 is not installed' if !-e LIBRARY;
    return 'mariadb-server, which copies nodes, cannot be had' if !scripts();
    return;
}

# The folder of the scripts that copy nodes.  A root's rsync daemon would write
# as nobody.
my $scripts;
sub scripts {
    return $scripts //= do {
        my $package = PWR::Package->new('mariadb-server');
        return if $package->problem;
        my $folder = $package->folder;
        my $script = "$folder/usr/bin/wsrep_sst_rsync";
        $> != 0 || system('sed', '-i', 's/^use chroot = no$/&\nuid = root\ngid = root/', $script) == 0
            or die "$script cannot be changed\n";
        "$folder/usr/bin";
    };
}

sub new {
    my $class = shift;
    my $self = bless {nodes => [map { PWR::Galera::Node->new } 1 .. NODES]}, $class;
    my $address = 'gcomm://' . join ',', map { $_->group_address } @{$self->{nodes}};
    $_->join_group($address) for @{$self->{nodes}};
    return $self;
}

sub node { return $_[0]{nodes}[$_[1] - 1] }
sub nodes { return @{$_[0]{nodes}} }

package PWR::Galera::Node;
use parent -norequire, 'PWR::Database';
use DBI;
use POSIX ();
use PWR::Database;
use Time::HiRes qw(sleep time);

# A node that joins copies all of another one first.
use constant {START_SEC => 90, POLL_SEC => 0.05, SYNCED => 4};

my $first;

sub new {
    my $class = shift;
    my $self = $class->_make('mysql');
    $self->{ports} = {map { $_ => PWR::Port->new } qw(sql group ist sst)};
    $self->{port} = $self->{ports}{sql}->number;
    return $self;
}

sub _address { return '127.0.0.1:' . $_[0]{ports}{$_[1]}->number }
sub group_address { return $_[0]->_address('group') }

# The first node begins the cluster, the others take everything from it.
sub join_group {
    my ($self, $address) = @_;
    $self->{cluster} = $address;
    if ($first) {
        mkdir "$self->{dir}/data" or die "$self->{dir}/data: $!\n";
        $self->{made} = 1;
        return $self->start;
    }
    $first = 1;
    $self->_copy_template;
    local $self->{begins} = 1;
    $self->start;
    return $self->_create;
}

sub _start_sec { return START_SEC }

sub start {
    my $self = shift;
    local $ENV{PATH} = PWR::Galera::scripts() . ":$ENV{PATH}";
    $self->SUPER::start;
    my $until = time + START_SEC;
    while ($self->status('wsrep_local_state') != SYNCED) {
        die "the node does not get in step\n" if time > $until;
        sleep POLL_SEC;
    }
    return;
}

# The shipped file first; what follows is only where and how big.
sub _server {
    my $self = shift;
    my ($program, undef, @usual) = $self->SUPER::_server;
    return ($program, "--defaults-file=$PWR::Galera::conf", @usual, "--wsrep-cluster-address=$self->{cluster}",
        '--wsrep-node-address=' . $self->_address('group'), '--wsrep-sst-receive-address=' . $self->_address('sst'),
        '--wsrep-provider-options=' . join(';', _shipped_options(), 'gmcast.listen_addr=tcp://' . $self->_address('group'),
            'ist.recv_addr=' . $self->_address('ist'), 'gcache.size=8M'),
        $self->{begins} ? '--wsrep-new-cluster' : ());
}

sub _shipped_options {
    open my $in, '<', $PWR::Galera::conf or die "$PWR::Galera::conf: $!\n";
    my ($options) = map { /^wsrep-provider-options = "(.*)"/ } <$in>;
    return $options // die "$PWR::Galera::conf: no wsrep-provider-options\n";
}

# By the network, as clients of a cluster come.
sub params {
    my ($self, %over) = @_;
    return $self->SUPER::params(host => '127.0.0.1', port => $self->port, %over);
}

sub status {
    my ($self, $name) = @_;
    return ($self->dbh->selectrow_array('SHOW GLOBAL STATUS LIKE ?', undef, $name))[1];
}

# A process of its own holds the lock under which nothing is applied, and goes
# when it is told in how many seconds.
sub lag {
    my $self = shift;
    pipe my $tell, my $told or die "pipe: $!\n";
    pipe my $order, my $give or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        close $_ for $tell, $give;
        my $dbh = DBI->connect('DBI:MariaDB:mariadb_socket=' . $self->socket, 'root', '', {RaiseError => 1});
        $dbh->do('FLUSH TABLES WITH READ LOCK');
        syswrite $told, '.';
        sysread $order, my $seconds, 20;
        sleep $seconds || 0;
        $dbh->disconnect;
        POSIX::_exit(0);
    }
    close $_ for $told, $order;
    sysread $tell, my $ready, 1 or die "the node cannot be made to lag\n";
    $self->{lagging} = [$pid, $give];
    return;
}

sub catch_up {
    my ($self, $seconds) = @_;
    my ($pid, $give) = @{delete $self->{lagging} or return};
    syswrite $give, $seconds;
    push @{$self->{gone}}, $pid;
    return;
}

# Cut it off from the others, and let it back.
sub isolate {
    my ($self, $is_alone) = @_;
    return $self->dbh->do("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=$is_alone'");
}

# The line of the option file that our users are told to have.
sub sync_wait {
    my ($self, $value) = @_;
    my $file = {$self->env}->{MARIADB_HOME} . '/my.cnf';
    open my $in, '<', $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    close $in;
    $text =~ s/(wsrep_sync_wait = )\d+/$1$value/ or die "$file: nothing of wsrep_sync_wait\n";
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$file: $!\n";
    return;
}

sub _end {
    my $self = shift;
    return if $self->{owner} != $$;
    $self->catch_up(0);
    waitpid $_, 0 for splice @{$self->{gone} // []};
    return $self->SUPER::_end;
}

1;
