# gw-push and an APISIX that takes its whole configuration over its API and keeps it in memory.
load helpers
load double

setup() {
    dir=$(mktemp -d "$BATS_TEST_TMPDIR/push.XXXX")
    doubles=()
    start a
    export APISIX_ADMIN_KEY=edd1c9f034335f136f87ad84b625c8f1
}

teardown() {
    # Whatever a test was about, no client may do what the double calls wrong.
    local rc=0 name
    [[ -z ${url_a:-} ]] || [ "$(double_ctl a stats | jq -c .wrong)" = "[]" ] || rc=1
    ((rc == 0)) || double_ctl a stats | jq -r '.wrong[]' >&2
    for name in "${doubles[@]}" strict; do double_stop "$name"; done
    return "$rc"
}

start() { # NAME [OPTION...]: a double; url_NAME is its address
    double_start "$1" -- --mode standalone "${@:2}" 7>&-
    doubles+=("$1")
    local url=$1_url
    printf -v "url_$1" %s "${!url}"
}
restart() { # NAME: as one that was restarted: empty
    double_ctl "$1" restart
    until [ "$(double_ctl "$1" ports | jq .listening)" = true ]; do sleep 0.02; done
}

ask() { # NAME METHOD PATH [BODY]
    local url=url_$1
    curl -sS -X "$2" -H "X-API-KEY: $APISIX_ADMIN_KEY" ${4:+-d "$4"} "${!url}$3"
}

held() { ask "${1:-a}" GET /apisix/admin/configs; }
requests() { double_ctl "${1:-a}" log | jq -r '.log[] | "\(.method) \(.path)"'; }
writes() { requests "${1:-a}" | grep -c '^PUT' || true; }
upstreams() { held "${1:-a}" | jq -r '.upstreams // [] | map(.id) | join(" ")'; }

labels() { # OWNER
    printf '{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"%s"}' "$1"
}

upstream() { # NAME [HOST]: the record of a Service
    printf '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"%s"}},"apisix":{"upstreams":[{"id":"%s","labels":%s,"type":"roundrobin","nodes":[{"host":"%s","port":80,"weight":1}]}]}}\n' \
        "$1" "$1" "$(labels "Service/shop/$1")" "${2:-10.0.0.1}"
}

route() { # NAME URI UPSTREAM
    printf '{"type":"ADDED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"namespace":"shop","name":"%s"}},"apisix":{"routes":[{"id":"%s","labels":%s,"uri":"%s","upstream_id":"%s"}]}}\n' \
        "$1" "$1" "$(labels "HTTPRoute/shop/$1")" "$2" "$3"
}

bad_route() { route "$1" "/$1" "$2" | sed 's/"uri"/"nonsense":1,"uri"/'; } # NAME UPSTREAM

gone() { # NAME of a Service
    printf '{"type":"DELETED","object":{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"%s"}}}\n' "$1"
}

sync() { echo '{"type":"SYNC"}'; }
full() { echo '{"type":"SYNC","full":true}'; }
push_to() { # URL ARG...
    gw-push --to "standalone:$1" "${@:2}" >"$dir/out" 2>"$dir/err"
}
push() { push_to "$url_a" "$@"; }
states() { jq -r 'select(.object) | [.pushed[].state] | join(" ")' "$dir/out"; }

# Follows what is written to descriptor 7; synced N waits until N SYNCs have come out.
follow() { # ARG...
    mkfifo "$dir/in"
    gw-push "$@" <"$dir/in" >"$dir/out" 2>"$dir/err" &
    follower=$!
    exec 7>"$dir/in"
}
synced() {
    local i
    for ((i = 0; i < 200; i++)); do
        [[ $(grep -c '"SYNC"' "$dir/out") != "$1" ]] || return 0
        sleep 0.05
    done
    fail "no SYNC $1: $(cat "$dir/err")"
}
finish() { # EXIT CODE
    local rc=0
    exec 7>&-
    wait "$follower" || rc=$?
    [ "$rc" = "$1" ] || fail "exit code $rc: $(cat "$dir/err")"
}

foreign='{"upstreams_conf_version":3,"routes_conf_version":4,"plugins_conf_version":2,"plugins":[{"name":"cors"}],
 "upstreams":[{"nodes":{"10.9.9.9:80":1},"modifiedIndex":2,"id":"by-hand"}],
 "routes":[{"uri":"/hand","id":"by-hand","priority":1.50,"upstream_id":"by-hand","modifiedIndex":3}]}'
