#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A server that has loaded the module without PwReset On answers, logs and
# looks as one that has not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Database;
use PWR::Httpd;
use Test::More;
use Time::HiRes qw(sleep time);

# OTHERS: when it starts, the malformed one, and after the restart.
use constant {MTIME => 1_000_000_000, LOG_SEC => 10, OTHERS => 3};

my $secret = '49XXX67D6TZR9GK8TRW4C10ZFE4Q';
my @cookie = (headers => [[Cookie => "pwr-abcdef=$secret; a=b; __Host-pwr-abcdef=c"],
    [Referer => "http://127.0.0.1/account/reset?token=$secret"], ['X-User', 'admin']]);

# What both servers are: they show what they got.
my $conf = <<'CONF';
Header always set X-Echo "expr=%{HTTP_COOKIE}|%{HTTP_REFERER}|%{HTTP:X-User}|%{QUERY_STRING}|%{THE_REQUEST}"
Redirect /old /new
<Location "/denied">
    Require all denied
</Location>
<Location "/basic">
    AuthType Basic
    AuthName "x"
    Require valid-user
</Location>
CONF

my @requests = (
    [GET => '/'], [HEAD => '/'], [GET => '/index.html?x=1'], [GET => '/nothing'], [GET => '/old/x'], [GET => '/denied'],
    [GET => '/basic'], [GET => '/portal/'], [POST => '/'], [OPTIONS => '/'], [TRACE => '/'], [OPTIONS => '*'],
    [GET => '/%'], [GET => '//account///login'],
    map { my $path = $_; map { [$_ => $path] } qw(GET HEAD POST PUT OPTIONS) } '/account/login', '/account/forgot',
        "/account/reset?token=$secret&lang=ru", '/account/change', '/account/logout', '/.well-known/change-password',
        '/account/assets/pwreset.css',
);

# The text without what differs between two servers and two moments; httpd
# lists methods in the order of a seeded hash.
sub plain {
    my ($httpd, $text) = @_;
    my ($port, $root) = ($httpd->port, $httpd->root);
    $text =~ s/^Allow: ([^\r]*)/'Allow: ' . join ',', sort split m{,}, $1/gem;
    return $text =~ s/^Date: [^\r]*/Date/gmr =~ s/\Q$root\E/ROOT/gr =~ s/\b$port\b/PORT/gr
        =~ s/\[[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:.]+ \d{4}\]/[TIME]/gr =~ s/\[\d\d\/\w+\/[^\]]*\]/[TIME]/gr
        =~ s/\[pid \d+:tid \d+\]|\[client [^\]]*\]/[X]/gr;
}

# All that can be seen of a server's life: answers, logs, descriptors and threads
# of its children.
sub life {
    my $httpd = shift;
    utime MTIME, MTIME, map { $httpd->root . "/htdocs/$_" } 'index.html', 'portal/index.html', 'portal', '.';
    $httpd->start;
    my $client = $httpd->client;
    my %seen;
    for my $request (@requests) {
        my ($method, $path) = @$request;
        my @form = $method eq 'POST' ? (form => [email => 'a@b.org', token => $secret]) : ();
        $seen{"$method $path"} = plain($httpd, $client->request($method, $path, @cookie, @form)->raw);
    }
    $seen{malformed} = plain($httpd, $client->raw("GET /account/reset?token=$secret HTTP/1.1\r\n\r\n")->raw);
    for my $child (($httpd->children)[0]) {
        $seen{threads} = scalar(my @threads = glob "/proc/$child/task/*");
        $seen{descriptors} = join ' ', sort map { plain($httpd, $_) =~ s{:\[\d+\]}{}r }
            grep { defined && !/^socket/ } map { readlink } glob "/proc/$child/fd/*";
        open my $maps, '<', "/proc/$child/maps" or die "maps: $!\n";
        $seen{'shared memory'} = scalar grep { m{ rw-s .* /(?:dev/zero|SYSV)} } <$maps>;
    }
    $httpd->graceful;
    $seen{'after a graceful restart'} = plain($httpd, $client->get('/', @cookie)->raw);
    # Not to kill a child of prefork between its answer and its log line.
    my $until = time + LOG_SEC;
    sleep 0.02 while (my @lines = $httpd->access_log) < @requests + OTHERS && time < $until;
    $httpd->done;
    # What httpd says now and then, and done() knows where to bear.
    $seen{'error log'} = [sort map { plain($httpd, $_) } grep { !/AH03092/ } $httpd->error_log];
    $seen{'access log'} = [sort map { plain($httpd, $_) } $httpd->access_log];
    return \%seen;
}

# The line that loads what only we need.
sub without_helpers {
    my $httpd = shift;
    my $file = $httpd->conf_file;
    open my $in, '<', $file or die "$file: $!\n";
    my @lines = grep { !/^LoadModule dbd_module/ } <$in>;
    close $in;
    $httpd->write('httpd.conf', join '', @lines);
    return $httpd;
}

sub same {
    my ($got, $expected, $name) = @_;
    is_deeply($got->{$_}, $expected->{$_}, "$name: $_") for sort keys %$expected;
    return;
}

my @ids = qw(AH01630 AH01796 AH10244);
my %common = (conf => $conf, children => 1);
for my $mpm (qw(event prefork)) {
    my $without = life(PWR::Httpd->new(%common, mpm => $mpm, module => 0)->allow_log(@ids));
    like($without->{'GET /nothing'}, qr/^HTTP\/1\.1 404 /, 'control: there are answers');
    cmp_ok(scalar @{$without->{'access log'}}, '>', 40, 'control: they are logged');
    like($without->{"GET /account/reset?token=$secret&lang=ru"}, qr/$secret.*$secret.*$secret/, 'control: all is seen');
    same(life(PWR::Httpd->new(%common, mpm => $mpm)->allow_log(@ids)), $without, "$mpm, not a word of ours");
    my $off = "PwReset Off\nPwResetPublicURL https://www.example.org\nPwResetMailFrom a\@example.org\n$conf";
    same(life(PWR::Httpd->new(%common, mpm => $mpm, conf => $off)->allow_log(@ids)), $without, "$mpm, Off");
    same(life(without_helpers(PWR::Httpd->new(%common, mpm => $mpm))->allow_log(@ids)), $without,
        "$mpm, without the modules that we need");
}
done_testing();
