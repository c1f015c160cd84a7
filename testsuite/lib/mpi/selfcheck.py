"""The same checks through mpi4py: pickled objects and buffers."""
import sys
from mpi4py import MPI

world = MPI.COMM_WORLD
rank, size = world.Get_rank(), world.Get_size()
wrong = []


def check(good, what):
    if not good:
        wrong.append(what)
        print(f"selfcheck.py: rank {rank}: {what} is wrong", file=sys.stderr)


check(world.allreduce(rank + 1) == size * (size + 1) // 2, "the sum of an allreduce")
check(world.allgather({"rank": rank}) == [{"rank": r} for r in range(size)], "an allgather of objects")
check(world.bcast(list(range(1000)) if rank == 0 else None) == list(range(1000)), "a broadcast")
send = bytearray(65536 * size)
for to in range(size):
    send[to * 65536:(to + 1) * 65536] = bytes([(rank * 31 + to * 17) % 256]) * 65536
recv = bytearray(65536 * size)
world.Alltoall([send, MPI.BYTE], [recv, MPI.BYTE])
for origin in range(size):
    part = recv[origin * 65536:(origin + 1) * 65536]
    check(part == bytes([(origin * 31 + rank * 17) % 256]) * 65536, f"the alltoall's part from {origin}")
half = world.Split(rank % 2, rank)
check(half.allreduce(1) == len(range(rank % 2, size, 2)), "a split communicator")
half.Free()
failed = world.allreduce(len(wrong))
if rank == 0 and not failed:
    print(f"selfcheck.py: {size} ranks: ok")
sys.exit(1 if failed else 0)
