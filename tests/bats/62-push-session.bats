# gw-push and several targets: each gets what it lacks, and what fails at one is nothing to the others.
load helpers
load double

setup() {
    dir=$(mktemp -d "$BATS_TEST_TMPDIR/push.XXXX")
    a=$dir/a.json b=$dir/b.json
}

teardown() {
    double_stop
}

# An Admin API; $url is its address.
server() { # OPTION...
    export APISIX_ADMIN_KEY=edd1c9f034335f136f87ad84b625c8f1
    : >"$dir/log"
    double_start -- --log "$dir/log" "$@"
    url=$apisix_url
}

upstream() { # NAME [HOST]: the record of a Service
    printf '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"%s"}},"apisix":{"upstreams":[{"id":"%s","labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"Service/shop/%s"},"type":"roundrobin","nodes":[{"host":"%s","port":80,"weight":1}]}]}}\n' \
        "$1" "$1" "$1" "${2:-10.0.0.1}"
}

route() { # NAME UPSTREAM
    printf '{"type":"ADDED","object":{"apiVersion":"v1","kind":"HTTPRoute","metadata":{"namespace":"shop","name":"%s"}},"apisix":{"routes":[{"id":"%s","labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"HTTPRoute/shop/%s"},"uri":"/%s","upstream_id":"%s"}]}}\n' \
        "$1" "$1" "$1" "$1" "$2"
}

bad() { sed 's/"nodes":\[[^]]*\]/"desc":"nowhere"/'; } # upstreams that no server takes
# What gw-push says to stdout and stderr, to files; its exit code must be as given.
expect() { # -CODE ARGS...
    run --separate-stderr "$1" gw-push "${@:2}"
    echo "$output" >"$dir/out"
    echo "$stderr" >"$dir/err"
}
states() { jq -r 'select(.object) | [.object.metadata.name, .pushed[].state] | join(" ")' "$dir/out"; }

gone() { upstream "$1" | sed 's/ADDED/DELETED/; s/,"apisix":.*/}/'; }

services() { # FROM TO
    local i
    for ((i = $1; i <= $2; i++)); do upstream "s$i"; done
}

sync() { echo '{"type":"SYNC"}'; }
full() { echo '{"type":"SYNC","full":true}'; }

push() { gw-push --to "file:$a" --to "file:$b" "$@" >"$dir/out" 2>"$dir/err"; }
ids() { jq -r '.upstreams // [] | map(.id) | join(" ")' "$1"; }

@test "each target gets what it lacks, and its own entry" {
    { upstream x; full; } | gw-push --to "file:$a" >/dev/null
    { upstream x; upstream y; full; } | push
    cmp "$a" "$b"
    [ "$(ids "$b")" = "x y" ]
    jq -se --arg a "file:$a" --arg b "file:$b" '.[0].pushed == [
        {target: $a, state: "unchanged", created: 0, updated: 0, deleted: 0},
        {target: $b, state: "programmed", created: 1, updated: 0, deleted: 0}]' "$dir/out"
}

@test "a target that fails does not hold up the others, and is tried again" {
    mkfifo "$dir/in"
    mkdir "$a"
    gw-push --to "file:$a" --to "file:$b" <"$dir/in" >"$dir/out" 2>"$dir/err" &
    push=$!
    exec 7>"$dir/in"
    { services 1 3; upstream x; full; } >&7
    for _ in {1..100}; do [[ $(grep -c SYNC "$dir/out") == 1 ]] && break; sleep 0.05; done
    [ "$(ids "$b")" = "s1 s2 s3 x" ]
    jq -se '.[0].pushed | map(.state) == ["failed", "programmed"]' "$dir/out"
    rmdir "$a"
    { gone x; sync; } >&7
    exec 7>&-
    rc=0
    wait "$push" || rc=$?
    [ "$rc" = 4 ]
    [ "$(ids "$a")" = "s1 s2 s3" ]
    cmp "$a" "$b"
}

