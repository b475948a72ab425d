#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Several nodes: two httpds behind HAProxy, on a MariaDB Galera cluster of three,
# with the configuration that is shipped (docs/operations.md).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(max sum);
use PWR::Galera;
use PWR::HAProxy;
use PWR::Recovery;
use PWR::TLS;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {RIVALS => 200, BATCH => 20, RECOVERIES => 200, PEOPLE => 20, GUESTS => 60, HOSTS => 4, BUSY => 3, LAG_SEC => 0.4,
    TIDY_SEC => 150, SERVED => 20, CUT_SEC => 30, SOON_SEC => 4};

my $missing = PWR::Galera::missing() // PWR::HAProxy::missing();
plan skip_all => $missing if $missing;

my $tls = PWR::TLS->new;
my $cluster = PWR::Galera->new;
my $haproxy = PWR::HAProxy->new(tls => $tls);
$cluster->node(1)->dbh->do(q(CREATE USER haproxy@'%'));

# Each has a database node of its own; all mails lie in the first one's folder.
sub options {
    my ($n, $maildir) = @_;
    my $params = $cluster->node($n)->params(port => $haproxy->database_port($n));
    return (modules => ['remoteip'], threads => 16, global => "DBDParams \"$params\"", conf => join "\n",
        'PwResetPublicURL ' . $haproxy->url, "PwResetSendmail \"\${SENDMAIL}\" \"$maildir\"", 'PwResetMailTimeout 5',
        'RemoteIPHeader X-Forwarded-For', 'RemoteIPInternalProxy 127.0.0.1', "Header always set X-Node web$n");
}

my $walk = PWR::Walk->new('mysql', db => $cluster->node(1), start => 0, options(1, '${MAILDIR}'));
my @web = (undef, $walk->httpd,
    PWR::Httpd->new(database => $cluster->node(2), options(2, $walk->httpd->maildir)));
my @of_failures = qw(AH00098 AH00629 AH00639 AH02655 PWR0021 PWR0024 PWR0200 PWR0201 PWR0202 PWR0203 PWR0216 PWR0217 PWR0302
    PWR0304);
$_->allow_log(@of_failures) for @web[1, 2];
$haproxy->start(web => [map { $_->port } @web[1, 2]], database => [map { $_->port } $cluster->nodes]);

sub figure { return note('figure: galera: ' . join ' ', @_) }

sub start_web {
    for my $httpd (@web[1, 2]) {
        $httpd->stop;
        $httpd->start;
    }
    ok($haproxy->await("web/web$_", 'UP'), "haproxy sees web$_") for 1, 2;
    ok($haproxy->await("database-of-web$_/db$_", 'UP'), "and its database") for 1, 2;
    return;
}

# --- one recovery, each request on another node ----------------------------------

# What a node that has not applied it shows, with and without the option.
sub lag_control {
    my ($writer, $reader) = map { $cluster->node($_)->dbh } 1, 2;
    $writer->do(q(CREATE TABLE probe (id INT PRIMARY KEY, n INT)));
    $writer->do(q(INSERT INTO probe VALUES (1, 0)));
    $reader->do('SET SESSION wsrep_sync_wait = 3');
    is(($reader->selectrow_array('SELECT n FROM probe'))[0], 0, 'both nodes have a row');
    $cluster->node(2)->lag;
    $writer->do('UPDATE probe SET n = 1');
    $reader->do('SET SESSION wsrep_sync_wait = 0');
    is(($reader->selectrow_array('SELECT n FROM probe'))[0], 0, 'control: without wsrep_sync_wait the other has the old one');
    $reader->do('SET SESSION wsrep_sync_wait = 3');
    $cluster->node(2)->catch_up(LAG_SEC);
    my $began = time;
    is(($reader->selectrow_array('SELECT n FROM probe'))[0], 1, 'with it the new one');
    cmp_ok(time - $began, '>=', LAG_SEC / 2, 'for which it waits');
    $writer->do('DROP TABLE probe');
    return;
}

