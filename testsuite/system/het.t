#!/bin/bash
# limit: 120
# user: plain
# Heterogeneous jobs: steps over several components.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "four agents come up idle" 'cluster_start 4'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit

# Two jobs that play the components.
component() { salloc -Q --no-shell -J "part$1" -N1 -n "$2" -w "$3" -t 5 && squeue -h -n "part$1" -o %i; }
part() { # GROUP JOB NODE TASKS
    export "SLURM_JOB_ID_HET_GROUP_$1=$2" "SLURM_JOB_NODELIST_HET_GROUP_$1=$3" "SLURM_JOB_NUM_NODES_HET_GROUP_$1=1" \
        "SLURM_NTASKS_HET_GROUP_$1=$4" "SLURM_NPROCS_HET_GROUP_$1=$4" "SLURM_TASKS_PER_NODE_HET_GROUP_$1=$4" \
        "SLURM_JOB_CPUS_PER_NODE_HET_GROUP_$1=$4"
}
test_case "components have jobs" '
    a=$(component a 2 n1) && b=$(component b 1 n3) && [ -n "$a" ] && [ -n "$b" ] && export SLURM_HET_SIZE=2 SLURM_JOB_ID=$a &&
    part 0 $a n1 2 && part 1 $b n3 1'
test_case "srun runs in the first component, or in the one that is named" '
    expect "n1 n1" "$(SLURM_NTASKS=2 srun sh -c "echo \$SLURMD_NODENAME" | xargs)" &&
    expect "n3" "$(srun --het-group=1 sh -c "echo \$SLURMD_NODENAME")"'
test_case "a step over two components numbers its tasks on" '
    srun --het-group=0,1 sh -c "echo \$SLURM_PROCID \$SLURM_NTASKS \$SLURM_NNODES \$SLURM_HET_GROUP \$SLURM_NODEID" | sort > o &&
    expect "0 3 2 0 0,1 3 2 0 0,2 3 2 1 1," "$(tr "\n" , < o)"'
test_case "labels are the numbers of the whole" '
    srun -l --het-group=0-1 echo x | sort > o && expect "0: x,1: x,2: x," "$(tr "\n" , < o)"'
test_case "each component may have a program of its own" '
    srun -n1 echo first : -n1 echo second | sort > o && expect "first,second," "$(tr "\n" , < o)" &&
    srun -n1 : -n1 echo both | sort > o && expect "both,both," "$(tr "\n" , < o)"'
test_case "the first component reads, and the highest exit code counts" '
    expect "in" "$(echo in | srun -n1 cat : -n1 cat)" && srun -n1 sh -c "exit 3" : -n1 true 2>/dev/null; expect 3 $? && { srun true : false 2>/dev/null; expect 1 $?; }'
test_case "a component that is not there is refused" '
    ! srun --het-group=2 true 2>e && expect "srun: error: Requested het-group offset exceeds highest hetjob index (2 > 1)" "$(cat e)" &&
    ! srun --het-group=x true 2>e && expect_match "Invalid --het-group specification" "$(cat e)" &&
    ! srun -n1 true : --het-group=0 -n1 true 2>e && expect_match "srun: error: Duplicate het groups in single srun not supported" "$(cat e)" &&
    ! srun --het-group=0,1 --multi-prog /dev/null 2>e && expect_match "multi-prog option not supported with multiple het groups" "$(cat e)" &&
    ! srun --mpi=none true : --mpi=pmi2 true 2>e && expect_match "have one launcher" "$(cat e)" &&
    ! env -u SLURM_HET_SIZE srun --het-group=0 true 2>e && expect_match "this is none" "$(cat e)"'
test_case "the parts have one number, and wait for each other" '
    srun --het-group=1 true && srun --het-group=0,1 sh -c "echo \$SLURM_STEP_ID" | sort -u > o && expect 1 "$(wc -l < o)" &&
    { srun -J holder --exact --het-group=1 -n1 sh -c "while [ ! -e free ]; do sleep 0.05; done" & pid=$!
    wait_for 30 eval "squeue -h -s -j $b -o %j | grep -q holder" && { srun --exact --het-group=0,1 -J both true 2>both.e & two=$!
    wait_for 30 grep -q "step creation temporarily disabled" both.e && expect "" "$(squeue -h -s -j $a,$b -o %j | grep both)" && touch free && wait $two && wait $pid; }; }'
test_case "one of them that fails ends the others with --kill-on-bad-exit" '
    srun --kill-on-bad-exit=1 -n1 sh -c "exit 5" : -n1 --kill-on-bad-exit=1 sleep 4711 2>/dev/null; [ $? -ne 0 ]'
test_case "an order to end reaches all parts" '
    srun --het-group=0,1 sleep 4712 2>/dev/null & pid=$!
    wait_for 20 eval "[ \$(squeue -h -s -j $a,$b -o %j | grep -c sleep) = 2 ]" && kill $pid && wait $pid; rc=$?
    [ $rc -ne 0 ] && wait_for 20 eval "[ \$(squeue -h -s -j $a,$b -o %j | grep -c sleep) = 0 ]"'