@test "what a full SYNC prunes is owed to a target that missed it" {
    { services 1 2; full; } | push
    mkfifo "$dir/in"
    mv "$a" "$dir/saved" && mkdir "$a"
    gw-push --to "file:$a" --to "file:$b" <"$dir/in" >"$dir/out" 2>"$dir/err" &
    push=$!
    exec 7>"$dir/in"
    { upstream s1; full; } >&7
    for _ in {1..100}; do [[ $(grep -c SYNC "$dir/out") == 1 ]] && break; sleep 0.05; done
    [ "$(ids "$b")" = s1 ]
    rmdir "$a" && mv "$dir/saved" "$a"
    sync >&7
    exec 7>&-
    wait "$push" || true
    [ "$(ids "$a")" = s1 ]
}

@test "each target has its own guard against deletes" {
    { services 1 30; full; } | gw-push --to "file:$a" >/dev/null
    { services 1 2; full; } | { run -1 push; }
    [ "$(jq '.upstreams | length' "$a")" = 30 ]
    [ "$(ids "$b")" = "s1 s2" ]
    [ "$(grep -c 'would delete' "$dir/err")" = 20 ]
    grep -q "file:$a: refused: 28 of 30 objects" "$dir/err"
    jq -se '.[0].pushed | map(.state) == ["refused", "programmed"]' "$dir/out"
}

@test "a refusal names its target, in the record and on stderr, once" {
    echo '{"upstreams":[{"id":"x","nodes":{"10.0.0.9:80":1}}]}' >"$b"
    { upstream x; full; sync; sync; upstream x; sync; } | { run -1 push; }
    [ "$(ids "$a")" = x ]
    jq -se --arg b "file:$b: " '.[0].findings | length == 1 and (.[0].message | startswith($b))' "$dir/out"
    [ "$(grep -c 'not made by this gwpipe instance' "$dir/err")" = 2 ] # at each of its records
    jq -se '.[0].pushed | map(.state) == ["programmed", "refused"]' "$dir/out"
}

@test "a dry run tells of each target for itself" {
    { upstream x; full; } | gw-push --to "file:$a" >/dev/null
    { upstream x 10.0.0.2; full; } | push --dry-run
    [ ! -e "$b" ]
    jq -se --arg a "file:$a" --arg b "file:$b" '[.[] | select(.type == "PLAN") | [.target, .op]] == [[$a, "update"], [$b, "create"]]' "$dir/out"
}

@test "stdout and a file: the document goes out instead of the records" {
    { upstream x; full; } | gw-push --to file:- --format json --to "file:$a" >"$dir/out"
    cmp "$dir/out" "$a"
}

@test "a target is given once" {
    full | { run -2 gw-push --to "file:$a" --to "file:$b" --to "file:$a"; }
    full | { run -2 gw-push --to file:- --to file:-; }
    # However it is spelt, and of whichever data plane.
    cd "$dir"
    full | {
        run -2 gw-push --to file:a.json --to edge=file:./a.json
        [[ $output == *'"file:./a.json" "file:a.json" is the same target'* ]]
    }
    for url in http://h.example/ http://H.example:80 http://h.example/apisix/admin http://h.example:80/apisix/admin/; do
        full | {
            run -2 gw-push --to admin:http://h.example --to "edge=admin:$url"
            [[ $output == *'is the same target'* ]]
        }
    done
}

