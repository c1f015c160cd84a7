#!/bin/bash
# limit: 120
# user: plain
# Mail about jobs: which, to whom, with what subject, and none lost when the controller dies.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"

cat > "$CLUSTER_DIR/mailer" <<'M'
#!/bin/sh
[ ! -e "$0.slow" ] || sleep 60
echo "$3|$2|$SLURM_JOB_MAIL_TYPE" >> "$0.log"
M
chmod +x "$CLUSTER_DIR/mailer"
CLUSTER_CONF="mail_prog = \"$CLUSTER_DIR/mailer\";"
test_case "an agent comes up idle" 'cluster_start 1'
on_test_failure() { cat "$CLUSTER_DIR/mailer.log"; tail -n 15 "$CLUSTER_DIR"/log/*; }
cd "$CLUSTER_DIR" || exit
got() { wait_for 10 grep -q "$1" mailer.log; }
sub() { sbatch --parsable -o /dev/null -J m --mail-user=alice@example.org "$@"; }

test_case "begin and end are told, with the subjects of Slurm" '
    id=$(sub --mail-type=ALL --wrap true) && got "^alice@example.org|Slurm Job_id=$id Name=m Began, Queued time 00:00:0[0-9]|Began$" &&
    got "^alice@example.org|Slurm Job_id=$id Name=m Ended, Run time 00:00:0[0-9], COMPLETED, ExitCode 0|Ended$" &&
    scontrol show job $id | grep -q "MailUser=alice@example.org MailType=INVALID_DEPEND,BEGIN,END,FAIL,REQUEUE,STAGE_OUT"'
test_case "a failure is told, and what was not asked for is not" '
    id=$(sub --mail-type=FAIL --wrap "exit 3") && got "Job_id=$id Name=m Failed, Run time 00:00:0[0-9], FAILED, ExitCode 3" &&
    ! grep -q "Job_id=$id Name=m Began" mailer.log'
test_case "mail goes to who submits, if nobody is named" '
    id=$(sbatch --parsable -o /dev/null --mail-type=END --wrap true) && got "^$(id -un)|Slurm Job_id=$id "'
test_case "a requeue and a dependency that cannot come true are told" '
    id=$(sub --mail-type=REQUEUE --wrap "sleep 30") && job_wait $id RUNNING && scontrol requeue $id &&
    got "Job_id=$id Name=m Requeued, Run time" && scancel $id &&
    ok=$(sub --wrap true) && job_wait $ok COMPLETED &&
    bad=$(sub --mail-type=INVALID_DEPEND --kill-on-invalid-dep=yes -d afternotok:$ok --wrap true) &&
    got "Job_id=$bad Name=m Invalid dependency|"'
test_case "an array gets one mail, or one a task" '
    id=$(sub --mail-type=END -a 0-2 --wrap true) && got "Slurm Array Summary Job_id=${id}_\* ([0-9]*) Name=m Ended, COMPLETED, ExitCode \[0-0\]" &&
    expect 1 "$(grep -c "Job_id=${id}_" mailer.log)" &&
    id=$(sub --mail-type=END,ARRAY_TASKS -a 0-2 --wrap true) && got "Slurm Array Task Job_id=${id}_1 ([0-9]*) Name=m Ended, Run time" &&
    wait_for 10 eval "[ \$(grep -c \"Job_id=${id}_\" mailer.log) -eq 3 ]"'
test_case "a word that is no type is refused" '
    ! sub --mail-type=BOGUS --wrap true 2>e && grep -q "Invalid --mail-type specification" e'
test_case "mail that was due when the controller died comes after its restart" '
    touch mailer.slow && id=$(sub --mail-type=END --wrap true) && job_wait $id COMPLETED && sleep 0.2 && ctld_kill KILL &&
    rm mailer.slow && ctld_start && got "Job_id=$id Name=m Ended"'
test_case "and what had been sent does not come again" '
    n=$(wc -l < mailer.log) && ctld_kill KILL && ctld_start && id=$(sub --mail-type=END --wrap true) && got "Job_id=$id " &&
    expect $((n + 1)) "$(wc -l < mailer.log)"'
