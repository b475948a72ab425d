# SPDX-License-Identifier: Apache-2.0
# Very many sites of one httpd on one store: what they cost a provider.
#
#   many_sites(1000);
package PWR::Many;
use strict;
use warnings;
use Exporter qw(import);
use PWR::Sites;
use PWR::Walk;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(many_sites);

use constant {CHILDREN => 2, DBD_MAX => 4, PREPARED_MAX => 64, QUIET_SEC => 4, IDLE_SEC => 10, IDLE_RATE => 1, WALKS => 3,
    BASE => 1000, START_SEC => 2, KB => 1024, NS => 1e9};

# A site whose users are in another database of the same server.
my $shop = join "\n", map({ my ($directive, $by) = @$_;
    "PwReset${directive}Query \"SELECT no AS id, nick AS login, mail AS email, pw AS password FROM shop.people WHERE $by\"" }
    ['User', 'mail = :email'], ['Login', 'nick = :login'], ['Id', 'no = :id']),
    'PwResetPasswordUpdate "UPDATE shop.people SET pw = :hash WHERE no = :id"';

sub _open_shop {
    my $walk = shift;
    $walk->sql($_) for 'CREATE DATABASE shop', 'CREATE TABLE shop.people (no INT PRIMARY KEY, nick VARCHAR(20),'
        . ' mail VARCHAR(50), pw VARCHAR(200)) ENGINE=InnoDB', 'GRANT SELECT, UPDATE ON shop.* TO app';
    $walk->sql('INSERT INTO shop.people VALUES (7, ?, ?, ?)', 'olga', 'olga@example.org', crypt OLD, '$6$abcdefgh');
    return;
}

sub _recover_at_shop {
    my ($sites, $name) = @_;
    my ($walk, $client) = ($sites->walk, $sites->client($name));
    $client->post('/account/forgot', [email => 'olga@example.org']);
    my $mail = $walk->mail_to('olga@example.org') or return fail("a mail of $name");
    is($client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW])->status, 303,
        'users of another database: recovered');
    my $stored = $walk->value('SELECT pw FROM shop.people WHERE no = 7');
    is(crypt(NEW, $stored), $stored, 'users of another database: written there');
    is($sites->client($name)->post('/account/login', [login => 'olga', password => NEW])->status, 303,
        'users of another database: signed in');
    is_deeply([map { $_->{db} } $walk->rows(q(SELECT DISTINCT db FROM information_schema.PROCESSLIST WHERE user = 'app'))],
        ['pwreset'], 'users of another database: over the same connections');
    $walk->mail_to('olga@example.org');
    return;
}

