# SPDX-License-Identifier: Apache-2.0
# Runs pwresetctl, and plays the httpd that it asks for the configuration.
#   my $ctl = PWR::Ctl->new;
#   $ctl->vhosts({server => 'a.example:443', ...});
#   my ($status, $out, $err) = $ctl->run("password\n", qw(user add ivan ivan@example.org));
#   $ctl->runs_ok('an empty name', {status => 65, err => qr/no name/}, $input, @arguments);
package PWR::Ctl;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Fcntl qw(O_RDWR O_NOCTTY);
use File::Temp qw(tempdir);
use IO::Select;
use JSON::PP ();
use POSIX ();
use Test::More ();

# of Linux's <asm-generic/ioctls.h>; Debian has no package for one test
use constant {TIOCSCTTY => 0x540E, TIOCSPTLCK => 0x40045431, TIOCGPTN => 0x80045430, ANSWER_SEC => 20};

# The database drivers keep what they have until the end.
$ENV{ASAN_OPTIONS} //= 'detect_leaks=0';

my $top = abs_path(dirname(__FILE__) . '/../../..');

# In place of httpd: notes how it was called, says SAY on standard error, writes
# the file DUMP to where it is wanted, and exits with the number in EXIT.
my $fake = <<'SH';
#!/bin/sh
cd "$(dirname "$0")" || exit 99
printf '%s\n' "$@" >ARGUMENTS
tr '\0' '\n' </proc/$$/environ >ENVIRONMENT
for fd in /proc/$$/fd/*; do test -e "$fd" && echo "${fd##*/}"; done >DESCRIPTORS
cat SAY >&2
case $PWRESET_DUMP_FD in
    [3-9]) eval "cat DUMP >&$PWRESET_DUMP_FD" ;;
esac
exit "$(cat EXIT)"
SH

sub program {
    return ($ENV{PWR_BUILD} || "$top/build") . '/pwresetctl';
}

sub new {
    my ($class) = @_;
    my $self = bless {dir => tempdir('pwresetctl-XXXXXX', TMPDIR => 1, CLEANUP => 1)}, $class;
    $self->write(httpd => $fake);
    chmod 0755, $self->httpd or die "chmod: $!";
    return $self->plays;
}

sub dir   { return $_[0]{dir} }
sub httpd { return "$_[0]{dir}/httpd" }

sub write {
    my ($self, $name, $text) = @_;
    open my $out, '>', "$self->{dir}/$name" or die "$name: $!";
    print {$out} $text;
    close $out or die "$name: $!";
    return $self;
}

sub read {
    my ($self, $name) = @_;
    open my $in, '<', "$self->{dir}/$name" or die "$name: $!";
    local $/ = undef;
    return <$in> // '';
}

# What httpd will say: dump => JSON text, say => text, exit => number.
sub plays {
    my ($self, %play) = @_;
    $self->write(DUMP => $play{dump} // '')->write(SAY => $play{say} // '');
    return $self->write(EXIT => $play{exit} // 0);
}

# A site's part of the dump; what is given takes the place of what is here.
sub vhost {
    my ($self, %given) = @_;
    my %directives = (PwReset => [['On']], PwResetPublicURL => [['https://www.example.org']],
        PwResetMailFrom => [['no-reply@example.org']], PwResetSiteName => [['Example Library']],
        %{delete $given{directives} || {}});
    return {server => 'www.example.org', port => 443, file => '/etc/httpd/site.conf', line => 12,
        realm => 'www.example.org/account', driver => 'sqlite3', params => "$self->{dir}/site.db",
        directives => \%directives, %given};
}

# One on this database; directives begin with a capital.
sub vhost_on {
    my ($self, $db, %given) = @_;
    my %directives = map { ($_ => delete $given{$_}) } grep { /^[A-Z]/ } keys %given;
    return $self->vhost(driver => $db->driver, params => $db->params, %given, directives => \%directives);
}

sub vhosts {
    my ($self, @vhosts) = @_;
    return $self->plays(dump => JSON::PP->new->canonical->encode({version => '0.1.0', vhosts => \@vhosts}));
}

# (exit status, or "signal N"; standard output; standard error)
sub run {
    my ($self, $input, @arguments) = @_;
    $self->write(IN => $input // '');
    local $ENV{HTTPD} = $ENV{HTTPD} // $self->httpd;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN,  '<', "$self->{dir}/IN"  or die;
        open STDOUT, '>', "$self->{dir}/OUT" or die;
        open STDERR, '>', "$self->{dir}/ERR" or die;
        exec {program()} 'pwresetctl', @arguments or exit 127;
    }
    waitpid $pid, 0;
    return (_status(), $self->read('OUT'), $self->read('ERR'));
}

# One test: the exit status, and what is said (by default nothing) where.
# Returns standard output and standard error.
sub runs_ok {
    my ($self, $name, $want, $input, @arguments) = @_;
    my ($status, $out, $err) = $self->run($input, @arguments);
    my $nothing = qr/\A\z/;
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    Test::More::ok($status eq $want->{status} && $out =~ ($want->{out} // $nothing)
            && $err =~ ($want->{err} // $nothing), $name)
        or Test::More::diag("exit status $status\n", substr "$out$err", -1000);
    return ($out, $err);
}

# Of the process that waitpid found.
sub _status {
    return $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
}

# Both ends of a new terminal.
sub _terminal {
    sysopen my $ours, '/dev/ptmx', O_RDWR | O_NOCTTY or die "/dev/ptmx: $!";
    my ($unlocked, $number) = (pack('i', 0), pack('I', 0));
    ioctl $ours, TIOCSPTLCK, $unlocked or die "TIOCSPTLCK: $!";
    ioctl $ours, TIOCGPTN, $number or die "TIOCGPTN: $!";
    sysopen my $theirs, '/dev/pts/' . unpack('I', $number), O_RDWR | O_NOCTTY or die "/dev/pts: $!";
    return ($ours, $theirs);
}

# Run at a terminal and type one of `$lines` after each prompt.
# (exit status, what the screen showed, does the terminal echo afterwards?)
sub run_at_terminal {
    my ($self, $lines, @arguments) = @_;
    my ($ours, $theirs) = _terminal();
    my ($screen, @left) = ('', @$lines);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        POSIX::setsid();
        my $steal = 0;
        ioctl $theirs, TIOCSCTTY, $steal or die "TIOCSCTTY: $!";
        open STDIN,  '<&', $theirs or die;
        open STDOUT, '>&', $theirs or die;
        open STDERR, '>&', $theirs or die;
        exec {program()} 'pwresetctl', @arguments or exit 127;
    }
    my ($ready, $done) = (IO::Select->new($ours), '');
    my $until = time + ANSWER_SEC;
    while (time < $until && !($done = waitpid $pid, POSIX::WNOHANG)) {
        $ready->can_read(0.05) or next;
        sysread $ours, $screen, 4096, length $screen or last;
        syswrite $ours, shift @left if @left && $screen =~ /: \z/;
    }
    if (!$done) {
        kill KILL => $pid;
        waitpid $pid, 0;
    }
    my $status = _status();
    sysread $ours, $screen, 4096, length $screen if $ready->can_read(0);
    my $termios = POSIX::Termios->new;
    $termios->getattr(fileno $theirs);
    return ($status, $screen, $termios->getlflag & POSIX::ECHO() ? 1 : 0);
}

1;
