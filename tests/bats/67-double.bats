# gw-push and the strict double of an APISIX: a whole shop, and what breaks in the middle of it.
load helpers
load double

setup() { export APISIX_ADMIN_KEY=edd1c9f034335f136f87ad84b625c8f1; }
teardown() {
    double_stop
    double_stop other
}

shop_to() { # TARGET...
    [[ -s $BATS_FILE_TMPDIR/shop ]] || up_to gw-translate >"$BATS_FILE_TMPDIR/shop"
    local to=() t
    for t; do to+=(--to "$t"); done
    gw-push --retry-for 10 "${to[@]}" <"$BATS_FILE_TMPDIR/shop" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
}

# The objects that there are, without what the server writes into them.
objects() {
    double_ctl "$@" state | jq -S 'with_entries(select(.value | type == "object" or type == "array"))
        | del(.. | objects | .create_time, .update_time, .modifiedIndex)'
}
stat() { double_ctl stats | jq -c "$1"; }

@test "the shop goes to an Admin API: whole, in order, and not twice" {
    double_start
    shop_to "admin:$apisix_url"
    [ "$(stat '.dangling')" = "[]" ]
    [ "$(stat '[.counts | to_entries[] | select(.key | test(" (4|5)..$"))] | length')" = 0 ]
    [ "$(double_ctl served | jq -c '[(.http.routes | length) > 5, .missing]')" = "[true,[]]" ]
    double_ctl forget
    shop_to "admin:$apisix_url"
    [ "$(stat .writes)" = 0 ]
}

@test "the shop goes to a standalone APISIX: whole, and not twice" {
    double_start -- --mode standalone
    shop_to "standalone:$apisix_url"
    [ "$(double_ctl served | jq -c '[(.http.routes | length) > 5, .missing]')" = "[true,[]]" ]
    double_ctl forget
    shop_to "standalone:$apisix_url"
    [ "$(stat '[.writes, .wrong, .dangling]')" = "[0,[],[]]" ]
}

@test "whichever request of it is cut, refused, or answered with rubbish: the next push ends where an unbroken one ends" {
    double_start other
    shop_to "admin:$other_url"
    objects other >"$BATS_TEST_TMPDIR/whole"
    local do n
    double_start
    while read -r n do; do
        double_ctl restart
        until [ "$(double_ctl ports | jq .listening)" = true ]; do sleep 0.02; done
        double_ctl forget
        double_ctl faults '[{"nth":'"$n"',"do":'"$do"'}]'
        shop_to "admin:$apisix_url" || [ $? -le 4 ]
        [ "$(double_ctl faults | jq '.faults[0].hits')" = 1 ]
        shop_to "admin:$apisix_url"
        objects >"$BATS_TEST_TMPDIR/now"
        diff "$BATS_TEST_TMPDIR/whole" "$BATS_TEST_TMPDIR/now" || fail "$do at request $n"
        [ "$(stat .dangling)" = "[]" ]
    done <<'DO'
3 {"cut":"before"}
9 {"cut":"before"}
8 {"cut":"after"}
13 {"cut":"after"}
3 {"cut":"middle"}
13 {"cut":"middle"}
1 {"garbage":"text"}
3 {"garbage":"text"}
13 {"garbage":"text"}
9 {"garbage":"text"}
3 {"garbage":"long"}
13 {"garbage":"long"}
9 {"garbage":"binary"}
8 {"status":500,"applies":true}
13 {"status":503}
DO
}

@test "a server that dies at a write is found empty, and filled" {
    double_start
    double_ctl faults '[{"match":"PUT /routes/","nth":2,"do":{"restart":"after"}}]'
    shop_to "admin:$apisix_url" || [ $? -le 4 ]
    double_ctl faults '[]'
    shop_to "admin:$apisix_url"
    [ "$(double_ctl served | jq -c '[(.http.routes | length) > 5, .missing]')" = "[true,[]]" ]
}

@test "a stale view of a server refuses a delete for a while only" {
    double_start
    shop_to "admin:$apisix_url"
    double_ctl set '{"stale_view_ms":30}'
    echo "$sync_line" | gw-push --retry-for 10 --force --to "admin:$apisix_url" 2>"$BATS_TEST_TMPDIR/err"
    [ "$(double_ctl state | jq '[.routes, .upstreams, .ssls | length] | add')" = 0 ]
    [ "$(stat .dangling)" = "[]" ]
}

