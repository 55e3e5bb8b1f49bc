# Several data planes from one pipe: --data-plane of gw-resolve-refs, PLANE=TARGET of gw-push.
load helpers

setup() { cd "$BATS_TEST_TMPDIR" || exit; }

gateway() { # NAME
    printf -- '---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: %s, namespace: infra}\n' "$1"
    printf 'spec:\n  gatewayClassName: apisix\n  listeners:\n  - {name: http, port: 80, protocol: HTTP}\n'
}
route() { # NAME GATEWAY...
    printf -- '---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: %s, namespace: infra}\nspec:\n  parentRefs:\n' "$1"
    printf '  - {name: %s}\n' "${@:2}"
    printf '  rules:\n  - matches: [{path: {value: /%s}}]\n    backendRefs: [{name: v1, port: 80}]\n' "$1"
}
base() {
    printf 'apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: apisix}\nspec: {controllerName: gwpipe.dev/apisix}\n'
    printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: v1, namespace: infra}\nspec: {ports: [{port: 80}]}\n'
}
translated() { gw-validate -q | gw-resolve-refs -q --data-plane infra/edge=edge --data-plane infra/lab=lab | gw-translate -q; }
once() { # FILE...: to gw-push's stdin
    cat "$@" >all.yaml
    gw-watch --once -q -f all.yaml | translated
}
push() { gw-push -q --to file:main.json --to edge=file:edge.json --to lab=file:lab.json "$@"; }
ids() { jq -r '[.routes // [] | .[].id] | sort | join(" ")' "$1.json"; }

@test "each Gateway's routes go to its data plane, and Services wherever a route needs them" {
    { base && gateway inner && gateway edge && gateway lab && route a inner && route b edge && route c inner edge; } >w.yaml
    once w.yaml | push >out
    [ "$(ids main)" = "httproute.infra.a.0.0 httproute.infra.c.0.0" ]
    [ "$(ids edge)" = "httproute.infra.b.0.0 httproute.infra.c.0.0_1" ]
    [ "$(ids lab)" = "" ]
    [ "$(jq -c '[.upstreams[].id]' edge.json)" = '["service.infra.v1.80"]' ]
    [ "$(jq -c '.upstreams // []' lab.json)" = '[]' ]
    # Told of the data plane without a name, and of those that it has to do with.
    [ "$(jq -c 'select(.object.metadata.name == "b").pushed | map([.plane, .state])' out)" = '[[null,"unchanged"],["edge","programmed"]]' ]
    [ "$(jq -c 'select(.object.metadata.name == "a").pushed | map([.plane, .state])' out)" = '[[null,"programmed"]]' ]
}

@test "Gateways of different data planes do not constrain each other" {
    { base && gateway inner && gateway edge | sed 's/port: 80, protocol: HTTP/port: 8080, protocol: HTTP/' && route a inner edge; } >w.yaml
    once w.yaml | push >/dev/null
    [ "$(jq -c '[.routes[].vars]' main.json edge.json)" = "$(printf '[null]\n[null]')" ]
}

@test "a route that moves to another data plane goes there and leaves the first" {
    mkdir w
    { base && gateway inner && gateway edge; } >w/base.yaml
    route a inner >w/a.yaml
    gw-watch -q -f w | translated | push >out 3>&- &
    pid=$!
    for _ in {1..100}; do [ "$(ids main 2>/dev/null)" = "httproute.infra.a.0.0" ] && break || sleep 0.1; done
    [ "$(ids edge)" = "" ]
    route a edge >w/.a && mv w/.a w/a.yaml
    for _ in {1..100}; do [ "$(ids edge)" = "httproute.infra.a.0.0" ] && [ "$(ids main)" = "" ] && break || sleep 0.1; done
    [ "$(ids edge)|$(ids main)" = "httproute.infra.a.0.0|" ]
    rm w/a.yaml
    for _ in {1..100}; do [ "$(ids edge)" = "" ] && break || sleep 0.1; done
    [ "$(ids edge)|$(jq -c '.upstreams // []' edge.json)" = "|[]" ]
    kill %1 2>/dev/null || true
    wait "$pid" || true
}

@test "what is gone while nobody looked is pruned in every data plane, and held owners keep what they have in each" {
    { base && gateway inner && gateway edge && route a inner edge && route b inner edge; } >w.yaml
    once w.yaml | push >/dev/null
    { base && gateway inner && gateway edge && route a inner edge | sed 's/kind: HTTPRoute/&\nbad: 1/'; } >w.yaml
    once w.yaml | push >/dev/null || [ $? = 1 ]
    [ "$(ids main)|$(ids edge)" = "httproute.infra.a.0.0|httproute.infra.a.0.0_1" ]
    { base && gateway inner && gateway edge; } >w.yaml
    once w.yaml | push >/dev/null
    [ "$(ids main)|$(ids edge)" = "|" ]
}

