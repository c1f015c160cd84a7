#!/bin/bash
# limit: 90
# user: plain
# Dependencies between jobs, arrays and tasks, as they are given, shown, changed and kept over a restart.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 4 "$CLUSTER_DIR"/log/*; squeue -t all -o "%i %t %r %E" | head -30; }
cd "$CLUSTER_DIR" || exit
submit() { sbatch --parsable -o /dev/null "$@"; }
shown() { squeue -h -t all -j "$1" -o "%E %r"; }
waits() { shown "$1" | grep -q Dependency; }

test_case "each condition is shown as Slurm shows it" '
    a=$(submit --wrap "sleep 60") && arr=$(submit -a 0-3 --wrap "sleep 60") && job_wait $a RUNNING &&
    for d in afterok:$a afterany:$a,afternotok:$a "afterok:$a?afterok:$a" after:$a+5 singleton; do
        id=$(submit -d "$d" -J wrap --wrap true) && echo "$d" "$(squeue -h -j $id -o %E)" >> got && scancel $id || break
    done &&
    expect "afterok:$a afterok:$a(unfulfilled)|afterany:$a,afternotok:$a afterany:$a(unfulfilled),afternotok:$a(unfulfilled)|afterok:$a?afterok:$a afterok:$a(unfulfilled)?afterok:$a(unfulfilled)|after:$a+5 after:$a+5(unfulfilled)|singleton singleton(unfulfilled)|" "$(tr "\n" "|" < got)"'
test_case "an array is named with a star, tasks with their number" '
    id=$(submit -d afterok:${arr}_*:${arr}_2,afternotok:$arr --wrap true) &&
    expect "afterok:${arr}_*(unfulfilled),afterok:${arr}_2(unfulfilled),afternotok:${arr}_*(unfulfilled)" "$(squeue -h -j $id -o %E)" &&
    expect_match "Dependency=afterok:${arr}_\*\(unfulfilled\)" "$(scontrol -o show job $id)" && scancel $id'
test_case "what cannot be meant is refused with the reason" '
    ! submit -d afterburstbuffer:$a --wrap true 2>e && grep -q "burst buffers" e && ! submit -d expand:$a --wrap true 2>e && grep -q expand e &&
    ! submit -d "afterok:$a,afterany:$a?after:$a" --wrap true 2>e && grep -q "mixes" e && ! submit -d foo:1 --wrap true 2>e && grep -q "Job dependency problem" e'
test_case "a bare number is afterany, a job that is gone holds nobody up" '
    id=$(submit -d $a --wrap true) && expect "afterany:$a(unfulfilled)" "$(squeue -h -j $id -o %E)" && id=$(submit -d afterok:999999 --wrap true) && job_wait $id COMPLETED'
test_case "a dependency can be changed and taken back" '
    id=$(submit -d afterok:$a --wrap true) && scontrol update jobid=$id dependency=afterany:${arr}_1 && expect "afterany:${arr}_1(unfulfilled)" "$(squeue -h -j $id -o %E)" &&
    scontrol update jobid=$id dependency= && job_wait $id COMPLETED'
test_case "aftercorr starts each task after its partner" '
    one=$(submit -a 0-2 --wrap "while [ ! -e go.\$SLURM_ARRAY_TASK_ID ]; do sleep 0.05; done; exit \$((SLURM_ARRAY_TASK_ID / 2))") &&
    two=$(submit -a 0-2 -d aftercorr:$one --wrap "echo \$SLURM_ARRAY_TASK_ID >> partners") && expect "${two}_[0-2] " "$(squeue -h -j $two -o %i | tr "\n" " ")" &&
    touch go.1 && wait_for 10 grep -qx 1 partners && touch go.0 && wait_for 10 grep -qx 0 partners && touch go.2 &&
    wait_for 10 eval "shown ${two}_2 | grep -q \"failed.*DependencyNeverSatisfied\"" && expect "1 0 " "$(tr "\n" " " < partners)"'
test_case "a job whose dependency failed is cancelled when it asks for that" '
    bad=$(submit --wrap "sleep 0.3; exit 1") && id=$(submit -d afterok:$bad --kill-on-invalid-dep=yes --wrap true) &&
    keep=$(submit -d afterok:$bad --wrap true) && job_wait $id CANCELLED && expect_match "DependencyNeverSatisfied" "$(shown $keep)"'
test_case "dependencies outlive the controller" '
    x=$(submit -a 0-1 --wrap "while [ ! -e on ]; do sleep 0.05; done") && y=$(submit -d afterok:$x --wrap true) &&
    z=$(submit -J alone --wrap "while [ ! -e on ]; do sleep 0.05; done") && s=$(submit -J alone -d singleton --wrap true) &&
    ctld_kill KILL && ctld_start && waits $y && waits $s && touch on && job_wait $y COMPLETED && job_wait $s COMPLETED'
scancel --me
cluster_stop
