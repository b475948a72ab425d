#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The Debian packages: dpkg-buildpackage makes them, lintian has no complaint,
# and in a Debian 12 of its own they are installed, enabled, used for a recovery,
# upgraded, removed and purged.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint qw(top tree slurp has_program);
use PWR::Client;
use PWR::Mailbox;
use PWR::Port;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {SUITE => 'bookworm', WAIT_SEC => 20, POLL_SEC => 0.05,
    OLD => 'ocelot Wharf 41 bright', NEW => 'velvet Anchor 97 quill', NEWER => 'saffron Turbine 58 pelt'};

plan skip_all => 'a Debian of its own needs root' if $>;
for (['dpkg-buildpackage', 'dpkg-dev'], ['dh', 'debhelper'], ['lintian', 'lintian'], ['debootstrap', 'debootstrap']) {
    plan skip_all => "$_->[0] is missing (Debian: apt install $_->[1])" if !has_program($_->[0]);
}
delete @ENV{qw(PERL5LIB HARNESS_ACTIVE MAKEFLAGS MAKELEVEL)};
$ENV{LC_ALL} = 'C.UTF-8';
# Where this system has its packages from: suite => mirror.
my %mirror = reverse map { / main$/ && /^(\S+) (@{[SUITE]}\S*) / ? ($1, $2) : () }
    `apt-get indextargets --format '\$(REPO_URI) \$(RELEASE) \$(COMPONENT)' 'Created-By: Packages' 2>/dev/null`;
plan skip_all => 'apt knows no mirror of ' . SUITE if !$mirror{+SUITE};
my $build = abs_path($ENV{PWR_BUILD} || top() . '/build');
my $folder = tempdir('pwr-package-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $folder;
my $root = "$folder/debian";
my $port = PWR::Port->new;
my %seen;       # strings of mails

# --- building -----------------------------------------------------------------------

# What a clone has, and nothing that was built.
sub copy_tree {
    my $to = shift;
    my $tree = tree(qr/./);
    for my $path (sort keys %$tree) {
        my ($dir) = "$to/$path" =~ m{^(.*)/};
        make_path($dir);
        copy(top() . "/$path", "$to/$path") or die "$path: $!\n";
        chmod((stat top() . "/$path")[2] & 07777, "$to/$path");
    }
    return;
}

sub build_packages {
    my $source = "$folder/source";
    copy_tree($source);
    my $began = time;
    my $said = `cd '$source' && dpkg-buildpackage -us -uc -b 2>&1`;
    is($?, 0, 'dpkg-buildpackage makes the packages') or BAIL_OUT(substr $said, -6000);
    note sprintf 'figure: package.build = %.0f s', time - $began;
    like($said, qr{prove \S*/t/10-unit/unit\.t.*All tests successful}s, 'and runs the unit tests');
    my %deb = map { m{/([^/_]+)_[^/]+\.deb$} ? ($1 => $_) : () } glob "'$folder'/*.deb";
    is_deeply([grep { !/-dbgsym$/ } sort keys %deb], [qw(libapache2-mod-pwreset pwresetctl)], 'the packages');
    my ($changes) = glob "'$folder'/*.changes";
    my $lint = `lintian --allow-root --fail-on error,warning --display-info '$changes' 2>&1`;
    is($?, 0, 'lintian has no complaint');
    diag($lint) if $?;
    note("lintian: $_") for split /\n/, $lint;
    return %deb;
}

# Paths of a package, without folders.
sub contents {
    my $deb = shift;
    return map { m{^-\S*\s.*?\s\./(\S+)(?: -> .*)?$} ? $1 : () } `dpkg-deb -c '$deb'`;
}

sub is_complete {
    my %deb = @_;
    my %has = map { $_ => 1 } map { contents($deb{$_}) } qw(libapache2-mod-pwreset pwresetctl);
    my $doc = 'usr/share/doc/libapache2-mod-pwreset';
    my @wanted = (qw(usr/lib/apache2/modules/mod_pwreset.so etc/apache2/mods-available/pwreset.load
        etc/apache2/mods-available/pwreset.conf etc/fail2ban/filter.d/mod-pwreset.conf usr/bin/pwresetctl
        usr/share/man/man8/mod_pwreset.8.gz usr/share/man/man8/pwresetctl.8.gz
        usr/share/mod_pwreset/templates/pages/login.html usr/share/mod_pwreset/templates/mails/recover.txt
        usr/share/mod_pwreset/templates/po/ru.po usr/share/mod_pwreset/presets/wordpress.conf),
        map { "$doc/$_" } qw(conf/pwreset.conf conf/pwreset-my.cnf
        conf/fail2ban/jail.d/mod-pwreset.conf docs/install.md docs/directives.md README.md copyright changelog.gz));
    is_deeply([grep { !$has{$_} } @wanted], [], 'what an admin needs is there');
    note("file: $_") for sort keys %has;
    system("dpkg-deb --fsys-tarfile '$deb{'libapache2-mod-pwreset'}' | tar -C '$folder' -x") == 0 or die "dpkg-deb: $?\n";
    my @symbols = `nm -D --defined-only '$folder/usr/lib/apache2/modules/mod_pwreset.so'`;
    is(scalar(grep { !/pwreset_module$/ } @symbols), 0, 'the module exports one symbol');
    return;
}

# The same packages under a higher version, whose pwreset.conf says more.
sub newer {
    my %deb = @_;
    my %newer;
    for my $name (qw(libapache2-mod-pwreset pwresetctl)) {
        my $tree = "$folder/newer-$name";
        system('dpkg-deb', '-R', $deb{$name}, $tree) == 0 or die "dpkg-deb -R: $?\n";
        my $control = slurp("$tree/DEBIAN/control") =~ s/\b0*(\d+\.\d+\.\d+)\b(?=[)\n])/$1+1/gr;
        spew("$tree/DEBIAN/control", $control);
        my $conf = "$tree/etc/apache2/mods-available/pwreset.conf";
        spew($conf, slurp($conf) . "# more in this version\n") if -e $conf;
        $newer{$name} = "$folder/${name}_newer.deb";
        system("dpkg-deb --root-owner-group -b '$tree' '$newer{$name}' >/dev/null") == 0 or die "dpkg-deb -b: $?\n";
    }
    return %newer;
}

