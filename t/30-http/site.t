#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What an admin says of a site, other than the defaults that all other tests
# have: where its pages are, whose tables it uses, its name, its languages,
# how long a control string works.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Sites;
use PWR::Walk;
use Test::More;

my $navigation = [[Accept => 'text/html']];
my @new = (password => NEW, confirm => NEW);

# --- PwResetBase ----------------------------------------------------------------

my $base = '/my/keys';

# Every address in a page is under the base, but for those of the site.
sub stays {
    my ($client, $r, $name) = @_;
    my @paths = grep { !/^(?:mailto:|#)/ } $r->links(qw(a form link script img));
    cmp_ok(scalar @paths, '>=', 4, "$name: has addresses");
    is_deeply([grep { !m{^\Q$base\E/} } @paths], [], "$name: all are under the base");
    is_deeply([grep { $client->get($_)->status !~ /^(?:200|303)$/ } @paths], [], "$name: and lead somewhere");
    return;
}

sub mail_stays {
    my ($sites, $login, $name) = @_;
    my $mail = $sites->walk->mail_to("$login\@example.org") or return fail("$name: comes");
    my @urls = ($mail->text . $mail->html) =~ m{(https?://[^\s"<]+)}g;
    my $home = $sites->client('base')->origin . $base;
    cmp_ok(scalar @urls, '>=', 4, "$name: has links");
    is_deeply([grep { index $_, "$home/" } @urls], [], "$name: all lead below the base");
    return $mail;
}

sub base {
    my $sites = PWR::Sites->new({base => "PwResetBase $base"});
    my $client = $sites->client('base');
    $sites->walk->add('ivan');
    stays($client, $client->get("$base/$_"), $_) for qw(login forgot reset logout notme);
    is($client->get($_)->status, 404, "$_ is not ours") for '/account/login', '/account/assets/pwreset.css', $base,
        "${base}s/login", '/login';
    is($client->get('/.well-known/change-password')->header('Location'), "$base/change", 'the lead-in');
    my $r = $client->get('/portal/', headers => $navigation);
    is($r->header('Location'), "$base/login?return=%2Fportal%2F", 'a protected page leads there');
    is($client->get('/portal/')->header('WWW-Authenticate'), 'PwReset realm="' . $client->origin =~ s{.*//}{}r
        . "$base\"", 'the realm is host and base');
    stays($client, $client->post("$base/forgot", [email => 'ivan@example.org']), 'the notice');
    my $mail = mail_stays($sites, 'ivan', 'the mail') or return;
    my $token = $mail->token;
    stays($client, $client->get("$base/reset?token=$token"), 'the form');
    $r = $client->post("$base/reset", [token => $token, @new]);
    is_deeply([$r->status, $r->header('Location')], [303, "$base/reset?done=1"], 'the password is changed');
    mail_stays($sites, 'ivan', 'the notice');
    stays($client, $client->follow($r), 'the success page');
    is($client->post("$base/login", [login => 'ivan', password => NEW, return => '/portal/'])->status, 303, 'signs in');
    is($sites->walk->who($client), 'ivan', 'is in');
    stays($client, $client->get("$base/$_"), "$_, signed in") for qw(change sessions logout);
    $client->post("$base/logout", []);
    is($sites->walk->who($client), 401, 'and out');
    my @lines = grep { m{^.*?"GET \Q$base\E/reset\?} } $sites->httpd->access_log;
    ok(@lines && !grep({ !/\?\[redacted\] HTTP/ } @lines), 'no string is in the access log') or diag("@lines");
    $sites->httpd->done;
    return;
}

# --- PwResetTablePrefix ----------------------------------------------------------

sub tables {
    my $kind = shift;
    my $sites = PWR::Sites->new({one => '', two => 'PwResetTablePrefix x_'}, database => $kind, start => 0);
    my $walk = $sites->walk;
    my $program = ($ENV{PWR_BUILD} || "$FindBin::Bin/../../build") . '/pwresetctl';
    $walk->sql($_) for grep { /\S/ } split /;\n/, `'$program' schema --dialect $kind --prefix x_`;
    $walk->add('olga');
    $walk->sql('INSERT INTO x_user SELECT * FROM pwreset_user');
    $walk->sql('DELETE FROM pwreset_user');
    $sites->httpd->start;
    my $client = $sites->signed_in('two', 'olga');
    is($walk->who($client), 'olga', "$kind: its own users");
    is($sites->client('one')->post('/account/login', [login => 'olga', password => OLD])->status, 422,
        "$kind: are nobody elsewhere");
    $client->post('/account/forgot', [email => 'olga@example.org']);
    my $mail = $walk->mail_to('olga@example.org') or return fail("$kind: a mail");
    is($client->post('/account/reset', [token => $mail->token, @new])->status, 303, "$kind: its own strings");
    ok($walk->mail_to('olga@example.org'), "$kind: its own jobs");
    is($walk->value("SELECT COUNT(*) FROM pwreset_$_"), 0, "$kind: nothing in pwreset_$_") for qw(token session job);
    $sites->httpd->done;
    return;
}

# --- PwResetLanguages, PwResetSiteName ---------------------------------------------

# By site: what its pages and mails are in where nobody asks for a language,
# where English is asked for, and whether there is a switch.
my %languages = (
    'both' => ['PwResetLanguages ru en', 'ru', 'en', 1],
    'russian' => ['PwResetLanguages ru', 'ru', 'ru', 0],
    'english' => ['PwResetLanguages en', 'en', 'en', 0],
);

sub languages {
    my $sites = PWR::Sites->new({map { ($_ => $languages{$_}[0]) } keys %languages});
    for my $name (sort keys %languages) {
        my (undef, $first, $english, $has_switch) = @{$languages{$name}};
        my $client = $sites->client($name);
        my %wanted = ('' => $first, '?lang=en' => $english, '?lang=de' => $first,
            '?lang=ru' => $name eq 'english' ? 'en' : 'ru');
        is($client->get("/account/forgot$_")->header('Content-Language'), $wanted{$_}, "$name: '$_'")
            for sort keys %wanted;
        is(scalar(() = $client->get('/account/forgot')->text =~ /hreflang=/g), $has_switch ? 2 : 0, "$name: the switch");
        # His language is one that the site need not have.
        $sites->walk->add("user-$name", language => 'en');
        $client->post('/account/forgot', [email => "user-$name\@example.org"]);
        my $mail = $sites->walk->mail_to("user-$name\@example.org");
        is($mail && $mail->header('Content-Language'), $english, "$name: the mail");
    }
    $sites->httpd->done;
    return;
}

# Without a name a site is called as its vhost.
sub site_name {
    my $sites = PWR::Sites->new({nameless => "PwReset Off\nPwReset On\nPwResetPublicURL http://nameless.test:\${PORT}"});
    my $client = $sites->client('nameless');
    $sites->walk->add('ivan');
    is($client->get('/account/login')->title, 'Sign in to your account – nameless.test', 'on its pages');
    $client->post('/account/forgot', [email => 'ivan@example.org']);
    my $mail = $sites->walk->mail_to('ivan@example.org') or return fail('a mail');
    is($mail->header('Subject'), 'nameless.test: password recovery', 'in its mails');
    like($mail->header('From'), qr/^"?nameless\.test"? <noreply/, 'and as their sender');
    $sites->httpd->done;
    return;
}

# --- PwResetTokenLifetime ---------------------------------------------------------

# A clock time alone would be wrong where the clock shows it more than once.
my $clock = qr{\d\d:\d\d \(MSK, UTC\+3\)};
my %until = ('10min' => [600, $clock], '12h' => [43_200, qr/\d{4}-\d\d-\d\d $clock/],
    '7d' => [604_800, qr/\d{4}-\d\d-\d\d $clock/]);

sub lifetime {
    my $sites = PWR::Sites->new({map { ("l$_" => "PwResetTokenLifetime $_\nPwResetTimeZone Europe/Moscow") } keys %until});
    for my $name (sort keys %until) {
        my ($seconds, $shown) = @{$until{$name}};
        my ($walk, $client) = ($sites->walk, $sites->client("l$name"));
        $walk->add("user-$name");
        $client->post('/account/forgot', [email => "user-$name\@example.org"]);
        my $mail = $walk->mail_to("user-$name\@example.org") or return fail("$name: a mail");
        is($walk->value(q(SELECT expires - created FROM pwreset_token WHERE purpose = 'recover' AND login = ?),
            "user-$name"), $seconds, "$name: so long it works");
        my ($until) = $mail->text =~ /work once, until ($shown)\./;
        my $html = $mail->html =~ s/&#(\d+);/chr $1/ger;
        ok($until && index($html, "until $until.") >= 0, "$name: the mail says until when") or diag($mail->text);
        my $page = $client->get('/account/reset?token=' . $mail->token)->text =~ s/&#(\d+);/chr $1/ger;
        like($page, qr/works until \Q$until\E\./, "$name: and so does the page") if $until;
        $walk->age("user-$name", $seconds - 30);
        is($client->get('/account/reset?token=' . $mail->token)->status, 200, "$name: it works nearly to the end");
        $walk->age("user-$name", 60);
        is($client->get('/account/reset?token=' . $mail->token)->status, 410, "$name: and no longer");
    }
    $sites->httpd->done;
    return;
}

subtest 'base' => \&base;
subtest 'tables' => sub { tables($_) for qw(sqlite mysql) };
subtest 'languages' => \&languages;
subtest 'site name' => \&site_name;
subtest 'lifetime' => \&lifetime;
done_testing();
