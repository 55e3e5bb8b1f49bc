# The house: who may include whom.
load helpers

# lib/DIR of every project include in lib/$1, sorted.
includes() {
    sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$root"/lib/"$1"/*.[ch] | sort -u
}

may_use() { # DIR ALLOWED...
    local dir=$1 used
    shift
    for used in $(includes "$dir"); do
        [[ " $dir $* " == *" $used "* ]] || fail "lib/$dir includes \"$used/...\"; it may use: $*"
    done
}

@test "dependencies run one way" {
    may_use base
    may_use json base
    may_use rec base json
    may_use yaml base json rec
    may_use gw base json rec
    may_use apisix base json rec yaml gw
    may_use net base json
    may_use watch base json rec yaml
    may_use push base json rec apisix net
}

@test "every directory of lib is under a rule" {
    for dir in "$root"/lib/*/; do
        [[ " base json rec yaml gw apisix net watch push " == *" $(basename "$dir") "* ]] || fail "no rule for $dir"
    done
}

@test "jv_ functions are called in lib/json only" {
    # Comments may speak of them.
    calls=$(grep -nE '\bjv_[a-z_]+\(' "$root"/tools/*.c "$root"/lib/*/*.[ch] | grep -v "^$root/lib/json/" |
        grep -vE ':[0-9]+: *(/?\*|//)' || true)
    [[ -z $calls ]] || fail "$calls"
}

@test "lib/gw and lib/apisix touch no descriptor, clock or socket" {
    run ! grep -nE '#include <(unistd|fcntl|sys/socket|sys/stat|curl/.*|netdb)\.h>' "$root"/lib/{gw,apisix}/*.[ch]
    [ -z "$output" ]
    # "ngx.time()" is Lua, in a string
    run ! grep -nE '(^|[^.[:alnum:]_])(time|clock_gettime|gettimeofday|fopen|open|read|write|getenv|printf|system)\(' "$root"/lib/{gw,apisix}/*.c
}

@test "no unsafe string functions" {
    run ! grep -nwE '(strcpy|strcat|sprintf|gets|strtok|atoi)\(' "$root"/{lib/*,tools}/*.c
}

@test "headers have guards and files say what they are for" {
    for file in "$root"/lib/*/*.h; do
        head -c 2 "$file" | grep -qF '/*' || fail "$file does not begin with a comment"
        grep -q '^#ifndef GW_' "$file" || fail "$file has no include guard"
    done
}

@test "no file is longer than 600 lines" {
    for file in "$root"/{lib/*,tools}/*.[ch] "$root"/tests/*.sh "$root"/pipelines/*; do
        [[ -e $file ]] || continue
        (($(wc -l <"$file") <= 600)) || fail "$file has $(wc -l <"$file") lines"
    done
}
