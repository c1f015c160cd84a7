#!/bin/bash
# limit: 150
# user: plain
# Steps of srun in and out of allocations: turns for cores, ends, texts and exit codes as users of Slurm know them.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

CLUSTER_CONF='kill_wait = 2;'
test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; squeue -t all; }
cd "$CLUSTER_DIR" || exit
unset SLURM_JOB_ID

# begun NAME: a task says that it runs by making the file
begun() { wait_for 20 test -e "$1"; }
# behind SIGNALS... -- COMMAND...: send an srun its signals once its task runs; $code, files out and err
behind() {
    local signals=()
    while [ "$1" != -- ]; do signals+=("$1"); shift; done
    shift
    rm -f up
    "$@" >out 2>err & local p=$!
    begun up || return
    for s in "${signals[@]}"; do case $s in [0-9]*) sleep "$s" ;; *) kill "-$s" $p ;; esac; done
    wait $p
    code=$?
}

# --- turns ---
test_case "steps of one allocation wait their turn for cores, and say so" '
    rm -f one && salloc -Q -n2 -N1 sh -c "srun --exact -n2 sh -c \": > one; sleep 1\" & while [ ! -e one ]; do sleep 0.05; done
        srun --exact -n1 echo mine; wait" >out 2>err &&
    expect mine "$(cat out)" &&
    grep -qE "^srun: Job [0-9]+ step creation temporarily disabled, retrying \(Requested nodes are busy\)$" err &&
    grep -qE "^srun: Step created for job [0-9]+$" err'
test_case "--immediate does not wait, --overlap need not" '
    rm -f one && salloc -Q -n2 -N1 sh -c "srun -n2 sh -c \": > one; sleep 1\" & while [ ! -e one ]; do sleep 0.05; done
        srun -I --exact -n1 echo no; echo \$?; srun --overlap -n1 echo beside; wait" >out 2>err
    expect "1 beside" "$(echo $(cat out))" && grep -q "Unable to create step for job [0-9]*: Requested nodes are busy" err'
test_case "a step that cannot be is refused in the words of Slurm" '
    salloc -Q -N1 -n2 -w n1 sh -c "srun -N2 true; srun -r5 true; srun -x n1 true; srun -w n2 true" 2>err
    grep -q "^srun: error: Only allocated 1 nodes asked for 2" err &&
    grep -q "^srun: error: --relative and SLURM_JOB_NUM_NODES option incompatible with count of allocated nodes (5+1>1)" err &&
    grep -q "^srun: error: Hostlist is empty!  Can.t run job." err &&
    grep -q "step for job [0-9]*: Requested node configuration is not available" err'

# --- ends ---
test_case "one interrupt shows the state, and changes nothing" '
    behind INT -- srun sh -c ": > up; sleep 1"; expect 0 $code &&
    grep -q "^srun: interrupt (one more within 1 sec to abort)$" err && grep -qE "^srun: StepId=[0-9]+\.0 task 0: running$" err'
test_case "two interrupts within a second end the step with KILL" '
    behind INT 0.3 INT -- srun sh -c "trap \"\" INT TERM; : > up; sleep 60 & wait; sleep 60"; expect 137 $code &&
    grep -qE "^srun: sending Ctrl-C to StepId=[0-9]+\.0$" err && grep -q "^srun: forcing job termination$" err &&
    ! grep -q "task 0: Killed" err'
test_case "with --disable-status one interrupt reaches the tasks and no more" '
    behind INT -- srun -X sh -c "trap \"echo got; exit 4\" INT; : > up; while :; do sleep 0.1; done"; expect 4 $code &&
    expect got "$(cat out)" && ! grep -q forcing err'
test_case "--quit-on-interrupt ends at the first one, SIGTERM and SIGQUIT at once" '
    behind INT -- srun --quit-on-interrupt sh -c "trap \"\" INT; : > up; sleep 60"; expect 137 $code &&
    behind TERM -- srun sh -c ": > up; exec sleep 60"; expect 137 $code && grep -q "task 0: Killed" err &&
    behind QUIT -- srun sh -c ": > up; exec sleep 60"; expect 137 $code && grep -q "^srun: Quit$" err'
test_case "a step that scancel names is killed, its srun says that it waits" '
    rm -f up; srun sh -c "trap \"\" TERM; : > up; sleep 60" 2>err & p=$!; begun up &&
    scancel "$(squeue -h -o %i).0" && { wait $p; expect 137 $?; } && grep -q "Job step aborted: Waiting up to 4 seconds" err &&
    grep -q "\*\*\* STEP [0-9]*\.0 ON n1 CANCELLED AT" err'
