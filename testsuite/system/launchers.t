#!/bin/bash
# limit: 120
# Launcher plugins without a cluster: launch_rig plays the shepherds of several nodes.
. "$TESTSUITE/lib/tap.sh"

rig=$BRAMBLE_BUILD/testsuite/lib/launch_rig
plugins=$(dirname "$(find "$BRAMBLE_ROOT" -name launch_pmi2.so | head -1)")
[ -x "$rig" ] || test_skip_all "launch_rig is not built"
cd "$CLUSTER_DIR" || exit
export OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_pml=ob1
rig() { timeout 30 "$rig" "$plugins/launch_$1.so" "${@:2}"; }

if [ -x "$MPI_DIR/mpich/selfcheck" ]; then
    for shape in "1 1" "1 4" "3 2"; do
        test_case "MPICH finds its peers through pmi2 on nodes x tasks $shape" \
            'rig pmi2 $shape "$MPI_DIR/mpich/selfcheck" 1000'
    done
    test_case "pmix serves programs that speak PMI as well" 'rig pmix 2 2 "$MPI_DIR/mpich/selfcheck" 1000'
    test_case "a rank that calls abort is named by pmi2" '
        ! rig pmi2 2 2 "$MPI_DIR/mpich/misbehave" abort 3 2>err; grep -q "task 3 on rig2 called abort" err'
    test_case "a rank that is killed is named by pmi2" '
        ! rig pmi2 2 2 "$MPI_DIR/mpich/misbehave" kill 2 2>err; grep -q "task 2 on rig2 was killed by signal 9" err'
else
    test_skip "MPICH finds its peers through pmi2" "MPICH is not installed"
fi
if [ ! -e "$plugins/launch_pmix.so" ]; then
    test_skip "Open MPI finds its peers through pmix" "the launcher pmix is not built"
elif [ -x "$MPI_DIR/openmpi/selfcheck" ]; then
    for shape in "1 1" "1 4" "3 2"; do
        test_case "Open MPI finds its peers through pmix on nodes x tasks $shape" \
            'rig pmix $shape "$MPI_DIR/openmpi/selfcheck" 1000'
    done
    test_case "a rank that calls abort is named by pmix" '
        ! rig pmix 2 2 "$MPI_DIR/openmpi/misbehave" abort 3 2>err; grep -q "task 3 on rig2 called abort" err'
    test_case "a rank that is killed is named by pmix" '
        ! rig pmix 2 2 "$MPI_DIR/openmpi/misbehave" kill 2 2>err; grep -q "task 2 on rig2 was killed by signal 9" err'
    test_case "a rank that leaves before MPI_Finalize ends the step" '
        ! rig pmix 2 2 "$MPI_DIR/openmpi/misbehave" exit 1 2>err; grep -q "task 1 on rig1 exited with code" err'
else
    test_skip "Open MPI finds its peers through pmix" "Open MPI is not installed"
fi
test_case "a program that is not MPI runs undisturbed under each launcher" '
    for l in pmi2 pmix; do
        [ ! -e "$plugins/launch_$l.so" ] || expect 4 "$(rig $l 2 2 echo x | grep -c x)" || return 1
    done'
