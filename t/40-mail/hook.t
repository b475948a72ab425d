#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PwResetHook: what the program is given, and what never; when it is run again,
# and when no more; that it is run at least once, and whose mails wait for one
# that hangs: nobody's.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode);
use JSON::PP ();
use PWR::Audit;
use PWR::Ctl;
use PWR::Jobs;
use PWR::Operator;
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);
use Time::Local qw(timegm);

use constant {TIMEOUT_SEC => 5, HUNG => 4, SLOTS => 4, PROMPT_SEC => 10, PAUSE_SEC => 0.3};

my $location = "<Location \"/status\">\nSetHandler pwreset-status\nRequire local\n</Location>";
my $conf = join "\n", 'PwResetHook "${ROOT}/hook" "${MAILDIR}/hook" "two words" -x', 'PwResetMailTimeout ' . TIMEOUT_SEC,
    'PwResetAudit logs/audit', 'PwResetStatus On', $location;

# Keeps what it was given, then does what the file "mode" says.
my $program = <<'END';
#!/bin/sh
box=$1
{
    for word; do printf 'argument %s\n' "$word"; done
    tr '\0' '\n' </proc/$$/environ | sed 's/^/environment /'
    sed 's/^/stat /' /proc/$$/stat
    printf 'input '
    cat
} >"$box/.$$"
mv "$box/.$$" "$box/$(date +%s%N).run"
[ ! -e "$box/mode" ] || . "$box/mode"
END

# --- the program's runs -------------------------------------------------------------

sub write_hook {
    my $httpd = shift;
    $httpd->mailbox_of($_) for @_ ? @_ : 'hook';
    chmod 0755, $httpd->write('hook', $program) or die "hook: $!\n";
    return;
}

sub mode { my ($walk, $line) = @_; $walk->httpd->write('mail/hook/mode', "$line\n"); return }

