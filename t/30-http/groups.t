#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PwResetGroupQuery says who is in which group: Require pwreset-group lets in by
# it, and PwResetGroupPolicy makes the rules for passwords stricter.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Sites;
use PWR::Walk;
use Test::More;

my $query = q(PwResetGroupQuery "SELECT uid AS id, name AS `group` FROM member WHERE uid = :id");
my $guarded = <<'CONF';
<Location "/portal">
    AuthzSendForbiddenOnFailure On
</Location>
<Location "/portal/admin">
    Require pwreset-group administrators
</Location>
<Location "/portal/either">
    Require pwreset-group nobody "Главные редакторы" administrators
</Location>
<Location "/portal/both">
    <RequireAll>
        Require pwreset-group administrators
        Require pwreset-group "Главные редакторы"
    </RequireAll>
</Location>
<Location "/portal/none">
    <RequireAll>
        Require valid-user
        Require not pwreset-group administrators
    </RequireAll>
</Location>
CONF
my %conf = (
    guarded => "$query\n${guarded}PwResetSessionCache 0",
    cached => "$query\n${guarded}PwResetSessionCache 60",
    without => "$guarded# none",
    whole => "$query\n<Location \"/\">\nAuthType PwReset\nRequire pwreset-group administrators\n</Location>",
    policy => <<"CONF",
$query
PwResetGroupPolicy administrators length=16 history=2
PwResetGroupPolicy "Главные редакторы" length=14 classes=digit score=4
PwResetGroupPolicy Administrators length=60
CONF
    wrong => qq(PwResetGroupQuery "SELECT uid AS id, name FROM member WHERE uid = :id"\nPwResetGroupPolicy a length=16),
    whose => 'PwResetGroupQuery "SELECT name AS `group` FROM member WHERE uid = :id"',
);

my $html = [Accept => 'text/html'];

sub member { my ($walk, $id, @names) = @_; $walk->sql('INSERT INTO member VALUES (?, ?)', $id, $_) for @names; return }

# What somebody gets at each place below /portal/.
sub gets {
    my $client = shift;
    return join ' ', map { $client->get("/portal/$_/", headers => [$html])->status } qw(admin either both none);
}

sub let_in {
    my ($sites, $id) = @_;
    is(gets($sites->client('guarded')), '303 303 303 303', 'a stranger is sent to the login page');
    is(gets($sites->signed_in('guarded', 'ivan')), '200 200 403 403', 'who is in one group');
    is(gets($sites->signed_in('guarded', 'olga')), '403 200 403 200', 'who is in another');
    is(gets($sites->signed_in('guarded', 'vera')), '200 200 200 403', 'who is in both');
    is(gets($sites->signed_in('guarded', 'anna')), '403 403 403 200', 'who is in none');
    my $anna = $sites->signed_in('guarded', 'anna');
    member($sites->walk, $id->{anna}, 'administrators');
    is(gets($anna), '200 200 403 403', 'who joins one, in the same session');
    $sites->walk->sql('DELETE FROM member WHERE uid = ?', $id->{anna});
    is(gets($anna), '403 403 403 200', 'and leaves it');
    member($sites->walk, $id->{anna}, 'Administrators', 'administrators ', ' administrators', "administrators\nx", '');
    is(gets($anna), '403 403 403 200', 'names that are almost that');
    $sites->walk->sql('DELETE FROM member WHERE uid = ?', $id->{anna});
    return;
}

# What a node knows of a session it knows of its groups.
sub cached {
    my ($sites, $id) = @_;
    my $walk = $sites->walk;
    my $anna = $sites->signed_in('cached', 'anna');
    member($walk, $id->{anna}, 'administrators', 'Главные редакторы');
    is(gets($anna), '200 200 200 403', 'in two groups');
    $walk->sql('DELETE FROM member WHERE uid = ?', $id->{anna});
    is(gets($anna), '200 200 200 403', 'which the node believes for PwResetSessionCache');
    is(gets($sites->signed_in('cached', 'anna')), '403 403 403 200', 'of that session alone');
    member($walk, $id->{anna}, 'administrators', map { "group $_ " . 'x' x 50 } 1 .. 40);
    $anna = $sites->signed_in('cached', 'anna');
    is(gets($anna), '200 200 403 403', 'in more than the cache takes');
    $walk->sql('DELETE FROM member WHERE uid = ?', $id->{anna});
    is(gets($anna), '403 403 403 200', 'which is asked each time');
    return;
}

sub without {
    my $sites = shift;
    $sites->httpd->expect_log('PWR0042');
    is(gets($sites->signed_in('without', 'ivan')), '403 403 403 200', 'without PwResetGroupQuery nobody is in any');
    return;
}

# Our pages are how one signs in, out, and to another account.
sub whole_site {
    my $sites = shift;
    is($sites->client('whole')->get("/account/$_")->status, 200, "/account/$_ for a stranger") for qw(login forgot);
    my $olga = $sites->signed_in('whole', 'olga');
    is($olga->get('/index.html')->status, 401, 'a page of the site, where httpd is not told to say 403');
    is($olga->get("/account/$_")->status, 200, "/account/$_ for who is refused elsewhere") for qw(change sessions logout);
    is($sites->signed_in('whole', 'ivan')->get('/index.html')->status, 200, 'who is in the group');
    return;
}

# --- rules ---

sub string {
    my ($sites, $login) = @_;
    $sites->client('policy')->post('/account/forgot', [email => "$login\@example.org"]);
    my $mail = $sites->walk->mail_to("$login\@example.org") or die "no mail to $login\n";
    return $mail->token;
}

