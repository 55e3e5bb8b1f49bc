# gw-push and the Admin API: what is sent, in which order, what is tried again, and what is left alone.
load helpers
load double

key=edd1c9f034335f136f87ad84b625c8f1

setup() {
    dir=$(mktemp -d "$BATS_TEST_TMPDIR/push.XXXX")
    export APISIX_ADMIN_KEY=$key
    : >"$dir/log"
}

teardown() {
    stop
    [[ -z ${follower:-} ]] || kill "$follower" 2>/dev/null || true
}

stop() { double_stop; }

# Starts the server; $url is its address.
server() { # OPTION...
    stop
    double_start -- --log "$dir/log" "$@"
    url=$apisix_url
}

# What it does instead of serving, for requests that begin so, and how often: a list of {match, times, do}.
script() { # JSON
    echo "$1" >"$dir/script"
    server --script "$dir/script"
}

labels() { printf '"labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"%s"}' "$1"; }

record() { # KIND NAME APISIX
    printf '{"type":"ADDED","object":{"apiVersion":"v1","kind":"%s","metadata":{"namespace":"shop","name":"%s"}},"apisix":%s}\n' "$@"
}

upstream() { # NAME [HOST]
    record Service "$1" '{"upstreams":[{"id":"'"$1"'",'"$(labels "Service/shop/$1")"',"type":"roundrobin","nodes":[{"host":"'"${2:-10.0.0.1}"'","port":80,"weight":1}]}]}'
}

route() { # NAME UPSTREAM [PATH]
    record HTTPRoute "$1" '{"routes":[{"id":"'"$1"'",'"$(labels "HTTPRoute/shop/$1")"',"uri":"'"${3:-/$1}"'","upstream_id":"'"$2"'"}]}'
}

stream_route() { # NAME UPSTREAM
    record TCPRoute "$1" '{"stream_routes":[{"id":"'"$1"'",'"$(labels "TCPRoute/shop/$1")"',"server_port":9100,"upstream_id":"'"$2"'"}]}'
}

certificate() { # KEY
    record Gateway edge '{"ssls":[{"id":"edge",'"$(labels Gateway/shop/edge)"',"snis":["a.example"],
        "cert":"-----BEGIN CERTIFICATE-----PUBLIC","key":"-----BEGIN PRIVATE KEY-----\n'"$1"'"}]}' | tr -d '\n' && echo
}

gone() { # KIND NAME
    printf '{"type":"DELETED","object":{"apiVersion":"v1","kind":"%s","metadata":{"namespace":"shop","name":"%s"}}}\n' "$@"
}

sync() { echo '{"type":"SYNC"}'; }
full() { echo '{"type":"SYNC","full":true}'; }

push() { gw-push -v --retry-for 5 --to "admin:$url" "$@" >"$dir/out" 2>"$dir/err"; }
writes() { grep -v ^GET "$dir/log" | cut -d' ' -f1,2; }
forget() { : >"$dir/log"; }

# The object as the server has it.
there() { # PATH FILTER
    curl -sf -H "X-API-KEY: $key" "$url/apisix/admin/$1" | jq -r ".value | $2"
}
put() { # PATH OBJECT
    curl -sf -X PUT -H "X-API-KEY: $key" -d "$2" "$url/apisix/admin/$1" >"$dir/answer"
}

# A gw-push that goes on: feed writes to it, served waits until it has taken COUNT SYNCs.
follow() { # OPTION...
    mkfifo "$dir/in"
    gw-push --to "admin:$url" --retry-for 0 "$@" <"$dir/in" >"$dir/out" 2>"$dir/err" 3>&- &
    follower=$!
    exec 7>"$dir/in"
}
feed() { cat >&7; }
served() { # COUNT
    for _ in {1..500}; do
        [[ $(grep -c '"type":"SYNC"' "$dir/out") -lt $1 ]] || return 0
        sleep 0.02
    done
    fail "SYNC $1 never came: $(cat "$dir/err")"
}

