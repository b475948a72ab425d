# SPDX-License-Identifier: Apache-2.0
# A real ProFTPD in a temporary folder, on a free port of 127.0.0.1, which looks
# its users up in a test's MariaDB (mod_sql_mysql).
#
#   my $ftpd = PWR::ProFTPD->new($db, 'SQLAuthTypes Crypt', ...);   # and more directives
#   plan skip_all => $ftpd->problem if $ftpd->problem;
#   $ftpd->start;
#   $ftpd->lets_in('ivan', 'secret');           # over FTP
#   $ftpd->log;                                 # lines
#   $ftpd->stop;
package PWR::ProFTPD;
use strict;
use warnings;
use Net::FTP;
use POSIX qw(WNOHANG);
use PWR::Package;
use PWR::Port;
use Time::HiRes qw(sleep time);

use constant {START_SEC => 20, STOP_SEC => 10, ANSWER_SEC => 20, POLL_SEC => 0.02};

# Of every Debian, and not httpd's: who runs it, and whose files.
use constant {RUNS => 'mail', GROUP => 'mail', KEEPS => 'games'};

sub new {
    my ($class, $db, @directives) = @_;
    my $self = bless {owner => $$, db => $db}, $class;
    if ($> != 0) {
        $self->{problem} = 'only root can start ProFTPD';
        return $self;
    }
    $self->{package} = PWR::Package->new('proftpd-mod-mysql', 'proftpd-core');
    $self->{problem} = $self->{package}->problem;
    return $self if $self->{problem};
    $self->{folder} = $self->{package}->folder;
    $self->{port} = PWR::Port->new;
    $self->_configure(@directives);
    return $self;
}

sub problem { return $_[0]{problem} }
sub port { return $_[0]{port}->number }

sub log {
    my $self = shift;
    return map { open my $in, '<', "$self->{folder}/$_"; $in ? map { s/\n//r } <$in> : () } qw(log sql.log);
}

sub _configure {
    my ($self, @directives) = @_;
    my $folder = $self->{folder};
    my ($uid, $gid) = (getpwnam KEEPS)[2, 3];
    mkdir "$folder/files" or die "$folder/files: $!\n";
    chown $uid, $gid, "$folder/files";
    open my $out, '>', "$folder/proftpd.conf" or die "$folder: $!\n";
    print {$out} <<"CONF", map { "$_\n" } @directives;
ModulePath $folder/usr/lib/proftpd
LoadModule mod_sql.c
LoadModule mod_sql_mysql.c
ServerType standalone
DefaultAddress 127.0.0.1
UseIPv6 off
Port @{[$self->port]}
User @{[RUNS]}
Group @{[GROUP]}
PidFile $folder/pid
ScoreboardFile $folder/scoreboard
DelayTable $folder/delay
SystemLog $folder/log
WtmpLog off
TransferLog none
UseReverseDNS off
RequireValidShell off
AuthOrder mod_sql.c
SQLBackend mysql
SQLEngine on
SQLLogFile $folder/sql.log
SQLConnectInfo pwreset\@127.0.0.1:@{[$self->{db}->port]} app app
SQLAuthenticate users
SQLMinUserUID 1
SQLMinUserGID 1
SQLDefaultUID $uid
SQLDefaultGID $gid
SQLDefaultHomedir $folder/files
CONF
    close $out or die "$folder: $!\n";
    return;
}

# --- its life ---------------------------------------------------------------------

sub start {
    my $self = shift;
    my $folder = $self->{folder};
    my $until = time + START_SEC;
    my @libraries = map { s{/[^/]+$}{}r } ($self->{package}->libraries)[0] // ();
    $self->{pid} = fork // die "fork: $!\n";
    if (!$self->{pid}) {
        local $ENV{LD_LIBRARY_PATH} = join ':', @libraries, $ENV{LD_LIBRARY_PATH} // ();
        open STDOUT, '>>', "$folder/log";
        open STDERR, '>&', \*STDOUT;
        { exec "$folder/usr/sbin/proftpd", '-n', '-c', "$folder/proftpd.conf" }
        POSIX::_exit(127);
    }
    until ($self->_connect) {
        my $ended = waitpid($self->{pid}, WNOHANG) == $self->{pid};
        delete $self->{pid} if $ended;
        die "ProFTPD does not answer:\n", map { "    $_\n" } $self->log if $ended || time > $until;
        sleep POLL_SEC;
    }
    return $self;
}

sub _connect { return Net::FTP->new('127.0.0.1', Port => $_[0]->port, Timeout => ANSWER_SEC) }

sub lets_in {
    my ($self, $login, $password) = @_;
    utf8::encode($password) if utf8::is_utf8($password);
    my $ftp = $self->_connect or die "ProFTPD does not answer\n";
    my $in = $ftp->login($login, $password);
    die 'ProFTPD said: ', $ftp->message, map({ "    $_\n" } $self->log) if !$in && $ftp->code != 530;
    $ftp->quit;
    return $in ? 1 : 0;
}

sub stop {
    my $self = shift;
    my $pid = delete $self->{pid} or return;
    my $until = time + STOP_SEC;
    kill TERM => $pid;
    until (waitpid($pid, WNOHANG) == $pid) {
        kill KILL => $pid if time > $until;
        sleep POLL_SEC;
    }
    return;
}

sub DESTROY {
    my $self = shift;
    local ($?, $!);
    $self->stop if $self->{owner} == $$;
    return;
}

1;
