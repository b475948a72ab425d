# SPDX-License-Identifier: Apache-2.0
# A mailbox into which a real mail program has delivered, as a PWR::Mailbox: the
# envelope is what the last program wrote of it into the header.
#
#   my $mail = PWR::Maildir->new($folder)->next;
#   $mail->from; $mail->to; $mail->subject; $mail->text; ...
package PWR::Maildir;
use strict;
use warnings;
use parent -norequire, 'PWR::Mailbox';
use PWR::Mailbox;

sub unseen {
    my $self = shift;
    my @files = grep { !$self->{seen}{$_} } sort glob "'$self->{folder}'/new/*";
    return map { PWR::Maildir::Mail->new($_) } @files;
}

package PWR::Maildir::Mail;
use parent -norequire, 'PWR::Mailbox::Mail';

sub from { return $_[0]->header('Return-Path') =~ /^<(.*)>$/ ? $1 : undef }
sub to { return $_[0]->header('Delivered-To') }

1;
