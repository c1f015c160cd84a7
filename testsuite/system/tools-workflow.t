#!/bin/bash
# limit: 300
# user: plain
# Programs that drive Slurm by its commands, as Debian ships them, unchanged: each runs real jobs.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

CLUSTER_CONF='kill_wait = 2;'
CLUSTER_PARTITIONS='    { name = "debug"; default = true; }'
test_case "four agents come up idle" 'cluster_start 4'
on_test_failure() { tail -n 10 "$CLUSTER_DIR"/log/*; squeue -t all; }
cd "$CLUSTER_DIR" || exit
export HOME=$CLUSTER_DIR PATH=$BRAMBLE_BINDIR:/usr/bin:/bin:/usr/sbin TMPDIR=$CLUSTER_DIR PYTHON=/usr/bin/python3
have() { # COMMAND SENTENCE: or skip
    command -v "$1" >/dev/null && return
    test_skip "$2" "$1 is not installed"
    false
}

# --- ClusterShell: its node groups for Slurm -------------------------------------------------------
if have nodeset "ClusterShell groups nodes by partition, state, job and user"; then
    mkdir -p cs/groups.conf.d
    printf '[Main]\ndefault: sp\nconfdir: %s/cs/groups.conf.d\n' "$CLUSTER_DIR" > cs/groups.conf
    grep -v '^#' /etc/clustershell/groups.conf.d/slurm.conf.example > cs/groups.conf.d/slurm.conf
    export CLUSTERSHELL_CFGDIR=$CLUSTER_DIR/cs
    test_case "ClusterShell groups nodes by partition, state, job and user" '
        id=$(sbatch --parsable -w n2 -o /dev/null --wrap "sleep 100") && job_wait $id RUNNING &&
        expect "n[1-4]" "$(nodeset -f @sp:debug)" && expect "n[1,3-4]" "$(nodeset -f @st:idle)" &&
        expect n2 "$(nodeset -f @sj:$id)" && expect n2 "$(nodeset -f "@su:$(id -un)")" &&
        expect "@sp:debug" "$(nodeset -s sp -l)" && expect 4 "$(nodeset -c @sp:debug)"'
    test_case "clush runs commands in a job's nodes through srun" '
        clush -R exec -w @sj:$id srun --overlap --jobid=$id -N1 -n1 -w %h printenv SLURMD_NODENAME > out &&
        expect "n2: n2" "$(cat out)" && scancel $id'
fi

# --- GNU parallel: many steps at once in one job ---------------------------------------------------
if have parallel "GNU parallel keeps a job's cores busy with steps"; then
    test_case "GNU parallel keeps a job's cores busy with steps" '
        cat > par.sh <<\S
#!/bin/sh
parallel --will-cite -j 8 "srun --exclusive -N1 -n1 -c1 sh -c \"echo {} on \\\$SLURMD_NODENAME; exit 0\"" ::: $(seq 20)
S
        rm -f par.out && sbatch --wait -N2 -n4 -o par.out par.sh && expect 20 "$(grep -c "on n[1-4]" par.out)" &&
        expect "$(seq 20 | tr "\n" " ")" "$(sed "s/ on.*//" par.out | grep -x "[0-9]*" | sort -n | tr "\n" " ")"'
    test_case "GNU parallel counts the steps that fail" '
        cat > par.sh <<\S
#!/bin/sh
parallel --will-cite -j 4 srun --exclusive -N1 -n1 sh -c {} ::: "exit 0" "exit 3" "exit 0"
S
        sbatch --wait -n2 -o par.out par.sh; expect 1 $?'
fi

# --- Makeflow --------------------------------------------------------------------------------------
if have makeflow "Makeflow builds its targets in jobs"; then
    test_case "Makeflow builds its targets in jobs" '
        mkdir mf && (cd mf && cat > flow <<\S
one.txt:
	echo one > one.txt
two.txt: one.txt
	cat one.txt one.txt > two.txt
S
        timeout 100 makeflow -T slurm flow > log 2>&1 && expect "one one " "$(tr "\n" " " < two.txt)") || { cat mf/log; false; }'
fi

# --- Snakemake -------------------------------------------------------------------------------------
if have snakemake "Snakemake runs its rules as jobs"; then
    test_case "Snakemake runs its rules as jobs, and asks sacct how they ended" '
        mkdir smk && (cd smk && cat > Snakefile <<\S
rule all:
    input: "sum.txt"
rule part:
    output: "part.{n}"
    threads: 1
    shell: "echo {wildcards.n} > {output}"
rule sum:
    input: expand("part.{n}", n=[1, 2, 3])
    output: "sum.txt"
    shell: "cat {input} > {output}"
S
        cat > status <<\S
#!/bin/sh
case $(sacct -P -b -j "$1" -n | head -1 | cut -d"|" -f2) in
COMPLETED) echo success ;;
PENDING|CONFIGURING|RUNNING|COMPLETING|SUSPENDED|"") echo running ;;
*) echo failed ;;
esac
S
        chmod +x status && mkdir logs &&
        timeout 150 snakemake -j 3 --latency-wait 10 --cluster "sbatch --parsable --partition=debug --time=2 --mem=100 --cpus-per-task={threads} --output=logs/{rule}.%j --job-name=smk_{rule}" \
            --cluster-status ./status --cluster-cancel scancel > log 2>&1 &&
        expect "1 2 3 " "$(tr "\n" " " < sum.txt)" && expect 4 "$(sacct -X -n -P -o jobname,state | grep -c "^smk_.*|COMPLETED")") || { tail -30 smk/log; false; }'
