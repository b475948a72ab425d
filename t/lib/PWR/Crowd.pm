# SPDX-License-Identifier: Apache-2.0
# People who have all forgotten their passwords, and go their ways at once,
# whatever happens to the server.  They believe what they are answered and what
# lies in their mailboxes, and nothing else.
#
#   my $crowd = PWR::Crowd->new($walk, people => 40, clients => 8);
#   $crowd->start;                      # in the background
#   do_harm() until $crowd->is_over;
#   $crowd->settle;                     # no harm any more: the last mails come
#   my $n = $crowd->judge;              # tests; {requests, unanswered, refused, mails, copies, lost}
#
# Whoever is told to come again (503) does.  With patient => 0 nobody repeats what was
# not answered: that must not happen; mode => '...' is that of the mail program (fake-sendmail).  The
# walk's configuration says PWR::Jobs::BY_RECIPIENT.
package PWR::Crowd;
use strict;
use warnings;
use Exporter qw(import);
use File::Temp qw(tempdir);
use POSIX qw(WNOHANG);
use PWR::Jobs;
use PWR::Mailbox;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(mail_programs);

use constant {WAIT_SEC => 300, POLL_SEC => 0.1, OTHER => 'marble Kettle 63 flute'};

sub new {
    my ($class, $walk, %option) = @_;
    my $self = bless {walk => $walk, people => 40, clients => 8, patient => 1, %option, pids => {},
        dir => tempdir(CLEANUP => 1)}, $class;
    mailboxes($walk->httpd);
    for my $n (1 .. $self->{people}) {
        $walk->add("person$n");
        $walk->httpd->mailbox_of("person$n")->mode($self->{mode});
    }
    return $self;
}

# Each client is a process with some of the people.
sub start {
    my $self = shift;
    for my $client (1 .. $self->{clients}) {
        my $pid = fork // die "fork: $!\n";
        $self->{pids}{$pid} = 1;
        next if $pid;
        srand;
        my $is_done = eval { $self->_client(grep { $_ % $self->{clients} == $client - 1 } 1 .. $self->{people}); 1 };
        $self->_wrong('a client', $@) if !$is_done;
        $self->_write($client);
        POSIX::_exit(0);
    }
    return $self;
}

sub is_over {
    my $self = shift;
    delete @{$self->{pids}}{grep { waitpid($_, WNOHANG) } keys %{$self->{pids}}};
    return !%{$self->{pids}};
}

sub _wrong {
    my ($self, $who, $what) = @_;
    push @{$self->{wrong}}, "$who: $what" =~ s/\s+/ /gr;
    return;
}

# --- a client's process ----------------------------------------------------------

# First all ask, then all are on their ways.
sub _client {
    my ($self, @numbers) = @_;
    my @people = map { $self->_person($_) } @numbers;
    $self->_sign_in($_) for @people;
    $self->_ask($_) for @people;
    $self->_recover($_) for @people;
    return;
}

sub _person {
    my ($self, $n) = @_;
    my $box = $self->{walk}->httpd->maildir . "/person$n";
    return {login => "person$n", new => NEW . " $n", browser => $self->{walk}->client, box => $box, copies => {}, ids => {},
        notices => 0, mails => 0, seen => {}, half => 0};
}

# Ask until there is an answer; returns it, and how often there was none.
sub _insist {
    my ($self, $ask) = @_;
    my ($until, $missed) = (time + WAIT_SEC, 0);
    while (1) {
        my $r = $ask->();
        $self->{n}{requests}++;
        return ($r, $missed) if $r->status && $r->status != 503;
        $self->{n}{$r->status ? 'refused' : 'unanswered'}++;
        return ($r, $missed) if (!$r->status && !$self->{patient}) || time > $until;
        $missed++;
        sleep POLL_SEC;
    }
}

# The same, where only one status is right.
sub _expect {
    my ($self, $person, $status, $what, $ask) = @_;
    my ($r) = $self->_insist($ask);
    return 1 if $r->status == $status;
    $self->_wrong($person->{login}, "$what: " . $r->status . ' ' . $r->error);
    return 0;
}

sub _login {
    my ($self, $person, $browser, $password) = @_;
    return sub { $browser->post('/account/login', [login => $person->{login}, password => $password]) };
}

sub _reset {
    my ($self, $person, $token, $password) = @_;
    my $browser = $person->{browser};
    return sub { $browser->post('/account/reset', [token => $token, password => $password, confirm => $password]) };
}

sub _sign_in {
    my ($self, $p) = @_;
    return $self->_expect($p, 303, 'signing in', $self->_login($p, $p->{browser}, OLD))
        && $self->_expect($p, 200, 'the portal', sub { $p->{browser}->get('/portal/') });
}

sub _ask {
    my ($self, $p) = @_;
    return $self->_expect($p, 200, 'asking', sub {
        $p->{browser}->post('/account/forgot', [email => "$p->{login}\@example.org"]);
    });
}

