#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What two well-known scanners find on our pages, limits off and signed in:
# nothing.  Each is first shown a form with a hole, which it must find.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Lint qw(has_program slurp);
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

for my $program (qw(sqlmap wapiti)) {
    plan skip_all => "$program is missing (Debian: apt install $program)" if !has_program($program);
}
# Both keep notes in the home of who runs them.
my $home = tempdir(CLEANUP => 1);
local $ENV{HOME} = $home;

# Their word against ours is about SQL, scripts, headers and files.  Left out:
# what asks hosts on the internet, and csrf, which looks for hidden fields in
# forms (t/60-attack has the posts of other sites).
use constant WAPITI_MODULES => 'backup,blindsql,cookieflags,crlf,csp,exec,file,htaccess,http_headers,methods,'
    . 'permanentxss,redirect,sql,timesql,xss';

# A form as nobody should write one.
sub plant_hole {
    my $walk = shift;
    my $db = $walk->db;
    my $script = $walk->httpd->write('hole.cgi', <<"PERL");
#!/usr/bin/perl
use DBI;
read STDIN, my \$body, \$ENV{CONTENT_LENGTH} || 0;
my (\$login) = "\$body&\$ENV{QUERY_STRING}" =~ /login=([^&]*)/;
\$login =~ tr/+/ /;
\$login =~ s/%(..)/chr hex \$1/ge;
print "Content-Type: text/html\\n\\n<html><body>";
my \$dbh = DBI->connect('DBI:MariaDB:database=pwreset;mariadb_socket=@{[$db->socket]}', 'app', 'app', {PrintError => 0});
my \$rows = \$dbh->selectall_arrayref("SELECT login FROM pwreset_user WHERE login = '\$login'");
print "<p>\$login: ", (\$rows ? scalar(\@\$rows) : 'error: ' . \$dbh->errstr), "</p>";
print '<form method="post" action="/hole"><input name="login"><input type="submit"></form></body></html>';
PERL
    chmod 0755, $script;
    return;
}

my $walk = PWR::Walk->new('mysql', modules => ['cgi'], children => 4, threads => 16, global => 'LogLevel warn',
    conf => <<'CONF');
PwResetIdentify login both
PwResetIdentify forgot both
PwResetPasswordScheme bcrypt:10
ScriptAlias "/hole" "${ROOT}/hole.cgi"
<Location "/hole">
    Require all granted
    LogLevel cgid:crit
</Location>
CONF
plant_hole($walk);
$walk->add($_) for qw(ivan olga scan);
my $browser = $walk->signed_in('scan');
my $cookie = join '; ', map { "$_=" . $browser->cookies->{$_} } sort keys %{$browser->cookies};
my %string = $walk->strings('ivan');

# --- sqlmap ----------------------------------------------------------------------

sub sqlmap {
    my ($path, $data) = @_;
    my @command = ('sqlmap', '--batch', '--disable-coloring', '--flush-session', '--level', 3, '--risk', 2,
        '--threads', 2, '--time-sec', 3, '--dbms', 'MySQL', '--ignore-code', '400,401,403,404,405,410,422',
        '--output-dir', "$home/sqlmap", '-u', $walk->httpd->url . $path, '--cookie', $cookie,
        defined $data ? ('--data', $data) : ());
    my $began = time;
    open my $said, '-|', "@{[map { quotemeta } @command]} </dev/null 2>&1" or die "sqlmap: $!\n";
    my $text = do { local $/; <$said> } // '';
    close $said;
    note(sprintf 'figure: sqlmap on %s %s: %.0f s', defined $data ? 'POST' : 'GET', $path =~ s/\?.*//r, time - $began);
    return $text;
}

like(sqlmap('/hole', 'login=ivan'), qr/sqlmap identified the following injection point/, 'sqlmap finds the hole');
my $before = $walk->state;
for my $row (
    ['/account/login', 'login=ivan&password=x&return=/portal/'],
    ['/account/forgot', 'email=ivan%40example.org'],
    ["/account/reset?token=$string{ivan}"],
    ['/account/reset', "token=$string{ivan}&login=ivan&password=x&confirm=y"],
    ['/account/change', 'current=x&password=y&confirm=z'],
    ['/account/login?lang=ru&return=/portal/'],
    ['/account/sessions', 'end=1'],
    ['/account/notme?token=' . '0' x 28],
    ['/account/notme', 'token=' . '0' x 28],
    )
{
    my ($path, $data) = @$row;
    my $page = $browser->get($path);
    isnt($page->status, 404, "$path is there");
    my $text = sqlmap($path, $data);
    my $what = (defined $data ? 'POST ' : 'GET ') . $path =~ s/\?.*//r;
    like($text, qr/all tested parameters do not appear to be injectable/, "$what: nothing for sqlmap")
        or diag(substr $text, -3000);
    unlike($text, qr/identified the following injection point|is vulnerable/, "$what: no injection");
}
is($walk->stored('ivan'), $walk->{hash}, 'no password was changed');
is_deeply([grep { /^user/ } @{$walk->state}], [grep { /^user/ } @$before], 'nor any user');

# --- wapiti ----------------------------------------------------------------------

# Strict-Transport-Security speaks for all of a host, and is its admin's; no
# browser of today knows X-XSS-Protection.
my $not_ours = qr/Strict-Transport-Security|X-XSS-Protection/;

# What it found: ["category: words"].
sub wapiti {
    my ($path) = @_;
    my $url = $walk->httpd->url . $path;
    my $began = time;
    my @command = ('wapiti', '-u', $url, '--scope', 'folder', '-m', WAPITI_MODULES, '--flush-session', '-v', 0,
        '--no-bugreport', '-H', "Cookie: $cookie", '--max-attack-time', 180, '-f', 'json', '-o', "$home/report.json",
        '--store-session', "$home/wapiti", '--store-config', "$home/wapiti");
    my $said = `@{[map { quotemeta } @command]} </dev/null 2>&1`;
    note(sprintf 'figure: wapiti on %s: %.0f s', $path, time - $began);
    my $report = eval { decode_json(slurp("$home/report.json")) };
    my $found = $report ? $report->{vulnerabilities} : {'no report' => [{info => $said}]};
    my %said = map { my $kind = $_; map { ("$kind: $_->{info}" => 1) } @{$found->{$kind}} } keys %$found;
    return [grep { !/$not_ours/ } sort keys %said];
}

my $hole = wapiti('/hole');
ok(grep({ /^SQL/ } @$hole), 'wapiti finds the hole') or diag(explain($hole));
ok(grep({ /^Cross Site Scripting/ } @$hole), 'and the reflected script');
is_deeply(wapiti('/account/login'), [], 'and nothing on our pages');
$walk->httpd->done;
done_testing();