test_case "salloc tells as Slurm does how its command ended" '
    salloc -Q sh -c "exit 7"; expect 7 $? && { salloc -Q sh -c "kill -TERM \$\$"; expect 1 $?; } &&
    salloc -Q sh -c "kill -KILL \$\$"'
test_case "salloc whose terminal hangs up gives the allocation back" '
    behind HUP -- salloc sh -c ": > up; trap \"\" HUP; sleep 3"; expect 1 $code && grep -q "Relinquishing job allocation" err &&
    wait_for 10 eval "[ -z \"\$(squeue -h)\" ]"'

# --- words ---
test_case "--pty and files exclude each other; a bad limit is named" '
    ! srun --pty -o x true 2>err && grep -q "^srun: error: --error/--input/--output are incompatible with --pty" err &&
    ! srun --propagate=FOO true 2>err && expect "srun: error: --propagate=FOO is not valid." "$(tail -n1 err)"'

# --- programs around tasks ---
cat > tp <<'S'
#!/bin/sh
echo "export GIVEN=a b $SLURM_PROCID"
echo "unset TAKEN"
echo "print hello from $SLURM_PROCID"
echo "print"
echo "noise"
[ -z "$FAIL" ] || exit "$FAIL"
S
printf '#!/bin/sh\necho "$SLURM_PROCID $MARK" >> %s/ended\necho lost\necho told >&2\n' "$PWD" > te
chmod +x tp te
test_case "--task-prolog makes a task's environment and may end it" '
    TAKEN=1 srun -n2 -l --task-prolog="$PWD/tp" sh -c "echo \"\$GIVEN \${TAKEN-gone}\"" | sort > out &&
    expect "0: a b 0 gone|0: hello from 0|1: a b 1 gone|1: hello from 1|" "$(tr "\n" "|" < out)" &&
    { FAIL=3 srun --task-prolog="$PWD/tp" sh -c ": > never" 2>err; expect 3 $?; } && [ ! -e never ] &&
    grep -q "slurmstepd: error: --task-prolog failed status=3" err &&
    ! srun --task-prolog=tp true 2>err && grep -q "task_prolog is not fully qualified pathname" err'
test_case "--task-epilog runs after each task, whatever its end" '
    MARK=m srun -n2 --task-epilog="$PWD/te" sh -c "[ \$SLURM_PROCID = 0 ] || kill -KILL \$\$" >out 2>err; expect 137 $? &&
    expect "0 m|1 m|" "$(sort ended | tr "\n" "|")" && expect 2 "$(grep -c "^told$" err)" && expect "" "$(cat out)"'
test_case "a --task-epilog that stays is killed" '
    printf "#!/bin/sh\nsleep 300\n" > te2; chmod +x te2; SECONDS=0; srun --task-epilog="$PWD/te2" true 2>err &&
    [ $SECONDS -lt 200 ] && grep -q "TaskEpilog failed status=9" err'
test_case "--prolog and --epilog of srun run here, the second knows the step" '
    printf "#!/bin/sh\necho \$SLURM_SCRIPT_CONTEXT \$SLURM_STEP_ID \$SLURM_NTASKS \$*\n" > hook; chmod +x hook
    srun -n2 --prolog="$PWD/hook" --epilog="$PWD/hook" true x > out && expect "prolog_srun true x|epilog_srun 0 2 true x|" "$(tr "\n" "|" < out)"'
test_case "--wait-for-children lets what a task leaves behind finish" '
    srun --wait-for-children sh -c "(sleep 0.7; echo late) & exit 0" > out && expect late "$(cat out)" &&
    srun sh -c "(sleep 60; echo late) & exit 0" > out && expect "" "$(cat out)"'
test_case "--external-launcher runs beside a step that holds all cores" '
    rm -f up; salloc -Q -n2 -N1 sh -c "srun --exact -n2 sh -c \": > up; exec sleep 60\" & while [ ! -e up ]; do sleep 0.05; done
        srun --external-launcher -n1 printenv SLURM_CPUS_ON_NODE; kill \$!; wait" >out 2>err
    expect 2 "$(cat out)"'
