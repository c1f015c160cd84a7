#!/bin/bash
# limit: 150
# needs: boards
# sbench hpl: a real HPL on emulated boards, and each of its verdicts.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export HOME=$CLUSTER_DIR PRTE_MCA_hwloc_default_binding_policy=core:overload-allowed
BOARD_SHARED="$(dirname "${BRAMBLE_HPL:-/nowhere}")"
CLUSTER_CONF='kill_wait = 2; mpi_default = "pmix";'
CLUSTER_PARTITIONS='{ name = "all"; default = true; }, { name = "pi4"; nodes = "class:pi4"; }'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
list="q5 pi3 900 synthetic:Package:1 Core:4 PU:1"$'\n'
for i in 1 2 3 4; do list+="q$i pi4 2000 synthetic:Package:1 Core:4 PU:1"$'\n'; done
test_case "boards of two classes come up" 'cluster_start_boards "$list"'
mkdir -m 1777 "$CLUSTER_DIR/share" && cd "$CLUSTER_DIR/share" || exit

if [ -x "${BRAMBLE_HPL:-}" ]; then
    for n in 1 2 4; do
        test_case "HPL on $n boards of class pi4 is PASSED" '
            timeout 100 sbench hpl -p pi4 -N'$n' --mem-share=0.01 --program="$BRAMBLE_HPL" > out 2>&1; status=$?
            cat out; [ $status -eq 0 ] && grep -q PASSED out && grep -Eq "Gflops" out'
    done
    test_case "sbench says the same Gflops as HPL by hand with mpirun on the same boards" '
        timeout 100 sbench hpl -p pi4 -N2 --problem-size=2560 --block-size=128 --grid=2x4 -v --program="$BRAMBLE_HPL" > ours 2>&1 &&
        mkdir -p hand && cd hand && rm -f hpccoutf.txt && "$TESTSUITE/lib/hpl-input" 2560 128 2 4 > hpccinf.txt &&
        salloc -p pi4 -N2 -n8 mpirun -x OPENBLAS_NUM_THREADS=1 "$BRAMBLE_HPL"; cd ..
        hand=$(sed -n "s/^WR.* \([0-9.e+-]*\)\$/\1/p" hand/hpccoutf.txt) ours=$(sed -n "s/^ *WR.* \([0-9.e+-]*\)\$/\1/p" ours | head -1)
        echo "by hand $hand, by sbench $ours"; tail -5 ours
        awk -v a="$hand" -v b="$ours" "BEGIN { exit !(a > 0 && b > a / 3 && b < a * 3) }"'
else
    test_skip "HPL on 1, 2 and 4 boards" "no xhpl: contrib/hpl/build makes one, BRAMBLE_HPL names it"
fi

# A program that behaves like an xhpl of which the verdict is to be told.
fake() { printf '#!/bin/sh\n%s\n' "$1" > fake && chmod 755 fake; }
hpl() { timeout 100 sbench hpl -p pi4 -N1 --problem-size=640 --mpi=none --ntasks-per-node=1 --program="$PWD/fake" "$@" > out 2>&1; }
report='cat >> hpccoutf.txt <<R
T/V                N    NB     P     Q               Time                 Gflops
WR11C2R4         640   128     1     1               0.09              5.925e+01
||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)= %s ...... %s
R'
verdict() { # WORD: the run is reported as exactly that, and fails
    local status=$?
    cat out
    [ $status -ne 0 ] && grep -q "$1" out && ! grep -q "PASSED" out
}
test_case "a residual above the threshold is FAILED" '
    fake "$(printf "$report" 2.5e+04 FAILED)"; hpl; verdict FAILED'
test_case "output that ends early is INCOMPLETE" 'fake "echo HPLinpack; exit 0"; hpl; verdict INCOMPLETE'
test_case "a program killed for memory is OOM" 'fake "kill -9 \$\$"; hpl; verdict OOM'
test_case "a run that does not end in time is TIMEOUT" 'fake "sleep 300"; hpl -t 0:01; verdict TIMEOUT'
test_case "boards of several classes are refused without --mixed" '
    ! timeout 60 sbench hpl -p all -N5 --problem-size=640 --program="$PWD/fake" > out 2>&1 && grep -q "mixed" out'
test_case "a program that is not there is named" '
    ! timeout 60 sbench hpl -p pi4 --program=/no/such/xhpl > out 2>&1 && grep -q "/no/such/xhpl" out'
