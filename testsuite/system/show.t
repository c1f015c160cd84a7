#!/bin/bash
# limit: 180
# user: plain
# squeue, sinfo, sacct and scontrol show, by the very command lines of tools that were made for Slurm.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "three agents come up idle" 'cluster_start 3'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit
ME=$(id -un)
unset SLURM_TIME_FORMAT

test_case "every command prints one version line in Slurm's form" '
    for c in sbatch srun salloc squeue sinfo scancel scontrol sacct; do
        expect_match "^slurm [0-9]+\.[0-9]+\.[0-9]+ \(Bramble [0-9.]+\)$" "$($c --version)" || exit 1
    done'
test_case "jobs of each kind are there" '
    run=$(sbatch --parsable -J run -N1 -n1 -t 5 -o /dev/null --wrap "sleep 300") &&
    done=$(sbatch --parsable -J "rfm_job" -o /dev/null --wrap "srun true") &&
    bad=$(sbatch --parsable -J bad -o /dev/null --wrap "exit 3") &&
    held=$(sbatch --parsable -J held -H -o /dev/null --wrap true) &&
    big=$(sbatch --parsable -J big -N3 --exclusive -o /dev/null --wrap true) &&
    job_wait $run RUNNING && job_wait $done COMPLETED && job_wait $bad FAILED &&
    node=$(squeue -h -j $run -o %N) && [ -n "$node" ]'

test_case "a job that is gone is an error to squeue and scontrol and none to sacct" '
    squeue -j 999999 >o 2>e; expect 1 $? && expect "slurm_load_jobs error: Invalid job id specified" "$(cat e)" &&
    scontrol show job 999999 >o 2>e; expect 1 $? &&
    expect "slurm_load_jobs error: Invalid job id specified" "$(cat e)" &&
    expect "" "$(sacct -n -j 999999)"'
test_case "Nextflow finds ended jobs with two words a line" '
    squeue --noheader -o "%i %t" -t all -u $ME > o && grep -qx "$done CD" o && grep -qx "$run R" o &&
    grep -qx "$held PD" o && grep -qx "$bad F" o && ! grep -Evx "[0-9]+ [A-Z]+" o'
test_case "Snakemake reads the side car and the accounts" '
    squeue --user=$ME --format=%i,%T --state=all > o && expect "JOBID,STATE" "$(head -1 o)" &&
    grep -qx "$done,COMPLETED" o &&
    expect "$done|COMPLETED|0:0" "$(sacct -P -b -j $done -n | head -1)" &&
    expect "$bad|FAILED|3:0" "$(sacct -P -b -j $bad -n | head -1)" &&
    expect "$done|COMPLETED" "$(squeue --format="%i|%T" --states=all --noheader --name rfm_job)" &&
    expect "$done|COMPLETED" "$(sacct -X --parsable2 --clusters all --noheader --format=JobIdRaw,State \
        --starttime 1970-01-01 --endtime now --name rfm_job)" &&
    expect_match "^n[123] +$" "$(sacct -j $done -n -X -o nodelist%-256)"'
test_case "submitit reads states of several jobs" '
    sacct -o JobID,State,NodeList --parsable2 -j $done -j $run > o && expect "JobID|State|NodeList" "$(head -1 o)" &&
    grep -Eqx "$done\|COMPLETED\|n[123]" o && grep -Eqx "$run\|RUNNING\|$node" o && grep -Eq "^$done\.batch\|COMPLETED\|" o &&
    grep -Eq "^$done\.0\|COMPLETED\|" o'
test_case "ReFrame reads end times as seconds, nodes and partitions" '
    SLURM_TIME_FORMAT=%s sacct -S now-1hour -P -j $done,$bad -o jobid,state,exitcode,end,nodelist > o &&
    grep -Eqx "$bad\|FAILED\|3:0\|[0-9]{10}\|n[123]" o &&
    [ "$(scontrol -a show -o nodes | grep -Ec "^NodeName=n[123] .*ActiveFeatures=.* State=[A-Z+]+ .*Partitions=all")" = 3 ] &&
    scontrol -a show -o partitions | grep -q "^PartitionName=all .*State=UP" &&
    expect "$held|JobHeldUser" "$(squeue -h -j $held,$done -o "%A|%r")"'
test_case "Parsl asks for padded states" '
    expect_match "^$run +RUNNING" "$(sacct -X --noheader --format=jobid,state%20 --job "$run,$run")" &&
    expect "$run R" "$(squeue --noheader --format="%i %t" --job $run)"'