# --- a Debian of its own ----------------------------------------------------------------

sub spew {
    my ($path, $text) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print {$out} $text;
    close $out or die "$path: $!\n";
    return;
}

# Made once, and kept in the build tree.
sub bootstrap {
    my $tar = "$build/packages/" . SUITE . '.tar';
    make_path("$build/packages", $root);
    if (!-e $tar) {
        my $said = `debootstrap --variant=minbase @{[SUITE]} '$root' '$mirror{+SUITE}' 2>&1`;
        plan skip_all => 'debootstrap cannot make a Debian: ' . substr $said, -300 if $?;
        system("tar -C '$root' -cf '$tar.part' . && mv '$tar.part' '$tar'") == 0 or die "tar: $?\n";
    }
    else {
        system('tar', '-C', $root, '-xf', $tar) == 0 or die "tar: $?\n";
    }
    copy($_, "$root$_") for grep { -e } '/etc/resolv.conf', glob '/etc/apt/apt.conf.d/*proxy*';
    spew("$root/etc/apt/sources.list", join '', map { "deb $mirror{$_} $_ main\n" } sort keys %mirror);
    # No service of this Debian is started or stopped by a package.
    spew("$root/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
    chmod 0755, "$root/usr/sbin/policy-rc.d";
    return;
}

# Run a line of shell in it; (exit status, what it said).
sub inside {
    my ($line) = @_;
    spew("$root/tmp/line", "export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin\n$line\n");
    my $said = `chroot '$root' sh /tmp/line 2>&1 </dev/null`;
    return ($? >> 8, $said);
}

sub does {
    my ($name, $line, $words) = @_;
    my ($status, $said) = inside($line);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok($status == 0 && (!$words || $said =~ $words), $name) or diag("exit status $status\n" . substr $said, -3000);
    return $said;
}

sub put {
    my %deb = @_;
    make_path("$root/debs");
    unlink glob "'$root'/debs/*";
    copy($deb{$_}, "$root/debs/$_.deb") or die "$_: $!\n" for qw(libapache2-mod-pwreset pwresetctl);
    return '/debs/libapache2-mod-pwreset.deb /debs/pwresetctl.deb';
}

# --- what is done with it -----------------------------------------------------------------

my $site = <<'CONF';
ServerName 127.0.0.1
<IfModule pwreset_module>
    DBDriver sqlite3
    DBDParams "/var/lib/site/site.db"
    DBDMin 0
    <VirtualHost 127.0.0.1:PORT>
        DocumentRoot /var/www/html
        PwReset On
        PwResetPublicURL http://127.0.0.1:PORT
        PwResetMailFrom no-reply@example.org
        PwResetSendmail /usr/local/sbin/fake-sendmail /var/mail/site
        <Location "/portal">
            AuthType PwReset
            Require valid-user
        </Location>
    </VirtualHost>
</IfModule>
CONF

sub configure_site {
    my $number = $port->number;
    spew("$root/etc/apache2/ports.conf", "Listen 127.0.0.1:$number\n");
    spew("$root/etc/apache2/sites-available/000-default.conf", $site =~ s/PORT/$number/gr);
    copy(top() . '/t/lib/fake-sendmail', "$root/usr/local/sbin/fake-sendmail") or die "fake-sendmail: $!\n";
    chmod 0755, "$root/usr/local/sbin/fake-sendmail";
    make_path("$root/var/www/html/portal");
    spew("$root/var/www/html/portal/index.html", "the portal\n");
    return does('folders for httpd\'s user',
        'install -d -o www-data -g www-data /var/lib/site /var/mail/site');
}

sub restart {
    my $until = time + WAIT_SEC;
    inside('apache2ctl stop');
    # (Its /var/run is a link to the /run of whoever looks.)
    sleep POLL_SEC while -e "$root/run/apache2/apache2.pid" && time < $until;
    my ($status, $said) = inside('apache2ctl start');
    $until = time + WAIT_SEC;
    my $client = PWR::Client->new(url => 'http://127.0.0.1:' . $port->number);
    sleep POLL_SEC while $client->get('/')->status == 0 && time < $until;
    ok($status == 0 && $client->get('/')->status, 'httpd is started') or diag($said, slurp("$root/var/log/apache2/error.log"));
    return;
}

sub is_signed_in {
    my ($password, $name) = @_;
    my $client = PWR::Client->new(url => 'http://127.0.0.1:' . $port->number);
    my $r = $client->post('/account/login', [login => 'ivan', password => $password]);
    return is(join(' ', $r->status, $client->get('/portal/')->status), '303 200', $name);
}

sub recover {
    my ($password, $name) = @_;
    my $client = PWR::Client->new(url => 'http://127.0.0.1:' . $port->number);
    is($client->get('/portal/', headers => [['Accept', 'text/html']])->status, 303, "$name: the portal is guarded");
    is($client->post('/account/forgot', [email => 'ivan@example.org'])->status, 200, "$name: a string is asked for");
    my ($box, $mail, $until) = (PWR::Mailbox->new("$root/var/mail/site"), undef, time + WAIT_SEC);
    do { $mail = $box->next(1) } until !$mail && time > $until || $mail && $mail->token && !$seen{$mail->token}++;
    return fail("$name: no mail came") if !$mail;
    is($client->post('/account/reset', [token => $mail->token, password => $password, confirm => $password])->status, 303,
        "$name: a new password is set");
    is_signed_in($password, "$name: and opens the portal");
    return;
}

# Whatever is named after us, but for what the test itself made.
sub left_behind {
    return grep { !m{^/(?:proc|sys|dev|debs|tmp|var/log|var/cache|var/lib/apt)/|/site\b} }
        split /\n/, (inside(q(find / -xdev -iname '*pwreset*')))[1];
}

# Whatever happens, its httpd does not stay.
END { system "chroot '$root' apache2ctl stop >/dev/null 2>&1" if $root && -x "$root/usr/sbin/apache2ctl" }

bootstrap();
my %deb = build_packages();
is_complete(%deb);
my %newer = newer(%deb);

my $install = 'apt-get -q -y --no-install-recommends install';
does('apache2 is installed', "apt-get -q update && $install apache2 libaprutil1-dbd-sqlite3");
does('the packages are installed', "$install " . put(%deb));
is_deeply([map { (inside("a2query -q -m $_"))[0] ? 0 : 1 } qw(pwreset dbd)], [0, 0], 'nothing is enabled by that');
does('man pages', 'cd /usr/share/man/man8 && zcat mod_pwreset.8.gz pwresetctl.8.gz', qr/MOD_PWRESET.*PWRESETCTL/s);
configure_site();
does('a2enmod pwreset', 'a2enmod pwreset', qr/Enabling module pwreset/);
is_deeply([map { (inside("a2query -q -m $_"))[0] } qw(pwreset dbd)], [0, 0], 'enables what it needs, too');
does('apache2ctl -t', 'apache2ctl -t', qr/Syntax OK/);
does('schema --apply', 'pwresetctl schema --apply && chown www-data: /var/lib/site/*');
does('user add', "echo '@{[OLD]}' | pwresetctl user add ivan ivan\@example.org && chown www-data: /var/lib/site/*", qr/added/);
does('pwresetctl check', 'pwresetctl check', qr/^OK   templates/m);
restart();
is_signed_in(OLD, 'the first password opens the portal');
recover(NEW, 'installed');

spew("$root/etc/apache2/mods-available/pwreset.conf", slurp("$root/etc/apache2/mods-available/pwreset.conf")
    . "PwResetSiteName \"Kept over the upgrade\"\n");
my ($before) = (inside('dpkg-query -W -f \'${Version}\' libapache2-mod-pwreset'))[1] =~ /(\S+)/;
does('an upgrade', 'apt-get -q -y -o Dpkg::Options::=--force-confdef install ' . put(%newer));
is((inside('dpkg-query -W -f \'${Version}\' libapache2-mod-pwreset'))[1], "$before+1", 'has the new version');
like(slurp("$root/etc/apache2/mods-available/pwreset.conf"), qr/Kept over the upgrade/, 'keeps the configuration');
is((inside('a2query -q -m pwreset'))[0], 0, 'keeps the module enabled');
restart();
like(PWR::Client->new(url => 'http://127.0.0.1:' . $port->number)->get('/account/login')->text, qr/Kept over the upgrade/,
    'which is in use');
is_signed_in(NEW, 'the password is as it was');
recover(NEWER, 'upgraded');

does('it is removed', 'apt-get -q -y remove libapache2-mod-pwreset pwresetctl');
isnt((inside('a2query -q -m pwreset'))[0], 0, 'and not enabled any more');
does('httpd works without it', 'apache2ctl -t', qr/Syntax OK/);
does('it is purged', 'apt-get -q -y purge libapache2-mod-pwreset pwresetctl');
is_deeply([left_behind()], [], 'nothing of it is left');
ok(-s "$root/var/lib/site/site.db", 'but the users');
done_testing();
