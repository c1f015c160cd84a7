#!/bin/bash
# limit: 240
# The cases of testsuite/system/parity about options that no other uses, sacct(1), sattach(1), sbcast(1), sstat(1), strigger(1) and the administrator's commands, compared with Slurm.
. "$TESTSUITE/system/parity/parity.sh"
parity sacct steps admin options
