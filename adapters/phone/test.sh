#!/usr/bin/env bash
# Writes generated/, what phones are given of this library, and checks that Kotlin can upload with it and that the Swift is
# Swift. It says what it passed over; install.sh brings everything, and with QUINTET_REQUIRE_TOOLS=1 nothing may be passed over.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
exec </dev/null
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}" CARGO_TERM_COLOR=never
tools=${QUINTET_PHONE_TOOLS:-$CARGO_TARGET_DIR/phone-tools}
built="$CARGO_TARGET_DIR/debug"

work=$(mktemp -d)
receivers=()
# shellcheck disable=SC2317 # the trap calls it
finish() {
    # Ctrl-C's signal: they remove the files that they made.
    [ "${#receivers[@]}" = 0 ] || kill -INT "${receivers[@]}" || true
    wait
    rm -rf "$work"
}
trap finish EXIT

passed_over() {
    if [ -n "${QUINTET_REQUIRE_TOOLS:-}" ]; then
        echo "FAILED: $*" >&2
        exit 1
    fi
    echo "passed over: $*; adapters/phone/install.sh brings it"
}

generated_files() {
    rm -rf "$here/generated"
    "$built/quintet-phone-bindgen" "$built/libquintet_phone.so" "$here/uniffi.toml" "$here/generated"
    echo "ok generated files"
}

# The header is what Swift sees of the library; its nullability is told in words that clang alone has.
c_header() {
    if ! command -v cc >/dev/null; then
        passed_over "the C header: no C compiler"
        return 0
    fi
    echo '#include "QuintetFFI.h"' |
        cc -x c -std=c11 -Wall -Wextra -Werror -fsyntax-only -D_Nullable= -D_Nonnull= \
            -I "$here/generated/swift" -
    echo "ok C header"
}

swift() {
    local python="$tools/venv/bin/python"
    if ! "$python" -c 'import tree_sitter_swift' 2>/dev/null; then
        passed_over "Swift's grammar: no tree-sitter"
        return 0
    fi
    "$python" "$here/tests/swift_grammar.py" "$here"/generated/swift/*.swift "$here"/examples/swift/*.swift
    echo "ok Swift's grammar"
}

# receiver NAME ARGUMENT...: what it prints is then in $work/NAME, to its last line of three or two.
receiver() {
    "$built/quintet" serve --listen 127.0.0.1:0 "${@:2}" >"$work/$1" &
    receivers+=($!)
    until grep -q '^try: ' "$work/$1"; do
        kill -0 "${receivers[-1]}"
        sleep 0.05
    done
}

kotlin() {
    local jars jna=/usr/share/java/jna.jar http https root
    jars=$(find "$tools"/venv/lib/*/site-packages/run_kotlin_kernel/jars -name '*.jar' 2>/dev/null | paste -sd :) || true
    if [ -z "$jars" ] || [ ! -e "$jna" ] || ! command -v java >/dev/null; then
        passed_over "Kotlin: no compiler, JNA or Java"
        return 0
    fi
    java -cp "$jars" org.jetbrains.kotlin.cli.jvm.K2JVMCompiler -no-stdlib -no-reflect -nowarn -cp "$jars:$jna" \
        -d "$work/classes" "$here/generated/kotlin" "$here/examples/kotlin" "$here/tests/kotlin"
    echo "ok Kotlin compiles"

    receiver http
    receiver https --tls
    http=$(awk '/^listening on/ { print $3 }' "$work/http")
    https=$(awk '/^listening on/ { print $3 }' "$work/https")
    root=$(sed -n 's/^root certificate in \(.*\), until this stops$/\1/p' "$work/https")
    mkdir "$work/files"
    run() { java -Djna.library.path="$built" -cp "$work/classes:$jars:$jna" "$@"; }
    run PhoneTestKt "$http" "$https" "$root" "$work/files"

    run UploadKt "$https" "$here/README.md" "$root" >"$work/said"
    grep -q "^200 .*\"sha256\":\"$(sha256sum <"$here/README.md" | cut -d ' ' -f 1)\"" "$work/said"
    if run UploadKt "$http" "$work/missing" >"$work/said"; then
        echo "FAILED: the example sent a missing file" >&2
        return 1
    fi
    grep -q '^failed: 104 file not found ' "$work/said"
    echo "ok Kotlin's example"
}

cargo build --quiet --locked --package quintet-phone --package quintet-phone-bindgen --package quintet-cli
generated_files
c_header
swift
kotlin
