# The scripts in pipelines/: the product's front door.
load helpers

scripts=(gw-lint gw-pipe gw-render gw-diff gw-reconcile gw-summary gw-redact)

# A copy of the shop that may be spoilt.
setup() {
    cp -r "$shop" "$BATS_TEST_TMPDIR/shop"
    cd "$BATS_TEST_TMPDIR"
}

@test "--help explains each script" {
    for script in "${scripts[@]}"; do
        for option in -h --help; do
            run --separate-stderr "$script" $option
            [[ $status == 0 && $output == "usage: $script "* && $stderr == "" && ${#lines[@]} -ge 3 ]] || fail "$script: $output"
            # The comment at its head, and no other.
            diff <(sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$(command -v "$script")") <(echo "$output")
        done
    done
}

@test "without arguments, exit code 2 and a hint" {
    for script in gw-lint gw-render gw-diff gw-reconcile; do
        run --separate-stderr "$script" </dev/null
        [[ $status == 2 && $output == "" && $stderr == "$script: error: "*--help* ]] || fail "$script: $status $stderr"
    done
}

@test "gw-render prints nothing for a directory that is not there" {
    run --separate-stderr gw-render shoop
    [[ $status == 4 && $output == "" && $stderr == *'"shoop" cannot be read'* ]] || fail "$status: $output $stderr"
}

@test "gw-summary takes no files" {
    run -2 --separate-stderr gw-summary shop/20-storefront.yaml
    [[ $output == "" && $stderr == *"read from stdin"* ]] || fail "$stderr"
}

@test "scripts find the tools beside themselves" {
    bin=$(dirname "$(command -v gw-render)")
    ln -s "$bin/gw-render" linked
    PATH=/usr/bin:/bin run -1 --separate-stderr ./linked shop --format json
    jq -e '.routes | length > 0' <<<"$output"
}

@test "gw-lint prints findings on stdout as FILE:LINE: and exits 1" {
    run --separate-stderr gw-lint shop
    [[ $status == 1 && $stderr == "" ]] || fail "$status: $stderr"
    errors=$(grep ': error: ' <<<"$output")
    grep -qE '^shop/90-broken.yaml:1[0-9]: error: HTTPRoute shop/gift-cards: spec.rules\[0\].matches\[0\].path.type: .*\[[a-z-]+\]$' <<<"$output" || fail "$output"
    grep -qE '^shop/90-broken.yaml:[0-9]+: error: .*timeout.*\[field-unknown\]$' <<<"$output"
    [[ $(grep -vc '^shop/90-broken.yaml:' <<<"$errors") == 0 ]] || fail "$errors"
    [[ $output == "$(gw-lint shop)" ]] || [[ $(gw-lint shop) == "$output" ]]
}

@test "gw-lint exits 0 without errors" {
    rm shop/90-broken.yaml
    run gw-lint shop
    [[ $status == 0 && $output != *error:* ]] || fail "$output"
}

@test "gw-lint takes several files" {
    run -1 gw-lint shop/[1-5]*.yaml shop/90-broken.yaml
    [[ $output == *90-broken.yaml:* ]]
}

@test "gw-lint exits 4, not 1, when it could not read" {
    run --separate-stderr gw-lint no-such-directory
    [[ $status == 4 && $output == "" && $stderr == *no-such-directory* ]] || fail "$status: $output $stderr"
    printf 'kind: [\n' >shop/60-torn.yaml
    run --separate-stderr gw-lint shop
    [[ $status == 1 && $output == *60-torn.yaml:2:* ]] || fail "$status: $output"
}

@test "gw-render prints the document and exits as its worst stage" {
    run -1 --separate-stderr gw-render shop --format json
    jq -e '(.routes | length > 5) and (.upstreams | length == 5) and (.ssls | length == 1)' <<<"$output"
    rm shop/90-broken.yaml
    run -0 --separate-stderr gw-render shop
    [[ $output == *$'\n#END' ]]
    run --separate-stderr gw-render no-such-directory
    [[ $status == 4 ]] || fail "$status"
}

@test "a broken route changes nothing about the others" {
    gw-render shop 2>/dev/null >with || true
    rm shop/90-broken.yaml
    gw-render shop 2>/dev/null >without
    diff with without
}

@test "gw-reconcile follows the directory and takes a signal as the end" {
    gw-reconcile shop file:apisix.yaml 2>err 3>&- &
    pid=$!
    wait_for test -s apisix.yaml
    grep -q 'www.bookshop.example' apisix.yaml
    cp apisix.yaml before
    sed -i 's/www\.bookshop/shop.bookshop/' shop/20-storefront.yaml
    wait_for grep -q shop.bookshop.example apisix.yaml
    grep -q '10.1.2.11' apisix.yaml
    sed -i 's/shop\.bookshop/www.bookshop/' shop/20-storefront.yaml
    wait_for cmp -s before apisix.yaml
    rm shop/30-api.yaml
    wait_for bash -c '! grep -q api.bookshop.example apisix.yaml'
    cp apisix.yaml before
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    ((status <= 1)) || fail "exit code $status: $(<err)"
    cmp before apisix.yaml
}

@test "gw-reconcile ends when a stage does, though nothing changes" {
    run --separate-stderr timeout 10 gw-reconcile shop nonsense 3>&-
    [[ $status == 2 && $stderr == *"gw-push: error: --to: "* ]] || fail "$status: $stderr"
}

wait_for() {
    for ((i = 0; i < 100; i++)); do
        "$@" && return 0
        sleep 0.1
    done
    fail "waited 10 s for: $* ($(cat err))"
}

@test "gw-summary shows listeners, routes, endpoints and what was refused" {
    gw-watch --once -f shop | gw-validate 2>/dev/null | gw-resolve-refs 2>/dev/null | gw-summary >seen || true
    grep -qE '^infra/front +https +HTTPS:443 +\*\.bookshop\.example +[0-9]+ +ready' seen || fail "$(<seen)"
    grep -qE '^shop/storefront +www.* +/\* +web:80 90% \(3\), web-next:80 10% \(1\) +ok' seen || fail "$(<seen)"
    grep -qE '^shop/catalogue .*recommendations:8080 \(0\)' seen || fail "$(<seen)"
    grep -qE '^HTTPRoute shop/gift-cards \(shop/90-broken.yaml' seen || fail "$(<seen)"
    run ! grep -q $'\033' seen
    grep -qE 'error: spec.rules\[0\].timeout' seen
}

@test "gw-summary says what nobody serves, and what a broken backend was to be" {
    cat >routes.yaml <<'EOF'
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: lost, namespace: shop}
spec:
  parentRefs: [{name: no-such-gateway}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: astray, namespace: shop}
spec:
  parentRefs: [{name: front, namespace: infra}]
  hostnames: [astray.example]
  rules: [{backendRefs: [{name: web, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: broken, namespace: shop}
spec:
  parentRefs: [{name: front, namespace: infra}]
  hostnames: [broken.bookshop.example]
  rules:
  - backendRefs: [{name: gone, port: 80}]
  - matches: [{path: {value: /pay}}]
    backendRefs:
    - {name: web, port: 80, weight: 2}
    - {name: web, port: 81}
    - {name: secrets, namespace: vault, port: 443}
    - {name: payments, namespace: payments, port: 8443, weight: 0}
EOF
    mv routes.yaml shop
    gw-watch --once -f shop | gw-validate -q 2>/dev/null | gw-resolve-refs -q 2>/dev/null >records || true
    gw-summary <records >seen
    grep -qE '^shop/lost +- +/\* +web:80 \(3\) +not served$' seen || fail "$(<seen)"
    grep -qE '^shop/astray +astray.example +/\* +web:80 \(3\) +NoMatchingListenerHostname$' seen || fail "$(<seen)"
    grep -qE '^shop/broken .* /\* +gone:80 \(BackendNotFound\) +BackendNotFound$' seen || fail "$(<seen)"
    grep -qF 'web:80 50% (3), web:81 25% (BackendNotFound), vault/secrets:443 25% (RefNotPermitted), payments/payments:8443 0% (2)' seen || fail "$(<seen)"
    # Without the objects the states are left.
    gw-translate -q <records | gw-summary >seen
    grep -qE '^shop/lost .*not served$' seen || fail "$(<seen)"
    grep -qE '^shop/storefront .*ok$' seen || fail "$(<seen)"
    gw-watch --once -f shop | gw-summary >seen
    grep -qF 'vault/secrets:443 25%, payments/payments:8443 0%' seen || fail "$(<seen)"
}

@test "gw-summary takes records of every stage" {
    for stage in gw-watch gw-validate gw-resolve-refs gw-translate; do
        up_to $stage | gw-summary >seen || fail "$stage"
        grep -q '^shop/storefront' seen || fail "$stage: $(<seen)"
        run ! grep -q 'not end in a SYNC' seen
    done
}

@test "gw-summary shows calls of GRPCRoutes" {
    printf '%s\n' '{"type":"ADDED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"GRPCRoute","metadata":{"name":"calls"},"spec":{"rules":[{"matches":[{"method":{"service":"shop.Stock","method":"Get"}},{"method":{"type":"RegularExpression","method":"G.*"},"headers":[{"name":"a","value":"b"}]},{}]}]}}}' |
        gw-summary >seen
    grep -q 'calls *- *shop.Stock/Get ' seen
    grep -q 'calls *- *~ \*/G.\* a:b ' seen
    grep -q 'calls *- */\* ' seen
}

@test "gw-summary does not let names drive the terminal" {
    run bash -c 'printf "%s\n" "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"HTTPRoute\",\"metadata\":{\"name\":\"a\\u001b[31m\"},\"spec\":{\"hostnames\":[\"\\u0007\"]}}}" | gw-summary'
    [[ $status == 0 && $output != *$'\033'* && $output != *$'\007'* && $output == *"stream did not end in a SYNC"* ]]
}

@test "gw-redact takes out every secret and nothing else" {
    key=$(sed -n 's/^ *tls.key: //p' shop/10-gateway.yaml)
    pem=$(base64 -d <<<"$key" | sed -n 2p)
    for stage in gw-watch gw-validate gw-resolve-refs gw-translate; do
        up_to $stage >all
        gw-redact <all >redacted
        run ! grep -qE "${key:60:40}|${pem//+/\\+}|PRIVATE KEY" redacted
        [[ $(wc -l <all) == $(wc -l <redacted) ]] || fail "$stage: lines are lost"
        grep -qE "${key:60:40}|PRIVATE KEY" all || [[ $stage == gw-validate ]] || fail "$stage: nothing to redact?"
        diff <(jq -S 'select(.object.kind? != "Secret") | del(.. | .certificates?, .ssls?)' all) \
            <(jq -S 'select(.object.kind? != "Secret") | del(.. | .certificates?, .ssls?)' redacted) || fail "$stage"
    done
}

@test "gw-redact takes out the credentials in the kinds of APISIX" {
    for stage in cat gw-validate; do
        gw-watch --once -f "$root/tests/golden/gw-validate/valid-kinds-of-APISIX.in.yaml" | $stage 2>/dev/null | gw-redact >redacted
        run ! grep -q 'not-to-be-shown' redacted
        grep -q '"name":"jack"' redacted
        [[ $(jq -r 'select(.object.kind == "GatewayProxy").object.spec.provider.controlPlane.service.port' redacted) == 9180 ]]
    done
}

@test "gw-redact takes out what those become, and the keys of control planes" {
    cat >proxy.yaml <<'EOF'
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: apisix}
spec: {controllerName: gwpipe.dev/apisix}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: apisix
  infrastructure: {parametersRef: {group: apisix.apache.org, kind: GatewayProxy, name: edge}}
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: apisix.apache.org/v1alpha1
kind: GatewayProxy
metadata: {name: edge}
spec:
  provider:
    type: ControlPlane
    controlPlane: {endpoints: ["http://a.example:9180"], auth: {type: AdminKey, adminKey: {value: not-to-be-shown}}}
  plugins: [{name: http-logger, config: {uri: "http://a.example", auth_header: not-to-be-shown}}]
  pluginMetadata: {http-logger: {log_format: {x: not-to-be-shown}}}
---
apiVersion: apisix.apache.org/v1alpha1
kind: PluginConfig
metadata: {name: logs}
spec: {plugins: [{name: http-logger, config: {uri: not-to-be-shown}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: logged}
spec:
  parentRefs: [{name: edge}]
  rules:
  - filters:
    - {type: ExtensionRef, extensionRef: {group: apisix.apache.org, kind: PluginConfig, name: logs}}
    - {type: URLRewrite, urlRewrite: {hostname: to-be-shown.example}}
EOF
    for options in "" --gateway-proxies; do
        for stages in cat gw-validate "gw-validate | gw-resolve-refs $options" "gw-validate | gw-resolve-refs $options | gw-translate"; do
            gw-watch --once -f proxy.yaml | bash -c "$stages" 2>/dev/null >all || true
            gw-redact <all >redacted
            grep -q not-to-be-shown all
            run ! grep not-to-be-shown redacted
            [[ $(grep -c 'to-be-shown.example' all) == $(grep -c 'to-be-shown.example' redacted) ]]
            [[ $(wc -l <all) == $(wc -l <redacted) ]]
        done
    done
    gw-redact <<<'{"apisix":{"consumers":7,"routes":[1]},"planes":{"a":[],"b":{"plugin_metadata":["x"]}},"resolved":"x"}' |
        jq -e '.planes.b.plugin_metadata == ["(redacted)"]'
}

@test "gw-pipe gives each option to the stages that have it" {
    for tool in gw-validate gw-resolve-refs gw-translate gw-push; do
        for option in $($tool --help | sed -nE 's/^ +(-., )?(--[a-z0-9-]+)(=.*)?  +.*/\2\3/p' | grep -vE '^--(help|version|print-config)'); do
            words=("${option%%=*}")
            [[ $option != *=* ]] || words+=(nonsense)
            run -2 --separate-stderr gw-pipe "${words[@]}" --nonsense </dev/null
            [[ $stderr != *"option ${words[0]} ("* ]] || fail "$tool $option: $stderr"
            [[ $option != *=* ]] || run -2 --separate-stderr gw-pipe "${words[0]}=nonsense" --nonsense </dev/null
            [[ $stderr != *"option ${words[0]} ("* ]] || fail "$tool $option: $stderr"
        done
    done
    run -2 --separate-stderr gw-pipe --nonsense </dev/null
    [[ $stderr == *"option --nonsense ("* ]] || fail "$stderr"
    gw-watch --once -q -f shop | gw-pipe -q --instance blue --port-map 443:9443 --data-plane infra/front=front --to front=file:a.json >pushed || true
    jq -e '[.routes[].labels."gwpipe-instance"] | unique == ["blue"]' a.json
    jq -e 'select(.type == "SYNC") | .full' pushed
    run -2 gw-pipe --port-map
    [[ $output == *"--port-map needs an argument"* ]]
}

@test "gw-pipe takes a signal as the end of its input, and leaves no stage behind" {
    mkfifo in
    for signal in TERM INT HUP; do
        rm -f a.json
        exec 9>lock && flock 9 # as long as one of them is there
        # What runs in the background ignores INT unless it is told not to.
        env --default-signal=INT gw-pipe -q --to file:a.json <in >pushed 2>err 3>&- &
        pid=$!
        exec 8>in 9>&-
        up_to gw-watch >&8
        wait_for grep -q '"SYNC"' pushed
        run ! flock -n lock true
        kill -s $signal "$pid"
        status=0
        wait "$pid" || status=$?
        [[ $status == 0 && ! -s err ]] || fail "$signal: exit code $status: $(<err)"
        flock -n lock true || fail "$signal: a stage is left"
        [[ $(jq '.routes | length' a.json) -gt 5 ]]
        exec 8>&-
    done
}

@test "gw-pipe that is told to end exits as those stages do that end by themselves" {
    rm shop/50-services.yaml
    mkfifo in
    gw-pipe -q --to file:a.json <in >pushed 2>err 3>&- &
    pid=$!
    exec 8>in
    gw-watch --once -q -f shop >&8
    wait_for grep -q '"SYNC"' pushed
    kill "$pid"
    status=0
    wait "$pid" || status=$?
    [[ $status == 1 && $(<err) != *Terminated* ]] || fail "exit code $status: $(<err)"
}

@test "gw-pipe exits as the worst of its stages, whichever it is" {
    up_to gw-watch >fine
    gw-watch --once -f shop >broken
    run -0 --separate-stderr gw-pipe -q --to file:a.json <fine
    run -1 --separate-stderr gw-pipe -q --to file:a.json <broken
    run -3 --separate-stderr gw-pipe -q --to file:a.json < <(echo nonsense && cat broken)
    run -4 --separate-stderr gw-pipe -q --to file:no-such/a.json <broken
}

@test "a full SYNC of nothing, with --force, removes what one instance made and nothing else" {
    echo '{"upstreams":[{"id":"theirs","nodes":{"10.0.0.9:80":1}}]}' >a.json
    cp a.json theirs.json
    up_to gw-watch >all
    gw-pipe -q --instance blue --port-map 443:9443 --to file:a.json <all >/dev/null
    jq -S . a.json >blue.json
    gw-watch --once -q -f "$root/tests/golden/pipeline/HTTPRouteWeight.in.yaml" | gw-pipe -q --to file:a.json >/dev/null
    jq -e '[.routes[].labels."gwpipe-instance"] | unique == ["blue", "default"]' a.json
    echo '{"type":"SYNC","full":true}' | gw-push --force --to file:a.json
    diff blue.json <(jq -S . a.json)
    echo '{"type":"SYNC","full":true}' | gw-push --force --instance blue --to file:a.json
    diff <(jq -c '.upstreams' theirs.json) <(jq -c .upstreams a.json)
    jq -e '[.routes, .ssls | length] == [0, 0]' a.json
}

@test "gw-render refuses to write anywhere" {
    for option in --to --to=file:x.json --gateway-proxies --gateway --gateway=a/b=file:x.json; do
        run -2 --separate-stderr gw-render shop $option
        [[ $stderr == *"gw-render only prints"* && $output == "" ]]
    done
}

@test "a route that breaks keeps what it has live, its upstreams too" {
    push() {
        gw-watch --once -f shop | gw-validate -q 2>err | gw-resolve-refs -q | gw-translate -q |
            gw-push --to file:apisix.yaml >pushed || true
    }
    rm shop/90-broken.yaml
    push
    cp apisix.yaml before
    sed -i 's/type: RegularExpression/type: Regex/' shop/30-api.yaml
    push
    grep -q 'shop/catalogue' err
    diff before apisix.yaml
    # And it is gone when it is.
    rm shop/30-api.yaml
    push
    run ! grep -q 'catalogue' apisix.yaml
}
