#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A password without the mail: strings that are used or expired (Forcepoint
# CVE-2018-16529), another's (authentik CVE-2023-26481), no string but a later
# step (Keycloak CVE-2026-18963), of another kind (LemonLDAP::NG CVE-2019-12046),
# arrays, numbers and blanks for strings (WordPress 2.8.3, Devise CVE-2013-0233 and
# CVE-2019-16109, Clearance), replayed at once (Keycloak CVE-2026-37982), guessed.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Client;
use PWR::Walk;
use Test::More;

use constant {RACERS => 50, GUESSES => 200, LIVES => 3600, GRACE => 600, MERGE_SEC => 61};

my @symbols = split //, '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
my %value = map { ($symbols[$_] => $_) } 0 .. $#symbols;

# The check symbol by Luhn mod 32, from right to left.
sub check_symbol {
    my @digits = map { $value{$_} } reverse split //, shift;
    my ($factor, $sum) = (2, 0);
    for my $digit (@digits) {
        my $product = $factor * $digit;
        $sum += int($product / @symbols) + $product % @symbols;
        $factor = 3 - $factor;
    }
    return $symbols[-$sum % @symbols];
}

sub new_password { return (password => NEW, confirm => NEW) }

# In all places where a page takes it: no password is changed and nobody let in.
sub is_nothing {
    my ($walk, $name, $string) = @_;
    my $client = $walk->client;
    my $encoded = PWR::Client::form_encode(token => $string);
    my @answers = ($client->get("/account/reset?$encoded"), $client->post('/account/reset', [token => $string, new_password()]),
        $client->post("/account/reset?$encoded", [new_password()]));
    # (A link without a string shows the field for one.)
    like($_->status, $string =~ /\S/ ? qr/^(?:400|410|413|422)$/ : qr/^(?:200|422)$/, "$name: " . $_->status) for @answers;
    is(scalar(grep { /type="password"/ } map { $_->body } @answers), 0, "$name: no form for a password");
    return;
}

# --- strings that are none ------------------------------------------------------------

sub other_kinds {
    my ($walk, $string) = @_;
    my $ivan = $walk->signed_in('ivan');
    my $cookie = $walk->cookie_name($ivan);
    my $session = $ivan->cookie($cookie);
    my $bare = $string =~ tr/-//dr;
    my ($row) = $walk->rows(q(SELECT * FROM pwreset_token WHERE login = 'ivan' AND purpose = 'recover'));
    my ($job) = $row->{job};
    my $notme = $walk->mail_to('olga@example.org')->notme;
    is_nothing($walk, 'the link "this was not me"', $notme);
    for my $other ($string, $session, $row->{digest}, '0' x 28, '') {
        my $r = $walk->client->post('/account/notme', [token => $other]);
        like($r->status, qr/^(?:410|422)$/, 'nor is anything else that link: ' . $r->status);
    }
    is_nothing($walk, 'a session', $session);
    is_nothing($walk, 'the start of a session', uc substr $session, 0, 28);
    is_nothing($walk, "the string's digest", $row->{digest});
    is_nothing($walk, "the session's digest", $walk->value('SELECT digest FROM pwreset_session'));
    is_nothing($walk, 'the number of the job', $job);
    is_nothing($walk, 'the id of the user', $row->{user_id});
    is_nothing($walk, "the password's hash", $walk->stored('ivan'));
    for my $value ($bare, lc $bare, $string, $row->{digest}, $row->{user_id}) {
        my $client = $walk->client;
        $client->cookie($cookie, $value);
        is($walk->who($client), 401, 'nor is a string a session');
    }
    return;
}

