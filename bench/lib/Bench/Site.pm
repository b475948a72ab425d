# SPDX-License-Identifier: Apache-2.0
# A site to be measured: httpd with Debian's values for the event MPM, a database
# of its own, many users, and beside our pages what bounds them.
#
#   my $site = Bench::Site->new('mysql', $say, users => 40_000, strings => 40_000, sessions => 40_000,
#       conf => 'PwResetSessionCache 0', global => 'PwResetHashGate 2 64', pool => '4G');
#   $site->httpd; $site->walk; $site->n('users');
#   $site->url('/account/forgot');
#   $site->cookie(7);               # of session 7, as a browser sends it
#   $site->hold_mails; $site->free_mails;       # the mail programs do not end
#   $site->empty;                   # no jobs are left, on either side
#   $site->rest;                    # until nobody waits for an answer
#   my $before = $site->cpu; ... $site->cpu($before);   # {httpd, database} seconds
#   $site->mark; $site->statuses;   # {200 => 17} since then
#   $site->done;                    # judges the error log (Test::More)
package Bench::Site;
use strict;
use warnings;
use Bench::State;
use File::Copy qw(copy);
use POSIX ();
use PWR::Client;
use PWR::Database;
use PWR::Walk;
use Time::HiRes qw(sleep time);

use constant {CHILDREN => 6, THREADS => 25, PAGE_BYTES => 3000, WAIT_SEC => 20, POLL_SEC => 0.02,
    TICKS => POSIX::sysconf(POSIX::_SC_CLK_TCK())};

# A small server that keeps what it has promised.
my @server = qw(--innodb-log-file-size=128M --innodb-flush-log-at-trx-commit=1);

# The limits count, and nobody meets them: from one address come thousands a
# second for minutes.
my @limits = map { "PwResetLimit $_ 1000/1s 1000000" } qw(forgot-client forgot-site reset-client login-client
    login-account change-account);

my $conf = join "\n", 'PwResetRealm ' . REALM, 'PwResetSendmail "${ROOT}/sink" "${ROOT}/hold"', 'PwResetMailTimeout 1h',
    @limits, 'PwResetLimit forgot-account 1000000/1h', 'CustomLog "${ROOT}/logs/status.log" "%>s"', <<'CONF';
<Location "/inside">
    AuthType PwReset
    Require valid-user
</Location>
<Location "/bench">
    SetHandler bench
</Location>
CONF

# Who asks it is not among those whose answers are counted.
my $status = <<'CONF';
Listen 127.0.0.1:${PORT2}
<VirtualHost 127.0.0.1:${PORT2}>
    DocumentRoot "${ROOT}/htdocs"
    SetHandler server-status
    CustomLog /dev/null combined
</VirtualHost>
CONF

# What happens when a crowd is more than MaxRequestWorkers, and its connections
# are cut; and when a process ends whose mail programs are held.
my @expected = qw(AH00045 AH00161 AH00484 AH00485 AH03490 AH10159 PWR0012 PWR0304);

my $job = 'id, kind, realm, identifier, identify_by, language, address, agent, created, due';
my %statements = (
    bench_token => 'SELECT realm, user_id, login, language, job, stamp, created, expires, spent_at, spent_by, why'
        . " FROM pwreset_token WHERE realm = '@{[REALM]}' AND digest = %s",
    bench_session => 'SELECT realm, user_id, login, created, seen, expires, stamp, address, agent'
        . " FROM pwreset_session WHERE realm = '@{[REALM]}' AND digest = %s",
    bench_user => 'SELECT id, login, email, password, language, name, changed_at FROM pwreset_user WHERE id = %s',
    bench_password => 'UPDATE bench_user SET changed_at = changed_at + 1 WHERE id = %s',
    bench_job => "INSERT INTO bench_job ($job) VALUES (%s, 'recover', '@{[REALM]}', 'somebody\@example.org', 1, 'en',"
        . " '127.0.0.1', NULL, 1700000000, 1700000000)",
);

