# SPDX-License-Identifier: Apache-2.0
# What a stranger with a clock or a crowd finds out (t/30-http/load.c).
#
#   my $load = PWR::Load->new($httpd);
#   my $get = $load->script('GET /account/forgot');
#   my $post = $load->script(['POST /account/login', login => 'x', password => 'y'], ...);
#   my $odd = $load->script(['GET /', {'X-Header' => 1}]);
#   my ($a, $b) = $load->times(2000, $get, $post);  # of microseconds
#   ($a, $b) = $load->visit(2000, $get, $post);     # all on one connection
#   $load->in_turn($many, $others);                 # each script once, all on one connection
#   $load->statuses;                                # '200'
#   my $flood = $load->flood(64, 3000, $post);      # in the background
#   my $n = $flood->();                             # {503 => 100}, once it is over
#   my $mix = $load->mix(16, 100_000, $get, $get, $post);   # browsers, in the background
#   $load->stop;                                    # the mix ends before its time
#   $n = $mix->();                                  # {200 => 99_000, 303 => 1000, again => 3}
#   welch($a, $b); percentile(0.99, @$a);
package PWR::Load;
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use List::Util qw(sum);
use PWR::Client;

our @EXPORT_OK = qw(welch percentile);

my $top = abs_path(dirname(__FILE__) . '/../../..');

sub new {
    my ($class, $httpd) = @_;
    return bless {httpd => $httpd, dir => tempdir(CLEANUP => 1), scripts => 0}, $class;
}

sub _bytes {
    my ($line, @form) = ref $_[0] ? @{$_[0]} : $_[0];
    my $headers = ref $form[0] ? shift @form : {};
    my $body = @form ? PWR::Client::form_encode(@form) : '';
    my @form_headers = @form ? ('Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $body) : ();
    my @more = map { "$_: $headers->{$_}" } sort keys %$headers;
    return join("\r\n", "$line HTTP/1.1", 'Host: x', @more, @form_headers, '', $body) . "\0";
}

# Requests for one connection; the last one is what is measured.  XXXXX becomes a
# number that is another each time.
sub script {
    my ($self, @requests) = @_;
    my $path = "$self->{dir}/script" . $self->{scripts}++;
    open my $out, '>:raw', $path or die "$path: $!\n";
    print {$out} map { _bytes($_) } @requests;
    close $out or die "$path: $!\n";
    return $path;
}

sub _open {
    my ($self, @words) = @_;
    my $program = ($ENV{PWR_BUILD} || "$top/build") . '/t/30-http/load';
    $self->{pid} = open my $out, '-|', $program, splice(@words, 0, 1), $self->{httpd}->port, @words or die "$program: $!\n";
    return $out;
}

# Two lists of microseconds, of requests in random order.
sub times { my ($self, @words) = @_; return $self->_compare('time', @words) }
sub visit { my ($self, @words) = @_; return $self->_compare('visit', @words) }
sub in_turn { my ($self, @scripts) = @_; return $self->_compare('turn', 1, @scripts) }

sub _compare {
    my ($self, @words) = @_;
    my @times = ([], []);
    my $out = $self->_open(@words);
    $self->{statuses} = {};
    while (my $line = <$out>) {
        my ($sort, $usec, $status) = split ' ', $line;
        push @{$times[$sort]}, $usec;
        $self->{statuses}{$status}++;
    }
    close $out or die "load: exit status $?\n";
    return @times;
}

# What the last ones were answered: '200', or '200 503'.
sub statuses { return join ' ', sort keys %{$_[0]{statuses}} }

# Begin a flood, or a mix; returns what waits for its end.
sub flood { my ($self, @words) = @_; return $self->_begin('flood', @words) }
sub mix { my ($self, @words) = @_; return $self->_begin('mix', @words) }
sub stop { return kill TERM => $_[0]{pid} }

sub _begin {
    my ($self, @words) = @_;
    my $out = $self->_open(@words);
    return sub {
        my %n = map { split } <$out>;
        close $out or die "load: exit status $?\n";
        return \%n;
    };
}

sub percentile {
    my ($part, @values) = @_;
    return (sort { $a <=> $b } @values)[$part * $#values];
}

# Welch's t of two lists.  The slowest tenth of both is left out: what the machine
# did besides is no leak, and hides one.
sub welch {
    my @kept = map { my $most = percentile(0.9, map { @$_ } @_); [grep { $_ <= $most } @$_] } @_;
    my @mean = map { sum(@$_) / @$_ } @kept;
    my @part = map { my ($list, $mean) = ($kept[$_], $mean[$_]); sum(map { ($_ - $mean)**2 } @$list)
        / (@$list - 1) / @$list } 0, 1;
    return ($mean[1] - $mean[0]) / sqrt(sum(@part) || 1);
}

1;
