#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Size is a symptom: functions of at most 60 lines, six arguments and four
# levels of nesting, files of at most 600 lines.  There are no exceptions.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

use constant {FUNCTION_LINES => 60, ARGUMENTS => 6, LEVELS => 4, FILE_LINES => 600};

sub files {
    my $tree = shift;
    return map {
        my $n = $tree->{$_} =~ tr/\n//;
        $n > FILE_LINES ? "$_:$n: more than " . FILE_LINES . ' lines' : ()
    } sort keys %$tree;
}

# The functions of C that ctags finds: {path, name, line, end, signature}.
sub functions_of {
    my $tree = shift;
    my @paths = sort grep { /\.[ch]$/ } keys %$tree or return;
    my $folder = on_disk({map { $_ => $tree->{$_} } @paths});
    open my $list, '>', "$folder/paths" or die "$folder: $!\n";
    print {$list} "$_\n" for @paths;
    close $list or die "$folder: $!\n";
    my @functions;
    for (`cd '$folder' && ctags -f - --kinds-C=f --fields=neS -L paths`) {
        my ($name, $path, undef, @fields) = split /\t/, s/\n//r;
        my %field = map { /^(\w+):(.*)/ ? ($1, $2) : () } @fields;
        push @functions, {name => $name, path => $path, %field};
    }
    return @functions;
}

# The functions of scripts: from their first line to the brace below it.
my $opening = qr/^(\s*)(?:sub (\w+) \{|(?:async )?function (\w+)\(.*|(\w+)\(\))$/;

sub scripts_of {
    my $tree = shift;
    my @functions;
    for my $path (sort grep { !/\.[ch]$/ } keys %$tree) {
        my ($n, $open) = 0;
        for (split /\n/, $tree->{$path}) {
            $n++;
            $open = {path => $path, line => $n, indent => $1, name => $2 // $3 // $4} if $_ =~ $opening;
            next unless $open && $_ eq "$open->{indent}}";
            push @functions, {%$open, end => $n};
            undef $open;
        }
    }
    return @functions;
}

sub functions {
    my $tree = shift;
    my @complaints;
    for my $f (functions_of($tree), scripts_of($tree)) {
        my $lines = ($f->{end} // $f->{line}) - $f->{line} + 1;
        push @complaints, "$f->{path}:$f->{line}: $f->{name} has $lines lines" if $lines > FUNCTION_LINES;
        my $inner = ($f->{signature} // '') =~ s/^\(|\)$//gr;
        1 while $inner =~ s/\([^()]*\)//g;
        my $arguments = 1 + ($inner =~ tr/,//);
        push @complaints, "$f->{path}:$f->{line}: $f->{name} takes $arguments arguments" if $arguments > ARGUMENTS;
    }
    return @complaints;
}

# Nesting is read off the indentation of statements, which style.t holds; a
# table inside a function may go deeper.
sub nesting {
    my $tree = shift;
    return map {
        each_line($_, code_of($tree->{$_}), sub {
            return m/^( +)(?:if|for|while|do|switch|return|goto|break)\b/ && length($1) > 4 * (LEVELS + 1)
                ? 'nested too deep' : ();
        })
    } sort grep { /\.c$/ } keys %$tree;
}

my $tree = tree(qr{\.(?:c|h|pm|t|pl|js|sh)$|^(?:quickstart|runtests|bench/run)$});
clean(\&files, $tree, 'files are short');
clean(\&functions, $tree, 'functions are short and take few arguments');
clean(\&nesting, $tree, 'nothing is nested deep');

planted(\&files, {'a.c' => "\n" x 601}, qr/a\.c:601/, 'a file of 601 lines');
planted(\&functions, {'a.c' => "int f(int a)\n{\n" . "    a++;\n" x 58 . "    return a;\n}\n"}, qr/f has 62 lines/,
    'a function of 62 lines');
planted(\&functions, {'a.c' => "int f(int a, int b, int (*c)(int, int), int d, int e, int g, int h)\n{\n}\n"},
    qr/f takes 7 arguments/, 'seven arguments');
my %script = ('a.js' => 'async function f(a) {', 'a.pm' => 'sub f {', 'a.sh' => "f()\n{");
for my $path (sort keys %script) {
    planted(\&functions, {$path => "$script{$path}\n" . "    a;\n" x 60 . "}\n"}, qr/f has 6[23] lines/,
        "a function of more than 60 lines in $path");
}
planted(\&nesting, {'a.c' => ' ' x 24 . "if (x) {\n"}, qr/deep/, 'an if six levels in');
is_deeply([functions({'a.c' => "int f(int a, int b, int (*c)(int, int), int d, int e, int g)\n{\n}\n"})], [],
    'six arguments, one of them a function, are six');
done_testing();
