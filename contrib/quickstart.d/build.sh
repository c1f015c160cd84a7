# build.sh - packages, build and tests of contrib/quickstart; sourced by it.
# shellcheck shell=bash disable=SC2034,SC2154  # variables are shared with contrib/quickstart

packages_build="build-essential autoconf automake libtool pkg-config libuv1-dev libprotobuf-c-dev
    protobuf-c-compiler libmunge-dev munge libsodium-dev libhwloc-dev libconfig-dev libsqlite3-dev
    libpmix-dev libjansson-dev libyaml-dev openmpi-bin libopenmpi-dev libopenblas-dev iproute2 procps"
# Programs that drive Slurm, for testsuite/system/tools-*.t: .ci/run asks for them.
packages_tools="clustershell parallel coop-computing-tools hpcc lammps snakemake toil python3-ipyparallel
    r-cran-rslurm"
packages_check="check mpich libmpich-dev python3 python3-mpi4py"

# Install what is missing of the named groups.
packages_need() {
    local group name="" missing="" want="" have
    command -v apt-get >/dev/null || die "this is no Debian: install by hand what contrib/quickstart.d/build.sh lists"
    for group in "$@"; do
        name=packages_$group
        want="$want ${!name}"
    done
    have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $want 2>/dev/null)
    for name in $want; do
        case $'\n'$have$'\n' in *$'\n'"installed $name"$'\n'*) ;; *) missing="$missing $name" ;; esac
    done
    [ -n "$missing" ] || return 0
    say "Debian packages to install:$missing"
    local sudo=
    if [ "$uid" -ne 0 ]; then
        sudo=sudo
        command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; } ||
            die "installing packages needs root. Have somebody run this, then try again:" \
                "  apt-get install -y --no-install-recommends$missing"
        sudo -v || die "sudo did not let you in"
    fi
    apt_install() {
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$work/apt.log" 2>&1
    }
    mkdir -p "$work"
    progress "installing packages" apt_install || {
        say "trying again with fresh package lists"
        $sudo apt-get update >"$work/apt-update.log" 2>&1 || true
        progress "installing packages" apt_install
    } || {
        tail -5 "$work/apt.log" >&2
        die "apt-get install failed (log: $work/apt.log)" "install by hand, then try again:$missing"
    }
}

# Run a command and show that time passes: progress WHAT COMMAND...
progress() {
    local what=$1 begin=$SECONDS status pid shown=-1 detail=
    shift
    # A process group of its own, so that an interrupt ends all of it.
    set -m
    "$@" &
    pid=$!
    set +m
    trap 'kill -TERM -- -$pid 2>/dev/null; exit 130' INT TERM
    while kill -0 $pid 2>/dev/null; do
        sleep 0.2
        [ $((SECONDS - begin)) -ne $shown ] || continue
        shown=$((SECONDS - begin))
        [ -z "${progress_count:-}" ] || detail=", $(grep -c '^  C' "$progress_count" 2>/dev/null) files"
        if [ -t 1 ]; then
            printf '\r%s ... %d s%s ' "$what" $shown "$detail"
        elif [ $shown -gt 0 ] && [ $((shown % 20)) -eq 0 ]; then
            say "$what ... $shown s$detail"
        fi
    done
    wait $pid
    status=$?
    trap - INT TERM
    [ ! -t 1 ] || printf '\r\033[K'
    [ $status -ne 0 ] || [ $((SECONDS - begin)) -lt 1 ] || say "$what: $((SECONDS - begin)) s$detail"
    return $status
}

# The tree as it is here; a copy of it where this user cannot write.
source_tree() {
    src=$top
    [ -x "$top/configure" ] || [ -w "$top" ] || {
        src=$work/src
        mkdir -p "$src" && tar -C "$top" --exclude=.git --exclude='./build*' -cf - . | tar -C "$src" -xf - ||
            die "cannot copy the source to $src"
    }
}

make_jobs() {
    # A compiler wants some 300 MB; a Pi 3 has 1 GB.
    awk -v cpus="$(nproc)" '/^MemAvailable/ { n = int($2 / 300000); if (n > cpus) n = cpus; print n < 1 ? 1 : n }' /proc/meminfo
}

build_is_fresh() {
    [ -f "$work/built" ] && [ -x "$prefix/sbin/bramblectld" ] && [ -x "$hpl" ] && [ -x "$hello" ] &&
        [ -z "$(find "$top" \( -name .git -o -name autom4te.cache -o -path "$top/build*" -o -name __pycache__ \) -prune \
            -o -type f -newer "$work/built" -print -quit)" ]
}

build_fail() { # LOG WHAT
    grep -E 'error|Error|cannot' "$1" | head -5 >&2
    tail -5 "$1" >&2
    die "$2 failed; the whole log is $1" "to begin afresh: contrib/quickstart clean"
}

