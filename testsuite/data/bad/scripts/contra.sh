#!/bin/sh
#SBATCH --mem=10 --mem-per-cpu=10
true
