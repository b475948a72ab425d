#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each rule for passwords that a site sets is listed on its pages, told to
# password managers, and named where a password breaks it, in both languages.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PWR::Breach qw(breach_list);
use PWR::Sites;
use PWR::Walk;
use Test::More;

# A rule's name, how it is listed, what is said when it is broken.
my %rule = (
    en => {
        short => ['At least MIN characters.', 'The password is too short: at least MIN characters are needed.'],
        long => ['At most MAX characters.', 'The password is too long: at most MAX characters are possible.'],
        bytes => ['At most 72 bytes: a Latin letter counts as one, a Cyrillic letter as two.', 'The password is too long:'
            . ' it takes HAVE bytes, and at most 72 fit. A Latin letter counts as one, a Cyrillic letter as two.'],
        lower => ['A small letter.', 'The password has no small letter.'],
        upper => ['A capital letter.', 'The password has no capital letter.'],
        digit => ['A digit.', 'The password has no digit.'],
        special => ['A character that is neither a letter nor a digit.', 'The password has only letters and digits:'
            . ' another character is needed, such as a dash or a blank.'],
        common => ['Not a common password, a keyboard row or one word repeated.', 'The password is a common one, a'
            . ' keyboard row or a repetition: those are tried first.'],
        leaked => ['Not one that has leaked from another site.', 'The password is in a list of those that have leaked'
            . ' from other sites: those are tried first.'],
        personal => ['Not built from your login, your name, your email address or the name of this site.', 'The password'
            . ' contains your login, your name, your email address or the name of this site, and little else.'],
        weak => ['Hard to guess: three or four unrelated words are good.', 'The password is easy to guess. Three or four'
            . ' unrelated words are good.'],
    },
    ru => {
        short => ['Число знаков: не меньше MIN.', 'Пароль слишком короткий. Нужно знаков: не меньше MIN.'],
        long => ['Число знаков: не больше MAX.', 'Пароль слишком длинный. Можно знаков: не больше MAX.'],
        bytes => ['Байт: не больше 72; латинская буква занимает один, русская — два.', 'Пароль слишком длинный. Он'
            . ' занимает байт: HAVE, а помещается не больше 72. Латинская буква занимает один, русская — два.'],
        lower => ['Есть строчная буква.', 'В пароле нет строчной буквы.'],
        upper => ['Есть заглавная буква.', 'В пароле нет заглавной буквы.'],
        digit => ['Есть цифра.', 'В пароле нет цифры.'],
        special => ['Есть знак, который не буква и не цифра.', 'В пароле только буквы и цифры: нужен ещё какой-нибудь'
            . ' знак, например дефис или пробел.'],
        common => ['Не из списка частых паролей, не ряд клавиш и не повтор одного слова.', 'Пароль из списка частых, ряд'
            . ' клавиш или повтор: такие подбирают первыми.'],
        leaked => ['Не из тех, что утекли с других сайтов.', 'Пароль есть в списке утёкших с других сайтов: такие'
            . ' подбирают первыми.'],
        personal => ['Не составлен из логина, имени, адреса почты или названия сайта.', 'Пароль содержит ваш логин, имя,'
            . ' адрес почты или название сайта и почти ничего больше.'],
        weak => ['Трудно угадать: подойдут три-четыре не связанных между собой слова.', 'Пароль легко угадать. Подойдут'
            . ' три-четыре не связанных между собой слова.'],
    },
);

my $any = 'common personal weak';
my $long = 'velvet Anchor 97 quill';

# By site: what it says, the rules it has, what password managers are told, its
# least and greatest length, and passwords with the rules that they break.
my %site = (
    plain => ['', "short long $any", 'minlength: 12; maxlength: 128;', 12, 128,
        ['vT9-ke8+nG7' => 'short'], ['london-paris' => 'weak'], ['garden-window' => ''], ['qwerty123' => 'short common']],
    length => ['PwResetPasswordLength 20 40', "short long $any", 'minlength: 20; maxlength: 40;', 20, 40,
        ['velvet Anchor 97 qu' => 'short'], [$long . ' ' . reverse($long) => 'long']],
    free => ['PwResetPasswordScore 0', 'short long common personal', 'minlength: 12; maxlength: 128;', 12, 128,
        ['purple-monkey' => ''], ['qwertyuiop[]' => 'common']],
    strict => ['PwResetPasswordScore 4', "short long $any", 'minlength: 12; maxlength: 128;', 12, 128,
        ['garden-window' => 'weak'], [$long => '']],
    classes => ['PwResetPasswordClasses lower upper digit special', "short long lower upper digit special $any",
        'minlength: 12; maxlength: 128; required: lower; required: upper; required: digit; required: special;', 12, 128,
        ['velvet anchor bright quill' => 'upper digit'], ['VELVETANCHOR97QUILL' => 'lower special'],
        ['Vx7' => 'short special'], [$long => '']],
    some => ['PwResetPasswordClasses digit', "short long digit $any",
        'minlength: 12; maxlength: 128; required: digit;', 12, 128, ['Velvet Anchor bright quill' => 'digit']],
    bytes => ['PwResetPasswordScheme bcrypt:10', "short bytes $any", 'minlength: 12; maxlength: 72;', 12, 128,
        ['скрипка Кедр 417 ёж' x 3 => 'bytes'], ['скрипка Кедр 417 ёж' => '']],
    words => ['PwResetPasswordWords "${ROOT}/words"', "short long $any", 'minlength: 12; maxlength: 128;', 12, 128,
        ['zebra Quartz 31 plough' => 'common'], [$long => '']],
    leaked => ['PwResetBreachList "${ROOT}/leaked"', 'short long common leaked personal weak',
        'minlength: 12; maxlength: 128;', 12, 128,
        ['plough zebra Quartz 31' => 'leaked'], ['скрипка Кедр 417 ёж' => 'leaked'], ['garden-path' => 'short leaked'],
        ['Plough zebra Quartz 31' => ''], ['password1234' => 'common'], [$long => '']],
);

