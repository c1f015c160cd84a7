#!/bin/sh
#SBATCH -J "ab
true