@test "certificates, upstreams, then routes; and back" {
    server
    { route b a; route a a; upstream a; certificate HUSH; full; } | push
    [ "$(writes | cut -d/ -f2 | uniq | xargs)" = "ssls upstreams routes" ]
    grep -q '4 created, 0 updated, 0 deleted, 0 unchanged' "$dir/err"
    forget
    full | push --force
    [ "$(writes | cut -d/ -f1,2 | uniq | xargs)" = "DELETE /routes DELETE /upstreams DELETE /ssls" ]
}

@test "nothing changed, nothing written; one endpoint changed, one write" {
    server
    for ((i = 0; i < 200; i++)); do upstream "s$i"; route "r$i" "s$i"; done >"$dir/world"
    world() { cat "$dir/world"; }
    { world; full; } | push
    [ "$(writes | wc -l)" = 400 ]
    forget
    { world; full; } | push
    [ -z "$(writes)" ]
    jq -se 'map(select(.object).pushed[0].state) | unique == ["unchanged"]' "$dir/out"
    { world; upstream s77 10.0.0.2; full; } | push
    [ "$(writes)" = "PUT /upstreams/s77" ]
    [ "$(there upstreams/s77 '.nodes[0].host')" = 10.0.0.2 ]
}

@test "defaults that the server fills in are no change" {
    server --old
    { upstream a; route a a; certificate HUSH; full; } | push
    [ "$(there routes/a .status)" = 1 ]
    forget
    { upstream a; route a a; certificate HUSH; full; } | push
    [ -z "$(writes)" ]
    put routes/a "$(there routes/a 'del(.create_time,.update_time) | .status = 0 | tostring')"
    forget
    { upstream a; route a a; certificate HUSH; full; } | push
    [ "$(writes)" = "PUT /routes/a" ]
}

@test "a key that the server does not give back is compared by a hash, and is nowhere to be read" {
    server
    { certificate HUSH-ONE; full; } | push
    forget
    { certificate HUSH-ONE; full; } | push
    [ -z "$(writes)" ]
    { certificate HUSH-TWO; full; } | push
    [ "$(writes)" = "PUT /ssls/edge" ]
    [[ $(there ssls/edge '.labels["gwpipe-hash"]') =~ ^[0-9a-f]{32}$ ]]
    run ! grep -q HUSH "$dir/out" "$dir/err" "$dir/log"
}

@test "objects that are not ours stay as they are, and their ids with them" {
    echo '{"routes":[{"id":"hand","uri":"/","upstream_id":"hand"},{"id":"other","uri":"/o","upstream_id":"hand","labels":{"managed-by":"gwpipe","gwpipe-instance":"another","gwpipe-owner":"HTTPRoute/shop/other"}}],
        "upstreams":[{"id":"hand","nodes":{"10.9.9.9:80":1}}],"services":[]}' >"$dir/state"
    server --state "$dir/state"
    { upstream a; route hand a; route other a; route mine a; full; } | { run -1 push; }
    [ "$(writes | sort | xargs)" = "PUT /routes/mine PUT /upstreams/a" ]
    jq -se 'map(select(.findings) | .findings[0].id) == ["push-foreign-id","push-foreign-id"]' "$dir/out"
    full | push --force
    [ "$(there routes/hand .uri)" = / ]
    [ "$(there routes/other .uri)" = /o ]
}

@test "what the server refuses is told of its owner, and what needs it is not sent" {
    script '[{"match":"PUT /upstreams/bad","times":9,"do":{"status":400,"body":{"error_msg":"invalid configuration: property \"nodes\" \u001b[31mis bad"}}}]'
    { upstream bad; upstream good; route one good; route two bad; full; } | { run -1 push; }
    [ "$(writes | sort | xargs)" = "PUT /routes/one PUT /upstreams/bad PUT /upstreams/good" ]
    jq -se 'map(select(.object) | {(.object.metadata.name): [.pushed[0].state, .findings[0].message]}) | add == {
        bad: ["failed", "upstreams \"bad\" could not be created: the server answers 400: invalid configuration: property \"nodes\"  [31mis bad"],
        good: ["programmed", null], one: ["programmed", null],
        two: ["failed", "routes \"two\" could not be created: not sent: it names upstreams \"bad\", which could not be created"]}' "$dir/out"
}