# The steps of a recovery: what is asked, and what makes it good.
sub steps {
    my ($login, $mail) = @_;
    my $email = "$login\@example.org";
    return (
        [forgot => sub { $_[0]->post('/account/forgot', [email => $email]) }, 200],
        [link => sub { $_[0]->get($$mail->link =~ s{^https://[^/]*}{}r) }, 200],
        [reset => sub {
            $_[0]->post('/account/reset', [token => $$mail->token, password => NEW, confirm => NEW]) }, 303],
        [login => sub { $_[0]->post('/account/login', [login => $login, password => NEW]) }, 303],
        [portal => sub { $_[0]->get('/portal/') }, 200],
    );
}

# Each step is asked of the node that lags since before the last one, while the
# other begins to, once the mail is there.  Returns [step, node, status, seconds], ... up to a failure.
sub recover {
    my $login = shift;
    my $mail;
    my $browser = PWR::Client->new(url => $haproxy->url, ca => $tls->ca);
    my ($n) = $browser->get('/account/forgot')->header('X-Node') =~ /(\d)/;
    my @seen;
    for my $step (steps($login, \$mail)) {
        my ($name, $ask, $status) = @$step;
        $n = 3 - $n;
        $mail = $walk->mail_to("$login\@example.org") if $name eq 'link';
        $cluster->node(3 - $n)->lag;
        $cluster->node($n)->catch_up(LAG_SEC);
        my $began = time;
        my $r = $ask->($browser);
        push @seen, [$name, $r->header('X-Node') // '?', $r->status, time - $began];
        last if $r->status != $status;
    }
    $_->catch_up(0) for $cluster->nodes;
    return @seen;
}

# Where somebody asks for it at one node, and goes on at the other.
sub walk_over {
    $walk->add($_) for qw(walker lost);
    my @seen = recover('walker');
    is_deeply([map { "$_->[0] $_->[2]" } @seen], ['forgot 200', 'link 200', 'reset 303', 'login 303', 'portal 200'],
        'a recovery, each request on another node than the one before');
    is(scalar(grep { $seen[$_][1] eq $seen[$_ - 1][1] } 1 .. $#seen), 0, 'so it was');
    cmp_ok($_->[3], '>=', LAG_SEC / 2, "$_->[0] waited for what was not applied") for @seen[1, 3];
    figure('walk, s a step while its node lags ' . LAG_SEC, '=', join ' ', map { sprintf '%s %.2f', @$_[0, 3] } @seen);

    $_->sync_wait(0) for map { $cluster->node($_) } 1, 2;
    start_web();
    @seen = recover('lost');
    is_deeply([map { "$_->[0] $_->[2]" } @seen], ['forgot 200', 'link 410'], 'control: without wsrep_sync_wait it ends soon');
    $_->sync_wait(3) for map { $cluster->node($_) } 1, 2;
    start_web();
    return;
}

# --- one string, two nodes -------------------------------------------------------

sub count_all { my $name = shift; return sum(map { $_->status($name) } $cluster->nodes) }

# Posts of one string at both nodes, with passwords of their own: (statuses, who
# won, whose password is stored).
sub rivalry {
    my ($login, $string) = @_;
    my @passwords = map { NEW . " $_" } 1, 2;
    my @answers = PWR::Client::at_once(map {
        my $password = $passwords[$_ - 1];
        [$web[$_]->client, '/account/reset', [token => $string, password => $password, confirm => $password]];
    } 1, 2);
    my @status = map { $_->status } @answers;
    return (join(' ', sort @status), (grep { $status[$_ - 1] == 303 } 1, 2)[0] // 0,
        (grep { $walk->works($login, $passwords[$_ - 1]) } 1, 2)[0] // 0);
}

sub rivals {
    my @logins = map { "rival$_" } 1 .. RIVALS;
    my %before = map { $_ => count_all($_) } my @counts = qw(wsrep_local_cert_failures wsrep_local_bf_aborts);
    my (%outcome, %winner, @wrong);
    while (my @batch = splice @logins, 0, BATCH) {
        $walk->add($_) for @batch;
        my %string = $walk->strings(@batch);
        for my $login (@batch) {
            my ($statuses, $winner, $stored) = rivalry($login, $string{$login});
            $outcome{$statuses}++;
            $winner{$winner}++;
            push @wrong, "$login: $statuses, won by $winner, stored $stored" if $winner != $stored;
        }
    }
    is_deeply(\%outcome, {'303 410' => RIVALS}, 'a string posted at both nodes at once: one wins, one is told so');
    is_deeply(\@wrong, [], 'and the password is the winner\'s');
    my %met = map { $_ => count_all($_) - $before{$_} } @counts;
    cmp_ok($met{wsrep_local_cert_failures}, '>', 0, 'transactions failed at COMMIT, by certification');
    cmp_ok(scalar(keys %winner), '==', 2, 'and either node won at times');
    figure('one string at both nodes, times =', RIVALS);
    figure('of them won by', "web$_ =", $winner{$_} // 0) for 1, 2;
    figure("$_ =", $met{$_}) for @counts;
    return;
}

# --- a node that is cut off ------------------------------------------------------

# It lives and accepts connections, and refuses every statement.
sub cut_off {
    my ($node, $server) = ($cluster->node(1), 'database-of-web1/db1');
    my ($client, $began) = ($web[1]->client, time);
    my ($slowest, $served, %status) = (0, 0);
    $node->isolate(1);
    until ($served >= SERVED || time - $began > CUT_SEC) {
        my $asked = time;
        my $status = $client->post('/account/forgot', [email => 'nobody@example.org'])->status;
        $slowest = time - $asked if time - $asked > $slowest;
        $served = $status == 200 && $haproxy->stat($server, 'status') =~ /^DOWN/ ? $served + 1 : 0;
        $status{$status}++;
    }
    cmp_ok($served, '==', SERVED, 'its web server goes on with another one');
    is_deeply([grep { !/^(?:200|503)$/ } keys %status], [], 'and asked to try again until then');
    cmp_ok($slowest, '<', SOON_SEC, 'soon');
    figure('a database node is cut off: served again within, s =', sprintf '%.1f', time - $began);
    figure('slowest answer meanwhile, s =', sprintf '%.1f', $slowest);
    $node->isolate(0);
    ok($haproxy->await($server, 'UP'), 'it is taken back');
    is($client->post('/account/forgot', [email => 'nobody@example.org'])->status, 200, 'and serves');
    return;
}

# --- many people -----------------------------------------------------------------

sub storm {
    my ($logins, $people, $progress) = @_;
    return PWR::Recovery::run(logins => $logins, people => $people, folder => $walk->httpd->maildir,
        browser => sub { PWR::Client->new(url => $haproxy->url, ca => $tls->ca) }, progress => $progress);
}

# What they were refused with, by status: 0 is no answer.
sub again {
    my %again;
    for my $one (@_) {
        $again{$_} += $one->{again}{$_} for keys %{$one->{again}};
    }
    return \%again;
}

sub refused {
    my $n = shift;
    return 'requests asked again, by status = ' . (join(', ', map { "$_: $n->{$_}" } sort keys %$n) || 'none');
}

# --- each node is stopped and started --------------------------------------------

# As docs/operations.md says: out of HAProxy, another version, in again.
sub renew_web {
    my $n = shift;
    ok($haproxy->take_out("web/web$n", 'drain'), "web$n has nothing to do");
    ok($web[$n]->stop('WINCH'), 'and is stopped') && $web[$n]->start;
    return ok($haproxy->put_back("web/web$n"), 'and back');
}

sub renew_database {
    my $n = shift;
    ok($haproxy->take_out("database-of-web$_/db$n", 'maint'), "db$n has no connection of web$_") for 1, 2;
    $cluster->node($n)->stop;
    $cluster->node($n)->start;
    ok($haproxy->put_back("database-of-web$_/db$n"), 'and is back') for 1, 2;
    return;
}

sub upgrade {
    my @logins = map { "guest$_" } 1 .. GUESTS;
    $walk->add($_) for @logins;
    my @do = ((map { my $n = $_; sub { renew_web($n) } } 1, 2), map { my $n = $_; sub { renew_database($n) } } 1 .. 3);
    my @told = storm(\@logins, HOSTS, sub { my $act = shift @do; $act->() if $act });
    is(scalar @do, 0, 'each node was stopped and started');
    is_deeply([map { "$_->{login}: $_->{fault}" } grep { $_->{fault} } @told], [], 'everybody got in');
    my $again = again(@told);
    cmp_ok(sum(0, values %$again), '<=', BUSY, 'and as good as nobody was told to try again');
    figure('recoveries while each node was stopped and started =', GUESTS, refused($again));
    return;
}

# --- nodes that die --------------------------------------------------------------

sub reset_at_web1 {
    my ($mail, $password) = @_;
    my @form = (token => $mail->token, password => $password, confirm => $password);
    return $web[1]->client->post('/account/reset', \@form)->status;
}

# What becomes of all his strings, now that he has used one: what was in his
# mailbox before is dead, and a job that is done once more makes no other.  (The
# same password would be a double click.)
sub used_again { return map { reset_at_web1($_, NEW) } @_ }

# What the clients were told, and what lies in the mail folder.
sub judge {
    my ($told, $mails) = @_;
    my @answered = grep { $_->{answered} } @$told;
    my (@faults, @twice);
    for my $one (@answered) {
        my ($login, @mails) = ($one->{login}, @{$mails->{"$one->{login}\@example.org"} // []});
        push @faults, "$login: $one->{fault}" if $one->{fault};
        push @faults, "$login: no mail" if !@mails;
        push @faults, "$login: the password is not his" if !$walk->works($login, PWR::Recovery::password($login));
        my @again = used_again(@mails);
        push @twice, "$login: @again" if grep { $_ != 410 } @again;
    }
    is(scalar @answered, RECOVERIES, 'everybody was told that a mail comes');
    is_deeply(\@faults, [], 'got it, and its string worked');
    is_deeply(\@twice, [], 'no string works twice');
    return scalar @faults;
}

sub mails_by_recipient {
    my (%recover, %notice);
    for my $mail (grep { $_->to =~ /^person/ } PWR::Mailbox->new($walk->httpd->maildir)->unseen) {
        push @{($mail->token ? \%recover : \%notice)->{$mail->to}}, $mail;
    }
    return (\%recover, \%notice);
}

sub jobs_left { return $walk->value('SELECT COUNT(*) FROM pwreset_job') }

sub settle {
    my $until = time + TIDY_SEC;
    sleep 0.2 while jobs_left() && time < $until;
    return is(jobs_left(), 0, 'no job is left');
}

# The tables as a node has them.
sub tables {
    my $dbh = shift->dbh;
    $dbh->do('SET SESSION wsrep_sync_wait = 3');
    return {map { ($_->[0] => $_->[1]) } @{$dbh->selectall_arrayref('CHECKSUM TABLE '
        . join ', ', map { "pwreset_$_" } qw(user token session job device))}};
}

sub deaths {
    my @logins = map { "person$_" } 1 .. RECOVERIES;
    $walk->add($_) for @logins;
    ok($haproxy->await("database-of-web$_/db$_", 'UP'), "web$_ has its database") for 1, 2;
    my %do = (int(RECOVERIES / 4) => sub { $cluster->node(1)->kill }, int(RECOVERIES / 2) => sub { $web[2]->crash });
    my $began = time;
    my @told = storm(\@logins, PEOPLE, sub { my $act = delete $do{$_[0]}; $act->() if $act });
    my $sec = time - $began;
    is_deeply([keys %do], [], 'a database node and an httpd node were killed on the way');
    $cluster->node(1)->start;
    $web[2]->start;
    settle();
    my ($recover, $notice) = mails_by_recipient();
    my $lost = judge(\@told, $recover);
    is(scalar(grep { !$notice->{"$_\@example.org"} } @logins), 0, 'all are told that their password was changed');
    is_deeply(tables($_), tables($cluster->node(2)), 'each database node has the same') for $cluster->nodes;
    figure('recoveries while nodes die =', RECOVERIES, sprintf 'in %.0f s', $sec);
    figure(refused(again(@told)));
    figure('requests for a mail answered 200 =', sum(map { $_->{answered} } @told));
    figure('mails =', sum(map { scalar @$_ } values %$recover), 'notices =', sum(map { scalar @$_ } values %$notice));
    figure('slowest mail, s =', sprintf '%.0f', max(map { $_->{mail_sec} } @told));
    figure('slowest answer, s =', sprintf '%.1f', max(map { $_->{slow_sec} } @told));
    figure('lost =', $lost);
    return;
}

start_web();
subtest 'what lags' => \&lag_control;
subtest 'each request on another node' => \&walk_over;
subtest 'one string at both nodes' => \&rivals;
subtest 'a node is cut off' => \&cut_off;
subtest 'each node is stopped and started' => \&upgrade;
subtest 'nodes die' => \&deaths;
$web[2]->done;
$walk->httpd->done;
done_testing();
