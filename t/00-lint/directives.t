#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The table of directives, conf/pwreset.conf and docs/directives.md name the
# same directives, each with an example and what it means for security; each has
# a test that changes behaviour through it; and none of them is for .htaccess.
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

# {NAME => what is written about it} of docs/directives.md.
sub entries {
    my (undef, %entry) = split /^### (\w+)\n/m, shift, -1;
    return \%entry;
}

# What is missing, and where it goes.
sub unsaid {
    my $tree = shift;
    my $entry = entries($tree->{'docs/directives.md'} // '');
    return map {
        my $name = $_;
        my @lacks = grep { ($entry->{$name} // '') !~ /^(?:\*\*)?$_/m } 'Example', 'Security:';
        map { "$name has no \"$_\": add \"# $_\" to its block of conf/pwreset.conf, then run make docs" } @lacks
    } sort keys %{in_table($tree->{table})};
}

# Rows "| NAME | path of the test, what it sees |" of docs/testing.md.
sub untested {
    my $tree = shift;
    my %row = ($tree->{'docs/testing.md'} // '') =~ m{^\| (PwReset\w*) \| (\S+?),? }mg;
    my $table = in_table($tree->{table});
    return ((map { "docs/testing.md: $_ has a row and does not exist" } grep { !$table->{$_} } sort keys %row), map {
        my $path = $row{$_};
        !$path ? "$_ has no row in the table \"Directives\" of docs/testing.md: name there the test that changes"
                . ' behaviour through it'
            : ($tree->{$path} // '') =~ /(?:\b|\\n)$_\b/ ? ()
            : "docs/testing.md: $path, the test of $_, " . (defined $tree->{$path} ? 'does not name it' : 'is not there');
    } sort keys %$table);
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
my $table = -x $pwresetctl ? `ASAN_OPTIONS=detect_leaks=0 '$pwresetctl' directives --table` : '';
my %tree = (table => $table, %{tree(qr{^(?:conf/pwreset\.conf|docs/(?:directives|testing)\.md|t/.*\.t)$})});
clean(\&compared, \%tree, "table, configuration and document agree ($pwresetctl)");
clean(\&unsaid, \%tree, 'each directive has an example and a word on security');
clean(\&untested, \%tree, 'each directive has a test');
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
my %said = (table => "PwReset On|Off\n",
    'docs/directives.md' => "### PwReset\n\n**Security:** none.\n\n**Example:**\n\n    PwReset On\n\n### PwResetBase\n",
    'docs/testing.md' => "| PwReset | t/a.t, the pages |\n", 't/a.t' => "PwReset On\n");
is_deeply([unsaid(\%said), untested(\%said)], [], 'a good set');
planted(\&unsaid, {%said, 'docs/directives.md' => $said{'docs/directives.md'} =~ s/^\*\*$_.*//mr},
    qr/PwReset has no "$_.*conf\/pwreset\.conf/, "without $_") for qw(Security Example);
planted(\&unsaid, {%said, table => "PwResetBase PATH\n"}, qr/PwResetBase has no "Example"/, 'an empty entry');
planted(\&untested, {%said, 'docs/testing.md' => ''}, qr/PwReset has no row/, 'a directive without a test');
planted(\&untested, {%said, 't/a.t' => "PwResetBase /x\n"}, qr/does not name it/, 'a test of something else');
planted(\&untested, {%said, 't/a.t' => undef}, qr/is not there/, 'a test that is not there');
planted(\&untested, {%said, table => "PwResetBase PATH\n"}, qr/PwReset has a row/, 'a test of what is gone');
planted(\&contexts, {'a.c' => "    x, RSRC_CONF | OR_AUTHCFG,\n"}, qr/OR_AUTHCFG/, 'an .htaccess context');
done_testing();
