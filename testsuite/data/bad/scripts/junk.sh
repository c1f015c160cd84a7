#!/bin/sh
#SBATCH
#SBATCH foo bar
#SBATCH -n 2 foo
#SBATCHX -n 9
 # SBATCH -n 8
  #SBATCH -n 7

#SBATCH-n3
squeue -h -j $SLURM_JOB_ID -o "%j|%C"
