#!/bin/bash
# limit: 240
# user: plain
# once
# The controller is killed at random instants while jobs are submitted, run, cancelled, held,
# requeued.  The ledger decides.  BRAMBLE_KILLS and BRAMBLE_JOBS make it longer.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
command -v python3 >/dev/null || test_skip_all "python3 is not installed, and the ledger checker needs it"
jobs=${BRAMBLE_JOBS:-1000} kills=${BRAMBLE_KILLS:-10}
CLUSTER_CONF='kill_wait = 2; max_job_count = 100000;'
RANDOM=${BRAMBLE_SEED:-$$}
echo "# BRAMBLE_SEED=$RANDOM"

on_test_failure() { tail -n 20 "$CLUSTER_DIR/log/bramblectld"; tail -n 5 "$CLUSTER_DIR"/log/n?; }
test_case "a cluster of four starts" 'cluster_start 4'
cd "$CLUSTER_DIR" || exit
acks=$CLUSTER_DIR/acks book=$CLUSTER_DIR/book work=$TESTSUITE/lib/ledger-job
: > "$acks" && : > "$book"

# Submit one job under a token and note what we were told.
submit() { # TOKEN SECONDS OPTIONS...
    local token=$1 seconds=$2 id
    shift 2
    if id=$(timeout 30 sbatch --parsable -n1 -J "$token" -o /dev/null "$@" "$work" "$book" "$token" "$seconds" 2>>submit.err) &&
        [[ "$id" =~ ^[0-9]+$ ]]; then
        echo "ack $token $id" >> "$acks"
        last=$id
    else
        echo "noack $token" >> "$acks"
        return 1
    fi
}

# Kill and restart the controller, N times, at random instants; "stop" ends it early.
killer() {
    local n
    for ((n = 0; n < $1; n++)); do
        sleep "0.$((RANDOM % 900 + 100))"
        [ ! -e stop ] || return 0
        ctld_kill KILL
        ctld_start || return 1
        echo $((n + 1)) > killed
    done
}
all_over() { [ -z "$(timeout 10 squeue -h -o %i 2>/dev/null || echo down)" ]; }
account() { timeout 30 sacct -n -P -X -D -a -S 1970-01-01 -o jobid,jobname,state > sacct && [ -s sacct ]; }
judge() {
    wait_for "$1" all_over || { squeue -t all | tail -5; echo "jobs are left: $(squeue -h -o '%i %T %r' | sort | uniq -c | head)"; return 1; }
    wait_for 20 account && "$TESTSUITE/lib/ledger" --acks "$acks" --ledger "$book" --sacct sacct
}

test_case "$jobs jobs submitted in a loop under $kills kills of the controller: each ran exactly once" '
    rm -f stop killed; killer "$kills" & killing=$!
    for ((i = 0; i < jobs; i++)); do submit "loop$i" "" || :; done
    wait $killing && expect "$kills" "$(cat killed)" && judge 90'
test_case "most of them were acknowledged" '
    [ "$(grep -c ^ack "$acks")" -ge $((jobs * 9 / 10)) ] || { sort submit.err | uniq -c | head; false; }'
test_case "no node was drained or lost" 'expect 4 "$(sinfo -h -N -o "%N %T" | sort -u | grep -c " idle$")"'

churn() {
    local i
    for ((i = 0; i < 150; i++)); do
        case $((RANDOM % 8)) in
        0) submit "churn$i" "0.$((RANDOM % 9))" && timeout 20 scancel "$last" 2>/dev/null && echo "cancelled $last" >> "$acks" ;;
        1) submit "churn$i" 0.1 -H && timeout 20 scontrol release "$last" 2>/dev/null ;;
        2) submit "churn$i" 0.2 && timeout 20 scontrol requeue "$last" 2>/dev/null ;;
        3) submit "churn$i" 0.1 -N2 ;;
        4) timeout 20 scontrol reconfigure 2>/dev/null ;;
        5) timeout 20 srun -n1 true 2>/dev/null ;;
        *) submit "churn$i" "0.$((RANDOM % 4))" ;;
        esac
    done
    # What was left held, because the controller was away when it was to be released, is let go.
    for id in $(squeue -h -t PD -o '%i %r' | awk '/JobHeld/ { print $1 }'); do timeout 20 scontrol release "$id"; done
    return 0
}
test_case "submit, cancel, hold, requeue, steps and reloads under five kills keep every promise" '
    rm -f stop killed "$acks" "$book"; : > "$book"; killer 5 & killing=$!
    churn; wait $killing; churn_end=$?; sleep 0.2
    for id in $(squeue -h -t PD -o "%i %r" | awk "/JobHeld/ { print \$1 }"); do scontrol release "$id"; done
    [ $churn_end -eq 0 ] && judge 90'
test_case "no process of a job is left" '! pgrep -f ledger-job'
