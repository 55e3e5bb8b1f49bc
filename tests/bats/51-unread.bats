# A file that cannot be read takes nothing away from what is live, in a run that knows nothing else.
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
    mkdir w
    cat >w/10-base.yaml <<'E'
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: apisix}
spec: {controllerName: gwpipe.dev/apisix}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: apisix
  listeners:
  - name: http
    port: 80
    protocol: HTTP
    allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {web: "yes"}}}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {web: "yes"}}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: all, namespace: stock}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: "", kind: Service}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: stock}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: stock, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
ports: [{port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: a, namespace: shop}
spec:
  parentRefs: [{name: gw, namespace: infra}]
  rules: [{backendRefs: [{name: web, namespace: stock, port: 80}]}]
E
    cat >w/20-beside.yaml <<'E'
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: beside, namespace: shop}
spec:
  parentRefs: [{name: gw, namespace: infra}]
  hostnames: [beside.example]
  rules: [{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 301}}]}]
E
    once
    cp apisix.json live.json
}

once() { gw-watch --once -q -f w | gw-pipe -q --to file:apisix.json >out 2>err; }
route() { jq -c --arg id "httproute.shop.$1.0.0" '.routes[] | select(.id == $id)' "$2"; }

# The document of that kind gets a last line that is none.
break_kind() { # KIND
    awk -v kind="$1" '/^---$/ { if (hit) print "broken: ["; hit = 0 } { print } $0 == "kind: " kind { hit = 1 } END { if (hit) print "broken: [" }' \
        w/10-base.yaml >w/.new
    mv w/.new w/10-base.yaml
}

@test "a document that cannot be read takes nothing away, whatever it held" {
    [ -n "$(route a live.json)" ] && [ -n "$(route beside live.json)" ]
    cp w/10-base.yaml whole
    for kind in GatewayClass Gateway Namespace ReferenceGrant Service EndpointSlice HTTPRoute; do
        cp whole w/10-base.yaml
        break_kind "$kind"
        run -1 --separate-stderr gw-watch --once -q -f w
        [ "${lines[-1]}" = "{\"type\":\"SYNC\",\"unread\":[\"$kind\"]}" ]
        once || true
        cmp apisix.json live.json
    done
}

@test "that everything waits for a Gateway is told once, not of each object" {
    break_kind Gateway
    gw-watch --once -q -f w 2>/dev/null | gw-validate -q | gw-resolve-refs 2>said >records || true
    [ "$(jq -c 'select(.object.kind == "HTTPRoute") | [.object.metadata.name, .held, .resolved]' records)" = $'["a",true,null]\n["beside",true,null]' ]
    [ "$(grep -c . said)" = 1 ]
    grep -q 'all that is live stays as it is until a full SYNC' said
}

@test "a link to nothing takes nothing away" {
    rm w/10-base.yaml && ln -s nowhere w/10-base.yaml
    run -4 --separate-stderr gw-watch --once -q -f w
    [ "${lines[-1]}" = '{"type":"SYNC"}' ]
    [[ $stderr == *"w/10-base.yaml: error: cannot be read: No such file"* ]]
    once || true
    cmp apisix.json live.json
}

@test "what has nothing to do with a document that cannot be read goes on" {
    break_kind Service
    sed -i 's/beside.example/moved.example/' w/20-beside.yaml
    once || true
    [ "$(route beside apisix.json | jq -c .hosts)" = '["moved.example"]' ]
    [ "$(route a apisix.json)" = "$(route a live.json)" ]
    gw-watch --once -q -f w 2>/dev/null | gw-validate -q | gw-resolve-refs 2>said >/dev/null || true
    grep -q 'HTTPRoute shop/a: it depends on an object that was rejected, or not read,.* stays untouched \[held\]' said
}

