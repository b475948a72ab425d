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
use PWR::Neighbour;
use PWR::Package;
use PWR::Port;

use constant ANSWER_SEC => 20;

# Of every Debian, and not httpd's: who runs it, and whose files.
use constant {RUNS => 'mail', GROUP => 'mail', KEEPS => 'games'};

sub new {
    my ($class, $db, @directives) = @_;
    my $self = bless {db => $db}, $class;
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
    return PWR::Neighbour::write($folder, 'proftpd.conf', <<"CONF" . join '', map { "$_\n" } @directives);
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
}

# --- its life ---------------------------------------------------------------------

sub start {
    my $self = shift;
    my $folder = $self->{folder};
    $self->{program} = PWR::Neighbour->new(folder => $folder, output => "$folder/log", is_up => sub { $self->_connect },
        libraries => [$self->{package}->library_folders],
        command => ["$folder/usr/sbin/proftpd", '-n', '-c', "$folder/proftpd.conf"]);
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

sub stop { delete $_[0]{program}; return }

1;
