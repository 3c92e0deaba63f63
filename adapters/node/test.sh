#!/usr/bin/env bash
# Builds the addon as it is shipped, installs what the tests stand on, and runs them: `adapters/node/test.sh`.
# Wants node, npm and a Rust toolchain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

node -e 'if (parseInt(process.versions.node) < 20) throw "test.sh: wants Node 20 or later, and has " + process.version'
./build.sh "$@"
# What is promised of the addon as it is shipped.
addon=$(echo quintet.*.node)
if [ $# = 0 ] && [ "$(wc -c <"$addon")" -gt 2600000 ]; then
    echo "test.sh: $addon has more than 2,600,000 bytes"
    exit 1
fi
# Carries a copy of what it was made from, written last: an interrupted install is made anew, a finished one costs nothing.
if ! cmp -s test/package-lock.json test/node_modules/.installed; then
    npm ci --prefix test --ignore-scripts --no-audit --no-fund --loglevel=error
    cp test/package-lock.json test/node_modules/.installed
fi
node --test test/*.test.js