# Memory of a process, in KB.
sub _memory {
    open my $in, '<', "/proc/$_[0]/status" or return 0;
    return (join '', <$in>) =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

# For how many seconds a process could have run, but others did.
sub _queued {
    my $pid = shift;
    open my $in, '<', "/proc/$pid/schedstat" or return 0;
    return (split ' ', <$in>)[1] / NS;
}

# Start it; the seconds until the first answer.  On a machine that others share
# these are not ours alone: those in which the parent, which does all of it, waits
# for a processor that somebody else has are taken off.
sub _start {
    my $httpd = shift;
    my $begin = time;
    $httpd->start;
    my $sec = time - $begin;
    my $others = _queued($httpd->pid);
    note(sprintf 'figure: first answer after %.2f s, %.2f of them for other programs; %d MB', $sec, $others,
        _memory($httpd->pid) / KB);
    return $sec - $others;
}

sub _status {
    my ($walk, $name) = @_;
    return $walk->value('SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = ?', $name);
}

# Each says its own name, and has its own session.
sub _brands {
    my ($sites, @names) = @_;
    my $page = sub { $sites->client($_[0])->get('/account/login')->body };
    is_deeply([map { $page->($_) =~ /(Brand of s\d+)/ ? $1 : 'none' } @names], [map { "Brand of $_" } @names],
        'each site says its own name');
    my $colors = sub { $sites->client($_[0])->get('/account/assets/colors.css')->body =~ /accent: (#\w+);/ ? $1 : 'none' };
    my %color = map { ($colors->($_) => 1) } @names;
    is(scalar keys %color, scalar @names, 'and has its own colour');
    my $browser = $sites->signed_in($names[0], 'ivan');
    is($browser->get('/portal/')->header('X-User'), 'ivan', 'one signs in at a site');
    my %cookies = %{$browser->cookies};
    my $other = $sites->client($names[1]);
    my $r = $other->get('/portal/', headers => [['Cookie', join '; ', map { "$_=$cookies{$_}" } sort keys %cookies],
        ['Accept', 'text/html']]);
    is($r->status, 303, 'and is a stranger at another');
    return;
}

# A whole recovery at each of some sites.
sub _recoveries {
    my ($sites, @names) = @_;
    my $walk = $sites->walk;
    for my $name (@names) {
        my $client = $sites->client($name);
        $client->post('/account/forgot', [email => 'ivan@example.org']);
        my $mail = $walk->mail_to('ivan@example.org') or return fail("a mail of $name");
        like($mail->from, qr/^help-$name\@/, "$name: the mail is from its own sender");
        like($mail->link, qr{^http://\Q$name\E\.test:}, "$name: its link leads there");
        is($client->post('/account/reset', [token => $mail->token, password => NEW, confirm => NEW])->status, 303,
            "$name: and the string works there");
        $walk->mail_to('ivan@example.org');
    }
    $walk->settle;
    return;
}

# What is asked of the database while nobody comes, our own question aside.
sub _idle {
    my $walk = shift;
    sleep QUIET_SEC;
    my $before = _status($walk, 'Questions');
    my $begin = time;
    sleep IDLE_SEC;
    my $rate = (_status($walk, 'Questions') - $before - 1) / (time - $begin);
    cmp_ok($rate, '<=', IDLE_RATE, sprintf '%.2f statements a second while nobody comes', $rate);
    note(sprintf 'figure: idle: %.2f statements a second', $rate);
    return;
}

sub many_sites {
    my $n = shift;
    my @names = map { "s$_" } BASE .. BASE + $n - 1;
    my $conf = sub {
        my $color = sprintf '#%02x2060', (substr $_[0], 1) % 128;
        return "PwResetSiteName \"Brand of $_[0]\"\nPwResetMailFrom help-$_[0]\@example.org\nPwResetColor accent $color";
    };
    my $sites = PWR::Sites->new({shop => $shop, map { ($_ => $conf->($_)) } @names},
        database => 'mysql', start => 0, children => CHILDREN, global => "DBDKeep @{[DBD_MAX]}\nDBDMax @{[DBD_MAX]}");
    my ($walk, $httpd) = ($sites->walk, $sites->httpd);
    my $sec = _start($httpd);
    SKIP: {
        skip 'the sanitizers take their time', 1 if $ENV{PWR_ASAN};
        cmp_ok($sec, '<', START_SEC, "$n sites start within @{[START_SEC]} s, others' turns aside");
    }
    $walk->add('ivan');
    _open_shop($walk);
    my @some = map { $names[$_ * $#names / (WALKS - 1)] } 0 .. WALKS - 1;
    _brands($sites, @some);
    _recoveries($sites, @some);
    _recover_at_shop($sites, 'shop');
    my $children = () = $httpd->children;
    my ($connections, $prepared) = map { _status($walk, $_) } qw(Threads_connected Prepared_stmt_count);
    cmp_ok($connections - 1, '<=', $children * DBD_MAX, "$connections connections: one pool a child");
    cmp_ok($prepared, '<=', $children * DBD_MAX * PREPARED_MAX, "$prepared prepared statements");
    note("figure: $n sites: $connections connections, $prepared prepared statements, $children children");
    _idle($walk);
    $httpd->done;
    return;
}

1;
