# SPDX-License-Identifier: Apache-2.0
# A small HTTP client that shows what really came, and can be made to send
# what no good client would.
#
#   my $client = PWR::Client->new(url => $httpd->url);      # or https, ca => $tls->ca
#   my $r = $client->get('/account/forgot');
#   my $r = $client->post('/account/forgot', [email => 'ivan@example.org']);
#   my $r = $client->request(PUT => '/x', headers => [['X-A', 1], ['X-A', 2]], body => 'text');
#   my $r = $client->submit($r, {email => 'ivan@example.org'});    # its first form
#   my $r = $client->follow($r);                    # redirects on this origin
#   my $r = $client->h2(GET => '/');                # HTTP/2 (by curl)
#   my $r = $client->raw("GET / HTTP/1.1\r\n\r\n"); # malformed requests
#   $r->status; $r->header('Location'); $r->headers('Set-Cookie'); $r->body; $r->text;
#   $r->form->{fields}{email}; $r->alert; $r->notice; $r->title;
#   $client->cookies; $client->cookie($name); $client->forget;
#
# Where nothing came, or not in time, `status` is 0 and `error` says why.  Cookies
# are kept by name for this one host; headers => [...] of new() go with each
# request, a header with the value undef takes away one of the usual ones.
package PWR::Client;
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use File::Temp ();
use IO::Select;
use IO::Socket::IP;
use PWR::Response;
use Time::HiRes qw(time);

use constant {TIMEOUT_SEC => 15, READ_BYTES => 65_536, FOLLOW_MAX => 10, H2_TRIES => 20, CURLE_HTTP2_STREAM => 92};

