#!/usr/bin/env bash
# Builds what the bench wants, and runs it: `adapters/node/bench/run.sh [ROUNDS]`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

../build.sh
npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
cargo build --locked --profile steady --package quintet-steady
target=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(fs.readFileSync(0)).target_directory')
node bench.js "$target/steady/quintet-steady" "$@"
