#!/bin/sh
#SBATCH -n x
true