put_by_hand() { # DOCUMENT
    curl -sS -X PUT -H "X-API-KEY: $APISIX_ADMIN_KEY" -H "X-Digest: hand-$RANDOM" -d "$1" "$url_a/apisix/admin/configs"
}

@test "an empty instance gets a document, an empty one too" {
    full | push
    [ "$(writes)" = 1 ]
    [ "$(held | jq '."X-Digest" != null')" = true ]
    { upstream cart; route r /cart cart; full; } | push
    [ "$(upstreams)" = cart ]
    [ "$(held | jq -r '.routes[0].uri')" = /cart ]
    [ "$(states)" = $'programmed\nprogrammed' ]
}

@test "nothing changed means zero writes" {
    { upstream cart; route r /cart cart; full; } | push
    before=$(held)
    { upstream cart; route r /cart cart; full; sync; upstream cart; sync; upstream cart; route r /cart cart; full; } | push
    api=/configs
    [ "$(requests | tail -n 4)" = "GET $api"$'\n'"HEAD $api"$'\n'"HEAD $api"$'\n'"HEAD $api" ]
    [ "$(held)" = "$before" ]
    [ "$(states)" = $'unchanged\nunchanged\nunchanged\nunchanged\nunchanged' ]
}

@test "only what changes is sent, and the rest keeps its numbers" {
    { upstream a; upstream b; route r /a a; full; } | push
    before=$(held)
    { upstream a; upstream b 10.0.0.2; route r /a a; full; } | push
    after=$(held)
    number() { jq "$2" <<<"$1"; }
    for kept in .routes_conf_version '.routes[0].modifiedIndex' '.upstreams[0].modifiedIndex' .ssls_conf_version; do
        [ "$(number "$before" "$kept")" = "$(number "$after" "$kept")" ]
    done
    for new in .upstreams_conf_version '.upstreams[1].modifiedIndex'; do
        [ "$(number "$before" "$new")" -lt "$(number "$after" "$new")" ]
    done
}

@test "what others have in the document stays as it is" {
    put_by_hand "$foreign"
    { upstream cart; route r /cart cart; full; } | push
    { upstream cart 10.0.0.2; full; } | push
    theirs='[.upstreams[], .routes[] | select(.id == "by-hand")] + .plugins'
    [ "$(held | jq -cS "$theirs")" = "$(jq -cS "$theirs" <<<"$foreign")" ]
    [ "$(upstreams)" = "by-hand cart" ]
    [ "$(held | jq .plugins_conf_version)" = 2 ]
}

@test "an id that others have is refused, and the rest goes" {
    put_by_hand "$foreign"
    { upstream by-hand; upstream cart; full; } | { run -1 push; }
    [ "$(states)" = $'refused\nprogrammed' ]
    [ "$(held | jq -c '.upstreams[0].nodes')" = '{"10.9.9.9:80":1}' ]
}

@test "a rule without labels that is as wanted is no conflict" {
    rule='{"id":"g","plugins":{"cors":{}}}'
    record='{"type":"ADDED","object":{"apiVersion":"a/v1","kind":"Policy","metadata":{"namespace":"n","name":"g"}},"apisix":{"global_rules":['$rule']}}'
    { echo "$record"; full; } | push
    { echo "$record"; full; } | push
    [ "$(writes)" = 1 ]
    [ "$(states)" = unchanged ]
}

@test "a restarted instance is noticed at the next SYNC, and gets everything" {
    follow --to "standalone:$url_a"
    { upstream cart; route r /cart cart; full; } >&7
    synced 1
    restart a
    [ "$(upstreams)" = "" ]
    sync >&7
    synced 2
    [ "$(upstreams)" = cart ]
    [ "$(held | jq '.routes | length')" = 1 ]
    finish 0
    grep -q 'it has lost its document' "$dir/err"
}

@test "documents are two seconds apart, across runs and at the end of input" {
    { upstream cart; full; } | push
    { upstream cart 10.0.0.2; full; upstream cart 10.0.0.3; sync; } | push
    # The double complains of two in one second; see teardown.
    [ "$(writes)" = 3 ]
    [ "$(held | jq -r '.upstreams[0].nodes[0].host')" = 10.0.0.3 ]
}