sub new {
    my ($class, %option) = @_;
    my ($scheme, $host, $port) = ($option{url} // '') =~ m{^(https?)://([^/:]+):(\d+)/?$}
        or die "PWR::Client: url => 'http://HOST:PORT'\n";
    return bless {
        scheme => $scheme, host => $host, port => $port, cookies => {},
        ca => $option{ca}, headers => $option{headers} // [],
        connect => $option{connect} // $host,       # address, where `host` is only a name
        timeout => $option{timeout} // TIMEOUT_SEC,
    }, $class;
}

# Another browser at the same site.
sub other {
    my $self = shift;
    return bless {%$self, cookies => {}}, ref $self;
}

sub origin { return "$_[0]{scheme}://$_[0]{host}:$_[0]{port}" }

# --- cookies -------------------------------------------------------------------

sub cookies { return $_[0]{cookies} }
sub forget { $_[0]{cookies} = {}; return $_[0] }

# The value of a cookie; with a value: set it.
sub cookie {
    my ($self, $name, $value) = @_;
    $self->{cookies}{$name} = $value if @_ > 2;
    return $self->{cookies}{$name};
}

sub _keep_cookies {
    my ($self, $response) = @_;
    for ($response->headers('Set-Cookie')) {
        my ($name, $value, $attributes) = /^([^=;]+)=([^;]*)(.*)$/ or next;
        my $ended = $attributes =~ /;\s*Max-Age=(-?\d+)/i ? $1 <= 0 : $attributes =~ /;\s*Expires=[^;]*\b1970\b/i;
        $ended ? delete $self->{cookies}{$name} : ($self->{cookies}{$name} = $value);
    }
    return $response;
}

# --- requests ------------------------------------------------------------------

sub get { my ($self, $path, %option) = @_; return $self->request(GET => $path, %option) }

sub post {
    my ($self, $path, $form, %option) = @_;
    return $self->request(POST => $path, form => $form, %option);
}

# What is sent: [[name, value], ...] and the body.
sub _message {
    my ($self, %option) = @_;
    my $body = $option{form} ? form_encode(@{$option{form}}) : $option{body};
    my $cookies = join '; ', map { "$_=$self->{cookies}{$_}" } sort keys %{$self->{cookies}};
    my @headers = (
        [Host => "$self->{host}:$self->{port}"],
        $cookies ne '' ? [Cookie => $cookies] : (),
        $option{form} ? ['Content-Type' => 'application/x-www-form-urlencoded'] : (),
        defined $body ? ['Content-Length' => length $body] : (),
        [Connection => 'close'],
    );
    my @given = (@{$self->{headers}}, @{$option{headers} // []});
    for my $header (@given) {
        @headers = grep { lc $_->[0] ne lc $header->[0] } @headers;
    }
    return ([@headers, grep { defined $_->[1] } @given], $body // '');
}

# One request on a connection of its own.  Options: headers, form or body,
# version ('1.1'), keep_cookies (1).
sub request {
    my ($self, $method, $path, %option) = @_;
    my ($headers, $body) = $self->_message(%option);
    my $version = $option{version} // '1.1';
    my $head = join '', map { "$_\r\n" } "$method $path HTTP/$version", map { "$_->[0]: $_->[1]" } @$headers;
    my $response = $self->raw("$head\r\n$body", method => $method);
    $response->{path} = $path;
    return $option{keep_cookies} // 1 ? $self->_keep_cookies($response) : $response;
}

# Send bytes as they are; read until the answer is whole or the peer closes.
sub raw {
    my ($self, $bytes, %option) = @_;
    my ($got, $error) = ('', '');
    my $until = time + $self->{timeout};
    my $socket = $self->_connect or return PWR::Response->failed("no connection: $@$!");
    local $SIG{PIPE} = 'IGNORE';
    $error = _write($socket, $bytes, $until);
    while (!PWR::Response::is_whole($got, $option{method})) {
        my $state = _read($socket, \$got, $until);
        next if $state eq 'more';
        $error = $state eq 'late' ? "nothing more after $self->{timeout} s" : $error;
        last;
    }
    close $socket;
    return PWR::Response->parse($got, $option{method}) if $got ne '';
    return PWR::Response->failed($error || 'closed without an answer');
}

# A connection, to do with as one likes; dies where there is none.
sub open_socket {
    my $self = shift;
    return $self->_connect || die "no connection to $self->{connect}:$self->{port}: $@$!\n";
}

sub _connect {
    my $self = shift;
    my $socket = IO::Socket::IP->new(PeerHost => $self->{connect}, PeerService => $self->{port},
        Timeout => $self->{timeout}) or return;
    return $socket if $self->{scheme} eq 'http';
    require IO::Socket::SSL;
    return IO::Socket::SSL->start_SSL($socket, SSL_hostname => $self->{host}, Timeout => $self->{timeout},
        SSL_verifycn_name => $self->{host}, SSL_verifycn_scheme => 'http',
        $self->{ca} ? (SSL_ca_file => $self->{ca}) : ());
}

# A server that refuses a request may close before it has read all of it; its
# answer is there all the same.
sub _write {
    my ($socket, $bytes, $until) = @_;
    my $at = 0;
    while ($at < length $bytes) {
        return 'not all could be sent' if !IO::Select->new($socket)->can_write(_left($until));
        my $n = syswrite $socket, $bytes, length($bytes) - $at, $at;
        return "not all could be sent: $!" if !$n && $! != EINTR;
        $at += $n // 0;
    }
    return '';
}

sub _read {
    my ($socket, $got, $until) = @_;
    my $pending = $socket->can('pending') && $socket->pending;
    return 'late' if !$pending && !IO::Select->new($socket)->can_read(_left($until));
    my $n = sysread $socket, $$got, READ_BYTES, length $$got;
    return $n ? 'more' : defined $n || ($! != EINTR && $! != EAGAIN && $! != EWOULDBLOCK) ? 'end' : 'more';
}

sub _left {
    my $left = $_[0] - time;
    return $left > 0 ? $left : 0;
}

# The last byte of each request is kept back until all the others are out:
# [client, path, [field => value, ...], [name => header, ...]], ...; the answers
# come in this order.
sub at_once {
    my @posts = @_;
    my @sockets = map { $_->[0]->open_socket } @posts;
    my @left;
    for my $i (0 .. $#posts) {
        my (undef, $path, $form, $more) = @{$posts[$i]};
        my @more = @{$more // []};
        my $head = '';
        $head .= join(': ', splice @more, 0, 2) . "\r\n" while @more;
        my $body = form_encode(@$form);
        my $bytes = "POST $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " . length($body)
            . "\r\nContent-Type: application/x-www-form-urlencoded\r\n$head\r\n$body";
        push @left, substr $bytes, -1, 1, '';
        syswrite $sockets[$i], $bytes;
    }
    syswrite $sockets[$_], $left[$_] for 0 .. $#posts;
    # A process of prefork waits for the client to close, before it serves another.
    return map {
        my $socket = $_;
        my $bytes = do { local $/; <$socket> } // '';
        close $socket;
        PWR::Response->parse($bytes, 'POST')
    } @sockets;
}

# --- what people do ------------------------------------------------------------

# A path on this origin from a link on the page `$from`; undef: somewhere else.
sub resolve {
    my ($self, $link, $from) = @_;
    my $origin = $self->origin;
    return $1 // '/' if $link =~ m{^\Q$origin\E(/[^#]*)?(?:\#.*)?$};
    return undef if $link =~ m{^(?:[a-z][a-z0-9+.-]*:|//)}i;
    my ($path) = $from =~ /^([^?#]*)/;
    return $path . ($link =~ s/#.*//sr) if $link =~ /^[?#]/;
    return $from if $link eq '';
    return ($link =~ m{^/} ? $link : $path =~ s{[^/]*$}{$link}r) =~ s/#.*//sr;
}

# Go where redirects lead while they stay on this origin.
sub follow {
    my ($self, $response, %option) = @_;
    for (1 .. FOLLOW_MAX) {
        my $location = $response->header('Location');
        return $response if $response->status !~ /^30[1237]$/ || !defined $location;
        my $path = $self->resolve($location, $response->path);
        return $response if !defined $path;
        $response = $self->get($path, %option);
    }
    die "more than @{[FOLLOW_MAX]} redirects\n";
}

# Send a form of the page (the first one, or `form` => its number from 0) with
# the fields as they are and what is given; undef leaves a field out.
sub submit {
    my ($self, $response, $fill, %option) = @_;
    my $form = $response->form(delete $option{form} // 0) or die "no form on this page:\n" . $response->body;
    my %left = %{$fill // {}};
    my @fields;
    for my $field (@{$form->{inputs}}) {
        my ($name, $value) = @$field;
        $value = delete $left{$name} if exists $left{$name};
        push @fields, $name, $value if defined $value;
    }
    die 'the form has no field ' . join(', ', sort keys %left) . "\n" if %left;
    my $path = $self->resolve($form->{action}, $response->path) // die "the form leads to $form->{action}\n";
    return $self->post($path, \@fields, %option) if $form->{method} eq 'post';
    return $self->get(($path =~ s/\?.*//sr) . '?' . form_encode(@fields), %option);
}

# name, value, ... of characters (UTF-8) or bytes.
sub form_encode {
    my @words = map {
        my $bytes = "$_";
        utf8::encode($bytes) if utf8::is_utf8($bytes);
        $bytes =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
    } @_;
    my @pairs;
    push @pairs, join '=', splice @words, 0, 2 while @words;
    return join '&', @pairs;
}

# --- HTTP/2 --------------------------------------------------------------------

# As request(), over HTTP/2 with prior knowledge (ALPN over TLS).
sub h2 {
    my ($self, $method, $path, %option) = @_;
    my ($headers, $body) = $self->_message(%option);
    my ($head, $content, $post) = map { File::Temp->new } 1 .. 3;
    print {$post} $body;
    close $post;
    my @command = ('curl', '-q', '-sS', '--path-as-is', '-m', $self->{timeout}, '-D', "$head", '-o', "$content",
        $self->{scheme} eq 'https' ? '--http2' : '--http2-prior-knowledge',
        $self->{ca} ? ('--cacert', $self->{ca}) : (),
        '--resolve', "$self->{host}:$self->{port}:$self->{connect}",
        $method eq 'HEAD' ? '-I' : ('-X', $method), $body ne '' ? ('--data-binary', "\@$post") : (),
        map({ ('-H', "$_->[0]: $_->[1]") } grep { $_->[0] !~ /^(?:Host|Connection|Content-Length)$/i } @$headers),
        $self->origin . $path);
    my $error = _curl($body ne '' ? H2_TRIES : 1, @command);
    return PWR::Response->failed($error) if !-s "$head";
    my $bytes = $method eq 'HEAD' ? _slurp("$head") : _slurp("$head") . _slurp("$content");
    my $response = PWR::Response->parse($bytes, $method);
    $response->{path} = $path;
    return $option{keep_cookies} // 1 ? $self->_keep_cookies($response) : $response;
}

# curl 7.88 loses an answer given before the server has read the whole body
# (RFC 9113 8.1: a reset without error after it), in about every third case.
# Such a request was refused unread, so doing it again changes nothing.
sub _curl {
    my ($tries, @command) = @_;
    my $error;
    for (1 .. $tries) {
        open my $said, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command or die "curl: $!\n";
        $error = do { local $/; <$said> } // '';
        close $said;
        last if $? >> 8 != CURLE_HTTP2_STREAM;
    }
    return $error;
}

sub _slurp {
    my $path = shift;
    open my $in, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

1;
