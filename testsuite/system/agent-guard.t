#!/bin/bash
# agent-guard.t - what an agent does when things go wrong on its board: prolog and epilog,
# processes that cannot be ended, memory limits, a full run folder, kinds of cgroup.
# limit: 180
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/agent.sh"

job=200
same() { [ "$1" = "$2" ] || { printf 'wanted: %s\n   got: %s\n' "$1" "$2"; return 1; }; }
batch() {
    job=$((job + 1))
    printf '#!/bin/sh\n%s\n' "$1" > "$AGENT_DIR/script"
    shift
    tell batch $job 1 "$AGENT_DIR/script" "$AGENT_DIR/work" "$@"
}
over() { hear "^STATUS $job\.[0-9]*\.1 state=2 exit=$1 " "${2:-5}"; }
# begin WORDS: an agent with these settings
begin() {
    agent_begin "$@" || return 1
    mkdir -m 777 "$AGENT_DIR/work"
}
program() { printf '#!/bin/sh\n%s\n' "$2" > "$P/$1"; chmod 755 "$P/$1"; }
P=$(mktemp -d /tmp/agent-programs.XXXXXX)
chmod 755 "$P"
kinds=none
if [ "$(id -u)" -eq 0 ]; then
    ! grep -q "^[^ ]* [^ ]* cgroup2 " /proc/self/mounts || kinds+=" v2"
    ! grep -q "^[^ ]* [^ ]* cgroup .*freezer" /proc/self/mounts || kinds+=" v1"
fi

for kind in $kinds; do
    test_case "cgroup=$kind: daemons and their children end with the job" '
        begin cgroup=$kind && [[ $HEARD =~ cgroup=$kind ]] &&
        batch "setsid sh -c \"(setsid sleep 6$job &) ; sleep 6$job & exec sleep 6$job\" & (sleep 6$job &); sleep 0.2" && over 0x0 &&
        ! pgrep -f "sleep 6$job"'
    test_case "cgroup=$kind: a fork storm is ended" '
        batch "f() { while :; do (sleep 0.1; :) & sleep 0.01; done; }; trap \"\" TERM; f & f & f & wait; f" &&
        hear "^LAUNCH $job\." && sleep 0.5 && tell kill $job - 1 0 1 && over 0x9 8 && hear "^CLEAN $job\.1 failed=0"'
    test_case "cgroup=$kind: more memory than allowed is told as such" '
        batch "exec sh -c \"x=\\\$(head -c 80000000 /dev/zero | tr \\\"\\\\0\\\" x); sleep 5; echo no\"" mem=40 &&
        hear "^STATUS $job\..* state=2 .*oom=1" 10 && ! grep -q "^no" "$AGENT_DIR/work/slurm-$job.out"'
    test_case "cgroup=$kind: nothing is left" 'agent_end'
done
test_case "no cgroup is left behind" '! find /sys/fs/cgroup -path "*bramble.fake-$(printf %08x "$FAKE_PID").pi1*" | grep .'

program prolog 'echo "$SLURM_JOB_ID $SLURM_JOB_UID $(env | grep -c -v -E "^(SLURM|BRAMBLE|PATH|PWD|SHLVL|_)")" >> '"$P/prolog.log"
program epilog 'echo "$SLURM_JOB_ID" >> '"$P/epilog.log"
test_case "prolog and epilog run once a job, with surroundings of their own" '
    begin prolog=$P/prolog epilog=$P/epilog && batch "cat $P/prolog.log" && over 0x0 && [[ $HEARD =~ clean=1 ]] &&
    same "$job $(id -u) 0" "$(cat "$AGENT_DIR/work/slurm-$job.out")" && same $job "$(cat "$P/epilog.log")"'
test_case "the epilog of a job is not run before its last step is gone" '
    batch "trap \"sleep 0.5; echo end >> $P/epilog.log; exit 1\" TERM; sleep 10 & wait" && hear "^LAUNCH $job\." && sleep 0.2 &&
    tell kill $job - 1 0 5 && over 0x100 && hear "^CLEAN $job\.1 failed=0" && same "end $job" "$(tail -n2 "$P/epilog.log" | paste -sd" ")"'
test_case "all that is gone" 'agent_end'
# A program that says that it has begun and waits for a word.
program waits 'echo "${0##*/} $SLURM_JOB_ID $SLURM_JOB_UID $SLURM_JOB_USER" >> '"$P/waits.log"'; while [ ! -e '"$P/go"' ]; do sleep 0.05; done'
cp "$P/waits" "$P/waits-epilog"
restart() { agent_stop KILL && agent_start && hear "^REGISTER" 30; }
said() { until_true 30 "grep -q \"$1\" $P/waits.log"; }
test_case "a prolog whose agent is killed goes on, is not run again, and its job runs" '
    : > "$P/waits.log" && begin prolog=$P/waits && batch "exit 4" && said "^waits $job " && restart &&
    tell batch $job 1 "$AGENT_DIR/script" "$AGENT_DIR/work" && restart &&
    tell batch $job 1 "$AGENT_DIR/script" "$AGENT_DIR/work" && touch "$P/go" && over 0x400 30 &&
    same 1 "$(grep -c "^waits " "$P/waits.log")"'
test_case "and so it is when it was over before the next agent came" '
    rm -f "$P/go" && : > "$P/waits.log" && batch "exit 5" && said "^waits $job " && agent_stop KILL && touch "$P/go" &&
    until_true 30 "grep -q ^ended $AGENT_DIR/run/prolog.$job.1" && agent_start && hear "^REGISTER" 30 &&
    tell batch $job 1 "$AGENT_DIR/script" "$AGENT_DIR/work" && over 0x500 30 && same 1 "$(grep -c "^waits " "$P/waits.log")"'
