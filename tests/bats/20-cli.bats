# Command lines: the same for every tool.
load helpers

@test "--help is on stdout, exits 0, and names the tool" {
    for tool in "${tools[@]}"; do
        run --separate-stderr "$tool" --help
        [[ $status == 0 && $stderr == "" && $output == "usage: $tool "* ]] || fail "$tool: $status: $output $stderr"
    done
}

@test "--version is one line with the versions of the libraries" {
    for tool in "${tools[@]}"; do
        run --separate-stderr "$tool" --version
        [[ $status == 0 && $stderr == "" && ${#lines[@]} == 1 ]] || fail "$tool: $status: $output $stderr"
        [[ $output =~ ^$tool\ \(gwpipe\)\ [0-9]+\.[0-9]+\.[0-9]+\ libjq\ [0-9] ]] || fail "$tool: $output"
    done
}

@test "--help to a full disk exits 4" {
    for tool in "${tools[@]}"; do
        run bash -c "$tool --help >/dev/full"
        [[ $status == 4 ]] || fail "$tool: $status: $output"
    done
}

@test "an unknown option exits 2 with one line that leads on" {
    for tool in "${tools[@]}"; do
        for option in --no-such-option -Z; do
            run --separate-stderr "$tool" $option
            [[ $status == 2 && $output == "" ]] || fail "$tool $option: $status: $output"
            [[ ${#stderr_lines[@]} == 1 && $stderr == "$tool: error: "*"$option"*"--help"* ]] || fail "$tool: $stderr"
        done
    done
}

@test "an option without its argument exits 2" {
    for tool in "${tools[@]}"; do
        run --separate-stderr "$tool" --log-format
        [[ $status == 2 && $stderr == *"needs an argument"* ]] || fail "$tool: $status: $stderr"
        run --separate-stderr "$tool" --log-format=xml
        [[ $status == 2 && $stderr == *"text|json"* ]] || fail "$tool: $status: $stderr"
    done
}

@test "filters take no operands but -" {
    for tool in "${filters[@]}" gw-push; do
        run --separate-stderr call "$tool" surplus </dev/null
        [[ $status == 2 && $stderr == *surplus* ]] || fail "$tool: $status: $stderr"
    done
    for tool in "${filters[@]}"; do
        run --separate-stderr "$tool" - </dev/null
        [[ $status == 0 && $output == "" && $stderr == "" ]] || fail "$tool -: $status: $stderr"
    done
}

@test "with a terminal for stdin a filter shows its usage instead of waiting" {
    for tool in "${filters[@]}" "gw-push --to file:/dev/null.json"; do
        run timeout 10 script -qec "$tool" /dev/null </dev/null
        [[ $status == 2 && $output == *"stdin is a terminal"* ]] || fail "$tool: $status: $output"
    done
}

@test "every option is in the man page, and the page has no other" {
    for tool in "${tools[@]}"; do
        page=$root/docs/man/$tool.1
        [[ -e $page ]] || fail "$page is missing"
        diff <("$tool" --list-options | sort) \
            <(grep '^\.It Fl' "$page" | grep -oE 'Fl -[a-z0-9-]+' | sed 's/^Fl /-/' | sort -u) ||
            fail "$tool: < options of the program, > items of the page"
    done
}

@test "the short options in --help are in the man page" {
    for tool in "${tools[@]}"; do
        for letter in $("$tool" --help | sed -n 's/^  -\([A-Za-z]\), --.*/\1/p'); do
            grep -qE "^\.It Fl (.* Fl )?$letter( |\$)" "$root/docs/man/$tool.1" || fail "$tool: -$letter is not in its page"
        done
    done
}

@test "man pages are clean and complete" {
    for page in "$root"/docs/man/*; do
        run mandoc -Tlint -Wwarning "$page"
        [[ $status == 0 ]] || fail "$output"
    done
    for tool in "${tools[@]}"; do
        for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' ENVIRONMENT EXAMPLES DIAGNOSTICS 'SEE ALSO'; do
            grep -qx "\.Sh $section" "$root/docs/man/$tool.1" || fail "$tool.1 has no section $section"
        done
    done
}

@test "--log-format json makes every message a JSON object" {
    broken=$(printf '%s\n' '{"type":"ADDED","object":7}' 'not json' '{"type":"ADDED","object":{"kind":"\u0001"}}')
    for tool in "${filters[@]}" gw-push; do
        call "$tool" --log-format=json <<<"$broken" >/dev/null 2>"$BATS_TEST_TMPDIR/err" || true
        [[ -s $BATS_TEST_TMPDIR/err ]] || fail "$tool is silent about a line that is no record"
        jq -e -s --arg tool "$tool" 'all(.tool == $tool and (.level | IN("error","warning","info","debug"))
            and (.message | type == "string" and length > 0))' "$BATS_TEST_TMPDIR/err" || fail "$tool: $(cat "$BATS_TEST_TMPDIR/err")"
    done
}

@test "GW_LOG_FORMAT is the default of --log-format, and the option wins" {
    GW_LOG_FORMAT=json run --separate-stderr gw-translate <<<'no json'
    [[ $stderr == '{"tool":"gw-translate"'* ]]
    GW_LOG_FORMAT=json run --separate-stderr gw-translate --log-format=text <<<'no json'
    [[ $stderr == 'gw-translate: '* ]]
    GW_LOG_FORMAT=xml run --separate-stderr gw-translate </dev/null
    [[ $status == 0 && $stderr == *GW_LOG_FORMAT*xml* ]]
}

@test "colour is for terminals, and not with NO_COLOR" {
    esc=$'\033'
    unset NO_COLOR
    run --separate-stderr gw-translate <<<'no json'
    [[ $stderr == *error* && $stderr != *$esc* ]]
    run script -qec "echo no json | gw-translate" /dev/null # script(1) runs it in any sh
    [[ $output == *$esc*error* ]]
    NO_COLOR=1 run script -qec "echo no json | gw-translate" /dev/null
    [[ $output == *error* && $output != *$esc* ]]
}

@test "gw-translate refuses two ports for one" {
    run -2 --separate-stderr gw-translate --port-map 80:9080 --port-map 80:9081
    [[ $stderr == *"port 80 stands for 9080 already"* ]] || fail "$stderr"
}

@test "a manifest on stdin is told where it belongs" {
    run -3 --separate-stderr gw-validate <<<"apiVersion: v1"
    [[ $stderr == *"a manifest? gw-watch -f reads those"* ]] || fail "$stderr"
}

@test "GW_NOW must be a number" {
    for value in now 1x 99999999999999999999; do
        GW_NOW=$value run -2 --separate-stderr gw-resolve-refs <<<"$sync_line"
        [[ $stderr == *"GW_NOW: \"$value\" is no number of seconds since 1970"* ]] || fail "$stderr"
    done
}
