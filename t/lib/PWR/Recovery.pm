# SPDX-License-Identifier: Apache-2.0
# Many people who recover their accounts at once, whatever happens meanwhile.
#
#   my @told = PWR::Recovery::run(
#       logins => [...], people => 20,      # so many at a time
#       browser => sub { PWR::Client->new(...) }, folder => $httpd->maildir,
#       progress => sub { my $n = shift });     # when so many are done
#
# Each is {login, answered, again, mail_sec, slow_sec, reset_at, fault}: how often
# he was told that a mail comes, how often he asked again as there was no answer
# (0) or 502..504, by status, how long the mail and the slowest answer took, when
# he first posted a new password, and at what he failed.
package PWR::Recovery;
use strict;
use warnings;
use JSON::PP qw(decode_json encode_json);
use POSIX ();
use PWR::Client;
use PWR::Mailbox;
use Time::HiRes qw(sleep time);

use constant {PATIENCE_SEC => 60, MAIL_SEC => 180, AGAIN_SEC => 0.3, POLL_SEC => 0.1};

sub password { return "lantern Quarry 58 $_[0]" }

sub run {
    my %option = @_;
    my @logins = @{$option{logins}};
    my $n = $option{people};
    pipe my $in, my $out or die "pipe: $!\n";
    my @pids = map { my $i = $_; _fork($in, $out, \%option, [map { $logins[$_] } grep { $_ % $n == $i } 0 .. $#logins]) }
        0 .. $n - 1;
    close $out;
    my @told;
    while (my $line = <$in>) {
        push @told, decode_json($line);
        $option{progress}->(scalar @told);
    }
    waitpid $_, 0 for @pids;
    return @told;
}

sub _fork {
    my ($in, $out, $option, $logins) = @_;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    close $in;
    my $self = bless {%$option, seen => {}, mails => {}}, __PACKAGE__;
    for my $login (@$logins) {
        my %told = (login => $login, answered => 0, again => {}, mail_sec => 0, slow_sec => 0, reset_at => 0);
        eval { $self->_recover(\%told); 1 } or $told{fault} = $@;
        syswrite $out, encode_json(\%told) . "\n";
    }
    POSIX::_exit(0);
}

sub _timed {
    my ($told, $ask) = @_;
    my $began = time;
    my $r = $ask->();
    my $sec = time - $began;
    $told->{slow_sec} = $sec if $sec > $told->{slow_sec};
    return $r;
}

# Ask until there is an answer.
sub _persist {
    my ($told, $status, $what, $ask) = @_;
    my $until = time + PATIENCE_SEC;
    my $r = _timed($told, $ask);
    while ($r->status =~ /^(?:0|50[234])$/ && time < $until) {
        $told->{again}{$r->status}++;
        sleep AGAIN_SEC;
        $r = _timed($told, $ask);
    }
    die "$what: @{[$r->status]} @{[$r->error]}\n" if $r->status != $status;
    return $r;
}

sub _recover {
    my ($self, $told) = @_;
    my ($login, $browser) = ($told->{login}, $self->{browser}->());
    my ($email, $password) = ("$login\@example.org", password($login));
    _persist($told, 200, 'forgot', sub { $browser->post('/account/forgot', [email => $email]) });
    $told->{answered}++;
    my $began = time;
    my $mail = $self->_mail_to($email);
    $told->{mail_sec} = time - $began;
    _persist($told, 200, 'link', sub { $browser->get($mail->link =~ s{^https?://[^/]*}{}r) });
    my @form = (token => $mail->token, password => $password, confirm => $password);
    $told->{reset_at} = time;
    _persist($told, 303, 'reset', sub { $browser->post('/account/reset', \@form) });
    _persist($told, 303, 'login', sub { $browser->post('/account/login', [login => $login, password => $password]) });
    _persist($told, 200, 'portal', sub { $browser->get('/portal/') });
    return;
}

sub _mail_to {
    my ($self, $address) = @_;
    my $until = time + MAIL_SEC;
    while (time < $until) {
        for my $file (grep { !$self->{seen}{$_}++ } sort glob "$self->{folder}/*.eml") {
            my $mail = PWR::Mailbox::Mail->new($file);
            push @{$self->{mails}{$mail->to}}, $mail;
        }
        my ($mail) = grep { $_->token } @{$self->{mails}{$address} // []};
        return $mail if $mail;
        sleep POLL_SEC;
    }
    die "no mail\n";
}

1;
