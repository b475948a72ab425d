#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What `httpd -t` says of configurations that cannot work, in words an admin
# understands; and that a customer's broken template stops nobody's httpd.
use strict;
use warnings;
use utf8;
use File::Basename qw(dirname);
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Database;
use PWR::Httpd;
use Test::More;

my $site = "PwReset On\nPwResetMailFrom a\@example.org";
my $sqlite = "DBDriver sqlite3\nDBDParams \"\${ROOT}/no.db\"";
my $mysql = "DBDriver mysql\nDBDParams";
my $httpd = PWR::Httpd->new;

# [what, global, in the vhost, what is said (none: it is fine)]
my @table = (
    ['a loopback site', $sqlite, $site],
    ['no database', '', $site, qr/DBDriver is missing/],
    ['a driver without parameters', 'DBDriver sqlite3', $site, qr/DBDParams is missing/],
    ['mysql without parameters', 'DBDriver mysql', $site, qr/DBDParams is missing/],
    ['no reconnect=0', "$mysql group=x", $site, qr/DBDParams needs reconnect=0: .*restart/],
    ['reconnect=1', "$mysql \"group=x reconnect=1\"", $site, qr/DBDParams needs reconnect=0/],
    ['no group', "$mysql reconnect=0", $site, qr/DBDParams needs group=NAME.*pwreset-my\.cnf/],
    ['no public URL', "$sqlite\nListen 0.0.0.0:1\n<VirtualHost *:1>\n$site\n</VirtualHost>", '',
        qr/PwResetPublicURL is missing.*httpd\.conf:\d+\)/],
    ['IPv6 loopback', "$sqlite\nListen [::1]:1\n<VirtualHost [::1]:1>\n$site\n</VirtualHost>", ''],
    ['an address that looks like loopback', "$sqlite\nListen [::101]:1\n<VirtualHost [::101]:1>\n$site\n</VirtualHost>",
        '', qr/PwResetPublicURL is missing/],
    ['an address that ends like loopback', "$sqlite\nListen [2001:db8::1]:1\n"
        . "<VirtualHost [2001:db8::1]:1>\n$site\n</VirtualHost>", '', qr/PwResetPublicURL is missing/],
    ['no sender', $sqlite, 'PwReset On', qr/PwResetMailFrom is missing/],
    ['a short lifetime', $sqlite, "$site\nPwResetTokenLifetime 4min", qr/PwResetTokenLifetime must be from 300/],
    ['a long lifetime', $sqlite, "$site\nPwResetTokenLifetime 8d", qr/PwResetTokenLifetime must be from 300/],
    ['no lifetime', $sqlite, "$site\nPwResetTokenLifetime soon", qr/'soon' is not a duration/],
    ['idle for longer than it lives', $sqlite, "$site\nPwResetSessionLifetime 30min", qr/PwResetSessionIdle must not/],
    ['a query without its parameter', $sqlite, "$site\nPwResetIdQuery \"SELECT 1\"", qr/PwResetIdQuery must use :id/],
    ['SELECT after a change', $sqlite, "$site\nPwResetAfterChange \"SELECT 1\"", qr/PwResetAfterChange must be/],
    ['no such zone', $sqlite, "$site\nPwResetTimeZone Mars/Base", qr/there is no zone Mars\/Base/],
    ['no such language', $sqlite, "$site\nPwResetLanguages en tlh", qr/PwResetLanguages: there is no translation/],
    ['no such words', $sqlite, "$site\nPwResetPasswordWords no.txt", qr/PwResetPasswordWords: .*no\.txt/],
    ['for the whole server', $sqlite, "$site\nPwResetMailSlots 2", qr/PwResetMailSlots/],
    ['no such templates', $sqlite, "$site\nPwResetTemplates \${ROOT}/no", qr/PwResetTemplates: there is no folder/],
    ['a template that does not parse', $sqlite, "$site\nPwResetTemplates \${ROOT}/page",
        qr{PwResetTemplates: .*page/pages/login\.html line 2: }],
    ['a part that does not parse', $sqlite, "$site\nPwResetTemplates \${ROOT}/part",
        qr{PwResetTemplates: .*part/pages/parts/top\.html line 1: }],
    ['a catalog that does not parse', $sqlite, "$site\nPwResetTemplates \${ROOT}/po",
        qr{PwResetTemplates: .*po/ru\.po line 1: }],
    ['a page that others may write', $sqlite, "$site\nPwResetTemplates \${ROOT}/open_page",
        qr{PwResetTemplates: .*login\.html cannot be used: its group or others may write}],
    ['a part that others may write', $sqlite, "$site\nPwResetTemplates \${ROOT}/open_part",
        qr{PwResetTemplates: .*top\.html cannot be used: its group or others may write}],
    ['a part that is a link', $sqlite, "$site\nPwResetTemplates \${ROOT}/link",
        qr{PwResetTemplates: .*top\.html cannot be used: it is a link}],
);

