# build rules of src/commands
include src/commands/sbench/local.mk
include src/commands/client/local.mk
include src/commands/sbatch/local.mk
include src/commands/scancel/local.mk
include src/commands/salloc/local.mk
include src/commands/display/local.mk
include src/commands/squeue/local.mk
include src/commands/sacct/local.mk
include src/commands/sdiag/local.mk
include src/commands/sacctmgr/local.mk
include src/commands/sshare/local.mk
include src/commands/sprio/local.mk
include src/commands/srun/local.mk
include src/commands/sattach/local.mk
include src/commands/sbcast/local.mk
include src/commands/scontrol/local.mk
include src/commands/sinfo/local.mk
