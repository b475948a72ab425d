# SPDX-License-Identifier: Apache-2.0
# pwresetctl beside a running httpd, with that one's own configuration.
#
#   my ($status, $out, $err) = said($walk, 'why', 'ivan@example.org');
#   my $out = says($walk, 'name of the test', 75, qr/WAIT/, 'why', 'ivan@example.org');
package PWR::Operator;
use strict;
use warnings;
use Exporter qw(import);
use PWR::Ctl;
use Test::More;

our @EXPORT = qw(said says);

sub said {
    my ($walk, @arguments) = @_;
    local %ENV = $walk->httpd->ctl_env;
    my $file = $walk->httpd->root . '/said';
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $file or die "$file: $!";
        open STDERR, '>', "$file.err" or die "$file.err: $!";
        exec {PWR::Ctl->program} 'pwresetctl', '-c', $walk->httpd->conf_file, @arguments or exit 127;
    }
    waitpid $pid, 0;
    my $status = $? >> 8;
    return ($status, map { open my $in, '<', $_ or die "$_: $!"; local $/ = undef; <$in> // '' } $file, "$file.err");
}

# One test: the exit status, and words of what it said; returns its output.
sub says {
    my ($walk, $name, $status, $words, @arguments) = @_;
    my ($got, $out, $err) = said($walk, @arguments);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($got == $status && "$out$err" =~ $words, $name) or diag("exit status $got\n$out$err");
    return $out;
}

1;
