# SPDX-License-Identifier: Apache-2.0
# The ways in which a case of Bench::Case is measured.
#
#   my $how = Bench::How->new(kind => 'mysql', rounds => 5, seconds => 5, tell => sub { ... });
#   my @rounds = $how->measure($case);      # {own => {rate => 1, ...}, limit => {...}}, ...
#   $how->done;                             # stops what runs, judges the logs
#
# A round is what is measured and its limit, one right after the other; which of
# them comes first changes from round to round.
package Bench::How;
use strict;
use warnings;
use Bench::Load;
use Bench::Loop;
use Bench::Machine;
use Bench::Site;
use Bench::State;
use List::Util qw(max pairs sum);
use PWR::Httpd;
use PWR::Load qw(percentile);
use Time::HiRes qw(sleep time);

use constant {CLIENTS => 16, WARM_SEC => 1, MSEC => 1e3, KB_OF_MB => 1024, SETTLE_SEC => 1, MAILS_SEC => 3,
    MAILS_WAIT_SEC => 120, POLL_SEC => 0.05, USEC => 1e6, MAILS => 500, MIX_EACH => 50, FLOOD_HEAD_SEC => 1, SAMPLES => 200,
    IDLE_SEC => 3, NEVER => 1 << 40};

sub new {
    my ($class, %option) = @_;
    return bless {sites => {}, %option}, $class;
}

sub measure {
    my ($self, $case) = @_;
    my $way = $self->can("_$case->{how}") or die "there is no way $case->{how}\n";
    return $self->$way($case);
}

sub done {
    my $self = shift;
    $_->done for values %{delete $self->{sites}};
    return;
}

# --- what there is --------------------------------------------------------------

# Who is turned away at the gate would come again at once, and be counted with
# the time that it takes to turn him away.
my %sizes = (
    usual => {},
    roomy => {global => 'PwResetHashGate ' . Bench::Loop::processors() . ' 200'},
    small => {pool => '4G', users => 1000, strings => 2000, sessions => 1000, conf => 'PwResetSessionCache 0'},
    large => {pool => '4G', users => 1e7, strings => 1e6, sessions => 1e6, conf => 'PwResetSessionCache 0'},
    'quick large' => {pool => '4G', users => 1e5, strings => 1e4, sessions => 1e4, conf => 'PwResetSessionCache 0'},
);

sub _site {
    my ($self, $size) = @_;
    my %n = map { $_ => $self->{people} } qw(users strings sessions);
    return $self->{sites}{$size} //= Bench::Site->new($self->{kind}, sub { $self->{tell}->("making $_[0]") }, %n,
        %{$sizes{$size}});
}

# Something with run(): a load of the site, or a loop.
sub _load {
    my ($self, $site, $name, @words) = @_;
    return $self->{loads}{join ' ', $site, $name, @words} //= Bench::Loop::knows($name)
        ? Bench::Loop->new($site, $name, @words) : Bench::Load->new($site, $name, @words);
}

# Call `$take->($side)` for both sides, in another order each time.
sub _rounds {
    my ($self, $rounds, $take) = @_;
    my @rounds;
    for my $n (1 .. $rounds) {
        my %round;
        for my $side ($n % 2 ? qw(limit own) : qw(own limit)) {
            $self->{tell}->("round $n of $rounds: $side");
            $round{$side} = $take->($side);
        }
        push @rounds, \%round;
    }
    return @rounds;
}

