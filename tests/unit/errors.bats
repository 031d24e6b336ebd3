# What is wrong is said in one exact line: file, line, what it is and what would be right. See broken/NN-name.

load product
load tree

setup() {
    tree_again errors && return
    tree_new
    card 0000:00:02.0 01 1
    rule 50-good '[Match]' Address=01:00.0
    tree_keep errors
}

# Each broken rule is gpu0.conf beside a valid one, and all it must say is in its file `expected`.
broken_rule() {
    local expected
    expected=$(<"$1/expected")
    cp "$1/rule.conf" "$ROOT/etc/passthrough.d/gpu0.conf"
    plan &&
        exits 2 &&
        diff -u --label expected --label 'standard error' <(printf '%s\n' "$expected") <(printf '%s\n' "$stderr") &&
        rule_is gpu0 invalid &&
        is "$(jq -r '.rules[] | select(.name == "gpu0").message' <<<"$output")" "${expected%%$'\n'*}" 'message of gpu0' &&
        is "$(get '[.devices[] | select(.rule == "gpu0")] | length')" 0 'devices of gpu0' &&
        rule_is 50-good ok &&
        bound 0000:01:00.0 0000:01:00.1
}

@test "every broken rule has its exact message and exit 2, and the valid rule beside it is planned" {
    local case failed=''
    for case in "$BATS_TEST_DIRNAME"/broken/*/; do
        broken_rule "${case%/}" || { echo "=== $(basename "$case")" && failed+=x; }
    done
    is "${#failed}" 0 'cases that failed'
}

@test "there are at least 40 broken rules" {
    local -a cases=("$BATS_TEST_DIRNAME"/broken/*/)
    ((${#cases[@]} >= 40))
}

@test "the text form says the same on standard error, and plans the valid rule on standard output" {
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Drivr=native
    ctl plan
    exits 2
    is "$stderr" '/etc/passthrough.d/gpu0.conf:4: unknown key "Drivr" in [Device]; did you mean "Driver"?' 'standard error'
    [[ $output == *" 01:00.0 "* && $output == *gpu0* ]] || { show && return 1; }
}

@test "exit 2 outranks exit 1" {
    rule gpu0 nonsense
    rule gpu1 '[Match]' Address=99:00.0
    plan
    exits 2
    rule_is gpu1 missing
}

@test "the same file is named in /run and /usr/lib as it is read there" {
    rule_in /usr/lib/passthrough.d vendor '[Match]' Drivr=x
    plan
    has '/usr/lib/passthrough.d/vendor.conf:2: '
}

@test "a name that is near to none is not guessed at" {
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Zzzzzz=1
    plan
    exits 2
    has_not 'did you mean'
}

@test "a rule name that is none is an error that says what a name is" {
    rule 'my card' '[Match]' Address=01:00.0
    plan
    exits 2
    has '/etc/passthrough.d/my card.conf: '
    rule_is 'my card' invalid
    rule_is 50-good ok
}

@test "status and list report the same errors" {
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Drivr=native
    local command
    for command in status list; do
        ctl $command
        has '/etc/passthrough.d/gpu0.conf:4: unknown key "Drivr"'
    done
}

# --- a broken rule still decides

# broken LINE...: 10-host, which would keep the cards for the host, is wrong in these lines; others go to a later rule.
broken() {
    tree_new
    card 0000:00:02.0 01 1
    card 0000:00:03.0 02 2
    rule 10-host "$@"
    rule 20-cards '[Match]' Address='0?:00.0' '[Device]' Expect=0-
    plan
    exits 2
    rule_is 10-host invalid
}

@test "a rule whose [Device] is wrong keeps what its [Match] may match, and no more" {
    local wrong
    for wrong in Diver=native Driver= Stage=never Expect=x; do
        [[ $wrong != Driver= ]] || wrong='Driver=a b'
        broken '[Match]' Address=01:00.0 '[Device]' "$wrong"
        bound 0000:02:00.0 0000:02:00.1
        is "$(get '.devices[] | select(.address == "0000:01:00.0") | .action + " " + .rule')" 'keep 10-host' 'who decides'
    done
    broken '[Match]' Address=01:00.0 '[SR-IOV]' VirtualFunctions=none
    bound 0000:02:00.0 0000:02:00.1
}

@test "a directory of rules that cannot be read lets no rule take anything, here and in an image" {
    tree_new
    firmware_uuid
    pci_root 0000:40
    card 0000:40:03.1 42 15
    rule gpu '[Match]' Address=42:00.0
    local dir
    for dir in /run/passthrough.d /usr/lib/passthrough.d; do
        plan
        device 0000:42:00.0 bind
        put "$dir" 'no directory'
        plan
        exits 2
        rule_is - invalid
        rule_says - "^$dir: is not a directory"
        device 0000:42:00.0 keep
        reason 0000:42:00.0 'until rule -, which may be meant for it, is corrected'
        rm -rf "$BATS_TEST_TMPDIR/image"
        image_built
        run --separate-stderr "$BUILD/passthroughctl" plan --json --root="$IMAGE"
        is "$(get '.rules[0] | .name, .state')" '- invalid' 'the first rule of the image'
        rm "$ROOT$dir"
    done
}

@test "a rule whose [Match] or file cannot be read lets no later rule take anything" {
    local wrong
    for wrong in Adress=01:00.0 Address=zz ID= nonsense; do
        broken '[Match]' "$wrong" '[Device]' Driver=native
        bound
    done
    broken '[Mach]' Address=01:00.0
    bound
    broken Address=01:00.0
    bound
    rm "$ROOT/etc/passthrough.d/10-host.conf"
    mkdir "$ROOT/etc/passthrough.d/10-host.conf"
    plan
    exits 2
    bound
}

@test "a rule before the broken one goes, and one meant for another machine decides nothing" {
    broken '[Match]' Adress=01:00.0
    rule 05-first '[Match]' Address=01:00.0
    plan
    bound 0000:01:00.0 0000:01:00.1
    broken '[Match]' Address=01:00.0 Host=elsewhere '[Device]' Diver=native
    bound 0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1
}

@test "a broken rule that was never applied decides in a boot image, too, readable or not" {
    local line
    for line in Address=01:00.0 Adress=01:00.0; do
        broken '[Match]' "$line" '[Device]' Diver=native
        rm -rf "$BATS_TEST_TMPDIR/image"
        mkdir "$BATS_TEST_TMPDIR/image"
        ctl image "$BATS_TEST_TMPDIR/image"
        exits 0
        [[ ! -e $BATS_TEST_TMPDIR/image/etc/passthrough.d/10-host.conf ]]
        rm -r "$ROOT/etc/passthrough.d"
        cp -r "$BATS_TEST_TMPDIR/image/." "$ROOT"
        plan
        exits 2
        if [[ $line == Address=* ]]; then bound 0000:02:00.0 0000:02:00.1; else bound; fi
    done
}