@test "metrics are there after each SYNC, whole, for a collector of another user" {
    { upstream x; full; sync; } | push --metrics-file "$dir/push.prom"
    [ "$(stat -c %a "$dir/push.prom")" = 644 ]
    [ ! -e "$dir/push.prom.gwpipe-tmp" ]
    grep -Fqx "gwpipe_push_writes_total{target=\"file:$a\",kind=\"upstreams\",op=\"create\",outcome=\"done\"} 1" "$dir/push.prom"
    grep -Fqx "gwpipe_push_syncs_total{target=\"file:$b\",outcome=\"done\"} 2" "$dir/push.prom"
    grep -Fqx "gwpipe_push_live_objects{target=\"file:$b\",kind=\"upstreams\"} 1" "$dir/push.prom"
    python3 - "$dir/push.prom" <<'PY'
import re, sys, time
# The text format: families in one piece, each with HELP and TYPE first, no series twice.
seen, family, types = set(), None, {}
for line in open(sys.argv[1]).read().splitlines():
    if line.startswith("# HELP "):
        family = line.split()[2]
        assert family not in types, family
    elif line.startswith("# TYPE "):
        assert line.split()[2] == family
        types[family] = line.split()[3]
    else:
        m = re.fullmatch(r'([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\[n"\\])*",?)*\}) ([0-9.]+)', line)
        assert m, line
        end = "(_bucket|_sum|_count)" if types[family] == "histogram" else ""
        assert re.fullmatch(family + end, m[1]), line
        assert m[1] + m[2] not in seen, line
        seen.add(m[1] + m[2])
        if family == "gwpipe_push_last_success_timestamp_seconds":
            assert abs(float(m[3]) - time.time()) < 60, line
assert len(types) == 8
PY
}

# What the metrics file says, without the names' common start.
metric() { sed -n "s|^gwpipe_push_$1 ||p" "$dir/push.prom"; } # SERIES

