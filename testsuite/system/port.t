#!/bin/bash
# limit: 60
# user: plain
# Commands as on a host that is not the controller's: over its port, with munge and the handshake.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit
port=$(sed -n 's/^port = \([0-9]*\);/\1/p' "$BRAMBLE_CONF")
controller=$(sed -n 's/^controller = "\(.*\)";/\1/p' "$BRAMBLE_CONF")

test_case "on its own host the controller offers a socket in a folder that is its alone" '
    expect "755 $(id -u)" "$(stat -c "%a %u" run/.controller)" && [ -S "run/.controller/$port" ]'
test_case "without that socket commands go by the port" '
    mv run/.controller run/gone && squeue && ! [ -e run/.controller ]'
test_case "with BRAMBLE_CONTROLLER they do, too" '
    mv run/gone run/.controller && mkdir empty && export BRAMBLE_CONTROLLER=$controller &&
    expect 1 "$(strace -f -e trace=connect squeue 2>&1 | grep -c "sin_port=htons($port)")" || ! command -v strace'
test_case "a job is submitted, shown, and gives its exit code" '
    id=$(sbatch --parsable -o out --wrap "echo \$SLURM_JOB_ID; exit 3") && job_wait $id FAILED &&
    expect $id "$(cat out)" && expect_match "ExitCode=3:0" "$(scontrol show job $id)" &&
    expect_match "UserId=$(id -un)\($(id -u)\)" "$(scontrol show job $id)"'
test_case "sbatch --wait, srun and salloc do their work" '
    sbatch --wait -o /dev/null --wrap "exit 7"; expect 7 $? &&
    expect "n1 n2 " "$(srun -N2 printenv SLURMD_NODENAME | sort | tr "\n" " ")" &&
    expect 2 "$(salloc -N2 srun hostname 2>/dev/null | wc -l)"'
test_case "a held job is released, another cancelled" '
    a=$(sbatch --parsable -H -o /dev/null --wrap true) && b=$(sbatch --parsable -H -o /dev/null --wrap true) &&
    scontrol release $a && scancel $b && job_wait $a COMPLETED && job_wait $b CANCELLED'
test_case "nodes and accounts are told" '
    expect 2 "$(sinfo -h -N -o %N | sort -u | wc -l)" &&
    wait_for 5 eval "sacct -n -X -P -j $a -o state | grep -qx COMPLETED"'
test_case "a script of 3 MB arrives whole" '
    { echo "#!/bin/sh"; echo "wc -c < \$0"; head -c 3000000 /dev/zero | tr "\0" "#"; } > big &&
    sbatch --wait -o big.out big && expect "$(stat -c %s big)" "$(cat big.out)"'
test_case "without munged nobody is believed" '
    pid_end "$(cat pids/munged)" KILL; ! timeout 20 squeue 2>why && grep -qi munge why; rc=$?; munged_start && [ $rc -eq 0 ]'
