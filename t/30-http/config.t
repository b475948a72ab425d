#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What `httpd -t` says of a configuration, which directives stand where, what
# a vhost inherits, and the dump of all of it.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use PWR::Walk;
use Test::More;

my $select = 'SELECT id, login, email, password FROM u WHERE';
my $good_params = 'host=db user=app pass=secret dbname=x reconnect=0 group=pwreset';

# The configuration as it would be, with `$edit` applied to its text.
sub configtest {
    my ($httpd, $edit, @arguments) = @_;
    my $file = $httpd->conf_file;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    local $_ = <$in>;
    close $in;
    $edit->() if $edit;
    $httpd->write('httpd.conf', $_);
    return $httpd->configtest(@arguments);
}

# Options of the server, what -t must say (undef: that all is well).
sub says {
    my ($httpd, $name, $option, $pattern, $edit) = @_;
    $httpd->reconf(conf => '', global => '', %$option);
    my ($status, $said) = configtest($httpd, $edit);
    if (!$pattern) {
        is($status, 0, "$name: well") or diag($said);
        return $said;
    }
    isnt($status, 0, "$name: refused");
    like($said, $pattern, "$name: in words") or return $said;
    is(scalar(() = $said =~ /(?:PWR0011|^AH00526)/mg), 1, "$name: once");
    unlike($said, qr/PWR0011.*in the server defined at (?!\S+httpd\.conf:\d+\))/, "$name: and where");
    return $said;
}

sub in_vhost { my ($httpd, $text, $pattern) = @_; return says($httpd, $text, {conf => $text}, $pattern) }

