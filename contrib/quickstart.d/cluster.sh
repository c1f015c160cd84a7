# cluster.sh - the running cluster of contrib/quickstart; sourced by it.
# shellcheck shell=bash disable=SC2034,SC2154  # variables are shared with contrib/quickstart
#
# With namespaces, one background process ("head", below) holds the rack: it makes the boards, starts
# the daemons, and is the first process of the rack's PID namespace, so that ending it ends
# everything.  Without namespaces the daemons are ordinary background processes with pid files.

cluster_is_up() { # the state folder must be ours before anything in it is believed
    [ -d "$state" ] && [ ! -L "$state" ] && [ -O "$state" ] || return 1
    case $(cat "$state/c/mode" 2>/dev/null) in
    boards) [ -f "$state/ready" ] && kill -0 "$(cat "$state/rack.pid")" 2>/dev/null ;;
    loopback) [ -f "$state/ready" ] && kill -0 "$(cat "$state/c/pids/bramblectld")" 2>/dev/null ;;
    *) return 1 ;;
    esac
}

cluster_settings() {
    BRAMBLE_ROOT=$prefix CLUSTER_DIR=$state/c CLUSTER_NAME=quickstart
    BOARD_SHARED="$state $work $top"
    [ "$uid" -ne 0 ] || CTLD_USER=daemon
    CLUSTER_CONF='mpi_default = "pmix";
kill_wait = 5;'
    CLUSTER_PARTITIONS='    { name = "all"; default = true; max_time = 60; },
    { name = "pi3"; nodes = "class:pi3"; max_time = 60; },
    { name = "pi4"; nodes = "class:pi4"; max_time = 60; },
    { name = "pi5"; nodes = "class:pi5"; max_time = 60; }'
    . "$lib/cluster.sh"
}

# What jobs and commands find in their environment.
cluster_exports() {
    cat <<EXPORTS
export BRAMBLE_CONF='$state/c/bramble.conf' BRAMBLE_MUNGE_SOCKET='$state/c/munge/socket' BRAMBLE_HPL='$hpl'
export PATH='$prefix/bin':\$PATH MANPATH='$prefix/share/man':
# 32 cores are played by the few of this machine: a rank that waits must let others run
export OMPI_MCA_mpi_yield_when_idle=1
# and a core may have to play several: mpirun of OpenMPI 5 refuses that unless it is told
export PRTE_MCA_hwloc_default_binding_policy=core:overload-allowed
EXPORTS
    [ "$uid" -ne 0 ] || echo 'export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1'
}

cluster_up() {
    local begin=$SECONDS why mode=boards
    cluster_is_up && { say "the cluster is running"; return; }
    [ ! -e "$state" ] || cluster_down quiet
    mkdir -m 755 "$state" 2>/dev/null ||
        die "$state is in the way and not yours: remove it, or set up again as its owner"
    mkdir "$state/work"
    cluster_exports > "$state/env"
    echo ". '$state/env'; PS1='bramble:\\w\\$ '" > "$state/bashrc"
    if [ -n "${BRAMBLE_QUICKSTART_PLAIN:-}" ]; then
        why="BRAMBLE_QUICKSTART_PLAIN is set"
        mode=loopback
    elif ! why=$("$lib/rack" -t 2>&1); then
        mode=loopback
    fi
    if [ $mode = boards ]; then
        "$lib/rack" -d -p "$state/rack.pid" "$top/contrib/quickstart" head >"$state/head.log" 2>&1 </dev/null ||
            die "the namespaces for the boards cannot be made:" "$(cat "$state/head.log")"
        progress "starting eight boards" cluster_wait
    else
        say "NOTE: this machine does not let us make network namespaces ($why)."
        say "The agents run on loopback ports instead. That cannot show MPI between boards: MPI takes them"
        say "all for one machine. Scheduling, jobs and steps are real. Run as root to have the boards."
        progress "starting eight agents" quietly "$state/head.log" setsid "$top/contrib/quickstart" head </dev/null
    fi
    [ -f "$state/ready" ] || {
        cat "$state/head.log" >&2
        cluster_down quiet keep
        die "the cluster does not start; logs are in $state/c/log" "to try again: contrib/quickstart"
    }
    say "the cluster started in $((SECONDS - begin)) s"
}
cluster_wait() {
    local until=$((SECONDS + 60))
    while [ $SECONDS -lt $until ]; do
        [ ! -f "$state/ready" ] || return 0
        [ ! -f "$state/failed" ] && kill -0 "$(cat "$state/rack.pid")" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

cluster_head() {
    cluster_settings
    if [ $$ -eq 1 ]; then
        cluster_start_list boards "$boards" || { : > "$state/failed"; exit 1; }
        : > "$state/ready"
        while :; do sleep infinity & wait; done # the first process of a PID namespace reaps for all
    fi
    cluster_start_list loopback "$boards" || { cluster_stop; exit 1; }
    : > "$state/ready"
}

# Run a command where the cluster is, in its environment and the present folder.
in_cluster() {
    local enter=() run='. "$1"; shift; exec "$@"'
    if [ "$(cat "$state/c/mode")" = boards ]; then
        enter=(nsenter -t "$(cat "$state/rack.pid")")
        [ "$uid" -eq 0 ] || enter+=(-U --preserve-credentials)
        enter+=(-m -u -i -n -p --wd="$state/work" --)
    fi
    (cd "$state/work" && PATH=$PATH:/usr/sbin:/sbin "${enter[@]}" bash -c "$run" bash "$state/env" "$@")
}

cluster_down() { # [quiet [keep]]
    local pid
    [ -e "$state" ] || { [ "${1:-}" = quiet ] || say "nothing is running"; return 0; }
    [ -d "$state" ] && [ ! -L "$state" ] && [ -O "$state" ] || die "$state is not yours"
    cluster_settings
    # The rack is known by its command line, so that one is found, too, whose start was interrupted
    # before its pid was written down, and nobody else is hit who got its number later.
    for pid in $(pgrep -u "$uid" -f "^[^ ]*bash [^ ]*/contrib/quickstart head\$"); do
        kill -KILL "$pid" 2>/dev/null
        for _ in $(seq 500); do
            [ -d "/proc/$pid" ] || break
            sleep 0.02
        done
    done
    if [ "$(cat "$state/c/mode" 2>/dev/null)" = loopback ]; then
        (
            timeout 5 env BRAMBLE_CONF="$state/c/bramble.conf" "$prefix/bin/scancel" --me >/dev/null 2>&1
            wait_for 5 eval '[ -z "$(BRAMBLE_CONF=$state/c/bramble.conf "$prefix/bin/squeue" -h 2>/dev/null)" ]'
            cluster_stop
        )
    fi
    cgroups_sweep quickstart
    [ "${2:-}" = keep ] || rm -rf --one-file-system "$state"
    [ "${1:-}" = quiet ] || say "stopped; the build stays in $work (contrib/quickstart clean removes it)"
}
