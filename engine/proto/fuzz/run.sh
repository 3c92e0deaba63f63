#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while, as many at once as there are processors: the committed corpus first,
# then what the fuzzer makes of it. Prints how many inputs each got through; fails if one failed.
#
#   engine/proto/fuzz/run.sh [SECONDS] [TARGET...]     60 seconds, all targets
#
# With QUINTET_FUZZ_SEED=N it begins as it did with that number before, so that what passed once is no surprise later.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))
fuzz=engine/proto/fuzz
if [ $# = 0 ]; then
    for target in "$fuzz"/fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$target" .rs)"
    done
fi

version=0.13.1
: "${CARGO_TARGET_DIR:=$PWD/target}"
tools="$CARGO_TARGET_DIR/tools"
# The corpora that grow, and what made a target fail, stay here.
into="$CARGO_TARGET_DIR/fuzz"
unset CARGO_TARGET_DIR
mkdir -p "$into/failed"

if [ "$("$tools/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $version" ]; then
    # Unoptimised: it only calls cargo.
    cargo install cargo-fuzz --locked --version "$version" --quiet --force --debug \
        --config profile.dev.debug=0 --root "$tools" --target-dir "$tools/build-fuzz"
    rm -rf "$tools/build-fuzz"
fi

# A sanitizer needs unstable flags, and a stable compiler takes them only with this.
RUSTC_BOOTSTRAP=1 "$tools/bin/cargo-fuzz" fuzz build --fuzz-dir "$fuzz" --target-dir "$into" \
    --sanitizer address
programs="$into/$(rustc -vV | sed -n 's/^host: //p')/release"

run() {
    local target=$1 log="$into/$1.log" dictionary=() status=0
    local grown="$into/corpus/$target"
    mkdir -p "$grown"
    if [ -f "$fuzz/dictionaries/$target.dict" ]; then
        dictionary=("-dict=$fuzz/dictionaries/$target.dict")
    fi
    # The option as `cargo fuzz run` sets it.
    ASAN_OPTIONS=detect_odr_violation=0 "$programs/$target" \
        "$grown" "$fuzz/corpus/$target" "${dictionary[@]}" -max_total_time="$seconds" -timeout=20 \
        -seed="${QUINTET_FUZZ_SEED:-0}" \
        -print_final_stats=1 -artifact_prefix="$into/failed/$target-" >"$log" 2>&1 || status=$?
    printf '%-10s %9s inputs\n' "$target" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    if [ "$status" != 0 ]; then
        grep -a -v '^#' "$log" | tail -n 60
        echo "$target failed; its input is in $into/failed, the whole log is $log"
        return 1
    fi
}
export -f run
export fuzz into programs seconds
# shellcheck disable=SC2016 # It is the inner shell that expands it.
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c 'run "$1"' run