@test "a redirect is not followed, and the key is shown to nobody else" {
    double_start
    double_start other
    double_ctl faults '[{"nth":2,"do":{"status":302,"headers":{"Location":"'"$other_url"'/apisix/admin/routes"}}}]'
    ! shop_to "admin:$apisix_url" || fail "a push that was sent elsewhere has worked"
    [ "$(stat .writes)" = 0 ]
    [ "$(double_ctl other stats | jq .requests)" = 0 ]
}

@test "a list without an end is given up, and nothing is written for it" {
    double_start
    double_ctl faults '[{"match":"GET /routes","times":0,"do":{"garbage":"huge","delay_ms":4096}}]'
    ! timeout 60 gw-push --retry-for 0 --to "admin:$apisix_url" <<<"$sync_line" >/dev/null 2>"$BATS_TEST_TMPDIR/err"
    [ "$(stat .writes)" = 0 ]
    [ -s "$BATS_TEST_TMPDIR/err" ]
}

# ---- --wait ----

upstream_of() { # NAME HOST
    jq -cn --arg n "$1" --arg h "$2" '{type: "ADDED", object: {apiVersion: "v1", kind: "Service", metadata: {namespace: "shop", name: $n}},
        apisix: {upstreams: [{id: $n, labels: {"managed-by": "gwpipe", "gwpipe-instance": "default", "gwpipe-owner": "Service/shop/\($n)"},
            type: "roundrobin", nodes: [{host: $h, port: 80, weight: 1}]}]}}'
}
waiting() { # OPTION...: from records
    gw-push --to "admin:$apisix_url" --control "$apisix_control" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
}
full='{"type":"SYNC","full":true}'
states() { jq -r 'select(.pushed).pushed[].state' "$BATS_TEST_TMPDIR/out" | sort | uniq -c | sed 's/^ *//'; }

@test "--wait returns when the last worker serves it" {
    double_start
    up_to gw-translate >"$BATS_TEST_TMPDIR/shop"
    double_ctl set '{"apply_ms":200,"lag_ms":600}'
    waiting --wait 20 --timing <"$BATS_TEST_TMPDIR/shop"
    jq -es '[.[] | select(.pushed).pushed[].seconds] | min > 0.8 and max < 15' "$BATS_TEST_TMPDIR/out"
    run ! grep -q pending <<<"$(states)"
    waiting --wait 20 <"$BATS_TEST_TMPDIR/shop"
}

@test "what an earlier run wrote must be served too, for who waits wants to know that" {
    double_start
    double_ctl set '{"unloaded":["cart"]}'
    { upstream_of cart 10.0.0.1 && echo "$full"; } | { run -4 waiting --wait 1; }
    { upstream_of cart 10.0.0.1 && upstream_of more 10.0.0.2 && echo "$full"; } | { run -4 waiting --wait 1; }
    [ "$(states)" = "$(printf '1 pending\n1 programmed')" ] || fail "$(cat "$BATS_TEST_TMPDIR"/{out,err})"
    { upstream_of cart 10.0.0.1 && upstream_of more 10.0.0.2 && echo "$full"; } | { run -4 waiting --wait 1; }
    [ "$(states)" = "$(printf '1 pending\n1 unchanged')" ]
    double_ctl set '{"unloaded":[]}'
    { upstream_of cart 10.0.0.3 && upstream_of more 10.0.0.2 && echo "$full"; } | waiting --wait 5
    double_ctl set '{"control_says":[500,"no"]}'
    { upstream_of cart 10.0.0.3 && upstream_of more 10.0.0.2 && echo "$full"; } | { run -4 waiting --wait 1; }
}

@test "what is not served in time is pending, exit code 4, and programmed when a later SYNC finds it served" {
    double_start
    double_ctl set '{"apply_ms":2500}'
    { upstream_of cart 10.0.0.1 && echo "$full" && sleep 3 && echo '{"type":"SYNC"}'; } | { run -4 waiting --wait 1; }
    [ "$(states)" = "$(printf '1 pending\n1 programmed')" ] || fail "$(cat "$BATS_TEST_TMPDIR"/{out,err})"
    grep -q "not served after 1 s: $apisix_control: upstream \"cart\" is not there" "$BATS_TEST_TMPDIR/err"
}

