#!/bin/bash
# limit: 150
# needs: boards
# Who falls silent without a word of goodbye: agents that hang, clients that die or are cut off.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
CLUSTER_CONF='node_timeout = 3; interactive_timeout = 1; kill_wait = 2;'
core='synthetic:Package:1 Core:4 PU:1'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
test_case "three boards come up" '
    cluster_start_boards "p1 pi4 2000 $core
p2 pi4 2000 $core
p3 pi4 2000 $core"'
cd "$CLUSTER_DIR" || exit
mkdir -m 1777 share
cd share || exit

test_case "an agent that hangs while it has work is down after node_timeout" '
    id=$(sbatch --parsable -w p1 -o out.%j --wrap "sleep 6; echo whole; exit 3") && job_wait $id RUNNING &&
    agent_kill p1 STOP && node_wait "down.*" 1 7 && grep -q "its agent has said nothing for" ../log/bramblectld'
test_case "when it comes to itself it is back, and its job was not disturbed" '
    agent_kill p1 CONT && node_wait "\(idle\|mixed\|allocated\)" 3 10 && job_wait $id FAILED 20 &&
    expect_match "ExitCode=3:0" "$(scontrol show job $id)" && expect whole "$(cat out.$id)"'
test_case "an agent that has nothing to do is asked nothing, and stays up" 'sleep 4; node_wait idle 3 1'
test_case "a launch that a hung agent does not take is noticed" '
    agent_kill p2 STOP && id=$(sbatch --parsable --no-requeue -w p2 -o /dev/null --wrap true) &&
    node_wait "down.*" 1 12 && agent_kill p2 CONT && node_wait idle 3 10 && job_wait $id "COMPLETED|NODE_FAIL" 20'

# Everything is taken, so what is asked for now waits.
full=$(sbatch --parsable -N3 --exclusive -o /dev/null --wrap "sleep 200")
job_wait "$full" RUNNING
pending() { [ "$(squeue -h -t PD -o %i | wc -l)" -eq "$1" ]; }
ended() { wait_for "${2:-8}" pending 0 && expect "$1" "$(sacct -n -X -o state%20 -S 1970-01-01 | grep -c CANCELLED)"; }
test_case "srun and salloc that are killed while they wait leave no job in the queue" '
    srun -n1 true 2>/dev/null & a=$!; salloc -n1 true 2>/dev/null & b=$!
    wait_for 5 pending 2 && kill -KILL $a $b && ended 2'
test_case "a controller that was started again meanwhile does the same" '
    srun -n1 true 2>/dev/null & a=$!
    wait_for 5 pending 1 && ctld_kill KILL && kill -KILL $a && ctld_start && ended 3 12'
test_case "a client that is only stopped keeps its place" '
    srun -n1 echo came > stopped 2>/dev/null & a=$!
    wait_for 5 pending 1 && kill -STOP $a && sleep 3 && pending 1 && kill -CONT $a && scancel $full && wait $a && expect came "$(cat stopped)"'

board_add login && board_power login on
wait_for 10 node_wait idle 3
test_case "a client whose host is off the network while it waits is given up" '
    full=$(sbatch --parsable -N3 --exclusive -o /dev/null --wrap "sleep 200"); job_wait $full RUNNING
    board_exec login srun -n1 true 2>/dev/null & a=$!
    wait_for 5 pending 1; board_cable login out; ended 5 15; rc=$?; board_cable login in; kill $a; wait $a; [ $rc -eq 0 ]'
test_case "and so is one while its step runs: nothing of that is left" '
    scancel $full; node_wait idle 3
    board_exec login srun -w p3 sleep 4712 2>/dev/null & a=$!
    wait_for 5 board_exec p3 pgrep -f "^sleep 4712"; board_cable login out
    wait_for 40 eval "[ -z \"\$(squeue -h)\" ]" && ! board_exec p3 pgrep -f "^sleep 4712"; rc=$?
    board_cable login in; kill $a; [ $rc -eq 0 ]'
