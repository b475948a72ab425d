# SPDX-License-Identifier: Apache-2.0
# A whole site for a test: httpd with the module, a database with the schema in
# it, users, and what they do.
#
#   each_database(sub { my $walk = shift; ... }, conf => '...');   # done() included
#   $walk->reconf('PwResetLogin Off');          # instead of conf
#   $walk->settle;                              # no mail is on its way
#   $walk->httpd; $walk->client; $walk->db; $walk->kind;
#   $walk->add('ivan', language => 'ru');       # ivan@example.org, password OLD
#   my %string = $walk->strings('ivan', 'olga');    # asked for, and out of the mails
#   my $browser = $walk->signed_in('ivan');     # with a session
#   $walk->who($browser);                       # 'ivan', or the portal's status
#   $walk->works('ivan', NEW);                  # by crypt(3), not by us
#   $walk->age('ivan', 3600);                   # his strings are that much older
#   $walk->at_once([$path => [field => 'value']], ...);     # answers, in this order
#   my $before = $walk->state; ... $walk->unchanged($before, 'what was done');
#   $walk->value('SELECT ...', @bound); $walk->rows('SELECT ...', @bound);
package PWR::Walk;
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use PWR::Database;
use PWR::Httpd;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(each_database OLD NEW);

use constant {OLD => 'ocelot Wharf 41 bright', NEW => 'velvet Anchor 97 quill', WAIT_SEC => 20, POLL_SEC => 0.02};

# A salt of yescrypt's cheapest kind: the tests need many passwords checked.
use constant SALT => '$y$j75$abcdefgh';

# The names of tests may hold any words.
binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output todo_output);

my $top = abs_path(dirname(__FILE__) . '/../../..');

# Run the checks on each database, the server log being one of them.
sub each_database {
    my ($check, %option) = @_;
    for my $kind (qw(sqlite mysql)) {
        subtest $kind => sub {
            my $walk = PWR::Walk->new($kind, %option);
            $check->($walk);
            $walk->settle;
            $walk->httpd->done;
        };
    }
    return;
}

