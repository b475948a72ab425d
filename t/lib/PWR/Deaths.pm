# SPDX-License-Identifier: Apache-2.0
# Children of httpd and mail programs are killed (-9) at random moments while a
# crowd recovers its accounts.
#
#   deaths(people => 40, clients => 8, every_sec => 0.5, hurry => 1);
#
# With `hurry` a minute passes for the jobs at each death: leases of the dead end.
package PWR::Deaths;
use strict;
use warnings;
use Exporter qw(import);
use PWR::Crowd qw(mail_programs);
use PWR::Jobs;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(deaths);

use constant PROGRAMS_PART => 0.4;

# Room for all: a request that is not answered was killed.
my $global = "PwResetHashGate 2 64\nDBDKeep 8\nDBDMax 8";

sub _kill_one {
    my ($walk, $killed) = @_;
    my $what = rand() < PROGRAMS_PART ? 'programs' : 'children';
    my @victims = $what eq 'programs' ? map { -$_ } mail_programs($walk->httpd) : $walk->httpd->children;
    $killed->{$what} += kill KILL => $victims[rand @victims] if @victims;
    return;
}

sub _pass_a_minute {
    my $walk = shift;
    my $sql = 'UPDATE pwreset_job SET due = due - 60, lease_until = lease_until - 60 WHERE gave_up = 0 AND due > 60';
    eval { $walk->sql($sql) };      # the workers write there, too
    return;
}

sub deaths {
    my %option = @_;
    my $walk = PWR::Walk->new('mysql', children => 4, conf => BY_RECIPIENT . "\nPwResetMailTimeout 10", global => $global);
    # (PWR0302: no connection was free when the mail had been sent.)
    my $httpd = $walk->httpd->allow_log(qw(PWR0302 PWR0304 AH00161 AH00286 AH00484 AH10159 AH10392 AH10393));
    my $crowd = PWR::Crowd->new($walk, people => $option{people}, clients => $option{clients},
        mode => 'slow 0.2')->start;
    my %killed = (children => 0, programs => 0);
    my $begin = time;
    until ($crowd->is_over) {
        sleep rand 2 * $option{every_sec};
        _kill_one($walk, \%killed);
        _pass_a_minute($walk) if $option{hurry};
    }
    my $sec = time - $begin;
    $crowd->settle;
    my $n = $crowd->judge;
    cmp_ok($killed{$_}, '>', 0, "$_ were killed") for sort keys %killed;
    note(sprintf 'figure: kill -9, %d recoveries in flight, %d s: %d requests (%d unanswered, %d times 503), %d children and '
        . '%d mail programs killed, %d mails, %d of them duplicates, %d lost', $option{people}, $sec,
        @$n{qw(requests unanswered refused)}, @killed{qw(children programs)}, @$n{qw(mails copies lost)});
    $httpd->done;
    return;
}

1;