@test "an old object, and one that should be gone, are not taken for served" {
    double_start
    { upstream_of cart 10.0.0.1 && upstream_of gone 10.0.0.2 && echo "$full"; } | waiting --wait 5
    double_ctl set '{"apply_ms":60000}'
    { upstream_of cart 10.0.0.3 && upstream_of gone 10.0.0.2 && echo "$full"; } | { run -4 waiting --wait 3; }
    grep -q 'upstream "cart" is not as it was written' "$BATS_TEST_TMPDIR/err"
    double_ctl set '{"apply_ms":0}'
    { upstream_of cart 10.0.0.4 && upstream_of gone 10.0.0.2 && echo "$full"; } | waiting --wait 5
    double_ctl set '{"apply_ms":60000}'
    { upstream_of cart 10.0.0.4 && echo "$full"; } | { run -4 waiting --wait 3; }
    grep -q 'upstream "gone" is still there' "$BATS_TEST_TMPDIR/err"
}

@test "a Control API that is not there, refuses, or talks rubbish proves nothing" {
    double_start
    n=0
    for says in '[500,"no"]' '[200,"<html>"]' '[200,"[1,{},[],{\"value\":7}]"]' '[302,""]' '[200,"{\"value\":{}}"]'; do
        double_ctl set '{"control_says":'"$says"'}'
        n=$((n + 1))
        { upstream_of cart "10.0.0.$n" && echo "$full"; } | { run -4 waiting --wait 1; }
        [ "$(states)" = "1 pending" ] || fail "$says: $(states)"
    done
    apisix_control=http://127.0.0.1:1
    { upstream_of cart 10.0.1.1 && echo "$full"; } | { run -4 waiting --wait 1; }
    grep -q 'the Control API does not answer' "$BATS_TEST_TMPDIR/err"
}

@test "of a standalone APISIX each instance is asked by its own Control API" {
    double_start -- --mode standalone
    double_start other -- --mode standalone
    up_to gw-translate | gw-push --to "standalone:$apisix_url,$other_url" --control "$apisix_control,$other_control" --wait 10 >"$BATS_TEST_TMPDIR/out"
    ! states | grep -vE 'programmed|unchanged'
    double_ctl other set '{"control_says":[500,"no"]}'
    { upstream_of cart 10.0.0.1 && echo "$full"; } | gw-push --force --to "standalone:$apisix_url,$other_url" \
        --control "$apisix_control,$other_control" --wait 1 >"$BATS_TEST_TMPDIR/out" || [ $? = 4 ]
    [ "$(states)" = "$(printf '1 pending\n1 programmed')" ]
}

@test "many objects are asked about in lists" {
    double_start
    { for i in {1..300}; do echo "s$i"; done | jq -cR '{type: "ADDED", object: {apiVersion: "v1", kind: "Service", metadata: {namespace: "shop", name: .}},
        apisix: {upstreams: [{id: ., labels: {"managed-by": "gwpipe", "gwpipe-instance": "default", "gwpipe-owner": "Service/shop/\(.)"},
            type: "roundrobin", nodes: []}]}}' && echo "$full"; } >"$BATS_TEST_TMPDIR/many"
    double_ctl set '{"lag_ms":300}'
    waiting --wait 10 <"$BATS_TEST_TMPDIR/many"
    [ "$(states)" = "300 programmed" ]
}

@test "a check that ends midway, after some were refused, lets nothing through" {
    double_start
    long=$(printf '%02000d' 0)
    { for i in {1..900}; do echo "s$i"; done | jq -cR --arg long "$long" '{type: "ADDED", object: {apiVersion: "v1", kind: "Service", metadata: {namespace: "shop", name: .}},
        apisix: {upstreams: [{id: ., labels: {"managed-by": "gwpipe", "gwpipe-instance": "default", "gwpipe-owner": "Service/shop/\(.)"}, desc: $long,
            type: "roundrobin", nodes: (if . == "s1" then "nonsense" else [] end)}]}}' && echo "$full"; } >"$BATS_TEST_TMPDIR/many"
    double_ctl faults '[{"match":"POST /configs/validate","nth":2,"do":{"status":413,"body":"{}"}}]'
    run -1 --separate-stderr gw-push --check --to "admin:$apisix_url" <"$BATS_TEST_TMPDIR/many"
    [[ $stderr == *"cannot be checked"* ]] || fail "$stderr"
    [ "$(stat '.writes')" = 0 ]
    [ "$(double_ctl faults | jq '.faults[0].hits')" = 1 ]
}

