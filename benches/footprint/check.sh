#!/usr/bin/env bash
# Builds the smallest programs, prints what they take (size, crates, threads, memory) and holds the sizes in bounds.txt.
#
#     benches/footprint/check.sh                    the programs of a promise, profile min-z: what CI runs
#     benches/footprint/check.sh min-z min-3        every program, in these profiles
#     benches/footprint/check.sh min-z min-3 >benches/record/footprint-DATE.txt
#
# A size is that after `strip`: the programs are built with their symbols, so that `nm` can prove what they were linked
# without. `strip = "symbols"` in the profile gives the same program.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}" CARGO_TERM_COLOR=never

if [ $# -gt 0 ]; then
    profiles=("$@")
    # The trees with more in them first: the others then find theirs built.
    programs=("ring" "quickjs,ring" "plain" "ring,latency" "latency" "aws-lc-rs" "aws-lc-rs,latency" "small" "small,ring")
else
    profiles=(min-z)
    programs=("ring" "quickjs,ring" "plain" "small" "small,ring")
fi

# Relative relocations in their packed form: a sixth of a program like these is otherwise a table of pointers for the loader
# (glibc 2.36, musl 1.2.4, Android 9 and later read it).
relocations="-C link-arg=-Wl,-z,pack-relative-relocs"
# Of a program that ends with a panic nothing is unwound.
no_unwinding=(-C "link-arg=-Wl,-T,$PWD/adapters/c/no_unwinding.ld" -C "link-arg=-Wl,--no-eh-frame-hdr")

work=$(mktemp -d)
peers=()
# shellcheck disable=SC2317 # the trap calls it
finish() {
    [ "${#peers[@]}" = 0 ] || kill "${peers[@]}"
    rm -rf "$work"
}
trap finish EXIT

# The name of a program, and how cargo is told which tree it has.
name() {
    case $1 in
    plain | small) ;;
    latency) set -- plain-latency ;;
    *) set -- "${1//,/-}" ;;
    esac
    case $1 in
    small) echo footprint-small-plain ;;
    *) echo "footprint-$1" ;;
    esac
}
package() {
    local features=${1#small}
    features=${features#plain}
    case $1 in
    small*) echo "--manifest-path benches/footprint-small/Cargo.toml --features=${features#,}" ;;
    *) echo "--package quintet-footprint --features=$features" ;;
    esac
}

# Linked crates: neither build scripts nor procedural macros, which leave nothing in a program.
crates() {
    # shellcheck disable=SC2046 # words are meant
    cargo tree --locked $(package "$1") -e normal,no-proc-macro --prefix none --no-dedupe |
        awk 'NF { print $1, $2 }' | sort -u | wc -l
}

# A peer in a process of its own, whose port is then in $work/KIND.
peer() {
    "$CARGO_TARGET_DIR/steady/quintet-steady" peer "${@:2}" >"$work/$1" &
    peers+=($!)
    until [ -s "$work/$1" ]; do sleep 0.05; done
}

# Uploads 1 GiB of nothing; the most threads and memory (KiB) that were seen.
run() {
    local program=$1 url arguments=() threads=0 memory=0 now pid
    case $1 in
    *plain*) url=http://127.0.0.1:$(cat "$work/plain")/ ;;
    *) url=https://127.0.0.1:$(cat "$work/tls")/ arguments=("$work/root.pem") ;;
    esac
    "$work/$program" "$url" "$work/gibibyte" "${arguments[@]}" >"$work/said" &
    pid=$!
    while now=$(awk '/^Threads:/ { t = $2 } /^VmHWM:/ { m = $2 } END { print t, m }' \
        "/proc/$pid/status" 2>/dev/null) && [[ $now =~ ^([0-9]+)\ ([0-9]+)$ ]]; do
        [ "${BASH_REMATCH[1]}" -le "$threads" ] || threads=${BASH_REMATCH[1]}
        [ "${BASH_REMATCH[2]}" -le "$memory" ] || memory=${BASH_REMATCH[2]}
        sleep 0.01
    done
    wait "$pid"
    [ "$(head -n 1 "$work/said")" = 200 ]
    echo "$threads $memory"
}

# holds PROGRAM PATTERN: whether a symbol of that pattern is in it.
holds() { nm "$CARGO_TARGET_DIR/$profile/$1" | grep -c "$2" >"$work/count" || true; [ "$(cat "$work/count")" != 0 ]; }

cargo build --quiet --locked --profile steady --package quintet-steady
truncate -s 1G "$work/gibibyte"
peer plain
peer tls "$work/root.pem"

status=0
fail() {
    echo "FAILED: $*"
    status=1
}
printf '# %s; sizes in bytes after strip; an upload of 1 GiB: most threads, most memory in KiB\n' "$(rustc --version)"
printf '%-28s %-6s %9s %9s %7s %7s %7s\n' '# program' profile size goal crates threads memory
for profile in "${profiles[@]}"; do
    for program in "${programs[@]}"; do
        bin=$(name "$program")
        # shellcheck disable=SC2046 # words are meant
        RUSTFLAGS="$relocations" cargo rustc --quiet --locked --profile "$profile" --config "profile.$profile.strip=\"none\"" \
            $(package "$program") --bin "$bin" -- "${no_unwinding[@]}"
        strip -s -o "$work/$bin" "$CARGO_TARGET_DIR/$profile/$bin"
        size=$(stat -c %s "$work/$bin")
        read -r record goal < <(awk -v bin="$bin" -v profile="$profile" \
            '$1 == bin && $2 == profile { print $3, $4 }' "$here/bounds.txt") || record='' goal=-
        read -r threads memory < <(run "$bin")
        printf '%-28s %-6s %9s %9s %7s %7s %7s\n' \
            "$bin" "$profile" "$size" "$goal" "$(crates "$program")" "$threads" "$memory"
        if [ -n "$record" ] && [ "$((size * 100))" -gt "$((record * 102))" ]; then
            fail "$bin is over its bound of $((record * 102 / 100)) bytes; see $here/bounds.txt"
        fi
        if [ "$threads" != 2 ]; then
            fail "$bin had $threads threads, not the caller's and one"
        fi
    done

    # What a program does not ask for is not in it; the program that asks for it shows that the pattern finds it.
    for proof in 'footprint-plain rustls footprint-ring' 'footprint-plain ring_core footprint-ring' \
        'footprint-small-plain unicase footprint-plain' 'footprint-small-plain icu_ footprint-plain'; do
        read -r without pattern with <<<"$proof"
        if holds "$without" "$pattern"; then fail "$without holds symbols of $pattern"; fi
        if ! holds "$with" "$pattern"; then fail "$with, the control, holds no symbol of $pattern"; fi
    done
done
exit "$status"
