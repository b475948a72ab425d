#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A configuration as providers write them: Include with wildcards, Define,
# IfDefine, IfModule, If, and macros (mod_macro) that make the sites.  pwresetctl
# asks httpd, and so understands what httpd does.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use PWR::Ctl;
use PWR::Walk;
use Test::More;

my $global = <<'CONF';
Define BRAND "The sites of"
<IfModule macro_module>
    <Macro PwSite $name $prefix>
        <VirtualHost 127.0.0.1:${PORT}>
            ServerName $name.test
            DocumentRoot "${ROOT}/htdocs"
            PwReset On
            PwResetPublicURL http://$name.test:${PORT}
            PwResetSiteName "${BRAND} $name"
            PwResetTablePrefix $prefix
            PwResetSendmail "${SENDMAIL}" "${MAILDIR}"
            Include "${ROOT}/common/*.conf"
            <IfDefine PWR_NEVER>
                PwResetLogin Off
            </IfDefine>
            <Location "/portal">
                AuthType PwReset
                Require valid-user
            </Location>
        </VirtualHost>
    </Macro>
    Use PwSite alpha pwreset_
    Use PwSite beta pwreset_
    UndefMacro PwSite
</IfModule>
IncludeOptional "${ROOT}/nowhere/*.conf"
CONF

my $walk = PWR::Walk->new('sqlite', start => 0, global => $global, modules => ['macro']);
my $httpd = $walk->httpd;
mkdir $httpd->root . '/common';
$httpd->write('common/10-mail.conf', "PwResetMailFrom \"help\@example.org\"\nInclude \"\${ROOT}/common/policy.inc\"\n");
$httpd->write('common/policy.inc', "PwResetPasswordLength 15 64\n<IfModule !pwreset_module>\nPwResetNothing\n</IfModule>\n");
$httpd->start;
$walk->add('ivan');

# What the command prints; its status is a test.
sub said {
    my (@arguments) = @_;
    local %ENV = $httpd->ctl_env;
    open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', PWR::Ctl->program, '-c', $httpd->conf_file, @arguments
        or die "pwresetctl: $!\n";
    my $text = do { local $/; <$out> } // '';
    close $out;
    is($?, 0, "pwresetctl @arguments") or diag $text;
    return $text;
}

my $page = said(qw(-s alpha.test page show reset));
like($page, qr/The sites of alpha/, 'names that a macro made of a Define');
like($page, qr/data-min="15" data-max="64"/, 'rules from a file that an included file includes');
like(said(qw(-s beta.test page show login)), qr/The sites of beta/, 'each use of a macro is a site');
like(said(qw(-s beta.test mail show recover)), qr{^http://beta\.test:\d+/account/reset\?}m, 'with its own address');
my $check = said(qw(-s alpha.test check --user ivan));
unlike($check, qr/^FAIL/m, 'check finds it well');
my (undef, $dump) = $httpd->configtest('-t', '-D', 'DUMP_PWRESET');
my $sites = decode_json($dump =~ s/\A[^{]*//sr =~ s/[^}]*\z//sr)->{vhosts};
is_deeply([sort grep { /\.test$/ } map { $_->{server} } @$sites], [qw(alpha.test beta.test)], 'the dump has them all');
my ($alpha) = grep { $_->{server} eq 'alpha.test' } @$sites;
is_deeply($alpha->{directives}{PwResetPasswordLength}, [['15', '64']], 'resolved');
like($alpha->{file}, qr/pwsite/i, 'and says which macro it is of');

# They serve what it says.
my $client = PWR::Client->new(url => 'http://beta.test:' . $httpd->port, connect => '127.0.0.1');
like($client->get('/account/login')->text, qr/The sites of beta/, 'httpd serves just that');
is($client->post('/account/login', [login => 'ivan', password => OLD])->status, 303, 'and lets people in');
$httpd->done;
done_testing();
