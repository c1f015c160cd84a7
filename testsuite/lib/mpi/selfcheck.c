/* selfcheck.c - an MPI program that knows its own right answers: ring, allreduce, alltoall,
 * communicator split.  Prints "selfcheck: N ranks on H hosts: ok" and exits 0, or names what was
 * wrong on which rank and exits 1.
 *
 * usage: selfcheck [BYTES]   bytes a pair of ranks exchanges in the alltoall (1048576)
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size, wrong;

static void check(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "selfcheck: rank %d: %s is wrong\n", rank, what);
    wrong = 1;
}

static void check_ring(void)
{
    int token = -1;

    if (size == 1)
        return;
    if (rank == 0) {
        token = 1000;
        MPI_Send(&token, 1, MPI_INT, 1, 7, MPI_COMM_WORLD);
        MPI_Recv(&token, 1, MPI_INT, size - 1, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        check(token == 1000 + size - 1, "the ring's token");
    } else {
        MPI_Recv(&token, 1, MPI_INT, rank - 1, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        check(token == 1000 + rank - 1, "the ring's token on its way");
        token++;
        MPI_Send(&token, 1, MPI_INT, (rank + 1) % size, 7, MPI_COMM_WORLD);
    }
}

static void check_allreduce(void)
{
    long mine = rank + 1, sum = 0, max = 0;

    MPI_Allreduce(&mine, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(&mine, &max, 1, MPI_LONG, MPI_MAX, MPI_COMM_WORLD);
    check(sum == (long)size * (size + 1) / 2, "the sum of an allreduce");
    check(max == size, "the maximum of an allreduce");
}

static unsigned char pattern(int from, int to, size_t at)
{
    return (unsigned char)(from * 31 + to * 17 + at * 7 + (at >> 8));
}

static void check_alltoall(size_t bytes)
{
    unsigned char *out = malloc(bytes * size), *in = malloc(bytes * size);
    int good = 1;

    if (!out || !in) {
        fprintf(stderr, "selfcheck: rank %d: no memory for 2 x %zu bytes\n", rank, bytes * size);
        MPI_Abort(MPI_COMM_WORLD, 3);
    }
    for (int to = 0; to < size; to++)
        for (size_t i = 0; i < bytes; i++)
            out[to * bytes + i] = pattern(rank, to, i);
    memset(in, 0xee, bytes * size);
    MPI_Alltoall(out, (int)bytes, MPI_BYTE, in, (int)bytes, MPI_BYTE, MPI_COMM_WORLD);
    for (int from = 0; from < size; from++)
        for (size_t i = 0; good && i < bytes; i++)
            good = in[from * bytes + i] == pattern(from, rank, i);
    check(good, "the data of an alltoall");
    free(out);
    free(in);
}

static void check_split(void)
{
    MPI_Comm half;
    int half_rank = -1, half_size = 0, sum = 0, want = 0, members = 0;

    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &half);
    MPI_Comm_rank(half, &half_rank);
    MPI_Comm_size(half, &half_size);
    for (int r = rank % 2; r < size; r += 2) {
        want += r;
        members++;
    }
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, half);
    check(half_size == members, "the size of a split communicator");
    check(half_rank == members - 1 - rank / 2, "the order in a split communicator");
    check(sum == want, "an allreduce in a split communicator");
    MPI_Comm_free(&half);
}

/* How many hosts: ranks that share memory with nobody of lower rank. */
static int count_hosts(void)
{
    MPI_Comm board;
    int local, first, hosts = 0;

    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &board);
    MPI_Comm_rank(board, &local);
    first = local == 0;
    MPI_Allreduce(&first, &hosts, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    MPI_Comm_free(&board);
    return hosts;
}

int main(int argc, char **argv)
{
    size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1048576;
    int any = 0, hosts;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    check_ring();
    check_allreduce();
    check_alltoall(bytes);
    check_split();
    hosts = count_hosts();
    MPI_Allreduce(&wrong, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (rank == 0 && !any)
        printf("selfcheck: %d ranks on %d hosts: ok\n", size, hosts);
    MPI_Finalize();
    return any;
}
