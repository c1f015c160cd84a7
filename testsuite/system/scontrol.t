#!/bin/bash
# limit: 120
# user: plain
# scontrol's keywords: what they do, what they say, how they exit.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit

# says STATUS TEXT WORDS...: scontrol WORDS exits so and its first line is TEXT
says() {
    local want=$1 text=$2 got
    shift 2
    got=$(scontrol "$@" 2>&1 </dev/null)
    expect "$want" $? && expect "$text" "$(head -n 1 <<<"$got")"
}

test_case "unknown words are named as Slurm names them" '
    says 1 "invalid keyword: bogus" bogus && says 1 "invalid entity:bogus for keyword:show " show bogus &&
    says 1 "too few arguments for keyword:sho" sho && says 1 "too few arguments for update keyword" update &&
    says 1 "too many arguments for keyword:show" show job 1 2 && says 1 "missing argument for keyword:pidinfo" pidinfo'
test_case "what is not there is said to be so" '
    says 1 "slurm_load_jobs error: Invalid job id specified" show job 4711 && says 1 "Node zz not found" show node zz &&
    says 1 "Partition zz not found" show part zz && says 1 "Invalid job id specified for job 4711" requeue 4711 &&
    says 1 "Invalid job id specified for job 4711" suspend 4711 && says 1 "scontrol: Problem running job 4711" wait_job 4711 &&
    says 1 "job notify failure: Invalid job id specified" notify 4711 hi && says 0 "" hold jobname=nobodys'
test_case "what cannot be is refused with the reason" '
    for words in takeover token "reboot n1" "power down n1" "fsdampeningfactor 3" "schedloglevel 1" "cancel_reboot n1"; do
        scontrol $words >o 2>&1 && return 1; [ -s o ] || return 1; done'
test_case "interactive mode reads keywords, repeats the last, and quits" '
    printf "show partition\n!!\nbogus\nquit\nversion\n" | scontrol >o 2>e; expect 1 $? && expect 2 "$(grep -c PartitionName=all o)" &&
    expect "invalid keyword: bogus" "$(cat e)"'
test_case "oneliner holds for what follows" '
    printf "oneliner\nshow node\nquit\n" | scontrol >o && expect 2 "$(grep -c "^NodeName=.*Reason\|^NodeName=.*CfgTRES" o)"'

test_case "a partition is created, used, kept over a restart and deleted" '
    scontrol create partition=night nodes=n2 maxtime=10 && expect_match "MaxTime=00:10:00 MinNodes=1 " "$(scontrol show part night)" &&
    ctld_kill KILL && ctld_start && node_wait idle 2 &&
    expect n2 "$(srun -p night printenv SLURMD_NODENAME)" && scontrol update partition=night state=drain &&
    ! sbatch -p night --wrap true 2>e && expect_match "Required partition not available" "$(cat e)" &&
    scontrol delete partition=night && says 1 "Partition night not found" show part night &&
    says 1 "delete_partition partition=night: Invalid partition name specified" delete partition=night'
test_case "reconfigure ends what was created" '
    scontrol create partition=day nodes=n1 && scontrol reconfigure && says 1 "Partition day not found" show part day'

test_case "a message reaches the standard error of a batch job" '
    id=$(sbatch --parsable -o out.%j --wrap "exec sleep 3131") && job_wait $id RUNNING && wait_for 5 pgrep -f "^sleep 3131" &&
    scontrol notify $id mind the gap && wait_for 5 grep -q "error: mind the gap" out.$id'
test_case "listpids, listjobs, liststeps and pidinfo know the processes of this node" '
    pid=$(pgrep -f "^sleep 3131") && scontrol listpids $id | grep -q "^$pid  *$id  *batch  *0  *0 *$" &&
    scontrol listjobs | grep -q "^$id " && scontrol liststeps | grep -q "^$id  *batch" &&
    scontrol pidinfo $pid | grep -q "JobId=$id "'
test_case "wait_job tells that it runs, and that it has ended" '
    says 0 "scontrol: Nodes are ready for job $id" wait_job $id && scancel $id && job_wait $id CANCELLED &&
    says 1 "scontrol: Job $id no longer running" wait_job $id'
