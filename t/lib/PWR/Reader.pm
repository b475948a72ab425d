# SPDX-License-Identifier: Apache-2.0
# Programs that read the user table beside us: whoever recovers his password on
# our pages gets in there, and no more with the old one.
#
#   my %row = (ivan => [$stored, qr/what keep makes of it/], ...);
#   follows('Dovecot', $walk, \%row, sub { my ($login, $password) = @_; ... });
#
# The control: the reader takes OLD before, so it does read this table.
package PWR::Reader;
use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
use PWR::Package;
use PWR::Walk;
use Test::More;

our @EXPORT = qw(follows php said_by);

sub follows {
    my ($reader, $walk, $rows, $lets_in) = @_;
    for my $login (sort keys %$rows) {
        my ($stored, $wanted) = @{$rows->{$login}};
        my $name = "$reader, $login";
        $walk->add($login, password => $stored);
        ok($lets_in->($login, OLD), "$name: the old password gets in before");
        ok(!$lets_in->($login, NEW), "$name: the new one does not");
        my %string = $walk->strings($login);
        my $r = $walk->client->post('/account/reset', [token => $string{$login}, password => NEW, confirm => NEW]);
        is($r->status, 303, "$name: recovered");
        like($walk->stored($login), $wanted, "$name: and written so");
        ok($lets_in->($login, NEW), "$name: the new password gets in");
        ok(!$lets_in->($login, OLD), "$name: the old one no longer does");
        is($walk->who($walk->signed_in($login, NEW)), $login, "$name: here, too");
    }
    return;
}

# What a program says to what it is given on standard input.
sub said_by {
    my ($input, @command) = @_;
    utf8::encode($input) if utf8::is_utf8($input);
    open my $in, '+>', undef or die "a temporary file: $!\n";
    print {$in} $input;
    seek $in, 0, 0;
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<&', $in or die "stdin: $!\n";
        { exec @command }
        POSIX::_exit(127);
    }
    my $said = do { local $/; <$out> } // '';
    close $out or die "$command[0]: exit status $?: $said\n";
    return $said;
}

# PHP's command-line program, unpacked: a function that runs code with what it
# is given on standard input and returns what it says; or a problem.
sub php {
    my $package = PWR::Package->behind('php-cli');
    return (undef, $package->problem) if $package->problem;
    my ($program) = grep { -x } glob $package->folder . '/usr/bin/php*';
    my @libraries = $package->library_folders;
    return sub {
        my ($code, $input, @arguments) = @_;
        local $ENV{LD_LIBRARY_PATH} = join ':', grep { length } @libraries, $ENV{LD_LIBRARY_PATH} // '';
        return $package && said_by($input, $program, '-n', '-r', $code, '--', @arguments);
    };
}

1;