@test "the example shop is taken by a server that refuses what it does not know" {
    server
    up_to gw-translate | push
    [ "$(grep -c '^PUT .* 201$' "$dir/log")" = "$(jq -n '[inputs.apisix // {} | .[] | select(type == "array") | length] | add' "$dir/out")" ]
    forget
    up_to gw-translate | push
    [ -z "$(writes)" ]
}

@test "--check asks before anything is written" {
    server
    bad=$(upstream bad | sed 's/,"nodes":.*\]}\]}}/}]}}/')
    { upstream good; route one good; echo "$bad"; route two bad; full; } | { run -1 push --check; }
    [ "$(writes | sort | xargs)" = "POST /configs/validate PUT /routes/one PUT /upstreams/good" ]
    jq -se 'map(select(.object) | {(.object.metadata.name): .pushed[0].state}) | add ==
        {good: "programmed", one: "programmed", bad: "failed", two: "failed"}' "$dir/out"
    grep -q 'upstreams "bad" .*: .*value should match only one schema' "$dir/err"
}

@test "--check: an object that the server fails at is left out, and it is not written" {
    script '[{"match":"POST /configs/validate","holds":"crash","times":0,"do":{"status":500}}]'
    { upstream good; route one good; route crash good; full; } | { run -4 push --check --retry-for 0; }
    [ "$(writes | grep PUT | sort | xargs)" = "PUT /routes/one PUT /upstreams/good" ]
    jq -se 'map(select(.object) | {(.object.metadata.name): [.pushed[0].state, .findings[0].id]}) | add ==
        {good: ["programmed", null], one: ["programmed", null], crash: ["failed", "push-failed"]}' "$dir/out"
}

@test "--check: a release without configs/validate is asked about each object's shape" {
    script '[{"match":"POST /configs/validate","times":0,"do":{"status":404,"body":{"error_msg":"Unsupported resource type: configs"}}}]'
    bad=$(upstream bad | sed 's/,"nodes":.*\]}\]}}/}]}}/')
    { upstream good; certificate k1; route one good; echo "$bad"; route two bad; full; upstream good 10.0.0.2; sync; } | { run -1 push --check; }
    [ "$(writes | grep PUT | sort | xargs)" = "PUT /routes/one PUT /ssls/edge PUT /upstreams/good PUT /upstreams/good" ]
    grep -q 'upstreams "bad" .*: .*value should match only one schema' "$dir/err"
    [ "$(grep -c 'warning: .*no configs/validate' "$dir/err")" = 1 ]
    forget
    script '[{"match":"POST /configs/validate","times":0,"do":{"status":404}}, {"match":"POST /schema","times":0,"do":{"status":500}}]'
    { upstream good; full; } | { run -4 push --check --retry-for 0; }
    [ -z "$(writes | grep PUT)" ]
    grep -q 'cannot be checked: the server answers 500' "$dir/err"
}

@test "what may pass is tried again" {
    script '[{"match":"GET /routes","do":{"status":503}},{"match":"PUT /upstreams/a","times":2,"do":{"status":503,"body":"<html>"}},
        {"match":"PUT /routes/a","do":{"status":429,"headers":{"Retry-After":"1"}}},{"match":"PUT /ssls","do":{"cut":"before"}},
        {"match":"PUT /routes/a","do":{"cut":"after"}}]'
    start=$(date +%s%N)
    { upstream a; route a a; certificate HUSH; full; } | push
    (($(date +%s%N) - start >= 1000000000))
    grep -q '3 created' "$dir/err"
    [ "$(there routes/a .uri)" = /a ]
}

@test "a refusal that comes of a worker behind the times is doubted" {
    server
    { upstream a; route a a; full; } | push
    stop
    echo '[{"match":"DELETE /upstreams/a","times":2,"do":{"status":400,"body":{"error_msg":"can not delete this upstream, route [a] is still using it now"}}}]' >"$dir/script"
    jq -n '{upstreams: [$u], routes: [$r], services: []}' --argjson u "$(upstream a | jq '.apisix.upstreams[0]')" \
        --argjson r "$(route a a | jq '.apisix.routes[0]')" >"$dir/state"
    forget
    server --script "$dir/script" --state "$dir/state"
    full | push --force
    [ "$(writes | xargs)" = "DELETE /routes/a DELETE /upstreams/a DELETE /upstreams/a DELETE /upstreams/a" ]
}

