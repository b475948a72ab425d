# SPDX-License-Identifier: Apache-2.0
# A file of PwResetAudit, and docs/audit.md, which says what may stand in it.
#
#   my $audit = PWR::Audit->new($file);
#   my $mark = $audit->mark;
#   $audit->raw($mark);             # lines as bytes
#   $audit->events($mark);          # as hashes; those that are no JSON as undef
#   $audit->said($mark);            # as "login.ok new-browser ivan"
#   $audit->faults;                 # what is not as docs/audit.md says
#   PWR::Audit::documented();       # {event => {level, why, fields}}
package PWR::Audit;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON::PP ();

use constant LINE_BYTES_MAX => 4096;

my $top = abs_path(dirname(__FILE__) . '/../../..');

sub new {
    my ($class, $file) = @_;
    return bless {file => $file}, $class;
}

sub mark { return -s $_[0]{file} // 0 }

sub raw {
    my ($self, $mark) = @_;
    open my $in, '<:raw', $self->{file} or return;
    seek $in, $mark // 0, 0;
    local $/;
    return split /\n/, <$in> // '';
}

sub parsed {
    my $line = shift;
    return scalar eval { JSON::PP->new->decode($line) };
}

sub events { return map { parsed($_) } raw(@_) }

sub said {
    return map {
        my $event = $_;
        $event ? join ' ', grep { defined } @$event{qw(event why login)} : 'no JSON'
    } events(@_);
}

sub documented {
    open my $in, '<:encoding(UTF-8)', "$top/docs/audit.md" or die "docs/audit.md: $!\n";
    my %row;
    while (<$in>) {
        my ($name, $level, $when, $fields) = /^\| `([a-z.]+)` \| (\w+) \| (.*) \| ([a-z, ]+) \|$/ or next;
        $row{$name} = {level => $level, why => {map { $_ => 1 } $when =~ /`([a-z-]+)`/g},
            fields => [qw(time level event realm), split /, /, $fields]};
    }
    return \%row;
}

# What is wrong with a line, if anything.
sub fault {
    my ($row, $line) = @_;
    my $event = parsed($line) or return 'no JSON';
    my $doc = $row->{$event->{event} // ''} or return 'an unknown event';
    my @order = $line =~ /[{,]"(\w+)":"/g;
    my %may = map { $_ => 1 } @{$doc->{fields}};
    my @wanted = grep { exists $event->{$_} } @{$doc->{fields}};
    return $line =~ /[^\x20-\x7E]/ ? 'not printable ASCII'
        : length $line >= LINE_BYTES_MAX ? 'too long'
        : $event->{time} !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ ? 'no time'
        : $event->{level} ne $doc->{level} ? 'another level'
        : grep({ !$may{$_} } keys %$event) ? 'an unknown field'
        : "@order" ne "@wanted" ? "another order: @order"
        : defined $event->{why} && $event->{event} ne 'limit.client' && !$doc->{why}{$event->{why}} ? 'an unknown word'
        : ();
}

sub faults {
    my $self = shift;
    my $row = documented();
    return map { my $line = $_; map { "$_: $line" } fault($row, $line) } $self->raw;
}

1;
