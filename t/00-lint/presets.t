#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each preset begins with what it cannot do, leaves people to the application's
# own login, and has its way in docs/install.md and its name in the documents.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my $install = 'docs/install.md';

# What an admin must read first where it is so.
my %must_say = (
    postfixadmin => [qr/auth_cache/, qr/mail_crypt/, qr/user list --without-recovery/],
    ispconfig => [qr/auth_cache/, qr/mail_crypt/, qr/user list --without-recovery/],
    nextcloud => [qr/unreadable/, qr/encryption:status/],
);

# {NAME => text}
sub presets_of {
    my $tree = shift;
    return map { m{^conf/presets/(.*)\.conf$} ? ($1 => $tree->{$_}) : () } sort keys %$tree;
}

sub begin {
    my %preset = presets_of(shift);
    return map {
        my $name = $_;
        my ($head) = $preset{$name} =~ /\A((?:#.*\n)*)/;
        my ($limits) = $head =~ /^# What this cannot do:\n((?:# (?:\*|  ).*\n)+)/m;
        (!defined $limits || $head !~ /\A# SPDX-\S+ \S+\n# \Q$name\E: .*\n(?:#.*\n){0,6}?# What this cannot do:\n/
            ? "$name: does not begin with its name and \"What this cannot do:\"" : (),
        $head =~ /^# Use: PwResetPreset \Q$name\E\b/m ? () : "$name: does not say how it is used",
        map { $head =~ $_ ? () : "$name: does not say $_" } @{$must_say{$name} // []})
    } sort keys %preset;
}

sub says {
    my %preset = presets_of(shift);
    return map {
        my ($name, $text) = ($_, $preset{$_});
        my $needed = join '|', qw(UserQuery LoginQuery IdQuery ListQuery PasswordUpdate PasswordScheme Login);
        my %has = map { $_ => 1 } $text =~ /^PwReset($needed)\b/mg;
        ((map { $has{$_} ? () : "$name: has no PwReset$_" } split /\|/, $needed),
        $text =~ /^PwResetLogin Off$/m ? () : "$name: keeps people from the application's login",
        $text =~ /^PwResetLoginURL /m || $text =~ /no page to lead them to/ ? () : "$name: leads to no login")
    } sort keys %preset;
}

# The way of install.md, which says what the preset insists on.
sub ways {
    my $tree = shift;
    my %preset = presets_of($tree);
    my ($steps) = $tree->{$install} =~ /^(## 8\. .*)/ms;
    my %way = ($steps // '') =~ /^### ([\w-]+)\n(.*?)(?=^### |\z)/msg;
    return ((map { $preset{$_} ? () : "$install: there is no preset $_" } sort keys %way), map {
        my $name = $_;
        my $way = $way{$name} // '';
        ($way =~ /^ {4}PwResetPreset \Q$name\E\b/m ? () : "$install: has no way for $name",
        map { $way =~ /^ {4}PwResetInsist .*\b$_\b/m ? () : "$install: $name needs PwResetInsist $_" }
            $preset{$name} =~ /^PwResetRefuse (\S+)/mg)
    } sort keys %preset);
}

sub named {
    my $tree = shift;
    my %preset = presets_of($tree);
    return map {
        my $file = $_;
        my $text = $tree->{$file} =~ tr/#\n/ /rs;
        map { $text =~ /\b\Q$_\E\b/i || $file eq 'README.md' && $text =~ /mod_\Q@{[tr{-}{_}r]}\E\b/ ? ()
            : "$file: does not name $_" } sort keys %preset
    } 'README.md', 'conf/pwreset.conf', 'docs/man/mod_pwreset.8';
}

my %tree = %{tree(qr{^(?:conf/presets/.*|conf/pwreset\.conf|docs/install\.md|docs/man/mod_pwreset\.8|README\.md)$})};
clean(\&begin, \%tree, 'each begins with what it cannot do');
clean(\&says, \%tree, 'each has all that a site needs');
clean(\&ways, \%tree, 'each has its way in install.md');
clean(\&named, \%tree, 'the documents name them all');

my $nextcloud = $tree{'conf/presets/nextcloud.conf'};
my $with = sub { return {%tree, 'conf/presets/nextcloud.conf' => $_[0]} };
planted(\&begin, $with->($nextcloud =~ s/What this cannot do/Notes/r), qr/nextcloud: does not begin/, 'no limits');
planted(\&begin, $with->("PwResetLogin Off\n$nextcloud"), qr/nextcloud: does not begin/, 'limits that come late');
planted(\&begin, $with->($nextcloud =~ s/unreadable/other/gr), qr/nextcloud: does not say/, 'no word of lost files');
planted(\&says, $with->($nextcloud =~ s/^PwReset$_\b.*//mr), qr/nextcloud: .*(?:$_|login)/, "no PwReset$_")
    for qw(ListQuery Login LoginURL PasswordScheme);
planted(\&ways, $with->($nextcloud =~ s/^PwResetRefuse files/PwResetRefuse discs/mr), qr/needs PwResetInsist discs/,
    'what the document does not know of');
planted(\&ways, {%tree, 'conf/presets/other.conf' => 'x'}, qr/no way for other/, 'a preset without a way');
planted(\&ways, {%tree, $install => $tree{$install} =~ s/^### bitrix$/### botrix/mr}, qr/no preset botrix/,
    'a way without a preset');
planted(\&named, {%tree, 'README.md' => $tree{'README.md'} =~ s/Nextcloud//gr}, qr/README\.md: does not name nextcloud/,
    'one that README.md forgot');
done_testing();
