#!/usr/bin/env bash
# Builds the addon and lays it beside the package's JavaScript, where lib/native.js looks for it, with the licences of what is
# linked into it.
#
#     adapters/node/build.sh            as it is shipped
#     adapters/node/build.sh dev        faster to build, for work on it
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
profile=${1:-addon}
cd "$here/../.."

# Cargo tells what it has made, and where.
cargo build --locked --package quintet-node --profile "$profile" --message-format=json-render-diagnostics |
    node "$here/build.js" "$here"
# Beside it first: what is there is whole.
"$here/../notices.sh" "$here/Cargo.toml" >"$here/THIRD-PARTY-NOTICES.new"
mv "$here/THIRD-PARTY-NOTICES.new" "$here/THIRD-PARTY-NOTICES"
