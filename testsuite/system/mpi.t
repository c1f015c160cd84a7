#!/bin/bash
# limit: 700
# needs: boards
# Real MPI programs on eight boards: ranks x boards x launchers, OpenMPI, MPICH and mpi4py.
# BRAMBLE_MPI=full runs the whole matrix.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
[ -x "$MPI_DIR/openmpi/selfcheck" ] || test_skip_all "OpenMPI is not installed"
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Boards have more cores than this machine has: mpirun of OpenMPI 5 must not mind.
export PRTE_MCA_hwloc_default_binding_policy=core:overload-allowed
BOARD_SHARED=$MPI_DIR
CLUSTER_CONF='kill_wait = 2;'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
list=""
for i in 1 2 3 4 5 6 7 8; do list+="b$i pi4 2000 synthetic:Package:1 Core:4 PU:1"$'\n'; done
test_case "eight boards come up" 'cluster_start_boards "$list"'
mkdir -m 1777 "$CLUSTER_DIR/share" && cd "$CLUSTER_DIR/share" || exit

# run NAME BOARDS RANKS COMMAND...: the program must say that all ranks on all boards were right
run() {
    local boards=$1 ranks=$2 status
    shift 2
    timeout 60 "$@" > out 2>&1
    status=$?
    [ $status -eq 0 ] && grep -q "$ranks ranks on $boards hosts: ok" out || { echo "status $status"; cat out; return 1; }
}
if [ "${BRAMBLE_MPI:-}" = full ]; then
    shapes="1:1 1:2 1:4 2:2 2:3 2:8 4:4 4:7 4:16 8:8 8:13 8:32"
else
    shapes="1:1 1:4 2:3 4:16 8:8 8:32"
