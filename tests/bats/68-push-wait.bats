# gw-push --wait: what the Control API must show before an object counts as served, and what of it holds up nobody.
load helpers
load double

setup() {
    export APISIX_ADMIN_KEY=edd1c9f034335f136f87ad84b625c8f1
    dir=$(mktemp -d "$BATS_TEST_TMPDIR/wait.XXXX")
    helper=
}
teardown() {
    double_stop
    double_stop other
    [[ -z $helper ]] || kill "$helper" 2>/dev/null || true
}

labels() { printf '"labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"%s"}' "$1"; }
record() { # KIND NAME APISIX
    printf '{"type":"ADDED","object":{"apiVersion":"v1","kind":"%s","metadata":{"namespace":"shop","name":"%s"}},"apisix":%s}\n' "$@"
}
upstream() { # NAME [HOST [MEMBER...]]
    record Service "$1" '{"upstreams":[{"id":"'"$1"'",'"$(labels "Service/shop/$1")"',"type":"roundrobin","nodes":[{"host":"'"${2:-10.0.0.1}"'","port":80,"weight":1}]'"${3:+,$3}"'}]}'
}
route() { # NAME UPSTREAM
    record HTTPRoute "$1" '{"routes":[{"id":"'"$1"'",'"$(labels "HTTPRoute/shop/$1")"',"uri":"/'"$1"'","upstream_id":"'"$2"'"}]}'
}
gone() { # KIND NAME
    printf '{"type":"DELETED","object":{"apiVersion":"v1","kind":"%s","metadata":{"namespace":"shop","name":"%s"}}}\n' "$@"
}
sync() { echo '{"type":"SYNC"}'; }
full() { echo '{"type":"SYNC","full":true}'; }

gw_push() { gw-push "$@" >"$dir/out" 2>"$dir/err"; }
push() { gw_push --to "admin:$apisix_url" --control "$apisix_control" "$@"; }
states() { jq -r 'select(.pushed) | "\(.object.metadata.name) \([.pushed[].state] | join(" "))"' "$dir/out"; }
seconds() { jq -es 'all(.[].pushed[]?; .seconds '"$1"')' "$dir/out" >/dev/null; }

# A server that says one thing, whatever it is asked; $says is its address.
server() { # PYTHON: the answer's bytes; none: it never answers
    python3 -c '
import socket, sys, time
s = socket.create_server(("127.0.0.1", 0), backlog=128)
print(s.getsockname()[1], flush=True)
while len(sys.argv) == 1:
    time.sleep(60)
while True:
    c = s.accept()[0]
    try:
        c.recv(65536)
        c.sendall(eval(sys.argv[1]))
    except OSError:
        pass
    c.close()' "$@" >"$dir/port" 3>&- &
    helper=$!
    for _ in {1..200}; do [[ ! -s $dir/port ]] || break; sleep 0.02; done
    says=http://127.0.0.1:$(cat "$dir/port")
}

