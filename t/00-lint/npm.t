#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the browser tests bring is named exactly, and locked by its content, not
# by where somebody once got it from.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Lint;
use Test::More;

my ($wanted, $lock) = map { "t/50-browser/$_" } 'package.json', 'package-lock.json';

sub locked {
    my $tree = shift;
    my ($package, $locked) = map { decode_json($tree->{$_}) } $wanted, $lock;
    my %version = %{$package->{dependencies}};
    my %found = map { (m{node_modules/(.*)} ? $1 : '') => $locked->{packages}{$_} } keys %{$locked->{packages}};
    my $root = delete $found{''};
    return (
        (map { $version{$_} =~ /^\d+\.\d+\.\d+$/ ? () : "$wanted: $_: '$version{$_}' is no exact version" } sort keys %version),
        (map { ($found{$_}{version} // '') eq $version{$_} && $root->{dependencies}{$_} eq $version{$_} ? ()
            : "$lock: $_ is not $version{$_}" } sort keys %version),
        (map { ($found{$_}{integrity} // '') =~ /^sha512-/ ? () : "$lock: $_ has no integrity" } sort keys %found),
        (map { exists $found{$_}{resolved} ? "$lock: $_ has an address" : () } sort keys %found),
    );
}

my $tree = tree(qr{^(?:\Q$wanted\E|\Q$lock\E)$});
clean(\&locked, $tree, 'the browser tests\' packages are locked');
planted(\&locked, {%$tree, $wanted => $tree->{$wanted} =~ s/": "(\d)/": "^$1/gr}, qr/no exact version/, 'a range');
planted(\&locked, {%$tree, $lock => $tree->{$lock} =~ s/("version": "\d+)/${1}9/gr}, qr/is not \d/, 'another version');
# Not in one word, as clean.t looks for it everywhere.
my $address = '"re' . 'solved": "https://x"';
planted(\&locked, {%$tree, $lock => $tree->{$lock} =~ s/("integrity":)/$address, $1/gr}, qr/an address/, 'an address');
planted(\&locked, {%$tree, $lock => $tree->{$lock} =~ s/sha512-/sha1-/gr}, qr/no integrity/, 'a weak sum');
done_testing();