sub without { my $word = shift; return sub { s/^\s*$word\b.*\n//mg } }

# --- what is missing ----------------------------------------------------------

sub missing {
    my $httpd = shift;
    says($httpd, 'all is there', {});
    says($httpd, 'no mod_dbd', {}, qr/mod_dbd is not loaded: add LoadModule dbd_module/, sub {
        s/^LoadModule dbd_module.*\n|^DBD(?:Min|Keep|Max)\b.*\n//mg });
    says($httpd, 'no DBDriver', {}, qr/DBDriver is missing: mysql or sqlite3/, without('DBDriver'));
    says($httpd, 'no DBDParams', {}, qr/DBDParams is missing/, without('DBDParams'));
    says($httpd, 'no sender', {}, qr/PwResetMailFrom is missing.*noreply\@example\.org/, without('PwResetMailFrom'));
    my %params = (
        'user=a reconnect=1 group=g' => qr/DBDParams needs reconnect=0: otherwise one restart of the database/,
        'user=a group=g' => qr/DBDParams needs reconnect=0/,
        'user=a group=g xreconnect=0' => qr/DBDParams needs reconnect=0/,
        'user=a reconnect=0' => qr/DBDParams needs group=NAME.*conf\/pwreset-my\.cnf/,
        'user=a reconnect=0 group=' => qr/DBDParams needs group=NAME/,
        'user=a;reconnect=0|group=g' => undef,
        $good_params => undef,
    );
    for my $params (sort keys %params) {
        says($httpd, "mysql: '$params'", {global => qq(DBDriver mysql\nDBDParams "$params")}, $params{$params});
    }
    return;
}

# Only where nobody else can come from is the address not needed.
sub public_url {
    my $httpd = shift;
    my $vhost = sub {
        my ($listen, $address) = @_;
        return {global => join "\n", "Listen $listen", "<VirtualHost $address>", 'PwReset On',
            'PwResetMailFrom a@example.org', '</VirtualHost>'};
    };
    my $missing = qr/PwResetPublicURL is missing: say under which address people reach this site/;
    for my $row (['0.0.0.0:${PORT2}', '*:${PORT2}'], ['${PORT2}', '*:${PORT2}'], ['[::]:${PORT2}', '*:${PORT2}'],
        ['192.0.2.1:${PORT2}', '192.0.2.1:${PORT2}'], ['0.0.0.0:${PORT2}', '127.0.0.1:${PORT2} 192.0.2.1:${PORT2}'],
        ["127.0.0.1:\${PORT2}\nListen 192.0.2.1:\${PORT2}", '*:${PORT2}']) {
        says($httpd, "Listen $row->[0], vhost $row->[1]", $vhost->(@$row), $missing);
    }
    for my $row (['127.0.0.1:${PORT2}', '*:${PORT2}'], ['127.0.0.1:${PORT2}', '127.0.0.1:${PORT2}'],
        ['[::1]:${PORT2}', '[::1]:${PORT2}'], ['127.8.9.1:${PORT2}', '127.8.9.1:${PORT2}']) {
        says($httpd, "Listen $row->[0], vhost $row->[1]", $vhost->(@$row));
    }
    return;
}

# --- what is wrong ------------------------------------------------------------

my @values = (
    (map { ["PwResetTokenLifetime $_" => qr/PwResetTokenLifetime must be from 300 to 604800 seconds/] }
        0, 299, '4min', '8d'),
    (map { ["PwResetTokenLifetime $_" => qr/PwResetTokenLifetime '\Q$_\E' is not a duration such as 90s, 15min/] }
        'soon', '-1', '1x', '1.5h', '99999999999999999999h', '1hh'),
    ['PwResetTokenLifetime 300' => undef], ['PwResetTokenLifetime 7d' => undef],
    ["PwResetSessionLifetime 10min\nPwResetSessionIdle 11min" => qr/PwResetSessionIdle must not be longer than/],
    ['PwResetSessionLifetime 10min' => qr/PwResetSessionIdle must not be longer than/],
    ['PwResetPasswordLength 20 10' => qr/the first number must not be greater than the second/],
    ['PwResetPasswordLength 7 10' => qr/PwResetPasswordLength must be from 8 to 1024/],
    ['PwResetPasswordLength 12' => qr/PwResetPasswordLength takes: MIN MAX/],
    ['PwResetPasswordScore 5' => qr/PwResetPasswordScore must be from 0 to 4/],
    ['PwResetPasswordScheme md5' => qr/PwResetPasswordScheme/],
    ['PwResetPasswordScheme bcrypt:99' => qr/PwResetPasswordScheme/],
    ['PwResetPasswordScheme {SSHA512}' => qr/PwResetPasswordScheme ssha512 is never written: a graphics card/],
    ['PwResetPasswordScheme {BLF-CRYPT}:10' => undef], ['PwResetDefaultScheme {Plain-MD5}' => undef],
    ['PwResetDefaultScheme x' => qr/PwResetDefaultScheme there is no scheme "x"; possible are PLAIN /],
    ['PwResetRehash On' => undef],
    [qq(PwResetRehash On\nPwResetPasswordUpdate "UPDATE pwreset_user SET password = :hash WHERE id = :id LIMIT 1")
        => qr/PwResetRehash needs a PwResetPasswordUpdate that sets one column to :hash/],
    ['PwResetPasswordClasses letters' => qr/takes none, or some of lower upper digit special/],
    ['PwResetIdentify name' => qr/PwResetIdentify takes an optional page/],
    ['PwResetMailFrom x' => qr/PwResetMailFrom must be a mail address/],
    ['PwResetMailFrom -oX@example.org' => qr/PwResetMailFrom must be a mail address/],
    ['PwResetMailFrom "a@example.org b@example.org"' => qr/PwResetMailFrom must be a mail address/],
    ['PwResetPublicURL www.example.org' => qr/PwResetPublicURL must be an address such as .*: it does not begin with https:/],
    ['PwResetPublicURL https://www.example.org/site' => qr/PwResetPublicURL must be an address such as .*: it holds a path/],
    ['PwResetPublicURL https://a@www.example.org' => qr/PwResetPublicURL must be an address such as .*: it holds a user name/],
    ['PwResetPublicURL https://www.example.org:0' => qr/PwResetPublicURL must be .*: the port is not a number/],
    (map { ["PwResetBase $_" => qr/PwResetBase must be a path such as \/account/] }
        'account', '/', '/a/', '/a//b', '/a/../b', '/.a', '"/a b"', '/a%20b', '/a?b'),
    ['PwResetLanguages en xx' => qr/PwResetLanguages: there is no translation for 'xx': put po\/xx\.po into/],
    ['PwResetLanguages ../../etc/passwd' => qr/PwResetLanguages/],
    ['PwResetSendmail /bin/true' . ' x' x 100 => qr/PwResetSendmail takes: PROGRAM/],
    ['PwResetTimeZone Mars/Olympus' => qr/PwResetTimeZone: there is no zone Mars\/Olympus/],
    ['PwResetTimeZone ../../etc/passwd' => qr/PwResetTimeZone must be a name such as Europe\/Moscow/],
    ['PwResetPasswordWords nowhere' => qr/PwResetPasswordWords: .*nowhere: No such file/],
    ['PwResetUserHeader "X User"' => qr/PwResetUserHeader/], ['PwResetUserHeader X:User' => qr/PwResetUserHeader/],
    (map { ["PwResetUserHeader $_" => qr/PwResetUserHeader must be the name of a header that HTTP has no use for/] }
        qw(content-length Content_Length Transfer-Encoding Host Cookie)),
    ['PwResetUserHeader X-User' => undef],
    (map { ["PwResetLoginURL $_" => qr/PwResetLoginURL must begin with https:/] }
        'javascript:alert(1)', '//evil.example', 'login.php'),
    ['PwResetLoginURL https://sso.example.org/in?a=b' => undef], ['PwResetLoginURL /wp-login.php' => undef],
    ['PwResetLanding https://www.example.org/' => qr/PwResetLanding/], ['PwResetLanding /portal/' => undef],
    ['PwResetLogin Maybe' => qr/PwResetLogin must be On or Off/],
    ['PwResetTablePrefix "x; DROP"' => qr/PwResetTablePrefix/],
    ['PwResetLimit login 10/1h' => qr/PwResetLimit knows no class 'login': write forgot-client, .* a rate such as 10\/1h/],
    ['PwResetLimit login-client' => qr/PwResetLimit login-client needs a rate, such as 10\/1h, or None/],
    (map { ["PwResetLimit login-client $_" => qr/PwResetLimit '\Q$_\E' is not a rate: write COUNT\/PERIOD, such as/] }
        10, '10/h', '0/1h', '10/8d', '1.5/1h'),
    ['PwResetLimit login-client 10/1h many' => qr/PwResetLimit 'many' is not a burst: write how many may come/],
    ['PwResetLimit login-client 10/1h 5 5' => qr/PwResetLimit takes: None\|CLASS RATE \[BURST\]/],
    ['PwResetLimit forgot-account 3/1h 5' => qr/PwResetLimit forgot-account takes no BURST/],
    ['PwResetLimit login-client None 5' => qr/PwResetLimit takes no BURST after None/],
    ["PwResetLimit None\nPwResetLimit login-client 10/1h 20" => undef],
    ['PwResetNothing On' => qr/Invalid command 'PwResetNothing'/],
    ['PwReset' => qr/PwReset takes: On\|Off/],
    ['PwResetRealm ' . 'r' x 192 => qr/the realm, 'r+', is too long: give the site a PwResetRealm of at most 191/],
    ['PwResetRealm ' . "\x{44F}" x 191 => undef],
    ['PwResetHook changed -x' => qr/PwResetHook must begin with the whole path of a program/],
    ['PwResetSendmail sendmail -i' => qr/PwResetSendmail must begin with the whole path of a program/],
    ['PwResetTemplates nowhere' => qr/PwResetTemplates: .*nowhere/],
);

# What is well, but warned of.
sub first_connections {
    my $httpd = shift;
    my $mysql = {global => 'DBDriver mysql' . "\n" . 'DBDParams "dbname=x group=pwreset reconnect=0"'};
    my $warns = qr/pwreset:warn.*PWR0017: .*add DBDMin 0/;
    unlike(says($httpd, 'DBDMin 0', $mysql), $warns, 'nothing to warn of');
    like(says($httpd, 'no DBDMin', $mysql, undef, without('DBDMin')), $warns, 'a warning');
    like(says($httpd, 'DBDMin 2', $mysql, undef, sub { s/DBDMin 0/DBDMin 2/ }), $warns, 'a warning');
    unlike(says($httpd, 'no DBDMin for SQLite', {}, undef, without('DBDMin')), $warns, 'its file does not hang');
    return;
}

sub mail_program {
    my $httpd = shift;
    my $warns = qr/pwreset:warn.*PWR0014: PwResetSendmail: '\S.*?' is no program that can be run.*install it or correct/;
    unlike(says($httpd, 'a mail program', {conf => 'PwResetSendmail /bin/sh -x'}), qr/PWR0014/, 'nothing to warn of');
    like(says($httpd, "the program $_", {conf => "PwResetSendmail $_"}), $warns, 'a warning')
        for '/none/at/all', '/etc', '/etc/passwd', '"/bin/sh -x"';
    return;
}

my @sql = (
    ["PwResetUserQuery \"$select name = :name\"" => qr/PwResetUserQuery: .*:name/],
    ["PwResetUserQuery \"$select id = 1\"" => qr/PwResetUserQuery must use :email/],
    ['PwResetUserQuery "DELETE FROM u WHERE email = :email"' => qr/PwResetUserQuery must be one SELECT statement/],
    ["PwResetUserQuery \"$select email = :email; DELETE FROM u\"" => qr/PwResetUserQuery/],
    ["PwResetUserQuery \"$select email = :email AND x = 'a\"" => qr/PwResetUserQuery/],
    ["PwResetLoginQuery \"$select email = :email\"" => qr/PwResetLoginQuery: .*:email/],
    ["PwResetIdQuery \"$select 1 = 1\"" => qr/PwResetIdQuery must use :id/],
    ['PwResetPasswordUpdate "UPDATE u SET p = :hash"' => qr/PwResetPasswordUpdate must use :id/],
    ['PwResetPasswordUpdate "UPDATE u SET p = 1 WHERE id = :id"' => qr/PwResetPasswordUpdate must use :hash/],
    ['PwResetPasswordUpdate "REPLACE INTO u VALUES (:id, :hash)"' => qr/PwResetPasswordUpdate must be one UPDATE/],
    ['PwResetAfterChange "SELECT 1"' => qr/PwResetAfterChange must be one INSERT, UPDATE or DELETE statement/],
    ['PwResetAfterChange "DROP TABLE u"' => qr/PwResetAfterChange must be one INSERT/],
    ['PwResetAfterChange "DELETE FROM u WHERE x = :password"' => qr/PwResetAfterChange: .*:password/],
    ["PwResetUserQuery \"$select email = :email AND d LIKE '%:x%'\"" => undef],
    [qq(PwResetAfterChange "DELETE FROM s WHERE u = :id"\nPwResetAfterChange "SELECT :id")
        => qr/PwResetAfterChange must/],
);

# --- templates ----------------------------------------------------------------

# What is broken in a customer's folder: -t names file and line; at run time
# the admin is told, the built-in page is used, and httpd starts.
my %broken = (
    'pages/forgot.html' => ["<p>\nour own\n{{#open}}\n", 'line 3: section {{#open}} is not closed'],
    'pages/parts/top.html' => ["{{/never}}\n", 'line 1: '],
    'pages/parts/foot.html' => ["{{> foot}}\n", 'partials are nested'],
    'pages/message.html' => ["\xFF\n", 'UTF-8'],
    'po/ru.po' => [qq(msgid "x"\nmsgstr "y\n), 'line 2: the string has no closing quote'],
    'po/en.po' => [qq(msgid "E-Mail"\nmsgstr "{{#x}}"\n), 'translation of "E-Mail" line 1: only variables'],
    'mails/recover.txt' => ['{{', 'line 1: '],
);

sub broken_templates {
    my $httpd = shift;
    my ($root, $option) = ($httpd->root, {conf => 'PwResetTemplates ${ROOT}/templates'});
    for my $file (sort keys %broken) {
        my ($text, $why) = @{$broken{$file}};
        my $path = "$root/templates/$file";
        $httpd->write("templates/$file", $text);
        my $said = says($httpd, "a broken $file", $option, qr{PwResetTemplates: .*\Q$why\E});
        like($said, qr{\Q$path\E}, "$file is named") if $file !~ /^po.en/;
        my $mark = $httpd->log_mark;
        $httpd->start;
        like($httpd->wait_log(qr/PWR0401/, $mark), qr{\Q$why\E.*; the built-in one is used}, "$file: it is told");
        my $client = $httpd->client;
        like($client->get('/account/forgot')->text, qr/Forgot your password\?/, "$file: the built-in page");
        is($client->get('/account/forgot?lang=ru')->title, 'Забыли свой пароль? – Test site', "$file: in Russian");
        $httpd->stop;
        unlink $path;
    }
    return;
}

sub templates {
    my $httpd = shift;
    my $root = $httpd->root;
    mkdir "$root/$_" or die "$root/$_: $!\n"
        for 'templates', map { "templates/$_" } qw(pages pages/parts po mails);
    my $option = {conf => 'PwResetTemplates ${ROOT}/templates'};
    says($httpd, 'an empty folder', $option);
    $httpd->allow_log('PWR0401');
    broken_templates($httpd);
    for my $page ('templates/pages/forgot.html', 'templates/pages/parts/top.html') {
        $httpd->write($page, "</head><body><p>our own {{email}}\n");
        says($httpd, "a good $page", $option);
        $httpd->start;
        like($httpd->client->get('/account/forgot')->text, qr/our own/, 'is used');
        $httpd->stop;
        chmod 0666, "$root/$page";
        says($httpd, 'one that others may write', $option, qr{\Q$page\E cannot be used: its group or others may write});
        unlink "$root/$page";
        symlink '/etc/hostname', "$root/$page";
        says($httpd, 'a link', $option, qr{\Q$page\E cannot be used: it is a link});
        unlink "$root/$page";
    }
    return;
}

# --- where directives stand ----------------------------------------------------

sub contexts {
    my $httpd = shift;
    for my $place ('<Directory "${ROOT}/htdocs">', '<Location "/x">', '<Files "x">', '<If "true">') {
        my ($name) = $place =~ /<(\w+)/;
        says($httpd, $place, {conf => "$place\nPwResetLogin Off\n</$name>"}, qr/PwResetLogin not allowed (?:here|in)/i);
    }
    says($httpd, 'of the whole server, in a vhost', {conf => 'PwResetMailSlots 4'},
        qr/PwResetMailSlots cannot occur within/);
    says($httpd, 'of the whole server', {global => "PwResetMailSlots 4\nPwResetHashGate 2 10"});
    return;
}

# Its log line has no id that could be declared.
sub htaccess {
    my $own = PWR::Walk->new('sqlite', start => 0,
        global => qq(<Directory "\${ROOT}/htdocs">\nAllowOverride All\n</Directory>));
    my $httpd = $own->httpd;
    $httpd->write('htdocs/.htaccess', "PwResetLogin Off\n");
    $httpd->start;
    my $r = $httpd->client->get('/index.html');
    is($r->status, 500, 'a directive of ours in .htaccess is an error');
    like($httpd->wait_log(qr/\.htaccess/) // '', qr/PwResetLogin not allowed here/, 'that is told');
    $httpd->stop;
    is_deeply([grep { !/PwResetLogin not allowed here$/ } $httpd->log->problems], [], 'and nothing else');
    $httpd->{done} = 1;
    return;
}

# --- the dump -----------------------------------------------------------------

sub dump_of {
    my ($httpd, %option) = @_;
    $httpd->reconf(conf => '', global => '', %option);
    my ($status, $said) = $httpd->configtest('-t', '-D', 'DUMP_PWRESET');
    is($status, 0, 'dumped') or diag($said);
    my ($json) = $said =~ /^(\{.*^\})/ms;
    return (decode_json($json // '{}'), $said);
}

sub dumped {
    my $httpd = shift;
    my $mysql = qq(DBDriver mysql\nDBDParams "$good_params"\n);
    my ($dump, $said) = dump_of($httpd, conf => qq(PwResetSiteName "Сайт \\"A\\""), global => $mysql);
    unlike($said, qr/secret/, 'without the password of the database');
    my $vhost = $dump->{vhosts}[0];
    is_deeply([@$vhost{qw(params driver port)}], ['(masked)', 'mysql', $httpd->port], 'a vhost');
    is($vhost->{realm}, '127.0.0.1:' . $httpd->port . '/account', 'its realm');
    is_deeply($vhost->{directives}{PwResetSiteName}, [['Сайт "A"']], 'a name');
    is_deeply($vhost->{directives}{PwResetTokenLifetime}, [['3600']], 'a default');
    is_deeply($vhost->{directives}{PwResetLimit}[0], ['forgot-client', '10/3600s'], 'a default of one class');
    is_deeply($vhost->{directives}{PwResetPublicURL}, [[$httpd->url]], 'the address');
    $httpd->{env} = {PWRESET_DUMP_FD => 1};
    ($dump) = dump_of($httpd, global => $mysql);
    is($dump->{vhosts}[0]{params}, $good_params, 'over a pipe of its own it is whole');
    delete $httpd->{env};
    my (undef, $quiet) = $httpd->configtest;
    unlike($quiet, qr/realm/, 'no dump where none was asked for');
    ($dump) = dump_of($httpd, database => undef);
    is_deeply($dump->{vhosts}, [], 'no vhost of ours: none');
    return;
}

# A vhost has what the main server says, but for what makes it a site.
sub inherited {
    my ($httpd, $db) = @_;
    my $global = <<'CONF';
PwReset On
PwResetPublicURL https://main.example.org
PwResetRealm main
PwResetSiteName Main
PwResetMailFrom main@example.org
PwResetTokenLifetime 2h
PwResetAfterChange "DELETE FROM a WHERE id = :id"
PwResetLimit forgot-client 2/1h
PwResetLimit login-client 3/1h
Listen 127.0.0.1:${PORT2}
<VirtualHost 127.0.0.1:${PORT2}>
ServerName plain.example.org
DocumentRoot "${ROOT}/htdocs"
PwResetTokenLifetime 3h
</VirtualHost>
<VirtualHost 127.0.0.1:${PORT2}>
ServerName own.example.org
PwReset On
PwResetAfterChange "DELETE FROM b WHERE id = :id"
PwResetLimit login-client None
</VirtualHost>
CONF
    my ($dump) = dump_of($httpd, global => $global, database => $db);
    my %site = map { $_->{directives}{PwResetPublicURL}[0][0] => $_ } @{$dump->{vhosts}};
    my $own = 'http://127.0.0.1:' . $httpd->port(2);
    is_deeply([sort keys %site], [sort $own, $httpd->url, 'https://main.example.org'],
        'neither On nor the address is inherited');
    my %inherited = %{$site{$own}{directives}};
    is_deeply([map { $inherited{$_}[0][0] } qw(PwResetSiteName PwResetMailFrom PwResetTokenLifetime)],
        ['Main', 'main@example.org', '7200'], 'the rest is');
    is($site{$own}{realm}, substr($own, 7) . '/account', 'the realm is its own');
    is_deeply($inherited{PwResetAfterChange}, [['DELETE FROM b WHERE id = :id']], 'its own statements replace those');
    my %limit = map { $_->[0] => $_->[1] } @{$inherited{PwResetLimit}};
    is_deeply([@limit{qw(forgot-client login-client reset-client)}], ['2/3600s', 'None', '30/3600s'],
        'limits are inherited class by class');
    $httpd->start;
    my $client = PWR::Client->new(url => $own);
    my %status = ('plain.example.org' => [404, 404], 'own.example.org' => [200, 303]);
    for my $host (sort keys %status) {
        my @headers = (headers => [[Host => $host]]);
        is($client->get("/account/$_", @headers)->status, $status{$host}[0], "$host: $_")
            for qw(login forgot reset assets/pwreset.css);
        is($client->get('/.well-known/change-password', @headers)->status, $status{$host}[1], "$host: well-known");
    }
    $httpd->stop;
    return;
}

my $walk = PWR::Walk->new('sqlite', start => 0, ports => 1, limits => 1);
my $httpd = $walk->httpd;
subtest missing => sub { missing($httpd) };
subtest 'public URL' => sub { public_url($httpd) };
subtest values => sub { in_vhost($httpd, @$_) for @values };
subtest 'first connections' => sub { first_connections($httpd) };
subtest 'mail program' => sub { mail_program($httpd) };
subtest sql => sub { in_vhost($httpd, @$_) for @sql };
subtest templates => sub { templates($httpd) };
subtest contexts => sub { contexts($httpd) };
subtest htaccess => \&htaccess;
subtest dump => sub { dumped($httpd) };
subtest inherited => sub { inherited($httpd, $walk->db) };
$httpd->done;
done_testing();
