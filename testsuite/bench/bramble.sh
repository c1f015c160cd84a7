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
    bramble_conf "controller = \"127.0.0.1:$PORT $KEY\";"
}
bramble_conf() {
    (umask 022; cat >"$BRAMBLE_CONF" <<C
$1
cluster_name = "bench";
listen = "127.0.0.1";
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
}
# The folder of running steps is on a tmpfs, as /run/bramble is on a board; the board's key is not.
node_start() {
    mkdir -p -m 700 "$BENCH/spool/pi$1" "$BENCH_RUN/pi$1"
    (as node setsid brambled -D --node-name "pi$1" --controller "127.0.0.1:$PORT $KEY" --listen 127.0.0.1 \
        --port $((PORT + $1)) --state-dir "$BENCH/spool/pi$1" --run-dir "$BENCH_RUN/pi$1" \
        --plugin-dir "$PREFIX/lib/bramble" --libexec-dir "$PREFIX/libexec/bramble" \
        >>"$BENCH/log/pi$1.out" 2>&1 </dev/null) &
    echo $! >"$BENCH/pid/node$1"
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
