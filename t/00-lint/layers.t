#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Includes point downwards, only httpd/ knows httpd, and nothing outside it
# keeps state.
use strict;
use warnings;
use FindBin;
use File::Glob qw(bsd_glob);
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my %below = (
    core => [qw(core)],
    io => [qw(io core)],
    flow => [qw(flow io core)],
    httpd => [qw(httpd flow io core)],
    cli => [qw(cli flow io core)],
);

# Words a layer must not know, with the reason.
my %unknown = (
    core => {
        qr/\b(?:apr_time_now|clock_gettime|gettimeofday|time)\s*\(/ => 'core/ is told the time',
        qr/\bapr_dbd_\w+|\bposix_spawn|\bfork\s*\(|\bapr_proc_\w+|\bgetenv\s*\(/ => 'core/ is pure',
    },
    flow => {
        qr/\bapr_dbd_\w+|\bposix_spawn|\bfork\s*\(|\bapr_proc_\w+|\bmemfd_create/ => 'flow/ acts through io/ headers',
    },
);
my $httpd_words = qr/\b(?:request_rec|server_rec|conn_rec|cmd_parms|ap_[a-z]\w*)\b/;
my $httpd_header = qr{<(?:httpd|http_\w+|ap_\w+|mod_\w+|util_\w+|scoreboard|mpm_common|unixd)\.h>};

sub includes {
    my $tree = shift;
    my @complaints;
    for my $path (sort keys %$tree) {
        my ($layer) = $path =~ m{^mod_pwreset/(\w+)/} or next;
        push @complaints, each_line($path, $tree->{$path}, sub {
            return "no system header by quotes: $1" if m{^\s*#\s*include\s+"([^"/]+)"};
            return 'only httpd/ includes httpd' if $layer ne 'httpd' && $_ =~ $httpd_header;
            m{^\s*#\s*include\s+"(\w+)/} or return;
            return (grep { $_ eq $1 } @{$below{$layer} || []}) ? () : "$layer/ must not include $1/";
        });
    }
    return @complaints;
}

sub words {
    my $tree = shift;
    my @complaints;
    for my $path (sort keys %$tree) {
        my ($layer) = $path =~ m{^mod_pwreset/(\w+)/} or next;
        my $code = code_of($tree->{$path});
        push @complaints, each_line($path, $code, sub {
            my @found = map { $_[0] =~ $_ ? $unknown{$layer}{$_} : () } sort keys %{$unknown{$layer} || {}};
            push @found, "only httpd/ knows $1" if $layer ne 'httpd' && $_[0] =~ /($httpd_words)/;
            return @found;
        });
        # SQL stands in strings, so the text with its strings is read.
        next if $layer ne 'flow';
        push @complaints, each_line($path, $tree->{$path}, sub {
            return /"\s*(?:SELECT|INSERT|UPDATE|DELETE|BEGIN|COMMIT)\s/i ? 'flow/ holds no SQL' : ();
        });
    }
    return @complaints;
}

# Symbols in writable sections of object files: {path => name of the object}.
# What only the linker writes (.data.rel.ro) is constant.
sub state_in {
    my @complaints;
    for my $object (@_) {
        for (`objdump -t '$object'`) {
            my ($section, $name) = /^\S+ .{7} (\S+)\s+\S+\s+(\S+)$/ or next;
            next if $name eq $section || $section !~ /^(?:\.t?bss|\.t?data|\*COM\*)/ || $section =~ /^\.data\.rel\.ro/;
            push @complaints, "$object: $name is writable state ($section)";
        }
    }
    return @complaints;
}

my $sources = tree(qr{^mod_pwreset/.*\.[ch]$});
clean(\&includes, $sources, 'includes point downwards');
clean(\&words, $sources, 'no layer knows what it must not know');

my %plants = (
    'core includes io' => [\&includes, 'core/a.c', qq{#include "io/store.h"\n}],
    'io includes flow' => [\&includes, 'io/a.c', qq{#include "flow/env.h"\n}],
    'flow includes httpd' => [\&includes, 'flow/a.h', qq{# include "httpd/route.h"\n}],
    'cli includes its sibling' => [\&includes, 'cli/a.c', qq{#include "httpd/dbd.h"\n}],
    'httpd includes its sibling' => [\&includes, 'httpd/a.c', qq{#include "cli/main.h"\n}],
    'flow includes httpd.h' => [\&includes, 'flow/a.c', qq{#include <httpd.h>\n}],
    'io includes util_script.h' => [\&includes, 'io/a.c', qq{#include <util_script.h>\n}],
    'an include without its layer' => [\&includes, 'io/a.c', qq{#include "store.h"\n}],
    'a request_rec in io' => [\&words, 'io/a.c', "void f(request_rec *r);\n"],
    'an ap_ name in cli' => [\&words, 'cli/a.c', "ap_log_error(x);\n"],
    'the clock in core' => [\&words, 'core/a.c', "x = apr_time_now();\n"],
    'a database in flow' => [\&words, 'flow/a.c', "apr_dbd_query(x);\n"],
    'SQL in flow' => [\&words, 'flow/a.c', qq{q = "SELECT id FROM x";\n}],
);
for my $name (sort keys %plants) {
    my ($check, $path, $text) = @{$plants{$name}};
    planted($check, {"mod_pwreset/$path" => $text}, qr/:1: /, $name);
}
is_deeply([words({'mod_pwreset/io/a.c' => qq{/* a request_rec */ s = "ap_x";\n}})], [],
    'comments and strings do not count');

SKIP: {
    skip 'sanitizers add state of their own', 2 if $ENV{PWR_ASAN};
    my @objects = map { bsd_glob(build() . "/mod_pwreset/$_") } "{core,io,flow}/.libs/*.o", "cli/*.o";
    my @complaints = state_in(@objects);
    ok(@objects >= 10 && !@complaints, 'no state outside httpd/ (' . @objects . ' objects)')
        or diag(@objects >= 10 ? map { "  $_\n" } @complaints : 'built objects were not found in ' . build());

    my $folder = on_disk({'a.c' => <<'C'});
static int counter;
static int started = 1;
int shared;
static __thread int mine;
static const char *const names[] = { "constant", "too" };
const char *next(void) { counter++; mine++; return names[started++ + shared]; }
C
    system('gcc', '-fPIC', '-c', '-o', "$folder/a.o", "$folder/a.c") == 0 or die "gcc failed\n";
    my @found = sort map { /: (\w+) is/ } state_in("$folder/a.o");
    is_deeply(\@found, [qw(counter mine shared started)], 'control: static, global and thread state are found');
}
done_testing();
