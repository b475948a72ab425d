#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# conf/pwreset.conf and docs/directives.md are what build-aux/directives.pl
# makes of the module's table ("make docs"); every default and example works;
# the manual knows every command and option, and no document names others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use PWR::Ctl;
use Test::More;

my ($conf, $doc, $man) = ('conf/pwreset.conf', 'docs/directives.md', 'docs/man/pwresetctl.8');

my $ctl = PWR::Ctl->new;

# What pwresetctl prints; its status does not matter here.
sub said {
    my (undef, $out) = $ctl->run('', @_);
    return $out;
}

sub fresh {
    my $tree = shift;
    my $folder = on_disk($tree);
    my $script = 'perl ' . top() . '/build-aux/directives.pl';
    my %made = ($conf => scalar `$script --conf $folder/table $folder/$conf 2>&1`,
        $doc => scalar `$script $folder/table $folder/$conf 2>&1`);
    return map { $made{$_} eq $tree->{$_} ? () : "$_ is not what \"make docs\" makes: " . substr $made{$_}, 0, 200 }
        sort keys %made;
}

# As httpd splits a line.
sub arguments {
    return [map { defined $_ ? s/\\(.)/$1/gr : () } shift =~ /"((?:[^"\\]|\\.)*)"|([^\s"]\S*)/g];
}

sub settings {
    my ($text, $pattern) = @_;
    my ($n, @settings) = 0;
    for (split /\n/, $text) {
        $n++;
        push @settings, [$n, $1, arguments($2)] if /^#$pattern(PwReset\w*)\s+(.*)/;
    }
    return @settings;
}

