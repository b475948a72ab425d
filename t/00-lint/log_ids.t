#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each message to the admin has an id of its own, PWRnnnn, and a row with its
# cause and remedy in docs/log-messages.md:  | PWR0001 | level | cause | remedy |
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

# The calls that log: ours, and httpd's own in httpd/.
my $call = qr/\b(pwr_diag_(?:log|tell)|ap_log_(?:r|c|cs|p)?error|PWR_LOG\w*)\s*(\((?:[^()"]|"(?:[^"\\]|\\.)*"|(?2))*\))/;

# (path, line, call, its arguments) of every call; comments are passed over.
sub calls {
    my $tree = shift;
    my @calls;
    for my $path (sort keys %$tree) {
        my $text = $tree->{$path} =~ s{(/\*.*?\*/)}{$1 =~ s/[^\n]/ /gr}gser;
        while ($text =~ /$call/g) {
            my ($name, $arguments, $start) = ($1, $2, $-[0]);
            my $line_start = 1 + rindex substr($text, 0, $start), "\n";
            my $before = substr $text, $line_start, $start - $line_start;
            # A declaration, a definition, or a macro's own lines.
            next if $before =~ /^\s*(?:#|(?:static |extern )?void\s)/ || $arguments =~ /\\\n/;
            push @calls, [$path, 1 + (substr($text, 0, $start) =~ tr/\n//), $name, $arguments];
        }
    }
    return @calls;
}

# Where one function logs for all no id can stand: it takes that of a table's
# row or of a tale, or prints "id: text".
sub without_id {
    return map {
        my ($path, $line, $name, $arguments) = @$_;
        $arguments =~ /"PWR\d{4}\b|"%s: %s"|\w(?:->|\.)id,|\bdiag, &\w+,/ ? () : "$path:$line: $name without an id"
    } calls(shift);
}

sub ids_of {
    my $tree = shift;
    my %where;
    for my $path (sort keys %$tree) {
        each_line($path, $tree->{$path}, sub { push @{$where{$1}}, $path while /"(PWR\d{4})\b/g; return });
    }
    return %where;
}

sub twice {
    my %where = ids_of(shift);
    return map { @{$where{$_}} > 1 ? "$_: stands in @{$where{$_}}" : () } sort keys %where;
}

# The documented ids, and complaints about rows without cause or remedy.
sub rows_of {
    my (%row, @complaints);
    each_line('docs/log-messages.md', shift, sub {
        my ($id, @cells) = map { s/^\s+|\s+$//gr } split /\|/, s/^\|//r;
        return if !defined $id || $id !~ /^`?(PWR\d{4})`?$/;
        push @complaints, "$1: documented twice" if $row{$1}++;
        push @complaints, "$1: no cause or no remedy" if grep({ length } @cells) < 3;
        return;
    });
    return (\%row, @complaints);
}

sub documents {
    my $tree = shift;
    my %code = %$tree;
    my ($row, @complaints) = rows_of(delete $code{'docs/log-messages.md'} // '');
    my %where = ids_of(\%code);
    push @complaints, map { $row->{$_} ? () : "$_ ($where{$_}[0]): not documented" } sort keys %where;
    push @complaints, map { $where{$_} ? () : "$_: documented, but logged nowhere" } sort keys %$row;
    return @complaints;
}

my $code = tree(qr{^mod_pwreset/.*\.[ch]$});
clean(\&without_id, $code, 'every message has an id');
clean(\&twice, $code, 'no id is used twice');
SKIP: {
    my $doc = tree(qr{^docs/log-messages\.md$});
    skip 'docs/log-messages.md does not exist yet', 1 if !%$doc;
    clean(\&documents, {%$code, %$doc}, 'docs/log-messages.md has every id, and no other');
}

my $log = sub { qq{    pwr_diag_log(diag, PWR_LEVEL_ERROR, 0, $_[0],\n        "no \\") %s", f(x));\n} };
planted(\&without_id, {'a.c' => $log->('id')}, qr/a\.c:1: pwr_diag_log without/, 'no id');
planted(\&without_id, {'a.c' => qq{    ap_log_rerror(APLOG_MARK, 3, 0, r, "x");\n}}, qr/without/, "httpd's log, no id");
is_deeply([without_id({'a.c' => $log->('"PWR0001"')})], [], 'with an id');
is_deeply([without_id({'a.c' => $log->('row->id')})], [], 'with the id of a row');
planted(\&twice, {'a.c' => $log->('"PWR0001"'), 'b.c' => $log->('"PWR0001"')}, qr/PWR0001/, 'an id used twice');
my $row = "| PWR0001 | error | it is | do so |\n";
my %docs = (
    '' => qr/not documented/,
    "| PWR0001 | error | it is | |\n" => qr/no remedy/,
    "$row$row" => qr/documented twice/,
    "$row| PWR0002 | info | it is | nothing |\n" => qr/PWR0002: documented, but/,
);
planted(\&documents, {'a.c' => $log->('"PWR0001"'), 'docs/log-messages.md' => $_}, $docs{$_}, "documents: $docs{$_}")
    for sort keys %docs;
is_deeply([documents({'a.c' => $log->('"PWR0001"'), 'docs/log-messages.md' => $row})], [], 'a good document');
done_testing();
