#!/usr/bin/env bash
# What the C interface adds to an upload: the processor time, in microseconds, of 20,000 uploads of 1 KiB one after another, through
# C and through Rust in turns, and the difference of the least of each.
#
#     adapters/c/cost/run.sh URL      a receiver's address, as `quintet serve` prints it
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$here/../../../target}"
url=$1
count=20000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --manifest-path "$here/../Cargo.toml" --example cost
"$here/../install.sh" "$work" >/dev/null
cc -O2 -I"$work/include" "$here/cost.c" -L"$work/lib" -lquintet -Wl,-rpath,"$work/lib" -o "$work/c"
cp "$CARGO_TARGET_DIR/release/examples/cost" "$work/rust"
head -c 1024 /dev/zero >"$work/file"

TIMEFORMAT='%U %S'
least_c='' least_rust=''
for _ in 1 2 3 4 5; do
    for program in c rust; do
        spent=$({ time "$work/$program" "$url" "$work/file" "$count" >/dev/null; } 2>&1)
        micros=$(awk -v count="$count" '{ printf "%.1f", ($1 + $2) * 1e6 / count }' <<<"$spent")
        echo "$program $micros"
        least="least_$program"
        if [ -z "${!least}" ] || awk "BEGIN { exit !($micros < ${!least}) }"; then
            printf -v "$least" %s "$micros"
        fi
    done
done
awk "BEGIN { printf \"C adds %.1f microseconds to the %.1f of an upload\\n\", $least_c - $least_rust, $least_rust }"
