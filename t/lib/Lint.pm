# SPDX-License-Identifier: Apache-2.0
# For the lint tests.  A check is a function from a tree, {path => text}, to
# complaints "path:line: what".  It is run on the project's files, where it
# must find nothing, and on small planted trees, where it must find something:
# a lint that cannot fail protects nothing.
package Lint;
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Find;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

our @EXPORT = qw(top build tree clean planted code_of each_line
    on_disk slurp has_program);

my $top = abs_path(dirname(__FILE__) . '/../..');

sub top { return $top }

# The build folder under test.
sub build { return abs_path($ENV{PWR_BUILD} || "$top/build") || "$top/build" }

sub slurp {
    my $path = shift;
    open my $in, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

sub has_program {
    my $program = shift;
    return grep { -x "$_/$program" } split(/:/, $ENV{PATH}), '/usr/sbin';
}

my $left_behind = qr{^(?:_\w+|build[-\w]*(?<!-aux)|\.git|\.quickstart)$|^m4/l|node_modules$|~$};

# The project's own files: what git knows or would add; where it cannot be
# asked all but what the autotools and a build leave behind.
sub _paths {
    my $listing = -e "$top/.git" ? `cd '$top' && git ls-files -coz --exclude-standard 2>/dev/null` : '';
    my @paths = split /\0/, $listing // '';
    return sort grep { -f "$top/$_" } @paths if @paths;
    my %made;
    $made{$_} = 1 for qw(configure aclocal.m4 Makefile.in config.h.in autom4te.cache), map { "build-aux/$_" }
        qw(ar-lib compile config.guess config.sub depcomp install-sh ltmain.sh missing);
    find({no_chdir => 1, wanted => sub {
        my $path = s{^\Q$top\E/?}{}r;
        # Set for a file it stands until the next folder: each time anew.
        $File::Find::prune = $made{$path} || $path =~ $left_behind;
        push @paths, $path if -f && !$File::Find::prune;
    }}, $top);
    return sort @paths;
}

# {path => text} of the files whose path matches.
sub tree {
    my $pattern = shift;
    return {map { $_ => slurp("$top/$_") } grep { $_ =~ $pattern } _paths()};
}

# The check finds nothing in the tree, which is not empty.
sub clean {
    my ($check, $tree, $name) = @_;
    my @complaints = $check->($tree);
    ok(keys %$tree && !@complaints, $name);
    diag(keys %$tree ? map { "  $_\n" } @complaints : 'there is nothing to look at');
    return;
}

# The check finds `$pattern` in a planted tree.
sub planted {
    my ($check, $tree, $pattern, $name) = @_;
    my @complaints = $check->($tree);
    ok((grep { $_ =~ $pattern } @complaints), "control: $name") or diag("found only: @complaints");
    return;
}

# C without comments and without what stands in string and character
# literals; lines stay where they are.
sub code_of {
    my $text = shift;
    $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')}{
        my $found = $1;
        $found =~ m{^/} ? ' ' . $found =~ s/[^\n]//gr : substr($found, 0, 1) x 2
    }gse;
    return $text;
}

# Call `$see->($line)` for each line of `$text` with it in $_; what it returns
# becomes complaints about that line.
sub each_line {
    my ($path, $text, $see) = @_;
    my ($n, @complaints) = 0;
    for (split /\n/, $text) {
        $n++;
        push @complaints, map { "$path:$n: $_" } $see->($_);
    }
    return @complaints;
}

# A folder that holds the tree, for tools that read files.
sub on_disk {
    my $tree = shift;
    my $folder = tempdir(CLEANUP => 1);
    for my $path (keys %$tree) {
        make_path(dirname("$folder/$path"));
        open my $out, '>:raw', "$folder/$path" or die "$path: $!\n";
        print {$out} $tree->{$path};
        close $out or die "$path: $!\n";
    }
    return $folder;
}

1;
