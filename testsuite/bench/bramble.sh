# bramble.sh - this build as a system to measure: 8 emulated nodes on loopback.

sys_missing() {
    local p
    for p in sbin/bramblectld sbin/brambled bin/sbatch bin/srun bin/squeue; do
        [ -x "$PREFIX/$p" ] || { echo "$p is not in $PREFIX"; return; }
    done
}

sys_conf() {
    mkdir -p "$BENCH"/{etc,spool,log,pid,run}
    mkdir -p -m 700 "$BENCH/state"
    PATH=$PREFIX/bin:$PREFIX/sbin:$PATH
    export BRAMBLE_CONF=$BENCH/etc/bramble.conf
    bramble_conf ''
    KEY=$(bramblectld --print-key -f "$BRAMBLE_CONF") || return
    CONTROLLER="127.0.0.1:$PORT $KEY"
    bramble_conf "controller = \"$CONTROLLER\";"
}
bramble_conf() {
    (umask 022; cat >"$BRAMBLE_CONF" <<C
$1
cluster_name = "bench";
port = $PORT;
state_dir = "$BENCH/state";
run_dir = "$BENCH/run";
munge_socket = "$MUNGE_SOCKET";
min_job_age = 10;
max_job_count = 300000;
cgroup = "none";
nodes = ( { name = "pi[1-$NODES]"; mem_mb = 2000; topology = "synthetic:Package:1 Core:$CPUS PU:1"; } );
partitions = ( { name = "debug"; nodes = "ALL"; default = true; } );
${BENCH_CONF:-}
C
    )
}
ctld_start() {
    (as ctld setsid bramblectld -D -f "$BRAMBLE_CONF" --plugin-dir "$PREFIX/lib/bramble" \
        >>"$BENCH/log/ctld.out" 2>&1 </dev/null) &
    echo $! >"$BENCH/pid/ctld"
    disown
}
# The folder of running steps is on a tmpfs, as /run/bramble is on a board; the board's key is not.
node_start() { # NUMBER [COMMAND IN FRONT [CONTROLLER'S ADDRESS]]
    mkdir -p -m 700 "$BENCH/spool/pi$1" "$BENCH_RUN/pi$1"
    # shellcheck disable=SC2086
    (as node ${2:-} setsid brambled -D --node-name "pi$1" --controller "${3:-127.0.0.1}:$PORT $KEY" \
        --port $((PORT + $1)) --state-dir "$BENCH/spool/pi$1" --run-dir "$BENCH_RUN/pi$1" \
        --plugin-dir "$PREFIX/lib/bramble" --libexec-dir "$PREFIX/libexec/bramble" \
        >>"$BENCH/log/pi$1.out" 2>&1 </dev/null) &
    echo $! >"$BENCH/pid/node$1"
    disown
}
ctld_pid() { cat "$BENCH/pid/ctld"; }
node_pid() { cat "$BENCH/pid/node$1"; }
step_pids() {
    local p
    for p in $(seq $NODES); do pgrep -P "$(node_pid "$p")" -x bramblestepd; done
}
fill_jobs() {
    (as client "$TOOLS/fill" "$1")
}

# A board that falls silent: node 4 in a network of its own, whose cable can be pulled.
silent_setup() {
    local ns=bb$$
    [ "$(id -u)" = 0 ] && command -v ip >/dev/null || { say "  a cable to pull needs root and ip"; return 1; }
    kill -KILL "$(node_pid 4)"
    ip netns add $ns && ip link add ${ns}h type veth peer name ${ns}n && ip link set ${ns}n netns $ns &&
        ip address add 10.213.74.1/30 dev ${ns}h && ip link set ${ns}h up &&
        ip -n $ns address add 10.213.74.2/30 dev ${ns}n && ip -n $ns link set ${ns}n up && ip -n $ns link set lo up || return
    node_start 4 "ip netns exec $ns" 10.213.74.1
    wait_idle
}
silent_begin() { ip link set bb$$h down; }
silent_end() {
    kill -KILL "$(node_pid 4)"
    ip link delete bb$$h 2>/dev/null
    ip netns delete bb$$
    node_start 4
}
