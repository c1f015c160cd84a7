# slurm.sh - the reference: a cluster of Debian's Slurm, of the shape that parity.sh gives ours; to
# be sourced, after cluster.sh, in a rack of its own (its ports are fixed).
#
#   slurm_start    controller, nodes, accounting with its data base; below CLUSTER_DIR
#   slurm_stop
# Everything runs as the user at hand, who is Slurm's administrator as he is ours.

slurm_conf() {
    local etc=$CLUSTER_DIR/etc
    mkdir -p "$etc" "$CLUSTER_DIR"/{pids,log,state,spool,db}
    cat > "$etc/slurm.conf" <<CONF
ClusterName=parity
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=28001
SlurmUser=$PARITY_USER
SlurmdUser=$PARITY_USER
AuthType=auth/munge
AuthInfo=socket=$CLUSTER_DIR/munge/socket
CredType=cred/munge
StateSaveLocation=$CLUSTER_DIR/state
SlurmdSpoolDir=$CLUSTER_DIR/spool/%n
SlurmctldPidFile=$CLUSTER_DIR/pids/slurmctld
SlurmdPidFile=$CLUSTER_DIR/pids/%n
SlurmctldLogFile=$CLUSTER_DIR/log/slurmctld
SlurmdLogFile=$CLUSTER_DIR/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=28002
AccountingStoragePass=$CLUSTER_DIR/munge/socket
AccountingStoreFlags=job_comment
PriorityType=priority/basic
FirstJobId=$PARITY_FIRST_JOB
MpiDefault=none
ReturnToService=2
KillWait=2
MinJobAge=300
DefMemPerCPU=500
SlurmdTimeout=12
MailProg=/bin/true
SlurmdParameters=config_overrides
Licenses=matlab:4
NodeName=pi[1-4] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[28011-28014] Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=2000 Feature=pi4,$(uname -m),64bit State=UNKNOWN
NodeName=pi[5-8] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[28015-28018] Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000 Feature=pi5,$(uname -m),64bit State=UNKNOWN
PartitionName=debug Nodes=pi[1-8] Default=YES State=UP
PartitionName=short Nodes=pi[1-2] DefaultTime=1 MaxTime=10 State=UP
PartitionName=pi5 Nodes=pi[5-8] MaxNodes=2 State=UP
PartitionName=closed Nodes=pi8 State=DOWN
CONF
    cat > "$etc/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$CLUSTER_DIR/munge/socket
DbdHost=localhost
DbdPort=28002
SlurmUser=$PARITY_USER
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=28003
StorageUser=slurm
StoragePass=slurm
StorageLoc=parity
PidFile=$CLUSTER_DIR/pids/slurmdbd
LogFile=$CLUSTER_DIR/log/slurmdbd
CONF
    chmod 600 "$etc/slurmdbd.conf"
    : > "$etc/cgroup.conf"
}

slurm_db() {
    local db=$CLUSTER_DIR/db
    mariadb-install-db --no-defaults --auth-root-authentication-method=normal --datadir="$db/data" \
        --skip-test-db > "$CLUSTER_DIR/log/db-install" 2>&1 || return
    mariadbd --no-defaults --datadir="$db/data" --socket="$db/socket" --port=28003 --bind-address=127.0.0.1 \
        --pid-file="$CLUSTER_DIR/pids/db" --innodb-flush-log-at-trx-commit=0 > "$CLUSTER_DIR/log/db" 2>&1 </dev/null &
    echo $! > "$CLUSTER_DIR/pids/mariadbd"
    wait_for 60 eval "mariadb --no-defaults -S $db/socket -u root -e 'select 1' >/dev/null 2>&1" || return
    mariadb --no-defaults -S "$db/socket" -u root -e \
        "create user slurm@'%' identified by 'slurm'; create user slurm@localhost identified by 'slurm';
         grant all on *.* to slurm@'%'; grant all on *.* to slurm@localhost"
}

slurm_start() {
    local name
    cluster_dirs && slurm_conf && munged_start && slurm_db || return
    export SLURM_CONF=$CLUSTER_DIR/etc/slurm.conf
    slurmdbd -D </dev/null >"$CLUSTER_DIR/log/slurmdbd.out" 2>&1 &
    echo $! > "$CLUSTER_DIR/pids/slurmdbd.job"
    wait_for 20 eval 'sacctmgr -n list cluster >"$CLUSTER_DIR/log/sacctmgr" 2>&1' || return
    sacctmgr -i add cluster parity >/dev/null
    slurmctld -D -c </dev/null >"$CLUSTER_DIR/log/slurmctld.out" 2>&1 &
    echo $! > "$CLUSTER_DIR/pids/slurmctld.job"
    wait_for 30 eval 'scontrol ping >/dev/null 2>&1' || return
    for name in 1 2 3 4 5 6 7 8; do
        slurmd -D -N pi$name </dev/null >"$CLUSTER_DIR/log/pi$name.out" 2>&1 &
        echo $! > "$CLUSTER_DIR/pids/pi$name.job"
    done
    wait_for 60 nodes_idle
}
slurm_stop() {
    local name
    for name in pi1 pi2 pi3 pi4 pi5 pi6 pi7 pi8 slurmctld slurmdbd; do
        pid_end "$(cat "$CLUSTER_DIR/pids/$name.job" 2>/dev/null)"
    done
    pid_end "$(cat "$CLUSTER_DIR/pids/mariadbd" 2>/dev/null)" TERM 20
    pid_end "$(cat "$CLUSTER_DIR/pids/munged" 2>/dev/null)"
}
