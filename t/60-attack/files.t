#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A preset says who has which password, and a list of words which ones are too
# weak: whoever else could write to such a file would have a say in it.  httpd
# reads none that anybody but root or who starts it may have written.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path remove_tree);
use POSIX ();
use PWR::Database;
use PWR::Httpd;
use Test::More;

use constant STRANGER => 65_533;

my $is_root = $> == 0;
my $httpd = PWR::Httpd->new(database => PWR::Database->new('sqlite'));
my $folder = $httpd->root . '/named';
my $path = "$folder/file";
my %text = (
    PwResetPreset => qq(PwResetIdQuery "SELECT id, login, email, password FROM {prefix}m WHERE id = :id"\n),
    PwResetPasswordWords => "zebra Quartz 31 plough\n",
);

sub other { my $make = shift; rename $path, "$path.x" or die "$path: $!\n"; return $make->() || die "$path: $!\n" }

# [what is said, how to make it of a good file; undef: only root could].
my %trap = (
    'all may write' => [qr/its group or others may write to it/, sub { chmod 0666, $path }],
    'its group may write' => [qr/its group or others may write to it/, sub { chmod 0664, $path }],
    'a folder for all' => [qr/its group or others may write to it/, sub { chmod 0777, $folder }],
    'a sticky folder for all' => [qr/its group or others may write to it/, sub { chmod 01777, $folder }],
    'a link' => [qr/it is a link/, sub { other(sub { symlink 'file.x', $path }) }],
    'a fifo' => [qr/it is not a regular file/, sub { other(sub { POSIX::mkfifo($path, 0600) }) }],
    'no file' => [qr/it is not a regular file/, sub { other(sub { mkdir $path, 0755 }) }],
    'nothing' => [qr/No such file/, sub { unlink $path }],
    'a stranger\'s' => [qr/it belongs to neither root nor who starts httpd/, sub { $is_root && chown STRANGER, -1, $path }],
    'in a stranger\'s folder' => [qr/it belongs to neither root nor who starts httpd/,
        sub { $is_root && chown STRANGER, -1, $folder }],
);

# The file as it may be read, and what the configuration says of it.
sub fresh {
    my $directive = shift;
    remove_tree($folder);
    make_path($folder, {mode => 0755});
    $httpd->write('named/file', $text{$directive});
    return $httpd->reconf(conf => "$directive \"$path\"");
}

for my $directive (sort keys %text) {
    is((fresh($directive)->configtest)[0], 0, "control: $directive takes what nobody else may write");
    for my $name (sort keys %trap) {
        my ($why, $make) = @{$trap{$name}};
        fresh($directive);
        SKIP: {
            skip "$directive, $name: only root can make it", 2 if !$make->();
            my ($status, $said) = $httpd->configtest;
            isnt($status, 0, "$directive, $name: httpd does not start");
            like($said, qr/$directive:? [^\n]*$why/, "$directive, $name: and says why");
        }
    }
}
$httpd->done;
done_testing();
