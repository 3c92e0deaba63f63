#!/usr/bin/env bash
# Installs the tools that the steady checks count with. Asks nothing, can be run again at any time.
set -euo pipefail

# A command, and the Debian package that brings it.
missing=()
need() {
    command -v "$1" >/dev/null || missing+=("$2")
}
need valgrind valgrind
need strace strace
need nm binutils
need strip binutils
need awk mawk

[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install.sh: not installed, and only root may: apt-get install ${missing[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# Registries have bad moments.
for round in 1 2 3; do
    if apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; then
        exit 0
    fi
    sleep $((round * 5))
done >&2
exit 1
