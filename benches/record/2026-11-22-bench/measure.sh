#!/usr/bin/env bash
# measure.sh memory|clients|capacity|rate PER_SECOND|peers: what the README beside it records. Wants release builds of quintet-cli and
# quintet-sink in the workspace's target folder, and curl, jq, wrk and hey.
set -euo pipefail
release=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)/target/release
quintet=$release/quintet
cd "$(mktemp -d)"

# The sink serves until its input ends.
coproc SINK { exec "$release/quintet-sink" --root root.pem; }
read -r _ port _ <&"${SINK[0]}"
url=http://127.0.0.1:$port
# Requests, body bytes, malformed, broken, connections, resumed.
counts() { curl -s "$url/counts"; echo; }
bench() { "$quintet" bench "$url/up" --quiet --json "$@"; }

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
    for round in 1 2 3; do
        for size in 4096 1048576 268435456; do
            for tool in quintet wrk hey; do
                before=$(counts | cut -d ' ' -f 1)
                for_s=$([ "$size" = 268435456 ] && echo 10 || echo 5)
                cpu=$({ time case $tool in
                    quintet) bench --raw --file "$size" --duration "${for_s}s" >out ;;
                    wrk) wrk -t1 -c5 "-d${for_s}s" --timeout 60s -s "$size.lua" "$url/up" >out 2>&1 ;;
                    hey) hey -z "${for_s}s" -c 5 -t 60 -m POST -D "$size" "$url/up" >out 2>&1 ;;
                    esac; } 2>&1)
                uploads=$(($(counts | cut -d ' ' -f 1) - before))
                awk -v "cpu=$cpu" -v "uploads=$uploads" -v "what=$round $size $tool" \
                    'BEGIN { split(cpu, s, " "); printf "%s: %d uploads, %.2f s of CPU, %.1f for each\n", what, uploads, s[1] + s[2], uploads / (s[1] + s[2]) }'
            done
        done
    done
    ;;
esac
