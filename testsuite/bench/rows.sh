# rows.sh - the measurements, a function each.  Every one leaves the cluster up, empty and open.

# On daemons that have done nothing yet, whatever rows came before.
row_memory_start() {
    cluster_down
    rm -rf "$BENCH/state" "$BENCH/spool"
    cluster_up || return
    result ctld_mem_start "$(mem_of "$(ctld_pid)")"
    result agent_mem_start "$(mem_of "$(node_pid 1)")"
}

# The partition is closed: only the way of a submission is timed.
row_submit() {
    local line
    partition DOWN
    line=$(lat -n 200 -w 3 -- sbatch -o /dev/null "$TRUE_JOB")
    result submit "$(word median "$line")" "p95 $(word p95 "$line")"
    line=$(lat -n 800 -p 8 -w 0 -- sbatch -o /dev/null "$TRUE_JOB")
    result submit_rate "$(word rate "$line")" "failures $(word failures "$line")"
    [ -z "${CONTROLLER:-}" ] || row_submit_port
    scancel -u "$(id -un)"
    wait_empty 60
    partition UP
}

# The way of a host that is not the controller's: over the port, with munge and the handshake.
row_submit_port() {
    local line
    line=$(BRAMBLE_CONTROLLER=$CONTROLLER lat -n 200 -w 3 -- sbatch -o /dev/null "$TRUE_JOB")
    result submit_port "$(word median "$line")" "p95 $(word p95 "$line")"
    line=$(BRAMBLE_CONTROLLER=$CONTROLLER lat -n 800 -p 8 -w 0 -- sbatch -o /dev/null "$TRUE_JOB")
    result submit_rate_port "$(word rate "$line")" "failures $(word failures "$line")"
}

stamp_job() {
    printf '#!/bin/sh\ndate +%%s.%%N >"$1.tmp" && mv "$1.tmp" "$1"\n' >"$BENCH/stamp.sh"
    chmod 755 "$BENCH/stamp.sh"
}

# Gaps, so that no scheduler profits from the job before.
row_latency() {
    local i start values=
    stamp_job
    wait_empty
    for i in $(seq "${LATENCY_RUNS:-7}"); do
        rm -f "$BENCH/stamp"
        sleep 2.5
        start=$(now)
        sbatch -o /dev/null "$BENCH/stamp.sh" "$BENCH/stamp" >/dev/null || return
        for _ in $(seq 2000); do [ -e "$BENCH/stamp" ] && break; sleep 0.005; done
        values="$values $(awk -v a="$(cat "$BENCH/stamp")" -v b="$start" 'BEGIN { printf "%.1f", (a - b) * 1e3 }')"
        wait_empty
    done
    result start_latency "$(tr ' ' '\n' <<<"$values" | grep . | median)" "all:$values"
}

row_chain() {
    local i prev= n=10
    stamp_job
    wait_empty
    rm -f "$BENCH"/chain.*
    for i in $(seq $n); do
        prev=$(sbatch --parsable -o /dev/null ${prev:+--dependency=afterany:$prev} "$BENCH/stamp.sh" "$BENCH/chain.$i") || return
    done
    wait_empty 120 || return
    result chain_link "$(awk -v a="$(cat "$BENCH/chain.$n")" -v b="$(cat "$BENCH/chain.1")" -v n=$n \
        'BEGIN { printf "%.1f", (a - b) * 1e3 / (n - 1) }')"
}

row_jobs() {
    local n=1000 cpu ctld node start line seconds
    wait_empty
    sleep 1
    cpu=$(cpu_used) ctld=$(cpu_used ctld) node=$(cpu_used node)
    start=$(now)
    line=$(lat -n $n -p 8 -w 0 -- sbatch -o /dev/null "$TRUE_JOB")
    wait_empty 300 || return
    seconds=$(since "$start")
    result job_rate "$(quotient $n "$seconds")" "$seconds s, submitted in $(word wall "$line") s, failures $(word failures "$line")"
    [ -z "$cpu" ] || result job_cpu "$(quotient $(($(cpu_used) - cpu)) $((n * 1000)))" \
        "controller $(quotient $(($(cpu_used ctld) - ctld)) $((n * 1000))), nodes and jobs $(quotient \
            $(($(cpu_used node) - node)) $((n * 1000))), commands and polling the rest"
    result agent_mem_used "$(mem_of "$(node_pid 1)")"
}

