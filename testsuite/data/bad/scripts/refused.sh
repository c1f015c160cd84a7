#!/bin/sh
#SBATCH --array=0-3
true