@test "an object that the instance would not take is set aside, and told of" {
    { upstream cart; route good /good cart; bad_route bad cart; full; } | { run -1 push; }
    [ "$(held | jq -r '.routes | map(.id) | join(" ")')" = good ]
    [ "$(states)" = $'programmed\nprogrammed\nfailed' ]
    jq -se '.[2].findings[0] | .id == "push-rejected" and (.message | test("additional properties forbidden, found nonsense"))' "$dir/out"
}

@test "of many objects just the bad ones are set aside" {
    long=$(printf '%02000d' 0) # more than one request has room for, in few objects
    { for i in {1..900}; do upstream "s$i"; [ $((i % 150)) != 7 ] || bad_route "r$i" "s$i"; done; full; } |
        sed 's/"type":"roundrobin"/&,"desc":"'"$long"'"/' >"$dir/records"
    push <"$dir/records" || [ $? = 1 ]
    [ "$(requests | grep -c validate)" -gt 1 ]
    [ "$(held | jq '.upstreams | length')" = 900 ]
    [ "$(states | grep -c failed)" = 6 ]
}

# What the server fails at when asked about it beforehand, as by a fault in the Lua of one plugin's schema.
fails_at() { # TEXT [BODY]
    double_ctl a faults '[{"match":"POST /configs/validate","holds":"'"$1"'","times":0,"do":{"status":500,"body":'"${2:-\"<html>\"}"'}}]'
}
validations() { requests | grep -c validate || true; }

@test "an object that the server fails at is found by halving, told of, and the rest goes" {
    fails_at /crash '{"error_msg":"plugin.lua:7: attempt to index a nil value"}'
    { for i in {1..100}; do upstream "s$i"; done; route good /good s1; route bad /crash s1; full; } | { run -4 push --retry-for 1; }
    [ "$(upstreams | wc -w)" = 100 ]
    [ "$(held | jq -r '.routes | map(.id) | join(" ")')" = good ]
    [ "$(states | grep -c programmed)" = 101 ]
    jq -se '[.[] | select(.findings)] | length == 1 and (.[0] | .object.metadata.name == "bad" and .findings == [{id: "push-failed", severity: "error", by: "gw-push",
        message: "routes \"bad\" could not be created: the server answers 500: plugin.lua:7: attempt to index a nil value"}])' "$dir/out"
    # Some for --retry-for, two for each halving, and whether it answers at all.
    [ "$(validations)" -le 30 ] || fail "$(validations) requests"
}

@test "what the server fails at is asked about with patience once, not at each half nor at each SYNC" {
    fails_at /crash
    follow --to "standalone:$url_a" --retry-for 2 --recheck 0
    { upstream s; route bad /crash s; full; } >&7
    synced 1
    before=$(date +%s%N)
    for n in 2 3 4; do
        sync >&7
        synced "$n"
    done
    (($(date +%s%N) - before < 2000000000))
    finish 4
    [ "$(upstreams)" = s ]
}

@test "a server that fails at everything is not asked about each object" {
    fails_at ""
    { for i in {1..100}; do upstream "s$i"; done; full; } | { run -4 push --retry-for 0; }
    [ "$(validations)" = 2 ]
    [ "$(writes)" = 0 ]
    [ "$(grep -c error: "$dir/err")" = 1 ]
    grep -q 'the server answers 500; nothing was written' "$dir/err"
}

@test "many objects that the server fails at: a bounded number of requests, and each SYNC finds more of the good ones" {
    fails_at /crash
    { upstream s; for i in {1..200}; do route "r$i" "/ok$i" s; route "x$i" "/crash$i" s; done; full; sync; sync; sync; } >"$dir/records"
    push --retry-for 0 <"$dir/records" || [ $? = 4 ]
    [ "$(held | jq '.routes | length')" = 200 ]
    [ "$(held | jq '[.routes[] | select(.uri | startswith("/crash"))] | length')" = 0 ]
    [ "$(validations)" -lt $((4 * 300)) ]
    grep -q 'of one or more of [0-9]* objects that it was asked about together' "$dir/out"
}