@test "an upstream stays while a route that could not be changed names it" {
    script '[{"match":"PUT /stream_routes/a","do":{"status":201,"applies":true,"body":{"key":"/apisix/stream_routes/a"}}},{"match":"PUT /stream_routes/a","times":9,"do":{"status":400,"body":{"error_msg":"no"}}}]'
    { upstream old; stream_route a old; full; } | push
    forget
    # The server would let it go: it does not look at stream routes.
    { upstream new; stream_route a new; full; } | { run -1 push; }
    [ "$(writes | xargs)" = "PUT /upstreams/new PUT /stream_routes/a" ]
    grep -q 'upstreams "old" could not be deleted: not sent: an object that names it could not be changed' "$dir/err"
}

@test "a wrong key: nothing is tried twice, and the key is not shown" {
    server
    export APISIX_ADMIN_KEY=not-the-key
    { upstream a; full; } | { run -1 push; }
    [ "$(wc -l <"$dir/err")" = 1 ]
    grep -q 'what is live cannot be read: ssls: the server answers 401: failed to check token: wrong apikey; nothing was written$' "$dir/err"
    run ! grep -q not-the-key "$dir/err" "$dir/out"
    [ "$(wc -l <"$dir/log")" = 8 ]
}

@test "the key comes from a file or the environment, and is one line" {
    server
    printf '%s\n' "$key" >"$dir/key"
    unset APISIX_ADMIN_KEY
    { upstream a; full; } | push --key-file "$dir/key"
    : >"$dir/empty"
    run -2 gw-push --to "admin:$url" --key-file "$dir/empty" </dev/null
    [[ $output == *"holds no key"* ]]
    run -2 gw-push --to "admin:$url" --key-file "$dir/nowhere" </dev/null
    APISIX_ADMIN_KEY=$'two\nlines' run -2 gw-push --to "admin:$url" </dev/null
    [[ $output == *APISIX_ADMIN_KEY* && $output != *lines* ]]
}

@test "URLs that cannot be meant are wrong use" {
    for bad in 127.0.0.1:9180 ftp://h http://u:secret@h 'http://h/?api_key=secret' http://; do
        run -2 gw-push --to "admin:$bad" </dev/null
        [[ $output != *secret* ]] || fail "$output"
    done
}

@test "a URL of something below the API is not taken for the API" {
    for below in routes upstreams/ configs; do
        full | {
            run -2 gw-push --to "admin:http://h.example/apisix/admin/$below"
            [[ $output == *"ends in /${below%/}: expected the address of the API"* ]]
        }
    done
}

@test "nobody there: code 4, and in good time" {
    server
    stop
    { upstream a; full; } | { run -4 push --retry-for 0; }
    jq -se '.[0].pushed[0].state == "failed"' "$dir/out"
}

@test "a server that goes in the middle costs no more than its own patience" {
    script '[{"match":"PUT ","times":0,"do":{"cut":"before"}}]'
    { for ((i = 0; i < 200; i++)); do upstream "s$i"; done; full; } | { run -4 push --retry-for 0; }
    # Not each of them in vain.
    (($(writes | wc -l) < 80))
    grep -q 'closed without an answer' "$dir/err"
}

@test "an answer that is no list is not taken for an empty one" {
    for body in '<html>' '{"list":[],"total":3}' '{"total":0}' '{"list":[{"key":"/apisix/routes/a","value":{"id":"a}]}' '[]'; do
        script "$(jq -nc --arg b "$body" '[{match:"GET /routes",do:{status:200,body:$b}}]')"
        { upstream a; full; } | { run -1 push; }
        [ -z "$(writes)" ] || fail "$body: $(writes)"
        grep -q 'what is live cannot be read: routes: the answer ' "$dir/err" || fail "$body: $(cat "$dir/err")"
    done
    script '[{"match":"GET /routes","do":{"status":302,"headers":{"Location":"/apisix/admin/routes"}}}]'
    { upstream a; full; } | { run -1 push; }
    [ -z "$(writes)" ]
}

