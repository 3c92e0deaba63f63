#!/usr/bin/env bash
# Installs what the real servers of the tests stand on. Asks nothing, can be run again at any time,
# and says in the end what it could not install. See README.md for who starts them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${QUINTET_SERVERS_DIR:-$(cd "$here/../../../.." && pwd)/target/servers}
mkdir -p "$into"
into=$(cd "$into" && pwd)

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

# A command, and the Debian package that brings it. venv is a module and asked for as one.
missing=()
need() {
    PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$1" >/dev/null || missing+=("$2")
}
need go golang-go
need php php-cli
need nginx nginx-light
need tinyproxy tinyproxy-bin
need microsocks microsocks
need squid squid
need danted dante-server
need openssl openssl
need node nodejs
need npm npm
need python3 python3
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

# Dante asks PAM who may pass, and PAM looks nowhere else. Any password will do: no account of this
# machine has to do with it, and nothing else asks for this service.
pam=/etc/pam.d/quintet-danted
if [ ! -f "$pam" ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "install.sh: only root may write $pam" >&2
        exit 1
    fi
    printf '%s\n' 'auth required pam_succeed_if.so quiet user = user' \
        'account required pam_permit.so' >"$pam"
fi

# Each of the rest carries a copy of what it was made from, written last: an interrupted install is
# made anew, a finished one costs nothing.
if ! cmp -s "$here/requirements.txt" "$into/venv/requirements.txt"; then
    rm -rf "$into/venv"
    try "python3 -m venv" python3 -m venv "$into/venv"
    try "pip install" "$into/venv/bin/pip" install -q --disable-pip-version-check \
        --no-input -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$into/venv/requirements.txt"
fi

if ! cmp -s "$here/package.json" "$into/node/installed.json"; then
    rm -rf "$into/node"
    mkdir "$into/node"
    cp "$here/package.json" "$into/node/package.json"
    # Without a lock file: it would name the registry that this machine happens to use. The
    # versions in package.json are exact.
    try "npm install" npm install --prefix "$into/node" --no-package-lock --no-audit --no-fund \
        --ignore-scripts --loglevel=error
    cp "$here/package.json" "$into/node/installed.json"
fi

if ! cmp -s "$here/go_server.go" "$into/go/go_server.go"; then
    rm -rf "$into/go"
    mkdir "$into/go"
    # The standard library only, so that nothing is fetched; no cgo, so that no C compiler is needed.
    try "go build" env CGO_ENABLED=0 GO111MODULE=off GOTOOLCHAIN=local GOFLAGS= \
        go build -o "$into/go/go_server" "$here/go_server.go"
    cp "$here/go_server.go" "$into/go/go_server.go"
fi

rm -f "$into/install.log"
