#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a stranger gets: the two commands of the README in a fresh clone, and
# the tarball that make distcheck makes and tries.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use HTTP::Tiny;
use IO::Socket::INET;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

plan skip_all => 'this is no git clone' if !-e top() . '/.git';
delete @ENV{qw(PWR_BUILD PWR_LONG PWR_FIGURES PERL5LIB HARNESS_ACTIVE)};

my $folder = tempdir(CLEANUP => 1);
chmod 0755, $folder;
my $clone = "$folder/clone";
is(system('git', 'clone', '-q', top(), $clone), 0, 'the clone is made');

my $port = do {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "no port: $!\n";
    $socket->sockport;
};
my $began = time;
my $said = `cd '$clone' && ./quickstart --detach --port $port 2>&1`;
is($?, 0, 'quickstart serves') or diag($said);
note('figure: quickstart in a fresh clone, s = ' . (time - $began));
for my $path ('/', '/account/forgot', '/mailbox/') {
    is(HTTP::Tiny->new->get("http://127.0.0.1:$port$path")->{status}, 200, "$path is served");
}
$began = time;
is(system("cd '$clone' && ./quickstart --stop && ./quickstart --detach --port $port >/dev/null"), 0, 'and once more');
cmp_ok(time - $began, '<', 30, 'the second time nothing is built');
is(system("cd '$clone' && ./quickstart --stop"), 0, 'and stops');
is(`cd '$clone' && git status --porcelain`, '', 'the clone is as it was');

$said = `cd '$clone' && ./runtests t/10-unit 2>&1`;
is($?, 0, 'runtests runs') or diag($said);
like($said, qr/^Skipped: \d+$/m, 'and counts the skips');

$said = `make -C '$clone/build' distcheck 2>&1`;
is($?, 0, 'make distcheck passes') or diag(substr $said, -4000);
done_testing();
