# SPDX-License-Identifier: Apache-2.0
# A real Postfix in a temporary folder, on a free port of 127.0.0.1, which
# delivers into mailboxes there and nowhere else.  The machine's own mail
# system knows nothing of it.
#
#   my $postfix = PWR::Postfix->new(qw(ivan olga));     # ...@example.org
#   plan skip_all => $postfix->problem if $postfix->problem;
#   $postfix->start;
#   $postfix->mailbox('ivan');          # a PWR::Maildir
#   $postfix->mailbox('any');           # of all addresses of any.example
#   $postfix->sendmail;                 # the program
#   $postfix->port;                     # here it takes SMTP
#   $postfix->configure('authorized_submit_users = root');
#   $postfix->log;                      # lines
#   $postfix->stop;
#
# As installed, users may write into the queue only by postdrop's set-gid bit.
# Such a program trusts no configuration but /etc/postfix, and no libraries but
# those it was linked for.  So these two paths are replaced in the programs by
# others of the same length.
package PWR::Postfix;
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Socket::IP;
use POSIX qw(WNOHANG);
use PWR::Maildir;
use PWR::Package;
use PWR::Port;
use Time::HiRes qw(sleep time);

# User and group of every Debian, and not httpd's.
use constant {OWNER => 'mail', GROUP => 'news', ANY => 'any', START_SEC => 20, STOP_SEC => 10, POLL_SEC => 0.02};

my @queues = qw(active bounce corrupt defer deferred flush hold incoming private saved trace);

sub new {
    my ($class, @users) = @_;
    my $self = bless {owner => $$, users => [@users]}, $class;
    if ($> != 0) {
        $self->{problem} = 'only root can start Postfix';
        return $self;
    }
    $self->{package} = PWR::Package->new('postfix');
    $self->{problem} = $self->{package}->problem;
    return $self if $self->{problem};
    $self->{folder} = $self->{package}->folder;
    $self->{conf} = tempdir('pwrXXXX', DIR => '/tmp', CLEANUP => 1);
    $self->{smtp} = PWR::Port->new;
    $self->_make_folders;
    $self->_move_programs;
    $self->configure;
    return $self;
}

