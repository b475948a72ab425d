# SPDX-License-Identifier: Apache-2.0
# An answer as PWR::Client got it.  What it finds in a page is found by simple
# patterns: good for our own pages, not for any.
package PWR::Response;
use strict;
use warnings;
use Encode ();

# --- the wire ------------------------------------------------------------------

# Split bytes into ({version, status, reason, headers}, rest), or nothing while
# the head is not whole.
sub _head {
    my $bytes = shift;
    my ($line, $fields, $rest) = $bytes =~ m{\A(HTTP/\S+ \d{3}[^\r\n]*)\r\n((?:[^\r\n]+\r\n)*)\r\n(.*)\z}s or return;
    my ($version, $status, $reason) = $line =~ m{^HTTP/(\S+) (\d{3}) ?(.*)};
    my @headers = map { /^([^:]*):[ \t]*(.*?)[ \t]*$/ ? [$1, $2] : [$_, ''] } split /\r\n/, $fields;
    return ({version => $version, status => $status, reason => $reason, headers => \@headers}, $rest);
}

sub _first {
    my ($headers, $name) = @_;
    my ($found) = grep { lc $_->[0] eq lc $name } @$headers;
    return $found ? $found->[1] : undef;
}

# The body out of chunks, and whether the last one was there.
sub _dechunk {
    my $rest = shift;
    my $body = '';
    while ($rest =~ s/\A([0-9A-Fa-f]{1,8})[^\r\n]*\r\n//) {
        my $n = hex $1;
        return ($body, $rest =~ /\A(?:[^\r\n]+\r\n)*\r\n/) if $n == 0;
        $body .= substr $rest, 0, $n;
        return ($body, 0) if length $rest < $n + 2;
        substr $rest, 0, $n + 2, '';
    }
    return ($body, 0);
}

