#!/bin/bash
# limit: 120
# user: plain
# Accelerators, cameras and licences: asked for, shared out, seen by jobs, steps and tasks, and shown.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

CLUSTER_NODE_KEYS='gres = "gpu:hailo:2,camera:1";'
CLUSTER_CONF='licenses = "matlab:2,fluent:1";'
test_case "two agents come up idle" 'cluster_start 2'
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit

test_case "sinfo and scontrol show what the nodes have" '
    expect "gpu:hailo:2,camera:1" "$(sinfo -h -o %G)" &&
    scontrol show node n1 | grep -qx "   Gres=gpu:hailo:2,camera:1"'
test_case "a batch job sees its accelerators" '
    sbatch -W -o out --gres=gpu:2 --wrap "env" && grep -qx CUDA_VISIBLE_DEVICES=0,1 out && grep -qx SLURM_JOB_GPUS=0,1 out &&
    grep -qx SLURM_GPUS_ON_NODE=2 out'
test_case "a job without any sees none and keeps what its user has set" '
    CUDA_VISIBLE_DEVICES=7 sbatch -W -o out --wrap env && grep -qx CUDA_VISIBLE_DEVICES=7 out && ! grep -q SLURM_JOB_GPUS out'
test_case "the second of two jobs gets the other unit, the third goes to the other node" '
    a=$(sbatch --parsable -G1 -n1 -o /dev/null --wrap "sleep 100") && b=$(sbatch --parsable -w n1 -G1 -o /dev/null --wrap "sleep 100") &&
    job_wait $a RUNNING && job_wait $b RUNNING &&
    scontrol -d show job $b | grep -q "JOB_GRES=gpu:hailo:1" &&
    scontrol -d show job $b | grep -q "GRES=gpu:hailo:1(IDX:1)" &&
    scontrol show job $b | grep -q "TRES=cpu=1,.*billing=1,gres/gpu=1" && scontrol show job $b | grep -q "TresPerJob=gres:gpu:1" &&
    expect "gpu:hailo:2(IDX:0-1),camera:0(IDX:N/A)" "$(sinfo -h -n n1 -O gresused:60 | sed "s/ *$//")" &&
    c=$(sbatch --parsable -G hailo:1 -o /dev/null --wrap "sleep 100") && job_wait $c RUNNING && expect n2 "$(squeue -h -j $c -o %N)" &&
    expect "gres:gpu:2" "$(d=$(sbatch --parsable -H --gres=gpu:2 --wrap true); squeue -h -j $d -o %b; scancel $d)" &&
    scancel $a $b $c && job_wait $c CANCELLED && job_wait $b CANCELLED && job_wait $a CANCELLED'
test_case "steps and tasks see their share" '
    sbatch -W -o out -n2 --gres=gpu:2,camera:1 --wrap "
        srun -n2 -l sh -c \"echo all \\\$CUDA_VISIBLE_DEVICES\"
        srun -n2 -l --gpus-per-task=1 sh -c \"echo each \\\$CUDA_VISIBLE_DEVICES\"
        srun -n2 -l --gpu-bind=map_gpu:1,0 sh -c \"echo map \\\$CUDA_VISIBLE_DEVICES\"
        srun -n1 --gres=gpu:1 sh -c \"echo one \\\$CUDA_VISIBLE_DEVICES \\\$SLURM_GPUS_ON_NODE\"
        srun -n1 --gres=none sh -c \"echo none=\\\$CUDA_VISIBLE_DEVICES\"" &&
    sort out > s && grep -qx "0: all 0,1" s && grep -qx "1: all 0,1" s && grep -qx "0: each 0" s && grep -qx "1: each 1" s &&
    grep -qx "0: map 1" s && grep -qx "1: map 0" s && grep -qx "one 0 1" s && grep -qx "none=" s'
test_case "--gpu-bind=verbose says what a task sees" '
    srun -G2 -n1 --gpu-bind=verbose,single:1 true 2>e && grep -q "^gpu-bind: usable_gres=0x1; bit_alloc=0x3" e'
test_case "what no node has is refused" '
    sbatch --gres=fpga:1 --wrap true 2>e; expect 1 $? &&
    grep -q "^sbatch: error: Batch job submission failed: Invalid generic resource (gres) specification" e &&
    sbatch -G5 --wrap true 2>e; expect 1 $? && grep -q "Requested node configuration is not available" e &&
    sbatch --gpu-freq=high --wrap true 2>e; grep -q -e "--gpu-freq is not supported" e'
test_case "a job waits for licences" '
    a=$(sbatch --parsable -L matlab:2 -o /dev/null --wrap "sleep 100") && job_wait $a RUNNING &&
    b=$(sbatch --parsable -L matlab:1 -o /dev/null --wrap true) &&
    wait_for 10 eval "[ \"\$(squeue -h -j $b -o %r)\" = Licenses ]" && expect "matlab:1" "$(squeue -h -j $b -o %W)" &&
    scancel $a && job_wait $b COMPLETED &&
    sbatch -L gaussian --wrap true 2>e; grep -q "Batch job submission failed: Invalid license specification" e'
test_case "sacct knows what was allocated" '
    id=$(sbatch --parsable -W -o /dev/null --gres=gpu:1 --wrap true) &&
    wait_for 10 eval "sacct -n -X -P -j $id -o alloctres | grep -q gres/gpu=1" && sacct -n -X -P -j $id -o reqtres | grep -q gres/gpu=1'
test_case "the cluster stops" 'cluster_stop'