sub defaults {
    my $tree = shift;
    my %preset = map { (split /\t/)[0, 2] } split /\n/, $tree->{table};
    return map {
        my ($line, $name, $arguments) = @$_;
        my $preset = $preset{$name} // '-';
        $preset eq '-' || $preset eq "@$arguments" ? () : "$conf:$line: the default of $name is $preset"
    } settings($tree->{$conf}, qr//);
}

# Queries are compiled before "no such user" is known without the database.
sub works {
    my $tree = shift;
    return map {
        my ($line, $name, $arguments) = @$_;
        $ctl->vhosts($ctl->vhost(directives => {$name => [$arguments]}));
        my ($status, undef, $err) = $ctl->run('', qw(user passwd), '');
        $status eq '67' ? () : "$conf:$line: $err";
    } settings($tree->{$conf}, qr/(?: {5,})?/);
}

sub commands {
    my $tree = shift;
    my (@complaints, @said);
    for my $command ($tree->{help} =~ /^  ([a-z]+(?: [a-z]+)?)  +\S/mg) {
        my ($section) = $tree->{$man} =~ /^\.Cm \Q$command\E$(.*?)^\.Nm$/ms;
        push @complaints, "$man: no synopsis of $command" if !defined $section && $command ne 'version';
        push @complaints, "$man: no description of $command" if $tree->{$man} !~ /^\.It Cm \Q$command\E$/m;
        push @said, $tree->{"help $command"} // said('help', split / /, $command);
        push @complaints, map { $tree->{$man} =~ /\bFl -\Q$_\E\b/ ? () : "$man: --$_ of $command is missing" }
            $said[-1] =~ /^  --([a-z-]+)/mg;
    }
    my %known = map { $_ => 1 } qw(config site help version), map { /^  --([a-z-]+)/mg } @said;
    push @complaints, map { $known{$_} ? () : "$man: there is no option --$_" } $tree->{$man} =~ /\bFl -([a-z-]+)/g;
    return @complaints;
}

# Every directive and command that a document names is there, with its options.
sub spoken {
    my $tree = shift;
    my %directive = map { $_ => 1 } $tree->{table} =~ /^(PwReset\w*)\t/mg;
    my $commands = join '|', sort { length $b <=> length $a } $tree->{help} =~ /^  ([a-z]+(?: [a-z]+)?)  +\S/mg;
    my %help;
    return map {
        my ($path, $text) = ($_, $tree->{$_});
        my %named = map { $_ => 1 } $text =~ /\b(PwReset[A-Z]\w*)/g;
        my @runs = map { s/\s+/ /gr =~ s/^(?:-[cs] \S+ )+//r } $text =~ /`pwresetctl ([^`]+)`/g,
            $text =~ /^ {4}(?:.*[|;] )?pwresetctl ([^|<#\n]+)/mg;
        ((map { $directive{$_} ? () : "$path: there is no $_" } sort keys %named), map {
            my ($command) = /^($commands|COMMAND)\b/;
            my $help = $command ? $help{$command} //= said('help', split / /, $command) : '';
            (defined $command ? () : "$path: there is no command: $_"), map { $_ eq 'help' || $help =~ /^  --$_\b/m ? ()
                : "$path: no option --$_: $command" } $command ? / --([a-z-]+)/g : ()
        } @runs)
    } grep { !/^(?:table|help)/ } sort keys %$tree;
}

# What programs are told, docs/api.md promises by name.
sub members {
    my $tree = shift;
    my ($list) = $tree->{'mod_pwreset/flow/page_json.c'} =~ /told\[\] = \{(.*?)\};/s;
    my @names = ($list // '') =~ /"(\w+)"/g;
    return ((@names ? () : 'no member was found'), map { $tree->{'docs/api.md'} =~ /`$_`/ ? () : "docs/api.md: no $_" } @names);
}

# Every page has its line in the manual of the module and in README.md.
sub pages {
    my $tree = shift;
    my @pages = $tree->{'mod_pwreset/httpd/route.c'} =~ m{^    \{ "(/\w+)",}mg;
    my %known = ('docs/man/mod_pwreset.8' => sub { ".It Pa $_[0]\n" }, 'README.md' => sub { "`/account$_[0]`" });
    return ((@pages ? () : 'no page was found'), map {
        my $file = $_;
        map { index($tree->{$file}, $known{$file}->($_)) >= 0 ? () : "$file: no $_" } @pages
    } sort keys %known);
}

sub manual {
    my $tree = shift;
    my $folder = on_disk($tree);
    return map { -e "$folder/$_" ? `cd $folder && groff -mdoc -Tutf8 -ww -z $_ 2>&1` || () : () } sort keys %$tree;
}

-x PWR::Ctl->program or BAIL_OUT(PWR::Ctl->program . ' was not built');
my %tree = (%{tree(qr{^(?:\Q$conf\E|\Q$doc\E|\Q$man\E)$})}, table => said('directives', '--table'), help => said('help'));
clean(\&fresh, \%tree, 'configuration and document are up to date');
clean(\&defaults, \%tree, 'the configuration shows the defaults');
clean(\&works, \%tree, 'every default and example works');
clean(\&commands, \%tree, 'the manual knows the commands');

my ($default) = $tree{$conf} =~ /^(#PwResetTokenLifetime .*)$/m;
planted(\&fresh, {%tree, $conf => $tree{$conf} =~ s/^## Default: 1h$/## Default: 2h/mr}, qr/^conf/, 'a header by hand');
planted(\&fresh, {%tree, $conf => $tree{$conf} =~ s/^# The mail says/# The mail knows/mr}, qr/^docs/, 'another text');
planted(\&fresh, {%tree, $doc => "$tree{$doc}\n"}, qr/^docs/, 'a document changed by hand');
planted(\&fresh, {%tree, table => $tree{table} =~ s/^PwResetBase\t.*\n//mr}, qr/PwResetBase is no directive/,
    'one too many');
planted(\&fresh, {%tree, table => "$tree{table}PwResetNew\tX\t-\tserver config\tNew.\n"}, qr/PwResetNew is not in it/,
    'one that nobody wrote about');
planted(\&defaults, {%tree, $conf => "#PwResetTokenLifetime 2h\n"}, qr/:1: .*1h/, 'another default');
planted(\&works, {$conf => "#     PwResetMailSlots many\n"}, qr/:1: .*PwResetMailSlots/,
    'an example that does not work');
planted(\&works, {$conf => qq(#PwResetIdQuery "SELECT 1 WHERE id = :nick"\n)}, qr/:1: .*PwResetIdQuery/,
    'a query that does not work');
planted(\&commands, {%tree, help => "$tree{help}  dance  in the rain\n"}, qr/no synopsis of dance/,
    'an unknown command');
planted(\&commands, {%tree, $man => $tree{$man} =~ s/Fl -apply//gr}, qr/--apply of schema/, 'an unknown option');
planted(\&commands, {%tree, $man => $tree{$man} =~ s/^\.It Cm purge\n//mr}, qr/no description of purge/, 'an entry missing');
planted(\&commands, {%tree, $man => "$tree{$man}.Fl -dance\n"}, qr/no option --dance/, 'an option that there is not');

my %spoken = (%{tree(qr{^(?:[^/]+\.md|docs/.*\.(?:md|8)|conf/.*\.conf|htdocs/po/README)$})}, table => $tree{table},
    help => $tree{help});
clean(\&spoken, \%spoken, 'the documents name directives and commands that there are');
my %planted = ('PwResetNothing x' => qr/no PwResetNothing/, '`pwresetctl dance`' => qr/no command: dance/,
    "    pwresetctl -c x user dance\n" => qr/no command: user dance/, '`pwresetctl schema --dance`' => qr/no option --dance/);
planted(\&spoken, {%spoken, 'docs/x.md' => $_}, $planted{$_}, $_) for sort keys %planted;

my %told = %{tree(qr{^(?:mod_pwreset/flow/page_json\.c|docs/api\.md)$})};
clean(\&members, \%told, 'api.md knows what programs are told');
planted(\&members, {%told, 'docs/api.md' => $told{'docs/api.md'} =~ s/`has_others`//gr}, qr/no has_others/, 'a member missing');

my %paged = %{tree(qr{^(?:mod_pwreset/httpd/route\.c|docs/man/mod_pwreset\.8|README\.md)$})};
clean(\&pages, \%paged, 'manual and README know the pages');
planted(\&pages, {%paged, $_ => $paged{$_} =~ s{/forgot`?\n?}{}gr}, qr/^\Q$_\E: no \/forgot/, "a page missing in $_")
    for 'docs/man/mod_pwreset.8', 'README.md';

SKIP: {
    skip 'groff is not installed', 2 if !has_program('groff');
    clean(\&manual, tree(qr{^docs/man/}), 'the manual is well-formed');
    planted(\&manual, {'x.8' => ".Dd today\n.Dt X 8\n.Sh NAME\n.Nm x\n.It y\n.Bl\n\\*(zz\n"}, qr/x\.8/,
        'a broken manual');
}
done_testing();