test_case "--preserve-env leaves the counts alone, --threads bounds the calls, --slurmd-debug tells" '
    expect "7 3" "$(SLURM_NNODES=7 SLURM_NTASKS=3 srun -E -n1 sh -c "echo \$SLURM_NNODES \$SLURM_NTASKS" 2>/dev/null)" &&
    expect 2 "$(srun -T1 -N2 hostname | wc -l)" && srun --slurmd-debug=info true 2>err &&
    grep -q "^slurmstepd: task 0 ([0-9]*) started" err && grep -q "^slurmstepd: task 0 exited with exit code 0" err'

# --- sattach ---
test_case "sattach shows a running step from what is kept on, and its exit codes" '
    rm -f up go; srun -N2 -n3 sh -c "echo t\$SLURM_PROCID; : > up; while [ ! -e go ]; do sleep 0.1; done; echo end; exit \$SLURM_PROCID" >/dev/null 2>&1 & p=$!
    begun up && id=$(squeue -h -o %i) && sattach --layout $id.0 | grep -q "3 tasks, 2 nodes (n\[1-2\])" &&
    { sattach -l $id.0 >out 2>err & a=$!; } && { sattach --output-filter 1 $id.0 >one 2>/dev/null & b=$!; } &&
    wait_for 10 grep -q "2: t2" out && wait_for 10 grep -q t1 one && : > go && { wait $a; expect 2 $?; } && wait $b
    wait $p; expect "0: end|0: t0|1: end|1: t1|2: end|2: t2|" "$(sort out | tr "\n" "|")" && expect "t1 end" "$(echo $(cat one))" &&
    grep -q "^sattach: error: task 2 exited with exit code 2$" err'
test_case "sattach that leaves does not end the step; what is not there is refused" '
    rm -f up go; srun sh -c ": > up; while [ ! -e go ]; do sleep 0.1; done" & p=$!; begun up && id=$(squeue -h -o %i) &&
    { sattach $id.0 2>err & a=$!; } && sleep 0.5 && kill -TERM $a && { wait $a; expect 143 $?; } && grep -q detached err &&
    { sattach $id.7 2>err; expect 1 $?; } && grep -q "^sattach: error: Could not get job step info: Invalid job id specified" err &&
    ! sattach --output-filter 5 $id.0 2>err && : > go && wait $p && ! sattach $id 2>err && grep -q "Failed to parse stepid" err'

# --- sbcast ---
mkdir there && head -c 3000000 /dev/urandom > source && chmod 750 source && touch -d 2020-02-02 source
test_case "sbcast brings a file to the nodes, whole, with its mode, and asks before it replaces one" '
    salloc -Q -N1 -n1 sh -c "sbcast source there/a && sbcast source there/a; echo \$?; sbcast -fp source there/a; echo \$?" >out 2>err
    expect "17 0" "$(echo $(cat out))" && cmp source there/a && expect "750 2020" "$(stat -c "%a %y" there/a | cut -c1-8)" &&
    grep -q "^sbcast: error: REQUEST_FILE_BCAST(n1): File exists" err && expect a "$(ls -A there)"'
test_case "it follows no link that lies in the way, and leaves nothing when it fails" '
    echo mine > victim && ln -s "$PWD/victim" there/link &&
    salloc -Q -N1 -n1 sh -c "sbcast source there/link; echo \$?; sbcast -f source there/link; sbcast source /nonesuch/x; echo \$?" >out 2>err
    expect "17 2" "$(echo $(cat out))" && expect mine "$(cat victim)" && [ ! -L there/link ] && cmp source there/link &&
    expect "a link" "$(echo $(ls -A there))"'
test_case "a copy that breaks off leaves no part of a file, nor its node anything to do" '
    mkfifo pipe; head -c 60000000 /dev/zero > big
    salloc -Q -N2 sh -c "sbcast -s 4k big there/part & sleep 0.05; kill -TERM \$!; wait \$!" >/dev/null 2>&1
    wait_for 10 eval "[ -z \"\$(squeue -h)\" ]" && { [ ! -e there/part ] || cmp big there/part; } && rm -f big there/part &&
    expect "" "$(ls -A there | grep sbcast)"'
test_case "carriers are no steps: they take no number and no list shows them" '
    id=$(salloc -Q -N1 -n1 sh -c "sbcast -f source there/b; srun -n1 printenv SLURM_JOB_ID; srun -n1 printenv SLURM_STEP_ID" | tr "\n" " ") &&
    expect "1 " "${id#* }" && wait_for 10 eval "sacct -n -X -j ${id%% *} | grep -q COMPLETED" &&
    expect 3 "$(sacct -n -j ${id%% *} | wc -l)"'
