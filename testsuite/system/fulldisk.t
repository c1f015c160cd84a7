#!/bin/bash
# limit: 100
# needs: root boards
# A state folder whose file system is full: new work is refused with the reason, what runs goes on and
# ends, and once there is space all is well by itself.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
CLUSTER_CONF='kill_wait = 2;'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; df "$CLUSTER_DIR/state"; }
mkdir -m 700 "$CLUSTER_DIR/state" && mount -t tmpfs -o size=24m,mode=700 state "$CLUSTER_DIR/state" ||
    test_skip_all "no small file system can be mounted here"
core='synthetic:Package:1 Core:4 PU:1'
test_case "two boards come up on a small disk" 'cluster_start_boards "d1 pi4 2000 $core
d2 pi4 2000 $core"'
cd "$CLUSTER_DIR" || exit

fill() { head -c 100000000 /dev/zero > state/ballast 2>/dev/null; [ "$(df --output=avail -k state | tail -1)" -lt 64 ]; }
# Submissions of big scripts, each another, use up what was reserved ahead.
head -c 700000 /dev/zero | tr '\0' '#' > filler
: > ids
refused() {
    local i
    for ((i = 0; i < 40; i++)); do
        { echo "#!/bin/sh"; echo "# $i"; cat filler; echo; echo true; } > big.sh
        timeout 20 sbatch --parsable -H -o /dev/null big.sh >> ids 2> why || return 0
    done
    echo "40 were taken"
    return 1
}
test_case "a full disk refuses new work, and says why" '
    run=$(sbatch --parsable -o /dev/null --wrap "sleep 4; exit 7") && job_wait $run RUNNING && fill && refused &&
    cat why && grep -qi "space" why'
test_case "squeue answers, and no node is lost" 'timeout 5 squeue >/dev/null && ! sinfo -h -o %T | grep -q down'
test_case "a job that runs ends meanwhile" 'job_wait $run FAILED 20 && expect_match "ExitCode=7:0" "$(scontrol show job $run)"'
test_case "5 s after there is space work is taken again, and runs" '
    rm state/ballast && begin=$SECONDS &&
    wait_for 8 eval "id=\$(timeout 20 sbatch --parsable -o /dev/null --wrap true 2>/dev/null)" && [ $((SECONDS - begin)) -le $((6 * PATIENCE)) ] &&
    job_wait $id COMPLETED'
test_case "what was acknowledged is there after a crash" '
    ctld_kill KILL && ctld_start && squeue -h -t all -o %i | sort > there && sort ids > want &&
    expect "" "$(comm -13 there want)" && expect_match "ExitCode=7:0" "$(scontrol show job $run)" &&
    scancel --me && srun -n1 true'
ctld_stop
