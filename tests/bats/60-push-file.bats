# gw-push and the file that APISIX reads: what is replaced, when, and what never is.
load helpers

setup() {
    dir=$(mktemp -d "$BATS_TEST_TMPDIR/push.XXXX")
    file=$dir/apisix.json
}

teardown() {
    ! mountpoint -q "$dir/small" || umount "$dir/small"
}

upstream() { # NAME [HOST]: the record of a Service
    printf '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"%s"}},"apisix":{"upstreams":[{"id":"%s","labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"Service/shop/%s"},"type":"roundrobin","nodes":[{"host":"%s","port":80,"weight":1}]}]}}\n' \
        "$1" "$1" "$1" "${2:-10.0.0.1}"
}

certificate() {
    printf '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Gateway","metadata":{"namespace":"shop","name":"edge"}},"apisix":{"ssls":[{"id":"edge","labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"Gateway/shop/edge"},"snis":["a.example"],"cert":"PUBLIC","key":"-----BEGIN PRIVATE KEY-----HUSH"}]}}\n'
}

sync() { echo '{"type":"SYNC"}'; }
full() { echo '{"type":"SYNC","full":true}'; }

services() { # FROM TO
    local i
    for ((i = $1; i <= $2; i++)); do upstream "s$i"; done
}

push() { gw-push --to "file:$file" "$@" >"$dir/out" 2>"$dir/err"; }
ids() { jq -r '.upstreams // [] | map(.id) | join(" ")' "$file"; }

@test "a new file is readable by its owner and group only" {
    { upstream cart; full; } | push
    [ "$(stat -c %a "$file")" = 640 ]
    [ "$(ids)" = cart ]
    [ "$(ls -A "$dir")" = $'apisix.json\nerr\nout' ]
    jq -se '.[0].pushed == [{"target":"file:'"$file"'","state":"programmed","created":1,"updated":0,"deleted":0}]' "$dir/out"
}

@test "what is unchanged is not written, nor its time touched" {
    { upstream cart; full; } | push
    before=$(stat -c '%i %Y %Z' "$file")
    { upstream cart; full; } | push
    [ "$(stat -c '%i %Y %Z' "$file")" = "$before" ]
    [ "$(jq -r 'select(.object) | .pushed[0].state' "$dir/out")" = unchanged ]
}

@test "every write gets a modification time in another whole second" {
    { upstream cart; full; } | push
    first=$(stat -c %Y "$file")
    { upstream cart 10.0.0.2; full; upstream cart 10.0.0.3; sync; } | push
    [ "$(stat -c %Y "$file")" -ge $((first + 2)) ]
    [[ $(stat -c %y "$file") == *.000000000* ]]
    touch -d '2099-01-01 00:00:00 UTC' "$file"
    { upstream cart 10.0.0.4; full; } | push
    [ "$(stat -c %Y "$file")" = $(($(date -d '2099-01-01 00:00:00 UTC' +%s) + 1)) ]
}

@test "mode and owner of the file stay" {
    { upstream cart; full; } | push
    chmod 604 "$file"
    [ "$(id -u)" != 0 ] || chown 12:34 "$file"
    before=$(stat -c '%a %u %g' "$file")
    { upstream cart 10.0.0.2; full; } | push
    [ "$(stat -c '%a %u %g' "$file")" = "$before" ]
}

@test "of a symbolic link the target is replaced, and the link stays" {
    mkdir "$dir/real"
    echo '{}' >"$dir/real/conf.json"
    ln -s real/conf.json "$file"
    { upstream cart; full; } | push
    [ -L "$file" ]
    [ "$(jq -r '.upstreams[0].id' "$dir/real/conf.json")" = cart ]
}

@test "a link to nothing, a directory and a device are refused" {
    ln -s nowhere "$file"
    { upstream cart; full; } | { run -4 push; }
    grep -q 'symbolic link to nothing' "$dir/err"
    rm "$file" && mkdir "$file"
    { upstream cart; full; } | { run -4 push; }
    grep -q 'not a regular file' "$dir/err"
    { upstream cart; full; } | { run -4 gw-push --to file:/dev/full --format json; }
}

