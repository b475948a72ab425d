#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Who can end a control string, and who cannot: nobody switches recovery off for
# somebody else, and what its owner does ends all.  And who hears of a change.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Ctl;
use PWR::Walk;
use Test::More;

use constant {MERGE_SEC => 61, GUESSES => 30};

my $columns = 'SELECT id, login, email, password, language, recovery_email, changed_at FROM {prefix}user';

# A string by a request of its own: (string, link of "this was not me").
sub asked {
    my ($walk, $login) = @_;
    $walk->sql('UPDATE pwreset_token SET created = created - ?', MERGE_SEC);
    $walk->client->post('/account/forgot', [email => "$login\@example.org"]);
    my $mail;
    do { $mail = $walk->mail_to("$login\@example.org") or die "no mail came to $login\n" } until $mail->token;
    return ($mail->token, $mail->notme);
}

sub status_of { return join ' ', map { $_[0]->client->get("/account/reset?token=$_")->status } @_[1 .. $#_] }
sub rows_of { return $_[0]->rows('SELECT * FROM pwreset_token WHERE login = ? ORDER BY digest', $_[1]) }

# --- what ends none --------------------------------------------------------------

# What others can do, and what its owner does all day.
my %harmless = (
    'a new request' => sub { asked($_[0], $_[1]) },
    'a request for a login name' => sub { $_[0]->client->post('/account/forgot', [email => $_[1]]) },
    'the page of the string' => sub { $_[0]->client->get("/account/reset?token=$_[2]") for 1 .. 3 },
    'the string posted alone' => sub { $_[0]->client->post('/account/reset', [token => $_[2]]) },
    'a refused password' => sub { $_[0]->client->post('/account/reset', [token => $_[2], password => 'x',
        confirm => 'y']) },
    'wrong strings' => sub {
        $_[0]->client->post('/account/reset', [token => $_[2] =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/er . $_,
            password => NEW, confirm => NEW]) for 1 .. GUESSES;
    },
    'the link "not me" opened' => sub { $_[0]->client->get("/account/notme?token=$_[3]") for 1 .. 2 },
    'a login' => sub { $_[0]->signed_in($_[1]) },
    'a wrong login' => sub { $_[0]->client->post('/account/login', [login => $_[1], password => NEW]) },
    'a logout' => sub { my $c = $_[0]->signed_in($_[1]); $c->post('/account/logout', []) },
    'sessions ended' => sub { my $c = $_[0]->signed_in($_[1]); $c->post('/account/sessions', [end => 'others']) },
    'a refused change' => sub { $_[0]->signed_in($_[1])->post('/account/change', [current => 'x', password => NEW,
        confirm => NEW]) },
    'a new name' => sub { $_[0]->sql('UPDATE pwreset_user SET name = ?, language = ? WHERE login = ?', 'x', 'ru', $_[1]) },
);

sub ends_none {
    my $walk = shift;
    my $n = 0;
    for my $what (sort keys %harmless) {
        my $login = 'none' . $n++;
        $walk->add($login);
        my ($string, $link) = asked($walk, $login);
        my @before = rows_of($walk, $login);
        $harmless{$what}->($walk, $login, $string, $link);
        $walk->settle;
        my %after = map { $_->{digest} => $_ } rows_of($walk, $login);
        is(status_of($walk, $string), 200, "$what ends no string");
        # But for the age that a second request gives it.
        is_deeply([map { {%{$after{$_->{digest}}}, created => 0} } @before], [map { {%$_, created => 0} } @before],
            "$what: the rows are as they were");
    }
    return;
}

# Neither what is done to another account, nor to this one at another site.
sub ends_no_others {
    my $walk = shift;
    $walk->add($_) for qw(other1 other2);
    my ($string) = asked($walk, 'other1');
    my ($used, $link) = asked($walk, 'other2');
    $walk->sql(q(UPDATE pwreset_token SET realm = 'elsewhere' WHERE login = 'other1'));
    my ($here) = asked($walk, 'other1');
    $walk->client->post('/account/notme', [token => $link]);
    is(status_of($walk, $here, $used), '200 410', "another's link ends another's strings");
    $walk->client->post('/account/reset', [token => $here, password => NEW, confirm => NEW]);
    is($walk->value(q(SELECT SUM(spent_at) FROM pwreset_token WHERE realm = 'elsewhere')), 0,
        'and a change at one site writes no row of another');
    return;
}

# --- what ends all ---------------------------------------------------------------

sub passwd {
    my ($walk, $login) = @_;
    local %ENV = $walk->httpd->ctl_env;
    my @quietly = ('sh', '-c', 'exec "$@" >/dev/null', 'sh', PWR::Ctl->program);
    open my $in, '|-', @quietly, '-c', $walk->httpd->conf_file, qw(user passwd), $login
        or die "pwresetctl: $!\n";
    print {$in} NEW . "\n";
    close $in;
    return $?;
}

my @new = (password => NEW, confirm => NEW);
my %owner = (
    'its use' => sub { $_[0]->client->post('/account/reset', [token => $_[2], @new]) },
    'the use of its sibling' => sub { $_[0]->client->post('/account/reset', [token => $_[3], @new]) },
    'a change when signed in' => sub { $_[0]->signed_in($_[1])->post('/account/change', [current => OLD, @new]) },
    'a change by pwresetctl' => sub { is(passwd($_[0], $_[1]), 0, 'pwresetctl user passwd') },
    'a change by another program' => sub {
        $_[0]->sql('UPDATE pwreset_user SET password = ? WHERE login = ?', crypt(NEW, '$6$abcdefgh$'), $_[1]) },
    'a new address' => sub {
        $_[0]->sql('UPDATE pwreset_user SET email = ? WHERE login = ?', "new.$_[1]\@example.org", $_[1]) },
    'no address any more' => sub { $_[0]->sql('UPDATE pwreset_user SET email = NULL WHERE login = ?', $_[1]) },
    'a second address' => sub {
        $_[0]->sql('UPDATE pwreset_user SET recovery_email = ? WHERE login = ?', 'b@example.org', $_[1]) },
    '"this was not me"' => sub { $_[0]->client->post('/account/notme', [token => $_[4]]) },
    'the end of the account' => sub { $_[0]->sql('DELETE FROM pwreset_user WHERE login = ?', $_[1]) },
);

sub ends_all {
    my $walk = shift;
    my $n = 0;
    for my $what (sort keys %owner) {
        my $login = 'all' . $n++;
        $walk->add($login);
        my ($first) = asked($walk, $login);
        my ($second) = asked($walk, $login);
        my ($third, $link) = asked($walk, $login);
        is(status_of($walk, $first, $second, $third), '200 200 200', "$what: three that work");
        $owner{$what}->($walk, $login, $first, $second, $link);
        is(status_of($walk, $first, $second, $third), '410 410 410', "$what ends all");
        my $stored = $walk->stored($login);
        is($walk->client->post('/account/reset', [token => $third, password => 'other Walrus 63 plank',
            confirm => 'other Walrus 63 plank'])->status, 410, "$what: not even posted");
        is($walk->stored($login), $stored, "$what: and the password stays");
    }
    return;
}

# --- three of them ---------------------------------------------------------------

sub fourth {
    my $walk = shift;
    $walk->add('four');
    my @strings = map { (asked($walk, 'four'))[0] } 1 .. 3;
    $walk->sql('UPDATE pwreset_token SET created = created - ?', MERGE_SEC);
    my ($before, $runs, $mark) = ([rows_of($walk, 'four')], $walk->httpd->mailbox->runs, $walk->httpd->log_mark);
    my @pages = map {
        my $name = $_;
        $walk->client->post('/account/forgot', [email => "$name\@example.org"])->text =~ s/\Q$name\E//gr;
    } qw(four nobd);
    is($pages[0], $pages[1], 'the fourth request gets the usual page');
    like($walk->httpd->wait_log(qr/PWR0412/, $mark) // '', qr/three live/, 'it is told to the admin');
    $walk->settle;
    is_deeply([rows_of($walk, 'four')], $before, 'it mints and cancels nothing');
    is($walk->httpd->mailbox->runs, $runs, 'and mails nothing');
    is(status_of($walk, @strings), '200 200 200', 'the three work');
    is(scalar(@$before), 6, 'control: three strings and a link with each');
    return;
}

# --- a mail is no way in ----------------------------------------------------------

sub no_way_in {
    my $walk = shift;
    $walk->add($_) for qw(ivan olga);
    my ($string, $link) = asked($walk, 'ivan');
    my $olga = $walk->signed_in('olga');
    for my $client ($walk->client, $olga) {
        my $who = $walk->who($client);
        my %cookies = %{$client->cookies};
        for my $r ($client->get("/account/reset?token=$string"), $client->request(HEAD => "/account/reset?token=$string"),
            $client->post('/account/reset', [token => $string]), $client->get('/account/reset?done=1'),
            $client->post('/account/reset', [token => $string, password => 'x', confirm => 'x']),
            $client->get("/account/notme?token=$link"), $client->get("/account/login?token=$string"),
            $client->get("/portal/?token=$string")) {
            is($r->header('Set-Cookie'), undef, 'a click sets no cookie');
        }
        is($walk->who($client), $who, "and who was $who stays that");
        is_deeply($client->cookies, \%cookies, 'with the same cookies');
    }
    my $r = $olga->post('/account/reset', [token => $string, @new]);
    is($r->status, 303, 'a new password');
    my ($name) = grep { !/-login$/ } map { /^(pwr-[^=]+)=/ } $r->headers('Set-Cookie');
    is_deeply([grep { /^\Q$name\E=[^;]/ } $r->headers('Set-Cookie')], [], 'makes no session');
    is($walk->who($olga), 401, 'and leaves none in this browser');
    is($walk->value(q(SELECT COUNT(*) FROM pwreset_session WHERE login = 'ivan')), 0, 'nor anywhere');
    is($walk->client->get('/account/login')->form->{fields}{password}, '', 'the password has to be typed');
    return;
}

# --- who hears of it -------------------------------------------------------------

# Addresses of an account, and to whom the notice goes.
my @told = (
    ['Ann@example.org', 'second@elsewhere.org', qw(Ann@example.org second@elsewhere.org)],
    ['ben@example.org', 'BEN@Example.ORG', 'ben@example.org'],
    ['cat@xn--bcher-kva.example', "cat\@b\x{FC}cher.example", 'cat@xn--bcher-kva.example'],
    ['dan@example.org', '', 'dan@example.org'],
    ['eva@example.org', undef, 'eva@example.org'],
    ['', 'fay@elsewhere.org', 'fay@elsewhere.org'],
    ["gil\@example.org\nBcc: evil\@example.org", 'gil@elsewhere.org', 'gil@elsewhere.org'],
);

# PwResetAfterChange writes another address: those before it are told.
sub notices {
    my $walk = shift;
    $walk->httpd->allow_log('PWR0305');
    for my $n (0 .. 2 * $#told + 1) {
        my ($email, $second, @to) = @{$told[$n / 2]};
        my $login = "told$n";
        $walk->add($login, email => $email, recovery_email => $second);
        $walk->settle;
        $walk->httpd->mailbox->next while $walk->httpd->mailbox->unseen;
        if ($n % 2) {
            is(passwd($walk, $login), 0, "pwresetctl user passwd $login");
            # It cannot wake the workers.
            $walk->client->post('/account/forgot', [email => 'nobody@example.org']);
        }
        else {
            is($walk->signed_in($login)->post('/account/change', [current => OLD, @new])->status, 303, "$login: changed");
        }
        my @jobs = map { $_->{recipient} } $walk->rows('SELECT recipient FROM pwreset_job WHERE login = ?', $login);
        $walk->sql('DELETE FROM pwreset_job WHERE login = ? AND recipient LIKE ?', $login, '%Bcc%');
        $walk->settle;
        my @mails = $walk->httpd->mailbox->unseen;
        is(join(' ', sort map { $_->to } @mails), join(' ', @to), "$login: each address is told, and once")
            or diag("jobs: @jobs");
        like($_->text, qr/$login/, "$login: of whose password it is") for @mails;
    }
    return;
}

my $conf = join "\n", qq(PwResetUserQuery "$columns WHERE email = :email"),
    qq(PwResetLoginQuery "$columns WHERE login = :login"), qq(PwResetIdQuery "$columns WHERE id = :id");
my $moves = q(PwResetAfterChange "UPDATE {prefix}user SET email = 'moved@example.org', recovery_email = NULL)
    . q( WHERE id = :id AND login LIKE 'told%'");

each_database(sub {
    my $walk = shift;
    $walk->sql('ALTER TABLE pwreset_user ADD COLUMN recovery_email VARCHAR(320)');
    subtest 'what ends none' => sub { ends_none($walk) };
    subtest 'what ends no others' => sub { ends_no_others($walk) };
    subtest 'what ends all' => sub { ends_all($walk) };
    subtest 'the fourth' => sub { fourth($walk) };
    subtest 'no way in' => sub { no_way_in($walk) };
    subtest notices => sub { notices($walk) };
}, conf => "$conf\n$moves");
done_testing();
