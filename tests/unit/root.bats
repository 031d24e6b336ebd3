# --root: everything is read below it, links included, and nothing beside it.

load product
load tree

setup() {
    tree_again root && return
    tree_new
    card 0000:00:02.0 01 1
    tree_keep root
}

@test "a rule that is an absolute link is found inside the tree" {
    put /opt/gpu0.conf '[Match]' Address=01:00.0
    ln -s /opt/gpu0.conf "$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "an absolute link and one with many .. never lead out of the tree" {
    printf '[Match]\nAddress=01:00.0\n' >"$BATS_TEST_TMPDIR/outside.conf"
    ln -s "$BATS_TEST_TMPDIR/outside.conf" "$ROOT/etc/passthrough.d/a.conf"
    ln -s ../../../outside.conf "$ROOT/etc/passthrough.d/b.conf"
    ln -s "../../../../../../../../../../../..$BATS_TEST_TMPDIR/outside.conf" "$ROOT/etc/passthrough.d/c.conf"
    plan
    bound
    has_not Address=01:00.0
}

@test "a directory of rules that is a link never leads out of the tree" {
    mkdir "$BATS_TEST_TMPDIR/outside.d"
    printf '[Match]\nAddress=01:00.0\n' >"$BATS_TEST_TMPDIR/outside.d/gpu0.conf"
    rmdir "$ROOT/etc/passthrough.d"
    ln -s "$BATS_TEST_TMPDIR/outside.d" "$ROOT/etc/passthrough.d"
    plan
    bound
    no_rule gpu0
}

@test "a directory of rules that is a link inside the tree is followed" {
    mv "$ROOT/etc/passthrough.d" "$ROOT/opt.d"
    ln -s /opt.d "$ROOT/etc/passthrough.d"
    put /opt.d/gpu0.conf '[Match]' Address=01:00.0
    plan
    bound 0000:01:00.0 0000:01:00.1
}

@test "a device of which the link leads out of the tree is not believed" {
    mkdir -p "$BATS_TEST_TMPDIR/outside/0000:09:00.0"
    cp "$(pci_file 0000:01:00.0 vendor)" "$(pci_file 0000:01:00.0 device)" "$(pci_file 0000:01:00.0 class)" \
        "$BATS_TEST_TMPDIR/outside/0000:09:00.0"
    ln -s "../../../../../outside/0000:09:00.0" "$ROOT/sys/bus/pci/devices/0000:09:00.0"
    rule gpu0 '[Match]' ID=1002:5159 '[Device]' Expect=0-
    plan
    bound 0000:01:00.0 0000:01:00.1
}

@test "passthroughctl takes --root before and after its command, with = and without" {
    rule gpu0 '[Match]' Address=01:00.0
    local -a form
    for form in "--root=$ROOT plan --json" "plan --json --root=$ROOT" "plan --root=$ROOT/ --json" "--json --root $ROOT plan"; do
        # shellcheck disable=SC2086,SC2128 # each is a list of words
        run --separate-stderr "$BUILD/passthroughctl" $form
        exits 0
        bound 0000:01:00.0 0000:01:00.1
    done
}

@test "a relative --root, and one that is itself a link" {
    rule gpu0 '[Match]' Address=01:00.0
    cd "$BATS_TEST_TMPDIR"
    run --separate-stderr "$BUILD/passthroughctl" plan --root=root --json
    exits 0
    bound 0000:01:00.0 0000:01:00.1
    ln -s root link
    run --separate-stderr "$BUILD/passthroughctl" plan --root=link --json
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "a --root that is not there, or is no directory, is an error that names it" {
    local root
    : >"$BATS_TEST_TMPDIR/file"
    for root in "$BATS_TEST_TMPDIR/none" "$BATS_TEST_TMPDIR/file" ''; do
        run --separate-stderr "$BUILD/passthroughctl" plan "--root=$root"
        [[ $status != 0 && $stderr == *"$root"* && $stderr ]] || { show && return 1; }
        run --separate-stderr "$BUILD/passthrough-generator" "--root=$root" "$BATS_TEST_TMPDIR"
        [[ $status != 0 && $stderr == *"$root"* && $stderr ]] || { show && return 1; }
    done
}

@test "an empty directory as root: nothing is known, nothing is done, nothing fails" {
    ROOT=$BATS_TEST_TMPDIR/empty
    mkdir "$ROOT"
    plan
    exits 0
    is "$(get '[.devices, .rules, .operations] | map(length) | add')" 0 'all of it'
    ctl list --json
    exits 0
}

@test "an empty machine with a rule: missing" {
    ROOT=$BATS_TEST_TMPDIR/empty
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 1
    rule_is gpu0 missing
}

# The plan where the kernel or a sandbox has no openat2().
plan_without_openat2() {
    run --separate-stderr strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=openat2 -e inject=openat2:error=ENOSYS \
        "$BUILD/passthroughctl" plan --root="$ROOT" --json
    grep -q 'openat2(.*ENOSYS.*INJECTED' "$BATS_TEST_TMPDIR/trace" || skip 'strace cannot inject here'
}

@test "without openat2() the plan is the same, and links lead out no more than with it" {
    command -v strace >/dev/null || skip 'no strace'
    ! sanitized || skip 'leak detection and strace exclude each other'
    printf '[Match]\nAddress=01:00.0\n' >"$BATS_TEST_TMPDIR/outside.conf"
    ln -s "$BATS_TEST_TMPDIR/outside.conf" "$ROOT/etc/passthrough.d/a.conf"
    ln -s ../../../outside.conf "$ROOT/etc/passthrough.d/b.conf"
    ln -s "../../../../../../../../../../../..$BATS_TEST_TMPDIR/outside.conf" "$ROOT/etc/passthrough.d/c.conf"
    ln -s d.conf "$ROOT/etc/passthrough.d/d.conf"
    # First of all: what cannot be read holds what comes after it.
    put /opt/rules/0.conf '[Match]' ID=1002:5159
    ln -s /opt/./../opt/more//../rules/0.conf "$ROOT/etc/passthrough.d/0.conf"
    mkdir "$ROOT/opt/more"
    ln -s /dev/null "$ROOT/etc/passthrough.d/f.conf"
    plan
    exits 2
    bound 0000:01:00.0 0000:01:00.1
    is "$(get '.rules[] | "\(.name)=\(.state)"')" '0=ok a=invalid b=invalid c=invalid d=invalid' rules
    local with=$output
    plan_without_openat2
    exits 2
    is "$output" "$with" 'the plan without openat2()'
}

@test "nothing of this machine is opened but what the loader and the C library need, and the names of devices" {
    command -v strace >/dev/null || skip 'no strace'
    ! sanitized || skip 'sanitizers read files of their own'
    rule gpu0 '[Match]' Address=01:00.0
    strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=open,openat,openat2,creat,readlink,readlinkat,stat,lstat,newfstatat,statx,access,faccessat2 \
        "$BUILD/passthroughctl" plan --root="$ROOT" >/dev/null
    local outside
    outside=$(grep -oE '\((AT_FDCWD, )?"/[^"]*"' "$BATS_TEST_TMPDIR/trace" | grep -oE '"/.*"' | tr -d '"' |
        grep -vE "^($BATS_TEST_TMPDIR/root|/etc/ld.so|/lib|/usr/lib|/lib64|/usr/share/locale|/etc(/systemd/hwdb|/udev)/hwdb.bin$|$BUILD)" | sort -u)
    is "$outside" '' 'opened outside'
}