sub put {
    my ($server, $path, $text) = @_;
    make_path($server->root . '/' . dirname $path);
    return $server->write($path, $text);
}

my %broken = (
    'page/pages/login.html' => "fine\n{{#x}} \n",
    'part/pages/parts/top.html' => "{{#x}}\n",
    'po/po/ru.po' => "msgid \"not closed\n",
);

# Returns the owner whom the directive has to name.
sub templates {
    my $root = $httpd->root;
    put($httpd, $_, $broken{$_}) for keys %broken;
    put($httpd, $_, "fine\n") for qw(open_page/pages/login.html open_part/pages/parts/top.html
        link/pages/parts/bottom.html);
    chmod 0666, "$root/open_page/pages/login.html", "$root/open_part/pages/parts/top.html";
    symlink 'bottom.html', "$root/link/pages/parts/top.html" or die "symlink: $!\n";
    return $> == 0 ? '' : ' ' . getpwuid $>;
}

sub said_of {
    my ($global, $conf) = @_;
    $httpd->reconf(global => $global, conf => $conf);
    return $httpd->configtest;
}

my $owner = templates();
for my $row (@table) {
    my ($what, $global, $conf, $want) = @$row;
    my ($status, $said) = said_of($global, $conf =~ s/^(PwResetTemplates .*)/$1$owner/mr);
    if (!$want) {
        is($status, 0, $what) or diag($said);
        next;
    }
    isnt($status, 0, "$what is refused");
    like($said, $want, "$what is told");
}

sub without_dbd {
    $httpd->reconf(global => '', conf => $site);
    my $file = $httpd->conf_file;
    open my $in, '<', $file or die "$file: $!\n";
    my $text = do { local $/; <$in> };
    $httpd->write('httpd.conf', $text =~ s/^LoadModule dbd_module.*\n//mr);
    my ($status, $said) = $httpd->configtest;
    isnt($status, 0, 'without mod_dbd');
    like($said, qr/mod_dbd is not loaded: add LoadModule dbd_module/, 'with the remedy');
}
without_dbd();

# SQLite has one lock: that many children queue at it is worth a word, no more.
sub sqlite_children {
    my $many = "ServerLimit 8\nMaxRequestWorkers 64";
    my %table = ('four children on SQLite' => [$sqlite, 0], 'eight on SQLite' => ["$sqlite\n$many", 1],
        'eight on MariaDB' => ["$mysql \"group=x reconnect=0\"\n$many", 0]);
    for my $what (sort keys %table) {
        my ($global, $is_told) = @{$table{$what}};
        my ($status, $said) = said_of($global, $site);
        is($status, 0, "$what: fine") or diag($said);
        my @lines = $said =~ /PWR0012: SQLite is for small sites: 8 children .*ServerLimit.*at most 4, or use DBDriver mysql/g;
        is(scalar @lines, $is_told, $is_told ? "$what: told, with the remedy" : "$what: nothing to tell");
        unlike($said, qr/PWR0012/, "$what: not a word") if !$is_told;
    }
    return;
}
sqlite_children();

# What -t refuses a start only logs.
sub in_life {
    my $db = PWR::Database->new('sqlite');
    my $live = PWR::Httpd->new(database => $db);
    put($live, $_, $broken{$_}) for keys %broken;
    # It has no tables, and the worker may look for jobs.
    $live->expect_log('PWR0401')->allow_log('PWR0204');
    for my $folder (qw(page part po no)) {
        $live->reconf(conf => "PwResetTemplates \${ROOT}/$folder$owner");
        ok(eval { $live->start }, "it starts with the bad folder $folder") or diag($@);
        like($live->client->get('/account/login?lang=ru')->text, qr/Забыли свой пароль/, 'in the built-in words');
        $live->stop;
    }
    $live->done;
}
in_life();
done_testing();
