/* main.c - HPL alone, out of the HPL that Debian's hpcc carries.
 *
 * HPL_main() reads hpccinf.txt in the working folder (lines 3 and 4, the output's name, are ignored)
 * and appends its report to hpccoutf.txt.  With an input that it cannot use it asks HPCC_Defaults()
 * for a problem that fills the memory of the machine; nobody who mistyped an input wants that run, so
 * ours ends the program instead.
 */
#include "hpl.h"
#include "hpcc.h"

#include <stdio.h>

int HPCC_Defaults(HPL_T_test *test, int *ns, int *n, int *nbs, int *nb, HPL_T_ORDER *pmap, int *npqs,
                  int *p, int *q, int *npfs, HPL_T_FACT *pf, int *nbms, int *nbm, int *ndvs, int *ndv,
                  int *nrfs, HPL_T_FACT *rf, int *ntps, HPL_T_TOP *tp, int *ndhs, int *dh,
                  HPL_T_SWAP *fswap, int *tswap, int *l1notran, int *unotran, int *equil, int *align,
                  MPI_Comm comm)
{
    int rank;

    (void)test, (void)ns, (void)n, (void)nbs, (void)nb, (void)pmap, (void)npqs, (void)p, (void)q;
    (void)npfs, (void)pf, (void)nbms, (void)nbm, (void)ndvs, (void)ndv, (void)nrfs, (void)rf;
    (void)ntps, (void)tp, (void)ndhs, (void)dh, (void)fswap, (void)tswap, (void)l1notran;
    (void)unotran, (void)equil, (void)align;
    MPI_Comm_rank(comm, &rank);
    if (rank == 0) {
        fprintf(stderr, "HPL ERROR: hpccinf.txt is missing or has an illegal value; "
                        "the line above says which\n");
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    MPI_Barrier(comm); /* wait for rank 0 to end the program */
    return -1;
}

int main(int argc, char **argv)
{
    HPL_RuntimeData best = {0};
    int failed = 0;

    MPI_Init(&argc, &argv);
    HPL_main(argc, argv, &best, &failed); /* only rank 0 learns of a failure */
    MPI_Bcast(&failed, 1, MPI_INT, 0, MPI_COMM_WORLD);
    MPI_Finalize();
    return failed ? 1 : 0;
}
