# SPDX-License-Identifier: Apache-2.0
# A real Dovecot in a temporary folder, on a free port of 127.0.0.1, which looks
# its users up in a test's MariaDB.
#
#   my $dovecot = PWR::Dovecot->new($db, query => '... WHERE login = \'%u\'', scheme => 'CRYPT');
#   plan skip_all => $dovecot->problem if $dovecot->problem;
#   $dovecot->start;
#   $dovecot->lets_in('ivan', 'secret');        # over IMAP
#   $dovecot->log;                              # lines
#   $dovecot->stop;
#
# It loads modules and programs from the paths that it was built for alone, so
# these are replaced in its programs by others of the same length.
package PWR::Dovecot;
use strict;
use warnings;
use File::Find qw(find);
use File::Temp qw(tempdir);
use IO::Socket::IP;
use PWR::Neighbour;
use PWR::Package;
use PWR::Port;

use constant {HOME => '/usr/lib/dovecot', ANSWER_SEC => 20};

# Of every Debian, and not httpd's: who runs it, who takes logins, whose mails.
use constant {RUNS => 'mail', TAKES => 'nobody', KEEPS => 'games'};

sub new {
    my ($class, $db, %option) = @_;
    my $self = bless {owner => $$, db => $db, %option}, $class;
    if ($> != 0) {
        $self->{problem} = 'only root can start Dovecot';
        return $self;
    }
    $self->{package} = PWR::Package->new('dovecot-imapd', 'dovecot-mysql', 'dovecot-core');
    $self->{problem} = $self->{package}->problem;
    return $self if $self->{problem};
    $self->{folder} = $self->{package}->folder;
    $self->{home} = tempdir('pwr-' . 'X' x (length(HOME) - length '/tmp/pwr-'), DIR => '/tmp', CLEANUP => 1);
    $self->{port} = PWR::Port->new;
    $self->_move_programs;
    $self->_configure;
    return $self;
}

sub problem { return $_[0]{problem} }
sub port { return $_[0]{port}->number }

sub log {
    my $self = shift;
    open my $in, '<', "$self->{folder}/log" or return;
    return map { chomp; $_ } <$in>;
}

# --- what it is made of ---------------------------------------------------------

sub _move_programs {
    my $self = shift;
    my ($from, $to) = (HOME, $self->{home});
    find({no_chdir => 1, wanted => sub {
        return if -l || !-f;
        open my $in, '<:raw', $_ or die "$_: $!\n";
        my $program = do { local $/; <$in> };
        return if $program !~ /\A\x7FELF/;
        $program =~ s/\Q$from\E/$to/g;
        $program =~ s{/usr/bin/doveconf(?=\0)}{${to}c}g;
        open my $out, '>:raw', $_ or die "$_: $!\n";
        print {$out} $program;
        close $out or die "$_: $!\n";
    }}, map { "$self->{folder}/usr/$_" } qw(bin sbin lib/dovecot));
    rmdir $to;
    symlink "$self->{folder}/usr/lib/dovecot", $to or die "$to: $!\n";
    symlink "$self->{folder}/usr/bin/doveconf", "${to}c" or die "${to}c: $!\n";
    return;
}

sub _configure {
    my $self = shift;
    my $folder = $self->{folder};
    my ($uid, $gid) = (getpwnam KEEPS)[2, 3];
    $_ && (mkdir "$folder/$_" or die "$_: $!\n") for qw(run state mail);
    chown $uid, $gid, "$folder/mail";
    PWR::Neighbour::write($folder, 'sql.conf', <<"CONF");
driver = mysql
connect = host=127.0.0.1 port=@{[$self->{db}->port]} dbname=pwreset user=app password=app
default_pass_scheme = @{[$self->{scheme} // 'CRYPT']}
password_query = $self->{query}
CONF
    return PWR::Neighbour::write($folder, 'dovecot.conf', <<"CONF");
base_dir = $folder/run
state_dir = $folder/state
log_path = $folder/log
import_environment = LD_LIBRARY_PATH
default_internal_user = @{[RUNS]}
default_internal_group = @{[RUNS]}
default_login_user = @{[TAKES]}
first_valid_uid = 1
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_failure_delay = 0
auth_verbose = yes
mail_location = maildir:$folder/mail/%u
passdb {
  driver = sql
  args = $folder/sql.conf
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$folder/mail/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    port = @{[$self->port]}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
CONF
}

# --- its life ---------------------------------------------------------------------

sub start {
    my $self = shift;
    my $folder = $self->{folder};
    $self->{program} = PWR::Neighbour->new(folder => $folder, output => "$folder/log", is_up => sub { $self->_connect },
        libraries => [$self->{package}->library_folders],
        command => ["$folder/usr/sbin/dovecot", '-F', '-c', "$folder/dovecot.conf"]);
    return $self;
}

sub _connect {
    my $self = shift;
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $self->port, Timeout => ANSWER_SEC) or return;
    my $said = _answer($socket, qr/^\* OK/);
    return $said && $socket;
}

# The first line of this kind; undef when none comes.
sub _answer {
    my ($socket, $kind) = @_;
    my $answer;
    local $SIG{ALRM} = sub { die "no answer\n" };
    eval {
        alarm ANSWER_SEC;
        while (defined(my $line = <$socket>)) {
            $answer = $line =~ s/\r?\n//r;
            last if $answer =~ $kind;
            undef $answer;
        }
        alarm 0;
    };
    alarm 0;
    return $answer;
}

# Literals carry any bytes.
sub lets_in {
    my ($self, $login, $password) = @_;
    utf8::encode($password) if utf8::is_utf8($password);
    my $socket = $self->_connect or die "Dovecot does not answer\n";
    print {$socket} "a LOGIN $login {", length $password, "+}\r\n$password\r\n";
    my $said = _answer($socket, qr/^a /) // '';
    die "Dovecot said: $said\n", map({ "    $_\n" } $self->log) if $said !~ /^a (OK|NO)\b.*(?:Logged in|AUTHENTICATIONFAILED)/;
    return $1 eq 'OK';
}

sub stop { delete $_[0]{program}; return }

sub DESTROY {
    my $self = shift;
    local ($?, $!);
    $self->stop;
    unlink $self->{home}, "$self->{home}c" if $self->{home} && $self->{owner} == $$;
    return;
}

1;