@test "--check finds what the server fails at too, and it is asked about once" {
    fails_at /crash
    { upstream s; route good /good s; route bad /crash s; full; } | { run -4 push --check --retry-for 0; }
    [ "$(held | jq -r '.routes | map(.id) | join(" ")')" = good ]
    [ "$(states)" = $'programmed\nprogrammed\nfailed' ]
    # All, none, the two halves of which one is halved, whether it is there still; and what is left before the write.
    [ "$(validations)" -le 8 ] || fail "$(requests)"
}

@test "what the server says of objects beforehand shows neither its key nor theirs" {
    ssl='{"id":"edge","labels":'$(labels Gateway/shop/edge)',"snis":["a.example"],"cert":"PUBLIC","key":"HUSH-HUSH"}'
    echo '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Gateway","metadata":{"namespace":"shop","name":"edge"}},"apisix":{"ssls":['"$ssl"']}}' >"$dir/edge"
    said="\"$(printf '%0370d' 0)$APISIX_ADMIN_KEY HUSH-HUSH said\""
    for answer in '"status":400,"body":{"errors":[{"resource_type":"ssls","index":0,"error":'"$said"'}]}' '"status":500,"body":{"error_msg":'"$said"'}'; do
        double_ctl a faults '[{"match":"POST /configs/validate","holds":"edge","times":0,"do":{'"$answer"'}}]'
        { cat "$dir/edge"; full; } | push --retry-for 0 || true
        [ "$(states)" = failed ]
        grep -q '00000<redac' "$dir/out"
        run ! grep -q "HUSH\|${APISIX_ADMIN_KEY:0:4}" "$dir/out" "$dir/err"
    done
    double_ctl a faults '[{"match":"POST /configs/validate","times":0,"do":{"status":500,"body":{"error_msg":'"$said"'}}}]'
    { cat "$dir/edge"; full; } | { run -4 push --retry-for 0; }
    run ! grep -q "HUSH\|${APISIX_ADMIN_KEY:0:4}" "$dir/out" "$dir/err"
}

# A route too large for configs/validate.
large_route() { # NAME [MEMBERS]
    route "$1" "/$1" s | jq -c '.apisix.routes[0] += {plugins: {"response-rewrite": {body: ("x" * 1500000)}}'"${2:+, $2}"'}'
}

@test "an object too large to be asked about, with which the document is refused, is set aside, and told of" {
    { upstream s; route good /good s; large_route big nonsense:1; full; } >"$dir/records"
    run -1 push <"$dir/records"
    [ "$(held | jq -r '.routes | map(.id) | join(" ")')" = good ]
    [ "$(states)" = $'programmed\nprogrammed\nfailed' ]
    jq -se '.[2].findings == [{id: "push-rejected", severity: "error", by: "gw-push", message: "routes \"big\" could not be created: too large to be asked about alone, and with it the document is refused: the server answers 400: additional properties forbidden, found nonsense"}]' "$dir/out"
    # Again, with nothing else to do: nothing more than that.
    run -1 push <"$dir/records"
    [ "$(states)" = $'unchanged\nunchanged\nfailed' ]
    [ "$(writes)" = 3 ]
    { upstream s; route good /good s; large_route big; full; } | push
    [ "$(states)" = $'unchanged\nunchanged\nprogrammed' ]
}

@test "when the document is refused without the large objects too, they are not to blame" {
    double_ctl a faults '[{"match":"PUT /configs","times":0,"do":{"status":400,"body":{"error_msg":"no reason given"}}}]'
    { upstream s; large_route big; full; } | { run -1 push; }
    [ "$(states)" = $'failed\nfailed' ]
    run ! grep -q '"findings"' "$dir/out"
    [ "$(grep -c error: "$dir/err")" = 1 ]
    grep -q 'no reason given; nothing was written' "$dir/err"
    [ "$(writes)" = 2 ]
}

@test "what the instance says about a certificate does not show the key" {
    ssl='{"id":"edge","labels":'$(labels Gateway/shop/edge)',"snis":["a.example"],"cert":"PUBLIC","key":"HUSH-HUSH"}'
    { echo '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Gateway","metadata":{"namespace":"shop","name":"edge"}},"apisix":{"ssls":['"$ssl"']}}'; full; } | { run -1 push; }
    grep -q 'failed to parse cert' "$dir/out"
    run ! grep -q HUSH "$dir/out" "$dir/err"
}

