# gw-diff: what a push would change, for people.
load helpers
load double

setup() {
    cp -r "$shop" "$BATS_TEST_TMPDIR/shop"
    cd "$BATS_TEST_TMPDIR"
    rm shop/90-broken.yaml
    reconcile
}

reconcile() {
    gw-watch --once -f shop | gw-validate -q | gw-resolve-refs -q | gw-translate -q | gw-push -q --force --to file:live.json >/dev/null
}

@test "nothing to change: nothing said, exit code 0" {
    run -0 --separate-stderr gw-diff shop file:live.json
    [ "$output" = "" ]
}

@test "one changed field is one hunk, and nothing is written" {
    before=$(stat -c '%i %Y' live.json)
    sed -i 's/10\.2\.0\.12/10.2.0.99/' shop/50-services.yaml
    run -1 --separate-stderr gw-diff shop file:live.json
    [ "$(grep -c '^diff ' <<<"$output")" = 1 ]
    [ "$(head -n 3 <<<"$output")" = 'diff update upstreams/service.payments.payments.8443 (Service/payments/payments)
--- live/upstreams/service.payments.payments.8443
+++ wanted/upstreams/service.payments.payments.8443' ]
    [ "$(grep '^[-+] ' <<<"$output")" = '-      "host": "10.2.0.12",
+      "host": "10.2.0.99",' ]
    [ "$(stat -c '%i %Y' live.json)" = "$before" ]
    reconcile
    run -0 gw-diff shop file:live.json
}

@test "what is created and what goes, deletes last" {
    cp shop/20-storefront.yaml two.yaml
    sed -i 's/name: storefront/name: shopfront/' shop/20-storefront.yaml
    run -1 --separate-stderr gw-diff shop file:live.json
    grep -q '^diff create routes/httproute.shop.shopfront' <<<"$output"
    grep -q '^diff delete routes/httproute.shop.storefront' <<<"$output"
    [[ $(grep '^diff ' <<<"$output" | tail -n 1) == 'diff delete '* ]]
    [ "$(grep -c '^--- /dev/null$' <<<"$output")" = "$(grep -c '^diff create' <<<"$output")" ]
    [ "$(grep -c '^+++ /dev/null$' <<<"$output")" = "$(grep -c '^diff delete' <<<"$output")" ]
}

@test "secrets are not shown; that one differs is" {
    run gw-diff shop file:other.json
    [[ $output == *'"key": "<redacted>"'* && $output != *'PRIVATE KEY'* ]]
    jq -c '.ssls[0].key = "-----BEGIN PRIVATE KEY-----HUSH"' live.json >changed.json
    run -1 --separate-stderr gw-diff shop file:changed.json
    [[ ${#lines[@]} == 2 && ${lines[0]} == 'diff update ssls/gateway.infra.front_https ('* ]] || fail "$output"
    [[ ${lines[1]} == 'only members that are not shown differ'* ]]
}

@test "control characters reach no terminal, and nothing is left behind" {
    jq -c '.routes[0].desc = "\u001b[31m\u009b31m\u007f"' live.json >changed.json
    TMPDIR=$PWD/tmp && mkdir tmp && export TMPDIR
    run -1 --separate-stderr gw-diff shop file:changed.json
    [[ $output == *'\u001b[31m'* ]]
    run ! grep -q $'\xc2\x9b\|\x7f\|\e' <<<"$output"
    [ -z "$(ls -A tmp)" ]
}

@test "colour on a terminal only, and without NO_COLOR" {
    sed -i 's/10\.2\.0\.12/10.2.0.99/' shop/50-services.yaml
    export TERM=xterm
    NO_COLOR='' run script -qec "gw-diff shop file:live.json 2>/dev/null" /dev/null
    [[ $status == 1 && $output == *$'\e[31m-      "host": "10.2.0.12",\e[0m'* ]] || fail "$output"
    run script -qec "gw-diff shop file:live.json 2>/dev/null" /dev/null
    [[ $status == 1 && $output != *$'\e['* ]] || fail "$output"
}

@test "what cannot be said is exit code 2; findings are not that" {
    run -2 gw-diff no-such-directory file:live.json
    run -2 gw-diff shop file:no/such/live.json
    run -2 gw-diff shop ftp:x
    run -2 gw-diff shop
    # Whatever the reason that it cannot be asked.
    export APISIX_ADMIN_KEY=wrong
    double_start
    run -2 gw-diff shop "admin:$apisix_url"
    run -2 gw-diff shop "admin:$apisix_control"
    double_stop
    echo 'a: 1' >cut.yaml
    run -2 gw-diff shop file:cut.yaml
    mkdir torn && cp -r shop/* torn && echo 'a: [' >torn/bad.yaml
    run -2 gw-diff torn file:live.json
    cp "$shop/90-broken.yaml" shop
    run -0 --separate-stderr gw-diff shop file:live.json
    [[ $stderr == *field-unknown* ]]
}

@test "with several targets each section says which it is at" {
    sed -i 's/10\.2\.0\.12/10.2.0.99/' shop/50-services.yaml
    run -1 --separate-stderr gw-diff shop file:live.json
    [[ $output == "diff update upstreams/"* && $output != *" at file:"* ]]
    run -1 --separate-stderr gw-diff shop --to file:live.json --to file:other.json
    [[ $output == "diff update upstreams/"*" at file:live.json"*"diff create "*" at file:other.json"* ]]
}

@test "against an Admin API: what the server adds, and does not give back, is no difference" {
    export APISIX_ADMIN_KEY=edd1c9f034335f136f87ad84b625c8f1
    double_start -- --old
    target=admin:$apisix_url
    gw-watch --once -f shop | gw-validate -q | gw-resolve-refs -q | gw-translate -q | gw-push -q --to "$target" >/dev/null
    run -0 --separate-stderr gw-diff shop "$target"
    sed -i 's/10\.2\.0\.12/10.2.0.99/; ' shop/50-services.yaml
    sed -i 's/bookshop\.example/bookshop.test/' shop/10-gateway.yaml
    run -1 --separate-stderr gw-diff shop "$target"
    double_stop
    changed=$(grep '^[-+] ' <<<"$output" | grep -v '/')
    grep -q '^-      "host": "10.2.0.12",$' <<<"$changed"
    grep -q '^-    "\*.bookshop.example"$' <<<"$changed"
    run ! grep -qE '"(key|status|hash_on|gwpipe-hash|create_time)"' <(sed -n '/^diff update/,/^diff [cd]/p' <<<"$output" | grep '^[-+]')
}
