# SPDX-License-Identifier: Apache-2.0
# A private database for a test: MariaDB in a temporary folder, or an SQLite
# file.  Nothing of the host's is touched, and it is gone with the object.
#
#   my $db = PWR::Database->new('mysql');          # or 'sqlite'
#   my $db = PWR::Database->new('mysql', '--innodb-buffer-pool-size=256M');
#   local %ENV = (%ENV, $db->env);                 # for what connects
#   DBDDriver $db->driver, DBDParams $db->params
#   $db->dbh->do('...');                           # as the database's root
package PWR::Database;

use strict;
use warnings;

use Cwd qw(abs_path);
use DBI;
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use Time::HiRes qw(sleep time);

use constant {START_SEC => 20, STOP_SEC => 20, POLL_SEC => 0.02};

my $top = abs_path(dirname(__FILE__) . '/../../..');
my @live;

END { $_ && $_->_end for @live }

sub new {
    my ($class, $kind, @options) = @_;
    my $self = $class->_make($kind);

    return $self if $kind eq 'sqlite';
    $self->_copy_template;
    $self->{port} = _free_port();
    $self->start(@options);
    $self->_create;
    return $self;
}

# What is there before a server is: its folder, and the clients' option file.
sub _make {
    my ($class, $kind) = @_;
    my $self = bless {
        kind => $kind,
        dir => tempdir('pwr-db-XXXXXX', TMPDIR => 1),
        owner => $$,
    }, $class;

    die "no database of kind $kind" if $kind !~ /^(?:sqlite|mysql)$/;
    push @live, $self;
    weaken($live[-1]);
    if ($kind eq 'mysql') {
        make_path("$self->{dir}/home");
        copy("$top/conf/pwreset-my.cnf", "$self->{dir}/home/my.cnf")
            or die "conf/pwreset-my.cnf: $!";
    }
    return $self;
}

sub _create {
    my ($self) = @_;
    $self->dbh->do($_) for
        'CREATE DATABASE pwreset CHARACTER SET utf8mb4',
        q(CREATE USER app@'%' IDENTIFIED BY 'app'),
        'GRANT ALL ON pwreset.* TO app', 'USE pwreset';
    $self->{made} = 1;
    return;
}

sub DESTROY { $_[0]->_end }

# --- what httpd and programs are given --------------------------------------

sub kind { return $_[0]{kind} }

sub driver { return $_[0]{kind} eq 'mysql' ? 'mysql' : 'sqlite3' }

# %over: host and port instead of the socket, user, pass, dbname.
sub params {
    my ($self, %over) = @_;
    return "$self->{dir}/db.sqlite" if $self->{kind} eq 'sqlite';

    my %param = (
        user => 'app', pass => 'app', dbname => 'pwreset', group => 'pwreset',
        reconnect => 0, ($over{port} ? () : (sock => $self->socket)), %over,
    );
    return join ' ', map { "$_=$param{$_}" } sort keys %param;
}

# MARIADB_HOME is where the client library finds the option file.
sub env {
    my ($self) = @_;
    return if $self->{kind} ne 'mysql';
    return (MARIADB_HOME => "$self->{dir}/home");
}

sub dir { return $_[0]{dir} }
sub socket { return "$_[0]{dir}/my.sock" }
sub port { return $_[0]{port} }
sub pid { return $_[0]{pid} }

# A handle of the database's root; a new one after a restart.
sub dbh {
    my ($self) = @_;
    return $self->{dbh} if $self->{dbh} && $self->{dbh}->ping;

    my $sqlite = $self->{kind} eq 'sqlite';
    my $source = $sqlite ? 'DBI:SQLite:dbname=' . $self->params
                         : 'DBI:MariaDB:mariadb_socket=' . $self->socket;
    my $dbh = DBI->connect($source, $sqlite ? ('', '') : ('root', ''), {
        RaiseError => 1, PrintError => 0, AutoInactiveDestroy => 1,
        $sqlite ? (sqlite_unicode => 1) : (),
    });
    $dbh->do('USE pwreset') if $self->{made};
    return $self->{dbh} = $dbh;
}

# --- faults ------------------------------------------------------------------

# With more options of the server, which it keeps.
sub start {
    my ($self, @options) = @_;
    push @{$self->{options}}, @options;
    my $dir = $self->{dir};
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$dir/mariadbd.log";
        open STDERR, '>&', \*STDOUT;
        my @server = $self->_server;
        { exec {$server[0]} @server; }
        POSIX::_exit(127);
    }
    $self->{pid} = $pid;

    my $until = time + $self->_start_sec;
    while (!eval { $self->dbh }) {
        if (waitpid($pid, WNOHANG) == $pid || time > $until) {
            $self->kill;
            die "mariadbd did not start:\n" . _tail("$dir/mariadbd.log");
        }
        sleep POLL_SEC;
    }
    return;
}

