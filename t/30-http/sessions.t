#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Sessions: when they end, whose they are, what no cookie can do, and that they
# outlive httpd's processes.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {CACHE_SEC => 5, FOREIGN_SEC => 1, LATE_SEC => 4, MANY => 12, IDLE_SEC => 600, LIFE_SEC => 7200,
    POLL_SEC => 0.02, WAIT_SEC => 20, DEATHS => 3, AT_ONCE => 4, PIPELINE => 100};

# --- the node's cache ------------------------------------------------------------------

# Ask often, so that every child has answered; what the portal said each time.
sub says {
    my ($walk, $client) = @_;
    my %said = map { ($walk->who($client) => 1) } 1 .. MANY;
    return join ' ', sort keys %said;
}

# What we change is known to every child of the node at once.
sub our_changes {
    my ($mpm, $kind) = @_;
    my $walk = PWR::Walk->new($kind, mpm => $mpm, children => 3, conf => qq(PwResetSessionCache @{[CACHE_SEC]}
        LogFormat "%P" child
        CustomLog "\${ROOT}/logs/children.log" child));
    $walk->add('ivan');
    my ($here, $there, $third) = map { $walk->signed_in('ivan') } 1 .. 3;
    is(says($walk, $_), 'ivan', "$mpm: signed in") for $here, $there, $third;
    my %child = map { $_ => 1 } PWR::HttpdLog->new($walk->httpd->root . '/logs/children.log')->lines;
    cmp_ok(scalar keys %child, '>=', 2, "$mpm: several children answer");

    # The control: what the cache does, seen when the row goes behind its back.
    my $rows = $walk->value('SELECT COUNT(*) FROM pwreset_session');
    $walk->sql('UPDATE pwreset_session SET expires = expires - 1000000');
    is(says($walk, $there), 'ivan', "$mpm: the cache answers");
    $walk->sql('UPDATE pwreset_session SET expires = expires + 1000000');

    is($third->submit($third->get('/account/logout'), {})->status, 303, "$mpm: one signs out");
    is(says($walk, $third), 401, "$mpm: he is out");
    is($walk->value('SELECT COUNT(*) FROM pwreset_session'), $rows - 1, "$mpm: his row is gone");
    is(says($walk, $here), 'ivan', "$mpm: the others are in");
    my $old = $here->other;
    $old->{cookies} = {%{$here->cookies}};
    my $r = $here->submit($here->get('/account/change'), {current => OLD, password => NEW, confirm => NEW});
    is($r->status, 303, "$mpm: one changes the password");
    is(says($walk, $here), 'ivan', "$mpm: his session goes on");
    is(says($walk, $old), 401, "$mpm: under a new id only");
    is(says($walk, $there), 401, "$mpm: the other one ends");
    my %string = $walk->strings('ivan');
    $r = $walk->client->post('/account/reset', [token => $string{ivan}, password => OLD, confirm => OLD]);
    is($r->status, 303, "$mpm: somebody has a string");
    is(says($walk, $here), 401, "$mpm: every session ends");
    # The notices, which a stop would put off.
    my $until = time + WAIT_SEC;
    sleep POLL_SEC while $walk->value('SELECT COUNT(*) FROM pwreset_job') && time < $until;
    $walk->httpd->done;
    return;
}

# Other programs write the user table: seen within the cache's seconds.
sub foreign_changes {
    my $kind = shift;
    my %foreign = (
        'a new password' => q(UPDATE pwreset_user SET password = 'x' WHERE login = ?),
        'a time of change' => 'UPDATE pwreset_user SET changed_at = changed_at + 1 WHERE login = ?',
        'no user' => 'DELETE FROM pwreset_user WHERE login = ?',
        'no session' => 'DELETE FROM pwreset_session WHERE login = ?',
    );
    my $sites = PWR::Sites->new({cached => 'PwResetSessionCache ' . FOREIGN_SEC, asked => 'PwResetSessionCache 0'},
        database => $kind);
    my $walk = $sites->walk;
    for my $name (sort keys %foreign) {
        for my $site (qw(cached asked)) {
            my $login = $name =~ s/ //gr . $site;
            $walk->add($login);
            my $client = $sites->signed_in($site, $login);
            is($walk->who($client), $login, "$kind, $name, $site: in");
            $walk->sql($foreign{$name}, $login);
            my $start = time;
            my $said = $walk->who($client);
            while ($site eq 'cached' && $said eq $login && time - $start < LATE_SEC) {
                sleep POLL_SEC;
                $said = $walk->who($client);
            }
            is($said, 401, "$kind, $name, $site: out");
        }
    }
    $sites->httpd->done;
    return;
}

