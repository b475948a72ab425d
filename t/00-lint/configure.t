#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# configure takes the apxs it is given, and says what is missing and which
# package of Debian brings it: one that ./quickstart would install.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

plan skip_all => 'the sanitizers are about what is built' if $ENV{PWR_ASAN};
my $folder = tempdir('configure-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chomp(my $apxs = `command -v apxs || command -v apxs2`);
my ($needs) = tree(qr{^build-aux/setup\.sh$})->{'build-aux/setup.sh'} =~ /^build_needs='([^']*)'/m;
my %is_installed = map { s/.*://r => 1 } split ' ', $needs;

# Programs as configure asks for them: those of this machine, but for what
# MISSING and APU_CONFIG say.
my %program = (
    'pkg-config' => "for word; do case \$word in \"\$MISSING\" | \"\$MISSING \"*) exit 1 ;; esac; done\n"
        . "exec pkg-config \"\$@\"\n",
    apxs => "[ \"\$2\" != APU_CONFIG ] || [ -z \"\$APU_CONFIG\" ] || { echo \"\$APU_CONFIG\"; exit; }\n"
        . "exec '$apxs' \"\$@\"\n",
);

sub make_programs {
    for my $name (keys %program) {
        open my $out, '>', "$folder/$name" or die "$name: $!\n";
        print {$out} "#!/bin/sh\n$program{$name}";
        close $out or die "$name: $!\n";
        chmod 0755, "$folder/$name";
    }
    return;
}

# (exit status, what it said); results that do not depend on the case are kept.
sub configured {
    my ($environment, @arguments) = @_;
    local @ENV{keys %$environment, 'PKG_CONFIG'} = (values %$environment, "$folder/pkg-config");
    local $ENV{CONFIG_SITE} = '/dev/null';
    my $command = join ' ', map { "'$_'" } top() . '/configure', '-q', "--cache-file=$folder/cache", @arguments;
    my $said = `cd '$folder' && $command 2>&1 </dev/null`;
    return ($? >> 8, $said);
}

# What is missing, how that is feigned, what is said.
my $mine = "--with-apxs=$folder/apxs";
my @table = (
    ['the apxs that was named', {}, '--with-apxs=/none/apxs', qr{/none/apxs \(from --with-apxs\) is no program}],
    ['apu-1-config', {APU_CONFIG => '/none/apu'}, $mine, qr/apu-1-config .* \(Debian: apt install libaprutil1-dev\)/],
    ['a library', {MISSING => 'libargon2'}, $mine, qr/libargon2 is missing \(Debian: apt install libargon2-dev\)/],
    ['a header', {ac_cv_header_uninorm_h => 'no'}, $mine, qr/uninorm\.h is missing \(Debian: apt install libunistring-dev\)/],
    ['a new libc', {ac_cv_func_memfd_create => 'no'}, $mine, qr/glibc 2\.34 or later is needed/],
);

make_programs();
my ($status, $said) = configured({}, $mine);
is($status, 0, 'a machine that has all is configured') or diag($said);
chomp(my $made = `sed -n 's/^APXS = //p' '$folder/Makefile'`);
is($made, "$folder/apxs", 'for the apxs that was named');
for my $row (@table) {
    my ($what, $environment, $argument, $wanted) = @$row;
    ($status, $said) = configured($environment, $argument);
    isnt($status, 0, "without $what: refused");
    like($said, qr/^configure: error: $wanted/m, "without $what: said");
}

# Each check that may fail names a package; apache2-dev brings one of them.
sub nameless {
    my $tree = shift;
    return map {
        my $file = $_;
        map {
            my ($package) = /\(Debian: apt\s+install\s+([\w-]+)/;
            my $needs_none = /from --with-apxs|glibc|exclude each other|enable-fuzz needs/;
            $needs_none || $is_installed{$package // ''} ? () : "$file: no package that is installed: $_";
        } $tree->{$file} =~ /AC_MSG_ERROR\(((?:[^()]|\((?1)\))*)\)/g;
    } sort keys %$tree;
}

$is_installed{'libaprutil1-dev'} = $is_installed{'apache2-dev'};
clean(\&nameless, tree(qr/^configure\.ac$/), 'every check names the package of Debian');
planted(\&nameless, {'configure.ac' => "AC_MSG_ERROR([x is missing])\n"}, qr/no package.*x is missing/, 'one that does not');
planted(\&nameless, {'configure.ac' => "AC_MSG_ERROR([x (Debian: apt install nix)])\n"}, qr/no package.*nix/,
    'one that quickstart forgets');
done_testing();
