# SPDX-License-Identifier: Apache-2.0
# What the mail tests do with a PWR::Walk: ask for mails, look into the job
# table, and let time pass there.
#
#   ask($walk, 'ivan@example.org', 'Accept-Language' => 'ru');
#   until_true(sub { ... });                # what it gives, as soon as that is true
#   my @jobs = jobs($walk);                 # rows, those of nobody@ left out
#   my $job = job($walk, 'ivan@example.org');
#   my $rows = settled($walk);              # all were tried, nobody holds one
#   my $job = job($rows, 'ivan@example.org');
#   hurry($walk);                           # all are due now; tried again
#   my %box = mailboxes($walk->httpd, qw(ivan olga));
package PWR::Jobs;
use strict;
use warnings;
use Exporter qw(import);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(ask until_true jobs job settled wake hurry clock mailboxes is_running parent_of
    BY_RECIPIENT NEVER);

# "due" of a job that was given up.
use constant NEVER => '9223372036854775807';

use constant {WAIT_SEC => 20, POLL_SEC => 0.02, NOBODY => 'nobody@example.org'};

# For PwResetSendmail: gives each recipient's mails to the folder of his name,
# which has a mode of its own.
use constant BY_RECIPIENT => 'PwResetSendmail "${ROOT}/by-recipient" "${MAILDIR}"';

my $by_recipient = <<'END';
#!/bin/sh
folder=$1
shift
for to; do :; done
exec "${0%/*}/sendmail" "$folder/${to%%@*}" "$@"
END

# Make the folders, and the program that finds them: (name => PWR::Mailbox, ...).
sub mailboxes {
    my ($httpd, @names) = @_;
    chmod 0755, $httpd->write('by-recipient', $by_recipient);
    return map { ($_ => $httpd->mailbox_of($_)) } @names;
}

sub until_true {
    my ($check, $seconds) = @_;
    my $until = time + ($seconds // WAIT_SEC);
    while (1) {
        my $found = $check->();
        return $found if $found || time > $until;
        sleep POLL_SEC;
    }
}

# POST to the forgot page; further arguments are headers.
sub ask {
    my ($walk, $identifier, @headers) = @_;
    my @pairs;
    push @pairs, [splice @headers, 0, 2] while @headers;
    return $walk->client->post('/account/forgot', [email => $identifier], headers => \@pairs);
}

sub jobs {
    my $walk = shift;
    return $walk->rows('SELECT * FROM pwreset_job WHERE identifier IS NULL OR identifier <> ? ORDER BY id', NOBODY);
}

# The job that is about this address, in the table or among settled()'s rows.
sub job {
    my ($from, $address) = @_;
    my ($job) = grep { ($_->{identifier} // $_->{recipient}) eq $address } ref $from eq 'ARRAY' ? @$from : jobs($from);
    return $job;
}

# Wait until each job is gone, put back or given up; the rows at that moment, as
# some may be tried again soon.
sub settled {
    my ($walk, $seconds) = @_;
    return until_true(sub {
        my @jobs = jobs($walk);
        return (grep { $_->{tries} == 0 || $_->{lease_until} } @jobs) ? undef : \@jobs;
    }, $seconds);
}

# The worker looks at the table at once: a job that comes to nothing is there.
sub wake {
    my $walk = shift;
    ask($walk, NOBODY);
    return;
}

# Whatever waits for another try is due; leases stand.
sub hurry {
    my $walk = shift;
    $walk->sql('UPDATE pwreset_job SET due = 0 WHERE gave_up = 0');
    wake($walk);
    return;
}

# The database's.
sub clock {
    my $walk = shift;
    return $walk->value($walk->kind eq 'mysql' ? 'SELECT UNIX_TIMESTAMP()' : q(SELECT strftime('%s', 'now')));
}

# (state, parent, ...) of a process, as the kernel tells them behind its name.
sub _stat {
    my $pid = shift;
    open my $in, '<', "/proc/$pid/stat" or return;
    return split ' ', (<$in> // '') =~ s/.*\)//r;
}

# A zombie that nobody has collected yet does not run.
sub is_running { my ($state) = _stat(shift); return defined $state && $state ne 'Z' }
sub parent_of { return (_stat(shift))[1] }

1;