# What comes one after the other takes the times together.
sub _one_after_the_other {
    my @runs = @_;
    return $runs[0] if @runs == 1;
    my %cpu;
    for my $run (@runs) {
        $cpu{$_} += $run->{cpu}{$_} for keys %{$run->{cpu}};
    }
    return {rate => 1 / sum(map { 1 / ($_->{rate} || 1e-9) } @runs), cpu => \%cpu, others => max(map { $_->{others} } @runs),
        map { my $name = $_; ($name => {map { %{$_->{$name} // {}} } @runs}) } 'other_statuses'};
}

# --- rates ----------------------------------------------------------------------

sub _rate {
    my ($self, $case) = @_;
    my $site = $self->_site($case->{site} // 'usual');
    my %loads = (own => [$self->_load($site, @{$case->{own}})], limit => [map { $self->_load($site, @$_) } @{$case->{limit}}]);
    my %option = (clients => $case->{clients} // CLIENTS, most => ($case->{most} // 1) * $self->{processors});
    my $take = sub {
        my ($side, $seconds) = @_;
        $site->empty;
        $seconds //= ($case->{times} // 1) * $self->{seconds};
        return _one_after_the_other(map { $_->run(%option, seconds => $seconds) } @{$loads{$side}});
    };
    $case->{hold} ? $site->hold_mails : $site->free_mails;
    $self->{tell}->('warming up');
    $take->($_, WARM_SEC) for qw(limit own);
    my @rounds = $self->_rounds($self->{rounds}, $take);
    $site->free_mails;
    return @rounds;
}

# A request's processor time at a large site and at a small one.
sub _scale {
    my ($self, $case) = @_;
    my %site = (own => $self->_site($self->{is_quick} ? 'quick large' : 'large'), limit => $self->_site('small'));
    my %load = map { $_ => $self->_load($site{$_}, @{$case->{own}}) } keys %site;
    my $take = sub {
        my ($side, $seconds) = @_;
        $site{$side}->hold_mails;
        $site{$side}->empty;
        my $run = $load{$side}->run(clients => CLIENTS, seconds => $seconds // $self->{seconds});
        return {%$run, cost => sum(values %{$run->{cpu}})};
    };
    $self->{tell}->('warming up');
    $take->($_, $self->{seconds}) for qw(limit own);
    return $self->_rounds($self->{rounds}, $take);
}

# --- others, while a crowd floods -------------------------------------------------

sub _flood {
    my ($self, $case) = @_;
    my $site = $self->_site('usual');
    my $load = PWR::Load->new($site->httpd);
    my $get = $load->script('GET /account/forgot');
    my %crowd = (limit => $load->script(['GET /outside/page.html', {Connection => 'close'}]),
        own => $load->script(['POST /account/login', login => 'nobody', password => PASSWORD]));
    return $self->_rounds($self->{rounds}, sub {
        my $side = shift;
        my $flood = $load->flood($case->{clients}, MSEC * ($self->{seconds} + 2 * FLOOD_HEAD_SEC), $crowd{$side});
        sleep FLOOD_HEAD_SEC;
        my $until = time + $self->{seconds};
        my (@times, %status);
        while (time < $until) {
            push @times, map { @$_ } $load->visit(SAMPLES / 2, $get, $get);
            $status{$_} = 1 for split ' ', $load->statuses;
        }
        my %crowd = map { ("crowd $_->[0]" => $_->[1]) } pairs(%{$flood->()});
        # Who gave up still sits there for a while.
        sleep SETTLE_SEC;
        return {p50 => percentile(0.5, @times) / MSEC, p99 => percentile(0.99, @times) / MSEC,
            other_statuses => {%crowd, map { $_ => 1 } grep { $_ ne '200' } keys %status}};
    });
}

# --- httpd itself -----------------------------------------------------------------

# From the first process on, which httpd is configured in, to an answer.
sub _start_ms {
    my ($httpd, $path) = @_;
    $httpd->stop;
    my $begin = time;
    $httpd->start;
    my $status = $httpd->client->get($path)->status;
    die "$path: $status\n" if $status != 200;
    return MSEC * (time - $begin);
}

sub _start {
    my ($self) = @_;
    my $site = $self->_site('usual');
    my %httpd = (own => $site->httpd, limit => PWR::Httpd->new(module => 0, children => 6, threads => 25,
        global => "StartServers 2\nMaxRequestWorkers 150\nMinSpareThreads 25\nMaxSpareThreads 75"));
    my %path = (own => '/account/forgot', limit => '/');
    $_->reconf(poll_sec => 0.001) for values %httpd;
    my @rounds = $self->_rounds(2 * $self->{rounds}, sub { return {ms => _start_ms($httpd{$_[0]}, $path{$_[0]})} });
    $httpd{limit}->done;
    return @rounds;
}

sub _pss_mb {
    my $httpd = shift;
    my $kb = 0;
    for my $pid ($httpd->pid, $httpd->children) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or die "smaps_rollup of $pid: $!\n";
        $kb += /^Pss:\s+(\d+) kB/ ? $1 : 0 for <$in>;
    }
    return $kb / KB_OF_MB;
}

# As it starts, and after a million requests (--quick: fewer) of all kinds.
sub _memory {
    my ($self) = @_;
    my $site = $self->_site('usual');
    my $httpd = $site->httpd;
    $site->hold_mails;
    $httpd->stop;
    $httpd->start;
    sleep IDLE_SEC;
    my %mb = (idle => _pss_mb($httpd));
    my @loads = map { $self->_load($site, @$_) } ['page', 'forgot'], ['page', 'login'], ['cached'], ['uncached'], ['string'],
        ['ask'], ['outside'];
    my ($n, $most) = (0, $self->{is_quick} ? 20_000 : 1_000_000);
    while ($n < $most) {
        for my $load (@loads) {
            $self->{tell}->("$n of $most requests");
            $n += $self->{seconds} * $load->run(clients => CLIENTS, seconds => $self->{seconds})->{rate};
            $site->empty;
        }
    }
    sleep IDLE_SEC;
    $mb{after} = _pss_mb($httpd);
    return {own => \%mb};
}

# --- mails ------------------------------------------------------------------------

sub _put_jobs {
    my ($site, $n) = @_;
    my $dbh = $site->walk->db->dbh;
    Bench::State::forget($dbh);
    $dbh->begin_work;
    my $put = $dbh->prepare('INSERT INTO pwreset_job (id, kind, realm, identifier, identify_by, language, address, agent,'
        . ' created, due) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)');
    for my $i (1 .. $n) {
        $put->execute(id((1 << 60) + $i), 'recover', REALM, login($i) . '@example.org', 'en',
            sprintf('10.%d.%d.1', $i >> 8, $i & 255), 'Mozilla/5.0', int time, NEVER);
    }
    $dbh->commit;
    return;
}

# From the moment they are due until none is left.
sub _do_jobs {
    my ($site, $n) = @_;
    my $walk = $site->walk;
    _put_jobs($site, $n);
    my $before = $site->cpu;
    my ($begin, $left) = (time, $n);
    $walk->sql('UPDATE pwreset_job SET due = ?', int $begin);
    $walk->client->post('/account/forgot', [email => 'nobody@example.org']);
    while (($left = $walk->value('SELECT COUNT(*) FROM pwreset_job')) && time < $begin + MAILS_WAIT_SEC) {
        sleep POLL_SEC;
    }
    my $seconds = time - $begin;
    die "$left mails are not out after @{[MAILS_WAIT_SEC]} s\n" if $left;
    my $minted = $walk->value("SELECT COUNT(*) FROM pwreset_token WHERE created >= ? AND purpose = 'recover'", int $begin);
    die "of $n jobs $minted became mails\n" if $minted < $n;
    my $cpu = $site->cpu($before);
    return {rate => $n / $seconds, cpu => {map { $_ => $cpu->{$_} * USEC / $n } keys %$cpu}};
}

sub _mails {
    my ($self, $case) = @_;
    my $site = $self->_site('usual');
    my $spawn = $self->_load($site, @{$case->{limit}[0]});
    $site->free_mails;
    $self->{tell}->('warming up');
    my $n = max(20, int(MAILS_SEC * _do_jobs($site, 100)->{rate}));
    return $self->_rounds($self->{rounds}, sub {
        return $_[0] eq 'own' ? _do_jobs($site, $n) : $spawn->run(seconds => $self->{seconds});
    });
}

# --- all of it at once ------------------------------------------------------------

# Processor seconds of a request of each load, alone; with the mail that comes
# of it.
sub _costs {
    my ($self, $site, %load) = @_;
    my %cost;
    $site->hold_mails;
    for my $name (sort keys %load) {
        $self->{tell}->("$name alone");
        $cost{$name} = sum(values %{$load{$name}->run(clients => CLIENTS, seconds => $self->{seconds})->{cpu}}) / USEC;
    }
    $site->free_mails;
    $cost{recover} += sum(values %{_do_jobs($site, MAILS)->{cpu}}) / USEC;
    return %cost;
}

# So many of each a second, which `reached` tells, take turns.
sub _mix {
    my ($self, $case) = @_;
    my $site = $self->_site('usual');
    my %rate = %{$case->{mix}};
    my %load = map { $_ => $self->_load($site, split /-/) } keys %rate;
    my %cost = $self->_costs($site, %load);
    my $seconds = $self->{seconds} * $case->{times};
    return map {
        $self->{tell}->("round $_ of $self->{rounds}");
        Bench::State::forget($site->walk->db->dbh);
        $site->mark;
        my ($machine, $before) = (Bench::Machine::look(), $site->cpu);
        my %said = map {
            $_ => $load{$_}->begin(clients => max(CLIENTS, $rate{$_} / MIX_EACH), seconds => $seconds, rate => $rate{$_})
        } keys %load;
        my %n = map { $_ => $load{$_}->finish($said{$_})->{requests} } keys %said;
        $site->walk->settle;
        my $cpu = sum(values %{$site->cpu($before)});
        my $others = Bench::Machine::others($machine, $cpu);
        my %status = %{$site->statuses};
        delete @status{200, 303};
        {own => {busy => $cpu / $seconds, reached => sum(values %n) / $seconds / sum(values %rate), others => $others,
            other_statuses => \%status}, limit => {busy => sum(map { $n{$_} * $cost{$_} } keys %n) / $seconds}};
    } 1 .. $self->{rounds};
}

# --- time as a witness --------------------------------------------------------------

# The test does it, with its controls; what it noted is read.
sub _timing {
    my ($self) = @_;
    local $ENV{PWR_TIMING_N} = $self->{is_quick} ? 100 : 10_000;
    local $ENV{PWR_TIMING_DB} = $self->{kind};
    my %t = (own => undef, limit => undef);
    $self->{tell}->("t/90-long/timing.t, $ENV{PWR_TIMING_N} pairs");
    open my $said, '-|', $^X, "-I$self->{top}/t/lib", "$self->{top}/t/90-long/timing.t" or die "timing.t: $!\n";
    while (my $line = <$said>) {
        my ($control, $t) = $line =~ /^# figure: (control)?.*, t = (-?[\d.]+)$/ or next;
        $self->{tell}->($line =~ s/^# figure: |\s+\z//gr);
        $t{own} = max($t{own} // 0, abs $t) if !$control;
        $t{limit} = abs $t if $control && (!defined $t{limit} || abs $t < $t{limit});
    }
    close $said or die "timing.t: exit status $?\n";
    defined $t{own} && defined $t{limit} or die "timing.t told no figures\n";
    return {own => {t => $t{own}}, limit => {t => $t{limit}}};
}

1;
