#!/usr/bin/env bash
# Installs what test.sh checks the Kotlin and the Swift side with. Asks nothing, can be run again at any time.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${QUINTET_PHONE_TOOLS:-${CARGO_TARGET_DIR:-$here/../../target}/phone-tools}
mkdir -p "$into"

# Runs a step up to three times, silent unless it fails: registries have bad moments.
try() {
    local what=$1 log="$into/install.log" round
    shift
    for round in 1 2 3; do
        if "$@" >"$log" 2>&1 </dev/null; then
            return 0
        fi
        [ "$round" = 3 ] || sleep $((round * 5))
    done
    echo "install.sh: $what failed three times; the last said:" >&2
    tail -n 30 "$log" >&2
    return 1
}

# By which Kotlin reaches the library: a jar, and a library of its own that Debian's jar looks for where it is installed.
missing=()
[ -e /usr/share/java/jna.jar ] || missing+=(libjna-java)
command -v java >/dev/null || missing+=(default-jre-headless)
command -v cc >/dev/null || missing+=(gcc)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "install.sh: not installed, and only root may: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    try "apt-get update" apt-get update -q
    try "apt-get install ${missing[*]}" \
        apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

# It carries a copy of what it was made from, written last: an interrupted install is made anew. Without dependencies:
# of the Kotlin kernel only its jars are wanted.
if ! cmp -s "$here/tests/requirements.txt" "$into/venv/requirements.txt"; then
    rm -rf "$into/venv"
    try "python3 -m venv" python3 -m venv "$into/venv"
    try "pip install" "$into/venv/bin/pip" install -q --disable-pip-version-check --no-input --no-deps \
        -r "$here/tests/requirements.txt"
    cp "$here/tests/requirements.txt" "$into/venv/requirements.txt"
fi
rm -f "$into/install.log"
