#!/bin/sh
#SBATCH --bb=capacity=1G
true
