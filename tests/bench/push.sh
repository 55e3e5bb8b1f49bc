#!/bin/bash
# How many writes a second does gw-push make? tests/bench/push.sh [N], default 1000 routes.
#
# The server takes 3 ms for each request, however many there are at once (tests/double/apisix_double.py), so what is
# measured is how well the connections are kept busy: beside curl --parallel, which only sends. The server is
# Python: at 64 in flight it is the limit, of both. Then what a reconcile costs that finds nothing to do.
set -euo pipefail
cd "$(dirname "$0")/../.."
B=${B:-build}
[[ $B == /* ]] || B=$PWD/$B
PATH=$B/bin:$PATH
export LC_ALL=C NO_COLOR=1 APISIX_ADMIN_KEY=edd1c9f034335f136f87ad84b625c8f1
n=${1:-1000}
room=$(mktemp -d)
server=
trap 'rm -rf "$room"; [[ -z $server ]] || kill "$server"' EXIT

python3 tests/bench/generate.py "$n" | gw-watch --once -f - | gw-validate -q | gw-resolve-refs -q |
    gw-translate -q >"$room/records"

# The first tenth, for what would take long one by one.
jq -c --argjson n "$((n / 10 > 50 ? n / 10 : 50))" -n '[inputs | select(.apisix)][:$n][]' "$room/records" >"$room/few"
echo '{"type":"SYNC","full":true}' >>"$room/few"

start() { # DELAY
    [[ -z $server ]] || { kill "$server" && wait "$server" 2>/dev/null; } || true
    rm -f "$room/port"
    python3 tests/double/apisix_double.py --delay "$1" --keepalive-requests 0 >"$room/port" &
    server=$!
    until [[ -s $room/port ]]; do sleep 0.02; done
    url=http://127.0.0.1:$(jq .admin "$room/port")
}

# One PUT for each object, in the order of dependency.
curl_config() { # RECORDS
    jq -rn --arg url "@URL@/apisix/admin" --arg key "$APISIX_ADMIN_KEY" '
        [inputs | .apisix // {} | to_entries[] | select(.value | type == "array") | .key as $k | .value[] | {k: $k, o: .}]
        | sort_by(.k == "routes")[]
        | "next", "url = \"\($url)/\(.k)/\(.o.id)\"", "request = PUT", "header = \"X-API-KEY: \($key)\"",
          "header = \"Content-Type: application/json\"", "data-binary = \(.o | tojson | tojson)", "output = /dev/null"
    ' "$1" | tail -n +2
}

seconds() { # COMMAND...
    local from
    from=$(date +%s%N)
    "$@" >"$room/out" 2>"$room/err" || { echo "bench: $1 failed: $?" && head -5 "$room/err" && exit 1; } >&2
    echo $((($(date +%s%N) - from) / 1000)) | awk '{ printf "%.2f", $1 / 1e6 }'
}

least() { printf '%s\n' "$@" | sort -n | head -1; }

# The SYNC alone: records are read before it.
sync() { # CONCURRENCY RECORDS
    gw-push --timing --concurrency "$1" --to "admin:$url" <"$2" | jq -n '[inputs.pushed[0].seconds? // 0] | max'
}

push() { gw-push --concurrency "$1" --to "admin:$url" <"$2"; }
send() { # CONCURRENCY
    sed "s|@URL@|$url|" "$room/config" | curl -s --no-progress-meter --parallel --parallel-immediate --parallel-max "$1" -K -
}

printf '%-24s %9s %14s %14s\n' 'first push, in flight' objects gw-push/s 'curl/s'
for c in 1 16 64; do
    records=$room/records
    ((c > 1)) || records=$room/few
    count=$(jq -n '[inputs | .apisix // {} | .[] | select(type == "array") | length] | add' "$records")
    curl_config "$records" >"$room/config"
    ours=() theirs=()
    # In turns, and the best of five: others use the machine too.
    for _ in 1 2 3 4 5; do
        start 3
        ours+=("$(sync "$c" "$records")")
        start 3
        # It does not wait between kinds, so a route may come before its upstream, and be refused: sent all the same.
        theirs+=("$(seconds send "$c")")
    done
    awk -v c="$c" -v n="$count" -v a="$(least "${ours[@]}")" -v b="$(least "${theirs[@]}")" \
        'BEGIN { printf "%-24s %9d %14.0f %14.0f\n", c, n, n / a, n / b }'
done

start 0
push 16 "$room/records" >"$room/out"
echo
count=$(jq -n '[inputs | .apisix // {} | .[] | select(type == "array") | length] | add' "$room/records")
echo "reconcile of $n HTTPRoutes ($count objects), nothing changed: $(seconds push 16 "$room/records") s"
