#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every fuzz target holds its claims on its corpus, every parser has a target,
# and the corpora stay small and named.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

use constant CORPORA_BYTES_MAX => 1_000_000;

my $fuzz = top() . '/t/fuzz';
my @targets = map { m{([^/]+)\.c$} } sort glob "$fuzz/*.c";

# What no target names because it parses nothing, or only what one of ours
# hands it.
my %reached = (
    color => 'palette',
    argon2id => 'stored', builtin => 'data', conf_kind => 'conf', cost => 'no parser', count => 'no parser',
    crypto => 'no parser', diag => 'no parser', digest => 'stored', duration => 'conf', encoded => 'stored',
    fair => 'no parser', group => 'conf', keyboard => 'policy', person => 'policy', phpass => 'stored',
    score => 'policy', seqcache => 'no parser', sink => 'template', sqltext_token => 'sqltext', status => 'no parser',
    status_int => 'no parser', wrap => 'stored',
    tally => 'no parser', template_int => 'template',
);

# Status and output of a program on files or folders.
sub replayed {
    my ($program, @paths) = @_;
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
    my $said = `'$program' @{[map { "'$_'" } @paths]} 2>&1`;
    return ($?, $said);
}

for my $name (@targets) {
    my $program = build() . "/t/fuzz/$name";
    my @seeds = glob "$fuzz/corpus/$name/*";
    cmp_ok(scalar @seeds, '>', 0, "$name has a corpus");
    if (!-x $program) {
        fail("$name was built ($program)");
        next;
    }
    my ($status, $said) = replayed($program, "$fuzz/corpus/$name");
    is($status, 0, "$name: its claims hold on " . @seeds . ' inputs')
        or diag('the last one named fails: ', join "\n", (split /\n/, $said)[-4 .. -1]);
    is(scalar(() = $said =~ /^\Q$fuzz\E/mg), scalar @seeds, "$name: each was read");
}

# A header of core/ is included by a target, or its way is told above.
sub untested {
    my ($headers, $sources) = @_;
    my $code = join "\n", values %$sources;
    return map {
        my ($name) = m{core/(\w+)\.h$};
        $code =~ m{#include "core/$name\.h"} || $reached{$name} ? () : "$_:1: no fuzz target uses it"
    } sort keys %$headers;
}

my $sources = tree(qr{^t/fuzz/\w+\.c$});
clean(sub { untested($_[0], $sources) }, tree(qr{^mod_pwreset/core/\w+\.h$}), 'every parser has a target');
planted(sub { untested($_[0], $sources) }, {'mod_pwreset/core/yaml.h' => ''}, qr/yaml\.h:1/, 'a parser without');

# What libFuzzer calls its files says nothing.
sub unnamed {
    return map { m{/(?:[0-9a-f]{40}|(?:crash|leak|oom|timeout|slow-unit)-\w*)$} ? "$_:1: name it" : () } sort keys %{$_[0]};
}

my $corpora = tree(qr{^t/fuzz/corpus/});
clean(\&unnamed, $corpora, 'seeds have names');
planted(\&unnamed, {'t/fuzz/corpus/form/' . 'a1' x 20 => ''}, qr/name it/, 'a digest');
my $bytes = 0;
$bytes += length for values %$corpora;
cmp_ok($bytes, '<', CORPORA_BYTES_MAX, "the corpora are small ($bytes bytes)");

# A target that is wrong for inputs of three bytes, and steps out of a pool's
# block for those of four.
my $folder = on_disk({two => 'xx', three => 'xxx', four => 'xxxx', 'planted.c' => <<'C'});
#include "fuzz.h"
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    volatile char *block = apr_palloc(pool, 4);
    FUZZ_CLAIM(in.len != 3);
    block[in.len] = 'x';
}
C
my $flags = "-D_GNU_SOURCE -fsanitize=address -I'$fuzz' \$(apr-1-config --includes --cppflags)";
my $said = `cd '$folder' && gcc $flags -o planted planted.c \$(apr-1-config --link-ld) 2>&1`;
is($?, 0, 'the control is built') or diag($said);
my $status;
($status) = replayed("$folder/planted", "$folder/two");
is($status, 0, 'control: nothing is wrong with two bytes');
($status, $said) = replayed("$folder/planted", "$folder/three");
isnt($status, 0, 'control: a broken claim is found');
like($said, qr/three\n.*broken: in\.len != 3/, 'control: and the input named');
($status, $said) = replayed("$folder/planted", "$folder/four");
like($said, qr/heap-buffer-overflow/, 'control: a step out of a block of a pool is found');
done_testing();
