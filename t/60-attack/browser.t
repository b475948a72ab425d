#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What somebody else put into a visitor's browser: a session that he knows
# (Keycloak CVE-2026-7507, Froxlor CVE-2023-3192), cookies tossed by a neighbour
# (GitHub 2013) and under names that a server takes for others (PHP CVE-2020-7070
# and CVE-2022-31629, which made __Host- of what is none), so many that nobody can
# sign in (mod_auth_openidc #331), and malformed ones (CVE-2021-26690,
# CVE-2023-28625).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::TLS;
use PWR::Walk;
use Test::More;

# Other names for the cookie NAME, which are not it.
sub other_names {
    my $name = shift;
    my $bare = $name =~ s/^__Host-//r;
    return (
        $bare, lc $name, uc $name, "__host-$bare", "__HOST-$bare", "__Secure-$bare", "__Host-$name", "..Host-$bare",
        "  Host-$bare", "__Host.$bare", "__Host%2D$bare", "__Host_$bare", "__Host- $bare", "__Host-$bare\x01", "%5F_Host-$bare",
        "__Host-$bare\[]", "__Host-${bare}0", substr($name, 0, -1), "x$name", "\$Version=1, $name", "a,$name", "$name;x",
        "\"$name\"", "__Host-\t$bare", "\xEF\xBB\xBF$name",
    );
}

# A good session under another name, or beside garbage, is nobody's.
sub names {
    my ($walk, $client) = @_;
    my ($name) = grep { !/-login$/ } keys %{$client->cookies};
    my $id = $client->cookie($name);
    my $ask = sub {
        my $r = $client->other->get('/portal/', headers => [map { [Cookie => $_] } @_]);
        return $r->status == 200 ? $r->header('X-User') : $r->status;
    };
    is($ask->("$name=$id"), 'ivan', 'control: the session');
    for my $other (grep { $_ ne $name } other_names($name)) {
        like($ask->("$other=$id"), qr/^40[01]$/, "'$other' is not its name");
        is($ask->("$other=x; $name=$id"), $other =~ /[\x00-\x08]/ ? 400 : 'ivan', "... and what it holds does not matter")
            if $other !~ /^"|^\$|,|;x|\t/;
    }
    for my $bad ("$name=x", "$name=" . 'a' x 64, "$name=", "$name=%00", "$name=" . $id =~ tr/a-f/A-F/r) {
        is($ask->("$bad; $name=$id"), 401, "tossed in front: " . substr $bad, 0, 40);
        is($ask->("$name=$id; $bad"), 401, "tossed behind: " . substr $bad, 0, 40);
        is($ask->("$name=$id", $bad), 401, 'in a header of its own');
    }
    is($ask->("$name=$id; $name=$id"), 'ivan', 'control: twice the same is the same');
    is($ask->("$name=$id", "$name=$id"), 401, 'two headers are none: no browser sends them (RFC 6265 5.4)');
    return;
}

# Signing in on top of whatever is there gives an id that nobody knew.
sub fixation {
    my $walk = shift;
    my $make = sub { $walk->httpd->client };
    my $mallory = $make->();
    $mallory->post('/account/login', [login => 'mallory', password => OLD]);
    my ($name) = grep { !/-login$/ } keys %{$mallory->cookies};
    my $his = $mallory->cookie($name);
    for my $planted ($his, 'planted', 'a' x 64, '', '0') {
        my $ivan = $make->();
        $ivan->cookie($name, $planted);
        $ivan->cookie("$name-login", 'mallory');
        my $page = $ivan->get('/account/login');
        is($ivan->cookie($name), $planted, 'looking at the page gives no session');
        my $r = $ivan->submit($page, {login => 'ivan', password => OLD});
        is($r->status, 303, 'ivan signs in on top of "' . substr($planted, 0, 8) . '"');
        isnt($ivan->cookie($name), $planted, 'and has another id');
        is($walk->who($ivan), 'ivan', 'which is his');
        my $thief = $make->();
        $thief->cookie($name, $planted);
        like($walk->who($thief), qr/^(?:401|mallory)$/, 'what was planted is not ivan');
    }
    return;
}

