# gw-watch follows files: what it says after a change, and what it must never say.
load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    mkdir dir
}

teardown() {
    [[ -z ${pid:-} ]] || kill "$pid" 2>/dev/null || true
}

object() { # NAME [VALUE]
    printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: shop}\ndata: {x: "%s"}\n' "$1" "${2:-1}"
}

# In place, but at once: what is half written for longer than --quiet-ms is read half.
save() { # FILE
    local text
    text=$(cat)
    printf '%s\n' "$text" >"$1"
}

follow() { # ARGS...
    gw-watch --quiet-ms 50 "$@" >out 2>err 3>&- &
    pid=$!
}

# What was said, a line a record: "ADDED a=1", "SYNC full".
said() {
    jq -r 'if .type == "SYNC" then "SYNC" + (if .full then " full" else "" end)
           else "\(.type) \(.object.metadata.name)=\(.object.data.x)" end' out
}

# Waits until the stream ends in SYNC and is exactly that.
expect() { # LINE...
    local i want
    want=$(printf '%s\n' "$@")
    for ((i = 0; i < 100; i++)); do
        [[ "$(said 2>/dev/null)" == "$want" ]] && return
        sleep 0.05
    done
    fail "expected:" "$want" "seen:" "$(said)" "stderr:" "$(<err)"
}

still() { # after some time, nothing but
    sleep 0.4
    expect "$@"
}

@test "an edit in place is told as MODIFIED, of the object that changed only" {
    { object a; object b; } | save dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "ADDED b=1" "SYNC full"
    { object a; object b 2; } | save dir/x.yaml
    expect "ADDED a=1" "ADDED b=1" "SYNC full" "MODIFIED b=2" "SYNC"
}

@test "a change of comments, order or form is no change" {
    { object a; object b; } | save dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "ADDED b=1" "SYNC full"
    { echo '# hello'; object b; object a | sed 's/data: {x: "1"}/data:\n  x: "1"/'; } | save dir/x.yaml
    touch dir/x.yaml
    still "ADDED a=1" "ADDED b=1" "SYNC full"
}

@test "new files and new directories are seen, deleted ones too" {
    object a >dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "SYNC full"
    mkdir -p dir/sub/deeper
    object b >dir/sub/deeper/y.yml
    expect "ADDED a=1" "SYNC full" "ADDED b=1" "SYNC"
    object c >dir/sub/deeper/z.json.txt
    object c >dir/sub/.hidden.yaml
    rm dir/x.yaml
    expect "ADDED a=1" "SYNC full" "ADDED b=1" "SYNC" "DELETED a=1" "SYNC"
    rm -r dir/sub
    expect "ADDED a=1" "SYNC full" "ADDED b=1" "SYNC" "DELETED a=1" "SYNC" "DELETED b=1" "SYNC"
}

@test "a file replaced by a rename is an edit" {
    object a >dir/x.yaml
    follow -f dir/x.yaml
    expect "ADDED a=1" "SYNC full"
    object a 2 >dir/.x.tmp
    mv dir/.x.tmp dir/x.yaml
    expect "ADDED a=1" "SYNC full" "MODIFIED a=2" "SYNC"
    object a 3 >dir/x.yaml
    expect "ADDED a=1" "SYNC full" "MODIFIED a=2" "SYNC" "MODIFIED a=3" "SYNC"
}

@test "an object that moves to another file is not gone" {
    { object a; object b; } | save dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "ADDED b=1" "SYNC full"
    mv dir/x.yaml dir/y.yaml
    still "ADDED a=1" "ADDED b=1" "SYNC full"
}

@test "a burst is one change" {
    object a >dir/x.yaml
    follow -f dir --quiet-ms 300
    expect "ADDED a=1" "SYNC full"
    for i in 2 3 4 5; do
        object a $i >dir/x.yaml
        sleep 0.05
    done
    expect "ADDED a=1" "SYNC full" "MODIFIED a=5" "SYNC"
}

@test "a change that never rests is told all the same" {
    object a >dir/x.yaml
    follow -f dir --quiet-ms 500
    expect "ADDED a=1" "SYNC full"
    # Ten times the quiet time and more, without a rest: on a busy machine it may take a while.
    for ((i = 2; i < 300; i++)); do
        object a $i >dir/x.yaml
        sleep 0.05
        ! said | grep -q MODIFIED || return 0
    done
    fail "nothing was told"
}

