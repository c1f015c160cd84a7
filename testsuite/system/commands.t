#!/bin/bash
# limit: 150
# user: plain
# sbatch, srun, salloc and scancel on a real cluster: streams, signals, files, waiting, restarts.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; squeue -t all; }
cd "$CLUSTER_DIR" || exit
unset SLURM_JOB_ID

# --- sbatch ---
cat > script <<'S'
#!/bin/sh
#SBATCH --job-name="two words" --output=%x.%j --ntasks=2
#SBATCH --comment=x # the rest of the line is a comment -n 9
echo "$SLURM_JOB_NAME $SLURM_NTASKS $*"
#SBATCH --ntasks=7
S
test_case "directives, variables and the command line override each other in that order" '
    id=$(SBATCH_COMMENT=y sbatch --parsable script a "b c") && job_wait $id COMPLETED &&
    expect "two words 2 a b c" "$(cat "two words.$id")" &&
    id=$(SBATCH_JOB_NAME=env sbatch --parsable -n1 script) && job_wait $id COMPLETED &&
    expect "env 1 " "$(cat env.$id)"'
test_case "a script may come from standard input" '
    id=$(printf "#!/bin/sh\nexit 4\n" | sbatch --parsable -o /dev/null) && job_wait $id FAILED'
test_case "--export chooses the job's variables" '
    export KEPT=1 LEFT=2 &&
    id=$(sbatch --parsable -o exp --export=KEPT,ADDED="a b" --wrap "echo \$KEPT-\$LEFT-\$ADDED") &&
    job_wait $id COMPLETED && expect "1--a b" "$(cat exp)"'
test_case "--test-only says when and submits nothing" '
    before=$(squeue -h -t all | wc -l) && sbatch --test-only --wrap true 2>e &&
    expect_match "^sbatch: Job [0-9]+ to start at .* using [0-9]+ processors on nodes n[12] in partition all$" "$(cat e)" &&
    expect "$before" "$(squeue -h -t all | wc -l)"'
test_case "sbatch --wait follows its job over a restart of the controller" '
    (sbatch -W -o /dev/null --wrap "sleep 2; exit 5" >/dev/null; echo $? > waited) & p=$!
    sleep 0.7 && ctld_kill KILL && ctld_start && wait $p; expect 5 "$(cat waited)"'

# --- srun ---
test_case "much output arrives whole from every task" '
    srun -N2 -n4 sh -c "yes 0123456789 | head -n 200000" > many && expect 800000 "$(grep -cx 0123456789 many)"'
test_case "labelled lines are never mixed" '
    srun -n8 -O -l sh -c "for i in 1 2 3 4 5 6 7 8 9; do printf some; printf \" text\n\"; done" > lines &&
    expect 72 "$(grep -cxE "[0-7]: some text" lines)"'
test_case "one task may be fed and shown alone" '
    expect "1: alone" "$(echo alone | srun -n2 -l -i 1 cat)" &&
    expect "1: shown" "$(srun -n2 -l -o 1 echo shown)"'
test_case "files are opened by srun, patterns by the tasks" '
    srun -n2 -o one.%j echo x && expect 2 "$(cat one.* | wc -l)" &&
    srun -n2 -N2 -o each.%t sh -c "echo \$SLURM_PROCID" && expect "0 1" "$(cat each.0) $(cat each.1)"'
test_case "signals of tasks are named and make the exit code" '
    srun -n1 sh -c "kill -SEGV \$\$" 2>e; expect 139 $? && expect_match "n[12]: task 0: Segmentation fault" "$(cat e)"'
test_case "--kill-on-bad-exit ends the other tasks" '
    SECONDS=0; srun -n2 -N2 -K sh -c "[ \$SLURM_PROCID = 0 ] && exit 3; exec sleep 300" 2>e
    [ $? -ne 0 ] && [ $SECONDS -lt 100 ] && grep -q "task 0: Exited with exit code 3" e'
test_case "--wait ends what outlives the first task" '
    SECONDS=0; srun -n2 -W1 sh -c "[ \$SLURM_PROCID = 0 ] || exec sleep 300" 2>e
    [ $SECONDS -lt 100 ] && grep -q "First task exited 1s ago" e'
test_case "two interrupts end a step and leave nothing" '
    srun -n2 sleep 4343 2>e & p=$!; sleep 0.7; kill -INT $p; sleep 0.3; kill -INT $p; wait $p
    [ $? -ne 0 ] && grep -q "tasks 0-1: running" e && grep -q "sending Ctrl-C to StepId" e && ! pgrep -f "^sleep 4343"'
test_case "an srun that is killed takes its step with it" '
    srun -n1 sleep 4444 2>/dev/null & p=$!; sleep 0.7; kill -KILL $p; wait $p 2>/dev/null
    wait_for 30 eval "! pgrep -f \"^sleep 4444\" >/dev/null"'
test_case "a reader that leaves ends the writers" 'SECONDS=0; srun -n2 yes 2>/dev/null | head -n 1 >/dev/null; [ $SECONDS -lt 100 ]'
test_case "task 0 gets a terminal with --pty" '
    script -qec "srun --pty sh -c \"test -t 0 && test -t 1 && tty\"" /dev/null </dev/null | grep -q /dev/pts'
