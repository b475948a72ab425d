# SPDX-License-Identifier: Apache-2.0
# A certificate authority and a certificate for localhost, 127.0.0.1, ::1 and
# pwreset.test, in a temporary folder, made by the openssl command.
#
#   my $tls = PWR::TLS->new;
#   $tls->ca; $tls->certificate; $tls->key;     # PEM files
package PWR::TLS;
use strict;
use warnings;
use File::Temp qw(tempdir);
use POSIX ();

use constant NAMES => 'DNS:localhost,DNS:pwreset.test,IP:127.0.0.1,IP:::1';

sub new {
    my $class = shift;
    my $self = bless {dir => tempdir('pwr-tls-XXXXXX', TMPDIR => 1, CLEANUP => 1)}, $class;
    my @key = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes);
    $self->_write('names.cnf', "subjectAltName=@{[NAMES]}\nbasicConstraints=CA:FALSE\n");
    $self->_openssl(qw(req -x509 -days 2 -subj), '/CN=PWR test authority', @key,
        '-keyout', $self->_path('ca.key'), '-out', $self->ca);
    $self->_openssl(qw(req -subj /CN=localhost), @key,
        '-keyout', $self->key, '-out', $self->_path('request.pem'));
    $self->_openssl(qw(x509 -req -days 2 -CAcreateserial -in), $self->_path('request.pem'),
        '-CA', $self->ca, '-CAkey', $self->_path('ca.key'),
        '-extfile', $self->_path('names.cnf'), '-out', $self->certificate);
    return $self;
}

sub ca { return $_[0]->_path('ca.pem') }
sub certificate { return $_[0]->_path('certificate.pem') }
sub key { return $_[0]->_path('certificate.key') }
sub _path { return "$_[0]{dir}/$_[1]" }

sub _write {
    my ($self, $name, $text) = @_;
    open my $out, '>', $self->_path($name) or die "$name: $!\n";
    print {$out} $text;
    close $out or die "$name: $!\n";
    return;
}

# What openssl says is shown only when it fails.
sub _openssl {
    my ($self, @arguments) = @_;
    my $log = $self->_path('log');
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $log;
        open STDERR, '>&', \*STDOUT;
        { exec 'openssl', @arguments; }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return if $? == 0;
    open my $in, '<', $log or die "$log: $!\n";
    die "openssl @arguments:\n", <$in>;
}

1;
