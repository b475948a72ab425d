#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PwResetAuditKeep: who was where is forgotten by the workers, and nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {WAIT_SEC => 10, POLL_SEC => 0.02, HOUR_SEC => 3600};

my $known = 'SELECT COUNT(*) FROM pwreset_session WHERE address IS NOT NULL AND agent IS NOT NULL AND login = ?';

# The workers look at the first start of httpd, and then every ten minutes.  A
# session of long ago tells that they did.
sub looked {
    my ($walk, $conf) = @_;
    $walk->httpd->stop;
    $walk->sql("INSERT INTO pwreset_session (realm, digest, user_id, login, created, seen, expires, stamp, address, agent)
        SELECT realm, ?, user_id, 'old', 1, 1, expires, stamp, address, agent FROM pwreset_session LIMIT 1", 'f' x 64);
    $walk->httpd->reconf(conf => $conf)->start;
    is(until_forgotten($walk, 'old'), 0, 'control: the workers have looked');
    $walk->sql(q(DELETE FROM pwreset_session WHERE login = 'old'));
    return;
}

sub until_forgotten {
    my ($walk, $login) = @_;
    my $until = time + WAIT_SEC;
    sleep POLL_SEC while $walk->value($known, $login) && time < $until;
    return $walk->value($known, $login);
}

each_database(sub {
    my $walk = shift;
    $walk->httpd->expect_log('PWR0304');
    $walk->add($_) for qw(ivan olga lena);
    my ($ivan, $olga) = map { $walk->signed_in($_) } qw(ivan olga);
    $walk->sql(q(UPDATE pwreset_session SET agent = 'curl/8'));
    $walk->sql(q(UPDATE pwreset_session SET created = created - ? WHERE login = 'ivan'), 2 * HOUR_SEC);
    like($ivan->get('/account/sessions')->text, qr/Address: 127\.0\.0\.1/, 'a session shows its address');
    looked($walk, 'PwResetAuditKeep 3h');
    is($walk->value($known, $_), 1, "that of $_ is not forgotten within three hours") for qw(ivan olga);

    $walk->httpd->mailbox->mode('exit 75');
    $walk->client->post('/account/forgot', [email => 'lena@example.org']);
    ok($walk->httpd->wait_log(qr/PWR0304/), 'a mail has to wait');
    $walk->sql('UPDATE pwreset_job SET created = created - ?, due = due + 60', 2 * HOUR_SEC);
    looked($walk, "PwResetAuditKeep 1h\nPwResetMailRetry 1d");
    is(until_forgotten($walk, 'ivan'), 0, 'that of two hours ago is forgotten after one');
    is($walk->value($known, 'olga'), 1, 'that of now is not');
    is($walk->value('SELECT address FROM pwreset_job'), undef, 'that of who asked is, too');
    is($walk->who($ivan), 'ivan', 'he is still signed in');
    unlike($ivan->get('/account/sessions')->text, qr/Address:/, 'and his page has no address');
    like($olga->get('/account/sessions')->text, qr/Address: 127\.0\.0\.1/, 'control: hers has');
    $walk->httpd->mailbox->mode(undef);
    $walk->sql('UPDATE pwreset_job SET due = due - 120');
    $walk->client->post('/account/forgot', [email => 'nobody@example.org']);
    my $mail = $walk->mail_to('lena@example.org');
    ok($mail && $mail->token, 'the mail comes');
    unlike($mail->text . $mail->html, qr/Address|Program/, 'and says nothing where it knows nothing');
}, conf => '');
done_testing();