fi

# --- Toil ------------------------------------------------------------------------------------------
if have toil "Toil runs its jobs"; then
    test_case "Toil runs its jobs and follows them" '
        mkdir toil && (cd toil && cat > flow.py <<\S
from toil.common import Toil
from toil.job import Job
import os
def leaf(job, n):
    return "%d:%s" % (n, os.environ["SLURMD_NODENAME"])
def root(job):
    return [job.addChildJobFn(leaf, n, memory="512M", cores=1, disk="1M").rv() for n in range(2)]
if __name__ == "__main__":
    options = Job.Runner.getDefaultArgumentParser().parse_args()
    with Toil(options) as toil:
        print("result", toil.start(Job.wrapJobFn(root, memory="512M", cores=1, disk="1M")))
S
        timeout 200 /usr/bin/python3 flow.py --batchSystem slurm --disableCaching --retryCount 0 --stats \
            --workDir "$PWD" --maxLocalJobs 2 "file:$PWD/store" > out 2> log && grep "^result" out | grep -q "0:n[1-4].*1:n[1-4]") ||
            { cat toil/out; tail -30 toil/log; false; }'
fi

# --- ipyparallel -----------------------------------------------------------------------------------
if have ipcluster "ipyparallel starts its engines as a job"; then
    test_case "ipyparallel starts its engines as a job, which ends with the cluster" '
        mkdir ipy && (cd ipy && cat > run.py <<\S
import os, sys
import ipyparallel as ipp
c = ipp.Cluster(n=2, engine_launcher_class="slurm", profile_dir=os.getcwd() + "/profile", controller_ip="127.0.0.1",
                controller_location="127.0.0.1")
with c as rc:
    rc.wait_for_engines(2, timeout=90)
    def where():
        import os
        return os.environ["SLURM_JOB_ID"] + ":" + os.environ["SLURM_PROCID"]
    print("engines", sorted(rc[:].apply_sync(where)))
S
        timeout 150 /usr/bin/python3 run.py > out 2> log && grep -q "^engines .*:0.*:1" out) || { cat ipy/out; tail -30 ipy/log; false; }'
    test_case "nothing of ipyparallel is left in the queue" 'wait_for 30 eval "[ -z \"\$(squeue -h -o %i)\" ]" || { squeue; false; }'
fi

# --- R: rslurm -------------------------------------------------------------------------------------
if command -v Rscript >/dev/null && Rscript -e 'library(rslurm)' >/dev/null 2>&1; then
    test_case "rslurm spreads a function over an array of jobs and gathers the results" '
        mkdir r && (cd r && cat > run.R <<\S
library(rslurm)
pars <- data.frame(x = 1:4)
job <- slurm_apply(function(x) x * x, pars, jobname = "squares", nodes = 2, cpus_per_node = 1,
                   slurm_options = list(time = "2", partition = "debug"))
res <- get_slurm_out(job, outtype = "raw", wait = TRUE)
cat("squares", unlist(res), "\n")
S
        timeout 150 Rscript run.R > out 2> log && grep -q "^squares 1 4 9 16" out) || { cat r/out; tail -20 r/log; false; }'
else
    test_skip "rslurm spreads a function over an array of jobs" "R with rslurm is not installed"
fi
