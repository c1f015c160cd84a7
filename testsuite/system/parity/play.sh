# play.sh - play a file of cases in the cluster at hand; to be sourced, after cluster.sh.
#
#   play CASES            prints what happened, as testsuite/system/parity/expected keeps it
#
# A file of cases is read line by line:
#   # a comment
#   == what the case is about        begins a case; it runs in an empty folder of its own, and its
#                                    jobs are cancelled when it ends
#   - command                        prepares or cleans up; what it prints is not looked at
#   $ command                        what it prints on each stream and its exit code are the result
#     more                           two blanks: one more line of the command above
#   ~ command                        as $, with the lines of each stream sorted: tasks run at once
#   $$ command   ~~ command          a whole case of one command, called after it
#   mask EXPRESSION                  one more sed -E expression for the results of the command above
#                                    and of those that follow in this case
# Commands run in one shell, so variables go from line to line.  Those named id, a, b, c and d hold
# ids of jobs: in the results their values are <id>, <a> and so on.  What a file does before its
# first case, jobs and variables alike, stays for all of its cases.
#
# The cluster under test and the reference have the same nodes, partitions, user and first job id
# (PARITY_* below).  What must differ from run to run is masked: job ids, times, durations, folders.

PARITY_FIRST_JOB=7001   # so that a number of four digits with a 7 in front is a job
PARITY_USER=user        # the name of whoever runs the cases
PARITY_NODES=8
PARITY_COMMANDS="sbatch srun salloc squeue sinfo scancel scontrol sacct sattach sbcast sstat sdiag
    strigger sprio sshare sacctmgr swait"

# A command that hangs is a result too.  One that we lack must not be found elsewhere.
play_commands() {
    local name
    for name in $PARITY_COMMANDS; do
        if [ -n "${BRAMBLE_BINDIR:-}" ] && [ ! -x "$BRAMBLE_BINDIR/$name" ]; then
            eval "$name() { echo '$name: command not found' >&2; return 127; }"
        else
            eval "$name() { timeout --foreground -k 2 ${PARITY_LIMIT:-20} $name \"\$@\"; }"
        fi
    done
}

# for the cases
job_states() { squeue -h -r -t all -j "$1" -o %T 2>/dev/null; }
job_ended() { ! job_states "$1" | grep -qxE 'PENDING|CONFIGURING|RUNNING|COMPLETING|SUSPENDED|REQUEUED'; }
job_end() { wait_for 20 job_ended "$1"; }
job_is_running() { job_states "$1" | grep -qx RUNNING; }
job_runs() { wait_for 20 job_is_running "$1"; }
acct_state_is() { [[ $(command sacct -X -n -P -j "$1" -o state) = "$2"* ]]; }
acct_knows() { wait_for 20 acct_state_is "$@"; } # ID STATE: accounting has the job in that state
nodes_idle() { [ "$(command sinfo -h -t idle -N -p debug -o %N | wc -l)" -eq $PARITY_NODES ]; }
steps_are() { [ "$(command squeue -h -s -j "$1" -o %i | grep -cE "^$1\.[0-9]+$")" -ge "$2" ]; }
steps_run() { wait_for 20 steps_are "$@"; } # ID COUNT

