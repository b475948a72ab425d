#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl mail test: one mail, and exactly what happened.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use PWR::Ctl;
use PWR::Mailbox;
use Test::More;

my $ctl = PWR::Ctl->new;
my $fake = abs_path("$FindBin::Bin/../lib/fake-sendmail");
my $folder = tempdir('pwresetctl-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $box = PWR::Mailbox->new($folder);
my $to = 'ivan@example.org';

sub runs_ok { return $ctl->runs_ok(@_) }

sub site {
    my (%directives) = @_;
    return $ctl->vhosts($ctl->vhost(driver => undef, params => undef,
        directives => {PwResetSendmail => [[$fake, $folder]], %directives}));
}

# With the program in this mode: what comes of it.
sub tried {
    my ($mode, $status, @said) = @_;
    $box->mode($mode);
    my ($out) = runs_ok("'$mode'", {status => $status, out => qr/^runs .*^verdict /ms}, '', qw(mail test), $to);
    like($out, $_, "'$mode': $_") for @said;
    return;
}

sub test_addresses {
    site();
    runs_ok("refused: '$_'", {status => 65, err => qr/is no mail address: give one/}, '', qw(mail test), '--', $_)
        for '', 'ivan', '-oQ/tmp@example.org', 'a@example.org,b@example.org', 'Ivan <ivan@example.org>',
        "a\@example.org\nBcc: x", 'a b@example.org', '|sh@example.org';
    runs_ok('no address', {status => 64, err => qr/wrong number/}, '', qw(mail test));
    is($box->runs, 0, 'nothing was run');
}

sub test_failures {
    tried('exit 75 451 busy', 75, qr/^said +\S+: exit 75 \(EX_TEMPFAIL\): 451 busy$/m, qr/^verdict +LATER:/m,
        qr/^remedy +it asks for another try/m);
    tried('exit 67', 69, qr/exit 67 \(EX_NOUSER\)$/m, qr/^verdict +NEVER:/m, qr/^remedy +it knows no such mailbox/m);
    tried('exit 78', 69, qr/EX_CONFIG/, qr/^remedy +its configuration is wrong/m);
    tried('die', 75, qr/ended by signal 9 \(SIGKILL\)/, qr/^remedy +it crashed or was killed/m);
    site(PwResetMailTimeout => [['1']]);
    tried('hang', 75, qr/had not ended after 1 s/, qr/^remedy +it hangs/m, qr/^took +[1-9]\.\d\d s$/m);
    site();
    $box->mode("exit 77 \e[31mred");
    my ($out) = runs_ok('what it says', {status => 69, out => qr/red/}, '', qw(mail test), $to);
    unlike($out, qr/\e/, 'does nothing to the terminal');
    $box->mode(undef);
    site(PwResetSendmail => [['/nowhere/sendmail', '-i']]);
    runs_ok('no program', {status => 69, out => qr/^said +\S+: No such file.*^verdict +UNABLE.*^remedy +install the program/ms},
        '', qw(mail test), $to);
    is(scalar $box->unseen, 0, 'no mail came of it');
}

sub test_sent {
    site(PwResetSendmail => [[$fake, $folder, 'two words', q(it's)]]);
    my $runs = $box->runs;
    my ($out) = runs_ok('sent', {status => 0, out => qr/^verdict +OK/m}, '', qw(mail test), ' Ivan@EXAMPLE.org');
    like($out, qr/^runs +\Q$fake $folder\E 'two words' 'it'\\''s' -f no-reply\@example\.org -- Ivan\@example\.org$/m,
        'what was run');
    is($box->runs - $runs, 1, 'once');
    my $mail = $box->next;
    is($mail->to, 'Ivan@example.org', 'to whom');
    like($mail->header('From'), qr/Example Library.*no-reply\@example\.org/, 'from the site');
    my ($id) = $out =~ /^id +(\S+)$/m;
    is($mail->header('Message-ID'), "<$id>", 'its id, as told');
    like($mail->text, qr{^https://www\.example\.org$}m, 'of which site');
    unlike($mail->raw, qr/token/, 'with no string');
    $out =~ /^took +(\d+\.\d\d) s$/m or fail('the time it took');
    is($mail->header('Auto-Submitted'), 'auto-generated', 'nobody answers it');
}

sub test_as {
    runs_ok('--as nobody who is there', {status => 67, err => qr/the system has no user 'x y': .*directive User/}, '',
        qw(mail test --as), 'x y', $to);
    my ($out) = runs_ok('--as oneself', {status => 0, out => qr/^as +uid $>\b/m}, '', qw(mail test --as), scalar getpwuid $>,
        $to);
    if ($> != 0) {
        runs_ok('--as root', {status => 77, err => qr/cannot become root: .*run this as root/}, '',
            qw(mail test --as root), $to);
        return;
    }
    like($out, qr/say --as and the name/, 'root is told of it');
    my $shared = tempdir('pwresetctl-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    open my $script, '>', "$shared/mailer" or die "mailer: $!";
    print {$script} "#!/bin/sh\ncat >/dev/null\necho \$(id -u) \$(id -g) \$(id -G)\nexit 73\n";
    close $script or die "mailer: $!";
    chmod 0755, $shared, "$shared/mailer" or die "chmod: $!";
    site(PwResetSendmail => [["$shared/mailer"]]);
    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    runs_ok('--as nobody', {status => 75, out => qr/^as +uid $uid\n.*CANTCREAT\): $uid $gid $gid\n/ms}, '',
        qw(mail test --as nobody), $to);
}

-x PWR::Ctl->program or BAIL_OUT(PWR::Ctl->program . ' was not built');
test_addresses();
test_failures();
test_sent();
test_as();
done_testing();
