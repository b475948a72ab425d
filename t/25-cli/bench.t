#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# bench/run: its options, its cases, and that a short run of one gives a table,
# JSON and a picture.  No figure is judged here.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Lint;
use Test::More;

plan skip_all => 'the sanitizers are about what other tests start' if $ENV{PWR_ASAN};
plan skip_all => 'wrk is not installed' if !has_program('wrk');
my $top = abs_path("$FindBin::Bin/../..");
my $dir = tempdir('bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);

# (exit status, what it said)
sub bench {
    my $command = join ' ', map { "'$_'" } "$top/bench/run", @_;
    my $said = `$command 2>&1 </dev/null`;
    return ($? >> 8, $said);
}

my %refused = (
    '--db oracle' => qr/^bench\/run: --db takes one of: mysql sqlite \(not 'oracle'\)/, '--out' => qr/--out needs a value/,
    '--nothing' => qr/what is '--nothing'\?/, "--out $dir/none nothing" => qr/^there is no case nothing \(--list\)/m,
);
for my $arguments (sort keys %refused) {
    my ($status, $said) = bench(split / /, $arguments);
    isnt($status, 0, "$arguments: refused");
    like($said, $refused{$arguments}, "$arguments: in words");
}

my ($status, $said) = bench('--help');
is($status, 0, '--help');
like($said, qr/^  --$_\b/m, "--help knows --$_") for qw(db quick list out keep help);

($status, $said) = bench('--list');
is($status, 0, '--list');
my @cases = $said =~ /^(\S+)/mg;
cmp_ok(scalar @cases, '>', 10, '--list has the cases');
my $document = slurp("$top/docs/performance.md");
is_deeply([grep { $document !~ /`\Q$_\E`/ } @cases], [], 'docs/performance.md says what each of them is');

($status, $said) = bench('--quick', '--db', 'sqlite', '--out', $dir, 'forgot-c16');
is($status, 0, '--quick of one case') or diag($said);
like($said, qr/^\| forgot-c16 +\| [\d,.]+ /m, 'the table is printed');
my $result = eval { decode_json(slurp("$dir/result.json")) } // {};
is(ref $result->{cases}, 'ARRAY', 'the result is JSON') or diag($@);
my ($case) = @{$result->{cases} // []};
is($case->{name}, 'forgot-c16', 'with the case in it');
my ($figure) = @{$case->{figures} // []};
for my $of (qw(value limit ratio)) {
    my ($least, $middle, $greatest) = @{$figure->{$of} // []};
    ok(defined $greatest && 0 < $least && $least <= $middle && $middle <= $greatest, "its $of has a median and a spread");
}
is_deeply([$case->{others_own}, $case->{others_limit}], [{}, {}], 'all answers were 200');
cmp_ok($case->{cpu_own}{httpd} // 0, '>', 0, 'the time of processors is there');
like(slurp("$dir/forgot-c16.svg"), qr{\A<svg .*</svg>\n\z}s, 'and a picture');
done_testing();