test_case "sbcast without a job, without a file, with a folder is refused in the words of Slurm" '
    ! sbcast source x 2>err && grep -q "^sbcast: error: Need a job id to run this command" err &&
    { sbcast -j 1 nosuch x 2>err; expect 255 $?; } && grep -q "Can.t open .nosuch.: No such file or directory" err &&
    { sbcast -j 999999 source x 2>err; expect 255 $?; } && grep -q "Slurm job 999999 lookup error: Invalid job id specified" err &&
    ! sbcast -j 1 source there/ 2>err && grep -q "Target filename cannot be a directory" err'
test_case "srun --bcast runs the program that it brought, in a job of its own too" '
    srun -N2 --bcast="$PWD/there/prog" --send-libs --bcast-exclude=/nowhere sh -c "readlink /proc/\$\$/exe; echo \$LD_LIBRARY_PATH" > out &&
    expect 2 "$(grep -cx "$PWD/there/prog" out)" && grep -q "there/prog_libs" out && ls there/prog_libs | grep -q libc &&
    { srun -N1 --bcast="$PWD/there/prog" sh -c "exit 4" 2>/dev/null; expect 4 $?; } && wait_for 10 eval "[ -z \"\$(squeue -h)\" ]" &&
    ! srun -N1 --bcast=/nonesuch/x true 2>err && grep -q "srun: fatal: Failed to broadcast .*/true.\. Step launch aborted" err'

# --- steps that nobody watches ---
test_case "srun --async leaves its step to itself, swait waits for it and exits as it did" '
    salloc -Q -N1 -n2 sh -c "a=\$(srun --async --exact -n1 -o as.%s sh -c \"echo out; sleep 0.5; exit 3\")
        b=\$(srun --async --exact -n1 sh -c \"echo other\"); echo \$a \$b; swait \$a \$b; echo \$?; swait \$a; echo \$?
        srun --async --overlap -n1 sh -c \"sleep 0.5; kill -KILL \\\$\\\$\"; swait; echo \$?" >out 2>err
    id=$(sed -n "s/^StepId=\([0-9]*\).0 .*/\1/p" out) && expect "3 3 137" "$(echo $(grep -x "[0-9]*" out))" &&
    expect out "$(cat as.0)" && expect other "$(cat slurm-$id.1.out)" && grep -q "^swait: error: StepId=$id.0: Exited with exit code 3$" err'
test_case "an async step outside of an allocation has a job that ends with it" '
    step=$(srun --async sh -c "sleep 0.5; exit 2") && { swait $step 2>/dev/null; expect 2 $?; } &&
    wait_for 10 eval "[ -z \"\$(squeue -h)\" ]"'
test_case "swait gives up in time, and says what is not there" '
    step=$(srun --async sleep 60) && { swait -t1 $step 2>err; expect 124 $?; } && scancel ${step#*=} &&
    { swait $step 2>/dev/null; expect 137 $?; } && ! swait 999999.0 2>err && ! swait x 2>err && grep -q "Invalid job or step id" err'

# --- values ---
test_case "--export=NIL keeps everything of the caller back, a program that is nowhere is not found" '
    expect none "$(SEEN=1 SLURM_SEEN=1 srun --export=NIL /bin/sh -c "echo \${SEEN-none}\$SLURM_SEEN")" &&
    { PATH=$PATH:/root srun -n1 nosuchcommand 2>err; expect 2 $?; } && grep -q "execve(): nosuchcommand: No such file" err &&
    srun --test-only true 2>err && grep -q "srun: Job [0-9]* to start at" err'
test_case "srun -c in an allocation starts as many tasks as its CPUs allow" '
    expect 4 "$(salloc -Q -N2 -n2 -c2 --ntasks-per-node=1 env -u SLURM_NTASKS -u SLURM_NPROCS -u SLURM_NTASKS_PER_NODE srun -c1 echo x | wc -l)"'
test_case "a --multi-prog file with a task twice, or a range backwards, is refused" '
    printf "0-1 true\n1 false\n" > mp && ! srun -n2 --multi-prog mp 2>err && grep -q "Duplicate record for task 1" err &&
    printf "3-1 true\n" > mp && ! srun -n2 --multi-prog mp 2>err && grep -q "Invalid task range, 3-1" err'
