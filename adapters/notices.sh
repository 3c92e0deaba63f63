#!/usr/bin/env bash
# Prints the licences of what is linked into a library of ours: every crate of its tree on this system, with the texts that
# its package brings. They are to go with the library wherever it goes.
#
#     adapters/notices.sh MANIFEST [OPTION OF CARGO TREE...]       adapters/notices.sh adapters/node/Cargo.toml
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
manifest=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# NAME VERSION LICENCE, as they are linked: no build scripts and procedural macros, which leave nothing behind. Of our own
# crates a path is told too.
cargo tree --locked --manifest-path "$manifest" "$@" -e normal,no-proc-macro --prefix none --no-dedupe --format '{p}|{l}' |
    awk -F'|' 'NF && $1 !~ /\(/ { sub(" v", " ", $1); print $1 "|" $2 }' | sort -u >"$work/crates"
# NAME VERSION FOLDER: in a package's object these are the only keys that stand so.
cargo metadata --locked --manifest-path "$manifest" --all-features --format-version 1 \
    --filter-platform "$(rustc -vV | sed -n 's/^host: //p')" |
    grep -oE '\{"name":"[^"]*","version":"[^"]*","id"|"manifest_path":"[^"]*"' |
    awk -F'"' '/^\{/ { crate = $4 " " $8 } /^"/ { sub(/[\/\\]+Cargo.toml$/, "", $4); print crate "|" $4 }' >"$work/folders"

: >"$work/seen"
# texts CRATE LICENCE: of its package, or what it would have brought. What stood before is only named.
texts() {
    local folder text sum first found=no
    folder=$(awk -F'|' -v crate="$1" '$1 == crate { print $2 }' "$work/folders")
    for text in "$folder"/*; do
        case $(basename "$text" | tr '[:upper:]' '[:lower:]') in
        licen[cs]e* | copying* | copyright* | notice* | unlicense*) ;;
        *) continue ;;
        esac
        [ -f "$text" ] || continue
        found=yes
        sum=$(cksum <"$text")
        first=$(awk -F'|' -v sum="$sum" '$1 == sum { print $2 }' "$work/seen")
        if [ -n "$first" ]; then
            printf -- '--- %s: as that of %s\n' "$(basename "$text")" "$first"
            continue
        fi
        printf '%s|%s\n' "$sum" "$1" >>"$work/seen"
        printf -- '--- %s\n\n' "$(basename "$text")"
        cat "$text"
        echo
    done
    [ "$found" = no ] || return 0
    case $2 in
    *MIT*) printf 'Copyright (c) the authors of %s\n\n' "$1" && sed -n '/^Permission/,$p' "$root/LICENSE-MIT" ;;
    *) echo "notices.sh: $1 ($2) brings no text of its licence" >&2 && return 1 ;;
    esac
    echo
}

cat <<END
This library is made of Quintet (MIT OR Apache-2.0), of Rust's standard library (MIT OR Apache-2.0, Copyright (c) The Rust
Project Contributors) and of these crates:

$(sed 's/|/: /' "$work/crates")
END
while IFS='|' read -r crate licence; do
    printf '\n======== %s: %s\n\n' "$crate" "$licence"
    texts "$crate" "$licence"
done <"$work/crates"
