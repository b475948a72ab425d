# SPDX-License-Identifier: Apache-2.0
# Restarts, stops and upgrades under load: what clients and mailboxes see of it.
#
#   my $walk = restarting_walk();
#   restarts($walk, people => 30, clients => 4, times => 5);
#   stops($walk, 20);
#   upgrades($walk, $other);            # another build of the module
#
# PWR::Walk's httpd loads a copy of the module, which can be replaced.
package PWR::Restarts;
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use POSIX ();
use PWR::Crowd;
use PWR::Jobs;
use PWR::Load;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(restarting_walk restarts stops upgrades this_build);

# A child's first connection to the database may take longer than a request waits
# for it, on a machine that others share.
use constant {BROWSERS => 4, FOR_EVER => 1_000_000_000, SLOW_SEC => 0.3, IN_FLIGHT_SEC => 0.1, REFUSED_PART => 0.02};

# A quarter of a second and more of a processor.
use constant SLOW_SALT => '$2y$12$abcdefghijklmnopqrstuu';

my $top = abs_path(dirname(__FILE__) . '/../../..');
my $folder = tempdir(CLEANUP => 1);

my $conf = BY_RECIPIENT . <<'CONF';

PwResetStatus On
<Location "/pwreset-status">
    SetHandler pwreset-status
    Require local
</Location>
CONF

# Room for all, and for children that are leaving.
my $global = <<'CONF';
ServerLimit 16
MaxRequestWorkers 16
<IfModule !mpm_prefork_module>
    MaxRequestWorkers 128
</IfModule>
PwResetHashGate 2 64
DBDKeep 8
DBDMax 8
CONF

sub this_build { return ($ENV{PWR_BUILD} || "$top/build") . '/.libs/mod_pwreset.so' }

# As installers do it: a new file takes the old one's name.
sub _install {
    my $build = shift;
    copy($build, "$folder/new.so") or die "$build: $!\n";
    rename "$folder/new.so", "$folder/mod_pwreset.so" or die "mod_pwreset.so: $!\n";
    return;
}

sub restarting_walk {
    _install(this_build());
    my $walk = PWR::Walk->new('mysql', module => "$folder/mod_pwreset.so", conf => $conf, global => $global);
    $walk->add('ivan');
    $walk->add('slow', password => crypt OLD, SLOW_SALT);
    return $walk;
}

# What all sorts of visitors ask for, one of them signed in.
sub _mix {
    my ($walk, $load) = @_;
    my $cookies = $walk->signed_in('ivan')->cookies;
    my $signed_in = {Cookie => join '; ', map { "$_=$cookies->{$_}" } sort keys %$cookies};
    my @scripts = map { $load->script($_) } 'GET /', 'GET /account/forgot', 'GET /account/login', ['GET /portal/', $signed_in],
        'GET /account/reset?token=' . '0' x 28, ['POST /account/forgot', email => 'no address'],
        map { ['POST /account/login', login => 'ivan', password => $_] } OLD, 'wrong';
    return $load->mix(BROWSERS, FOR_EVER, @scripts);
}

# Each request is answered, with what it asks for or that the machine has too
# much to do.
sub _is_answered {
    my ($n, $name) = @_;
    my %may = map { $_ => 1 } qw(200 303 410 422 503 again);
    return is_deeply({map { $may{$_} ? () : ($_ => $n->{$_}) } keys %$n}, {}, "$name: no request failed");
}

