/* misbehave.c - one rank ends badly while the others wait in a collective.
 *
 * usage: misbehave HOW RANK
 *   abort     that rank calls MPI_Abort(7)
 *   kill      that rank gets SIGKILL
 *   exit      that rank leaves with exit code 5 and without MPI_Finalize
 *   init      that rank dies by SIGKILL before MPI_Init
 *   finalize  that rank is killed when the others are in MPI_Finalize
 */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Before MPI_Init a rank is known only from what the launcher put into the environment. */
static int env_rank(void)
{
    static const char *const names[] = {"PMIX_RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (getenv(names[i]))
            return atoi(getenv(names[i]));
    return -1;
}

int main(int argc, char **argv)
{
    int rank, who;
    const char *how;

    if (argc != 3) {
        fprintf(stderr, "usage: misbehave abort|kill|exit|init|finalize RANK\n");
        return 64;
    }
    how = argv[1];
    who = atoi(argv[2]);
    if (strcmp(how, "init") == 0 && env_rank() == who)
        raise(SIGKILL);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == who) {
        printf("rank %d goes by %s\n", rank, how);
        fflush(stdout);
        if (strcmp(how, "abort") == 0)
            MPI_Abort(MPI_COMM_WORLD, 7);
        if (strcmp(how, "kill") == 0)
            raise(SIGKILL);
        if (strcmp(how, "exit") == 0)
            _exit(5);
        if (strcmp(how, "finalize") == 0) {
            usleep(200 * 1000);
            raise(SIGKILL);
        }
    }
    if (strcmp(how, "finalize") != 0)
        MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 0;
}
