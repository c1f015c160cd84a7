#!/bin/bash
# limit: 180
# Peers that are allowed to send, and send anything: a user's command and a board.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

storm=${BRAMBLE_BUILD:-.}/testsuite/lib/wire_storm
[ -x "$storm" ] || test_skip_all "wire_storm is not built (make check builds it)"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit
controller=$(sed -n 's/^controller = "\(.*\)";/\1/p' bramble.conf)

test_case "a command may send any fields" '
    "$storm" --controller "$controller" --munge "$BRAMBLE_MUNGE_SOCKET" --rounds 60 --seed 1'
test_case "a board may report anything" '
    agent_kill n1 KILL && wait_for 5 eval "! pid_alive \$(agent_pid n1)" &&
    "$storm" --controller "$controller" --munge "$BRAMBLE_MUNGE_SOCKET" --rounds 60 --seed 2 \
        --node n1 --key "$CLUSTER_DIR/nodes/n1/state/node-n1.key"'
test_case "the controller still serves" 'timeout 10 squeue -h >/dev/null && timeout 10 sinfo -h >/dev/null'
test_case "it starts again from the journal of all that" '
    ctld_kill KILL && ctld_start && timeout 10 squeue -h >/dev/null && ! grep "set aside" log/bramblectld'
