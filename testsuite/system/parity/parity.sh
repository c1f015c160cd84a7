# parity.sh - what the parity tests share: play files of cases in a cluster of ours and compare with
# what Debian's Slurm did (expected/, made by record); to be sourced by testsuite/system/parity-*.t.
#
#   parity NAME...      the files of cases
#
# PARITY_ONLY_PLAY=FOLDER keeps what happened there, for a look.

parity_here=$TESTSUITE/system/parity

# The cases are about a plain user of a certain name, in a rack where nobody else is.
parity_become() {
    [ "$(id -un)" = "$1" ] && return
    [ "$(id -u)" -eq 0 ] || [ -n "${PARITY_BECOME:-}" ] || [ "$(stat -c %u /)" -ne 0 ] || :
    [ -z "${PARITY_BECOME:-}" ] || test_skip_all "the user cannot be renamed here"
    "$TESTSUITE/lib/rack" -t 2>/dev/null || test_skip_all "needs namespaces, to rename the user"
    trap - EXIT
    rm -f "$TAP_OUT"
    PARITY_BECOME=1 exec bash "$parity_here/as-user" "${CLUSTER_DIR%/*}" bash "$0"
}

parity_cluster() {
    CLUSTER_NAME=parity
    CLUSTER_CONF="first_job_id = $PARITY_FIRST_JOB; kill_wait = 2; def_mem_per_cpu = 500; licenses = \"matlab:4\"; ${PARITY_CONF:-}"
    CLUSTER_PARTITIONS='    { name = "debug"; default = true; },
    { name = "short"; nodes = "pi[1-2]"; default_time = "1"; max_time = "10"; },
    { name = "pi5"; nodes = "pi[5-8]"; max_nodes = 2; },
    { name = "closed"; nodes = "pi8"; state = "down"; }'
    cluster_start_list loopback "$(
        for n in 1 2 3 4; do echo "pi$n pi4 2000 synthetic:Package:1 Core:4 PU:1"; done
        for n in 5 6 7 8; do echo "pi$n pi5 4000 synthetic:Package:1 Core:4 PU:1"; done
    )"
}

parity() {
    local name number verdict case_name why out=$CLUSTER_DIR/got
    declare -A count=()
    for name; do
        cd "$CLUSTER_DIR" || exit
        test_case "$name: a cluster of the reference's shape comes up" parity_cluster
        mkdir -p "$out"
        play "$parity_here/cases/$name" > "$out/$name.out"
        [ -z "${PARITY_ONLY_PLAY:-}" ] || cp "$out/$name.out" "$PARITY_ONLY_PLAY/"
        mkdir -p "$out/$name"
        number=0
        while IFS=$'\t' read -r verdict case_name why; do
            number=$((number + 1)) count[$verdict]=$((${count[$verdict]:-0} + 1))
            case $verdict in
            equal) test_case "$name: $case_name" : ;;
            reason) test_case "$name: $case_name (and the reason)" : ;;
            kept) test_case "$name: $case_name (kept apart: $why)" : ;;
            open) test_skip "$name: $case_name" "known difference: $why" ;;
            stale) test_skip "$name: $case_name" "equal, but listed as a known difference" ;;
            *) test_case "$name: $case_name" 'cat "$out/$name/$number"; false' ;;
            esac
        done < <(awk -v name="$name" -v dir="$out/$name" -f "$parity_here/judge.awk" part=1 "${PARITY_DIFFERS:-$parity_here/differs}" \
            part=2 "$parity_here/ours" part=3 "$parity_here/expected/$name.out" part=4 "$out/$name.out")
        cluster_stop >/dev/null 2>&1
        rm -rf "$CLUSTER_DIR"/{state,nodes,run,play}
    done
    for verdict in equal reason kept open stale wrong; do
        echo "# ${count[$verdict]:-0} $verdict" >&3
    done
}

. "$TESTSUITE/lib/tap.sh"
. "$TESTSUITE/lib/cluster.sh"
. "$parity_here/play.sh"
parity_become $PARITY_USER
