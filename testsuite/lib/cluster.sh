# cluster.sh - start and stop a real cluster on this machine; to be sourced.
#
# Needs BRAMBLE_ROOT, the installed tree: BRAMBLE_ROOT/bin and so on (or set BRAMBLE_BINDIR,
# BRAMBLE_SBINDIR, BRAMBLE_PLUGINDIR, BRAMBLE_LIBEXECDIR).  All state is below CLUSTER_DIR.
#
#   cluster_start N            controller and agents n1..nN on loopback ports, 4 cores each
#   cluster_start_boards LIST  the same on emulated boards (board.sh; inside a rack);
#                              LIST: lines "NAME CLASS MEM_MB TOPOLOGY"
#   cluster_stop               everything, in any state; never fails
#   ctld_start  ctld_stop  ctld_kill SIGNAL
#   agent_start NAME  agent_kill NAME SIGNAL  agent_pid NAME
#   node_wait STATE COUNT [SECONDS]           so many nodes in that state (squeue's word, lower case)
#   job_wait ID STATE [SECONDS]               STATE may be A|B
#   job_state ID
# To set before: CLUSTER_CONF (more lines for bramble.conf), CLUSTER_PARTITIONS (its partitions),
# CLUSTER_NODE_KEYS (more keys of each node),
# CTLD_USER (the controller's user, when root starts it), CTLD_ARGS, AGENT_ARGS.

CLUSTER_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

cluster_say() { printf '%s\n' "$*" >&2; }

cluster_env() {
    BRAMBLE_BINDIR=${BRAMBLE_BINDIR:-$BRAMBLE_ROOT/bin}
    BRAMBLE_SBINDIR=${BRAMBLE_SBINDIR:-$BRAMBLE_ROOT/sbin}
    BRAMBLE_PLUGINDIR=${BRAMBLE_PLUGINDIR:-$BRAMBLE_ROOT/lib/bramble}
    BRAMBLE_LIBEXECDIR=${BRAMBLE_LIBEXECDIR:-$BRAMBLE_ROOT/libexec/bramble}
    export BRAMBLE_CONF=$CLUSTER_DIR/bramble.conf BRAMBLE_MUNGE_SOCKET=$CLUSTER_DIR/munge/socket
    unset BRAMBLE_CONTROLLER
    case :$PATH: in
    *:"$BRAMBLE_BINDIR":*) ;;
    *) export PATH=$BRAMBLE_BINDIR:$PATH ;;
    esac
}

# Wait until a command succeeds: wait_for SECONDS COMMAND...  SECONDS are those of a machine that does
# nothing else.  What comes later came, all the same: on a busy machine only what never comes is a
# fault, so PATIENCE times as long is granted.  PATIENCE=1 judges the promises to the second.
PATIENCE=${PATIENCE:-4}
wait_for() {
    local until=$((SECONDS + $1 * PATIENCE))
    shift
    until "$@"; do
        [ $SECONDS -lt "$until" ] || return 1
        sleep 0.05
    done
}

pid_alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }
# End one process and wait for it: TERM, and KILL when it takes too long.
pid_end() {
    pid_alive "$1" || return 0
    kill -"${2:-TERM}" "$1" 2>/dev/null
    wait_for "${3:-10}" eval "! pid_alive $1" || { kill -KILL "$1" 2>/dev/null; wait_for 5 eval "! pid_alive $1"; }
}

