#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Figures: a million requests for all that we serve leave memory flat: what all
# processes of httpd take together after them is within three per cent of what it
# was after the first hundred thousand.  No process ends in between.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Jobs;
use PWR::Load;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant {STEP => $ENV{PWR_MEMORY_STEP} // 100_000, STEPS => 10, CLIENTS => 16, MOST => 1.03, KB_OF_MB => 1024};

# As many children from the first moment on as ever, and few connections to the
# database: each has every statement soon.  A log of a million lines would be
# another test.
my $walk = PWR::Walk->new('mysql', children => 2, threads => 16, conf => "CustomLog /dev/null combined\n"
    . "PwResetSessionIdle 12h", global => <<'CONF');
ServerLimit 2
StartServers 2
MaxRequestWorkers 32
MinSpareThreads 1
MaxSpareThreads 32
MaxConnectionsPerChild 0
LogLevel pwreset:notice
PwResetHashGate 2 64
CONF
# (With so few connections a mail's last statement may find none free.)
my $httpd = $walk->httpd->allow_log(qw(AH00484 PWR0302 PWR0304));
$walk->add($_) for qw(ivan olga);
my $load = PWR::Load->new($httpd);

my $cookies = $walk->signed_in('ivan')->cookies;
my $signed_in = {Cookie => join '; ', map { "$_=$cookies->{$_}" } sort keys %$cookies};
my %string = $walk->strings('olga');

# How often each is asked for.
my @mix = (
    [12, 'GET /'], [12, ['GET /portal/', $signed_in]], [4, 'GET /portal/'], [4, 'GET /account/forgot?lang=ru'],
    [4, 'GET /account/login'], [2, 'GET /account/nothing'], [4, 'GET /account/assets/pwreset.css'],
    [2, ['GET /account/change', $signed_in]], [2, ['GET /account/sessions', $signed_in]],
    [4, "GET /account/reset?token=$string{olga}"], [4, 'GET /account/reset?token=' . '0' x 28],
    [1, ['POST /account/forgot', email => 'ivan@example.org']], [1, ['POST /account/forgot', email => 'no address']],
    [1, ['POST /account/reset', token => $string{olga}, password => 'short', confirm => 'short']],
    [1, ['POST /account/reset', token => '0' x 28, password => NEW, confirm => NEW]],
    [1, ['POST /account/login', login => 'ivan', password => 'wrong']],
    [1, ['POST /account/login', login => 'nobodyXXXXX', password => NEW]],
    [1, ['POST /account/login', login => 'olga', password => OLD]],
);
my ($done, %answered) = (0);
my @scripts = map { my ($n, $request) = @$_; ($load->script($request)) x $n } @mix;

# What the processes take together, in MB, by the kernel's names.  The part of a
# mapped file depends on who else on this host maps it, so it is told and not
# judged.
sub memory {
    my %mb = map { $_ => 0 } qw(Pss Pss_Anon Pss_File Pss_Shmem);
    for my $pid ($httpd->pid, $httpd->children) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or die "smaps_rollup of $pid: $!\n";
        for (<$in>) {
            $mb{$1} += $2 / KB_OF_MB if /^(Pss\w*):\s+(\d+) kB/ && exists $mb{$1};
        }
    }
    return \%mb;
}

# So many requests more, and what memory is taken when all is done.
sub after {
    my $n = shift;
    my $begin = time;
    my $answers = $load->mix(CLIENTS, $n, @scripts)->();
    $answered{$_} += $answers->{$_} for keys %$answers;
    $walk->sql('UPDATE pwreset_job SET lease_until = 0');
    hurry($walk);
    $walk->settle;
    $walk->sql('DELETE FROM pwreset_session WHERE login = ?', 'olga');
    $done += $n;
    my $mb = memory();
    note(sprintf 'figure: memory after %d requests: %.2f MB (private %.2f, shared %.2f, files %.2f); %.0f requests a second',
        $done, @$mb{qw(Pss Pss_Anon Pss_Shmem Pss_File)}, $n / (time - $begin));
    return $mb->{Pss} - $mb->{Pss_File};
}

plan skip_all => 'the kernel has no smaps_rollup' if !-e '/proc/self/smaps_rollup';
my @children = $httpd->children;
my @mb = map { after(STEP) } 1 .. STEPS;
my $answers = join ', ', map { "$answered{$_} times $_" } sort keys %answered;
note("figure: memory: the answers: $answers");
is_deeply([grep { !/^(?:200|303|401|404|410|422|503|again)$/ } keys %answered], [], 'all requests were answered');
is_deeply([$httpd->children], \@children, 'by the same processes from beginning to end');
cmp_ok($mb[-1], '<=', MOST * $mb[0], sprintf 'memory is flat: %.1f %%', 100 * $mb[-1] / $mb[0]);
$httpd->done;
done_testing();
