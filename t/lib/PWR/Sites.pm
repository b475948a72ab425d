# SPDX-License-Identifier: Apache-2.0
# Many sites in one httpd: vhosts by name on one store, each with `PwReset On`
# and /portal/ protected, as PWR::Httpd's own.
#
#   my $sites = PWR::Sites->new({guard => 'directives', ...}, modules => [...]);
#   $sites->client('guard');                # a browser at http://guard.test:PORT
#   $sites->signed_in('guard', 'ivan');     # one with a session
#   $sites->walk; $sites->httpd;            # PWR::Walk, PWR::Httpd
#
# Directives stand after ours; where they begin with "PwReset Off" ours are left
# out.  Options are those of PWR::Walk, and database => 'sqlite'.
package PWR::Sites;
use strict;
use warnings;
use PWR::Client;
use PWR::Walk;

my $common = <<'CONF';
PwResetMailFrom noreply@example.org
PwResetSendmail "${SENDMAIL}" "${MAILDIR}"
CONF

sub new {
    my ($class, $sites, %option) = @_;
    my $text = join '', map { _vhost($_, $sites->{$_}) } sort keys %$sites;
    my $global = join "\n", $common, delete $option{global} // '', $text;
    my $walk = PWR::Walk->new(delete $option{database} // 'sqlite', %option, global => $global);
    return bless {walk => $walk}, $class;
}

sub _vhost {
    my ($name, $conf) = @_;
    my $ours = <<"CONF";
PwReset On
PwResetPublicURL http://$name.test:\${PORT}
PwResetSiteName "Test site"
<Location "/portal">
    AuthType PwReset
    Require valid-user
    Header always set X-User "expr=%{REMOTE_USER}"
</Location>
CONF
    $ours = '' if $conf =~ /\APwReset Off\b/;
    return "<VirtualHost 127.0.0.1:\${PORT}>\nServerName $name.test\nDocumentRoot \"\${ROOT}/htdocs\"\n$ours$conf\n"
        . "</VirtualHost>\n";
}

sub walk { return $_[0]{walk} }
sub httpd { return $_[0]{walk}->httpd }

sub client {
    my ($self, $name, %option) = @_;
    my $port = $self->httpd->port;
    return PWR::Client->new(url => "http://$name.test:$port", connect => '127.0.0.1', %option);
}

sub signed_in {
    my ($self, $name, $login) = @_;
    my $client = $self->client($name);
    my $r = $client->post('/account/login', [login => $login, password => OLD]);
    die "$login cannot sign in at $name: @{[$r->status]} @{[$r->error]}\n" if $r->status != 303;
    return $client;
}

1;
