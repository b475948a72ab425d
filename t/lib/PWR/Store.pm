# SPDX-License-Identifier: Apache-2.0
# Runs the C programs of t/20-store against a database, each on tables of its
# own, and does to the database what they ask for.
package PWR::Store;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use PWR::Program qw(run_program);

our @EXPORT_OK = qw(run_contract);

my $top = abs_path(dirname(__FILE__) . '/../../..');
my @programs = qw(users jobs sessions tokens change);

sub run_contract {
    my ($db) = @_;
    my $build = $ENV{PWR_BUILD} || "$top/build";

    local %ENV = (%ENV, $db->env);
    for my $name (@programs) {
        run_program(["$build/t/20-store/$name", $db->driver, $db->params, "${name}_"]);
    }
    return;
}

1;
