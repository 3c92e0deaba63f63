#!/usr/bin/env bash
# namespaces.sh QUINTET SHARDS DIR [ARG...]: a receiver, and a bench of so many shards against it, each in a network namespace of
# its own. Leaves bench-0.json … in DIR, merged.json made of them, and whole.json of one process that brought all of the load.
# QUINTET_LEAD is the number of seconds after which they begin together (3); with 0 each begins when it is ready.
# Needs root or user namespaces; what it makes goes with it.
set -euo pipefail

quintet=$(realpath "$1")
shards=$2
dir=$(realpath "$3")
if [ -z "${QUINTET_INSIDE-}" ]; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(--user --map-root-user)
    QUINTET_INSIDE=yes exec unshare "${as_root[@]}" --net -- "$0" "$@"
fi
shift 3

# The receiver's end: a switch with an address. Its hardware address is said, for else it is that of one of its ports, and
# another's as soon as a further port joins: what was sent to the one before is lost.
ip link set lo up
ip link add hub address 02:00:00:00:00:01 type bridge
ip address add 10.77.0.1/24 dev hub
ip link set hub up
"$quintet" serve --discard --listen 10.77.0.1:8080 >"$dir/serve.txt" &
server=$!
trap 'kill "$server"' EXIT
until grep -q listening "$dir/serve.txt"; do sleep 0.05; done
url=http://10.77.0.1:8080/

# within NUMBER COMMAND...: runs it in a namespace of its own, wired to the switch as 10.77.0.NUMBER, as soon as everyone is
# wired. Sets `pid`.
within() {
    local number=$1
    shift
    # shellcheck disable=SC2016 # expanded inside
    unshare --net -- bash -c '
        until ip link show wire >/dev/null 2>&1; do sleep 0.05; done
        ip address add "$0" dev wire
        ip link set wire up
        until [ -e "$1" ]; do sleep 0.05; done
        shift
        exec "$@"' "10.77.0.$number/24" "$dir/wired" "$@" &
    pid=$!
    until [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
    ip link add "port$number" type veth peer name wire netns "$pid"
    ip link set "port$number" master hub up
}

start=()
[ "${QUINTET_LEAD:-3}" = 0 ] || start=(--start-at "@$(($(date +%s) + ${QUINTET_LEAD:-3}))")
pids=()
for shard in $(seq 0 $((shards - 1))); do
    within $((shard + 10)) "$quintet" bench "$url" "$@" --quiet --shard "$shard/$shards" "${start[@]}" --out "$dir"
    pids+=("$pid")
done
: >"$dir/wired"
for pid in "${pids[@]}"; do wait "$pid"; done
"$quintet" bench merge "$dir"/bench-*.json --json >"$dir/merged.json"

within 9 "$quintet" bench "$url" "$@" --quiet --json >"$dir/whole.json"
wait "$pid"
