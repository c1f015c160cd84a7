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