test_case "a prolog whose keeper is killed too is not run again: the launch is refused" '
    rm -f "$P/go" && : > "$P/waits.log" && batch "exit 6" && said "^waits $job " && agent_stop KILL &&
    kill -KILL $(pgrep -f "bramblestepd --keep [0-9]* $P/waits\$") && touch "$P/go" && agent_start && hear "^REGISTER" 30 &&
    tell batch $job 1 "$AGENT_DIR/script" "$AGENT_DIR/work" && hear "^LAUNCH $job\..* drain=1 text=Prolog error.*broken off" 30 &&
    same 1 "$(grep -c "^waits " "$P/waits.log")" && tell kill $job - 1 0 1 && hear "^CLEAN $job\.1 failed=0" 30'
no_record() { until_true 30 "[ -z \"\$(ls $AGENT_DIR/run | grep -E \"^(pro|epi)log\")\" ]"; }
test_case "no record of them is left" 'no_record && agent_end'
test_case "an epilog whose agent is killed goes on, and is not run again" '
    rm -f "$P/go" && : > "$P/waits.log" && begin epilog=$P/waits-epilog && batch "exit 7" && said "^waits-epilog $job " && restart &&
    touch "$P/go" && over 0x700 30 && [[ $HEARD =~ clean=1 ]] && same 1 "$(grep -c . "$P/waits.log")"'
[ "$(id -u)" -eq 0 ] && owner="65534 65534 nobody" || owner="$(id -u) $(id -g) $(id -un)"
test_case "an agent that is started again knows whose job it is, though no step of it is left" '
    : > "$P/waits.log" && job=$((job + 1)) && tell user $owner && tell step $job 0 1 1 "$AGENT_DIR/work" -- /bin/true &&
    hear "^STATUS $job\.0\.1 state=2" 30 && restart && hear "^HAS $job\." && tell kill $job - 1 0 1 &&
    hear "^CLEAN $job\.1 failed=0" 30 && same "waits-epilog $job ${owner%% *} ${owner##* }" "$(cat "$P/waits.log")"'
test_case "and no record of that is left" 'no_record && agent_end'
program bad 'exit 3'
test_case "a prolog that fails refuses the launch and blames the node" '
    begin prolog=$P/bad epilog=$P/epilog && batch "touch $AGENT_DIR/ran" && hear "^LAUNCH $job\..* code=20.* drain=1 text=Prolog error.*exit code 3" &&
    sleep 0.2 && [ ! -e "$AGENT_DIR/ran" ]'
test_case "and its agent goes on" 'agent_end'
program slow 'sleep 20'
test_case "a prolog that hangs is ended at its limit" '
    begin prolog=$P/slow prolog_sec=1 && batch true && hear "^LAUNCH $job\..* drain=1 text=Prolog error.*longer than 1 s" && agent_end'
: > "$P/plain"
test_case "a prolog that is not executable refuses the launch" '
    begin prolog=$P/plain && batch true && hear "^LAUNCH $job\..* drain=1 text=Prolog error.*not an executable" && agent_end'
test_case "an epilog that fails is told after the job" '
    begin epilog=$P/bad && batch "exit 2" && over 0x200 && [[ $HEARD =~ clean=0 ]] &&
    hear "^CLEAN $job\.1 failed=1 text=Epilog error.*exit code 3" && agent_end'

freezer=$(awk '$3 == "cgroup" && $4 ~ /freezer/ {print $2; exit}' /proc/self/mounts)
if [ "$(id -u)" -eq 0 ] && [ -n "$freezer" ] && [ -w "$freezer" ]; then
        test_case "a process that cannot be ended is named, and the node blamed" '
        begin cgroup=v1 kill_wait=1 unkillable=2 && batch "sleep 100" && hear "^LAUNCH $job\." && sleep 0.2 &&
        frozen=$freezer/bramble.fake-$(printf %08x "$FAKE_PID").pi1 && echo FROZEN > $frozen/freezer.state && tell kill $job - 1 0 1 &&
        hear "^STATUS $job\..*state=2.* unkillable=1 .*could not be killed: [0-9]" 8 && hear "^CLEAN $job\.1 failed=1"'
    test_case "once thawed the node cleans itself" '
        echo THAWED > $frozen/freezer.state && until_true 8 "[ -z \"\$(ls $frozen | grep batch)\" ]" && agent_end'
    test_case "a run folder without space refuses the launch and blames the node; later it works again" '
        begin && mkdir -p "$AGENT_DIR/run/steps" && mount -t tmpfs -o size=64k,mode=711 none "$AGENT_DIR/run/steps" && agent_stop && agent_start &&
        hear "^REGISTER" 10 && head -c 60000 /dev/zero > "$AGENT_DIR/run/steps/ballast" &&
        batch "true $(head -c 9000 /dev/zero | tr "\0" x)" && hear "^LAUNCH $job\..* drain=1" && rm "$AGENT_DIR/run/steps/ballast" &&
        batch "exit 3" && over 0x300 && until_true 5 "[ -z \"\$(ls $AGENT_DIR/run/steps)\" ]"; r=$?
        agent_end; umount "$AGENT_DIR/run/steps" && rm -rf "$AGENT_DIR"; [ $r -eq 0 ]'
else
    test_skip "a process that cannot be ended is named" "needs root and a v1 freezer"
fi
rm -rf "$P"