sub _has_no_body {
    my ($head, $method) = @_;
    return ($method // '') eq 'HEAD' || $head->{status} =~ /^(?:1\d\d|204|304)$/;
}

# Is this all of an answer?  Where only the close ends it, never.
sub is_whole {
    my ($bytes, $method) = @_;
    my ($head, $rest) = _head($bytes) or return 0;
    return 1 if $head->{status} !~ /^1/ && _has_no_body($head, $method);
    return is_whole($rest, $method) if $head->{status} =~ /^1/;
    return (_dechunk($rest))[1] if (_first($head->{headers}, 'Transfer-Encoding') // '') =~ /chunked/i;
    my $length = _first($head->{headers}, 'Content-Length');
    return defined $length && length $rest >= $length;
}

sub parse {
    my ($class, $bytes, $method) = @_;
    my ($head, $rest) = _head($bytes) or return bless {raw => $bytes, status => 0, reason => '', headers => [],
        body => '', path => '/', error => 'this is no answer: ' . substr($bytes, 0, 200)}, $class;
    return $class->parse($rest, $method) if $head->{status} =~ /^1/ && $rest ne '';
    my $length = _first($head->{headers}, 'Content-Length');
    my $chunked = (_first($head->{headers}, 'Transfer-Encoding') // '') =~ /chunked/i;
    my $body = _has_no_body($head, $method) ? '' : $chunked ? (_dechunk($rest))[0] : $rest;
    my $cut = !_has_no_body($head, $method)
        && ($chunked ? !(_dechunk($rest))[1] : defined $length && length $rest < $length);
    return bless {%$head, raw => $bytes, body => $body, path => '/',
        error => $cut ? 'the answer was cut off' : ''}, $class;
}

sub failed {
    my ($class, $error) = @_;
    return bless {raw => '', status => 0, reason => '', headers => [], body => '', path => '/', error => $error},
        $class;
}

# --- what came -----------------------------------------------------------------

sub status { return $_[0]{status} }
sub reason { return $_[0]{reason} }
sub version { return $_[0]{version} }
sub error { return $_[0]{error} }
sub raw { return $_[0]{raw} }
sub body { return $_[0]{body} }
sub text { return Encode::decode('UTF-8', $_[0]{body}) }
sub path { return $_[0]{path} }         # that was asked for
sub header { return _first($_[0]{headers}, $_[1]) }
sub all_headers { return $_[0]{headers} }

sub headers {
    my ($self, $name) = @_;
    return map { $_->[1] } grep { lc $_->[0] eq lc $name } @{$self->{headers}};
}

# --- the page ------------------------------------------------------------------

my %entity = (amp => '&', lt => '<', gt => '>', quot => '"', apos => q('), nbsp => "\x{A0}");

sub _plain {
    my $html = shift // return undef;
    return $html =~ s{&(?:#[xX]([0-9A-Fa-f]+)|#(\d+)|(\w+));}
        {defined $1 ? chr hex $1 : defined $2 ? chr $2 : $entity{$3} // "&$3;"}ger;
}

sub _words {
    my $html = shift // return undef;
    return _plain($html =~ s/<[^>]*>/ /gr =~ s/\s+/ /gr =~ s/^ | $//gr);
}

# The attributes of a start tag by name.
sub _attributes {
    my $tag = shift;
    my %attribute;
    while ($tag =~ /([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g) {
        $attribute{lc $1} //= _plain($2 // $3 // $4 // '');
    }
    return \%attribute;
}

# The text of the elements whose start tag has `$pattern` among its attributes.
sub _elements {
    my ($self, $pattern) = @_;
    my @texts;
    my $html = $self->text;
    while ($html =~ m{<(\w+)\b[^>]*\s(?:$pattern)[^>]*>(.*?)</\1>}gs) {
        push @texts, _words($2);
    }
    return @texts;
}

sub title { return $_[0]->text =~ m{<title[^>]*>(.*?)</title>}s ? _words($1) : undef }
sub alert { return ($_[0]->_elements(qr/role="?alert\b/))[0] }
sub notice { return ($_[0]->_elements(qr/role="?status\b/))[0] }

# Where elements of these names (a, form, img, ...) lead.
sub links {
    my ($self, @names) = @_;
    my $pattern = join '|', @names;
    my $html = $self->text;
    return map { my $tag = _attributes($_); $tag->{href} // $tag->{src} // $tag->{action} // () }
        $html =~ /<(?:$pattern)\b([^>]*)>/g;
}

sub _input {
    my ($tag, $attribute, $html) = @_;
    my $type = lc($attribute->{type} // 'text');
    my $name = $attribute->{name};
    return if !defined $name || exists $attribute->{disabled};
    return [$name, _plain($html)] if $tag eq 'textarea';
    if ($tag eq 'select') {
        my ($option) = ($html =~ /<option\b([^>]*\bselected\b[^>]*)>/, $html =~ /<option\b([^>]*)>/);
        return [$name, _attributes($option // '')->{value} // ''];
    }
    return if $tag eq 'button' && !exists $attribute->{value} || $type =~ /^(?:submit|reset|image|file)$/;
    return if $type =~ /^(?:checkbox|radio)$/ && !exists $attribute->{checked};
    return [$name, $attribute->{value} // ($type eq 'checkbox' ? 'on' : '')];
}

# The forms: {action, method, inputs => [[name, value], ...], fields => {name =>
# value}, tags => {name => its attributes}, html}.
sub forms {
    my $self = shift;
    my (@forms, $html);
    $html = $self->text;
    while ($html =~ m{<form\b([^>]*)>(.*?)</form>}gs) {
        my ($start, $inner) = (_attributes($1), $2);
        my %form = (action => $start->{action} // '', method => lc($start->{method} // 'get'),
            inputs => [], fields => {}, tags => {}, html => $inner);
        while ($inner =~ m{<(input)\b([^>]*)>()|<(select|textarea|button)\b([^>]*)>(.*?)</\4>}gs) {
            my ($tag, $attribute, $content) = ($1 // $4, _attributes($2 // $5), $3 // $6);
            $form{tags}{$attribute->{name}} = $attribute if defined $attribute->{name};
            my $input = _input($tag, $attribute, $content) or next;
            push @{$form{inputs}}, $input;
            $form{fields}{$input->[0]} = $input->[1];
        }
        push @forms, \%form;
    }
    return @forms;
}

sub form { return ($_[0]->forms)[$_[1] // 0] }

1;
