#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Customers, visitors and mail programs make the status page show itself where
# nobody allowed it, or say what they want.  mod_status and mod_info are opened
# by one line of an .htaccess, and read through internal redirects.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use JSON::PP qw(decode_json);
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {URL => '/pwreset-status', WAIT_SEC => 20, POLL_SEC => 0.05};

my $location = "<Location \"@{[URL]}\">\nSetHandler pwreset-status\nRequire expr %{HTTP:X-Admin} == 'yes'\n</Location>";
my @admin = (headers => [['X-Admin', 'yes']]);
my $shown = qr/mod_pwreset|pwreset_|Realm\[0\]|"realms"|All is well/;

sub is_hidden {
    my ($r, $status, $name) = @_;
    is($r->status, $status, "$name: $status");
    unlike($r->body, $shown, "$name: shows nothing");
    return;
}

# --- .htaccess ------------------------------------------------------------------------

# What a customer writes: name, text, path, status.
my @htaccess = (
    ['SetHandler', 'SetHandler pwreset-status', '/cust/', 404],
    ['SetHandler by expression', q(SetHandler "expr=%{unescape:pwreset-status}"), '/cust/', 404],
    ['AddHandler', 'AddHandler pwreset-status .html', '/cust/page.html', 404],
    ['Files', "<Files page.html>\nSetHandler pwreset-status\n</Files>", '/cust/page.html', 404],
    ['If', "<If \"true\">\nSetHandler pwreset-status\n</If>", '/cust/page.html', 404],
    ['a handler of RewriteRule', "RewriteEngine On\nRewriteRule ^page - [H=pwreset-status]", '/cust/page.html', 404],
    ['RewriteRule to the page', "RewriteEngine On\nRewriteRule ^page @{[URL]} [L]", '/cust/page.html', 403],
    ['FallbackResource', 'FallbackResource ' . URL, '/cust/nothing', 403],
    ['DirectoryIndex', 'DirectoryIndex ' . URL, '/cust/', 403],
    ['ErrorDocument', "ErrorDocument 404 @{[URL]}", '/cust/nothing', 404],
    ['the directive', 'PwResetStatus On', '/cust/page.html', 500],
);

sub htaccess {
    my ($walk, $client, $name) = @_;
    for my $row (@htaccess) {
        my ($what, $text, $path, $status) = @$row;
        $walk->httpd->write('htdocs/cust/.htaccess', "$text\n");
        for my $query ('', '?json', '?metrics', '?auto') {
            is_hidden($client->get("$path$query"), $status, "$name, $what$query");
        }
    }
    # Whoever may see the page sees it only where it is.
    for my $row (@htaccess) {
        my ($what, $text, $path) = @$row;
        $walk->httpd->write('htdocs/cust/.htaccess', "$text\n");
        my $r = $client->get($path, @admin);
        unlike($r->body, $shown, "$name, $what: nor to an admin");
    }
    $walk->httpd->write('htdocs/cust/.htaccess', "Options +Includes\nAddOutputFilter INCLUDES .html\n");
    my $r = $client->get('/cust/page.html?json', @admin);
    is($r->status, 200, "$name, SSI: the page of the customer");
    like($r->body, qr/error occurred/, "$name, control: SSI is done") if $name eq 'the same';
    unlike($r->body, $shown, "$name, SSI: includes nothing");
    return;
}

