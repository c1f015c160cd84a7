#!/bin/bash
# limit: 120
# user: plain
# Suspended jobs: their processes stand still through restarts of controller and agent.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit

# Stopped processes are in state T.
stopped() { [ "$(ps -eo stat=,args= | grep -cE "^T[^ ]* +sleep $1")" -eq "$2" ]; }
going() { [ "$(ps -eo stat=,args= | grep -cE "^S[^ ]* +sleep $1")" -eq 2 ]; }

test_case "suspend stops the processes of every step on every node" '
    id=$(sbatch --parsable -N2 -n2 -o out.%j --wrap "srun sleep 4711; echo went on") && job_wait $id RUNNING &&
    wait_for 10 going 4711 && scontrol suspend $id && job_wait $id SUSPENDED && wait_for 10 stopped 4711 2 &&
    expect "S" "$(squeue -h -j $id -o %t)"'
test_case "its cores are free for others meanwhile" '
    expect "idle" "$(sinfo -h -o %T | sort -u)" && srun -N2 -n8 true'
test_case "suspending it again changes nothing, as with Slurm" 'scontrol suspend $id'
test_case "it stays suspended when the controller restarts" '
    ctld_kill KILL && ctld_start && expect SUSPENDED "$(job_state $id)" && node_wait idle 2 && stopped 4711 2'
test_case "it stays suspended when an agent restarts, and goes on when it is resumed meanwhile" '
    agent_kill n2 KILL && scontrol resume $id && agent_start n2 && job_wait $id RUNNING &&
    wait_for 10 stopped 4711 0'
test_case "resuming a job that runs is refused" '
    ! scontrol resume $id 2>e && expect "Job is not suspended for job $id" "$(head -1 e)"'
test_case "a suspended job can be cancelled" '
    scontrol suspend $id && wait_for 10 stopped 4711 2 && scancel $id && job_wait $id CANCELLED && wait_for 5 eval "! pgrep -f ^sleep.4711"'
# The clock goes on between two commands on a loaded machine: what must agree is the sum, not each part.
times_add_up() {
    local start end elapsed suspended
    IFS="|" read -r start end elapsed suspended < \
        <(SLURM_TIME_FORMAT=%s sacct -n -X -P -j "$1" -o start,end,elapsedraw,suspended)
    suspended=$(date -u -d "1970-01-01 $suspended" +%s) && [ "$suspended" -ge 2 ] &&
        [ $((end - start - elapsed - suspended)) -ge -1 ] && [ $((end - start - elapsed - suspended)) -le 1 ] &&
        expect "$elapsed" "$(date -u -d "1970-01-01 $(scontrol show job "$1" | sed -n "s/.*RunTime=\([^ ]*\).*/\1/p")" +%s)"
}
test_case "accounting has the suspended time" '
    id=$(sbatch --parsable -o /dev/null --wrap "sleep 2") && job_wait $id RUNNING && scontrol suspend $id && sleep 2.2 &&
    scontrol resume $id && job_wait $id COMPLETED &&
    wait_for 5 eval "sacct -n -X -P -j $id -o state | grep -qx COMPLETED" && times_add_up $id'
