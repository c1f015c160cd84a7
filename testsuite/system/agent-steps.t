#!/bin/bash
# agent-steps.t - what one agent and its shepherds do with the controller's orders: identity of a
# launch, streams, signals, ends, restarts.
# limit: 180
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/agent.sh"

agent_begin kill_wait=1 unkillable=3 || test_skip_all "no agent can be started here"
W=$AGENT_DIR/work
mkdir "$W"
chmod 777 "$W"
job=100
script() { printf '#!/bin/sh\n%s\n' "$1" > "$AGENT_DIR/script"; }
# batch TEXT [WORDS]: a new job
batch() {
    job=$((job + 1))
    script "$1"
    shift
    tell batch $job 1 "$AGENT_DIR/script" "$W" "$@"
}
# step TASKS TEXT [WORDS]: a new job's step, and be its srun
step() {
    job=$((job + 1))
    printf '%s\n' "$2" > "$AGENT_DIR/program"
    ATT=$AGENT_DIR/att.$job
    tell step $job 0 1 "$1" "$W" "${@:3}" -- sh "$AGENT_DIR/program"
    hear "^LAUNCH $job\.0\.1 code=0" && tell attach $job 0 1 "$ATT" $INPUT
}
over() { hear "^STATUS $job\.[0-9]*\.1 state=2 exit=$1 " "${2:-5}"; }
same() { [ "$1" = "$2" ] || { printf 'wanted: %s\n   got: %s\n' "$1" "$2"; return 1; }; }

test_case "a batch script runs in its folder with its output in slurm-JOB.out" '
    batch "echo \$SLURM_JOB_ID; pwd; echo bad >&2; exit 3" && hear "^LAUNCH $job\." && over 0x300 &&
    [[ $HEARD =~ clean=1 ]] && same "$job $W bad" "$(tr "\n" " " < "$W/slurm-$job.out" | sed "s/ $//")"'
test_case "file name patterns are expanded, with a width for numbers" '
    batch "echo x; echo y >&2" out=o-%x-%6j-%N-%%.txt err=e.%j && over 0x0 &&
    same x "$(cat "$W/o-test-000$job-pi1-%.txt")" && same y "$(cat "$W/e.$job")"'
test_case "an output file that cannot be opened fails the job as Slurm does" '
    batch "echo x" out=/nonexistent/x && over 0x35 && [[ $HEARD =~ "Could not open stdout file" ]]'
test_case "a working folder that is missing becomes /tmp, with a message" '
    job=$((job + 1)) && script "pwd" &&
    tell batch $job 1 "$AGENT_DIR/script" /nonexistent out=$W/m.$job && over 0x0 &&
    grep -q "couldn.t chdir to ./nonexistent.: No such file or directory: going to /tmp instead" "$W/m.$job" &&
    same /tmp "$(tail -n1 "$W/m.$job")"'
test_case "a script without its interpreter ends with the errno as exit code" '
    job=$((job + 1)) && printf "#!/no/such/shell\n" > "$AGENT_DIR/script" &&
    tell batch $job 1 "$AGENT_DIR/script" "$W" && over 0x200 && grep -q "execve()" "$W/slurm-$job.out"'
test_case "limits and umask are the job's" '
    batch "umask; ulimit -n; ulimit -c" umask=027 limit:NOFILE=77 limit:CORE=0 && over 0x0 &&
    same "0027 77 0" "$(tr "\n" " " < "$W/slurm-$job.out" | sed "s/ $//")"'
test_case "a task has descriptors 0, 1 and 2 only, and default signals" '
    batch "ls -l /proc/self/fd | grep -c /; grep -E \"Sig(Ign|Blk)\" /proc/self/status | cut -f2 | sort -u" && over 0x0 &&
    same 0000000000000000 "$(tail -n1 "$W/slurm-$job.out")"'
test_case "the same launch twice starts once and is answered twice" '
    rm -f "$W/count" && batch "echo x >> $W/count; sleep 0.5" && tell batch $job 1 "$AGENT_DIR/script" "$W" &&
    hear "^LAUNCH $job\..* code=0" && tell batch $job 1 "$AGENT_DIR/script" "$W" &&
    hear "^LAUNCH $job\..* code=0" && over 0x0 && same 1 "$(wc -l < "$W/count")"'
test_case "a launch of an attempt that has ended is refused" '
    tell batch $job 1 "$AGENT_DIR/script" "$W" && hear "^LAUNCH $job\..* code=20[0-9][0-9]" && sleep 0.2 &&
    same 1 "$(wc -l < "$W/count")"'
test_case "a launch that comes after the end of its job was ordered is refused" '
    job=$((job + 1)) && script "echo x > $W/late" && tell kill $job - 1 0 && hear "^CLEAN $job\.1 failed=0" &&
    tell batch $job 1 "$AGENT_DIR/script" "$W" && hear "^LAUNCH $job\..* code=20" && [ ! -e "$W/late" ]'
