#!/bin/bash
# limit: 240
# needs: boards
# MPI programs that Debian ships, on emulated boards: HPCC and LAMMPS, by mpirun and by srun.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
PATH=$PATH:/usr/bin
command -v hpcc >/dev/null || command -v lmp >/dev/null || test_skip_all "neither hpcc nor lammps is installed"
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1
CLUSTER_CONF='kill_wait = 2;'
on_test_failure() { tail -n 10 "$CLUSTER_DIR"/log/*; }
list=""
for i in 1 2 3 4; do list+="b$i pi4 2000 synthetic:Package:1 Core:4 PU:1"$'\n'; done
test_case "four boards come up" 'cluster_start_boards "$list"'
mkdir -m 1777 "$CLUSTER_DIR/share" && cd "$CLUSTER_DIR/share" || exit

if command -v hpcc >/dev/null; then
    # The example's input for a grid of 2 x 2 ranks and the smallest sizes.
    sed -e 's/^[0-9 ]* *Ns$/200 Ns/' -e 's/^[0-9 ]* *NBs$/32 NBs/' -e 's/^[0-9 ]* *Ps$/2 Ps/' -e 's/^[0-9 ]* *Qs$/2 Qs/' \
        /usr/share/doc/hpcc/examples/_hpccinf.txt > hpccinf.txt
    test_case "HPCC by mpirun in a batch script that sbatch --wait waits for: 4 ranks on 2 boards" '
        printf "#!/bin/sh\n#SBATCH -N2 --ntasks-per-node=2\nexec mpirun hpcc\n" > hpcc.sh && rm -f hpccoutf.txt &&
        sbatch --wait -D "$PWD" -o hpcc.out hpcc.sh && grep -q "^Success=1" hpccoutf.txt && grep -q "^CommWorldProcs=4" hpccoutf.txt ||
            { cat hpcc.out; tail -5 hpccoutf.txt; false; }'
else
    test_skip "HPCC by mpirun" "hpcc is not installed"
fi
if command -v lmp >/dev/null; then
    cat > in.lj <<'S'
units lj
atom_style atomic
lattice fcc 0.8442
region box block 0 6 0 6 0 6
create_box 1 box
create_atoms 1 box
mass 1 1.0
velocity all create 3.0 87287
pair_style lj/cut 2.5
pair_coeff 1 1 1.0 1.0 2.5
fix 1 all nve
thermo 10
run 20
S
    test_case "LAMMPS by mpirun in salloc: 4 ranks on 4 boards" '
        timeout 90 salloc -N4 -n4 mpirun lmp -in in.lj -log none > out 2>&1 && grep -q "Loop time of .* on 4 procs for 20 steps" out || { tail -20 out; false; }'
    test_case "LAMMPS by srun --mpi=pmix: 4 ranks on 2 boards" '
        timeout 90 srun --mpi=pmix -N2 -n4 lmp -in in.lj -log none > out 2>&1 && grep -q "Loop time of .* on 4 procs for 20 steps" out || { tail -20 out; false; }'
else
    test_skip "LAMMPS by mpirun and srun" "lammps is not installed"
fi
