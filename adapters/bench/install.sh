#!/usr/bin/env bash
# Installs what the bench's tests read its output with: HdrHistogram's Python port. Asks nothing, can be run again at any
# time.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${QUINTET_BENCH_TOOLS_DIR:-$here/../../target/bench-tools}

# try COMMAND...: registries have bad moments.
try() {
    local round
    for round in 1 2 3; do
        if "$@" </dev/null; then
            return 0
        fi
        [ "$round" = 3 ] || sleep $((round * 5))
    done
    return 1
}

"$into/bin/python" -c 'import hdrh' 2>/dev/null || {
    python3 -m venv "$into"
    try "$into/bin/pip" install --quiet --disable-pip-version-check hdrhistogram==0.10.8
}