@test "one instance of two is dead: the other is served, and it catches up" {
    start b
    follow --to "standalone:$url_a,$url_b" --retry-for 0
    { upstream cart; full; } >&7
    synced 1
    double_stop b
    upstream cart 10.0.0.2 >&7
    sync >&7
    synced 2
    [ "$(held a | jq -r '.upstreams[0].nodes[0].host')" = 10.0.0.2 ]
    start b --port "${url_b##*:}"
    sync >&7
    synced 3
    [ "$(held b | jq -r '.upstreams[0].nodes[0].host')" = 10.0.0.2 ]
    finish 4
    [ "$(jq -rs 'map(select(.object))[1].pushed | map(.state) | join(" ")' "$dir/out")" = "programmed failed" ]
    [ "$(writes a)" = 2 ]
}

@test "instances are served at the same time" {
    for name in b c d; do start "$name" --delay 500; done
    began=$SECONDS
    # Of each: what is there, whether it would take the objects, whether that is still there, the write.
    { upstream cart; full; } | push_to "$url_b,$url_c,$url_d"
    ((SECONDS - began < 5)) || fail "$((SECONDS - began)) seconds for three times two"
    [ "$(upstreams b) $(upstreams c) $(upstreams d)" = "cart cart cart" ]
    [ "$(states)" = "programmed programmed programmed" ]
}

@test "in silence, a restarted instance is noticed, and one that was dead catches up" {
    start b
    double_stop b
    follow --to "standalone:$url_a,$url_b" --retry-for 0 --recheck 1 --verbose
    { upstream cart; full; } >&7
    synced 1
    start b --port "${url_b##*:}"
    synced 2
    [ "$(upstreams b)" = cart ]
    [ "$(jq -rs 'map(select(.object).pushed | map(.state) | join(" ")) | join(", ")' "$dir/out")" = "programmed failed, unchanged programmed" ]
    restart a
    for i in {1..100}; do [ -z "$(upstreams a)" ] || break; sleep 0.1; done
    [ "$(upstreams a)" = cart ]
    upstream half >&7 # a cut without its SYNC: what it says is not used
    sleep 1.5
    [ "$(upstreams a)" = cart ]
    finish 4
    [ "$(grep -c 'error: .*cannot be read' "$dir/err")" = 1 ] || fail "$(cat "$dir/err")"
    [ "$(grep -c 'info: .*1 created' "$dir/err")" = 3 ]
    [ "$(grep -c 'info: .*0 created' "$dir/err")" -le 2 ]
}

@test "in silence, a refused SYNC is not tried again" {
    start b
    { upstream x; full; } | push_to "$url_b"
    follow --to "standalone:$url_a,$url_b" --recheck 1
    { for i in {1..12}; do upstream "s$i"; done; full; } >&7
    synced 1
    full >&7
    synced 2
    before=$(requests | grep -vc '^HEAD')
    sleep 2.5
    [ "$(requests | grep -vc '^HEAD')" = "$before" ] # only whether it still has its document is asked
    [ "$(grep -c 'refused: 12 of 12' "$dir/err")" = 2 ]
    { for i in {1..12}; do upstream "s$i"; done; full; } >&7
    synced 3
    sleep 1.5
    [ "$(requests | wc -l)" -gt $((before + 1)) ]
    finish 1
}

@test "instances that differ each get their own difference" {
    start b
    { upstream x; upstream y; full; } | push
    { upstream x; full; } | gw-push --to "standalone:$url_b" >"$dir/out"
    { upstream x; upstream y; full; } | gw-push --to "standalone:$url_a,$url_b" >"$dir/out"
    [ "$(states)" = $'unchanged unchanged\nunchanged programmed' ]
    [ "$(upstreams b)" = "x y" ]
    [ "$(writes a)" = 1 ]
}

@test "another writer in between: nothing of either is lost" {
    { upstream cart; route r /cart cart; full; } | push
    follow --to "standalone:$url_a"
    { upstream cart; route r /cart cart; full; } >&7
    synced 1
    # They put a route of theirs right before our document with another upstream.
    double_ctl a faults '[{"match":"PUT /configs","do":{"edit":{"kind":"routes","id":"theirs","value":{"uri":"/theirs","plugins":{}}}}}]'
    upstream cart 10.0.0.2 >&7
    sync >&7
    synced 2
    [ "$(held | jq -r '.routes | map(.id) | join(" ")')" = "r theirs" ]
    [ "$(held | jq -r '.upstreams[0].nodes[0].host')" = 10.0.0.2 ]
    finish 0
}