# Every copy opens the form; one is used; then none works, nor the password and
# the session of before.
sub _recover {
    my ($self, $p) = @_;
    return if !until_true(sub { look($p); %{$p->{copies}} }, WAIT_SEC);      # judge() will miss it
    my $session = $p->{browser}->other;
    %{$session->cookies} = %{$p->{browser}->cookies};
    my @tokens = keys %{$p->{copies}};
    $self->_expect($p, 200, 'a copy', sub { $p->{browser}->get("/account/reset?token=$_") }) for @tokens;
    $self->_use($p, $tokens[rand @tokens]) or return;
    $self->_expect($p, 401, 'the session of before', sub { $session->get('/portal/') });
    $self->_expect($p, 422, 'the old password', $self->_login($p, $p->{browser}->other, OLD));
    my $browser = $p->{browser}->other;
    $self->_expect($p, 303, 'the new password', $self->_login($p, $browser, $p->{new}))
        && $self->_expect($p, 200, 'the new session', sub { $browser->get('/portal/') });
    look($p);
    $self->_spent($p);
    return;
}

# Who was not answered in time may read that the string is spent: by himself.
sub _use {
    my ($self, $p, $token) = @_;
    my ($r, $missed) = $self->_insist($self->_reset($p, $token, $p->{new}));
    my $is_done = $r->status == 303 || ($missed && $r->status == 410);
    $self->_wrong($p->{login}, 'the new password: ' . $r->status . ' ' . $r->error) if !$is_done;
    return $is_done;
}

sub _spent {
    my ($self, $p) = @_;
    $self->_expect($p, 410, 'a spent string', $self->_reset($p, $_, OTHER)) for keys %{$p->{copies}};
    return;
}

sub _write {
    my ($self, $client) = @_;
    open my $out, '>', "$self->{dir}/$client" or die "$self->{dir}: $!\n";
    print {$out} map({ "n $_ $self->{n}{$_}\n" } sort keys %{$self->{n}}), map { "wrong $_\n" } @{$self->{wrong}};
    close $out or die "$self->{dir}: $!\n";
    return;
}

# --- mails -----------------------------------------------------------------------

# A mail is whole when its last boundary is there.
sub is_whole {
    my $mail = shift;
    my ($boundary) = $mail->raw =~ /boundary="([^"]+)"/;
    return defined $boundary && $mail->raw =~ /\n--\Q$boundary\E--\s*\z/;
}

# Read what is new in a mailbox.
sub look {
    my $p = shift;
    for my $file (grep { !$p->{seen}{$_}++ } glob "'$p->{box}'/*.eml") {
        my $mail = PWR::Mailbox::Mail->new($file);
        $p->{mails}++;
        $p->{half}++ if !is_whole($mail);
        $p->{ids}{$mail->header('Message-ID')}++;
        my $token = $mail->token;
        $token ? $p->{copies}{$token}++ : $p->{notices}++;
    }
    return;
}

# The processes of the mail program, each a group of its own.
sub mail_programs {
    my $httpd = shift;
    my $root = $httpd->root;
    my @found;
    for my $file (glob '/proc/[0-9]*/cmdline') {
        my ($pid) = $file =~ m{/(\d+)/};
        open my $in, '<', $file or next;
        my $is_one = (<$in> // '') =~ m{\Q$root\E/(?:by-recipient|sendmail)\0};
        push @found, $pid if $is_one && (getpgrp $pid // -1) == $pid;
    }
    return @found;
}

# --- the end ---------------------------------------------------------------------

# What is left to do is done: nobody holds a job who does not live, and none waits.
sub settle {
    my $self = shift;
    my $walk = $self->{walk};
    $walk->sql('UPDATE pwreset_job SET lease_until = 0');
    hurry($walk);
    my $is_done = until_true(sub { !jobs($walk) }, WAIT_SEC);
    return ok($is_done, 'no job is left');
}

sub _read {
    my $self = shift;
    my %n = (requests => 0, unanswered => 0, refused => 0, mails => 0, copies => 0, lost => 0);
    for my $client (1 .. $self->{clients}) {
        open my $in, '<', "$self->{dir}/$client" or do { $self->_wrong("client $client", 'died'); next };
        for (<$in>) {
            $n{$1} += $2 if /^n (\w+) (\d+)/;
            push @{$self->{wrong}}, $1 if /^wrong (.*)/;
        }
    }
    return \%n;
}

# Whom the last mails reached, and that no late copy is of any use.
sub judge {
    my $self = shift;
    my $n = $self->_read;
    my (@lost, @half, @locked);
    for my $number (1 .. $self->{people}) {
        my $p = $self->_person($number);
        look($p);
        $self->_spent($p);
        push @lost, $p->{login} if !%{$p->{copies}} || !$p->{notices};
        push @half, $p->{login} if $p->{half};
        push @locked, $p->{login} if !$self->{walk}->works($p->{login}, $p->{new});
        $n->{mails} += $p->{mails};
        $n->{copies} += $p->{mails} - keys %{$p->{ids}};
    }
    $n->{lost} = @lost;
    is_deeply(\@lost, [], 'everybody got a string and a notice');
    is_deeply(\@half, [], 'no mail was half');
    is_deeply($self->{wrong} // [], [], 'everybody was answered the truth');
    is_deeply(\@locked, [], 'each password is the one that its owner chose');
    return $n;
}

1;