@test "a server without stream proxy has no stream routes, and refuses them itself" {
    server --no-stream
    { upstream a; route a a; full; } | push
    { upstream a; route a a; stream_route s a; full; } | { run -1 push; }
    grep -q 'stream mode is disabled' "$dir/err"
}

@test "what somebody else changed is told, and put right at the next full SYNC" {
    server
    follow
    { upstream a; upstream b; route a a; full; } | feed
    served 1
    put upstreams/a "$(there upstreams/a 'del(.create_time,.update_time) | .retries = 3 | tostring')"
    curl -sf -X DELETE -H "X-API-KEY: $key" "$url/apisix/admin/upstreams/b" >"$dir/answer"
    forget
    { upstream a; upstream b; route a a; full; } | feed
    served 2
    [ "$(writes | sort | xargs)" = "PUT /upstreams/a PUT /upstreams/b" ]
    grep -q 'not as this gw-push left it: upstreams "a" has changed, upstreams "b" is gone' "$dir/err"
}

@test "between full SYNCs one change is one write, after a look at what is there" {
    server
    follow
    { upstream a; route a a; full; } | feed
    served 1
    forget
    { upstream a 10.0.0.2; sync; } | feed
    served 2
    [ "$(cat "$dir/log")" = $'GET /upstreams/a 200\nPUT /upstreams/a 200' ]
    # What is not ours by now is left alone.
    put upstreams/fresh '{"nodes":{"10.9.9.9:80":1}}'
    forget
    { upstream fresh; sync; } | feed
    served 3
    [ -z "$(writes)" ]
    grep -q 'by now, and not made by this gwpipe instance' "$dir/err"
}

@test "what failed is tried again at the next SYNC" {
    script '[{"match":"PUT /upstreams/a","times":1,"do":{"status":503}}]'
    follow
    { upstream a; upstream b; full; } | feed
    served 1
    [ "$(writes | sort | xargs)" = "PUT /upstreams/a PUT /upstreams/b" ]
    jq -se 'map(select(.object).pushed[0].state) == ["failed", "programmed"]' "$dir/out"
    forget
    sync | feed
    served 2
    [ "$(writes)" = "PUT /upstreams/a" ]
}

@test "what could not be written for a while is written while nothing comes, and told" {
    script '[{"match":"PUT /upstreams/a","times":4,"do":{"status":503}}]'
    follow --recheck 1
    { upstream a; upstream b; route ra a; full; } | feed
    served 1
    [ "$(jq -r 'select(.object) | "\(.object.metadata.name) \(.pushed[0].state)"' "$dir/out" | xargs)" = "a failed b programmed ra failed" ]
    [ "$(jq -r 'select(.object.metadata.name == "a").findings[0].id' "$dir/out")" = push-failed ]
    for _ in {1..100}; do [ "$(there routes/ra .uri)" = /ra ] && break || sleep 0.1; done
    served 2
    [ "$(jq -r 'select(.object) | "\(.object.metadata.name) \(.pushed[0].state)"' "$dir/out" | tail -2 | xargs)" = "a programmed ra programmed" ]
    # One try a look, whatever the patience, and none once it is written.
    [ "$(grep -c '^PUT /upstreams/a 503' "$dir/log")" = 4 ]
    forget
    sleep 1.5
    [ ! -s "$dir/log" ]
}

@test "what was refused three times is not sent at every change of something else" {
    script '[{"match":"PUT /upstreams/bad","times":99,"do":{"status":400,"body":{"error_msg":"no"}}}]'
    follow
    { upstream bad; upstream a; full; } | feed
    for i in 2 3 4 5; do { upstream a "10.0.0.$i"; sync; } | feed; done
    served 5
    [ "$(grep -c 'PUT /upstreams/bad' "$dir/log")" = 3 ]
    [ "$(grep -c 'PUT /upstreams/a' "$dir/log")" = 5 ]
    [ "$(grep -c 'GET /upstreams 200' "$dir/log")" = 1 ]
    # Another version of it, and a full SYNC, are reason enough.
    { upstream bad 10.0.0.2; sync; } | feed
    { upstream bad 10.0.0.2; upstream a 10.0.0.5; full; } | feed
    served 7
    [ "$(grep -c 'PUT /upstreams/bad' "$dir/log")" = 5 ]
}

