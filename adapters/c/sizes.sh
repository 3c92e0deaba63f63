#!/usr/bin/env bash
# Builds the shared library in the profile that counts bytes, with and without what can be left out, and prints the sizes.
#
#     adapters/c/sizes.sh                 profile min-z, where a panic ends the program
#     adapters/c/sizes.sh unwind          the same, but a panic comes back as QUINTET_PANIC
#     adapters/c/sizes.sh check           as the first, and fails where a size is 2 % over its bound in sizes.txt
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$here/../../target}" CARGO_TERM_COLOR=never
# Relative relocations in their packed form: see benches/footprint/build.rs.
export RUSTFLAGS="-C link-arg=-Wl,-z,pack-relative-relocs"

mode=${1:-abort}
panic=abort
# As install.sh links it.
link=(-C "link-arg=-Wl,-T,$here/no_unwinding.ld" -C "link-arg=-Wl,--no-eh-frame-hdr")
if [ "$mode" = unwind ]; then
    panic=unwind
    link=()
fi
status=0
printf '# %s; bytes after strip; opt-level z, panic = %s\n' "$(rustc --version)" "$panic"
# row NAME FOLDER FEATURES
row() {
    local size most=
    cargo rustc --quiet --locked --manifest-path "$2/Cargo.toml" --lib --crate-type cdylib --profile min-z \
        --config "profile.min-z.panic=\"$panic\"" --no-default-features --features "$3" -- "${link[@]}"
    size=$(stat -c %s "$CARGO_TARGET_DIR/min-z/libquintet_c.so")
    printf '%-12s %8s   %s\n' "$1" "$size" "$3"
    [ "$mode" = check ] || return 0
    most=$(awk -v name="$1" '$1 == name { print $2 }' "$here/sizes.txt")
    if [ -z "$most" ] || [ "$((size * 100))" -gt "$((most * 102))" ]; then
        echo "FAILED: $1 is over its bound of ${most:-nothing} bytes and 2 %; see $here/sizes.txt"
        status=1
    fi
}
row everything "$here" tls,json,media-types,readers,retries
row plain "$here" json,media-types,readers,retries
row small-tls "$here/small" tls
row small-plain "$here/small" ""
exit "$status"
