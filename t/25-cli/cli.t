#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# pwresetctl without a database: the command line, hashes, the configuration
# that it gets from httpd.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use PWR::Ctl;

my $ctl = PWR::Ctl->new;

sub runs_ok { return $ctl->runs_ok(@_) }

sub test_usage {
    my @table = (
        [64, 'which command', ()],
        [64, q(no command 'dance'), 'dance'],
        [64, q(no command 'user'), 'user'],
        [64, q(no command 'user dance'), qw(user dance)],
        [64, q(no command 'useradd'), 'useradd'],
        [64, q(no command 'user add'), 'user add'],
        [64, q(no command ''), ''],
        [64, 'invalid option', '--colour', 'directives'],
        [64, 'invalid option', 'directives', '--colour'],
        [64, 'invalid option', qw(user passwd ivan --name x)],
        [64, 'missing argument', '-c'],
        [64, 'missing argument', qw(schema --dialect)],
        [64, 'given twice', qw(schema --dialect mysql --dialect sqlite)],
        [64, 'given twice', qw(-s a schema -s b)],
        [64, q(there is no directive 'x'), qw(directives x)],
        [64, 'leave out the names', qw(directives --table PwReset)],
        [64, 'wrong number of arguments: pwresetctl purge', qw(purge x)],
        [64, 'wrong number of arguments: pwresetctl user add LOGIN EMAIL', qw(user add ivan)],
        [64, 'wrong number', qw(user add ivan ivan@example.org secret)],
        [64, 'wrong number', qw(user passwd)],
        [64, 'wrong number', qw(hash verify)],
        [64, 'wrong number', qw(hash make bcrypt secret)],
        [64, 'do not go together', qw(schema --apply --dialect mysql)],
        [64, 'prefix goes with', qw(schema --prefix x_)],
        [64, 'no schema for', qw(schema --dialect oracle)],
        [64, 'may hold letters', qw(schema --dialect mysql --prefix), q(x'; DROP TABLE y; --)],
        [64, 'may hold letters', qw(schema --dialect mysql --prefix a.b.c)],
        [64, q(no command 'dance'), qw(help dance)],
    );
    $ctl->vhosts($ctl->vhost);
    for my $row (@table) {
        my ($status, $words, @arguments) = @$row;
        runs_ok("'@arguments' is refused: $words", {status => $status, err => qr/^pwresetctl: .*\Q$words\E/m},
            "a password that is long\n", @arguments);
    }
}

# The commands that begin with a word that is none.
sub test_groups {
    for my $row ([[qw(queue)], 4], [[qw(help queue)], 4], [[qw(queue dance)], 4], [[qw(mail)], 2],
        [[qw(page)], 1], [[qw(que)], 0], [[''], 0]) {
        my ($words, $n) = @$row;
        my (undef, $err) = runs_ok("'@$words' is none", {status => 64, err => qr/no command/}, '', @$words);
        is(() = $err =~ /^  \w+ \w+ +\w/mg, $n, "and $n begin with it");
    }
}

sub test_help {
    my $version = qr/\Apwresetctl \d+\.\d+\.\d+\n\z/;
    my ($all) = runs_ok('help', {status => 0, out => qr/^usage: pwresetctl/}, '', 'help');
    my @commands = $all =~ /^  ([a-z]+(?: [a-z]+)?)  +\S/mg;
    is_deeply(\@commands, ['check', 'schema', 'user add', 'user passwd', 'user list', 'why', 'link', 'revoke',
        'mail test', 'mail show', 'page show', 'queue list', 'queue show', 'queue retry',
        'queue drop', 'purge', 'hash make', 'hash verify', 'breach build', 'breach check', 'directives', 'help',
        'version'], 'help lists the commands');
    for my $command (@commands) {
        my @words = split / /, $command;
        my $want = {status => 0, out => qr/^usage: pwresetctl \Q$command\E\b/};
        runs_ok("help $command", $want, '', 'help', @words);
        runs_ok("$command --help", $want, '', @words, '--help');
    }
    runs_ok('--help', {status => 0, out => qr/^\Q$all\E\z/}, '', '--help');
    runs_ok('-h COMMAND', {status => 0, out => qr/^usage: pwresetctl hash make/}, '', qw(-h hash make));
    runs_ok('version', {status => 0, out => $version}, '', 'version');
    runs_ok('--version', {status => 0, out => $version}, '', '--version');
    open my $full, '>', '/dev/full' or return;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>&', $full or die;
        open STDERR, '>', '/dev/null' or die;
        exec PWR::Ctl->program, 'help' or exit 127;
    }
    waitpid $pid, 0;
    is($? >> 8, 74, 'a full disk is not success');
}

# Made by other programs, so that we do not only agree with ourselves: the
# specification of SHA-crypt, Openwall's bcrypt and scrypt vectors, httpd's and
# OpenSSL's documentation, the argon2 reference program.
sub test_verify {
    my @vectors = (
        ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
        ['Hello world!', '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoE'
            . 'OfaS35inz1'],
        ['Hello world!', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
        ['myPassword', '$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/'],
        ['secret', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
        ['pleaseletmein', '$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D'],
        ['correct horse', '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79'],
        ['password', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
    );
    for my $tool (['openssl', 'openssl passwd -1 -salt abcdefgh -stdin'],
        ['openssl', 'openssl passwd -5 -salt abcdefgh -stdin'], ['openssl', 'openssl passwd -6 -stdin'],
        ['htpasswd', 'htpasswd -niB u | cut -d: -f2'], ['htpasswd', 'htpasswd -nim u | cut -d: -f2'],
        ['mkpasswd', 'mkpasswd -s -m yescrypt']) {
        my ($program, $line) = @$tool;
        next if system("command -v $program >/dev/null");
        my ($stored) = split /\n/, `printf 'made outside' | $line`;
        push @vectors, ['made outside', $stored];
    }
    for my $vector (@vectors) {
        my ($password, $stored) = @$vector;
        my $scheme = substr $stored, 0, 12;
        runs_ok("$scheme is verified", {status => 0, out => qr/^matches$/}, "$password\n", qw(hash verify), $stored);
        runs_ok("$scheme, no line feed", {status => 0, out => qr/^matches$/}, $password, qw(hash verify), $stored);
        for my $wrong ("$password ", lc "x$password", "\U$password", substr $password, 1) {
            next if $wrong eq $password;
            runs_ok("$scheme is not '$wrong'", {status => 1, out => qr/^does not match$/}, "$wrong\n", qw(hash verify),
                $stored);
        }
    }
    for my $stored ('', '*', '!', 'x', 'password', '$2y$', '$y$', '$argon2id$', '$unknown$x', 'a' x 10000) {
        runs_ok('nothing matches ' . substr($stored, 0, 20), {status => 1, out => qr/^does not match$/},
            "password\n", qw(hash verify), $stored);
    }
}

sub test_make {
    my %prefix = ('keep' => qr/^\$2y\$12\$/, 'bcrypt' => qr/^\$2y\$12\$/, 'bcrypt:10' => qr/^\$2y\$10\$/,
        'yescrypt' => qr/^\$y\$/, 'sha512-crypt' => qr/^\$6\$/, 'argon2id' => qr/^\$argon2id\$/);
    for my $scheme (sort keys %prefix) {
        my ($made) = runs_ok("hash make $scheme", {status => 0, out => $prefix{$scheme}}, "correct horse\n",
            qw(hash make), $scheme);
        my $again = ($ctl->run("correct horse\n", qw(hash make), $scheme))[1];
        isnt($again, $made, "$scheme has a salt");
        chomp $made;
        runs_ok("and $scheme is verified", {status => 0, out => qr/matches/}, "correct horse\n", qw(hash verify),
            $made);
        # crypt(3) is not ours
        is(crypt('correct horse', $made), $made, "crypt(3) agrees about $scheme") if $scheme ne 'argon2id';
    }
    like(($ctl->run("correct horse\n", qw(hash make)))[1], $prefix{keep}, 'without a scheme it is keep');
    runs_ok("'$_' is no scheme", {status => 64, err => qr/^pwresetctl: scheme /}, "correct horse\n", qw(hash make), $_)
        for '', 'md5', 'bcrypt:3', 'bcrypt:99', 'bcrypt:x', 'crypt', 'plain';
}

# What comes instead of a password.
sub test_secret {
    my @table = (
        ['nothing', '', 66, 'no password came'],
        ['an empty line', "\n", 65, 'is empty'],
        ['two lines', "correct horse\nbattery\n", 65, 'more than one line'],
        ['an empty second line', "correct horse\n\n", 65, 'more than one line'],
        ['a NUL', "correct\0horse\n", 65, 'not UTF-8'],
        ['Latin-1', "p\xe4ssword\n", 65, 'not UTF-8'],
        ['a surrogate', "\xed\xa0\x80\n", 65, 'not UTF-8'],
        ['4097 bytes', 'x' x 4097 . "\n", 65, 'over-long'],
        ['a megabyte', 'x' x 1_000_000, 65, 'over-long'],
    );
    for my $row (@table) {
        my ($name, $input, $status, $words) = @$row;
        for my $command ([qw(hash make yescrypt)], [qw(hash verify x)]) {
            runs_ok("@$command: $name", {status => $status, err => qr/^pwresetctl: .*\Q$words\E/}, $input, @$command);
        }
    }
    runs_ok('4096 bytes are taken', {status => 0, out => qr/^\$argon2id\$/}, 'x' x 4096 . "\n",
        qw(hash make argon2id));
    runs_ok('72 bytes of bcrypt', {status => 0, out => qr/^\$2y\$/}, 'x' x 72 . "\n", qw(hash make bcrypt:10));
    runs_ok('73 bytes of bcrypt', {status => 65, err => qr/has 73 bytes.* at most 72/}, 'x' x 73 . "\n",
        qw(hash make bcrypt:10));
    my ($made) = runs_ok('blanks and CR are part of it', {status => 0, out => qr/^\$y\$/}, " a \r\n",
        qw(hash make yescrypt));
    chomp $made;
    is(crypt(" a \r", $made), $made, 'nothing was trimmed');
}

sub test_terminal {
    my $yes = "correct horse\n";
    my @table = (
        ['typed twice', 0, qr/Password: \r\nThe same again: \r\n\$y\$/, [$yes, $yes], qw(hash make yescrypt)],
        ['typed differently', 65, qr/the two differ/, [$yes, "correct house\n"], qw(hash make yescrypt)],
        ['typed once to be verified', 1, qr/Password: \r\ndoes not match/, [$yes], qw(hash verify x)],
        ['end of input', 66, qr/no password came/, ["\x04"], qw(hash make)],
        ['an empty line', 65, qr/is empty/, ["\n"], qw(hash make)],
        ['^C', 'signal 2', qr/Password: /, ["corr\x03"], qw(hash make)],
        ['^C the second time', 'signal 2', qr/again: /, [$yes, "\x03"], qw(hash make)],
        ['^\\', 'signal 3', qr/Password: /, ["\x1c"], qw(hash make)],
    );
    for my $row (@table) {
        my ($name, $want, $words, $typed, @arguments) = @$row;
        my ($status, $screen, $echo) = $ctl->run_at_terminal($typed, @arguments);
        is($status, $want, "at a terminal: $name");
        like($screen, $words, "$name: what is shown");
        unlike($screen, qr/corr|horse/, "$name: nothing is echoed");
        is($echo, 1, "$name: the terminal echoes again");
    }
}

# The reference as it stands in docs/, whole or a part of it.
sub test_reference {
    open my $in, '<:raw', "$FindBin::Bin/../../docs/directives.md" or die "directives.md: $!";
    my $document = do { local $/; <$in> };
    my ($out) = runs_ok('directives', {status => 0, out => qr/^# Directives/m}, '', 'directives');
    is($out, $document, 'the reference');
    my %entry;
    $entry{$1} = $2 while $document =~ /^(?=### (\w+)\n)(.+?)(?=\n##|\z)/gms;
    my ($last) = $document =~ /^### (\w+)\n(?!.*^###)/ms;
    for my $names (['PwResetBase'], ['pwresetbase'], [$last], ['PwResetMailFrom', 'PwReset']) {
        ($out) = runs_ok("directives @$names", {status => 0, out => qr/^\| Syntax/m}, '', 'directives', @$names);
        is($out, join("\n", map { $entry{$_ eq 'pwresetbase' ? 'PwResetBase' : $_} } @$names), 'no more and no less');
    }
}

sub test_directives {
    my ($out) = runs_ok('directives', {status => 0, out => qr/^PwReset\t/}, '', qw(directives --table));
    my @rows = map { [split /\t/, $_, -1] } split /\n/, $out;
    is_deeply([grep { @$_ != 5 || grep { $_ eq '' } @$_ } @rows], [], 'five fields in each line, none empty');
    open my $in, '<', "$FindBin::Bin/../../mod_pwreset/core/conf.c" or die "conf.c: $!";
    my @names = map { /^    \{ "(PwReset\w*)"/ ? $1 : () } <$in>;
    cmp_ok(scalar @names, '>', 30, 'the table was found in conf.c');
    is_deeply([map { $_->[0] } @rows], \@names, 'the directives of the table, in its order');
    my %row = map { ($_->[0] => $_) } @rows;
    is($row{PwResetBase}[2], '/account', 'a default');
    is($row{PwResetContact}[2], '-', 'no default');
    is($row{PwResetRealm}[3], 'server config, virtual host (not inherited)', 'a context');
    is_deeply([grep { $_->[3] !~ /^server config/ } @rows], [], 'none in .htaccess');
}

# ---- the configuration ----

sub schema_refused {
    my ($name, $status, $words, @options) = @_;
    return runs_ok($name, {status => $status, err => qr/^pwresetctl: .*\Q$words\E/m}, '', @options, 'schema');
}

sub test_asking {
    $ctl->vhosts($ctl->vhost);
    local $^F = 9;      # what is opened now is inherited
    my @inherited = map { open my $file, '<', '/dev/null' or die "/dev/null: $!"; $file } 1 .. 4;
    runs_ok('schema asks httpd', {status => 0, out => qr/CREATE TABLE/}, '', 'schema');
    is($ctl->read('ARGUMENTS'), "-t\n-D\nDUMP_PWRESET\n", 'httpd is asked for the dump');
    is_deeply([sort { $a <=> $b } grep { $_ < 10 } split /\n/, $ctl->read('DESCRIPTORS')], [0, 1, 2, 3],
        'it has the pipe and no other descriptor');
    runs_ok('-c FILE', {status => 0, out => qr/CREATE/}, '', qw(-c /etc/x.conf schema));
    is($ctl->read('ARGUMENTS'), "-t\n-D\nDUMP_PWRESET\n-f\n/etc/x.conf\n", '-c is passed on');
    runs_ok('-c RELATIVE', {status => 0, out => qr/CREATE/}, '', qw(schema -c x.conf));
    like($ctl->read('ARGUMENTS'), qr{^-f\n/.*/x\.conf$}m, 'a relative file is one of this folder');
    local $ENV{PWRESET_DUMP_FD} = 9;
    runs_ok('a stray PWRESET_DUMP_FD', {status => 0, out => qr/CREATE/}, '', 'schema');
    is_deeply([$ctl->read('ENVIRONMENT') =~ /^(PWRESET_DUMP_FD=.*)$/mg], ['PWRESET_DUMP_FD=3'], 'ours takes its place');
}

sub test_httpd_fails {
    $ctl->plays(say => "Syntax error on line 3\n", exit => 1);
    my (undef, undef, $err) = $ctl->run('', 'schema');
    like($err, qr/^Syntax error on line 3\npwresetctl: .*refused the configuration/, "httpd's own words come first");
    schema_refused('httpd fails', 78, 'refused the configuration');
    $ctl->plays(say => "talk\n" x 200_000, exit => 1);
    schema_refused('a talkative httpd does not hang', 78, 'refused the configuration');
    $ctl->plays(dump => JSON::PP::encode_json({version => '0.1.0', vhosts => [$ctl->vhost]}), exit => 1);
    schema_refused('a dump of a failing httpd is not believed', 78, 'refused the configuration');
    $ctl->plays(say => "Syntax OK\n");
    schema_refused('httpd without the module', 78, 'has no mod_pwreset');
    local $ENV{HTTPD} = '/nowhere/httpd';
    schema_refused('no httpd', 69, 'cannot run /nowhere/httpd');
    local $ENV{HTTPD} = $ctl->dir . '/DUMP';
    schema_refused('httpd is no program', 69, 'cannot run');
}

sub test_dump {
    my $vhost = $ctl->vhost;
    my $json = sub { JSON::PP::encode_json($_[0]) };
    my $of = sub { $json->({version => '0.1.0', vhosts => [@_]}) };
    my @table = (
        ['not JSON', 'hello', 'is broken'],
        ['half', substr($of->($vhost), 0, 200), 'is broken'],
        ['two', $of->($vhost) x 2, 'is broken'],
        ['a member twice', '{"vhosts":[],"vhosts":[]}', 'is broken'],
        ['an array', '[]', 'not understood (vhosts)'],
        ['no vhosts', '{}', 'not understood (vhosts)'],
        ['none on', $of->(), 'say PwReset On'],
        ['a vhost without name', $of->({%$vhost, server => undef}), 'not understood (server)'],
        ['a vhost that is a word', '{"vhosts":["x"]}', 'not understood (server)'],
        ['a vhost without port', $of->({%$vhost, port => '443'}), 'not understood (server)'],
        ['without realm', $of->({%$vhost, realm => undef}), 'not understood (realm)'],
        ['without directives', $of->({%$vhost, directives => []}), 'not understood (directives)'],
        ['an unknown directive', $of->({%$vhost, directives => {PwResetDance => [['On']]}}),
            'not understood (PwResetDance)'],
        ['uses that are a word', $of->({%$vhost, directives => {PwReset => 'On'}}), 'not understood (PwReset)'],
        ['a use that is a word', $of->({%$vhost, directives => {PwReset => ['On']}}), 'not understood (PwReset)'],
        ['an argument that is a number', $of->({%$vhost, directives => {PwResetMailSlots => [[4]]}}),
            'not understood (PwResetMailSlots)'],
        ['a thousand arguments', $of->({%$vhost, directives => {PwResetSendmail => [[('x') x 1000]]}}),
            'not understood (PwResetSendmail)'],
        ['an impossible value', $of->({%$vhost, directives => {PwResetMailSlots => [['1000']]}}),
            '/etc/httpd/site.conf:12: PwResetMailSlots must be from 1 to 64'],
        ['no database', $of->({%$vhost, driver => undef, params => undef}), 'has no database'],
    );
    for my $row (@table) {
        my ($name, $dump, $words) = @$row;
        $ctl->plays(dump => $dump);
        schema_refused("dump: $name", 78, $words);
    }
    $ctl->vhosts($ctl->vhost(directives => {PwResetAfterChange => [], PwResetTablePrefix => [['my_']]}));
    runs_ok('empty uses, and a value that counts', {status => 0, out => qr/CREATE TABLE.* my_/}, '', 'schema');
}

sub test_choice {
    my @vhosts = map {
        my ($server, $port) = split /:/;
        $ctl->vhost(server => $server, port => 0 + $port,
            directives => {PwResetTablePrefix => [["p${_}_" =~ s/\W/_/gr]]})
    } 'a.example:80', 'a.example:443', 'b.example:443';
    $ctl->vhosts(@vhosts);
    my (undef, undef, $err) = $ctl->run('', 'schema');
    is(() = $err =~ /^  [ab]\.example:\d+  \(\/etc\/httpd\/site\.conf:12\)$/mg, 3, 'all of them are listed');
    schema_refused('several and no -s', 64, 'choose one with -s');
    schema_refused('a name that two have', 64, 'choose one with -s', qw(-s a.example));
    schema_refused("'$_' is none of them", 64, 'no virtual host of that name', '-s', $_)
        for 'c.example', 'b.exampl', 'b.example:80', 'example', '', ':443', 'b.example:';
    my %chosen = ('a.example:80' => 'pa_example_80_', 'b.example' => 'pb_example_443_',
        'B.Example:443' => 'pb_example_443_');
    runs_ok("-s $_", {status => 0, out => qr/CREATE TABLE.* $chosen{$_}/}, '', '-s', $_, 'schema')
        for sort keys %chosen;
}

sub test_schema_offline {
    local $ENV{HTTPD} = '/nowhere/httpd';
    for my $dialect (qw(mysql sqlite)) {
        my @words = (qw(schema --dialect), $dialect);
        runs_ok("@words", {status => 0, out => qr/CREATE TABLE.* pwreset_/}, '', @words);
        runs_ok("@words --prefix", {status => 0, out => qr/CREATE TABLE.* x\.y_/}, '', @words, qw(--prefix x.y_));
    }
}

-x PWR::Ctl->program or BAIL_OUT(PWR::Ctl->program . ' was not built');
test_usage();
test_groups();
test_help();
test_verify();
test_make();
test_secret();
test_terminal();
test_reference();
test_directives();
test_asking();
test_httpd_fails();
test_dump();
test_choice();
test_schema_offline();
done_testing();
