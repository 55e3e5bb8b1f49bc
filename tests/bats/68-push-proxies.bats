# Data planes that GatewayProxies name: --gateway-proxies of gw-resolve-refs and of gw-push.
load helpers
load double

setup() { cd "$BATS_TEST_TMPDIR" || exit; }
teardown() {
    [[ -z ${follower:-} ]] || { exec 7>&- && wait "$follower" || true; }
    double_stop one
    double_stop two
}

key=edd1c9f034335f136f87ad84b625c8f1
base() {
    printf 'apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: apisix}\nspec: {controllerName: gwpipe.dev/apisix}\n'
    printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: admin, namespace: infra}\nstringData: {token: %s}\n' "${1:-$key}"
    printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: infra}\nspec: {ports: [{port: 80}]}\n'
}
proxy() { # NAME CONTROL-PLANE [MORE]
    printf -- '---\napiVersion: apisix.apache.org/v1alpha1\nkind: GatewayProxy\nmetadata: {name: %s, namespace: infra}\n' "$1"
    printf 'spec:\n  provider: {type: ControlPlane, controlPlane: {%s, auth: {type: AdminKey, adminKey: {valueFrom: {secretKeyRef: {name: admin, key: token}}}}}}\n%s' "$2" "${3:-}"
}
gateway() { # NAME [PROXY]
    printf -- '---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: %s, namespace: infra}\nspec:\n  gatewayClassName: apisix\n' "$1"
    [[ -z ${2:-} ]] || printf '  infrastructure: {parametersRef: {group: apisix.apache.org, kind: GatewayProxy, name: %s}}\n' "$2"
    printf '  listeners:\n  - {name: http, port: 80, protocol: HTTP}\n'
}
route() { # NAME GATEWAY
    printf -- '---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: %s, namespace: infra}\nspec:\n' "$1"
    printf '  parentRefs: [{name: %s}]\n  rules: [{matches: [{path: {value: /%s}}], backendRefs: [{name: web, port: 80}]}]\n' "$2" "$1"
}
slice() { # PORT...: where the Service apisix is
    local p
    printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: apisix, namespace: infra}\nspec: {ports: [{port: 9180}]}\n'
    for p; do
        printf -- '---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: apisix-%s, namespace: infra, labels: {kubernetes.io/service-name: apisix}}\n' "$p"
        printf 'addressType: IPv4\nports: [{port: %s}]\nendpoints: [{addresses: [127.0.0.1]}]\n' "$p"
    done
}
records() { gw-watch --once -q -f "$1" | gw-validate -q | gw-resolve-refs -q --gateway-proxies | gw-translate -q; }
push() { # FILE [OPTION]...
    local file=$1
    shift
    records "$file" | gw-push -q --gateway-proxies "$@" >out 2>err
}
routes() { double_ctl "$1" state | jq -c '[.routes // {} | keys[]]'; }
port_of() { sed 's|.*:||' <<<"$1"; }

@test "each Gateway's routes go where its GatewayProxy says, with the key that it names" {
    double_start one
    double_start two -- --mode standalone
    { base && proxy edge "endpoints: [\"$one_url\"]" && proxy lab "mode: apisix-standalone, endpoints: [\"$two_url\"]" &&
        gateway edge edge && gateway lab lab && gateway main && route a edge && route b lab && route c main; } >w.yaml
    APISIX_ADMIN_KEY=not-the-key push w.yaml --to file:main.json
    [ "$(routes one)" = '["httproute.infra.a.0.0"]' ]
    [ "$(double_ctl two state | jq -c '[.routes[].id]')" = '["httproute.infra.b.0.0"]' ]
    [ "$(jq -c '[.routes[].id]' main.json)" = '["httproute.infra.c.0.0"]' ]
    run ! grep -q "$key" out err
    # Again, nothing is written.
    double_ctl one forget && double_ctl two forget
    push w.yaml --to file:main.json
    [ "$(double_ctl one stats | jq .writes)$(double_ctl two stats | jq .writes)" = 00 ]
}

@test "GatewayProxies with one control plane are one data plane, in whichever namespace they are" {
    double_start one
    { base && proxy a "endpoints: [\"$one_url\"]" && proxy b "endpoints: [\"$one_url\"]" && gateway a a && gateway b b &&
        route x a && route z b; } >w.yaml
    push w.yaml
    [ "$(routes one)" = '["httproute.infra.x.0.0","httproute.infra.z.0.0"]' ]
}

