#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# One server run over all pages under valgrind's memcheck: nothing of ours reads
# or writes what it must not, decides by what was never set, or loses memory.
# (AddressSanitizer sees neither unset bytes nor what libraries do with ours.)
#
# A report counts when mod_pwreset is on its stack; those of httpd and libraries
# alone do not, so there are no suppressions.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use PWR::Client;
use PWR::HttpdConf;
use PWR::Walk;
use Test::More;

use constant {SLOWER => 12, CLIENT_SEC => 120};

plan skip_all => 'valgrind is not installed' if !has_program('valgrind');
plan skip_all => 'valgrind cannot run what a sanitizer was built into' if $ENV{PWR_ASAN};

my $folder = tempdir(CLEANUP => 1);
chmod 0755, $folder;
$ENV{PWR_PATIENCE} = SLOWER;

# A program that is httpd under valgrind; its children are forked, and so
# looked at too.
sub wrapper {
    my ($name, $program) = @_;
    my $logs = "$folder/$name";
    mkdir $logs;
    chmod 01777, $logs;
    my @options = ('--leak-check=full', '--show-leak-kinds=definite', '--errors-for-leak-kinds=definite',
        '--keep-debuginfo=yes', '--num-callers=30', "--log-file=$logs/%p");
    open my $out, '>', "$folder/$name.sh" or die "$name.sh: $!\n";
    print {$out} "#!/bin/sh\nexec valgrind @options $program \"\$@\"\n";
    close $out or die "$name.sh: $!\n";
    chmod 0755, "$folder/$name.sh";
    return "$folder/$name.sh";
}

# The reports in which a pattern stands on the stack.
sub reports {
    my ($name, $pattern) = @_;
    my $said = join '', map { slurp($_) } sort glob "$folder/$name/*";
    $said =~ s/^==\d+== ?//gm;
    return grep { /$pattern/ && /^\s+(?:at|by) 0x/m } split /\n\n+/, $said;
}

sub post {
    my ($client, $path, $form, $status) = @_;
    return is($client->post($path, $form)->status, $status, "POST $path: $status");
}

sub visit {
    my ($client, $status, @paths) = @_;
    is($client->get($_)->status, $status, "GET $_: $status") for @paths;
    return;
}

# Slow as it is here, connecting to the database takes longer than visitors are
# kept waiting for it.
sub awake {
    my $client = shift;
    my $until = time + CLIENT_SEC;
    my $status;
    do {
        $status = $client->get('/account/reset?token=' . '0' x 28)->status;
    } while ($status == 503 && time < $until);
    return is($status, 410, 'the database is there');
}

sub strangers {
    my $client = shift;
    awake($client);
    for my $language (qw(en ru)) {
        visit($client, 200, map { "/account/$_?lang=$language" } qw(login logout forgot reset notme));
        visit($client, 303, map { "/account/$_?lang=$language" } qw(change sessions));
        visit($client, 422, "/account/reset?token=0123456789&lang=$language");
        visit($client, 410, '/account/reset?token=' . '0' x 28 . "&lang=$language");
    }
    visit($client, 401, '/portal/');
    visit($client, 303, '/.well-known/change-password');
    visit($client, 404, '/account/nothing', '/account/assets/nothing');
    visit($client, 400, '/account/login?lang=a&lang=b', '/account/reset?token=%00');
    post($client, '/account/login', [login => 'nobody', password => 'wrong'], 422);
    post($client, '/account/login', [login => 'ivan', password => 'wrong'], 422);
    post($client, '/account/login', [login => 'x' x 5000], 413);
    post($client, '/account/forgot', [email => 'no address'], 422);
    post($client, '/account/forgot', [email => "nobody\@example.org"], 200);
    post($client, '/account/reset', [token => 'x'], 422);
    is($client->request(PUT => '/account/login')->status, 405, 'PUT: 405');
    return;
}

sub members {
    my ($walk, $client) = @_;
    my %string = $walk->strings('ivan');
    visit($client, 200, "/account/reset?token=$string{ivan}");
    post($client, '/account/reset', [token => $string{ivan}, password => 'short', confirm => 'short'], 422);
    post($client, '/account/reset', [token => $string{ivan}, password => NEW, confirm => NEW], 303);
    visit($client, 200, '/account/reset?done');
    post($client, '/account/login', [login => 'ivan', password => NEW], 303);
    visit($client, 200, '/portal/', '/portal/', '/account/change', '/account/change?lang=ru', '/account/sessions');
    post($client, '/account/change', [current => 'wrong', password => OLD, confirm => OLD], 422);
    post($client, '/account/change', [current => NEW, password => OLD, confirm => OLD], 303);
    visit($client, 200, '/account/sessions?lang=ru');
    post($client, '/account/logout', [], 303);
    return;
}

sub run {
    my ($kind, $mpm) = @_;
    local $ENV{PWR_HTTPD} = wrapper($kind, PWR::HttpdConf::program());
    my $walk = PWR::Walk->new($kind, mpm => $mpm, children => 1, threads => 4, stop_sec => 20);
    $walk->add('ivan');
    my $client = $walk->httpd->client(timeout => CLIENT_SEC);
    strangers($client);
    members($walk, $client);
    $walk->httpd->graceful;
    strangers($client);
    $walk->settle;
    $walk->httpd->done;
    my @reports = reports($kind, qr/mod_pwreset/);
    is(scalar @reports, 0, "$kind, $mpm: memcheck has nothing to say of ours") or diag(join "\n\n", @reports[0 .. 4]);
    return;
}

run('sqlite', 'prefork');
run('mysql', 'worker');

# The control: a module with our name on its stack that does both.
my $planted = on_disk({'mod_pwreset_planted.c' => <<'C'});
#include <stdlib.h>
#include <httpd.h>
#include <http_config.h>
static void act(apr_pool_t *pool, server_rec *s)
{
    volatile char *block = malloc(8);
    block[8] = 'x';
    block = NULL;
    (void)pool;
    (void)s;
}
static void hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_child_init(act, NULL, NULL, APR_HOOK_MIDDLE);
}
module AP_MODULE_DECLARE_DATA planted_module = { STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks, 0 };
C
chmod 0755, $planted;
my $flags = '-shared -fPIC -g $(apr-1-config --includes --cppflags) -I' . PWR::HttpdConf::apxs('INCLUDEDIR');
my $said = `cd '$planted' && gcc $flags -o mod_pwreset_planted.so mod_pwreset_planted.c 2>&1`;
is($?, 0, 'control: the module is built') or diag($said);
{
    local $ENV{PWR_HTTPD} = wrapper('control', PWR::HttpdConf::program());
    my $httpd = PWR::Httpd->new(mpm => 'prefork', children => 1, module => 0, stop_sec => 20,
        global => "LoadModule planted_module $planted/mod_pwreset_planted.so");
    $httpd->start;
    $httpd->done;
}
my $reports = join "\n\n", reports('control', qr/mod_pwreset/);
like($reports, qr/Invalid write of size 1/, 'control: a step behind a block is found');
like($reports, qr/definitely lost/, 'control: and the block that is lost');
done_testing();
