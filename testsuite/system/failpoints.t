#!/bin/bash
# limit: 300
# user: plain
# F2: the controller dies at each of its crash points; nothing acknowledged is lost or run twice.
# BRAMBLE_POINT_ROUNDS repeats each point (release: 5).
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
work=$TESTSUITE/lib/ledger-job

# Passed by every commit; by a snapshot, which a reload makes; by a first start.
on_commit="journal_before_append journal_after_append journal_before_sync journal_after_sync journal_before_answer
journal_before_act journal_after_act"
on_snapshot="snapshot_before_write snapshot_before_rename snapshot_before_dirsync snapshot_after_dirsync
segment_before_remove segment_after_remove"
on_start="segment_before_switch"

grep -q BRAMBLE_FAILPOINTS "$BRAMBLE_ROOT/sbin/bramblectld" ||
    test_skip_all "the crash points are not compiled in: configure with --enable-failpoints"
command -v python3 >/dev/null || test_skip_all "python3 is not installed, and the ledger checker needs it"

on_test_failure() { tail -n 20 "$CLUSTER_DIR/log/bramblectld"; }
test_case "a cluster of two starts" 'cluster_start 2'
cd "$CLUSTER_DIR" || exit
acks=$CLUSTER_DIR/acks book=$CLUSTER_DIR/book
: > "$acks" && : > "$book"
count=0

submit() { # TOKEN
    local id
    if id=$(timeout 20 sbatch --parsable -n1 -J "$1" -o /dev/null "$work" "$book" "$1" 2>/dev/null) &&
        [[ "$id" =~ ^[0-9]+$ ]]; then
        echo "ack $1 $id" >> "$acks"
    else
        echo "noack $1" >> "$acks"
    fi
}
gone() { ! pid_alive "$(ctld_pid)"; }
# The controller, armed to die at the n-th passage of a point.
arm() { ctld_stop && BRAMBLE_FAILPOINTS="$1=crash@$2" ctld_start "${3:-}"; }
dies_on_commit() {
    local n loop
    arm "$1" $((RANDOM % 8 + 4)) nowait || return
    # Submitting goes on in the background, since a command waits for a controller that is away.
    (for n in 1 2 3 4 5 6 7 8; do submit fp$((count + n)); done) &
    loop=$! count=$((count + 8))
    wait_for 10 gone || { echo "it did not die at $1"; return 1; }
    wait "$(ctld_pid)" 2>/dev/null
    ctld_start || return
    wait $loop
}
dies_on_snapshot() {
    count=$((count + 2))
    arm "$1" 1 && submit fp$((count - 1))
    timeout 10 scontrol reconfigure >/dev/null 2>&1 &
    wait_for 10 gone || { echo "it did not die at $1"; return 1; }
    ctld_start && submit fp$count
}
all_over() { [ -z "$(timeout 10 squeue -h -o %i 2>/dev/null || echo down)" ]; }
account() { timeout 30 sacct -n -P -X -D -a -S 1970-01-01 -o jobid,jobname,state > sacct && [ -s sacct ]; }
judge() {
    wait_for 60 all_over || { squeue -t all | tail -5; return 1; }
    wait_for 20 account && "$TESTSUITE/lib/ledger" --acks "$acks" --ledger "$book" --sacct sacct
}
for ((round = 0; round < ${BRAMBLE_POINT_ROUNDS:-1}; round++)); do
    for point in $on_commit; do
        test_case "death at $point loses nothing" "dies_on_commit $point && judge"
    done
    for point in $on_snapshot; do
        test_case "death at $point loses nothing" "dies_on_snapshot $point && judge"
    done
done
first_start() {
    ctld_stop && mv state state.kept && mkdir -m 700 state && cp -p state.kept/controller.key state/
    BRAMBLE_FAILPOINTS="$1=crash" ctld_start nowait
    wait_for 10 gone && ctld_start && scontrol ping
}
test_case "death at $on_start in a first start leaves a folder that starts" "first_start $on_start"
