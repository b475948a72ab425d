# SPDX-License-Identifier: Apache-2.0
# The configuration that PWR::Httpd gives to httpd, out of its options.
package PWR::HttpdConf;
use strict;
use warnings;
use List::Util qw(max min);

use constant {THREADS => 8, MOST_PROCESSES => 48};

# What every httpd of ours loads, where it is not compiled in.
my @modules = qw(unixd log_config authn_core authz_core authz_user authz_host mime dir alias setenvif headers env
    dbd);

my %asked;

# What apxs says, asked once.
sub apxs {
    my $name = shift;
    return $asked{$name} //= do {
        my ($program) = grep { -x } map { ("$_/apxs", "$_/apxs2") } split(/:/, $ENV{PATH}), '/usr/sbin'
            or die "apxs is missing (Debian: apt install apache2-dev)\n";
        my $value = qx('$program' -q $name);
        chomp $value;
        $value;
    };
}

sub program { return $ENV{PWR_HTTPD} || apxs('SBINDIR') . '/' . apxs('PROGNAME') }

# The line that loads a module; none where it is compiled in.
sub _load {
    my $name = shift;
    my $file = apxs('LIBEXECDIR') . "/mod_$name.so";
    return "LoadModule ${name}_module \"$file\"\n" if -e $file;
    $asked{compiled_in} //= do { my $program = program(); qx('$program' -l) };
    my $source = $name =~ /^mpm_(\w+)/ ? $1 : "mod_$name";
    return '' if $asked{compiled_in} =~ /^\s*\Q$source\E\.c$/m;
    die "this httpd has no module $name\n";
}

# cgi is cgid where there are threads; mod_http2 needs them.
sub _optional {
    my $httpd = shift;
    my $threads = $httpd->{mpm} ne 'prefork';
    return grep { $httpd->has_http2 || $_ ne 'http2' } map { $threads && $_ eq 'cgi' ? 'cgid' : $_ } @{$httpd->{modules}},
        $httpd->{tls} ? qw(socache_shmcb ssl) : ();
}

sub _modules {
    my ($httpd, $build) = @_;
    my %taken;
    my @names = grep { !$taken{$_}++ } "mpm_$httpd->{mpm}", @modules, _optional($httpd);
    my $text = join '', map { _load($_) } @names;
    return $text if !$httpd->{module};
    my $ours = $httpd->{module} =~ m{/} ? $httpd->{module} : "$build/.libs/mod_pwreset.so";
    die "$ours is not there (make)\n" if !-e $ours;
    return $text . "LoadModule pwreset_module \"$ours\"\n";
}

sub _defines {
    my $httpd = shift;
    my $n = 0;
    my @ports = map { 'PORT' . (++$n > 1 ? $n : '') . ' ' . $_->number } @{$httpd->{port_list}};
    return join '', map { "Define $_\n" } @ports, 'ROOT "' . $httpd->root . '"', 'MAILDIR "' . $httpd->maildir . '"',
        'SENDMAIL "' . $httpd->root . '/sendmail"', 'URL ' . $httpd->url, 'LIBEXECDIR "' . apxs('LIBEXECDIR') . '"';
}

# A test that says how many threads it needs has so many requests at once: where
# a process is a thread, it gets as many, from the start (prefork adds one in a
# second, then two).  A test of four at most may have one connection in mind.
sub _prefork {
    my ($least, $threads) = @_;
    my $most = max(4, $least, $threads ? min($least * $threads, MOST_PROCESSES) : 0);
    my $start = $most > 4 ? $most : $least;
    return "StartServers $start\nServerLimit $most\nMaxRequestWorkers $most\nMinSpareServers 1\nMaxSpareServers $most\n";
}

# Few and small, for a machine that others share.
sub _processes {
    my $httpd = shift;
    my ($n, $threads) = @$httpd{qw(children threads)};
    return _prefork($n, $threads) if $httpd->{mpm} eq 'prefork';
    $threads //= THREADS;
    my $most = max(4, $n);
    return "StartServers $n\nServerLimit $most\nThreadsPerChild $threads\nThreadLimit $threads\n"
        . "MinSpareThreads 1\nMaxSpareThreads @{[$most * $threads]}\n"
        . "MaxRequestWorkers @{[$most * $threads]}\n";
}

sub _database {
    my $db = $_[0]{database} or return '';
    return 'DBDriver ' . $db->driver . "\nDBDParams \"" . $db->params . "\"\nDBDMin 0\nDBDKeep 4\nDBDMax 4\n";
}

sub _account {
    my $account = $_[0]{account} or return '';
    return "User $account->{name}\nGroup $account->{group}\n";
}

# Most tests post more than people do; a test's own limits are the last word.  And
# as many seats before the hashes as the other MPMs have: prefork's few processes
# would have one, and turn the second click of a double click away.
sub _limits {
    my $httpd = shift;
    return '' if !$httpd->{module};
    return ($httpd->{limits} ? '' : "PwResetLimit None\n") . ($httpd->{mpm} eq 'prefork' ? "PwResetHashGate 2 8\n" : '');
}

# Ours come before what the test gives, so that the test has the last word.
sub _vhost {
    my $httpd = shift;
    my $tls = $httpd->{tls};
    my $is_on = $httpd->{module} && $httpd->{database};
    return join "\n", '<VirtualHost 127.0.0.1:${PORT}>', 'DocumentRoot "${ROOT}/htdocs"',
        $tls ? ('SSLEngine on', "SSLCertificateFile \"@{[$tls->certificate]}\"",
            "SSLCertificateKeyFile \"@{[$tls->key]}\"") : (),
        !$is_on ? () : ('PwReset On', 'PwResetPublicURL ${URL}', 'PwResetSiteName "Test site"',
            'PwResetMailFrom noreply@example.org', 'PwResetSendmail "${SENDMAIL}" "${MAILDIR}"',
            '<Location "/portal">', 'AuthType PwReset', 'Require valid-user',
            'Header always set X-User "expr=%{REMOTE_USER}"', '</Location>'),
        $httpd->{conf}, "</VirtualHost>\n";
}

sub text {
    my ($httpd, $build) = @_;
    my $h2 = grep { $_ eq 'http2' } _optional($httpd);
    return _defines($httpd) . _modules($httpd, $build) . _processes($httpd) . _account($httpd) . _database($httpd)
        . <<'CONF' . ($h2 ? "Protocols h2 h2c http/1.1\n" : '') . _limits($httpd) . "$httpd->{global}\n" . _vhost($httpd);
ServerRoot "${ROOT}"
DefaultRuntimeDir "${ROOT}/run"
CoreDumpDirectory "${ROOT}/cores"
PidFile "${ROOT}/run/httpd.pid"
<IfModule cgid_module>
    ScriptSock "${ROOT}/run/cgid.sock"
</IfModule>
<IfModule ssl_module>
    SSLSessionCache "shmcb:${ROOT}/run/ssl(65536)"
</IfModule>
Listen 127.0.0.1:${PORT}
ServerName 127.0.0.1
ServerAdmin help@example.org
ServerTokens Prod
Timeout 20
TypesConfig /dev/null
AddType text/html .html
DirectoryIndex index.html
LogLevel notice
<IfModule pwreset_module>
    LogLevel pwreset:debug
</IfModule>
ErrorLog "${ROOT}/logs/error.log"
LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\"" combined
CustomLog "${ROOT}/logs/access.log" combined
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory "${ROOT}/htdocs">
    Require all granted
</Directory>
CONF
}

1;