@test "the last success outlives runs that fail, and what could not be read is no number" {
    server
    local admin last
    admin="admin:$url" last="last_success_timestamp_seconds{target=\"admin:$url\"}"
    run_once() { { upstream x; full; } | gw-push --to "$admin" --to "file:$a" --retry-for 0 --metrics-file "$dir/push.prom" >"$dir/out" 2>"$dir/err"; }
    run_once
    first=$(metric "$last")
    [ "$(metric "live_objects{target=\"$admin\",kind=\"upstreams\"}")" = 1 ]
    double_ctl die
    for i in 1 2; do
        run -4 run_once
        [ "$(metric "$last")" = "$first" ]
        run ! grep -q "live_objects{target=\"$admin\"" "$dir/push.prom"
        [ "$(metric "syncs_total{target=\"$admin\",outcome=\"failed\"}")" = 1 ]
        [ "$(metric "live_objects{target=\"file:$a\",kind=\"upstreams\"}")" = 1 ]
    done
    double_ctl restart
    until [ "$(double_ctl ports | jq .listening)" = true ]; do sleep 0.02; done
    run_once
    jq -ne "$(metric "$last") > $first"
}

@test "a metrics file that is something else is no success, and replaced" {
    for text in '\0\1\2' 'gwpipe_push_last_success_timestamp_seconds{target="file:'"$dir"'/no/a.json"} 9e9\n' ''; do
        # shellcheck disable=SC2059
        printf "$text" >"$dir/push.prom"
        { upstream x; full; } | { run -4 gw-push --to "file:$dir/no/a.json" --metrics-file "$dir/push.prom"; }
        [ "$(metric "last_success_timestamp_seconds{target=\"file:$dir/no/a.json\"}")" = 0.000 ]
    done
}

@test "owners that are held are counted" {
    held() { upstream "$1" | sed 's/,"apisix":.*/,"held":true}/'; }
    { upstream x; upstream y; full; } | push --metrics-file "$dir/push.prom"
    [ "$(metric "held_owners{target=\"file:$a\"}")" = 0 ]
    { upstream x; held y; full; } | push --metrics-file "$dir/push.prom"
    [ "$(metric "held_owners{target=\"file:$a\"}")" = 1 ]
    [ "$(ids "$a")" = "x y" ]
}

@test "metrics that cannot be written are exit code 4, and hold nothing up" {
    { upstream x; full; } | { run -4 push --metrics-file "$dir/none/push.prom"; }
    cmp "$a" "$b"
    grep -q -- '--metrics-file' "$dir/err"
}

@test "a target that nobody asked, while another was looked at, has had no success since" {
    server
    mkfifo "$dir/in"
    gw-push --to "admin:$url" --to "file:$a" --recheck 1 --metrics-file "$dir/metrics" <"$dir/in" >"$dir/out" 2>"$dir/err" 3>&- &
    local pid=$! first i
    exec 7>"$dir/in"
    { upstream x; full; } >&7
    for i in {1..100}; do [ -e "$dir/metrics" ] && break || sleep 0.1; done
    first=$(grep "last_success.*admin" "$dir/metrics")
    for i in {1..60}; do grep -q 'syncs_total.*file:.*outcome="done"} 3' "$dir/metrics" && break || sleep 0.1; done
    grep -q 'syncs_total.*file:.*outcome="done"} 3' "$dir/metrics"
    grep -q 'syncs_total.*admin:.*outcome="done"} 1$' "$dir/metrics"
    [ "$(grep "last_success.*admin" "$dir/metrics")" = "$first" ]
    exec 7>&-
    wait "$pid"
}

@test "a dry run counts nothing" {
    { upstream x; full; } | push --dry-run --metrics-file "$dir/push.prom"
    [ ! -e "$dir/push.prom" ]
}

@test "records hold no times, unless they are asked for" {
    { upstream x; full; } | push
    run ! grep -q seconds "$dir/out"
    { upstream y; sync; } | push --timing
    jq -se '.[0].pushed | length == 2 and all(.seconds >= 0 and .seconds < 60)' "$dir/out"
}

@test "a file cannot be asked beforehand, nor tell what is served" {
    { upstream x; full; } | push --check
    [ "$(grep -c 'has no effect' "$dir/err")" = 2 ]
    full | { run -2 push --wait 5; }
    [ "$(ids "$a")" = x ]
    full | { run -2 push --wait 0; }
}

@test "what one target refuses is its owner's finding; the other has it" {
    server
    { upstream x; upstream y | bad; route rx x; route ry y; full; } |
        expect -1 --to "admin:$url" --to "file:$a"
    [ "$(states)" = 'x programmed programmed
y failed programmed
rx programmed programmed
ry failed programmed' ]
    jq -se --arg t "admin:$url" '[.[] | .findings[]? | [.id, .by, (.message | startswith($t + ": "))]] == [["push-rejected", "gw-push", true], ["push-rejected", "gw-push", true]]' "$dir/out"
    [ "$(jq '.upstreams | length' "$a")" = 2 ]
}

@test "a failure without a record in the cut is told on stderr, and once" {
    server
    { upstream y | bad; full; sync; upstream x; sync; upstream y; sync; } |
        expect -1 --to "admin:$url"
    [ "$(states)" = 'y failed
x programmed
y programmed' ]
    [ "$(grep -c 'upstreams "y" could not be created' "$dir/err")" = 1 ]
}

@test "--check: what would be refused is left out, with what needs it, before anything is written" {
    server
    { upstream x; upstream y; route rx x; route ry y; full; } | gw-push --to "admin:$url" >/dev/null
    : >"$dir/log"
    { upstream new | bad; upstream z; route ry new; route rz z; gone y; sync; } >"$dir/in"
    expect -1 --to "admin:$url" --check --dry-run <"$dir/in"
    [ "$(jq -r 'select(.why) | .id' "$dir/out" | xargs)" = "new ry y" ]
    run ! grep -qv ^GET <(grep -v '^POST /configs/validate ' "$dir/log")
    expect -1 --to "admin:$url" --check <"$dir/in"
    [ "$(states)" = 'new failed
z programmed
ry failed
rz programmed
y failed' ]
    [ "$(grep -v '^GET\|^POST' "$dir/log" | cut -d' ' -f1,2)" = 'PUT /upstreams/z
PUT /routes/rz' ]
}

@test "--check: when the target cannot be asked, nothing is written" {
    echo '[{"match":"POST /","times":0,"do":{"status":404,"body":{}}}]' >"$dir/script"
    server --script "$dir/script"
    { upstream x; full; } | expect -1 --to "admin:$url" --to "file:$a" --check
    [ "$(states)" = 'x refused programmed' ]
    run ! grep -q PUT "$dir/log"
}

@test "progress is shown on a terminal while it takes long, and erased" {
    server --delay 50
    { services 1 80; full; } >"$dir/in"
    export TERM=xterm
    run script -qec "gw-push --concurrency 2 --to admin:$url <$dir/in >/dev/null" /dev/null
    [[ $status == 0 && $output == *$'\r\e[K'"admin:$url: "*' of 80, '*'/s'*$'\r\e[Kgw-push: info: '*'80 created'* ]] || fail "$output"
    { services 1 80 | sed 's/10.0.0.1/10.0.0.2/'; full; } >"$dir/in"
    run script -qec "gw-push -q --concurrency 2 --to admin:$url <$dir/in >/dev/null" /dev/null
    [[ $status == 0 && $output == "" ]] || fail "$output"
    { services 1 80; full; } | gw-push --concurrency 2 --to "admin:$url" 2>"$dir/err" >/dev/null
    [ ! -s "$dir/err" ]
}

@test "latencies are counted where each write is a request" {
    server --delay 30
    { services 1 5; full; } | gw-push --to "admin:$url" --metrics-file "$dir/push.prom" >/dev/null
    grep -Fqx "gwpipe_push_write_duration_seconds_count{target=\"admin:$url\"} 5" "$dir/push.prom"
    grep -Fqx "gwpipe_push_write_duration_seconds_bucket{target=\"admin:$url\",le=\"0.025\"} 0" "$dir/push.prom"
    grep -Fqx "gwpipe_push_write_duration_seconds_bucket{target=\"admin:$url\",le=\"30\"} 5" "$dir/push.prom"
}

@test "a record is written again when what was open is settled without a word from its owner" {
    echo '[{"match":"PUT /upstreams/x","times":2,"do":{"status":503,"body":{}}}]' >"$dir/script"
    server --script "$dir/script"
    { upstream x; upstream y; full; sync; sync; sync; } | expect -4 --retry-for 0 --to "admin:$url" --to "file:$a"
    [ "$(jq -r 'if .object then [.object.metadata.name, .pushed[].state, (.findings // [] | length)] else ["SYNC"] end | join(" ")' "$dir/out")" = 'x failed programmed 1
y programmed programmed 0
SYNC
SYNC
x programmed unchanged 0
SYNC
SYNC' ]
    jq -se '[.[] | select(.object.metadata.name == "x") | .object] | .[0] == .[1]' "$dir/out"
}

@test "an open record of an owner that is gone, or has spoken since, is not written again" {
    echo '{"upstreams":[{"id":"x","nodes":{"10.0.0.9:80":1}},{"id":"y","nodes":{"10.0.0.9:80":1}}]}' >"$a"
    mkfifo "$dir/in"
    gw-push --to "file:$a" <"$dir/in" >"$dir/out" 2>/dev/null &
    push=$!
    exec 7>"$dir/in"
    { upstream x; upstream y; upstream z; full; upstream x 10.0.0.2; upstream z; full; } >&7
    for _ in {1..100}; do [[ $(grep -c SYNC "$dir/out") == 2 ]] && break; sleep 0.05; done
    echo '{}' >"$a"
    sync >&7
    exec 7>&-
    wait "$push" || true
    [ "$(states | xargs)" = "x refused y refused z programmed x refused z unchanged x programmed" ]
    [ "$(jq -r '.upstreams[] | select(.id == "x").nodes[0].host' "$a")" = 10.0.0.2 ]
}

@test "targets that do not answer are waited for together, and once" {
    server
    dead=http://127.0.0.1:1 began=$SECONDS
    { upstream x; full; upstream y; full; upstream z; full; } |
        expect -4 --retry-for 3 --to "admin:$dead" --to "admin:$url" --to "admin:http://127.0.0.2:1"
    [ $((SECONDS - began)) -lt 9 ] # by turns, and with patience each time, it would be 18
    [ "$(states | tail -n 1)" = "z failed programmed failed" ]
}
