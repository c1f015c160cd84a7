#!/bin/bash
# limit: 240
# The cases of testsuite/system/parity about srun(1) and salloc(1), compared with Slurm.
. "$TESTSUITE/system/parity/parity.sh"
parity srun srun-inside salloc