@test "an old list is read again" {
    server
    follow --resync 1
    { upstream a; full; } | feed
    served 1
    sleep 1.1
    forget
    sync | feed
    served 2
    [ "$(grep -c '^GET /upstreams 200' "$dir/log")" = 1 ]
}

@test "an old list is read again while nothing comes, and what others changed is mended" {
    server
    follow --resync 1 --recheck 1
    { upstream a; upstream b; full; } | feed
    served 1
    put upstreams/a '{"nodes":{"10.9.9.9:80":1},"labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"Service/shop/a"}}'
    for _ in {1..100}; do [ "$(there upstreams/a '.nodes[0].host?')" = 10.0.0.1 ] && break || sleep 0.1; done
    [ "$(there upstreams/a '.nodes[0].host?')" = 10.0.0.1 ]
    grep -q 'not as this gw-push left it: upstreams "a" has changed' "$dir/err"
    [ "$(grep -c '^PUT /upstreams/b' "$dir/log")" = 1 ]
}

@test "what others changed is looked at again soon, however rarely else" {
    server
    follow --resync 0 --recheck 1
    { upstream a; full; } | feed
    served 1
    put upstreams/a '{"nodes":{"10.9.9.9:80":1},"labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"Service/shop/a"}}'
    { upstream a; full; } | feed
    served 2
    [ "$(there upstreams/a '.nodes[0].host')" = 10.0.0.1 ]
    forget
    sleep 3.5
    [ "$(grep -c '^GET /upstreams 200' "$dir/log")" = 1 ]
    [ -z "$(writes)" ]
}

@test "ids that lead elsewhere are not sent" {
    server
    { record HTTPRoute x '{"routes":[{"id":"..",'"$(labels HTTPRoute/shop/x)"',"uri":"/"},{"id":"a/b?force=true",'"$(labels HTTPRoute/shop/x)"',"uri":"/"}]}'; full; } | { run -1 push; }
    [ -z "$(writes)" ]
    [ "$(grep -c 'the id is none that APISIX takes' "$dir/err")" = 2 ]
}

@test "a complaint of the server that quotes the key does not pass it on" {
    script '[{"match":"PUT /ssls/edge","times":9,"do":{"status":400,"body":{"error_msg":"cannot parse HUSH-LINE","req_body":"HUSH"}}}]'
    { certificate HUSH-LINE; full; } | { run -1 push; }
    grep -q 'cannot parse <redacted>' "$dir/err"
    run ! grep -q HUSH "$dir/err" "$dir/out"
}

@test "nor does one that spells it in JSON, or quotes the key of its own API" {
    script '[{"match":"PUT /consumers/bob","times":9,"do":{"status":400,"body":{"error_msg":"no: {\"password\": \"a\\\"HUSH\"}"}}}]'
    record Consumer bob '{"consumers":[{"username":"bob","plugins":{"basic-auth":{"username":"bob","password":"a\"HUSH"}},'"$(labels Consumer/shop/bob)"'}]}' >"$dir/record"
    { cat "$dir/record"; full; } | { run -1 push; }
    grep -q 'no: {"password": "<redacted>"}' "$dir/err"
    script '[{"match":"GET","times":0,"do":{"status":401,"body":{"error_msg":"wrong key '$key'"}}}]'
    { cat "$dir/record"; full; } | { run -1 push; }
    grep -q 'wrong key <redacted>' "$dir/err"
    run ! grep -e HUSH -e "$key" "$dir/err" "$dir/out"
}

