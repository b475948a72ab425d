#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The audit: every event, with the fields that docs/audit.md says and nothing
# else; the same for accounts that are there and others; hostile bytes.
use strict;
use warnings;
use utf8;
use Encode qw(encode_utf8);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Audit;
use PWR::Walk;
use Test::More;

use constant {HOUR_SEC => 3600, DAY_SEC => 86_400, MERGE_SEC => 61, LONG => 40_000, MANY => 40, POLL_SEC => 0.02,
    DRAGON => "\x{432}\x{435}\x{440}\x{430}\x{1F409}"};

my $file = 'PwResetAudit logs/audit.log';
my $conf = "$file\nPwResetIdentify both\nPwResetPasswordScheme sha512-crypt\nPwResetLimit login-account 1000/1min";
my $agent = 'Mozilla/5.0 (X11; Linux x86_64) Test';
my %seen;               # events that came, over all of this

sub audit { return PWR::Audit->new($_[0]->httpd->root . '/logs/audit.log') }

# What one thing writes.
sub writes {
    my ($walk, $name, $do, @want) = @_;
    my $audit = audit($walk);
    my $mark = $audit->mark;
    $do->();
    $walk->settle;
    is_deeply([sort $audit->said($mark)], [sort @want], $name);
    my @events = $audit->events($mark);
    $seen{$_->{event}}++ for @events;
    return @events;
}

sub browser { return $_[0]->httpd->client(headers => [['User-Agent', $agent]]) }

# A new string for somebody: (string, link).
sub asked {
    my ($walk, $login) = @_;
    my $address = "$login\@example.org";
    $walk->settle;
    1 while $walk->mail_to($address, POLL_SEC);
    $walk->sql('UPDATE pwreset_token SET created = created - ?', MERGE_SEC);
    browser($walk)->post('/account/forgot', [email => $login]);
    my $mail = $walk->mail_to($address) or die "no mail came to $login\n";
    $walk->settle;
    return ($mail->token, $mail->notme);
}

# --- events --------------------------------------------------------------------------

sub mails {
    my $walk = shift;
    my $client = browser($walk);
    my $forgot = sub { my $who = shift; return sub { $client->post('/account/forgot', [email => $who]) } };
    my ($asked, $sent) = sort { $a->{event} cmp $b->{event} }
        writes($walk, 'a request', $forgot->('IVAN@example.org'), 'forgot.asked', 'mail.sent ivan');
    is_deeply([@$asked{qw(user login address agent mail)}], [undef, undef, '127.0.0.1', $agent, 'recover'],
        'which names no account');
    is_deeply([@$sent{qw(job user address agent mail)}], [$asked->{job}, $walk->{id}{ivan}, '127.0.0.1', $agent, 'recover'],
        'but the mail, of the same job, does');
    writes($walk, 'again', $forgot->('ivan'), 'forgot.asked', 'mail.withheld merged ivan');
    my @none = writes($walk, 'nobody', $forgot->('nobody@example.org'), 'forgot.asked', 'forgot.unknown');
    is($none[1]{job}, $none[0]{job}, 'of one job');
    is(scalar(grep { /nobody/ } audit($walk)->raw), 0, 'and what was typed stands nowhere');
    writes($walk, 'somebody without an address', $forgot->('lena'), 'forgot.asked', 'mail.withheld no-address lena');
    writes($walk, 'two in one mailbox', $forgot->('twins@example.org'), 'forgot.asked', 'mail.sent castor',
        'mail.sent pollux');
    asked($walk, 'ivan') for 1 .. 2;
    $walk->sql('UPDATE pwreset_token SET created = created - ?', MERGE_SEC);
    writes($walk, 'a fourth request', $forgot->('ivan'), 'forgot.asked', 'mail.withheld three-live ivan');
    return;
}

sub mail_programs {
    my $walk = shift;
    my $client = browser($walk);
    my $box = $walk->httpd->mailbox;
    my %end = ('exit 67' => ['mail.failed refused olga', 'mail.abandoned'], 'exit 75' => ['mail.failed later olga']);
    for my $mode (sort keys %end) {
        $walk->sql('DELETE FROM pwreset_token');
        $box->mode($mode);
        writes($walk, "a mail program that ends with $mode", sub {
            my $runs = $box->runs;
            $client->post('/account/forgot', [email => 'olga']);
            $box->wait_runs($runs + 1);
            my $error = sub { $walk->value('SELECT error FROM pwreset_job') };
            select undef, undef, undef, POLL_SEC while !defined $error->();
            # The line of a mail that is abandoned comes after its row was written.
            select undef, undef, undef, POLL_SEC while $mode eq 'exit 67' && !grep { /abandoned/ } audit($walk)->said;
            $walk->sql('DELETE FROM pwreset_job');
        }, 'forgot.asked', @{$end{$mode}});
    }
    $box->mode(undef);
    return;
}