@test "a target that two data planes name, or a --to, is one's: the other touches nothing there" {
    double_start one -- --mode standalone
    double_start two -- --mode standalone
    { base && proxy a "mode: apisix-standalone, endpoints: [\"$one_url\"]" &&
        proxy b "mode: apisix-standalone, endpoints: [\"$one_url\", \"$two_url\"]" &&
        gateway a a && gateway b b && route x a && route z b; } >w.yaml
    { run -1 push w.yaml; }
    [ "$(grep -c "the target \"standalone:$one_url\" is of another data plane already: 127.0.0.1-" err)" = 1 ]
    [ "$(double_ctl one state | jq '.routes | length')" = 1 ]
    [ "$(double_ctl two state | jq -c '[.routes[].id]')" = '["httproute.infra.z.0.0"]' ]
    before=$(double_ctl one state)
    { run -1 push w.yaml --to "x=standalone:$one_url" --retry-for 0; } # to which nothing goes
    grep -q "GatewayProxy/infra/a: the target \"standalone:$one_url\" is of another data plane already: a --to names it" err
    [ "$(double_ctl one state)" = "$before" ]
}

@test "a --to where a GatewayProxy has put something takes nothing of that away" {
    double_start one
    export APISIX_ADMIN_KEY=$key
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway a a && route x a && gateway plain && route z plain; } >w.yaml
    { run -1 push w.yaml; }
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
    { run -1 push w.yaml --to "admin:$one_url/apisix/admin/"; } # spelt in another way
    [ "$(routes one)" = '["httproute.infra.x.0.0","httproute.infra.z.0.0"]' ]
    grep -q "GatewayProxy/infra/a: the target \"admin:$one_url\" is of another data plane already: a --to names it" err
    # Nobody wants it any more, and that is another matter.
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway a a && gateway plain && route z plain; } >w.yaml
    { run -1 push w.yaml --to "admin:$one_url"; }
    [ "$(routes one)" = '["httproute.infra.z.0.0"]' ]
}

@test "without a usable key nothing is sent, and the Gateway says why" {
    double_start one
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway a a && route x a; } | sed 's/token:/other:/' >w.yaml
    gw-watch --once -q -f w.yaml | gw-validate -q | gw-resolve-refs --gateway-proxies >res 2>seen || true
    grep -q 'GatewayProxy infra/a: spec.provider.controlPlane.auth.adminKey.valueFrom.secretKeyRef: Secret infra/admin has no data\["token"\]' seen
    grep -q 'Gateway infra/a: spec.infrastructure.parametersRef: GatewayProxy infra/a cannot be used: Secret infra/admin has no data' seen
    gw-translate -q <res | gw-push --gateway-proxies >out
    [ "$(double_ctl one log | jq '.log | length')" = 0 ]
}

@test "what is for a data plane that nobody names is told" {
    { base && gateway a && route x a; } >w.yaml
    gw-watch --once -q -f w.yaml | gw-validate -q | gw-resolve-refs -q --data-plane infra/a=edge | gw-translate -q >tr
    run -1 gw-push --gateway-proxies <tr
    [[ $output == *'HTTPRoute infra/x: some of it is for the data plane "edge", which has no --to edge=TARGET, and no GatewayProxy that can be used [push-no-target]'* ]]
}

# gw-push that follows; fd 7 is what it reads.
follow() { # OPTION...
    mkfifo in
    gw-push --gateway-proxies --recheck 0 --retry-for 0 "$@" <in >out 2>err 3>&- &
    follower=$!
    exec 7>in
}
synced() { # N
    local i
    for ((i = 0; i < 500; i++)); do
        [[ $(grep -c '"SYNC"' out) -lt $1 ]] || return 0
        sleep 0.02
    done
    cat err >&2
    return 1
}
# The world of one file after another, as a follower sees it.
world() { records "$1" >&7; }

