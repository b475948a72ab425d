#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Joins what is known of the directives: the module's table, as `pwresetctl
# directives --table` prints it, and the text of conf/pwreset.conf.
#   directives.pl TABLE CONF > docs/directives.md
#   directives.pl --conf TABLE CONF     CONF with its "##" lines made anew
use strict;
use warnings;

my $want_conf = @ARGV && $ARGV[0] eq '--conf' && shift;
my ($table_file, $conf_file) = @ARGV;
die "usage: directives.pl [--conf] TABLE CONF\n" if @ARGV != 2;

sub lines_of {
    open my $in, '<:encoding(UTF-8)', $_[0] or die "$_[0]: $!\n";
    chomp(my @lines = <$in>);
    return @lines;
}

# A default that is worked out stands in the description.
sub row_of {
    my %row;
    @row{qw(name syntax preset context help)} = split /\t/, $_[0], -1;
    die "$table_file: not a line of pwresetctl directives --table: $_[0]\n" if !defined $row{help};
    $row{code} = $row{preset} ne '-';
    if (!$row{code}) {
        $row{preset} = $row{help} =~ s/[;,]? by default (.+)\.$/./ ? $1
                     : $row{help} =~ s/; required\.$/./            ? 'none; required'
                     :                                               'none';
    }
    return \%row;
}

sub wrapped {
    my ($text) = @_;
    my @lines = ('##');
    for my $word (split / /, $text) {
        push @lines, '##    ' if length("$lines[-1] $word") > 80 && length $lines[-1] > 6;
        $lines[-1] .= " $word";
    }
    return @lines;
}

sub head_of {
    my ($row) = @_;
    return map { wrapped($_) } "$row->{name} $row->{syntax}", $row->{help},
        "Default: $row->{preset}", "Context: $row->{context}";
}

# Sections of blocks {name, text => [lines]}, and what comes before them.
sub conf_parse {
    my (@intro, @sections, $block);
    for (lines_of($conf_file)) {
        if (/^# ==== (.*) ====$/) {
            push @sections, {title => $1, blocks => []};
            undef $block;
        } elsif (/^## (PwReset\w*)/) {
            die "$conf_file: $1 stands before any section\n" if !@sections;
            $block = {name => $1, text => []};
            push @{$sections[-1]{blocks}}, $block;
        } elsif (/^##/) {
            die "$conf_file: a ## line without a directive: $_\n" if !$block;
        } else {
            push @{$block ? $block->{text} : @sections ? [] : \@intro}, $_;
        }
    }
    return (\@intro, \@sections);
}

sub check_same {
    my ($rows, $sections) = @_;
    my %seen;
    $seen{$_->{name}}++ for map { @{$_->{blocks}} } @$sections;
    my @wrong = ((map { "$_ is not in it: add a block that begins with \"## $_\" to its section" }
                  grep { !$seen{$_} } keys %$rows),
                 (map { "$_ is there twice" } grep { $seen{$_} > 1 } keys %seen),
                 (map { "$_ is no directive" } grep { !$rows->{$_} } keys %seen));
    die map({ "$conf_file: $_\n" } sort @wrong) if @wrong;
}

sub print_conf {
    my ($rows, $intro, $sections) = @_;
    print "$_\n" for @$intro;
    for my $section (@$sections) {
        print "# ==== $section->{title} ====\n\n";
        for my $block (@{$section->{blocks}}) {
            print "$_\n" for head_of($rows->{$block->{name}}), @{$block->{text}};
        }
    }
}

# Comment lines to Markdown: indented ones are code, the last #PwReset line is
# the default, which the table has.
sub markdown_text {
    my @out;
    for (@_) {
        next if /^#PwReset/;
        my $line = s/^# ?//r;
        if ($line =~ /^ {4}/) {
            push @out, '' if @out && $out[-1] =~ /^\S/;
        }
        $line =~ s/^(Security|Examples?):/**$1:**/;
        $line =~ s/([*_<>|])/\\$1/g if $line !~ /^(?: {4}|\*\*)/;
        push @out, $line if $line ne '' || (@out && $out[-1] ne '');
    }
    pop @out while @out && $out[-1] eq '';
    return map { "$_\n" } @out;
}

sub cell {
    my ($text, $code) = @_;
    $text =~ s/\|/\\|/g;
    return $code ? "`$text`" : $text;
}

sub print_directive {
    my ($row, $text) = @_;
    my $preset = $row->{code} ? "$row->{name} $row->{preset}" : $row->{preset};
    print "\n### $row->{name}\n\n| | |\n|---|---|\n",
        '| Description | ', cell($row->{help}), " |\n",
        '| Syntax | ', cell("$row->{name} $row->{syntax}", 1), " |\n",
        '| Default | ', cell($preset, $row->{code}), " |\n",
        '| Context | ', cell($row->{context}), " |\n\n",
        markdown_text(@$text);
}

sub print_markdown {
    my ($rows, $intro, $sections) = @_;
    my @text = @$intro;
    shift @text while @text && $text[0] ne '#';     # the file's own first paragraph
    print "<!-- Made by \"make docs\" from conf/pwreset.conf and the module's table. -->\n",
          "# Directives of mod_pwreset\n\n";
    for my $section (@$sections) {
        my @names = map { $_->{name} } @{$section->{blocks}};
        print "- $section->{title}: ", join(', ', map { "[$_](#" . lc . ')' } @names), "\n";
    }
    print "\n", markdown_text(@text);
    for my $section (@$sections) {
        print "\n## $section->{title}\n";
        print_directive($rows->{$_->{name}}, $_->{text}) for @{$section->{blocks}};
    }
}

binmode STDOUT, ':encoding(UTF-8)';
my %rows = map { my $row = row_of($_); ($row->{name} => $row) } lines_of($table_file);
my ($intro, $sections) = conf_parse();
check_same(\%rows, $sections);
($want_conf ? \&print_conf : \&print_markdown)->(\%rows, $intro, $sections);