sub _start_sec { return START_SEC }

# The command that starts it, its option file first.  flush=2: what was
# committed outlives the server, though not the host.
sub _server {
    my ($self) = @_;
    my $dir = $self->{dir};

    return (
        _program('mariadbd'), '--no-defaults', "--datadir=$dir/data",
        '--socket=' . $self->socket, "--port=$self->{port}",
        '--bind-address=127.0.0.1', "--pid-file=$dir/pid",
        ($> == 0 ? '--user=root' : ()), '--skip-name-resolve',
        '--skip-log-bin', '--innodb-flush-log-at-trx-commit=2',
        '--innodb-buffer-pool-size=16M', '--innodb-log-file-size=4M',
        '--innodb-buffer-pool-dump-at-shutdown=0',
        '--performance-schema=0', '--max-connections=200', @{$self->{options} // []},
    );
}

sub stop { return $_[0]->_signal('TERM', STOP_SEC) }
sub kill { return $_[0]->_signal('KILL', STOP_SEC) }

# Accepts connections and answers nothing, as a host out of memory does.
# Returns when all its threads stand.
sub pause {
    my ($self) = @_;
    my $until = time + STOP_SEC;
    CORE::kill('STOP', $self->{pid});
    while (grep { !_is_stopped($_) } glob "/proc/$self->{pid}/task/*/stat") {
        die "the database cannot be stopped\n" if time > $until;
        sleep POLL_SEC;
    }
    return;
}

sub _is_stopped {
    open my $in, '<', $_[0] or return 1;
    return (<$in> // ') T') =~ /\) [Tt]/;
}

sub resume { return CORE::kill('CONT', $_[0]{pid}) }

# End all connections of the application's user; returns how many.
sub cut {
    my ($self) = @_;
    my $ids = $self->dbh->selectcol_arrayref(
        q(SELECT id FROM information_schema.processlist WHERE user = 'app'));

    eval { $self->dbh->do("KILL $_") } for @$ids;
    return scalar @$ids;
}

# --- within ------------------------------------------------------------------

sub _end {
    my ($self) = @_;
    return if $self->{owner} != $$;
    my $status = $?;

    if ($self->{pid}) {
        $self->resume;
        $self->kill;
    }
    $self->{dbh}->disconnect if $self->{dbh};
    $self->{dbh} = undef;
    remove_tree($self->{dir});
    $? = $status;
    return;
}

sub _signal {
    my ($self, $signal, $seconds) = @_;
    my $pid = delete $self->{pid} or return;
    my $until = time + $seconds;

    CORE::kill($signal, $pid);
    while (waitpid($pid, WNOHANG) == 0) {
        CORE::kill('KILL', $pid) if time > $until;
        sleep POLL_SEC;
    }
    return;
}

# Making a data folder takes five seconds, copying one a tenth of one.
sub _copy_template {
    my ($self) = @_;
    my $build = $ENV{PWR_BUILD} || "$top/build";
    my $template = "$build/mariadb-template";
    my $version = qx(@{[_program('mariadbd')]} --no-defaults --version);

    make_path($build);
    open my $lock, '>>', "$build/mariadb-template.lock" or die "$build: $!";
    flock $lock, LOCK_EX or die "flock: $!";
    if (_slurp("$template/version") ne $version) {
        remove_tree($template);
        make_path($template);
        my @install = (
            _program('mariadb-install-db'), '--no-defaults',
            "--datadir=$template/data", '--skip-test-db',
            '--auth-root-authentication-method=normal',
            '--innodb-log-file-size=4M', ($> == 0 ? '--user=root' : ()),
        );
        system("@install >$template/log 2>&1") == 0
            or die "mariadb-install-db:\n" . _tail("$template/log");
        open my $out, '>', "$template/version" or die "$template: $!";
        print $out $version;
        close $out or die "$template: $!";
    }
    system('cp', '-R', "$template/data", "$self->{dir}/data") == 0
        or die "cp $template failed";
    return;
}

sub _program {
    my ($name) = @_;
    for my $dir (split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin') {
        return "$dir/$name" if -x "$dir/$name";
    }
    die "$name is missing (Debian: apt install mariadb-server-core)\n";
}

sub _free_port {
    my $socket = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 1)
        or die "no free port: $!";
    return $socket->sockport;
}

sub _slurp {
    my ($file) = @_;
    open my $in, '<', $file or return '';
    local $/;
    return scalar(<$in>) // '';
}

sub _tail {
    my ($file) = @_;
    return substr(_slurp($file), -2000);
}

1;
