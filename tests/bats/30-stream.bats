# Streams: what every stage does with what it gets.
load helpers

# Runs TOOL on file IN; sets $status and leaves out and err in the temporary directory.
feed() { # TOOL IN ARGS...
    local tool=$1 in=$2
    shift 2
    status=0
    call "$tool" "$@" <"$in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
}

@test "no input is no output" {
    for tool in "${filters[@]}"; do
        feed "$tool" /dev/null
        [[ $status == 0 && ! -s $BATS_TEST_TMPDIR/out && ! -s $BATS_TEST_TMPDIR/err ]] || fail "$tool: $status"
    done
}

@test "blank lines are skipped" {
    printf '\n \n\t\r\n%s\n\n' "$sync_line" >"$BATS_TEST_TMPDIR/in"
    for tool in "${filters[@]}"; do
        feed "$tool" "$BATS_TEST_TMPDIR/in"
        [[ $status == 0 && $(<"$BATS_TEST_TMPDIR/out") == "$sync_line" ]] || fail "$tool: $status"
    done
}

@test "records of unknown type pass unchanged, byte for byte" {
    printf '%s\n' '{"type":"BOOKMARK","object":{"kind":"X",  "metadata":{"resourceVersion":"7"}}, "é":1.50e3}' \
        '{ "type" : "TELEMETRY" , "n" : 12345678901234567890 }' "$sync_line" >"$BATS_TEST_TMPDIR/in"
    for tool in "${filters[@]}"; do
        feed "$tool" "$BATS_TEST_TMPDIR/in"
        diff "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out" || fail "$tool: $status"
        [[ $status == 0 ]] || fail "$tool: $status: $(<"$BATS_TEST_TMPDIR/err")"
    done
}

@test "unknown kinds and unknown members pass" {
    { jq -c '."example.com/note" = {n: 1, list: [true, null]}' <(records 3) && echo "$sync_line"; } >"$BATS_TEST_TMPDIR/in"
    for tool in "${filters[@]}"; do
        feed "$tool" "$BATS_TEST_TMPDIR/in"
        [[ $status == 0 ]] || fail "$tool: $status: $(<"$BATS_TEST_TMPDIR/err")"
        [[ $(jq -c 'select(."example.com/note" == {n: 1, list: [true, null]}) | .object.metadata.name' "$BATS_TEST_TMPDIR/out" | sort | tr -d '\n') == '"w0""w1""w2"' ]] ||
            fail "$tool: $(<"$BATS_TEST_TMPDIR/out")"
    done
}

@test "unknown members of known kinds pass every stage that forwards the kind" {
    up_to gw-watch | jq -c 'if .object then ."example.com/note" = .object.metadata.name else . end' >"$BATS_TEST_TMPDIR/in"
    gw-validate <"$BATS_TEST_TMPDIR/in" | gw-resolve-refs -q | gw-translate -q >"$BATS_TEST_TMPDIR/out"
    jq -e -s '[.[] | select(.object)] | length > 5 and all(."example.com/note" == .object.metadata.name)' "$BATS_TEST_TMPDIR/out"
}

@test "a line that is no record is reported with its number, skipped, and exits 3" {
    bad=('nonsense' '7' '[]' '{"type":"ADDED"' '{"type":"ADDED","object":7}' '{"type":7}' '"x"' $'\xff\xfe' 'null'
        '{"type":"ADDED","object":{"a":"\u0000"}}')
    for line in "${bad[@]}"; do
        printf '%s\n%s\n%s\n' '{"type":"X"}' "$line" '{"type":"Y"}' >"$BATS_TEST_TMPDIR/in"
        for tool in "${filters[@]}"; do
            feed "$tool" "$BATS_TEST_TMPDIR/in"
            [[ $status == 3 ]] || fail "$tool: $line: exit $status"
            [[ $(<"$BATS_TEST_TMPDIR/err") == "$tool: stdin:2: error: "* ]] || fail "$tool: $line: $(<"$BATS_TEST_TMPDIR/err")"
            [[ $(<"$BATS_TEST_TMPDIR/out") == '{"type":"X"}'$'\n''{"type":"Y"}' ]] || fail "$tool: $line: $(<"$BATS_TEST_TMPDIR/out")"
        done
    done
}

@test "pretty-printed input gets a hint" {
    echo '{"type":"X"}' | jq . >"$BATS_TEST_TMPDIR/in"
    feed gw-translate "$BATS_TEST_TMPDIR/in"
    [[ $status == 3 ]]
    grep -q 'jq -c' "$BATS_TEST_TMPDIR/err"
}

@test "a last line without newline was cut: it is not used, however complete, and exits 3" {
    printf '%s\n%s' '{"type":"X"}' '{"type":"Y"}' >"$BATS_TEST_TMPDIR/in"
    for tool in "${filters[@]}"; do
        feed "$tool" "$BATS_TEST_TMPDIR/in"
        [[ $status == 3 && $(<"$BATS_TEST_TMPDIR/out") == '{"type":"X"}' ]] || fail "$tool: $status"
        grep -q 'stdin:2: .*cut' "$BATS_TEST_TMPDIR/err" || fail "$tool: $(<"$BATS_TEST_TMPDIR/err")"
    done
}

