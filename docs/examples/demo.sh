#!/bin/bash
# The bookshop through the pipe (make demo). From the repository root; B is the build directory.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
B=${B:-build}
PATH=$PWD/$B/bin:$PATH
demo=build/demo
shop=docs/examples/bookshop
mkdir -p "$demo"
rm -f "$demo/apisix.yaml"

cat <<EOT
A small shop in Gateway API manifests, $shop:
$(grep -h '^kind:' $shop/*.yaml | sort | uniq -c | sed 's/^ *\([0-9]*\) kind: /  \1 /' | paste -sd, | sed 's/,  /, /g')

  gw-watch --once -f $shop | gw-validate | gw-resolve-refs | gw-translate | gw-push --to file:$demo/apisix.yaml >$demo/pushed.ndjson

EOT
gw-watch --once -f "$shop" | gw-validate | gw-resolve-refs | gw-translate | gw-push --to "file:$demo/apisix.yaml" >"$demo/pushed.ndjson"
codes=("${PIPESTATUS[@]}")

# One route is wrong on purpose, which gw-validate says with exit code 1. Anything else is a real failure.
if [[ ! -s $demo/apisix.yaml || "${codes[*]}" != "0 1 0 0 0" ]]; then
    echo "demo: unexpected exit codes of the stages: ${codes[*]}" >&2
    exit 1
fi

echo
echo "What the gateway does now (gw-summary):"
gw-watch --once -f "$shop" 2>/dev/null | gw-validate 2>/dev/null | gw-resolve-refs 2>/dev/null | gw-summary

cat <<EOT

The lines at the top are from gw-validate: one route holds two mistakes, and harms nothing else.
Written: $demo/apisix.yaml, $(wc -l <"$demo/apisix.yaml") lines, for APISIX in file mode.

Next:
  $B/bin/gw-lint $shop                  findings only, for CI
  $B/bin/gw-render $shop | less         the APISIX document
  edit $shop/90-broken.yaml, then make demo once more
  $B/bin/gw-reconcile $shop file:$demo/apisix.yaml &      keeps the file up to date while you edit
  man -l docs/man/gw.7                  the whole story
EOT