@test "a file that breaks deletes nothing, and is told when it is mended" {
    { object a; object b; object c; } | save dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "ADDED b=1" "ADDED c=1" "SYNC full"
    # half saved: a changed, b cut in the middle, c not yet there
    { object a 2; object b | head -c 50; echo ' [broken'; } | save dir/x.yaml
    expect "ADDED a=1" "ADDED b=1" "ADDED c=1" "SYNC full" "MODIFIED a=2" "SYNC"
    grep -q 'dir/x.yaml:[0-9:]*: error: ' err
    { object a 2; object b 2; } | save dir/x.yaml
    still "ADDED a=1" "ADDED b=1" "ADDED c=1" "SYNC full" "MODIFIED a=2" "SYNC" "MODIFIED b=2" "DELETED c=1" "SYNC"
}

@test "a name that is lost deletes nothing" {
    { object a; object b; } | save dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "ADDED b=1" "SYNC full"
    { object a; object b | sed 's/name: b/nam: b/'; } | save dir/x.yaml
    still "ADDED a=1" "ADDED b=1" "SYNC full"
    grep -q 'has no metadata.name' err
}

@test "what a broken file said before gives way to another file's word" {
    object a >dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "SYNC full"
    echo '[broken' >dir/x.yaml
    object a 2 >dir/b.yaml # earlier in name order
    expect "ADDED a=1" "SYNC full" "MODIFIED a=2" "SYNC"
    rm dir/b.yaml
    expect "ADDED a=1" "SYNC full" "MODIFIED a=2" "SYNC" "MODIFIED a=1" "SYNC"
}

@test "a first listing with a gap is never full; the repair tells all anew, and is" {
    object a >dir/a.yaml
    echo '[broken' >dir/b.yaml
    follow -f dir
    expect "ADDED a=1" "SYNC"
    object a 2 >dir/a.yaml
    expect "ADDED a=1" "SYNC" "MODIFIED a=2" "SYNC"
    object b >dir/b.yaml
    expect "ADDED a=1" "SYNC" "MODIFIED a=2" "SYNC" "ADDED a=2" "ADDED b=1" "SYNC full"
}

@test "--once with an unreadable document claims no full SYNC and exits 1" {
    { object a; echo '---'; echo '[broken'; } | save dir/x.yaml
    run --separate-stderr -1 gw-watch --once -f dir
    [ "${lines[-1]}" = '{"type":"SYNC"}' ]
    [[ $stderr == *"dir/x.yaml:"* ]]
}

@test "--once with a missing or unreadable file claims no full SYNC and exits 4" {
    object a >dir/x.yaml
    run --separate-stderr -4 gw-watch --once -f dir -f missing.yaml
    [ "${lines[-1]}" = '{"type":"SYNC"}' ]
    [[ $stderr == *"missing.yaml: error: cannot be read"* ]]
    mkdir dir/x.d
    ln -s /proc/self/mem dir/y.yaml # opens, and cannot be read
    run --separate-stderr -4 gw-watch --once -f dir/y.yaml
    [ "${lines[-1]}" = '{"type":"SYNC"}' ]
}

@test "a directory that vanishes deletes nothing" {
    object a >dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "SYNC full"
    mv dir gone
    still "ADDED a=1" "SYNC full"
    grep -q 'dir: error: cannot be read' err
    mv gone dir
    object a 2 >dir/x.yaml
    expect "ADDED a=1" "SYNC full" "MODIFIED a=2" "SYNC"
}

@test "a named file that is deleted takes its objects along" {
    object a >dir/x.yaml
    object b >dir/y.yaml
    follow -f dir/x.yaml -f dir/y.yaml
    expect "ADDED a=1" "ADDED b=1" "SYNC full"
    rm dir/x.yaml
    expect "ADDED a=1" "ADDED b=1" "SYNC full" "DELETED a=1" "SYNC"
}

@test "the same object in two files: the later counts, and the earlier when that is gone" {
    object a 1 >dir/x.yaml
    object a 2 >dir/y.yaml
    follow -f dir
    expect "ADDED a=1" "MODIFIED a=2" "SYNC full"
    [ "$(jq -r '.findings[]?.message' out)" = "defined in dir/x.yaml:2 and again in dir/y.yaml:2; the later one counts" ]
    object a 3 >dir/x.yaml
    still "ADDED a=1" "MODIFIED a=2" "SYNC full"
    rm dir/y.yaml
    expect "ADDED a=1" "MODIFIED a=2" "SYNC full" "MODIFIED a=3" "SYNC"
}

