#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The table of directives, conf/pwreset.conf and docs/directives.md name the
# same directives, and none of them is for .htaccess.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

# In the annotated configuration a directive stands at the start of its line,
# perhaps after one '#'; prose has a blank there.
sub in_conf {
    my %name = map { $_ => 1 } shift =~ /^\s*#?(PwReset\w*)(?=\s)/mg;
    return \%name;
}

# In the document each has a heading or begins a row of a table.
sub in_doc {
    my %name = map { $_ => 1 } shift =~ /^(?:\#+\s*|\|\s*)`?(PwReset\w*)\b/mg;
    return \%name;
}

sub in_table {
    my %name = map { $_ => 1 } shift =~ /^(PwReset\w*)\b/mg;
    return \%name;
}

sub differences {
    my ($what, $table, $other) = @_;
    return ((map { $other->{$_} ? () : "$_ is missing in $what" } sort keys %$table),
        map { $table->{$_} ? () : "$_ is in $what, but does not exist" } sort keys %$other);
}

sub compared {
    my $tree = shift;
    my $table = in_table($tree->{table});
    return ((%$table ? () : 'the table is empty'),
        differences('conf/pwreset.conf', $table, in_conf($tree->{'conf/pwreset.conf'} // '')),
        differences('docs/directives.md', $table, in_doc($tree->{'docs/directives.md'} // '')));
}

sub contexts {
    my $tree = shift;
    return map {
        each_line($_, code_of($tree->{$_}), sub {
            return /\b(OR_[A-Z]+)\b/ ? "$1: whoever writes .htaccess is no admin" : ();
        })
    } sort keys %$tree;
}

my $pwresetctl = build() . '/pwresetctl';
my $table = -x $pwresetctl ? `ASAN_OPTIONS=detect_leaks=0 '$pwresetctl' directives` : '';
clean(\&compared, {table => $table, %{tree(qr{^(?:conf/pwreset\.conf|docs/directives\.md)$})}},
    "table, configuration and document agree ($pwresetctl)");
clean(\&contexts, tree(qr{^mod_pwreset/.*\.[ch]$}), 'no directive is for .htaccess');

my %good = (
    table => "PwReset On|Off  switches it\nPwResetBase PATH  where\n",
    'conf/pwreset.conf' => "# PwResetNothing is prose.\nPwReset On\n#PwResetBase /account\n",
    'docs/directives.md' => "## PwReset\n| `PwResetBase` | /account |\nPwResetNothing is prose.\n",
);
is_deeply([compared(\%good)], [], 'a good set');
planted(\&compared, {%good, table => ''}, qr/empty/, 'no table');
planted(\&compared, {%good, table => "$good{table}PwResetMore x\n"}, qr/PwResetMore is missing in $_/, "missing in $_")
    for qw(conf docs);
planted(\&compared, {%good, 'conf/pwreset.conf' => "$good{'conf/pwreset.conf'}#PwResetOld 1\n"},
    qr/PwResetOld is in conf/, 'an old one in the configuration');
planted(\&compared, {%good, 'docs/directives.md' => "$good{'docs/directives.md'}## PwResetOld\n"},
    qr/PwResetOld is in docs/, 'an old one in the document');
planted(\&contexts, {'a.c' => "    x, RSRC_CONF | OR_AUTHCFG,\n"}, qr/OR_AUTHCFG/, 'an .htaccess context');
done_testing();
