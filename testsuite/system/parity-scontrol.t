#!/bin/bash
# limit: 240
# The cases of testsuite/system/parity about scontrol(1), compared with Slurm.
. "$TESTSUITE/system/parity/parity.sh"
parity scontrol-show scontrol
