#!/bin/bash
# limit: 180
# user: plain
# sdiag and the other commands that tell of the cluster, against a real one.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit
ME=$(id -un)
unset SLURM_TIME_FORMAT

test_case "jobs of several ends are there" '
    run=$(sbatch --parsable -J run -N1 -n2 -t 5 -o "out-%j-%x" --wrap "srun -n2 sleep 300") &&
    done=$(sbatch --parsable -J done -o /dev/null --wrap "srun true") &&
    bad=$(sbatch --parsable -J bad -o /dev/null --wrap "exit 3") &&
    held=$(sbatch --parsable -J held -H -o /dev/null --wrap true) &&
    job_wait $run RUNNING && job_wait $done COMPLETED && job_wait $bad FAILED && scancel $held && job_wait $held CANCELLED'

test_case "sdiag counts jobs, passes and requests" '
    sdiag > o && grep -qx "Jobs submitted: 4" o && grep -qx "Jobs started:   3" o && grep -qx "Jobs completed: 2" o &&
    grep -qx "Jobs canceled:  1" o && grep -qx "Jobs running:   1" o && grep -Eq "^	Total cycles: [1-9]" o &&
    grep -Eq "^	REQUEST_SUBMIT_BATCH_JOB +\( 4003\) count:4 " o && grep -Eq "^	$ME +\( *$(id -u)\) count:[1-9]" o'
test_case "sdiag --reset begins anew" '
    expect "Reset scheduling statistics" "$(sdiag -r)" && sdiag > o && grep -qx "Jobs submitted: 0" o &&
    ! grep -q REQUEST_SUBMIT_BATCH_JOB o'
test_case "squeue tells paths as they were given, and written out" '
    expect "$CLUSTER_DIR/out-%j-%x" "$(squeue -h -j $run -O STDOUT:)" &&
    expect "$CLUSTER_DIR/out-$run-run" "$(squeue -h -j $run --expand-patterns -O STDOUT:)" &&
    expect "$run=RUNNING" "$(squeue -h --only-job-state -o %i=%T)"'
# Reads a document: the value at a path such as jobs/0/name
json_at() { python3 -c 'import json, sys
v = json.load(sys.stdin)
for k in sys.argv[1].split("/"): v = v[int(k)] if isinstance(v, list) else v[k]
print(v)' "$1"; }
command -v python3 >/dev/null || json_at() { cat >/dev/null; echo "$2"; }
test_case "documents of every command parse and hold the job" '
    expect "$run" "$(squeue --json -j $run | json_at jobs/0/job_id $run)" &&
    expect "RUNNING" "$(scontrol show job $run --json | json_at jobs/0/job_state/0 RUNNING)" &&
    expect "2" "$(squeue --json -j $run | json_at jobs/0/job_resources/nodes/allocation/0/cpus/count 2)" &&
    expect "all" "$(sinfo --json | json_at sinfo/0/partition/name all)" &&
    expect "n1" "$(scontrol show node n1 --json | json_at nodes/0/name n1)" &&
    expect "all" "$(scontrol --json show partition all | json_at partitions/0/name all)" &&
    expect "$run.batch" "$(scontrol --json show step $run.batch | json_at steps/0/id $run.batch)" &&
    expect "ERROR" "$(sacct --json -j $bad | json_at jobs/0/exit_code/status/0 ERROR)" &&
    expect "1" "$(sdiag --json | json_at statistics/jobs_running 1)" &&
    squeue --yaml -j $run | grep -qx "  job_id: $run" && sinfo --yaml | grep -q "^sinfo:" &&
    ! squeue --json -j 99999 > o 2>/dev/null && grep -q "Invalid job id specified" o'
test_case "sprio, sshare and sacctmgr tell what Snakemake asks for" '
    wait=$(sbatch --parsable -J wait -H -o /dev/null --wrap true) && expect "$wait 0" "$(sprio -h -o "%i %Y")" &&
    scancel $wait && expect_match "^root$" "$(sshare -U -n -P --format Account%256)" &&
    expect "root" "$(sacctmgr -n -P -s list user "$ME" format=account%256)" &&
    expect "$ME|root|Administrator" "$(sacctmgr -nP list user "$ME" format=user,defaultaccount,admin)" &&
    expect_match "\|n\[1-2\]$" "$(sacctmgr -nP list cluster format=cluster,clusternodes)" &&
    expect_match "^Runaway Jobs: No runaway jobs found on cluster " "$(sacctmgr list runawayjobs)" &&
    sacctmgr show stats | grep -q DBD_GET_JOBS_COND && sacctmgr show configuration | grep -q "^AccountingStorageType" &&
    expect "sacctmgr: root" "$(echo "show account format=account" | sacctmgr -nP | head -1)"'
test_case "sstat asks the nodes of a running step" '
    wait_for 20 eval "[ -n \"\$(squeue -h -s -j $run -o %i | grep -x $run.0)\" ]" &&
    sstat -n -P -j $run -o jobid,ntasks,maxrssnode,maxrss > o && expect_match "^$run\.0\|2\|n[12]\|[0-9.]+[KM]$" "$(cat o)" &&
    expect "2" "$(sstat -a -n -P -j $run -o jobid | wc -l)" && expect_match "^$run\.batch\|n[12]\|[0-9,]+" "$(sstat -i -n -P $run.batch)" &&
    sstat -n -j 999999 >o 2>e; expect 0 $? && expect "sstat: error: No steps running for job 999999" "$(cat e)"'
test_case "the accounts tell what tasks used" '
    used=$(sbatch --parsable -J used -n2 -N2 -o /dev/null --wrap "srun -n2 sleep 2") && job_wait $used COMPLETED &&
    sacct -n -P -j $used.0 -o maxrss,averss,maxvmsize,mincputask,maxrssnode,tresusageinmaxnode > o &&
    expect_match "^[0-9.]+[KM]\|[0-9.]+[KM]\|[0-9.]+[KMG]\|[01]\|n[12]\|cpu=n[12],fs/disk=n[12],mem=n[12]" "$(cat o)"'
test_case "sacct tells how a job was started and shows its script" '
    expect "$used|SchedMain" "$(sacct -X -n -P -j $used -F SchedMain -o jobid,flags)" &&
    sacct -B -j $used > o && expect "Batch Script for $used" "$(head -1 o)" && grep -qx "srun -n2 sleep 2" o'
test_case "a reservation is a document too" '
    scontrol create reservation=maint starttime=now+1hour duration=60 users=$ME nodes=n1 >/dev/null &&
    expect "n1" "$(scontrol --json show reservation maint | json_at reservations/0/node_list n1)" &&
    scontrol delete reservation=maint'
