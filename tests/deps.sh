#!/bin/bash
# The Debian packages that gwpipe is built, tested and checked with.
#
#   tests/deps.sh TOPIC...    of: build demo test lint fuzz bench
#
# Does nothing when all are there. Otherwise says what it installs, and installs it with apt-get, as root or
# through sudo. On other systems it says what is needed and lets the build find out.
set -euo pipefail

packages() {
    case $1 in
    build) echo gcc libc6-dev make pkg-config libjq-dev libyaml-dev libpcre2-dev libssl-dev libcurl4-openssl-dev uthash-dev ;;
    demo) echo jq ;;
    test) echo jq bats parallel luajit mandoc openssl curl python3 python3-yaml python3-jsonschema ;;
    lint) echo clang-format clang-tidy cppcheck mandoc shellcheck jq ;;
    fuzz) echo clang llvm ;;
    bench) echo time python3 jq curl ;;
    *) echo "deps.sh: unknown topic $1" >&2 && exit 2 ;;
    esac
}

wanted=$(for topic; do packages "$topic"; done | tr ' ' '\n' | sort -u)
[[ -n $wanted ]] || { echo "usage: deps.sh TOPIC... (build demo test lint fuzz bench)" >&2 && exit 2; }

if ! command -v apt-get >/dev/null; then
    command -v gcc jq >/dev/null || echo "deps.sh: not Debian; needed, under Debian's names: ${wanted//$'\n'/ }" >&2
    exit 0
fi

missing=()
for p in $wanted; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
done
((${#missing[@]})) || exit 0

sudo=()
if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || {
        echo "deps.sh: neither root nor sudo; install as root: apt-get install ${missing[*]}" >&2
        exit 4
    }
    sudo=(sudo)
fi
echo "deps.sh: installing with apt-get: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${sudo[@]}" apt-get update && "${sudo[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "deps.sh: apt-get failed; see above" >&2
    exit 4
fi
