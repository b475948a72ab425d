# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The demo site of ./quickstart: its folder, its database, its httpd.
# Works on the script's dir, db, port, mpm, with and build; sets `state` (where
# everything lives, nearly always dir itself), `owner` (who serves) and
# `httpd_pid`.

demo_login=demo
demo_email=demo@example.org
start_sec_max=60

# The process of a pid file, if it runs and is ours: its command line names
# our folder (a pid may have been given to somebody else since).
demo_pid()
{
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [ -n "$pid" ] && grep -qsF "$state/" "/proc/$pid/cmdline" && echo "$pid"
}

# stop_pid FILE NAME: SIGTERM, and SIGKILL after 15 s.
stop_pid()
{
    local pid tries=150
    pid=$(demo_pid "$1") || return 0
    kill -TERM "$pid"
    while kill -0 "$pid" 2>/dev/null && [ $((tries--)) -gt 0 ]; do
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null && say "$2 ($pid) had to be killed"
    rm -f "$1"
}

demo_stop()
{
    state=$(realpath -m "$dir/state")
    [ -d "$state" ] || state=$dir
    stop_pid "$state/run/httpd.pid" httpd
    stop_pid "$state/mysql/mariadbd.pid" MariaDB
    rm -f "$dir/quickstart.env"
}

demo_is_free()
{
    local pid
    state=$(realpath -m "$dir/state")
    [ -d "$state" ] || state=$dir
    pid=$(demo_pid "$state/run/httpd.pid") \
        && die "it runs already (process $pid); stop it first: ./quickstart \
--dir '$dir' --stop"
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null \
        && die "port $port of 127.0.0.1 is taken; choose another: --port N"
    return 0
}

# Run a command as another user with his groups only.
as_user()
{
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"
}

