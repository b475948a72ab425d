# SPDX-License-Identifier: Apache-2.0
# What is asked of a site, by name: the requests, and the status that counts.
#
#   my $load = Bench::Load->new($site, 'page', 'forgot');
#   $load->expect;                  # 200
#   my $run = $load->run(clients => 16, seconds => 5);
#
# A run is {rate, p50, p99 (ms), other_statuses, socket_errors, cpu, others}: of
# the expected status so many a second; cpu, in microseconds of a request, is that of httpd
# and of the database; others, in per cent of all processors, what was not ours.
package Bench::Load;
use strict;
use warnings;
use Bench::Machine;
use Bench::State;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use List::Util qw(max min sum);
use PWR::Client;

use constant {WRK_THREADS => 2, TIMEOUT_SEC => 20, USEC => 1e6, MSEC => 1e3, PAGE_BYTES => 3000,
    NAMES => 20_000, KEYS_MAX => 100_000, STRIDE => 7919};

my $script = abs_path(dirname(__FILE__) . '/../../requests.lua');

sub _form { return PWR::Client::form_encode(@_) }

sub _get { return ['GET', $_[0], $_[1] // '', ''] }
sub _post { return ['POST', $_[0], '', _form(@_[1 .. $#_])] }

# So many numbers, spread over all that there are, in no order: rows that lie
# side by side are not asked for one after the other.
sub _spread {
    my ($all, $n) = @_;
    return map { 1 + int($_ * STRIDE % $n * $all / $n) } 0 .. $n - 1;
}

# Of the lower half: the strings of the upper one are there to be spent, which
# ends the sessions of their users and changes their passwords.
sub _keys {
    my ($site, $what) = @_;
    my $half = int $site->n($what) / 2;
    return _spread($half, min(KEYS_MAX, $half));
}

sub _strings { return _keys($_[0], 'strings') }

# Those that nobody has spent, of users with this scheme.
sub _fresh_strings {
    my ($site, $scheme, $n) = @_;
    my @fresh;
    my $at = $site->{spent}{$scheme} //= $site->n('strings');
    for (; @fresh < $n; $at--) {
        die "there are not enough control strings to spend\n" if $at <= $site->n('strings') / 2;
        push @fresh, $at if scheme(owner($at, $site->n('strings'), $site->n('users'))) eq $scheme;
    }
    $site->{spent}{$scheme} = $at;
    return @fresh;
}

sub _ask { return map { _post($_[0], email => "nobody$_\@example.org") } 1 .. NAMES }

# [status, requests, are they spent by being made?]
my %loads = (
    page => [200, sub { _get("/account/$_[1]") }],
    file => [200, sub { _get("/limit/$_[1].html") }],
    outside => [200, sub { _get('/outside/page.html') }],
    cached => [200, sub { _get('/inside/page.html', $_[0]->cookie(1)) }],
    uncached => [200, sub { my $site = shift; map { _get('/inside/page.html', $site->cookie($_)) } _keys($site, 'sessions') }],
    selects => [200, sub {
        my $site = shift;
        my @n = map { $site->n($_) } qw(sessions users);
        return map { _get(join '&', '/bench/selects?' . PAGE_BYTES, session_digest($_), id(owner($_, @n))) }
            _keys($site, 'sessions');
    }],
    behind => [200, sub {
        my $site = shift;
        my @n = map { $site->n($_) } qw(sessions users);
        return map { _get(join '&', '/behind/page.html?', session_digest($_), id(owner($_, @n))) } _keys($site, 'sessions');
    }],
    string => [200, sub { map { _get('/account/reset?token=' . string($_)) } _strings($_[0]) }],
    select => [200, sub {
        my $site = shift;
        my $bytes = $site->bytes(GET => '/account/reset?token=' . string(1));
        return map { _get("/bench/select?$bytes&" . token_digest($_)) } _strings($site);
    }],
    both => [200, sub {
        my $site = shift;
        my $bytes = $site->bytes(GET => '/account/reset?token=' . string(1));
        my @n = map { $site->n($_) } qw(strings users);
        return map { _get(join '&', "/bench/both?$bytes", token_digest($_), id(owner($_, @n))) } _strings($site);
    }],
    ask => [200, sub { _ask('/account/forgot') }],
    recover => [200, sub { map { _post('/account/forgot', email => login($_) . '@example.org') } _keys($_[0], 'users') }],
    insert => [200, sub {
        _ask('/bench/insert?' . $_[0]->bytes(POST => '/account/forgot', [email => 'nobody1@example.org']))
    }],
    enter => [303, sub {
        my ($site, $scheme) = @_;
        return map { _post('/account/login', login => login($_), password => PASSWORD) }
            grep { scheme($_) eq $scheme } _keys($site, 'users');
    }],
    change => [303, sub {
        my ($site, $scheme, $n) = @_;
        my @new = map { ($_ => 'velvet Anchor 97 quill') } qw(password confirm);
        return map { _post('/account/reset', token => string($_), @new) } _fresh_strings($site, $scheme, $n);
    }, 1],
    transaction => [200, sub {
        my $site = shift;
        my @n = map { $site->n($_) } qw(strings users);
        return map { _get(join '&', '/bench/transaction?0', token_digest($_), id(owner($_, @n))) } _strings($site);
    }],
);

sub new {
    my ($class, $site, $name, @words) = @_;
    my $kind = $loads{$name} or die "there is no load $name\n";
    return bless {site => $site, name => join('-', $name, @words), words => \@words, expect => $kind->[0],
        make => $kind->[1], is_spent => $kind->[2], n => 0}, $class;
}

sub expect { return $_[0]{expect} }

# The file of requests, made once unless they are spent: then `$n` new ones.
sub _file {
    my ($self, $n) = @_;
    return $self->{file} if $self->{file} && !$self->{is_spent};
    my @requests = $self->{make}->($self->{site}, @{$self->{words}}, $n);
    $self->{n} = @requests;
    return $self->{file} = $self->{site}->httpd->write("requests-$self->{name}",
        join '', map { join("\t", @$_) . "\n" } @requests);
}

# Begins to ask, `rate` times a second if that is given; for finish().
sub begin {
    my ($self, %option) = @_;
    my $file = $self->_file(int $option{seconds} * ($option{most} // 1));
    my $begin = $self->{is_spent} ? 0 : int rand $self->{n};
    my $pause = $option{rate} ? max(1, int MSEC * $option{clients} / $option{rate}) : 0;
    open my $said, '-|', 'wrk', '-t', WRK_THREADS, '-c', $option{clients}, '-d', "$option{seconds}s", '--timeout',
        TIMEOUT_SEC . 's', '-s', $script, $self->{site}->url('/'), '--', $file, WRK_THREADS, $begin, $pause
        or die "wrk: $!\n";
    return $said;
}

# What wrk says in the end: {requests, usec, ...}.
sub finish {
    my ($self, $said) = @_;
    my %wrk = map { /^(\w+) (\d+)$/ ? ($1 => $2) : () } <$said>;
    close $said or die "wrk: exit status $?\n";
    return \%wrk;
}

# `most` requests a second at most are thought of, where they are spent.
sub run {
    my ($self, %option) = @_;
    my $site = $self->{site};
    $self->_file(int $option{seconds} * ($option{most} // 1)) if !$self->{is_spent};
    $site->mark;
    my ($machine, $before) = (Bench::Machine::look(), $site->cpu);
    my %wrk = %{$self->finish($self->begin(%option))};
    $site->rest;
    my $cpu = $site->cpu($before);
    my $others = Bench::Machine::others($machine, sum(values %$cpu));
    return {%{$self->_result(\%wrk, $cpu)}, others => $others};
}

sub _result {
    my ($self, $wrk, $cpu) = @_;
    my $statuses = $self->{site}->statuses;
    my $all = 0;
    $all += $_ for values %$statuses;
    my $good = delete $statuses->{$self->{expect}} // 0;
    return {
        rate => $all ? $good / $all * $wrk->{requests} * USEC / $wrk->{usec} : 0,
        p50 => $wrk->{p50_usec} / MSEC, p99 => $wrk->{p99_usec} / MSEC, other_statuses => $statuses,
        socket_errors => $wrk->{socket_errors}, cpu => {map { $_ => $all ? $cpu->{$_} * USEC / $all : 0 } keys %$cpu},
    };
}

1;