@test "TLS: the server is verified, and can verify us" {
    (cd "$dir" && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
        -keyout server.key -out server.pem && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pusher \
        -keyout client.key -out client.pem) 2>"$dir/openssl"
    server --cert "$dir/server.pem" --key "$dir/server.key" --client-ca "$dir/client.pem"
    { upstream a; full; } | push --cacert "$dir/server.pem" --cert "$dir/client.pem" --key "$dir/client.key"
    { upstream a; full; } | push --insecure --cert "$dir/client.pem" --key "$dir/client.key"
    forget
    { upstream b; full; } | { run -1 push --cert "$dir/client.pem" --key "$dir/client.key"; }
    grep -qi 'certificate' "$dir/err"
    { upstream b; full; } | { run ! push --retry-for 0 --cacert "$dir/server.pem"; }
    [ ! -s "$dir/log" ]
    run -2 gw-push --to "admin:$url" --cert "$dir/client.pem" </dev/null
    run -2 gw-push --to "admin:$url" --cacert "$dir/nowhere" </dev/null
}

@test "nor does one that is cut within the key" {
    long=$(printf 'x%.0s' {1..345})
    script '[{"match":"PUT /upstreams/a","times":9,"do":{"status":400,"body":{"error_msg":"'"$long"' '$key' and more of it to be cut, at whatever place that may be, so that a part would be left"}}}]'
    { upstream a; full; } | { run -1 push; }
    run ! grep -e "${key:0:6}" "$dir/err" "$dir/out"
}

@test "credentials go together, and none is sent to a server that has fallen silent" {
    consumer() { record Consumer "$1" '{"consumers":[{"username":"'"$1"'","plugins":{},'"$(labels "Consumer/shop/$1")"'},{"username":"'"$1"'/credentials/k","plugins":{"key-auth":{"key":"k'"$1"'"}},'"$(labels "Consumer/shop/$1")"'}]}' | sed 's/"username":"\([a-z0-9]*\)\/credentials\/k"/"id":"\1\/credentials\/k"/'; }
    for i in {1..9}; do consumer "u$i"; done >"$dir/world"
    server
    { cat "$dir/world"; full; } | push
    [ "$(writes | sed 's/.*credentials.*/credential/; s/.*consumers.*/consumer/' | uniq -c | xargs)" = "9 consumer 9 credential" ]
    forget
    full | push --force
    [ "$(writes | sed 's/.*credentials.*/credential/; s/.*consumers.*/consumer/' | uniq -c | xargs)" = "9 credential 9 consumer" ]
    script '[{"match":"PUT","times":0,"do":{"hang":true}},{"match":"GET /upstreams/x","times":0,"do":{"hang":true}}]'
    began=$SECONDS
    { cat "$dir/world"; route r x; upstream x; full; } | { run -4 push --timeout 1 --retry-for 0; }
    ((SECONDS - began <= 8)) || fail "$((SECONDS - began)) s"
    grep -q 'not sent: the server answers nothing' "$dir/err"
}

@test "one that cuts off the requests for an object gets all others" {
    script '[{"match":"PUT /upstreams/u1","times":0,"do":{"cut":"before"}}]'
    { upstream u1; upstream u2; route r0 u2; full; } | { run -4 push --retry-for 1; }
    [ "$(there routes/r0 .uri)" = /r0 ]
    { upstream u1; upstream u2; route r1 u2; full; } | { run -4 push --retry-for 1 --force; }
    [ "$(there routes/r1 .uri)" = /r1 ]
}

@test "what is stored otherwise than it was sent is what was written, not another's change" {
    stored='{"id":"r","labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"HTTPRoute/shop/r"},"uri":"/r","upstream_id":"a","plugins":{"acme":{"algorithm":"x"}}}'
    server
    double_ctl apisix faults '[{"match":"PUT /routes/r","times":0,"do":{"status":200,"applies":true,"body":{"key":"/apisix/routes/r","value":'"$stored"'},"edit":{"kind":"routes","id":"r","value":'"$stored"'}}}]'
    world() { upstream a "$1"; route r a | jq -c '.apisix.routes[0].plugins = {acme: {}}'; full; }
    follow --resync 1 --recheck 1
    world 10.0.0.1 | feed
    served 1
    double_ctl apisix edit '{"kind":"routes","id":"r","value":'"$stored"'}'
    forget
    sleep 4.5
    for i in 2 3 4 5; do
        world 10.0.0.$i | feed
        served "$i"
    done
    [ "$(there upstreams/a '.nodes[0].host')" = 10.0.0.5 ]
    run ! grep -q 'another gw-push' "$dir/err"
    [ "$(writes | grep -c routes || true)" = 0 ]
}

