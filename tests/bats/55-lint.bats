# gw-lint: the same findings in the formats of editors and CI.
load helpers

# Manifests with an error, a warning, a limit of the target, names that need escaping, and torn YAML.
setup() {
    cd "$BATS_TEST_TMPDIR"
    mkdir shop
    cat >'shop/10, 100%: #odd.yaml' <<'END'
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: "a<b>&#\u0007", namespace: shop}
spec: {rules: [{filter: []}]}
END
    cat >shop/20-limit.yaml <<'END'
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: rpc}
spec:
  hostnames: [rpc.example]
  rules:
    - backendRefs: [{name: rpc, port: 9000}]
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
END
    printf 'kind: [\n' >shop/30-torn.yaml
}

lint() { # FORMAT ARGS...
    run --separate-stderr gw-lint --format "$@" shop
    [[ $status == 1 ]] || fail "$status: $output $stderr"
}

@test "every format says the same number of things" {
    n=$(gw-lint shop 2>/dev/null | wc -l)
    ((n >= 4)) || fail "$n"
    lint json && [[ ${#lines[@]} == "$n" ]] || fail "$output"
    lint github && [[ ${#lines[@]} == "$n" ]] || fail "$output"
    lint sarif && [[ $(jq '.runs[0].results | length' <<<"$output") == "$n" ]] || fail "$output"
    lint tap && [[ $(grep -c '^  - ' <<<"$output") == "$n" ]] || fail "$output"
}

@test "json is one object a line, with the object that it is about" {
    lint json
    jq -es 'all(.severity and .message and .by and (.line | type == "number"))' <<<"$output"
    jq -es 'any(.file == "shop/30-torn.yaml" and .line == 2 and .column == 1 and (.id | not))' <<<"$output"
    jq -es 'any(.object == "TLSRoute rpc" and .severity == "warning" and .line >= 1)' <<<"$output"
}

@test "what gw-validate and a later stage say of one field is said once" {
    lint json
    [[ $(jq -s 'map(select(.object == "TLSRoute rpc")) | length' <<<"$output") == 1 ]] || fail "$output"
    cp -r "$root/docs/examples/bookshop" books
    sed -i 's/^      method: GET/      headers: [{name: x.y, value: z}]/' books/30-api.yaml
    run -1 --separate-stderr gw-lint books
    [[ $(grep -c 'headers\[0\].name' <<<"$output") == 1 && $output == *match-never* ]] || fail "$output"
}

@test "github is workflow commands with properties and data escaped" {
    lint github
    grep -qE '^::error file=shop/10%2C 100%25%3A #odd.yaml,line=4,title=field-unknown::HTTPRoute shop/' <<<"$output" || fail "$output"
    grep -qE '^::error file=shop/30-torn.yaml,line=2,col=1,title=manifest::' <<<"$output" || fail "$output"
    grep -qE '^::warning file=shop/20-limit.yaml,line=[0-9]+,title=[a-z-]+::TLSRoute ' <<<"$output" || fail "$output"
    run ! grep -vE '^::(error|warning|notice) ' <<<"$output"
}

@test "sarif is 2.1.0, with the rules that occur, levels and encoded addresses" {
    lint sarif
    jq -e '.version == "2.1.0" and (."$schema" | test("sarif-2.1.0"))' <<<"$output"
    jq -e '.runs | length == 1 and .[0].tool.driver.name == "gw-lint"' <<<"$output"
    jq -e '.runs[0] | (.tool.driver.rules | map(.id)) as $rules | ($rules == ($rules | unique))
        and all(.results[]; .ruleId == $rules[.ruleIndex] and (.level | IN("error", "warning", "note"))
            and (.message.text | length > 0) and .locations[0].physicalLocation.region.startLine >= 1)' <<<"$output"
    jq -e '[.runs[0].results[].locations[0].physicalLocation.artifactLocation.uri]
        | index("shop/10%2C%20100%25%3A%20%23odd.yaml")' <<<"$output"
    jq -e '.runs[0].invocations[0] | .exitCode == 1' <<<"$output"
    mkdir empty
    run -0 --separate-stderr gw-lint --format sarif empty
    jq -e '.runs[0] | .results == [] and .tool.driver.rules == []' <<<"$output"
}

@test "junit is XML with one case for each object, failed by its errors" {
    lint junit
    echo "$output" >seen.xml
    python3 - <<'END'
import xml.etree.ElementTree as tree
suite = tree.parse("seen.xml").getroot()
cases = suite.findall("testcase")
assert suite.tag == "testsuite" and int(suite.get("tests")) == len(cases) == 4, len(cases)
failed = [c for c in cases if c.find("failure") is not None]
assert int(suite.get("failures")) == len(failed) == 2, failed
odd = [c for c in cases if c.get("classname") == "shop/10, 100%: #odd.yaml"][0]
assert odd.get("name") == "HTTPRoute shop/a<b>&#?", odd.get("name")
assert "[field-unknown]" in odd.find("failure").text
assert [c.get("name") for c in cases if len(c) == 0] == ["Namespace shop"]
END
}

@test "tap has a plan and one test for each object" {
    lint tap
    [[ ${lines[0]} == "TAP version 13" && ${lines[1]} == "1..4" ]] || fail "$output"
    [[ $(grep -cE '^(not )?ok [0-9]+ - ' <<<"$output") == 4 && $(grep -c '^not ok' <<<"$output") == 2 ]] || fail "$output"
    grep -qF 'not ok 1 - HTTPRoute shop/a<b>&\#? (shop/10, 100%: \#odd.yaml:1)' <<<"$output" || fail "$output"
}

@test "what cannot be read belongs to its file, not to the object before it" {
    rm shop/10* shop/20*
    printf '%s\n' 'apiVersion: v1' 'kind: Namespace' 'metadata: {name: whole}' --- 'kind: [' --- '- 1' >shop/30-torn.yaml
    lint json
    [[ $(jq -sc 'map([.line, .object])' <<<"$output") == '[[6,null],[7,null]]' ]] || fail "$output"
    lint sarif
    jq -e 'all(.runs[0].results[].locations[]; .logicalLocations | not)' <<<"$output"
    lint junit
    grep -qF '<testcase classname="shop/30-torn.yaml" name="Namespace whole"/>' <<<"$output" || fail "$output"
    [[ $output == *' tests="2" failures="1" '*'name="manifest">'*'30-torn.yaml:7:1: error: '* ]] || fail "$output"
    lint tap
    [[ ${lines[1]} == 1..2 && ${lines[2]} == "ok 1 - Namespace whole"* && ${lines[3]} == "not ok 2 - manifest (shop/30-torn.yaml:6)" ]] || fail "$output"
}

@test "--strict makes warnings count" {
    rm shop/10* shop/30*
    run -0 --separate-stderr gw-lint shop
    [[ $output == *warning:* ]]
    run -1 --separate-stderr gw-lint --strict shop
    run -1 --separate-stderr gw-lint --strict --format junit shop
    [[ $output == *'failures="1"'* ]] || fail "$output"
    rm -r shop/20*
    cp "$root/docs/examples/bookshop/10-gateway.yaml" shop
    run -0 --separate-stderr gw-lint --strict shop
    [[ $output == "" && $stderr == "" ]] || fail "$output $stderr"
}

@test "options of gw-validate are passed on" {
    run -0 --separate-stderr gw-lint --severity=target-limit=off --target none shop/20*
    [[ $output != *target-limit* ]] || fail "$output"
    run --separate-stderr gw-lint --severity no-such=off shop
    [[ $status == 2 && $stderr == *no-such* ]] || fail "$status: $stderr"
}

@test "wrong use exits 2 with one line" {
    for args in "--format xml shop" "--format" "--no-such shop" "--strict"; do
        # shellcheck disable=SC2086
        run --separate-stderr gw-lint $args
        [[ $status == 2 && $output == "" && ${#stderr_lines[@]} == 1 && $stderr == "gw-lint: error: "*--help* ]] || fail "$args: $stderr"
    done
}

@test "on a terminal the last line sums up" {
    run script -qec "gw-lint shop" /dev/null
    [[ $output == *"gw-lint: 3 objects, "*" errors, 2 warnings"* ]] || fail "$output"
    run --separate-stderr gw-lint shop
    [[ $stderr != *objects* ]]
}

@test "several runs print the same bytes" {
    for format in gcc json sarif junit tap; do
        gw-lint --format $format "$shop" >one || true
        gw-lint --format $format "$shop" >two || true
        cmp one two
    done
}

@test "options of gw-resolve-refs are passed on" {
    both=$root/tests/golden/gw-resolve-refs/with-share-hostnames-both-kinds-of-routes-are-served.in.yaml
    run -1 gw-lint "$both"
    [[ $output == *"cannot share a hostname"* ]]
    run -0 gw-lint --share-hostnames "$both"
    run -1 gw-lint --gateway-address infra/gw=192.0.2.1 --data-plane=infra/gw=edge --gateway-proxies --controller-name gwpipe.dev/apisix "$both"
    [[ $output == *"cannot share a hostname"* ]]
    run -0 gw-lint --controller-name=example.com/other "$both" # none of it is ours
    run -2 gw-lint --data-plane
}