sub malformed {
    my ($walk, $string) = @_;
    my $bare = $string =~ tr/-//dr;
    my %bad = (
        'nothing' => '', 'a blank' => ' ', 'zero' => '0', 'one' => '1', 'true' => 'true', 'null' => 'null', 'NULL' => 'NULL',
        'array' => 'Array', '28 zeros' => '0' x 28, 'cut at the end' => substr($bare, 0, 27),
        'cut in front' => substr($bare, 1), 'a group less' => substr($string, 0, 29), 'a symbol more' => "${bare}0",
        'a percent sign' => '%', 'a pattern' => substr($bare, 0, 27) . '_',
        'a longer pattern' => substr($bare, 0, 4) . '%', 'stars' => '*' x 28,
        'SQL' => q(' OR '1'='1), 'a union' => "' UNION SELECT digest FROM pwreset_token -- ",
        'stacked' => "';UPDATE pwreset_user SET password='x';--", 'regular' => '.*', 'a template' => '{{token}}',
        'a symbol that is none' => $bare =~ s/./U/r, 'long' => 'A' x 1990, 'too long' => '0' x 5000,
    );
    is_nothing($walk, "'$_'", $bad{$_}) for sort keys %bad;
    is($walk->client->post('/account/reset', [token => "$bare\0", new_password()])->status, 400, 'a NUL behind it');
    # The string in other characters, or with others around it, is it or nothing.
    for my $variant ("$bare$bare", qq("$bare"), "$bare' OR '1'='1", "$bare'-- ", "$bare\\", scalar reverse($bare),
        $bare =~ s/(.)/chr(0xFEE0 + ord $1)/ger, $bare =~ s/(\d)/chr(0x660 + $1)/ger,
        $bare =~ s/([A-Z])/chr(0x1D3BF + ord $1)/ger) {
        my $r = $walk->client->post('/account/reset', [token => $variant]);
        is($r->status == 200 ? $r->form->{fields}{login} : 'ivan', 'ivan', "$variant: is his, or nobody's");
        like($r->status, qr/^(?:200|410|422)$/, "$variant: " . $r->status);
    }
    return;
}

# Fields that are not the field.
sub fields {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    my @new = new_password();
    for my $form (['token[]' => $string, @new], ['token[0]' => $string, @new], [Token => $string, @new],
        ['token ' => $string, @new],
        [login => $string, @new], [code => $string, @new], [token => '', 'token[]' => $string, @new],
        [password => $string, confirm => $string], [done => 1, @new], [step => 3, login => 'ivan', @new]) {
        is($client->post('/account/reset', $form)->status, 422, join ' ', 'fields:', @$form[0, 1]);
        is($client->post('/account/reset?done=1', $form)->status, 422, '... and with done');
    }
    is($client->post('/account/reset', [token => $string, token => $string, @new])->status, 400, 'two fields');
    is($client->post("/account/reset?token=$string", [@new])->status, 422, 'the query of a POST');
    for my $json (qq({"token":["$string"]}), qq({"token":{"\$ne":""}}), '{"token":0}', '{"token":true}', '{"token":null}') {
        my $r = $client->request(POST => '/account/reset', body => $json, headers => [['Content-Type', 'application/json'],
            [Accept => 'application/json']]);
        like($r->status, qr/^4(?:00|15|22)$/, "$json: " . $r->status);
    }
    return;
}

# The page that sets the password asks for the string itself, every time.
sub skipped {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    is($client->get("/account/reset?token=$string")->status, 200, 'one looks at the form');
    is($client->post('/account/reset', [token => $string])->status, 200, 'and types the string');
    is($client->post('/account/reset', [login => 'ivan', new_password()])->status, 422, 'his browser alone is not enough');
    my ($name) = $walk->cookie_name($walk->signed_in('olga'));
    $client->cookie("$name-login", 'ivan');
    is($client->post('/account/reset', [new_password()])->status, 422, 'nor a cookie with his name');
    is($client->post('/account/change', [current => '', new_password()])->status, 401, 'nor the page behind the login');
    is($walk->signed_in('olga')->post('/account/change', [login => 'ivan', user => 'ivan', id => 1, current => OLD,
        password => OLD, confirm => NEW])->status, 422, 'nor a session of somebody else');
    return;
}

