#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Who has an account here?  Other systems told by a sentence (postfixadmin #1128,
# Laravel #46465), by the answer to the second try (Laravel #13658), when the
# mail could not be sent (Django CVE-2024-45231), or by the work they did for
# some names and not for others (Django CVE-2024-39329, Keycloak #26625).  Here:
# the bytes of every answer, and the statements behind it, which are the work
# that a clock could see.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {
    LATER_SEC => 1_000_000, MERGE_SEC => 61, LIVE => 3, TRIES => 2, WARM => 8, AT_ONCE => 8, WAIT_SEC => 10, POLL_SEC => 0.02,
};

my $enabled = q(AND (name IS NULL OR name <> 'disabled'));
my $select = 'SELECT id, login, email, password, language FROM pwreset_user WHERE';
my $conf = <<"CONF";
PwResetIdentify forgot both
PwResetPasswordScheme bcrypt:10
PwResetUserQuery "$select email = :email $enabled"
PwResetLoginQuery "$select login = :login $enabled"
CONF

# Accounts whose names are equally long, and what is special about them.
my %account = (
    known => {},
    disab => {name => 'disabled'},
    noadr => {email => undef},
    badad => {email => 'no address'},
    limit => {},
    fails => {},
    share => {},
    twin2 => {email => 'share@example.org'},
);
my @stored = (
    nohas => undef, empty => '', bangs => '!', stars => '*', plain => OLD, alien => '{UNKNOWN}x', sshax => '{SSHA}x',
    bcr10 => crypt(OLD, '$2y$10$abcdefghijklmnopqrstuu'), sha51 => crypt(OLD, '$6$abcdefgh'),
    sha25 => crypt(OLD, '$5$rounds=2000$abcdefgh'), yescr => crypt(OLD, '$y$j75$abcdefgh'),
    lockd => '!' . crypt(OLD, '$6$abcdefgh'), locks => '*LK*' . crypt(OLD, '$6$abcdefgh'),
);
my %stored = @stored;
my @unknown = qw(nobod nemo1 zzzzz);

# All bytes of an answer but the time and what was typed.
sub bytes_of {
    my ($r, $typed) = @_;
    return $r->raw =~ s/^(Date|Expires): [^\r]*/$1/gmr =~ s/\Q$typed\E/TYPED/gr;
}

sub all_alike {
    my ($answers, $name) = @_;
    my %groups;
    push @{$groups{$answers->{$_}}}, $_ for sort keys %$answers;
    is(scalar keys %groups, 1, $name) or diag map { "@{$groups{$_}}:\n$_\n" } sort keys %groups;
    return;
}

# --- statements ---------------------------------------------------------------------

sub watch {
    my $walk = shift;
    $walk->sql(q(SET GLOBAL log_output = 'TABLE'));
    $walk->sql('SET GLOBAL general_log = ON');
    return;
}

# What the database was told while `$do` ran, without its values.
sub statements {
    my ($walk, $do) = @_;
    $walk->sql('TRUNCATE mysql.general_log');
    $do->();
    return _told($walk);
}

# The statements of `$do->($_)` for each of these are alike.  Who differs is
# asked again: a deadlock or a table's new trigger repeats a statement.
sub statements_alike {
    my ($walk, $typed, $do, $name) = @_;
    my %told = map { my $one = $_; ($one => statements($walk, sub { $do->($one) })) } @$typed;
    for my $try (1 .. TRIES) {
        my ($least) = sort { length $a <=> length $b } values %told;
        $told{$_} = statements($walk, sub { $do->($_) }) for grep { $told{$_} ne $least } @$typed;
    }
    all_alike(\%told, $name);
    return join '', values %told;
}

# The workers look for jobs, and throw away what is over, at any time.
my $workers = qr/^(?:SELECT UNIX_TIMESTAMP\(\) AS clock$|UPDATE pwreset_(?:job|meta)|SELECT .* FROM pwreset_job|DELETE FROM)/;

