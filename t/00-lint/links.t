#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# No link in our documents leads nowhere, neither here nor where `make install`
# puts them; and the sources and tests that they name are there.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Find;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

# As GitHub names a heading.
sub anchors {
    my $text = shift;
    return map { lc(s/[^\w\s-]//gr =~ s/\s/-/gr) => 1 } $text =~ /^#+\s+(.*?)\s*$/mg;
}

sub resolved {
    my ($from, $to) = @_;
    my @parts;
    for my $part (split m{/}, dirname($from) . "/$to") {
        $part eq '..' ? pop @parts : $part ne '.' ? push @parts, $part : ();
    }
    return join '/', @parts;
}

sub dead {
    my $tree = shift;
    my @complaints;
    for my $path (grep { /\.md$/ } sort keys %$tree) {
        push @complaints, each_line($path, $tree->{$path}, sub {
            return map {
                my ($file, $anchor) = /^([^#]*)#?(.*)/;
                my $target = $file eq '' ? $path : resolved($path, $file);
                my %has = $anchor ne '' && $tree->{$target} ? anchors($tree->{$target}) : ();
                $tree->{$target} && ($anchor eq '' || $has{$anchor}) ? () : "there is no $_"
            } grep { !/^\w+:/ } /\]\(([^)\s]+)\)/g;
        });
    }
    return @complaints;
}

# A source stands below mod_pwreset/, t/ or bench/, a test below t/.
sub missing_files {
    my $tree = shift;
    my %is = map { $_ => 1 } keys %$tree;
    return map {
        my $path = $_;
        each_line($path, $tree->{$path}, sub {
            return map { $is{$_} || $is{"mod_pwreset/$_"} || $is{"t/$_"} ? () : "there is no $_" }
                /`((?:[\w-]+\/)+[\w-]+\.(?:[cht]|js|pm))`/g;
        })
    } grep { m{^[^/]+\.md$|^docs/.*\.md$} } sort keys %$tree;
}

# {path below the folder of documents => text} of what is installed.
sub installed {
    my $folder = tempdir(CLEANUP => 1);
    my @make = ('make', '-s', '-C', build());
    delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
    my $said = qx(@make install-data DESTDIR='$folder' 2>&1);
    is($?, 0, 'make install-data') or diag($said);
    my ($readme, %tree);
    find({no_chdir => 1, wanted => sub { $readme = $_ if m{/README\.md$} }}, $folder);
    return {} if !$readme;
    my $documents = dirname($readme);
    find({no_chdir => 1, wanted => sub { $tree{substr $_, 1 + length $documents} = slurp($_) if -f }}, $documents);
    # Presets are the module's, and stand in a folder of its own.
    find({no_chdir => 1, wanted => sub { $tree{"conf/presets/$1"} = slurp($_) if m{/share/mod_pwreset/presets/(\w.*)} }},
        $folder);
    return \%tree;
}

my $tree = tree(qr{^(?:README\.md|SECURITY\.md|LICENSE|docs/.*|conf/.*)$});
clean(\&dead, $tree, 'every link leads somewhere');
my $copy = installed();
clean(\&dead, $copy, 'installed, too');
is_deeply([grep { !$copy->{$_} } grep { !m{^docs/man/|^conf/quickstart} } sort keys %$tree], [],
    'all that an admin reads is installed');

clean(\&missing_files, tree(qr{^(?:\w+\.md|docs/.*\.md|mod_pwreset/.*|t/.*|bench/.*)$}), 'what documents name is there');

my %small = ('README.md' => "# A b, c\n", 'docs/a.md' => '');
planted(\&dead, {%small, 'docs/b.md' => "[x](a.md) [y](c.md)\n"}, qr{^docs/b\.md:1: .*c\.md}, 'no such file');
planted(\&dead, {%small, 'docs/b.md' => "[x](../README.md)\n![x](../docs/images/a.png)\n"}, qr/:2: .*a\.png/,
    'no such picture');
planted(\&dead, {%small, 'docs/b.md' => "# X\n[x](../README.md#a-b-c) [y](#y)\n"}, qr/:2: there is no #y/, 'no such heading');
planted(\&missing_files, {%small, 't/x/a.t' => '', 'mod_pwreset/core/b.c' => '',
    'docs/b.md' => "`x/a.t` `core/b.c`\n`core/c.c`\n"}, qr/:2: there is no core\/c\.c/, 'no such source');
done_testing();
