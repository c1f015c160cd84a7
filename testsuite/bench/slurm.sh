# slurm.sh - Debian's Slurm as a system to measure: 8 nodes on loopback, stock settings.

sys_missing() {
    local p
    for p in slurmctld slurmd munged sbatch; do
        command -v "$p" >/dev/null || PATH=$PATH:/usr/sbin command -v "$p" >/dev/null ||
            { echo "$p is not installed (Debian: slurm-wlm)"; return; }
    done
    [ "$(id -u)" = 0 ] || echo "its daemons need root here"
}

sys_conf() {
    mkdir -p "$BENCH"/{etc,state,spool,log,pid}
    export SLURM_CONF=$BENCH/etc/slurm.conf
    cat >"$SLURM_CONF" <<C
ClusterName=bench
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$PORT
AuthType=auth/munge
AuthInfo=socket=$MUNGE_SOCKET
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$BENCH/state
SlurmdSpoolDir=$BENCH/spool/%n
SlurmctldPidFile=$BENCH/pid/ctld.own
SlurmdPidFile=$BENCH/pid/%n.own
SlurmctldLogFile=$BENCH/log/ctld.log
SlurmdLogFile=$BENCH/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
MpiDefault=none
ReturnToService=2
MaxJobCount=300000
MaxArraySize=200001
MinJobAge=10
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobCompType=jobcomp/filetxt
JobCompLoc=$BENCH/jobcomp.log
SlurmdParameters=config_overrides
NodeName=pi[1-$NODES] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[$((PORT + 1))-$((PORT + NODES))] CPUs=$CPUS RealMemory=2000 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
C
}
ctld_start() {
    (as ctld setsid "$(PATH=$PATH:/usr/sbin command -v slurmctld)" -D >>"$BENCH/log/ctld.out" 2>&1 </dev/null) &
    echo $! >"$BENCH/pid/ctld"
    disown
}
node_start() {
    (as node setsid "$(PATH=$PATH:/usr/sbin command -v slurmd)" -D -N "pi$1" >>"$BENCH/log/pi$1.out" 2>&1 </dev/null) &
    echo $! >"$BENCH/pid/node$1"
    disown
}
ctld_pid() { cat "$BENCH/pid/ctld.own"; }
node_pid() { cat "$BENCH/pid/pi$1.own"; }
step_pids() { pgrep -f '^slurmstepd: \[' || true; }
# The unit in which many pending jobs are made: one array, whose tasks become own records.
fill_jobs() { # COUNT: that many pending, held jobs
    lat -n "$1" -p 4 -w 0 -- sbatch -H -o /dev/null "$TRUE_JOB" >/dev/null
}

# Its connections are short: a stopped daemon is as silent as a board without power.
silent_setup() { :; }
silent_begin() { kill -STOP "$(node_pid 4)"; }
silent_end() { kill -CONT "$(node_pid 4)"; }
