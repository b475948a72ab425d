#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Threads of one child under ThreadSanitizer, while people sign in rightly and
# wrongly, use their sessions, change passwords and ask for mails: the gate, the
# limits, the session cache, the delays, the worker.
#
# The module alone is instrumented.  libtsan is loaded before httpd and sees all
# locks and threads; of libraries it believes the accesses (they have proofs of
# their own), and atomics.c shows it by what httpd hands pools to other threads.
# Without that it would take every reuse of memory for a race.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use POSIX ();
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant {LOAD_SEC => 12, PEOPLE => 4};

plan skip_all => 'the sanitizers exclude each other' if $ENV{PWR_ASAN};

my $library = qx(gcc -print-file-name=libtsan.so);
chomp $library;
plan skip_all => 'gcc has no libtsan' if !-e $library;

my $folder = tempdir(CLEANUP => 1);
chmod 0755, $folder;

# Build into `$build`; what was said is shown when it fails.
sub built {
    my ($name, $command) = @_;
    my $said = `($command) 2>&1`;
    return ok($? == 0, $name) || diag(substr $said, -3000);
}

# One person's day, again and again; true when every answer was one of those
# that can come.
sub live {
    my ($walk, $login) = @_;
    my ($until, $password, $next, $wrong) = (time + LOAD_SEC, OLD, NEW, 0);
    my %may = map { $_ => 1 } qw(200 303 422 429 503);
    while (time < $until) {
        my $browser = $walk->client;
        my @answers = ($browser->post('/account/login', [login => $login, password => "not $password"]),
            $browser->post('/account/login', [login => $login, password => $password]),
            (map { $browser->get('/portal/') } 1 .. 4),
            $browser->post('/account/change', [current => $password, password => $next, confirm => $next]));
        ($password, $next) = ($next, $password) if $answers[-1]->status == 303;
        push @answers, $browser->get('/portal/'), $browser->post('/account/forgot', [email => "$login\@example.org"]),
            $browser->post('/account/logout', []);
        $wrong += grep { !$may{$_->status} } @answers;
    }
    return !$wrong;
}

# All of them at once, each a process of its own.
sub crowd {
    my $walk = shift;
    my @pids = map {
        my $login = "person$_";
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            POSIX::_exit(eval { live($walk, $login) } ? 0 : 1);
        }
        $pid
    } 1 .. PEOPLE;
    return !grep { waitpid $_, 0; $? } @pids;
}

# Run httpd with the module of `$build`; returns ThreadSanitizer's reports.
sub reports {
    my ($build, $mpm) = @_;
    my $reports = "$folder/reports-$mpm";
    mkdir $reports;
    chmod 01777, $reports;
    local $ENV{PWR_BUILD} = $build;
    my %env = (LD_PRELOAD => "$library $folder/atomics.so",
        TSAN_OPTIONS => "exitcode=0 ignore_noninstrumented_modules=1 log_path=$reports/tsan");
    my $walk = PWR::Walk->new('mysql', mpm => $mpm, children => 1, threads => 16, stop_sec => 40, env => \%env,
        conf => join "\n", map { "PwResetLimit $_ 1000/1s" } qw(forgot-client login-client login-account change-account));
    $walk->add("person$_") for 1 .. PEOPLE;
    ok(crowd($walk), "$mpm: every answer is one of ours");
    $walk->settle;
    $walk->httpd->done;
    return join '', map { slurp($_) } sort glob "$reports/*";
}

my ($top, $build) = (top(), build() . '/tsan');
my $configure = "test -e Makefile || '$top/configure' -q --enable-tsan";
built('the module is built', "mkdir -p '$build' && cd '$build' && ($configure) && make -s") or BAIL_OUT('no build');
my $flags = '-std=gnu11 -shared -fPIC -fsanitize=thread $(apr-1-config --includes --cppflags)';
built('APR\'s atomics are built', "gcc $flags -o '$folder/atomics.so' '$FindBin::Bin/atomics.c'");

for my $mpm (qw(event worker)) {
    my $said = reports($build, $mpm);
    is($said =~ /WARNING: ThreadSanitizer/, '', "$mpm: no race") or diag(substr $said, 0, 6000);
}

# The control: the gate without its lock.
my $planted = "$folder/planted";
my $gate = slurp("$top/mod_pwreset/httpd/gate.c");
my $unlocked = $gate =~ s/\b(?:pwr_shared_lock|pthread_mutex_unlock)\(&gate->lock\)/(void)0/gr;
isnt($unlocked, $gate, 'control: the lock is taken out');
built('control: and the module built', "cp -a '$build' '$planted' && mkdir -p '$planted/mod_pwreset/httpd'");
open my $out, '>', "$planted/mod_pwreset/httpd/gate.c" or die "gate.c: $!\n";
print {$out} $unlocked;
close $out or die "gate.c: $!\n";
built('control: it is built', "make -s -C '$planted' mod_pwreset.la");
like(reports($planted, 'worker'), qr/WARNING: ThreadSanitizer: data race.*pwr_gate_/s, 'control: that is found');
done_testing();
