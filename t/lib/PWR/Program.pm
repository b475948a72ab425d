# SPDX-License-Identifier: Apache-2.0
# Runs a test program that speaks TAP and repeats its results here.  A line
# "#! VERB ARG..." of it is a request: the sub of that verb is called, and then
# the program reads a line, "ok" or what went wrong.
package PWR::Program;

use strict;
use warnings;

use Exporter qw(import);
use IPC::Open2 qw(open2);
use Test::More;

our @EXPORT_OK = qw(run_program);

sub run_program {
    my ($argv, %verb) = @_;
    my ($name) = $argv->[0] =~ m{([^/]+)$};
    my ($tests, $failed, $planned) = (0, 0, -1);

    return fail("$name was built ($argv->[0])") if !-x $argv->[0];
    local $SIG{PIPE} = 'IGNORE';
    # What libmariadb allocates once it never frees.
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
    my $pid = open2(my $out, my $in, @$argv);
    while (defined(my $line = <$out>)) {
        chomp $line;
        if ($line =~ /^(not )?ok \d+ - (.*)/) {
            $tests++;
            $failed += !!$1;
            ok(!$1, "$name: $2");
        }
        elsif ($line =~ /^#! (\S+) ?(.*)/) {
            my $done = $verb{$1} && eval { $verb{$1}->(split / /, $2); 1 };
            my $fault = $done ? 'ok' : "no: " . ($@ || "what is $1?");
            $fault =~ s/\s+/ /g;
            syswrite $in, "$fault\n";
        }
        elsif ($line =~ /^1\.\.(\d+)$/) { $planned = $1 }
        elsif ($line =~ /^#/) { diag("$name: $line") }
    }
    waitpid $pid, 0;
    # Failed tests were told above; a missing plan, a signal or what a sanitizer
    # found were not.
    is($planned, $tests, "$name: ran to its end");
    is($?, $failed ? 1 << 8 : 0, "$name: ended well");
    return;
}

1;
