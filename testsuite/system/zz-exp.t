#!/bin/bash
# limit: 390
# needs: boards
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OPENBLAS_NUM_THREADS=1
BRAMBLE_HPL=/tmp/proof/xhpl
BOARD_SHARED="$MPI_DIR /tmp/proof"
list=""
for i in 1 2 3 4; do list+="q$i pi4 4000 synthetic:Package:1 Core:4 PU:1"$'\n'; done
CLUSTER_CONF='mpi_default="pmix";'
cluster_start_boards "$list"
mkdir $CLUSTER_DIR/share; cd $CLUSTER_DIR/share; exec >&3 2>&1
med() { sort -g | awk '{a[NR]=$1} END {print a[int((NR+1)/2)], a[1], a[NR]}'; }
for shape in 1:2:1:2:4096 2:2:1:2:4096 4:4:2:2:4096; do
  IFS=: read b r p q n <<< "$shape"
  : > A; : > B
  for i in 1 2 3 4 5 6 7; do
    sbench hpl -N$b --ntasks-per-node=$((r/b)) --problem-size=$n --block-size=128 --grid=${p}x${q} -v --program=$BRAMBLE_HPL > ours 2>&1; sed -n "s/^ *WR.* \([0-9.e+-]*\)$/\1/p" ours | head -1 >> A
    mkdir -p hand; cd hand; rm -f hpccoutf.txt; $TESTSUITE/lib/hpl-input $n 128 $p $q > hpccinf.txt
    salloc -Q -N$b -n$r --ntasks-per-node=$((r/b)) mpirun -x OPENBLAS_NUM_THREADS=1 $BRAMBLE_HPL > log 2>&1; cd ..; sed -n "s/^WR.* \([0-9.e+-]*\)$/\1/p" hand/hpccoutf.txt | head -1 >> B
  done
  echo "boards $b ranks $r N $n: sbench median/min/max $(med < A) ; mpirun by hand $(med < B)"
done
