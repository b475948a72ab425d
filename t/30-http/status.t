#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The page of SetHandler pwreset-status: where it is, in all formats, that its
# figures are those of what happened, also while the database is away.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use POSIX ();
use PWR::Httpd;
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {URL => '/pwreset-status', SOON_SEC => 3, WAIT_SEC => 20, POLL_SEC => 0.05, PAGES => 6, CHILDREN => 2};

my $location = "<Location \"@{[URL]}\">\nSetHandler pwreset-status\nRequire local\n</Location>";
my %type = ('' => 'text/html; charset=utf-8', '?auto' => 'text/plain; charset=utf-8', '?json' => 'application/json',
    '?metrics' => 'text/plain; version=0.0.4; charset=utf-8', '?css' => 'text/css; charset=utf-8');

sub json_of { return decode_json($_[0]->client->get(URL . '?json')->body) }
sub realm_of { return json_of(@_)->{realms}[0] }

# Wait until it is true of what the page says.
sub wait_for {
    my ($walk, $check) = @_;
    my $until = time + WAIT_SEC;
    while (1) {
        my $json = json_of($walk);
        return $json if $check->($json) || time > $until;
        sleep POLL_SEC;
    }
}

# --- formats -------------------------------------------------------------------------

# What Prometheus' text format demands; returns {series => value}.
sub parse_metrics {
    my $text = shift;
    my (%type, %value, %done, @faults, $current);
    for (split /\n/, $text) {
        if (/^# (HELP|TYPE) (\w+) (.+)$/) {
            push @faults, "twice: $_" if $1 eq 'HELP' ? $done{$2}++ : exists $type{$2};
            $type{$current = $2} = $3 if $1 eq 'TYPE';
            next;
        }
        my ($series, $name, $n) = /^((\w+)(?:\{(?:\w+="(?:[^"\\]|\\[\\"n])*",?)*\})?) (\d+(?:\.\d+)?)$/;
        push @faults, "no sample: $_" if !defined $n;
        push @faults, "not under its TYPE: $_" if !defined $current || ($name // '') ne $current;
        push @faults, "twice: $_" if exists $value{$series // ''};
        $value{$series // ''} = $n;
    }
    push @faults, map { ($type{$_} eq 'counter') == /_total$/ && /^pwreset_/ ? () : "name: $_" } keys %type;
    is_deeply(\@faults, [], 'the text is what Prometheus takes');
    return \%value;
}

sub formats {
    my $walk = shift;
    my $client = $walk->client;
    for my $query (sort keys %type) {
        my $r = $client->get(URL . $query);
        is($r->status, 200, "'$query': 200");
        is($r->header('Content-Type'), $type{$query}, "'$query': its type");
        is($r->header('Cache-Control'), 'no-store', "'$query': not to be kept");
        is($r->header('X-Content-Type-Options'), 'nosniff', "'$query': nor guessed");
        is($r->header('Content-Security-Policy'), $client->get('/account/login')->header('Content-Security-Policy'),
            "'$query': policy as other pages");
        my $head = $client->request(HEAD => URL . $query);
        is($head->status . $head->body, 200, "'$query': HEAD");
        is($head->header('Content-Type'), $type{$query}, "'$query': HEAD has the type");
    }
    my $page = $client->get(URL)->body;
    unlike($page, qr/\sstyle=|<style|<script|\son\w+=/, 'nothing inline');
    like($page, qr/<link rel="stylesheet" href="\?css">/, 'the style is where the page is');
    is($client->get(URL . "?$_")->header('Content-Type'), $type{''}, "'$_' is the page") for qw(jsonx x=json AUTO);
    is($client->get(URL . '?metrics=1&x=2')->header('Content-Type'), $type{'?metrics'}, 'more may follow');
    for my $method (qw(POST PUT DELETE OPTIONS PATCH FOO)) {
        my $r = $client->request($method, URL . '?json', body => 'a=b');
        is($r->status, 405, "$method: 405");
        like($r->header('Allow') // '', qr/\bGET\b/, "$method: what is allowed");
        unlike($r->raw, qr/pwreset_|realm/i, "$method: tells nothing");
    }
    my $series = parse_metrics($client->get(URL . '?metrics')->body);
    my ($up) = grep { /^pwreset_database_up\{/ } keys %$series;
    is($series->{$up // ''}, 1, 'the database is up');
    my $json = json_of($walk);
    is_deeply([map { scalar @{$json->{$_}} } qw(problems stores realms)], [0, 1, 1], 'json: what there is');
    my $auto = $client->get(URL . '?auto')->body;
    is_deeply([grep { !/^[A-Za-z]+(?:\[\d+\][A-Za-z]+)?: \S/ } split /\n/, $auto], [], 'auto: key and value');
    like($auto, qr/^Realm\[0\]Sessions: \d+$/m, 'auto: a figure');
    return;
}

# --- where it is ---------------------------------------------------------------------

# Vhosts of the same server, and what asks them.
sub where {
    my $walk = PWR::Walk->new('sqlite', ports => 2, global => <<"CONF", conf => $location);
Listen 127.0.0.1:\${PORT2}
Listen 127.0.0.1:\${PORT3}
PwResetStatus On
<VirtualHost 127.0.0.1:\${PORT2}>
    DocumentRoot "\${ROOT}/htdocs"
    PwResetStatus On
    $location
    <Location "/denied">
        SetHandler pwreset-status
        Require all denied
    </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:\${PORT3}>
    DocumentRoot "\${ROOT}/htdocs"
    $location
</VirtualHost>
CONF
    my ($off, $on, $none) = map { PWR::Client->new(url => 'http://127.0.0.1:' . $walk->httpd->port($_)) } 1 .. 3;
    my $nothing = $on->get('/nothing')->body;
    for my $row (['a site that does not say On', $off], ['a vhost without a word of ours', $none]) {
        my ($name, $client) = @$row;
        for my $query ('', '?json', '?metrics', '?css') {
            my $r = $client->get(URL . $query);
            is($r->status, 404, "$name$query: 404, not inherited");
            is($r->body, $nothing, "$name$query: tells nothing");
        }
        is($client->post(URL, [a => 1])->status, 404, "$name: nor a form");
    }
    my $r = $on->get(URL . '?json');
    is($r->status, 200, 'a vhost that says On, without PwReset On');
    is(scalar @{decode_json($r->body)->{realms}}, 1, 'shows the sites of others');
    is($on->get('/denied')->status, 403, 'Require all denied');
    is($on->get(URL . '/x')->status, 200, 'control: a Location is what begins so');
    $walk->httpd->expect_log('AH01630')->done;
    return;
}

# No site at all: nothing to be seen, and nothing fails.
sub nobody {
    my $httpd = PWR::Httpd->new(conf => "PwResetStatus On\n$location");
    $httpd->start;
    my $client = $httpd->client;
    is($client->get(URL . $_)->status, 200, "'$_' without a site") for sort keys %type;
    like($client->get(URL)->body, qr/No site says PwReset On/, 'says so');
    parse_metrics($client->get(URL . '?metrics')->body);
    decode_json($client->get(URL . '?json')->body);
    $httpd->done;
    return;
}

# --- figures -------------------------------------------------------------------------

my %none = map { $_ => 0 } qw(logins_ok logins_failed recoveries_asked passwords_reset passwords_changed mails_sent
    mails_failed hash_refused), map { "limited_$_" } qw(forgot_client forgot_account forgot_site
    reset_client login_client login_account change_account);

sub counts {
    my ($walk, $name, %want) = @_;
    my $json = wait_for($walk, sub { my $r = $_[0]{realms}[0]; !grep { $r->{$_} != $want{$_} } keys %want });
    my $realm = $json->{realms}[0];
    my %got = map { $_ => $realm->{$_} } keys %none;
    is_deeply(\%got, {%none, %want}, "$name: every counter");
    return $json;
}

# Told to come again (503), as on a machine with too much to do, one does.
sub insist {
    my ($client, $path, $form) = @_;
    my $until = time + WAIT_SEC;
    my $r;
    do { $r = $client->post($path, $form) } while $r->status == 503 && time < $until;
    return $r->status;
}

sub figures {
    my $walk = shift;
    my $client = $walk->client;
    $walk->add($_) for qw(ivan olga);
    counts($walk, 'at first');
    my $browser = $walk->signed_in('ivan');
    is(insist($client, '/account/login', [login => 'ivan', password => "wrong $_"]), 422, 'wrong') for 1 .. 2;
    my %want = (logins_ok => 1, logins_failed => 2);
    is(counts($walk, 'logins', %want)->{realms}[0]{sessions}, 1, 'a session');
    my %string = $walk->strings('ivan');
    is(insist($client, '/account/reset', [token => $string{ivan}, password => NEW, confirm => NEW]), 303, 'reset');
    ok($walk->mail_to('ivan@example.org'), 'a notice');
    %want = (%want, recoveries_asked => 1, passwords_reset => 1, mails_sent => 2);
    is(counts($walk, 'a recovery', %want)->{realms}[0]{sessions}, 0, 'the session has ended');
    $browser = $walk->signed_in('olga');
    is(insist($browser, '/account/change', [current => OLD, password => NEW, confirm => NEW]), 303, 'changed');
    $walk->mail_to('olga@example.org');
    counts($walk, 'a change', %want = (%want, logins_ok => 2, passwords_changed => 1, mails_sent => 3));
    insist($client, '/account/forgot', [email => "nobody$_\@example.org"]) for 1 .. 12;
    %want = (%want, recoveries_asked => 10, limited_forgot_client => 3);
    counts($walk, 'a limit', %want);
    $walk->httpd->graceful;
    is(counts($walk, 'a graceful restart', %want)->{host}{generation}, 1, 'the next generation');
    return %want;
}

# Each child counts, and a killed one takes nothing along.
sub children {
    my ($walk, %want) = @_;
    my @old = $walk->httpd->children;
    kill KILL => $old[0];
    my $until = time + WAIT_SEC;
    sleep POLL_SEC while time < $until && (grep { $_ == $old[0] } $walk->httpd->children);
    my $json = counts($walk, 'a child is killed', %want);
    ok($json->{host}{children} >= 1, 'children are counted');
    my $client = $walk->client;
    insist($client->other, '/account/login', [login => 'x', password => 'y']) for 1 .. 8;
    $json = counts($walk, 'spread over children', %want, logins_failed => $want{logins_failed} + 8);
    cmp_ok($json->{stores}[0]{database_connections_lent}, '<=', 1, 'no connection is left on loan but the page\'s');
    ok(wait_for($walk, sub { $_[0]{host}{worker_alive} && $_[0]{host}{worker_sweep_age_seconds} < 5 }), 'a worker');
    return;
}

# Who finds no seat at the gate is counted, as is the 503 he gets.
sub refused {
    my $walk = PWR::Walk->new('mysql', global => 'PwResetHashGate 1 1', conf => "PwResetStatus On\n$location");
    $walk->add('ivan', password => crypt OLD, '$2y$11$abcdefghijklmnopqrstuu');
    my @answers = $walk->at_once(map { ['/account/login', [login => 'ivan', password => OLD]] } 1 .. 8);
    my $n = grep { $_->status == 503 } @answers;
    cmp_ok($n, '>', 0, 'control: some are refused');
    my $realm = realm_of($walk);
    is_deeply([@$realm{qw(hash_refused unavailable logins_ok)}], [$n, $n, 8 - $n], 'so many are counted');
    $walk->httpd->expect_log('PWR0071')->done;
    return;
}

# Whoever is over a limit is counted under its class.
sub limits {
    my $walk = PWR::Walk->new('sqlite', conf => "PwResetStatus On\n$location\nPwResetIdentify forgot both\n"
        . "PwResetLimit reset-client 1/1h 1\nPwResetLimit login-client 4/1h 4\nPwResetLimit login-account 1/1h 1\n"
        . "PwResetLimit change-account 1/1h 1\nPwResetLimit forgot-account 1/1h\nPwResetLimit forgot-site 1/4s 1");
    $walk->add($_) for qw(ivan olga);
    my ($client, $browser) = ($walk->client, $walk->signed_in('ivan'));
    $client->post('/account/login', [login => 'olga', password => 'x']) for 1 .. 5;
    $browser->post('/account/change', [current => 'x', password => NEW, confirm => NEW]) for 1 .. 2;
    $client->post('/account/reset', [token => '0' x 28, password => NEW, confirm => NEW]) for 1 .. 3;
    for (1 .. 2) {
        $client->post('/account/forgot', [email => 'olga']);
        $walk->settle;
        $walk->sql('UPDATE pwreset_token SET created = created - 120, spent_at = 1');
    }
    my $r = wait_for($walk, sub { $_[0]{realms}[0]{limited_forgot_account} })->{realms}[0];
    my %got = map { s/^limited_//r => $r->{$_} } grep { /^limited_/ } keys %$r;
    cmp_ok(delete $got{$_}, '>=', 1, "$_ is counted") for qw(forgot_site login_account);
    is_deeply(\%got, {forgot_client => 0, forgot_account => 1, reset_client => 2, login_client => 1, change_account => 1},
        'and the others') or diag explain $r;
    $walk->httpd->allow_log(qw(PWR0422 PWR0423 PWR0430))->done;
    return;
}

# A connection that a row somebody keeps holds up is one in use.
sub in_use {
    my $walk = PWR::Walk->new('mysql', conf => "PwResetStatus On\n$location");
    $walk->add('ivan');
    my %string = $walk->strings('ivan');
    my $lent = sub { json_of($walk)->{stores}[0]{database_connections_lent} };
    my $before = $lent->();
    $walk->sql('BEGIN');
    $walk->sql('UPDATE pwreset_user SET name = ? WHERE login = ?', 'held', 'ivan');
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $walk->client->post('/account/reset', [token => $string{ivan}, password => NEW, confirm => NEW]);
        POSIX::_exit(0);
    }
    my $json = wait_for($walk, sub { $_[0]{stores}[0]{database_connections_lent} > $before });
    cmp_ok($json->{stores}[0]{database_connections_lent}, '>', $before, 'a connection more is in use');
    $walk->sql('ROLLBACK');
    waitpid $pid, 0;
    is(wait_for($walk, sub { $lent->() == $before })->{stores}[0]{database_connections_lent}, $before, 'and given back');
    $walk->httpd->done;
    return;
}

# Each realm has its own figures.  One's mail program hangs; there is one slot.
sub realms {
    my $sites = PWR::Sites->new({one => "PwResetStatus On\n$location", two => '',
        stuck => 'PwResetSendmail "${ROOT}/sleeper"'}, start => 0, database => 'mysql', global => 'PwResetMailSlots 1');
    my ($walk, $httpd) = ($sites->walk, $sites->httpd);
    $httpd->write('sleeper', "#!/bin/sh\nexec sleep 40\n");
    chmod 0755, $httpd->root . '/sleeper' or die "sleeper: $!\n";
    $httpd->start;
    $walk->add($_) for qw(ivan olga);
    insist($sites->client('one'), '/account/login', [login => 'ivan', password => $_]) for 'wrong', 'worse', OLD;
    insist($sites->client('two'), '/account/login', [login => 'ivan', password => 'wrong']);
    insist($sites->client('stuck'), '/account/forgot', [email => "$_\@example.org"]) for qw(ivan olga);
    my %row;
    my $json = wait_for($walk, sub {
        %row = map { $_->{name} =~ /^(\w+)\.test/ ? ($1 => $_) : () } @{$_[0]{realms}};
        return $row{stuck}{jobs_leased} && $row{stuck}{job_oldest_age_seconds} > 1;
    });
    for my $row (['one', 1, 2, 1, 0, 0, 0], ['two', 0, 1, 0, 0, 0, 0], ['stuck', 0, 0, 0, 2, 1, 1]) {
        my ($name, @want) = @$row;
        is_deeply([@{$row{$name}}{qw(logins_ok logins_failed sessions recoveries_asked jobs_leased jobs_waiting)}], \@want,
            "$name has its own figures") or diag explain $row{$name};
    }
    is(scalar @{$json->{stores}}, 1, 'on one database');
    $httpd->allow_log('PWR0304')->done;
    return;
}

# --- mails ---------------------------------------------------------------------------

sub mails {
    my $walk = shift;
    $walk->add('zenobia');
    $walk->httpd->mailbox->mode('exit 75 for <zenobia@example.org>: <b>no</b> "zenobia" & more');
    $walk->client->post('/account/forgot', [email => 'zenobia@example.org']);
    my $json = wait_for($walk, sub { $_[0]{realms}[0]{jobs_failing} });
    my $realm = $json->{realms}[0];
    is($realm->{jobs_failing}, 1, 'a mail that fails');
    cmp_ok($realm->{mails_failed}, '>=', 1, 'is counted');
    for my $which (qw(job_error mail_error)) {
        like($realm->{$which} // '', qr/exit 75.*for <\[address\]>: <b>no<\/b>.*\[name\].*more/,
            "$which: the program's words, and nobody's name");
    }
    is_deeply([map { $_->{severity} } @{$json->{problems}}], ['warning'], 'a problem');
    like($json->{problems}[0]{text}, qr/1 mail could not be sent yet/, 'in words');
    my $page = $walk->client->get(URL)->body;
    like($page, qr/Warning<\/b> 1 warning<\/h1>/, 'on the page');
    like($page, qr/&lt;b&gt;no&lt;\/b&gt;/, 'escaped');
    unlike($page, qr/<b>no/, 'not raw');
    $walk->sql('UPDATE pwreset_job SET due = 9223372036854775807, lease_until = 0, gave_up = 1');
    $realm = wait_for($walk, sub { $_[0]{realms}[0]{jobs_given_up} })->{realms}[0];
    is_deeply([@$realm{qw(jobs_waiting jobs_failing jobs_given_up)}], [0, 0, 1], 'given up');
    $walk->httpd->mailbox->mode(undef);
    $walk->sql('DELETE FROM pwreset_job');
    return;
}

# What no admin needs and others must not have.
sub redacted {
    my $walk = shift;
    my @secrets = ($walk->rows('SELECT digest FROM pwreset_token UNION SELECT digest FROM pwreset_session'));
    ok(@secrets > 0, 'control: there are secrets');
    for my $query (sort keys %type) {
        my $text = $walk->client->get(URL . $query)->raw;
        unlike($text, qr/\b(?:ivan|olga|zenobia)\b|\@example|nobody\d/, "'$query': no login and no address");
        ok(!(grep { index($text, $_->{digest}) >= 0 } @secrets), "'$query': no digest");
        unlike($text, qr/pass=|sock=|user=|reconnect/, "'$query': no parameter of the database");
    }
    return;
}

# --- the database is away ------------------------------------------------------------

# The page comes all the same, and says so.
sub is_away {
    my ($walk, $name) = @_;
    for my $n (1 .. PAGES) {
        my $begin = time;
        my $r = $walk->client->get(URL);
        is($r->status, 200, "$name: the page is served") if $n == 1;
        cmp_ok(time - $begin, '<', SOON_SEC, "$name: soon");
    }
    my $page = $walk->client->get(URL)->body;
    like($page, qr/Error<\/b> 1 error<\/h1>.*The database mysql pwreset, tables pwreset_\* (?:has not answered|does not)/s,
        "$name: in words");
    like($page, qr/<span aria-hidden="true">✗<\/span> Error<\/b> <span class="bad">/, "$name: icon, word, colour")
        if utf8::decode($page);
    my $json = json_of($walk);
    is($json->{stores}[0]{database_up}, 0, "$name: for programs");
    is($json->{realms}[0]{sessions}, undef, "$name: what nobody knows");
    cmp_ok($json->{realms}[0]{logins_ok}, '>', 0, "$name: what is counted here is there");
    my $series = parse_metrics($walk->client->get(URL . '?metrics')->body);
    is_deeply([grep { /^pwreset_(?:sessions|jobs)\b/ } keys %$series], [], "$name: metrics leave it out");
    return $json;
}

sub away {
    my $walk = shift;
    my $browser = $walk->signed_in('away');
    $walk->db->stop;
    is($walk->client->post('/account/forgot', [email => 'away@example.org'])->status, 503, 'the database is stopped');
    my $json = is_away($walk, 'stopped');
    is($json->{stores}[0]{database_breaker_open}, 1, 'the breaker is open');
    cmp_ok($json->{stores}[0]{database_failures}, '>=', 1, 'failures are counted');
    cmp_ok($json->{realms}[0]{unavailable}, '>=', 1, 'and 503');
    $walk->db->start;
    $json = wait_for($walk, sub { $_[0]{stores}[0]{database_up} });
    is_deeply([@{$json->{stores}[0]}{qw(database_up database_breaker_open)}], [1, 0], 'it is back');
    $walk->db->pause;
    is_away($walk, 'hanging');
    $walk->db->resume;
    my $n = 0;
    wait_for($walk, sub { $n = $_[0]{stores}[0]{database_up} ? $n + 1 : 0; $n > 2 * CHILDREN });
    cmp_ok($n, '>', 2 * CHILDREN, 'it goes on, in every child');
    $walk->sql('ALTER TABLE pwreset_session RENAME TO pwreset_elsewhere');
    $json = wait_for($walk, sub { ($_[0]{problems}[0]{text} // '') =~ /but with an error/ });
    like($json->{problems}[0]{text}, qr/answers, but with an error.*pwreset_session/, 'a table is missing');
    like($json->{stores}[0]{last_error}, qr/pwreset_session/, 'the last error names it');
    $walk->sql('ALTER TABLE pwreset_elsewhere RENAME TO pwreset_session');
    is_deeply(wait_for($walk, sub { !@{$_[0]{problems}} })->{problems}, [], 'all is well');
    return;
}

for my $row ([event => 'mysql'], [prefork => 'sqlite']) {
    my ($mpm, $kind) = @$row;
    subtest "$mpm, $kind" => sub {
        my $walk = PWR::Walk->new($kind, mpm => $mpm, limits => 1, global => 'PwResetHashGate 2 100',
            conf => "PwResetStatus On\n$location");
        subtest formats => sub { formats($walk) };
        my %want = figures($walk);
        children($walk, %want) if $mpm eq 'event';
        subtest redacted => sub { redacted($walk) };
        $walk->httpd->allow_log('AH00052')->done;
    };
}
subtest refused => \&refused;
subtest limits => \&limits;
subtest 'in use' => \&in_use;
subtest realms => \&realms;
subtest 'where it is' => \&where;
subtest 'no site' => \&nobody;
subtest 'the database is away' => sub {
    my $walk = PWR::Walk->new('mysql', conf => "PwResetStatus On\n$location");
    $walk->add('away');
    subtest mails => sub { mails($walk) };
    subtest redacted => sub { redacted($walk) };
    away($walk);
    $walk->httpd->expect_log(qw(PWR0021 PWR0204 PWR0304))
        ->allow_log(qw(AH00629 AH00639 AH02655 AH00632 PWR0024 PWR0201 PWR0202 AH02653))->done;
};
done_testing();
