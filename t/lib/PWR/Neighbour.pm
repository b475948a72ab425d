# SPDX-License-Identifier: Apache-2.0
# A program of somebody else that runs beside httpd for a test, in the foreground
# and in a folder of its own: nginx, php-fpm.
#
#   my $folder = PWR::Neighbour::folder();
#   my $program = PWR::Neighbour->new(folder => $folder, command => [...],
#       libraries => [...],         # folders of an unpacked package
#       output => "$folder/log",    # else $folder/output
#       is_up => sub { -S "$folder/socket" });
#   $program->log;                  # its output
#   $program->stop;                 # or let go of it
package PWR::Neighbour;
use strict;
use warnings;
use File::Temp qw(tempdir);
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use Time::HiRes qw(sleep time);

use constant {START_SEC => 20, STOP_SEC => 10, POLL_SEC => 0.02};

my @live;

END { $_ && $_->stop for @live }

# One that httpd's children may enter.
sub folder {
    my $folder = tempdir('pwr-neighbour-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0755, $folder or die "$folder: $!\n";
    return $folder;
}

sub write {
    my ($folder, $name, $text) = @_;
    open my $out, '>', "$folder/$name" or die "$folder/$name: $!\n";
    print {$out} $text;
    close $out or die "$folder/$name: $!\n";
    return "$folder/$name";
}

sub new {
    my ($class, %option) = @_;
    my $is_up = delete $option{is_up};          # may hold whoever holds us
    my $self = bless {output => "$option{folder}/output", %option, owner => $$}, $class;
    my @command = @{$option{command}};
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $ENV{LD_LIBRARY_PATH} = join ':', @{$option{libraries} // []};
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $self->{output};
        open STDERR, '>&', \*STDOUT;
        { exec {$command[0]} @command; }
        POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    push @live, $self;
    weaken($live[-1]);
    my $until = time + START_SEC;
    until ($is_up->()) {
        die "$command[0] did not start:\n" . $self->log if waitpid($pid, WNOHANG) == $pid || time > $until;
        sleep POLL_SEC;
    }
    return $self;
}

sub log {
    my $self = shift;
    open my $in, '<', $self->{output} or return '';
    local $/;
    return <$in> // '';
}

sub stop {
    my $self = shift;
    return if $self->{owner} != $$;
    my $pid = delete $self->{pid} or return;
    local $?;
    my $until = time + STOP_SEC;
    kill TERM => $pid;
    sleep POLL_SEC while waitpid($pid, WNOHANG) == 0 && time < $until;
    kill KILL => $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY { return $_[0]->stop }

1;
