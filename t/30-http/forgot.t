#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Asking for a control string: the answer knows nothing of accounts, and what
# happens behind it is what should.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Walk;
use Test::More;
use Time::HiRes qw(time);

use constant {MERGE_SEC => 61, QUICK_SEC => 3, MAILS => 5};

my $enabled = q(AND (name IS NULL OR name <> 'disabled'));
my $select = 'SELECT id, login, email, password, language FROM pwreset_user WHERE';
my $conf = <<"CONF";
PwResetIdentify forgot both
PwResetUserQuery "$select email = :email $enabled"
PwResetLoginQuery "$select login = :login $enabled"
CONF

sub ask {
    my ($walk, $typed, %option) = @_;
    my $query = delete $option{query} // '';
    return $walk->client->post("/account/forgot$query", [email => $typed], %option);
}

# Copy each job row that is written, before a worker can take it away.
sub watch_jobs {
    my $walk = shift;
    $walk->sql('CREATE TABLE seen AS SELECT * FROM pwreset_job WHERE 1 = 0');
    my $end = $walk->kind eq 'mysql' ? '' : ' WHERE id = NEW.id';
    my @columns = map { $walk->kind eq 'mysql' ? "NEW.$_" : $_ }
        qw(id kind realm identifier identify_by language address agent created due);
    my $names = join ', ', map { s/NEW\.//r } @columns;
    $walk->sql("INSERT INTO seen (tries, lease_until, gave_up, id, kind, realm, identify_by, created, due)"
        . " VALUES (0, 0, 0, '', '', '', 0, 0, 0)");
    $walk->sql('DELETE FROM seen');
    my $rest = join ', ', @columns;
    my $source = $walk->kind eq 'mysql' ? "SELECT 0, 0, 0, $rest" : "SELECT 0, 0, 0, $rest FROM pwreset_job$end";
    $walk->sql("CREATE TRIGGER watch AFTER INSERT ON pwreset_job FOR EACH ROW BEGIN"
        . " INSERT INTO seen (tries, lease_until, gave_up, $names) $source; END");
    return;
}

# --- the answer ---------------------------------------------------------------

# All bytes of an answer, but for the time and what was typed.
sub bytes_of {
    my ($r, $typed) = @_;
    return $r->raw =~ s/^(Date|Expires): [^\r]*/$1/gmr =~ s/\Q$typed\E/TYPED/gr;
}

sub same_answer {
    my $walk = shift;
    $walk->add('alice');
    $walk->add('disab', name => 'disabled');
    $walk->add('noadr', email => undef);
    $walk->add('badad', email => 'no address');
    for my $row (['?lang=en', '@example.org'], ['?lang=ru', '@example.org'], ['?lang=ru', ''], ['', '']) {
        my ($query, $domain) = @$row;
        my %answer;
        for my $name (qw(alice nobod disab noadr badad alice alice), 'ALICE', 'a.b-c') {
            my $r = ask($walk, "$name$domain", query => $query);
            is($r->status, 200, "$name$domain$query");
            like($r->notice, qr/\Q$name$domain\E/, 'what was typed is repeated');
            push @{$answer{bytes_of($r, "$name$domain")}}, "$name$domain";
        }
        is(scalar keys %answer, 1, "one answer for all $domain$query") or diag explain \%answer;
    }
    $walk->settle;
    is_deeply([map { $_->to } grep { $_->to ne 'alice@example.org' } $walk->httpd->mailbox->unseen], [],
        'only the one account was written to');
    $walk->mail_to('alice@example.org');
    return;
}

sub sentences {
    my $walk = shift;
    my $r = ask($walk, ' who@example.org ', query => '?lang=en');
    is($r->notice, 'If there is an account for who@example.org, we will send an email with a link and a control string.'
        . ' It usually takes a minute or two. No email? Check the spam folder and the address. Help: help@example.org',
        'the notice in English');
    $r = ask($walk, 'who@example.org', query => '?lang=ru');
    is($r->notice, 'Если для who@example.org есть учётная запись, мы отправим письмо со ссылкой и контрольной строкой.'
        . ' Обычно оно приходит за одну–две минуты. Письма нет? Проверьте папку «Спам» и правильность адреса.'
        . ' Помощь: help@example.org', 'the notice in Russian');
    is($r->alert, undef, 'and nothing is wrong');
    is(ask($walk, "\N{CYRILLIC SMALL LETTER ZHE}" x 190)->status, 200, 'a login of 190 letters');
    return;
}

sub refused {
    my ($walk, $kinds) = @_;
    my %is_login = map { $_ => 1 } 'ivan', 'a b', '@', 'ivan@', '@example.org', 'a@b@c', 'Иван', 'a@b..c', '..@..',
        "\x{200B}", "a\@b.org, c\@d.org", 'a@[127.0.0.1', '-oX/tmp/x@';
    my @never = ('', ' ', "a\nb", "a\@b.org\r\nBcc: c\@d.org", "\t", "a\x7F", "a\x01\@b.org");
    my @given = $walk->rows('SELECT id FROM seen');
    for my $typed (@never, sort keys %is_login) {
        next if $kinds ne 'email' && $is_login{$typed};
        my $r = ask($walk, $typed);
        is($r->status, 422, "'$typed' is refused ($kinds)");
        ok($r->alert, 'with a reason');
        is(($r->form // {})->{fields}{email}, $typed, 'and stays in the form') if $typed !~ /[\r\n]/;
    }
    my $r = $walk->client->post('/account/forgot', []);
    is_deeply([$r->status, $r->form->{fields}{email}], [422, ''], "no field ($kinds)");
    is(scalar $walk->rows('SELECT id FROM seen'), scalar @given, 'and no job was written');
    return;
}

# --- behind it ----------------------------------------------------------------

sub jobs {
    my $walk = shift;
    my $bob = $walk->add('bob', language => 'ru');
    $walk->sql('DELETE FROM seen');
    for my $n (1 .. MAILS) {
        ask($walk, " BOB\@Example.ORG\N{U+A0} ", headers => [['User-Agent', 'Browser/1 <b>']], query => '?lang=en');
    }
    my @rows = $walk->rows('SELECT * FROM seen');
    is(scalar @rows, MAILS, 'a job for each request');
    my $job = $rows[0];
    is_deeply([@{$job}{qw(kind identifier language address agent)}],
        ['recover', 'bob@example.org', 'en', '127.0.0.1', 'Browser/1 <b>'], 'what it holds');
    is_deeply([grep { !/^[01]$/ } map { $_->{due} - $_->{created} } @rows], [], 'due at once, or nearly');
    $walk->settle;
    my @mails = grep { $_->to eq 'bob@example.org' } $walk->httpd->mailbox->unseen;
    is(scalar @mails, 1, 'one mail for all of them');
    is(scalar $walk->rows(q(SELECT * FROM pwreset_token WHERE purpose = 'recover' AND user_id = ?), $bob), 1,
        'and one string');
    my $mail = $walk->mail_to('bob@example.org');
    is($mail->from, 'noreply@example.org', 'the envelope has our sender');
    like($mail->text, qr/Здравствуйте.*127\.0\.0\.1/s, "in the user's language, telling who asked");
    unlike($mail->html, qr/<b>/, 'what the browser called itself is no markup');
    return;
}

# The link leads to the public URL, whoever the client says that we are.
sub poisoned {
    my $walk = shift;
    $walk->add('carol');
    ask($walk, 'carol@example.org', headers => [[Host => 'evil.example'], ['X-Forwarded-Host', 'evil.example'],
        ['X-Forwarded-Proto', 'https'], [Forwarded => 'host=evil.example;proto=https']]);
    my $mail = $walk->mail_to('carol@example.org');
    unlike($mail->raw, qr/evil/, 'a forged Host is not in the mail');
    is(index($mail->link, $walk->httpd->url . '/account/reset?token='), 0, 'the link leads to the public URL');
    return;
}

# Addresses that a database thinks are the same, and we do not.
sub alike {
    my $walk = shift;
    $walk->add('dave');
    my $runs = $walk->httpd->mailbox->runs;
    for my $typed ('davé@example.org', 'däve@example.org', 'dave@exämple.org', 'dave@example.org.', 'ḓave', 'dａve',
        "d\x{FF41}ve\@example.org", 'davé', '%dave@example.org', 'dave_example.org', q(' OR 1=1 -- @x.org)) {
        like(ask($walk, $typed)->status, qr/^(?:200|422)$/, "'$typed' can be asked for");
    }
    $walk->settle;
    is($walk->httpd->mailbox->runs, $runs, 'an address that only looks alike gets nothing');
    ask($walk, 'DAVE');
    ok($walk->mail_to('dave@example.org'), 'control: the login in capitals does');
    return;
}

sub several {
    my $walk = shift;
    $walk->add($_, email => 'Family@example.org') for qw(eve1 eve2);
    ask($walk, 'family@EXAMPLE.org');
    my $mail = $walk->mail_to('Family@example.org');
    my @links = $mail->text =~ /reset\?token=(\w+)/g;
    is(scalar @links, 2, 'a mail with a link for each account of the address');
    like($mail->text, qr/eve1.*eve2/s, 'and their logins');
    $walk->settle;
    is(scalar(grep { $_->to eq 'Family@example.org' } $walk->httpd->mailbox->unseen), 0, 'and no second mail');
    return;
}

sub three_live {
    my $walk = shift;
    $walk->add('frank');
    my @strings;
    for my $n (1 .. 3) {
        push @strings, {$walk->strings('frank')}->{frank};
        $walk->age('frank', MERGE_SEC);
    }
    my $mark = $walk->httpd->log_mark;
    my $fourth = ask($walk, 'frank@example.org');
    like($walk->httpd->wait_log(qr/PWR0412/, $mark) // '', qr/three live/, 'the admin is told of the fourth request');
    $walk->settle;
    is(scalar(grep { $_->to eq 'frank@example.org' } $walk->httpd->mailbox->unseen), 0, 'it gets no mail');
    is(bytes_of($fourth, 'frank@example.org'), bytes_of(ask($walk, 'grace@example.org'), 'grace@example.org'),
        'and the usual page');
    $walk->signed_in('frank');
    is($walk->client->get("/account/reset?token=$_")->status, 200, 'earlier strings still work, and after a login too')
        for @strings;
    my $form = [token => $strings[1], password => NEW, confirm => NEW];
    is($walk->client->post('/account/reset', $form)->status, 303, 'one is used');
    is($walk->client->get("/account/reset?token=$_")->status, 410, 'and all have ended') for @strings;
    my %new = $walk->strings('frank');
    is($walk->client->get("/account/reset?token=$new{frank}")->status, 200, 'a new request gets a string again');
    return;
}

# Mails come soon, but not at a moment one can choose.
sub delay {
    my $walk = shift;
    my @names = map { "user$_" } 1 .. MAILS;
    $walk->add($_) for @names;
    my @sec;
    for my $name (@names) {
        my $begin = time;
        $walk->strings($name);
        push @sec, time - $begin;
    }
    my $median = (sort { $a <=> $b } @sec)[MAILS / 2];
    cmp_ok($median, '<', QUICK_SEC, "a mail comes within @{[QUICK_SEC]} s") or diag("@sec");
    $walk->sql('DELETE FROM seen');
    my $n = 0;
    ask($walk, 'nobody@example.org') while $n++ < 40;
    is_deeply([map { $_->{d} } $walk->rows('SELECT DISTINCT due - created AS d FROM seen ORDER BY 1')], [0, 1],
        'the delay is random');
    return;
}

# The user table cannot be read at all: whoever asks does not notice.
sub unreadable {
    my $walk = shift;
    my $httpd = $walk->httpd;
    my $good = bytes_of(ask($walk, 'alice@example.org'), 'alice@example.org');
    $httpd->reconf(conf => 'PwResetUserQuery "SELECT id, login, email FROM nowhere WHERE email = :email"');
    $httpd->expect_log('PWR0204')->allow_log('PWR0214', 'PWR0304')->restart;
    my $mark = $httpd->log_mark;
    is(ask($walk, 'alice@example.org')->status, 200, 'the user table is not there: the same page');
    like($httpd->wait_log(qr/PWR0204/, $mark) // '', qr/nowhere.*correct the query/, 'the worker says what is wrong');
    $walk->sql('DELETE FROM pwreset_job');
    $httpd->reconf(conf => $conf)->restart;
    $walk->sql('ALTER TABLE pwreset_user RENAME TO moved');
    is(bytes_of(ask($walk, $_), $_), $good =~ s/TYPED/TYPED/gr, "$_: the same bytes without a user table")
        for 'alice@example.org', 'nobod@example.org';
    $walk->sql('DELETE FROM pwreset_job');
    $walk->sql('ALTER TABLE moved RENAME TO pwreset_user');
    return;
}

# What the page takes, by PwResetIdentify.
sub identify {
    my $walk = shift;
    $walk->add('henry');
    my %takes = (email => {'henry@example.org' => 200, henry => 422}, login => {henry => 200},
        both => {'henry@example.org' => 200, henry => 200});
    my %label = (email => 'E-Mail', login => 'Login', both => 'Login or E-Mail');
    for my $kinds (sort keys %takes) {
        $walk->reconf("PwResetIdentify forgot $kinds\nPwResetContact root\@localhost");
        like($walk->client->get('/account/forgot')->text, qr{<label for="email">\Q$label{$kinds}\E</label>},
            "$kinds: the label");
        is(ask($walk, $_)->status, $takes{$kinds}{$_}, "$kinds: $_") for sort keys %{$takes{$kinds}};
        unlike(ask($walk, 'henry@example.org')->text, qr/Help:|localhost/, "$kinds: no help at localhost");
        refused($walk, $kinds);
        $walk->sql('UPDATE pwreset_token SET created = created - ?', MERGE_SEC);
        next if $kinds eq 'email';
        $walk->settle;
        ok($walk->mail_to('henry@example.org'), "$kinds: the login name is enough");
        $walk->sql('DELETE FROM pwreset_token');
    }
    return;
}

# Without ServerAdmin, as many servers are.
sub without_admin {
    my ($walk, $directives) = @_;
    $walk->settle;
    my $httpd = $walk->httpd->reconf(conf => $directives);
    open my $in, '<', $httpd->conf_file or die $httpd->conf_file . ": $!\n";
    my $text = do { local $/; <$in> };
    $httpd->write('httpd.conf', $text =~ s/^ServerAdmin .*\n//mr);
    $httpd->restart;
    return;
}

# Whom pages and mails send people to, where a click on it leads; undef: nobody.
sub contact {
    my $walk = shift;
    my $people = 'people@example.org';
    my @table = ([sub { $walk->reconf('') }, 'help@example.org', 'ServerAdmin', 'mailto:help%40example.org'],
        [sub { $walk->reconf("PwResetContact $people") }, $people, 'PwResetContact', 'mailto:people%40example.org'],
        [sub { $walk->reconf('PwResetContact https://help.example.org/') }, 'https://help.example.org/', 'a page',
            'https://help.example.org/'],
        [sub { $walk->reconf('PwResetContact "desk-7, phone 100"') }, 'desk-7,', 'words'],
        [sub { $walk->reconf('ServerAdmin webmaster@localhost') }, undef, 'ServerAdmin @localhost'],
        [sub { $walk->reconf('PwResetContact root@localhost') }, undef, 'PwResetContact @localhost'],
        [sub { without_admin($walk, '') }, undef, 'neither'],
        [sub { without_admin($walk, "PwResetContact $people") }, $people, 'only PwResetContact',
            'mailto:people%40example.org']);
    my $n = 0;
    for my $row (@table) {
        my ($configure, $contact, $name, $link) = @$row;
        $configure->();
        my $login = 'help' . $n++;
        $walk->add($login);
        my $r = ask($walk, "$login\@example.org");
        my $mail = $walk->mail_to("$login\@example.org");
        for my $page ($r, $walk->client->get('/account/forgot')) {
            is_deeply([grep { !m{^/} } $page->links('a')], [$link // ()], "$name: where a click leads");
        }
        my %text = (notice => $r->notice, page => $walk->client->get('/account/forgot')->text =~ s/<[^>]*>//gr,
            text => $mail->text, HTML => $mail->html =~ s/<[^>]*>//gr);
        for my $where (sort keys %text) {
            is_deeply([$text{$where} =~ /Help: (\S+)/], [$contact // ()], "$name: whom the $where names");
            unlike($text{$where}, qr/localhost|no address given|Help/, "$name: nobody in the $where") if !$contact;
        }
    }
    return;
}

each_database(sub {
    my $walk = shift;
    watch_jobs($walk);
    subtest 'the same answer' => sub { same_answer($walk) };
    subtest sentences => sub { sentences($walk) };
    subtest refused => sub { refused($walk, 'both') };
    subtest jobs => sub { jobs($walk) };
    subtest 'forged host' => sub { poisoned($walk) };
    subtest alike => sub { alike($walk) };
    subtest several => sub { several($walk) };
    subtest 'three live' => sub { three_live($walk) };
    subtest delay => sub { delay($walk) };
    subtest unreadable => sub { unreadable($walk) };
    subtest identify => sub { identify($walk) };
    subtest contact => sub { contact($walk) };
}, conf => $conf);
done_testing();
