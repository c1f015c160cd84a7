#!/bin/bash
# limit: 120
# needs: root boards
# Who may do what through the commands: the owner of a job, another user, an operator, root.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
CLUSTER_CONF='kill_wait = 1; operators = "oscar";'
CTLD_USER=bramblet
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
{
    cat /etc/passwd
    id=23000
    for name in bramblet alice bob oscar; do echo "$name:x:$id:$id::/nonexistent:/bin/sh"; id=$((id + 1)); done
} > "$CLUSTER_DIR/passwd"
{ cat /etc/group; printf 'bramblet:x:23000:\nalice:x:23001:\nbob:x:23002:\noscar:x:23003:\n'; } > "$CLUSTER_DIR/group"
chmod 644 "$CLUSTER_DIR/passwd" "$CLUSTER_DIR/group"
mount --bind "$CLUSTER_DIR/passwd" /etc/passwd && mount --bind "$CLUSTER_DIR/group" /etc/group || exit
mkdir "$CLUSTER_DIR/inst" && mount --bind "$BRAMBLE_ROOT" "$CLUSTER_DIR/inst" && BRAMBLE_ROOT=$CLUSTER_DIR/inst || exit
core='synthetic:Package:1 Core:4 PU:1'
test_case "two boards come up" 'cluster_start_boards "r1 pi4 2000 $core
r2 pi4 2000 $core"'
mkdir -m 1777 "$CLUSTER_DIR/share" && cd "$CLUSTER_DIR/share" || exit
as() {
    [ "$1" = root ] && { shift; "$@"; return; }
    setpriv --reuid="$1" --regid="$1" --init-groups --inh-caps=-all -- env HOME=/nonexistent USER="$1" "${@:2}"
}
# A job of alice's in that state.
fresh() { # pending|running
    case $1 in
    pending) job=$(as alice sbatch --parsable -H --exclusive -o /dev/null --wrap "echo secret") ;;
    running)
        job=$(as alice sbatch --parsable -n1 --requeue -o /dev/null --wrap "trap : USR1; while :; do sleep 0.2; done") &&
            job_wait "$job" RUNNING
        ;;
    esac
}
# What of a job must not change when somebody is refused.
look() { squeue -h -t all -j "$job" -o "%T %r %Q %l %p" 2>/dev/null; }
# try STATE WHO yes|no COMMAND...: JOB stands for the id
try() {
    local state=$1 who=$2 want=$3 before got out
    shift 3
    fresh "$state" || return
    before=$(look)
    out=$(as "$who" timeout 15 "${@//JOB/$job}" 2>&1 </dev/null)
    got=$?
    if [ "$want" = yes ]; then
        [ $got -eq 0 ] || { echo "$who may not: ${*//JOB/$job}: $out"; return 1; }
    else
        [ $got -ne 0 ] || { echo "$who may: ${*//JOB/$job}: $out"; return 1; }
        [[ $out =~ [Pp]ermission|denied|"another user"|"only operators"|"for operators" ]] || { echo "${*//JOB/$job}: $out"; return 1; }
        expect "$before" "$(look)" || return
    fi
    scancel "$job" 2>/dev/null
    return 0
}
# row SENTENCE STATE OWNER OTHER OPERATOR ROOT COMMAND...
row() {
    local words
    printf -v words '%q ' "${@:7}"
    test_case "$1" "try $2 alice $3 $words && try $2 bob $4 $words && try $2 oscar $5 $words && try $2 root $6 $words"
}
y=yes n=no
row "cancel a pending job" pending $y $n $y $y scancel JOB
row "cancel a running job" running $y $n $y $y scancel JOB
row "signal a job" running $y $n $y $y scancel -s USR1 -f JOB
row "release a job" pending $y $n $y $y scontrol release JOB
row "give a job less time" pending $y $n $y $y scontrol update jobid=JOB timelimit=1
row "set a job's priority" pending $n $n $y $y scontrol update jobid=JOB priority=77
row "requeue a job" running $y $n $y $y scontrol requeue JOB
row "suspend a job" running $n $n $y $y scontrol suspend JOB
row "read a job's script" pending $y $n $n $y scontrol write batch_script JOB -
row "step into a job" running $y $n $n $y srun --jobid=JOB --overlap -n1 true
row "drain a node" pending $n $n $y $y scontrol update nodename=r2 state=drain reason=test
row "resume a node" pending $n $n $y $y scontrol update nodename=r2 state=resume
row "close a partition" pending $n $n $y $y scontrol update partitionname=all state=up
row "read the configuration again" pending $n $n $n $y scontrol reconfigure
test_case "nobody but root stops the controller" '
    for who in alice bob oscar; do ! as $who scontrol shutdown 2>/dev/null || return 1; done; scontrol ping'
test_case "a priority or a partition of root's own is not to be had by submitting" '
    ! as alice sbatch --priority=9 --wrap true 2>why && grep -qi operator why && ! as bob sbatch --uid=alice --wrap true 2>/dev/null'
test_case "who is refused learns nothing of the script, and no other file of it lies open" '
    fresh pending; ! as bob scontrol show job -d $job 2>/dev/null | grep -q secret
    ! as bob find "$CLUSTER_DIR" /run/bramble -type f -readable -exec grep -l "echo secret" {} + 2>/dev/null | grep -v share/; scancel $job'