@test "versions of another writer that run ahead of the clock are passed" {
    put_by_hand '{"routes_conf_version":90000000000000,"upstreams_conf_version":90000000000000,"upstreams":[{"id":"x","nodes":{},"modifiedIndex":90000000000000}]}'
    { upstream cart; route r /cart cart; full; } | push
    held | jq -e '.upstreams_conf_version > 90000000000000 and .upstreams_conf_version <= 90000000001000'
    held | jq -e '.upstreams[0].modifiedIndex == .upstreams_conf_version and .upstreams[1].modifiedIndex == 90000000000000'
    sleep 1.1
    put_by_hand '{"routes_conf_version":99999999999999}'
    { upstream cart; route r /shop cart; full; } | { run -1 push; }
    grep -q 'restart APISIX' "$dir/err"
}

@test "a connection cut before or after the write: the document is there, once" {
    for cut in before after; do
        double_ctl a faults '[{"match":"PUT /configs","do":{"cut":"'$cut'"}}]'
        { upstream cart "10.0.0.$RANDOM"; full; } | push
        [ "$(states)" = programmed ]
        [ "$(upstreams)" = cart ]
    done
}

@test "what is live is no number while nobody knows whether the document was stored" {
    double_ctl a faults '[{"match":"PUT /configs","do":{"status":500}},{"match":"GET /configs","nth":2,"do":{"status":500}}]'
    { upstream cart; full; } | { run -4 push --retry-for 0 --metrics-file "$dir/metrics"; }
    run ! grep -q '^gwpipe_push_live_objects' "$dir/metrics"
    { upstream cart; full; } | push --metrics-file "$dir/metrics"
    grep -q '^gwpipe_push_live_objects{.*kind="upstreams"} 1$' "$dir/metrics"
}

@test "whatever becomes of a request at a strict double: the next push ends where an unbroken one ends" {
    double_start strict --mode standalone
    up_to gw-translate >"$dir/shop"
    here() { gw-push --timeout 3 --to "standalone:$strict_url" <"$dir/shop" >"$dir/out" 2>"$dir/err"; }
    objects() {
        curl -sS -H "X-API-KEY: $APISIX_ADMIN_KEY" "$strict_url/apisix/admin/configs" |
            jq -S 'with_entries(select(.value | type == "array")) | map_values(map(del(.modifiedIndex)))'
    }
    here
    objects >"$dir/whole"
    [ "$(jq '.routes | length > 5' "$dir/whole")" = true ]
    # 1 HEAD, 2 GET, 3 POST to validate, 4 HEAD, 5 PUT
    while read -r n do code; do
        double_ctl strict restart >/dev/null
        until [ "$(double_ctl strict ports | jq .listening)" = true ]; do sleep 0.02; done
        double_ctl strict forget >/dev/null
        double_ctl strict faults '[{"nth":'"$n"',"do":'"$do"'}]' >/dev/null
        rc=0
        here || rc=$?
        [ "$rc" = "$code" ] || fail "$do at $n: exit code $rc: $(cat "$dir/err")"
        [ "$rc" != 0 ] || diff <(objects) "$dir/whole" || fail "$do at $n: not at once"
        here
        diff <(objects) "$dir/whole" || fail "$do at $n"
        [ "$(double_ctl strict stats | jq -c '[.wrong, .dangling]')" = "[[],[]]" ]
    done <<'DO'
2 {"garbage":"empty"} 1
2 {"cut":"middle"} 0
3 {"restart":"before"} 0
4 {"restart":"after"} 0
5 {"cut":"before"} 0
5 {"cut":"after"} 0
5 {"status":500,"applies":true} 0
5 {"status":503} 0
5 {"garbage":"text"} 0
5 {"garbage":"binary"} 0
5 {"restart":"before"} 0
DO
}