# A reset whose answer was lost, repeated: who is told here that it is done finds
# his old sessions ended here, whoever did it.
sub repeated {
    my $conf = "PwResetRealm nodes\nPwResetSessionCache 60";
    my $walk = PWR::Walk->new('mysql', conf => $conf);
    $walk->add('ivan');
    my $browser = $walk->signed_in('ivan');
    my %string = $walk->strings('ivan');
    my $there = PWR::Httpd->new(database => $walk->db, conf => $conf)->start;
    my @reset = ('/account/reset', [token => $string{ivan}, password => NEW, confirm => NEW]);
    is(says($walk, $browser), 'ivan', 'repeated: in');
    is($there->client->post(@reset)->status, 303, 'repeated: another node writes the password');
    is(says($walk, $browser), 'ivan', 'control: which this one learns later');
    is($walk->client->post(@reset)->status, 303, 'repeated: asked again, this one says that it is done');
    is(says($walk, $browser), 401, 'repeated: and knows it');
    $walk->settle;
    $_->done for $there, $walk->httpd;
    return;
}

# --- time ------------------------------------------------------------------------------

# Seconds that pass since the last request and since signing in, and who it is then.
my @age = (
    [1, 1, 'ivan'], [IDLE_SEC - 5, IDLE_SEC, 'ivan'], [IDLE_SEC, IDLE_SEC, 401], [IDLE_SEC + 5, IDLE_SEC + 5, 401],
    [0, LIFE_SEC - 5, 'ivan'], [0, LIFE_SEC, 401], [0, LIFE_SEC + 5, 401], [86_400 * 400, 86_400 * 400, 401],
);

sub lifetimes {
    my $kind = shift;
    my $walk = PWR::Walk->new($kind, conf => "PwResetSessionCache 0\nPwResetSessionIdle @{[IDLE_SEC]}\n"
        . "PwResetSessionLifetime @{[LIFE_SEC]}");
    $walk->add('ivan');
    for my $row (@age) {
        my ($idle, $old, $who) = @$row;
        my $client = $walk->signed_in('ivan');
        $walk->sql('UPDATE pwreset_session SET seen = seen - ?, created = created - ?, expires = expires - ?',
            $idle, $old, $old);
        is($walk->who($client), $who, "$kind: after $idle s of rest and $old s in all: $who");
        $walk->sql('DELETE FROM pwreset_session');
    }
    my $client = $walk->signed_in('ivan');
    for my $round (1 .. 3) {
        $walk->sql('UPDATE pwreset_session SET seen = seen - ?', IDLE_SEC - 5);
        is($walk->who($client), 'ivan', "$kind: each request begins the rest anew ($round)");
    }
    $walk->httpd->done;
    return;
}

# --- whose it is -----------------------------------------------------------------------

sub cookie_of { my %cookies = %{$_[0]->cookies}; return %cookies }

# One store, the same users: a session and a string of one site are nothing at
# the other.
sub realms {
    my $kind = shift;
    my $sites = PWR::Sites->new({a => '', b => '', twin => 'PwResetRealm "twins"', other => 'PwResetRealm "twins"'},
        database => $kind);
    my $walk = $sites->walk;
    $walk->add('ivan');
    my ($at_a, $at_b) = map { $sites->signed_in($_, 'ivan') } qw(a b);
    my ($name_a, $id_a) = cookie_of($at_a);
    my ($name_b, $id_b) = cookie_of($at_b);
    isnt($name_a, $name_b, 'the names of the cookies differ');
    for my $row ([$name_a, $id_a, 401], [$name_b, $id_a, 401], [$name_b, $id_b, 'ivan']) {
        my $client = $sites->client('b');
        $client->cookie($row->[0], $row->[1]);
        is($walk->who($client), $row->[2], "at b: $row->[2]");
    }
    my $client = $sites->client('b');
    $client->cookie($name_b, $id_a);
    $client->get('/account/logout');
    $client->post('/account/logout', []);
    is($walk->who($at_a), 'ivan', 'nor can b end it');

    $at_a->post('/account/forgot', [email => 'ivan@example.org']);
    my $token = $walk->mail_to('ivan@example.org')->token;
    my @change = (token => $token, password => NEW, confirm => NEW);
    is($sites->client('b')->get("/account/reset?token=$token")->status, 410, 'a string of a at b');
    is($sites->client('b')->post('/account/reset', \@change)->status, 410, 'changes nothing');
    is($sites->client('a')->get("/account/reset?token=$token")->status, 200, 'and is alive at a');

    # The control: a realm is what its name says, not the address.
    my $twin = $sites->signed_in('twin', 'ivan');
    $client = $sites->client('other');
    $client->{cookies} = $twin->cookies;
    is($walk->who($client), 'ivan', 'one realm at two addresses');
    $sites->httpd->done;
    return;
}