build_all() {
    local log=$work/build.log
    mkdir -p "$build" "$work/hpl" || die "cannot write to $work: set BRAMBLE_CACHE to a folder of yours"
    source_tree
    build_is_fresh && return
    : > "$work/built.new"
    if [ ! -x "$src/configure" ] || [ ! -f "$src/Makefile.in" ] || [ ! -e "$src/build-aux/tap-driver.sh" ] || [ -n "$(find "$src" -maxdepth 4 \( -name configure.ac -o -name '*.mk' -o -name Makefile.am \) \
        -newer "$src/configure" -print -quit)" ]; then
        progress "preparing the build" quietly "$log" "$src/contrib/bootstrap" || { rm -f "$src/configure"; build_fail "$log" "contrib/bootstrap"; }
    fi
    cd "$build" || exit
    [ -f Makefile ] && [ Makefile -nt "$src/configure" ] ||
        progress "configuring" quietly "$log" "$src/configure" --prefix="$prefix" --enable-werror ${BRAMBLE_CONFIGURE:-} || build_fail "$log" "configure"
    progress_count=$log progress "building Bramble" quietly "$log" make -j"$(make_jobs)" all || build_fail "$log" "make"
    quietly "$work/install.log" make install || build_fail "$work/install.log" "make install"
    cd "$top" || exit
    mpicc.openmpi -O2 -o "$hello" "$top/contrib/examples/hello-mpi.c" >"$log.hello" 2>&1 || build_fail "$log.hello" "mpicc"
    progress "building HPL" build_hpl || build_fail "$work/hpl.log" "contrib/hpl/build"
    mv "$work/built.new" "$work/built"
}
quietly() { # LOG COMMAND...
    local log=$1
    shift
    "$@" >"$log" 2>&1
}
build_hpl() { XDG_CACHE_HOME=${cache%/bramble} "$top/contrib/hpl/build" -o "$hpl" >"$work/hpl.log" 2>&1; }

# Unit and system tests.  automake's summary counts scripts and programs; what a reader wants to know
# is how many tests there were, so they are added up from the logs.  With BRAMBLE_CHECK_ASAN=1 the
# unit tests and some of the system tests run once more under the address and undefined behaviour
# sanitizers, in a build that has the crash points of the fault tests as well.
build_check() {
    local log=$work/check.log status=0 builds=$build
    title "tests (log: $log)"
    find "$build/testsuite" -name '*.trs' -delete 2>/dev/null
    cd "$build" && BRAMBLE_HPL=$hpl progress "testing" quietly "$log" make -k -j2 check || status=1
    [ $status -eq 0 ] || { run_again "$build" && status=0; }
    if [ -n "${BRAMBLE_CHECK_ASAN:-}" ]; then
        builds="$build $work/asan"
        mkdir -p "$work/asan" && cd "$work/asan" && find . -name '*.trs' -delete &&
            { [ -f Makefile ] && [ Makefile -nt "$src/configure" ] ||
                "$src/configure" --enable-asan --enable-failpoints --enable-werror >configure.log 2>&1; } &&
            progress "testing under sanitizers" quietly "$log.asan" make -k -j"$(make_jobs)" check \
                'TESTS=$(filter testsuite/unit/%,$(check_PROGRAMS)) $(sanitized_tests)' ||
            run_again "$work/asan" || { status=1; tail -3 "$log.asan" >&2; }
    fi
    # The line that ends it all, also when a build broke before any test could run.
    if [ -z "$(find $builds -name '*.trs' -print -quit)" ]; then
        tail -20 "$log" >&2
        say "0 passed, 1 failed"
        exit 1
    fi
    "$lib/count-tests" $status $builds
    exit
}

# At most three scripts that failed are run once more, one after the other with nothing beside them.
# What passes then was decided by the machine's haste and not by the code: it counts as passed, and is
# named as unsteady, with its first words, so that somebody mends the test.  Scripts that say "# once" in
# their head, those that prove what must never happen, and unit tests get no second try.
run_again() { # BUILD
    local trs script scripts="" count=0
    for trs in $(grep -lrE --include='*.trs' '^:test-result: (FAIL|ERROR|XPASS)' "$1/testsuite"); do
        script=${trs#"$1/"} script=${script%.trs}.t count=$((count + 1))
        [ $count -le 3 ] && [ -f "$src/$script" ] && ! sed 15q "$src/$script" | grep -q '^# once' || return 1
        scripts="$scripts $script"
    done
    [ -n "$scripts" ] || return 1
    for script in $scripts; do
        say "unsteady: $script failed, and is run again, alone:"
        grep -E '^(FAIL|ERROR|XPASS):? ' "$1/${script%.t}.log" | sort -u | head -5
        cp "$1/${script%.t}.log" "$1/${script%.t}.log.first"
    done
    progress "testing again" quietly "$work/check.log.again" make -C "$1" -k check TESTS="$scripts"
}