test_case "requeuehold State=SpecialExit shows the state" '
    id=$(sbatch --parsable -o /dev/null --wrap true) && job_wait $id COMPLETED && scontrol requeuehold State=SpecialExit $id &&
    job_wait $id SPECIAL_EXIT && expect "SE|job requeued in held state" "$(squeue -h -t all -j $id -o "%t|%r")" &&
    ! scontrol requeue Incomplete $id 2>/dev/null && scontrol release $id && job_wait $id COMPLETED &&
    says 1 "Job/step already completing or completed for job $id" requeue Incomplete $id'
test_case "top puts a job before the others of its user, and gives them its place" '
    a=$(sbatch --parsable -b now+1hour -o /dev/null --wrap true) && b=$(sbatch --parsable -b now+1hour -o /dev/null --wrap true) &&
    c=$(sbatch --parsable -b now+1hour -o /dev/null --wrap true) && before=$(squeue -h -j $a,$b,$c -o %Q | sort | tr "\n" " ") &&
    scontrol top $c && expect "$c $a $b " "$(squeue -h -j $a,$b,$c -S -p -o "%i" | tr "\n" " ")" &&
    expect "$before" "$(squeue -h -j $a,$b,$c -o %Q | sort | tr "\n" " ")" && scancel $a $b $c'
test_case "setdebug changes what the controller logs" '
    scontrol setdebugflags +steps && srun true && grep -q "launch sent" "$CLUSTER_DIR/log/bramblectld" && scontrol setdebug info &&
    says 1 "invalid debug level: foo" setdebug foo && says 1 "invalid debug flag: foo" setdebugflags foo'
test_case "write batch_script and write config" '
    id=$(sbatch --parsable -H -o /dev/null --wrap "echo here") && scontrol write batch_script $id - | grep -q "echo here" &&
    scontrol write config c >o && expect_match "^Slurm config saved to c\." "$(cat o)" && grep -q "^ClusterName=" c.* && scancel $id'
test_case "update finds jobs by their name, and lists of ids" '
    a=$(sbatch --parsable -H -J twins -o /dev/null --wrap true) && b=$(sbatch --parsable -H -J twins -o /dev/null --wrap true) &&
    scontrol update jobname=twins comment=both && expect "both both " "$(squeue -h -j $a,$b -o %k | tr "\n" " ")" &&
    scontrol update jobid=$a,$b timelimit=7 && expect "7:00 7:00 " "$(squeue -h -j $a,$b -o %l | tr "\n" " ")" &&
    says 1 "No changes specified" update jobid=$a && says 1 "Update of this parameter is not supported: bogus=1" update jobid=$a bogus=1 &&
    scancel $a $b'
test_case "update gives a node words and weight that last until reconfigure" '
    scontrol update nodename=n1 weight=9 comment=loud && scontrol -o show node n1 | grep -q " Weight=9 .*Comment=loud" &&
    ctld_kill KILL && ctld_start && node_wait idle 2 && scontrol -o show node n1 | grep -q " Weight=9 " && scontrol reconfigure &&
    scontrol -o show node n1 | grep -q " Weight=1 .*Comment=loud"'
