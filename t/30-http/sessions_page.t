#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The page that lists one's own sessions and ends them: whose they are, what
# ends, and what nobody can end.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Sites;
use PWR::Walk;
use Test::More;

my $page = '/account/sessions';
my $firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
my $safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
    . ' Version/17.5 Mobile/15E148 Safari/604.1';
my $gone = 'There is no such session. It may have ended already.';

# A browser of this kind in which somebody has signed in.
sub browser {
    my ($walk, $login, $agent) = @_;
    my $client = $walk->httpd->client(headers => [['User-Agent', $agent]]);
    my $r = $client->post('/account/login', [login => $login, password => OLD]);
    is($r->status, 303, "$login signs in");
    return $client;
}

# What the page lists: [device, is it this one, handle].
sub listed {
    my $r = shift;
    my ($list) = $r->text =~ m{<ul class="sessions">(.*?)\n</ul>}s or return;
    return map { [m{<h2>(.*?)</h2>}, m{<strong>} ? 1 : 0, m{name="end" value="(\w+)"}] } $list =~ m{<li>(.*?)</li>}gs;
}

sub handles { return map { $_->[2] // () } listed(@_) }

sub nobody {
    my $walk = shift;
    my $client = $walk->client;
    my $r = $client->get("$page?lang=ru");
    my $way = '/account/login?lang=ru&return=%2Faccount%2Fsessions%3Flang%3Dru';
    is_deeply([$r->status, $r->header('Location')], [303, $way], 'nobody is led to the login page');
    $r = $client->submit($client->follow($r), {login => 'ivan', password => OLD});
    is($r->header('Location'), "$page?lang=ru", 'and back');
    my $before = $walk->state;
    for my $end ('others', 'x', '') {
        $r = $walk->client->post($page, [end => $end]);
        is_deeply([$r->status, $r->header('Location')], [401, undef], "nobody posts '$end': a page");
        like($r->header('WWW-Authenticate'), qr/^PwReset realm=/, 'that asks who it is');
        ok((grep { $_ eq '/account/login?return=%2Faccount%2Fsessions' } $r->links('a')), 'and leads in');
    }
    $walk->unchanged($before, 'what nobody posts');
    return;
}

sub looking {
    my $walk = shift;
    $walk->sql('DELETE FROM pwreset_session');
    my @mine = map { browser($walk, 'ivan', $_) } $firefox, $safari, '<b>{{x}}</b> evil';
    browser($walk, 'olga', 'curl/8');
    my $before = $walk->state;
    my $r = $mine[0]->get($page);
    my @rows = listed($r);
    is($rows[0][0], 'Firefox, Linux', 'the own one comes first');
    is_deeply([map { $_->[1] } @rows], [1, 0, 0], 'and is marked');
    is_deeply([sort map { $_->[0] } @rows[1, 2]], ['Safari, iPhone', 'Unknown browser'], 'the others in words of ours');
    is(scalar(() = $r->text =~ m{<p>Address: 127\.0\.0\.1</p>}g), 3, 'with addresses');
    is(scalar(() = $r->text =~ m{<p>(?:Signed in|Last seen): 20\d\d-\d\d-\d\d \d\d:\d\d \(}g), 6, 'and times');
    unlike($r->text, qr/evil|Mozilla|olga/, 'nothing that a browser says, nobody else');
    is($rows[0][2], undef, 'no button for the own one');
    is_deeply([map { $_->{fields}{end} } $r->forms], [handles($r), 'others'], 'one for each, and one for all others');
    my @digests = map { $_->{digest} } $walk->rows('SELECT digest FROM pwreset_session');
    my ($id) = values %{$mine[0]->cookies};
    unlike($r->body, qr/$_/, 'no digest and no session id is on the page') for @digests, $id;
    my %theirs = map { $_ => 1 } handles($mine[1]->get($page));
    is(scalar(grep { $theirs{$_} } handles($r)), 0, 'the handles are other ones for each who looks');
    is_deeply([handles($mine[0]->get($page))], [handles($r)], 'and the same for the one who looks again');
    $walk->unchanged($before, 'looking');
    is($mine[0]->request(HEAD => $page)->status, 200, 'HEAD');
    $r = $mine[0]->get("$page?lang=ru");
    like($r->text, qr/Ваши сеансы.*Этот сеанс.*Неизвестный браузер/s, 'in Russian');
    unlike($r->text =~ s/<[^>]*>//gr, qr/[a-z]{4,} [a-z]{4,} [a-z]{4,}/, 'and nothing in English');
    is(scalar(listed(browser($walk, 'vera', $firefox)->get($page))), 1, 'alone');
    is(scalar(browser($walk, 'vera', $firefox)->get($page)->forms), 2, 'with another');
    return;
}

sub ending {
    my $walk = shift;
    $walk->sql('DELETE FROM pwreset_session');
    my ($here, $there, $third) = map { browser($walk, 'ivan', $_) } $firefox, $safari, 'x';
    my $olga = browser($walk, 'olga', $firefox);
    is($walk->who($_), 'ivan', 'signed in, and cached') for $here, $there, $third;
    my $r = $here->get($page);
    my ($safari_row) = grep { $_->[0] eq 'Safari, iPhone' } listed($r);
    my $gets = $here->post("$page?lang=ru", [end => $safari_row->[2]]);
    is_deeply([$gets->status, $gets->header('Location'), $gets->header('Set-Cookie')],
        [303, "$page?lang=ru&done=1", undef], 'one is ended');
    is($here->follow($gets)->notice, 'Сеанс завершён.', 'and it is said');
    is($walk->who($there), 401, 'it is out, at once');
    is_deeply([map { $walk->who($_) } $here, $third, $olga], [qw(ivan ivan olga)], 'and no other');
    my $again = $here->post($page, [end => $safari_row->[2]]);
    is_deeply([$again->status, scalar $again->alert =~ /\Q$gone\E/], [422, 1], 'twice: it is told that it has ended');
    is(scalar(listed($again)), 2, 'with those that have not');

    my $new = browser($walk, 'ivan', $safari);
    is($walk->who($new), 'ivan', 'a new one');
    $gets = $here->submit($here->get($page), {end => 'others'});
    is($gets->header('Location'), "$page?done=others", 'all others are ended');
    is($here->follow($gets)->notice, 'All your other sessions have been ended.', 'and it is said');
    is_deeply([map { $walk->who($_) } $here, $third, $new, $olga], ['ivan', 401, 401, 'olga'], 'at once, these alone');
    is($here->post($page, [end => 'others'])->status, 303, 'when there are none');
    is($walk->who($here), 'ivan', 'he stays');
    is($walk->value(q(SELECT COUNT(*) FROM pwreset_session WHERE login = 'olga')), 1, 'and so does she');
    return;
}

# Whose handles, digests and ids they may be: nothing ends but one's own.
sub hostile {
    my $walk = shift;
    $walk->sql('DELETE FROM pwreset_session');
    my ($ivan, $other) = map { browser($walk, 'ivan', $_) } $firefox, $safari;
    my ($olga, $second) = map { browser($walk, 'olga', $_) } $firefox, $safari;
    my ($hers) = handles($olga->get($page));
    my ($his) = handles($ivan->get($page));
    my ($theirs) = handles($other->get($page));
    my @rows = $walk->rows('SELECT digest, login FROM pwreset_session');
    my $before = $walk->state;
    my ($id) = values %{$other->cookies};
    for my $end ($hers, $theirs, uc $his, substr($his, 1), "$his " =~ s/^.//r, $id, (map { $_->{digest} } @rows), '',
        ' others', 'OTHERS', 'other', 'all', '*', '%', '0', '1', '-1', q(' OR '1'='1), "\x{41F}", '<b>') {
        my $r = $ivan->post($page, [end => $end]);
        is_deeply([$r->status, $r->alert], [422, "Please check what you entered $gone"], "'$end' ends nothing");
        is(scalar(listed($r)), 2, 'the list is shown');
    }
    is($ivan->post($page, [])->status, 422, 'no field');
    is($ivan->post($page, [end => $his, end => 'others'])->status, 400, 'two fields');
    is($ivan->post($page, [end => 'x' x 65])->status, 413, 'too long');
    is($ivan->post($page, [end => "$his\0"])->status =~ /^4/ ? 1 : 0, 1, 'a NUL');
    is($ivan->post($page, [end => 'others'], headers => [$_])->status, 403, "from elsewhere: @$_")
        for [Origin => 'https://evil.example'], [Origin => 'null'], ['Sec-Fetch-Site', 'cross-site'];
    is($ivan->get("$page?end=others")->status, 200, 'a link ends nothing');
    $walk->unchanged($before, 'all of it');
    is_deeply([map { $walk->who($_) } $ivan, $other, $olga, $second], [qw(ivan ivan olga olga)], 'all are in');
    is($ivan->post($page, [end => $his])->status, 303, 'control: his own handle does');
    is($walk->who($other), 401, 'end it');
    return;
}

# Ended behind this node's back while its cache still knows it.
sub behind {
    my $walk = shift;
    my ($ivan, $other) = map { browser($walk, 'ivan', $_) } $firefox, $safari;
    is($walk->who($ivan), 'ivan', 'cached');
    my $before = $walk->value('SELECT COUNT(*) FROM pwreset_session');
    my ($name, $secret) = %{$ivan->cookies};
    $walk->sql(q(DELETE FROM pwreset_session WHERE digest = ?), sha256_hex(join "\0",
        '127.0.0.1:' . $walk->httpd->port . '/account', 'session', $secret));
    is($walk->value('SELECT COUNT(*) FROM pwreset_session'), $before - 1, 'ended elsewhere');
    is($ivan->get($page)->status, 303, 'it sees no list');
    is($ivan->post($page, [end => 'others'])->status, 401, 'and ends nothing');
    is($walk->who($other), 'ivan', 'of those that live');
    return;
}

sub sites {
    my $sites = PWR::Sites->new({a => '', b => ''});
    my $walk = $sites->walk;
    $walk->add('ivan');
    my ($at_a, $at_b) = map { $sites->signed_in($_, 'ivan') } qw(a b);
    is(scalar(listed($at_a->get($page))), 1, 'a site lists its own');
    is($at_a->post($page, [end => 'others'])->status, 303, 'ends its own');
    is($walk->who($at_b), 'ivan', 'and not those of another');
    $sites->httpd->done;
    return;
}

each_database(sub {
    my $walk = shift;
    $walk->add($_) for qw(ivan olga vera);
    subtest nobody => sub { nobody($walk) };
    subtest looking => sub { looking($walk) };
    subtest ending => sub { ending($walk) };
    subtest hostile => sub { hostile($walk) };
    subtest behind => sub { behind($walk) };
}, conf => 'PwResetSessionCache 30');
subtest sites => \&sites;
done_testing();