play_masks() {
    local name value
    for name in id a b c d; do
        value=${!name:-}
        [[ ! $value =~ ^[0-9]+$ ]] || echo "s/\b$value\b/<$name>/g"
    done
    cat <<MASKS
s/\b7[0-9]{3}(\b|_)/<job>\1/g
s/\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}/TIME/g
s/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9][0-9] [0-9:]{8} [0-9]{4}/DATE/g
s/\b00:0[0-9]:[0-9]{2}\b/00:NN:NN/g
s/\b1[0-9]{9}\b/EPOCH/g
s/\bslurmstepd-pi[0-9]: /slurmstepd: /
/^salloc: Job allocation .* has been revoked\.$/d
s/\b42949[0-9]{5}\b/PRIO/g
s/(AllocNode:Sid=[^ ]*:)[0-9]+/\1N/
s/LastSchedEval=(TIME|Unknown) Scheduler=[A-Za-z]+/LastSchedEval=X Scheduler=X/
s#$play_dir#DIR#g
s#$CLUSTER_DIR#TOP#g
s/\b$(id -u)\b/UID/g
s/\b$(id -g)\b/GID/g
s/\b(localhost|$(hostname))\b/HOST/g
s/\b(x86_64|aarch64|x86_|aarc)\b/ARCH/g
MASKS
    # 0:15 is a duration for squeue, and a signal for sacct.
    [[ $play_text = *sacct* ]] || echo 's/(^|[^=:0-9])[0-9]:[0-9]{2}\b/\1N:NN/g'
    printf '%s' "$play_mask"
}

# Lines led by a mark; a last line without an end is seen to have none.
play_show() { LC_ALL=C sed -e 's/[^[:print:]\t]/?/g' -e "s/^/$1/" -e '$a\' ; }

play_flush() {
    [ -n "$play_kind" ] || return 0
    local status out=$play_root/out err=$play_root/err
    set -o pipefail
    { eval "$play_text"; } >"$out" 2>"$err" </dev/null
    status=$?
    set +o pipefail
    if [ "$play_kind" != '-' ]; then
        printf '%s %s\n' "$play_kind" "${play_text%%$'\n'*}"
        [ "$play_kind" != '~' ] || sort -o "$out" "$out"
        [ "$play_kind" != '~' ] || sort -o "$err" "$err"
        play_masks > "$play_root/masks"
        sed -E -f "$play_root/masks" "$out" | play_show '> '
        sed -E -f "$play_root/masks" "$err" | play_show '! '
        echo "= $status"
    fi
    play_kind=""
}

play_begin() {
    play_end
    play_number=$((play_number + 1)) play_mask="" play_dir=$play_root/$play_number
    [ -n "$play_shared" ] || unset id a b c d
    mkdir -p "$play_dir" && cd "$play_dir" || return
    printf '== %s\n' "$1"
}

play_end() {
    play_flush
    [ -n "$play_dir" ] || return 0
    cd "$play_root" || return
    if [ -z "$play_shared" ] && [ -n "$(command squeue -h -o %i 2>/dev/null)" ]; then
        command scancel -u $PARITY_USER 2>/dev/null
        wait_for 20 eval '[ -z "$(command squeue -h -o %i)" ]' || echo "# jobs are left"
    fi
    [ "$play_dir" = "$play_root" ] || rm -rf "$play_dir"
    play_dir=""
    [ -z "${PARITY_TIMES:-}" ] || echo "$play_number ended after $SECONDS s" >&2
}

play() {
    local line play_kind="" play_text="" play_mask="" play_dir="" play_root=$CLUSTER_DIR/play play_number=0 play_shared=""
    local id a b c d
    play_commands
    mkdir -p "$play_root" && cd "$play_root" || return
    while IFS= read -r line <&8 || [ -n "$line" ]; do
        case $line in
        '== '*) play_begin "${line#== }" ;;
        '$$ '* | '~~ '*)
            play_begin "${line#???}"
            play_kind=${line:0:1} play_text=${line#???}
            ;;
        '$ '* | '~ '* | '- '*)
            play_flush
            [ "$play_number" -gt 0 ] || play_shared=yes play_dir=$play_root
            play_kind=${line%% *} play_text=${line#* }
            ;;
        '  '*) play_text+=$'\n'${line#  } ;;
        'mask '*) play_mask+=${line#mask }$'\n' ;;
        '' | '#'*) ;;
        *) echo "parity: $1: what is '$line'?" >&2; return 1 ;;
        esac
    done 8< "$1"
    play_shared=""
    play_end
}
