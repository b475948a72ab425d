#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# How the text looks, and that every header stands on its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

use constant {C_COLUMNS => 80, SCRIPT_COLUMNS => 128};

sub lines {
    my $tree = shift;
    my @complaints;
    for my $path (sort keys %$tree) {
        my $columns = $path =~ /\.[ch]$/ ? C_COLUMNS : SCRIPT_COLUMNS;
        my $text = $tree->{$path};
        utf8::decode($text) or push @complaints, "$path:1: not UTF-8";
        push @complaints, each_line($path, $text, sub {
            return (/\t/ ? 'a tab' : (), /[ \r]$/ ? 'a trailing blank' : (),
                length > $columns ? "longer than $columns columns" : ());
        });
        push @complaints, "$path:1: no line feed at the end" if $text !~ /\n\z/;
        push @complaints, "$path:1: empty lines at the end" if $text =~ /\n\n\z/;
    }
    return @complaints;
}

# The licence stands first, below a script's #! line.
sub licences {
    my $tree = shift;
    return map {
        $tree->{$_} =~ m{\A(?:\#![^\n]*\n)?(?:/\*|\#|//|--|dnl) SPDX-License-Identifier: Apache-2\.0}
            ? () : "$_:1: no SPDX line"
    } sort keys %$tree;
}

sub c_rules {
    my $tree = shift;
    my @complaints;
    for my $path (sort keys %$tree) {
        my $code = code_of($tree->{$path});
        push @complaints, each_line($path, $code, sub {
            return (/\btypedef\b.*_t\s*;|^\}\s*\w+_t\s*;/ ? 'POSIX keeps names in _t' : (),
                /\}\s*else\b/ ? 'else goes on a new line' : (),
                m!^\s+(?:if|for|while)\s*\(.*\)\s*[^{;]+;$! ? 'no braces' : (),
                /^\w.*\)\s*\{$/ && !/[=\]]/ ? "a function's brace goes on a new line" : (),
                /(?:&&|\|\|)$/ ? 'operators start the wrapped line' : (),
                m{^\s*//} ? 'not a C comment' : ());
        });
    }
    return @complaints;
}

sub guards {
    my $tree = shift;
    my @complaints;
    for my $path (sort grep { /\.h$/ } keys %$tree) {
        my ($layer, $name) = map { uc =~ s/\W/_/gr } $path =~ m{([^/]+)/([^/]+)\.h$};
        my $guard = "PWR_(?:${layer}_)?${name}_H";
        push @complaints, "$path:1: the guard is $guard"
            if $tree->{$path} !~ /^#ifndef ($guard)\n#define \1\n.*^#endif[^\n]*\n\z/ms;
    }
    return @complaints;
}

# Each header compiles alone, and twice, with the flags of this build.
sub headers {
    my $tree = shift;
    my $folder = on_disk($tree);
    return map {
        my $said = `make -s -C '@{[build()]}' headercheck HEADER='$folder/$_' 2>&1`;
        $? ? "$_:1: does not stand alone:\n$said" : ()
    } sort keys %$tree;
}

my $c = tree(qr{^(?:mod_pwreset|t|bench)/.*\.[ch]$});
my $scripts = tree(qr{\.(?:pm|t|pl|js|sh|lua)$|^(?:quickstart|runtests|\.ci/run|bench/run|build-aux/mail-to-folder)$});
my $rest = tree(qr{^(?:Makefile\.am|configure\.ac)$|^conf/.*\.conf$});
my $headers = tree(qr{^mod_pwreset/.*\.h$});
clean(\&lines, {%$c, %$scripts}, 'lines are clean and short');
clean(\&licences, {%$c, %$scripts, %$rest}, 'the licence stands first');
clean(\&c_rules, $c, 'C is written in one style');
clean(\&guards, $headers, 'headers have guards');
clean(\&headers, $headers, 'headers stand alone');

my $spdx = "/* SPDX-License-Identifier: Apache-2.0 */\n";
planted(\&lines, {'a.c' => "\tx;\n"}, qr/a tab/, 'a tab');
planted(\&lines, {'a.c' => "x; \n"}, qr/trailing/, 'a trailing blank');
planted(\&lines, {'a.c' => 'x' x 81 . "\n"}, qr/80 columns/, '81 columns');
planted(\&lines, {'a.c' => "x;"}, qr/line feed/, 'no line feed at the end');
is_deeply([lines({'a.c' => "\xD0\x9F" x 80 . "\n"})], [], 'columns are characters');
planted(\&licences, {'a.c' => "x;\n$spdx"}, qr/SPDX/, 'no licence');
my %rules = (
    "typedef struct a {\n    int b;\n} a_t;\n" => 'POSIX',
    "typedef int a_t;\n" => 'POSIX',
    "    } else {\n" => 'else',
    "    if (x) y();\n" => 'no braces',
    "int f(void) {\n" => 'brace',
    "    if (a &&\n" => 'operators',
);
planted(\&c_rules, {'a.c' => $_}, qr/$rules{$_}/, s/\n.*//sr) for sort keys %rules;
planted(\&guards, {'core/a.h' => "#ifndef A_H\n#define A_H\n#endif\n"}, qr/the guard is/, 'a wrong guard');
planted(\&headers, {'a.h' => "apr_pool_t *f(void);\n"}, qr/stand alone/, 'a header that needs another');
planted(\&headers, {'a.h' => "typedef struct { int a; } b;\n"}, qr/stand alone/, 'a header that cannot come twice');
done_testing();
