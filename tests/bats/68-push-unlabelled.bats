# Objects whose kind has no labels, and those that stand below others: global rules, metadata of plugins, credentials.
load helpers
load double

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
    export APISIX_ADMIN_KEY=edd1c9f034335f136f87ad84b625c8f1
}
teardown() { double_stop; }

record() { # NAME APISIX
    printf '{"type":"ADDED","object":{"apiVersion":"a/v1","kind":"Policy","metadata":{"namespace":"n","name":"%s"}},"apisix":%s}\n' "$@"
}
rule() { record "$1" '{"global_rules":[{"id":"'"$2"'","plugins":{"ip-restriction":{"whitelist":["'"$3"'"]}}}]}'; } # NAME ID NETWORK
metadata() { record "$1" '{"plugin_metadata":[{"id":"http-logger","log_format":{"host":"'"$2"'"}}]}'; }        # NAME VALUE
labels='"labels":{"managed-by":"gwpipe","gwpipe-instance":"default","gwpipe-owner":"Policy/n/bob"}'
consumer() { # KEY...
    local i=0 k all='{"username":"bob",'$labels'}'
    for k; do all+=',{"id":"bob/credentials/c'$((i += 1))'",'$labels',"plugins":{"key-auth":{"key":"'$k'"}}}'; done
    record bob '{"consumers":['"$all"']}'
}
full() { echo "$sync_line"; }

# Each test is run against each kind of target: $kind is which.
target() {
    case $kind in
    admin) echo "admin:$apisix_url" ;;
    standalone) echo "standalone:$apisix_url" ;;
    file) echo "file:$PWD/apisix.json" ;;
    esac
}
begin() {
    double_stop
    rm -f apisix.json
    case $kind in
    admin) double_start ;;
    standalone) double_start -- --mode standalone ;;
    esac
}
push() { gw-push -q --to "$(target)" "$@" >out 2>err; }
# What is there of a kind, as a list: [id, what sets it apart].
live() { # KIND JQ
    if [[ $kind == file ]]; then cat apisix.json; else double_ctl state | jq '.objects // .'; fi |
        jq -c --arg k "$1" '[.[$k] // [] | if type == "object" then to_entries[] | .value + {id: .key} else .[] end | '"$2"'] | sort'
}
rules() { live global_rules '[.id, .plugins["ip-restriction"].whitelist[0]] | join(" ")'; }
marks() { live plugin_configs .id; }
states() { jq -r 'select(.pushed) | .pushed[0].state' out; }
each() { # TEST-FUNCTION
    for kind in admin standalone file; do
        echo "# $kind" # shown when it fails; with "||" nothing in the function would
        begin
        "$1"
    done
}

a_rule_lives() {
    { rule a g 10.0.0.0/8; full; } | push
    [ "$(rules)" = '["g 10.0.0.0/8"]' ] && [ "$(marks)" = '["mark.global_rules.g"]' ]
    { rule a g 10.0.0.0/8; full; } | push && [ "$(states)" = unchanged ]
    { rule a g 10.1.0.0/16; full; } | push
    [ "$(rules)" = '["g 10.1.0.0/16"]' ] && [ "$(states)" = programmed ]
    full | push
    [ "$(rules)" = '[]' ] && [ "$(marks)" = '[]' ]
}
@test "a global rule is created, changed, and removed again" { each a_rule_lives; }

metadata_lives() {
    { metadata a one; full; } | push
    { metadata a two; full; } | push
    [ "$(live plugin_metadata .log_format.host)" = '["two"]' ]
    full | push
    [ "$(live plugin_metadata .id)" = '[]' ] && [ "$(marks)" = '[]' ]
}
@test "so is metadata of a plugin" { each metadata_lives; }

put_by_hand() { # GLOBAL-RULE [TIME]
    case $kind in
    admin) double_ctl edit '{"kind":"global_rules","id":'"$(jq .id <<<"$1")"',"value":'"$1"'}' >/dev/null ;;
    standalone)
        curl -sSf -X PUT -H "X-API-KEY: $APISIX_ADMIN_KEY" -H "X-Digest: by-hand${2:-}" -d '{"global_rules":['"$1"']}' \
            "$apisix_url/apisix/admin/configs"
        ;;
    file) echo '{"global_rules":['"$1"']}' >apisix.json ;;
    esac
}
somebody_elses_stays() {
    put_by_hand '{"id":"g","plugins":{"ip-restriction":{"whitelist":["192.168.0.0/16"]}}}'
    { rule a g 10.0.0.0/8; full; } | { run -1 push; }
    [ "$(rules)" = '["g 192.168.0.0/16"]' ] && [ "$(marks)" = '[]' ]
    grep -q 'global_rules "g" is live and is not marked as made by this gwpipe instance' err
    # One that happens to be as wanted is no conflict, and is not ours either.
    { rule a g 192.168.0.0/16; full; } | push
    [ "$(marks)" = '[]' ]
    full | push
    [ "$(rules)" = '["g 192.168.0.0/16"]' ]
}
@test "a global rule that somebody else made is left alone, and never taken for ours" { each somebody_elses_stays; }

