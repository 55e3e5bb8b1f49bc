#!/bin/bash
# All test suites, each of which prints TAP; shows what fails (V=1: everything), and sums up.
#
#   tests/run.sh [SUITE...]           of: unit fuzz golden ref agree double bats docs props
#
# The last line is `N passed, N failed`. A suite that ran nothing, ended before its plan, or failed without
# saying at what, is a failure.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
B=${B:-build}
[[ $B == /* ]] || B=$PWD/$B
PATH=$B/bin:$PATH
export B PATH LC_ALL=C NO_COLOR=1
# A sanitiser's complaint must not look like an exit code of ours.
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99} UBSAN_OPTIONS=${UBSAN_OPTIONS:-exitcode=99:print_stacktrace=1}
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/tests/lsan.supp:print_suppressions=0}

unit() { each "$B"/tests/unit/t-*; }
fuzz() {
    local f name
    for f in "$B"/tests/fuzz/fuzz_*; do
        [[ -x $f ]] || continue
        name=${f##*/}
        part "$name" "$f" "tests/fuzz/corpus/$name" "tests/fuzz/corpus/${name#fuzz_}"
    done
}
golden() { part golden tests/golden.sh; }
# What requests get from the goldens' documents, by an APISIX in Python that was written apart from the C code.
ref() {
    part evaluators tests/ref/tap.py
    part conformance tests/ref/conformance.py
    part lua tests/ref/lua.py
}
# The Gateway API's word against APISIX's deeds, in random worlds.
agree() { part agree tests/ref/agree.py; }
# The double of an APISIX against what the real one was seen to do.
double() { PYTHONPATH=tests/double PYTHONDONTWRITEBYTECODE=1 part double tests/ref/tap.py test_double; }
# Most of a test of pushing is waiting: two a core.
bats_suite() { part bats bats --jobs "$((2 * $(nproc)))" --formatter tap tests/bats; }
docs() { each tests/docs/*.py; }
props() { each tests/props/*.py; }

# As many at the same time as there are processors; what they say is told in their order.
each() { # PROGRAM...
    local f i files=()
    for f; do [[ ! -x $f || -d $f || $f == *.[od] ]] || files+=("$f"); done
    for i in "${!files[@]}"; do
        while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n; done
        { "${files[i]}" >"$said/$i" 2>&1 </dev/null; echo $? >"$said/$i.rc"; } &
    done
    wait
    for i in "${!files[@]}"; do part "${files[i]##*/}" repeat "$said/$i"; done
}

repeat() { # FILE: what a program said, and how it ended
    cat "$1"
    return "$(<"$1.rc")"
}

# Runs one TAP producer and counts. Lines that are no TAP are shown too: they are how programs crash.
part() { # NAME COMMAND...
    local name=$1 rc
    shift
    "$@" 2>&1 </dev/null | awk -v name="$name" -v all="${V:-}" -v counts="$counts" '
        /^1\.\.[0-9]+/ { plan += substr($1, 4); planned = 1; next }
        /^ok / { ok++; bad = 0; if ($0 ~ /# *[Ss][Kk][Ii][Pp]/) { skip++; if (!all) print "  " $0 } if (all) print "  " $0; next }
        /^not ok / { not++; bad = 1; print "  " $0; fflush(); next }
        /^#/ { if (bad || all) { print "  " $0; fflush() } next }
        { print "  " name ": " $0; fflush() }
        END {
            if (planned && plan != ok + not) { not++; print "  not ok: " name " ended after " ok + not - 1 " of " plan " tests" }
            print ok + 0, not + 0, skip + 0 >counts
        }'
    rc=${PIPESTATUS[0]}
    read -r a b c <"$counts"
    if ((rc != 0 && b == 0)); then
        echo "  not ok: $name: exit code $rc without a failed test"
        b=1
    fi
    ok=$((ok + a)) bad=$((bad + b)) skipped=$((skipped + c))
}

counts=$(mktemp) said=$(mktemp -d)
trap 'rm -rf "$counts" "$said"' EXIT
passed=0 failed=0 all_skipped=0
(($#)) || set -- unit fuzz golden ref agree double bats docs props
for suite; do
    ok=0 bad=0 skipped=0 start=$SECONDS
    echo "$suite"
    case $suite in
    unit | fuzz | golden | ref | agree | double | docs | props) "$suite" ;;
    bats) bats_suite ;;
    *) echo "  run.sh: no suite $suite" >&2 && exit 2 ;;
    esac
    if ((ok + bad == 0)); then
        echo "  not ok: the suite $suite ran nothing"
        bad=1
    fi
    echo "  $ok passed, $bad failed$( ((skipped)) && echo ", $skipped of them skipped"), $((SECONDS - start)) s"
    passed=$((passed + ok - skipped)) failed=$((failed + bad)) all_skipped=$((all_skipped + skipped))
done
((all_skipped == 0)) || echo "$all_skipped skipped"
echo "$passed passed, $failed failed"
((failed == 0))