sub rules_of {
    my $r = shift;
    return join ' ', ($r->text =~ /<li data-rule="(\w+)"/g), $r->text =~ /At least (\d+)/ ? $1 : '?';
}

sub policy {
    my ($sites, $id) = @_;
    my $any = 'common personal weak';
    my %want = (
        ivan => "short long $any used 16", olga => "short long digit $any 14",
        vera => "short long digit $any used 16", anna => "short long $any 12",
    );
    my %refused = (
        ivan => qr/at least 16/, olga => qr/no digit/, vera => qr/at least 16.*no digit/s, anna => qr/^(?!.*too short)/s,
    );
    for my $login (sort keys %want) {
        my $token = $sites->{string}{$login} = string($sites, $login);
        my $client = $sites->signed_in('policy', $login);
        is(rules_of($sites->client('policy')->get("/account/reset?token=$token")), $want{$login}, "$login at /reset");
        is(rules_of($client->get('/account/change')), $want{$login}, "$login at /change");
        for my $post (['/account/reset', token => $token], ['/account/change', current => OLD]) {
            my ($path, @more) = @$post;
            my $r = $client->post($path, [@more, password => 'plough Quartz .', confirm => '']);
            is($r->status, 422, "$login at $path");
            like($r->alert, $refused{$login}, "$login at $path: why");
        }
    }
    my $ivan = $sites->signed_in('policy', 'ivan');
    my @taken = map { $ivan->post('/account/change', [current => $_->[0], password => $_->[1], confirm => $_->[1]])->status }
        [OLD, NEW], [NEW, OLD];
    is_deeply(\@taken, [303, 422], 'history of a group');
    my $anna = $sites->signed_in('policy', 'anna');
    @taken = map { $anna->post('/account/change', [current => $_->[0], password => $_->[1], confirm => $_->[1]])->status }
        [OLD, NEW], [NEW, OLD];
    is_deeply(\@taken, [303, 303], 'none of who is in no group');
    is($sites->walk->value('SELECT COUNT(*) FROM pwreset_history'), 1, 'and none is kept');
    return;
}

# Rules that cannot be found are not left out.
sub wrong {
    my $sites = shift;
    my $token = $sites->{string}{olga};
    $sites->httpd->expect_log(qw(PWR0240 PWR0242 PWR0204));
    is($sites->signed_in('wrong', 'olga')->get('/portal/')->status, 503, 'a query without the column, for who is in one');
    is($sites->signed_in('wrong', 'anna')->get('/portal/')->status, 200, 'and for who is in none');
    is($sites->signed_in('whose', 'olga')->get('/portal/')->status, 503, 'one that does not tell whose they are');
    $sites->walk->sql('ALTER TABLE member RENAME TO away');
    my @form = (token => $token, password => NEW, confirm => NEW);
    is($sites->client('policy')->post('/account/reset', \@form)->status, 503, 'groups that cannot be asked for');
    $sites->walk->sql('ALTER TABLE away RENAME TO member');
    is($sites->client('policy')->post('/account/reset', \@form)->status, 303, 'the string is as good as before');
    return;
}

sub refused_configuration {
    my $walk = PWR::Walk->new('sqlite', start => 0);
    my %wrong = (
        'PwResetGroupPolicy a length=16' => qr/PWR0011.*PwResetGroupPolicy needs PwResetGroupQuery/,
        "$query\nPwResetGroupPolicy a length=129" => qr/PWR0011.*PwResetGroupPolicy a: length=129 is more than.* 128/,
        "$query\nPwResetGroupPolicy a length=16\nPwResetGroupPolicy a score=4" => qr/said for this group already/,
        "$query\nPwResetGroupPolicy a" => qr/takes: GROUP/,
        'PwResetGroupQuery "SELECT name AS `group` FROM member"' => qr/PWR0011.*PwResetGroupQuery must use :id/,
        'PwResetGroupQuery "DELETE FROM member WHERE uid = :id"' => qr/PWR0011.*PwResetGroupQuery must be one SELECT/,
        "<Location />\nRequire pwreset-group\n</Location>" => qr/needs the name of a group/,
    );
    for my $conf (sort keys %wrong) {
        my ($status, $said) = $walk->httpd->reconf(conf => $conf)->configtest;
        isnt($status, 0, "refused: $conf");
        like($said, $wrong{$conf}, "and why: $conf");
    }
    return;
}

my $sites = PWR::Sites->new(\%conf, start => 0);
$sites->walk->sql('CREATE TABLE member (uid TEXT, name TEXT)');
for my $place (qw(admin either both none)) {
    my $folder = $sites->httpd->root . "/htdocs/portal/$place";
    mkdir $folder or die "$folder: $!\n";
    chmod 0755, $folder;
    $sites->httpd->write("htdocs/portal/$place/index.html", "<p>$place\n");
}
my %id = map { ($_ => $sites->walk->add($_)) } qw(ivan olga vera anna);
member($sites->walk, $id{ivan}, 'administrators');
member($sites->walk, $id{olga}, 'Главные редакторы');
member($sites->walk, $id{vera}, 'administrators', 'Главные редакторы');
$sites->httpd->allow_log('AH01631')->start;
subtest 'let in' => sub { let_in($sites, \%id) };
subtest 'cached' => sub { cached($sites, \%id) };
subtest 'without a query' => sub { without($sites) };
subtest 'a guarded site' => sub { whole_site($sites) };
subtest 'rules' => sub { policy($sites, \%id) };
subtest 'wrong' => sub { wrong($sites) };
$sites->walk->settle;
$sites->httpd->done;
subtest 'configuration' => \&refused_configuration;
done_testing();