@test "a directory that is not there, or not writable, is exit code 4 and no change" {
    { upstream cart; full; } | { run -4 gw-push --to "file:$dir/none/apisix.json"; }
    [ "$(id -u)" != 0 ] || skip "root may write everywhere"
    echo '{}' >"$file"
    chmod 500 "$dir"
    { upstream cart; full; } | { run -4 gw-push --to "file:$file"; }
    chmod 700 "$dir"
    [ "$(cat "$file")" = '{}' ]
}

@test "a full disk leaves the file as it was, and no litter" {
    [ "$(id -u)" = 0 ] && mkdir "$dir/small" && mount -t tmpfs -o size=64k none "$dir/small" 2>/dev/null || skip "cannot mount"
    file=$dir/small/apisix.json
    { upstream cart; full; } | push
    before=$(cat "$file")
    { services 1 2000; full; } | { run -4 push; }
    after=$(cat "$file") left=$(ls -A "$dir/small")
    umount "$dir/small"
    [ "$after" = "$before" ]
    [ "$left" = apisix.json ]
    grep -q 'No space left' "$dir/err"
    [ "$(jq -r 'select(.object) | .pushed[0].state' "$dir/out" | sort -u)" = failed ]
}

@test "a file size limit leaves the file as it was" {
    { upstream cart; full; } | push
    before=$(cat "$file")
    { services 1 2000; full; } >"$dir/in"
    run -4 bash -c "trap '' XFSZ; ulimit -f 16; gw-push --to 'file:$file' <'$dir/in' | cat >/dev/null; exit \${PIPESTATUS[0]}"
    [ "$(cat "$file")" = "$before" ]
    [ ! -e "$file.gwpipe-tmp" ]
}

@test "killed at any moment, the file is the old one or the new one" {
    { services 1 300; full; } | push
    cp "$file" "$dir/old"
    for i in {1..300}; do upstream "s$i" 10.9.9.9; done >"$dir/in"
    full >>"$dir/in"
    cp "$file" "$dir/try.json"
    gw-push --to "file:$dir/try.json" <"$dir/in" >/dev/null
    for i in {1..40}; do
        cp "$dir/old" "$file"
        gw-push --to "file:$file" <"$dir/in" >/dev/null 2>&1 &
        sleep "0.0$(printf %02d $((RANDOM % 30)))"
        kill -9 $! 2>/dev/null || true
        wait $! 2>/dev/null || true
        cmp -s "$file" "$dir/old" || cmp -s "$file" "$dir/try.json" || fail "neither old nor new after kill $i"
    done
    gw-push --to "file:$file" <"$dir/in" >/dev/null
    cmp "$file" "$dir/try.json"
    [ ! -e "$file.gwpipe-tmp" ]
}

@test "a leftover temporary file is no obstacle, nor a way to write elsewhere" {
    echo precious >"$dir/elsewhere"
    ln -s elsewhere "$file.gwpipe-tmp"
    { upstream cart; full; } | push
    [ "$(cat "$dir/elsewhere")" = precious ]
    [ ! -e "$file.gwpipe-tmp" ]
    [ "$(ids)" = cart ]
}

@test "a stream cut at any byte writes nothing that a prefix ending in SYNC would not" {
    { upstream keep; upstream gone; full; } | push
    cp "$file" "$dir/start"
    { upstream keep; upstream new; full; } >"$dir/in"
    python3 - "$dir/in" "$file" <<'EOF'
import subprocess, sys
stream, start = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
for n in range(len(stream)):
    p = subprocess.run(["gw-push", "--to", "file:" + sys.argv[2]], input=stream[:n], capture_output=True)
    assert p.returncode == 3, "exit code %d after %d of %d bytes" % (p.returncode, n, len(stream))
    assert open(sys.argv[2], "rb").read() == start, "written after %d of %d bytes" % (n, len(stream))
EOF
    cmp "$file" "$dir/start"
    push <"$dir/in"
    [ "$(ids)" = 'keep new' ]
}