row_srun() {
    local line
    line=$(lat -n 20 -w 2 -- srun -Q -n1 true)
    result srun_n1 "$(word median "$line")" "p95 $(word p95 "$line") failures $(word failures "$line")"
    line=$(lat -n 20 -w 2 -- srun -Q -N8 -n8 true)
    result srun_n8 "$(word median "$line")" "p95 $(word p95 "$line") failures $(word failures "$line")"
    line=$(lat -n 20 -w 2 -- srun -Q -N8 -n32 true)
    result srun_n32 "$(word median "$line")" "p95 $(word p95 "$line") failures $(word failures "$line")"
}

row_mpi() {
    local line
    command -v mpicc >/dev/null || { say "  no mpicc: install libopenmpi-dev"; return 0; }
    [ -x "$TOOLS/hello" ] || mpicc -O2 -o "$TOOLS/hello" "$HERE/hello.c" || return
    line=$(OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,tcp lat -n 10 -w 2 -- srun -Q --mpi=pmix -N4 -n4 "$TOOLS/hello" 2>"$BENCH/log/mpi.err")
    if [ "$(word failures "$line")" = 0 ]; then
        result mpi_n4 "$(word median "$line")" "p95 $(word p95 "$line")"
    else
        result mpi_n4 - "$(word failures "$line") of 10 failed: $(grep . "$BENCH/log/mpi.err" | head -1)"
    fi
}

row_step_memory() {
    local i end=$((SECONDS + 30)) pids
    printf '#!/bin/sh\nexec sleep 300\n' >"$BENCH/sleep.sh"
    for i in 1 2 3 4 5 6 7 8; do sbatch -o /dev/null "$BENCH/sleep.sh" >/dev/null || return; done
    until [ "$(squeue -h -t R -o %i | wc -l)" = 8 ]; do [ $SECONDS -lt $end ] || return; sleep 0.1; done
    sleep 1
    pids=$(step_pids)
    result step_mem "$(for i in $pids; do echo "$(mem_of "$i")"; done | median)" "median of $(wc -w <<<"$pids")"
    scancel -u "$(id -un)"
    wait_empty
}

row_idle() {
    local seconds=${IDLE_SECONDS:-60} c n cw nw io i
    wait_empty
    sleep "${IDLE_SETTLE:-90}" # until ended jobs are forgotten and accounted for
    c=$(ctld_pid) n=$(node_pid 1)
    cw=$(switches_of "$c") nw=$(switches_of "$n") io=$(written_by "$c")
    sleep "$seconds"
    result ctld_wakeups "$(quotient $(($(switches_of "$c") - cw)) "$seconds")" "$seconds s"
    result agent_wakeups "$(quotient $(($(switches_of "$n") - nw)) "$seconds")"
    result idle_writes "$(quotient $((($(written_by "$c") - io) * 60)) "$seconds")"
}

# SIZE NAME: queries, submission and memory with so many held jobs
queue_size() {
    local line
    line=$(lat -n 5 -- squeue)
    result "squeue_$2" "$(word median "$line")"
    line=$(lat -n 10 -- sinfo)
    [ "$2" != 100k ] || result sinfo_100k "$(word median "$line")"
    result "ctld_mem_$2" "$(mem_of "$(ctld_pid)")"
}

row_queue() {
    local have=0 size name start
    partition DOWN
    for name in 10k ${BIG_QUEUE:+100k}; do
        size=$((${name%k} * 1000))
        fill_jobs $((size - have)) || return
        have=$size
        sleep "${SETTLE:-5}"
        queue_size "$size" "$name"
        [ "$name" != 10k ] || restart_time
    done
    start=$(now)
    scancel -u "$(id -un)"
    wait_empty 300
    [ "$have" != 100000 ] || result cancel_100k "$(since "$start")"
    partition UP
}