test_case "tasks of an array and components are named as everywhere" '
    a=$(sbatch --parsable -a 1-3 -t 10 -o /dev/null --wrap "srun sleep 4000") && h=$(sbatch --parsable -H -o /dev/null -n1 : -n1 --wrap "echo both") &&
    wait_for 30 eval "[ \"\$(squeue -h -s -j ${a}_2 -o %i | grep -c \"^${a}_2\\.0\$\")\" = 1 ]" &&
    scontrol write batch_script ${a}_2 - | grep -q "sleep 4000" && scontrol write batch_script $h+1 - | grep -q "echo both" &&
    scontrol write batch_script ${a}_3 >o && expect "batch script for job $a written to slurm-$a.sh" "$(cat o)" && grep -q "sleep 4000" slurm-$a.sh &&
    says 1 "job script retrieval failed: Invalid job id specified" write batch_script ${a}_9 - &&
    says 0 "scontrol: Nodes are ready for job ${a}_2" wait_job ${a}_2 && says 1 "Invalid job_id x" wait_job x &&
    own=$(squeue -h -r -j ${a}_2 -o %A) && wait_for 30 eval "scontrol listpids ${a}_2 | grep -q \" $own  *0 \"" &&
    says 1 "JobId=${a}_9 does not exist on node (null)." listpids ${a}_9 &&
    expect "StepId=${a}_2.0" "$(scontrol -o show step ${a}_2.0 | cut -d" " -f1)" && expect_match "^Job ${a}_9 not found|Invalid job id" "$(scontrol show job ${a}_9 2>&1)" &&
    scontrol notify ${a}_2 hello && scontrol suspend ${a}_2 && expect S "$(squeue -h -j ${a}_2 -o %t)" && scontrol resume ${a}_[2-3] 2>o;
    grep -qx "${a}_3: Job is not suspended" o && expect R "$(squeue -h -j ${a}_2 -o %t)"'
test_case "the limits of steps change by their name, by a difference, all of a job at once" '
    scontrol update stepid=${a}_2.0 timelimit=5 && expect_match " TimeLimit=00:05:00 " "$(scontrol -o show step ${a}_2.0)" &&
    scontrol update stepid=${a}_2 timelimit=+2 && expect_match " TimeLimit=00:07:00 " "$(scontrol -o show step ${a}_2.0)" &&
    scontrol update step=$a timelimit=9 && expect_match " TimeLimit=00:09:00 " "$(scontrol -o show step ${a}_1.0)" &&
    says 1 "Invalid StepID parameter: stepid=x.0" update stepid=x.0 timelimit=5 && says 1 "slurm_update error: Invalid job step id specified" update stepid=${a}_2.7 timelimit=5 &&
    expect_match "^scontrol: error: Invalid TimeLimit value" "$(scontrol update stepid=${a}_2.0 timelimit=x 2>&1)" && scancel $a $h'
test_case "keys of a job need no equals sign, and Nice no value" '
    id=$(sbatch --parsable -H -o /dev/null --wrap true) && scontrol update job $id comment later nice timelimit 3 &&
    expect "later 100 3:00" "$(squeue -h -j $id -o "%k %y %l")" && says 1 "Invalid input: comment" update job $id comment &&
    says 1 "scontrol: error: Invalid input: weight  Request aborted" update nodename=n1 weight 3 && scancel $id'
test_case "a reservation without a name gets one" '
    scontrol create reservation starttime=now+1hour duration=5 nodes=n1 users=root >o && scontrol create res starttime=now+2hours duration=5 nodes=n1 users=root >>o &&
    expect "root_1 root_2 " "$(sed "s/^Reservation created: //" o | tr "\n" " ")" &&
    says 1 "scontrol: error: Misformatted parameter '\''x'\'', most options have a parameter after '\''='\''.  No reservation created." create reservation x &&
    says 1 "scontrol: error: Unknown parameter foo=bar.  No reservation created." create reservation starttime=now duration=5 nodes=n1 users=root foo=bar &&
    says 1 "Invalid time specification (pos=0): x" update reservation=root_1 starttime=x && scontrol delete res=root_1 && scontrol delete reservation root_2'
test_case "numbers of errors have the texts of Slurm" '
    says 0 "Invalid job id specified" errnumstr 2017 && says 0 "No error" errnumstr 0 && says 0 "Permission denied" errnumstr 13 &&
    says 0 "Unknown error 2097" errnumstr 2097 && says 0 "No eligible clusters for federated job" errnumstr 7106 && says 1 "numeric arguments required for keyword:errnumstr" errnumstr x'
test_case "the configuration can be written where SLURM_CONF_OUT says" '
    SLURM_CONF_OUT=$PWD/out.conf scontrol write config >o && ls out.conf.* && expect_match "^Slurm config saved to $PWD/out.conf\." "$(cat o)"'
