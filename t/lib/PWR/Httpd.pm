# SPDX-License-Identifier: Apache-2.0
# A real httpd with the module in it, in a temporary folder, on a free port.
#
#   my $httpd = PWR::Httpd->new(
#       mpm => 'worker',                # default: PWR_MPM, else event
#       database => $db,                # a PWR::Database; without: no DBDriver
#       conf => 'PwResetLogin Off',     # inside the demo vhost, last
#       global => '...',                # outside of it
#       modules => [qw(rewrite proxy proxy_http cache cache_socache ssl http2
#                      cgi status info include)],
#       tls => $tls,                    # a PWR::TLS: the vhost speaks https
#       ports => 1,                     # more ports, for `global` to Listen on
#       children => 2, threads => 8,
#       stop_sec => 10,                 # then stop() kills, which fails
#       poll_sec => 0.02,               # how often start() looks whether it serves
#       limits => 1,                    # PwResetLimit as by default; else None
#       module => 0);                   # without mod_pwreset, or another file of it
#   $httpd->start;                      # dies with the error log
#   $httpd->graceful; $httpd->stop; $httpd->done;
#   $httpd->crash;                      # all of it is killed; start() again
#
# In conf and global stand ${PORT}, ${PORT2}..., ${ROOT} (the server root, with
# htdocs/), ${MAILDIR}, ${SENDMAIL} (fake-sendmail), ${URL}, ${LIBEXECDIR}.
# The vhost has /portal/ protected (X-User tells who got in), and `PwReset On`
# unless database is missing.
#
#   my $mark = $httpd->log_mark;
#   $httpd->log_since($mark);           # lines of the error log
#   $httpd->wait_log(qr/PWR0304/, $mark);
#   $httpd->expect_log('PWR0304', 'AH01630');   # these come, and may come
#   $httpd->allow_log('AH00052');               # these may come
#
# done() stops httpd and is two tests: it stopped by itself, and the error log
# holds nothing above `notice`, no crash, and nothing that is no log line (a
# sanitizer's report, say), but for what was declared; what was expected must
# have come.  A test file that forgets done() fails.
package PWR::Httpd;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use POSIX qw(WNOHANG setsid);
use PWR::Client;
use PWR::HttpdConf;
use PWR::HttpdLog;
use PWR::Mailbox;
use PWR::Port;
use Scalar::Util qw(weaken);
use Test::More;
use Time::HiRes qw(sleep time);

use constant {START_SEC => 10, STOP_SEC => 10, ASAN_FACTOR => 4, POLL_SEC => 0.02,
    TCP_LISTEN => '0A', TCP_CLOSE_WAIT => '08'};

my $top = abs_path(dirname(__FILE__) . '/../../..');
my @live;

# The last line of a generation's start ("Command line").
my $up = qr/AH00094/;

# An interrupted test stops its servers: END runs.  (PIPE: `test.t | head`.)
$SIG{$_} ||= sub { exit 1 } for qw(INT TERM HUP PIPE);

# A killed one cannot: the kernel tells httpd, where we know how to ask it to.
my %prctl = (x86_64 => 157, aarch64 => 167, riscv64 => 167, i686 => 172, armv7l => 172);
use constant PR_SET_PDEATHSIG => 1;

sub new {
    my ($class, %option) = @_;
    my $self = bless {
        mpm => $ENV{PWR_MPM} || 'event', conf => '', global => '', modules => [], children => 2,
        threads => undef, module => 1, ports => 0, stop_sec => STOP_SEC, poll_sec => POLL_SEC, %option, owner => $$,
        done => 1,      # until it is started
        root => tempdir('pwr-httpd-XXXXXX', TMPDIR => 1, CLEANUP => 1),
    }, $class;
    $self->{port_list} = [map { PWR::Port->new } 0 .. $self->{ports}];
    $self->{log} = PWR::HttpdLog->new("$self->{root}/logs/error.log");
    # Its few processes are all at work soon; and its advice against many children on
    # SQLite, which PWR::HttpdConf makes of threads.
    $self->allow_log('AH00161', $self->{threads} ? 'PWR0012' : ()) if $self->{mpm} eq 'prefork';
    $self->{account} = $> == 0 ? account() : undef;
    $self->_make_folders;
    $self->_share_database if $self->{database} && $self->{account};
    $self->reconf;
    push @live, $self;
    weaken($live[-1]);
    return $self;
}

# --- where things are ----------------------------------------------------------

