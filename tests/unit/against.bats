#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# plan --against=DIR: these rules over a captured machine, beside what the machine's own do.

load product
load tree

A=0000:01:00.0 B=0000:02:00.0 C=0000:03:00.0

# A machine with three cards and a rule for the first; elsewhere, in $HERE, the rules that are to come.
setup() {
    tree_new
    local address n=0
    for address in $A $B $C; do
        n=$((n + 1))
        root_port 0000:00:0$n.0 0$n
        pci_add $address 1234:11e8 00ff under=0000:00:0$n.0 group=$n driver=edu
    done
    rule first '[Match]' Address=$A
    HERE=$BATS_TEST_TMPDIR/here
    mkdir -p "$HERE/etc/passthrough.d"
}

here() { # here NAME LINE...: a rule that is to come
    printf '%s\n' "${@:2}" >"$HERE/etc/passthrough.d/$1.conf"
}

against() {
    run --separate-stderr timeout 60 "$BUILD/passthroughctl" plan --root="$HERE" --against="$ROOT" "$@"
}

@test "what changes is named with what becomes of it by either, and what does not is not" {
    here first '[Match]' Address=$A
    here second '[Match]' Address=$B '[Device]' Driver=pci-stub
    against
    exits 0
    has '02:00.0 1234:11e8: stays with the host by its own rules; pci-stub, by second by these'
    has_not '01:00.0 1234:11e8:' '03:00.0'
    against --json
    exits 0
    is "$(get '.changes[] | "\(.address) \(.before.action) \(.after.action) \(.after.rule) \(.after.driver)"')" "$B keep bind second pci-stub" changes
    is "$(get '[.devices[] | "\(.address) \(.action)"] | join(", ")')" "$A bind, $B bind" 'the plan itself'
}

@test "a device that goes back to the host, one that another rule has, and one that is refused" {
    here other '[Match]' Address="$A $B" '[Device]' Expect=1
    against --json
    exits 1
    is "$(get '[.changes[] | "\(.address) \(.before.action) \(.before.rule) \(.after.action) \(.after.rule)"] | join(", ")')" \
        "$A bind first refuse other, $B keep  refuse other" changes
    rm "$HERE/etc/passthrough.d/other.conf"
    against
    exits 0
    has '01:00.0 1234:11e8: vfio-pci, by first by its own rules; stays with the host by these'
}

@test "nothing changes: it is said, also where rules have other names of files and leave a device to the host" {
    here first '[Match]' Address=$A
    here 10-kept '[Match]' Address=$C '[Device]' Driver=native
    against
    exits 0
    has "No device fares otherwise than by the machine's own rules (1 handed over)."
    against --json
    is "$(get '.changes | length')" 0 changes
}

@test "a rule here that is wrong, a machine that is none, and nothing is written anywhere" {
    local before
    here first '[Match]' Adress=$A
    before=$(find "$ROOT" "$HERE" | sort | sha256sum)
    against
    exits 2
    run --separate-stderr "$BUILD/passthroughctl" plan --root="$HERE" --against="$BATS_TEST_TMPDIR/nowhere"
    exits 2
    has nowhere
    is "$(find "$ROOT" "$HERE" | sort | sha256sum)" "$before" files
}

@test "a thousand machines in a loop: which change, and how" {
    local i
    here second '[Match]' Address=$B
    for i in 1 2 3; do
        against --json
        jq -c --arg host "host$i" '{host: $host, changes: [.changes[] | "\(.address) \(.before.action) -> \(.after.action)"]}' <<<"$output" >>"$BATS_TEST_TMPDIR/all"
    done
    is "$(jq -s 'map(select(.changes != [])) | length' "$BATS_TEST_TMPDIR/all")" 3 'hosts that change'
}