@test "instances come and go with the endpoints of the Service, and a new one gets everything" {
    double_start one -- --mode standalone
    double_start two -- --mode standalone
    all() { base && proxy a 'mode: apisix-standalone, service: {name: apisix, port: 9180}' && gateway a a && route x a && slice "$@"; }
    all "$(port_of "$one_url")" >w1.yaml
    all "$(port_of "$one_url")" "$(port_of "$two_url")" >w2.yaml
    all "$(port_of "$two_url")" >w3.yaml
    { all "$(port_of "$two_url")" && route z a; } >w4.yaml
    follow
    world w1.yaml && synced 1
    [ "$(double_ctl two state | jq -c '.routes // [] | length')" = 0 ]
    world w2.yaml && synced 2
    [ "$(double_ctl two state | jq -c '[.routes[].id]')" = '["httproute.infra.x.0.0"]' ]
    world w3.yaml && synced 3
    world w4.yaml && synced 4
    # The one that is gone keeps what it had; the other goes on.
    [ "$(double_ctl one state | jq -c '[.routes[].id]')" = '["httproute.infra.x.0.0"]' ]
    [ "$(double_ctl two state | jq -c '[.routes[].id]')" = '["httproute.infra.x.0.0","httproute.infra.z.0.0"]' ]
}

@test "a GatewayProxy that is deleted takes nothing off its data plane" {
    double_start one
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway a a && route x a; } >w1.yaml
    { base && gateway a a && route x a; } >w2.yaml
    follow
    world w1.yaml && synced 1
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
    { gw-watch --once -q -f w2.yaml | gw-validate -q | gw-resolve-refs -q --gateway-proxies || true; } | gw-translate -q >&7
    synced 2
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
    grep -q "admin:$one_url: no GatewayProxy in use names it any more; what it holds is left as it is" err
    # It comes back, and the pipeline takes up where it was.
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway a a && route z a; } >w3.yaml
    world w3.yaml && synced 3
    [ "$(routes one)" = '["httproute.infra.z.0.0"]' ]
}

@test "when the last Gateway of a data plane is deleted, so is what it had there, and nothing else" {
    double_start one
    double_ctl one edit '{"kind":"routes","id":"by-hand","value":{"uri":"/hand","upstream":{"type":"roundrobin","nodes":{"10.0.0.1:80":1}}}}' >/dev/null
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway a a && route x a; } >w1.yaml
    { base && proxy a "endpoints: [\"$one_url\"]" && route x a; } >w2.yaml
    follow
    world w1.yaml && synced 1
    [ "$(routes one)" = '["by-hand","httproute.infra.x.0.0"]' ]
    world w2.yaml && synced 2
    [ "$(routes one)" = '["by-hand"]' ]
    # Then the server is none of our business any more, until a Gateway names it again.
    world w2.yaml && synced 3
    double_ctl one forget
    world w2.yaml && synced 4
    [ "$(double_ctl one stats | jq .requests)" = 0 ]
    run ! grep -q 'left as it is' err
    world w1.yaml && synced 5
    [ "$(routes one)" = '["by-hand","httproute.infra.x.0.0"]' ]
}

@test "a Gateway that goes over to another GatewayProxy loses nothing, though both mean the same server" {
    double_start one
    proxies="$(base && proxy a "endpoints: [\"$one_url\"]" && proxy b "endpoints: [\"${one_url/127.0.0.1/localhost}\"]")"
    { echo "$proxies" && gateway a a && route x a && route z a; } >w1.yaml
    { echo "$proxies" && gateway a b && route x a; } >w2.yaml
    follow
    world w1.yaml && synced 1
    [ "$(routes one)" = '["httproute.infra.x.0.0","httproute.infra.z.0.0"]' ]
    double_ctl one forget
    world w2.yaml && synced 2
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
    [ "$(double_ctl one log | jq '[.log[] | select(.method == "DELETE" and .status == 200)] | length')" = 1 ]
    [ "$(double_ctl one stats | jq -c '[.dangling, .wrong]')" = '[[],[]]' ]
}

@test "a GatewayProxy that no Gateway names is not connected to" {
    double_start one
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway main; } >w.yaml
    push w.yaml --to file:main.json
    [ "$(double_ctl one stats | jq .requests)" = 0 ]
    run ! grep -q . err
}

