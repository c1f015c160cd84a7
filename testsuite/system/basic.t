#!/bin/bash
# limit: 120
# user: plain
# Jobs of one plain user on three loopback nodes: the everyday things.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "three agents come up idle" 'cluster_start 3'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit

# The shortest limit is a minute: looked at in the end.
limited=$(sbatch --parsable -w n3 -n1 -t 0:01 -o /dev/null --wrap "sleep 200")

test_case "a batch job writes its output and ends COMPLETED" '
    id=$(sbatch --parsable -o out.%j --wrap "echo hello from \$SLURMD_NODENAME") &&
    job_wait $id COMPLETED && expect_match "^hello from n[123]$" "$(cat out.$id)"'
test_case "its exit code is the job's" '
    id=$(sbatch --parsable -o /dev/null --wrap "exit 3") && job_wait $id FAILED &&
    expect_match "ExitCode=3:0" "$(scontrol show job $id)"'
test_case "sbatch --wait returns the script's exit code" '
    sbatch --wait -o /dev/null --wrap "exit 7"; expect 7 $?'
test_case "srun runs on each node and labels lines" '
    expect "0: n1 1: n2 2: n3 " "$(srun -N3 -l printenv SLURMD_NODENAME | sort | tr "\n" " ")"'
test_case "srun passes standard input, all of it" '
    head -c 3000000 /dev/urandom > in && srun -n1 cat < in | cmp - in'
test_case "srun ends with the highest exit code of its tasks" '
    srun -n2 sh -c "exit \$((SLURM_PROCID + 4))"; expect 5 $?'
test_case "srun keeps standard output and error apart" '
    srun -n1 sh -c "echo out; echo err >&2" >o 2>e && expect out "$(cat o)" && expect err "$(cat e)"'
test_case "a command that is not there is named" '
    srun -n1 /no/such/program 2>e; [ $? -ne 0 ] && grep -q "/no/such/program" e'
test_case "a cancelled job ends CANCELLED and its processes are gone" '
    id=$(sbatch --parsable -o /dev/null --wrap "exec sleep 4242") && job_wait $id RUNNING &&
    scancel $id && job_wait $id CANCELLED && ! pgrep -f "^sleep 4242"'
test_case "what is not built yet is refused by name" '
    ! sbatch --bb x -o /dev/null --wrap true 2>e && grep -q -e "--bb is not supported" e'
test_case "a dependent job waits for the other to succeed" '
    a=$(sbatch --parsable -o /dev/null --wrap "sleep 0.3; touch first") &&
    b=$(sbatch --parsable -o /dev/null -d afterok:$a --wrap "test -e first") && job_wait $b COMPLETED'
test_case "a held job waits until it is released" '
    id=$(sbatch --parsable -H -o /dev/null --wrap true) && expect PENDING "$(job_state $id)" &&
    expect_match "JobHeldUser" "$(squeue -h -j $id -o %r)" && scontrol release $id && job_wait $id COMPLETED'
test_case "a drained node gets no work and comes back" '
    scontrol update nodename=n2 state=drain reason=test && node_wait drained 1 &&
    srun -N2 printenv SLURMD_NODENAME | sort > got && expect "n1 n3 " "$(tr "\n" " " < got)" &&
    scontrol update nodename=n2 state=resume && node_wait idle 2'
test_case "srun tells what its tasks are bound to, in the lines of Slurm" '
    srun -n1 --cpu-bind=v,rank --mem-bind=verbose,local sh -c "echo \$SLURM_MEM_BIND \$SLURM_CPU_BIND" >o 2>e &&
    grep -Eqx "cpu-bind=RANK - n[123], task  0  0 \[[0-9]+\]: mask 0x[0-9A-F]+ set" e &&
    grep -Eqx "mem-bind=LOC - n[123], task  0  0 \[[0-9]+\]: mask 0x[0-9a-f]+ set" e &&
    expect "verbose,local verbose,rank" "$(cat o)" &&
    ! srun -n1 --mem-bind=map_mem:63 true 2>e && grep -q "names memory nodes that this board does not have" e'
test_case "salloc gives its program an allocation for srun" '
    expect "2" "$(salloc -N2 srun printenv SLURMD_NODENAME 2>/dev/null | sort -u | wc -l)"'
test_case "steps take turns within an allocation" '
    expect "4" "$(salloc -N1 -n2 sh -c "for i in 1 2 3 4; do srun --exclusive -n1 sh -c \"sleep 0.1; echo x\" & done; wait" 2>/dev/null | grep -c x)"'
test_case "sacct tells of ended jobs" '
    id=$(sbatch --parsable -J remember -o /dev/null --wrap true) && job_wait $id COMPLETED &&
    wait_for 5 eval "sacct -n -X -P -j $id -o jobname,state | grep -qx \"remember|COMPLETED\""'
test_case "a job over its time limit ends TIMEOUT" 'job_wait $limited TIMEOUT 80'
