#!/bin/bash
# limit: 30
# The ledger checker itself: it passes what is right and names each kind of breach.
. "$TESTSUITE/lib/tap.sh"
command -v python3 >/dev/null || test_skip_all "python3 is not installed"
cd "$CLUSTER_DIR" || exit

good() {
    printf 'ack a 1\nack b 2\nnoack c\nack d 4\ncancelled 4\n' > acks
    printf 'start a 1 0 1.0\nend a 1 0 2.0\nstart b 2 0 1.0\nstart b 2 1 3.0\nend b 2 1 4.0\n' > book
    printf '1|a|COMPLETED\n2|b|REQUEUED\n2|b|COMPLETED\n4|d|CANCELLED by 0\n' > sacct
}
check() { "$TESTSUITE/lib/ledger" --acks acks --ledger book --sacct sacct > out; }
breach() { ! check && { grep -q "$1" out || { cat out; false; }; }; }

test_case "a clean ledger passes" 'good && check || { cat out; false; }'
test_case "a lost job is found" 'good; sed -i 1d sacct; breach "job 1 (a) is not accounted: lost"'
test_case "a reused id is found" 'good; sed -i "s/ack d 4/ack d 2/" acks; breach "id 2 was given to b and to d"'
test_case "an id under another name is found" 'good; sed -i "s/^1|a/1|x/" sacct; breach "id reused"'
test_case "a double start is found" 'good; echo "start a 1 0 5.0" >> book; breach "started twice in attempt 0"'
test_case "overlapping attempts are found" 'good; sed -i "s/start b 2 1 3.0/start b 2 1 0.5/" book; breach "began before"'
test_case "COMPLETED without an end is found" 'good; sed -i "/^end a/d" book; breach "did not run to its end"'
test_case "a job that hangs is found" 'good; sed -i "s/1|a|COMPLETED/1|a|RUNNING/" sacct; breach "is still RUNNING"'
test_case "a job nobody submitted is found" 'good; echo "start z 9 0 1.0" >> book; breach "nobody submitted it"'
test_case "a half-known unacknowledged job is found" 'good; echo "start c 3 0 1.0" >> book; breach "ran but is not accounted"'
test_case "a double account is found" 'good; echo "1|a|COMPLETED" >> sacct; breach "accounted 2 times"'