sub problem { return $_[0]{problem} }
sub port { return $_[0]{smtp}->number }
sub folder { return $_[0]{folder} }
sub sendmail { return "$_[0]{folder}/usr/sbin/sendmail" }
sub queue { return "$_[0]{folder}/queue" }
sub conf_file { return "$_[0]{conf}/main.cf" }
sub mailbox { return $_[0]{box}{$_[1]} //= PWR::Maildir->new("$_[0]{folder}/mail/$_[1]") }

sub log {
    my $self = shift;
    open my $in, '<', "$self->{folder}/log/mail.log" or return;
    return map { chomp; $_ } <$in>;
}

# --- what it is made of ---------------------------------------------------------

sub _make_folders {
    my $self = shift;
    my ($uid, $gid) = (getpwnam OWNER)[2, 3];
    my $group = getgrnam GROUP;
    my %mode = (queue => [0755, 0, 0], 'queue/pid' => [0755, 0, 0], 'queue/public' => [02710, $uid, $group],
        'queue/maildrop' => [01730, $uid, $group], data => [0700, $uid, $gid], log => [0755, $uid, $gid],
        map({ ($_ => [0755, $uid, $gid]) } 'mail', map { "mail/$_" } @{$self->{users}}, ANY),
        map { ("queue/$_" => [0700, $uid, $gid]) } @queues);
    for my $name (sort keys %mode) {
        my ($mode, @owner) = @{$mode{$name}};
        my $path = "$self->{folder}/$name";
        mkdir $path or die "$path: $!\n";
        chown @owner, $path or die "$path: $!\n";
        chmod $mode, $path or die "$path: $!\n";
    }
    chmod 0755, $self->{conf};
    return;
}

sub _slurp {
    my $path = shift;
    open my $in, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

sub _write {
    my ($path, $text) = @_;
    open my $out, '>:raw', $path or die "$path: $!\n";
    print {$out} $text;
    close $out or die "$path: $!\n";
    return;
}

sub _move_programs {
    my $self = shift;
    my ($folder, $conf) = @$self{qw(folder conf)};
    for my $path (glob "'$folder'/usr/sbin/* '$folder'/usr/lib/postfix/*.so '$folder'/usr/lib/postfix/sbin/*") {
        my $program = _slurp($path);
        next if $program !~ /\A\x7FELF/;
        $program =~ s{/etc/postfix(?=[\0/])}{$conf}g;
        $program =~ s{/usr/lib/postfix(?=\0)}{$conf/lib}g;
        _write($path, $program);
    }
    symlink "$folder/usr/lib/postfix", "$conf/lib" or die "$conf/lib: $!\n";
    symlink $_, "$conf/lib/" . s{.*/}{}r for $self->{package}->libraries;
    my $postdrop = "$folder/usr/sbin/postdrop";
    chown 0, scalar getgrnam GROUP, $postdrop or die "$postdrop: $!\n";
    chmod 02755, $postdrop or die "$postdrop: $!\n";
    return;
}

# Write its configuration, with these lines at the end.
sub configure {
    my ($self, @lines) = @_;
    my $conf = $self->{conf};
    _write("$conf/main.cf", join "\n", $self->_main, @lines, '');
    _write("$conf/master.cf", _services($self->port));
    _write("$conf/dynamicmaps.cf", '');
    _write("$conf/mailboxes", join '', map({ "$_\@example.org $_/\n" } @{$self->{users}}),
        '@' . ANY . '.example ' . ANY . "/\n");
    chmod 0644, glob "'$conf'/*.cf '$conf'/mailboxes";
    return;
}

sub _main {
    my $self = shift;
    my ($folder, $conf) = @$self{qw(folder conf)};
    my ($uid, $gid) = (getpwnam OWNER)[2, 3];
    return <<"CONF";
compatibility_level = 3.6
queue_directory = $folder/queue
data_directory = $folder/data
daemon_directory = $folder/usr/lib/postfix/sbin
command_directory = $folder/usr/sbin
shlib_directory = $folder/usr/lib/postfix
meta_directory = $conf
mail_owner = @{[OWNER]}
setgid_group = @{[GROUP]}
maillog_file = $folder/log/mail.log
maillog_file_prefixes = $folder/log
myhostname = mail.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
smtpd_peername_lookup = no
notify_classes =
default_transport = error:no mail leaves the test
relay_transport = error:no mail leaves the test
virtual_mailbox_domains = example.org, @{[ANY]}.example
virtual_mailbox_base = $folder/mail
virtual_mailbox_maps = texthash:$conf/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:$uid
virtual_gid_maps = static:$gid
CONF
}

sub _services {
    my $port = shift;
    return <<"CONF";
127.0.0.1:$port inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
CONF
}

# --- its life ---------------------------------------------------------------------

# master makes a session of its own, and says in the log why it ends.
sub start {
    my $self = shift;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        %ENV = (PATH => '/usr/sbin:/usr/bin:/sbin:/bin', LANG => 'C');
        { exec "$self->{folder}/usr/lib/postfix/sbin/master"; }
        POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $until = time + START_SEC;
    until ($self->_answers) {
        if (waitpid($pid, WNOHANG) == $pid || time > $until) {
            $self->stop;
            die "Postfix does not answer:\n", map { "    $_\n" } $self->log;
        }
        sleep POLL_SEC;
    }
    return $self;
}

sub _answers {
    my $self = shift;
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $self->port, Timeout => 2) or return;
    my $said = <$socket> // '';
    print {$socket} "QUIT\r\n";
    return $said =~ /^220 /;
}

# master takes its daemons along, who are its group.
sub stop {
    my $self = shift;
    my $pid = delete $self->{pid} or return;
    my $until = time + STOP_SEC;
    kill TERM => $pid;
    waitpid $pid, 0;
    sleep POLL_SEC while kill(0 => -$pid) && time < $until;
    kill KILL => -$pid;
    return;
}

sub DESTROY {
    my $self = shift;
    local ($?, $@, $!);
    $self->stop if $self->{owner} == $$;
    return;
}

1;