@test "a NUL byte makes a line none" {
    printf '{"type":"X"}\n{"type":"Y\0"}\n\0\n{"type":"Z"}\n' >"$BATS_TEST_TMPDIR/in"
    for tool in "${filters[@]}"; do
        feed "$tool" "$BATS_TEST_TMPDIR/in"
        [[ $status == 3 && $(tr -d '\n' <"$BATS_TEST_TMPDIR/out") == '{"type":"X"}{"type":"Z"}' ]] || fail "$tool: $status"
    done
}

@test "a line of 9 MiB is skipped, one of 7 MiB is not" {
    python3 - >"$BATS_TEST_TMPDIR/in" <<'PY'
for n in 9, 7:
    print('{"type":"X%d","pad":"%s"}' % (n, "x" * (n << 20)))
print('{"type":"Z"}')
PY
    for tool in "${filters[@]}"; do
        feed "$tool" "$BATS_TEST_TMPDIR/in"
        [[ $status == 3 && $(cut -c1-12 <"$BATS_TEST_TMPDIR/out" | tr -d '\n') == '{"type":"X7"{"type":"Z"}' ]] || fail "$tool: $status"
        grep -q 'stdin:1: error: .*8 MiB' "$BATS_TEST_TMPDIR/err" || fail "$tool: $(<"$BATS_TEST_TMPDIR/err")"
    done
}

@test "nesting of 300 is refused, of 90 is not" {
    python3 - >"$BATS_TEST_TMPDIR/in" <<'PY'
for n in 300, 100000, 90:
    print('{"type":"X","deep":%s%s}' % ("[" * n, "]" * n))
print('{"type":"Z"}')
PY
    for tool in "${filters[@]}"; do
        feed "$tool" "$BATS_TEST_TMPDIR/in"
        [[ $status == 3 && $(wc -l <"$BATS_TEST_TMPDIR/out") == 2 ]] || fail "$tool: $status"
    done
}

@test "messages never carry control characters" {
    printf '%s\n' '{"type":"ADDED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"a\u001b[31m\u0007\r\nb","namespace":"\u009b2J"},"spec":{"\u001b]0;x\u0007":1}}}' "$sync_line" >"$BATS_TEST_TMPDIR/in"
    gw-validate <"$BATS_TEST_TMPDIR/in" 2>"$BATS_TEST_TMPDIR/err" | gw-resolve-refs 2>>"$BATS_TEST_TMPDIR/err" | gw-translate 2>>"$BATS_TEST_TMPDIR/err" >/dev/null || true
    [[ -s $BATS_TEST_TMPDIR/err ]]
    run ! grep -qP '[\x00-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/err"
}

@test "a closed stdout exits 4 and says so" {
    for tool in "${tools[@]}"; do
        run bash -c "$tool --help >&-"
        [[ $status == 4 && $output == *stdout* ]] || fail "$tool: $status: $output"
    done
}

@test "a closed stdin exits 4 and says so" {
    for tool in "${filters[@]}" "gw-push --to file:/dev/null.json"; do
        run bash -c "$tool <&-"
        [[ $status == 4 && $output == *stdin* ]] || fail "$tool: $status: $output"
    done
}

@test "a full disk exits 4 and says so" {
    { records 10 && echo "$sync_line"; } >"$BATS_TEST_TMPDIR/in"
    for tool in gw-watch "${filters[@]}"; do
        status=0
        call "$tool" <"$BATS_TEST_TMPDIR/in" >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
        [[ $status == 4 ]] || fail "$tool: $status"
        grep -q 'stdout' "$BATS_TEST_TMPDIR/err" || fail "$tool: $(<"$BATS_TEST_TMPDIR/err")"
    done
}

@test "a reader that is gone ends a stage quietly" {
    { records 5000 && echo "$sync_line"; } >"$BATS_TEST_TMPDIR/in"
    for tool in "${filters[@]}"; do
        set +e +o pipefail
        # Longer than a pipe holds, so that the write must fail; also where the parent ignores SIGPIPE.
        (trap '' PIPE && "$tool" <"$BATS_TEST_TMPDIR/in" 2>"$BATS_TEST_TMPDIR/err"; echo $? >"$BATS_TEST_TMPDIR/rc") | head -n 1 >/dev/null
        set -e
        [[ $(<"$BATS_TEST_TMPDIR/rc") == 141 && ! -s $BATS_TEST_TMPDIR/err ]] || fail "$tool: $(cat "$BATS_TEST_TMPDIR"/{rc,err})"
    done
}

@test "each record is passed on at once, not when a buffer is full" {
    for tool in gw-validate gw-translate; do
        mkfifo "$BATS_TEST_TMPDIR/$tool.in" "$BATS_TEST_TMPDIR/$tool.out"
        "$tool" <"$BATS_TEST_TMPDIR/$tool.in" >"$BATS_TEST_TMPDIR/$tool.out" 3>&- &
        exec 7>"$BATS_TEST_TMPDIR/$tool.in" 8<"$BATS_TEST_TMPDIR/$tool.out"
        for i in 1 2 3; do
            echo "{\"type\":\"X$i\"}" >&7
            read -r -t 10 line <&8 || fail "$tool keeps record $i"
            [[ $line == "{\"type\":\"X$i\"}" ]]
        done
        exec 7>&- 8<&-
        wait
    done
}

