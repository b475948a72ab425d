#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An operator beside a running httpd: what pwresetctl says is what happened, and
# what it orders is done.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Jobs;
use PWR::Operator;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {CACHE_SEC => 1, SLACK_SEC => 5};

my $conf = 'PwResetSessionCache ' . CACHE_SEC;
my $ivan = 'ivan@example.org';

sub greylisted {
    my $walk = shift;
    my $box = $walk->httpd->mailbox;
    $box->mode('exit 75 451 greylisted');
    ask($walk, $ivan);
    ok(until_true(sub { my $job = job($walk, $ivan); $job && $job->{error} }), 'a mail is put back');
    my $id = job($walk, $ivan)->{id};
    says($walk, 'why: it says so', 75,
        qr/^WAIT  job $id, .*, tried \d+ times: .*\(EX_TEMPFAIL\): 451 greylisted\n +-> it asks/m, 'why', $ivan);
    says($walk, 'queue list: it is there', 0, qr/^$id .* \Q$ivan\E .*451 greylisted$/m, qw(queue list));
    says($walk, 'mail test: the same', 75, qr/^said .*451 greylisted\nverdict +LATER/m, qw(mail test), $ivan);
    $walk->sql('UPDATE pwreset_job SET due = due + 3600');
    $box->mode(undef);
    says($walk, 'queue retry', 0, qr/^due now/, qw(queue retry), $id);
    wake($walk);
    my $mail = $walk->mail_to($ivan);
    ok($mail && $mail->token, 'and its mail comes');
    $walk->settle;
    my $out = says($walk, 'why: it was sent', 0, qr/^OK    last string: made .*; it works until/m, 'why', $ivan);
    my ($message) = $out =~ /look for (\S+) in/;
    is($mail->header('Message-ID'), "<$message>", 'under the very id that it names');
    $walk->httpd->expect_log('PWR0304');
    return;
}

sub refused {
    my $walk = shift;
    my $box = $walk->httpd->mailbox;
    $walk->add('olga');
    $box->mode('exit 67 who is olga');
    ask($walk, 'olga@example.org');
    ok(until_true(sub { my $job = job($walk, 'olga@example.org'); $job && $job->{gave_up} }), 'a mail is refused for good');
    my $id = job($walk, 'olga@example.org')->{id};
    says($walk, 'why: it says so', 69, qr/^FAIL  job $id, .*given up .*: .*who is olga\n +-> it knows no such mailbox/m, 'why',
        'olga@example.org');
    $box->mode(undef);
    says($walk, 'queue drop', 0, qr/^dropped/, qw(queue drop), $id);
    is(scalar jobs($walk), 0, 'it is gone');
    $walk->httpd->expect_log('PWR0305');
    return;
}

sub link_works {
    my $walk = shift;
    $walk->add('nina', email => undef);
    my ($status, $link, $warning) = said($walk, qw(link nina));
    is($status, 0, 'link');
    like($warning, qr/^WARNING: until .* of nina\./, 'with a warning');
    chomp $link;
    my $base = $walk->httpd->url;
    ok($link =~ s/^\Q$base\E//, 'it leads to the site') or diag($link);
    my $client = $walk->client;
    is($client->get($link)->status, 200, 'it opens the page');
    my ($string) = $link =~ /token=(\w+)/;
    my $form = [token => $string, password => NEW, confirm => NEW];
    is($client->post('/account/reset', $form)->status, 303, 'which takes a new password');
    ok($walk->works('nina', NEW), 'and that is hers');
    is($walk->client->post('/account/reset', [token => $string, password => OLD, confirm => OLD])->status, 410,
        'it works once');
    unlike(join("\n", $walk->httpd->error_log), qr/\Q$string\E/, 'no log has it');
    return;
}

sub revoked {
    my $walk = shift;
    my ($client, $other) = ($walk->signed_in('ivan'), $walk->signed_in('oleg'));
    my ($string) = values %{{$walk->strings('oleg')}};
    is($walk->who($client), 'ivan', 'ivan is signed in');
    says($walk, 'revoke', 0, qr/^revoked 1 sessions, .*\n.*within ${\CACHE_SEC} s/, qw(revoke ivan));
    my $since = time;
    ok(until_true(sub { $walk->who($client) ne 'ivan' }, CACHE_SEC + SLACK_SEC), 'he is signed out');
    note sprintf 'figure: revoke.noticed = %.1f s', time - $since;
    is($walk->who($other), 'oleg', 'nobody else is');
    says($walk, 'revoke of who has a string', 0, qr/^revoked 1 sessions, 1 control strings, /, qw(revoke oleg));
    is($walk->client->get("/account/reset?token=$string")->status, 410, 'the string in his mail is dead');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->add($_) for qw(ivan oleg);
    greylisted($walk);
    refused($walk);
    link_works($walk);
    revoked($walk);
}, conf => $conf);
done_testing();