@test "a record that is held before its data plane is named keeps what it has there" {
    double_start one
    { base && proxy a "endpoints: [\"$one_url\"]" '  plugins: [{name: cors}]
' && proxy b "endpoints: [\"$one_url\"]" && gateway a a && gateway b b && route x b; } >w1.yaml
    push w1.yaml
    [ "$(double_ctl one state | jq -c '[.global_rules[].plugins]')" = '[{"cors":{}}]' ]
    # Refused, and nobody knows the good version: its record comes first, and says nothing of the data plane.
    sed '0,/ControlPlane,/s//Nonsense,/' w1.yaml >w2.yaml
    records w2.yaml >tr || true
    jq -es 'map(select(.object.kind == "GatewayProxy")) | .[0].held and (.[0].planes | not) and .[1].planes' tr
    gw-push -q --gateway-proxies <tr >out || true
    [ "$(double_ctl one state | jq -c '[.global_rules[].plugins]')" = '[{"cors":{}}]' ]
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
}

@test "a key that changes is used from the next SYNC on" {
    double_start one
    { base wrong-key && proxy a "endpoints: [\"$one_url\"]" && gateway a a && route x a; } >w1.yaml
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway a a && route x a; } >w2.yaml
    follow
    world w1.yaml && synced 1
    [ "$(routes one)" = '[]' ]
    world w2.yaml && synced 2
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
}

@test "a control plane that is down holds no other up" {
    double_start one
    { base && proxy a "endpoints: [\"$one_url\"]" && proxy b 'endpoints: ["http://127.0.0.1:1"]' && gateway a a && gateway b b &&
        route x a && route z b; } >w.yaml
    { run -4 push w.yaml --retry-for 0; }
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
    [ "$(jq -r 'select(.object.metadata.name == "z").pushed[0].state' out)" = failed ]
}

@test "the server's certificate is verified with caCert, and not when tlsVerify is false" {
    make_certificate() {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 30 \
            -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
    }
    make_certificate
    double_start one -- --cert cert.pem --key key.pem
    world_with() { base && proxy a "endpoints: [\"$one_url\"]$1" && gateway a a && route x a; }
    world_with '' >w.yaml
    { run -1 push w.yaml --retry-for 0; }
    [ "$(routes one)" = '[]' ]
    world_with ", caCert: {value: $(jq -Rs . cert.pem)}" >w.yaml
    push w.yaml
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
    world_with ', tlsVerify: false' >w.yaml
    push w.yaml
}

@test "plugins for every request and metadata of plugins go to the data plane, and leave with the GatewayProxy's word" {
    double_start one
    plugins='  plugins: [{name: prometheus, enabled: true}, {name: cors, enabled: false}]
  pluginMetadata: {http-logger: {log_format: {host: "$host"}}}
'
    { base && proxy a "endpoints: [\"$one_url\"]" "$plugins" && gateway a a; } >w.yaml
    push w.yaml
    [ "$(double_ctl one state | jq -c '[.global_rules[].plugins]')" = '[{"prometheus":{}}]' ]
    [ "$(double_ctl one state | jq -c '.plugin_metadata["http-logger"].log_format')" = '{"host":"$host"}' ]
    { base && proxy a "endpoints: [\"$one_url\"]" && gateway a a; } >w.yaml
    push w.yaml
    [ "$(double_ctl one state | jq -c '[.global_rules, .plugin_metadata, .plugin_configs] | map(. // {} | length)')" = '[0,0,0]' ]
}

@test "a plugin runs once on a data plane, however many GatewayProxies have it; two that differ are told" {
    double_start one
    plugins='  plugins: [{name: cors, config: {max_age: 5}}]
  pluginMetadata: {http-logger: {log_format: {host: "$host"}}}
'
    both() { base && proxy a "endpoints: [\"$one_url\"]" "$1" && proxy b "endpoints: [\"$one_url\"]" "$2" && gateway a a && gateway b b; }
    both "$plugins" "$plugins" >w.yaml
    push w.yaml
    [ "$(double_ctl one state | jq -c '[.global_rules[].plugins]')" = '[{"cors":{"max_age":5}}]' ]
    both "$plugins" "${plugins/5/6}" >w.yaml
    { run -1 push w.yaml; }
    [ "$(double_ctl one state | jq -c '[.global_rules[].plugins]')" = '[{"cors":{"max_age":5}}]' ]
    [ "$(grep -c 'GatewayProxy infra/b: global_rules "gatewayproxy.cors" is there once for the data plane, and GatewayProxy/infra/a, which has it, wants it otherwise' err)" = 1 ]
    # It goes over to the other in one write, without a moment in which it does not run.
    both "" "${plugins/5/6}" >w.yaml
    double_ctl one forget
    push w.yaml
    [ "$(double_ctl one state | jq -c '[.global_rules[].plugins]')" = '[{"cors":{"max_age":6}}]' ]
    [ "$(double_ctl one log | jq '[.log[] | select(.method == "DELETE")] | length')" = 0 ]
}

