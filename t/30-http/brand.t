#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each site has its own look: colours, logo, files of its own in the place of
# shipped ones.  What is wrong with it stops no httpd.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Sites;
use PWR::Walk;
use Test::More;

my $png = "\x89PNG\r\n\x1A\n" . 'x' x 100;
my $svg = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><script>alert(1)</script></svg>';
my $user = getpwuid $>;
my $trust = qq(PwResetTemplates "\${ROOT}/brand" $user);

my %site = (
    plain => '',
    accent => 'PwResetColor accent #8a1538',
    both => "PwResetColor accent #8a1538 #f4a6bd\nPwResetColor Page #F7F3EA #14110b",
    logo => qq($trust\nPwResetLogo "\${ROOT}/brand/logo.svg"),
    pair => qq($trust\nPwResetLogo brand/logo.png "\${ROOT}/brand/logo.svg"),
    style => qq(PwResetTemplates "\${ROOT}/style" $user\nPwResetColor accent #8a1538),
    # Another folder of the same words, and the same one once more.
    words => qq(PwResetTemplates "\${ROOT}/words" $user),
    again => qq(PwResetTemplates "\${ROOT}/words" $user\nPwResetSiteName Again),
);

# A picture or stylesheet of a page, by what leads to it.
sub asset {
    my ($client, $page, $pattern) = @_;
    my ($url) = $page->text =~ m{(/account/assets/$pattern\?v(?:=|&\#61;)[0-9a-f]{8})} or return;
    return $client->get($url =~ s/&#61;/=/r);
}

sub colors {
    my $sites = shift;
    my $client = $sites->client('accent');
    my $page = $client->get('/account/login');
    my $css = asset($client, $page, 'colors\.css');
    is_deeply([$css->status, $css->header('Content-Type'), $css->header('Cache-Control')],
        [200, 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'], 'colours are a stylesheet, and stay');
    like($css->body, qr/^:root \{\n    --pwr-accent: #8a1538;\n    --pwr-accent-strong: #[0-9a-f]{6};\n/, 'by day');
    like($css->body, qr/^    --pwr-on-accent: #ffffff;\n\}\n/m, 'and what follows');
    like($css->body, qr/\@media \(prefers-color-scheme: dark\) \{\n:root \{\n    --pwr-accent: #[0-9a-f]{6};/, 'and by night');
    ok(index($page->text, 'pwreset.css') < index($page->text, 'colors.css'), 'they come last');
    is($page->header('Content-Security-Policy'), $sites->client('plain')->get('/account/login')
        ->header('Content-Security-Policy'), 'the policy is as strict as ever');
    like(asset($client, $page, 'icon\.svg')->body, qr/fill="#8a1538"/, 'the icon has it, too');
    my $both = $sites->client('both');
    $css = asset($both, $both->get('/account/login'), 'colors\.css');
    like($css->body, qr/accent: #8a1538;.*page: #f7f3ea;.*dark.*accent: #f4a6bd;.*page: #14110b;/s, 'two by day and night');
    my $plain = $sites->client('plain');
    unlike($plain->get('/account/login')->text, qr/colors\.css|class="logo"/, 'another site has none of it');
    is($plain->get("/account/assets/$_")->status, 404, "nor $_") for qw(colors.css logo.svg logo.png logo-night.svg logo);
    return;
}

sub mails {
    my $sites = shift;
    my %color = (plain => '#0f5fb8', accent => '#8a1538');
    for my $name (sort keys %color) {
        $sites->client($name)->post('/account/forgot', [email => 'ivan@example.org']);
        my $mail = $sites->walk->mail_to('ivan@example.org');
        like($mail->html, qr/background-color:$color{$name};color:#ffffff/, "$name: the button of a mail");
        $sites->walk->age('ivan', 3600);
    }
    return;
}

sub logos {
    my $sites = shift;
    my $client = $sites->client('logo');
    my $page = $client->get('/account/login');
    like($page->text, qr{<img class="logo" src="/account/assets/logo\.svg\?v\S+" alt="Test site">}, 'a logo, and its words');
    unlike($page->text, qr/<p>Test site|<source/, 'which are not said twice');
    my $logo = asset($client, $page, 'logo\.svg');
    is_deeply([$logo->status, $logo->header('Content-Type'), $logo->body], [200, 'image/svg+xml', $svg], 'it is there');
    is($logo->header('Content-Security-Policy'), 'sandbox', 'and runs nothing when it is opened as a page');
    is($logo->header('X-Content-Type-Options'), 'nosniff', 'nor as something else');
    $client = $sites->client('pair');
    $page = $client->get('/account/login');
    like($page->text, qr{<source media="\(prefers-color-scheme: dark\)" srcset="/account/assets/logo-night\.svg},
        'two of them');
    my $day = asset($client, $page, 'logo\.png');
    is_deeply([$day->header('Content-Type'), $day->body], ['image/png', $png], 'of two kinds');
    is(asset($client, $page, 'logo-night\.svg')->body, $svg, 'and both are there');
    isnt($day->header('ETag'), $logo->header('ETag'), 'under names of their own');
    is($client->get('/account/assets/logo.png', headers => [['If-None-Match', $day->header('ETag')]])->status, 304,
        'by which they are kept');
    return;
}

# File by file: the rest stays.
sub files {
    my $sites = shift;
    my $client = $sites->client('style');
    my $page = $client->get('/account/login');
    is(asset($client, $page, 'pwreset\.css')->body, "p { color: red }\n", 'a stylesheet of the site');
    like(asset($client, $page, 'pwreset\.js')->body, qr/'use strict'/, 'with the shipped script');
    like(asset($client, $page, 'icon\.svg')->body, qr/^<svg><!-- ours -->/, 'and its own icon, whatever the accent');
    for my $name (qw(words again)) {
        my $text = $sites->client($name)->get('/account/forgot?lang=ru')->text;
        like($text, qr/OUR WORDS.*<footer>/s, "$name: one sentence of the site");
        like($text, qr/Send the control string/, "$name: the others of its catalog are English");
        like($sites->client($name)->get('/account/login')->text, qr/Sign in to your account.*name="password"/s,
            "$name: the rest is built in");
    }
    like($sites->client('again')->get('/account/forgot')->text, qr/Again/, 'what they share is not their name');
    like($sites->client('plain')->get('/account/forgot?lang=ru')->text, qr/<h1>\p{Cyrillic}+ /, 'nor is it that of others');
    return;
}

# httpd -t refuses a logo; a start logs it and shows the name.
sub broken {
    my $httpd = shift;
    my $root = $httpd->root;
    symlink "$root/brand/logo.svg", "$root/brand/link.svg" or die "link.svg: $!";
    $httpd->write('brand/open.svg', $svg);
    chmod 0666, "$root/brand/open.svg" or die "open.svg: $!";
    $httpd->write('brand/fake.png', $svg);
    $httpd->write('brand/fake.svg', 'root:x:0:0');
    $httpd->write('brand/huge.png', $png . 'x' x (256 * 1024));
    $httpd->write('brand/logo.html', $svg);
    mkdir "$root/brand/folder.svg";
    my %why = ('none.svg' => qr/No such file/, 'link.svg' => qr/it is a link/, 'open.svg' => qr/others may write/,
        'fake.png' => qr/not what its name says/, 'fake.svg' => qr/not what its name says/, 'huge.png' => qr/more than 256 KB/,
        'logo.html' => qr/no \.svg/, 'folder.svg' => qr/not a regular file/);
    for my $name (sort keys %why) {
        $httpd->reconf(conf => qq($trust\nPwResetLogo "\${ROOT}/brand/$name"));
        my ($status, $said) = $httpd->configtest;
        isnt($status, 0, "$name: httpd -t refuses it");
        like($said, qr{PwResetLogo: \S+/brand/\Q$name\E cannot be used: [^\n]*$why{$name}}, "$name: and says why");
    }
    my $mark = $httpd->log_mark;
    $httpd->restart;
    ok($httpd->wait_log(qr/PWR0401: PwResetLogo: .*built-in one is used/, $mark), 'a running server logs it');
    like($httpd->client->get('/account/login')->text, qr{<p>Test site</p>}, 'and shows the name');
    $httpd->reconf(conf => qq($trust\nPwResetLogo brand/logo.svg brand/none.svg))->restart;
    my $text = $httpd->client->get('/account/login')->text;
    like($text, qr/class="logo"/, 'without the second the first stays');
    unlike($text, qr/<source/, 'alone');
    return;
}

sub contrast {
    my $httpd = shift;
    my %said = (
        'accent #8a1538' => undef, 'page #ffffff' => undef,
        'accent #ffcc00' => qr/PWR0402: PwResetColor: accent #ffcc00 on surface #ffffff has a contrast of 1\.\d\d:1 by day/,
        'text #333333 #333333' => qr/text #333333 on surface #\w+ has a contrast of 1\.\d\d:1 by night/,
    );
    for my $color (sort keys %said) {
        $httpd->reconf(conf => "PwResetColor $color");
        my ($status, $text) = $httpd->configtest;
        is($status, 0, "$color: httpd -t takes it");
        like($text, $said{$color}, "$color: and warns") if $said{$color};
        unlike($text, qr/PWR0402/, "$color: without a word") if !$said{$color};
    }
    my $mark = $httpd->log_mark;
    $httpd->restart;
    is(scalar(grep { /PWR0402/ } $httpd->log_since($mark)), 0, 'a start says nothing of it');
    for my $wrong ('accent', 'accent red', 'accent #12', 'accent #123;}', 'brand #123456', 'accent #fff #000 #000', '') {
        $httpd->reconf(conf => "PwResetColor $wrong");
        my ($status, $text) = $httpd->configtest;
        isnt($status, 0, "PwResetColor $wrong: refused");
        like($text, qr/PwResetColor /, "PwResetColor $wrong: and says so");
    }
    $httpd->reconf(conf => '');
    return;
}

sub write_files {
    my $httpd = shift;
    for my $folder (qw(brand style style/assets words words/po)) {
        mkdir $httpd->root . "/$folder" or die "$folder: $!";
        chmod 0755, $httpd->root . "/$folder";
    }
    $httpd->write('brand/logo.svg', $svg);
    $httpd->write('brand/logo.png', $png);
    $httpd->write('style/assets/pwreset.css', "p { color: red }\n");
    $httpd->write('style/assets/icon.svg', '<svg><!-- ours --></svg>');
    $httpd->write('words/po/ru.po', qq(msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n)
        . qq(msgid "Forgot your password?"\nmsgstr "OUR WORDS"\n));
    return $httpd;
}

my $sites = PWR::Sites->new(\%site, start => 0);
write_files($sites->httpd)->start;
$sites->walk->add('ivan');
subtest colors => sub { colors($sites) };
subtest mails => sub { mails($sites) };
subtest logos => sub { logos($sites) };
subtest files => sub { files($sites) };
$sites->walk->settle;
$sites->httpd->done;
my $alone = PWR::Walk->new('sqlite', start => 0);
write_files($alone->httpd)->start;
subtest broken => sub { broken($alone->httpd) };
subtest contrast => sub { contrast($alone->httpd) };
$alone->httpd->expect_log('PWR0401')->done;
done_testing();