@test "a document that does not fit is taken back" {
    start small --memory 20000
    url_a=$url_small
    { upstream cart; full; } | push
    put_by_hand "$(held | jq '.routes_conf_version += 1 | .routes = [{"id":"by-hand","uri":"/hand","plugins":{}}]')"
    for i in {1..200}; do upstream "s$i"; done >"$dir/many"
    { upstream cart; cat "$dir/many"; full; } | { run -1 push; }
    grep -q 'did not fit in the memory.*the one before was lost by that, and is put back' "$dir/err"
    [ "$(upstreams)" = cart ]
    [ "$(held | jq -r '.routes[0].id')" = by-hand ]
    url_a=
}

@test "a document larger than --max-document is not sent" {
    for i in {1..20}; do
        upstream "s$i" | jq -c --arg x "$(printf '%060000d' 0)" '.apisix.upstreams[0].desc = $x'
    done >"$dir/many"
    { upstream cart; full; } | push
    { upstream cart; cat "$dir/many"; full; } | { run -1 push --max-document 1; }
    grep -q 'the document would have 12[0-9]* bytes' "$dir/err"
    [ "$(writes)" = 1 ]
}

@test "what is no such API is told apart, and nothing is written" {
    { upstream cart; full; } | { run -1 push_to "$url_a/elsewhere"; }
    grep -q 'standalone:http://127.0.0.1:[0-9]*/elsewhere: .*an APISIX with etcd is admin:URL' "$dir/err"
    { upstream cart; full; } | { APISIX_ADMIN_KEY=wrong-key run -1 push; }
    grep -q 'the server answers 401' "$dir/err"
    run ! grep -q wrong-key "$dir/err"
    { upstream cart; full; } | { run -4 push_to http://127.0.0.1:1 --retry-for 0; }
    grep -q 'nothing was written' "$dir/err"
    [ "$(writes)" = 0 ]
}

@test "names that stand for no instance are wrong use" {
    for name in standalone: standalone:ftp://x standalone:http://a,http://a "standalone:$url_a," \
        standalone:http://u:hush@a standalone:http://a/x?y=z; do
        run -2 gw-push --to "$name" </dev/null
        [[ $output != *hush* ]]
    done
}

@test "a dry run shows the operations, and writes nothing" {
    { upstream cart; full; } | push
    { upstream cart 10.0.0.2; upstream new; full; } | push --dry-run
    [ "$(jq -r '"\(.op) \(.id)"' "$dir/out" | head -n 2)" = $'update cart\ncreate new' ]
    [ "$(writes)" = 1 ]
}

@test "a server that does not say what time it has gets two seconds between documents all the same" {
    { upstream cart; full; } | push
    said=$(held | jq -r '"X-Digest: \(."X-Digest")\r\nX-Last-Modified: \(."X-Last-Modified")"')
    double_ctl a faults "$(jq -nc --arg said "$said" '[{match:"HEAD /configs",times:0,do:{raw:"HTTP/1.1 200 OK\r\n\($said)\r\nContent-Length: 0\r\n\r\n"}}]')"
    # The double complains of two in one second; see teardown.
    { upstream cart 10.0.0.2; full; } | push
    [ "$(writes)" = 2 ]
    [ "$(held | jq -r '.upstreams[0].nodes[0].host')" = 10.0.0.2 ]
}

@test "an instance that is restarted after a refusal is filled again" {
    follow --to "standalone:$url_a" --recheck 1
    { for i in {1..12}; do upstream "s$i"; done; full; } >&7
    synced 1
    { upstream s1; full; } >&7
    synced 2
    grep -q 'refused: 11 of 12' "$dir/err"
    restart a
    for _ in {1..80}; do [ "$(upstreams)" = s1 ] && break || sleep 0.1; done
    [ "$(upstreams)" = s1 ]
    finish 1
}

@test "one that comes back with more memory takes what did not fit before" {
    start small --memory 20000
    follow --to "standalone:$url_small" --recheck 1
    { upstream cart; full; } >&7
    synced 1
    { for i in {1..200}; do upstream "s$i"; done; sync; } >&7
    synced 2
    grep -q 'did not fit in the memory' "$dir/err"
    port=${url_small##*:}
    double_stop small
    double_start small -- --mode standalone --port "$port" 7>&-
    upstream more >&7
    sync >&7
    synced 3
    [ "$(upstreams small | wc -w)" = 202 ]
    finish 1
    url_a=
}

@test "what held owners have comes back to an instance that has lost it" {
    held_route() { printf '{"type":"MODIFIED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"namespace":"shop","name":"%s"}},"held":true}\n' "$1"; }
    start b
    follow --to "standalone:$url_a,$url_b" --recheck 1
    { upstream cart; upstream other; route r /r cart; route s /s other; full; } >&7
    synced 1
    { held_route r; gone cart; sync; } >&7
    synced 2
    [ "$(upstreams)" = "cart other" ]
    restart a
    for _ in {1..100}; do [ "$(upstreams)" = "cart other" ] && break || sleep 0.1; done
    [ "$(held | jq -r '.routes | map(.id) | join(" ")')|$(upstreams)" = "r s|cart other" ]
    [ "$(held b | jq -r '.routes | map(.id) | join(" ")')|$(upstreams b)" = "r s|cart other" ]
    # Once it is known again it goes like everywhere.
    { route r /new other; sync; } >&7
    synced 3
    [ "$(upstreams)|$(held | jq -r '.routes[0].uri')" = "other|/new" ]
    finish 0
}

@test "an instance whose clock stands still holds up nobody" {
    double_ctl a set '{"now":1700000000}'
    follow --to "standalone:$url_a" --to "file:$dir/file.json"
    { upstream cart; full; } >&7
    synced 1
    { upstream cart 10.0.0.2; sync; } >&7
    synced 2
    [ "$(held | jq -r '.upstreams[0].nodes[0].host')|$(jq -r '.upstreams[0].nodes[0].host' "$dir/file.json")" = "10.0.0.2|10.0.0.2" ]
    finish 0
    url_a= # the double cannot know that the clock is wrong
}

@test "one that takes a request and answers nothing holds up the others for seconds only" {
    start b
    follow --to "standalone:$url_a,$url_b" --recheck 0
    { upstream cart; full; } >&7
    synced 1
    double_ctl b faults '[{"times":0,"do":{"hang":true}}]'
    sleep 2
    began=$SECONDS
    { upstream cart 10.0.0.2; sync; } >&7
    synced 2
    { upstream cart 10.0.0.3; sync; } >&7
    synced 3
    ((SECONDS - began <= 9)) || fail "$((SECONDS - began)) s"
    [ "$(held | jq -r '.upstreams[0].nodes[0].host')" = 10.0.0.3 ]
    finish 4
}

@test "with several targets, too, gw-push ends with its reader" {
    start b
    mkfifo "$dir/in" "$dir/pipe"
    gw-push --to "standalone:$url_a,$url_b" --to "file:$dir/file.json" --recheck 0 <"$dir/in" >"$dir/pipe" 2>"$dir/err" 3>&- &
    pusher=$!
    head -n 2 <"$dir/pipe" >"$dir/out" 3>&- &
    exec 7>"$dir/in"
    { upstream cart; full; } >&7
    wait $!
    for _ in {1..50}; do kill -0 "$pusher" 2>/dev/null || break; sleep 0.1; done
    run ! kill -0 "$pusher"
    exec 7>&-
}

@test "so they do when the restart meets a write, or follows a refusal" {
    held_route() { printf '{"type":"MODIFIED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"namespace":"shop","name":"%s"}},"held":true}\n' "$1"; }
    for do in '{"restart":"before"}' '{"restart":"after"}' '{"status":400}'; do
        double_start one -- --mode standalone 7>&-
        url_one=$one_url
        rm -f "$dir/in"
        follow --to "standalone:$one_url" --recheck 1
        { upstream cart; upstream other; route r /r cart; route s /s other; full; } >&7
        synced 1
        { held_route r; gone cart; sync; } >&7
        synced 2
        double_ctl one faults '[{"match":"PUT /configs","do":'"$do"'}]'
        { upstream third; sync; } >&7
        synced 3
        if [[ $do == *status* ]]; then
            restart one
            sleep 2.5 # in silence
        fi
        { upstream third 10.0.0.3; sync; } >&7
        synced 4
        [ "$(held one | jq -r '.routes | map(.id) | join(" ")')|$(upstreams one)" = "r s|cart other third" ] || fail "$do: $(cat "$dir/err")"
        exec 7>&-
        wait "$follower" || true
        double_stop one
    done
}

@test "a slow instance is not taken for a silent one" {
    double_ctl a set '{"delay_ms":4500}'
    { upstream cart; full; } | push
    double_ctl a set '{"delay_ms":0}'
    [ "$(upstreams)" = cart ]
}
