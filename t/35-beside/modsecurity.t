#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# mod_security with OWASP's core rules and conf/pwreset-modsecurity.conf: they
# block what is an attack, nobody who recovers his account, and write down no
# secret.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use PWR::Package;
use PWR::Walk;
use Test::More;

# What the rules would take for SQL, a script, a shell or a path.
my @passwords = ("' OR 1=1 -- correct horse", '<script>alert(1)</script> 41', '; cat /etc/passwd | mail',
    '../../../../etc/shadow 7', '${jndi:ldap://x/a} quill');

my ($module, $rules) = map { PWR::Package->new($_) } qw(libapache2-mod-security2 modsecurity-crs);
for my $package ($module, $rules) {
    plan skip_all => $package->problem if $package->problem;
}
my $so = $module->folder . '/usr/lib/apache2/modules/mod_security2.so';
my $core = $rules->folder . '/usr/share/modsecurity-crs';
my $top = abs_path("$FindBin::Bin/../..");
plan skip_all => "$so is not in the package" if !-e $so;

# Libraries that this system lacks, those first that others need.
my $load = join '', map { "LoadFile \"$_\"\n" } sort { length $a <=> length $b } $module->libraries;

my $conf = sub {
    my $ours = shift;
    # What it says has no id of a log line.
    return <<"CONF" . ($ours ? "Include \"$top/conf/pwreset-modsecurity.conf\"\n" : '') . <<"REST";
ErrorLog "\${ROOT}/logs/modsec_error.log"
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 131072
SecResponseBodyAccess Off
SecAuditEngine On
SecAuditLogParts ABCFHIJKZ
SecAuditLogType Serial
SecAuditLog "\${ROOT}/logs/modsec_audit.log"
SecDebugLog "\${ROOT}/logs/modsec_debug.log"
SecDebugLogLevel 0
SecAction "id:900990,phase:1,nolog,pass,t:none,setvar:tx.crs_setup_version=330"
SecRule REQUEST_HEADERS:Content-Type "\@rx ^application/json" "id:200001,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
CONF
Include "$core/rules/*.conf"
REST
};

sub slurp {
    open my $in, '<:raw', $_[0] or return '';
    local $/;
    return <$in> // '';
}

# In any spelling that a log may have it in.
sub holds {
    my ($text, $secret) = @_;
    my $plain = $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
    return grep { index($_, $secret) >= 0 } $text, $plain, $plain =~ tr/+/ /r;
}

# One who looks like a browser, as the rules ask for it.
my @browser = (['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0'],
    [Accept => 'text/html,application/xhtml+xml,*/*;q=0.8'], ['Accept-Language', 'en']);

sub browser {
    my $url = $_[0]->url =~ s/127\.0\.0\.1/localhost/r;
    return PWR::Client->new(url => $url, connect => '127.0.0.1', headers => \@browser);
}

my %type = (FORM => 'application/x-www-form-urlencoded', JSON => 'application/json');

sub walk {
    my ($walk, $password) = @_;
    my $client = browser($walk->httpd);
    my $r = $client->submit($client->get('/account/forgot'), {email => 'ivan@example.org'});
    is($r->status, 200, "$password: asks for a string");
    my $token = $walk->mail_to('ivan@example.org')->token;
    my $page = $client->get("/account/reset?token=$token");
    is($page->status, 200, "$password: opens the link");
    is($client->submit($page, {password => $password, confirm => $password})->status, 303, "$password: changes it");
    $r = $client->submit($client->get('/account/login'), {login => 'ivan', password => $password});
    is($r->status, 303, "$password: signs in");
    is($walk->who($client), 'ivan', "$password: is in");
    my $program = PWR::Client->new(url => $client->origin, connect => '127.0.0.1', headers => [$browser[0]]);
    my $json = $program->request(POST => '/account/login', body => qq({"login":"ivan","password":"$password"}),
        headers => [['Content-Type', 'application/json'], [Accept => 'application/json']]);
    is($json->status, 303, "$password: by JSON, too");
    my %broken = (FORM => "login=ivan&password=$password%zz", JSON => qq({"login":"ivan","password":"$password"));
    $program->request(POST => '/account/login', body => $broken{$_}, headers => [['Content-Type', $type{$_}],
        [Accept => 'application/json']]) for sort keys %broken;
    $walk->mail_to('ivan@example.org');
    $walk->age('ivan', 3600);
    return ($token, $client->cookie($walk->cookie_name($client)));
}

my $walk = PWR::Walk->new('sqlite', modules => ['unique_id'], conf => $conf->(1),
    global => "${load}LoadModule security2_module \"$so\"\nSecDataDir \"\${ROOT}/run\"\nSecTmpDir \"\${ROOT}/run\"");
my $httpd = $walk->httpd;
$walk->add('ivan');
my %secret = map { ($_ => 1) } map { (walk($walk, $_), $_) } @passwords;
my $client = browser($httpd);
is($client->get('/?q=%3Cscript%3Ealert(1)%3C/script%3E')->status, 403, 'control: an attack on the site is blocked');
is($client->post('/account/forgot', [email => q(' UNION SELECT password FROM users -- )])->status, 403,
    'control: so is one on a field that is no password');
my %log = map { ($_ => slurp($httpd->root . "/logs/$_.log")) } qw(modsec_audit modsec_debug modsec_error error access);
cmp_ok(length $log{modsec_audit}, '>', 10_000, 'control: it writes everything down');
for my $secret (sort keys %secret) {
    my @logs = grep { holds($log{$_}, $secret) || holds($log{$_}, $secret =~ tr/-//dr) } sort keys %log;
    is_deeply(\@logs, [], "no log has $secret");
}

# Without our file.
$walk->reconf($conf->(0));
is($client->post('/account/login', [login => 'ivan', password => $passwords[0]])->status, 403,
    'control: without conf/pwreset-modsecurity.conf such a password is blocked');
ok(holds(slurp($httpd->root . '/logs/modsec_audit.log'), $passwords[0]), 'control: and written down');
$walk->settle;
$httpd->done;
done_testing();
