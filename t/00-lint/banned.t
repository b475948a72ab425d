#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Calls that have hurt others, and comparisons of secrets that tell by their
# time how much was right.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my %banned = (
    'has no bound' => [qw(strcpy strcat sprintf vsprintf stpcpy gets alloca)],
    'may leave no NUL' => [qw(strncpy)],
    'hides overflow and garbage' => [qw(atoi atol atoll sscanf)],
    'keeps state between calls' => [qw(strtok gmtime localtime ctime asctime strerror getpwnam getpwuid setlocale)],
    'runs a shell' => [qw(system popen)],
    'can be guessed' => [qw(rand srand random srandom drand48 apr_generate_random_bytes)],
    'is broken' => [qw(apr_md5 apr_md5_init MD5 apr_sha1_base64 tmpnam mktemp)],
    'is not from a pool' => [qw(malloc calloc realloc strdup strndup)],
);
my %reason;
for my $why (keys %banned) {
    $reason{$_} = $why for @{$banned{$why}};
}
my $calls = join '|', map { quotemeta } sort keys %reason;
my $secret = qr/secret|passw|token|digest|cookie|session_id/i;

sub calls {
    my $tree = shift;
    return map {
        my $path = $_;
        each_line($path, code_of($tree->{$path}), sub {
            my @found = map { "$_ $reason{$_}" } $_[0] =~ /(?<![\w.>])($calls)\s*\(/g;
            push @found, 'printing is for the command' if $path !~ m{/cli/}
                && $_[0] =~ /(?<!\w)(?:v?printf|puts|putchar)\s*\(|\bstd(?:out|err)\b/;
            return @found;
        })
    } sort keys %$tree;
}

# A call may go over lines, so the code is read as a whole.  Of a->b.c, c says
# what it is.
sub comparisons {
    my $tree = shift;
    my @complaints;
    for my $path (sort keys %$tree) {
        my $code = code_of($tree->{$path});
        while ($code =~ /\b(?:apr_)?((?:str|strn|strcase|strncase|mem|b)cmp(?:n)?)\s*(\((?:[^()]|(?2))*\))/g) {
            my ($call, $arguments, $start) = ($1, $2, $-[0]);
            my $line = 1 + (substr($code, 0, $start) =~ tr/\n//);
            $arguments =~ s/\w+\s*(?:->|\.)\s*//g;
            push @complaints, "$path:$line: $call on a secret: pwr_crypto_equal" if $arguments =~ $secret;
        }
    }
    return @complaints;
}

my $tree = tree(qr{^mod_pwreset/.*\.[ch]$});
clean(\&calls, $tree, 'no banned call');
clean(\&comparisons, $tree, 'secrets are not compared byte by byte');

for my $call (sort keys %reason) {
    planted(\&calls, {'a.c' => "    x = $call(y);\n"}, qr/a\.c:1: \Q$call\E /, $call);
}
planted(\&calls, {'mod_pwreset/io/a.c' => qq{    printf("x");\n}}, qr/printing/, 'printf outside the command');
planted(\&calls, {'mod_pwreset/io/a.c' => qq{    fputs("x", stdout);\n}}, qr/printing/, 'stdout outside the command');
planted(\&comparisons, {'a.c' => "    if (strcmp(a,\n        row->token) == 0) {\n"}, qr/a\.c:1: strcmp/,
    'strcmp on a token');
is_deeply([comparisons({'a.c' => "x = strcmp(token->user_id, a.b);\n"})], [], 'but the user id of a token is none');
planted(\&comparisons, {'a.c' => "x = memcmp(f(digest), b, 32);\n"}, qr/memcmp/, 'memcmp on a digest');
is_deeply([calls({'a.c' => qq{/* system(x) */ s = "rand("; t->gets(x); apr_snprintf(x); RAND_bytes(x);\n}})], [],
    'comments, strings, members and longer names do not count');
done_testing();