@test "an object that no worker takes is pending, and holds up neither the others nor the next SYNC" {
    double_start
    double_ctl set '{"unloaded":["bad"]}'
    { upstream a; upstream bad; route r a; full; upstream c; sync; } | { run -4 push --wait 4 --timing; }
    [ "$(states)" = 'a programmed
bad pending
r programmed
c programmed' ]
    grep -q 'upstream "bad" is not there (objects that are not: 1)' "$dir/err"
    [ "$(grep -c 'not served' "$dir/err")" = 1 ]
    [ "$(jq -s 'map(select(.pushed) | .pushed[0].seconds) | last < 1' "$dir/out")" = true ]
}

@test "a Control API that takes connections and is silent costs no more than the time asked for" {
    double_start
    server
    start=$SECONDS
    { upstream a; full; } | { run -4 push --control "$says" --wait 2; }
    [ $((SECONDS - start)) -le 4 ]
    [ "$(states)" = 'a pending' ]
    grep -q "$says: the Control API does not answer: no answer in time" "$dir/err"
    run ! grep -q "$apisix_control" "$dir/err"
}

@test "a server that answers 404, or an empty object, to all is no proof that something is gone" {
    double_start
    local n=0 answer
    for answer in '404 Not Found\r\nContent-Length: 0\r\n\r\n' '404 Not Found\r\nContent-Length: 21\r\n\r\n{"error_msg":"no API"}' \
        '200 OK\r\nContent-Length: 7\r\n\r\n{"x":1}' '200 OK\r\nContent-Length: 3\r\n\r\n[7]' '200 OK\r\nContent-Length: 0\r\n\r\n'; do
        server "b'HTTP/1.1 $answer'"
        { upstream a; upstream b; full; } | gw-push --to "admin:$apisix_url" >"$dir/out"
        { gone Service a; sync; gone Service b; sync; } | { run -4 gw_push --to "admin:$apisix_url" --control "$says" --wait 1; }
        [ "$(states)" = $'a pending\nb pending' ] || fail "$answer: $(cat "$dir/out" "$dir/err")"
        kill "$helper"
        n=$((n + 1))
    done
    [ $n = 5 ]
}

@test "a list without an end is given up" {
    double_start
    server "b'HTTP/1.1 200 OK\r\n\r\n[' + b'{\"value\":{\"id\":\"x\"}},' * 8000000"
    { upstream a; upstream b; full; } | { run -4 push --control "$says" --wait 3; }
    grep -q 'larger than any that is expected\|no answer in time' "$dir/err"
}

@test "what is served late becomes programmed while nothing comes, a delete too" {
    double_start
    double_ctl set '{"apply_ms":2500}'
    { upstream a; full; sleep 4.5; gone Service a; sync; sleep 4.5; } | { run -4 push --wait 1 --recheck 1; }
    [ "$(states)" = 'a pending
a programmed
a pending
a programmed' ]
    [ "$(jq -r .type "$dir/out" | tail -1)" = SYNC ]
}

@test "of an object that changes again before it is served, the last state counts" {
    double_start
    double_ctl set '{"apply_ms":1500}'
    { upstream a 10.0.0.1; full; upstream a 10.0.0.2; sync; upstream a 10.0.0.3; sync; sleep 5; sync; } | { run -4 push --wait 1 --recheck 0; }
    [ "$(states)" = 'a pending
a pending
a pending
a programmed' ] || fail "$(states)"
    [ "$(grep -c 'not served after 1 s' "$dir/err")" = 3 ]
    grep -q 'is not as it was written' "$dir/err"
}

@test "a client key is compared by a hash, for the server does not show it" {
    double_start
    key() { upstream a 10.0.0.1 '"scheme":"https","tls":{"client_cert":"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----","client_key":"-----BEGIN PRIVATE KEY-----\n'"$1"'\n-----END PRIVATE KEY-----"}'; }
    { key HUSH1; full; } | push --wait 5 || fail "$(cat "$dir/err")"
    [ "$(states)" = 'a programmed' ]
    double_ctl set '{"apply_ms":60000}'
    { key HUSH2; full; } | { run -4 push --wait 1; }
    [ "$(states)" = 'a pending' ]
    run ! grep -r HUSH "$dir"
}

@test "the file that an APISIX reads: served when it has read it, by all who do" {
    file=$dir/apisix.json
    double_start -- --document "$file"
    double_start other -- --document "$file"
    both() { gw_push --to "file:$file" --control "$apisix_control" --control "$other_control" --wait 5 --timing "$@"; }
    { upstream a; upstream b; route r a; full; } | both || fail "$(cat "$dir/err")"
    run ! grep -qv 'programmed$' <<<"$(states)"
    [ "$(curl -s "$other_control/v1/routes" | jq -r '.[].value.id')" = r ]
    seconds '< 4'
    { upstream a 10.0.0.9; sync; gone HTTPRoute r; sync; } | both || fail "$(cat "$dir/err")"
    [ "$(states)" = 'a programmed
r programmed' ]
    [ "$(curl -s "$apisix_control/v1/routes")" = '{}' ]
    double_stop other
    { upstream a 10.0.0.7; sync; } | { run -4 both --wait 4; }
    grep -q "$other_control: the Control API does not answer" "$dir/err"
}

@test "no other target waits for one that does" {
    double_start
    double_start other -- --document "$dir/b.json"
    double_ctl set '{"apply_ms":60000}'
    { upstream a; full; } >"$dir/in"
    gw_push --to "admin:$apisix_url" --control "$apisix_control" --to "file:$dir/b.json" --control "$other_control" --wait 3 <"$dir/in" &
    for _ in {1..125}; do [[ ! -s $dir/b.json ]] || break; sleep 0.02; done
    [ "$(jq -r '.upstreams[].id' "$dir/b.json")" = a ]
    [ ! -s "$dir/out" ]
    wait $! || [ $? = 4 ]
    [ "$(states)" = 'a pending programmed' ]
}

@test "one object is asked for by its id, several by their list; each by connections of their own" {
    double_start
    { upstream a; upstream b; route r a; full; } | push --wait 5
    [ "$(double_ctl asked | jq -c '[.paths, (.connections >= 10)]')" = '[{"/v1/route/r":5,"/v1/upstreams":5},true]' ]
}

@test "addresses that cannot be meant, or are nobody's, are wrong use" {
    local control=http://127.0.0.1:9090
    bad() { full | { run -2 gw_push "$@" --wait 1; } && cat "$dir/err"; }
    [[ $(bad --control $control --to "file:$dir/a.json") == *'stands before any --to'* ]]
    [[ $(bad --to "file:$dir/a.json" --control http://me:secret@127.0.0.1:9090) != *secret* ]]
    [[ $(bad --to "file:$dir/a.json" --control 127.0.0.1:9090) == *http* ]]
    [[ $(bad --to standalone:http://127.0.0.1:1,http://127.0.0.1:2 --control $control) == *'one URL for each'* ]]
    [[ $(bad --to "file:$dir/a.json") == *'has no --control'* ]]
    [[ $(bad --to "file:$dir/a.json" --control $control --to "file:$dir/b.json") == *'b.json" has no --control'* ]]
    [ ! -e "$dir/a.json" ]
}
