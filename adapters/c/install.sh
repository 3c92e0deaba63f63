#!/usr/bin/env bash
# Builds the C library and installs it: header, shared and static library, pkg-config file. On systems whose programs are ELF.
#
#     adapters/c/install.sh PREFIX [--small] [OPTION OF CARGO...]
#     adapters/c/install.sh /usr/local
#     adapters/c/install.sh /usr --no-default-features --features tls --profile min-z
#     adapters/c/install.sh /usr --small --features tls      by the small recipe, which has no feature by itself, and min-z
#
# DESTDIR, if set, stands before PREFIX where files are put, and nowhere in them. QUINTET_BUILT names a folder that holds
# libquintet_c.so and libquintet_c.a already: then nothing is built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ $# -lt 1 ] || [ "${1#/}" = "$1" ]; then
    echo "usage: install.sh PREFIX [--small] [OPTION OF CARGO...], where PREFIX is an absolute path" >&2
    exit 2
fi
prefix=$1
shift
manifest=$here/Cargo.toml
if [ "${1:-}" = --small ]; then
    manifest=$here/small/Cargo.toml
    set -- "${@:2}" --profile min-z
fi
to="${DESTDIR:-}$prefix"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml" | head -n 1)

# Only these two types: an rlib beside them would silently leave link-time optimisation out.
build() {
    local options=("$@") path
    case " $* " in
    # A panic ends the program there, so nothing is unwound.
    *" --profile min-z "* | *" --profile=min-z "*)
        options+=(-- -C "link-arg=-Wl,-T,$here/no_unwinding.ld" -C "link-arg=-Wl,--no-eh-frame-hdr")
        ;;
    *" --profile"*) ;;
    *) options+=(--release) ;;
    esac
    path=$(cargo rustc --manifest-path "$manifest" --lib --crate-type cdylib,staticlib \
        --message-format json-render-diagnostics "${options[@]}" |
        sed -n 's/.*"\([^"]*libquintet_c\.so\)".*/\1/p' | tail -n 1)
    # What cargo has said stands above.
    [ -n "$path" ] || exit 1
    dirname "$path"
}
built=${QUINTET_BUILT:-}
[ -n "$built" ] || built=$(build "$@")

mkdir -p "$to/include" "$to/lib/pkgconfig" "$to/share/doc/quintet"
# Of every feature: what one was left out costs is a name too many.
"$here/../notices.sh" "$manifest" --all-features >"$to/share/doc/quintet/THIRD-PARTY-NOTICES"
install -m 644 "$here"/../../LICENSE-* "$to/share/doc/quintet"
install -m 644 "$here/include/quintet.h" "$to/include/quintet.h"
install -m 644 "$built/libquintet_c.a" "$to/lib/libquintet.a"
install -m 755 "$built/libquintet_c.so" "$to/lib/libquintet.so.$version"
ln -sf "libquintet.so.$version" "$to/lib/libquintet.so.0"
ln -sf libquintet.so.0 "$to/lib/libquintet.so"
cat >"$to/lib/pkgconfig/quintet.pc" <<END
prefix=$prefix
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: quintet
Description: An embeddable upload engine: five uploads at a time, with progress, abort and an outcome that always comes
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -lquintet
Libs.private: -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc
END
echo "installed in $to: include/quintet.h, lib/libquintet.so.$version, lib/libquintet.a, lib/pkgconfig/quintet.pc, share/doc/quintet"
