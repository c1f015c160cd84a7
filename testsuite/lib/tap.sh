# tap.sh - test cases with TAP output; to be sourced by the scripts of testsuite/system.
#
#   test_case "a sentence about behaviour" 'commands'   passes when the commands succeed; they run in
#                        this very shell, so variables go from one case to the next
#   test_skip "sentence" "reason"
#   test_skip_all "reason"     for the whole script; ends it
# The plan is printed when the script ends, so that a script which dies early is seen to have failed.

TAP_COUNT=0 TAP_FAILED=0 TAP_OUT=$(mktemp)
exec 3>&1

test_case() {
    local begin=$SECONDS status
    TAP_COUNT=$((TAP_COUNT + 1))
    eval "$2" >"$TAP_OUT" 2>&1
    status=$?
    if [ $status -eq 0 ]; then
        echo "ok $TAP_COUNT - $1" >&3
    else
        TAP_FAILED=$((TAP_FAILED + 1))
        echo "not ok $TAP_COUNT - $1" >&3
        echo "# status $status after $((SECONDS - begin)) s; output:" >&3
        tail -n ${TAP_TAIL:-40} "$TAP_OUT" | sed 's/^/#   /' >&3
    fi
    return 0
}
test_skip() {
    TAP_COUNT=$((TAP_COUNT + 1))
    echo "ok $TAP_COUNT - $1 # SKIP $2" >&3
}
test_skip_all() {
    trap - EXIT
    rm -f "$TAP_OUT"
    echo "1..0 # SKIP $1" >&3
    exit 0
}
# expect TEXT GOT: equal, or say the difference
expect() {
    [ "$1" = "$2" ] || { printf 'expected: %s\n     got: %s\n' "$1" "$2"; return 1; }
}
expect_match() {
    [[ "$2" =~ $1 ]] || { printf 'expected to match: %s\n              got: %s\n' "$1" "$2"; return 1; }
}
# CLUSTER_DIR is run-test's to remove, outside of the namespaces: a test may have mounted something
# below it that must not be emptied.
tap_end() {
    trap - EXIT
    [ "$TAP_FAILED" -eq 0 ] || ! declare -F on_test_failure >/dev/null || on_test_failure | sed 's/^/# /' >&3
    if declare -F cluster_stop >/dev/null; then
        cluster_stop >/dev/null 2>&1
        # What a daemon built with sanitizers has to say, it says in its log, at the latest when it ends.
        ! grep -Eqs 'Sanitizer: |SUMMARY: .*Sanitizer|: runtime error: ' "$CLUSTER_DIR"/log/* ||
            test_case "no daemon had anything to report" \
                'grep -Eh -A12 "Sanitizer: |: runtime error: " "$CLUSTER_DIR"/log/* | head -40; false'
    fi
    rm -f "$TAP_OUT"
    echo "1..$TAP_COUNT" >&3
    [ "$TAP_FAILED" -eq 0 ]
    exit
}
trap tap_end EXIT
trap 'exit 1' TERM INT
