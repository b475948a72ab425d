#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A customer who may write templates makes root, who reads them, show a file
# that is not his: the symlink attacks of shared hosting (against which cPanel
# has its "Symlink Race Condition Protection" and CloudLinux its SecureLinks), by
# every other name that a file can have.  httpd -t says so; at run time the
# built-in page is shown.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Socket::UNIX;
use POSIX ();
use PWR::Database;
use PWR::Httpd;
use Test::More;

use constant {SECRET => 'SECRET-OF-ROOT', PAGE => 'pages/login.html', NOBODY => 65_534};

my $is_root = $> == 0;
my $httpd = PWR::Httpd->new(database => PWR::Database->new('sqlite'));
my $root = $httpd->root;
my $customer = $is_root ? 'nobody' : getpwuid $>;
my $uid = getpwnam $customer;
my $secret = $httpd->write('secret.html', SECRET . "\n");
chmod 0600, $secret;

# A folder of the customer's with a page in it; returns the page's path.
sub folder {
    my ($name, $text) = @_;
    my $path = "$root/$name/@{[PAGE]}";
    make_path(dirname($path), "$root/$name/po");
    unlink $path;
    $httpd->write("$name/" . PAGE, $text // "<title>{{site_name}}</title>\nTHE CUSTOMER'S PAGE\n");
    chown $uid, -1, $path, "$root/$name", map { "$root/$name/$_" } qw(pages po) if $is_root;
    return $path;
}

sub other { my ($path, $make) = @_; unlink $path; $make->($path) or die "$path: $!\n"; return 1 }

# name => [what is said, how to make it of a good folder and page; undef: it
# cannot be made here].
my %trap = (
    'link' => [qr/it is a link/, sub { other($_[1], sub { symlink $secret, $_[0] }) }],
    'link to shadow' => [qr/it is a link/, sub { other($_[1], sub { symlink '/etc/shadow', $_[0] }) }],
    'link beside it' => [qr/it is a link/, sub { rename $_[1], "$_[1].x"; symlink 'login.html.x', $_[1] }],
    'link to a descriptor' => [qr/it is a link/, sub { other($_[1], sub { symlink '/proc/self/environ', $_[0] }) }],
    'folder is a link' => [qr/Not a directory|it is a link/, sub {
        rename "$_[0]/pages", "$_[0]/x" or die; symlink 'x', "$_[0]/pages" }],
    'hard link' => [qr/it is a hard link/, sub { $is_root && other($_[1], sub { link $secret, $_[0] }) }],
    'foreign owner' => [qr/it belongs to neither root nor/, sub { $is_root && chown 1, -1, $_[1] }],
    'foreign folder' => [qr/it belongs to neither root nor/, sub { $is_root && chown 1, -1, "$_[0]/pages" }],
    'group may write' => [qr/its group or others may write/, sub { chmod 0664, $_[1] }],
    'all may write' => [qr/its group or others may write/, sub { chmod 0666, $_[1] }],
    'folder for all' => [qr/its group or others may write/, sub { chmod 0777, "$_[0]/pages" }],
    'sticky folder' => [qr/its group or others may write/, sub { chmod 01777, $_[0] }],
    'fifo' => [qr/it is not a regular file/, sub { other($_[1], sub { POSIX::mkfifo($_[0], 0600) }) && own($_[1]) }],
    'socket' => [qr/cannot be used: \S/, sub { other($_[1], sub { IO::Socket::UNIX->new(Local => $_[0], Listen => 1) })
        && own($_[1]) }],
    'device' => [qr/it is not a regular file/, sub {
        $is_root && other($_[1], sub { system('mknod', '-m', '600', $_[0], 'c', 1, 5) == 0 }) }],
    'a folder' => [qr/it is not a regular file/, sub { other($_[1], sub { mkdir $_[0], 0755 }) && own($_[1]) }],
    'a sparse giant' => [qr/it is too large/, sub { truncate $_[1], 1 << 33 }],
    'a part above' => [qr/login\.html/, sub { page($_[1], '{{> ../../../secret}}') }],
    'a part by its path' => [qr/login\.html/, sub { page($_[1], "{{> $root/secret}}") }],
    'a part by its file' => [qr/login\.html/, sub { page($_[1], "{{> ../../../../../../../../../../etc/passwd\0}}") }],
    'a catalog by a link' => [qr{po/ru\.po.*it is a link}, sub {
        unlink $_[1]; symlink '/etc/shadow', "$_[0]/po/ru.po" }],
);

sub own { return !$is_root || chown $uid, -1, $_[0] }

sub page {
    my ($path, $text) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print {$out} "SHOWN $text\n";
    return close $out;
}

# httpd -t refuses; a start shows the built-in page and says why.
sub is_refused {
    my ($name, $option, $why) = @_;
    $httpd->reconf(conf => $option);
    my ($status, $said) = $httpd->configtest;
    isnt($status, 0, "$name: httpd -t refuses it");
    like($said, qr/PwResetTemplates: [^\n]*$why/, "$name: and says why");
    unlike($said, qr/@{[SECRET]}|root:/, "$name: without what is in it");
    my $mark = $httpd->log_mark;
    $httpd->start;
    my $text = join '', map { $httpd->client->get("/account/login?lang=$_")->text } qw(en ru);
    like($text, qr/Forgot your password\?.*<html lang="ru">/s, "$name: at run time the built-in page");
    unlike($text, qr/@{[SECRET]}|root:|SHOWN|CUSTOMER/, "$name: and nothing else");
    ok((grep { /PWR0401: / } $httpd->log_since($mark)), "$name: the log says so");
    $httpd->stop;
    return;
}

# It has no tables, and the worker may look for jobs.
$httpd->expect_log('PWR0401')->allow_log('PWR0204');
my $option = sub { "PwResetTemplates \"\${ROOT}/$_[0]\" $customer" };
for my $name (sort keys %trap) {
    my ($why, $make) = @{$trap{$name}};
    my $folder = $name =~ tr/ /_/r;
    my $path = folder($folder);
    SKIP: {
        skip "$name: only root can make it", 6 if !$make->("$root/$folder", $path);
        is_refused($name, $option->($folder), $why);
    }
}

# The controls: his own page is shown, and root's, where root is the owner.
sub is_shown {
    my ($name, $conf) = @_;
    $httpd->reconf(conf => $conf);
    is(($httpd->configtest)[0], 0, "control: $name: httpd -t likes it");
    $httpd->start;
    like($httpd->client->get('/account/login')->text, qr/CUSTOMER/, "control: $name: shown");
    $httpd->stop;
    return;
}
folder('good');
is_shown('a good page', $option->('good'));
SKIP: {
    skip 'only root has files of root', 3 if !$is_root;
    is_refused('nobody is named', 'PwResetTemplates "${ROOT}/good"', qr/it belongs to neither root nor a named owner/);
    my $path = folder('roots');
    chown 0, -1, $path, map { "$root/roots$_" } '', '/pages', '/po';
    link $path, "$root/roots/second";
    is_shown("root's own, of two names", 'PwResetTemplates "${ROOT}/roots"');
}
$httpd->done;
done_testing();