# A graceful restart each second, while browsers come and people recover their
# accounts.
sub restarts {
    my ($walk, %option) = @_;
    my $httpd = $walk->httpd;
    my $load = PWR::Load->new($httpd);
    my $mix = _mix($walk, $load);
    my $crowd = PWR::Crowd->new($walk, people => $option{people}, clients => $option{clients}, patient => 0)->start;
    my ($begin, $times) = (time, 0);
    while (!$crowd->is_over || $times < $option{times}) {
        my $next = time + 1;
        $httpd->graceful;
        $times++;
        sleep $next - time if time < $next;
    }
    my $sec = time - $begin;
    $load->stop;
    my $n = $mix->();
    my $again = delete $n->{again};
    my $requests = 0;
    $requests += $_ for values %$n;
    _is_answered($n, 'browsers');
    $crowd->settle;
    my $m = $crowd->judge;
    my $unanswered = ($n->{0} // 0) + $m->{unanswered};
    my $refused = ($n->{503} // 0) + $m->{refused};
    is($m->{unanswered}, 0, 'nor did one of those who recover');
    cmp_ok($refused, '<=', REFUSED_PART * $requests, "hardly anybody was told to come again ($refused of $requests)");
    note(sprintf 'figure: %d graceful restarts in %d s under load: %d requests, %d failed, %d were told to come again (503), '
        . '%d GETs were sent again as their connection was closed; %d mails, %d duplicates, %d lost', $times, $sec,
        $requests + $m->{requests}, $unanswered, $refused, $again, @$m{qw(mails copies lost)});
    return;
}

# Aside: what those are answered who sign in while httpd is told to stop.
sub _in_flight {
    my $walk = shift;
    my $pid = open(my $said, '-|') // die "fork: $!\n";
    return $said if $pid;
    my @posts = map { ['/account/login', [login => 'slow', password => $_]] } OLD, 'wrong';
    print join ' ', map { $_->status } $walk->at_once(@posts);
    close STDOUT;
    POSIX::_exit(0);
}

# Stopped with jobs in flight, and started again: each mail comes, and is whole.
sub stops {
    my ($walk, $people) = @_;
    my $httpd = $walk->httpd;
    for my $signal (qw(TERM WINCH)) {
        my @logins = map { lc($signal) . $_ } 1 .. $people;
        my %box = mailboxes($httpd, @logins);
        $walk->add($_) for @logins;
        $box{$_}->mode('slow ' . SLOW_SEC) for @logins;
        ask($walk, "$_\@example.org") for @logins;
        ok(until_true(sub { grep { $_->runs } values %box }), "$signal: the first mails are on their way");
        my $said = _in_flight($walk);
        sleep IN_FLIGHT_SEC;
        ok($httpd->stop($signal), "$signal: httpd stops");
        is(<$said>, '303 422', "$signal: whoever was there already is answered") if $signal eq 'WINCH';
        my $left = jobs($walk);
        SKIP: {
            skip 'prefork: whichever child is last goes on with the mails', 1 if $signal eq 'WINCH' && $httpd->mpm eq 'prefork';
            cmp_ok($left, '>', 0, "$signal: jobs are left");
        }
        is(scalar(grep { $_->{lease_until} } jobs($walk)), 0, "$signal: nobody holds one");
        $httpd->start;
        hurry($walk);
        my @mails = map { $box{$_}->next } @logins;
        is(scalar(grep { $_ } @mails), $people, "$signal: all mails come");
        is(scalar(grep { $_ && !PWR::Crowd::is_whole($_) } @mails), 0, "$signal: none is half");
        ok(until_true(sub { !jobs($walk) }), "$signal: no job is left");
        note("figure: $signal with $people mails on their way: $left were left for the next start, none lost");
    }
    return;
}

# One signs in, one does not and one gets a mail; how many of the first and the
# second the memory knows of.
sub _one_more {
    my ($walk, $name) = @_;
    is($walk->who($walk->signed_in('ivan')), 'ivan', "$name: one signs in");
    is($walk->client->post('/account/login', [login => 'ivan', password => NEW])->status, 422, "$name: one does not");
    my %string = $walk->strings('ivan');
    ok($string{ivan}, "$name: a mail comes");
    $walk->sql('UPDATE pwreset_token SET spent_at = 1');
    my $realm = decode_json($walk->client->get('/pwreset-status?json')->body)->{realms}[0];
    return @$realm{qw(logins_ok logins_failed)};
}

# A restart finds the memory of before, under the same build of the module; under
# another it begins anew, and coming back finds what was left.
sub upgrades {
    my ($walk, $other) = @_;
    my $httpd = $walk->httpd;
    $walk->reconf($conf =~ s/^PwResetSendmail.*//r);
    my $load = PWR::Load->new($httpd);
    my @before = _one_more($walk, 'this build');
    my @steps = (['a copy of it', this_build(), map { $_ + 1 } @before], ['another build', $other, 1, 1],
        ['once more', $other, 2, 2], ['back again', this_build(), map { $_ + 2 } @before]);
    for my $step (@steps) {
        my ($name, $build, @count) = @$step;
        my $mix = $load->mix(BROWSERS, FOR_EVER, map { $load->script("GET $_") } '/', '/account/login', '/account/forgot');
        _install($build);
        $httpd->graceful;
        is_deeply([_one_more($walk, $name)], \@count, "$name: what it remembers");
        $load->stop;
        _is_answered($mix->(), $name);
    }
    return;
}

1;