sub _told {
    my $walk = shift;
    my @rows = $walk->rows(q(SELECT argument FROM mysql.general_log WHERE user_host LIKE 'app%'
        AND command_type IN ('Execute', 'Query') AND argument NOT LIKE 'SET SESSION%'
        AND argument NOT LIKE '%schema-least%'));
    $walk->sql('TRUNCATE mysql.general_log');
    return join '', map { s/'(?:[^'\\]|\\.)*'/?/gr =~ s/\b\d+\b/N/gr =~ s/\s+/ /gr . "\n" }
        grep { $_ !~ $workers }
        map { $_->{argument} } @rows;
}

# Jobs wait until they are let go.
sub hold {
    my $walk = shift;
    my $body = $walk->kind eq 'mysql' ? 'BEFORE INSERT ON pwreset_job FOR EACH ROW SET NEW.due = NEW.due + ' . LATER_SEC
        : 'AFTER INSERT ON pwreset_job FOR EACH ROW BEGIN UPDATE pwreset_job SET due = due + ' . LATER_SEC
        . ' WHERE id = NEW.id; END';
    $walk->sql("CREATE TRIGGER hold $body");
    return;
}

sub let_go {
    my $walk = shift;
    $walk->sql('DROP TRIGGER hold');
    $walk->sql('UPDATE pwreset_job SET due = 0 WHERE due > ?', LATER_SEC);
    $walk->client->post('/account/forgot', [email => 'wakes@example.org']);
    return;
}

# --- forgot ---------------------------------------------------------------------------

# Bring the accounts into their states.
sub prepare {
    my $walk = shift;
    $walk->add($_, %{$account{$_}}) for sort keys %account;
    for (1 .. LIVE) {
        $walk->strings('limit');
        $walk->age('limit', MERGE_SEC);
    }
    my $live = $walk->value(q(SELECT COUNT(*) FROM pwreset_token WHERE login = 'limit' AND purpose = 'recover'));
    is($live, LIVE, 'one is over its limit');
    my $mark = $walk->httpd->log_mark;
    $walk->httpd->mailbox->mode('exit 75');
    $walk->client->post('/account/forgot', [email => 'fails@example.org']);
    ok($walk->httpd->wait_log(qr/PWR030[0-9].*f\*\*\*\@example\.org/, $mark), 'the mail to one fails');
    # It stays so, and the worker keeps still.
    my $until = time + WAIT_SEC;
    my $is_written = 'SELECT COUNT(*) FROM pwreset_job WHERE error IS NOT NULL';
    sleep POLL_SEC while !$walk->value($is_written) && time < $until;
    $walk->sql('UPDATE pwreset_job SET due = due + ?', LATER_SEC);
    $walk->age('fails', MERGE_SEC);
    return;
}

# The same question of a program.
sub ask_json {
    my ($client, $path, %member) = @_;
    my $json = '{' . join(',', map { qq("$_":"$member{$_}") } sort keys %member) . '}';
    return $client->request(POST => $path, body => $json, headers => [['Content-Type', 'application/json'],
        [Accept => 'application/json']]);
}

sub ask { my ($client, $typed, $query) = @_; return $client->post("/account/forgot$query", [email => $typed]) }

