#!/bin/bash
# Golden tests: what a tool says to a given input, kept as files that a person has read.
#
#   tests/golden.sh [FILTER...]       TAP; a filter is part of TOOL/CASE
#   UPDATE=1 tests/golden.sh [...]    rewrites the expectations; then read `git diff`
#   B=build-asan tests/golden.sh      takes the tools from build-asan/bin
#
# Cases live in tests/golden/TOOL/ and are named as the sentence that they prove:
#   X.in.yaml     manifests: they pass the stages before TOOL first (for gw-watch they are its -f)
#   X.in.ndjson   records: straight to the tool's stdin
#   X.args        further arguments of the tool, one line, split at blanks
#   X.out.json    its stdout through `jq -S .` (X.out.txt instead: its stdout as it is)
#   X.err, X.rc   its stderr and exit code; absent means empty and 0
# In the directory `pipeline` all stages run. There X.out.json is the target document together with a short
# form of every record that reached gw-push, X.err is the stderr of all stages in their order, X.rc their
# exit codes in one line, X.in.ndjson enters at gw-validate, and X.requests is what ref/conformance.py asks of it.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
B=${B:-build}
[[ $B == /* ]] || B=$here/../$B
work=$B/tests/golden
PATH=$(cd "$B/bin" 2>/dev/null && pwd):$PATH
export B PATH LC_ALL=C NO_COLOR=1 GW_NOW=${GW_NOW:-1767225600}
unset GW_LOG_FORMAT

# The records that reach stage $1 when $2 is given to gw-watch.
before() {
    case $1 in
    gw-validate) gw-watch --once -f "$2" ;;
    gw-resolve-refs) before gw-validate "$2" | gw-validate --target none ;;
    gw-translate) before gw-resolve-refs "$2" | gw-resolve-refs ;;
    gw-push) before gw-translate "$2" | gw-translate ;;
    esac 2>/dev/null
}

run_tool() { # TOOL CASE OUT ARGS...
    local tool=$1 case=$2 out=$3 rc
    shift 3
    if [[ -e $case.in.ndjson ]]; then
        [[ $tool != gw-watch ]] || set -- --once -f - "$@"
        timeout 60 "$tool" "$@" <"$case.in.ndjson" >"$out.raw" 2>"$out.err"
        rc=$?
    elif [[ $tool == gw-watch ]]; then
        timeout 60 "$tool" --once -f "$case.in.yaml" "$@" </dev/null >"$out.raw" 2>"$out.err"
        rc=$?
    else
        before "$tool" "$case.in.yaml" | timeout 60 "$tool" "$@" >"$out.raw" 2>"$out.err"
        rc=${PIPESTATUS[1]}
    fi
    echo "$rc" >"$out.rc"
}

run_pipeline() { # CASE OUT ARGS... (of gw-push)
    local case=$1 out=$2 codes
    shift 2
    if [[ -e $case.in.ndjson ]]; then
        cat "$case.in.ndjson"
    else
        gw-watch --once -f "$case.in.yaml" 2>"$out.1"
    fi | gw-validate 2>"$out.2" | gw-resolve-refs 2>"$out.3" | gw-translate 2>"$out.4" |
        tee "$out.records" | timeout 60 gw-push --to file:- --format json "$@" >"$out.document" 2>"$out.5"
    codes=("${PIPESTATUS[@]}")
    unset 'codes[4]' # tee
    echo "${codes[*]}" >"$out.rc"
    cat "$out".[1-5] >"$out.err" 2>/dev/null
    rm -f "$out".[1-5]
    jq -n --slurpfile document "$out.document" '
        {document: $document[-1],
         records: [inputs | select(.object)
            | {kind: .object.kind, ns: .object.metadata.namespace, name: .object.metadata.name,
               deleted: (if .type == "DELETED" then true else null end),
               status, findings: ([.findings[]?.id] | select(. != []) // null), held}
            | with_entries(select(.value != null))]}' "$out.records" >"$out.raw"
}

run_case() { # TOOL/CASE
    local tool=${1%%/*} case=${1#*/} out=$work/$1 args=()
    cd "$here/golden/$tool" || exit
    rm -f "$out".*
    [[ ! -e $case.args ]] || read -ra args <"$case.args" || true
    if [[ $tool == pipeline ]]; then
        run_pipeline "$case" "$out" "${args[@]}"
    else
        run_tool "$tool" "$case" "$out" "${args[@]}"
    fi
}

# What is compared: all but the list of features in the status of a GatewayClass, which is the same everywhere and
# has a test of its own (bats/70-features.bats).
shown='def short: if type == "object" and (.status | type) == "object" then del(.status.supportedFeatures) else . end;
    if type == "object" and has("records") then .records |= map(short) else short end'