# --- munged ---------------------------------------------------------------------------------------
# Its own, with its own key.  munged looks at every folder on the way: none may be writable for
# others (a sticky /tmp may), and the one with the socket must be open for all to walk through.
munged_start() {
    local dir=$CLUSTER_DIR/munge user=${CTLD_USER:-} force=""
    mkdir -p "$dir" && chmod 755 "$dir" || return
    [ -s "$dir/key" ] || (umask 077 && head -c 128 /dev/urandom > "$dir/key") || return
    rm -f "$dir/socket" "$dir/socket.lock"
    [ -z "$user" ] || chown -R "$user:" "$dir"
    # In a user namespace with one uid, what belongs to root seems to belong to nobody.
    [ "$(stat -c %u /)" -eq 0 ] || force=--force
    $(cluster_as "$user") $(cluster_plain) munged --foreground $force --num-threads=4 --key-file="$dir/key" --socket="$dir/socket" \
        --pid-file="$dir/pid" --log-file="$dir/log" --seed-file="$dir/seed" \
        </dev/null >>"$dir/out" 2>&1 3>&- &
    echo $! > "$CLUSTER_DIR/pids/munged"
    wait_for 10 munged_ready || {
        cluster_say "munged does not start:" "$(cat "$dir/out" "$dir/log" 2>/dev/null | tail -2)"
        return 1
    }
}
munged_ready() { munge -S "$CLUSTER_DIR/munge/socket" -n -o /dev/null 2>/dev/null; }

# The words that make a command run as another user; nothing for nobody in particular.
cluster_as() {
    [ -z "$1" ] || [ "$(id -u)" -ne 0 ] || echo "setpriv --reuid=$1 --regid=$(id -g "$1") --clear-groups --"
}

# In a user namespace the rack's shell has capabilities, to make boards; the cluster has none.
cluster_plain() { [ "$(id -u)" -eq 0 ] || echo "setpriv --inh-caps=-all --ambient-caps=-all --"; }

# --- controller -----------------------------------------------------------------------------------
cluster_dirs() {
    [ -n "${CLUSTER_DIR:-}" ] || CLUSTER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/bt.XXXXXX") || return
    mkdir -p "$CLUSTER_DIR"/{pids,log,run} && chmod 755 "$CLUSTER_DIR" || return
    mkdir -p -m 700 "$CLUSTER_DIR/state" || return
    if [ "$(id -u)" -eq 0 ] && [ -n "${CTLD_USER:-}" ]; then
        chown "$CTLD_USER:" "$CLUSTER_DIR/state" "$CLUSTER_DIR/run"
        : >> "$CLUSTER_DIR/log/bramblectld" && chown "$CTLD_USER:" "$CLUSTER_DIR/log/bramblectld"
    fi
}

# cluster_conf HOST PORT, with the nodes entries on stdin
cluster_conf() {
    cat > "$CLUSTER_DIR/bramble.conf" <<CONF
cluster_name = "${CLUSTER_NAME:-test}";
controller = "$1:$2";
listen = "${CLUSTER_LISTEN:-127.0.0.1}";
port = $2;
state_dir = "$CLUSTER_DIR/state";
run_dir = "$CLUSTER_DIR/run";
munge_socket = "$CLUSTER_DIR/munge/socket";
${CTLD_USER:+$([ "$(id -u)" -ne 0 ] || echo "user = \"$CTLD_USER\";")}
${CLUSTER_CONF:-}
nodes = (
$(cat)
);
partitions = (
${CLUSTER_PARTITIONS:-$(echo '    { name = "all"; default = true; }')}
);
CONF
    chmod 644 "$CLUSTER_DIR/bramble.conf"
    local key
    key=$("$BRAMBLE_SBINDIR/bramblectld" -f "$CLUSTER_DIR/bramble.conf" --print-key) || return
    sed -i "s|^controller = .*|controller = \"$1:$2 $key\";|" "$CLUSTER_DIR/bramble.conf"
}

