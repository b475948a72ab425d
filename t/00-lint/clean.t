#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# No file names a developer's machine, a registry, or unfinished work.
# The patterns are put together so that they do not find themselves.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my @folders = ('wo' . 'rk', 'fa' . 'rm', 'home/\w+', 'Us' . 'ers');
my @hosts = map { quotemeta } 'registry.' . 'npmjs', 'npm' . 'js.org', 'deb.' . 'debian.org', 'snapshot.' . 'debian',
    'pkg.' . 'dev', 'pypi.' . 'org', 'proxy.' . 'golang';
my @marks = ('TO' . 'DO', 'FIX' . 'ME', 'X' . 'XX', 'not ' . 'implemented', 'HA' . 'CK');
my %unwanted = (
    'a path of one machine' => '(?<![\w.:-])/(?:' . join('|', @folders) . ')/[\w.]',
    'a registry' => '(?:' . join('|', @hosts) . ')',
    'unfinished' => '\b(?:' . join('|', @marks) . ')\b',
    'an address in a lock file' => '"reso' . 'lved"\s*:',
);

sub unwanted {
    my $tree = shift;
    return map {
        each_line($_, $tree->{$_}, sub {
            my $line = $_;
            return map { $line =~ /($unwanted{$_})/ ? "$_: $1" : () } sort keys %unwanted;
        })
    } sort keys %$tree;
}

clean(\&unwanted, tree(qr/./), 'nothing unwanted in any file');
planted(\&unwanted, {a => "see /$folders[0]/x\n"}, qr/a:1: a path/, 'a path');
planted(\&unwanted, {a => "(/$folders[1]/x)\n"}, qr/a path/, 'another path');
planted(\&unwanted, {a => 'https://registry.' . "npmjs/\n"}, qr/a registry/, 'a registry');
planted(\&unwanted, {a => "/* $_: more */\n"}, qr/unfinished/, $_) for @marks;
planted(\&unwanted, {a => '  "reso' . "lved\": \"x\"\n"}, qr/lock file/, 'a lock file with addresses');
is_deeply([unwanted({a => "pwr-" . 'X' x 6 . " a/$folders[0]/b framework/x\n"})], [], 'longer words do not count');
done_testing();
