# lib.sh - what the measurements share; sourced by run.
#
# A system is a file that defines sys_up, sys_down, ctld_pid, node_pid N, ctld_start, node_start N and
# sets PATH so that sbatch and its like are its own.  BENCH is its scratch folder.

NODES=8 CPUS=4

say() { echo "$*" >&2; }
now() { date +%s.%N; }
since() { awk -v a="$(now)" -v b="$1" 'BEGIN { printf "%.3f", a - b }'; }
quotient() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b ? a / b : 0 }'; }
# word NAME LINE: the value of NAME=value
word() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p" | head -1; }

# result KEY VALUE [NOTE]
result() {
    printf '%s\t%s\t%s\t%s\n' "$SYSTEM" "$1" "$2" "${3:-}" >>"$RESULTS"
    say "  $SYSTEM $1 = $2 ${3:-}"
}

# ---- CPU time by role: a group for controller, nodes and commands, where we may make one ----
cpu_setup() {
    CPU_ROOT=
    for d in /sys/fs/cgroup/cpuacct /sys/fs/cgroup; do
        [ -w "$d" ] && [ -e "$d/cgroup.procs" ] && CPU_ROOT=$d/bramble-bench-$$-$SYSTEM && break
    done
    [ -z "$CPU_ROOT" ] || mkdir "$CPU_ROOT" "$CPU_ROOT/ctld" "$CPU_ROOT/node" "$CPU_ROOT/client" 2>/dev/null || CPU_ROOT=
}
cpu_drop() { [ -z "$CPU_ROOT" ] || rmdir "$CPU_ROOT"/* "$CPU_ROOT" 2>/dev/null; }
# as ROLE COMMAND...: exec the command inside the role's group
as() {
    local role=$1
    shift
    [ -z "$CPU_ROOT" ] || echo "$BASHPID" >"$CPU_ROOT/$role/cgroup.procs"
    exec "$@"
}
# Microseconds of CPU so far, of a role or of all; empty when it cannot be told.
cpu_used() { # [ROLE]
    [ -n "$CPU_ROOT" ] || return 0
    local r sum=0 us
    for r in ${1:-ctld node client}; do
        if [ -r "$CPU_ROOT/$r/cpuacct.usage" ]; then
            us=$(($(cat "$CPU_ROOT/$r/cpuacct.usage") / 1000))
        else
            us=$(sed -n 's/^usage_usec //p' "$CPU_ROOT/$r/cpu.stat")
        fi
        sum=$((sum + us))
    done
    echo "$sum"
}
lat() { (as client "$TOOLS/lat" "$@"); }

# ---- memory and wake-ups of a process ----
# Proportional share in MiB: what the process adds to the machine.
mem_of() { awk '/^Pss:/ { printf "%.2f", $2 / 1024 }' "/proc/$1/smaps_rollup"; }
switches_of() { cat /proc/"$1"/task/*/status 2>/dev/null | awk '/^voluntary_ctxt/ { n += $2 } END { print n + 0 }'; }
written_by() { sed -n 's/^write_bytes: //p' "/proc/$1/io"; }

jobs_left() { squeue -h -o %i | wc -l; }
wait_empty() { # [SECONDS]
    local end=$((SECONDS + ${1:-120})) left
    while left=$(jobs_left) && [ "$left" != 0 ]; do
        [ $SECONDS -lt $end ] || { say "  jobs are still there after ${1:-120} s"; return 1; }
        [ "$left" -gt 50 ] && sleep 0.3 || sleep 0.03 # looking costs the controller time, too
    done
}
wait_idle() { # until every node is idle
    local end=$((SECONDS + 30))
    while [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | sort -u | wc -l)" != $NODES ]; do
        [ $SECONDS -lt $end ] || { say "  nodes do not come up"; return 1; }
        sleep 0.1
    done
}
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
partition() { scontrol update PartitionName=debug State="$1"; }