ctld_start() {
    ! pid_alive "$(ctld_pid)" || { cluster_say "the controller runs already"; return 1; }
    $(cluster_plain) "$BRAMBLE_SBINDIR/bramblectld" -D -f "$CLUSTER_DIR/bramble.conf" --plugin-dir "$BRAMBLE_PLUGINDIR" \
        ${CTLD_ARGS:-} </dev/null >>"$CLUSTER_DIR/log/bramblectld" 2>&1 3>&- &
    echo $! > "$CLUSTER_DIR/pids/bramblectld"
    [ "${1:-}" = nowait ] || { wait_for 10 ctld_ready && pid_alive "$(ctld_pid)"; } || {
        cluster_say "the controller does not answer:" "$(tail -3 "$CLUSTER_DIR/log/bramblectld")"
        return 1
    }
}
ctld_pid() { cat "$CLUSTER_DIR/pids/bramblectld" 2>/dev/null; }
ctld_ready() {
    pid_alive "$(ctld_pid)" || return 0 # it will not become ready any more: stop waiting
    timeout 5 scontrol ping >/dev/null 2>&1
}
ctld_kill() {
    local pid
    pid=$(ctld_pid)
    kill -"${1:-KILL}" "$pid" 2>/dev/null
    [ "${1:-KILL}" != KILL ] || { wait "$pid" 2>/dev/null; wait_for 5 eval "! pid_alive $pid"; }
}
ctld_stop() { pid_end "$(ctld_pid)"; }

# --- agents ---------------------------------------------------------------------------------------
# pids/NAME holds the pid (on a board: as the board's PID namespace numbers it)
agent_start() {
    local name=$1 dir=$CLUSTER_DIR/nodes/$1 at="" port="" run=$CLUSTER_DIR/nodes/$1/run
    mkdir -p "$dir"
    if [ -s "$dir/port" ]; then
        port="--listen 127.0.0.1 --port $(cat "$dir/port")"
    else
        at="board_exec $name" run=/run/bramble
    fi
    # The shell in between tells its own pid, in the namespace that it runs in, and becomes the agent.
    $at $(cluster_plain) sh -c 'echo $$ > "$1"; shift; exec "$@"' sh "$CLUSTER_DIR/pids/$name" \
        "$BRAMBLE_SBINDIR/brambled" -D --node-name "$name" --run-dir "$run" --state-dir "$dir/state" $port \
        --plugin-dir "$BRAMBLE_PLUGINDIR" --libexec-dir "$BRAMBLE_LIBEXECDIR" ${AGENT_ARGS:-} \
        </dev/null >>"$CLUSTER_DIR/log/$name" 2>&1 3>&- &
    echo $! > "$dir/job"
}
agent_pid() { cat "$CLUSTER_DIR/pids/$1"; }
agent_kill() {
    local name=$1 signal=${2:-KILL} at=""
    [ -s "$CLUSTER_DIR/nodes/$name/port" ] || at="board_exec $name"
    $at kill -"$signal" "$(agent_pid "$name")"
    # nsenter stops together with what it has started, and then waits for nobody.
    [ -z "$at" ] || [ "$signal" != CONT ] || pkill -CONT -P "$(cat "$CLUSTER_DIR/nodes/$name/job")"
}

node_wait() {
    local want=$1 count=$2
    wait_for "${3:-20}" eval '[ "$(sinfo -h -N -o "%N %T" 2>/dev/null | sort -u | grep -c " $want\$")" -ge "$count" ]' || {
        cluster_say "waited for $count nodes $want, but:" "$(sinfo -N -o '%N %T %E' 2>&1)"
        return 1
    }
}

