# agent.sh - one agent under a controller that does what a test says (fake_ctld); to be sourced.
#
#   agent_begin [NAME=VALUE...]   start fake_ctld and an agent that registers; conf words for NodeConfig
#   agent_end                     stop both; fails when a process or folder of a step is left
#   tell WORDS...                 one command to fake_ctld (see there)
#   hear PATTERN [SECONDS]      wait for a line of its output, from where the last hear stopped
#   hear_none PATTERN           no such line so far
#   agent_stop [SIGNAL]  agent_start
# AGENT_DIR is the scratch folder; BUILD_DIR has the programs; AGENT_USER runs the agent (default: me).

BUILD_DIR=${BUILD_DIR:-${BRAMBLE_BUILD:-.}}
FAKE_CTLD=${FAKE_CTLD:-$BUILD_DIR/testsuite/lib/fake_ctld}
BRAMBLED=${BRAMBLED:-$BUILD_DIR/brambled}
STEPD_DIR=${STEPD_DIR:-$BUILD_DIR}
PLUGIN_DIR=${PLUGIN_DIR:-$BUILD_DIR/.libs}

agent_start() {
    # shellcheck disable=SC2086
    ${AGENT_WRAP:-} "$BRAMBLED" -D -v --node-name pi1 --controller "$CTLD_ADDR" --run-dir "$AGENT_DIR/run" --port 0 \
        --listen 127.0.0.1 --libexec-dir "$STEPD_DIR" --plugin-dir "$PLUGIN_DIR" >> "$AGENT_DIR/agent.log" 2>&1 &
    AGENT_PID=$!
}

agent_stop() {
    kill -"${1:-TERM}" "$AGENT_PID" 2>/dev/null
    wait "$AGENT_PID" 2>/dev/null
    return 0
}

agent_begin() {
    local key word
    AGENT_DIR=$(mktemp -d /tmp/agent-test.XXXXXX)
    chmod 755 "$AGENT_DIR"
    mkfifo "$AGENT_DIR/in"
    : > "$AGENT_DIR/said"
    "$FAKE_CTLD" < "$AGENT_DIR/in" > "$AGENT_DIR/said" 2> "$AGENT_DIR/ctld.log" &
    FAKE_PID=$!
    exec 7> "$AGENT_DIR/in"
    HEAR_AT=0
    hear '^READY ' 10 || return 1
    CTLD_ADDR=$(awk '/^READY/ {print $2, $3; exit}' "$AGENT_DIR/said")
    key=$(awk '/^READY/ {print $4; exit}' "$AGENT_DIR/said")
    export BRAMBLE_MUNGE_SOCKET=$key
    for word in "$@"; do tell conf "${word%%=*}" "${word#*=}"; done
    agent_start
    hear '^REGISTER ' 10
}

tell() { printf '%s\n' "$*" >&7; }

hear() {
    local i line number
    for ((i = 0; i < ${2:-5} * 50; i++)); do
        number=0
        while IFS= read -r line; do
            number=$((number + 1))
            if [ $number -gt "$HEAR_AT" ] && [[ $line =~ $1 ]]; then
                HEAR_AT=$number
                HEARD=$line
                return 0
            fi
        done < "$AGENT_DIR/said"
        sleep 0.02
    done
    echo "# expected: $1; said since:" >&2
    tail -n +$((HEAR_AT + 1)) "$AGENT_DIR/said" | sed 's/^/#   /' >&2
    return 1
}

hear_none() { ! tail -n +$((HEAR_AT + 1)) "$AGENT_DIR/said" | grep -Eq "$1"; }

# Wait until a command succeeds: until_true SECONDS COMMAND
until_true() {
    local i
    for ((i = 0; i < $1 * 50; i++)); do
        eval "$2" && return 0
        sleep 0.02
    done
    return 1
}

agent_end() {
    local rc=0
    until_true 5 '[ -z "$(ls "$AGENT_DIR/run/steps" 2>/dev/null)" ]' || {
        echo "# step folders left: $(ls "$AGENT_DIR/run/steps")" >&2
        rc=1
    }
    tell quit
    agent_stop
    wait "$FAKE_PID" 2>/dev/null
    exec 7>&-
    if grep -Eq 'Sanitizer|runtime error' "$AGENT_DIR/agent.log"; then
        echo "# sanitizer report:" >&2
        grep -A15 -E 'Sanitizer|runtime error' "$AGENT_DIR/agent.log" | sed 's/^/#   /' >&2
        rc=1
    fi
    [ -n "${KEEP:-}" ] || rm -rf "$AGENT_DIR"
    return $rc
}