test_case "batchspawner reads the state and the host" 'expect "RUNNING $node" "$(squeue -h -j $run -o "%T %B")"'
test_case "Toil finds its configuration lines and elapsed times" '
    scontrol show config > o && grep -Eq "^SchedulerTimeSlice += [0-9]+ sec" o &&
    grep -Eq "^AcctGatherNodeFreq += [0-9]+ sec" o && grep -Eq "^MinJobAge += [0-9]+ sec" o &&
    squeue -h --format "%i %t %M" > o && grep -Eqx "$run R [0-9]+:[0-9]{2}" o &&
    expect "$bad|FAILED|3:0" "$(sacct -n -j $bad --format JobIDRaw,State,ExitCode -P -S 1970-01-01 | head -1)" &&
    expect_match "JobState=FAILED .*ExitCode=3:0" "$(scontrol show job $bad | tr "\n" " ")"'
test_case "ClusterShell groups nodes by partition, state and job" '
    expect "n[1-3]" "$(sinfo -h -o %N)" && expect "n[1-3]" "$(sinfo -h -o %N -p all)" &&
    expect "all" "$(sinfo -h -o %R)" && expect "mixed- planned " "$(sinfo -h -o %T | sort | tr "\n" " ")" &&
    expect "all" "$(sinfo -h -N -o %R -n n1)" && expect "$node" "$(squeue -h -j $run -o %N)" &&
    expect "$run" "$(squeue -h -o %i -t R)" && expect "$node" "$(squeue -h -u $ME -o %N -t R)" &&
    expect "$run" "$(squeue -h -w $node -o %i)" && [ "$(sinfo -h -o %N -t idle)" != "n[1-3]" ]'
test_case "slurm-utils reads key=value words and fields parted by bars" '
    scontrol show partition -a --oneliner | grep -q "^PartitionName=all .*Nodes=n\[1-3\]" &&
    expect_match "^$run;R;$ME;$node;all;" "$(squeue --format="%i;%t;%u;%N;%P;%a" --states=R --noheader -a)" &&
    sacct --format=JobName,JobID,MaxRSS,MaxDiskWrite --parsable --noheader -a -j $done > o &&
    grep -q "^rfm_job|$done|.*|.*|$" o && expect "$held" "$(squeue -h -j $held --format=%A)"'
test_case "Maestro and simple_slurm get their columns" '
    squeue -u $ME -t all --format="%.18i %.8j %.8u %.2t" | grep -Eq "^ +$done +rfm_job +${ME:0:8} CD$" &&
    squeue --me -o "\"%i\",\"%j\",\"%t\",\"%M\",\"%L\",\"%D\",\"%C\",\"%m\",\"%b\",\"%R\"" > o &&
    expect "\"JOBID\",\"NAME\",\"ST\",\"TIME\",\"TIME_LEFT\",\"NODES\",\"CPUS\",\"MIN_MEMORY\",\"TRES_PER_NODE\",\"NODELIST(REASON)\"" \
        "$(head -1 o)" && grep -Eq "^\"$run\",\"run\",\"R\",\"[0-9:]+\",\"[2345]:[0-9]{2}\",\"1\",\"1\",\"0\",\"N/A\",\"$node\"$" o'
test_case "steps that run are shown with their nodes" '
    srun -t 1 -J stepped -N2 -n2 sleep 50 2>/dev/null & pid=$! &&
    wait_for 30 eval "squeue -h -s -o \"%i %j %A %N\" | grep -Eq \"^[0-9]+\.0 (stepped|sleep) 2 n\""; rc=$?
    scancel -n stepped; wait $pid; squeue -h -s -o "%i %j" | grep -q "^$run.batch batch$" && [ $rc = 0 ]'
test_case "a waiting job is explained in sentences" '
    squeue --explain=$big > o && grep -q "^Job $big (big) of $ME is PENDING (Resources).$" o &&
    grep -Eq "^  It needs 3 nodes and 3 CPUs in all, .* in partition all\.$" o &&
    grep -Eq "^  Job $run of $ME has 1 CPU on $node until 20.*, when its time limit ends it\.$" o &&
    grep -Eq "^  It is to start at 20.* on n\[1-3\], or earlier" o && scontrol show why $big | diff - o &&
    expect_match "scontrol release $held" "$(squeue --explain -j $held)" &&
    expect "n[1-3]" "$(squeue -h --start -j $big -O schednodes: | tr -d " ")"'
test_case "a cancelled job says by whom" '
    scancel $held && job_wait $held CANCELLED &&
    expect "$held|CANCELLED by $(id -u)" "$(sacct -X -n -P -j $held -o jobid,state)"'
test_case "a drained and a lost node show why" '
    scontrol update nodename=n2 state=drain reason="sd card" && node_wait drained 1 &&
    expect_match "^sd card +" "$(sinfo -h -R)" && agent_kill n3 KILL && node_wait "down." 1 30 &&
    expect "n3" "$(sinfo -h -t down -o %N)"'
test_case "a reader that leaves early harms nothing" 'squeue -t all | head -1 | grep -q JOBID'