# Who serves: httpd started by root gives its children to somebody else, who
# must be able to enter the folder.  Where nobody can (a home of mode 0700),
# the state lives below /var/tmp.
demo_folders()
{
    local user
    mkdir -p "$dir" || exit 1
    state=$dir owner=$(id -un)
    if [ "$(id -u)" -eq 0 ]; then
        owner=
        for user in "${SUDO_USER:-root}" www-data nobody; do
            [ "$user" != root ] && id "$user" >/dev/null 2>&1 || continue
            owner=${owner:-$user}
            as_user "$user" test -x "$dir" && owner=$user && break
        done
        as_user "$owner" test -x "$dir" || demo_state_elsewhere
    fi
    mkdir -p "$state"/{run,logs,site,mail,sqlite,mysql} || exit 1
    chown "$owner" "$state"/{mail,sqlite,mysql}
    chmod 0750 "$state/mysql" "$state/sqlite"
    cp -R "$top/conf/quickstart/." "$state/site/" \
        && cp "$top/build-aux/mail-to-folder" "$state/" || exit 1
    [ ${#state} -le 80 ] || [ "$db" != mysql ] \
        || die "the name of $state is too long for MariaDB's socket: --dir"
}

demo_state_elsewhere()
{
    [ -d "$dir/state" ] || ln -sfn "$(mktemp -d /var/tmp/quickstart.XXXXXX)" \
        "$dir/state"
    state=$(realpath "$dir/state")
    chmod 0755 "$state"
    say "$owner cannot enter $dir: the state lives in $state"
}

random_word()
{
    od -An -N10 -tx1 /dev/urandom | tr -d ' \n' | sed 's/...../&-/g; s/-$//'
}

# A word that is made once and kept in a file only its owner reads.
kept_word()
{
    [ -s "$1" ] || (umask 077 && random_word >"$1")
    cat "$1"
}

httpd_conf()
{
    local modules
    modules=$("$(apxs_program)" -q LIBEXECDIR)
    {
        echo "Define DEMO_DIR \"$state\""
        echo "Define DEMO_PORT $port"
        echo "Define DEMO_MPM $mpm"
        echo "Define DEMO_MODULES \"$modules\""
        echo "Define DEMO_SO \"$build/.libs/mod_pwreset.so\""
        echo "Define DEMO_${db^^}"
        [ -z "$with" ] || echo "Define DEMO_WITH \"$with\""
        if [ "$(id -u)" -eq 0 ]; then
            echo "Define DEMO_USER \"$owner\""
            echo "Define DEMO_GROUP \"$(id -gn "$owner")\""
        fi
        echo
        cat "$top/conf/quickstart.conf"
    } >"$state/httpd.conf"
}

apxs_program()
{
    command -v apxs || command -v apxs2
}

httpd_program()
{
    local apxs
    apxs=$(apxs_program)
    echo "$("$apxs" -q SBINDIR)/$("$apxs" -q PROGNAME)"
}

# The command that gives httpd and pwresetctl their environment.
set_clean_env()
{
    clean_env=(env -i "PATH=$PATH" LANG=C.UTF-8 "HTTPD=$(httpd_program)")
    [ "$db" = mysql ] && clean_env+=("MARIADB_HOME=$state/mysql")
    [ -n "${PWR_ASAN:-}" ] || return 0
    clean_env+=(ASAN_OPTIONS=detect_leaks=0 "LD_PRELOAD=$(gcc \
        -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)")
}

# Only a socket in a folder of ours; nothing of the host's MariaDB is read.
mariadb_start()
{
    local home=$state/mysql as_owner=() tries=$((start_sec_max * 10))
    [ "$(id -u)" -eq 0 ] && as_owner=(--user="$owner")
    if [ ! -d "$home/data/mysql" ]; then
        # It cannot take a path with blanks.
        (cd "$home" && run_logged install.log 'making a private MariaDB' \
            mariadb-install-db --no-defaults --datadir=./data --skip-test-db \
            --auth-root-socket-user="$(id -un)" "${as_owner[@]}") || return 1
    fi
    mariadb_files "$(kept_word "$home/password")"
    setsid mariadbd --no-defaults "${as_owner[@]}" --datadir="$home/data" \
        --socket="$home/mysql.sock" --pid-file="$home/mariadbd.pid" \
        --skip-networking --init-file="$home/init.sql" \
        --log-error="$home/mariadbd.log" --innodb-buffer-pool-size=32M \
        --character-set-server=utf8mb4 >/dev/null 2>&1 </dev/null &
    until mariadb --defaults-file="$home/my.cnf" -e 'SELECT 1' pwreset \
        >/dev/null 2>&1; do
        if ! kill -0 $! 2>/dev/null || [ $((tries--)) -le 0 ]; then
            tail -n 15 "$home/mariadbd.log" >&2
            say "MariaDB does not start (all of it: $home/mariadbd.log)" >&2
            return 1
        fi
        sleep 0.1
    done
}

# The account that httpd uses, and the option file that names it.
mariadb_files()
{
    local home=$state/mysql
    (
        umask 077
        cat >"$home/init.sql" <<SQL
CREATE DATABASE IF NOT EXISTS pwreset CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'pwreset'@'localhost' IDENTIFIED BY '$1';
GRANT ALL ON pwreset.* TO 'pwreset'@'localhost';
SQL
        {
            cat "$top/conf/pwreset-my.cnf"
            printf '\n[client]\nsocket="%s"\nuser=pwreset\npassword=%s\n' \
                "$home/mysql.sock" "$1"
        } >"$home/my.cnf"
    )
    chown "$owner" "$home/init.sql" "$home/my.cnf"
}

# pwresetctl for this site; what it says is shown when it fails.
demo_ctl()
{
    local said
    said=$("${clean_env[@]}" "$build/pwresetctl" -c "$state/httpd.conf" "$@" 2>&1) \
        && return 0
    printf '%s\n' "$said" >&2
    say "failed: pwresetctl -c '$state/httpd.conf' $*" >&2
    return 1
}

# Tables and the demo account, once.  SQLite's file is its owner's from the
# start, so that the journals beside it are, too.
demo_tables()
{
    if [ "$db" = sqlite ]; then
        : >>"$state/sqlite/pwreset.db" \
            && chown "$owner" "$state/sqlite/pwreset.db" || return 1
    fi
    demo_ctl schema --apply || demo_ctl schema --upgrade || return 1
    [ -e "$state/$db/demo-added" ] && return 0
    kept_word "$state/$db/demo-password" | demo_ctl user add "$demo_login" \
        "$demo_email" || return 1
    : >"$state/$db/demo-added"
}

# The status of a GET, "" when nobody answers.
get_status()
{
    local status=
    {
        printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$1" "$port" >&3
        read -r -t 10 _ status _ <&3
    } 3<>"/dev/tcp/127.0.0.1/$port"
    echo "$status"
} 2>/dev/null

httpd_fails()
{
    tail -n 15 "$state/logs/error.log" >&2
    say "$1 (all of it: $state/logs/error.log)" >&2
    return 1
}

httpd_start()
{
    local httpd said tries=$((start_sec_max * 10))
    httpd=$(httpd_program)
    if ! said=$("${clean_env[@]}" "$httpd" -t -f "$state/httpd.conf" 2>&1); then
        printf '%s\n' "$said" >&2
        say "httpd refuses $state/httpd.conf${with:+ (with $with)}" >&2
        return 1
    fi
    "${clean_env[@]}" setsid "$httpd" -D FOREGROUND -f "$state/httpd.conf" \
        >>"$state/logs/error.log" 2>&1 </dev/null &
    httpd_pid=$!
    until [ -n "$(get_status /)" ]; do
        kill -0 "$httpd_pid" 2>/dev/null && [ $((tries--)) -gt 0 ] \
            || { httpd_fails 'httpd does not start'; return 1; }
        sleep 0.1
    done
    [ "$(get_status /)" = 200 ] || httpd_fails 'the public page is not served'
}

demo_env()
{
    local database=sqlite:$state/sqlite/pwreset.db
    [ "$db" = mysql ] && database=mysql:$state/mysql/mysql.sock:pwreset
    (
        umask 077
        cat >"$dir/quickstart.env.new" <<TEXT
URL=http://127.0.0.1:$port
BASE=/account
MAILDIR=$state/mail
DB=$database
LOGIN=$demo_login
EMAIL=$demo_email
PASSWORD=$(cat "$state/$db/demo-password")
ACCESS_LOG=$state/logs/access.log
ERROR_LOG=$state/logs/error.log
HTTPD_CONF=$state/httpd.conf
PIDFILE=$state/run/httpd.pid
TEXT
        if [ "$db" = mysql ]; then
            echo "DB_USER=pwreset"
            echo "DB_PASSWORD=$(cat "$state/mysql/password")"
            echo "MARIADB_HOME=$state/mysql"
        fi >>"$dir/quickstart.env.new"
    )
    mv "$dir/quickstart.env.new" "$dir/quickstart.env"
}

demo_start()
{
    demo_folders
    set_clean_env
    httpd_conf
    if [ "$db" = mysql ]; then
        say 'starting MariaDB'
        mariadb_start || return 1
    fi
    say 'setting up the tables'
    demo_tables || return 1
    say "starting httpd ($mpm)"
    httpd_start && demo_env
}

demo_greet()
{
    local url=http://127.0.0.1:$port changed=
    [ "$state/$db/demo-added" -ot "$state/httpd.conf" ] \
        && changed=' (unless you have changed it)'
    cat <<TEXT

  The demo site serves:

    $url/                 a public page
    $url/portal/          the protected portal
    $url/account/forgot   "Forgot your password?"  (?lang=ru по-русски)
    $url/mailbox/         the mails it sent

  The demo account:  login $demo_login, e-mail $demo_email,
                     password $(cat "$state/$db/demo-password")$changed

  Its limits are those of a real server, such as three mails an hour to an
  account.  Without them:  --with FILE, where FILE says "PwResetLimit None"

  Everything else:   $dir/quickstart.env
  Stop it:           ./quickstart --dir '$dir' --stop

TEXT
}
