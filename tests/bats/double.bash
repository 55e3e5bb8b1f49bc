# A strict double of an APISIX for bats files: load it after helpers. See tests/double/README.md.
#
#   double_start [NAME] [-- OPTION...]   starts one; $NAME_url, $NAME_control, $NAME_ctl are its addresses (NAME: apisix)
#   double_stop [NAME]                   ends it
#   double_ctl [NAME] COMMAND [JSON]     POSTs to /_double/COMMAND and prints what it says
double_start() {
    local name=apisix room ports
    [[ ${1:--} == -* ]] || { name=$1 && shift; }
    [[ ${1:-} != -- ]] || shift
    room=$(mktemp -d "$BATS_TEST_TMPDIR/double-$name.XXXX")
    python3 "$root/tests/double/apisix_double.py" "$@" >"$room/ports" 2>"$room/err" 3>&- &
    printf -v "${name}_pid" %s $!
    for _ in {1..250}; do
        [[ ! -s $room/ports ]] || break
        sleep 0.02
    done
    [[ -s $room/ports ]] || { cat "$room/err" >&2 && return 1; }
    local scheme=http
    [[ " $* " != *" --cert "* ]] || scheme=https
    ports=$(jq -r '"\(.admin) \(.control) \(.double)"' "$room/ports")
    # shellcheck disable=SC2086
    set -- $ports
    printf -v "${name}_url" '%s://127.0.0.1:%s' "$scheme" "$1"
    printf -v "${name}_control" 'http://127.0.0.1:%s' "$2"
    printf -v "${name}_ctl" 'http://127.0.0.1:%s' "$3"
}

double_stop() {
    local pid=${1:-apisix}_pid
    [[ -n ${!pid:-} ]] || return 0
    kill "${!pid}" 2>/dev/null || true
    wait "${!pid}" 2>/dev/null || true
    printf -v "$pid" ''
}

double_ctl() {
    local name=apisix ctl
    ctl=${1}_ctl
    [[ -z ${!ctl:-} ]] || { name=$1 && shift; }
    ctl=${name}_ctl
    curl -sSf -X POST ${2:+-d "$2"} "${!ctl}/_double/$1"
}
