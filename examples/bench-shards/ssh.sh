#!/usr/bin/env bash
# ssh.sh DIR "HOST HOST..." URL [ARG...]: a bench with one shard on each host, where `quintet` must be in the path; their reports, and
# merged.json made of them, in DIR. Set QUINTET_LEAD to the seconds that ssh may take to reach them all (10); with 0
# each begins when it is reached.
set -euo pipefail

dir=$1
read -ra hosts <<<"$2"
shift 2
mkdir -p "$dir"
start=()
[ "${QUINTET_LEAD:-10}" = 0 ] || start=(--start-at "@$(($(date +%s) + ${QUINTET_LEAD:-10}))")
pids=()
for place in "${!hosts[@]}"; do
    # Quoted for the shell at the other end.
    command=$(printf '%q ' quintet bench "$@" --quiet --json --shard "$place/${#hosts[@]}" "${start[@]}")
    "${QUINTET_SSH:-ssh}" "${hosts[$place]}" "$command" >"$dir/bench-$place.json" &
    pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
# It tells which shard is missing or broke off.
quintet bench merge "$dir"/bench-*.json --json >"$dir/merged.json"
exit "$failed"
