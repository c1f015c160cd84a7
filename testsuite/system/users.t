#!/bin/bash
# limit: 120
# needs: root boards
# Many users: agents as root, the controller as a user of its own.  alice, bob and the rest exist
# only in this rack's /etc/passwd.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
CLUSTER_CONF='kill_wait = 2;'
CTLD_USER=bramblet
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
cat /etc/passwd - > "$CLUSTER_DIR/passwd" <<P
bramblet:x:23000:23000::/:/usr/sbin/nologin
alice:x:23001:23001:Alice:/nonexistent:/bin/sh
bob:x:23002:23002:Bob:/nonexistent:/bin/sh
P
cat /etc/group - > "$CLUSTER_DIR/group" <<G
bramblet:x:23000:
alice:x:23001:
bob:x:23002:
crew:x:23010:alice
deck:x:23011:alice,bob
G
chmod 644 "$CLUSTER_DIR/passwd" "$CLUSTER_DIR/group"
mount --bind "$CLUSTER_DIR/passwd" /etc/passwd && mount --bind "$CLUSTER_DIR/group" /etc/group || exit
# Users must be able to walk to what they run.
mkdir "$CLUSTER_DIR/inst" && mount --bind "$BRAMBLE_ROOT" "$CLUSTER_DIR/inst" && BRAMBLE_ROOT=$CLUSTER_DIR/inst || exit
test_case "the controller runs as its own user, without capabilities" '
    cluster_start_boards "u1 pi4 2000 synthetic:Package:1 Core:4 PU:1
u2 pi4 2000 synthetic:Package:1 Core:4 PU:1" &&
    expect "23000" "$(stat -c %u /proc/$(ctld_pid))" &&
    expect "0000000000000000" "$(sed -n "s/^CapPrm:[[:blank:]]*//p" /proc/$(ctld_pid)/status)"'
mkdir -m 1777 "$CLUSTER_DIR/share" && cd "$CLUSTER_DIR/share" || exit
as() { local user=$1; shift; setpriv --reuid="$user" --regid="$user" --init-groups --inh-caps=-all -- env HOME=/nonexistent USER="$user" "$@"; }

test_case "a step has exactly its user's identity" '
    expect "uid=23001(alice) gid=23001(alice) groups=23001(alice),23010(crew),23011(deck)" "$(as alice srun -n1 id)" &&
    expect "uid=23002(bob) gid=23002(bob) groups=23002(bob),23011(deck)" "$(as bob srun -n1 id)"'
test_case "so has a batch job, with no capability and only three descriptors" '
    as alice sbatch --wait -o ident --wrap "id -u; umask; grep CapEff /proc/self/status; ls /proc/self/fd | wc -l" &&
    expect "23001" "$(head -1 ident)" && grep -q "0000000000000000" ident && expect 4 "$(tail -1 ident)" &&
    expect 23001 "$(stat -c %u ident)"'
test_case "umask and limits of the submitter reach the job" '
    as alice sh -c "umask 027; ulimit -n 512; srun -n1 sh -c \"umask; ulimit -n\"" > lim && expect "0027 512 " "$(tr "\n" " " < lim)"'
test_case "jobs of two users run side by side" '
    a=$(as alice sbatch --parsable -n1 -o /dev/null --wrap "sleep 30") && b=$(as bob sbatch --parsable -n1 -o /dev/null --wrap "sleep 30") &&
    job_wait $a RUNNING && job_wait $b RUNNING'
test_case "bob cannot cancel, hold, update or step into the job of alice" '
    ! as bob scancel $a 2>/dev/null && ! as bob scontrol hold $a 2>/dev/null && ! as bob scontrol update jobid=$a timelimit=5 2>/dev/null &&
    ! as bob timeout 10 srun --jobid=$a -n1 id 2>/dev/null && expect RUNNING "$(job_state $a)"'
test_case "bob cannot drain a node or stop the controller" '
    ! as bob scontrol update nodename=u1 state=drain reason=x 2>/dev/null && ! as bob scontrol shutdown 2>/dev/null && scontrol ping'
test_case "the script of alice is hers alone" '
    ! find "$CLUSTER_DIR"/nodes /run/bramble -name "*script*" -type f 2>/dev/null | while read -r f; do as bob cat "$f"; done 2>/dev/null | grep -q .'
test_case "root cancels them, and nothing of theirs is left" '
    scancel $a $b && job_wait $a CANCELLED && job_wait $b CANCELLED && ! pgrep -u 23001 && ! pgrep -u 23002'
test_case "an output file goes where its user may write, and only there" '
    mkdir -m 700 private && id=$(as bob sbatch --parsable -o "$PWD/private/x" --wrap true) && job_wait $id "FAILED" && [ ! -e private/x ]'
test_case "a link to a file of root is not followed with root's rights" '
    echo secret > rootfile && chmod 600 rootfile && as bob ln -s "$PWD/rootfile" link &&
    id=$(as bob sbatch --parsable -o "$PWD/link" --wrap "echo gone") && job_wait $id FAILED && expect secret "$(cat rootfile)"'
test_case "a task's prolog and epilog run as its user" '
    printf "#!/bin/sh\necho print before \$(id -un)\n" > tp && printf "#!/bin/sh\necho after \$(id -un) >&2\n" > te && chmod 755 tp te &&
    expect "before alice during alice after alice" \
        "$(echo $(as alice srun -n1 --task-prolog="$PWD/tp" --task-epilog="$PWD/te" sh -c "echo during \$(id -un)" 2>&1))"'
test_case "sbcast writes what its user may write, and follows no link" '
    echo text > source && as alice salloc -Q -N2 -n2 sh -c "sbcast source \"$PWD/carried\"; echo \$?; sbcast -f source \"$PWD/link\"
        sbcast source \"$PWD/private/x\"; echo \$?" > out 2>err
    expect "17 13" "$(echo $(cat out))" && expect 23001 "$(stat -c %u carried)" && expect secret "$(cat rootfile)" && [ ! -e private/x ]'
test_case "bob cannot attach to a step of alice, nor carry files to her job" '
    as alice sh -c "exec srun -n1 sleep 30" 2>/dev/null & p=$!
    wait_for 10 eval "a=\$(squeue -h -u alice -t R -o %i) && [ -n \"\$a\" ]" &&
    ! as bob sattach $a.0 </dev/null 2>err && grep -q "Access/permission denied" err &&
    ! as bob sbcast -j $a source "$PWD/bobs" 2>err && [ ! -e bobs ] && kill -TERM $p && { wait $p; true; }'
