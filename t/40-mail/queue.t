#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# From the job table to the mail program: nothing is lost, nothing is sent twice
# without need, and not more at a time than there are slots.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Jobs;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant {MANY => 30, SLOTS => 2, STRANGE => 250, MINUTE_SEC => 61, LIFETIME_SEC => 3600};

my $columns = 'SELECT id, login, email, password, language, recovery_email, changed_at FROM {prefix}user';
my $conf = join "\n", BY_RECIPIENT, 'PwResetIdentify forgot both',
    map { "PwReset$_->[0]Query \"$columns WHERE $_->[1] = :$_->[1]\"" } ['User', 'email'], ['Login', 'login'], ['Id', 'id'];

# Users with a mailbox each: (login => PWR::Mailbox, ...).
sub people {
    my ($walk, @logins) = @_;
    $walk->add($_) for @logins;
    return mailboxes($walk->httpd, @logins);
}

sub address { return "$_[0]\@example.org" }

# How many messages each has got, as "ivan 1, olga 2".
sub counts {
    my %box = @_;
    return join ', ', map { "$_ " . scalar(my @files = glob "'@{[$box{$_}->folder]}'/*.eml") } sort keys %box;
}

sub is_done {
    my ($walk, $what) = @_;
    ok(until_true(sub { !jobs($walk) }), "$what: the table is empty");
    return;
}

sub many {
    my $walk = shift;
    my %box = people($walk, map { sprintf 'many%02d', $_ } 1 .. MANY);
    my $started = time;
    ask($walk, address($_)) for sort keys %box;
    is_done($walk, 'many');
    is(counts(%box), join(', ', map { "$_ 1" } sort keys %box), 'many: each has a mail, and one only');
    my %strings = map { $_->next->token => 1 } values %box;
    is(scalar keys %strings, MANY, 'many: each a string of its own');
    note sprintf 'figure: mail.many = %d mails in %.1f s', MANY, time - $started;
    return;
}

# --- equal requests ---------------------------------------------------------------

sub older {
    my ($walk, $login) = @_;
    $walk->age($login, MINUTE_SEC);
    return;
}

sub merging {
    my $walk = shift;
    my %box = people($walk, qw(merged other));
    ask($walk, $_) for 'merged@example.org', 'MERGED@Example.org', ' merged@example.org', 'Merged', 'other@example.org';
    is_done($walk, 'merging');
    is(counts(%box), 'merged 1, other 1', 'merging: equal requests of a minute are one mail');
    older($walk, 'merged');
    ask($walk, address('merged'));
    is_done($walk, 'merging');
    is(counts(%box), 'merged 2, other 1', 'merging: later ones are another');
    my ($first) = map { $_->next } $box{merged};
    $walk->client->post('/account/reset', [token => $first->token, password => NEW, confirm => NEW]);
    is_done($walk, 'merging');
    ask($walk, address('merged'));
    is_done($walk, 'merging');
    is(counts(%box), 'merged 4, other 1', 'merging: whoever has used his string gets another at once');
    return;
}

sub three_strings {
    my $walk = shift;
    my %box = people($walk, 'three');
    my $client = $walk->client;
    for (1 .. 3) {
        ask($walk, address('three'));
        is_done($walk, "three strings: $_");
        older($walk, 'three');
    }
    is(counts(%box), 'three 3', 'three strings: three mails');
    my @strings = map { $box{three}->next->token } 1 .. 3;
    my $mark = $walk->httpd->log_mark;
    my @pages = map { my $r = ask($walk, $_); $r->status . $r->text =~ s/\b(?:three|nobody)\b/NAME/gr }
        address('three'), address('nobody');
    is($pages[0], $pages[1], 'three strings: the fourth request looks like any');
    is_done($walk, 'three strings: the fourth');
    like($walk->httpd->wait_log(qr/PWR0412/, $mark), qr/pwreset:info.*three live/, 'three strings: the admin is told');
    is(counts(%box), 'three 3', 'three strings: no fourth mail');
    is_deeply([map { $client->get("/account/reset?token=$_")->status } @strings], [200, 200, 200],
        'three strings: all work');
    $walk->sql('UPDATE pwreset_token SET expires = expires - ? WHERE login = ? AND created = (SELECT * FROM '
        . '(SELECT MIN(created) FROM pwreset_token WHERE login = ?) AS oldest)', LIFETIME_SEC, 'three', 'three');
    ask($walk, address('three'));
    is_done($walk, 'three strings: the fifth');
    is(counts(%box), 'three 4', 'three strings: another when the first has expired');
    return;
}

# --- jobs that are not ours -------------------------------------------------------

