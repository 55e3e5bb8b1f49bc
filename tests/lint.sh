#!/bin/bash
# Static checks: silent and 0 when all is well. Each check asks for what has a wrong answer; matters of
# taste are left to the formatter.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
status=0
check() { # NAME COMMAND...
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then
        echo "ok: $name"
    else
        echo "not ok: $name" && printf '%s\n' "$out" | sed 's/^/  /'
        status=1
    fi
}

c_files=$(find lib tools tests -name '*.[ch]' | sort)
sources=$(find lib tools -name '*.c' | sort)
shell=$(grep -lE '^#!/bin/(ba)?sh' pipelines/* tests/*.sh tests/*/*.sh .ci/run 2>/dev/null)
flags=(-std=c11 -Ilib -D_GNU_SOURCE '-DGW_VERSION="x"' '-DLIBJQ_VERSION="x"')

tidy() { # FILE...
    printf '%s\n' "$@" | xargs -P "$(nproc)" -n 12 sh -c 'clang-tidy --quiet "$@" -- '"$(printf "'%s' " "${flags[@]}")" tidy
}

# shellcheck disable=SC2086
{
    check "formatting (clang-format -i FILE mends it)" clang-format --dry-run -Werror $c_files
    # It does not see through uthash's HASH_ITER.
    check cppcheck cppcheck -q -j2 --std=c11 --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --suppress=uninitvar:lib/gw/resolve.c --suppress=uninitvar:lib/gw/family.c --suppress=uninitvar:lib/gw/transition.c --error-exitcode=1 -Ilib -D_GNU_SOURCE lib tools
    check "clang-tidy (see .clang-tidy)" tidy $sources
    check "shell scripts" shellcheck -S warning $shell
    pages=$(ls docs/man/*.[17] 2>/dev/null)
    [[ -z $pages ]] || check "man pages" mandoc -Tlint -Wwarning $pages
}
exit $status
