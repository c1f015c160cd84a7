#!/bin/sh
#SBATCH -J a\ b # comment -n 3
#SBATCH -n2 #-n3
squeue -h -j $SLURM_JOB_ID -o "%j|%k|%C"
