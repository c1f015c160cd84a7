#!/bin/bash
# limit: 180
# Bad wires: agents and commands reach the controller through a relay that delays, cuts,
# drips, flips and holds back what passes.  Every job runs once, and every command knows its end.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

relay=${BRAMBLE_BUILD:-.}/testsuite/lib/relay
[ -x "$relay" ] || test_skip_all "the relay is not built (make check builds it)"

relay_start() {
    local port
    port=$(sed -n 's/^port = \(.*\);/\1/p' bramble.conf)
    mkfifo relay.ctl && { "$relay" --to "127.0.0.1:$port" --control relay.ctl >relay.out 2>&1 3>&- & } &&
    echo $! > pids/relay && wait_for 5 test -s relay.out &&
    wire=$(sed -n "s/^controller = \"[^ ]* \(.*\)\";/127.0.0.1:$(head -1 relay.out) \1/p" bramble.conf)
}
wire() { echo "$*" > relay.ctl; }
over_wire() { BRAMBLE_CONTROLLER=$wire "$@"; }
agent_over_wire() {
    agent_kill "$1" TERM && wait_for 5 eval "! pid_alive \$(agent_pid $1)" && over_wire agent_start "$1"
}
relay_stop() { pid_end "$(cat pids/relay)"; }

test_case "three agents come up idle" 'cluster_start 3'
on_test_failure() { relay_stop; tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit
test_case "they come up again through a relay" '
    relay_start && for n in n1 n2 n3; do agent_over_wire $n || return; done; node_wait idle 3'

# ran_once LEDGER COUNT: so many lines, no two alike
ran_once() {
    wait_for "${3:-60}" eval "[ \$(wc -l < $1) -ge $2 ] && [ -z \"\$(squeue -h)\" ]"
    expect "$2 $2" "$(wc -l < "$1") $(sort -u "$1" | wc -l)"
}
submit_many() { # LEDGER COUNT: acknowledged ids in LEDGER.ids
    local i
    : > "$1" > "$1.ids"
    for ((i = 0; i < $2; i++)); do
        sbatch --parsable -o /dev/null --wrap "sleep 0.0$((RANDOM % 9)); echo \$SLURM_JOB_ID >> $PWD/$1" >> "$1.ids" || return
    done
}

test_case "a slow wire: every job runs once" '
    wire delay 40 && submit_many slow 30 && ran_once slow 30 && wire pass'
test_case "a wire that is cut ten times: every job runs once, and boards come back" '
    submit_many cut 80 & submitter=$!
    for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; wire cut; done
    wait $submitter && node_wait idle 1 && ran_once cut 80 &&
    expect "" "$(sort cut.ids | comm -3 - <(sort cut))"'
test_case "a wire that is out for a while changes nothing" '
    id=$(sbatch --parsable -N3 -o /dev/null --wrap "sleep 3; echo \$SLURM_JOB_ID >> $PWD/out") && job_wait $id RUNNING &&
    wire hole && sleep 2 && wire pass && job_wait $id COMPLETED 20 && expect "$id" "$(cat out)"'
test_case "a bit flipped on the way to and from a board ends that session only" '
    wire flip down 5 && wire flip up 5 && submit_many flip 20 && ran_once flip 20'
test_case "a large script drips through whole" '
    { echo "#!/bin/sh"; head -c 300000 /dev/zero | tr "\0" "#"; echo; echo "wc -c < \$0 > $PWD/size"; } > big.sh &&
    wire drip 20000 1 && id=$(over_wire sbatch --parsable -o /dev/null big.sh) && wire pass &&
    job_wait $id COMPLETED && expect "$(wc -c < big.sh)" "$(cat size)"'
# A submission whose bytes are harmed is known to its sender as failed, or it was made: never both, never twice.
test_case "a submission through a wire that harms bytes is made once or not at all" '
    : > harm; made=0
    for what in "flip up 3" "flip up 200" "flip up 700" "flip up 1500" "flip down 20" "flip down 300" "drop up 900 1" \
        "repeat up 600 30" "truncate up 1000" "truncate up 400" "truncate down 330"; do
        wire $what
        id=$(over_wire timeout 30 sbatch --parsable -o /dev/null --wrap "echo \$SLURM_JOB_ID >> $PWD/harm" 2>>harm.err) &&
            made=$((made + 1)) && echo "$id"
        wire pass
    done > harm.ids
    wait_for 20 eval "[ -z \"\$(squeue -h)\" ]"
    [ -z "$(sort harm | uniq -d)" ] && expect "" "$(sort harm.ids | comm -23 - <(sort harm))"'
relay_stop
