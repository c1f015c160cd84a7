#!/bin/bash
# limit: 150
# user: plain
# Daemons die and come back under running jobs.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
CLUSTER_CONF='node_timeout = 20; kill_wait = 2;'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
test_case "a cluster of two starts" 'cluster_start 2'
cd "$CLUSTER_DIR" || exit

test_case "a batch job outlives the SIGKILL of its agent" '
    id=$(sbatch --parsable -w n1 -o out.%j --wrap "for i in 1 2 3 4 5 6 7 8; do echo \$i; sleep 0.2; done; exit 4") &&
    job_wait $id RUNNING && wait_for 5 test -s out.$id && agent_kill n1 KILL && sleep 0.3 && agent_start n1 &&
    job_wait $id FAILED && expect_match "ExitCode=4:0" "$(scontrol show job $id)" &&
    expect "1 2 3 4 5 6 7 8 " "$(tr "\n" " " < out.$id)"'
test_case "the agent is found again within 5 s" 'node_wait idle 2 5'
test_case "the output of a step is whole although its agent was killed" '
    srun -w n1 -n2 sh -c "for i in \$(seq 300); do echo \$SLURM_PROCID \$i; sleep 0.005; done" > out & step=$!
    wait_for 5 test -s out && agent_kill n1 KILL && sleep 0.3 && agent_start n1 && wait $step &&
    expect 300 "$(grep -c "^0 " out)" && expect 300 "$(grep -c "^1 " out)"'
test_case "the tasks of a killed agent end when it is gone for a moment only" 'node_wait idle 2 10'
test_case "a job ends while the agent is away and is reported when it is back" '
    id=$(sbatch --parsable -w n2 -o begun --wrap "echo yes; sleep 0.7; exit 5") && wait_for 10 test -s begun &&
    agent_kill n2 KILL && sleep 1.2 && agent_start n2 && job_wait $id FAILED &&
    expect_match "ExitCode=5:0" "$(scontrol show job $id)"'
test_case "srun waits through a restart of the controller and returns the exit code" '
    node_wait idle 2 10; srun -n2 sh -c "sleep 2; exit 6" & step=$!
    sleep 0.7; ctld_kill KILL && ctld_start && { wait $step; expect 6 $?; }'
test_case "a batch job outlives the SIGKILL of the controller" '
    id=$(sbatch --parsable -o /dev/null --wrap "sleep 1.5; exit 9") && job_wait $id RUNNING &&
    ctld_kill KILL && sleep 0.3 && ctld_start && job_wait $id FAILED &&
    expect_match "ExitCode=9:0" "$(scontrol show job $id)"'
test_case "a job that ends while the controller is away is accounted when it is back" '
    id=$(sbatch --parsable -o /dev/null --wrap "sleep 0.6") && job_wait $id RUNNING &&
    ctld_kill KILL && sleep 1.2 && ctld_start && job_wait $id COMPLETED'
test_case "job ids go on after a restart" '
    next=$(sbatch --parsable -o /dev/null --wrap true) && [ "$next" -gt "$id" ] && job_wait $next COMPLETED'
test_case "a second controller on the same state folder refuses and names the first" '
    timeout 10 "$BRAMBLE_SBINDIR/bramblectld" -D -f "$BRAMBLE_CONF" --plugin-dir "$BRAMBLE_PLUGINDIR" 2>second
    [ $? -ne 0 ] && grep -q "$(ctld_pid)" second && scontrol ping'
# The controller's address, as hosts have it that reach it over the network alone.
controller=$(sed -n 's/^controller = "\(.*\)";/\1/p' "$BRAMBLE_CONF")
# Seconds for which sbatch, going by the port, takes to say that munged is at fault.
munge_blamed() {
    local begin=$SECONDS
    ! BRAMBLE_CONTROLLER=$controller timeout 30 sbatch -o /dev/null --wrap true 2>why && cat why && grep -qi munge why &&
        echo "after $((SECONDS - begin)) s" && [ $((SECONDS - begin)) -le $(($1 * PATIENCE)) ]
}
test_case "munged dead: commands fail within 5 s and say why; then all is well again" '
    pid_end "$(cat "$CLUSTER_DIR/pids/munged")" KILL && munge_blamed 5; blamed=$?
    munged_start && [ $blamed -eq 0 ] && srun -n1 true'
test_case "munged dead: on the controller's own host jobs are submitted and run" '
    pid_end "$(cat "$CLUSTER_DIR/pids/munged")" KILL
    id=$(sbatch --parsable -o /dev/null --wrap true) && job_wait $id COMPLETED; ran=$?
    munged_start && [ $ran -eq 0 ]'
test_case "munged that hangs: commands fail within 5 s and say why; then all is well again" '
    kill -STOP "$(cat "$CLUSTER_DIR/pids/munged")"; munge_blamed 5; blamed=$?
    kill -CONT "$(cat "$CLUSTER_DIR/pids/munged")"; [ $blamed -eq 0 ] && srun -n1 true'
test_case "SIGTERM ends the controller within 5 s" 'begin=$SECONDS; ctld_stop && [ $((SECONDS - begin)) -le $((5 * PATIENCE)) ]'
test_case "a clean restart changes nothing" 'ctld_start && node_wait idle 2 15 && srun -N2 true'
