# SPDX-License-Identifier: Apache-2.0
# The browser tests are node scripts that speak TAP: this becomes one of them,
# or says what is missing.
package Browser;
use strict;
use warnings;
use Exporter qw(import);
use File::Basename qw(dirname);
use Lint qw(has_program);
use Test::More;

our @EXPORT = qw(run_script);

sub run_script {
    my $script = shift;
    my $modules = dirname($script) . '/node_modules';
    plan skip_all => 'node is not installed' if !has_program('node');
    plan skip_all => 'Chromium is not installed'
        if !grep { has_program($_) } qw(chromium chromium-browser google-chrome);
    plan skip_all => "playwright-core and axe-core are not in $modules (npm ci)"
        if !-d "$modules/playwright-core" || !-d "$modules/axe-core";
    exec 'node', $script or die "node: $!\n";
}

1;