@test "a data plane without a target is told of, and the others are served" {
    { base && gateway inner && gateway edge && route a inner edge; } >w.yaml
    once w.yaml | { run -1 gw-push --to file:main.json; grep -q 'HTTPRoute infra/a: .*data plane "edge", which has no --to edge=TARGET' <<<"$output"; }
    [ "$(ids main)" = "httproute.infra.a.0.0" ]
    once w.yaml | { run -1 gw-push --to edge=file:edge.json; grep -q 'the data plane without a name, which has no --to' <<<"$output"; }
    [ "$(ids edge)" = "httproute.infra.a.0.0_1" ]
}

@test "one data plane that cannot be written harms no other" {
    mkdir locked.json
    { base && gateway inner && gateway edge && route a inner edge; } >w.yaml
    once w.yaml | { run -4 gw-push --to file:main.json --to edge=file:locked.json; }
    [ "$(ids main)" = "httproute.infra.a.0.0" ]
}

object() { # PLANES [TYPE]
    printf '{"type":"%s","object":{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"n","name":"a"}},"planes":%s}\n' "${2:-ADDED}" "$1"
}
edge_upstream='{"edge":{"upstreams":[{"id":"u","nodes":[],"labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"Service/n/a"}}]}}'

@test "planes that make no sense are told, and take nothing off any data plane" {
    for odd in '["oops"]' '"oops"' '{"edge":"oops"}' '{"edge":{"upstreams":7}}'; do
        { object "$edge_upstream"; echo "$sync_line"; } | push >/dev/null
        { object "$edge_upstream"; echo "$sync_line"; object "$odd"; echo '{"type":"SYNC"}'; } | { run -1 push; }
        [ "$(jq -c '[.upstreams[].id]' edge.json)" = '["u"]' ]
        { object "$odd"; echo "$sync_line"; } | { run -1 push; }
        [ "$(jq -c '[.upstreams[].id]' edge.json)" = '["u"]' ]
    done
}

@test "what is deleted goes from every data plane, also by one that was not there when it came" {
    { object "$edge_upstream"; echo "$sync_line"; } | push >/dev/null
    { object '{}' DELETED; echo '{"type":"SYNC"}'; } | push >out
    [ "$(jq -c '[.upstreams // [] | .[].id]' edge.json)" = '[]' ]
    [ "$(jq -r 'select(.object).pushed[] | select(.plane == "edge").state' out)" = programmed ]
}

@test "a data plane that recovers is told of to its own records only" {
    mkdir locked.json
    { base && gateway inner && gateway edge && route a inner && route b edge; } >w.yaml
    once w.yaml >records
    { cat records; until [ -e out ] && grep -q SYNC out; do sleep 0.1; done; rmdir locked.json; echo '{"type":"SYNC"}'; } |
        { gw-push -q --to file:main.json --to edge=file:locked.json >out 2>err || [ $? = 4 ]; }
    [ "$(jq -r 'select(.object.metadata.name == "b").pushed[1].state' out | xargs)" = "failed programmed" ]
    [ "$(jq -c 'select(.object.metadata.name == "a").pushed | map(.state)' out)" = '["programmed"]' ]
}

@test "--gateway of a pipeline is a target for a Gateway, which several may share" {
    { base && gateway inner && gateway edge && gateway lab && route a inner && route b edge && route c lab; } >w.yaml
    gw-watch --once -q -f w.yaml | gw-pipe -q --to file:main.json --gateway infra/edge=file:edge.json --gateway=infra/lab=file:edge.json >out
    [ "$(ids main)|$(ids edge)" = "httproute.infra.a.0.0|httproute.infra.b.0.0 httproute.infra.c.0.0" ]
    [ "$(jq -c 'select(.object.metadata.name == "c").pushed | map(.plane)' out)" = '[null,"infra.edge"]' ]
    gw-diff w.yaml file:main.json --gateway infra/edge=file:edge.json --gateway infra/lab=file:edge.json
    # Names longer than a data plane's may be are told apart.
    long=$(printf 'x%.0s' {1..62})
    { base && gateway "${long}1" && gateway "${long}2" && route a "${long}1" && route b "${long}2"; } >w.yaml
    gw-watch --once -q -f w.yaml | gw-pipe -q --gateway "infra/${long}1=file:one.json" --gateway "infra/${long}2=file:two.json" >out
    [ "$(ids one)|$(ids two)" = "httproute.infra.a.0.0|httproute.infra.b.0.0" ]
    for bad in edge infra/edge infra/edge= /edge=file:x infra/=file:x a/b/c=file:x; do
        run -2 gw-pipe --gateway "$bad" </dev/null
        [[ $output == *"\"$bad\" is not NAMESPACE/NAME=TARGET"* ]]
    done
}

