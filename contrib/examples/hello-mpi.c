/* hello-mpi.c - each rank says who and where it is, in order. */
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *cpus_allowed(char *text, size_t size)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[512];

    snprintf(text, size, "?");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "Cpus_allowed_list: %63s", text) == 1)
            break;
    if (f)
        fclose(f);
    return text;
}

int main(int argc, char **argv)
{
    int rank, size, local = 0;
    char host[MPI_MAX_PROCESSOR_NAME] = "", cpus[64], line[512];
    MPI_Comm board;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &board);
    MPI_Comm_rank(board, &local);
    gethostname(host, sizeof(host) - 1);
    snprintf(line, sizeof(line), "rank %d of %d: rank %d on board %s, CPU %s", rank, size, local, host,
             cpus_allowed(cpus, sizeof(cpus)));
    if (rank == 0) {
        puts(line);
        for (int from = 1; from < size; from++) {
            MPI_Recv(line, sizeof(line), MPI_CHAR, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            puts(line);
        }
    } else {
        MPI_Send(line, (int)strlen(line) + 1, MPI_CHAR, 0, 0, MPI_COMM_WORLD);
    }
    MPI_Comm_free(&board);
    MPI_Finalize();
    return 0;
}
