#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every script parses, and shellcheck, where it is installed, has no warning.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my %parser = (
    sh => 'sh -n',
    bash => 'bash -n',
    perl => "perl -I'" . top() . "/t/lib' -I'" . top() . "/bench/lib' -c",
    node => 'node --check',
);

sub language {
    my ($path, $text) = @_;
    return $1 if $text =~ m{\A\#!\s*/\S*?(?:env )?(sh|bash|perl|node)\b};
    return $path =~ /\.sh$/ ? 'bash' : $path =~ /\.(?:pm|pl|t)$/ ? 'perl' : $path =~ /\.m?js$/ ? 'node' : undef;
}

sub parsing {
    my $tree = shift;
    my $folder = on_disk($tree);
    return map {
        my $said = `cd '$folder' && $parser{language($_, $tree->{$_})} './$_' 2>&1`;
        $? ? "$_: $said" : ()
    } sort keys %$tree;
}

# Sourced files share their variables with who sources them (SC2034, SC2154).
sub shellcheck {
    my $tree = shift;
    my $folder = on_disk($tree);
    return map {
        my $said = `cd '$folder' && shellcheck -x -S warning -e SC2034,SC2154 './$_' 2>&1`;
        $? ? "$_: $said" : ()
    } grep { language($_, $tree->{$_}) =~ /sh$/ } sort keys %$tree;
}

my $all = tree(qr/./);
my %scripts = map { defined language($_, $all->{$_}) ? ($_ => $all->{$_}) : () } keys %$all;
if (!has_program('node')) {
    delete @scripts{grep { language($_, $scripts{$_}) eq 'node' } keys %scripts};
    diag('node is missing: its scripts are not looked at');
}
clean(\&parsing, \%scripts, 'every script parses');
SKIP: {
    skip 'shellcheck is not installed', 2 if !has_program('shellcheck');
    clean(\&shellcheck, \%scripts, 'shellcheck has no warning');
    planted(\&shellcheck, {'a.sh' => "#!/bin/sh\ncd \$1\nrm *\n"}, qr/SC2164/, 'a shell script without care');
}
planted(\&parsing, {'a.sh' => "if x\n"}, qr/^a\.sh/, 'a broken shell script');
planted(\&parsing, {'a.t' => "use strict; \$x = 1;\n"}, qr/^a\.t/, 'a broken Perl script');
planted(\&parsing, {'a.js' => "const = 1;\n"}, qr/^a\.js/, 'a broken node script') if has_program('node');
done_testing();
