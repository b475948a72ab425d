#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# After a recovery on our pages the user logs in over FTP to a real ProFTPD that
# reads the same table.
use strict;
use warnings;
use Digest::SHA qw(sha1);
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use PWR::Database;
use PWR::ProFTPD;
use PWR::Reader;
use PWR::Walk;
use Test::More;

my $openssl = '{sha1}' . encode_base64(sha1(OLD), '');

my $db = PWR::Database->new('mysql');
my %row = (
    sha512 => [crypt(OLD, '$6$abcdefgh$'), qr/^\$6\$rounds=100000\$/],
    openssl => [$openssl, qr/^\$2y\$12\$/],
);

my $ftpd = PWR::ProFTPD->new($db, 'SQLAuthTypes Crypt OpenSSL',
    'SQLUserInfo pwreset_user login password NULL NULL NULL NULL');
plan skip_all => $ftpd->problem if $ftpd->problem;
my $walk = PWR::Walk->new('mysql', db => $db);
$ftpd->start;
follows('ProFTPD', $walk, \%row, sub { $ftpd->lets_in(@_) });
$walk->settle;
$ftpd->stop;
$walk->httpd->done;
done_testing();
