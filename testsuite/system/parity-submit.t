#!/bin/bash
# limit: 240
# The cases of testsuite/system/parity about sbatch(1) and scancel(1), compared with Slurm.
. "$TESTSUITE/system/parity/parity.sh"
parity sbatch-values sbatch-scripts scancel
