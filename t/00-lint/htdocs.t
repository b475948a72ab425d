#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What people see, judged without a browser: pages that a strict Content
# Security Policy, a password manager and a screen reader can work with.
use strict;
use warnings;
use utf8;
use open ':std', ':encoding(UTF-8)';
use FindBin;
use Test::More;

my $htdocs = "$FindBin::Bin/../../htdocs";
my $columns_max = 72;
my %lines_max = ('assets/pwreset.css' => 380, 'assets/pwreset.js' => 150);

# Each state of each page: the keys that are set; those of all error flags are
# added for a second look.
my %states = (
    login => [['login'], ['signed_in_as', 'return'], ['by_login'], ['by_login', 'by_email']],
    logout => [['signed_in', 'login'], ['done'], []],
    forgot => [['by_email'], ['by_login'], ['sent', 'email', 'contact', 'contact_url']],
    reset => [['ask'], ['form', 'rules', 'login'], ['done', 'login'],
        map { ['dead', $_] } qw(expired spent cancelled unknown)],
    change => [['login', 'rules'], ['done']],
    notme => [['offer', 'login', 'token'], ['ask'], ['done'], map { ['dead', $_] } qw(expired cancelled unknown)],
    sessions => [['sessions', 'current', 'device', 'address'], ['sessions', 'has_others', 'done'], ['done_others']],
    message => [['back_url']],
);
my @inputs = qw(login password email token confirm current);
my %autocomplete = (
    login => {login => 'username', password => 'current-password'},
    forgot => {email => 'email'},
    reset => {login => 'username', token => 'off', password => 'new-password',
        confirm => 'new-password'},
    notme => {token => 'off'},
    change => {login => 'username', current => 'current-password',
        password => 'new-password', confirm => 'new-password'},
);

# The words of the walk, which people and other people's tests know.
my @verbatim = (
    'Забыли свой пароль?', 'E-Mail', 'Выслать контрольную строку', 'Контрольная строка',
    'Новый пароль', 'Подтверждение пароля', 'Изменить пароль', 'Авторизация',
    'Логин или E-Mail', 'Пароль', 'Войти',
    'Если для {{email}} есть учётная запись, мы отправим письмо со ссылкой и контрольной '
        . 'строкой. Обычно оно приходит за одну–две минуты.',
    'Письма нет? Проверьте папку «Спам» и правильность адреса.', 'Помощь: {{contact}}',
    'Срок действия контрольной строки истёк. Пароль не изменён. Запросите новую строку.',
    'По этой ссылке пароль уже изменили. Если это были не вы, запросите новую контрольную строку.',
    'Контрольная строка не найдена. Скопируйте её из письма целиком или запросите новую.',
    'Forgot your password?', 'Send the control string',
    'If there is an account for {{email}}, we will send an email with a link and a control '
        . 'string. It usually takes a minute or two.',
    'No email? Check the spam folder and the address.', 'Help: {{contact}}',
);

sub slurp
{
    my ($name) = @_;
    open my $in, '<:encoding(UTF-8)', "$htdocs/$name" or die "$name: $!\n";
    local $/;
    return <$in>;
}

sub names
{
    my ($pattern) = @_;
    return map { substr $_, length "$htdocs/" } sort glob "$htdocs/$pattern";
}

