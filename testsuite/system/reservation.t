#!/bin/bash
# limit: 120
# user: plain
# Reservations by scontrol, sbatch --reservation, sinfo -T, and what squeue says of them.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit
me=$(id -un)

test_case "a reservation is created and shown as Slurm shows it" '
    expect "Reservation created: r" "$(scontrol create res=r starttime=now duration=30 nodes=n1 users=$me)" &&
    scontrol show res r >o && expect_match "^ReservationName=r StartTime=.* Duration=00:30:00$" "$(head -1 o)" &&
    grep -qx "   Nodes=n1 NodeCnt=1 CoreCnt=4 Features=(null) PartitionName=(null) Flags=SPEC_NODES" o &&
    grep -q "Users=$me Groups=(null) Accounts=(null) Licenses=(null) State=ACTIVE" o &&
    sinfo -T >o && expect_match "^RESV_NAME  *STATE" "$(head -1 o)" && grep -q "^r  *ACTIVE .* 00:30:00  n1$" o'
test_case "its node is shown as reserved" 'expect "n1 reserved" "$(sinfo -h -N -n n1 -o "%N %T")"'
test_case "jobs with --reservation run there and know it, others do not" '
    expect "n1 r" "$(srun --reservation=r sh -c "echo \$SLURMD_NODENAME \$SLURM_JOB_RESERVATION")" &&
    expect n2 "$(srun printenv SLURMD_NODENAME)" &&
    id=$(sbatch --parsable -N2 -o /dev/null --wrap true) &&
    wait_for 5 eval "squeue -h -j $id -o %r | grep -q \"^ReqNodeNotAvail, May be reserved for other job\"" && scancel $id'
test_case "who asks for one that is not there is told so" '
    ! sbatch --reservation=nope --wrap true 2>e && grep -q "Batch job submission failed: Requested reservation is invalid" e'
test_case "it lasts through a restart of the controller" '
    ctld_kill KILL && ctld_start && node_wait reserved 1 && scontrol show res r >/dev/null'
test_case "one in use is not deleted" '
    id=$(SBATCH_RESERVATION=r sbatch --parsable -o /dev/null --wrap "sleep 60") && job_wait $id RUNNING &&
    expect "$id r" "$(squeue -h -j $id -o "%i %v")" && ! scontrol delete res=r 2>e &&
    expect "delete_reservation res=r: Requested reservation is in use" "$(cat e)" && scancel -R r && job_wait $id CANCELLED'
test_case "an update changes it, a deletion frees its nodes" '
    expect "Reservation updated." "$(scontrol update res=r duration=60 flags+=maint)" && node_wait maint 1 &&
    scontrol delete reservation=r && node_wait idle 2 && expect "Reservation r not found" "$(scontrol show res r)"'
test_case "a job waits for its reservation to begin, and starts then" '
    scontrol create res=soon starttime=now+3 duration=10 nodecnt=1 users=$me >/dev/null &&
    id=$(sbatch --parsable --reservation=soon -o /dev/null --wrap true) &&
    { [ "$(job_state $id)" = COMPLETED ] || expect_match "Reservation|None" "$(squeue -h -j $id -o %r)"; } && job_wait $id COMPLETED 15'
test_case "bad ones are refused with the reason" '
    for words in "nodes=n1 duration=5 users=$me" "nodes=n1 starttime=now users=$me" "nodes=zz starttime=now duration=5 users=$me" \
        "nodes=n1 starttime=now duration=5" "nodes=n1 starttime=now duration=5 users=$me flags=bogus" \
        "nodes=n1 starttime=now duration=5 users=no.such.user"; do
        scontrol create res=x $words >o 2>&1 && return 1; [ -s o ] || return 1; done'