somebody_else_runs_it() {
    put_by_hand '{"id":"theirs","plugins":{"cors":{},"ip-restriction":{"whitelist":["192.168.0.0/16"]}}}'
    { rule a g 10.0.0.0/8; full; } | { run -1 push; }
    [ "$(rules)" = '["theirs 192.168.0.0/16"]' ] && [ "$(marks)" = '[]' ]
    grep -q 'global_rules "g" has a plugin that runs in "theirs" already' err
    put_by_hand '{"id":"theirs","plugins":{"cors":{}}}' 2
    { rule a g 10.0.0.0/8; full; } | push
    [ "$(rules)" = '["g 10.0.0.0/8","theirs "]' ]
}
@test "a plugin that somebody else runs for every request is not run twice" { each somebody_else_runs_it; }

two_want_it() {
    { rule a g 10.0.0.0/8; rule b g 10.2.0.0/16; full; } | { run -1 push; }
    [ "$(rules)" = '["g 10.0.0.0/8"]' ] && [ "$(marks)" = '["mark.global_rules.g"]' ]
    [ "$(grep -c 'which has it, wants it otherwise' err)" = 1 ]
    # The second has it when the first gives it up.
    { rule b g 10.2.0.0/16; full; } | push
    [ "$(rules)" = '["g 10.2.0.0/16"]' ]
    # Another instance of gwpipe is somebody else.
    { rule b g 10.3.0.0/16; full; } | { run -1 push --instance blue; }
    [ "$(rules)" = '["g 10.2.0.0/16"]' ]
    full | push --instance blue
    [ "$(rules)" = '["g 10.2.0.0/16"]' ]
}
@test "a global rule has one owner, in one instance" { each two_want_it; }

two_want_the_same() {
    { rule b g 10.0.0.0/8; full; } | push
    { rule a g 10.0.0.0/8; rule b g 10.0.0.0/8; full; } | push
    [ "$(rules)" = '["g 10.0.0.0/8"]' ] && [ "$(marks)" = '["mark.global_rules.g"]' ]
    { rule a g 10.0.0.0/8; rule b g 10.0.0.0/8; full; } | push && [ "$(states | sort -u)" = unchanged ]
    # It stays for the other when one of them goes, or is held.
    { rule b g 10.0.0.0/8; full; } | push
    { rule b g 10.0.0.0/8 | jq -c '.held = true | del(.apisix)'; rule c g 10.0.0.0/8; full; } | push
    [ "$(rules)" = '["g 10.0.0.0/8"]' ]
    full | push
    [ "$(rules)" = '[]' ] && [ "$(marks)" = '[]' ]
}
hand_over() { # within one run
    { rule a g 10.0.0.0/8; full; rule b g 10.0.0.0/8; rule a g 10.0.0.0/8 | jq -c '.type = "DELETED"'; echo '{"type":"SYNC"}'
      record b '{}'; echo '{"type":"SYNC"}'; } | push
    [ "$(rules)" = '[]' ] && [ "$(marks)" = '[]' ]
}
@test "a global rule that goes over to another owner unchanged goes when that gives it up" { each hand_over; }
@test "owners that want the same global rule share it" { each two_want_the_same; }

credentials_live() {
    { consumer k1 k2; full; } | push
    [ "$(everyone)" = '["bob","c1 k1","c2 k2"]' ] || fail "$(everyone)"
    { consumer k1 k2; full; } | push && [ "$(states)" = unchanged ]
    { consumer k1 k3; full; } | push
    [ "$(everyone)" = '["bob","c1 k1","c2 k3"]' ]
    { consumer k1; full; } | push
    [ "$(everyone)" = '["bob","c1 k1"]' ]
    full | push
    [ "$(everyone)" = '[]' ]
}
everyone() { # consumers and credentials, wherever they are kept
    { live consumers '[.username // .id, .plugins["key-auth"].key // empty] | join(" ")'
      live credentials '[.id, .plugins["key-auth"].key // empty] | join(" ")'; } |
        jq -cs 'add | map(sub("^bob/credentials/"; "")) | sort'
}
@test "a consumer's credentials are created, changed, and removed with it or before" { each credentials_live; }

@test "a consumer takes the credentials below it along, those of others too" {
    kind=admin
    begin
    { consumer k1; full; } | push
    edit credentials bob/credentials/theirs '{"id":"theirs","plugins":{"key-auth":{"key":"k9"}}}'
    { consumer k2; full; } | push
    [ "$(everyone)" = '["bob","c1 k2","theirs k9"]' ] || fail "$(everyone)"
    full | push
    [ "$(everyone)" = '[]' ] || fail "$(everyone)"
}

@test "a credential is not sent when its consumer cannot be created, and a rule not without its mark" {
    kind=admin
    begin
    double_ctl faults '[{"match":"PUT /consumers/bob","times":0,"do":{"status":400,"body":{"error_msg":"no"}}},
        {"match":"PUT /plugin_configs","times":0,"do":{"status":400,"body":{"error_msg":"no"}}}]' >/dev/null
    { consumer k1; rule a g 10.0.0.0/8; full; } | { run -1 push --retry-for 0; }
    [ "$(double_ctl log | jq -r '[.log[] | select(.method == "PUT") | .path] | sort | join(" ")')" = \
        "/consumers/bob /plugin_configs/mark.global_rules.g" ]
    grep -q 'consumers "bob/credentials/c1" could not be created: not sent: it names consumers "bob", which could not be created' err
    grep -q 'global_rules "g" could not be created: not sent: it names plugin_configs "mark.global_rules.g"' err
}

