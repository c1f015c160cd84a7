#!/bin/bash
# limit: 200
# user: plain
# The controller beside its boards: its own pauses, reloads, its state folder, its end.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
CLUSTER_CONF='node_timeout = 6; kill_wait = 2;'
on_test_failure() { tail -n 20 "$CLUSTER_DIR/log/bramblectld"; }
test_case "a cluster of two starts" 'cluster_start 2'
cd "$CLUSTER_DIR" || exit
conf=$CLUSTER_DIR/bramble.conf
idle() { expect 2 "$(sinfo -h -N -o "%N %T" | sort -u | grep -c " idle$")"; }

test_case "a controller that was stopped longer than node_timeout blames no node" '
    id=$(sbatch --parsable -o /dev/null --wrap "sleep 9") && job_wait $id RUNNING &&
    kill -STOP "$(ctld_pid)" && sleep 12 && kill -CONT "$(ctld_pid)" &&
    job_wait $id COMPLETED && idle && expect 0 "$(grep -c "silent for too long" log/bramblectld)"'
test_case "it says that it did not run" 'grep -q "did not run for" log/bramblectld'

test_case "a wrong file is refused with its line, and changes nothing" '
    cp bramble.conf good && echo "no_such_key = 1;" >> bramble.conf &&
    ! scontrol reconfigure 2>why; cp good bramble.conf
    grep -q "bramble.conf:[0-9]*: .*no_such_key" why && srun -n1 true'
test_case "a partition that a pending job asks for may go: the job has a reason, nothing crashes" '
    sed -i "s|^partitions = (|partitions = ( { name = \"extra\"; nodes = \"n2\"; },|" bramble.conf && scontrol reconfigure &&
    id=$(sbatch --parsable -H -p extra -o /dev/null --wrap true) && cp good bramble.conf && scontrol reconfigure &&
    expect PENDING "$(job_state $id)" && scontrol show job $id >/dev/null && scancel $id && job_wait $id CANCELLED'
test_case "a node may leave while its job runs" '
    id=$(sbatch --parsable -w n2 -o /dev/null --wrap "sleep 2") && job_wait $id RUNNING &&
    grep -v "name = \"n2\"" good | sed "s/^  *, *{/    {/" > bramble.conf && scontrol reconfigure &&
    scontrol ping && cp good bramble.conf && scontrol reconfigure && job_wait $id "COMPLETED|NODE_FAIL|FAILED|CANCELLED" && node_wait idle 2'
test_case "twenty reloads while jobs come and go" '
    for ((i = 0; i < 20; i++)); do scontrol reconfigure || exit; sbatch -o /dev/null --wrap true; done >/dev/null &&
    wait_for 30 eval "[ -z \"\$(squeue -h)\" ]" && idle'

newest() { ls -t state/"$1"-* | head -1; }
spoil() { # FILE OFFSET
    printf "\377\376\375" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
test_case "damage in the middle of the journal stops the start with file and offset" '
    before=$(sbatch --parsable -H -o /dev/null --wrap true) && ctld_stop && cp -a state whole &&
    file=$(newest snapshot) && spoil "$file" 4200 &&
    ! ctld_start 2>why; grep -q "${file##*/} is damaged at offset [0-9]" log/bramblectld'
test_case "--recover starts with what comes before and says what it dropped" '
    CTLD_ARGS=--recover ctld_start && grep -q "recover:" log/bramblectld &&
    after=$(sbatch --parsable -H -o /dev/null --wrap true) && [ "$after" -gt "$before" ]'
test_case "the whole state starts again" '
    ctld_stop && rm -rf state && mv whole state && ctld_start && expect PENDING "$(job_state $before)" && scancel -u "$(id -un)"'
test_case "a state folder that others may enter stops the start" '
    ctld_stop && chmod 755 state && ! ctld_start 2>/dev/null; chmod 700 state
    grep -q "must belong to uid .* with mode 0700" log/bramblectld && ctld_start && node_wait idle 2'

test_case "SIGTERM under load ends it within 5 s, and nothing acknowledged is lost" '
    : > ids; (for ((i = 0; i < 60; i++)); do timeout 30 sbatch --parsable -H -o /dev/null --wrap true >> ids; done) & load=$!
    sleep 0.4; begin=$SECONDS; kill -TERM "$(ctld_pid)"; wait_for 5 eval "! pid_alive $(ctld_pid)" && ctld_start && wait $load &&
    squeue -h -t all -o %i | sort > there && sort ids | comm -23 - there > lost && [ ! -s lost ] && [ "$(wc -l < ids)" -ge 50 ]'
idle_again() { node_wait idle 2; }
test_case "SIGTERM during the start ends it too" '
    ctld_stop && ctld_start nowait && kill -TERM "$(ctld_pid)" && wait_for 5 eval "! pid_alive $(ctld_pid)" && ctld_start && idle_again'
