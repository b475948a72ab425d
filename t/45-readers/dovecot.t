#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# After a recovery on our pages the user logs in over IMAP to a real Dovecot
# that reads the same table.
use strict;
use warnings;
use Digest::SHA qw(sha512);
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use PWR::Database;
use PWR::Dovecot;
use PWR::Reader;
use PWR::Walk;
use Test::More;

my $program = ($ENV{PWR_BUILD} || "$FindBin::Bin/../../build") . '/pwresetctl';
my $sha512_crypt = crypt OLD, '$6$abcdefgh$';
chomp(my $argon2id = `printf '%s' '@{[OLD]}' | '$program' hash make argon2id`);

my %row = (
    encoded => ['{SHA512-CRYPT.B64}' . encode_base64($sha512_crypt, ''), qr/^\{SHA512-CRYPT\}\$6\$rounds=100000\$/],
    argon2id => ["{ARGON2ID}$argon2id", qr/^\{ARGON2ID\}\$argon2id\$/],
    ssha512 => ['{ssha512}' . encode_base64(sha512(OLD . 'salt') . 'salt', ''), qr/^\{BLF-CRYPT\}\$2y\$12\$/],
    bare => [crypt(OLD, '$1$abcdefgh$'), qr/^\$2y\$12\$/],      # by default_pass_scheme
);

my $db = PWR::Database->new('mysql');
my $dovecot = PWR::Dovecot->new($db, scheme => 'CRYPT',
    query => q(SELECT login AS user, password FROM pwreset_user WHERE login = '%n'));
plan skip_all => $dovecot->problem if $dovecot->problem;
my $walk = PWR::Walk->new('mysql', db => $db);
$dovecot->start;
follows('Dovecot', $walk, \%row, sub { $dovecot->lets_in(@_) });
$walk->settle;
$dovecot->stop;
$walk->httpd->done;
done_testing();