# The answer to a POST, and to a GET behind it on the same connection.
sub ask_twice {
    my ($walk, $typed) = @_;
    my $socket = $walk->client->open_socket;
    my $body = PWR::Client::form_encode(email => $typed);
    syswrite $socket, "POST /account/forgot HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body"
        . "GET /account/forgot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    local $/;
    return (<$socket> // '') =~ s/^(Date|Expires): [^\r]*/$1/gmr =~ s/\Q$typed\E/TYPED/gr;
}

sub forgot {
    my $walk = shift;
    my $client = $walk->client;
    my @names = (sort(keys %account), @unknown);
    hold($walk);
    ask($client, 'warm@example.org', '') for 1 .. WARM;
    for my $row (['@example.org', ''], ['@example.org', '?lang=ru'], ['', '?lang=en'], ['', '']) {
        my ($domain, $query) = @$row;
        my (%bytes, %typed);
        for my $name (@names, qw(known limit)) {
            my $typed = "$name$domain";
            my $r = ask($client, $typed, $query);
            is($r->status, 200, "$typed$query: 200");
            $bytes{$typed} = bytes_of($r, $typed);
            $typed{$typed} = 1;
        }
        all_alike(\%bytes, "'$domain$query': one answer, byte for byte, headers in one order");
        next if $walk->kind ne 'mysql';
        my $told = statements_alike($walk, [sort keys %typed], sub { ask($client, $_[0], $query) },
            "'$domain$query': one list of statements");
        unlike($told, qr/pwreset_user/, 'none of which knows of users');
        like($told, qr/INSERT INTO pwreset_job/, 'control: they are seen');
    }
    all_alike({map { ($_ => ask_twice($walk, "$_\@example.org")) } @names}, 'on one connection with the page behind it');
    all_alike({map { ($_ => bytes_of(ask_json($client, '/account/forgot', email => "$_\@example.org"), "$_\@example.org")) }
        @names}, 'to a program');
    let_go($walk);
    all_alike({map { ($_ => bytes_of(ask($client, "$_\@example.org", ''), "$_\@example.org")) } @names},
        'the same while the mails go out');
    return;
}

# What an address is not cannot be told apart from what nobody has.
sub controls {
    my $walk = shift;
    my $client = $walk->client;
    isnt(bytes_of(ask($client, 'known@example', ''), 'known@example'),
        bytes_of(ask($client, 'known@example.org', ''), 'known@example.org'), 'control: another answer is seen');
    ok($walk->mail_to('known@example.org'), 'control: there is an account');
    ok($walk->mail_to('share@example.org'), 'control: and one address with two');
    return;
}

# --- login ----------------------------------------------------------------------------

sub login {
    my $walk = shift;
    $walk->add($_, password => $stored{$_}) for sort keys %stored;
    my @names = (sort(keys %account), sort(keys %stored), @unknown);
    for my $domain ('', '@example.org') {
        my @typed = map { "$_$domain" } @names;
        my %bytes;
        while (my @some = splice @typed, 0, AT_ONCE) {
            # A busy machine may tell some to come again: that is no answer yet.
            my @answers;
            for (1 .. TRIES) {
                @answers = $walk->at_once(map { ['/account/login', [login => $_, password => 'wrong']] } @some);
                last if !grep { $_->status == 503 } @answers;
            }
            is_deeply([map { $_->status } @answers], [(422) x @some], "@some: 422");
            @bytes{@some} = map { bytes_of($answers[$_], $some[$_]) } 0 .. $#some;
        }
        all_alike(\%bytes, "login$domain: one answer, byte for byte, headers in one order");
        all_alike({map { ($_ => bytes_of(ask_json($walk->client, '/account/login', login => $_, password => 'wrong'), $_)) }
            map { "$_$domain" } qw(known disab share nohas bcr10), $unknown[0]}, "login$domain: to a program");
        login_statements($walk, $domain) if $walk->kind eq 'mysql';
    }
    return;
}

sub login_statements {
    my ($walk, $domain) = @_;
    my @names = $domain ? qw(known disab share nobod) : (sort(keys %account), qw(nohas plain bcr10), $unknown[0]);
    my $told = statements_alike($walk, [map { "$_$domain" } @names], sub {
        $walk->client->post('/account/login', [login => $_[0], password => 'wrong']);
    }, "login$domain: one list of statements");
    like($told, qr/pwreset_user/, 'control: they are seen');
    return;
}

# The login name of a stranger is not told by the pages that people reach next.
sub pages {
    my $walk = shift;
    my %page;
    for my $name (qw(known nobod disab)) {
        my $client = $walk->client;
        $client->post('/account/login', [login => $name, password => 'wrong']);
        $client->post('/account/forgot', [email => "$name\@example.org"]);
        $page{$name} = join '', map { bytes_of($client->get($_), $name) } '/account/login', '/account/forgot',
            '/account/reset', '/account/change';
    }
    all_alike(\%page, 'the pages afterwards are those of anybody');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->httpd->allow_log(qw(PWR0302 PWR0303 PWR0304));
    watch($walk) if $walk->kind eq 'mysql';
    prepare($walk);
    subtest forgot => sub { forgot($walk) };
    $walk->httpd->mailbox->mode(undef);
    $walk->sql('UPDATE pwreset_job SET due = 0');
    subtest login => sub { login($walk) };
    subtest pages => sub { pages($walk) };
    subtest controls => sub { controls($walk) };
}, conf => $conf, global => 'PwResetHashGate 2 64');
done_testing();
