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
use PWR::Proxy;

our @EXPORT_OK = qw(run_contract);

my $top = abs_path(dirname(__FILE__) . '/../../..');
my @programs = qw(users jobs survey sessions tokens notme change rehash history groups race guesses account schema
    faults);

sub run_contract {
    my ($db) = @_;
    my $build = $ENV{PWR_BUILD} || "$top/build";
    my $mysql = $db->kind eq 'mysql';
    my $proxy = $mysql && PWR::Proxy->new($db->socket);
    my @others = !$mysql ? () : (
        $db->params(user => 'poor', pass => 'poor'),
        $db->params(host => '127.0.0.1', port => $proxy->port),
    );

    local %ENV = (%ENV, $db->env);
    for my $name (@programs, $mysql ? 'lost' : ()) {
        run_program(
            ["$build/t/20-store/$name", $db->driver, $db->params, "${name}_",
                @others],
            poor => sub { _poor($db) },
            cut => sub { $db->cut },
            stop => sub { $db->stop },
            start => sub { $db->start },
            restart => sub { $db->stop; $db->start },
            pause => sub { $db->pause },
            resume => sub { $db->resume },
            map { my $mode = $_; $mode => sub { $proxy->mode($mode) } }
                qw(pass deny drop-before drop-during drop-after
                drop-after-and-refuse),
        );
    }
    return;
}

# Somebody who may read everything and write nothing.
sub _poor {
    my ($db) = @_;
    $db->dbh->do($_) for
        q(CREATE USER poor@'%' IDENTIFIED BY 'poor'),
        'GRANT SELECT ON pwreset.* TO poor';
    return;
}

1;
