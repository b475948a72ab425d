# SPDX-License-Identifier: Apache-2.0
# httpd's error log as a witness: what in it nobody declared.
#
#   my $log = PWR::HttpdLog->new($file);
#   $log->expect('PWR0304'); $log->allow('AH01630');
#   $log->problems;             # complaints; none is good
#   my $mark = $log->mark; ... $log->lines($mark);
#   $log->stopping($mark);      # httpd was told to stop or restart then
#   $log->excuse($pid);         # the crash of this process is not ours
package PWR::HttpdLog;
use strict;
use warnings;

# [time] [module:level] [pid ...] text; levels below these need no declaration.
my $line_form = qr/^\[[^\]]*\] \[\w*:(\w+)\] /;
my $loud = qr/^(?:emerg|alert|crit|error|warn)$/;
my $id_form = qr/\b(PWR\d{4}|AH\d{5})\b/;

# httpd's own noise when it is told to stop with connections half closed: event's
# listener adds one to a pollset that is gone.  At any other time it counts.
my $stop_noise = qr/^AH03092$/;

# What tells of the machine and not of us: mod_ssl is newer than its OpenSSL;
# a busy one has no connection or no hash for everybody in time, which the
# answers of 503 tell a test.
my $host_noise = qr/^(?:AH01882|PWR0023|PWR0071)$/;

# These count at any level.
my $crash = qr/exit signal/;

# A child that crashed, and not one that somebody killed: nothing excuses it.
my $fault = qr/exit signal (?!Killed|Terminated)|Sanitizer|runtime error:|stack smashing/;

sub new {
    my ($class, $file) = @_;
    return bless {file => $file, may => {}, must => {}, stops => [], excused => {}}, $class;
}

sub file { return $_[0]{file} }
sub mark { return -s $_[0]{file} // 0 }

# Whole lines since a mark.
sub lines {
    my ($self, $mark) = @_;
    open my $in, '<:raw', $self->{file} or return;
    seek $in, $mark // 0, 0;
    local $/;
    my ($whole) = (<$in> // '') =~ /\A(.*\n)/s;
    return split /\n/, $whole // '';
}

sub _ids {
    my @ids = @_;
    for my $id (@ids) {
        $id =~ /^$id_form$/ or die "'$id' is no id of a log line\n";
    }
    return @ids;
}

# These ids come, once at least.
sub expect {
    my ($self, @ids) = @_;
    $self->{must}{$_} = $self->{may}{$_} = 1 for _ids(@ids);
    return $self;
}

# These ids may come.
sub allow {
    my ($self, @ids) = @_;
    $self->{may}{$_} = 1 for _ids(@ids);
    return $self;
}

sub excuse {
    my ($self, @pids) = @_;
    $self->{excused}{$_} = 1 for @pids;
    return;
}

# From `$mark` until now, or to the end of the log.
sub stopping {
    my ($self, $mark, $is_over) = @_;
    push @{$self->{stops}}, [$mark, $is_over ? $self->mark : undef];
    return;
}

sub _is_stop_noise {
    my ($self, $at, $line) = @_;
    my ($id) = $line =~ $id_form;
    return $id && $id =~ $stop_noise
        && grep { $at >= $_->[0] && (!defined $_->[1] || $at < $_->[1]) } @{$self->{stops}};
}

# Is this line one that nobody needs to declare, or declared?  What is in no
# form of httpd's was written to stderr by somebody: never good.  A line that
# quotes a declared id further on is not declared by it.
sub _is_fine {
    my ($self, $line) = @_;
    my ($id) = $line =~ $id_form;
    return 1 if $line =~ /child pid (\d+) exit signal/ && $self->{excused}{$1};
    return 0 if $line =~ $fault;
    return $id && $self->{may}{$id} if $line =~ $crash;
    return 1 if $line =~ $line_form && $1 !~ $loud;
    return $id && ($self->{may}{$id} || $id =~ $host_noise);
}

sub problems {
    my $self = shift;
    my (@problems, %seen);
    my $at = 0;
    for my $line ($self->lines) {
        my ($id) = $line =~ $id_form;
        $seen{$id} = 1 if $id;
        push @problems, "undeclared: $line" if !$self->_is_fine($line) && !$self->_is_stop_noise($at, $line);
        $at += 1 + length $line;
    }
    push @problems, map { $seen{$_} ? () : "expected, but it did not come: $_" } sort keys %{$self->{must}};
    return @problems;
}

1;