# --- clusters -------------------------------------------------------------------------------------
port_free() { ! (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

cluster_start() {
    local i list=""
    for ((i = 1; i <= $1; i++)); do
        list+="n$i ${CLUSTER_CLASS:-generic} ${CLUSTER_MEM_MB:-2000} synthetic:Package:1 Core:4 PU:1"$'\n'
    done
    cluster_start_list loopback "$list"
}
cluster_start_boards() { cluster_start_list boards "$1"; }

cluster_start_list() {
    local mode=$1 name class mem topology base count=0 n=0 comma=" "
    cluster_dirs && cluster_env || return
    while read -r name class mem topology; do
        [ -n "$name" ] || continue
        count=$((count + 1))
        mkdir -p "$CLUSTER_DIR/nodes/$name"
        printf '    %s{ name = "%s"; class = "%s"; mem_mb = %s; topology = "%s"; %s }\n' \
            "$comma" "$name" "$class" "$mem" "$topology" "${CLUSTER_NODE_KEYS:-}"
        comma=,
    done <<< "$2" > "$CLUSTER_DIR/nodes.conf"
    CLUSTER_NODES=$(sed -n 's/.* name = "\([^"]*\)".*/\1/p' "$CLUSTER_DIR/nodes.conf")
    if [ "$mode" = boards ]; then
        BOARD_SHARED="${BOARD_SHARED:-} $CLUSTER_DIR $(cd "$BRAMBLE_SBINDIR/.." && pwd)"
        CLUSTER_LISTEN=${CLUSTER_LISTEN:-0.0.0.0}
        . "$CLUSTER_LIB/board.sh"
        rack_setup "$CLUSTER_DIR/rack" || return
        for name in $CLUSTER_NODES; do board_add "$name" || return; done
        base=6817
    else
        base=$(ports_find "$((count + 1))")
        for name in $CLUSTER_NODES; do
            n=$((n + 1))
            echo $((base + n)) > "$CLUSTER_DIR/nodes/$name/port"
        done
    fi
    echo "$mode" > "$CLUSTER_DIR/mode"
    cluster_conf "$([ "$mode" = boards ] && echo head || echo 127.0.0.1)" "$base" < "$CLUSTER_DIR/nodes.conf" &&
        munged_start && ctld_start || return
    for name in $CLUSTER_NODES; do
        [ "$mode" = loopback ] || board_power "$name" on || return
        agent_start "$name"
    done
    node_wait idle "$count" || { tail -n 3 "$CLUSTER_DIR"/log/* >&2; return 1; }
}

# A run of ports that nobody listens on.
ports_find() {
    local base i
    for ((base = 20000 + ($$ * 37) % 20000; base < 60000; base += 64)); do
        for ((i = 0; i < $1; i++)); do port_free $((base + i)) || continue 2; done
        break
    done
    echo "$base"
}

cluster_stop() {
    local name pid
    [ -d "${CLUSTER_DIR:-}/pids" ] || return 0
    for name in "$CLUSTER_DIR"/nodes/*; do
        [ -s "$name/port" ] || continue
        pid=$(cat "$CLUSTER_DIR/pids/${name##*/}" 2>/dev/null)
        pid_alive "$pid" && kill -TERM "$pid" 2>/dev/null
    done
    for name in "$CLUSTER_DIR"/nodes/*; do
        if [ -s "$name/port" ]; then
            pid_end "$(cat "$CLUSTER_DIR/pids/${name##*/}" 2>/dev/null)"
        elif [ -d "$name" ]; then
            board_power "${name##*/}" off
        fi
    done
    ctld_stop
    pid_end "$(cat "$CLUSTER_DIR/pids/munged" 2>/dev/null)"
    return 0
}

# Cgroups of a cluster whose end was a kill.  rmdir takes only what holds no process.
cgroups_sweep() { # CLUSTER_NAME
    [ "$(id -u)" -ne 0 ] || [ ! -d /sys/fs/cgroup ] ||
        find /sys/fs/cgroup -mindepth 1 -depth -type d -path "*/bramble.$1-*" -exec rmdir {} \; 2>/dev/null
    return 0
}

# --- jobs -----------------------------------------------------------------------------------------
job_state() { squeue -h -t all -j "$1" -o %T 2>/dev/null; }
job_wait() {
    local id=$1 want=$2
    wait_for "${3:-30}" eval '[[ "$(job_state "$id")" =~ ^($want)$ ]]' || {
        cluster_say "waited for job $id to be $want, but it is $(job_state "$id")"
        return 1
    }
}
