#!/bin/bash
# limit: 200
# needs: boards
# A first course in Slurm, as many sites teach it: its scripts are run as they stand.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
[ -x "$MPI_DIR/openmpi/hello-mpi" ] || test_skip_all "OpenMPI is not installed"
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
BOARD_SHARED=$MPI_DIR
CLUSTER_CONF='kill_wait = 2;'
CLUSTER_PARTITIONS='    { name = "debug"; default = true; max_time = "60"; }, { name = "long"; max_time = "1-00:00:00"; }'
on_test_failure() { tail -n 10 "$CLUSTER_DIR"/log/*; squeue -t all; }
list=""
for i in 1 2 3 4; do list+="b$i pi4 2000 synthetic:Package:1 Core:4 PU:1"$'\n'; done
test_case "four boards come up" 'cluster_start_boards "$list"'
mkdir -m 1777 "$CLUSTER_DIR/share" && cd "$CLUSTER_DIR/share" || exit
cp "$MPI_DIR/openmpi/hello-mpi" mpi_hello

cat > first.sh <<'S'
#!/bin/bash
#SBATCH --job-name=first
#SBATCH --output=first_%j.out
#SBATCH --error=first_%j.err
#SBATCH --partition=debug
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=00:05:00
#SBATCH --mem=200M
#SBATCH --mail-type=NONE

echo "Job $SLURM_JOB_ID on $(hostname) in $SLURM_SUBMIT_DIR"
echo "cores: $SLURM_CPUS_PER_TASK" >&2
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
srun hostname
S
cat > array.sh <<'S'
#!/bin/bash
#SBATCH -J array
#SBATCH -o array_%A_%a.out
#SBATCH --array=1-6%3
#SBATCH -t 5
INPUT=$(sed -n "${SLURM_ARRAY_TASK_ID}p" inputs.txt)
echo "task $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT works on $INPUT"
S
cat > mpi.sh <<'S'
#!/bin/bash
#SBATCH --job-name=mpi
#SBATCH --output=mpi_%j.out
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=00:05:00
#SBATCH --exclusive

echo "$SLURM_NTASKS tasks on $SLURM_JOB_NODELIST"
mpirun ./mpi_hello
S
cat > mpi_srun.sh <<'S'
#!/bin/bash
#SBATCH -N 2 -n 4 -t 5 -o mpi_srun_%j.out
srun --mpi=pmix ./mpi_hello
S
cat > steps.sh <<'S'
#!/bin/bash
#SBATCH --ntasks=4
#SBATCH --output=steps_%j.out
srun --ntasks=1 --exclusive sh -c 'echo step $SLURM_STEP_ID' &
srun --ntasks=1 --exclusive sh -c 'echo step $SLURM_STEP_ID' &
srun --ntasks=2 --exclusive --label hostname &
wait
echo all done
S
cat > signal.sh <<'S'
#!/bin/bash
#SBATCH --time=1
#SBATCH --signal=B:USR1@50
#SBATCH --output=signal_%j.out
checkpoint() { echo "checkpoint written"; exit 0; }
trap checkpoint USR1
for i in $(seq 600); do sleep 0.1; done
S
printf '%s\n' a.dat b.dat c.dat d.dat e.dat f.dat > inputs.txt

sbatch -H signal.sh > signal.id
signal_job=$(sed 's/.* //' signal.id)
scontrol release "$signal_job"
test_case "the first script: job name, files, cores, time and memory from its #SBATCH lines" '
    expect_match "^Submitted batch job [0-9]+$" "$(sbatch first.sh)" && id=$(squeue -h -t all -n first -o %i) &&
    job_wait $id COMPLETED && grep -q "^Job $id on b[1-4] in $PWD$" first_$id.out && grep -q "^cores: 2$" first_$id.err &&
    expect "5:00|200M|2|debug" "$(squeue -h -t all -j $id -o "%l|%m|%C|%P")"'
test_case "the options of the command line win over those of the script" '
    id=$(sbatch --parsable --job-name=other -p long first.sh) && job_wait $id COMPLETED &&
    expect "other|long" "$(squeue -h -t all -j $id -o "%j|%P")"'
test_case "an array of jobs: each task its input and its file, three at a time" '
    id=$(sbatch --parsable array.sh) && wait_for 60 eval "[ \$(cat array_${id}_*.out 2>/dev/null | wc -l) -eq 6 ]" &&
    expect "task 4 of 6 works on d.dat" "$(cat array_${id}_4.out)" &&
    wait_for 10 eval "[ \"\$(sacct -X -n -P -j $id -o state | sort -u)\" = COMPLETED ]"'
test_case "a pipeline: the array waits for the first job, the last job for all of the array" '
    one=$(sbatch --parsable first.sh) && two=$(sbatch --parsable --dependency=afterok:$one array.sh) &&
    three=$(sbatch --parsable --dependency=afterok:$two -o three.out --wrap "cat array_${two}_*.out | wc -l") &&
    job_wait $three COMPLETED 60 && expect 6 "$(cat three.out)"'
test_case "what depends on a job that failed never runs; afternotok does" '
    bad=$(sbatch --parsable -o /dev/null --wrap "exit 1") && no=$(sbatch --parsable -d afterok:$bad -o /dev/null --wrap true) &&
    yes=$(sbatch --parsable -d afternotok:$bad -o /dev/null --wrap true) && job_wait $yes COMPLETED &&
    wait_for 10 eval "[ \$(squeue -h -j $no -o %r) = DependencyNeverSatisfied ]" && scancel $no'
test_case "mpirun in a script finds the job's boards and tasks" '
    id=$(sbatch --parsable mpi.sh) && job_wait $id COMPLETED 60 && grep -q "^4 tasks on b\[" mpi_$id.out &&
    expect 4 "$(grep -c "^rank [0-3] of 4" mpi_$id.out)" || { cat mpi_*.out; false; }'
test_case "srun starts an MPI program in a script" '
    id=$(sbatch --parsable mpi_srun.sh) && job_wait $id COMPLETED 60 && expect 4 "$(grep -c "^rank [0-3] of 4" mpi_srun_$id.out)"'
test_case "steps side by side, and wait" '
    id=$(sbatch --parsable steps.sh) && job_wait $id COMPLETED && expect "all done" "$(tail -1 steps_$id.out)" &&
    expect 2 "$(grep -c "^step [0-2]$" steps_$id.out)" && expect 2 "$(grep -c "^[01]: b[1-4]$" steps_$id.out)"'
test_case "an interactive session: salloc, srun, exit" '
    printf "srun hostname\nexit\n" > session && salloc -N2 -w b1,b2 bash < session > out 2>err &&
    expect "b1 b2 " "$(sort out | tr "\n" " ")" && grep -q "^salloc: Granted job allocation" err'
test_case "a held job, its release and its cancellation" '
    id=$(sbatch --parsable -H first.sh) && expect JobHeldUser "$(squeue -h -j $id -o %r)" && scontrol release $id && job_wait $id COMPLETED &&
    id=$(sbatch --parsable -o /dev/null --wrap "sleep 100") && job_wait $id RUNNING && scancel $id && job_wait $id CANCELLED'
test_case "scontrol and sacct speak to programs and to shells as well" '
    scontrol --yaml show job $id | grep -q "job_id: $id" && sacct --autocomplete=parsable | grep -q parsable2'
test_case "sacct tells what the jobs were" '
    wait_for 10 eval "sacct -X -n -P -o jobname,state | grep -qx \"mpi|COMPLETED\"" && sacct --format=JobID,JobName,Elapsed,State,MaxRSS >/dev/null'
test_case "the signal before the time limit lets a script write its checkpoint" '
    job_wait $signal_job COMPLETED 60 && expect "checkpoint written" "$(cat signal_$signal_job.out)"'
