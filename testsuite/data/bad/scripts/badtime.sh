#!/bin/sh
#SBATCH -t x
true