sub insert {
    my ($walk, %row) = @_;
    %row = (kind => 'recover', identify_by => 1, created => 1, due => 0, %row);
    my @columns = sort keys %row;
    $walk->sql("INSERT INTO pwreset_job (@{[join ', ', @columns]}) VALUES (@{[join ', ', ('?') x @columns]})",
        @row{@columns});
    return;
}

# Two hundred jobs of a realm that only another node knows, and kinds that only a
# later version does, stand before ours.
sub strangers {
    my $walk = shift;
    my %box = people($walk, 'behind');
    my $realm = $walk->value('SELECT realm FROM pwreset_token');
    $walk->db->dbh->begin_work;
    insert($walk, id => sprintf('%032x', $_), realm => 'elsewhere', identifier => 'behind@example.org') for 1 .. STRANGE;
    insert($walk, id => sprintf('%032x', $_), realm => $realm, kind => 'later', recipient => 'behind@example.org',
        identifier => 'behind@example.org') for STRANGE + 1 .. STRANGE + 5;
    $walk->db->dbh->commit;
    my @before = jobs($walk);
    ask($walk, address('behind'));
    my $mail = $box{behind}->next;
    ok($mail && $mail->token, 'strangers: our mail comes though they are first');
    ok(until_true(sub { jobs($walk) == @before }), 'strangers: our row is gone');
    is_deeply([jobs($walk)], \@before, 'strangers: theirs are left alone');
    is($box{behind}->runs, 1, 'strangers: nothing is sent for them');
    $walk->sql('DELETE FROM pwreset_job');
    return;
}

# --- slots ------------------------------------------------------------------------

# The most mail programs that ran at the same time: from when each began, which
# is in the name of its file, to when it wrote the mail.
sub most_at_once {
    my %box = @_;
    my @spans = map { map { [m{/([\d.]+)-\d+\.eml$}, (Time::HiRes::stat $_)[9]] } glob "'@{[$_->folder]}'/*.eml" } values %box;
    my $most = 0;
    for my $span (@spans) {
        my $n = grep { $_->[0] <= $span->[0] && $span->[0] < $_->[1] } @spans;
        $most = $n if $n > $most;
    }
    return $most;
}

sub slots {
    my $walk = shift;
    my %box = people($walk, map { "slot$_" } 1 .. 6);
    $_->mode('slow 0.4') for values %box;
    ask($walk, address($_)) for sort keys %box;
    is_done($walk, 'slots');
    is(counts(%box), join(', ', map { "$_ 1" } sort keys %box), 'slots: all mails');
    is(most_at_once(%box), SLOTS, 'slots: so many at a time and no more');
    return;
}

# A program that hangs takes one slot, and others do not wait behind it.
sub hanging {
    my $walk = shift;
    my %box = people($walk, 'stuck', map { "free$_" } 1 .. 5);
    my $stuck = delete $box{stuck};
    $stuck->mode('hang');
    ask($walk, address('stuck'));
    is($stuck->wait_runs(1), 1, 'hanging: one hangs');
    ask($walk, address($_)) for sort keys %box;
    ok((!grep { !$_->next } values %box), 'hanging: the others go out');
    my ($pid) = $stuck->pids;
    ok(is_running($pid), 'hanging: meanwhile it hangs on');
    ok(until_true(sub { 1 == grep { $_->{lease_until} } jobs($walk) }), 'hanging: its row is held, the others are gone');
    $stuck->mode(undef);
    kill KILL => $pid;
    ok(settled($walk), 'hanging: until it dies');
    hurry($walk);
    ok($stuck->next, 'hanging: then it is tried again');
    is_done($walk, 'hanging');
    return;
}

# --- httpd ends or begins anew ----------------------------------------------------

# Stopped in the midst of mails: the programs are killed, the jobs put back.
sub stop_and_start {
    my $walk = shift;
    my $httpd = $walk->httpd;
    my %box = people($walk, map { "stop$_" } 1 .. 5);
    $_->mode('hang') for values %box;
    ask($walk, address($_)) for sort keys %box;
    ok(until_true(sub { SLOTS == grep { $_->runs } values %box }), 'stop: mails are under way');
    ok(until_true(sub { SLOTS == grep { $_->{lease_until} } jobs($walk) }), 'stop: the others wait in the table');
    my $started = time;
    ok($httpd->stop, 'stop: httpd ends');
    cmp_ok(time - $started, '<', 8, 'stop: soon');
    ok((!grep { is_running($_) } map { $_->pids } values %box), 'stop: no mail program is left');
    my @jobs = jobs($walk);
    is(scalar @jobs, 5, 'stop: all jobs are there');
    is(scalar(grep { $_->{lease_until} || defined $_->{owner} || $_->{gave_up} } @jobs), 0, 'stop: none is held');
    is_deeply([sort map { $_->{tries} } @jobs], [0, 0, 0, 1, 1], 'stop: those not begun are as they were');
    $_->mode(undef) for values %box;
    $httpd->start;
    hurry($walk);
    is_done($walk, 'start');
    is(counts(%box), join(', ', map { "$_ 1" } sort keys %box), 'start: each has a mail, and one only');
    return;
}