# What stands in the site's folder has no say over the page.
sub own_folder {
    my ($walk, $client) = @_;
    for my $text ("Require all granted\n", "Options +Includes\nSetOutputFilter INCLUDES\n", "SetHandler none\n",
        "RewriteEngine On\nRewriteRule .* /cust/page.html\n", "PwResetStatus Off\n", "nonsense\n",
        "Header always set X-Seen yes\n") {
        $walk->httpd->write('htdocs/.htaccess', $text);
        is_hidden($client->get(URL), 403, "a stranger, with " . $text =~ s/\n/; /gr);
        my $r = $client->get(URL, @admin);
        is($r->status . ($r->header('X-Seen') // ''), 200, 'an admin');
    }
    unlink $walk->httpd->root . '/htdocs/.htaccess';
    return;
}

# Other ways to write its URL.
sub spellings {
    my $client = shift;
    for my $path ("/@{[URL]}", '/./' . URL, '/x/..' . URL, '/%70wreset-status', URL . '/', URL . '/x', URL . ';a=b',
        URL . '%2Fx', URL . '%00', '/PWRESET-STATUS') {
        for my $query ('', '?json') {
            my $r = $client->get("$path$query");
            like($r->status, qr/^(?:40[034])$/, "$path$query: refused");
            unlike($r->body, $shown, "$path$query: shows nothing");
        }
    }
    is_hidden($client->request($_, URL), 403, $_) for qw(POST PUT HEAD OPTIONS);
    my $r = $client->get(URL, headers => [['X-Forwarded-For', '127.0.0.1'], ['X-Original-URL', URL]]);
    is_hidden($r, 403, 'headers of proxies');
    return;
}

# --- texts ----------------------------------------------------------------------------

my $hostile = q(<script>alert(1)</script>"'&{{x}});

# What a mail program, a client and a customer's configuration say.
sub texts {
    my ($walk, $client) = @_;
    $walk->add('victim');
    $walk->httpd->mailbox->mode("exit 75 $hostile \e]0;x\a \x{2028} victim\@example.org\tpwreset_up 1");
    $client->post('/account/forgot', [email => 'victim@example.org']);
    my $until = time + WAIT_SEC;
    my $json;
    do {
        sleep POLL_SEC;
        $json = decode_json($client->get(URL . '?json', @admin)->body);
    } while (!$json->{realms}[0]{job_error} && time < $until);
    like($json->{realms}[0]{$_}, qr/<script>alert\(1\)<\/script>"'&\{\{x\}\}/, "$_: json has it as it is")
        for qw(name job_error mail_error);
    my $more = '?<script>x</script>"><b>&x=' . 'y' x 3000;
    for my $query ('', $more) {
        my $page = $client->get(URL . $query, @admin, headers => [['X-Admin', 'yes'], ['User-Agent', $hostile],
            ['Host', 'evil.test'], ['Referer', "http://x/$hostile"]])->body;
        like($page, qr/&lt;script&gt;alert/, 'the page has it escaped');
        unlike($page, qr/<script|<b>(?!<\/b>)&|evil\.test|[\x00-\x09\x0B-\x1F]|victim/, 'and nothing of it is markup');
    }
    my $text = $client->get(URL . '?metrics', @admin)->body;
    is_deeply([grep { !/^(?:#|pwreset_\w+[ {])/ } split /\n/, $text], [], 'metrics: no line of its own');
    unlike($text, qr/pwreset_up 1/, 'metrics: no sample of its own');
    $text = $client->get(URL . '?auto', @admin)->body;
    unlike($text, qr/\e|\x07|victim/, 'auto: no terminal is told anything');
    $walk->httpd->mailbox->mode(undef);
    return;
}

# Their lines about .htaccess and SSI have no ids.
my $quiet = 'LogLevel core:emerg include:crit';
my $walk = PWR::Walk->new('sqlite', modules => [qw(rewrite include proxy proxy_http)], ports => 2,
    global => <<"CONF", conf => <<"SITE");
Listen 127.0.0.1:\${PORT2}
Listen 127.0.0.1:\${PORT3}
<Directory "\${ROOT}/htdocs">
    AllowOverride All
    Options +FollowSymLinks
</Directory>
<VirtualHost 127.0.0.1:\${PORT2}>
    $quiet
    DocumentRoot "\${ROOT}/htdocs"
    $location
</VirtualHost>
<VirtualHost 127.0.0.1:\${PORT3}>
    PwResetStatus On
    ProxyPass / http://127.0.0.1:1/
    $location
</VirtualHost>
CONF
PwResetStatus On
$quiet
PwResetRealm "@{[$hostile =~ s/"/\\"/gr]}"
$location
SITE
my $httpd = $walk->httpd;
make_path($httpd->root . '/htdocs/cust');
chmod 0755, $httpd->root . '/htdocs/cust';
$httpd->write('htdocs/cust/page.html', "<p>page</p><!--#include virtual=\"@{[URL]}?json\" -->\n");
my ($on, $other, $proxy) = map { PWR::Client->new(url => 'http://127.0.0.1:' . $httpd->port($_)) } 1 .. 3;

like($on->get(URL . '?json', @admin)->body, $shown, 'control: an admin sees it');
is_hidden($on->get(URL), 403, 'a stranger');
is_hidden($other->get(URL, @admin), 404, 'an admin at another vhost');
subtest 'an .htaccess of the same vhost' => sub { htaccess($walk, $on, 'the same') };
subtest 'an .htaccess of another vhost' => sub {
    @htaccess = grep { $_->[3] != 403 } @htaccess;
    htaccess($walk, $other, 'another');
};
subtest 'the folder it seems to be in' => sub { own_folder($walk, $on) };
subtest spellings => sub { spellings($on) };
like($proxy->get(URL . '?auto', @admin)->body, $shown, 'a ProxyPass of the whole site does not take it');
is_hidden($proxy->get(URL), 403, 'nor opens it');
subtest texts => sub { texts($walk, $on) };
$httpd->expect_log(qw(AH01630 PWR0304))->done;
done_testing();
