# What the bats files share. The tools are found through PATH (tests/run.sh sets it), or in build/bin.
bats_require_minimum_version 1.5.0

root=$(cd "${BATS_TEST_DIRNAME}/../.." && pwd)
PATH=${B:-$root/build}/bin:$PATH
export LC_ALL=C NO_COLOR=1 GW_NOW=1767225600
unset GW_LOG_FORMAT
shop=$root/docs/examples/bookshop

tools=(gw-watch gw-validate gw-resolve-refs gw-translate gw-push)
filters=(gw-validate gw-resolve-refs gw-translate)

# How each tool is called where the test is not about its options.
call() { # TOOL ARGS...
    local tool=$1
    shift
    case $tool in
    gw-watch) gw-watch --once -f "$shop" "$@" ;;
    gw-push) gw-push --to file:- "$@" ;;
    *) "$tool" "$@" ;;
    esac
}

# Something to chew on: a record that no stage refuses, $1 times.
records() {
    local i
    for ((i = 0; i < ${1:-1}; i++)); do
        echo '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Widget","metadata":{"name":"w'$i'","namespace":"n"}}}'
    done
}

sync_line='{"type":"SYNC","full":true}'

fail() {
    echo "$*" >&2
    return 1
}

# The shop up to and including stage $1 (gw-watch, gw-validate, ...). Its broken route is left out, so that
# every stage exits 0.
up_to() {
    gw-watch --once -f "$shop" | jq -c 'select(.object.metadata.name != "gift-cards")' |
        case $1 in
        gw-watch) cat ;;
        gw-validate) gw-validate ;;
        gw-resolve-refs) gw-validate | gw-resolve-refs -q ;;
        gw-translate) gw-validate | gw-resolve-refs -q | gw-translate -q ;;
        esac
}
