#!/bin/bash
# limit: 90
# user: plain
# Heterogeneous jobs: components with requests of their own, started and ended together.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "three agents come up idle" 'cluster_start 3'
on_test_failure() { tail -n 4 "$CLUSTER_DIR"/log/*; squeue -t all; }
cd "$CLUSTER_DIR" || exit

test_case "components start together on nodes of their own, and the script knows them" '
    cat > h.sh <<X
#!/bin/bash
#SBATCH -n1 -c2 -J het -o out.%j
#SBATCH hetjob
#SBATCH -N2 -n2
echo \$SLURM_HET_SIZE \$SLURM_JOB_ID \$SLURM_JOB_ID_HET_GROUP_0 \$SLURM_JOB_ID_HET_GROUP_1
echo \$SLURM_CPUS_PER_TASK_HET_GROUP_0 \$SLURM_JOB_NUM_NODES_HET_GROUP_1 \$SLURM_NTASKS_HET_GROUP_1
echo \$SLURM_JOB_NODELIST_HET_GROUP_0 \$SLURM_JOB_NODELIST_HET_GROUP_1
while [ ! -e go ]; do sleep 0.05; done
X
    id=$(sbatch --parsable h.sh) && next=$((id + 1)) && job_wait $id+0 RUNNING && job_wait $next RUNNING &&
    expect "$id+0 $next+1 " "$(squeue -h -o "%A %i" -j $id | sort | sed "s/\([0-9]*\) $id+/\1+/" | tr "\n" " ")" &&
    wait_for 10 eval "[ \$(wc -l < out.$id) = 3 ]" && expect "2 $id $id $next 2 2 2 n1 n[2-3] " "$(tr "\n" " " < out.$id)"'
test_case "each form of its id finds it" '
    expect "$id+0 $id+1 " "$(squeue -h -j $id -o %i | sort | tr "\n" " ")" && expect "$id+1" "$(squeue -h -j $id+1 -o %i)" && expect "$id+1" "$(squeue -h -j $next -o %i)" &&
    expect_match "^JobId=$next HetJobId=$id HetJobOffset=1 JobName=het HetJobIdSet=$id-$next " "$(scontrol -o show job $id+1)" && ! scontrol show job $id+2 2>/dev/null'
test_case "they are there after the controller has died" '
    ctld_kill KILL && ctld_start && job_wait $id+0 RUNNING && expect "$id+0 $id+1 " "$(squeue -h -j $id -o %i | sort | tr "\n" " ")"'
test_case "all end with the leader" 'touch go && job_wait $id+0 COMPLETED && job_wait $next COMPLETED && node_wait idle 3'
test_case "none starts while there is no room for all" '
    one=$(sbatch --parsable --exclusive -w n2 -o /dev/null --wrap "sleep 60") && job_wait $one RUNNING && id=$(sbatch --parsable h.sh) &&
    later=$(sbatch --parsable -n1 -t 1 -w n3 -o /dev/null --wrap true) && job_wait $later COMPLETED && expect "PENDING PENDING" "$(job_state $id+0) $(job_state $((id + 1)))" &&
    scancel $one && job_wait $id+0 COMPLETED'
test_case "cancelling it while it waits cancels all of it" '
    id=$(sbatch --parsable -H -n1 -o /dev/null : -n1 --wrap true) && scancel $id+1 && expect "CANCELLED CANCELLED" "$(job_state $id+0) $(job_state $((id + 1)))"'
test_case "salloc gives its program all components" '
    expect "2 2" "$(salloc -n1 : -N1 sh -c "echo \$SLURM_HET_SIZE \$(srun --jobid=\$SLURM_JOB_ID_HET_GROUP_0 printenv SLURMD_NODENAME; srun --jobid=\$SLURM_JOB_ID_HET_GROUP_1 printenv SLURMD_NODENAME)" 2>/dev/null | awk "{ print \$1, (\$2 != \$3) + 1 }")"'
test_case "one srun starts tasks in both components" '
    expect "0 3 0|1 3 1|2 3 1|" "$(salloc -n1 : -N2 -n2 srun --het-group=0,1 sh -c "echo \$SLURM_PROCID \$SLURM_NTASKS \$SLURM_HET_GROUP" 2>/dev/null | sort | tr "\n" "|")"'
test_case "srun gets the allocation for its components itself" '
    srun -n1 sh -c "echo \$SLURM_PROCID \$SLURM_NTASKS \$SLURM_HET_SIZE" : -N2 -n2 sh -c "echo \$SLURM_PROCID \$SLURM_NTASKS other" | sort > o &&
    expect "0 3 2|1 3 other|2 3 other|" "$(tr "\n" "|" < o)" && srun -l -n1 : -n2 echo x | sort > o && expect "0: x|1: x|2: x|" "$(tr "\n" "|" < o)" &&
    id=$(srun -J many -n1 printenv SLURM_JOB_ID : -n1 true) && job_wait $id+0 COMPLETED && expect "many $id+0|many $id+1|" "$(squeue -h -t all -j $id -o "%j %i" | sort -k2 | tr "\n" "|")"'
test_case "its exit code is the highest, and the job has it" '
    { id=$(srun -n1 sh -c "echo \$SLURM_JOB_ID; exit 3" : -n1 true 2>/dev/null); expect 3 $?; } && expect "3:0" "$(scontrol -o show job $id+0 | sed "s/.* ExitCode=//; s/ .*//")"'
test_case "it waits for room for all, and Ctrl-C before that leaves nothing" '
    one=$(sbatch --parsable --exclusive -w n2 -o /dev/null --wrap "sleep 1000") && job_wait $one RUNNING || return 1
    srun -J waiter -N1 -w n1 true : -N1 -w n2 true 2>w.e & pid=$!
    wait_for 30 grep -q "queued and waiting for resources" w.e && expect 2 "$(squeue -h -t PD -n waiter,true -o %i | wc -l)" &&
    kill -TERM $pid && ! wait $pid && wait_for 30 eval "[ -z \"\$(squeue -h -t PD -o %i)\" ]" && scancel $one && node_wait idle 3'
test_case "what cannot be is refused with the component" '
    ! srun -n1 true : -N99 true 2>e && expect_match "^srun: error: Unable to allocate resources: Requested node configuration is not available: component 1: needs 99 nodes" "$(head -n 1 e)"'
test_case "cancelling it ends the program" '
    srun -n1 -J gone sleep 4713 : -n1 sleep 4713 2>/dev/null & pid=$!
    wait_for 30 eval "[ \"\$(squeue -h -s -o %j | grep -c .)\" -ge 2 ]" && scancel -n gone && ! wait $pid && node_wait idle 3'
test_case "an array it cannot be" '! sbatch -a 0-3 -n1 : -n1 --wrap true 2>e && grep -q "Invalid job array specification" e'
cluster_stop