# One realm on two databases, each with its own ivan: what the cache knows of
# one site is nothing at the other.
sub two_stores {
    my $other = PWR::Walk->new('sqlite', start => 0);
    $other->add('ivan');
    my $walk = PWR::Walk->new('sqlite', conf => 'PwResetRealm twins', ports => 1, global => <<"CONF");
Listen 127.0.0.1:\${PORT2}
<VirtualHost 127.0.0.1:\${PORT2}>
    DocumentRoot "\${ROOT}/htdocs"
    DBDParams "@{[$other->db->params]}"
    PwReset On
    PwResetRealm twins
    PwResetPublicURL http://127.0.0.1:\${PORT2}
    PwResetMailFrom noreply\@example.org
    <Location "/portal">
        AuthType PwReset
        Require valid-user
        Header always set X-User "expr=%{REMOTE_USER}"
    </Location>
</VirtualHost>
CONF
    $walk->add('ivan');
    my $here = $walk->signed_in('ivan');
    my $there = PWR::Client->new(url => 'http://127.0.0.1:' . $walk->httpd->port(2));
    is($there->post('/account/login', [login => 'ivan', password => OLD])->status, 303, 'somebody signs in there');
    is(says($walk, $_), 'ivan', 'known here and there') for $here, $there;
    ($here->{cookies}, $there->{cookies}) = ($there->{cookies}, $here->{cookies});
    is(says($walk, $_), 401, 'and nobody with the cookie of the other') for $here, $there;
    $walk->httpd->done;
    return;
}

# --- what a cookie may be --------------------------------------------------------------

# Cookie headers around a good one, by its name and value.
my %cookies = (
    'as it is' => [sub { "$_[0]=$_[1]" }, 'ivan'],
    'among others' => [sub { "a=b; $_[0]=$_[1]; c" }, 'ivan'],
    'in quotes' => [sub { qq($_[0]="$_[1]") }, 'ivan'],
    'twice' => [sub { "$_[0]=$_[1]; $_[0]=$_[1]" }, 'ivan'],
    'beside another value' => [sub { "$_[0]=$_[1]; $_[0]=x" }, 401],
    'behind another value' => [sub { "$_[0]=x; $_[0]=$_[1]" }, 401],
    'beside an empty one' => [sub { "$_[0]=; $_[0]=$_[1]" }, 401],
    'empty' => [sub { "$_[0]=" }, 401],
    'a name only' => [sub { $_[0] }, 401],
    'an equals sign' => [sub { '=' }, 401],
    'semicolons' => [sub { ';;;' }, 401],
    'huge' => [sub { "$_[0]=" . 'A' x 7000 }, 401],
    'many' => [sub { join '; ', map { "$_[0]$_=x" } 1 .. 400 }, 401],
    'too short' => [sub { "$_[0]=" . substr $_[1], 1 }, 401],
    'too long' => [sub { "$_[0]=$_[1]A" }, 401],
    'with a NUL' => [sub { "$_[0]=$_[1]%00" }, 401],
    'a broken escape' => [sub { "$_[0]=$_[1]%4" }, 401],
    'other case' => [sub { "$_[0]=" . ($_[1] =~ tr/a-zA-Z/A-Za-z/r) }, 401],
    'name in other case' => [sub { uc($_[0]) . "=$_[1]" }, 401],
    'not UTF-8' => [sub { "$_[0]=\xff\xfe" }, 401],
    'SQL' => [sub { "$_[0]=' OR '1'='1" }, 401],
    'the digest' => [sub { "$_[0]=$_[2]" }, 401],
    'the login' => [sub { "$_[0]=ivan" }, 401],
    'of the login page' => [sub { "$_[0]-login=$_[1]" }, 401],
);

sub garbage {
    my $kind = shift;
    my $walk = PWR::Walk->new($kind, conf => 'PwResetSessionCache 0');
    $walk->add('ivan');
    my $ivan = $walk->signed_in('ivan');
    my ($name, $id) = cookie_of($ivan);
    my $digest = $walk->value('SELECT digest FROM pwreset_session');
    is($digest, sha256_hex(join "\0", '127.0.0.1:' . $walk->httpd->port . '/account', 'session', $id),
        'the row holds a digest');
    for my $what (sort keys %cookies) {
        my ($make, $who) = @{$cookies{$what}};
        my $client = $walk->httpd->client(headers => [[Cookie => $make->($name, $id, $digest)]]);
        is($walk->who($client), $who, "$kind, $what: $who");
        is($client->get('/account/login')->status, 200, "$kind, $what: our pages do not mind");
    }
    is($walk->who($ivan), 'ivan', 'and nothing has ended');
    $walk->httpd->done;
    return;
}

