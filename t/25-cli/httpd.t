#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl and the module's own dump; conf/pwreset.conf under a real httpd.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use Test::More;
use PWR::Ctl;

my $top = abs_path("$FindBin::Bin/../..");
my $build = $ENV{PWR_BUILD} || "$top/build";
my $ctl = PWR::Ctl->new;
my $dir = $ctl->dir;
my ($module) = grep { -e } "$build/.libs/mod_pwreset.so", "$build/mod_pwreset.so";
my %apxs = map { chomp(my $value = `apxs -q $_`); ($_ => $value) } qw(SBINDIR PROGNAME LIBEXECDIR);

sub runs_ok { return $ctl->runs_ok(@_) }

# A configuration that loads what we need; $pwreset goes to the server.
sub conf {
    my ($pwreset, $loads_us) = @_;
    my @modules = grep { -e "$apxs{LIBEXECDIR}/mod_$_.so" }
        qw(mpm_event unixd authn_core authz_core authz_user dbd log_config);
    mkdir "$dir/logs";
    $ctl->write('httpd.conf', join "\n", "ServerRoot $dir", 'ServerName server.example', 'Listen 127.0.0.1:1',
        'ErrorLog logs/error', (map { "LoadModule ${_}_module $apxs{LIBEXECDIR}/mod_$_.so" } @modules),
        ($loads_us // 1) ? "LoadModule pwreset_module $module" : '', 'DBDriver sqlite3', "DBDParams $dir/secret.db",
        $pwreset, '');
    return;
}

sub vhost {
    my ($name, $port, @lines) = @_;
    return join "\n", "Listen 127.0.0.1:$port", "<VirtualHost 127.0.0.1:$port>", "ServerName $name",
        'PwReset On', 'PwResetPublicURL https://' . $name, 'PwResetMailFrom no-reply@example.org', @lines,
        '</VirtualHost>';
}

sub asked {
    my ($name, $want, @arguments) = @_;
    return runs_ok($name, $want, "correct horse battery\n", '-c', "$dir/httpd.conf", @arguments);
}

sub test_asking {
    conf(vhost('a.example', 2));
    asked('schema --apply', {status => 0, out => qr/applied/}, qw(schema --apply));
    ok(-s "$dir/secret.db", 'DBDParams came unmasked');
    asked('user add', {status => 0, out => qr/added/}, qw(user add ivan ivan@example.org));
    asked('user passwd', {status => 0, out => qr/changed/}, qw(user passwd ivan));
    my $for_people = `'$ENV{HTTPD}' -t -D DUMP_PWRESET -f '$dir/httpd.conf' 2>&1`;
    like($for_people, qr/"a\.example"/, 'people can ask for it, too');
    unlike($for_people, qr/secret/, 'but DBDParams is masked');
    conf(vhost('a.example', 2, 'PwResetTablePrefix "a_"', 'PwResetPasswordScheme bcrypt:10',
        'PwResetAfterChange "DELETE FROM b WHERE id = :id"',
        q(PwResetAfterChange "DELETE FROM c WHERE d = '\"%'"), 'PwResetSendmail "/usr/bin/my mailer" -x',
        'PwResetIdentify forgot both', 'PwResetPasswordClasses lower digit'));
    asked('values of every kind come through', {status => 0, out => qr/a_user/}, 'schema');
}

sub test_choice {
    conf(join "\n", vhost('a.example', 2), vhost('b.example', 3, 'PwResetTablePrefix b_'));
    my (undef, $err) = asked('two vhosts', {status => 64, err => qr/choose one/}, 'schema');
    like($err, qr{^  b\.example:3  \(\Q$dir\E/httpd\.conf:\d+\)$}m, 'are listed with where they are');
    asked('-s NAME', {status => 0, out => qr/ b_user/}, qw(-s b.example schema));
    asked('-s NAME:PORT', {status => 0, out => qr/ pwreset_user/}, qw(-s a.example:2 schema));
    conf("PwReset On\nPwResetPublicURL https://server.example\nPwResetMailFrom no-reply\@example.org");
    asked('the main server', {status => 0, out => qr/ pwreset_user/}, qw(-s server.example schema));
    asked('another name', {status => 64, err => qr/no virtual host of that name/}, qw(-s a.example schema));
}

sub test_refusals {
    conf('');
    asked('no PwReset On', {status => 78, err => qr/say PwReset On/}, 'schema');
    conf('PwResetTokenLifetime soon');
    asked('a wrong value', {status => 78, err => qr/PwResetTokenLifetime.*refused the configuration/s}, 'schema');
    conf('', 0);
    asked('no module', {status => 78, err => qr/has no mod_pwreset/}, 'schema');
    unlink "$dir/httpd.conf";
    asked('no file', {status => 78, err => qr/refused the configuration/}, 'schema');
}

# As it is, and with every default in force.  What refuses, or needs files of the
# admin's own, stays out.
sub test_reference {
    open my $in, '<', "$top/conf/pwreset.conf" or die "conf/pwreset.conf: $!";
    my @lines = map { s/^#(?=PwReset)//r } grep { !/^#PwReset(?:PasswordWords|BreachList|Templates|Logo|Refuse)\b/ } <$in>;
    my %text = ('as it is' => "Include $top/conf/pwreset.conf", 'with every directive' => join '', @lines);
    for my $how (sort keys %text) {
        conf("$text{$how}\n" . vhost('a.example', 2));
        my $said = `'$ENV{HTTPD}' -t -f '$dir/httpd.conf' 2>&1`;
        is($?, 0, "conf/pwreset.conf loads $how") or diag($said);
    }
}

-x PWR::Ctl->program && $module or BAIL_OUT("pwresetctl or mod_pwreset was not built in $build");
$ENV{HTTPD} = "$apxs{SBINDIR}/$apxs{PROGNAME}";
if ($ENV{PWR_ASAN}) {
    chomp(my @libraries = map { `gcc -print-file-name=lib$_.so` } qw(asan ubsan));
    $ENV{LD_PRELOAD} = "@libraries";
}
test_asking();
test_choice();
test_refusals();
test_reference();
done_testing();