test_case "an end that is not acknowledged is told again, and once acknowledged forgotten" '
    tell hold && batch "true" && over 0x0 && over 0x0 8 && tell ack && over 0x0 8 &&
    until_true 3 "[ -z \"\$(ls $AGENT_DIR/run/steps)\" ]"'
test_case "two kills of a job end it once, with its message on the job's stderr" '
    batch "sleep 100" && hear "^LAUNCH $job\." && sleep 0.1 &&
    tell kill $job - 1 0 5 CANCELLED AT 2026-01-01T00:00:00 && tell kill $job - 1 0 5 CANCELLED AT 2026-01-01T00:00:00 &&
    over 0xf && [[ $HEARD =~ killed=1 ]] && hear "^CLEAN $job\.1 failed=0" &&
    same "slurmstepd: error: *** JOB $job ON pi1 CANCELLED AT 2026-01-01T00:00:00 ***" "$(cat "$W/slurm-$job.out")"'
test_case "a job that ignores TERM is killed after kill_wait" '
    batch "trap \"\" TERM; sleep 100 & wait; sleep 100" && hear "^LAUNCH $job\." && sleep 0.2 &&
    tell kill $job - 1 0 1 && over 0x9 4 && hear "^CLEAN $job\.1"'
test_case "processes that double-fork and start sessions end with their job" '
    batch "setsid sh -c \"(setsid sleep 7777 &)\"; (sleep 7777 &) ; sleep 0.1" && over 0x0 && ! pgrep -f "sleep 7777" '
test_case "a signal reaches every process of the step" '
    batch "trap \"echo got; exit 7\" USR1; while :; do sleep 0.05; done" && hear "^LAUNCH $job\." && sleep 0.2 &&
    tell kill $job 4294967291 1 10 && over 0x700 && grep -q got "$W/slurm-$job.out"'
test_case "standard output and error of a step reach srun, per task" '
    step 2 "echo o\$SLURM_PROCID; echo e\$SLURM_PROCID >&2; exit \$SLURM_PROCID" && over 0x100 &&
    same "o0 o1 e0 e1" "$(cat "$ATT"/out.0 "$ATT"/out.1 "$ATT"/err.0 "$ATT"/err.1 | tr "\n" " " | sed "s/ $//")" &&
    same "0 0x0,1 0x100" "$(sort "$ATT/exits" | paste -sd,)"'
test_case "a task that writes 10 MB and exits at once loses nothing" '
    step 1 "head -c 10000000 /dev/zero | tr \"\\\\0\" x" && over 0x0 20 &&
    same "$(head -c 10000000 /dev/zero | tr "\0" x | cksum)" "$(cksum < "$ATT/out.0")"'
test_case "standard input reaches the tasks whole" '
    head -c 3000000 /dev/urandom > "$AGENT_DIR/input" && INPUT=$AGENT_DIR/input && step 2 "cat" && over 0x0 20; INPUT= ;
    cmp "$AGENT_DIR/input" "$ATT/out.0" && cmp "$AGENT_DIR/input" "$ATT/out.1"'
test_case "a client that comes before its step is kept for it" '
    job=$((job + 1)) && ATT=$AGENT_DIR/att.$job && tell attach $job 0 1 "$ATT" && sleep 0.2 &&
    tell step $job 0 1 1 "$W" -- echo early && over 0x0 && same early "$(cat "$ATT/out.0")"'
test_case "an srun that was cut off gets what it had not got, no more and no less" '
    step 2 "i=0; while [ \$i -lt 1500 ]; do echo \$SLURM_PROCID.\$i; i=\$((i + 1)); [ \$((i % 300)) -gt 0 ] || sleep 0.1; done" &&
    until_true 5 "[ -s $ATT/out.1 ]" && tell detach && hear "^DETACHED" && n=$(cat "$ATT"/out.* | wc -c) &&
    tell attach $job 0 1 "$ATT" resume=$n && over 0x0 10 &&
    for t in 0 1; do same "$(seq -f $t.%.0f 0 1499 | cksum)" "$(cksum < "$ATT/out.$t")" || return; done'
test_case "one who was cut off before the last bytes arrived is sent them again" '
    step 1 "echo one two three; sleep 0.5; echo four" && until_true 5 "[ -s $ATT/out.0 ]" && tell detach &&
    hear "^DETACHED" && truncate -s 8 "$ATT/out.0" && tell attach $job 0 1 "$ATT" resume=8 && over 0x0 10 &&
    same "one two three four" "$(tr "\n" " " < "$ATT/out.0" | sed "s/ $//")"'
test_case "one who watches gets what is kept, and neither holds nor ends the step" '
    step 1 "echo before; sleep 0.7; echo after" && until_true 5 "[ -s $ATT/out.0 ]" &&
    tell attach $job 0 1 "$ATT.w" watch && over 0x0 10 && until_true 5 "[ -s $ATT.w/done ]" &&
    same "before after" "$(echo $(cat "$ATT.w/out.0"))" && same "before after" "$(echo $(cat "$ATT/out.0"))"'
