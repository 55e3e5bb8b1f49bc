#!/bin/bash
# How long does it take? tests/bench/bench.sh [N], default 1000 routes.
#
# First every stage by itself on the output of the one before, then the pipe, then what one changed route and one
# changed EndpointSlice cost a pipe that holds the world already.
set -euo pipefail
cd "$(dirname "$0")/../.."
B=${B:-build}
[[ $B == /* ]] || B=$PWD/$B
PATH=$B/bin:$PATH
export LC_ALL=C NO_COLOR=1
n=${1:-1000}
room=$(mktemp -d)
trap 'rm -rf "$room"; jobs -p | xargs -r kill 2>/dev/null' EXIT

python3 tests/bench/generate.py "$n" >"$room/world.yaml"
echo "$n HTTPRoutes, $n Services, $n EndpointSlices: $(du -k "$room/world.yaml" | cut -f1) kB of YAML; $(nproc) CPUs"
echo
printf '%-16s %9s %12s %9s %10s\n' stage seconds records/s MB/s 'RSS MB'

row() { # NAME INPUT TIMES
    local seconds rss records bytes
    read -r seconds rss <"$3"
    # A manifest's objects count as records too.
    records=$(grep -c -e '^---' -e '^{' "$2") bytes=$(stat -c %s "$2")
    awk -v name="$1" -v s="$seconds" -v rss="$rss" -v n="$records" -v b="$bytes" 'BEGIN {
        if (s < 0.01) s = 0.01; printf "%-16s %9.2f %12.0f %9.1f %10.1f\n", name, s, n / s, b / s / 1e6, rss / 1024 }'
}

stage() { # NAME INPUT OUTPUT COMMAND...
    local name=$1 in=$2 out=$3
    shift 3
    /usr/bin/time -q -f '%e %M' -o "$room/time" "$@" <"$in" >"$out" 2>"$room/err" || {
        echo "bench: $name failed:" && head "$room/err" && exit 1
    }
    row "$name" "$in" "$room/time"
}

stage gw-watch "$room/world.yaml" "$room/1" gw-watch --once -f -
stage gw-validate "$room/1" "$room/2" gw-validate
stage gw-resolve-refs "$room/2" "$room/3" gw-resolve-refs
stage gw-translate "$room/3" "$room/4" gw-translate
stage gw-push "$room/4" /dev/null gw-push --to "file:$room/apisix.yaml"
rm -f "$room/apisix.yaml"
stage 'the pipe' "$room/world.yaml" /dev/null bash -c "gw-watch --once -f - | gw-validate | gw-resolve-refs | gw-translate |
    gw-push --to file:$room/apisix.yaml >/dev/null"
stage 'again' "$room/world.yaml" /dev/null bash -c "gw-watch --once -f - | gw-validate | gw-resolve-refs | gw-translate |
    gw-push --to file:$room/apisix.yaml >/dev/null"
echo "(RSS of the pipe is that of its largest stage)"
echo "routes in apisix.yaml: $(grep -c 'httproute\.bench' "$room/apisix.yaml")"

# One change in a running pipe: from the record's SYNC until it comes out of gw-translate, and until it is in the file.
mkfifo "$room/in"
gw-validate <"$room/in" | gw-resolve-refs | gw-translate | tee "$room/out" | gw-push --to "file:$room/live.yaml" >/dev/null &
exec 7>"$room/in"

now() { date +%s%N; }

# Waits until the output has $1 SYNCs.
wait_syncs() {
    until [[ $(grep -c '^{"type":"SYNC"' "$room/out") -ge $1 ]]; do sleep 0.002; done
}

wait_file() { # PATTERN
    local i
    for ((i = 0; i < 2500; i++)); do
        ! grep -q "$1" "$room/live.yaml" 2>/dev/null || return 0
        sleep 0.002
    done
    echo "bench: $1 never came to the file" && exit 1
}

touch "$room/out"
cat "$room/1" >&7
wait_syncs 1
wait_file 'httproute\.bench'
echo
printf '%-26s %14s %14s %9s\n' 'one change, of all these' 'translated ms' 'in the file ms' records

change() { # NAME RECORD PATTERN NTH
    local before start out file
    before=$(wc -l <"$room/out")
    start=$(now)
    printf '%s\n{"type":"SYNC"}\n' "$2" >&7
    # Polling the last lines costs the same whatever the size.
    until tail -n 1 "$room/out" | grep -q '^{"type":"SYNC"}' && (($(wc -l <"$room/out") > before)); do :; done
    out=$(now)
    wait_file "$3"
    file=$(now)
    printf '%-26s %14.1f %14.1f %9d\n' "$1" "$(((out - start) / 10000))e-2" "$(((file - start) / 10000))e-2" \
        $(($(wc -l <"$room/out") - before - 1))
}

change 'a route' "$(python3 tests/bench/generate.py "$n" change-route)" '"\?x-app"\?: *"2"' 
change 'an EndpointSlice' "$(python3 tests/bench/generate.py "$n" change-slice)" '10\.[0-9]*\.[0-9]*\.99'
exec 7>&-
wait
echo
tests/bench/limits.py