@test "what others wrote stays: objects, unknown members, numbers as they spelt them" {
    cat >"$file" <<'JSON'
{ "custom" : [1, {"b":1,"a":2.50}],
  "routes": [ {"id":"z","uri":"/z","priority":12345678901234567890},
              {"uri":"/no-id"}, {"id":7,"uri":"/seven"},
              {"id":"other","uri":"/o","labels":{"managed-by":"gwpipe","gwpipe-instance":"blue","gwpipe-owner":"HTTPRoute/shop/x"}} ],
  "protos": [{"id":"p","content":"x"}] }
JSON
    { upstream cart; full; } | push
    grep -qF '{"id":"z","uri":"/z","priority":12345678901234567890}' "$file"
    grep -qF '"custom":[1,{"b":1,"a":2.50}]' "$file"
    [ "$(jq -c '[.routes[] | .id]' "$file")" = '[null,7,"other","z"]' ]
    [ "$(jq -c .protos "$file")" = '[{"id":"p","content":"x"}]' ]
    full | push
    [ "$(jq -c '[.routes[] | .id]' "$file")" = '[null,7,"other","z"]' ]
    [ "$(ids)" = '' ]
}

@test "a full SYNC prunes, an increment does not" {
    { services 1 3; full; } | push
    { upstream s1 10.0.0.9; sync; } | push
    [ "$(ids)" = 's1 s2 s3' ]
    { upstream s1; full; } | push
    [ "$(ids)" = s1 ]
}

@test "too many deletes are refused, the stream goes on, and the next SYNC tries again" {
    { services 1 30; full; } | push
    cp "$file" "$dir/start"
    upstream s1 >"$dir/in"
    full >>"$dir/in"
    run -1 push <"$dir/in"
    cmp "$file" "$dir/start"
    grep -q 'refused: 29 of 30' "$dir/err"
    [ "$(grep -c 'would delete' "$dir/err")" = 20 ]
    [ "$(jq -r 'select(.object) | .pushed[0].state' "$dir/out")" = refused ]
    { services 2 25; sync; } >>"$dir/in"
    run -1 push <"$dir/in"
    [ "$(jq '.upstreams | length' "$file")" = 25 ]
    { upstream s1; full; } | push --force
    [ "$(ids)" = s1 ]
}

@test "a target that cannot be read is written over with --force only" {
    echo '{"routes":[' >"$file"
    { upstream cart; full; } | { run -1 push; }
    [ "$(cat "$file")" = '{"routes":[' ]
    { upstream cart; full; } | push --force
    [ "$(ids)" = cart ]
}

@test "key material reaches the target only" {
    { certificate; full; } | push -v
    grep -q HUSH "$file"
    run ! grep -q HUSH "$dir/out" "$dir/err"
    { certificate; full; } | push --dry-run --instance default
    rm "$file"
    { certificate; full; } | push -v --dry-run
    [ ! -e "$file" ]
    run ! grep -q HUSH "$dir/out" "$dir/err"
    grep -q '<redacted>' "$dir/out"
}

@test "what plugins keep secret is in no output, whatever its member is called" {
    local plugins='{"csrf":{"key":"HUSH"},"limit-count":{"redis_password":"HUSH","key":"remote_addr"},"sls-logger":{"access_key_secret":"HUSH"},
        "openid-connect":{"client_rsa_private_key":"HUSH","session":{"redis":{"password":"HUSH"}}},"loggly":{"customer_token":"HUSH"},
        "ai-proxy":{"auth":{"header":{"Authorization":"HUSH"},"query":{"k":"HUSH"}}},"feishu-auth":{"secret_fallbacks":["HUSH"]},
        "aws-lambda":{"authorization":{"iam":{"accesskey":"HUSH"}}},"loki-logger":{"headers":{"a":"HUSH"}}}'
    echo '{"type":"ADDED","object":{"apiVersion":"v1","kind":"HTTPRoute","metadata":{"namespace":"shop","name":"r"}},"apisix":{"routes":[{"id":"r","uri":"/","plugins":'"$(jq -c . <<<"$plugins")"',"labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"HTTPRoute/shop/r"}}]}}' >"$dir/record"
    echo '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"shop","name":"s"},"stringData":{"a":"HUSH"}},"resolved":"HUSH"}' >>"$dir/record"
    { cat "$dir/record"; full; } | push --dry-run
    cp "$dir/out" "$dir/plan"
    { cat "$dir/record"; full; } | push
    [ "$(grep -o HUSH "$file" | wc -l)" = 11 ]
    run ! grep HUSH "$dir/plan" "$dir/out" "$dir/err"
    grep -q '"key":"remote_addr"' "$dir/out"
}

