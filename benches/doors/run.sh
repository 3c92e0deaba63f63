#!/usr/bin/env bash
# What an upload costs by Rust, C, QuickJS and Node, and by Node's own fetch, undici and libcurl beside them; and how soon the
# first begins. Builds all of it. Linux; wants node, npm, a C compiler, and libcurl's header (libcurl4-openssl-dev) for libcurl.
#
#     benches/doors/run.sh [UPLOADS [ROUNDS]]      of each client in each round, and rounds: 2000 and 15
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}" CARGO_TERM_COLOR=never
clients=benches/doors/clients
built=$CARGO_TARGET_DIR/doors
mkdir -p "$built"

cargo build --quiet --locked --release --package quintet-cli --package quintet-doors
adapters/c/install.sh "$built/c-library" >"$built/log"
cc -O2 -I"$built/c-library/include" "$clients/c.c" -o "$built/c" \
    -L"$built/c-library/lib" -Wl,-rpath,"$built/c-library/lib" -lquintet -lpthread
adapters/node/build.sh >"$built/log"
npm install --prefix "$clients" --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error >"$built/log"
more=("c=$built/c")
for name in node "node, listeners" undici fetch; do
    more+=("$name=$PWD/$clients/node.js")
done
if cc -O2 "$clients/libcurl.c" -o "$built/libcurl" -lcurl 2>"$built/log"; then
    more+=("libcurl=$built/libcurl")
else
    echo "passed over: libcurl, which needs its header (libcurl4-openssl-dev)"
fi

printf '# %s, node %s' "$(rustc --version)" "$(node --version)"
printf ', libcurl %s\n' "$(curl --version 2>/dev/null | awk 'NR == 1 { print $2 }')"
printf '# %s processors, load %s\n' "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)"
"$CARGO_TARGET_DIR/release/quintet-doors" "${1:-2000}" "${2:-15}" "$CARGO_TARGET_DIR/release/quintet" "${more[@]}"