# What rules say in a language, their numbers filled in.
sub sentences {
    my ($row, $language, $which, $names, $password) = @_;
    my $bytes = $password // '';
    utf8::encode($bytes);
    my %number = (MIN => $row->[3], MAX => $row->[4], HAVE => length $bytes);
    return [map { $rule{$language}{$_}[$which] =~ s/(MIN|MAX|HAVE)/$number{$1}/gr } split ' ', $names];
}

sub plain { return shift =~ s/&#(\d+);/chr $1/ger =~ s/&quot;/"/gr }

sub listed {
    my ($r, $row, $language, $name) = @_;
    my @items = $r->text =~ m{<li data-rule="(\w+)"}g;
    is(join(' ', @items), $row->[1], "$name: the rules of the site");
    my @said = map { plain($_) } $r->text =~ m{<li data-rule="\w+"[^>]*>(.*?)</li>}g;
    is_deeply(\@said, sentences($row, $language, 0, $row->[1]), "$name: in words");
    is($r->form->{tags}{password}{passwordrules}, $row->[2], "$name: for password managers");
    return;
}

# Sentences under the field, which are also those of the summary.
sub told {
    my ($r, $wanted, $name) = @_;
    my ($html) = $r->text =~ m{<div[^>]* id="password-errors">(.*?)</div>}s;
    my @under = map { plain($_) } ($html // '') =~ m{<p>(.*?)</p>}g;
    is_deeply(\@under, $wanted, "$name: what is said under it");
    my @above = map { plain($_) } $r->text =~ m{<li><a href="#password">(.*?)</a></li>}g;
    is_deeply(\@above, $wanted, "$name: and in the summary");
    return;
}

# The page that takes a new password, by its path; all that it refuses is
# posted without its repetition, so that nothing is ever changed.
sub page {
    my ($client, $path, $row, %more) = @_;
    for my $language (qw(en ru)) {
        my $query = join '&', "lang=$language", $more{token} ? "token=$more{token}" : ();
        my $r = $client->get("$path?$query");
        is($r->status, 200, "$path ($language)");
        listed($r, $row, $language, "$path ($language)");
        for my $case (@$row[5 .. $#$row]) {
            my ($password, $broken) = @$case;
            $r = $client->post("$path?lang=$language", [%more, password => $password, confirm => '']);
            is($r->status, 422, "$path ($language), '$password'");
            told($r, sentences($row, $language, 1, $broken, $password), "$path ($language), '$password'");
            listed($r, $row, $language, "$path ($language), '$password', once more");
        }
    }
    return;
}

# A string of a site for somebody, out of the mail.
sub string {
    my ($sites, $name, $login) = @_;
    $sites->client($name)->post('/account/forgot', [email => "$login\@example.org"]);
    my $mail = $sites->walk->mail_to("$login\@example.org") or die "no mail from $name\n";
    return $mail->token;
}

sub rules {
    my $sites = PWR::Sites->new({map { ($_ => $site{$_}[0]) } keys %site}, start => 0);
    $sites->httpd->write(words => "zebra Quartz 31 plough\n");
    breach_list($sites->httpd->root . '/leaked', 'plough zebra Quartz 31', 'скрипка Кедр 417 ёж', 'garden-path',
        'password1234');
    $sites->httpd->start;
    for my $name (sort keys %site) {
        $sites->walk->add("user-$name");
        subtest $name => sub {
            page($sites->client($name), '/account/reset', $site{$name}, token => string($sites, $name, "user-$name"));
            page($sites->signed_in($name, "user-$name"), '/account/change', $site{$name}, current => OLD);
        };
    }
    $sites->httpd->done;
    return;
}

# Each thing that others know of somebody is no password, nor is the site's.
sub own_words {
    my $columns = 'SELECT id, login, email, password, language, name, changed_at FROM {prefix}user WHERE';
    my $sites = PWR::Sites->new({'magnolia.garden' => join "\n", 'PwResetSiteName "Lighthouse"',
        map { qq(PwReset$_->[0]Query "$columns $_->[1] = :$_->[1]") } ['User', 'email'], ['Login', 'login'], ['Id', 'id']});
    $sites->walk->add('petrovich', name => 'Voznesensky', email => 'krasnopolsky@example.org');
    my $token = string($sites, 'magnolia.garden', 'krasnopolsky');
    my $client = $sites->client('magnolia.garden');
    my $personal = $rule{en}{personal}[1];
    for my $word (qw(Petrovich Krasnopolsky Voznesensky Lighthouse Magnolia)) {
        my $r = $client->post('/account/reset', [token => $token, password => "$word=4711", confirm => '']);
        like($r->alert, qr/\Q$personal\E/, "$word is known of the user");
        $r = $client->post('/account/reset', [token => $token, password => "$word, velvet Anchor", confirm => '']);
        unlike($r->alert, qr/\Q$personal\E/, "$word is no harm among others");
    }
    $sites->httpd->done;
    return;
}

subtest 'rules' => \&rules;
subtest 'own words' => \&own_words;
done_testing();
