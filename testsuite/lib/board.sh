# board.sh - emulated boards; to be sourced by a script that rack runs.
#
# A board is a host of its own: network (eth0 on the rack's bridge, own address), UTS, mount, IPC and
# PID namespaces, /tmp, /run, /dev/shm, /etc/hosts and boot_id.  Without all of these MPI libraries take two
# boards for one.  Folders named in BOARD_SHARED keep their place on all boards, also below /tmp: they
# are what a real cluster has on NFS.
#
#   rack_setup DIR            make the bridge and the head's address; DIR keeps what boards need
#   board_add NAME            give a board its number and address, not yet power
#   board_power NAME on|off   off is a power cut: no process says goodbye
#   board_cable NAME out|in
#   board_exec NAME CMD...    run a command there (as whoever calls, same working folder)
#   board_address NAME        print it
# All return non-zero and say why on stderr when they cannot.

RACK_NET=${RACK_NET:-10.86.0}

rack_setup() {
    RACK_DIR=$1
    mkdir -p "$RACK_DIR/boards" || return
    printf '127.0.0.1\tlocalhost\n%s.1\thead\n' "$RACK_NET" > "$RACK_DIR/hosts"
    echo 1 > "$RACK_DIR/last"
    mount --bind "$RACK_DIR/hosts" /etc/hosts &&
        hostname head &&
        ip link set lo up &&
        ip link add br0 type bridge forward_delay 0 &&
        ip address add "$RACK_NET.1/24" dev br0 &&
        board_no_ipv6 &&
        ip link set br0 up
}

# A half-configured second family of addresses is what MPI libraries stumble over.
board_no_ipv6() {
    [ ! -e /proc/sys/net/ipv6/conf/all/disable_ipv6 ] ||
        echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
}

board_add() {
    local dir=$RACK_DIR/boards/$1 n
    n=$(($(cat "$RACK_DIR/last") + 1))
    [ "$n" -lt 255 ] || { echo "board_add: no address left for $1" >&2; return 1; }
    echo "$n" > "$RACK_DIR/last"
    mkdir -p "$dir/tmp" && chmod 1777 "$dir/tmp" && chmod 755 "$RACK_DIR/boards" "$dir"
    echo "$n" > "$dir/number"
    printf '%s.%s\t%s\n' "$RACK_NET" "$n" "$1" >> "$RACK_DIR/hosts"
}

board_address() { echo "$RACK_NET.$(cat "$RACK_DIR/boards/$1/number")"; }

board_power() {
    local name=$1 dir=$RACK_DIR/boards/$1 pid
    case $2 in
    off)
        [ -s "$dir/pid" ] || return 0
        ip link set "v-$name" down 2>/dev/null # first the network: nobody hears the sockets close
        pid=$(cat "$dir/pid")
        kill -KILL "$pid" && wait "$(cat "$dir/parent")" 2>/dev/null
        while [ -d "/proc/$pid" ]; do sleep 0.01; done
        ip link delete "v-$name" 2>/dev/null
        rm -f "$dir/pid"
        ;;
    on)
        [ ! -s "$dir/pid" ] || { echo "board $name is on" >&2; return 1; }
        rm -rf "$dir/tmp" && mkdir -m 1777 "$dir/tmp" && rm -f "$dir/up"
        cat /proc/sys/kernel/random/uuid > "$dir/boot_id" # another one at each start, as in life
        unshare -m -u -i -n -p --fork --kill-child=KILL bash "${BASH_SOURCE[0]}" "$RACK_DIR" "$name" \
            "$RACK_NET" "${BOARD_SHARED:-}" </dev/null >"$dir/console" 2>&1 3>&- &
        echo $! > "$dir/parent"
        board_wait_pid "$dir" &&
            ip link add "v-$name" type veth peer name eth0 netns "$(cat "$dir/pid")" &&
            ip link set "v-$name" master br0 up &&
            board_wait_file "$dir" up || { echo "board $name does not start:" >&2; cat "$dir/console" >&2; return 1; }
        ;;
    esac
}

board_wait_pid() {
    local i pid
    for i in $(seq 300); do
        if [ -e "$1/up.net" ]; then
            rm "$1/up.net"
            pid=$(cat "$1/parent")
            read -r pid _ < "/proc/$pid/task/$pid/children" # no newline there: read fails, and has it
            echo "$pid" > "$1/pid"
            return 0
        fi
        sleep 0.01
    done
    return 1
}

board_wait_file() {
    local i
    for i in $(seq 500); do
        [ -e "$1/$2" ] && return 0
        sleep 0.01
    done
    return 1
}

board_cable() {
    case $2 in
    out) ip link set "v-$1" down ;;
    in) ip link set "v-$1" up ;;
    esac
}

board_exec() {
    local name=$1
    shift
    [ -s "$RACK_DIR/boards/$name/pid" ] || { echo "board $name is off" >&2; return 1; }
    nsenter -t "$(cat "$RACK_DIR/boards/$name/pid")" -m -u -i -n -p --wd="$PWD" -- "$@"
}

# What runs as the board's first process.
board_main() {
    local dir=$1/boards/$2 name=$2 net=$3 shared=$4 path
    set -e
    exec 8< "$dir" # the folder may be about to vanish behind the board's own /tmp
    for path in $shared; do
        case $path in
        /tmp/*) mkdir -p "$dir$path" && mount --rbind "$path" "$dir$path" ;;
        esac
    done
    mount --bind "$1/hosts" /etc/hosts
    mount -t proc proc /proc
    mount --bind "$dir/boot_id" /proc/sys/kernel/random/boot_id
    mount -t tmpfs -o mode=1777 shm /dev/shm
    mount -t tmpfs -o mode=755 run /run # gone with the power, as in life
    mount --rbind "$dir/tmp" /tmp
    hostname "$name"
    cd /proc/self/fd/8
    : > up.net
    ip link set lo up
    board_no_ipv6
    until ip link show eth0 >/dev/null 2>&1; do sleep 0.01; done
    ip address add "$net.$(cat number)/24" dev eth0
    ip link set eth0 up
    ip route add default via "$net.1"
    : > up
    cd /
    exec 8<&-
    # Wait for nothing, and reap what daemons leave behind.
    while :; do sleep infinity & wait; done
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    board_main "$@"
fi
