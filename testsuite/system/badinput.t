#!/bin/bash
# limit: 120
# user: plain
# Bad input gets one clear line and a non-zero exit code; the controller lives on.
. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
on_test_failure() { tail -n 15 "$CLUSTER_DIR"/log/*; }
test_case "a cluster of one starts" 'cluster_start 1'
cd "$CLUSTER_DIR" || exit

# refused TEXT COMMAND...: fails within 10 s, by itself (255 is what Slurm's commands leave with), with
# a line on stderr that matches TEXT; Slurm's own texts have up to three
refused() {
    local text=$1 status
    shift
    timeout 10 "$@" > refused.out 2> refused.err < /dev/null
    status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] && { [ $status -lt 126 ] || [ $status -eq 255 ]; } && [ "$(wc -l < refused.err)" -le 3 ] && grep -Eiq "$text" refused.err ||
        { echo "$* -> status $status, stderr:"; head -c 600 refused.err; return 1; }
}
script() { printf "$1" > s.sh; }
bad() { test_case "$1" "$2"; }

bad "an empty script" ': > s.sh; refused "empty|script" sbatch s.sh'
bad "a script without #!" 'script "echo hi\n"; refused "#!|interpreter|first line" sbatch s.sh'
bad "a script with DOS line ends" 'script "#!/bin/sh\r\necho\r\n"; refused "DOS|line (end|break)" sbatch s.sh'
bad "a script with a NUL" 'printf "#!/bin/sh\necho \0 x\n" > s.sh; refused "NUL|binary|byte" sbatch s.sh'
bad "a script of 100 MiB" '{ echo "#!/bin/sh"; head -c 104857600 /dev/zero | tr "\0" "#"; } > s.sh; refused "large|big|long|limit|MiB|byte" sbatch s.sh; rm -f s.sh'
bad "an unknown directive" 'script "#!/bin/sh\n#SBATCH --frobnicate=1\ntrue\n"; refused "frobnicate" sbatch s.sh'
bad "a folder" 'mkdir -p d; refused "directory|folder" sbatch d'
bad "a FIFO" 'mkfifo f; refused "f" sbatch f'
bad "/dev/zero" 'refused "batch script" sbatch /dev/zero'
bad "a script that is not there" 'refused "nosuch" sbatch nosuch.sh'
for value in "" -1 0 2147483648 18446744073709551616 1e9 0x10 1k nan " 5x" 5x 5-2; do
    bad "-N '$value'" "refused 'nodes|-N|node count' sbatch -N '$value' --wrap true"
done
for value in "" -1 2147483648 1e9 x 4x; do
    bad "-n '$value'" "refused 'ntasks|-n|number of tasks' sbatch -n '$value' --wrap true"
done
for value in x 1- 1:2:3:4 ""; do
    bad "-t '$value'" "refused 'time' sbatch -t '$value' --wrap true"
done
for value in "" 0-4294967295 5-2 0-4:0 a 1,,2 0-; do
    bad "--array='$value'" "refused 'array' sbatch --array='$value' --wrap true"
done
for value in "n[" "n]" "n[1-" "n[2-1]" "n[1-4294967295]" "n[[1]]" nosuch; do
    bad "-w '$value'" "refused 'n\[|n\]|node|host|list|nosuch' sbatch -w '$value' --wrap true"
done
for value in afterok:0 afterok: nosuch:1 afterok:x; do
    bad "--dependency=$value" "refused 'depend|job' sbatch -d '$value' --wrap true"
done
bad "a partition that is not there" 'refused "partition" sbatch -p nosuch --wrap true'
bad "more nodes than there are" 'refused "node" sbatch -N 50 --wrap true'
bad "memory in nonsense" 'refused "mem" sbatch --mem=1Q --wrap true'
bad "a job name of 64 KiB" 'refused "name" sbatch -J "$(head -c 65536 /dev/zero | tr "\0" x)" --wrap true'
bad "an unknown launcher" 'refused "nosuch" srun --mpi=nosuch true'
bad "an unknown option" 'refused "frob" srun --frob true'
bad "squeue -j of nobody" 'refused "Invalid job id specified" squeue -j 999999'
bad "scontrol show job of nobody" 'refused "Invalid job id specified" scontrol show job 999999'
bad "an unknown key in scontrol update" 'refused "frob" scontrol update nodename=n1 frob=1'

conf() { sed "$1" "$BRAMBLE_CONF" > bad.conf; refused "$2" "$BRAMBLE_SBINDIR/bramblectld" -D -f bad.conf --print-key; }
bad "an unknown key in bramble.conf, with its line" 'conf "1i frob = 1;" "bad.conf:1.*frob"'
bad "a value out of range" 'conf "1i node_timeout = -5;" "bad.conf:1.*node_timeout"'
bad "a value of the wrong type" 'conf "1i kill_wait = [1,2];" "bad.conf:1.*kill_wait"'
bad "half a file" 'head -c 300 "$BRAMBLE_CONF" > half.conf; refused "half.conf:[0-9]" "$BRAMBLE_SBINDIR/bramblectld" -D -f half.conf --print-key'
bad "a bad file on reload changes nothing and is told with its line" '
    cp bramble.conf good; sed -i "1i frob = 1;" bramble.conf; refused "bramble.conf:1" scontrol reconfigure; rc=$?; cp good bramble.conf; [ $rc -eq 0 ]'
test_case "escape sequences in a job name are shown as text" '
    id=$(sbatch --parsable -J "$(printf "a\033[31mb")" -o /dev/null --wrap true) && job_wait $id COMPLETED &&
    ! squeue -t all -o %j | grep -q "$(printf "\033")"'
test_case "the controller has been the same all along and serves" 'pid_alive "$(ctld_pid)" && srun -n1 true'
