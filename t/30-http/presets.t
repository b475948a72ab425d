#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PwResetPreset on the tables that the applications make themselves, with the
# configuration that docs/install.md gives for each: forgot, mail, reset; the new
# hash is one that the application reads, its sessions have ended, and people are
# led to its own login.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use MIME::Base64 ();
use PWR::Ctl;
use PWR::Database;
use PWR::Sites;
use PWR::Walk;
use Test::More;

# A hash of phpass that PHP's own class made of another password.
my $phpass = '$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0';
my $bcrypt_php = '$2y$10$.vGA1O9wmRjrwAVXD98HNOgsNpDczlqm3Jq7KnEd1rVAGv3Fykk1a';
my $sha512 = crypt OLD, '$6$abcdefgh$';

# Facts of each application: its tables as it makes them, rows as it writes them,
# `ask` is typed and `to` gets the mail; `stored` is where the hash is, `hash` what
# is in it afterwards, `after` is what must then be so.  `prefix` takes the place
# of that in the document.
my %site = (
    authn => {
        preset => 'authn-dbd', ask => 'ivan@example.org', login => 'ivan', url => '/',
        sql => ['CREATE TABLE authn (user VARCHAR(190) PRIMARY KEY, password VARCHAR(255) NOT NULL, email VARCHAR(255))',
            [q(INSERT INTO authn VALUES ('ivan', ?, 'ivan@example.org')), '$apr1$wXyTvYkR$WqcWbRtPAcBIDgF2NVmp30']],
        stored => q(SELECT password FROM authn WHERE user = 'ivan'), hash => qr/^\$2y\$10\$/, reads => \&basic,
        conf => <<'CONF',
<Location "/">
    AuthType Basic
    AuthName "members"
    AuthBasicProvider dbd
    AuthDBDUserPWQuery "SELECT password FROM authn WHERE user = %s"
    Require valid-user
</Location>
CONF
    },
    wp61 => wordpress('wp_', $phpass, qr/^\$2y\$12\$/),
    wp68 => wordpress('blog.wp8_', '$wp$2y$10$abcdefghijklmnopqrstuuNTLNSVwJ3yoQvJ6WsmWtSjSWzHiKQGu', qr/^\$wp\$2y\$10\$/),
    postfixadmin => {
        preset => 'postfixadmin', ask => 'ivan@mail.test', to => 'ivan@home.test',
        login => 'ivan@mail.test', url => '/users/login.php',
        sql => [q(CREATE TABLE domain (domain varchar(255) NOT NULL PRIMARY KEY, description varchar(255) NOT NULL DEFAULT '',
                active tinyint(1) NOT NULL DEFAULT 1, password_expiry int DEFAULT 0) DEFAULT CHARSET latin1),
            q(CREATE TABLE mailbox (username varchar(255) NOT NULL PRIMARY KEY, password varchar(255) NOT NULL,
                name varchar(255) CHARSET utf8mb4 NOT NULL, maildir varchar(255) NOT NULL, quota bigint NOT NULL DEFAULT 0,
                local_part varchar(255) NOT NULL, domain varchar(255) NOT NULL,
                created datetime NOT NULL DEFAULT '2000-01-01 00:00:00',
                modified datetime NOT NULL DEFAULT '2000-01-01 00:00:00',
                active tinyint(1) NOT NULL DEFAULT 1, phone varchar(30) CHARSET utf8 NOT NULL DEFAULT '',
                email_other varchar(255) CHARSET utf8 NOT NULL DEFAULT '', token varchar(255) CHARSET utf8 NOT NULL DEFAULT '',
                token_validity datetime NOT NULL DEFAULT '2000-01-01 00:00:00',
                password_expiry datetime NOT NULL DEFAULT '2000-01-01 00:00:00', KEY domain (domain)) DEFAULT CHARSET latin1),
            q(INSERT INTO domain (domain, password_expiry) VALUES ('mail.test', 30)),
            map { ["INSERT INTO mailbox (username, password, name, maildir, local_part, domain, email_other, active, token)
                VALUES (?, ?, 'I', '', 'x', 'mail.test', ?, ?, 'code')", @$_] }
                ['ivan@mail.test', "{SHA512-CRYPT}$sha512", 'ivan@home.test', 1],
                ['off@mail.test', $sha512, 'off@home.test', 0]],
        stored => q(SELECT password FROM mailbox WHERE username = 'ivan@mail.test'), hash => qr/^\{SHA512-CRYPT\}\$6\$/,
        after => [q(SELECT token = '' AND modified > '2020-01-01' AND password_expiry > NOW() + INTERVAL 29 DAY FROM mailbox
            WHERE username = 'ivan@mail.test')],
        nobody => 'off@mail.test',
    },
    ispconfig => {
        preset => 'ispconfig', ask => 'ivan@isp.test', to => 'owner@home.test',
        login => 'ivan@isp.test', url => '/webmail/', language => 'ru',
        sql => [q(CREATE TABLE dbispconfig.client (client_id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
                contact_name varchar(64) DEFAULT NULL, language char(2) NOT NULL DEFAULT 'en',
                email varchar(255) DEFAULT NULL)),
            q(CREATE TABLE dbispconfig.sys_group (groupid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
                name varchar(64) NOT NULL DEFAULT '', description text, client_id int unsigned NOT NULL DEFAULT 0)),
            q(CREATE TABLE dbispconfig.mail_user (mailuser_id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
                sys_userid int unsigned NOT NULL DEFAULT 0, sys_groupid int unsigned NOT NULL DEFAULT 0,
                server_id int unsigned NOT NULL DEFAULT 0, email varchar(255) NOT NULL DEFAULT '', login varchar(255) NOT NULL,
                password varchar(255) NOT NULL, name varchar(255) NOT NULL DEFAULT '', maildir varchar(255) NOT NULL DEFAULT '',
                postfix enum('n','y') NOT NULL DEFAULT 'y', access enum('n','y') NOT NULL DEFAULT 'y',
                disableimap enum('n','y') NOT NULL DEFAULT 'n', KEY server_id (server_id, email))),
            q(INSERT INTO dbispconfig.client VALUES (5, 'Owner', 'ru', 'owner@home.test')),
            q(INSERT INTO dbispconfig.sys_group VALUES (9, 'owner', '', 5)),
            map { ['INSERT INTO dbispconfig.mail_user (sys_groupid, email, login, password, disableimap)
                VALUES (9, ?, ?, ?, ?)', @$_] }
                ['ivan@isp.test', 'ivan@isp.test', crypt(OLD, '$1$abcdefgh$'), 'n'],
                ['off@isp.test', 'off@isp.test', 'x', 'y']],
        stored => q(SELECT password FROM dbispconfig.mail_user WHERE email = 'ivan@isp.test'),
        hash => qr/^\$6\$rounds=100000\$/,
        nobody => 'off@isp.test',
    },
    proftpd => {
        preset => 'proftpd', ask => 'ivan@example.org', login => 'ftpivan', url => undef,
        sql => [q(CREATE TABLE ftp.users (userid VARCHAR(30) NOT NULL UNIQUE, passwd VARCHAR(255) NOT NULL, uid INTEGER UNIQUE,
                gid INTEGER, homedir VARCHAR(255), shell VARCHAR(255), email VARCHAR(255))),
            [q(INSERT INTO ftp.users VALUES ('ftpivan', ?, 1001, 1001, '/srv/ftp', '/bin/false', 'ivan@example.org')),
                crypt(OLD, 'ab')]],
        stored => q(SELECT passwd FROM ftp.users WHERE userid = 'ftpivan'), hash => qr/^\$6\$rounds=100000\$/,
    },
    nextcloud => {
        preset => 'nextcloud', ask => 'ivan@example.org', to => 'Ivan@example.org', login => 'Ivan', url => '/index.php/login',
        language => 'ru',
        sql => [q(CREATE TABLE oc_users (uid varchar(64) NOT NULL DEFAULT '' PRIMARY KEY, displayname varchar(64) DEFAULT NULL,
                password varchar(255) NOT NULL DEFAULT '', uid_lower varchar(64) DEFAULT '',
                KEY user_uid_lower (uid_lower)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin),
            q(CREATE TABLE oc_preferences (userid varchar(64) NOT NULL DEFAULT '', appid varchar(32) NOT NULL DEFAULT '',
                configkey varchar(64) NOT NULL DEFAULT '', configvalue longtext, PRIMARY KEY (userid, appid, configkey),
                KEY preferences_app_key (appid, configkey)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin),
            q(CREATE TABLE oc_authtoken (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
                uid varchar(64) NOT NULL DEFAULT '', login_name varchar(255) NOT NULL DEFAULT '', password longtext,
                name longtext NOT NULL, token varchar(200) NOT NULL DEFAULT '' UNIQUE,
                type smallint unsigned DEFAULT 0) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin),
            map({ ["INSERT INTO oc_users VALUES (?, NULL, ?, LOWER(?))", $_, "1|$bcrypt_php", $_] } 'Ivan', 'olga', 'shut'),
            map({ ["INSERT INTO oc_preferences VALUES (?, ?, ?, ?)", @$_] }
                ['Ivan', 'settings', 'email', 'Ivan@example.org'], ['olga', 'settings', 'email', 'olga@example.org'],
                ['shut', 'settings', 'email', 'shut@example.org'], ['shut', 'core', 'enabled', 'false'],
                ['Ivan', 'core', 'lang', 'ru'], ['Ivan', 'core', 'enabled', 'true'], ['Ivan', 'login_token', 'x', '1'],
                ['olga', 'login_token', 'y', '1']),
            map({ ["INSERT INTO oc_authtoken (uid, name, token, type) VALUES (?, ?, ?, ?)", @$_] }
                ['Ivan', 'Firefox', 'a', 0], ['Ivan', 'a phone', 'b', 1], ['olga', 'Firefox', 'c', 0])],
        stored => q(SELECT password FROM oc_users WHERE uid = 'Ivan'), hash => qr/^1\|\$2y\$10\$/,
        after => [q(SELECT GROUP_CONCAT(token ORDER BY token) = 'b,c' FROM oc_authtoken),
            q(SELECT GROUP_CONCAT(userid) = 'olga' FROM oc_preferences WHERE appid = 'login_token'),
            q(SELECT COUNT(*) = 6 FROM oc_preferences WHERE appid <> 'login_token')],
        nobody => 'shut@example.org',
    },
    joomla => {
        preset => 'joomla', ask => 'ivan@example.org', login => 'ivan',
        url => '/index.php?option=com_users&view=login',
        sql => [q(CREATE TABLE abcde_users (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(400) NOT NULL DEFAULT '',
                username varchar(150) NOT NULL DEFAULT '', email varchar(100) NOT NULL DEFAULT '',
                password varchar(100) NOT NULL DEFAULT '', block tinyint NOT NULL DEFAULT 0, sendEmail tinyint DEFAULT 0,
                registerDate datetime NOT NULL, lastvisitDate datetime, activation varchar(100) NOT NULL DEFAULT '',
                params text NOT NULL, lastResetTime datetime, resetCount int NOT NULL DEFAULT 0,
                requireReset tinyint NOT NULL DEFAULT 0, UNIQUE KEY idx_username (username), KEY email (email))),
            q(CREATE TABLE abcde_session (session_id varbinary(192) NOT NULL PRIMARY KEY,
                client_id tinyint unsigned DEFAULT NULL, guest tinyint unsigned DEFAULT 1, time int NOT NULL DEFAULT 0,
                data mediumtext, userid int DEFAULT 0, username varchar(150) DEFAULT '', KEY userid (userid))),
            q(CREATE TABLE abcde_user_keys (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id varchar(150) NOT NULL,
                token varchar(255) NOT NULL, series varchar(191) NOT NULL UNIQUE, time varchar(200) NOT NULL,
                uastring varchar(255) NOT NULL, KEY user_id (user_id))),
            map({ ["INSERT INTO abcde_users (username, email, password, block, registerDate, params, activation, requireReset)
                VALUES (?, ?, ?, ?, NOW(), '', 'key', 1)", @$_] } ['ivan', 'ivan@example.org', $bcrypt_php, 0],
                ['shut', 'shut@example.org', $bcrypt_php, 1]),
            q(INSERT INTO abcde_session (session_id, userid) SELECT username, id FROM abcde_users),
            q(INSERT INTO abcde_user_keys VALUES (1, 'ivan', 't', 's1', '', ''), (2, 'shut', 't', 's2', '', ''))],
        stored => q(SELECT password FROM abcde_users WHERE username = 'ivan'), hash => qr/^\$2y\$12\$/,
        after => [q(SELECT GROUP_CONCAT(session_id) = 'shut' FROM abcde_session),
            q(SELECT GROUP_CONCAT(user_id) = 'shut' FROM abcde_user_keys),
            q(SELECT activation = '' AND requireReset = 0 FROM abcde_users WHERE username = 'ivan')],
        nobody => 'shut@example.org',
    },
    bitrix => {
        preset => 'bitrix', ask => 'ivan@example.org', login => 'ivan', url => '/auth/', language => 'ru',
        sql => [q(CREATE TABLE b_user (ID int(18) not null auto_increment PRIMARY KEY, TIMESTAMP_X timestamp NULL,
                LOGIN varchar(50) not null, `PASSWORD` varchar(255) not null, CHECKWORD varchar(255),
                ACTIVE char(1) not null default 'Y', NAME varchar(50), LAST_NAME varchar(50), EMAIL varchar(255),
                LAST_LOGIN datetime, DATE_REGISTER datetime not null, LID char(2), STORED_HASH varchar(32),
                EXTERNAL_AUTH_ID varchar(255), CHECKWORD_TIME datetime, LANGUAGE_ID char(2) null,
                BLOCKED char(1) not null default 'N', UNIQUE ix_login (LOGIN, EXTERNAL_AUTH_ID),
                INDEX ix_b_user_email (EMAIL))),
            q(CREATE TABLE b_user_stored_auth (ID int(18) not null auto_increment PRIMARY KEY, USER_ID int(18) not null,
                DATE_REG datetime not null, LAST_AUTH datetime not null, STORED_HASH varchar(32) not null,
                TEMP_HASH char(1) not null default 'N', IP_ADDR int(10) unsigned not null, INDEX ux_user_hash (USER_ID))),
            map({ ["INSERT INTO b_user (ID, LOGIN, PASSWORD, EMAIL, CHECKWORD, ACTIVE, BLOCKED, EXTERNAL_AUTH_ID, DATE_REGISTER,
                LANGUAGE_ID) VALUES (?, ?, 'abcdefgh5f4dcc3b5aa765d61d8327deb882cf99', ?, 'word', ?, ?, ?, NOW(), 'ru')", @$_] }
                [1, 'ivan', 'ivan@example.org', 'Y', 'N', undef], [2, 'ldap', 'ivan@example.org', 'Y', 'N', 'LDAP#1'],
                [3, 'shut', 'shut@example.org', 'Y', 'Y', ''], [4, 'gone', 'ivan@example.org', 'N', 'N', '']),
            q(INSERT INTO b_user_stored_auth (USER_ID, DATE_REG, LAST_AUTH, STORED_HASH, IP_ADDR)
                VALUES (1, NOW(), NOW(), 'x', 1), (2, NOW(), NOW(), 'x', 1))],
        stored => q(SELECT PASSWORD FROM b_user WHERE ID = 1), hash => qr{^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}\z},
        after => [q(SELECT GROUP_CONCAT(USER_ID) = '2' FROM b_user_stored_auth),
            q(SELECT CHECKWORD IS NULL AND TIMESTAMP_X IS NOT NULL FROM b_user WHERE ID = 1)],
        nobody => 'shut@example.org',
    },
);

# Addresses of the application's own recovery, which docs/install.md leads to ours.
my %own_recovery = (
    wp61 => ['/wp-login.php?action=lostpassword', '/wp-login.php?x=1&action=retrievepassword&y'],
    joomla => ['/index.php?option=com_users&view=reset', '/?option=com_users&Itemid=1&view=remind', '/component/users/reset',
        '/index.php/component/users/remind?Itemid=101'],
    bitrix => ['/auth/?forgot_password=yes', '/any/page.php?backurl=%2F&forgot_password=yes&login=x'],
    postfixadmin => ['/users/password-recover.php', '/postfixadmin/users/password-recover.php?x=1'],
);
my %not_recovery = (
    wp61 => ['/wp-login.php', '/wp-login.php?action=rp&key=x', '/wp-login.php?interaction=lostpassword'],
    joomla => ['/index.php?option=com_users&view=login', '/index.php?option=com_content&view=reset', '/component/users/login'],
    bitrix => ['/auth/', '/auth/?change_password=yes', '/auth/?forgot_password=yesterday'],
    postfixadmin => ['/users/login.php', '/password-recover.php'],
);

# What docs/install.md tells an admin to write for a preset, with the address of
# our site in the place of its own.
sub told {
    my ($name, $site) = @_;
    open my $in, '<', "$FindBin::Bin/../../docs/install.md" or die "install.md: $!\n";
    my ($section) = do { local $/; <$in> } =~ /^### \Q$site->{preset}\E\n(.*?)(?=^### |\z)/ms
        or die "install.md: no $site->{preset}\n";
    my @blocks = $section =~ /^( {4}(?:PwReset On|<Location .*)\n(?: {4}.*\n|\n)*)/mg;
    my $text = join('', @blocks) =~ s/^ {4}//gmr;
    $text =~ s{^(PwResetPublicURL) https://\S+$}{$1 http://$name.test:\${PORT}}m or die "$name: no public URL\n";
    $text =~ s{^(PwResetPreset \Q$site->{preset}\E)\b.*$}{$1 $site->{prefix}}m if $site->{prefix};
    $text =~ /^PwResetPreset \Q$site->{preset}\E\b/m or die "$name: no preset\n";
    return $text;
}

sub wordpress {
    my ($prefix, $hash, $new) = @_;
    return {
        preset => 'wordpress', prefix => $prefix, ask => 'ivan@example.org', login => 'ivan', url => '/wp-login.php',
        language => 'ru',
        sql => ["CREATE TABLE ${prefix}users (ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
                user_login varchar(60) NOT NULL DEFAULT '', user_pass varchar(255) NOT NULL DEFAULT '',
                user_nicename varchar(50) NOT NULL DEFAULT '', user_email varchar(100) NOT NULL DEFAULT '',
                user_url varchar(100) NOT NULL DEFAULT '', user_registered datetime NOT NULL DEFAULT '2000-01-01 00:00:00',
                user_activation_key varchar(255) NOT NULL DEFAULT '', user_status int NOT NULL DEFAULT 0,
                display_name varchar(250) NOT NULL DEFAULT '', KEY user_login_key (user_login), KEY user_email (user_email))
                DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_unicode_520_ci",
            "CREATE TABLE ${prefix}usermeta (umeta_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
                user_id bigint unsigned NOT NULL DEFAULT 0, meta_key varchar(255) DEFAULT NULL, meta_value longtext,
                KEY user_id (user_id), KEY meta_key (meta_key(191))) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_unicode_520_ci",
            map({ ["INSERT INTO ${prefix}users (ID, user_login, user_pass, user_email, user_activation_key)
                VALUES (?, ?, ?, ?, '1:key')", @$_] } [1, 'ivan', $hash, 'ivan@example.org'],
                [2, 'olga', $hash, 'olga@example.org']),
            map({ ["INSERT INTO ${prefix}usermeta (user_id, meta_key, meta_value) VALUES (?, ?, ?)", @$_] }
                [1, 'locale', 'ru_RU'], [1, 'session_tokens', 'a:1:{}'], [2, 'session_tokens', 'a:1:{}'])],
        stored => "SELECT user_pass FROM ${prefix}users WHERE ID = 1", hash => $new,
        after => ["SELECT GROUP_CONCAT(user_id) = '2' FROM ${prefix}usermeta WHERE meta_key = 'session_tokens'",
            "SELECT user_activation_key = '' FROM ${prefix}users WHERE ID = 1",
            "SELECT COUNT(*) = 1 FROM ${prefix}usermeta WHERE meta_key = 'locale'"],
    };
}

# The mail with a string in it; notices come, too.
sub string_mail {
    my ($walk, $to) = @_;
    while (my $mail = $walk->mail_to($to)) {
        return $mail if $mail->token;
    }
    return undef;
}

sub verifies {
    my ($password, $stored) = @_;
    my ($status) = PWR::Ctl->new->run("$password\n", qw(hash verify), $stored);
    return $status eq '0';
}

# What mod_authn_dbd says to a password.
sub basic {
    my ($client, $password) = @_;
    my $text = MIME::Base64::encode_base64("ivan:$password", '');
    return $client->get('/index.html', headers => [[Authorization => "Basic $text"]])->status == 200;
}

sub walk {
    my ($sites, $name, $site) = @_;
    my ($walk, $to) = ($sites->walk, $site->{to} // $site->{ask});
    my $client = $sites->client($name);
    is($client->post('/account/forgot', [email => $site->{ask}])->status, 200, 'forgot');
    my $mail = string_mail($walk, $to) // return fail("a mail to $to");
    like($mail->text, $site->{language} ? qr/\p{Cyrillic}/ : qr/^Login: /m, 'in the language of the account');
    like($mail->text, qr/: \Q$site->{login}\E$/m, 'with the login name');
    my $r = $client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW]);
    is($r->status, 303, 'reset');
    my @links = $client->follow($r)->links('a');
    is(scalar(grep { $_ eq ($site->{url} // '') } @links) > 0, defined $site->{url}, "leads to the application's own login")
        or diag("@links");
    my $stored = $walk->value($site->{stored});
    like($stored, $site->{hash}, 'the hash is one that the application reads');
    my $bare = $stored =~ s/^(?:\{[\w-]+\}|\d\|)//r;
    is(crypt(NEW, $bare), $bare, 'crypt(3) verifies it') if $bare !~ /^\$wp/;     # is t/45-readers' to see
    ok(verifies(NEW, $stored), 'and so does pwresetctl');
    ok(!verifies(OLD, $stored), 'which knows another password');
    if (my $reads = $site->{reads}) {
        ok($reads->($client, NEW), 'the application lets the new one in');
        ok(!$reads->($client, OLD), 'and no other');
    }
    ok($walk->value($_), "then: $_") for @{$site->{after} // []};
    is($client->post('/account/reset', [token => $mail->token, password => OLD, confirm => OLD])->status, 410,
        'the string works once');
    $r = $client->get('/account/login');
    is($r->header('Location'), $site->{url}, 'login') if defined $site->{url};
    is($r->status, defined $site->{url} ? 303 : 404, 'is not ours');
    return;
}

sub led {
    my ($sites) = @_;
    for my $name (sort keys %own_recovery) {
        for my $path (@{$own_recovery{$name}}) {
            my $r = $sites->client($name)->get($path);
            my $there = ($r->header('Location') // '') =~ s{^http://[^/]*}{}r;
            is("@{[$r->status]} $there", '302 /account/forgot', "$name: $path leads to our page");
        }
        is($sites->client($name)->get($_)->status, 404, "$name: $_ is the application's") for @{$not_recovery{$name}};
    }
    my $r = $sites->client('authn')->get('/index.html');
    is($r->status . ($r->body =~ m{<a href='/account/forgot'>} ? ' led' : $r->body), '401 led', 'authn: who closes the dialog');
    return;
}

# Nobody is mailed who may not sign in, and the page says nothing of it.
sub nobody {
    my ($sites) = @_;
    my @who = grep { $site{$_}{nobody} } sort keys %site;
    is($sites->client($_)->post('/account/forgot', [email => $site{$_}{nobody}])->status, 200, "$_: the usual page") for @who;
    $sites->walk->settle;
    my @left = grep { $_->token } $sites->walk->mails_left;
    is(scalar @left, 0, 'and no mail') or diag(map { $_->to . "\n" } @left);
    return;
}

# All that a preset does can be granted column by column: an account with just
# these rights makes a change of a password with all that belongs to it.
sub granted {
    my ($sites) = @_;
    my ($httpd, $walk) = ($sites->httpd, $sites->walk);
    for my $name (sort keys %site) {
        my ($user, $ctl) = ("exact_$name", PWR::Ctl->new);
        $walk->sql("CREATE USER $user\@'%' IDENTIFIED BY 'exact'");
        my $text = do {
            local %ENV = $httpd->ctl_env;
            ($ctl->runs_ok("$name: schema --grants", {status => 0, out => qr/^GRANT /m}, '', '-c', $httpd->conf_file,
                '-s', "$name.test", qw(schema --grants --to), "$user\@%"))[0];
        };
        unlike($text, qr/by hand/, "$name: all of it is read");
        $walk->sql($_) for grep { /\S/ } split /;\n/, $text =~ s/^--.*\n//gmr;
        my %said = (%{dumped($httpd, "$name.test")}, PwResetSendmail => [['/bin/true']]);
        $ctl->vhosts($ctl->vhost_on($walk->db, params => $walk->db->params(user => $user, pass => 'exact'), %said));
        local %ENV = (%ENV, $walk->db->env);
        $ctl->runs_ok("$name: an account with these rights changes a password",
            {status => 0, out => qr/^OK   tables: .*^OK   password change: works/ms}, '', 'check', '--user',
            $site{$name}{login});
    }
    return;
}

# Which directives the dump has for a site, or the only one.
sub dumped {
    my ($httpd, $name) = @_;
    my ($status, $said) = $httpd->configtest('-t', '-D', 'DUMP_PWRESET');
    my ($json) = $said =~ /^(\{.*^\})/ms or return {};
    my ($vhost) = grep { !$name || $_->{server} eq $name } @{decode_json($json)->{vhosts}};
    return $vhost->{directives};
}

sub says {
    my ($httpd, $conf, $pattern) = @_;
    $httpd->reconf(conf => $conf);
    my ($status, $said) = $httpd->configtest;
    return is($status, 0, "$conf: well") || diag($said) if !$pattern;
    isnt($status, 0, "$conf: refused");
    like($said, $pattern, "$conf: in words");
    return;
}

# An admin may copy a preset as it is shipped, and has the same.
sub copied {
    my $other = PWR::Httpd->new(database => PWR::Database->new('sqlite'));
    for my $file (glob "'$FindBin::Bin/../../conf/presets/*.conf'") {
        my ($name) = $file =~ m{([^/]+)\.conf$};
        open my $in, '<', $file or die "$file: $!\n";
        my $copy = $other->write('copy.conf', do { local $/; <$in> });
        my ($shipped, $copied) = map {
            $other->reconf(conf => "PwResetPreset $_ x_\nPwResetInsist mail-crypt files");
            my $d = dumped($other);
            delete $d->{PwResetPreset};
            $d;
        } $name, $copy;
        like($shipped->{PwResetIdQuery}[0][0], qr/ x_\w+/, "$name: is known");
        is_deeply($copied, $shipped, "$name: may be copied");
    }
    return;
}

# What the vhost says wins, and so does a file of the admin's.
sub configured {
    my ($sites) = @_;
    my $httpd = $sites->httpd;
    my $d = dumped($httpd, 'wp68.test');
    is_deeply($d->{PwResetPreset}, [['wordpress', 'blog.wp8_']], 'the dump has the preset');
    like($d->{PwResetPasswordUpdate}[0][0], qr/^UPDATE blog\.wp8_users SET/, 'and what it stands for');
    my $db = PWR::Database->new('sqlite');
    my $other = PWR::Httpd->new(database => $db);
    my $query = 'SELECT id, login, email, password FROM {prefix}m WHERE id = :id';
    my $file = $other->write('mine.conf', qq(PwResetIdQuery "$query"\n));
    my $bad = $other->write('bad.conf', "\n\nPwResetInsist x\n");
    says($other, 'PwResetPreset owncloud',
        qr/PwResetPreset owncloud is not known: there are authn-dbd, bitrix, .*, wordpress, and files/);
    says($other, 'PwResetPreset wordpress wp-', qr/PwResetPreset takes as PREFIX what the names/);
    says($other, 'PwResetPreset Word/press', qr/PwResetPreset takes the name of a preset/);
    says($other, "PwResetPreset joomla\nPwResetPreset bitrix", qr/PwResetPreset is given twice/);
    says($other, 'PwResetPreset /nowhere/x.conf', qr{PwResetPreset /nowhere/x.conf cannot be used: No such file});
    says($other, "PwResetPreset $bad", qr/bad\.conf: line 3: PwResetInsist has no place in a preset/);
    says($other, 'PwResetPreset postfixadmin',
        qr/PWR0011.*PwResetRefuse mail-crypt: where Dovecot's mail_crypt .* say PwResetInsist mail-crypt/);
    says($other, "PwResetPreset postfixadmin\nPwResetInsist mail-crypt");
    says($other, 'PwResetPreset ispconfig', qr/PWR0011.*PwResetRefuse mail-crypt: .* say PwResetInsist mail-crypt/);
    says($other, 'PwResetPreset nextcloud oc_',
        qr/PWR0011.*PwResetRefuse files: where Nextcloud's .* unreadable.* say PwResetInsist files/);
    says($other, "PwResetPreset nextcloud oc_\nPwResetInsist mail-crypt", qr/PwResetRefuse files/);
    says($other, "PwResetPreset nextcloud oc_\nPwResetInsist files");
    says($other, qq(PwResetRefuse files "a reset makes them unreadable"), qr/PwResetRefuse files: a reset makes/);
    says($other, qq(PwResetRefuse files "they are unreadable"\nPwResetInsist mail-crypt files));
    for my $conf ("PwResetPreset joomla j_\nPwResetLoginURL /mine\nPwResetAfterChange \"DELETE FROM x WHERE id = :id\"",
        "PwResetLoginURL /mine\nPwResetAfterChange \"DELETE FROM x WHERE id = :id\"\nPwResetPreset joomla j_") {
        $other->reconf(conf => $conf);
        $d = dumped($other);
        is_deeply([@$d{qw(PwResetLoginURL PwResetAfterChange PwResetLogin)}],
            [[['/mine']], [['DELETE FROM x WHERE id = :id']], [['Off']]], 'what the vhost says wins');
        like($d->{PwResetIdQuery}[0][0], qr/ FROM j_users /, 'the rest is the preset\'s');
    }
    $other->reconf(conf => "PwResetPreset $file db.");
    like(dumped($other)->{PwResetIdQuery}[0][0], qr/ FROM db\.m /, 'a file of the admin\'s own');
    return;
}

my $db = PWR::Database->new('mysql');
$db->dbh->do($_) for map { ("CREATE DATABASE $_ CHARACTER SET utf8mb4", "GRANT ALL ON $_.* TO app") }
    qw(blog dbispconfig ftp);
for my $name (sort keys %site) {
    $db->dbh->do(ref $_ ? ($_->[0], undef, @$_[1 .. $#$_]) : $_) for @{$site{$name}{sql}};
}
my %conf = map { ($_ => join "\n", $site{$_}{conf} // '', told($_, $site{$_})) } keys %site;
my $sites = PWR::Sites->new(\%conf, database => 'mysql', db => $db, modules => [qw(rewrite auth_basic authn_dbd)]);
for my $name (sort keys %site) {
    subtest $name => sub { walk($sites, $name, $site{$name}) };
}
$sites->httpd->expect_log('AH01617');
subtest nobody => sub { nobody($sites) };
subtest granted => sub { granted($sites) };
subtest 'led here' => sub { led($sites) };
subtest configured => sub { configured($sites) };
subtest copied => \&copied;
$sites->walk->settle;
$sites->httpd->done;
done_testing();
