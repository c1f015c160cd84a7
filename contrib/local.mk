# contrib: the quick start, HPL, examples.  Nothing here is installed.
EXTRA_DIST += contrib/bootstrap contrib/quickstart \
    contrib/quickstart.d/build.sh contrib/quickstart.d/cluster.sh \
    contrib/hpl/build contrib/hpl/main.c \
    contrib/examples/hello-mpi.c contrib/examples/hello-mpi.sbatch