@test "every member that APISIX encrypts is hidden, as its schema has them" {
    [[ -e $root/../shared/data/apisix-3.18.0-schema.json ]] || skip "no schema of APISIX here"
    python3 - "$root/../shared/data/apisix-3.18.0-schema.json" >"$dir/record" <<'EOF'
import json, sys
schemas = json.load(open(sys.argv[1]))
plugins = {}
for kind in ("plugins", "stream_plugins"):
    for name, plugin in schemas[kind].items():
        for schema in (plugin.get("schema", plugin), plugin.get("metadata_schema", {})):
            for path in schema.get("encrypt_fields", []) if isinstance(schema, dict) else []:
                at = plugins.setdefault(name, {})
                *above, last = path.split(".")
                for part in above:
                    at = at.setdefault(part, {})
                at[last] = "HUSH"
labels = {"managed-by": "gwpipe", "gwpipe-instance": "default", "gwpipe-owner": "HTTPRoute/shop/r"}
route = {"id": "r", "uri": "/", "labels": labels, "plugins": plugins}
print(json.dumps({"type": "ADDED", "object": {"apiVersion": "v1", "kind": "HTTPRoute", "metadata": {"namespace": "shop", "name": "r"}}, "apisix": {"routes": [route]}}))
EOF
    { cat "$dir/record"; full; } | push
    [ "$(grep -o HUSH "$file" | wc -l)" -gt 40 ]
    run ! grep -oE '"[^"]*":"HUSH"' "$dir/out"
}

@test "two at once take turns" {
    { services 1 200; full; } | push
    for i in {1..8}; do
        { upstream "a$i"; sync; } | gw-push --to "file:$file" >/dev/null &
    done
    wait
    [ "$(jq '.upstreams | length' "$file")" = 208 ]
}

@test "a route does not go over to an upstream that was left out" {
    route() { echo '{"type":"ADDED","object":{"apiVersion":"v1","kind":"HTTPRoute","metadata":{"namespace":"shop","name":"r"}},"apisix":{"routes":[{"id":"r","uri":"/r","upstream_id":"'"$1"'","labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"HTTPRoute/shop/r"}}]}}'; }
    odd() { upstream new | sed 's/"type":"roundrobin"/"desc":"${{HOME}}",&/'; }
    { odd; route new; full; } | { run -1 push; }
    [ ! -e "$file" ] || [ "$(jq -c '[.routes // [], .upstreams // []]' "$file")" = '[[],[]]' ]
    { upstream old; route old; full; } | push
    { odd; route new; full; } | { run -1 push; }
    [ "$(jq -r '[.routes[].upstream_id, .upstreams[].id] | join(" ")' "$file")" = "old old" ]
    [ "$(jq -r 'select(.object.kind == "HTTPRoute").findings[0].message' "$dir/out")" = 'routes "r" could not be updated: it names upstreams "new", which cannot be created' ]
}

@test "someone else's change between two SYNCs is seen" {
    mkfifo "$dir/in"
    gw-push --to "file:$file" <"$dir/in" >"$dir/out" 2>"$dir/err" &
    exec 7>"$dir/in"
    { upstream cart; full; } >&7
    for _ in {1..100}; do [[ $(grep -c SYNC "$dir/out") == 1 ]] && break; sleep 0.05; done
    jq -c '.routes = [{"id":"hand","uri":"/"}]' "$file" >"$dir/edited" && cp "$dir/edited" "$file"
    { upstream books; sync; } >&7
    exec 7>&-
    wait
    [ "$(jq -c '[.routes[0].id, (.upstreams | length)]' "$file")" = '["hand",2]' ]
}

