load helpers

class() { # CONTROLLER
    printf '%s\n' '{"type":"ADDED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"GatewayClass",
        "metadata":{"name":"c"},"spec":{"controllerName":"'"$1"'"}}}' | jq -c .
    echo "$sync_line"
}

@test "a GatewayClass of ours lists the features of features.def, sorted" {
    class gwpipe.dev/apisix | gw-resolve-refs | jq -r '.status.supportedFeatures[]?.name' >"$BATS_TEST_TMPDIR/seen"
    sed -n 's/^FEATURE("\([A-Za-z0-9]*\)".*/\1/p' "$root/lib/gw/features.def" | sort >"$BATS_TEST_TMPDIR/expected"
    diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/seen"
    [[ $(wc -l <"$BATS_TEST_TMPDIR/seen") -le 64 ]]
    grep -qx HTTPRoute "$BATS_TEST_TMPDIR/seen"
}

@test "another controller's class gets no status" {
    class example.com/other | gw-resolve-refs | jq -e -s 'all(.status == null)'
}