sub _build { return $ENV{PWR_BUILD} // die "PWR_BUILD is not set\n" }

sub _global {
    my $module = _build() . '/bench/.libs/mod_bench.so';
    -e $module or die "$module is not there (make bench-programs)\n";
    return join "\n", 'StartServers 2', 'MaxRequestWorkers 150', 'MinSpareThreads 25', 'MaxSpareThreads 75',
        'LogLevel pwreset:notice', 'DBDKeep 8', 'DBDMax 8', qq(LoadModule bench_module "$module"),
        map { qq(DBDPrepareSQL "$statements{$_}" $_) } sort keys %statements;
}

sub new {
    my ($class, $kind, $say, %option) = @_;
    my ($more, $global) = map { delete $option{$_} // '' } qw(conf global);
    my $pool = '--innodb-buffer-pool-size=' . (delete $option{pool} // '256M');
    my $db = PWR::Database->new($kind, $kind eq 'mysql' ? (@server, $pool) : ());
    my $self = bless {n => \%option, conf => "$conf$more\n"}, $class;
    $self->{walk} = PWR::Walk->new($kind, db => $db, start => 0, children => CHILDREN, threads => THREADS,
        modules => [qw(status headers)], ports => 1,
        global => _global() . "\n$global\n$status", conf => $self->{conf});
    $self->{walk}->make_schema('--prefix', 'bench_');
    Bench::State::fill($db->dbh, $say, %option);
    $self->{walk}->sql('INSERT INTO bench_user SELECT * FROM pwreset_user');
    $self->_put_files;
    $self->httpd->allow_log(@expected);
    $self->httpd->start;
    $self->_learn;
    return $self;
}

sub walk { return $_[0]{walk} }
sub httpd { return $_[0]{walk}->httpd }
sub n { return $_[0]{n}{$_[1]} }
sub url { return $_[0]->httpd->url . $_[1] }

sub _put_files {
    my $self = shift;
    my $httpd = $self->httpd;
    my $page = substr "<title>A page</title>\n" . "<p>Words of a page that somebody reads.\n" x PAGE_BYTES, 0, PAGE_BYTES;
    for my $folder (qw(inside outside behind limit)) {
        mkdir $httpd->root . "/htdocs/$folder" or die "$folder: $!\n";
        $httpd->write("htdocs/$folder/page.html", $page);
    }
    copy(_build() . '/bench/sink', $httpd->root . '/sink') or die "sink: $!\n";
    chmod 0755, $httpd->root . '/sink';
    return;
}

# What our pages look like from outside, as files with the same headers (a file
# has an ETag of its own); and how the session's cookie is called.
sub _learn {
    my $self = shift;
    my ($walk, $httpd) = ($self->walk, $self->httpd);
    my @lines = ('<Location "/limit">', 'ForceType "text/html; charset=utf-8"');
    for my $name (qw(forgot login reset)) {
        my $r = $walk->client->get("/account/$name");
        $r->status == 200 or die "/account/$name: " . $r->status . "\n";
        $httpd->write("htdocs/limit/$name.html", $r->body);
        next if @lines > 2;
        push @lines, map { my ($field, $value) = @$_; qq(Header set $field "$value") }
            grep { $_->[0] !~ /^(?:Date|Server|Connection|Keep-Alive|Content-Length|Content-Type|ETag)$/i } @{$r->all_headers};
    }
    $self->{cookie} = $walk->cookie_name($walk->signed_in(login(1), PASSWORD));
    $httpd->reconf(conf => join "\n", $self->{conf}, @lines, '</Location>')->restart;
    return;
}

sub cookie { return "$_[0]{cookie}=" . secret($_[1]) }

# How long the body of such an answer is.
sub bytes {
    my ($self, $method, $path, $form) = @_;
    my $client = $self->walk->client;
    return length(($method eq 'GET' ? $client->get($path) : $client->post($path, $form))->body);
}

# --- the worker -----------------------------------------------------------------

# All slots are taken by mail programs that do not end, so the worker has
# nothing to do but to look at what waits.
sub hold_mails {
    my $self = shift;
    my $walk = $self->walk;
    return if $self->{is_held};
    Bench::State::forget($walk->db->dbh);
    $self->httpd->write('hold', '');
    $self->{is_held} = 1;
    $walk->client->post('/account/forgot', [email => login($_) . '@example.org']) for 1 .. 8;
    my $until = time + WAIT_SEC;
    while ($walk->value('SELECT COUNT(*) FROM pwreset_job WHERE lease_until > 0') < 4) {
        die "the worker does not begin\n" if time > $until;
        sleep POLL_SEC;
    }
    return;
}

sub free_mails {
    my $self = shift;
    return if !delete $self->{is_held};
    unlink $self->httpd->root . '/hold';
    $self->walk->sql('DELETE FROM pwreset_job WHERE lease_until = 0');
    $self->walk->settle;
    return;
}

sub empty {
    my $self = shift;
    $self->walk->sql('DELETE FROM bench_job');
    $self->walk->sql('DELETE FROM pwreset_job' . ($self->{is_held} ? ' WHERE lease_until = 0' : ''));
    return;
}

# --- what it takes --------------------------------------------------------------

# With its children that have ended.
sub _seconds {
    my $pid = shift;
    open my $in, '<', "/proc/$pid/stat" or return 0;
    my @fields = split ' ', (<$in> // '') =~ s/.*\) //r;
    my $sum = 0;
    $sum += $_ for @fields[11 .. 14];
    return $sum / TICKS;
}

sub cpu {
    my ($self, $before) = @_;
    my $httpd = $self->httpd;
    my $database = $self->walk->db->pid;
    my %cpu = (httpd => 0, database => $database ? _seconds($database) : 0);
    $cpu{httpd} += _seconds($_) for $httpd->pid, $httpd->children;
    $cpu{$_} -= $before->{$_} for keys %{$before // {}};
    return \%cpu;
}

# wrk goes when its time is over; what it had asked for is done all the same.
sub rest {
    my $self = shift;
    my $client = PWR::Client->new(url => 'http://127.0.0.1:' . $self->httpd->port(2));
    my $until = time + WAIT_SEC;
    while (1) {
        my ($busy) = $client->get('/?auto')->body =~ /^BusyWorkers: (\d+)/m;
        defined $busy or die "mod_status does not answer\n";
        return if $busy <= 1 || time > $until;
        sleep POLL_SEC;
    }
}

sub _log { return $_[0]->httpd->root . '/logs/status.log' }
sub mark { $_[0]{mark} = -s $_[0]->_log // 0; return }

sub statuses {
    my $self = shift;
    open my $in, '<', $self->_log or return {};
    seek $in, $self->{mark}, 0;
    my %n;
    while (my $line = <$in>) {
        $n{substr $line, 0, 3}++;
    }
    return \%n;
}

sub done {
    my $self = shift;
    $self->free_mails;
    $self->empty;
    $self->httpd->done;
    return;
}

1;
