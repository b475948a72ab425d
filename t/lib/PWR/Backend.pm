# SPDX-License-Identifier: Apache-2.0
# An application behind ProxyPass, which says what reached it: each answer is
# the request line and the headers it got, one a line, then its body.
#
#   my $backend = PWR::Backend->new;
#   ProxyPass "/" "http://127.0.0.1:PORT/"          # $backend->port
#   PWR::Backend::header($response, 'Cookie');      # as the backend got it
#   $response->header('X-Serial');                  # counts its requests
#
# The query of a request may tell it what to answer (percent-encoded):
# status=404, h=Name:%20value (repeatable); with etag=1 a conditional request
# gets a 304.
package PWR::Backend;
use strict;
use warnings;
use IO::Socket::IP;
use POSIX ();
use Socket qw(SOMAXCONN);

sub new {
    my $class = shift;
    my $listener = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => SOMAXCONN)
        or die "no backend: $@\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        _serve($listener);
        POSIX::_exit(0);
    }
    return bless {pid => $pid, port => $listener->sockport, owner => $$}, $class;
}

sub port { return $_[0]{port} }
sub url { return "http://127.0.0.1:$_[0]{port}" }

sub DESTROY {
    my $self = shift;
    return if $self->{owner} != $$;
    local ($?, $!);
    kill TERM => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

# --- what it got -----------------------------------------------------------------

# All values of a header of the request, joined; undef when it was not there.
sub header {
    my ($response, $name) = @_;
    my ($head) = split /\n\n/, $response->body;
    my @values = map { /^\Q$name\E: (.*)/i ? $1 : () } split /\n/, $head // '';
    return @values ? join '|', @values : undef;
}

# --- the child -------------------------------------------------------------------

sub _serve {
    my $listener = shift;
    my $serial = 0;
    local $SIG{PIPE} = 'IGNORE';
    while (my $client = $listener->accept) {
        my $request = _read($client);
        syswrite $client, _answer($request, ++$serial) if defined $request;
        close $client;
    }
    return;
}

sub _read {
    my $client = shift;
    my $got = '';
    while ($got !~ /\r\n\r\n/) {
        sysread $client, $got, 65_536, length $got or return;
    }
    my ($head, $body) = split /\r\n\r\n/, $got, 2;
    my $length = $head =~ /^Content-Length: (\d+)/mi ? $1 : 0;
    while (length $body < $length) {
        sysread $client, $body, 65_536, length $body or return;
    }
    return $head =~ s/\r//gr . "\n\n$body";
}

sub _answer {
    my ($request, $serial) = @_;
    my ($query) = $request =~ /\A\S+ [^? ]*\?(\S*)/;
    my @words = map { [split /=/, $_, 2] } split /&/, $query // '';
    my @headers = map { s/%(..)/chr hex $1/ger } map { $_->[0] eq 'h' ? $_->[1] : () } @words;
    my ($status) = map { $_->[0] eq 'status' ? $_->[1] : () } @words;
    if (grep { $_->[0] eq 'etag' } @words) {
        push @headers, 'ETag: "1"';
        $status = 304 if $request =~ /^If-None-Match: "1"/mi;
    }
    $status //= 200;
    my $body = $status == 304 ? '' : $request;
    push @headers, "X-Serial: $serial", 'Connection: close',
        $status == 304 ? () : ('Content-Length: ' . length $body, 'Content-Type: text/plain');
    my $is_head = $request =~ /\AHEAD /;
    return "HTTP/1.1 $status Said\r\n" . join('', map { "$_\r\n" } @headers) . "\r\n" . ($is_head ? '' : $body);
}

1;