@test "what the server no longer has is found out by what it answers" {
    server
    follow --resync 0
    { upstream a; route r a; full; } | feed
    served 1
    double_ctl apisix edit '{"kind":"routes","id":"r","value":null}'
    double_ctl apisix edit '{"kind":"upstreams","id":"a","value":null}'
    { route r2 a; sync; } | feed
    served 2
    { upstream b; sync; } | feed
    served 3
    there routes/r .uri
    there routes/r2 .uri
    [ "$(there upstreams/a '.nodes[0].host')" = 10.0.0.1 ]
}

@test "no route begins to send requests to an upstream that somebody else has made" {
    server
    put upstreams/a '{"nodes":{"10.9.9.9:80":1}}'
    { upstream a; route r a; route s b; upstream b; full; } | { run -1 push; }
    grep -q 'routes "r" could not be created: it names upstreams "a", which is live and not made by this gwpipe instance' "$dir/err"
    [ -z "$(there routes/r .uri)" ]
    there routes/s .uri
    # One that does already goes on.
    forget
    put routes/s "$(there routes/s 'del(.create_time,.update_time) | .upstream_id = "a" | tostring')"
    { upstream a; route s a /moved; full; } | { run -1 push --force; }
    [ "$(there routes/s .uri)" = /moved ]
}

@test "after a refusal the next SYNC looks again at what is there" {
    server
    follow
    { for i in {1..12}; do upstream "s$i"; done; full; } | feed
    served 1
    { upstream s1; full; } | feed
    served 2
    grep -q 'refused: 11 of 12' "$dir/err"
    # Somebody has done it by hand, and more.
    for i in {1..12}; do double_ctl apisix edit '{"kind":"upstreams","id":"s'"$i"'","value":null}' >"$dir/answer"; done
    { upstream s2; sync; } | feed
    served 3
    [ "$(there upstreams/s1 '.nodes[0].host')" = 10.0.0.1 ]
}

@test "--max-delete 0: nothing is deleted, however little it is" {
    server
    { upstream a; upstream b; full; } | push
    { upstream a; full; } | { run -1 push --max-delete 0; }
    grep -q 'refused: 1 of 2 objects would be deleted' "$dir/err"
    { upstream a; full; } | push
    [ -z "$(there upstreams/b .id)" ]
}

@test "keys in headers and in what records were made from are not shown" {
    server
    record GatewayProxy gp '{"global_rules":[{"id":"x","plugins":{"proxy-rewrite":{"headers":{"set":{"X-API-Key":"HUSH1","X-Other":"seen"}}}}}]}' \
        | jq -c '.object += {apiVersion: "apisix.apache.org/v1alpha1", spec: {provider: {controlPlane: {auth: {adminKey: {value: "HUSH2"}}}}}} | .object.metadata.annotations = {last: "HUSH3"}' >"$dir/record"
    { cat "$dir/record"; full; } | push
    { cat "$dir/record"; full; } | gw-push --dry-run --to "admin:$url" >"$dir/plan"
    grep -q seen "$dir/out"
    run ! grep HUSH "$dir/out" "$dir/plan" "$dir/err"
}

@test "--check asks about all objects of a kind in one place, credentials of consumers too" {
    server
    for u in a b; do
        record Consumer "$u" '{"consumers":[{"username":"'$u'","plugins":{},'"$(labels "Consumer/shop/$u")"'},{"id":"'$u'/credentials/k","plugins":{"key-auth":{"key":"k'$u'"}},'"$(labels "Consumer/shop/$u")"'}]}'
    done >"$dir/world"
    record Consumer bad '{"consumers":[{"username":"bad","plugins":{},"nonsense":1,'"$(labels Consumer/shop/bad)"'}]}' >>"$dir/world"
    { cat "$dir/world"; upstream x; route r x; full; } | { run -1 push --check; }
    grep -q 'consumers "bad" could not be created' "$dir/err"
    [ "$(writes | grep -c consumers)" = 4 ]
    run ! grep consumers/bad "$dir/log"
}