@test "who has not the key of a data plane puts nothing there, and keeps what he had" {
    double_start one
    other() { # KEY STAMP
        printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: admin, namespace: shop}\nstringData: {token: "%s"}\n' "$1"
        { proxy edge "endpoints: [\"$one_url\"]" && gateway edge edge && route z edge; } |
            sed "s/namespace: infra/namespace: shop/; s/metadata: {name: edge,/metadata: {name: edge, creationTimestamp: \"$2\",/"
        printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{port: 80}]}\n'
    }
    ours() { base "$1" && proxy edge "endpoints: [\"$one_url\"]" | sed 's/{name: edge,/{name: edge, creationTimestamp: "2026-02-01T00:00:00Z",/' && gateway edge edge && route x edge; }
    { ours $key && other guessed 2026-03-01T00:00:00Z; } >w.yaml
    push w.yaml
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
    jq -es 'any(.object.kind == "Gateway" and .object.metadata.namespace == "shop" and .held and
        (.findings[0].message | startswith("GatewayProxy infra/edge, which is older, names the same control plane with another key;")))' out
    # Nor do its listeners change what others get.
    { ours $key && other guessed 2026-03-01T00:00:00Z | sed 's/port: 80, protocol: HTTP}/port: 80, protocol: HTTPS, hostname: a.example}/'; } >with.yaml
    ours $key >without.yaml
    diff <(records with.yaml | jq -S 'select(.object.metadata.namespace == "infra") | del(.source)') \
        <(records without.yaml | jq -S 'select(.object.metadata.namespace == "infra") | del(.source)')
    # With the key it may; and while keys are changed, one namespace after the other, nothing goes.
    { ours $key && other $key 2026-03-01T00:00:00Z; } >w.yaml
    push w.yaml
    [ "$(routes one)" = '["httproute.infra.x.0.0","httproute.shop.z.0.0"]' ]
    { ours $key && other not-yet 2026-03-01T00:00:00Z; } >w.yaml
    push w.yaml
    [ "$(routes one)" = '["httproute.infra.x.0.0","httproute.shop.z.0.0"]' ]
    # The oldest counts, whatever its name.
    { ours $key && other guessed 2026-01-01T00:00:00Z; } >w.yaml
    double_ctl one forget
    { run -1 push w.yaml --retry-for 0; }
    [ "$(double_ctl one stats | jq .writes)" = 0 ]
    [ "$(routes one)" = '["httproute.infra.x.0.0","httproute.shop.z.0.0"]' ]
}

@test "a key may end in a newline, as echo leaves it, and has to be one line" {
    double_start one
    more() { proxy edge "endpoints: [\"$one_url\"]" && gateway edge edge && route x edge; }
    { base "\"$key\\n\"" && more; } >w.yaml
    push w.yaml
    [ "$(routes one)" = '["httproute.infra.x.0.0"]' ]
    double_ctl one forget
    { base '"one\r\nX-Evil: two"' && more; } >w.yaml
    output=$(records w.yaml)
    jq -es 'any(.object.kind == "Gateway" and (.status.conditions[0] | .status == "False" and .reason == "InvalidParameters" and
        .message == "GatewayProxy infra/edge cannot be used: the key is not one line of visible characters"))' <<<"$output"
    [[ $output != *X-Evil* ]]
    # Nor does gw-push send what it cannot.
    jq -c . <<<'{"type":"ADDED","object":{"apiVersion":"apisix.apache.org/v1alpha1","kind":"GatewayProxy","metadata":{"name":"p","namespace":"n"}},"apisix":{},
        "planes":{"p":{"controlPlane":{"targets":["admin:'"$one_url"'", "file:evil.json"],"apiKey":"one\r\nX-Evil: two"}}}} {"type":"SYNC","full":true}' >hostile
    { run -1 --separate-stderr gw-push --gateway-proxies --retry-for 0 <hostile; }
    [[ $stderr != *X-Evil* && ! -e evil.json ]]
    [ "$(double_ctl one stats | jq .writes)" = 0 ]
}