# Controller killed and started again with the queue as it is: until a command is answered.
restart_time() {
    local start
    kill -KILL "$(ctld_pid)"
    sleep 0.5
    ctld_start
    start=$(now)
    until [ "$(squeue -h -o %i 2>/dev/null | wc -l)" -gt 0 ]; do
        [ "${start%.*}" -gt $(($(date +%s) - 60)) ] || return
        sleep 0.02
    done
    result restart_10k "$(since "$start")" "one squeue of the queue included"
}

node_state() { sinfo -h -n "pi$1" -o %t; }
# KEY NUMBER: until the node is shown as down, or as not responding
until_down() {
    local start state end=$((SECONDS + ${DOWN_MAX:-400}))
    start=$(now)
    while state=$(node_state "$2") && [[ $state != down* && $state != *'*' ]]; do
        [ $SECONDS -lt $end ] || break
        sleep 0.02
    done
    result "$1" "$(since "$start")" "shown as $state"
}
row_down() {
    wait_idle || return
    kill -KILL "$(node_pid 3)"
    until_down down_reset 3
    node_start 3
    wait_idle && silent_setup || return
    silent_begin
    until_down down_silent 4
    silent_end
    wait_idle
}

# Bytes that reach the block device: state and spool lie on file systems of their own.
device_of() { findmnt -n -o SOURCE "$1" | sed 's|/dev/||'; }
device_words() { awk '{ print $7 * 512, $16 }' "/sys/block/$(device_of "$1")/stat"; } # bytes, flushes
mount_image() {
    mkdir -p "$BENCH/$1" && truncate -s 512M "$BENCH/$1.img" &&
        mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$BENCH/$1.img" &&
        mount -o loop,noatime "$BENCH/$1.img" "$BENCH/$1"
}
device_jobs() { # COUNT GAP SUFFIX
    local s0 p0 s1 p1 f0 f1 x
    sync -f "$BENCH/state"; sync -f "$BENCH/spool"
    read -r s0 f0 <<<"$(device_words "$BENCH/state")"; read -r p0 x <<<"$(device_words "$BENCH/spool")"
    if [ "$2" = 0 ]; then
        lat -n "$1" -p 8 -w 0 -- sbatch -o /dev/null "$TRUE_JOB" >/dev/null
    else
        for x in $(seq "$1"); do sbatch -o /dev/null "$TRUE_JOB" >/dev/null; sleep "$2"; done
    fi
    wait_empty
    sleep "${SETTLE:-20}"
    sync -f "$BENCH/state"; sync -f "$BENCH/spool"
    read -r s1 f1 <<<"$(device_words "$BENCH/state")"; read -r p1 x <<<"$(device_words "$BENCH/spool")"
    result "state_$3" "$(quotient $((s1 - s0)) "$1")"
    [ "$3" = burst ] || result flush_trickle "$(quotient $((f1 - f0)) "$1")"
    [ "$3" = burst ] || result spool_trickle "$(quotient $((p1 - p0)) "$1")"
}
row_disk() {
    [ "$(id -u)" = 0 ] || { say "  needs root for mounts"; return 0; }
    cluster_down
    rm -rf "$BENCH/state" "$BENCH/spool"
    if mount_image state && mount_image spool; then
        chmod 700 "$BENCH/state"
        cluster_up && device_jobs 500 0 burst && device_jobs "${TRICKLE:-20}" 3 trickle
        cluster_down
    fi
    umount "$BENCH/state" "$BENCH/spool"
    rm -rf "$BENCH/state" "$BENCH/spool" "$BENCH"/*.img
    cluster_up
}

# The heart alone: passes when nothing can start.
row_sched() {
    local line
    [ "$SYSTEM" = bramble ] || return 0
    line=$("$TOOLS/sched" 100000 8 100) || return
    result pass_100k "$(word median "$line")" "first pass $(word first "$line") ms"
    line=$("$TOOLS/sched" 1000 10000 1000) || return
    result pass_10k_nodes "$(word first "$line")" "the next ones $(word median "$line") ms"
    result slice_10k_nodes "$(word slice "$line")"
    result mem_10k_nodes "$(word memory "$line")"
}
