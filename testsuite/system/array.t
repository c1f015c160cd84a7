#!/bin/bash
# limit: 120
# user: plain
# Job arrays: one record until tasks start, ids of tasks, throttle, accounts, and a controller that dies.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 4 "$CLUSTER_DIR"/log/*; squeue -t all | head -20; }
cd "$CLUSTER_DIR" || exit
ids() { squeue -h -j "$1" -o %i "${@:2}" | sort -V | tr "\n" " "; }
array_wait() { wait_for "${2:-30}" eval '[ -z "$(squeue -h -j '"$1"' -o %i)" ]'; }

test_case "each task runs once, with its place in the array" '
    cat > a.sh <<X
#!/bin/bash
#SBATCH --array=2-10:4
env | grep ^SLURM_ARRAY | sort | tr "\n" " "
X
    id=$(sbatch --parsable a.sh) && array_wait $id && expect "slurm-${id}_10.out slurm-${id}_2.out slurm-${id}_6.out " "$(echo slurm-${id}_*.out) " &&
    expect "SLURM_ARRAY_JOB_ID=$id SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_ID=6 SLURM_ARRAY_TASK_MAX=10 SLURM_ARRAY_TASK_MIN=2 SLURM_ARRAY_TASK_STEP=4 " "$(cat slurm-${id}_6.out)"'
test_case "the last task keeps the id of the array, the others get new ones" '
    expect "$((id + 1))_2 $((id + 2))_6 ${id}_10 " "$(squeue -h -t all -j $id -o "%A_%K" | sort -t_ -k2n | tr "\n" " ")" &&
    expect $id "$(squeue -h -t all -j ${id}_6 -o %F)"'
test_case "sbatch --wait ends with the highest exit code" '
    sbatch --wait -a 0-3 -o /dev/null --wrap "exit \$((SLURM_ARRAY_TASK_ID * 2))"; expect 6 $?'
test_case "SBATCH_ARRAY_INX is read, and what is no list is refused" '
    id=$(SBATCH_ARRAY_INX=7 sbatch --parsable -H -o /dev/null --wrap true) && expect "${id}_[7] " "$(ids $id)" && scancel $id &&
    ! sbatch -a 5-3 --wrap true 2>e && expect_match "Batch job submission failed: Invalid job array specification" "$(cat e)"'
test_case "waiting tasks are one line, -r gives each its own" '
    id=$(sbatch --parsable -H -a 1-28:3%2 -o /dev/null --wrap true) && expect "${id}_[1-28:3%2] " "$(ids $id)" &&
    expect "10" "$(squeue -h -r -j $id -o %i | wc -l)" && expect "${id}_4 " "$(ids ${id}_4)" &&
    expect "1-28:3%2|$id|$id" "$(squeue -h -j $id -o "%K|%F|%A")" &&
    expect_match "^JobId=$id ArrayJobId=$id ArrayTaskId=1-28:3%2 ArrayTaskThrottle=2 JobName=wrap" "$(scontrol -o show job $id)" &&
    expect_match "ArrayTaskId=4 ArrayTaskThrottle=2" "$(scontrol -o show job ${id}_4)" &&
    expect_match "StdOut=/dev/null" "$(scontrol -o show job ${id}_4)"'
test_case "a task that is changed, held or cancelled goes its own way" '
    scontrol update jobid=${id}_7 jobname=seven && expect "seven" "$(squeue -h -j ${id}_7 -o %j)" && scancel ${id}_[10,13] &&
    expect "${id}_7 ${id}_[1,4,16,19,22,25,28%2] " "$(ids $id)" && scontrol release ${id}_4 &&
    wait_for 10 eval "[ \"\$(squeue -h -t CD -j ${id}_4 -o %i)\" = ${id}_4 ]" &&
    scontrol update jobid=$id arraytaskthrottle=5 && expect "${id}_7 ${id}_[1,16,19,22,25,28%5] " "$(ids $id)"'
test_case "tasks that do not exist are named" '
    ! scontrol hold ${id}_999 2>e && expect "${id}_999: Invalid job id specified" "$(cat e)" &&
    ! scontrol requeue ${id}_[1,999] 2>e && expect "${id}_1: Job is pending execution ${id}_999: Invalid job id specified" "$(echo $(cat e))"'
test_case "scancel of an array ends all its tasks" '
    scancel "${id}_*" && expect "" "$(ids $id)" && expect "${id}_1 ${id}_16 " "$(squeue -h -r -t CA -j ${id}_[1,16] -o %i | sort -V | tr "\n" " ")"'
test_case "no more tasks run at once than the throttle allows" '
    id=$(sbatch --parsable -a 0-5%2 -o /dev/null --wrap "echo s >> runs; sleep 0.3; echo e >> runs") &&
    wait_for 10 test -s runs && expect_match "JobArrayTaskLimit" "$(squeue -h -t PD -j $id -o %r)" && array_wait $id &&
    expect 2 "$(awk "/s/ { n++; if (n > m) m = n } /e/ { n-- } END { print m }" runs)"'
test_case "a requeued task runs again under its ids" '
    id=$(sbatch --parsable -a 0-1 -o /dev/null --wrap "echo \$SLURM_ARRAY_TASK_ID \$SLURM_JOB_ID \$SLURM_RESTART_COUNT >> again; [ -e go ] || sleep 30") &&
    wait_for 10 eval "[ \$(cat again | wc -l) = 2 ]" && touch go && scontrol requeue ${id}_0 && scancel ${id}_1 &&
    wait_for 20 grep -q "^0 $((id + 1)) 1" again && array_wait $id'
test_case "accounts name tasks by the array, and the rest of it as one" '
    id=$(sbatch --parsable -H -a 0-3%2 -o /dev/null --wrap true) && scontrol release ${id}_3 && wait_for 10 eval "squeue -h -t CD -j ${id}_3 -o %i | grep -q ." &&
    wait_for 10 eval "sacct -n -P -X -j $id -o jobid,jobidraw,state | grep -q COMPLETED" &&
    expect "${id}_3|$((id + 1))|COMPLETED ${id}_[0-2%2]|$id|PENDING " "$(sacct -n -P -X -j $id -o jobid,jobidraw,state | sort | tr "\n" " ")" &&
    expect "${id}_3.batch" "$(sacct -n -P -j ${id}_3.batch -o jobid)" && scancel $id'
test_case "steps of a task bear its id" '
    id=$(sbatch --parsable -a 5 -o /dev/null --wrap "srun sleep 20") && wait_for 10 eval "squeue -h -s -o %i | grep -q \"^${id}_5.0\"" && scancel ${id}_5'
test_case "over deaths of the controller no task is lost and none runs twice" '
    id=$(sbatch --parsable -a 1-120 -o /dev/null --wrap "echo \$SLURM_ARRAY_TASK_ID >> ran") &&
    for i in 1 2 3; do sleep 0.2; ctld_kill KILL; ctld_start || break; done && array_wait $id 60 &&
    expect 120 "$(sort -u ran | wc -l)" && expect 120 "$(wc -l < ran)"'
