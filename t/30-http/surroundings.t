#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What stands around our pages: other pages under the base, error documents,
# request lines that nobody should send.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant TRIES => 5;

my $conf = <<'CONF';
<Directory "${ROOT}/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .html
</Directory>
ErrorDocument 412 /portal/index.html
<Location "/account/own/portal">
    AuthType PwReset
    Require valid-user
</Location>
CONF

# A site's own pages may lie under the base.
sub neighbours {
    my ($walk, $client) = @_;
    my $httpd = $walk->httpd;
    mkdir $httpd->root . $_ for qw(/htdocs/account /htdocs/account/own);
    $httpd->write('htdocs/account/own/page.html', qq{<!--#echo var="QUERY_STRING" -->\n});
    is($client->get('/account/own/page.html?a=b&c')->body, "a=b&amp;c\n", 'a page under the base has its query');
    is($client->get('/%61ccount/own/page.html?a=b')->body, "a=b\n", '... under an encoded path, too');
    my $r = $client->get('/account/own/portal?a=b', headers => [[Accept => 'text/html']]);
    is($r->header('Location'), '/account/login?return=%2Faccount%2Fown%2Fportal%3Fa%3Db', '... and after the login');
    return;
}

# Whatever is asked for in the place of our page is not our page.
sub error_document {
    my ($walk, $client) = @_;
    my ($style) = $client->get('/account/login')->links('link');
    my $r = $client->get('/account/assets/pwreset.css', headers => [['If-Match', '"x"']]);
    unlike($r->body, qr/the portal/, 'an error document for our page is protected');
    return;
}

sub logs {
    my ($walk, $client) = @_;
    $client->raw("GET $_ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for '/account/reset?token=SECRET1', '/%61ccount/reset?token=SECRET2', '/account/reset?token=a SECRET3',
            '/account/reset/?token=SECRET4', '/account/own/page.html?token=SECRET5';
    is_deeply([grep { /SECRET/ } $walk->httpd->access_log, $walk->httpd->error_log], [], 'no query in the logs');
    return;
}

# The fastest of some: other work on the machine only makes it slower.
sub login_time {
    my ($client, $login) = @_;
    my ($best) = sort { $a <=> $b } map {
        my $start = time;
        $client->post('/account/login', [login => $login, password => OLD]);
        time - $start;
    } 1 .. TRIES;
    return $best;
}

sub timing {
    my ($walk, $client) = @_;
    my %stored = (empty => '', none => undef, locked => '!', foreign => '{UNKNOWN}x', plain => 'x');
    $walk->add($_, password => $stored{$_}) for sort keys %stored;
    my $unknown = login_time($client, 'nobody');
    for my $login (sort keys %stored) {
        my $known = login_time($client, $login);
        cmp_ok($known, '>', $unknown / 2, "a row whose password is $login takes as long as no row");
        note("figure: $login $known s, nobody $unknown s");
    }
    return;
}

each_database(sub {
    my $walk = shift;
    my $client = $walk->client;
    $_->($walk, $client) for \&neighbours, \&error_document, \&logs, \&timing;
}, conf => $conf, modules => ['include']);

done_testing();
