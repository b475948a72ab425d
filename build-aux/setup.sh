# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What ./quickstart, ./runtests and bench/run share: the packages, and building.
# Sourced by bash after `top` (the source tree) and `me` (who speaks) are set.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
jobs_n=$(nproc 2>/dev/null || echo 1)

# PROGRAM:PACKAGE is needed where PROGRAM is not on the PATH, :PACKAGE always.
# The -core and -bin packages bring no service that apt would start.
build_needs='gcc:gcc make:make autoconf:autoconf automake:automake
    libtoolize:libtool pkg-config:pkg-config :perl :libc6-dev
    apxs:apache2-dev apache2:apache2-bin :libssl-dev :libcrypt-dev
    :libargon2-dev :libidn2-dev :libunistring-dev :libzxcvbn-dev
    :libjansson-dev :libaprutil1-dbd-sqlite3 :libaprutil1-dbd-mysql'
mysql_needs='mariadbd:mariadb-server-core mariadb:mariadb-client-core'
test_needs="$mysql_needs :libdbi-perl :libdbd-mariadb-perl
    :libdbd-sqlite3-perl :libemail-mime-perl :libio-socket-ssl-perl
    clang:clang :libclang-rt-dev cppcheck:cppcheck
    ctags:universal-ctags gdb:gdb chromium:chromium node:nodejs npm:npm
    openssl:openssl curl:curl xz:xz-utils faketime:faketime wrk:wrk
    strace:strace :ca-certificates"
bench_needs="$mysql_needs :libdbi-perl :libdbd-mariadb-perl
    :libdbd-sqlite3-perl wrk:wrk"
long_needs='sqlmap:sqlmap wapiti:wapiti clang-tidy:clang-tidy valgrind:valgrind
    python3:python3 :galera-4 rsync:rsync ss:iproute2 :liblua5.3-0
    :libopentracing-c-wrapper0 dpkg-buildpackage:dpkg-dev dh:debhelper
    lintian:lintian debootstrap:debootstrap'

say()
{
    printf '%s: %s\n' "$me" "$*"
}

die()
{
    printf '%s: %s\n' "$me" "$*" >&2
    exit 1
}

# run_logged LOG WHAT COMMAND...: output goes to LOG; while it takes long, a
# line now and then shows that it lives, and on failure the end of the log.
run_logged()
{
    local log=$1 what=$2 status beat sec=0
    shift 2
    say "$what"
    {
        while sleep 1 >/dev/null 2>&1; do
            [ $((++sec % 15)) -eq 0 ] || continue
            say "  ... $(tail -n 1 "$log" 2>/dev/null | cut -c1-70)"
        done
    } 9>&- &
    beat=$!
    "$@" >"$log" 2>&1 </dev/null
    status=$?
    kill "$beat" 2>/dev/null
    wait "$beat" 2>/dev/null
    [ "$status" -eq 0 ] && return 0
    tail -n 25 "$log" | sed 's/^/    /' >&2
    say "failed: $what (all of it: $log)" >&2
    return 1
}

is_debian()
{
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null
}

# Of PROGRAM:PACKAGE words, print the packages (elsewhere than on Debian: the
# programs) that are missing.
missing_of()
{
    local need program package
    for need in "$@"; do
        program=${need%%:*} package=${need#*:}
        if [ -n "$program" ]; then
            command -v "$program" >/dev/null && continue
        elif ! is_debian || dpkg-query -W -f '${db:Status-Status}\n' \
            "$package" 2>/dev/null | grep -qx installed; then
            continue
        fi
        is_debian && echo "$package" || echo "$program"
    done
}

# install_needs WORD...: as above; installs what is missing.
install_needs()
{
    local missing as_root=
    missing=$(missing_of "$@" | sort -u | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    is_debian || die "these programs are needed and were not found: $missing
(Debian's names of all packages: ${*#*:})"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "packages are missing, and you are \
neither root nor have sudo.  As root:
    apt-get install --no-install-recommends $missing"
        as_root=sudo
    fi
    # shellcheck disable=SC2086 # words on purpose
    apt_install $missing
}

apt_install()
{
    local log
    log=$(mktemp "${TMPDIR:-/tmp}/${me##*/}-apt.XXXXXX") || exit 1
    run_logged "$log" 'reading the package lists' $as_root apt-get -q update \
        || say 'going on with the package lists of this machine'
    run_logged "$log" "installing $*" $as_root env \
        DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@" \
        || die 'apt-get could not install the packages (see above)'
    rm -f "$log"
}

# configure is made where it is missing or older than what it is made of.
make_configure()
{
    [ -e "$top/configure" ] && [ -e "$top/Makefile.in" ] \
        && [ ! "$top/configure.ac" -nt "$top/configure" ] \
        && [ ! "$top/Makefile.am" -nt "$top/Makefile.in" ] && return 0
    (cd "$top" && run_logged "$1/autoreconf.log" 'making configure' \
        autoreconf -fi)
}

# Configure OUT unless it was configured with these arguments already; objects
# made with other flags go.
configure_tree()
{
    local out=$1 argument was
    shift
    if [ -e "$out/Makefile" ] && [ ! "$top/configure" -nt "$out/config.status" ]
    then
        was=" $("$out/config.status" --config)"
        for argument in "$@"; do
            [ "${was#*"$argument"}" != "$was" ] || was=
        done
        [ -n "$was" ] && return 0
        make -s -C "$out" clean >/dev/null 2>&1
    fi
    (cd "$out" && run_logged configure.log 'configuring' "$top/configure" -q \
        "$@")
}

# build_tree OUT TARGET [CONFIGURE ARGUMENT...]
build_tree()
{
    local out=$1 target=$2
    shift 2
    mkdir -p "$out" || exit 1
    (
        flock 9
        make_configure "$out" && configure_tree "$out" "$@" || exit 1
        make -q -C "$out" "$target" >/dev/null 2>&1 && exit 0
        run_logged "$out/make.log" "building in $out" \
            make -s -C "$out" -j "$jobs_n" "$target"
    ) 9>"$out/.lock" || die 'it could not be built; the message above says why'
}
