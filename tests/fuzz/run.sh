#!/bin/bash
# One libFuzzer target for a while: tests/fuzz/run.sh build-fuzz/fuzz_x SECONDS
# New inputs stay in the build directory; a crash is left there too, with its path printed. Move it to
# tests/fuzz/corpus/fuzz_x/ together with the fix.
set -euo pipefail
target=$1 seconds=$2 name=${1##*/}
found=${target%/*}/corpus/$name
mkdir -p "$found"
seeds=()
for dir in "tests/fuzz/corpus/$name" "tests/fuzz/corpus/${name#fuzz_}"; do [[ ! -d $dir ]] || seeds+=("$dir"); done
dict=()
[[ ! -e tests/fuzz/$name.dict ]] || dict=("-dict=tests/fuzz/$name.dict")
echo "fuzz: $name for $seconds s"
# Some versions of libjq leak on malformed text by themselves; leaks are the ASan build's business.
log=${target%/*}/$name.log
if ! ASAN_OPTIONS=detect_leaks=0 "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -detect_leaks=0 \
    -verbosity=0 -artifact_prefix="${target%/*}/" "${dict[@]}" "$found" "${seeds[@]}" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "fuzz: $name found something; see above" >&2
    exit 1
fi
