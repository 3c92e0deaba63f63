#!/usr/bin/env bash
# Installs what the bench's tests read its output with: Chromium, and HdrHistogram's Python port; and what they hold the
# example for Kubernetes against. Asks nothing, can be run again at any time.
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

# A command, and the Debian package that brings it.
missing=()
need() {
    command -v "$1" >/dev/null || missing+=("$2")
}
need chromium chromium
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "install.sh: not installed, and only root may: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    try apt-get update -q >&2
    try apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
fi

"$into/bin/python" -c 'import hdrh, kubernetes_validate' 2>/dev/null || {
    # From nothing: one that was moved here names the folder that it came from.
    python3 -m venv --clear "$into"
    try "$into/bin/python" -m pip install --quiet --disable-pip-version-check hdrhistogram==0.10.8 kubernetes-validate==1.37.0
}
