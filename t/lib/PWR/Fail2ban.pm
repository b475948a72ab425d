# SPDX-License-Identifier: Apache-2.0
# conf/fail2ban, and attacks for it to find.
#
#   PWR::Fail2ban::CONF;                        # the vhost of the attacks
#   my %want = PWR::Fail2ban::attack($walk);    # lines in logs/audit.log: {address => how often}
#   PWR::Fail2ban::read_by_us($file);           # what the filter finds: the same
package PWR::Fail2ban;
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);

# Our client is the proxy, and says who its visitors are.
use constant CONF => join "\n", 'PwResetAudit logs/audit.log', 'RemoteIPHeader X-Forwarded-For',
    'RemoteIPInternalProxy 127.0.0.1', 'PwResetRealm "a \\"realm\\" \\\\"', 'PwResetLimit login-client 3/1h',
    'PwResetPasswordScheme sha512-crypt', '';

our $folder = abs_path(dirname(__FILE__) . '/../../..') . '/conf/fail2ban';

my @agents = ('curl/8', '","address":"203.0.113.9","agent":"', '{"time":"2026-11-29T05:20:01.234Z","level":"warning",'
    . '"event":"login.failed","realm":"x","address":"203.0.113.9"}', '"address":"127.0.0.1",', '\\","address":"203.0.113.9"');

# Those of the host and of private networks, and some just outside of them.
my @spared = qw(127.0.0.1 127.9.9.9 10.1.2.3 172.16.0.1 172.31.255.254 192.168.1.1 169.254.1.1 100.64.0.1 100.127.255.254
    ::1 fc00::1 fd12:3456::1 fe80::1 febf::1 ::ffff:10.1.2.3 ::ffff:127.0.0.1);
my @others = qw(192.0.2.7 11.0.0.1 9.255.255.255 172.15.0.1 172.32.0.1 192.167.1.1 192.169.1.1 169.253.1.1 100.63.0.1
    100.128.0.1 126.0.0.1 128.0.0.1 2001:db8::1 fe00::1 fec0::1 fbff::1 fe10::1 1::1 ::2);

sub attack {
    my $walk = shift;
    my %want;
    my ($n, $client, $unknown) = (0, $walk->client, $walk->{string});
    my @from = map { [['X-Forwarded-For', $_], ['User-Agent', $agents[$n++ % @agents]]] } @spared, @others;
    # Two wrong passwords, and what is no guess.
    for my $headers (@from) {
        $client->post('/account/login', [login => 'ivan', password => $_], headers => $headers) for qw(x y);
        $client->post('/account/reset', [token => 'x'], headers => $headers);
        $client->post('/account/forgot', [email => 'nobody@example.org'], headers => $headers);
    }
    $want{$_} = 2 for @others;
    # Over the limit, which counts the one that is too many; and a string that never was.
    my $flood = [['X-Forwarded-For', '198.51.100.1']];
    $client->post('/account/login', [login => 'ivan', password => $_], headers => $flood) for 1 .. 5;
    $client->get("/account/reset?token=$unknown", headers => $flood);
    $client->post('/account/notme', [token => $unknown], headers => $flood);
    $want{'198.51.100.1'} = 7;
    return %want;
}

sub slurp {
    my $file = shift;
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

# The entries of the filter, continued lines as lists.
sub entries {
    my %entry;
    my $name;
    for (split /\n/, slurp("$folder/filter.d/mod-pwreset.conf")) {
        next if /^\s*(?:#|$|\[)/;
        $name = $1 if s/^(\w+)\s*=\s*//;
        push @{$entry{$name}}, s/^\s+//r;
    }
    return %entry;
}

# As fail2ban does it: the date is taken out, then the patterns are tried.
sub read_by_us {
    my $file = shift;
    my %entry = entries();
    my $host = '(?:::ffff:)?(?<host>[0-9A-Fa-f:.]+)';
    my @found = map { my $pattern = s/<(events|guesses)>/$entry{$1}[0]/gr =~ s/<HOST>/$host/r; qr/$pattern/ }
        @{$entry{failregex}};
    my @passed = map { qr/$_/ } @{$entry{ignoreregex}};
    my %count;
    for my $line (split /\n/, slurp($file)) {
        $line =~ s/(?<=^\{"time":")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z(?=")// or next;
        next if grep { $line =~ $_ } @passed;
        my ($hit) = grep { $line =~ $_ } @found or next;
        $line =~ $hit;
        $count{$+{host}}++;
    }
    return %count;
}

1;