# The old generation ends what it began, the new one does the rest; nothing waits
# for a lease to run out.
sub graceful {
    my $walk = shift;
    my $httpd = $walk->httpd;
    my %box = people($walk, map { "grace$_" } 1 .. 8);
    $_->mode('slow 0.5') for values %box;
    ask($walk, address($_)) for sort keys %box;
    ok(until_true(sub { grep { $_->runs } values %box }), 'graceful: mails are under way');
    $httpd->graceful;
    is_done($walk, 'graceful');
    is(counts(%box), join(', ', map { "$_ 1" } sort keys %box), 'graceful: each has a mail, and one only');
    is(scalar(map { $_->pids } values %box), 8, 'graceful: none was begun twice');
    return;
}

# --- notices ----------------------------------------------------------------------

sub notices {
    my $walk = shift;
    my %box = people($walk, qw(owner));
    my ($second) = mailboxes($walk->httpd, 'second') ? {mailboxes($walk->httpd, 'second')}->{second} : ();
    $walk->sql(q(UPDATE pwreset_user SET recovery_email = 'second@elsewhere.org' WHERE login = 'owner'));
    ask($walk, address('owner'));
    my $mail = $second->next // return fail('notices: a string to the second address');
    is($box{owner}->runs, 0, 'notices: the string goes there only');
    $walk->client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW]);
    my @mails = ($box{owner}->next, $second->next);
    is_deeply([map { $_ && $_->to } @mails], ['owner@example.org', 'second@elsewhere.org'], 'notices: to both addresses');
    isnt($mails[0]->header('Message-ID'), $mails[1]->header('Message-ID'), 'notices: two messages');
    is($mails[0]->text, $mails[1]->text, 'notices: that say the same');
    is_done($walk, 'notices');
    my $client = $walk->signed_in('owner', NEW);
    is($client->post('/account/change', [current => NEW, password => OLD, confirm => OLD])->status, 303, 'notices: /change');
    ok((!grep { !$_->next } $box{owner}, $second), 'notices: so does a change by the one who knows the password');
    is_done($walk, 'notices');
    return;
}

# --- several mailboxes --------------------------------------------------------------

# Two accounts of one address, whose strings go to mailboxes of their own; one of
# these takes nothing for a while.
sub apart {
    my $walk = shift;
    my @names = qw(left right);
    my %box = mailboxes($walk->httpd, @names);
    my $address = address('pair');
    $walk->add($_, email => $address, recovery_email => "$_\@elsewhere.org") for @names;
    my $waits_for = sub { (job($walk, $address) // {recipient => 'no row'})->{recipient} };
    $box{$_}->mode('exit 75') for @names;
    ask($walk, $address);
    ok(settled($walk), 'apart: tried');
    is($waits_for->(), undef, 'apart: nobody has it, and both are tried again');
    $box{left}->mode(undef);
    my @tries = map { $_->runs } @box{@names};
    for my $n (1 .. 2) {
        hurry($walk);
        ok(until_true(sub { $box{right}->runs >= $tries[1] + $n && settled($walk) }), "apart: tried again, $n");
    }
    is($waits_for->(), 'right@elsewhere.org', 'apart: for the one that has none');
    is($box{left}->runs, $tries[0] + 1, 'apart: the other one gets one mail');
    $box{right}->mode(undef);
    hurry($walk);
    is_done($walk, 'apart');
    my @mails = map { $_->next } @box{@names};
    is(scalar(@mails), 2, 'apart: each has a mail') or return;
    is(counts(%box), 'left 1, right 1', 'apart: and one only');
    is_deeply([map { $walk->client->get('/account/reset?token=' . $_->token)->status } @mails], [200, 200],
        'apart: both strings work');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->sql('ALTER TABLE pwreset_user ADD COLUMN recovery_email VARCHAR(320)');
    $walk->httpd->expect_log('PWR0304');
    many($walk);
    merging($walk);
    three_strings($walk);
    strangers($walk);
    slots($walk);
    hanging($walk);
    stop_and_start($walk);
    graceful($walk);
    notices($walk);
    apart($walk);
}, conf => $conf, global => 'PwResetMailSlots ' . SLOTS);
done_testing();
