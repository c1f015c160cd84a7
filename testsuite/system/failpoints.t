#!/bin/bash
# limit: 300
# user: plain
# once
# The controller, and then an agent, dies at each of its crash points: nothing acknowledged is lost or
# run twice, and a step that was being started is started once.
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
# Passed by an agent for every batch job, in this order.
on_agent="agent_order_taken agent_prolog_done agent_folder_made agent_shepherd_started agent_order_given
agent_step_started agent_step_ended agent_report_sent"

grep -q BRAMBLE_FAILPOINTS "$BRAMBLE_ROOT/sbin/bramblectld" ||
    test_skip_all "the crash points are not compiled in: configure with --enable-failpoints"
command -v python3 >/dev/null || test_skip_all "python3 is not installed, and the ledger checker needs it"

mkdir -p "$CLUSTER_DIR" && printf '#!/bin/sh\nexit 0\n' > "$CLUSTER_DIR/prolog" && chmod 755 "$CLUSTER_DIR/prolog"
CLUSTER_CONF="prolog = \"$CLUSTER_DIR/prolog\";"
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

# An agent, armed likewise.  It is alone, so that the job can go nowhere else.
agent_gone() { ! pid_alive "$(agent_pid n1)"; }
dies_on_agent() { # POINT ACTION
    agent_kill n1 TERM && wait_for 5 agent_gone || return
    BRAMBLE_FAILPOINTS="$1=crash" agent_start n1 && node_wait idle 1 || return
    $2 || return
    wait_for 10 agent_gone || { echo "it did not die at $1"; return 1; }
    agent_start n1
}
submit_one() { count=$((count + 1)) && submit "fp$count"; }
run_one() {
    count=$((count + 1))
    timeout 40 srun -w n1 -n1 sh -c "echo ran >> '$CLUSTER_DIR/ran.$count'; echo out" > "srun.$count" 2> "srun.err" &
    srun_pid=$!
}
last_completed() {
    account && tail -1 sacct | grep -q "|fp$count|COMPLETED$" || { tail -3 sacct; return 1; }
}
ran_once() {
    wait $srun_pid || { echo "srun ended with $?:"; cat srun.err; return 1; }
    expect out "$(cat srun.$count)" && expect ran "$(cat "ran.$count")"
}
test_case "the cluster shrinks to one node" 'scontrol update nodename=n2 state=drain reason=test && node_wait drained 1'
for point in $on_agent; do
    test_case "death of the agent at $point: the job runs once, and completes" \
        "dies_on_agent $point submit_one && judge && last_completed"
    test_case "death of the agent at $point: srun gets its output and exit code" "dies_on_agent $point run_one && ran_once"
done
test_case "no step's folder is left" 'wait_for 10 eval "[ -z \"\$(ls nodes/n1/run/steps)\" ]" && ! ls nodes/n1/run/prolog.*'

test_case "both nodes are back" 'scontrol update nodename=n2 state=resume && node_wait idle 2'
first_start() {
    ctld_stop && mv state state.kept && mkdir -m 700 state && cp -p state.kept/controller.key state/
    BRAMBLE_FAILPOINTS="$1=crash" ctld_start nowait
    wait_for 10 gone && ctld_start && scontrol ping
}
test_case "death at $on_start in a first start leaves a folder that starts" "first_start $on_start"
