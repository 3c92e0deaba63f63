#!/usr/bin/env bash
# What the C interface adds to an upload: the instructions of one upload of 1 KiB through C and through Rust, counted by valgrind's
# callgrind over 1,000 of them, one after another. The processor's time is too unsteady to show the difference.
#
#     adapters/c/cost/run.sh
#
# Of the whole client, whichever thread; the server, which throws bodies away, is that of benches/doors.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$here/../../../target}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --locked --release --package quintet-doors --manifest-path "$here/../../../Cargo.toml"
cargo build --quiet --locked --release --manifest-path "$here/../Cargo.toml" --example cost
"$here/../install.sh" "$work" >/dev/null
cc -O2 -I"$work/include" "$here/cost.c" -L"$work/lib" -lquintet -Wl,-rpath,"$work/lib" -o "$work/c"
cp "$CARGO_TARGET_DIR/release/examples/cost" "$work/rust"
head -c 1024 /dev/zero >"$work/file"

# Serves until the pipe that is its input is closed, as the end of this script closes it.
coproc PEER { "$CARGO_TARGET_DIR/release/quintet-doors" peer; }
read -r port <&"${PEER[0]}"
url=http://127.0.0.1:$port/up

# instructions PROGRAM COUNT
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/$1" "$url" "$work/file" "$2" 2>&1 |
        awk '/I +refs:/ { gsub(",", "", $NF); print $NF }'
}
# What does not come with each upload is in both counts.
for program in c rust; do
    each=$((($(instructions "$program" 1100) - $(instructions "$program" 100)) / 1000))
    printf '%-4s %s instructions for each upload\n' "$program" "$each"
done
