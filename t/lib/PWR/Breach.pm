# SPDX-License-Identifier: Apache-2.0
# Lists of leaked passwords, for PwResetBreachList.
#   breach_list($file, 'password', ...);            # made by pwresetctl
#   breach_text('password' => 3, ...);              # the text that it is made of
package PWR::Breach;
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);
use Encode qw(encode);
use Exporter qw(import);
use PWR::Ctl;

our @EXPORT_OK = qw(breach_list breach_text);

sub breach_text {
    my %count = @_;
    return join '', sort map { uc(sha1_hex(encode('UTF-8', $_))) . ":$count{$_}\n" } keys %count;
}

sub breach_list {
    my ($file, @passwords) = @_;
    my ($status, undef, $err) = PWR::Ctl->new->run(breach_text(map { ($_ => 1) } @passwords), qw(breach build), $file);
    die "$file: $err" if $status ne '0';
    return $file;
}

1;
