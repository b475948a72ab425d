#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/install.md, steps 2 to 7, as they stand there: its database account, its
# option file, its directives, its commands; then its queries for a table of
# one's own.  (Step 8 is presets.t's, the package t/90-long/package.t's.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Ctl;
use PWR::Database;
use PWR::Httpd;
use PWR::Walk;
use Test::More;

my $top = "$FindBin::Bin/../..";

sub slurp {
    open my $in, '<', $_[0] or die "$_[0]: $!\n";
    local $/;
    return scalar <$in>;
}

# The indented lines behind a sentence that ends so.
my $document = slurp("$top/docs/install.md");
sub block {
    my $sentence = shift;
    my ($block) = $document =~ /\Q$sentence\E[^\n]*\n\n((?: {4}.*\n)+)/ or die "install.md: nothing behind \"$sentence\"\n";
    return $block =~ s/^ {4}//gmr;
}

# What it says with our address, socket and mail program in the place of its own.
sub ours {
    my ($text, %ours) = @_;
    for my $theirs (sort keys %ours) {
        $text =~ s/\Q$theirs\E/$ours{$theirs}/ or die "install.md: no $theirs\n";
    }
    return $text;
}

# Step 2: as root in the client, but for that.
sub database {
    my $db = shift;
    my @lines = split /\n/, block('which httpd may read and write:');
    is(shift @lines, 'sudo mariadb', 'the client is started');
    $db->dbh->do($_ =~ s/;\z//r) for @lines;
    return;
}

# What pwresetctl's line of the document says, of this httpd.
sub command {
    my ($httpd, $line, $input, $wanted) = @_;
    my ($whole) = $document =~ /^ {4}pwresetctl -c \S+ (\Q$line\E.*?) *(?:[#|].*)?$/m
        or die "install.md: no pwresetctl $line\n";
    local %ENV = $httpd->ctl_env;
    return PWR::Ctl->new->runs_ok("pwresetctl $whole", {status => 0, out => $wanted}, $input, '-c', $httpd->conf_file,
        split / /, $whole);
}

sub mail_token {
    my ($httpd, $email) = @_;
    is($httpd->client->post('/account/forgot', [email => $email])->status, 200, "$email asks");
    while (my $mail = $httpd->mailbox->next(20)) {
        return $mail->token if $mail->to eq $email && $mail->token;
    }
    die "no mail to $email\n";
}

my $db = PWR::Database->new('mysql');
database($db);
my $httpd = PWR::Httpd->new(global => block('Outside of any `<VirtualHost>`:'));
my $mail = 'PwResetSendmail "${SENDMAIL}" "${MAILDIR}"';
my $site = ours(block("Inside the site's:"), 'https://www.example.org' => '${URL}');
my ($account) = $document =~ /^((?: {4}\[pwreset\]\n)(?: {4}.*\n)+)/m or die "install.md: no account\n";
$httpd->write('my.cnf', slurp("$top/conf/pwreset-my.cnf") . $account =~ s/^ {4}//gmr . 'socket = ' . $db->socket . "\n");
chmod 0711, $db->dir;
like($document, qr/^ {4}export MARIADB_HOME=\S+$/m, 'the option file is found by a variable');
$httpd->{env} = {MARIADB_HOME => $httpd->root};
$httpd->reconf(conf => "$site$mail\n");
is(($httpd->configtest)[0], 0, 'httpd -t has no complaint');

# Step 4.
command($httpd, 'schema --apply', '', qr/./);
command($httpd, 'user add ivan', OLD . "\n", qr/added/);
command($httpd, 'check', '', qr/^OK   password column/m);
$httpd->start;
my $client = $httpd->client;
is($client->get('/portal/', headers => [[Accept => 'text/html']])->status, 303, 'the portal is guarded');
my $token = mail_token($httpd, 'ivan@example.org');
is($client->post('/account/reset', [token => $token, password => NEW, confirm => NEW])->status, 303, 'the mail works');
is($client->post('/account/login', [login => 'ivan', password => NEW])->status, 303, 'signed in');
is($client->get('/portal/')->status, 200, 'at the portal');
like($client->get('/account/login')->text, qr/Example/, 'the page has the name of the site');

# A table of one's own, in the place of ours.
$db->dbh->do($_) for 'CREATE TABLE site.members (uid INT PRIMARY KEY, nick VARCHAR(50), mail VARCHAR(100), pass VARCHAR(255))',
    q(INSERT INTO site.members VALUES (7, 'anna', 'anna@example.org', NULL));
$httpd->reconf(conf => join '', $site, "$mail\n", block('by the names of the columns:'))->restart;
$token = mail_token($httpd, 'anna@example.org');
is($client->post('/account/reset', [token => $token, password => NEW, confirm => NEW])->status, 303, 'a table of one\'s own');
my ($stored) = $db->dbh->selectrow_array('SELECT pass FROM site.members WHERE uid = 7');
is(crypt(NEW, $stored), $stored, 'has the new password');
local %ENV = $httpd->ctl_env;
PWR::Ctl->new->runs_ok('check --user', {status => 0, out => qr/^OK   password change: works/m}, '', '-c', $httpd->conf_file,
    qw(check --user anna));
$httpd->done;
done_testing();
