#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The same pages for programs: who accepts application/json sends and gets it,
# with the statuses, headers and effects of a page.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use PWR::Walk;
use Test::More;

use constant {JSON => 'application/json', PROBLEM => 'application/problem+json', BODY_BYTES => 16_384};

my $json = JSON::PP->new->utf8->canonical;
my @accept = ([Accept => JSON]);

# One who asks in JSON: $method, $path, what to send (a map, or bytes), more headers.
sub ask {
    my ($client, $method, $path, $send, @headers) = @_;
    my %body = defined $send ? (body => ref $send ? $json->encode($send) : $send) : ();
    my @type = defined $send ? (['Content-Type', JSON]) : ();
    return $client->request($method, $path, %body, headers => [@accept, @type, @headers]);
}

sub told { return eval { $json->decode($_[0]->body) } // {broken => $_[0]->body} }

# Status, type and some members of an answer.
sub is_told {
    my ($r, $status, $members, $name) = @_;
    my $got = told($r);
    my %some = map { ($_ => $got->{$_}) } keys %$members;
    is_deeply([$r->status, $r->header('Content-Type'), \%some], [$status, $status < 400 ? JSON : PROBLEM, $members], $name)
        or diag $r->raw;
    return $got;
}

# As RFC 9457 says: what each problem has, and which fields it is about.
sub is_problem {
    my ($r, $status, $title, $name, @pointers) = @_;
    my $got = is_told($r, $status, {type => 'about:blank', title => $title, status => $status}, $name);
    is_deeply([map { $_->{pointer} } @{$got->{errors} // []}], \@pointers, "$name: what it is about");
    is(scalar(grep { !length $_->{detail} } @{$got->{errors} // []}), 0, "$name: and what is wrong with it");
    return $got;
}

# --- the same as a page ----------------------------------------------------------

# By path: the statuses of GET and of a POST that says nothing.
my %page = (
    '/account/login' => [200, 422], '/account/logout' => [200, 303], '/account/forgot' => [200, 422],
    '/account/reset' => [200, 422], '/account/change' => [401, 401], '/account/sessions' => [401, 401],
    '/account/notme' => [200, 422], '/.well-known/change-password' => [303, 405],
);

sub headers_of {
    my ($r, @but) = @_;
    my %out = map { $_ => 1 } qw(date content-length content-type), @but;
    return [sort map { "$_->[0]: $_->[1]" } grep { !$out{lc $_->[0]} } @{$r->all_headers}];
}

sub pages {
    my $client = shift;
    for my $path (sort keys %page) {
        my ($on_get, $on_post) = @{$page{$path}};
        my $get = ask($client, GET => $path);
        is_told($get, $on_get, {}, "GET $path");
        my $html = $client->get($path);
        is_deeply(headers_of($get), headers_of($html, 'etag'), "GET $path: the headers of a page, but no ETag")
            if $html->status == $get->status;
        is($get->header('Vary') =~ s{, }{,}gr, 'Accept,Accept-Language,Cookie', "GET $path: nobody takes it for the page");
        my $head = ask($client, HEAD => $path);
        is_deeply([$head->status, $head->header('Content-Length')], [$on_get, length $get->body], "HEAD $path");
        my $post = ask($client, POST => $path, {});
        is_told($post, $on_post, {}, "POST $path");
        is_deeply(headers_of($post), headers_of($client->post($path, [])), "POST $path: the headers of a page");
        is_told($client->post($path, [], headers => \@accept), $on_post, {}, "POST $path: of a form, too");
        is_problem(ask($client, PUT => $path, {}), 405, 'Method Not Allowed', "PUT $path");
        is(ask($client, PUT => $path)->header('Allow'), $on_post == 405 ? 'GET, HEAD' : 'GET, HEAD, POST', "PUT $path: Allow");
    }
    return;
}

# --- the walk --------------------------------------------------------------------

sub recovery {
    my $walk = shift;
    my $client = $walk->client;
    my $got = is_told(ask($client, GET => '/account/forgot'), 200, {by_email => JSON::PP::true, site_name => 'Test site',
        lang => 'en', contact => 'help@example.org', url_login => '/account/login'}, 'forgot');
    ok(!exists $got->{$_}, "nothing of the look: $_") for qw(style_url languages has_languages url_self by_login);
    is_problem(ask($client, POST => '/account/forgot', {email => 'x'}), 422, 'Unprocessable Entity', 'no address', '#/email');
    is_told(ask($client, POST => '/account/forgot', {email => ' ivan@example.org '}), 200,
        {sent => JSON::PP::true, email => 'ivan@example.org'}, 'a string is asked for');
    my $token = $walk->mail_to('ivan@example.org')->token;
    my $form = is_told(ask($client, GET => "/account/reset?token=$token"), 200, {form => JSON::PP::true, login => 'ivan',
        length_min => '12'}, 'the form behind the link');
    ok((grep { $_->{rule} eq 'short' && $_->{text} =~ /12/ } @{$form->{rules}}), 'with its rules');
    is(index($json->encode($form), substr $token, 0, 9), -1, 'and not the string itself');
    is_told(ask($client, POST => '/account/reset', {token => lc $token}), 200, {form => JSON::PP::true}, 'the string alone');
    is_problem(ask($client, POST => '/account/reset', {token => $token, password => 'short', confirm => 'x'}), 422,
        'Unprocessable Entity', 'a bad password', ('#/password') x broken_rules($walk, $token), '#/confirm');
    is_problem(ask($client, POST => '/account/reset', {token => substr $token, 1}), 422, 'Unprocessable Entity', 'mistyped',
        '#/token');
    my $done = ask($client, POST => '/account/reset', {token => $token, password => NEW, confirm => NEW});
    is_told($done, 303, {location => '/account/reset?done=1'}, 'the password is changed');
    is($done->header('Location'), '/account/reset?done=1', 'and the way on a header, too');
    ok($walk->works('ivan', NEW), 'really');
    is_told($client->follow($done, headers => \@accept), 200, {done => JSON::PP::true, login => 'ivan'}, 'who follows');
    my $dead = is_problem(ask($client, GET => "/account/reset?token=$token"), 410, 'Gone', 'a spent string');
    is_deeply([@$dead{qw(dead spent expired)}], [JSON::PP::true, JSON::PP::true, undef], 'which is told');
    $walk->mail_to('ivan@example.org');
    return;
}

# As many errors as the page says for the same password.
sub broken_rules {
    my ($walk, $token) = @_;
    my $r = $walk->client->post('/account/reset', [token => $token, password => 'short', confirm => 'x']);
    return scalar grep { $_ eq '#password' } $r->links('a');
}

sub sessions {
    my $walk = shift;
    my $client = $walk->client;
    is_problem(ask($client, POST => '/account/login', {login => 'ivan', password => 'wrong'}), 422, 'Unprocessable Entity',
        'a wrong password', '#/login');
    my $in = ask($client, POST => '/account/login', {login => 'ivan', password => NEW, return => '/portal/'});
    is_told($in, 303, {location => '/portal/'}, 'signed in');
    is($walk->who($client), 'ivan', 'with a session');
    ask($walk->client, POST => '/account/login', {login => 'ivan', password => NEW});
    my $list = is_told(ask($client, GET => '/account/sessions'), 200, {login => 'ivan', has_others => JSON::PP::true},
        'the sessions');
    is_deeply([map { $_->{current} // 'other' } @{$list->{sessions}}], [JSON::PP::true, 'other'], 'two of them');
    is_problem(ask($client, POST => '/account/sessions', {end => 'x'}), 422, 'Unprocessable Entity', 'no such session', undef);
    is_told(ask($client, POST => '/account/sessions', {end => $list->{sessions}[1]{handle}}), 303,
        {location => '/account/sessions?done=1'}, 'one is ended');
    is(scalar @{told(ask($client, GET => '/account/sessions'))->{sessions}}, 1, 'and gone');
    ask($walk->client, POST => '/account/login', {login => 'ivan', password => NEW});
    my $others = ask($client, POST => '/account/sessions', {end => 'others'});
    is_told($client->follow($others, headers => \@accept), 200, {done_others => JSON::PP::true, done => undef,
        has_others => undef}, 'the others are');
    is_told(ask($client, GET => '/account/change'), 200, {login => 'ivan'}, 'change');
    is_problem(ask($client, POST => '/account/change', {current => OLD, password => NEW}), 422, 'Unprocessable Entity',
        'the wrong one', '#/current', '#/confirm');
    is_told(ask($client, POST => '/account/change', {current => NEW, password => OLD, confirm => OLD}), 303,
        {location => '/account/change?done=1'}, 'changed');
    is_told(ask($client, POST => '/account/logout', {}), 303, {location => '/account/logout'}, 'signed out');
    is($walk->who($client), 401, 'is out');
    my $missing = ask($client, GET => '/account/change');
    is_problem($missing, 401, 'Unauthorized', 'a stranger');
    like($missing->header('WWW-Authenticate'), qr/^PwReset realm="/, 'is told how');
    $walk->mail_to('ivan@example.org');
    return;
}

sub notme {
    my $walk = shift;
    my $client = $walk->client;
    $client->post('/account/forgot', [email => 'olga@example.org']);
    my ($notme) = $walk->mail_to('olga@example.org')->notme;
    is_told(ask($client, GET => "/account/notme?token=$notme"), 200, {offer => JSON::PP::true, login => 'olga'}, 'the offer');
    is_told(ask($client, POST => '/account/notme', {token => $notme}), 303, {location => '/account/notme?done=1'}, 'taken');
    is_problem(ask($client, POST => '/account/notme', {token => ''}), 422, 'Unprocessable Entity', 'without the link',
        '#/token');
    is_problem(ask($client, GET => '/account/notme?token=' . '0' x 28), 410, 'Gone', 'an unknown link');
    return;
}

# --- what is refused -------------------------------------------------------------

sub refused {
    my $walk = shift;
    my $client = $walk->client;
    my $email = '"email":"ivan@example.org"';
    my %body = (
        'no JSON' => [400, 'email=ivan%40example.org'], 'nothing' => [400, ''], 'an array' => [400, '["ivan@example.org"]'],
        'a string' => [400, '"ivan@example.org"'], 'a list of addresses' => [400, '{"email":["a@b.org","c@d.org"]}'],
        'a number' => [400, '{"email":1}'], 'nobody' => [400, '{"email":null}'], 'a map' => [400, '{"email":{"$ne":""}}'],
        'twice' => [400, "{$email,$email}"], 'twice by an escape' => [400, qq({$email,"\\u0065mail":"x"})],
        'two objects' => [400, "{$email}{$email}"], 'a comma too many' => [400, "{$email,}"], 'cut off' => [400, "{$email"],
        'a NUL' => [400, qq({"email":"a\0b"})], 'an escaped NUL' => [400, '{"email":"a\u0000b"}'],
        'half a pair' => [400, '{"email":"\ud83d"}'], 'no UTF-8' => [400, qq({"email":"\xFF"})],
        'overlong' => [400, qq({"email":"\xC0\xAF"})], 'deep' => [400, '{"email":' . '[' x 9000 . ']' x 7000 . '}'],
        'a byte order mark' => [400, "\xEF\xBB\xBF{$email}"], 'UTF-16' => [400, join '', map { "$_\0" } split //, "{$email}"],
        'many fields' => [413, '{' . join(',', map { qq("a$_":"") } 0 .. 32) . '}'],
        'a long value' => [413, '{"email":"' . 'x' x 1025 . '"}'],
        'a long value by escapes' => [413, '{"email":"' . '\u0078' x 1025 . '"}'],
        'huge' => [413, '{"a":"' . 'x' x BODY_BYTES . '"}'],
    );
    my $before = $walk->state;
    for my $name (sort keys %body) {
        my ($status, $body) = @{$body{$name}};
        is_problem(ask($client, POST => '/account/forgot', $body), $status,
            $status == 400 ? 'Bad Request' : 'Request Entity Too Large', $name);
    }
    for my $type (undef, 'text/json', 'application/jsonp', 'application/json-seq', 'application/vnd.api+json',
        'text/plain', 'multipart/form-data; boundary=x') {
        my $r = $client->request(POST => '/account/forgot', body => "{$email}", headers => [@accept, ['Content-Type', $type]]);
        is_problem($r, 415, 'Unsupported Media Type', 'type ' . ($type // 'none'));
    }
    is($client->request(POST => '/account/forgot', body => "{$email}", headers => [['Content-Type', JSON], [Accept => '*/*']])
        ->status, 415, 'JSON of who does not want it');
    is_problem(ask($client, POST => '/account/forgot', "{$email}", ['Origin', 'https://evil.example']), 403, 'Forbidden',
        'from another site');
    is_problem(ask($client, GET => '/account/forgot?lang=en&lang=ru'), 400, 'Bad Request', 'a query that is repeated');
    $walk->unchanged($before, 'what was refused');
    for my $type ('application/json;charset=utf-8', 'Application/JSON ; x') {
        is($client->request(POST => '/account/login', body => '{}', headers => [@accept, ['Content-Type', $type]])->status, 422,
            "control: type $type");
    }
    return;
}

# Who gets a page, and in which language.
sub accepted {
    my $client = shift;
    my %want = (JSON, 1, 'application/json, text/plain, */*', 1, 'text/html;q=0.5, application/json', 1, '*/*', 0,
        'text/html,application/xhtml+xml,*/*;q=0.8', 0, 'application/json;q=0', 0, 'application/json, text/html', 0, '', 0);
    for my $accept (sort keys %want) {
        my $r = $client->get('/account/login', headers => [[Accept => $accept]]);
        is($r->header('Content-Type'), $want{$accept} ? JSON : 'text/html; charset=utf-8', "Accept: $accept");
    }
    my $r = ask($client, POST => '/account/forgot?lang=ru', {email => 'x'});
    my $got = is_problem($r, 422, 'Unprocessable Entity', 'in Russian', '#/email');
    like($got->{detail}, qr/\p{Cyrillic}{4}/, 'is what people read');
    is($got->{url_login}, '/account/login?lang=ru', 'and the ways on are');
    $r = ask($client, POST => '/account/forgot', {email => qq("\\</script>\x{1F600}\@x.org)});
    is($r->status, 422, 'what was typed');
    unlike($r->body, qr/<\/script/, 'makes no page');
    return;
}

# The pages that need a login of ours, where there is none.
sub without_login {
    my $walk = shift;
    $walk->reconf("PwResetLogin Off\nPwResetLoginURL https://sso.example.org/in");
    my $client = $walk->client;
    is_told(ask($client, GET => '/account/login'), 303, {location => 'https://sso.example.org/in'}, 'leads elsewhere');
    is_problem(ask($client, POST => '/account/login', {}), 404, 'Not Found', 'takes nothing');
    is_told(ask($client, GET => '/account/forgot'), 200, {url_login => 'https://sso.example.org/in', url_sessions => undef},
        'the ways on');
    return;
}

sub limited {
    my $walk = shift;
    $walk->reconf('PwResetLimit forgot-client 1/1h');
    my $client = $walk->client;
    is(ask($client, POST => '/account/forgot', {email => 'nobody@example.org'})->status, 200, 'one may ask');
    my $r = ask($client, POST => '/account/forgot', {email => 'nobody@example.org'});
    like(is_problem($r, 429, 'Too Many Requests', 'too often')->{detail}, qr/Please try again after/, 'says when');
    cmp_ok($r->header('Retry-After'), '>', 3000, 'to a program, too');
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->add($_) for qw(ivan olga);
    subtest pages => sub { pages($walk->client) };
    subtest recovery => sub { recovery($walk) };
    subtest sessions => sub { sessions($walk) };
    subtest notme => sub { notme($walk) };
    subtest refused => sub { refused($walk) };
    subtest accepted => sub { accepted($walk->client) };
    subtest 'without our login' => sub { without_login($walk) };
    subtest limited => sub { limited($walk) };
});
done_testing();