@test "a file without Kubernetes objects is an error that holds nothing" {
    printf 'replicas: 3\nimage: {tag: v1}\n' >w/values.yaml
    run -1 --separate-stderr gw-watch --once -q -f w
    [ "${lines[-1]}" = '{"type":"SYNC","unread":[]}' ]
    sed -i 's/10.0.0.1/10.0.0.2/' w/10-base.yaml
    once || true
    [ "$(jq -c '[.upstreams[].nodes[].host]' apisix.json)" = '["10.0.0.2"]' ]
}

@test "a follower that begins with a broken file does the rest once that is mended" {
    cp w/10-base.yaml whole
    break_kind Gateway
    sed -i 's/10.0.0.1/10.0.0.2/' whole
    gw-reconcile w file:apisix.json 2>err 3>&- &
    pid=$!
    for _ in {1..100}; do grep -q 'not everything' err && break || sleep 0.1; done
    sleep 0.5
    cmp apisix.json live.json
    cp whole w/.new && mv w/.new w/10-base.yaml
    for _ in {1..100}; do grep -q 10.0.0.2 apisix.json && break || sleep 0.1; done
    kill "$pid"
    wait "$pid" || true
    [ "$(sed 's/10\.0\.0\.2/10.0.0.1/' apisix.json)" = "$(cat live.json)" ]
}

@test "a line that is lost on the way counts as unread, of any kind" {
    gw-watch --once -q -f w | jq -c 'if .object.kind == "Service" then "lost" elif .type == "SYNC" then {type, unread: []} else . end' >stream
    gw-pipe -q --to file:apisix.json <stream >out 2>err || true
    cmp apisix.json live.json
}

@test "a file that is broken in another way holds what that takes, and no more" {
    cp w/10-base.yaml whole
    sed -i 's/^kind: Service$/kind Service/' w/10-base.yaml # then it may have been anything
    gw-watch -f w 2>err >stream 3>&- &
    pid=$!
    for _ in {1..100}; do grep -q SYNC stream && break || sleep 0.1; done
    cp whole w/.new && sed -i 's/^  spec: {ports/spec: {ports/; s/^kind: Service$/kind: Service\nbroken: [/' w/.new && mv w/.new w/10-base.yaml
    for _ in {1..100}; do [ "$(grep -c SYNC stream)" -ge 2 ] && break || sleep 0.1; done
    kill "$pid"
    wait "$pid" || true
    [ "$(jq -c 'select(.type == "SYNC").unread' stream)" = $'null\n["Service"]' ]
}

@test "endpoints that could not be read are not lost" {
    sed -n '/^kind: EndpointSlice/,/^---/p' w/10-base.yaml | sed '/^---/d; s/web-1/web-2/; s/10.0.0.1/10.0.0.2/' | { echo 'apiVersion: discovery.k8s.io/v1'; cat; } >w/30-more.yaml
    once
    [ "$(jq -c '[.upstreams[].nodes[].host]' apisix.json)" = '["10.0.0.1","10.0.0.2"]' ]
    echo 'x: [' >>w/30-more.yaml
    once || true
    [ "$(jq -c '[.upstreams[].nodes[].host]' apisix.json)" = '["10.0.0.1","10.0.0.2"]' ]
}

@test "gw-render prints what could be read" {
    echo '{"a":' >w/x.json
    run -1 --separate-stderr gw-render w --format json
    [ "$(jq -c '[.routes[].id]' <<<"$output")" = '["httproute.shop.a.0.0","httproute.shop.beside.0.0"]' ]
}

@test "nothing is taken for whole while a file is being written" {
    printf 'apiVersion: v1\nkind: Secret\nmetadata: [\n' >w/40-secret.yaml
    gw-watch -f w 2>err >stream 3>&- &
    pid=$!
    for _ in {1..100}; do grep -q SYNC stream && break || sleep 0.1; done
    exec 5>w/40-secret.yaml
    printf '# begun\n' >&5
    sleep 3
    run ! grep -q '"full":true' stream
    exec 5>&-
    for _ in {1..100}; do grep -q '"full":true' stream && break || sleep 0.1; done
    kill "$pid"
    wait "$pid" || true
    grep -q '"full":true' stream
}