# ---- two of them ----

# Goes on saying what it wants, two SYNCs a second, until there is a file "enough", a minute at most.
stubborn() { # HOST OPTION...
    { upstream_of cart "$1" && echo "$full" && for _ in {1..140}; do [[ ! -e $BATS_TEST_TMPDIR/enough ]] && sleep 0.5 && upstream_of cart "$1" && echo "$full" || break; done; } |
        gw-push --recheck 1 --retry-for 2 "${@:2}" >"$BATS_TEST_TMPDIR/out-$1" 2>"$BATS_TEST_TMPDIR/err-$1"
}

@test "of two that want different things of one instance, one gives way before long, and says why" {
    for mode in admin standalone; do
        double_start -- --mode "$mode"
        stubborn 10.0.0.1 --to "$mode:$apisix_url" --instance default 3>&- &
        one=$!
        stubborn 10.0.0.2 --to "$mode:$apisix_url" --instance default 3>&- &
        two=$!
        for _ in {1..120}; do
            ! cat "$BATS_TEST_TMPDIR"/err-10.0.0.* | grep -q 'another gw-push seems to write instance "default" here' || break
            sleep 0.5
        done
        cat "$BATS_TEST_TMPDIR"/err-10.0.0.* | grep -q 'seems to write instance "default" here, and wants something else: upstreams "cart" has changed, 3 times'
        before=$(stat .writes)
        sleep 4
        (($(stat .writes) <= before + 1)) || fail "$mode: they go on: $before, $(stat .writes)"
        touch "$BATS_TEST_TMPDIR"/enough
        wait $one $two || true
        rm "$BATS_TEST_TMPDIR"/err-* "$BATS_TEST_TMPDIR"/enough
        double_stop
    done
}

@test "who gives way does so though the other's changes could not be read for a while" {
    double_start
    mkfifo "$BATS_TEST_TMPDIR/in"
    gw-push --to "admin:$apisix_url" --retry-for 0 --recheck 0 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    exec 8>"$BATS_TEST_TMPDIR/in"
    said() { for _ in {1..100}; do [[ $(grep -c '"type":"SYNC"' "$BATS_TEST_TMPDIR/out") -ge $1 ]] && break || sleep 0.05; done; }
    for i in {1..5}; do
        { upstream_of cart 10.0.0.1 && echo "$full"; } >&8
        said "$i"
        double_ctl edit "$(double_ctl state | jq -c '{kind: "upstreams", id: "cart", value: (.upstreams[] | .nodes[0].host = "10.0.9.9")}')" >/dev/null
    done
    grep -q 'nothing is written until it has been left alone' "$BATS_TEST_TMPDIR/err"
    before=$(stat .writes)
    double_ctl faults '[{"match":"GET /upstreams","do":{"status":503}}]' >/dev/null
    for i in 6 7; do
        { upstream_of cart 10.0.0.1 && echo "$full"; } >&8
        said "$i"
    done
    exec 8>&-
    wait $! || true
    [ "$(stat .writes)" = "$before" ]
}

@test "what a person changes is mended, again and again, if it is not the same each time" {
    double_start
    mkfifo "$BATS_TEST_TMPDIR/in"
    gw-push --to "admin:$apisix_url" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    pid=$!
    exec 8>"$BATS_TEST_TMPDIR/in"
    for host in 10.0.9.1 10.0.9.2 - 10.0.9.3 10.0.9.4; do
        { upstream_of cart 10.0.0.1 && echo "$full"; } >&8
        for _ in {1..50}; do [ "$(double_ctl state | jq -r '.upstreams[]?.nodes[0].host')" = 10.0.0.1 ] && break || sleep 0.1; done
        [ "$(double_ctl state | jq -r '.upstreams[].nodes[0].host')" = 10.0.0.1 ]
        sleep 0.3
        [ "$host" = - ] || double_ctl edit "$(double_ctl state | jq -c --arg h "$host" '{kind: "upstreams", id: "cart", value: (.upstreams[] | .nodes[0].host = $h)}')"
    done
    exec 8>&-
    wait "$pid"
    ! grep -q 'seems to write' "$BATS_TEST_TMPDIR/err"
}