fi
for shape in $shapes; do
    b=${shape%:*} r=${shape#*:}
    # 1 MB from each to each: 32 ranks on this machine's few cores take half the size
    bytes=1048576
    test_case "OpenMPI, srun --mpi=pmix: $r ranks on $b boards" \
        'run $b $r srun --mpi=pmix -N$b -n$r "$MPI_DIR/openmpi/selfcheck" $bytes'
    test_case "OpenMPI, mpirun in salloc: $r ranks on $b boards" \
        'run $b $r salloc -N$b -n$r mpirun "$MPI_DIR/openmpi/selfcheck" $bytes'
done
test_case "OpenMPI, mpirun in a batch script: 8 ranks on 4 boards" '
    cat > job.sh <<S
#!/bin/sh
mpirun "$MPI_DIR/openmpi/selfcheck"
S
    rm -f job.out; sbatch --wait -N4 --ntasks-per-node=2 -o job.out job.sh && grep -q "8 ranks on 4 hosts: ok" job.out ||
        { cat job.out; false; }'
test_case "srun --mpi=list names the launchers" '
    srun --mpi=list > names 2>&1; grep -q pmix names && grep -q pmi2 names && grep -q none names && grep -q openmpi names'
test_case "an OpenMPI program knows its place under srun" '
    srun --mpi=pmix -N4 --ntasks-per-node=2 "$MPI_DIR/openmpi/hello-mpi" > out && expect 8 "$(grep -c "^rank . of 8" out)" &&
    expect 4 "$(sed "s/.*board \([^,]*\),.*/\1/" out | sort -u | wc -l)"'

if [ -x "$MPI_DIR/mpich/selfcheck" ]; then
    # MPICH 4.0.2 over UCX can hang in MPI_Finalize, whatever started it: the last ranks wait in UCX
    # for peers that already sit in the launcher's last barrier.  What counts is that the checks were
    # right; a run that then hangs is ended and tried again.
    mpich() { # BOARDS RANKS LAUNCHER
        local try
        for try in 1 2 3; do
            timeout -k 2 $((15 + $2)) srun --mpi="$3" -N"$1" -n"$2" "$MPI_DIR/mpich/selfcheck" 8192 > out 2>&1
            status=$?
            [ $status -ne 0 ] || break
            grep -q "ranks on .* ok" out || break
            echo "try $try: right, then hung in MPI_Finalize"
        done
        grep -q "$2 ranks on $1 hosts: ok" out || { echo "status $status"; cat out; return 1; }
    }
    shapes="1:1 1:4 2:2 4:4 8:8"
    [ "${BRAMBLE_MPI:-}" != full ] || shapes="1:1 1:2 1:4 2:2 2:8 4:4 4:16 8:8 8:32"
    for shape in $shapes; do
        b=${shape%:*} r=${shape#*:}
        test_case "MPICH, srun --mpi=pmi2: $r ranks on $b boards" 'mpich $b $r pmi2'
        [ "$shape" = 8:8 ] && [ "${BRAMBLE_MPI:-}" != full ] ||
            test_case "MPICH, srun --mpi=pmix: $r ranks on $b boards" 'mpich $b $r pmix'
    done
else
    test_skip "MPICH programs" "MPICH is not installed"
fi
if /usr/bin/python3 -c 'import mpi4py' 2>/dev/null; then
    test_case "mpi4py, srun --mpi=pmix: 4 ranks on 4 boards" '
        timeout 60 srun --mpi=pmix -N4 -n4 /usr/bin/python3 "$MPI_DIR/selfcheck.py" > out 2>&1 && grep -q "4 ranks: ok" out || { cat out; false; }'
    test_case "mpi4py, mpirun: 4 ranks on 2 boards" '
        timeout 60 salloc -N2 -n4 mpirun /usr/bin/python3 "$MPI_DIR/selfcheck.py" > out 2>&1 && grep -q "4 ranks: ok" out || { cat out; false; }'
else
    test_skip "mpi4py programs" "python3-mpi4py is not installed"
fi

test_case "OpenMPI over two components: one world of 5 ranks on 3 boards" '
    run 3 5 srun --mpi=pmix -N1 -n1 "$MPI_DIR/openmpi/selfcheck" : -N2 -n4 "$MPI_DIR/openmpi/selfcheck" &&
    run 4 6 salloc -N1 -n2 : -N3 -n4 srun --mpi=pmix --het-group=0,1 "$MPI_DIR/openmpi/selfcheck"'
if [ -x "$MPI_DIR/mpich/selfcheck" ]; then
    test_case "MPICH over two components: one world of 4 ranks on 3 boards" '
        for try in 1 2 3; do
            timeout -k 2 15 srun --mpi=pmi2 -N1 -n2 "$MPI_DIR/mpich/selfcheck" 8192 : -N2 -n2 "$MPI_DIR/mpich/selfcheck" 8192 > out 2>&1 || ! grep -q "ranks on .* ok" out || break
        done
        grep -q "4 ranks on 3 hosts: ok" out || { cat out; false; }'
fi

# gone HOW RANK STATUS TEXT: the step must end on all boards within 2 s of the rank's word, name it,
# and leave no process.
gone() {
    local how=$1 rank=$2 begin end
    rm -f said
    timeout 60 srun --mpi=pmix -N4 -n8 "$MPI_DIR/openmpi/misbehave" "$how" "$rank" 2>err |
        while read -r line; do case $line in "rank $rank goes by"*) date +%s%N > said ;; esac; done
    status=${PIPESTATUS[0]}
    end=$(date +%s%N) begin=$(cat said 2>/dev/null || echo "$end")
    echo "srun ended with $status after $(((end - begin) / 1000000)) ms:"
    cat err
    [ "$status" -ne 0 ] && [ "$status" -ne 124 ] && [ $(((end - begin) / 1000000)) -le $((2000 * PATIENCE)) ] &&
        grep -Eq "(task|rank) $rank([^0-9]|\$)" err && wait_for 3 nothing_left
}
nothing_left() {
    local b
    for b in 1 2 3 4 5 6 7 8; do ! board_exec "b$b" pgrep misbehave >/dev/null || return 1; done
}
no_folder_left() {
    local b
    for b in 1 2 3 4 5 6 7 8; do [ -z "$(board_exec "b$b" ls /run/bramble/steps)" ] || return 1; done
}
test_case "a rank that calls MPI_Abort ends the step on all boards within 2 s and is named" 'gone abort 5'
test_case "a rank that is killed ends the step on all boards within 2 s and is named" 'gone kill 6'
test_case "a rank that leaves without MPI_Finalize ends the step and is named" 'gone exit 3'
test_case "a rank that dies before MPI_Init ends the step and is named" 'gone init 2'
test_case "all boards are idle again and no folder of a step is left" '
    node_wait idle 8 && wait_for 10 no_folder_left'
