#!/bin/sh
#SBATCH --time
true