# --- guesses --------------------------------------------------------------------------

sub guesses {
    my ($walk, $string) = @_;
    my $client = $walk->client;
    my $bare = $string =~ tr/-//dr;
    my ($start, $check) = $bare =~ /^(.{27})(.)$/;
    is(check_symbol($start), $check, 'control: the check symbol can be computed by anybody');
    for my $guess (grep { $_ ne $check } @symbols) {
        is($client->post('/account/reset', [token => "$start$guess", new_password()])->status, 422, "check symbol $guess");
    }
    my %status;
    for (1 .. GUESSES) {
        my $guess = join '', map { $symbols[rand @symbols] } 1 .. 27;
        $status{$client->post('/account/reset', [token => $guess . check_symbol($guess), new_password()])->status}++;
    }
    is_deeply(\%status, {410 => GUESSES}, 'well-formed guesses are unknown');
    # Neighbours of a live one, well-formed.
    for my $at (0 .. 26) {
        my $near = $start;
        substr $near, $at, 1, $symbols[($value{substr $near, $at, 1} + 1) % @symbols];
        is($client->get('/account/reset?token=' . $near . check_symbol($near))->status, 410, "one symbol from it, at $at");
    }
    return;
}

# --- at once, and again -----------------------------------------------------------------

sub race {
    my ($walk, $string) = @_;
    my @passwords = map { NEW . " $_" } 1 .. RACERS;
    my @answers = $walk->at_once(map { ['/account/reset', [token => $string, password => $_, confirm => $_]] } @passwords);
    my %status;
    $status{$_->status}++ for @answers;
    is($status{303}, 1, 'of ' . RACERS . ' posts one wins') or diag explain \%status;
    is_deeply([sort keys %status], [sort grep { $status{$_} } 303, 410, 503], 'the others are told so');
    my ($winner) = grep { $answers[$_]->status == 303 } 0 .. $#answers;
    ok(defined $winner && $walk->works('ivan', $passwords[$winner]), 'and it is his password');
    is($walk->value(q(SELECT COUNT(*) FROM pwreset_token WHERE login = 'ivan' AND purpose = 'recover' AND spent_at > 0)), 1,
        'one string is spent');
    $walk->settle;
    is(scalar(grep { $_->header('Subject') =~ /has been changed/ } $walk->httpd->mailbox->unseen), 1, 'one notice was sent');
    is($walk->client->post('/account/reset', [token => $string, new_password()])->status, 410, 'used again: nothing');
    return;
}

# Old strings in new clothes.
sub dead {
    my ($walk, $string) = @_;
    $walk->age('olga', LIVES + GRACE + 1);
    for my $form ([token => $string], [token => lc $string], [token => " $string "], [token => $string =~ tr/-//dr]) {
        is($walk->client->post('/account/reset', [@$form, new_password()])->status, 410, 'an expired string');
    }
    ok($walk->works('olga', OLD), 'changes nothing');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->add($_) for qw(ivan olga);
    my %string = $walk->strings(qw(ivan olga));
    $walk->age('olga', MERGE_SEC);
    $walk->client->post('/account/forgot', [email => 'olga@example.org']);
    $walk->settle;
    my $before = $walk->state;
    $walk->httpd->allow_log('PWR0021');
    subtest 'other kinds' => sub { other_kinds($walk, $string{ivan}) };
    subtest malformed => sub { malformed($walk, $string{ivan}) };
    subtest fields => sub { fields($walk, $string{ivan}) };
    subtest skipped => sub { skipped($walk, $string{ivan}) };
    subtest guesses => sub { guesses($walk, $string{ivan}) };
    $walk->sql('DELETE FROM pwreset_session');
    $walk->unchanged($before, 'all of this');
    subtest race => sub { race($walk, $string{ivan}) };
    subtest dead => sub { dead($walk, $string{olga}) };
}, conf => 'PwResetPasswordScheme bcrypt:10', threads => 32);
done_testing();