# A template in one state: its partials in place, sections by `$set`.
sub expand
{
    my ($text, $set) = @_;
    1 while $text =~ s{\{\{>\s*(\w+)\s*\}\}}{slurp("pages/parts/$1.html")}e;
    $text =~ s/\{\{!.*?\}\}//gs;
    $text =~ s/\{\{#_\}\}(.*?)\{\{\/_\}\}/$1/gs;
    1 while $text =~ s{\{\{([#^])(\w+)\}\}((?:(?!\{\{[#^]).)*?)\{\{/\2\}\}}
        {($1 eq '#') == !!$set->{$2} ? $3 : ''}egs;
    return $text;
}

sub attributes
{
    my ($tag) = @_;
    my %found;
    $found{$1} = $2 // '' while $tag =~ /\s([\w-]+)(?:="([^"]*)")?/g;
    return \%found;
}

sub tags
{
    my ($html, $name) = @_;
    return map { attributes($_) } $html =~ /<$name\b([^>]*)>/g;
}

# What a Content Security Policy would refuse, or a stranger could watch.
sub policy_complaints
{
    my ($html) = @_;
    my @wrong;
    push @wrong, $1 while $html =~ /(<style\b|\sstyle=|\son\w+=|javascript:)/gi;
    push @wrong, 'inline script' while $html =~ /<script\b(?![^>]*\ssrc=)/gi;
    push @wrong, "address $1" while $html =~ m{(?:src|href|action)="((?!\{\{|#)[^"]*)"}gi;
    return @wrong;
}

sub id_complaints
{
    my ($html) = @_;
    my (%ids, @wrong);
    $ids{$_}++ for $html =~ /\sid="([^"]*)"/g;
    push @wrong, map { "id $_ twice" } grep { $ids{$_} > 1 } sort keys %ids;
    for my $list ($html =~ /\saria-(?:describedby|labelledby)="([^"]*)"/g) {
        push @wrong, map { "no id $_" } grep { !$ids{$_} } split ' ', $list;
    }
    return @wrong;
}

sub input_complaints
{
    my ($html, $expected) = @_;
    my %labels = map { ($_->{for} // '') => 1 } tags($html, 'label');
    my @wrong;
    for my $input (grep { ($_->{type} // '') ne 'hidden' } tags($html, 'input')) {
        my $id = $input->{id} // 'without id';
        push @wrong, "$id has no label" if !$labels{$id};
        push @wrong, "$id: autocomplete" if ($input->{autocomplete} // '') ne ($expected->{$id} // '?');
        push @wrong, "$id: name" if defined $input->{name} && $input->{name} ne $id;
        push @wrong, "$id: spellcheck" if ($input->{spellcheck} // '') ne 'false';
        push @wrong, "$id: value of a password" if $input->{type} eq 'password' && defined $input->{value};
        push @wrong, map { "$id: $_ blocks or cuts" } grep { defined $input->{$_} } qw(minlength maxlength pattern);
    }
    return @wrong;
}

sub page_complaints
{
    my ($html, $expected) = @_;
    my @wrong = (policy_complaints($html), id_complaints($html), input_complaints($html, $expected));
    for my $name (qw(html title main h1)) {
        my @found = tags($html, $name);
        push @wrong, scalar(@found) . " times $name" if @found != 1;
    }
    push @wrong, 'no language' if $html !~ /<html lang="\{\{lang\}\}">/;
    for my $form (tags($html, 'form')) {
        push @wrong, 'form does not post to itself'
            if $form->{method} ne 'post' || $form->{action} ne '{{url_self}}';
    }
    push @wrong, "section left: $1" if $html =~ /(\{\{[#^\/>].*?\}\})/;
    return @wrong;
}

# The checks themselves.
my $plain = '<html lang="{{lang}}"><title>t</title><main><h1>h</h1></main>';
my $field = '<label for="login">L</label><input type="text" id="login" name="login"'
    . ' autocomplete="username" spellcheck="false">';
my @faults = (
    ['nothing', $field, 0],
    ['a style attribute', '<p style="color:red">', 1],
    ['a handler', '<p onclick="x()">', 1],
    ['an inline script', '<script>x()</script>', 1],
    ['a remote picture', '<img src="//example.com/x.png">', 1],
    ['a field without label', $field =~ s/for="login"/for="name"/r, 1],
    ['another autocomplete', $field =~ s/username/off/r, 1],
    ['a cut', $field =~ s/spell/maxlength="9" spell/r, 1],
    ['a second h1', '<h1>x</h1>', 1],
    ['a dangling description', '<p aria-describedby="x">', 1],
    ['a form to elsewhere', '<form method="post" action="{{base}}">', 1],
);
for my $fault (@faults) {
    my ($name, $html, $wrong_n) = @$fault;
    is(scalar(page_complaints($plain . $html, {login => 'username'})), $wrong_n, "a page with $name");
}
is(expand('{{#a}}{{^b}}1{{/b}}{{#b}}2{{/b}}{{/a}}{{^a}}3{{/a}}', {a => 1, b => 1}), '2', 'sections');

for my $page (sort keys %states) {
    for my $state (@{$states{$page}}) {
        for my $errors (0, 1) {
            my %set = map { $_ => 1 } @$state, qw(languages has_languages);
            if ($errors) {
                $set{$_} = 1 for qw(has_errors errors field), map { ("error_$_", "errors_$_") } @inputs;
            }
            my %expected = %{$autocomplete{$page} // {}};
            $expected{email} = 'username' if $set{by_login};
            my $html = expand(slurp("pages/$page.html"), \%set);
            my @wrong = page_complaints($html, \%expected);
            push @wrong, 'title does not say Error:' if $errors && $html =~ /id="errors"/ && $html !~ /<title>Error: /;
            is("@wrong", '', "$page.html: @$state" . ($errors ? ' with errors' : ''));
        }
    }
}
is_deeply([map { m{/(\w+)\.html} ? $1 : () } names('pages/*.html')], [sort keys %states],
    'every page was looked at');

for my $name (names('mails/*.html')) {
    my $html = expand(slurp($name), {map { $_ => 1 } qw(accounts several contact agent)});
    my @wrong = grep { !/style=/ } policy_complaints($html);
    push @wrong, 'something to load' if $html =~ /<(?:img|link|style|script|iframe)\b|url\(/i;
    push @wrong, 'a ground of its own' if $html =~ /<body[^>]*background/;
    push @wrong, 'no color-scheme' if $html !~ /name="color-scheme"/;
    is("@wrong", '', $name);
}
for my $name (names('mails/*.txt')) {
    my $text = slurp($name) =~ s/\{\{[#\/^]\w+\}\}//gr;
    is_deeply([grep { length > $columns_max } split /\n/, $text], [], "$name: lines of at most $columns_max");
    unlike($text, qr/\S[ \t]*\{\{(?:link|url_\w+)\}\}|\{\{(?:link|url_\w+)\}\}[ \t]*\S/, "$name: a link stands alone");
}

my $css = slurp('assets/pwreset.css') =~ s{/\*.*?\*/}{}gsr;
my %looks;
push @{$looks{$1}}, $2 while $css =~ /(--pwr-[\w-]+):\s*([^;]+);/g;
my $rules = $css =~ s/--pwr-[\w-]+:[^;]+;//gr;
my $names = qr/white|black|red|green|blue|gray|grey/;
my $colour = qr/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch|color-mix)a?\(|:[^;{]*\b$names\b/i;
unlike($rules, $colour, 'colours stand in custom properties only');
like('a { color: white }', $colour, '... which the check would find');
unlike($css, qr/url\(|\@import|\@font-face/, 'the stylesheet loads nothing');
is_deeply([grep { !$looks{$_} } $css =~ /var\((--pwr-[\w-]+)/g], [], 'every custom property is defined');
is_deeply([grep { $looks{$_}[0] =~ /^#/ && @{$looks{$_}} < 2 } sort keys %looks], [],
    'every colour has a night');

my $js = slurp('assets/pwreset.js');
like($js, qr/'use strict'/, 'the script is strict');
unlike($js, qr/innerHTML|\beval\b|\bfetch\b|XMLHttpRequest|localStorage|document\.cookie|https?:/,
    'the script takes, sends and keeps nothing');
for my $name (sort keys %lines_max) {
    cmp_ok(scalar(() = slurp($name) =~ /\n/g), '<', $lines_max{$name}, "$name is short");
}

my $words = join "\n", map { slurp($_) =~ s/"\n"//gr =~ s/\s+/ /gr }
    names('pages/*.html'), names('pages/parts/*.html'), names('po/*.po');
for my $sentence (@verbatim) {
    like($words, qr/(?:"|\{\{#_\}\})\Q$sentence\E(?:"|\{\{\/_\}\})/, "the words: $sentence");
}
done_testing();