printf '0 echo zero %%t\n1-2 echo others %%t %%o\n' > programs
test_case "--multi-prog gives each task its program" '
    expect "0: zero 0 1: others 1 0 2: others 2 1 " "$(srun -l --multi-prog programs | sort | tr "\n" " ")"'
test_case "srun carries on over a restart of the controller while its tasks run" '
    (srun -N2 sh -c "sleep 2; exit \$((SLURM_PROCID + 6))" 2>/dev/null; echo $? > code) & p=$!
    sleep 0.8 && ctld_kill KILL && ctld_start && wait $p; expect 7 "$(cat code)"'
test_case "srun carries on over a restart of the controller while it waits" '
    node_wait idle 2 && id=$(sbatch --parsable --exclusive -N2 -o /dev/null --wrap "sleep 2") && job_wait $id RUNNING &&
    (srun -n1 sh -c "exit 8" 2>/dev/null; echo $? > code) & p=$!
    sleep 0.8 && ctld_kill KILL && ctld_start && wait $p; expect 8 "$(cat code)"'
test_case "srun waits for a controller that is down for a moment" '
    node_wait idle 2 && ctld_kill KILL && { (srun -n1 echo there > out) & p=$!; sleep 1; ctld_start && wait $p; } &&
    expect there "$(cat out)"'
test_case "the launchers are listed" 'srun --mpi=list > list 2>&1 && grep -q none list && grep -q pmi2 list'

# --- salloc ---
test_case "salloc exits with its command's code and gives the nodes back" '
    salloc -N2 sh -c "exit 6" 2>e; expect 6 $? && grep -q "Granted job allocation" e &&
    grep -q "Relinquishing job allocation" e && node_wait idle 2 5'
test_case "mpirun's kind of srun is obeyed to the byte" '
    salloc -N2 --ntasks-per-node=2 sh -c "SLURM_CPU_BIND=none srun --ntasks-per-node=1 --kill-on-bad-exit --mpi=none \
        --nodes=1 --nodelist=n2 --ntasks=1 sh -c '\''echo \$SLURMD_NODENAME \"\$1\"'\'' x '\''\"a;b\"'\''" 2>/dev/null > got &&
    expect "n2 \"a;b\"" "$(cat got)"'
test_case "an allocation that is cancelled is told" '
    (salloc -n1 -J lost sleep 3 2>e; true) & p=$!; sleep 0.7; scancel -n lost && wait $p; grep -q "has been revoked" e'
test_case "-I does not wait" '
    id=$(sbatch --parsable --exclusive -N2 -o /dev/null --wrap "sleep 20") && job_wait $id RUNNING &&
    { SLURM_EXIT_IMMEDIATE=9 srun -I -n1 true 2>e; expect 9 $?; } &&
    { salloc -I -n1 true 2>e; expect 1 $?; } && expect "$id" "$(squeue -h -o %i)" && scancel $id'

# --- scancel ---
test_case "scancel chooses by name, state and user, and is silent about what is gone" '
    a=$(sbatch --parsable -H -J one -o /dev/null --wrap true) && b=$(sbatch --parsable -H -J two -o /dev/null --wrap true) &&
    scancel -n one -t PD -u $(id -un) && job_wait $a CANCELLED && expect PENDING "$(job_state $b)" && scancel --me &&
    job_wait $b CANCELLED && expect "" "$(scancel $b 99999 2>&1)"'
test_case "a signal reaches the steps, and with --batch the script" '
    id=$(sbatch --parsable -o got.sig --wrap "trap \"echo script; exit 0\" USR1; srun sh -c \"trap \\\"echo step; exit 0\\\" USR1; while :; do sleep 0.1; done\" & while :; do wait; sleep 0.1; done") &&
    job_wait $id RUNNING && sleep 1 && scancel -s USR1 $id && wait_for 5 grep -q step got.sig && ! grep -q script got.sig &&
    scancel -s USR1 -b $id && job_wait $id COMPLETED && grep -q script got.sig'
test_case "scontrol shows where the script was, and its arguments" '
    printf "#!/bin/sh\ntrue\n" > here.sh &&
    command_of() { scontrol show job "$1" | sed -n "s/^ *Command=//p"; } &&
    expect "$PWD/here.sh" "$(command_of "$(sbatch --parsable -H here.sh)")" &&
    expect "$PWD/./here.sh a b" "$(command_of "$(sbatch --parsable -H ./here.sh a b)")" &&
    expect "(null)" "$(command_of "$(sbatch --parsable -H < here.sh)")" &&
    expect "(null)" "$(command_of "$(sbatch --parsable -H --wrap true)")" && scancel --me'
test_case "a step is ended alone" '
    id=$(sbatch --parsable -o /dev/null --wrap "srun sleep 60; exit 9") && job_wait $id RUNNING &&
    wait_for 5 eval "squeue -h -s -j $id -o %i | grep -qx $id.0" && scancel $id.0 && job_wait $id FAILED &&
    expect_match "ExitCode=9:0" "$(scontrol show job $id)"'