test_case "a program that is not there is said on stderr, with exit code 2" '
    job=$((job + 1)) && ATT=$AGENT_DIR/att.$job && tell step $job 0 1 1 "$W" -- no-such-program &&
    tell attach $job 0 1 "$ATT" && over 0x200 && grep -q "execve(): no-such-program: No such file or directory" "$ATT/err.0"'
test_case "a bad exit ends the step with a message that names task and node" '
    step 3 "[ \$SLURM_PROCID = 1 ] && exit 9; sleep 100" kill_bad=1 && hear "^STATUS $job\.0\.1 state=1 .*aborted=1" &&
    over 0xf 4 && grep -q "pi1: task 1 exited with exit code 9" "$ATT/text"'
test_case "a step whose srun is gone is ended" '
    step 1 "sleep 100" && hear "^ATTACHED" && tell detach && over 0xf 20'
test_case "a pty is a terminal of the size given, and hangs up" '
    job=$((job + 1)) && ATT=$AGENT_DIR/att.$job && tell step $job 0 1 1 "$W" pty=1 -- sh -c "tty&&stty\${IFS}size" &&
    tell attach $job 0 1 "$ATT" && over 0x0 && grep -q /dev/pts/ "$ATT/out.0" && grep -q "24 80" "$ATT/out.0"'
test_case "tasks are bound to the cores that were given" '
    step 2 "grep Cpus_allowed_list /proc/self/status | cut -f2" cores=0-1 && over 0x0 &&
    { [ "$(nproc)" -lt 2 ] || [ "$(cat "$ATT/out.0")" != "$(cat "$ATT/out.1")" ]; }'
test_case "--cpu-bind=none leaves the tasks unbound, and nonsense is refused" '
    step 1 "grep Cpus_allowed_list /proc/self/status | cut -f2" cores=0 bind=none && over 0x0 && job=$((job + 1)) &&
    tell step $job 0 1 1 "$W" bind=frogs -- true && hear "^LAUNCH $job\.0\.1 code=20.*frogs"'
test_case "an agent that is killed and started again finds its steps, whole" '
    batch "sleep 1.5; echo done; exit 5" && b=$job && step 1 "sleep 1.5; seq 1 1000; exit 6" && hear "^ATTACHED" &&
    agent_stop KILL && hear "^GONE" && agent_start && hear "^REGISTER.*steps=2" 10 && over 0x600 8 &&
    same "$(seq 1 1000 | cksum)" "$(cksum < "$ATT/out.0")" && grep -q done "$W/slurm-$b.out" &&
    tail -n 40 "$AGENT_DIR/said" | grep -q "^STATUS $b\..*exit=0x500.*clean=1"'
test_case "a step that ends while no agent is there is reported later" '
    batch "sleep 0.5; exit 4" && hear "^LAUNCH $job\." && agent_stop KILL && sleep 1 && agent_start &&
    hear "^HAS $job\." 10 && over 0x400'
test_case "a shepherd that is killed fails its step and leaves no process" '
    batch "sleep 7778 & sleep 7778" && hear "^LAUNCH $job\." && sleep 0.2 &&
    kill -KILL $(pgrep -P $AGENT_PID) && over 0x100 6 && [[ $HEARD =~ "bramblestepd" ]] && ! pgrep -f "sleep 7778"'
test_case "a step whose shepherd died with the agent is reported and cleared" '
    batch "sleep 7779 & sleep 7779" && hear "^LAUNCH $job\." && sleep 0.2 && p=$(pgrep -P $AGENT_PID) &&
    agent_stop KILL && kill -KILL $p && agent_start && over 0x100 10 && ! pgrep -f "sleep 7779"'
test_case "the connection to the controller may break: nothing changes" '
    batch "sleep 1; exit 8" && hear "^LAUNCH $job\." && tell drop && hear "^REGISTER.*steps=1" 10 && over 0x800'
if [ "$(id -u)" -eq 0 ]; then
    test_case "as root, a job has exactly its owner's identity" '
        tell user 12345 12346 bob 12346 500 60000 &&
        batch "grep -E \"^(Uid|Gid|Groups|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)\" /proc/self/status | tr -s \" \\t\" \" \"; id -u; ls -ln \$0" out=$W/id.%j &&
        over 0x0 && cat "$W/id.$job" && grep -q "^Uid: 12345 12345 12345 12345" "$W/id.$job" &&
        grep -q "^Gid: 12346 12346 12346 12346" "$W/id.$job" && grep -q "^Groups: 500 12346 60000 *$" "$W/id.$job" &&
        same 4 "$(grep -c "^Cap.*: 0000000000000000" "$W/id.$job")" && grep -q -- "-r-x------ 1 12345" "$W/id.$job" &&
        same "12345" "$(stat -c %u "$W/id.$job")"'
    test_case "as root, stdio of a step belongs to the user" '
        step 1 "echo again > /dev/stdout; id -u" && over 0x0 && same "again 12345" "$(tr "\n" " " < "$ATT/out.0" | sed "s/ $//")"'
    tell user 0 0 root
fi
test_case "nothing is left of all that" 'agent_end'