# Writes to a gw-push that goes on, and waits for the COUNTth SYNC to come out of it.
say() { # COUNT
    cat >&7
    for _ in {1..250}; do [[ $(grep -c '"type":"SYNC"' out) -lt $1 ]] || return 0; sleep 0.02; done
    cat err && return 1
}
edit() { double_ctl edit '{"kind":"'"$1"'","id":"'"$2"'","value":'"$3"'}' >/dev/null; } # KIND ID OBJECT

@test "no mark is left of what could not be written, so what somebody else puts there stays his" {
    kind=admin
    begin
    double_ctl faults '[{"match":"PUT /global_rules/g","do":{"status":400,"body":{"error_msg":"no"}}}]' >/dev/null
    { rule a g 10.0.0.0/8; full; } | { run -1 push; }
    [ "$(rules)$(marks)" = '[][]' ]
    edit global_rules g '{"id":"g","plugins":{"ip-restriction":{"whitelist":["192.168.0.0/16"]}}}'
    { rule a g 10.0.0.0/8; full; } | { run -1 push; }
    full | push
    [ "$(rules)" = '["g 192.168.0.0/16"]' ]
    # Between a list and the write from memory.
    mkfifo in
    gw-push -q --to "$(target)" --recheck 0 <in >out 2>err 3>&- &
    exec 7>in
    full | say 1
    edit plugin_metadata http-logger '{"id":"http-logger","log_format":{"host":"theirs"}}'
    { metadata b ours; echo '{"type":"SYNC"}'; } | say 2
    echo '{"type":"SYNC"}' | say 3
    { metadata b ours; full; } | say 4
    exec 7>&-
    wait $! || true
    [ "$(marks)$(live plugin_metadata .log_format.host)" = '[]["theirs"]' ]
    # And where the document is checked as a whole.
    kind=standalone
    begin
    double_ctl faults '[{"match":"POST /configs/validate","do":{"status":400,"body":{"errors":[{"resource_type":"global_rules","index":0,"error":"no"}]}}}]' >/dev/null
    { rule a g 10.0.0.0/8; full; } | { run -1 push; }
    [ "$(rules)$(marks)" = '[][]' ]
}

@test "what is marked as ours is mended and deleted, though others have changed it" {
    kind=admin
    begin
    mkfifo in
    gw-push -q --to "$(target)" --recheck 0 <in >out 2>err 3>&- &
    exec 7>in
    { metadata b ours; full; } | say 1
    edit plugin_metadata http-logger '{"id":"http-logger","log_format":{"host":"theirs"}}'
    { metadata b anew; echo '{"type":"SYNC"}'; } | say 2
    [ "$(live plugin_metadata .log_format.host)" = '["anew"]' ]
    edit plugin_metadata http-logger '{"id":"http-logger","log_format":{"host":"theirs"}}'
    { metadata b anew | sed 's/ADDED/DELETED/'; echo '{"type":"SYNC"}'; } | say 3
    exec 7>&-
    wait $!
    [ "$(marks)$(live plugin_metadata .id)" = '[][]' ]
}

moves() {
    { rule a g1 10.0.0.0/8; full; } | push
    { rule a g2 10.0.0.0/8; full; } | push
    [ "$(rules)" = '["g2 10.0.0.0/8"]' ]
}
@test "a plugin that goes from one global rule to another leaves the one before it comes to the other" { each moves; }

@test "a push killed after any of its writes leaves no rule that nobody owns" {
    kind=admin
    local n
    for n in 1 2 3 4; do
        begin
        double_ctl faults '[{"match":"PUT","nth":'$n',"times":0,"do":{"cut":"before"}}]' >/dev/null
        { rule a g 10.0.0.0/8; metadata b x; full; } | { run push --retry-for 0 --concurrency 1; }
        # What there is of rules and metadata has a mark.
        [ "$(live global_rules '"mark.global_rules." + .id' | jq -c ". - $(marks)")" = '[]' ]
        double_ctl faults '[]' >/dev/null
        full | push
        [ "$(rules)$(marks)$(live plugin_metadata .id)" = '[][][]' ]
    done
}

@test "a credential of a consumer that the record does not hold is set aside, and nothing of it is shown" {
    kind=file
    begin
    { record bob '{"consumers":[{"id":"eve/credentials/c1",'"$labels"',"plugins":{"key-auth":{"key":"secret-of-eve"}}}]}'; full; } | { run -1 push; }
    grep -q 'consumers "eve/credentials/c1" is a credential of a consumer that the record does not hold' err
    { consumer secret-of-bob; full; } | gw-push -q --to "$(target)" --dry-run >plan
    ! grep -q secret-of-bob plan err
    grep -q credentials/c1 plan
}
