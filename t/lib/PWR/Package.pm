# SPDX-License-Identifier: Apache-2.0
# A package of Debian, unpacked for a test and not installed: mail programs
# conflict as packages, and the services of some would start.
#
#   my $package = PWR::Package->new('postfix');      # and more, beside it
#   my $package = PWR::Package->alone('wordpress');  # without libraries
#   my $package = PWR::Package->behind('php-cli');   # what this is a name for
#   plan skip_all => $package->problem if $package->problem;
#   $package->folder . '/usr/sbin/sendmail';
#   $package->libraries;            # files, of those that this system lacks
#   $package->library_folders;      # where they are
#
# What was downloaded stays in the build tree.
package PWR::Package;
use strict;
use warnings;
use Cwd qw(abs_path);
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);

my $top = abs_path(dirname(__FILE__) . '/../../..');

sub new {
    my ($class, $name, @beside) = @_;
    return $class->_make($name, @beside, _libraries($name, @beside));
}

sub alone { return _make(@_) }

# The one whose name has the version of this system: php8.2-cli.
sub behind {
    my ($class, $name) = @_;
    my ($found) = qx(apt-cache depends '$name' 2>&1) =~ /^\s*Depends: (\S+)$/m;
    return $found ? $class->new($found) : bless {problem => "no package $name is known (apt-get update)"}, $class;
}

sub _make {
    my ($class, $name, @beside) = @_;
    my $folder = tempdir("pwr-$name-XXXXXX", TMPDIR => 1, CLEANUP => 1);
    my $self = bless {folder => $folder}, $class;
    my $debs = _debs($name);
    make_path($debs);
    chmod 0755, $folder;
    open my $lock, '>>', "$debs/.lock" or die "$debs: $!\n";
    flock $lock, LOCK_EX or die "$debs: $!\n";
    my $said = -e "$debs/complete" ? '' : _download($debs, $name, @beside);
    $said .= qx(dpkg -x '$_' '$folder' 2>&1) for glob "'$debs'/*.deb";
    $self->{problem} = "the package $name cannot be had: $said" if !-e "$debs/complete";
    return $self;
}

sub problem { return $_[0]{problem} }
sub folder { return $_[0]{folder} }

sub libraries { return glob "'$_[0]{folder}'/usr/lib/*/*.so.*" }

sub library_folders {
    my %seen;
    return grep { !$seen{$_}++ } map { dirname($_) } $_[0]->libraries;
}

# Those that would be installed with it; what was downloaded is not asked again.
sub _libraries {
    my @names = @_;
    return if -e _debs($names[0]) . '/complete';
    return grep { /^lib/ } qx(apt-get -q -s install --no-install-recommends @names 2>&1) =~ /^Inst (\S+)/mg;
}

sub _debs { return ($ENV{PWR_BUILD} || "$top/build") . "/packages/$_[0]" }

sub _download {
    my ($debs, @names) = @_;
    my $said = qx(cd '$debs' && apt-get -q download @names 2>&1);
    return $said if $?;
    open my $mark, '>', "$debs/complete" or die "$debs: $!\n";
    return '';
}

1;