# A value that somebody planted in the browser is never one that works.
sub fixation {
    my $walk = PWR::Walk->new('sqlite', conf => 'PwResetSessionCache 0');
    $walk->add($_) for qw(ivan olga);
    my $olga = $walk->signed_in('olga');
    my ($name, $hers) = cookie_of($olga);
    for my $planted ('planted', 'A' x 43, $hers) {
        my $ivan = $walk->client;
        $ivan->cookie($name, $planted);
        my $r = $ivan->post('/account/login', [login => 'ivan', password => OLD]);
        is($r->status, 303, 'ivan signs in on top of it');
        my $his = $ivan->cookie($name);
        isnt($his, $planted, 'with an id of his own');
        is($walk->who($ivan), 'ivan', 'he is himself');
        my $other = $walk->client;
        $other->cookie($name, $planted);
        is($walk->who($other), 401, 'and what was planted is nobody');
        $r = $ivan->post('/account/login', [login => 'ivan', password => OLD]);
        isnt($ivan->cookie($name), $his, 'signing in again makes a new one');
        $other->cookie($name, $his);
        is($walk->who($other), 401, 'and ends the old');
    }
    my $refused = $walk->client;
    $refused->cookie($name, 'planted');
    is($refused->post('/account/login', [login => 'ivan', password => 'wrong'])->header('Set-Cookie'), undef,
        'a refused login sets none');
    $walk->httpd->done;
    return;
}

# The public URL decides, not the connection that a proxy made to us.
sub behind_tls {
    my $sites = PWR::Sites->new({tls => 'PwResetPublicURL https://www.example.org'});
    $sites->walk->add('ivan');
    my $client = $sites->client('tls');
    my $r = $client->post('/account/login', [login => 'ivan', password => OLD],
        headers => [[Origin => 'https://www.example.org']]);
    is($r->status, 303, 'a form from the public origin');
    my ($cookie) = grep { /^__Host-pwr-[0-9a-f]{6}=/ } $r->headers('Set-Cookie');
    like($cookie, qr/; Secure\b/, 'a cookie for https only');
    is($sites->walk->who($client), 'ivan', 'which is taken');
    my ($name, $id) = cookie_of($client);
    $client->forget->cookie($name =~ s/^__Host-//r, $id);
    is($sites->walk->who($client), 401, 'and not by a name that plain http can set');
    $sites->httpd->done;
    return;
}

# --- processes -------------------------------------------------------------------------

sub restarts {
    my ($mpm, $kind) = @_;
    my $walk = PWR::Walk->new($kind, mpm => $mpm);
    $walk->add('ivan');
    my $client = $walk->signed_in('ivan');
    is($walk->who($client), 'ivan', "$mpm: in");
    $walk->httpd->graceful;
    is($walk->who($client), 'ivan', "$mpm: after a graceful restart");
    $walk->httpd->restart;
    is($walk->who($client), 'ivan', "$mpm: after a restart");
    $walk->httpd->stop;
    $walk->httpd->start;
    is($walk->who($client), 'ivan', "$mpm: after a stop");
    $walk->httpd->done;
    return;
}

# Children that die among many requests leave no lock of the cache behind.
sub crashes {
    my ($mpm, $kind) = @_;
    my $walk = PWR::Walk->new($kind, mpm => $mpm, children => 4);
    my $httpd = $walk->httpd;
    $walk->add('ivan');
    my $client = $walk->signed_in('ivan');
    my ($name, $id) = cookie_of($client);
    my $request = "GET /portal/ HTTP/1.1\r\nHost: x\r\nCookie: $name=$id\r\n\r\n";
    for my $round (1 .. DEATHS) {
        my @sockets = map { $client->open_socket } 1 .. AT_ONCE;
        syswrite $_, $request x PIPELINE for @sockets;
        # Some are answered, most are not.
        ok(IO::Select->new(@sockets)->can_read(WAIT_SEC), "$mpm: many ask ($round)");
        kill KILL => $httpd->children;
        close $_ for @sockets;
        my $until = time + WAIT_SEC;
        sleep POLL_SEC while !$client->get('/')->status && time < $until;
        is(says($walk, $client), 'ivan', "$mpm: the next children answer all");
    }
    # Of so many children at once httpd has its own thoughts.
    $httpd->allow_log(qw(AH10392 AH00161))->done;
    return;
}

our_changes(@$_) for [event => 'mysql'], [prefork => 'sqlite'];
for my $kind (qw(sqlite mysql)) {
    $_->($kind) for \&foreign_changes, \&lifetimes, \&realms, \&garbage;
}
repeated();
two_stores();
fixation();
behind_tls();
restarts(@$_) for [event => 'sqlite'], [prefork => 'mysql'];
crashes(@$_) for [event => 'sqlite'], [prefork => 'mysql'];
done_testing();