sub resets {
    my $walk = shift;
    my $client = browser($walk);
    my %post = (password => NEW, confirm => NEW);
    my $post = sub {
        my %form = (token => $_[0], %post, @_[1 .. $#_]);
        return sub { $client->post('/account/reset', [%form]) };
    };
    my ($first) = asked($walk, 'olga');
    my ($second, $notme) = asked($walk, 'olga');
    my $mistyped = ($first =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/er);
    writes($walk, 'a string that is mistyped', $post->($mistyped), 'reset.refused mistyped');
    writes($walk, 'the same in a link', sub { $client->get("/account/reset?token=$mistyped") }, 'reset.refused mistyped');
    writes($walk, 'a link that is opened', sub { $client->get("/account/reset?token=$first") });
    writes($walk, 'a password against the rules', $post->($first, password => 'x'), 'reset.refused rules olga');
    my ($done) = writes($walk, 'a new password', $post->($first), 'reset.done olga', 'mail.sent olga');
    is_deeply([@$done{qw(user address agent)}], [$walk->{id}{olga}, '127.0.0.1', $agent], 'whose, and from where');
    writes($walk, 'a double click', $post->($first));
    writes($walk, 'the same string for another password', $post->($first, password => OLD, confirm => OLD),
        'reset.refused spent olga');
    writes($walk, 'its sibling', $post->($second), 'reset.refused cancelled');
    my ($old) = asked($walk, 'olga');
    $walk->sql('UPDATE pwreset_token SET expires = expires - ?', DAY_SEC);
    writes($walk, 'an old one', $post->($old), 'reset.refused expired');
    $walk->sql('DELETE FROM pwreset_token');
    writes($walk, 'one that nobody knows', $post->($old), 'reset.refused unknown');
    return;
}

sub not_me {
    my $walk = shift;
    my $client = browser($walk);
    my $post = sub { my $link = shift; return sub { $client->post('/account/notme', [token => $link]) } };
    my ($string, $notme) = asked($walk, 'olga');
    my ($event) = writes($walk, 'this was not me', $post->($notme), 'notme');
    is_deeply([@$event{qw(user cancelled)}], [$walk->{id}{olga}, 1], 'whose, and how many strings');
    writes($walk, 'a link that is mistyped', $post->($notme =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/er), 'notme.refused mistyped');
    $walk->sql('UPDATE pwreset_token SET expires = expires - ?', 30 * DAY_SEC);
    writes($walk, 'an old one', sub { $client->get("/account/notme?token=$notme") }, 'notme.refused expired');
    $walk->sql('DELETE FROM pwreset_token');
    writes($walk, 'one that nobody knows', $post->($notme), 'notme.refused unknown');
    return;
}

sub people {
    my $walk = shift;
    my $client = browser($walk);
    my $in = sub { my @form = (login => $_[0], password => $_[1]); return sub { $client->post('/account/login', [@form]) } };
    my ($event) = writes($walk, 'somebody signs in', $in->('ivan', OLD), 'login.ok new-browser ivan');
    is_deeply([@$event{qw(user address agent)}], [$walk->{id}{ivan}, '127.0.0.1', $agent], 'who, and from where');
    writes($walk, 'and out', sub { $client->post('/account/logout', []) }, 'logout ivan');
    writes($walk, 'and out again', sub { $client->post('/account/logout', []) });
    writes($walk, 'and in by his address', $in->('Ivan@example.org', OLD), 'login.ok known-browser ivan');
    my $other = $walk->signed_in('ivan');
    $walk->signed_in('ivan') for 1 .. 2;
    my ($handle) = map { m{name="end" value="([0-9a-f]{64})"} } $client->get('/account/sessions')->text;
    writes($walk, 'one session ends', sub { $client->post('/account/sessions', [end => $handle]) }, 'session.ended one ivan');
    writes($walk, 'the others', sub { $client->post('/account/sessions', [end => 'others']) }, 'session.ended others ivan');
    my $change = sub { my @form = (current => $_[0], password => $_[1], confirm => $_[1]);
        return sub { $client->post('/account/change', [@form]) } };
    writes($walk, 'a wrong old password', $change->(NEW, NEW), 'change.failed current ivan');
    writes($walk, 'one against the rules', $change->(OLD, 'x'), 'change.failed rules ivan');
    ($event) = writes($walk, 'a change', $change->(OLD, NEW), 'change.done ivan', 'mail.sent ivan');
    is((grep { $_->{event} eq 'mail.sent' } audit($walk)->events)[-1]{mail}, 'notice', 'of which a mail tells');
    return;
}

sub refusals {
    my $walk = shift;
    my $client = browser($walk);
    my @login = (login => 'ivan', password => 'x');
    my %way = (
        'cross-site' => sub { $client->post('/account/login', [@login], headers => [['Sec-Fetch-Site', 'cross-site']]) },
        malformed => sub { $client->post('/account/login', [@login, @login]) },
        'too-large' => sub { $client->post('/account/login', [login => 'x' x LONG]) },
        type => sub { $client->request(POST => '/account/login', body => '{}', headers => [['Content-Type', 'text/x']]) },
        method => sub { $client->request(PUT => '/account/login', body => 'x') },
    );
    writes($walk, "$_", $way{$_}, "request.refused $_") for sort keys %way;
    return;
}

# With limits, which the rest does without.
sub limits {
    my $walk = shift;
    $walk->reconf("$conf\nPwResetLimit login-client 3/1h\nPwResetLimit login-account 1/1h 1\nPwResetLimit change-account 1/1h"
        . "\nPwResetLimit forgot-account 1/1h");
    my $client = browser($walk);
    my $in = sub { $client->post('/account/login', [login => $_[0], password => 'x']) };
    # The common queue's slot, and those of newcomers.
    my @said = map { my ($n, $mark) = ($_, audit($walk)->mark); $in->('nobody'); (audit($walk)->said($mark))[0] } 1 .. 3;
    is_deeply([@said[0, -1]], ['login.failed', 'login.slowed'], 'more attempts than are let through') or diag "@said";
    writes($walk, 'more than one client may make', sub { $in->('nobody') }, 'limit.client login-client');
    $seen{'login.slowed'}++;
    $walk->sql('DELETE FROM pwreset_token');
    writes($walk, 'mails to one account', sub { asked($walk, 'olga') }, 'forgot.asked', 'mail.sent olga');
    $walk->sql('UPDATE pwreset_token SET created = created - ?', MERGE_SEC);
    writes($walk, 'and one too many', sub { $client->post('/account/forgot', [email => 'olga']) }, 'forgot.asked',
        'mail.withheld limit olga');
    $walk->reconf("$conf\nPwResetLimit change-account 1/1h");
    $client = $walk->signed_in('ivan', NEW);
    my @form = (current => 'x', password => OLD, confirm => OLD);
    writes($walk, 'guesses at the old password', sub { $client->post('/account/change', [@form]) for 1 .. 2 },
        'change.failed current ivan', 'change.failed limit ivan');
    $walk->reconf($conf);
    return;
}

# --- what it does not tell ----------------------------------------------------------

# Lines without what differs from one to the next.
sub plain { return map { s/"time":"[^"]*"//r =~ s/"job":"\w*"//r } @_ }

sub alike {
    my $walk = shift;
    my ($client, $audit, %line) = (browser($walk), audit($walk));
    for my $who (qw(ivan nobody)) {
        my $mark = $audit->mark;
        $client->post('/account/login', [login => $who, password => 'wrong']);
        $client->post('/account/login', [login => "$who\@example.org", password => 'wrong']);
        $client->post('/account/forgot', [email => "$who\@example.org"]);
        $walk->settle;
        $line{$who} = [plain(grep { !/"event":"(?:mail\.|forgot\.unknown)/ } $audit->raw($mark))];
    }
    is(scalar @{$line{ivan}}, 3, 'three lines');
    is_deeply($line{ivan}, $line{nobody}, 'the same for an account and for none');
    $seen{'login.failed'}++ if $line{ivan}[0] =~ /login\.failed/;
    return;
}

# --- hostile bytes --------------------------------------------------------------------

my @hostile = ('x","event":"login.ok","login":"root', "\x1B[31m\x07red", "\x{202E}gnp.exe", '\u0000\\"', DRAGON,
    "\xFF\xFE\xC3", "a\tb\x7F\x{85}", '%s%n$(x)`x`', 'x' x 4000, '{"a":', '","address":"10.0.0.1');

sub hostile {
    my $walk = shift;
    my $audit = audit($walk);
    my $mark = $audit->mark;
    my $n = 0;
    for my $text (@hostile) {
        my $bytes = $text =~ /[^\x00-\xFF]/ ? encode_utf8($text) : $text;
        my @headers = (['User-Agent', $bytes], ['X-Forwarded-For', $bytes], ['Forwarded', "for=$bytes"]);
        my $client = $walk->client;
        $client->post($_, [login => $text, password => $text, email => $text, token => $text], headers => \@headers)
            for '/account/login', '/account/forgot', '/account/reset', '/account/notme';
        my ($login, $points) = (substr($text, 0, 180), $text =~ /[\x00-\x1F\x7F-\x9F\xFF]/);
        next if $points;
        $walk->add($login, email => 'h' . ++$n . '@example.org');
        my $r = $client->post('/account/login', [login => "h$n\@example.org", password => OLD], headers => \@headers);
        my ($event) = grep { $_ && $_->{event} eq 'login.ok' } reverse $audit->events($mark);
        is($event->{login}, $login, 'a login with odd characters is what it was') or diag $r->status;
    }
    $walk->settle;
    my @events = $audit->events($mark);
    is(scalar(grep { !$_ } @events), 0, 'each line is JSON');
    is(scalar(grep { $_->{address} ne '127.0.0.1' || ($_->{login} // '') eq 'root' } grep { $_ } @events), 0, 'none is forged');
    my ($long) = sort { length $b->{agent} <=> length $a->{agent} } grep { $_->{agent} } @events;
    is(length $long->{agent}, 200, 'an agent is cut');
    return;
}

# Many at once, from several processes, each with a long line.
sub crowd {
    my $walk = shift;
    my $audit = audit($walk);
    my $mark = $audit->mark;
    my $long = DRAGON x 20;
    my @post = map { ['/account/reset', [token => "x$_"], ['User-Agent', encode_utf8("$_ $long")]] } 1 .. MANY;
    my $answered = grep { $_->status == 422 } $walk->at_once(@post);
    my @numbers = sort { $a <=> $b } map { $_ && $_->{agent} =~ /^(\d+)/ ? $1 : 0 } $audit->events($mark);
    is_deeply([$answered, @numbers], [MANY, 1 .. MANY], 'lines of many at once do not mix');
    return;
}

sub documented {
    my $walk = shift;
    my $row = PWR::Audit::documented();
    # An operator's are in t/25-cli/audit.t, a hook's in t/40-mail/hook.t, that of
    # PwResetRehash in rehash.t.
    is_deeply([sort keys %seen], [grep { !/^(?:operator\.|hook\.|password\.rehashed$)/ } sort keys %$row],
        'every event of docs/audit.md came, and no other');
    is_deeply([audit($walk)->faults], [], 'and each line is as it says');
    my @secret = (OLD, NEW, values %{$walk->{secret} // {}});
    my $text = join "\n", audit($walk)->raw;
    is(scalar(grep { index($text, $_) >= 0 } @secret), 0, 'no password');
    unlike($text, qr/[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}/, 'no control string');
    my %control = ('{"time":"x"}' => 'an unknown event', 'x' => 'no JSON',
        '{"time":"2026-11-29T00:00:00.000Z","level":"info","event":"logout","why":"x"}' => 'an unknown field',
        '{"time":"2026-11-29T00:00:00.000Z","level":"warning","event":"logout"}' => 'another level',
        '{"time":"2026-11-29T00:00:00.000Z","level":"info","event":"logout","agent":"x","realm":"y"}' => qr/another order/);
    like((PWR::Audit::fault($row, $_))[0] // '', qr/^$control{$_}/, "control: $control{$_}") for sort keys %control;
    return;
}

each_database(sub {
    my $walk = shift;
    %seen = ();
    $walk->httpd->allow_log(qw(PWR0304 PWR0305 PWR0421));
    $walk->{id}{$_} = $walk->add($_) for qw(ivan olga);
    $walk->add('lena', email => undef);
    $walk->add($_, email => 'twins@example.org') for qw(castor pollux);
    subtest mails => sub { mails($walk) };
    subtest 'mail programs' => sub { mail_programs($walk) };
    subtest resets => sub { resets($walk) };
    subtest 'not me' => sub { not_me($walk) };
    subtest people => sub { people($walk) };
    subtest refusals => sub { refusals($walk) };
    subtest limits => sub { limits($walk) };
    subtest alike => sub { alike($walk) };
    subtest hostile => sub { hostile($walk) };
    subtest crowd => sub { crowd($walk) };
    subtest documented => sub { documented($walk) };
}, conf => $conf, threads => 16);
done_testing();
