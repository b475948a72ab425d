# SPDX-License-Identifier: Apache-2.0
# An operator's desk: pwresetctl for a site on a real database.
#
#   on_databases(sub {                  # a subtest each for SQLite and MariaDB
#       my $desk = shift;               # the schema is there, and nothing else
#       $desk->site(PwResetLimit => [['forgot-account', '1/1h']]);
#       $desk->user('ivan');            # ivan@example.org; returns his id
#       my $id = $desk->job(identifier => 'ivan@example.org', due => -60);
#       $desk->token(user => $id, created => -600);
#       $desk->runs_ok('name', {status => 0, out => qr/x/}, '', qw(why ivan@example.org));
#       $desk->value('SELECT COUNT(*) FROM pwreset_job');
#   });
# Times are seconds from now.
package PWR::Desk;
use strict;
use warnings;
use Exporter qw(import);
use PWR::Ctl;
use PWR::Database;
use Test::More ();

our @EXPORT = qw(on_databases REALM NEVER);

use constant {REALM => 'www.example.org/account', NEVER => '9223372036854775807'};

my $ids = 0;

sub on_databases {
    my ($test) = @_;
    -x PWR::Ctl->program or Test::More::BAIL_OUT(PWR::Ctl->program . ' was not built');
    for my $kind (qw(sqlite mysql)) {
        Test::More::subtest($kind => sub {
            my $db = PWR::Database->new($kind);
            local %ENV = (%ENV, $db->env);
            my $self = bless {db => $db, ctl => PWR::Ctl->new}, __PACKAGE__;
            $self->site;
            $self->runs_ok('schema --apply', {status => 0, out => qr/applied/}, '', qw(schema --apply));
            $test->($self);
        });
    }
    Test::More::done_testing();
    return;
}

sub ctl { return $_[0]{ctl} }
sub db  { return $_[0]{db} }

# A failure has the line of the test.
sub runs_ok {
    my $self = shift;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return $self->{ctl}->runs_ok(@_);
}

# A site's part of the dump; directives begin with a capital.
sub vhost {
    my ($self, %given) = @_;
    return $self->{ctl}->vhost_on($self->{db}, %given);
}

sub site {
    my ($self, %given) = @_;
    return $self->{ctl}->vhosts($self->vhost(%given));
}

sub do {
    my ($self, $sql, @bound) = @_;
    return $self->{db}->dbh->do($sql, undef, @bound);
}

sub value {
    my ($self, $sql, @bound) = @_;
    my ($value) = $self->{db}->dbh->selectrow_array($sql, undef, @bound);
    return $value;
}

sub _insert {
    my ($self, $table, %row) = @_;
    my @columns = sort keys %row;
    $self->do("INSERT INTO pwreset_$table (" . join(', ', @columns) . ') VALUES (' . join(', ', map {'?'} @columns) . ')',
        @row{@columns});
    return;
}

sub clear {
    my ($self) = @_;
    $self->do("DELETE FROM pwreset_$_") for qw(user job token session device guess);
    return;
}

# A user of this login, with columns of the shipped table.
sub user {
    my ($self, $login, %given) = @_;
    my $id = sprintf '%032x', ++$ids;
    $self->_insert(user => id => $id, login => $login, email => "$login\@example.org", changed_at => 1,
        password => '$2y$10$abcdefghijklmnopqrstuuNTLNSVwJ3yoQvJ6WsmWtSjSWzHiKQGu', %given);
    return $id;
}

sub job {
    my ($self, %given) = @_;
    my $id = $given{id} // sprintf '%032x', ++$ids;
    my %row = (id => $id, kind => 'recover', realm => REALM, identifier => 'ivan@example.org', identify_by => 1,
        created => -1, due => 0, %given);
    my @times = (qw(created due), grep { $given{$_} } qw(lease_until gave_up));
    $row{$_} += time for grep { $row{$_} ne NEVER } @times;
    $self->_insert(job => %row);
    return $id;
}

# A row of a string; `stamp` of what makes it live is the test's business.
sub token {
    my ($self, %given) = @_;
    my $created = time + ($given{created} // 0);
    $self->_insert(token => realm => REALM, digest => sprintf('%064x', ++$ids), purpose => 'recover', login => 'x',
        job => sprintf('%032x', ++$ids), stamp => '0' x 64, expires => $created + 3600, %given, created => $created);
    return;
}

1;