# Raw output to the form that is compared. One jq for all, since starting it costs more than running a tool;
# when one of them is no JSON, one each.
normalise() { # TOOL/CASE...
    local id
    for id; do
        printf '"@@golden %s"\n' "$id"
        cat "$work/$id.raw"
    done | jq -S "$shown" 2>/dev/null | awk -v dir="$work/" '
        /^"@@golden / { close(out); out = dir substr($0, 11, length($0) - 11) ".out"; printf "" >out; next }
        { print >out }' && return
    for id; do jq -S "$shown" "$work/$id.raw" >"$work/$id.out" 2>/dev/null || cp "$work/$id.raw" "$work/$id.out"; done
}

# Whether the file as expected ($1; absent means $3) is the file as seen ($2); the difference goes to TAP.
same() {
    local expected=$1
    [[ -e $expected ]] || expected=$3
    cmp -s "$expected" "$2" && return
    diff -u --label "expected: ${1##*/}" --label seen "$expected" "$2" | head -n 60 | sed 's/^/#   /'
    return 1
}

update() { # EXPECTATION-STEM SEEN-STEM
    local out=json
    [[ ! -e $1.out.txt ]] && jq . "$2.raw" >/dev/null 2>&1 || out=txt
    cp "$2.out" "$1.out.$out"
    rm -f "$1.err" "$1.rc"
    [[ ! -s $2.err ]] || cp "$2.err" "$1.err"
    [[ $(<"$2.rc") =~ ^[\ 0]*$ ]] || cp "$2.rc" "$1.rc"
}

verdict() { # TOOL/CASE
    local stem=$here/golden/$1 seen=$work/$1 said out=json
    [[ -z ${UPDATE:-} ]] || update "$stem" "$seen"
    [[ ! -e $stem.out.txt ]] || out=txt
    [[ $1 == pipeline/* && ! -e $stem.rc ]] && sed -i 's/^[ 0]*$/0/' "$seen.rc"
    said=$(
        # Without expectations, showing all that was seen would only hide the other failures.
        [[ -e $stem.out.$out ]] || { echo "#   $1.out.$out is missing (UPDATE=1 writes it)" && exit 1; }
        same "$stem.out.$out" "$seen.out" /dev/null
        a=$?
        same "$stem.err" "$seen.err" /dev/null
        b=$?
        same "$stem.rc" "$seen.rc" "$work/zero"
        c=$?
        exit $((a | b | c))
    )
    report $? "$1" "$said"
}

report() { # STATUS NAME DETAIL
    local not=
    [[ $1 == 0 ]] || { not='not ' && failed=$((failed + 1)); }
    n=$((n + 1))
    echo "${not}ok $n golden: $2${3:+$'\n'$3}"
}

if [[ ${1:-} == --run ]]; then # a worker; see xargs below
    shift
    for id; do run_case "$id"; done
    exit 0
fi

wanted() {
    local f
    ((${#filters[@]})) || return 0
    for f in "${filters[@]}"; do [[ $1 == *"$f"* ]] && return 0; done
    return 1
}

filters=("$@") cases=() strays=() n=0 failed=0
declare -A tools=()
for file in "$here"/golden/*/*; do
    name=${file#"$here"/golden/} stem=$file
    [[ -f $file ]] || continue
    for end in .in.yaml .in.ndjson .args .out.json .out.txt .err .rc .requests; do stem=${stem%"$end"}; done
    wanted "$name" || continue
    if [[ $name == *.in.yaml || $name == *.in.ndjson ]]; then
        cases+=("${stem#"$here"/golden/}")
        tools[${name%%/*}]=1
    elif [[ $stem == "$file" || ! (-e $stem.in.yaml || -e $stem.in.ndjson) ]]; then
        strays+=("$name")
    fi
done

for tool in "${!tools[@]}"; do
    mkdir -p "$work/$tool"
    [[ $tool == pipeline ]] || command -v "$tool" >/dev/null || echo "# $tool is not built: $B/bin/$tool"
done
((${#cases[@]})) || { echo "not ok 1 golden: no case${*:+ matches $*}"; echo 1..1; exit 1; }
echo 0 >"$work/zero"
printf '%s\0' "${cases[@]}" | xargs -0 -P 2 -n 8 "$0" --run
as_json=()
for id in "${cases[@]}"; do
    if [[ -e $here/golden/$id.out.txt ]]; then cp "$work/$id.raw" "$work/$id.out"; else as_json+=("$id"); fi
done
normalise "${as_json[@]}"
for id in "${cases[@]}"; do verdict "$id"; done
for name in "${strays[@]}"; do report 1 "$name belongs to no case"; done
echo "1..$n"
exit $((failed > 0))