@test "symbolic links are followed, loops and repeated directories are not" {
    mkdir other
    object a >other/a.yaml
    ln -s ../other dir/link
    ln -s . dir/loop
    ln -s ../dir other/back
    ln -s ../other dir/again
    run --separate-stderr -0 gw-watch --once -f dir
    [ "${#lines[@]}" = 2 ]
    follow -f dir
    expect "ADDED a=1" "SYNC full"
    object a 2 >other/new
    mv other/new other/a.yaml
    expect "ADDED a=1" "SYNC full" "MODIFIED a=2" "SYNC"
}

@test "a volume that is swapped by renaming a hidden link is one change" {
    mkdir dir/..1 dir/..2
    object a >dir/..1/a.yaml
    object a 2 >dir/..2/a.yaml
    ln -s ..1 dir/..data
    ln -s ..data/a.yaml dir/a.yaml
    follow -f dir
    expect "ADDED a=1" "SYNC full"
    ln -s ..2 dir/..new
    mv -T dir/..new dir/..data
    expect "ADDED a=1" "SYNC full" "MODIFIED a=2" "SYNC"
}

@test "what is wrong with a file is told once a change, however often it is read" {
    echo 'a: [' >dir/bad.yaml
    follow -f dir
    sleep 1.5
    [ "$(grep -c 'bad.yaml:2:1: error' err)" = 1 ] || fail "$(cat err)"
    echo 'bb: [' >dir/bad.yaml
    sleep 1.5
    [ "$(grep -c 'bad.yaml:2:1: error' err)" = 2 ] || fail "$(cat err)"
}

@test "SIGTERM and SIGINT end a follower cleanly" {
    object a >dir/x.yaml
    for signal in TERM INT; do
        follow -f dir
        expect "ADDED a=1" "SYNC full"
        kill -$signal "$pid" 2>/dev/null || true
        [[ $signal != INT ]] || kill -TERM "$pid" 2>/dev/null || true # background jobs ignore INT
        code=0
        wait "$pid" || code=$?
        [ "$code" = 0 ]
        [ ! -s err ]
    done
}

@test "an idle follower notices that its reader is gone" {
    object a >dir/x.yaml
    (gw-watch -f dir 3>&- & echo $! >pid; wait) | head -n 1 >/dev/null &
    for ((i = 0; i < 100; i++)); do
        [[ -s pid ]] && ! kill -0 "$(<pid)" 2>/dev/null && return
        sleep 0.05
    done
    kill "$(<pid)"
    fail "it still runs"
}

@test "files come in byte order of their paths, over all operands" {
    mkdir dir/b
    object one >dir/b/1.yaml
    object two >dir/a.yaml
    object three >dir/c.yaml
    object four >dir/B.json.yaml
    run -0 gw-watch --once -f dir/c.yaml -f dir
    [ "$(jq -r 'select(.object) | .source.file' <<<"$output" | tr '\n' ' ')" = "dir/B.json.yaml dir/a.yaml dir/b/1.yaml dir/c.yaml " ]
}

@test "-f - reads stdin once, and pipes may be named" {
    run -0 bash -c "printf '%s\n' '$(object a)' | gw-watch -f -"
    [ "$(jq -c '[.type, .source.file]' <<<"$output" | tr '\n' ' ')" = '["ADDED","stdin"] ["SYNC",null] ' ]
    run -0 gw-watch --once -f <(object b)
    [ "${#lines[@]}" = 2 ]
}

@test "no -f is wrong usage" {
    run --separate-stderr -2 gw-watch --once
    [[ $stderr == *"-f FILE"* ]]
    run -2 gw-watch --once dir
}

@test "a file that is written slowly deletes nothing meanwhile, and is emptied when it is closed empty" {
    { object a; object b; } >dir/x.yaml
    follow -f dir
    expect "ADDED a=1" "ADDED b=1" "SYNC full"
    { sleep 0.5 && object a && sleep 0.5 && object b 2; } >dir/x.yaml
    expect "ADDED a=1" "ADDED b=1" "SYNC full" "MODIFIED b=2" "SYNC"
    : >dir/x.yaml
    expect "ADDED a=1" "ADDED b=1" "SYNC full" "MODIFIED b=2" "SYNC" "DELETED a=1" "DELETED b=2" "SYNC"
}
