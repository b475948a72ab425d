#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every sentence that people see is in every catalog, and no catalog holds
# anything else.
use strict;
use warnings;
use utf8;
use open ':std', ':encoding(UTF-8)';
use File::Find;
use FindBin;
use Test::More;

my $root = "$FindBin::Bin/../..";
my $columns_max = 72;    # of a line in a mail's text part

sub slurp
{
    my ($file) = @_;
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/;
    return <$in>;
}

sub files
{
    my ($folder, $pattern) = @_;
    my @found;
    find({no_chdir => 1, wanted => sub { push @found, $_ if -f && /$pattern/ }}, "$root/$folder")
        if -d "$root/$folder";
    return sort @found;
}

# As pwr_catalog_fold() does.
sub fold
{
    my ($text) = @_;
    $text =~ s/\A\s+|\s+\z//ga;
    return $text =~ s/\s+/ /gra;
}

sub unescape
{
    my ($text) = @_;
    my %escape = (n => "\n", t => "\t");
    return $text =~ s{\\(.)}{$escape{$1} // $1}ger;
}

sub joined
{
    my ($literals) = @_;
    return unescape(join '', $literals =~ /"((?:[^"\\]|\\.)*)"/g);
}

sub sentences_of_template
{
    my ($text) = @_;
    return map { fold($_) } $text =~ /\{\{#_\}\}(.*?)\{\{\/_\}\}/gs;
}

sub sentences_of_c
{
    my ($text) = @_;
    return map { fold(joined($_)) } $text =~ /\bN_\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)/g;
}

# The entries of a .po file: {id, str, fuzzy}, the header first.
sub entries
{
    my ($text) = @_;
    my @entries;
    for my $block (split /\n\s*\n/, $text) {
        my ($id) = $block =~ /^msgid\s+((?:"(?:[^"\\]|\\.)*"\s*)+)/m or next;
        my ($str) = $block =~ /^msgstr\s+((?:"(?:[^"\\]|\\.)*"\s*)+)/m;
        push @entries, {
            id => fold(joined($id)),
            str => joined($str // ''),
            fuzzy => scalar($block =~ /^#,.*\bfuzzy\b/m),
        };
    }
    return @entries;
}

sub placeholders
{
    my ($text) = @_;
    my %seen = map { $_ => 1 } $text =~ /\{\{(.*?)\}\}/g;
    return join ' ', sort keys %seen;
}

# What is wrong with one entry; `$in_mail` when a mail's text part shows it.
sub entry_complaints
{
    my ($entry, $in_mail) = @_;
    my ($id, $str) = @$entry{qw(id str)};
    return "not translated: $id" if $str eq '' || $entry->{fuzzy};
    my @wrong;
    push @wrong, "placeholders differ: $id" if placeholders($id) ne placeholders($str);
    push @wrong, "white space at an end: $id" if $str =~ /\A\s|\s\z/;
    push @wrong, "markup or a straight quote: $id" if "$id$str" =~ /[<>&"]/;
    if ($in_mail) {
        push @wrong, map { "line too long: $_" } grep { length > $columns_max } split /\n/, $str;
    }
    return @wrong;
}

sub catalog_complaints
{
    my ($text, $used, $in_mail) = @_;
    my ($header, @entries) = entries($text);
    my (@wrong, %known);
    push @wrong, 'no header with charset=UTF-8'
        if !$header || $header->{id} ne '' || $header->{str} !~ /charset=UTF-8/;
    for my $entry (@entries) {
        push @wrong, "twice: $entry->{id}" if $known{$entry->{id}}++;
        push @wrong, "used nowhere: $entry->{id}" if !$used->{$entry->{id}};
        push @wrong, entry_complaints($entry, $in_mail->{$entry->{id}});
    }
    push @wrong, map { "missing: $_" } grep { !$known{$_} } sort keys %$used;
    return @wrong;
}

# The checks themselves: each of these catalogs has the one fault named.
my $head = qq{msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n};
my $good = qq{msgid "Log in as {{login}}"\nmsgstr "Войти как {{login}}"\n};
my $long = 'я' x ($columns_max + 1);
my $sample = 'Log in as {{login}}';
my @faults = (
    ['nothing', $head . $good, ''],
    ['no header', $good . "\n" . $good, 'no header'],
    ['a missing sentence', $head, 'missing'],
    ['an entry too many', qq{$head$good\nmsgid "Go"\nmsgstr "Иди"\n}, 'used nowhere'],
    ['an entry twice', "$head$good\n$good", 'twice'],
    ['a fuzzy entry', "$head#, fuzzy\n$good", 'not translated'],
    ['an empty entry', $head . $good =~ s/"Войти.*"/""/r, 'not translated'],
    ['another placeholder', $head . $good =~ s/как \{\{login/как {{email/r, 'placeholders'],
    ['markup', $head . $good =~ s/Войти/<b>Войти/r, 'markup'],
    ['a space at the end', $head . $good =~ s/\}\}"\n\z/}} "\n/r, 'white space'],
    ['a long line', $head . $good =~ s/Войти/$long/r, 'line too long'],
);
for my $fault (@faults) {
    my ($name, $text, $expected) = @$fault;
    my @found = catalog_complaints($text, {$sample => 1}, {$sample => 1});
    my $seen = $expected eq '' ? !@found : scalar grep { /^\Q$expected/ } @found;
    ok($seen, "a catalog with $name") or diag(map { "$_\n" } @found);
}
is_deeply([sentences_of_c(qq{f(N_("One\\n"\n    " \\"two\\"."), N_( "x" ))})],
    ['One "two".', 'x'], 'sentences in C: literals joined, escapes read');
is_deeply([sentences_of_template("{{#_}}One\n  {{n}}{{/_}}{{#_}}x{{/_}}")],
    ['One {{n}}', 'x'], 'sentences in a template: white space folded');

my (%used, %in_mail);
for my $file (files('htdocs', qr{/(?:pages|mails)/})) {
    for my $sentence (sentences_of_template(slurp($file))) {
        $used{$sentence} //= $file;
        $in_mail{$sentence} = 1 if $file =~ m{/mails/.*\.txt\z};
    }
}
for my $file (files('mod_pwreset', qr{\.c\z})) {
    $used{$_} //= $file for sentences_of_c(slurp($file));
}
cmp_ok(scalar keys %used, '>', 50, 'sentences were found');

my @catalogs = files('htdocs/po', qr{\.po\z});
cmp_ok(scalar @catalogs, '>', 0, 'catalogs were found');
for my $file (@catalogs) {
    my @wrong = catalog_complaints(slurp($file), \%used, \%in_mail);
    (my $name = $file) =~ s{.*/}{};
    is(scalar @wrong, 0, "$name has all sentences and no other")
        or diag(map { "$name: $_" . (/^missing: (.*)/s ? " ($used{$1})" : '') . "\n" } @wrong);
}
done_testing();