@test "a file that is gone, or was changed, is there again while nothing comes; metrics tell" {
    mkfifo "$dir/in"
    gw-push --to "file:$file" --recheck 1 --metrics-file "$dir/metrics" <"$dir/in" >/dev/null 2>"$dir/err" 3>&- &
    local pid=$! i
    exec 7>"$dir/in"
    { upstream cart; full; } >&7
    for i in {1..100}; do [ -e "$dir/metrics" ] && break || sleep 0.1; done
    cp "$file" "$dir/was"
    rm "$file"
    for i in {1..100}; do [ -e "$file" ] && break || sleep 0.1; done
    cmp "$file" "$dir/was"
    echo '{}' >"$file"
    for i in {1..100}; do cmp -s "$file" "$dir/was" && break || sleep 0.1; done
    cmp "$file" "$dir/was"
    for i in {1..100}; do grep -q 'writes_total.*kind="upstreams",op="create",outcome="done"} 3$' "$dir/metrics" && break || sleep 0.1; done
    grep -q 'writes_total.*kind="upstreams",op="create",outcome="done"} 3$' "$dir/metrics"
    exec 7>&-
    wait "$pid"
}

@test "YAML: written with its marker, read back, unchanged then" {
    file=$dir/apisix.yaml
    { certificate; upstream cart; full; } | push
    [ "$(tail -n 1 "$file")" = '#END' ]
    python3 -c 'import sys, yaml; d = yaml.safe_load(open(sys.argv[1])); assert d["upstreams"][0]["id"] == "cart"' "$file"
    before=$(stat -c '%i %Y' "$file")
    { certificate; upstream cart; full; } | push
    [ "$(stat -c '%i %Y' "$file")" = "$before" ]
}

@test "order, duplicates and increments give the same bytes" {
    { services 1 9; certificate; full; } >"$dir/in"
    push <"$dir/in"
    cp "$file" "$dir/one"
    for seed in 1 2 3; do
        rm "$file"
        { head -n -1 "$dir/in" | shuf --random-source=<(yes "$seed"); upstream s3; full; } | push
        cmp "$file" "$dir/one"
        rm "$file"
        { upstream s1 10.1.1.1; sync; upstream x; sync; head -n -1 "$dir/in" | shuf --random-source=<(yes "$seed$seed"); sync
          upstream x | sed 's/ADDED/DELETED/;s/"apisix":.*/"apisix":{}}/'; full; } | push
        cmp "$file" "$dir/one"
    done
}

@test "wrong use is exit code 2" {
    for args in "" "--to ftp:x" "--to file:" "--to file:x.conf" "--to file:a.json --to file:a.json" \
        "--to file:- --instance a/b" "--to file:- --max-delete 101" "--to file:- --format toml"; do
        # shellcheck disable=SC2086
        full | { run -2 gw-push $args; }
    done
}

@test "a pipe that leaves out gw-translate deletes nothing, and says so" {
    gw-watch --once -f "$shop" | gw-validate -q 2>/dev/null | gw-resolve-refs -q 2>/dev/null >"$BATS_TEST_TMPDIR/resolved"
    gw-translate -q <"$BATS_TEST_TMPDIR/resolved" | gw-push --to "file:$BATS_TEST_TMPDIR/live.yaml" >/dev/null
    cp "$BATS_TEST_TMPDIR/live.yaml" "$BATS_TEST_TMPDIR/before"
    run --separate-stderr gw-push --force --to "file:$BATS_TEST_TMPDIR/live.yaml" <"$BATS_TEST_TMPDIR/resolved"
    [[ $status == 0 && $stderr == *"Gateway infra/front: the record was not translated"* ]] || fail "$status: $stderr"
    cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/live.yaml"
}
