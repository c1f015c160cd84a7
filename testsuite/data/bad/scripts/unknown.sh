#!/bin/sh
#SBATCH --bogus
true
