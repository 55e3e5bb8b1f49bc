# make install, and the Makefile itself.
load helpers

mk() {
    # Not the flags of the make that runs these tests.
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$root" "B=${B:-build}" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr "$@"
}

@test "what is installed works from there, and uninstall leaves nothing" {
    mk install
    cd "$BATS_TEST_TMPDIR"
    bin=root/usr/bin
    for program in "${tools[@]}" gw-lint gw-render gw-diff gw-reconcile gw-summary gw-redact; do
        [[ -x $bin/$program ]] || fail "$program is not installed"
        case $program in
        gw-watch | gw-validate | gw-resolve-refs | gw-translate | gw-push)
            [[ -e root/usr/share/man/man1/$program.1 ]] || fail "$program.1 is not installed" ;;
        esac
    done
    for page in gw gw-record gw-findings; do [[ -e root/usr/share/man/man7/$page.7 ]]; done
    PATH=/usr/bin:/bin run "$bin/gw-render" root/usr/share/doc/gwpipe/examples/bookshop --format json
    [[ $status == 1 && $output == *httproute.shop.storefront* ]] || fail "$status: $output"
    mk uninstall
    [[ -z $(find root -type f) ]] || fail "$(find root -type f)"
}

@test "nothing is installed that is writable for others or belongs to the tests" {
    mk install
    [[ -z $(find "$BATS_TEST_TMPDIR/root" -type f -perm /022) ]]
    [[ -z $(find "$BATS_TEST_TMPDIR/root" -name '*test*' -o -name '*.ndjson') ]]
}

@test "the Makefile can be read without compiler, jq and pkg-config" {
    make=$(command -v make)
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s /bin/sh "$BATS_TEST_TMPDIR/bin/sh"
    run env -i PATH="$BATS_TEST_TMPDIR/bin" "$make" -C "$root" -n help
    [[ $status == 0 ]] || fail "$output"
}

@test "make help names every target that is meant for people" {
    run mk help
    for target in all test demo install uninstall lint fuzz bench deps golden-update docs clean; do
        [[ $output == *"make $target "* ]] || fail "$target is not in make help"
    done
}