@test "gw-resolve-refs: the end of the stream is not a SYNC" {
    up_to gw-validate >"$BATS_TEST_TMPDIR/all"
    sed '$d' "$BATS_TEST_TMPDIR/all" >"$BATS_TEST_TMPDIR/in"
    feed gw-resolve-refs "$BATS_TEST_TMPDIR/in"
    [[ $status == 3 && ! -s $BATS_TEST_TMPDIR/out && -s $BATS_TEST_TMPDIR/err ]]
}

@test "gw-push: the end of the stream is not a SYNC" {
    up_to gw-translate >"$BATS_TEST_TMPDIR/all"
    gw-push --to "file:$BATS_TEST_TMPDIR/apisix.yaml" <"$BATS_TEST_TMPDIR/all" >"$BATS_TEST_TMPDIR/out"
    cp -p "$BATS_TEST_TMPDIR/apisix.yaml" "$BATS_TEST_TMPDIR/before"
    for cut in '$d' '2,$d' '1,$d'; do
        status=0
        sed "$cut" "$BATS_TEST_TMPDIR/all" | gw-push --to "file:$BATS_TEST_TMPDIR/apisix.yaml" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
        cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/apisix.yaml" || fail "cut $cut changed the target"
        [[ $cut == '1,$d' || $status == 3 ]] || fail "cut $cut: exit $status"
    done
}

@test "no secret in messages, arguments or environment" {
    key=$(sed -n 's/^ *tls.key: //p' "$shop/10-gateway.yaml" | base64 -d | sed -n 2p)
    [[ -n $key ]]
    { gw-watch -v --once -f "$shop" | gw-validate -v | gw-resolve-refs -v | gw-translate -v |
        gw-push -v --to "file:$BATS_TEST_TMPDIR/a.yaml" >"$BATS_TEST_TMPDIR/out"; } 2>"$BATS_TEST_TMPDIR/err" || true
    run ! grep -qF "$key" "$BATS_TEST_TMPDIR/err" "$BATS_TEST_TMPDIR/out"
    # A key that does not fit its certificate is complained about without being shown.
    gw-watch --once -f "$shop" | jq -c 'if .object.kind == "Secret" then .object.data["tls.key"] |= (@base64d | sub("A"; "B") | @base64) else . end' |
        gw-validate -v 2>"$BATS_TEST_TMPDIR/err" | gw-resolve-refs -v >/dev/null 2>>"$BATS_TEST_TMPDIR/err" || true
    run ! grep -qF "${key:8:20}" "$BATS_TEST_TMPDIR/err"
}

@test "a filter that waits for input ends when its reader does" {
    for tool in gw-validate gw-resolve-refs gw-translate; do
        mkfifo "$BATS_TEST_TMPDIR/$tool"
        exec 9<>"$BATS_TEST_TMPDIR/$tool" # nothing comes, and no end either
        { timeout 10 "$tool" <&9 9<&- 3>&- || echo $? >"$BATS_TEST_TMPDIR/code"; } | true
        exec 9>&-
        [[ $(<"$BATS_TEST_TMPDIR/code") == 141 ]] || fail "$tool: $(<"$BATS_TEST_TMPDIR/code")"
    done
}

@test "routes of two kinds with one name and age have one order, whichever comes first" {
    one=$(jq -c . <<<'{"type":"ADDED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"x","namespace":"a"},
        "spec":{"parentRefs":[{"name":"gw"}],"rules":[{}]}}}')
    class='{"type":"ADDED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"GatewayClass","metadata":{"name":"c"},"spec":{"controllerName":"gwpipe.dev/apisix"}}}'
    gateway='{"type":"ADDED","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"gw","namespace":"a"},
        "spec":{"gatewayClassName":"c","listeners":[{"name":"http","port":80,"protocol":"HTTP","allowedRoutes":{"namespaces":{"from":"Same"}}}]}}}'
    for options in "" --share-hostnames; do
        for order in "$one|${one/HTTPRoute/GRPCRoute}" "${one/HTTPRoute/GRPCRoute}|$one"; do
            jq -c . <<<"$class $gateway ${order/|/ {\"type\":\"SYNC\"\} } $sync_line" | gw-validate -q |
                { gw-resolve-refs -q $options || true; } | sed '1,/"SYNC"/d'
        done >"$BATS_TEST_TMPDIR/seen$options"
        [[ $(sort "$BATS_TEST_TMPDIR/seen$options" | uniq -c | awk '$1 != 2') == "" ]]
    done
    grep -q '"ranks":\[\[1\]\]' "$BATS_TEST_TMPDIR/seen--share-hostnames"
    run ! grep -q '"ranks"' "$BATS_TEST_TMPDIR/seen"
}
