#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# debian/ says what the rest of the tree says: the version, the libraries that
# are needed to build, and files that there are.  t/90-long/package.t builds it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

sub versions {
    my $tree = shift;
    my ($ours) = $tree->{'configure.ac'} =~ /^AC_INIT\(\[mod_pwreset\], \[([\d.]+)\]\)/m;
    my ($its) = $tree->{'debian/changelog'} =~ /\Alibapache2-mod-pwreset \(([^)]+)\)/;
    return ($its // '') eq ($ours // 'none') ? ()
        : "debian/changelog:1: version " . ($its // 'none') . ", and configure.ac has " . ($ours // 'none');
}

# The -dev packages of ./quickstart.
sub libraries {
    my $tree = shift;
    my ($needs) = $tree->{'build-aux/setup.sh'} =~ /^build_needs='([^']*)'/m;
    my ($depends) = $tree->{'debian/control'} =~ /^Build-Depends:(.*?)^\S/ms;
    my %named = map { $_ => 1 } ($depends // '') =~ /([a-z][\w.+-]+)(?: \([^)]*\))?(?:,|\s*\z)/g;
    return map { $named{$_} ? () : "debian/control: $_ is not in Build-Depends" }
        grep { /-dev$/ && $_ ne 'libc6-dev' } map { s/.*://r } split ' ', $needs // '';
}

# What is not below usr/, where "make install" puts it, is of the tree.
sub files {
    my $tree = shift;
    my @paths = sort keys %$tree;
    return map {
        my $list = $_;
        each_line($list, $tree->{$list}, sub {
            my ($path) = /\.apache2$/ ? /^mod (\S+)/ : /^(?:mod )?(\S+)/;
            return if !defined $path || $path =~ m{^usr/};
            return (grep { m{^\Q$path\E(?:/|$)} } @paths) ? () : "there is no $path";
        })
    } grep { m{^debian/.*\.(?:install|apache2)$} } @paths;
}

my $tree = tree(qr{^(?:configure\.ac|build-aux/setup\.sh|debian/|conf/|htdocs/)});
clean(\&versions, $tree, 'the version is that of configure.ac');
clean(\&libraries, $tree, 'the libraries are those of build-aux/setup.sh');
clean(\&files, $tree, 'the files are there');
planted(\&versions, {%$tree, 'debian/changelog' => "libapache2-mod-pwreset (9.9) unstable\n"}, qr/version 9\.9/,
    'another version');
planted(\&libraries, {%$tree, 'debian/control' => "Build-Depends: libssl-dev,\n libidn2-dev\nX: y\n"},
    qr/libjansson-dev is not/, 'a library that is missing');
planted(\&files, {%$tree, 'debian/x.install' => "htdocs/none etc\n"}, qr{no htdocs/none}, 'a file that is not there');
planted(\&files, {%$tree, 'debian/x.apache2' => "mod debian/none.load\n"}, qr{no debian/none\.load}, 'nor this');
done_testing();
