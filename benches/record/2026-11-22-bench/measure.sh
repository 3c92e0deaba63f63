#!/usr/bin/env bash
# measure.sh memory|clients|capacity|rate PER_SECOND|stall|peers [ROUNDS [CONGESTION]]: what the README beside it records. Wants release
# builds of quintet-cli and quintet-sink in the workspace's target folder, and curl, jq, wrk, hey and oha.
#
# `peers` sends with cubic unless another congestion control is named, in a network of its own, as benches/peers does and for its
# reasons; that needs root and `ip`. The sink has processor 0, clients have the last one.
set -euo pipefail
release=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)/target/release
quintet=$release/quintet
pinned=()
at=()
if [ "$1" = peers ]; then
    if [ -z "${QUINTET_INSIDE-}" ]; then
        QUINTET_INSIDE=yes exec unshare --net -- "$0" "$@"
    fi
    ip link set lo up
    for range in 127.0.0.0/8 127.0.0.1; do
        ip route replace local "$range" dev lo table local congctl "${3-cubic}"
    done
    pinned=(taskset --cpu-list "$(($(nproc --all) - 1))")
    at=(--cpu 0)
fi
cd "$(mktemp -d)"

# The sink serves until its input ends.
coproc SINK { exec "$release/quintet-sink" --root root.pem "${at[@]}"; }
read -r _ port _ <&"${SINK[0]}"
url=http://127.0.0.1:$port
# Requests, body bytes, malformed, broken, connections, resumed.
counts() { curl -s "$url/counts"; echo; }
bench() { "${pinned[@]}" "$quintet" bench "$url/up" --quiet --json "$@"; }

case $1 in
memory)
    bench --size 1GiB --uploads 10 | jq -c '[.client.memory_peak_bytes, .uploads.answered, .bytes.sent_bytes]'
    counts
    ;;
clients)
    bench --size 4KiB --clients 200 --uploads 20000 |
        jq -c '[.client.memory_peak_bytes, .uploads.answered, .uploads.connections, .bytes.sent_bytes]'
    counts
    ;;
capacity) bench --size 64KiB --duration 10s --warm-up 1s | jq -c .rate.achieved_per_s ;;
rate)
    bench --size 64KiB --rate "$2/s" --duration 60s --warm-up 2s |
        jq -c '[.rate.intended_per_s, .rate.achieved_per_s, .uploads.measured, (.warnings | map(.code))]'
    ;;
stall)
    # A server that answers after 10 ms, but from its tenth second on nobody for 2 s; for each a new one.
    serve() {
        rm -f serve.txt
        "$quintet" serve --discard --think 10ms --stall 10s,2s --listen 127.0.0.1:0 >serve.txt &
        server=$!
        trap 'kill "$server"' EXIT
        until grep -qs http: serve.txt; do sleep 0.05; done
        stalls=$(grep -m 1 -o 'http://[^ ]*' serve.txt)
    }
    told='"\(.[0]): p50 \(.[1] * 10 | round / 10) ms, p99 \(.[2] * 10 | round / 10) ms, max \(.[3] * 10 | round / 10) ms"'
    serve
    "$quintet" bench "$stalls" --size 4KiB --rate 100/s --duration 30s --quiet --json >out
    jq -r "(.latency | to_entries[] | select(.key == \"service\" or .key == \"response\")
        | [\"quintet bench --rate 100/s, \" + .key, .value.p50_us / 1e3, .value.p99_us / 1e3, .value.max_us / 1e3]) | $told" out
    head -c 4096 /dev/zero >body
    for more in "" --latency-correction; do
        kill "$server"
        serve
        # shellcheck disable=SC2086 # nothing, or one word
        oha --no-tui --output-format json -z 30s -w -q 100 -c 5 -m POST -D body $more "$stalls" >out
        jq -r "[\"oha -q 100${more:+ $more}\", .latencyPercentiles.p50 * 1e3, .latencyPercentiles.p99 * 1e3, .summary.slowest * 1e3] | $told" out
    done
    ;;
peers)
    for size in 4096 1048576 268435456; do
        head -c "$size" /dev/zero >"$size"
        cat >"$size.lua" <<LUA
local file = io.open("$size", "rb")
wrk.body = file:read("*a")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/octet-stream"
LUA
    done
    TIMEFORMAT='%U %S'
    tools=(quintet wrk hey oha)
    for round in $(seq "${2-5}"); do
        # Each round begins with another.
        tools=("${tools[@]:1}" "${tools[0]}")
        for size in 4096 1048576 268435456; do
            # wrk reads the file into memory first: of 256 MiB in a short run that would be much of what is measured.
            for_s=$([ "$size" = 268435456 ] && echo 10 || echo 3)
            for tool in "${tools[@]}"; do
                before=$(counts | cut -d ' ' -f 1)
                cpu=$({ time case $tool in
                    quintet) bench --raw --file "$size" --duration "${for_s}s" >out ;;
                    wrk) "${pinned[@]}" wrk -t1 -c5 "-d${for_s}s" --timeout 60s -s "$size.lua" "$url/up" >out 2>&1 ;;
                    hey) "${pinned[@]}" hey -z "${for_s}s" -c 5 -t 60 -m POST -D "$size" "$url/up" >out 2>&1 ;;
                    oha) "${pinned[@]}" oha --no-tui -z "${for_s}s" -w -c 5 -m POST -D "$size" "$url/up" >out 2>&1 ;;
                    esac; } 2>&1)
                uploads=$(($(counts | cut -d ' ' -f 1) - before))
                awk -v "cpu=$cpu" -v "uploads=$uploads" -v "what=$round $size $tool" \
                    'BEGIN { split(cpu, s, " "); printf "%s: %d uploads, %.2f s of CPU, %.1f for each\n", what, uploads, s[1] + s[2], uploads / (s[1] + s[2]) }' |
                    tee -a runs
            done
        done
    done
    echo
    for size in 4096 1048576 268435456; do
        for tool in "${tools[@]}"; do
            grep " $size $tool:" runs | cut -d ' ' -f 10 | sort -n |
                awk -v "what=$size $tool" '{ of[NR] = $1 } END { printf "%s: %.1f (%.1f – %.1f)\n", what, (of[int((NR + 1) / 2)] + of[int(NR / 2) + 1]) / 2, of[1], of[NR] }'
        done | sort -t ' ' -k 1,1n -k 2
    done
    ;;
esac
