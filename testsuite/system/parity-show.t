#!/bin/bash
# limit: 240
# The cases of testsuite/system/parity about squeue(1) and sinfo(1), compared with Slurm.
. "$TESTSUITE/system/parity/parity.sh"
parity squeue sinfo