@test "without another name a data plane is called like its Gateway" {
    { base && gateway inner && gateway edge && route a inner && route b edge; } >w.yaml
    gw-watch --once -q -f w.yaml | gw-validate -q | gw-resolve-refs -q --data-plane infra/edge | gw-translate -q \
        | gw-push -q --gateway infra/edge=file:edge.json --to file:main.json >out
    [ "$(ids main)|$(ids edge)" = "httproute.infra.a.0.0|httproute.infra.b.0.0" ]
    [ "$(jq -c 'select(.object.metadata.name == "b").pushed | map([.plane, .state])' out)" = '[["infra.edge","programmed"],[null,"unchanged"]]' ]
    for bad in edge infra/edge infra/edge= /edge=file:x infra/=file:x a/b/c=file:x; do
        run -2 gw-push --gateway "$bad" </dev/null
        [[ $output == *"is not NAMESPACE/NAME=TARGET"* ]]
    done
    # It takes its place among the other targets.
    run -2 gw-push --gateway a/b=file:x.json --to file:y.json --gateway c/d=file:x.json </dev/null
    [[ $output == *'"file:x.json" is given twice'* ]]
}

@test "a data plane that no record is for keeps what it has, however little, unless that is meant" {
    { base && gateway edge && route b edge; } >w.yaml
    once w.yaml | push >/dev/null
    [ "$(ids edge)" = "httproute.infra.b.0.0" ]
    # The name is spelt otherwise to gw-resolve-refs.
    spelt() { gw-validate -q | gw-resolve-refs -q --data-plane infra/edge=egde | gw-translate -q; }
    run -1 bash -c "$(declare -f spelt push); gw-watch --once -q -f w.yaml | spelt | push"
    [[ $output == *'edge.json: refused: no record is for the data plane "edge", and 2 objects would be deleted; nothing was written (--force'* ]]
    [[ $output == *'edge.json: would delete routes "httproute.infra.b.0.0" of HTTPRoute/infra/b'* ]]
    [ "$(ids edge)" = "httproute.infra.b.0.0" ]
    # Its Gateway is gone: that looks the same to one who was not there before.
    base >w.yaml
    run -1 bash -c "$(declare -f translated push once); once w.yaml | push"
    [ "$(ids edge)" = "httproute.infra.b.0.0" ]
    once w.yaml | push --force >/dev/null
    [ "$(ids edge)" = "" ]
}

@test "hundreds of data planes are served by one process" {
    { base && for i in {1..300}; do gateway "g$i" && route "r$i" "g$i"; done; } >w.yaml
    to=() planes=()
    for i in {1..300}; do to+=(--to "p$i=file:p$i.json") planes+=(--data-plane "infra/g$i=p$i"); done
    gw-watch --once -q -f w.yaml | gw-validate -q | gw-resolve-refs -q "${planes[@]}" | gw-translate -q >records
    gw-push -q "${to[@]}" <records >out
    [ "$(jq -r '.routes[].id' p*.json | sort -u | wc -l)" = 300 ]
    [ "$(jq -c 'select(.object.metadata.name == "r7").pushed | map(.plane)' out)" = '["p7"]' ]
    # Nothing changed, nothing written.
    before=$(stat -c %i p*.json)
    gw-push -q "${to[@]}" <records >/dev/null
    [ "$(stat -c %i p*.json)" = "$before" ]
}

@test "names of data planes that cannot be are refused" {
    for bad in edge infra/ /edge infra/edge= infra/a/b "infra/$(printf 'x%.0s' {1..63})" 'infra/edge=a b' 'infra/edge=a;b' "infra/edge=$(printf 'x%.0s' {1..64})" =x; do
        run -2 gw-resolve-refs --data-plane "$bad" </dev/null
        [[ $output == *"is not NAMESPACE/NAME[=PLANE]"* ]]
    done
    run -2 gw-resolve-refs --data-plane a/b=c --data-plane a/b=d </dev/null
    run -2 gw-push --to a=b=file:x </dev/null
    run -2 gw-push --to a=file:x --to b=file:x </dev/null
}