# {argument => [...], environment => [...], stat => [...], input => text} of each, oldest first.
sub runs {
    my ($walk, $box) = @_;
    return map {
        open my $in, '<:raw', $_ or die "$_: $!\n";
        my %run = (raw => do { local $/; <$in> });
        push @{$run{$1}}, $2 while $run{raw} =~ /^(argument|environment|stat) (.*)$/mg;
        ($run{input}) = $run{raw} =~ /^input (.*)\z/ms;
        \%run;
    } sort glob '"' . $walk->httpd->maildir . '/' . ($box // 'hook') . '/*.run"';
}

sub nth_run {
    my ($walk, $n) = @_;
    return until_true(sub { (runs($walk))[$n - 1] });
}

sub pid_of { return (split ' ', $_[0]{stat}[0])[0] }
sub json_of { return JSON::PP->new->decode($_[0]{input}) }
sub hook_job { return ($_[0]->rows(q(SELECT * FROM pwreset_job WHERE kind = 'hook')))[0] }

sub tried {
    my $walk = shift;
    return until_true(sub { my $job = hook_job($walk); $job && $job->{error} && !$job->{lease_until} ? $job : undef });
}

sub change {
    my ($walk, $login, $from, $to) = @_;
    return $walk->signed_in($login, $from)->post('/account/change', [current => $from, password => $to, confirm => $to]);
}

# --- what it is given -----------------------------------------------------------------

sub is_given {
    my ($walk, $name, $run, $want) = @_;
    return fail("$name: it is run") if !$run;
    my $said = json_of($run);
    my ($year, $month, @rest) = delete($said->{time}) =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/;
    cmp_ok(abs(time - timegm(reverse(@rest), $month - 1, $year)), '<', 60, "$name: the time");
    like(delete $said->{id}, qr/^[0-9a-f]{32}$/, "$name: an id");
    is_deeply($said, {realm => '127.0.0.1:' . $walk->httpd->port . '/account', language => 'en', try => 1, %$want},
        "$name: the rest") or diag explain $said;
    like($run->{input}, qr/\A[\x20-\x7E]+\n\z/, "$name: one line of ASCII");
    is_deeply($run->{argument}, [$walk->httpd->maildir . '/hook', 'two words', '-x'], "$name: its arguments");
    is_deeply([sort map { /^(\w+)=/ } @{$run->{environment}}], [qw(HOME LANG PATH)], "$name: its environment");
    my ($pid, $group) = (split ' ', $run->{stat}[0])[0, 4];
    is($group, $pid, "$name: a process group of its own");
    return;
}

sub given {
    my $walk = shift;
    my $id = $walk->add('ivan');
    my %string = $walk->strings('ivan');
    my $post = sub { $walk->client->post('/account/reset', [token => $string{ivan}, password => $_[0], confirm => $_[0]]) };
    my $old = $walk->stored('ivan');
    is($post->('short')->status, 422, 'a password that is refused');
    is($post->(NEW)->status, 303, 'a reset');
    is_given($walk, 'reset', nth_run($walk, 1),
        {event => 'reset.done', user => $id, login => 'ivan', address => '127.0.0.1'});
    my $between = $walk->stored('ivan');
    is(change($walk, 'ivan', NEW, OLD)->status, 303, 'a change');
    is_given($walk, 'change', nth_run($walk, 2),
        {event => 'change.done', user => $id, login => 'ivan', address => '127.0.0.1'});
    $walk->settle;
    my @runs = runs($walk);
    is(scalar @runs, 2, 'two changes, two runs');
    my @secrets = (OLD, NEW, $old, $between, $walk->stored('ivan'), $string{ivan} =~ tr/-//dr, 'short');
    is_deeply([grep { my $secret = $_; grep { index($_->{raw}, $secret) >= 0 } @runs } @secrets], [],
        'no password, hash or string is among what it is given');
    like(join('', $walk->httpd->error_log), qr/PWR0301: job [0-9a-f]{32} of realm \S+, hook for i\*\*\*, try 1: done \(/,
        'the log says that it is done');
    return;
}

sub by_operator {
    my $walk = shift;
    my $login = "о'л\"га";
    my $id = $walk->add('olga', language => 'ru', login => $login);
    my $n = runs($walk);
    my @arguments = ('-c', $walk->httpd->conf_file, qw(user passwd), encode('UTF-8', $login));
    {
        local %ENV = ($walk->httpd->ctl_env, TYPED => $walk->httpd->write('typed', NEW . "\n"));
        is(system('sh', '-c', 'exec "$0" "$@" <"$TYPED" >/dev/null', PWR::Ctl->program, @arguments), 0,
            'pwresetctl user passwd');
    }
    wake($walk);
    is_given($walk, 'operator', nth_run($walk, $n + 1),
        {event => 'operator.passwd', user => $id, login => $login, address => undef, language => 'ru'});
    $walk->settle;
    return;
}

# --- how it ends ------------------------------------------------------------------------

sub later {
    my $walk = shift;
    my $n = runs($walk);
    $walk->add('anna');
    mode($walk, 'echo "the directory is away"; echo; exit 75');
    is(change($walk, 'anna', OLD, NEW)->status, 303, 'a hook that wants another try: the change is made');
    ok($walk->works('anna', NEW), 'and stands');
    my $job = tried($walk) // return fail('it was tried');
    like($job->{error}, qr/exit 75 \(EX_TEMPFAIL\): the directory is away$/, 'its words are kept');
    my $delay = $job->{due} - clock($walk);
    cmp_ok($delay, '>', 30, "it is tried again in $delay s");
    cmp_ok($delay, '<', 90, 'as a notice is');
    like($walk->httpd->wait_log(qr/PWR0314/), qr/pwreset:warn.*hook for a\*\*\*, try 1: not done yet, next try in \d+ s: /,
        'the log says so');
    my $id = $job->{id};
    says($walk, 'queue list', 0, qr/^$id  .*  hook +anna .*away$/m, qw(queue list));
    says($walk, 'queue show', 0, qr/^kind +hook\n.*^remedy +it asks for another try/ms, qw(queue show), $id);
    says($walk, 'why', 75, qr/^WAIT  job $id, a run of PwResetHook for a change, .*away\n +-> it asks/m, 'why',
        'anna@example.org');
    my $json = JSON::PP->new->decode($walk->client->get('/status?json')->body);
    is($json->{realms}[0]{jobs_failing}, 1, 'the status page counts it');
    like($json->{realms}[0]{job_error}, qr/the directory is away/, 'and says why');
    cmp_ok($json->{realms}[0]{hooks_failed}, '>=', 1, 'and has counted the run');
    mode($walk, 'exit 0');
    hurry($walk);
    my $again = nth_run($walk, $n + 2) // return fail('it is run again');
    $walk->settle;
    my ($first, $second) = map { json_of($_) } (runs($walk))[$n, $n + 1];
    is($second->{id}, $first->{id}, 'run again, with the same id');
    is_deeply([$first->{try}, $second->{try}], [1, 2], 'and how often it was');
    return;
}

sub refused {
    my $walk = shift;
    $walk->add('boris');
    mode($walk, 'echo "unknown to the directory"; exit 67');
    change($walk, 'boris', OLD, NEW);
    my $job = until_true(sub { my $job = hook_job($walk); $job && $job->{gave_up} ? $job : undef })
        // return fail('it is given up');
    is($job->{due}, NEVER, 'refused for good: it is given up');
    like($walk->httpd->wait_log(qr/PWR0315/), qr/pwreset:error.*unknown to the directory; see the program of PwResetHook/,
        'the log says so, and the remedy');
    my ($line) = grep { /^hook\.abandoned boris/ } PWR::Audit->new($walk->httpd->root . '/logs/audit')->said;
    ok($line, 'and the audit');
    says($walk, 'queue list: given up', 0, qr/^$job->{id} .* given up .*unknown/m, qw(queue list));
    mode($walk, 'exit 0');
    says($walk, 'queue retry', 0, qr/^due now/, qw(queue retry), $job->{id});
    wake($walk);
    $walk->settle;
    is_deeply([PWR::Audit->new($walk->httpd->root . '/logs/audit')->faults], [], 'the audit is as documented');
    return;
}

sub hangs {
    my $walk = shift;
    my $n = runs($walk);
    $walk->add('clara');
    mode($walk, "trap '' TERM; sleep 60 & wait; sleep 60");
    change($walk, 'clara', OLD, NEW);
    my $job = tried($walk) // return fail('it was tried');
    like($job->{error}, qr/stopped, as it had not ended after @{[TIMEOUT_SEC]} s/, 'one that hangs is stopped');
    ok(!is_running(pid_of((runs($walk))[$n])), 'it is gone');
    mode($walk, 'exit 0');
    hurry($walk);
    $walk->settle;
    return;
}

sub missing {
    my $walk = shift;
    my $hook = $walk->httpd->root . '/hook';
    rename $hook, "$hook.away" or die "$hook: $!\n";
    $walk->add('diana');
    says($walk, 'check: it is not there', 69, qr/^FAIL hook: \Q$hook\E: No such file or directory: install it/m, 'check');
    change($walk, 'diana', OLD, NEW);
    my $job = tried($walk) // return fail('it was tried');
    like($job->{error}, qr/No such file or directory; install it or its interpreter, or set PwResetHook/,
        'one that is not there is waited for');
    like($walk->httpd->wait_log(qr/PWR0316/), qr/pwreset:error.*its program cannot be run/, 'the log says so');
    rename "$hook.away", $hook or die "$hook: $!\n";
    says($walk, 'check: it is there', 0, qr/^OK   hook: \Q$hook\E$/m, 'check');
    hurry($walk);
    $walk->settle;
    return;
}

# Without the directive nothing is queued; what was queued before is not lost.
sub none {
    my $walk = shift;
    $walk->add($_) for qw(elena fiona);
    mode($walk, 'exit 75');
    change($walk, 'elena', OLD, NEW);
    ok(tried($walk), 'a job that waits');
    $walk->httpd->reconf(conf => $conf =~ s/^PwResetHook.*\n//mr)->restart;
    hurry($walk);
    my $job = until_true(sub { my $job = hook_job($walk); $job && $job->{gave_up} ? $job : undef });
    like($job && $job->{error}, qr/no PwResetHook any more/, 'is given up where there is no hook any more');
    change($walk, 'fiona', OLD, NEW);
    is($walk->value(q(SELECT COUNT(*) FROM pwreset_job WHERE kind = 'hook')), 1, 'and no other is queued');
    says($walk, 'check: none', 0, qr/^OK   hook: there is none$/m, 'check');
    $walk->httpd->reconf(conf => $conf)->restart;
    mode($walk, 'exit 0');
    says($walk, 'queue retry', 0, qr/^due now/, qw(queue retry), $job->{id});
    wake($walk);
    $walk->settle;
    is(json_of((runs($walk))[-1])->{login}, 'elena', 'when there is one again, it can be done');
    return;
}

# The child dies when the program has done its work and the row is still there.
sub killed {
    my $walk = shift;
    my $n = runs($walk);
    $walk->add('greta');
    mode($walk, 'exec sleep 60');
    change($walk, 'greta', OLD, NEW);
    my $run = nth_run($walk, $n + 1) // return fail('it is run');
    my $child = parent_of(pid_of($run));
    is(scalar(grep { $_ == $child } $walk->httpd->children), 1, 'a child of httpd runs it');
    kill KILL => $child;
    ok(until_true(sub { !is_running($child) }), 'that is killed');
    my $job = hook_job($walk);
    ok($job && $job->{lease_until} > clock($walk), 'its lease stands');
    mode($walk, 'exit 0');
    $walk->sql(q(UPDATE pwreset_job SET lease_until = 1 WHERE kind = 'hook'));
    wake($walk);
    my $again = nth_run($walk, $n + 2);
    kill KILL => pid_of($run);
    return fail('it is done again') if !$again;
    is_deeply([@{json_of($again)}{qw(id login try)}], [json_of($run)->{id}, 'greta', 2], 'it is done again, with the same id');
    $walk->settle;
    return;
}

# --- whom it holds up ----------------------------------------------------------------------

# As changes make them.
sub queue {
    my ($walk, $site, $n) = @_;
    for my $i (1 .. $n) {
        $walk->sql(q(INSERT INTO pwreset_job (id, kind, realm, user_id, login, identify_by, language, agent, created, due,
            lease_until, tries) VALUES (?, 'hook', ?, ?, ?, 1, 'en', '', ?, 1, 0, 0)),
            sprintf('%032x', $i), "$site.test:" . $walk->httpd->port . '/account', $i, "user$i", clock($walk));
    }
    return;
}

sub hanging {
    my $sites = PWR::Sites->new({other => '', hung => 'PwResetHook "${ROOT}/hook" "${MAILDIR}/hook"'}, database => 'mysql',
        global => 'PwResetMailSlots ' . SLOTS);
    my $walk = $sites->walk;
    write_hook($walk->httpd);
    mode($walk, 'exec sleep 60');
    $walk->add($_) for qw(ivan olga);
    queue($walk, 'hung', HUNG);
    wake_site($sites, 'hung');
    ok(until_true(sub { runs($walk) == SLOTS / 2 }), 'hooks that hang have half of the slots');
    my $begin = time;
    for (['other', 'ivan'], ['hung', 'olga']) {
        my ($site, $login) = @$_;
        $sites->client($site)->post('/account/forgot', [email => "$login\@example.org"]);
        ok($walk->mail_to("$login\@example.org", PROMPT_SEC), "a mail of the site $site leaves at once");
    }
    note sprintf 'figure: mail.beside_hanging_hooks = %.1f s for two mails', time - $begin;
    is(runs($walk) + 0, SLOTS / 2, 'no more hooks were begun');
    is(scalar(grep { is_running(pid_of($_)) } runs($walk)), SLOTS / 2, 'control: they hang on');
    mode($walk, 'exit 0');
    kill KILL => map { pid_of($_) } runs($walk);
    ok(until_true(sub {
        $walk->sql('UPDATE pwreset_job SET due = 0');
        wake_site($sites, 'hung');
        sleep PAUSE_SEC;
        !$walk->value(q(SELECT COUNT(*) FROM pwreset_job WHERE kind = 'hook'));
    }), 'in the end all are done');
    $walk->settle;
    $walk->httpd->expect_log('PWR0314')->done;
    return;
}

sub wake_site {
    my ($sites, $name) = @_;
    $sites->client($name)->post('/account/forgot', [email => 'nobody@example.org']);
    return;
}

for my $kind (qw(sqlite mysql)) {
    subtest $kind => sub {
        my $walk = PWR::Walk->new($kind, conf => $conf, children => 2);
        write_hook($walk->httpd);
        given($walk);
        if ($kind eq 'sqlite') {
            by_operator($walk);
            later($walk);
            refused($walk);
            hangs($walk);
            missing($walk);
            none($walk);
            $walk->httpd->expect_log(qw(PWR0314 PWR0315 PWR0316));
        }
        killed($walk);
        $walk->settle;
        $walk->httpd->done;
    };
}
subtest hanging => \&hanging;
done_testing();
