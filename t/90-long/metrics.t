#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What Prometheus itself says of ?metrics: promtool, on the PATH or out of
# Debian's package, which is unpacked and not installed as it brings a service.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use PWR::Walk;
use Test::More;

my $folder = tempdir('pwr-promtool-XXXXXX', TMPDIR => 1, CLEANUP => 1);

sub promtool {
    my ($found) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH};
    return $found if $found;
    system "cd '$folder' && apt-get -q download prometheus >log 2>&1 && dpkg-deb -x prometheus_*.deb . >>log 2>&1";
    return -x "$folder/usr/bin/promtool" ? "$folder/usr/bin/promtool" : undef;
}

# What it says of a text, and its exit status.
sub judged {
    my ($program, $name, $text) = @_;
    open my $out, '>:raw', "$folder/$name" or die "$folder/$name: $!\n";
    print {$out} $text;
    close $out;
    my $said = qx('$program' check metrics <'$folder/$name' 2>&1);
    return ($? >> 8, $said);
}

my $promtool = promtool();
plan skip_all => 'no promtool, and its package cannot be had' if !$promtool;

my $walk = PWR::Walk->new('mysql', limits => 1, conf => <<'CONF');
PwResetStatus On
PwResetRealm "a \"b\" \\ <c>"
<Location "/pwreset-status">
    SetHandler pwreset-status
    Require local
</Location>
CONF
$walk->add('ivan');
$walk->signed_in('ivan');
$walk->client->post('/account/login', [login => 'ivan', password => 'wrong']);
my %string = $walk->strings('ivan');

my $text = $walk->client->get('/pwreset-status?metrics')->body;
my ($status, $said) = judged($promtool, 'well', $text);
is($status, 0, 'promtool has nothing to say') or diag $said;
is($said, '', 'not a word');

$walk->db->stop;
($status, $said) = judged($promtool, 'away', $walk->client->get('/pwreset-status?metrics')->body);
is("$status$said", '0', 'nor while the database is away');
$walk->db->start;

($status) = judged($promtool, 'control', $text =~ s/_total\b//gr);
isnt($status, 0, 'control: counters that are not called so');
($status) = judged($promtool, 'control', $text . "pwreset_up{\n");
isnt($status, 0, 'control: a line that is none');
$walk->httpd->allow_log(qw(PWR0021 PWR0201 AH00629 AH00639 AH02655))->done;
done_testing();
