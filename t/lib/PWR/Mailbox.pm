# SPDX-License-Identifier: Apache-2.0
# The mails that fake-sendmail got.
#
#   my $box = PWR::Mailbox->new($httpd->maildir);
#   my $mail = $box->next;              # waits; undef after 10 s
#   $mail->to; $mail->from;             # of the envelope
#   $mail->header('Subject'); $mail->text; $mail->html;     # decoded
#   $mail->link; $mail->token;          # of the reset mail, from its text
#   $mail->notme;                       # secrets of the links "this was not me"
#   $mail->raw; $mail->argv; $mail->time;
#   $box->mode('2 times exit 75 try later');    # see fake-sendmail
#   $box->mode(undef);                  # well-behaved again
#   $box->runs;                         # how often it was run in all
#   $box->pids;                         # its processes, dead or alive
package PWR::Mailbox;
use strict;
use warnings;
use Time::HiRes qw(sleep time);

use constant {WAIT_SEC => 10, POLL_SEC => 0.02};

sub new {
    my ($class, $folder) = @_;
    die "there is no folder $folder\n" if !-d $folder;
    return bless {folder => $folder, seen => {}}, $class;
}

sub folder { return $_[0]{folder} }

# The mails that next() has not given yet, oldest first, without waiting.
sub unseen {
    my $self = shift;
    my @files = grep { !$self->{seen}{$_} } sort glob "'$self->{folder}'/*.eml";
    return map { PWR::Mailbox::Mail->new($_) } @files;
}

# The next mail; waits for it, undef when none comes.
sub next {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // WAIT_SEC);
    while (1) {
        my ($mail) = $self->unseen;
        $self->{seen}{$mail->file} = 1 if $mail;
        return $mail if $mail || time > $until;
        sleep POLL_SEC;
    }
}

sub runs {
    my $self = shift;
    my @files = glob "'$self->{folder}'/*.argv";
    return scalar @files;
}

# Its processes, in the order in which they were started.
sub pids {
    my $self = shift;
    return map { /-(\d+)\.argv$/ ? $1 : () } sort glob "'$self->{folder}'/*.argv";
}

# Wait until it was run `$n` times in all; returns how often it was.
sub wait_runs {
    my ($self, $n, $seconds) = @_;
    my $until = time + ($seconds // WAIT_SEC);
    sleep POLL_SEC while $self->runs < $n && time <= $until;
    return $self->runs;
}

# The process that the modes "grandchild" and "brood" made.
sub grandchild {
    my $self = shift;
    open my $in, '<', "$self->{folder}/grandchild" or return;
    return <$in> =~ /(\d+)/ ? $1 : undef;
}

sub mode {
    my ($self, $mode) = @_;
    unlink glob "'$self->{folder}'/mode '$self->{folder}'/mode.*";
    return if !defined $mode;
    # In one step, as the program may be looking.
    open my $out, '>:encoding(UTF-8)', "$self->{folder}/.mode" or die "mode: $!\n";
    print {$out} "$mode\n";
    close $out or die "mode: $!\n";
    rename "$self->{folder}/.mode", "$self->{folder}/mode" or die "mode: $!\n";
    return;
}

package PWR::Mailbox::Mail;
use Email::MIME;

# Crockford's alphabet: no I, L, O, U.
my $symbol = qr/[0-9A-HJKMNP-TV-Z]/;

sub _slurp {
    my $path = shift;
    open my $in, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

sub new {
    my ($class, $file) = @_;
    return bless {file => $file, raw => _slurp($file)}, $class;
}

# Parsed when somebody asks: most are only looked at for whom they are.
sub _email { return $_[0]{email} //= Email::MIME->new($_[0]{raw}) }

sub file { return $_[0]{file} }
sub time { return $_[0]{file} =~ m{(\d+\.\d+)-\d+\.eml$} ? $1 : 0 }     # when it was sent
sub raw { return $_[0]{raw} }
sub header { return $_[0]->_email->header_str($_[1]) }
sub argv { return [split /\n/, _slurp($_[0]{file} =~ s/\.eml$/.argv/r)] }
sub text { return $_[0]->_part('text/plain') }
sub html { return $_[0]->_part('text/html') }

# What stands after `$word` in the arguments.
sub _argument {
    my ($self, $word) = @_;
    my @argv = @{$self->argv};
    while (@argv) {
        return $argv[0] if shift @argv eq $word;
    }
    return undef;
}

sub from { return $_[0]->_argument('-f') }
sub to { return $_[0]->_argument('--') }

sub _part {
    my ($self, $type) = @_;
    my @found;
    $self->_email->walk_parts(sub {
        my $part = shift;
        return if $part->subparts || ($part->content_type // 'text/plain') !~ /^\Q$type\E\b/i;
        push @found, $part->body_str =~ s/\r\n/\n/gr;
    });
    return $found[0];
}

# The first link that carries a control string.
sub link {
    my $self = shift;
    return ($self->text // '') =~ /(https?:\/\/\S*[?&]token=\S+)/ ? $1 : undef;
}

# The secrets of the links "this was not me", in the order of the accounts.
sub notme {
    my $self = shift;
    return ($self->text // '') =~ m{^https?://\S*/notme\?token=($symbol{28})(?:&lang=\w+)?$}gm;
}

# The control string as it is shown, in seven groups of four.
sub token {
    my $self = shift;
    return ($self->text // '') =~ /\b($symbol{4}(?:-$symbol{4}){6})\b/ ? $1 : undef;
}

1;
