# The kernel command line: passthrough=off, passthrough.skip=, and a kdump kernel.

load product
load tree

setup() {
    tree_again cmdline && return
    tree_new
    card 0000:00:02.0 01 1
    pci_root 0000:40
    card 0000:40:03.1 42 15
    rule 50-gpu1 '[Match]' Address=01:00.0
    rule 50-gpu2 '[Match]' Address=42:00.0
    tree_keep cmdline
}

# off TOKEN...: with these on the command line nothing is done.
off() {
    cp "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/cmdline"
    cmdline "$@"
    plan
    cp "$BATS_TEST_TMPDIR/cmdline" "$ROOT/proc/cmdline"
    bound && is "$(get '.operations | length')" 0 "$* operations"
}

on() {
    cp "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/cmdline"
    cmdline "$@"
    plan
    cp "$BATS_TEST_TMPDIR/cmdline" "$ROOT/proc/cmdline"
    bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
}

@test "passthrough=off, 0 or no: nothing at all is done" {
    local value
    for value in off 0 no ''; do
        off passthrough=$value
        exits 0
        is "$(get '[.rules[].state] | unique[]')" skipped 'states'
    done
}

@test "the rules that are off say that it was the command line" {
    cmdline passthrough=off
    plan
    rule_says 50-gpu1 passthrough=off
    ctl plan
    has passthrough=off
}

@test "passthrough= with another value, or as part of another name, switches nothing off" {
    on passthrough=on
    on passthrough=1
    on xpassthrough=off
    on passthrough.off
    on rd.passthrough=off
}

@test "quotes are the kernel's: what stands inside another value is no token" {
    off '"passthrough=off"'
    off 'passthrough="off"'
    on 'dyndbg="file drivers/base/dd.c passthrough=off"'
    on 'foo="bar elfcorehdr=0x1000 baz"'
}

@test "a kdump kernel counts as off" {
    off elfcorehdr=0x73000000
    off elfcorehdr=867700K irqpoll nr_cpus=1
    on elfcorehdrs=1
}

@test "passthrough.skip= leaves the named rules out, and does the others" {
    cmdline passthrough.skip=50-gpu1
    plan
    exits 0
    rule_is 50-gpu1 skipped
    rule_says 50-gpu1 passthrough.skip
    bound 0000:42:00.0 0000:42:00.1
}

@test "passthrough.skip= takes a list" {
    cmdline passthrough.skip=50-gpu1,50-gpu2
    plan
    exits 0
    bound
}

@test "passthrough.skip= given twice skips both" {
    cmdline passthrough.skip=50-gpu1 passthrough.skip=50-gpu2
    plan
    bound
}

@test "- and _ are the same to the kernel, and so in passthrough.skip=" {
    cmdline passthrough.skip=50_gpu1
    plan
    rule_is 50-gpu1 skipped
    rule_is 50-gpu2 ok
}

@test "passthrough.skip= of half a name, or of no name, skips nothing" {
    on passthrough.skip=50-gpu
    on passthrough.skip=50-gpu11
    on passthrough.skip=
    on passthrough.skip=,,
    on passthrough.skip
}

@test "passthrough.skip= in quotes" {
    cmdline '"passthrough.skip=50-gpu1,50-gpu2"'
    plan
    bound
}

@test "an invalid rule that is skipped is still said to be invalid" {
    rule 60-bad nonsense
    cmdline passthrough.skip=60-bad
    plan
    has 60-bad.conf:1:
}

@test "a skipped rule's device still waits: no other rule takes it by accident" {
    rule 10-host '[Match]' Address=42:00.0 '[Device]' Driver=native
    cmdline passthrough.skip=50-gpu1
    plan
    bound
    device 0000:42:00.0 keep
}

@test "a command line that cannot be read is no permission, and no crash" {
    rm "$ROOT/proc/cmdline"
    plan
    [[ $status == [012] ]]
}

@test "an empty command line, one without newline, and one of two thousand characters" {
    : >"$ROOT/proc/cmdline"
    on
    printf 'quiet passthrough=off' >"$ROOT/proc/cmdline"
    plan
    bound
    printf '%02000d passthrough=off\n' 0 >"$ROOT/proc/cmdline"
    plan
    bound
}

@test "list and status say it too" {
    cmdline passthrough=off
    ctl status
    has passthrough=off
}