# Looking, failing and asking never set a session, nor do links.
sub no_session {
    my $walk = shift;
    my %string = $walk->strings('ivan');
    my $client = $walk->httpd->client;
    for my $r ((map { $client->get($_) } '/account/login?sid=abc&PHPSESSID=x', '/account/forgot', '/account/reset',
        "/account/reset?token=$string{ivan}", '/account/logout', '/portal/'),
        $client->post('/account/login', [login => 'ivan', password => 'x']), $client->post('/account/reset',
        [token => $string{ivan}]), $client->post('/account/reset', [token => $string{ivan}, password => 'x', confirm => 'x'])) {
        is($r->header('Set-Cookie'), undef, $r->path . ': no cookie');
    }
    my $r = $client->post('/account/reset', [token => $string{ivan}, password => OLD, confirm => OLD]);
    is($r->status, 303, 'the string is used');
    is($walk->who($client), 401, 'and signs nobody in');
    return;
}

# The login page shows what a cookie says, and does nothing with it.
sub hint {
    my $walk = shift;
    my $client = $walk->signed_in('ivan');
    my $name = $walk->cookie_name($client);
    $client->cookie("$name-login", 'mallory');
    is($walk->who($client), 'ivan', 'a tossed hint signs nobody in');
    is($client->get('/account/login')->form->{fields}{login}, 'mallory', 'it is shown');
    is($client->post('/account/login', [login => '', password => OLD])->status, 422, 'and not believed');
    is($client->get('/account/reset?done=1')->status, 200, 'nor on the page of success');
    return;
}

# More cookies than httpd takes: the answer says so and the next works; as many
# as it takes: they are read once, and in no time.
sub bombs {
    my $walk = shift;
    my $client = $walk->signed_in('ivan');
    my $name = $walk->cookie_name($client);
    my $id = $client->cookie($name);
    my %bomb = (
        'one of 8000 bytes' => ['x=' . 'y' x 7900, 401], 'too long' => ['x=' . 'y' x 9000, 400],
        '300 of ours' => [join('; ', map { "$name-$_=1" } 1 .. 300), 401], 'semicolons' => [';' x 7000, 401],
        'equals signs' => ['=' x 7000, 401], 'quotes' => ["$name=" . '"' x 7000, 401], 'blanks' => ["$name=" . ' ' x 7000, 401],
        'escapes' => ["$name=" . '%41' x 2300, 401], 'half an escape' => ["$name=%4", 401], 'bytes' => ["$name=\xFF\xFE", 401],
    );
    for my $what (sort keys %bomb) {
        my ($header, $status) = @{$bomb{$what}};
        is($client->other->get('/portal/', headers => [[Cookie => $header]])->status, $status, "$what: $status");
        next if $status == 400 || length($header) > 7900;
        my $r = $client->other->get('/portal/', headers => [[Cookie => "$header; a=b"], [Cookie => "c=d; $name=$id"]]);
        like($r->status, qr/^(?:200|400|401)$/, "$what, with a good one behind: " . $r->status);
    }
    is($walk->who($client), 'ivan', 'the session goes on');
    return;
}

my $tls = PWR::TLS->new;
for my $https (0, 1) {
    subtest $https ? 'https' : 'http' => sub {
        my $walk = PWR::Walk->new('sqlite', $https ? (tls => $tls) : (),
            conf => "PwResetSessionCache 0\nPwResetPasswordScheme bcrypt:10");
        $walk->add($_) for qw(ivan mallory);
        my $client = $walk->signed_in('ivan');
        subtest names => sub { names($walk, $client) };
        subtest fixation => sub { fixation($walk) };
        subtest 'no session' => sub { no_session($walk) };
        subtest hint => sub { hint($walk) };
        subtest bombs => sub { bombs($walk) };
        $walk->settle;
        $walk->httpd->done;
    };
}
done_testing();
