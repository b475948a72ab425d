# SPDX-License-Identifier: Apache-2.0
# What httpd's processes take of memory while they are asked for all that we
# serve.
#
#   plan skip_all => 'the kernel has no smaps_rollup' if !PWR::Memory->can_tell;
#   my $memory = PWR::Memory->new;
#   my $mb = $memory->after(100_000);       # requests more; what all take then
#   $memory->done;                          # the answers, and the server log
package PWR::Memory;
use strict;
use warnings;
use PWR::Jobs;
use PWR::Load;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant {CLIENTS => 16, KB_OF_MB => 1024};

# As many children from the first moment on as ever, on prefork without our help.
# A log of a million lines would be another test.
my $conf = "CustomLog /dev/null combined\nPwResetSessionIdle 12h";
my $global = <<'CONF';
<IfModule !mpm_prefork_module>
    ServerLimit 2
    StartServers 2
    MaxRequestWorkers 32
    MinSpareThreads 1
    MaxSpareThreads 32
</IfModule>
MaxConnectionsPerChild 0
LogLevel pwreset:notice
PwResetHashGate 2 64
CONF

sub can_tell { return -e '/proc/self/smaps_rollup' }

# Few connections to the database: each has every statement soon.  With more of
# them (dbd_max) that takes so many requests more.
sub new {
    my ($class, %option) = @_;
    my $dbd = $option{dbd_max} ? "DBDKeep $option{dbd_max}\nDBDMax $option{dbd_max}\n" : '';
    my $walk = PWR::Walk->new('mysql', children => 2, threads => 16, conf => $conf, global => $global . $dbd);
    # (With so few connections a mail's last statement may find none free.)
    $walk->httpd->allow_log(qw(AH00484 PWR0302 PWR0304));
    $walk->add($_) for qw(ivan olga);
    my $self = bless {walk => $walk, load => PWR::Load->new($walk->httpd), children => [$walk->httpd->children],
        answered => {}, n => 0}, $class;
    $self->{scripts} = [$self->_scripts];
    return $self;
}

# How often each is asked for.
sub _scripts {
    my $self = shift;
    my ($walk, $load) = @$self{qw(walk load)};
    my $cookies = $walk->signed_in('ivan')->cookies;
    my $signed_in = {Cookie => join '; ', map { "$_=$cookies->{$_}" } sort keys %$cookies};
    my %string = $walk->strings('olga');
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
    return map { my ($n, $request) = @$_; ($load->script($request)) x $n } @mix;
}

# What the processes take together, in MB, by the kernel's names.  The part of a
# mapped file depends on who else on this host maps it, so it is told and not
# judged.
sub _taken {
    my $httpd = shift;
    my %mb = map { $_ => 0 } qw(Pss Pss_Anon Pss_File Pss_Shmem);
    for my $pid ($httpd->pid, $httpd->children) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or die "smaps_rollup of $pid: $!\n";
        for (<$in>) {
            $mb{$1} += $2 / KB_OF_MB if /^(Pss\w*):\s+(\d+) kB/ && exists $mb{$1};
        }
    }
    return \%mb;
}

sub _prepared {
    my $walk = shift;
    return $walk->value(q(SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
        WHERE VARIABLE_NAME = 'Prepared_stmt_count'));
}

# So many requests more, and what memory is taken when all is done.
sub after {
    my ($self, $n) = @_;
    my $walk = $self->{walk};
    my $begin = time;
    my $answers = $self->{load}->mix(CLIENTS, $n, @{$self->{scripts}})->();
    $self->{answered}{$_} += $answers->{$_} for keys %$answers;
    $walk->sql('UPDATE pwreset_job SET lease_until = 0');
    hurry($walk);
    $walk->settle;
    $walk->sql('DELETE FROM pwreset_session WHERE login = ?', 'olga');
    $self->{n} += $n;
    my $mb = _taken($walk->httpd);
    note(sprintf 'figure: memory after %d requests: %.2f MB (private %.2f, shared %.2f, files %.2f), %d statements prepared;'
        . ' %.0f requests a second', $self->{n}, @$mb{qw(Pss Pss_Anon Pss_Shmem Pss_File)}, _prepared($walk),
        $n / (time - $begin));
    return $mb->{Pss} - $mb->{Pss_File};
}

sub done {
    my $self = shift;
    my ($httpd, $answered) = ($self->{walk}->httpd, $self->{answered});
    note('figure: memory: the answers: ' . join ', ', map { "$answered->{$_} times $_" } sort keys %$answered);
    is_deeply([grep { !/^(?:200|303|401|404|410|422|503|again)$/ } keys %$answered], [], 'all requests were answered');
    is_deeply([$httpd->children], $self->{children}, 'by the same processes from beginning to end');
    $httpd->done;
    return;
}

1;
