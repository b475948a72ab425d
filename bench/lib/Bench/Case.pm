# SPDX-License-Identifier: Apache-2.0
# What is measured: a table.
#
# name, and what it is; `how` is a function of Bench::How, which is given the
# row.  `own` and `limit` are names of loads (Bench::Load), or of loops (hash,
# spawn); several limits are done one after the other.  `figures`: name, unit,
# bars ("ratio" is to the limit's).  `hold`: no mail is sent meanwhile; `site`:
# one of Bench::How's, if not the usual one; `times`: rounds that much longer;
# `mix`: loads, and how often a second.
package Bench::Case;
use strict;
use warnings;

use constant RATE => [rate => '1/s'];

sub _pages {
    my @all;
    for my $clients (16, 64) {
        push @all, map {
            {name => "$_-c$clients", how => 'rate', what => "GET /account/$_, $clients connections",
                beside => 'a static file of these bytes and headers', own => [page => $_], limit => [[file => $_]],
                clients => $clients, figures => [[@{+RATE}, 'ratio >= 0.95']]}
        } qw(forgot login reset);
    }
    return @all;
}

# `most`: so many a second and processor, and not more, are thought of.
my %most = (bcrypt => 40, yescrypt => 120);

sub _hashes {
    return map {
        my $scheme = $_;
        my $name = $scheme eq 'bcrypt' ? 'bcrypt 10' : $scheme;
        ({name => "login-$scheme", how => 'rate', what => "POST /account/login, right, $name", beside => 'the hash in a loop',
            own => [enter => $scheme], limit => [[hash => $scheme]], site => 'roomy', times => 2,
            figures => [[@{+RATE}, 'ratio >= 0.97']]},
        {name => "change-$scheme", how => 'rate', what => "POST /account/reset: policy, $name, transaction", hold => 1,
            beside => 'the hash in a loop, then SELECT, UPDATE and INSERT in a transaction', own => [change => $scheme],
            limit => [[hash => $scheme], ['transaction']], most => $most{$scheme}, times => 2,
            figures => [[@{+RATE}, 'ratio >= 0.90']]})
    } qw(bcrypt yescrypt);
}

sub _floods {
    return map {
        {name => "flood-$_", how => 'flood', what => "GET /account/forgot on one connection, while $_ connections flood /login",
            beside => 'the same while they flood a static page', clients => $_,
            figures => [['p50', 'ms', 'value <= 2'], ['p99', 'ms', 'value <= 25']]}
    } 64, 200, 1000;
}

sub _scales {
    my %what = (uncached => 'a session', string => 'a control string', ask => 'a request for a mail');
    return map {
        {name => "scale-$_", how => 'scale', what => "$what{$_}: processor time with 10 million users, 1 million strings, "
            . '1 million sessions', beside => 'with 1000 of each', own => [$_],
            figures => [['cost', 'us', 'ratio <= 1.20']]}
    } qw(uncached string ask);
}

# So many a second; `enter-bcrypt` as Bench::Load says it.
sub _mixes {
    my %mix = (
        small => {'enter-bcrypt' => 2, recover => 1, cached => 150, uncached => 50},
        large => {'enter-bcrypt' => 15, recover => 20, cached => 2000, uncached => 500},
    );
    return map {
        my ($login, $mail, @pages) = @{$mix{$_}}{qw(enter-bcrypt recover cached uncached)};
        my $pages = $pages[0] + $pages[1];
        {name => "mix-$_", how => 'mix', mix => $mix{$_}, times => 3,
            what => "together, a second: logins $login, mails $mail, protected pages $pages",
            beside => 'what each of them takes alone',
            figures => [['busy', 'processors', 'ratio <= 1.5'], ['reached', '', 'value >= 0.9']]}
    } qw(small large);
}

my @cases = (
    _pages(),
    {name => 'ask', how => 'rate', what => 'POST /account/forgot', beside => 'one INSERT', own => ['ask'],
        limit => [['insert']], hold => 1, figures => [[@{+RATE}, 'ratio >= 0.90']]},
    {name => 'string', how => 'rate', what => 'GET /account/reset?token=, live', beside => 'one SELECT', own => ['string'],
        limit => [['select']], figures => [[@{+RATE}, 'ratio >= 0.90']]},
    {name => 'string-both', how => 'rate', what => 'the same', beside => 'the two SELECTs that it takes: string and user',
        own => ['string'], limit => [['both']], figures => [[@{+RATE}]]},
    {name => 'cached', how => 'rate', what => 'a protected page of 3 KB, session in the cache',
        beside => 'the page unprotected', own => ['cached'], limit => [['outside']], figures => [[@{+RATE}, 'ratio >= 0.85']]},
    {name => 'uncached', how => 'rate', what => 'a protected page of 3 KB, session not in the cache', beside => 'two SELECTs',
        own => ['uncached'], limit => [['selects']], figures => [[@{+RATE}, 'ratio >= 0.85']]},
    {name => 'uncached-page', how => 'rate', what => 'the same', beside => 'two SELECTs, and the page',
        own => ['uncached'], limit => [['behind']], figures => [[@{+RATE}]]},
    _hashes(),
    _floods(),
    {name => 'start', how => 'start', what => 'from nothing to the first 200 of /account/forgot',
        beside => 'httpd without the module, a static page', figures => [['ms', 'ms', 'value <= 50']]},
    {name => 'memory', how => 'memory', what => 'memory of all processes (PSS)', beside => 'none',
        figures => [['idle', 'MiB', 'value <= 15'], ['after', 'MiB', 'value <= 25']]},
    {name => 'mails', how => 'mails', what => 'jobs turned into mails', beside => 'posix_spawn of the same program in a loop',
        limit => [['spawn']], figures => [[@{+RATE}, 'ratio >= 0.60', 'value >= 500']]},
    _mixes(),
    _scales(),
    {name => 'timing', how => 'timing', what => 'existing against unknown, by time: the greatest |t| of Welch',
        beside => 'a leak of 1 ms, the least', figures => [['t', '', 'value < 4.5']]},
);

sub all { return @cases }

# Those of these names, in the table's order; all of them where there is none.
sub named {
    my @names = @_ or return @cases;
    my %wanted = map { $_ => 1 } @names;
    my @found = grep { delete $wanted{$_->{name}} } @cases;
    die 'there is no case ' . join(', ', sort keys %wanted) . " (--list)\n" if %wanted;
    return @found;
}

1;