sub port { return $_[0]{port_list}[($_[1] // 1) - 1]->number }
sub root { return $_[0]{root} }
sub maildir { return "$_[0]{root}/mail" }
sub pid { return $_[0]{pid} }
sub mpm { return $_[0]{mpm} }
sub has_http2 { return $_[0]{mpm} ne 'prefork' }
sub scheme { return $_[0]{tls} ? 'https' : 'http' }
sub url { return $_[0]->scheme . '://127.0.0.1:' . $_[0]->port }
sub conf_file { return "$_[0]{root}/httpd.conf" }
sub mailbox { return $_[0]{mailbox} //= PWR::Mailbox->new($_[0]->maildir) }

# A mailbox of its own below maildir, where httpd's children may write.
sub mailbox_of {
    my ($self, $name) = @_;
    my $folder = $self->maildir . "/$name";
    if (!-d $folder) {
        mkdir $folder or die "$folder: $!\n";
        chmod 0755, $folder;
        $self->_own($folder);
    }
    return PWR::Mailbox->new($folder);
}

# Who httpd's children are where root starts it: {name, group, uid, gid}.
sub account { return (_unprivileged())[0] }

sub access_log { return PWR::HttpdLog->new("$_[0]{root}/logs/access.log")->lines }

sub client {
    my ($self, %option) = @_;
    return PWR::Client->new(url => $self->url, $self->{tls} ? (ca => $self->{tls}->ca) : (), %option);
}

# Write a file under the server root, readable for httpd's children.
sub write {
    my ($self, $name, $text) = @_;
    my $path = "$self->{root}/$name";
    my $bytes = $text;
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    open my $out, '>:raw', $path or die "$path: $!\n";
    print {$out} $bytes;
    close $out or die "$path: $!\n";
    chmod 0644, $path;
    return $path;
}

# Root starts httpd as it is started in life: the children are somebody else.
sub _unprivileged {
    for my $name (qw(www-data apache daemon nobody)) {
        my ($uid, $gid) = (getpwnam $name)[2, 3];
        return {name => $name, group => scalar getgrgid $gid, uid => $uid, gid => $gid} if $uid;
    }
    die "nobody is there to run httpd's children\n";
}

sub _own {
    my ($self, @paths) = @_;
    my $account = $self->{account} or return;
    chown $account->{uid}, $account->{gid}, @paths or die "chown @paths: $!\n";
    return;
}

sub _make_folders {
    my $self = shift;
    my $root = $self->{root};
    chmod 0755, $root;
    for my $name (qw(htdocs htdocs/portal logs run mail cores)) {
        mkdir "$root/$name" or die "$root/$name: $!\n";
        chmod 0755, "$root/$name";
    }
    $self->_own("$root/mail", "$root/cores");
    # A copy, as others may not be able to enter the source tree.
    copy("$top/t/lib/fake-sendmail", "$root/sendmail") or die "fake-sendmail: $!\n";
    chmod 0755, "$root/sendmail";
    $self->write('htdocs/index.html', "<title>public</title>\n<p>a public page\n");
    $self->write('htdocs/portal/index.html', "<title>portal</title>\n<p>the portal\n");
    return;
}

# SQLite's journals lie beside its file; MariaDB's socket must be reachable.
sub _share_database {
    my $self = shift;
    my $db = $self->{database};
    if ($db->driver eq 'sqlite3') {
        # Never open it where it is: closing it would end the locks of our own
        # handle; then the last httpd process takes the journal away under us,
        # and we read an old one from then on.
        -e $db->params or open my $file, '>>', $db->params or die $db->params . ": $!\n";
        $self->_own($db->dir, glob $db->params . '*');
        return;
    }
    chmod 0755, $db->dir, map { glob "$_/*" } grep { defined } {$db->env}->{MARIADB_HOME};
    chmod 0711, grep { defined } {$db->env}->{MARIADB_HOME};
    return;
}

# --- the program ---------------------------------------------------------------

# Write the configuration, with other options where given.
sub reconf {
    my ($self, %option) = @_;
    $self->{$_} = $option{$_} for keys %option;
    $self->write('httpd.conf', PWR::HttpdConf::text($self, $ENV{PWR_BUILD} || "$top/build"));
    return $self;
}

sub _asan { return $ENV{PWR_ASAN} }

# PWR_PATIENCE says how many times slower than usual httpd is.
sub _patience { return $_[0] * ($ENV{PWR_PATIENCE} || (_asan() ? ASAN_FACTOR : 1)) }

sub _library {
    my $path = qx(gcc -print-file-name=lib$_[0].so);
    $path =~ s{\s+\z}{};
    return $path;
}

# Nothing of our own environment reaches httpd by accident.
sub _env {
    my $self = shift;
    return (
        PATH => '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LANG => 'C', TZ => 'UTC',
        $self->{database} ? $self->{database}->env : (), %{$self->{env} // {}},
        # A crash leaves a core, as without.
        _asan() ? (ASAN_OPTIONS => 'detect_leaks=0:abort_on_error=0:handle_segv=0:handle_sigbus=0:disable_coredump=0',
            UBSAN_OPTIONS => 'print_stacktrace=1', LD_PRELOAD => join ' ', map { _library($_) } qw(asan ubsan)) : (),
    );
}

# For `local %ENV`: pwresetctl finds this httpd, and what it needs.
sub ctl_env {
    my $self = shift;
    return (%ENV, $self->_env, HTTPD => PWR::HttpdConf::program());
}

# Run httpd with these arguments, its output going to a file; returns the pid.
# In a session of its own, as prefork signals its whole process group.
sub _spawn {
    my ($self, $output, @arguments) = @_;
    my @command = (PWR::HttpdConf::program(), '-f', $self->conf_file, @arguments);
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    setsid();
    my $prctl = $prctl{(POSIX::uname())[4]};
    syscall $prctl, PR_SET_PDEATHSIG, POSIX::SIGTERM() if $prctl;
    %ENV = $self->_env;
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $output;
    open STDERR, '>&', \*STDOUT;
    { exec '/bin/sh', '-c', 'ulimit -c unlimited 2>&-; exec "$@"', 'sh', @command; }
    POSIX::_exit(127);
}

# httpd -t, or with other arguments: (exit status, what it said).
sub configtest {
    my ($self, @arguments) = @_;
    my $output = "$self->{root}/logs/configtest";
    unlink $output;
    waitpid $self->_spawn($output, @arguments ? @arguments : '-t'), 0;
    return ($? & 127 ? "signal $?" : $? >> 8, join "\n", PWR::HttpdLog->new($output)->lines);
}

sub start {
    my $self = shift;
    die "it runs already\n" if $self->{pid};
    $self->{done} = 0;
    my $until = time + _patience(START_SEC);
    my $mark = $self->log_mark;
    $self->{pid} = $self->_spawn($self->{log}->file, '-D', 'FOREGROUND');
    until ($self->_answers) {
        if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
            delete $self->{pid};
            $self->_give_up('httpd ended');
        }
        $self->_give_up('httpd does not answer') if time > $until;
        sleep $self->{poll_sec};
    }
    $self->wait_log($up, $mark) // $self->_give_up('httpd did not come up');
    return $self;
}

sub _give_up {
    my ($self, $what) = @_;
    $self->_kill if $self->{pid};
    $self->{done} = 1;
    die "$what:\n", map { "    $_\n" } $self->error_log;
}

# Anything that begins like an answer will do: the vhost may refuse us.
sub _answers {
    my $self = shift;
    my $client = $self->client(timeout => 2);
    my $response = eval { $client->get('/', version => '1.0') };
    return $response && $response->status;
}

# SIGUSR1 or SIGHUP, and wait until only the new generation takes connections.
sub graceful { return $_[0]->_restart('USR1') }
sub restart { return $_[0]->_restart('HUP') }

sub _restart {
    my ($self, $signal) = @_;
    my $mark = $self->log_mark;
    my $until = time + _patience(START_SEC);
    my @old = $self->children;
    kill $signal => $self->{pid} or die "httpd is gone: $!\n";
    my $line = $self->wait_log($up, $mark);
    sleep POLL_SEC while $line && time < $until && grep { $self->_listens($_) } @old;
    $self->{log}->stopping($mark, 1);
    return $self if $line && time < $until;
    die "no new generation:\n", map { "    $_\n" } $self->log_since($mark);
}

# Has this process our socket open?
sub _listens {
    my ($self, $pid) = @_;
    my %inode = map { ("socket:[$_]" => 1) } $self->_sockets(TCP_LISTEN);
    return grep { $inode{readlink $_ // ''} } glob "/proc/$pid/fd/*";
}

# The inodes of our port's sockets in this state.
sub _sockets {
    my ($self, $wanted) = @_;
    my $port = sprintf '%04X', $self->port;
    open my $table, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!\n";
    return map {
        my (undef, $local, undef, $state, $inode) = (split)[0 .. 3, 9];
        $local =~ /:$port$/ && $state eq $wanted ? $inode : ();
    } <$table>;
}

# Wait until the workers have let go of clients that are gone: a crowd leaves
# requests behind, and httpd crashes where it is told to stop at such a moment
# (see _crash_of_httpd; of several children at once one core is left).
sub _wait_for_workers {
    my $self = shift;
    my $until = time + $self->{stop_sec};
    sleep POLL_SEC while time < $until && $self->_sockets(TCP_CLOSE_WAIT);
    return;
}

# Stop; true when it ended by itself and in time, with all of its children.
sub stop {
    my ($self, $signal) = @_;
    my $pid = $self->{pid} or return 1;
    my $until = time + _patience($self->{stop_sec});
    $self->{log}->stopping($self->log_mark);
    kill $signal // 'TERM', $pid;
    while (waitpid($pid, WNOHANG) == 0) {
        return $self->_kill if time > $until;
        sleep POLL_SEC;
    }
    sleep POLL_SEC while $self->_group && time < $until;
    my $left = $self->_group;
    kill KILL => -$pid if $left;
    delete $self->{pid};
    $self->{killed} ||= $left;
    return !$left;
}

sub _kill {
    my $self = shift;
    $self->crash;
    $self->{killed} = 1;
    return 0;
}

# As a host without power: all its processes at once.
sub crash {
    my $self = shift;
    my $until = time + STOP_SEC;
    kill KILL => -$self->{pid};
    waitpid $self->{pid}, 0;
    sleep POLL_SEC while $self->_group && time < $until;
    delete $self->{pid};
    return;
}

# [pid, parent, group, state] of every process.
sub _processes {
    my @found;
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $file or next;
        my ($pid, $state, $parent, $group) = (<$in> // '') =~ /^(\d+) \(.*\) (\S) (\d+) (\d+)/ or next;
        push @found, {pid => $pid, state => $state, parent => $parent, group => $group};
    }
    return @found;
}

sub _group {
    my $self = shift;
    return grep { $_->{group} == $self->{pid} && $_->{state} ne 'Z' } _processes();
}

# The processes that serve.
sub children {
    my $self = shift;
    return sort { $a <=> $b } map { $_->{pid} } grep { $_->{parent} == $self->{pid} && $_->{state} ne 'Z' }
        _processes();
}

# --- the log -------------------------------------------------------------------

sub log { return $_[0]{log} }
sub error_log { return $_[0]{log}->lines }
sub log_mark { return $_[0]{log}->mark }
sub log_since { return $_[0]{log}->lines($_[1]) }
sub expect_log { my ($self, @ids) = @_; $self->{log}->expect(@ids); return $self }
sub allow_log { my ($self, @ids) = @_; $self->{log}->allow(@ids); return $self }

# Wait for a line; returns it, undef when none comes.
sub wait_log {
    my ($self, $pattern, $mark, $seconds) = @_;
    my $until = time + ($seconds // _patience(START_SEC));
    while (1) {
        my ($line) = grep { /$pattern/ } $self->log_since($mark);
        return $line if defined $line || time > $until;
        sleep $self->{poll_sec};
    }
}

# --- the end -------------------------------------------------------------------

sub done {
    my $self = shift;
    $self->_wait_for_workers if $self->{pid};
    $self->stop;
    $self->{done} = 1;
    ok(!$self->{killed}, 'httpd stopped by itself');
    my @problems = $self->_problems;
    ok(!@problems, 'nothing unexpected in the error log');
    diag($_) for @problems;
    return;
}

# What the log complains of; for a child that crashed with where it did, if the
# kernel leaves cores in the folder of who did.
sub _problems {
    my $self = shift;
    my $program = PWR::HttpdConf::program();
    my @traces = map { scalar qx(gdb -batch -ex 'thread apply all bt' '$program' '$_' 2>&1) }
        glob "$self->{root}/cores/core*";
    $self->{log}->excuse(map { _crash_of_httpd($_) } @traces);
    my @problems = $self->{log}->problems;
    return (@problems, @problems ? @traces : ());
}

# The process whose crash is httpd's own: told to stop at once, the main thread
# of event (close_worker_sockets) closes the socket of a worker that is just
# freeing it, in 2.4.71 at least.
sub _crash_of_httpd {
    my $trace = shift;
    return map {
        my ($pid) = /^Thread \d+ \(Thread \w+ \(LWP (\d+)\)/;
        my $text = $_ =~ s/^warning:.*\n//gmr;
        my $innermost = qr/(?:<signal handler called>|\(LWP \d+\)\):)\n/;
        my $frames = qr/$innermost[^\n]*\bapr_(?:os_)?sock[^\n]*\n[^\n]*mod_mpm_event\.so\n.*\bmain \(/s;
        $pid && $text =~ $frames ? $pid : ();
    } split /\n(?=Thread \d+ \()/, $trace;
}

# Nobody called done(): what it would have said must not be lost.
sub _forgotten {
    my $self = shift;
    $self->stop;
    $self->{done} = 1;
    fail('done() of PWR::Httpd was called');
    diag($_) for $self->_problems;
    return;
}

# The variables of a test file are gone before END, but not where a sub has them.
sub DESTROY {
    my $self = shift;
    local ($?, $@);
    $self->_forgotten if $self->{owner} == $$ && !$self->{done};
    return;
}

END {
    my $status = $?;
    $_->_forgotten for grep { $_ && $_->{owner} == $$ && !$_->{done} } @live;
    $? = $status;
}

1;