# Options are those of PWR::Httpd, and schema => 0, start => 0, db => one made before.
sub new {
    my ($class, $kind, %option) = @_;
    my $db = delete $option{db} // PWR::Database->new($kind);
    my ($schema, $start) = map { delete $option{$_} // 1 } qw(schema start);
    my $self = bless {db => $db, users_n => 0, mails => []}, $class;
    $self->make_schema if $schema;
    $self->{httpd} = PWR::Httpd->new(database => $db, %option);
    $self->{httpd}->start if $start;
    return $self;
}

sub httpd { return $_[0]{httpd} }
sub db { return $_[0]{db} }
sub kind { return $_[0]{db}->kind }
sub client { return $_[0]{httpd}->client }

# Another configuration, once no mail is on its way.
sub reconf {
    my ($self, $conf) = @_;
    $self->settle;
    $self->{httpd}->reconf(conf => $conf)->restart;
    return $self;
}

# --- the database ---------------------------------------------------------------

sub _program {
    return ($ENV{PWR_BUILD} || "$top/build") . "/pwresetctl";
}

sub make_schema {
    my ($self, @options) = @_;
    open my $said, '-|', _program(), 'schema', '--dialect', $self->kind, @options or die "pwresetctl: $!\n";
    my $text = do { local $/; <$said> } // '';
    close $said or die "pwresetctl schema: exit status $?\n";
    $self->sql($_) for grep { /\S/ } split /;\n/, $text;
    return;
}

sub sql {
    my ($self, $sql, @bound) = @_;
    return $self->{db}->dbh->do($sql, undef, @bound);
}

sub value {
    my ($self, $sql, @bound) = @_;
    return ($self->{db}->dbh->selectrow_array($sql, undef, @bound))[0];
}

sub rows {
    my ($self, $sql, @bound) = @_;
    return @{$self->{db}->dbh->selectall_arrayref($sql, {Slice => {}}, @bound)};
}

# Add a user; returns the id.  An email => undef leaves him without.
sub add {
    my ($self, $login, %row) = @_;
    $self->{hash} //= crypt OLD, SALT;
    %row = (id => sprintf('%032x', ++$self->{users_n}), login => $login, email => "$login\@example.org",
        password => $self->{hash}, changed_at => 1, %row);
    my @columns = sort keys %row;
    $self->sql("INSERT INTO pwreset_user (@{[join ', ', @columns]}) VALUES (@{[join ', ', ('?') x @columns]})",
        @row{@columns});
    return $row{id};
}

sub stored { return $_[0]->value('SELECT password FROM pwreset_user WHERE login = ?', $_[1]) }

# Does crypt(3) say that this is the password of `$login`?
sub works {
    my ($self, $login, $password) = @_;
    my $stored = $self->stored($login);
    utf8::encode($password) if utf8::is_utf8($password);
    return crypt($password, $stored) eq $stored;
}

# Let time pass for the strings of `$login`.
sub age {
    my ($self, $login, $seconds) = @_;
    return $self->sql('UPDATE pwreset_token SET created = created - ?, expires = expires - ? WHERE login = ?',
        $seconds, $seconds, $login);
}

# --- mails ------------------------------------------------------------------------

# Wait for a mail to this address; those to others are kept for their turn.
sub mail_to {
    my ($self, $address, $seconds) = @_;
    my $until = time + ($seconds // WAIT_SEC);
    while (1) {
        my ($mails, $box) = ($self->{mails}, $self->{httpd}->mailbox);
        my ($n) = grep { $mails->[$_]->to eq $address } 0 .. $#$mails;
        return splice @$mails, $n, 1 if defined $n;
        return undef if time > $until;
        my $mail = $box->next(POLL_SEC);
        push @$mails, $mail if $mail;
    }
}

# Wait until the workers have nothing to do.
sub settle {
    my $self = shift;
    my $until = time + WAIT_SEC;
    while (my $jobs = $self->value('SELECT COUNT(*) FROM pwreset_job')) {
        return diag("$jobs jobs are left") if time > $until;
        sleep POLL_SEC;
    }
    return;
}

# Those that came and that nobody has asked for.
sub mails_left { return (@{$_[0]{mails}}, $_[0]{httpd}->mailbox->unseen) }

# Ask for control strings and take them out of the mails: (login => string, ...).
sub strings {
    my ($self, @logins) = @_;
    my $client = $self->client;
    for (@logins) {
        my $status = _post($client, '/account/forgot', email => "$_\@example.org")->status;
        die "$_ cannot ask for a string: $status\n" if $status != 200;
    }
    return map { ($_ => $self->_string_to("$_\@example.org")) } @logins;
}

# Notices go to the same address.
sub _string_to {
    my ($self, $address) = @_;
    while (my $mail = $self->mail_to($address)) {
        return $mail->token if $mail->token;
    }
    die "no control string came to $address\n";
}

# --- people -----------------------------------------------------------------------

# Whoever is told to come again (503), as on a machine with too much to do, does.
sub _post {
    my ($client, $path, @form) = @_;
    my ($r, $until) = (undef, time + WAIT_SEC);
    do {
        sleep POLL_SEC if $r;
        $r = $client->post($path, \@form);
    } while $r->status == 503 && time < $until;
    return $r;
}

# A new browser in which somebody has signed in.
sub signed_in {
    my ($self, $login, $password) = @_;
    my $client = $self->client;
    my $r = _post($client, '/account/login', login => $login, password => $password // OLD);
    die "$login cannot sign in: " . $r->status . "\n" if $r->status != 303;
    return $client;
}

# Who the portal takes this browser for; its status where for nobody.
sub who {
    my ($self, $client) = @_;
    my $r = $client->get('/portal/');
    return $r->status == 200 ? $r->header('X-User') : $r->status;
}

# The name of the session cookie.
sub cookie_name {
    my ($self, $client) = @_;
    return (grep { /^(?:__Host-)?pwr-[0-9a-f]{6}$/ } keys %{$client->cookies})[0];
}

# Post these forms ([path, [field => value, ...], [name => header, ...]], ...) at
# the same moment, on connections of their own; the answers come in this order.
sub at_once {
    my ($self, @posts) = @_;
    my $client = $self->client;
    return PWR::Client::at_once(map { [$client, @$_] } @posts);
}

# Everything that a request could have changed: rows as lines, without what
# workers and clocks write.
sub state {
    my $self = shift;
    my %order = (user => 'id', token => 'digest', session => 'digest', job => 'id');
    return [map {
        my $table = $_;
        map {
            my $row = $_;
            delete @$row{qw(clicks seen due owner lease_until tries error)};
            "$table " . join ', ', map { "$_=" . ($row->{$_} // 'NULL') } sort keys %$row
        } $self->rows("SELECT * FROM pwreset_$table ORDER BY $order{$table}")
    } sort keys %order];
}

# Is all as state() found it, but for jobs that are done?
sub unchanged {
    my ($self, $before, $name) = @_;
    my %was = map { $_ => 1 } @$before;
    my @new = map { "new: $_" } grep { !delete $was{$_} } @{$self->state};
    my @gone = map { "gone: $_" } grep { !/^job / } sort keys %was;
    ok(!@new && !@gone, "$name: nothing has changed") or diag(join "\n", @gone, @new);
    return;
}

1;
