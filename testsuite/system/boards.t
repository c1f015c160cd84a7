#!/bin/bash
# limit: 150
# needs: boards
# Boards as hosts: power cuts, quick reboots and pulled cables.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
CLUSTER_CONF='node_timeout = 5; kill_wait = 2;'
pi4='synthetic:Package:1 Core:4 PU:1'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
test_case "boards come up, each a host of its own" '
    cluster_start_boards "p1 pi4 2000 $pi4
p2 pi4 2000 $pi4
p3 pi3 900 $pi4"'
cd "$CLUSTER_DIR" || exit
mkdir -m 1777 share
cd share || exit

test_case "a step sees the name, address and boot id of its board" '
    srun -N3 sh -c "echo \$(hostname) \$(cat /proc/sys/kernel/random/boot_id)" | sort > got &&
    expect "p1 p2 p3 " "$(cut -d" " -f1 got | tr "\n" " ")" && expect 3 "$(cut -d" " -f2 got | sort -u | wc -l)"'
test_case "a class is a feature" 'expect p3 "$(srun -C pi3 hostname)"'
test_case "a board that loses power is down after node_timeout, its job NODE_FAIL or waiting" '
    id=$(sbatch --parsable --no-requeue -w p2 -o /dev/null --wrap "sleep 100") && job_wait $id RUNNING &&
    board_power p2 off && node_wait "down.*" 1 12 && job_wait "$id" "NODE_FAIL" 10'
test_case "srun is told that its board is gone" '
    srun -w p1 sleep 100 2>err & step=$!; wait_for 5 eval "[ -n \"\$(squeue -h -t R)\" ]" && board_power p1 off
    wait_for 20 eval "! kill -0 $step 2>/dev/null"; wait $step; status=$?
    echo "srun ended with $status: $(cat err)"; [ $status -ne 0 ] && [ -s err ]'
test_case "boards return without help" '
    board_power p1 on && agent_start p1 && board_power p2 on && agent_start p2 && node_wait idle 3 &&
    srun -N3 true'
test_case "a requeued job runs on after its board has rebooted" '
    id=$(sbatch --parsable --requeue -w p2 -o again --open-mode=append \
        --wrap "echo run; [ \"\${SLURM_RESTART_COUNT:-0}\" -gt 0 ] || sleep 100") && job_wait $id RUNNING &&
    wait_for 5 test -s again && board_power p2 off && board_power p2 on && agent_start p2 &&
    job_wait $id COMPLETED 30 && expect 2 "$(grep -c run again)"'
test_case "a cable out for a moment changes nothing" '
    srun -w p1 sh -c "for i in \$(seq 100); do echo \$i; sleep 0.02; done" > lines & step=$!
    sleep 0.7; board_cable p1 out; sleep 1.2; board_cable p1 in; wait $step && expect 100 "$(wc -l < lines)"'
test_case "a cable out for long: the board is down, then back, and the old job is gone there" '
    id=$(sbatch --parsable --no-requeue -w p3 -o /dev/null --wrap "exec sleep 4711") && job_wait $id RUNNING &&
    board_cable p3 out && job_wait $id NODE_FAIL 20 && board_cable p3 in && node_wait idle 3 30 && ! board_exec p3 pgrep -f "^sleep 4711"'
